/* Evaluation: batch-norm statistics from training samples, then scores on a part.
 *
 * A bundle is its task coordinate's; its microbatches are dealt out to the data ranks.
 * Statistics are exact sums of what the calibration microbatches have, so they do not
 * depend on who ran which (docs/methods.md, batch norm).
 */
#include "train/stream.h"

#include <string.h>

#include "polytree/base/activity.h"
#include "polytree/base/clock.h"
#include "polytree/base/memory.h"

/** Bundles whose statistics are summed at a time. */
enum { CALIBRATED = 32 };

pt_status_t trainer_open_scores(pt_trainer_t *t)
{
    score_room_t *s = &t->score;
    size_t stats = (size_t)pt_plan_stat_bound(t->plans.eval);
    int64_t hwc[3];

    s->stat_bound = (int64_t)stats;
    PT_TRY(pt_alloc(&s->stat, (size_t)t->n_bundle * stats, sizeof *s->stat));
    PT_TRY(pt_alloc(&s->unit_stat, stats, sizeof *s->unit_stat));
    PT_TRY(pt_exact_init(&s->calibration, CALIBRATED * s->stat_bound / 2 * 3));
    PT_TRY(pt_alloc(&s->n_sample, (size_t)t->n_task, sizeof *s->n_sample));
    pt_feed_input(t->feed, hwc);
    return pt_scores_new(t->n_task, t->objective, hwc[0], hwc[1], &s->scores);
}

void trainer_close_scores(pt_trainer_t *t)
{
    score_room_t *s = &t->score;

    pt_free(s->stat);
    pt_free(s->unit_stat);
    pt_free(s->n_sample);
    pt_exact_release(&s->calibration);
    pt_scores_free(s->scores);
}

const pt_metrics_t *pt_trainer_metrics(const pt_trainer_t *trainer)
{
    return pt_scores_metrics(trainer->score.scores);
}

typedef struct evaluation {
    pt_trainer_t *t;
    const pt_subnet_t *subnet;
    pt_part_t part;
    double limit;                  /**< of an addend of metrics */
    bool is_bad;                   /**< a metric was not representable */
    const pt_observer_t *observer; /**< NULL: none, or it has failed */
    pt_status_t observed;
    pt_observation_t seen; /**< samples of the microbatch at work */

    /* The stream at work. */
    pt_pass_t pass;
    pt_draw_t draw;
    int64_t first_sum; /**< of the bundle's calibration */
} evaluation_t;

/** Calibration wants no scores. */
static void ignore_loss(void *context, int32_t task, const pt_real_t *output,
                        pt_real_t *doutput)
{
    (void)context, (void)task, (void)output, (void)doutput;
}

/** Take a task's scores, and show what they are of. */
static void take_output(void *context, int32_t task, const pt_real_t *output,
                        pt_real_t *doutput)
{
    evaluation_t *e = context;

    (void)doutput;
    pt_scores_add(e->t->score.scores, task, e->t->config->train.microbatch, output,
                  trainer_label(e->t, 0, task), trainer_rest(e->t, task));
    if (e->observer == NULL)
        return;
    e->seen.task = task;
    e->seen.slot = e->t->task_slot[task];
    e->seen.output = output;
    e->seen.label = trainer_label(e->t, 0, task);
    e->observed = e->observer->see(e->observer->context, &e->seen);
    if (e->observed != PT_OK)
        e->observer = NULL;
}

/** Where the sums of a statistic of c channels begin in those of its bundle: of units'
 * means, of their squares, and of centred squares. */
static int64_t stat_sum(const pt_plan_stat_t *stat)
{
    return stat->offset / 2 * 3;
}

/** Add the means and centred squares of a unit. */
static void collect_stats(evaluation_t *e)
{
    score_room_t *s = &e->t->score;
    const pt_plan_t *plan = e->t->plans.calibrate;

    for (int32_t i = 0; i < pt_plan_n_stat(plan); i++) {
        const pt_plan_stat_t *p = pt_plan_stat(plan, i);
        const double *mean = s->unit_stat + p->offset;
        int64_t at = e->first_sum + stat_sum(p), n = p->channels;
        pt_exact_add_all(&s->calibration, at, n, mean);
        for (int64_t c = 0; c < n; c++)
            pt_exact_add_product(&s->calibration, at + n + c, mean[c], mean[c]);
        pt_exact_add_all(&s->calibration, at + 2 * n, n, mean + n);
    }
}

static int32_t unit_bundle(void *context, int32_t i)
{
    const evaluation_t *e = context;

    (void)i;
    return e->draw.bundle;
}

static pt_status_t begin_unit(void *context, int32_t i, pt_unit_t *unit)
{
    evaluation_t *e = context;
    pt_trainer_t *t = e->t;
    const pt_layout_t *layout = t->layout;
    int64_t m = layout->coord[PT_AXIS_DATA] + (int64_t)i * layout->extent[PT_AXIS_DATA];
    int64_t microbatch = t->config->train.microbatch;
    int64_t left =
        pt_feed_bundle(t->feed, e->draw.bundle)->n_sample[e->draw.part] - m * microbatch;

    unit->stat = trainer_statistics(t, e->draw.bundle);
    unit->unit_stat = t->score.unit_stat;
    unit->loss = e->pass == PT_PASS_EVAL ? take_output : ignore_loss;
    unit->loss_context = e;
    e->draw.first = m * microbatch;
    e->seen = (pt_observation_t){.bundle = e->draw.bundle,
                                 .first = e->draw.first,
                                 .n = left < microbatch ? left : microbatch,
                                 .input = unit->input};
    /* Statistics of other stages stay 0. */
    if (e->pass == PT_PASS_CALIBRATE)
        memset(t->score.unit_stat, 0,
               (size_t)t->score.stat_bound * sizeof *t->score.unit_stat);
    PT_TRY(trainer_read_input(t, &e->draw, unit, e->observer != NULL));
    if (e->pass != PT_PASS_EVAL)
        return PT_OK;
    PT_TRY(trainer_read_labels(t, &e->draw, 0));
    return trainer_read_rests(t, &e->draw);
}

static void end_unit(void *context, int32_t i, const pt_unit_t *unit)
{
    evaluation_t *e = context;

    (void)i, (void)unit;
    if (e->pass == PT_PASS_CALIBRATE)
        collect_stats(e);
}

/** Run the microbatches 0..n-1 of a draw that are this data rank's. */
static pt_status_t run_microbatches(evaluation_t *e, pt_pass_t pass, pt_draw_t draw,
                                    int64_t n)
{
    pt_trainer_t *t = e->t;
    int32_t extent = t->layout->extent[PT_AXIS_DATA];
    stream_t stream = {
        .n = (int32_t)((n - t->layout->coord[PT_AXIS_DATA] + extent - 1) / extent),
        .pass = pass,
        .subnet = e->subnet,
        .context = e,
        .bundle = unit_bundle,
        .begin = begin_unit,
        .end = end_unit};
    pt_plan_t *plan;

    e->pass = pass;
    e->draw = draw;
    PT_TRY(trainer_plan(t, e->subnet, pass, draw.bundle, &plan));
    return stream_run(t, &stream);
}

/** Sums over n microbatches of all data ranks to mean and variance: of equal units,
 *
 *     variance = (sum of centred squares + count sum (mean_u - mean)^2) / (count n)
 */
static pt_status_t finish_stats(evaluation_t *e, int32_t bundle, int64_t n)
{
    pt_trainer_t *t = e->t;
    const pt_exact_t *sum = &t->score.calibration;
    double *stat = trainer_statistics(t, bundle);
    pt_plan_t *plan;

    PT_TRY(trainer_plan(t, e->subnet, PT_PASS_CALIBRATE, bundle, &plan));
    for (int32_t s = 0; s < pt_plan_n_stat(plan); s++) {
        const pt_plan_stat_t *p = pt_plan_stat(plan, s);
        if (trainer_is_frozen(t, p->op))
            continue;
        for (int64_t c = 0; c < p->channels; c++) {
            int64_t mean = e->first_sum + stat_sum(p) + c, square = mean + p->channels;
            double within = pt_exact_value(sum, square + p->channels);
            double among = pt_exact_centred(sum, mean, square, (double)n);
            stat[p->offset + c] = pt_exact_value(sum, mean) / (double)n;
            stat[p->offset + p->channels + c] =
                (within / (double)p->count + among) / (double)n;
        }
    }
    return PT_OK;
}

/** Add up the statistics of a bundle's first training samples. */
static pt_status_t calibrate(evaluation_t *e, int32_t bundle)
{
    pt_draw_t train = {.part = PT_PART_TRAIN, .bundle = bundle, .is_shuffled = true};

    return run_microbatches(e, PT_PASS_CALIBRATE, train, e->t->config->bn.calibrate);
}

static pt_status_t finish(evaluation_t *e, int32_t bundle)
{
    return finish_stats(e, bundle, e->t->config->bn.calibrate);
}

static pt_status_t score(evaluation_t *e, int32_t bundle)
{
    pt_trainer_t *t = e->t;
    int64_t samples = pt_feed_bundle(t->feed, bundle)->n_sample[e->part];
    int64_t microbatch = t->config->train.microbatch;
    pt_draw_t test = {.part = e->part, .bundle = bundle};

    return run_microbatches(e, PT_PASS_EVAL, test, (samples + microbatch - 1) / microbatch);
}

/** Of the bundles begin..end-1 that this task coordinate has, one after the other; the
 * first failure.  Stages keep in step, also where one of them has failed. */
static pt_status_t for_bundles(evaluation_t *e, int32_t begin, int32_t end,
                               pt_status_t before,
                               pt_status_t (*run)(evaluation_t *e, int32_t bundle))
{
    pt_trainer_t *t = e->t;
    pt_status_t status = before;

    e->first_sum = 0;
    for (int32_t b = begin; b < end && (status == PT_OK || t->pipeline.pipe != NULL); b++) {
        if (!trainer_has(t, b))
            continue;
        pt_status_t s = run(e, b);
        status = status == PT_OK ? s : status;
        e->first_sum += t->score.stat_bound / 2 * 3;
    }
    return status;
}

/** The data ranks of a task coordinate meet once for many bundles: small ones would have
 * them wait for each other at each.  Collective over them, whatever fails. */
static pt_status_t evaluate_bundles(evaluation_t *e)
{
    pt_trainer_t *t = e->t;
    pt_exact_t *sum = &t->score.calibration;
    pt_status_t status = PT_OK;

    for (int32_t b = 0; b < t->n_bundle; b += CALIBRATED) {
        int32_t end = b + CALIBRATED < t->n_bundle ? b + CALIBRATED : t->n_bundle;
        pt_exact_clear(sum, (end - b) * t->score.stat_bound / 2 * 3);
        status = for_bundles(e, b, end, status, calibrate);
        PT_TRY(pt_exact_sum(t->layout->data, PT_TRAFFIC_EVALUATE, sum));
        status = for_bundles(e, b, end, status, finish);
    }
    return for_bundles(e, 0, t->n_bundle, status, score);
}

/** Room for the scores of a part, on all ranks.  Collective. */
static pt_status_t begin_scores(pt_trainer_t *t, pt_part_t part)
{
    score_room_t *s = &t->score;

    for (int32_t b = 0; b < t->n_bundle; b++) {
        const pt_bundle_t *bundle = pt_feed_bundle(t->feed, b);
        for (int32_t i = 0; i < bundle->n_task; i++)
            s->n_sample[bundle->task[i]] = bundle->n_sample[part];
    }
    return pt_comm_agree(t->layout->world, pt_scores_begin(s->scores, s->n_sample));
}

/** All tasks' scores; the first that is not finite is named. */
static pt_status_t read_scores(pt_trainer_t *t, pt_part_t part, pt_task_score_t *score)
{
    static const char *const names[PT_N_PART] = {[PT_PART_TRAIN] = "an evaluation on train",
                                                 [PT_PART_VAL] = "an evaluation on val",
                                                 [PT_PART_TEST] = "an evaluation on test",
                                                 [PT_PART_WEIGHT] = "an evaluation",
                                                 [PT_PART_ALPHA] = "an evaluation"};
    step_room_t *s = &t->step;
    int32_t n_bad = 0;

    for (int32_t k = 0; k < t->n_task; k++) {
        if (pt_scores_read(t->score.scores, k, &score[k]))
            continue;
        s->bad[n_bad] = k;
        s->bad_loss[n_bad++] = score[k].loss;
    }
    return n_bad == 0 ? PT_OK
                      : trainer_diverged(t, s->bad, n_bad, s->bad_loss, 1, names[part]);
}

pt_status_t pt_trainer_evaluate(pt_trainer_t *trainer, const pt_subnet_t *subnet,
                                pt_part_t part, const pt_observer_t *observer,
                                pt_task_score_t *score)
{
    pt_trainer_t *t = trainer;
    evaluation_t e = {
        .t = t, .subnet = subnet, .part = part, .observer = observer, .observed = PT_OK};
    pt_status_t status;
    double begin = pt_clock();

    pt_activity_evaluation();
    PT_TRY(begin_scores(t, part));
    status = evaluate_bundles(&e);
    PT_AGREE(t->layout->world, status != PT_OK ? status : e.observed);
    PT_TRY(pt_scores_sum(t->score.scores, t->layout->data, t->layout->world));
    PT_TRY(read_scores(t, part, score));
    t->time.evaluate += pt_clock() - begin;
    pt_activity_pause();
    return PT_OK;
}
