/* The network of old tasks and new ones: its description and its checkpoint. */
#include <string.h>

#include "polytree/arch/copies.h"
#include "polytree/base/memory.h"
#include "search/run.h"

static pt_status_t make_space(const pt_search_t *s, pt_space_t **out)
{
    const pt_space_t *old = s->extend.old.space;
    int32_t n = old->n_task + s->space->n_task;
    pt_shape_t input = old->node[0].shape;
    pt_space_task_t *task;
    PT_TRY(pt_alloc(&task, (size_t)n, sizeof *task));
    memcpy(task, old->task, (size_t)old->n_task * sizeof *task);
    memcpy(task + old->n_task, s->space->task, (size_t)s->space->n_task * sizeof *task);
    bool is_branch = s->space->kind == PT_SPACE_BRANCH;
    const pt_space_spec_t spec = {
        input.h,      input.w, input.c, n, task, is_branch ? &s->branching : NULL,
        old->widening};
    pt_status_t status = pt_space_new(s->config, &spec, NULL, out);
    pt_free(task);
    return status;
}

static void fill_subnet(const pt_search_t *s, const pt_space_t *all, pt_subnet_t *subnet)
{
    const pt_subnet_t *old = &s->extend.old.subnet;
    int32_t n_old = s->extend.n_old;
    if (all->kind == PT_SPACE_BRANCH) {
        pt_copies_switch_groups(all, &s->branching, subnet);
        return;
    }
    for (int32_t k = 0; k < all->n_task; k++) {
        const uint64_t *from =
            k < n_old ? pt_subnet_bits(old, k) : pt_subnet_bits(&s->subnet, k - n_old);
        memcpy(pt_subnet_bits(subnet, k), from, subnet->words * sizeof *from);
        pt_subnet_harden(subnet, k);
    }
    subnet->is_soft = false;
}

/* Old tasks first, whose inputs and bundles these are; both lend what they own. */
static pt_status_t join_interfaces(const pt_search_t *s, const pt_interface_t *ours,
                                   pt_interface_t *all)
{
    const extend_t *e = &s->extend;
    const pt_interface_t *old = &e->old.interface;
    int32_t n = e->n_old + ours->n_task;
    PT_TRY(pt_alloc(&all->task, (size_t)n, sizeof *all->task));
    all->input = old->input;
    all->n_task = n;
    for (int32_t k = 0; k < n; k++) {
        bool is_old = k < e->n_old;
        all->task[k] = is_old ? old->task[k] : ours->task[k - e->n_old];
        if (!is_old)
            all->task[k].bundle = old->task[e->donor[k - e->n_old]].bundle;
    }
    return PT_OK;
}

pt_status_t run_extend_write(pt_search_t *s, const pt_interface_t *ours, const char *path)
{
    pt_space_t *space = NULL;
    pt_subnet_t subnet = {0};
    pt_interface_t all = {.n_task = 0};
    pt_status_t status;
    PT_TRY_OR(done, make_space(s, &space));
    PT_TRY_OR(done, pt_subnet_init(&subnet, space->n_task, space->n_choice));
    fill_subnet(s, space, &subnet);
    PT_TRY_OR(done, join_interfaces(s, ours, &all));
    PT_TRY_OR(done, pt_architecture_write(space, &subnet, NULL, &all, path));
    s->extend.network_of_all = space->fingerprint;
    extend_release_old(&s->extend);
done:
    pt_free(all.task);
    pt_subnet_release(&subnet);
    pt_space_free(space);
    return status;
}

pt_status_t run_extend_save(const pt_search_t *s, pt_checkpoint_t *c)
{
    const pt_checkpoint_t *kept = &s->extend.kept;
    const int64_t one = 1;
    if (!extend_is_on(s->config) || !run_has_network(&s->state))
        return PT_OK;
    PT_TRY(pt_checkpoint_add(c, EXTEND_OF_ALL, PT_DTYPE_U64, &one, 1,
                             &s->extend.network_of_all, true));
    const int64_t words = (int64_t)s->subnet.words;
    PT_TRY(
        pt_checkpoint_add(c, EXTEND_USED, PT_DTYPE_U64, &words, 1, s->extend.used, true));
    for (int32_t i = 0; i < kept->n_record; i++) {
        const pt_record_t *r = &kept->record[i];
        if (pt_checkpoint_find(c, r->name) == NULL)
            PT_TRY(pt_checkpoint_add(c, r->name, r->dtype, r->dim, r->n_dim, r->data,
                                     r->in_payload));
    }
    return PT_OK;
}
