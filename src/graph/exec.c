/* Running a compiled plan: memory laid out once, then instructions forward and back. */
#include "polytree/graph/exec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph/plan.h"
#include "polytree/base/activity.h"
#include "polytree/base/clock.h"

/** A unit at work. */
typedef struct run {
    pt_exec_t *exec;
    char *arena;
    const pt_plan_t *plan;
    pt_unit_t unit;
    int32_t next; /**< instruction */
    int32_t bad_param;
} run_t;

struct pt_exec {
    pt_space_t *space; /**< borrowed */
    char *arena;       /**< [n_flight][bound] */
    size_t bound;
    int32_t n_flight;
    run_t *run;            /**< [n_flight] */
    const pt_link_t *link; /**< borrowed; NULL: there is one stage */
    double op_seconds, loss_seconds, transfer_seconds;
    int64_t madds;
};

pt_status_t pt_exec_new(pt_space_t *space, size_t arena_bound, pt_exec_t **out)
{
    return pt_exec_new_staged(space, arena_bound, 1, NULL, out);
}

pt_status_t pt_exec_new_staged(pt_space_t *space, size_t arena_bound, int32_t n_flight,
                               const pt_link_t *link, pt_exec_t **out)
{
    pt_exec_t *exec;
    void *arena;
    pt_status_t status;

    PT_TRY(pt_alloc(&exec, 1, sizeof *exec));
    exec->space = space;
    exec->bound = pt_align_up(arena_bound);
    exec->n_flight = n_flight;
    exec->link = link;
    PT_TRY_OR(failed, pt_alloc(&exec->run, (size_t)n_flight, sizeof *exec->run));
    PT_TRY_OR(failed, pt_reserve((size_t)n_flight * exec->bound, &arena));
    exec->arena = arena;
    *out = exec;
    return PT_OK;
failed:
    pt_exec_free(exec);
    return status;
}

void pt_exec_free(pt_exec_t *exec)
{
    if (exec == NULL)
        return;
    pt_reserve_release(exec->arena, (size_t)exec->n_flight * exec->bound);
    pt_free(exec->run);
    pt_free(exec);
}

double pt_exec_op_seconds(const pt_exec_t *exec)
{
    return exec->op_seconds;
}

double pt_exec_loss_seconds(const pt_exec_t *exec)
{
    return exec->loss_seconds;
}

int64_t pt_exec_madds(const pt_exec_t *exec)
{
    return exec->madds;
}

double pt_exec_transfer_seconds(const pt_exec_t *exec)
{
    return exec->transfer_seconds;
}

static pt_real_t *at(const run_t *run, int64_t offset)
{
    if (offset == NETWORK_INPUT)
        return (pt_real_t *)(uintptr_t)run->unit.input; /* read only: op inputs are const */
    return offset < 0 ? NULL : (pt_real_t *)(void *)(run->arena + offset);
}

static pt_mode_t mode_of(const pt_plan_t *plan)
{
    if (plan->pass == PT_PASS_EVAL)
        return PT_MODE_EVAL;
    return plan->pass == PT_PASS_CALIBRATE ? PT_MODE_CALIBRATE : PT_MODE_TRAIN;
}

static double *gate_gradient(const run_t *run, const instr_t *in)
{
    size_t row = (size_t)in->slot * (size_t)run->plan->space->n_choice;

    return run->unit.dgate + row + (size_t)in->choice;
}

static void fill_args(const run_t *run, const instr_t *in, pt_op_args_t *args)
{
    const pt_plan_t *plan = run->plan;
    const pt_store_t *store = &run->exec->space->store;

    memset(args, 0, sizeof *args);
    for (int32_t i = 0; i < in->inst->n_in; i++) {
        args->x[i] = at(run, in->x[i]);
        args->dx[i] = at(run, in->dx[i]);
    }
    args->y = at(run, in->y);
    args->dy = at(run, in->dy);
    args->saved = at(run, in->saved);
    args->work = run->arena;
    args->mode = plan_is_frozen(plan, in->op) ? PT_MODE_EVAL : mode_of(plan);
    args->gate = 1;
    if (in->is_soft)
        args->gate = pt_subnet_gates(run->unit.subnet, plan->task[in->slot])[in->choice];
    if (in->op == NONE)
        return;
    for (int32_t p = 0; p < in->inst->n_param; p++)
        args->param[p] =
            store->value + store->param[plan->space->op[in->op].param[p]].offset;
    args->param_version = store->version;
    if (in->stat != NONE && run->unit.stat != NULL)
        args->stat = run->unit.stat + plan->stat[in->stat].offset;
    if (in->stat != NONE && run->unit.unit_stat != NULL)
        args->unit_stat = run->unit.unit_stat + plan->stat[in->stat].offset;
    args->rng = run->unit.rng;
    args->rng.purpose = PT_RNG_DROPOUT;
    args->rng.task = (uint16_t)plan->task[in->slot];
    /* 12 bits for the operation, 20 for the unit, 32 for elements / 4. */
    args->rng_index = (uint64_t)in->op << 52 ^ (uint64_t)run->unit.index << 32;
}

/** Form the parameter gradients in scratch and add them to the fixed-point sums. */
static void backward(run_t *run, const instr_t *in, pt_op_args_t *args)
{
    pt_store_t *store = &run->exec->space->store;
    char *scratch = run->arena + run->plan->work_bytes;

    for (int32_t p = 0; p < in->inst->n_param && in->forms_params; p++) {
        const pt_param_t *param = &store->param[run->plan->space->op[in->op].param[p]];
        args->dparam[p] = (pt_real_t *)(void *)scratch;
        scratch += pt_align_up((size_t)param->count * sizeof(pt_real_t));
    }
    args->dgate = in->forms_gate ? gate_gradient(run, in) : NULL;
    in->inst->op->backward(in->inst, args);
    for (int32_t i = 0; i < in->inst->n_in; i++)
        run->exec->madds += args->dx[i] != NULL ? in->inst->madds : 0;
    run->exec->madds += args->dparam[0] != NULL ? in->inst->madds : 0;
    for (int32_t p = 0; p < in->inst->n_param && in->forms_params; p++) {
        int32_t number = run->plan->space->op[in->op].param[p];
        const pt_param_t *param = &store->param[number];
        pt_group_sum_t *sum = &store->group_sum[param->group];
        int32_t largest = in->inst->kernel->fixed_add(
            param->count, args->dparam[p], sum->scale, store->grad_sum + param->offset);
        sum->largest = largest > sum->largest ? largest : sum->largest;
        if (largest >= PT_INFINITY_BITS && run->bad_param < 0)
            run->bad_param = number;
    }
}

/** Read a value out of a message, whose first one waits for it. */
static void take(run_t *run, const instr_t *in)
{
    const pt_link_t *link = run->exec->link;

    memcpy(at(run, in->y), link->receive(link->context, in->is_back, in->message) + in->at,
           (size_t)in->n * sizeof(pt_real_t));
    if (in->at + in->n == in->message)
        link->done(link->context, in->is_back);
}

static void give(run_t *run, const instr_t *in)
{
    const pt_link_t *link = run->exec->link;

    memcpy(link->room(link->context, in->is_back, in->message) + in->at, at(run, in->x[0]),
           (size_t)in->n * sizeof(pt_real_t));
    if (in->at + in->n == in->message)
        link->send(link->context, in->is_back, in->message);
}

static void step(run_t *run, const instr_t *in)
{
    const pt_kernel_t *kernel = run->plan->space->mix1[0].kernel;
    pt_op_args_t args;

    switch (in->kind) {
    case INSTR_LOSS:
        run->unit.loss(run->unit.loss_context, run->plan->task[in->slot], at(run, in->x[0]),
                       at(run, in->dx[0]));
        break;
    case INSTR_ADD:
        kernel->add_scaled(in->n, at(run, in->x[0]), 1, at(run, in->x[1]), at(run, in->y));
        break;
    case INSTR_FORWARD:
        fill_args(run, in, &args);
        in->inst->op->forward(in->inst, &args);
        if (run->unit.see != NULL)
            run->unit.see(run->unit.see_context, in->op, in->candidate,
                          run->plan->task[in->slot], args.y);
        run->exec->madds += in->inst->madds;
        break;
    case INSTR_BACKWARD:
        fill_args(run, in, &args);
        backward(run, in, &args);
        break;
    case INSTR_TAKE:
        take(run, in);
        break;
    case INSTR_GIVE:
        give(run, in);
        break;
    case INSTR_PAUSE:
        break;
    }
}

void pt_exec_begin(pt_exec_t *exec, int32_t flight, const pt_plan_t *plan,
                   const pt_unit_t *unit)
{
    exec->run[flight] = (run_t){.exec = exec,
                                .arena = exec->arena + (size_t)flight * exec->bound,
                                .plan = plan,
                                .unit = *unit,
                                .bad_param = -1};
    if (plan->pass == PT_PASS_ALPHA)
        memset(unit->dgate, 0,
               (size_t)plan->n_task * (size_t)plan->space->n_choice * sizeof *unit->dgate);
}

void pt_exec_advance(pt_exec_t *exec, int32_t flight)
{
    run_t *run = &exec->run[flight];
    const pt_plan_t *plan = run->plan;
    double begin = pt_clock();

    while (run->next < plan->n_instr) {
        const instr_t *in = &plan->instr[run->next++];
        if (in->kind == INSTR_PAUSE)
            break;
        pt_activity_do(PT_DOING_OPERATIONS);
        step(run, in);
        if (exec->link != NULL)
            exec->link->progress(exec->link->context);
        double end = pt_clock();
        if (in->kind == INSTR_LOSS)
            exec->loss_seconds += end - begin;
        else if (in->kind == INSTR_TAKE || in->kind == INSTR_GIVE)
            exec->transfer_seconds += end - begin;
        else
            exec->op_seconds += end - begin;
        begin = end;
    }
}

int32_t pt_exec_run(pt_exec_t *exec, const pt_plan_t *plan, const pt_unit_t *unit)
{
    pt_exec_begin(exec, 0, plan, unit);
    while (exec->run[0].next < plan->n_instr)
        pt_exec_advance(exec, 0);
    return exec->run[0].bad_param;
}

/** Units that are timed. */
enum { LEAST_TIMES = 3, MOST_TIMES = 9 };

/** Run a unit, `time` [n_instr] is what each instruction takes; it may be NULL. */
static void time_unit(pt_exec_t *exec, const pt_plan_t *plan, const pt_unit_t *unit,
                      const bool *is_skipped, double *time)
{
    pt_exec_begin(exec, 0, plan, unit);
    double begin = pt_clock();
    for (int32_t i = 0; i < plan->n_instr; i++) {
        if (!is_skipped[i])
            step(&exec->run[0], &plan->instr[i]);
        double end = pt_clock();
        if (time != NULL)
            time[i] = end - begin;
        begin = end;
    }
}

/** Where most of a plan is known, only the rest of it is run: tasks often differ in their
 * heads alone. */
static void choose_skipped(const pt_plan_t *plan, const pt_machine_t *machine,
                           bool *is_skipped)
{
    char name[PT_MACHINE_NAME];
    int32_t n = 0, n_known = 0;

    for (int32_t i = 0; i < plan->n_instr; i++) {
        is_skipped[i] = false;
        if (!tape_is_measured(&plan->instr[i]))
            continue;
        plan_instr_name(plan, &plan->instr[i], name);
        is_skipped[i] = pt_machine_find(machine, name) >= 0;
        n_known += is_skipped[i];
        n++;
    }
    for (int32_t i = 0; i < plan->n_instr && 2 * n_known < n; i++)
        is_skipped[i] = false;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/** Median over the units, mean over the instructions of a name. */
static pt_status_t learn_names(const pt_plan_t *plan, const double *time, int32_t n_time,
                               pt_machine_t *machine)
{
    char name[PT_MACHINE_NAME];
    pt_machine_t sum = {.n_known = 0}, count = {.n_known = 0};
    pt_status_t status = PT_OK;

    for (int32_t i = 0; i < plan->n_instr; i++) {
        double all[MOST_TIMES];
        if (!tape_is_measured(&plan->instr[i]))
            continue;
        for (int32_t t = 0; t < n_time; t++)
            all[t] = time[(int64_t)t * plan->n_instr + i];
        qsort(all, (size_t)n_time, sizeof *all, compare);
        plan_instr_name(plan, &plan->instr[i], name);
        double before = pt_machine_find(&sum, name), n = pt_machine_find(&count, name);
        PT_TRY_OR(done, pt_machine_learn(&sum, name, fmax(before, 0) + all[n_time / 2]));
        PT_TRY_OR(done, pt_machine_learn(&count, name, fmax(n, 0) + 1));
    }
    for (size_t i = 0; i < sum.n_known; i++)
        if (pt_machine_find(machine, sum.known[i].name) < 0)
            PT_TRY_OR(done,
                      pt_machine_learn(machine, sum.known[i].name,
                                       sum.known[i].seconds / count.known[i].seconds));
done:
    pt_machine_release(&sum);
    pt_machine_release(&count);
    return status;
}

pt_status_t pt_exec_measure(pt_exec_t *exec, const pt_plan_t *plan, const pt_unit_t *unit,
                            pt_machine_t *machine)
{
    const double enough = 0.5;
    double *time = NULL;
    bool *is_skipped = NULL;
    int32_t n = 0;
    pt_status_t status;

    PT_TRY_OR(done,
              pt_alloc(&time, (size_t)MOST_TIMES * (size_t)plan->n_instr, sizeof *time));
    PT_TRY_OR(done, pt_alloc(&is_skipped, (size_t)plan->n_instr, sizeof *is_skipped));
    choose_skipped(plan, machine, is_skipped);
    double begin = pt_clock();
    time_unit(exec, plan, unit, is_skipped, NULL);
    while (n < LEAST_TIMES || (n < MOST_TIMES && pt_clock() - begin < enough))
        time_unit(exec, plan, unit, is_skipped, time + (int64_t)n++ * plan->n_instr);
    PT_TRY_OR(done, learn_names(plan, time, n, machine));
done:
    pt_free(time);
    pt_free(is_skipped);
    return status;
}
