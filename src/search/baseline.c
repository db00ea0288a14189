/* The baselines: networks as wide as what they are compared with, random subnets. */
#include "polytree/record/run_config.h"
#include "polytree/record/run_file.h"
#include "polytree/search/baseline.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "polytree/arch/copies.h"
#include "polytree/arch/draw.h"
#include "polytree/base/memory.h"
#include "polytree/base/text.h"
#include "polytree/io/checkpoint.h"
#include "polytree/record/summary.h"
#include "search/run.h"

#define WIDTH_STEP (1.0 / 64)
#define WIDTH_MAX 64.0
/* What a network of few channels may cost beyond what it is to match, before that is said.
 */
#define TOO_DEAR 0.1
/* Random subnets cost at least this share of what they are compared with. */
#define LEAST_SHARE 0.95

static pt_status_t count_samples(const pt_config_t *config, pt_dataset_t *dataset,
                                 double *samples)
{
    pt_feed_t *feed;
    pt_run_length_t n;
    PT_TRY(pt_feed_new(config, dataset, 0, &feed));
    pt_run_length(config, feed, &n);
    *samples = run_samples(config, feed, &n);
    pt_feed_free(feed);
    return PT_OK;
}

static pt_status_t count_steps(const pt_config_t *config, pt_dataset_t *dataset,
                               double samples, int64_t *steps)
{
    pt_feed_t *feed;
    PT_TRY(pt_feed_new(config, dataset, 0, &feed));
    *steps = run_steps_of_samples(config, feed, samples);
    pt_feed_free(feed);
    return PT_OK;
}

static pt_status_t match_steps(pt_config_t *config, pt_dataset_t *dataset)
{
    pt_config_t *theirs;
    double samples = 0;
    pt_status_t status;
    PT_TRY(pt_alloc(&theirs, 1, sizeof *theirs));
    PT_TRY_OR(done, pt_run_config_read(config->baseline.cost_of, theirs));
    PT_TRY_OR(done, count_samples(theirs, dataset, &samples));
    PT_TRY_OR(done, count_steps(config, dataset, samples, &config->baseline.steps));
done:
    pt_free(theirs);
    return status;
}

static pt_status_t match_madds(pt_config_t *config)
{
    pt_summary_t found;
    pt_status_t status;
    if (pt_summary_read(config->baseline.cost_of, &found) != PT_OK)
        PT_TRY_OR(done, PT_ERROR(IO, "baseline.cost_of: %s", pt_error_message()));
    if (!found.has_cost)
        PT_TRY_OR(done,
                  PT_ERROR(IO, "baseline.cost_of = %s: this run has found no network yet",
                           config->baseline.cost_of));
    config->baseline.madds = found.cost.madds;
done:
    pt_summary_release(&found);
    return status;
}

static pt_status_t count_madds(const pt_config_t *config, pt_dataset_t *dataset,
                               int64_t *madds)
{
    const pt_form_t form = {.size = 0};
    pt_space_t *space;
    pt_subnet_t all = {0};
    pt_cost_t cost;
    pt_status_t status;
    PT_TRY(pt_form_space(config, dataset, &form, NULL, &space));
    PT_TRY_OR(done, pt_subnet_init(&all, space->n_task, space->n_choice));
    for (int32_t k = 0; k < space->n_task; k++)
        for (int32_t c = 0; c < space->n_choice; c++)
            pt_subnet_switch(&all, k, c, true);
    PT_TRY_OR(done, pt_cost_all(space, &all, &cost));
    *madds = cost.madds;
done:
    pt_subnet_release(&all);
    pt_space_free(space);
    return status;
}

/* Whether the network reaches the cost at a width; one that is too narrow to be built does
 * not. */
static pt_status_t reaches(pt_config_t *config, pt_dataset_t *dataset, int64_t width,
                           bool *is_enough)
{
    int64_t madds = 0;
    config->baseline.width = (double)width * WIDTH_STEP;
    pt_status_t status = count_madds(config, dataset, &madds);
    *is_enough = status == PT_OK && madds >= config->baseline.madds;
    if (status != PT_E_CONFIG || config->baseline.width >= 1)
        return status;
    pt_error_clear();
    return PT_OK;
}

/* Wider never costs less: doubled until it is enough, as networks of many times the width
 * are slow to build, then bisected. */
static pt_status_t match_width(pt_config_t *config, pt_dataset_t *dataset)
{
    int64_t low = 1, high = (int64_t)(1 / WIDTH_STEP),
            most = (int64_t)(WIDTH_MAX / WIDTH_STEP);
    for (bool is_enough = false; !is_enough && high < most;) {
        PT_TRY(reaches(config, dataset, high, &is_enough));
        low = is_enough ? low : high + 1;
        high = is_enough ? high : 2 * high;
    }
    while (low < high) {
        int64_t middle = (low + high) / 2;
        bool is_enough;
        PT_TRY(reaches(config, dataset, middle, &is_enough));
        if (is_enough)
            high = middle;
        else
            low = middle + 1;
    }
    config->baseline.width = (double)low * WIDTH_STEP;
    return PT_OK;
}

/* Samples and tasks of another data set are nothing to match. */
static pt_status_t check_data(const pt_config_t *config, const pt_dataset_t *dataset)
{
    char theirs[33];
    pt_summary_data(config->baseline.cost_of, theirs);
    if (theirs[0] != '\0' && !pt_dataset_is_digest(pt_dataset_digest(dataset), theirs))
        PT_FAIL(MISMATCH, "baseline.cost_of = %s: a run of another data set than %s",
                config->baseline.cost_of, config->data.file);
    return PT_OK;
}

pt_status_t pt_baseline_resolve(pt_config_t *config, pt_dataset_t *dataset)
{
    const pt_method_info_t *method = &pt_methods[config->search.method];
    bool has_run = config->baseline.cost_of[0] != '\0';
    bool wants_madds = has_run && method->matches_cost && config->baseline.madds == 0;
    bool wants_steps =
        has_run && pt_config_is_at_once(config) && config->baseline.steps == 0;
    if (wants_madds || wants_steps)
        PT_TRY(check_data(config, dataset));
    if (wants_madds)
        PT_TRY(match_madds(config));
    if (wants_steps)
        PT_TRY(match_steps(config, dataset));
    if (method->is_scaled && config->baseline.match == PT_MATCH_COST &&
        config->baseline.width == 0 && config->baseline.madds > 0)
        PT_TRY(match_width(config, dataset));
    return PT_OK;
}

bool pt_baseline_is_dearer(const pt_config_t *config, int64_t madds, char text[160])
{
    double wanted = (double)config->baseline.madds, is = (double)madds, scale;
    if (wanted <= 0)
        return false;
    if (!pt_methods[config->search.method].is_scaled ||
        config->baseline.match != PT_MATCH_COST || is <= wanted * (1 + TOO_DEAR))
        return false;
    const char *unit = pt_unit(is, &scale);
    snprintf(text, 160,
             "at width %g the network costs %.3f %s multiply-adds, more than the %.3f %s "
             "that it is to match",
             config->baseline.width, is / scale, unit, wanted / scale, unit);
    return true;
}

pt_status_t pt_baseline_network(const pt_config_t *config, const pt_space_t *space,
                                pt_branching_t *branching, pt_subnet_t *subnet)
{
    subnet->is_soft = false;
    if (space->kind == PT_SPACE_DAG) {
        for (int32_t k = 0; k < space->n_task; k++)
            for (int32_t c = 0; c < space->n_choice; c++)
                pt_subnet_switch(subnet, k, c, true);
        return PT_OK;
    }
    if (pt_methods[config->search.method].is_full)
        pt_branching_full(branching);
    if (pt_methods[config->search.method].is_numbered)
        PT_TRY(pt_branching_nth(config->baseline.branching, (int32_t)config->space.copies,
                                branching));
    pt_copies_switch(space, branching->group, subnet);
    return PT_OK;
}

pt_status_t run_draw_network(const pt_search_t *s, pt_subnet_t *subnet)
{
    const pt_config_t *c = s->config;
    int64_t high = c->baseline.madds, low = (int64_t)ceil(LEAST_SHARE * (double)high);
    pt_rng_t rng = {.seed = (uint64_t)c->run.seed,
                    .purpose = PT_RNG_DERIVE,
                    .phase = (uint8_t)pt_phase_number(PT_PHASE_RETRAIN),
                    .step = (uint32_t)c->baseline.random_index};
    const char *run = c->baseline.cost_of;
    bool is_one = pt_methods[c->search.method].is_one;
    pt_status_t status =
        pt_draw_subnet(run_priced_space(s), low, high, is_one, &rng, subnet);
    if (status != PT_E_RANGE)
        return status;
    PT_FAIL(RANGE, "baseline.madds = %lld%s%s%s: %s", (long long)high,
            run[0] != '\0' ? " (baseline.cost_of = " : "", run, run[0] != '\0' ? ")" : "",
            pt_error_message());
}

pt_status_t run_keep_supernet(pt_search_t *s)
{
    char folder[PT_PATH_MAX];
    PT_TRY(pt_run_file_path(s->run, PT_FILE_SUPERNET, folder));
    return run_state_copy(s, folder);
}

static pt_status_t load_root(const pt_search_t *s, pt_checkpoint_t *c)
{
    bool is_drawn = pt_methods[s->config->search.method].is_drawn;
    const char *run = is_drawn ? s->config->baseline.supernet : s->config->choose.supernet;
    const char *option = is_drawn ? "baseline.supernet" : "choose.supernet";
    char folder[PT_PATH_MAX], path[PT_PATH_MAX];
    PT_TRY(pt_run_file_path(run, PT_FILE_SUPERNET, folder));
    PT_TRY(pt_run_file_path(folder, PT_FILE_CHECKPOINT, path));
    if (access(path, R_OK) != 0)
        PT_FAIL(IO, "%s = %s: that run has trained no supernet to its end", option, run);
    PT_TRY(pt_checkpoint_read(c, path));
    if (run_state_check(s, c, true) != PT_OK)
        PT_FAIL(MISMATCH, "%s = %s: %s", option, run, pt_error_message());
    return PT_OK;
}

pt_status_t run_read_supernet(pt_search_t *s, pt_checkpoint_t *c)
{
    return pt_comm_agree(s->world, s->is_root ? load_root(s, c) : PT_OK);
}

pt_status_t run_take_supernet(pt_search_t *s)
{
    pt_checkpoint_t c;
    pt_status_t status;
    if (!pt_methods[s->config->search.method].is_drawn ||
        s->config->baseline.supernet[0] == '\0')
        return PT_OK;
    pt_checkpoint_init(&c);
    PT_TRY_OR(done, run_read_supernet(s, &c));
    PT_TRY_OR(done, pt_trainer_load(s->trainer, &c));
done:
    pt_checkpoint_release(&c);
    return status;
}
