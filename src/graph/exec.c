#include "polytree/graph/exec.h"

#include <string.h>

#include "graph/plan.h"
#include "polytree/base/clock.h"

struct pt_exec {
    pt_space_t *space; /**< borrowed */
    char *arena;
    size_t bound;
    double op_seconds, loss_seconds;
    int64_t madds;
};

pt_status_t pt_exec_new(pt_space_t *space, size_t arena_bound, pt_exec_t **out)
{
    pt_exec_t *exec;
    void *arena;
    pt_status_t status;

    PT_TRY(pt_alloc(&exec, 1, sizeof *exec));
    PT_TRY_OR(failed, pt_reserve(arena_bound, &arena));
    exec->arena = arena;
    exec->space = space;
    exec->bound = arena_bound;
    *out = exec;
    return PT_OK;
failed:
    pt_free(exec);
    return status;
}

void pt_exec_free(pt_exec_t *exec)
{
    if (exec == NULL)
        return;
    pt_reserve_release(exec->arena, exec->bound);
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

/** What one run needs at every instruction. */
typedef struct run {
    pt_exec_t *exec;
    const pt_plan_t *plan;
    const pt_unit_t *unit;
    int32_t bad_param;
} run_t;

static pt_real_t *at(const run_t *run, int64_t offset)
{
    if (offset == NETWORK_INPUT)
        return (pt_real_t *)(uintptr_t)
            run->unit->input; /* read only: op inputs are const */
    return offset < 0 ? NULL : (pt_real_t *)(void *)(run->exec->arena + offset);
}

static pt_mode_t mode_of(const pt_plan_t *plan)
{
    if (plan->phase == PT_PHASE_EVAL)
        return PT_MODE_EVAL;
    return plan->phase == PT_PHASE_CALIBRATE ? PT_MODE_CALIBRATE : PT_MODE_TRAIN;
}

static double *gate_gradient(const run_t *run, const instr_t *in)
{
    size_t row = (size_t)in->slot * (size_t)run->plan->space->n_choice;

    return run->unit->dgate + row + (size_t)in->choice;
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
    args->work = run->exec->arena;
    args->mode = mode_of(plan);
    args->gate = 1;
    if (in->is_soft)
        args->gate = pt_subnet_gates(run->unit->subnet, plan->task[in->slot])[in->choice];
    if (in->op == NONE)
        return;
    for (int32_t p = 0; p < in->inst->n_param; p++)
        args->param[p] =
            store->value + store->param[plan->space->op[in->op].param[p]].offset;
    args->param_version = store->version;
    if (in->stat != NONE && run->unit->stat != NULL)
        args->stat = run->unit->stat + plan->stat[in->stat].offset;
    if (in->stat != NONE && run->unit->stat_sum != NULL)
        args->stat_sum = run->unit->stat_sum + plan->stat[in->stat].offset;
    args->rng = run->unit->rng;
    args->rng.purpose = PT_RNG_DROPOUT;
    args->rng.task = (uint16_t)plan->task[in->slot];
    /* 12 bits for the operation, 20 for the unit, 32 for elements / 4. */
    args->rng_index = (uint64_t)in->op << 52 ^ (uint64_t)run->unit->index << 32;
}

/** Form the parameter gradients in scratch and add them to the fixed-point sums. */
static void backward(run_t *run, const instr_t *in, pt_op_args_t *args)
{
    pt_store_t *store = &run->exec->space->store;
    char *scratch = run->exec->arena + run->plan->work_bytes;

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
        bool is_good =
            in->inst->kernel->fixed_add(param->count, args->dparam[p], run->unit->limit,
                                        store->grad_sum + param->offset);
        if (!is_good && run->bad_param < 0)
            run->bad_param = number;
    }
}

static void step(run_t *run, const instr_t *in)
{
    const pt_kernel_t *kernel = run->plan->space->mix1[0].kernel;
    pt_op_args_t args;

    switch (in->kind) {
    case INSTR_LOSS:
        run->unit->loss(run->unit->loss_context, run->plan->task[in->slot],
                        at(run, in->x[0]), at(run, in->dx[0]));
        break;
    case INSTR_ADD:
        kernel->add_scaled(in->n, at(run, in->x[0]), 1, at(run, in->x[1]), at(run, in->y));
        break;
    case INSTR_FORWARD:
        fill_args(run, in, &args);
        in->inst->op->forward(in->inst, &args);
        run->exec->madds += in->inst->madds;
        break;
    case INSTR_BACKWARD:
        fill_args(run, in, &args);
        backward(run, in, &args);
        break;
    }
}

int32_t pt_exec_run(pt_exec_t *exec, const pt_plan_t *plan, const pt_unit_t *unit)
{
    run_t run = {exec, plan, unit, -1};
    double begin = pt_clock();

    if (plan->phase == PT_PHASE_ALPHA)
        memset(unit->dgate, 0,
               (size_t)plan->n_task * (size_t)plan->space->n_choice * sizeof *unit->dgate);
    for (int32_t i = 0; i < plan->n_instr; i++) {
        step(&run, &plan->instr[i]);
        double end = pt_clock();
        if (plan->instr[i].kind == INSTR_LOSS)
            exec->loss_seconds += end - begin;
        else
            exec->op_seconds += end - begin;
        begin = end;
    }
    return run.bad_param;
}
