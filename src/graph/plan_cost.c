/* What a plan costs: of its candidates, to cut a space; and of its sections, to predict. */
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

void pt_plan_load(const pt_plan_t *plan, double units, const pt_machine_t *machine,
                  pt_wire_t wire, pt_load_t *load)
{
    int64_t microbatch = plan->space->microbatch;

    for (int32_t i = 0; i < plan->n_instr; i++) {
        const instr_t *in = &plan->instr[i];
        if (in->candidate != NONE)
            load->cost[in->candidate] +=
                units * count_seconds(in, microbatch, &machine->rates);
    }
    for (int32_t i = 0; i < plan->n_value; i++) {
        const value_t *v = &plan->value[i];
        double bytes = (double)pt_shape_count(v->inst->out) * sizeof(pt_real_t);
        double seconds = bytes / machine->rates.bandwidth[wire];
        /* Down once, up once for each task and for the shared consumers. */
        if (v->needs_adjoint && plan_has_backward(plan))
            seconds *= v->n_user > 1 ? 2 + v->n_user : 2;
        for (int32_t c = v->position + 1; c <= v->last_reader; c++)
            load->transfer[c] += units * seconds;
    }
}

void pt_plan_sections(const pt_plan_t *plan, const pt_machine_t *machine,
                      pt_section_t *forward, pt_section_t *backward)
{
    int64_t microbatch = plan->space->microbatch;
    pt_section_t section = {0};

    for (int32_t i = 0; i < plan->n_instr; i++) {
        const instr_t *in = &plan->instr[i];
        if (in->kind == INSTR_PAUSE) {
            *(in->is_back ? backward++ : forward++) = section;
            section = (pt_section_t){0};
            continue;
        }
        section.seconds += count_seconds(in, microbatch, &machine->rates);
        if (in->kind == INSTR_GIVE)
            section.bytes += in->n * (int64_t)sizeof(pt_real_t);
    }
}
