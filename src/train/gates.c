/* Filling in the gates of a step: drawn ones of its tasks, or all open. */
#include "polytree/train/gates.h"

/** `run = all`: closed candidates run too, with gate 0.  So does whatever hangs loose,
 * which a subnet of its own would not run: it must not add the constant that an operation
 * makes of nothing. */
static void open_all(const pt_gate_draw_t *d, int32_t task, pt_subnet_t *subnet)
{
    pt_real_t *gate = pt_subnet_gates(subnet, task);

    pt_subnet_reach(d->space, subnet, task, d->alive_candidate, d->alive_node);
    for (int32_t c = 0; c < subnet->n_choice; c++) {
        if (!d->alive_candidate[pt_space_choice_candidate(d->space, c, task)])
            gate[c] = 0;
        pt_bitset_set(pt_subnet_bits(subnet, task), c, true);
    }
}

void pt_gates_draw(const pt_gate_draw_t *d, const int32_t *task, int32_t n,
                   pt_subnet_t *subnet, double *g)
{
    /* Who looks ahead of a search that judges candidates draws what is like one. */
    bool has_one_copy = d->space->has_one_copy && !d->is_warmup;
    bool is_hard = d->config->search.gates == PT_GATES_HARD || has_one_copy;
    /* Branches warm up on copies of their own, and leave the others alone. */
    bool opens_all = is_hard && !d->step->is_alpha && d->config->search.run == PT_RUN_ALL &&
                     !has_one_copy && !(d->is_warmup && d->space->kind == PT_SPACE_BRANCH);
    pt_rng_t rng = pt_step_rng(d->config, d->step, PT_RNG_GATE);

    subnet->is_active_only = d->space->has_one_copy;
    for (int32_t i = 0; i < n; i++) {
        double *row = g + (size_t)task[i] * (size_t)d->space->n_choice;
        (d->is_warmup ? pt_alpha_warmup : pt_alpha_sample)(
            d->space, d->alpha, task[i], &rng, d->tau, is_hard, subnet, row);
        if (opens_all)
            open_all(d, task[i], subnet);
    }
    if (opens_all)
        subnet->is_soft = true;
}
