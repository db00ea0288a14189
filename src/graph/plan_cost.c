/* What a plan costs: of its candidates, to cut a space; and of its sections, to predict. */
#include <stdio.h>

#include "graph/plan.h"

/** Seconds of one instruction, as counted. */
static double count_seconds(const instr_t *in, int64_t microbatch, const pt_rates_t *rates)
{
    int64_t elements = 0, passes = 1;

    if (in->kind == INSTR_TAKE || in->kind == INSTR_GIVE)
        return (double)(2 * in->n) * sizeof(pt_real_t) / rates->memory;
    if (in->inst == NULL)
        return (double)(3 * in->n) * sizeof(pt_real_t) / rates->memory;
    if (in->kind == INSTR_BACKWARD) {
        passes = in->forms_params;
        for (int32_t i = 0; i < in->inst->n_in; i++)
            passes += in->dx[i] != NONE;
    }
    elements = pt_shape_count(in->inst->out);
    for (int32_t i = 0; i < in->inst->n_in; i++)
        elements += pt_shape_count(in->inst->in[i]);
    return (double)(passes * in->inst->madds * microbatch) / rates->madds +
           (double)(passes * elements) * sizeof(pt_real_t) / rates->memory;
}

static int print_shape(char *text, size_t size, pt_shape_t shape)
{
    return snprintf(text, size, " %lldx%lldx%lldx%lld", (long long)shape.n,
                    (long long)shape.h, (long long)shape.w, (long long)shape.c);
}

void plan_instr_name(const pt_plan_t *plan, const instr_t *in, char name[PT_MACHINE_NAME])
{
    static const char *const direction[] = {[INSTR_FORWARD] = "forward",
                                            [INSTR_BACKWARD] = "backward",
                                            [INSTR_ADD] = "add",
                                            [INSTR_LOSS] = "loss"};
    static const char *const pass[] = {[PT_PASS_WEIGHT] = "",
                                       [PT_PASS_ALPHA] = "alpha ",
                                       [PT_PASS_LOSS] = "loss ",
                                       [PT_PASS_CALIBRATE] = "calibrate ",
                                       [PT_PASS_EVAL] = "eval "};
    const pt_op_inst_t *inst = in->inst;
    size_t size = PT_MACHINE_NAME;
    int at;

    if (inst == NULL) {
        snprintf(name, size, "%s%s %lld", pass[plan->pass], direction[in->kind],
                 (long long)in->n);
        return;
    }
    const pt_op_attr_t *a = &inst->attr;
    at = snprintf(name, size, "%s%s %s %d/%d/%d/%d/%d", pass[plan->pass],
                  direction[in->kind], inst->op->name, a->kernel, a->stride, a->dilation,
                  a->groups, (int)a->act);
    for (int32_t i = 0; i < inst->n_in; i++)
        at += print_shape(name + at, size - (size_t)at, inst->in[i]);
    at += print_shape(name + at, size - (size_t)at, inst->out);
    if (in->kind == INSTR_BACKWARD)
        snprintf(name + at, size - (size_t)at, "%s%s%s%s", in->dx[0] != NONE ? " dx" : "",
                 in->dx[1] != NONE ? " dx2" : "", in->forms_params ? " dw" : "",
                 in->forms_gate ? " dg" : "");
}

/** Seconds of one instruction, as known, else as counted. */
static double instr_seconds(const pt_plan_t *plan, const instr_t *in,
                            const pt_machine_t *machine)
{
    char name[PT_MACHINE_NAME];
    double seconds = -1;

    if (tape_is_measured(in)) {
        plan_instr_name(plan, in, name);
        seconds = pt_machine_find(machine, name);
    }
    return seconds >= 0 ? seconds
                        : count_seconds(in, plan->space->microbatch, &machine->rates);
}

/** What a value costs either side of a cut that it crosses one way: a copy, and half of
 * receiving it, as one side receives what the other sends. */
static double cross_seconds(int64_t n, const pt_machine_t *machine, pt_wire_t wire)
{
    double bytes = (double)n * sizeof(pt_real_t);

    return 2 * bytes / machine->rates.memory + pt_machine_receive(machine, wire, bytes) / 2;
}

bool pt_plan_is_known(const pt_plan_t *plan, const pt_machine_t *machine)
{
    char name[PT_MACHINE_NAME];

    for (int32_t i = 0; i < plan->n_instr; i++) {
        if (!tape_is_measured(&plan->instr[i]))
            continue;
        plan_instr_name(plan, &plan->instr[i], name);
        if (pt_machine_find(machine, name) < 0)
            return false;
    }
    return true;
}

pt_status_t pt_plan_unknown(const pt_plan_t *plan, const pt_machine_t *machine,
                            pt_machine_t *counted)
{
    char name[PT_MACHINE_NAME];

    for (int32_t i = 0; i < plan->n_instr; i++) {
        const instr_t *in = &plan->instr[i];
        if (!tape_is_measured(in))
            continue;
        plan_instr_name(plan, in, name);
        if (pt_machine_find(machine, name) < 0)
            PT_TRY(pt_machine_learn(
                counted, name,
                count_seconds(in, plan->space->microbatch, &machine->rates)));
    }
    return PT_OK;
}

void pt_plan_load(const pt_plan_t *plan, double units, const pt_machine_t *machine,
                  pt_wire_t wire, pt_load_t *load)
{
    for (int32_t i = 0; i < plan->n_instr; i++) {
        const instr_t *in = &plan->instr[i];
        if (in->candidate != NONE)
            load->cost[in->candidate] += units * instr_seconds(plan, in, machine);
    }
    for (int32_t i = 0; i < plan->n_value; i++) {
        const value_t *v = &plan->value[i];
        double seconds = cross_seconds(pt_shape_count(v->inst->out), machine, wire);
        /* Down once, up once for each task and for the shared consumers. */
        if (v->needs_adjoint && plan_has_backward(plan))
            seconds *= v->n_user > 1 ? 2 + v->n_user : 2;
        for (int32_t c = v->position + 1; c <= v->last_reader; c++)
            load->transfer[c] += units * seconds;
    }
}

void pt_plan_sections(const pt_plan_t *plan, const pt_machine_t *machine, pt_wire_t wire,
                      pt_section_t *forward, pt_section_t *backward)
{
    pt_section_t section = {0};

    for (int32_t i = 0; i < plan->n_instr; i++) {
        const instr_t *in = &plan->instr[i];
        if (in->kind == INSTR_PAUSE) {
            *(in->is_back ? backward++ : forward++) = section;
            section = (pt_section_t){0};
            continue;
        }
        section.seconds += instr_seconds(plan, in, machine);
        if (in->kind == INSTR_TAKE)
            section.seconds +=
                pt_machine_receive(machine, wire, (double)in->n * sizeof(pt_real_t));
        if (in->kind == INSTR_GIVE)
            section.bytes += in->n * (int64_t)sizeof(pt_real_t);
    }
}
