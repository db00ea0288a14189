/* Steps: keys, and the order in which bundles have their turns. */
#include "polytree/train/step.h"

#include <math.h>

uint8_t pt_step_key(const pt_step_t *step)
{
    return (uint8_t)(2 * step->phase + step->is_alpha);
}

pt_rng_t pt_step_rng(const pt_config_t *config, const pt_step_t *step,
                     pt_rng_purpose_t purpose)
{
    return (pt_rng_t){.seed = (uint64_t)config->run.seed,
                      .purpose = purpose,
                      .phase = pt_step_key(step),
                      .step = (uint32_t)step->step};
}

int32_t pt_step_most(const pt_config_t *config, int32_t n_task)
{
    int64_t n = config->train.tasks_per_step;

    return n == 0 || n > n_task ? n_task : (int32_t)n;
}

/** Steps in which every one of n bundles has its turn once. */
static int64_t steps_per_round(const pt_config_t *config, int32_t n_bundle)
{
    int32_t n = pt_step_most(config, n_bundle);

    return (n_bundle + n - 1) / n;
}

/** Bundles that take turns; single tasks are numbered behind the ordinary bundles. */
static int32_t turns_of(const pt_feed_t *feed, bool is_by_task, int32_t *first)
{
    int32_t n = pt_feed_n_bundle(feed);

    *first = is_by_task ? n : 0;
    return is_by_task ? pt_feed_n_task(feed) : n;
}

int32_t pt_step_bundles(const pt_config_t *config, const pt_feed_t *feed,
                        const pt_step_t *step, int32_t *bundle, int64_t *round)
{
    int32_t first, n = turns_of(feed, step->is_by_task, &first);
    int32_t most = pt_step_most(config, n);
    int64_t per_round = steps_per_round(config, n);
    int32_t begin = (int32_t)(step->step % per_round) * most;
    pt_rng_t rng = pt_step_rng(config, step, PT_RNG_BUNDLE);

    *round = step->step / per_round;
    rng.step = (uint32_t)*round;
    most = n - begin < most ? n - begin : most;
    for (int32_t i = 0; i < most; i++)
        bundle[i] = first + (int32_t)pt_permute(&rng, n, begin + i);
    return most;
}

double pt_step_samples(const pt_config_t *config, const pt_feed_t *feed, bool is_by_task)
{
    int32_t first, n = turns_of(feed, is_by_task, &first);

    return (double)(n * config->train.batch) / (double)steps_per_round(config, n);
}

int64_t pt_step_count(const pt_config_t *config, const pt_feed_t *feed, bool is_by_task,
                      pt_length_t length, pt_part_t part)
{
    int32_t first, n = turns_of(feed, is_by_task, &first);
    int64_t samples = 0;

    if (!length.is_epochs)
        return length.count;
    for (int32_t b = first; b < first + n; b++)
        samples += pt_feed_bundle(feed, b)->n_sample[part];
    return length.count *
           (int64_t)ceil((double)samples / pt_step_samples(config, feed, is_by_task));
}
