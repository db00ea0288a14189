/* Steps: which units this rank runs, what it adds up, and how the ranks come together.
 *
 * Every step makes one small allreduce of the control block,
 *     [0] requests of rank 0   [1] units whose loss was not representable
 *     [2] first tensor whose gradient was not, + 1, on the lowest rank that had one
 *     [3] ranks that failed    [4..] sum of each task's loss over its units, quantum 2^-20
 */
#include "train/stream.h"

#include <math.h>
#include <string.h>

#include "polytree/base/activity.h"
#include "polytree/base/clock.h"

enum { REQUEST, BAD_LOSS, BAD_PARAM, FAILED, LOSS };

static uint8_t phase_key(const pt_step_t *step)
{
    return (uint8_t)(2 * step->phase + step->is_alpha);
}

pt_rng_t pt_step_rng(const pt_config_t *config, const pt_step_t *step,
                     pt_rng_purpose_t purpose)
{
    return (pt_rng_t){.seed = (uint64_t)config->run.seed,
                      .purpose = purpose,
                      .phase = phase_key(step),
                      .step = (uint32_t)step->step};
}

static int32_t bundles_per_step(const pt_config_t *config, int32_t n_bundle)
{
    int64_t n = config->train.tasks_per_step;
    return n == 0 || n > n_bundle ? n_bundle : (int32_t)n;
}

/** Steps in which every bundle has its turn once. */
static int64_t steps_per_round(const pt_config_t *config, int32_t n_bundle)
{
    int32_t n = bundles_per_step(config, n_bundle);

    return (n_bundle + n - 1) / n;
}

static int64_t round_of(const pt_config_t *config, int32_t n_bundle, int64_t step,
                        int32_t *first)
{
    int64_t per_round = steps_per_round(config, n_bundle);

    *first = (int32_t)(step % per_round) * bundles_per_step(config, n_bundle);
    return step / per_round;
}

int32_t pt_step_bundles(const pt_config_t *config, int32_t n_bundle, const pt_step_t *step,
                        int32_t *bundle)
{
    int32_t first, most = bundles_per_step(config, n_bundle);
    pt_rng_t rng = pt_step_rng(config, step, PT_RNG_BUNDLE);

    rng.step = (uint32_t)round_of(config, n_bundle, step->step, &first);
    int32_t n = n_bundle - first < most ? n_bundle - first : most;
    for (int32_t i = 0; i < n; i++)
        bundle[i] = (int32_t)pt_permute(&rng, n_bundle, first + i);
    return n;
}

/** Bundles that take turns; single tasks are numbered behind the ordinary bundles. */
static int32_t turns_of(const pt_feed_t *feed, bool is_by_task, int32_t *first)
{
    int32_t n = pt_feed_n_bundle(feed);

    *first = is_by_task ? n : 0;
    return is_by_task ? pt_feed_n_task(feed) : n;
}

/** Bundles of the step into trainer->bundle; their number. */
static int32_t take_bundles(const pt_trainer_t *t, const pt_step_t *step)
{
    int32_t first, n = turns_of(t->feed, step->is_by_task, &first);

    n = pt_step_bundles(t->config, n, step, t->bundle);
    for (int32_t i = 0; i < n; i++)
        t->bundle[i] += first;
    return n;
}

void pt_trainer_turn(const pt_trainer_t *trainer, const pt_step_t *step, int32_t *task,
                     int32_t *n_task)
{
    int32_t n = take_bundles(trainer, step);

    *n_task = 0;
    for (int32_t i = 0; i < n; i++) {
        const pt_bundle_t *b = pt_feed_bundle(trainer->feed, trainer->bundle[i]);
        for (int32_t j = 0; j < b->n_task; j++) {
            int32_t at = (*n_task)++;
            for (; at > 0 && task[at - 1] > b->task[j]; at--)
                task[at] = task[at - 1];
            task[at] = b->task[j];
        }
    }
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

/** Everything about the step at work. */
typedef struct work {
    pt_trainer_t *t;
    const pt_step_t *step;
    const pt_subnet_t *subnet;
    pt_pass_t pass;
    int32_t n_bundle, n_task;
    int64_t round;
    double
        limit; /**< of one addend in 64-bit sums, as a double of the fixed-point number */
    double divisor; /**< of the tasks' weights */
    loss_context_t loss;
    bool is_bad_loss;
} work_t;

/** Add a unit's gate gradients, at quantum 2^-40. */
static void collect_gates(work_t *w, const pt_bundle_t *bundle, const double *dgate)
{
    pt_trainer_t *t = w->t;
    int64_t n = t->space->n_choice;

    for (int32_t i = 0; i < bundle->n_task; i++)
        for (int64_t c = 0; c < n; c++) {
            double x = dgate[i * n + c] * PT_FIXED_SCALE;
            if (!isfinite(x) || fabs(x) >= w->limit)
                w->is_bad_loss = true;
            else
                t->gate_sum[bundle->task[i] * n + c] += llrint(x);
        }
}

static int32_t unit_bundle(void *context, int32_t i)
{
    const work_t *w = context;

    return w->t->unit[i].bundle;
}

static pt_status_t begin_unit(void *context, int32_t i, pt_unit_t *unit)
{
    work_t *w = context;
    pt_trainer_t *t = w->t;
    unit_id_t id = t->unit[i];
    int64_t microbatch = t->config->train.microbatch;
    pt_draw_t draw = {.part = w->step->part,
                      .bundle = id.bundle,
                      .phase = phase_key(w->step),
                      .first = w->round * t->config->train.batch + id.index * microbatch,
                      .is_shuffled = true,
                      .is_augmented = true};
    double begin = pt_clock();

    unit->rng = pt_step_rng(t->config, w->step, PT_RNG_DROPOUT);
    unit->index = (uint32_t)id.index;
    unit->limit = w->limit;
    unit->loss = trainer_loss;
    unit->loss_context = &w->loss;
    pt_status_t status = trainer_fill(t, &draw, unit, false);
    t->time.feed += pt_clock() - begin;
    return status;
}

static void end_unit(void *context, int32_t i, const pt_unit_t *unit, int32_t bad)
{
    work_t *w = context;
    pt_trainer_t *t = w->t;

    if (bad >= 0 && t->control[BAD_PARAM] == 0)
        t->control[BAD_PARAM] = bad + 1;
    if (w->pass == PT_PASS_ALPHA)
        collect_gates(w, pt_feed_bundle(t->feed, t->unit[i].bundle), unit->dgate);
}

/** Units of the step that this task coordinate has, and what they cost; their number. */
static pt_status_t list_units(work_t *w, int32_t *n_unit)
{
    pt_trainer_t *t = w->t;
    pt_plan_t *plan;
    int32_t n = 0;

    for (int32_t i = 0; i < w->n_bundle; i++) {
        if (!trainer_has(t, t->bundle[i]))
            continue;
        PT_TRY(trainer_plan(t, w->subnet, w->pass, t->bundle[i], &plan));
        for (int32_t u = 0; u < t->units; u++, n++) {
            t->unit[n] = (unit_id_t){t->bundle[i], u};
            t->unit_cost[n] = (double)pt_plan_madds_executed(plan);
        }
    }
    *n_unit = n;
    return PT_OK;
}

/** Run the units that fall to this data rank, which are the same on all stages. */
static pt_status_t run_units(work_t *w)
{
    pt_trainer_t *t = w->t;
    stream_t stream = {.pass = w->pass,
                       .subnet = w->subnet,
                       .context = w,
                       .bundle = unit_bundle,
                       .begin = begin_unit,
                       .end = end_unit};
    int32_t n;

    PT_TRY(list_units(w, &n));
    pt_deal_units(n, t->unit_cost, t->layout->extent[PT_AXIS_DATA], t->unit_rank,
                  t->data_work);
    for (int32_t i = 0; i < n; i++)
        if (t->unit_rank[i] == t->layout->coord[PT_AXIS_DATA])
            t->unit[stream.n++] = t->unit[i];
    return stream_run(t, &stream);
}

/** Find the step's bundles and tasks, and how large a single addend may be. */
static void begin_work(work_t *w)
{
    pt_trainer_t *t = w->t;
    int64_t addends = 0;
    int32_t first, n = turns_of(t->feed, w->step->is_by_task, &first);

    w->round = round_of(t->config, n, w->step->step, &first);
    w->n_bundle = take_bundles(t, w->step);
    pt_trainer_turn(t, w->step, t->task, &w->n_task);
    for (int32_t i = 0; i < w->n_bundle; i++)
        addends += (int64_t)t->units * pt_feed_bundle(t->feed, t->bundle[i])->n_task;
    w->limit = 0x1p62 / (double)addends;
    w->divisor = pt_task_weights_of(&t->weights, t->task, w->n_task, t->task_weight);
    w->loss = (loss_context_t){.trainer = t,
                               .divisor = w->divisor * t->units,
                               .loss_sum = t->control + LOSS,
                               .is_bad = &w->is_bad_loss,
                               .limit = 0x1p62 / (double)addends};
    memset(t->control, 0, ((size_t)t->n_task + LOSS) * sizeof *t->control);
}

/** The small allreduce; then every rank knows the same. */
static pt_status_t meet(work_t *w, pt_status_t status, pt_step_result_t *result)
{
    pt_trainer_t *t = w->t;
    int64_t bad = t->control[BAD_PARAM];

    t->control[REQUEST] = pt_comm_rank(t->layout->world) == 0 ? w->step->request : 0;
    t->control[BAD_LOSS] = w->is_bad_loss;
    t->control[BAD_PARAM] = bad != 0;
    t->control[FAILED] = status != PT_OK;
    pt_par_failure(status);
    PT_TRY(pt_sum_i64(t->layout->world, PT_TRAFFIC_CONTROL, t->control,
                      (size_t)t->n_task + LOSS));
    if (t->control[FAILED] != 0)
        return pt_comm_agree(t->layout->world, status);
    if (t->control[BAD_PARAM] != 0 || t->control[BAD_LOSS] != 0) {
        const pt_store_t *store = &t->space->store;
        if (bad != 0)
            status = PT_ERROR(NUMERIC,
                              "the gradient of %s is not finite or too large at step "
                              "%lld: the run diverges, try a smaller learning rate",
                              store->param[bad - 1].name, (long long)w->step->step);
        else if (w->is_bad_loss)
            status = PT_ERROR(NUMERIC,
                              "a loss is not finite at step %lld: the run diverges, "
                              "try a smaller learning rate",
                              (long long)w->step->step);
        return pt_comm_agree(t->layout->world, status);
    }
    result->request = (unsigned)t->control[REQUEST];
    result->samples = w->n_bundle * t->config->train.batch;
    result->loss = 0;
    result->divisor = w->divisor;
    for (int32_t k = 0; k < t->n_task; k++)
        t->task_loss[k] = NAN;
    for (int32_t i = 0; i < w->n_task; i++) {
        int32_t k = t->task[i];
        t->task_loss[k] = (double)t->control[LOSS + k] / PT_FINE_SCALE / t->units;
        result->loss += t->task_loss[k] * t->task_weight[k] / w->divisor;
        t->task_weight[k] /= w->divisor;
    }
    result->task_loss = t->task_loss;
    result->task_weight = t->task_weight;
    return PT_OK;
}

/** Groups that some subnet of the step's tasks uses. */
static void mark_groups(work_t *w)
{
    pt_trainer_t *t = w->t;
    const pt_space_t *s = t->space;

    memset(t->is_used, 0, (size_t)s->store.n_group * sizeof *t->is_used);
    for (int32_t i = 0; i < w->n_task; i++) {
        pt_subnet_reach(s, w->subnet, t->task[i], t->alive_candidate, t->alive_node);
        for (int32_t c = 0; c < s->n_candidate; c++)
            if (t->alive_candidate[c] && s->candidate[c].group >= 0)
                t->is_used[s->candidate[c].group] = true;
    }
}

static double reduce_seconds(void)
{
    double seconds = 0;

    for (int32_t i = 0; i < PT_TRAFFIC_EVALUATE; i++)
        seconds += pt_traffic_stats((pt_traffic_t)i)->seconds;
    return seconds;
}

/** Clocks that others keep, as they stood when the step began. */
typedef struct clocks {
    double begin, ops, loss, reduce, transfer;
} clocks_t;

static clocks_t read_clocks(const pt_trainer_t *t)
{
    return (clocks_t){.begin = pt_clock(),
                      .ops = pt_exec_op_seconds(t->exec),
                      .loss = pt_exec_loss_seconds(t->exec),
                      .reduce = reduce_seconds(),
                      .transfer = pt_exec_transfer_seconds(t->exec)};
}

static void account(pt_trainer_t *t, clocks_t before)
{
    clocks_t now = read_clocks(t);

    t->time.step += now.begin - before.begin;
    t->time.ops += now.ops - before.ops;
    t->time.loss += now.loss - before.loss;
    t->time.reduce += now.reduce - before.reduce;
    t->time.transfer += now.transfer - before.transfer;
}

/** The next step's weights of the tasks. */
static void learn_weights(work_t *w)
{
    pt_trainer_t *t = w->t;
    pt_length_t epoch = {1, true};

    if (t->weights.kind == PT_WEIGHTING_FIXED)
        return;
    int64_t n =
        pt_step_count(t->config, t->feed, w->step->is_by_task, epoch, w->step->part);
    pt_task_weights_learn(&t->weights, t->task, w->n_task, t->task_loss,
                          (w->step->step + 1) % n == 0);
}

pt_status_t pt_trainer_weight_step(pt_trainer_t *trainer, const pt_step_t *step,
                                   const pt_subnet_t *subnet, const pt_update_t *update,
                                   pt_step_result_t *result)
{
    work_t w = {.t = trainer, .step = step, .subnet = subnet, .pass = PT_PASS_WEIGHT};
    pt_step_result_t r = {0};
    clocks_t before = read_clocks(trainer);

    pt_activity_step(PT_SPAN_WEIGHT_STEP, step->phase, step->step);
    begin_work(&w);
    PT_TRY(meet(&w, run_units(&w), &r));
    learn_weights(&w);
    mark_groups(&w);
    pt_activity_do(PT_DOING_UPDATE);
    clocks_t update_before = read_clocks(trainer);
    PT_TRY(shard_step(&trainer->shard, trainer->is_used, update,
                      trainer->config->train.clip_norm, &r.grad_norm));
    account(trainer, before);
    trainer->time.update +=
        pt_clock() - update_before.begin - (reduce_seconds() - update_before.reduce);
    pt_activity_pause();
    *result = r;
    return PT_OK;
}

pt_status_t pt_trainer_alpha_step(pt_trainer_t *trainer, const pt_step_t *step,
                                  const pt_subnet_t *subnet, double *dgate,
                                  pt_step_result_t *result)
{
    work_t w = {.t = trainer, .step = step, .subnet = subnet, .pass = PT_PASS_ALPHA};
    pt_step_result_t r = {0};
    int64_t n = trainer->space->n_choice;
    size_t all = (size_t)trainer->n_task * (size_t)n;
    clocks_t before = read_clocks(trainer);

    pt_activity_step(PT_SPAN_ALPHA_STEP, step->phase, step->step);
    begin_work(&w);
    memset(trainer->gate_sum, 0, all * sizeof *trainer->gate_sum);
    PT_TRY(meet(&w, run_units(&w), &r));
    PT_TRY(pt_sum_i64(trainer->layout->world, PT_TRAFFIC_ALPHA, trainer->gate_sum, all));
    for (int32_t i = 0; i < w.n_task; i++)
        for (int64_t c = trainer->task[i] * n; c < (trainer->task[i] + 1) * n; c++)
            dgate[c] = (double)trainer->gate_sum[c] / PT_FIXED_SCALE;
    account(trainer, before);
    pt_activity_pause();
    *result = r;
    return PT_OK;
}
