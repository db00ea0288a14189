/* Steps: which units this rank runs, what it adds up, and how the ranks come together. */
#include "train/stream.h"

#include <math.h>
#include <string.h>

#include "polytree/base/activity.h"
#include "polytree/base/clock.h"
#include "polytree/base/memory.h"

pt_status_t trainer_open_step(pt_trainer_t *t)
{
    const pt_space_t *space = t->space;
    step_room_t *s = &t->step;
    size_t n = (size_t)t->n_task, bundles = (size_t)pt_step_most(t->config, t->n_task);

    PT_TRY(turn_init(t->config, space, &s->turn));
    PT_TRY(turn_reach_init(space, &s->reach));
    PT_TRY(deal_init(t->config, t->n_task, &s->deal));
    PT_TRY(pt_alloc(&s->cost, bundles, sizeof *s->cost));
    PT_TRY(pt_alloc(&s->unit, bundles * (size_t)turn_units(t->config), sizeof *s->unit));
    PT_TRY(pt_alloc(&s->gate_sum, n * (size_t)space->n_choice, sizeof *s->gate_sum));
    PT_TRY(pt_alloc(&s->control, (size_t)turn_control(t->n_task), sizeof *s->control));
    PT_TRY(pt_alloc(&s->task_weight, n, sizeof *s->task_weight));
    return pt_alloc(&s->task_loss, n, sizeof *s->task_loss);
}

void trainer_close_step(pt_trainer_t *t)
{
    step_room_t *s = &t->step;
    void *const plain[] = {s->cost,    s->unit,      s->gate_sum,
                           s->control, s->task_loss, s->task_weight};

    turn_release(&s->turn);
    turn_reach_release(&s->reach);
    deal_release(&s->deal);
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        pt_free(plain[i]);
}

void pt_trainer_turn(const pt_trainer_t *trainer, const pt_step_t *step, int32_t *task,
                     int32_t *n_task)
{
    int32_t *bundle = trainer->step.turn.bundle;
    int64_t round;
    int32_t n = pt_step_bundles(trainer->config, trainer->feed, step, bundle, &round);

    *n_task = turn_tasks(trainer->feed, bundle, n, task);
}

/** Everything about the step at work. */
typedef struct work {
    pt_trainer_t *t;
    const pt_step_t *step;
    const pt_subnet_t *subnet;
    pt_pass_t pass;
    const turn_t *turn;
    /** Of one addend in 64-bit sums, as a double of the fixed-point number. */
    double limit;
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
                t->step.gate_sum[bundle->task[i] * n + c] += llrint(x);
        }
}

/** The bundle of unit i of this data rank, and which of its microbatches it is. */
static int32_t find_unit(const work_t *w, int32_t i, int32_t *index)
{
    const step_room_t *s = &w->t->step;
    int32_t unit = s->unit[i];

    *index = s->deal.unit[unit].index;
    return w->turn->bundle[s->deal.unit[unit].at];
}

static int32_t unit_bundle(void *context, int32_t i)
{
    int32_t index;

    return find_unit(context, i, &index);
}

static pt_status_t begin_unit(void *context, int32_t i, pt_unit_t *unit)
{
    work_t *w = context;
    pt_trainer_t *t = w->t;
    int32_t index, bundle = find_unit(w, i, &index);
    pt_draw_t draw = {.part = w->step->part,
                      .bundle = bundle,
                      .phase = pt_step_key(w->step),
                      .first = w->turn->first + index * t->config->train.microbatch,
                      .is_shuffled = true,
                      .is_augmented = true};
    double begin = pt_clock();

    unit->rng = pt_step_rng(t->config, w->step, PT_RNG_DROPOUT);
    unit->index = (uint32_t)index;
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

    if (bad >= 0 && t->step.control[CONTROL_BAD_PARAM] == 0)
        t->step.control[CONTROL_BAD_PARAM] = bad + 1;
    if (w->pass == PT_PASS_ALPHA)
        collect_gates(w, pt_feed_bundle(t->feed, unit_bundle(w, i)), unit->dgate);
}

/** Units that fall to this data rank, which are the same on all stages; their number. */
static pt_status_t list_units(work_t *w, int32_t *n_unit)
{
    pt_trainer_t *t = w->t;
    step_room_t *s = &t->step;
    const pt_layout_t *l = t->layout;
    pt_plan_t *plan;

    for (int32_t i = 0; i < w->turn->n_bundle; i++) {
        if (!trainer_has(t, w->turn->bundle[i]))
            continue;
        PT_TRY(trainer_plan(t, w->subnet, w->pass, w->turn->bundle[i], &plan));
        s->cost[i] = (double)pt_plan_madds_executed(plan);
    }
    PT_TRY(deal_units(&s->deal, w->turn, t->config, t->feed, s->cost,
                      l->extent[PT_AXIS_TASK], l->coord[PT_AXIS_TASK],
                      l->extent[PT_AXIS_DATA]));
    *n_unit = 0;
    for (int32_t i = 0; i < s->deal.n; i++)
        if (s->deal.rank[i] == l->coord[PT_AXIS_DATA])
            s->unit[(*n_unit)++] = i;
    return PT_OK;
}

static pt_status_t run_units(work_t *w)
{
    stream_t stream = {.pass = w->pass,
                       .subnet = w->subnet,
                       .context = w,
                       .bundle = unit_bundle,
                       .begin = begin_unit,
                       .end = end_unit};

    PT_TRY(list_units(w, &stream.n));
    return stream_run(w->t, &stream);
}

/** Find the step's bundles and tasks, and how large a single addend may be. */
static void begin_work(work_t *w)
{
    pt_trainer_t *t = w->t;
    turn_t *turn = &t->step.turn;
    int64_t addends = 0;

    turn_take(turn, t->config, t->feed, w->step);
    w->turn = turn;
    for (int32_t i = 0; i < turn->n_bundle; i++)
        addends += (int64_t)turn_units(t->config) *
                   pt_feed_bundle(t->feed, turn->bundle[i])->n_task;
    w->limit = 0x1p62 / (double)addends;
    w->divisor =
        pt_task_weights_of(&t->weights, turn->task, turn->n_task, t->step.task_weight);
    w->loss = (loss_context_t){.trainer = t,
                               .divisor = w->divisor * turn_units(t->config),
                               .loss_sum = t->step.control + CONTROL_LOSS,
                               .is_bad = &w->is_bad_loss,
                               .limit = 0x1p62 / (double)addends};
    memset(t->step.control, 0, (size_t)turn_control(t->n_task) * sizeof *t->step.control);
}

/** The small allreduce; then every rank knows the same. */
static pt_status_t meet(work_t *w, pt_status_t status, pt_step_result_t *result)
{
    pt_trainer_t *t = w->t;
    int64_t bad = t->step.control[CONTROL_BAD_PARAM];

    t->step.control[CONTROL_REQUEST] =
        pt_comm_rank(t->layout->world) == 0 ? w->step->request : 0;
    t->step.control[CONTROL_BAD_LOSS] = w->is_bad_loss;
    t->step.control[CONTROL_BAD_PARAM] = bad != 0;
    t->step.control[CONTROL_FAILED] = status != PT_OK;
    pt_par_failure(status);
    PT_TRY(pt_sum_i64(t->layout->world, PT_TRAFFIC_CONTROL, t->step.control,
                      (size_t)turn_control(t->n_task)));
    if (t->step.control[CONTROL_FAILED] != 0)
        return pt_comm_agree(t->layout->world, status);
    if (t->step.control[CONTROL_BAD_PARAM] != 0 || t->step.control[CONTROL_BAD_LOSS] != 0) {
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
    result->request = (unsigned)t->step.control[CONTROL_REQUEST];
    result->samples = w->turn->n_bundle * t->config->train.batch;
    result->loss = 0;
    result->divisor = w->divisor;
    for (int32_t k = 0; k < t->n_task; k++)
        t->step.task_loss[k] = NAN;
    for (int32_t i = 0; i < w->turn->n_task; i++) {
        int32_t k = w->turn->task[i];
        t->step.task_loss[k] = (double)t->step.control[CONTROL_LOSS + k] / PT_FINE_SCALE /
                               turn_units(t->config);
        result->loss += t->step.task_loss[k] * t->step.task_weight[k] / w->divisor;
        t->step.task_weight[k] /= w->divisor;
    }
    result->task_loss = t->step.task_loss;
    result->task_weight = t->step.task_weight;
    return PT_OK;
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
                      .ops = pt_exec_op_seconds(t->pipeline.exec),
                      .loss = pt_exec_loss_seconds(t->pipeline.exec),
                      .reduce = reduce_seconds(),
                      .transfer = pt_exec_transfer_seconds(t->pipeline.exec)};
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
    pt_task_weights_learn(&t->weights, w->turn->task, w->turn->n_task, t->step.task_loss,
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
    turn_mark_groups(&trainer->step.turn, trainer->space, subnet, &trainer->step.reach);
    pt_activity_do(PT_DOING_UPDATE);
    clocks_t update_before = read_clocks(trainer);
    PT_TRY(shard_step(&trainer->shard, w.turn->is_used, update,
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
    memset(trainer->step.gate_sum, 0, all * sizeof *trainer->step.gate_sum);
    PT_TRY(meet(&w, run_units(&w), &r));
    PT_TRY(
        pt_sum_i64(trainer->layout->world, PT_TRAFFIC_ALPHA, trainer->step.gate_sum, all));
    for (int32_t i = 0; i < w.turn->n_task; i++)
        for (int64_t c = w.turn->task[i] * n; c < (w.turn->task[i] + 1) * n; c++)
            dgate[c] = (double)trainer->step.gate_sum[c] / PT_FIXED_SCALE;
    account(trainer, before);
    pt_activity_pause();
    *result = r;
    return PT_OK;
}
