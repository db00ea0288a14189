/* Steps: which units this rank runs, what it adds up, and how the ranks come together.
 *
 * Labels are read and counted first: the weight of a task's elements in the gradient
 * follows from how many of them the whole step has, wherever they are.
 */
#include "train/stream.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/activity.h"
#include "polytree/base/clock.h"
#include "polytree/base/memory.h"

/** Integers of both blocks that a step sums. */
static size_t control_room(const pt_trainer_t *t)
{
    int64_t counts = turn_counts(t->n_task);
    int64_t control = CONTROL_LARGEST + (int64_t)t->space->store.n_group;

    return (size_t)(counts > control ? counts : control);
}

pt_status_t trainer_open_step(pt_trainer_t *t)
{
    const pt_space_t *space = t->space;
    step_room_t *s = &t->step;
    size_t n = (size_t)t->n_task, bundles = (size_t)pt_step_most(t->config, t->n_task);

    PT_TRY(turn_init(t->config, space, &s->turn));
    PT_TRY(turn_reach_init(space, &s->reach));
    PT_TRY(deal_init(t->config, t->n_task, &s->deal));
    PT_TRY(quanta_init(&t->space->store, &s->quanta));
    PT_TRY(pt_alloc(&s->cost, bundles, sizeof *s->cost));
    PT_TRY(pt_alloc(&s->is_frozen, (size_t)space->store.n_group, 1));
    PT_TRY(pt_alloc(&s->in_vain, (size_t)space->store.n_group, 1));
    s->knows_frozen = s->has_frozen = false;
    PT_TRY(pt_alloc(&s->unit, bundles * (size_t)turn_units(t->config), sizeof *s->unit));
    PT_TRY(pt_alloc(&s->unit_loss, bundles * (size_t)turn_units(t->config),
                    sizeof *s->unit_loss));
    PT_TRY(pt_alloc(&s->task, n, sizeof *s->task));
    PT_TRY(pt_alloc(&s->place, n, sizeof *s->place));
    PT_TRY(pt_alloc(&s->labelled, n, sizeof *s->labelled));
    PT_TRY(pt_exact_init(&s->loss, t->n_task));
    PT_TRY(pt_exact_init(&s->gate, (int64_t)t->n_task * space->n_choice));
    PT_TRY(pt_alloc(&s->control, control_room(t), sizeof *s->control));
    PT_TRY(pt_alloc(&s->task_weight, n, sizeof *s->task_weight));
    PT_TRY(pt_alloc(&s->bad, n, sizeof *s->bad));
    PT_TRY(pt_alloc(&s->bad_loss, n, sizeof *s->bad_loss));
    PT_TRY(pt_alloc(&s->loss_after, n, sizeof *s->loss_after));
    return pt_alloc(&s->task_loss, n, sizeof *s->task_loss);
}

void trainer_close_step(pt_trainer_t *t)
{
    step_room_t *s = &t->step;
    void *const plain[] = {s->cost,        s->unit,      s->unit_loss, s->task,
                           s->place,       s->labelled,  s->control,   s->task_loss,
                           s->task_weight, s->bad,       s->bad_loss,  s->is_frozen,
                           s->in_vain,     s->loss_after};

    turn_release(&s->turn);
    turn_reach_release(&s->reach);
    deal_release(&s->deal);
    quanta_release(&s->quanta);
    pt_exact_release(&s->loss);
    pt_exact_release(&s->gate);
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
    pt_pass_t pass;    /**< that forms the step's gradients */
    pt_pass_t running; /**< that its units are in */
    const turn_t *turn;
    int32_t n_unit; /**< of this rank */
    double divisor; /**< of the tasks' weights */
} work_t;

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

static pt_draw_t draw_of(const work_t *w, int32_t i, int32_t *index)
{
    const pt_config_t *c = w->t->config;
    int32_t bundle = find_unit(w, i, index);

    return (pt_draw_t){.part = w->step->part,
                       .bundle = bundle,
                       .phase = pt_step_key(w->step),
                       .first = w->turn->first + *index * c->train.microbatch,
                       .is_shuffled = true,
                       .is_augmented = true};
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
    PT_TRY(deal_turn(&s->deal, w->turn, t->config, t->feed, s->cost,
                     l->extent[PT_AXIS_TASK], l->coord[PT_AXIS_TASK],
                     l->extent[PT_AXIS_DATA]));
    *n_unit = 0;
    for (int32_t i = 0; i < s->deal.n; i++)
        if (s->deal.rank[i] == l->coord[PT_AXIS_DATA])
            s->unit[(*n_unit)++] = i;
    return PT_OK;
}

/** Read the labels of this rank's units, and count them. */
static pt_status_t read_labels(work_t *w, int64_t *count)
{
    pt_trainer_t *t = w->t;
    double begin = pt_clock();

    for (int32_t i = 0; i < w->n_unit; i++) {
        int32_t index;
        pt_draw_t draw = draw_of(w, i, &index);
        const pt_bundle_t *bundle = pt_feed_bundle(t->feed, draw.bundle);
        PT_TRY(trainer_read_labels(t, &draw, i));
        for (int32_t j = 0; j < bundle->n_task && stream_is_last(t); j++) {
            int32_t k = bundle->task[j];
            pt_shape_t o = trainer_output(t, k);
            pt_label_count_t n =
                pt_loss_count(&t->objective[k], o.n, o.h, o.w, trainer_label(t, i, k));
            count[2 * t->step.place[k]] += n.labelled;
            count[2 * t->step.place[k] + 1] += n.positive;
        }
    }
    t->time.feed += pt_clock() - begin;
    return PT_OK;
}

/** Find the step's bundles, tasks and units, and how many elements of each task have a
 * label, over all ranks. */
static pt_status_t begin_work(work_t *w)
{
    pt_trainer_t *t = w->t;
    step_room_t *s = &t->step;
    size_t n;

    turn_take(&s->turn, t->config, t->feed, w->step);
    w->turn = &s->turn;
    for (int32_t i = 0; i < s->turn.n_task; i++)
        s->place[s->turn.task[i]] = i;
    n = (size_t)turn_counts(s->turn.n_task);
    memset(s->control, 0, n * sizeof *s->control);
    pt_activity_do(PT_DOING_DATA);
    pt_status_t status = list_units(w, &w->n_unit);
    if (status == PT_OK)
        status = read_labels(w, s->control);
    s->control[n - 1] = status != PT_OK;
    pt_comm_failure(status);
    PT_TRY(pt_sum_i64(t->layout->world, PT_TRAFFIC_CONTROL, s->control, n));
    return s->control[n - 1] != 0 ? pt_comm_agree(t->layout->world, status) : PT_OK;
}

/** Which tasks have a label in the step, and how many. */
static void take_counts(work_t *w)
{
    step_room_t *s = &w->t->step;

    s->n_labelled = 0;
    for (int32_t i = 0; i < w->turn->n_task; i++) {
        int32_t k = w->turn->task[i];
        s->task[k] = (step_task_t){
            .count = {s->control[2 * i], s->control[2 * i + 1]}, .loss = NAN, .share = NAN};
        s->task[k].weight = pt_loss_weights(&w->t->objective[k], &s->task[k].count);
        if (s->task[k].count.labelled > 0)
            s->labelled[s->n_labelled++] = k;
    }
}

/** Weights and scales of the tasks that have a label in the step. */
static void weigh_tasks(work_t *w)
{
    pt_trainer_t *t = w->t;
    step_room_t *s = &t->step;
    double loss_scale = w->pass == PT_PASS_WEIGHT ? t->config->train.loss_scale : 1;
    const pt_task_weights_step_t step = {
        .rng = pt_step_rng(t->config, w->step, PT_RNG_WEIGHTING), .loss = s->task_loss};

    w->divisor =
        pt_task_weights_of(&t->weights, &step, s->labelled, s->n_labelled, s->task_weight);
    for (int32_t i = 0; i < s->n_labelled; i++) {
        step_task_t *task = &s->task[s->labelled[i]];
        task->share = s->task_weight[s->labelled[i]] / w->divisor;
        task->scale = task->share * loss_scale / (double)task->count.labelled;
    }
}

static void take_loss(void *context, int32_t task, const pt_real_t *output,
                      pt_real_t *doutput)
{
    const unit_loss_t *u = context;
    step_room_t *s = &u->t->step;
    const step_task_t *k = &s->task[task];
    pt_shape_t o = trainer_output(u->t, task);
    pt_loss_terms_t sum =
        pt_loss(&u->t->objective[task], o.n, o.h, o.w, output,
                trainer_label(u->t, u->unit, task), k->weight, k->scale, doutput);

    pt_exact_add(&s->loss, s->place[task], pt_loss_mean(k->weight, sum, 1));
}

static pt_status_t begin_unit(void *context, int32_t i, pt_unit_t *unit)
{
    work_t *w = context;
    pt_trainer_t *t = w->t;
    int32_t index;
    pt_draw_t draw = draw_of(w, i, &index);
    double begin = pt_clock();

    unit->rng = pt_step_rng(t->config, w->step, PT_RNG_DROPOUT);
    unit->index = (uint32_t)index;
    unit->stat = trainer_statistics(t, draw.bundle);
    unit->loss = take_loss;
    unit->loss_context = &t->step.unit_loss[i];
    t->step.unit_loss[i] = (unit_loss_t){t, i};
    pt_status_t status = trainer_read_input(t, &draw, unit, false);
    t->time.feed += pt_clock() - begin;
    return status;
}

static void end_unit(void *context, int32_t i, const pt_unit_t *unit)
{
    work_t *w = context;
    step_room_t *s = &w->t->step;
    const pt_bundle_t *bundle = pt_feed_bundle(w->t->feed, unit_bundle(w, i));
    int64_t n = w->t->space->n_choice;

    for (int32_t j = 0; j < bundle->n_task && w->running == PT_PASS_ALPHA; j++)
        pt_exact_add_all(&s->gate, s->place[bundle->task[j]] * n, n, unit->dgate + j * n);
}

/** Run this rank's units in a pass, and agree on the control block. */
static pt_status_t run_units(work_t *w, pt_pass_t pass)
{
    pt_trainer_t *t = w->t;
    step_room_t *s = &t->step;
    pt_comm_t *world = t->layout->world;
    bool is_alpha = pass == PT_PASS_ALPHA, is_weight = pass == PT_PASS_WEIGHT;
    stream_t stream = {.n = w->n_unit,
                       .pass = pass,
                       .subnet = w->subnet,
                       .context = w,
                       .bundle = unit_bundle,
                       .begin = begin_unit,
                       .end = end_unit};

    pt_exact_clear(&s->loss, w->turn->n_task);
    pt_exact_clear(&s->gate, is_alpha ? w->turn->n_task * (int64_t)t->space->n_choice : 0);
    w->running = pass;
    pt_status_t status = stream_run(t, &stream);
    s->control[CONTROL_REQUEST] = pt_comm_rank(world) == 0 ? w->step->request : 0;
    s->control[CONTROL_FAILED] = status != PT_OK;
    pt_exact_offer(&s->loss, s->control + CONTROL_LOSS);
    pt_exact_offer(&s->gate, s->control + CONTROL_GATE);
    if (is_weight)
        quanta_offer(&s->quanta, s->control + CONTROL_LARGEST);
    pt_comm_failure(status);
    PT_TRY(
        pt_max_i64(world, PT_TRAFFIC_CONTROL, s->control,
                   (size_t)CONTROL_LARGEST + (is_weight ? (size_t)s->quanta.n_used : 0)));
    return s->control[CONTROL_FAILED] != 0 ? pt_comm_agree(world, status) : PT_OK;
}

/** Sum the losses of the units that have run; NaN where a task has no label. */
static pt_status_t sum_losses(work_t *w, double *loss)
{
    pt_trainer_t *t = w->t;
    step_room_t *s = &t->step;
    int32_t n_bad = 0;
    char where[32];

    PT_TRY(pt_exact_sum_offered(t->layout->world, PT_TRAFFIC_CONTROL, &s->loss,
                                s->control + CONTROL_LOSS));
    for (int32_t k = 0; k < t->n_task; k++)
        loss[k] = NAN;
    for (int32_t i = 0; i < s->n_labelled; i++) {
        int32_t k = s->labelled[i];
        loss[k] = pt_exact_value(&s->loss, s->place[k]) / (double)s->task[k].count.labelled;
        if (!isfinite(loss[k])) {
            s->bad[n_bad] = k;
            s->bad_loss[n_bad++] = loss[k];
        }
    }
    if (n_bad == 0)
        return PT_OK;
    snprintf(where, sizeof where, "step %lld", (long long)w->step->step);
    return trainer_diverged(t, s->bad, n_bad, s->bad_loss, w->n_unit, where);
}

/** The losses that the step's samples have with the weights as they are. */
static pt_status_t find_losses(work_t *w, double *loss)
{
    PT_TRY(run_units(w, PT_PASS_LOSS));
    return sum_losses(w, loss);
}

/** Labels, counts and weights: all that the step's gradients are formed with. */
static pt_status_t prepare(work_t *w)
{
    pt_trainer_t *t = w->t;

    PT_TRY(begin_work(w));
    take_counts(w);
    if (pt_weighting_is_by_loss(t->weights.kind))
        PT_TRY(find_losses(w, t->step.task_loss));
    weigh_tasks(w);
    return PT_OK;
}

/** Losses and weights of the step, once its gradients are formed. */
static pt_status_t meet(work_t *w, pt_step_result_t *result)
{
    pt_trainer_t *t = w->t;
    step_room_t *s = &t->step;
    double sum = 0;

    PT_TRY(sum_losses(w, s->task_loss));
    for (int32_t k = 0; k < t->n_task; k++)
        s->task_weight[k] = NAN;
    for (int32_t i = 0; i < s->n_labelled; i++) {
        int32_t k = s->labelled[i];
        s->task_weight[k] = s->task[k].share;
        sum += s->task_loss[k] * s->task[k].share;
    }
    *result = (pt_step_result_t){.request = (unsigned)s->control[CONTROL_REQUEST],
                                 .samples = w->turn->n_bundle * t->config->train.batch,
                                 .loss = s->n_labelled > 0 ? sum : NAN,
                                 .divisor = w->divisor,
                                 .n_task = w->turn->n_task,
                                 .task = w->turn->task,
                                 .task_loss = s->task_loss,
                                 .task_weight = s->task_weight};
    return PT_OK;
}

/** A gradient is not finite though losses are: the task with the largest is to blame. */
static pt_status_t gradient_diverged(work_t *w)
{
    pt_trainer_t *t = w->t;
    const step_room_t *s = &t->step;
    int32_t worst = s->labelled[0];
    char where[80];

    for (int32_t i = 1; i < s->n_labelled; i++)
        if (s->task_loss[s->labelled[i]] > s->task_loss[worst])
            worst = s->labelled[i];
    snprintf(where, sizeof where, "step %lld with a gradient that is not finite",
             (long long)w->step->step);
    return trainer_diverged(t, &worst, 1, &s->task_loss[worst], w->n_unit, where);
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
static pt_status_t learn_weights(work_t *w)
{
    pt_trainer_t *t = w->t;
    step_room_t *s = &t->step;
    pt_length_t epoch = {1, true};

    if (t->weights.kind == PT_WEIGHTING_FIXED)
        return PT_OK;
    if (pt_weighting_looks_back(t->weights.kind))
        PT_TRY(find_losses(w, s->loss_after));
    int64_t n =
        pt_step_count(t->config, t->feed, w->step->is_by_task, epoch, w->step->part);
    pt_task_weights_learn(&t->weights, s->labelled, s->n_labelled, s->task_loss,
                          s->loss_after, (w->step->step + 1) % n == 0);
    return PT_OK;
}

/** Most contributions to one element in a step. */
static int64_t count_addends(const work_t *w)
{
    return (int64_t)turn_units(w->t->config) * w->turn->n_task;
}

/** Form the gradients of all groups in use, again where a quantum was too small. */
static pt_status_t form_gradients(work_t *w, pt_step_result_t *result)
{
    pt_trainer_t *t = w->t;
    step_room_t *s = &t->step;
    quanta_verdict_t verdict;

    turn_mark_groups(&s->turn, t->space, w->subnet, w->turn->task, w->turn->n_task,
                     &s->reach);
    do {
        quanta_choose(&s->quanta, w->turn->is_used, count_addends(w));
        PT_TRY(run_units(w, w->pass));
        verdict = quanta_judge(&s->quanta, s->control + CONTROL_LARGEST);
        if (verdict == QUANTA_AGAIN)
            shard_clear(&t->shard, w->turn->is_used);
    } while (verdict == QUANTA_AGAIN);
    PT_TRY(meet(w, result));
    return verdict == QUANTA_DIVERGED ? gradient_diverged(w) : PT_OK;
}

pt_status_t pt_trainer_weight_step(pt_trainer_t *trainer, const pt_step_t *step,
                                   const pt_subnet_t *subnet, const pt_update_t *update,
                                   pt_step_result_t *result)
{
    work_t w = {.t = trainer, .step = step, .subnet = subnet, .pass = PT_PASS_WEIGHT};
    step_room_t *s = &trainer->step;
    pt_step_result_t r;
    clocks_t before = read_clocks(trainer);

    pt_activity_step(PT_SPAN_WEIGHT_STEP, step->phase, step->step);
    PT_TRY(prepare(&w));
    PT_TRY(form_gradients(&w, &r));
    pt_activity_do(PT_DOING_UPDATE);
    clocks_t update_before = read_clocks(trainer);
    /* What only tasks without a label use stays as it is. */
    if (s->n_labelled < w.turn->n_task)
        turn_mark_groups(&s->turn, trainer->space, subnet, s->labelled, s->n_labelled,
                         &s->reach);
    if (step->has_frozen)
        PT_TRY(trainer_leave_frozen(trainer, s->turn.is_used));
    PT_TRY(shard_step(&trainer->shard, w.turn->is_used, update,
                      trainer->config->train.clip_norm, &r.grad_norm));
    trainer->time.update +=
        pt_clock() - update_before.begin - (reduce_seconds() - update_before.reduce);
    PT_TRY(learn_weights(&w));
    account(trainer, before);
    pt_activity_pause();
    *result = r;
    return PT_OK;
}

/** Sum the gates' gradients. */
static pt_status_t read_gates(const work_t *w, double *dgate)
{
    pt_trainer_t *t = w->t;
    step_room_t *s = &t->step;
    int64_t n = t->space->n_choice;

    PT_TRY(pt_exact_sum_offered(t->layout->world, PT_TRAFFIC_ALPHA, &s->gate,
                                s->control + CONTROL_GATE));
    int64_t bad = pt_exact_special(&s->gate);
    if (bad >= 0)
        PT_FAIL(NUMERIC,
                "task %s: the gradient of a gate is not finite at alpha step %lld: the run "
                "diverges, try a smaller learning rate",
                t->objective[w->turn->task[bad / n]].info->name, (long long)w->step->step);
    for (int32_t i = 0; i < w->turn->n_task; i++)
        for (int64_t c = 0; c < n; c++)
            dgate[w->turn->task[i] * n + c] = pt_exact_value(&s->gate, i * n + c);
    return PT_OK;
}

pt_status_t pt_trainer_alpha_step(pt_trainer_t *trainer, const pt_step_t *step,
                                  const pt_subnet_t *subnet, double *dgate,
                                  pt_step_result_t *result)
{
    work_t w = {.t = trainer, .step = step, .subnet = subnet, .pass = PT_PASS_ALPHA};
    clocks_t before = read_clocks(trainer);

    pt_activity_step(PT_SPAN_ALPHA_STEP, step->phase, step->step);
    PT_TRY(prepare(&w));
    PT_TRY(run_units(&w, PT_PASS_ALPHA));
    PT_TRY(meet(&w, result));
    PT_TRY(read_gates(&w, dgate));
    account(trainer, before);
    pt_activity_pause();
    return PT_OK;
}
