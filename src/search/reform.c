/* Building the network of a run in another form: the one that is trained. */
#include "polytree/arch/copies.h"
#include "search/run.h"

bool run_changes_form(const pt_search_t *s)
{
    const pt_config_t *c = s->config;
    return !pt_methods[c->search.method].is_fixed &&
           (c->space.kind == PT_SPACE_BRANCH || c->data.search_size > 0 ||
            s->widening != 1);
}

/* The subnet of a space that has just what the branching needs. */
static pt_status_t take_groups(pt_search_t *s)
{
    pt_subnet_release(&s->subnet);
    PT_TRY(pt_subnet_init(&s->subnet, s->space->n_task, s->space->n_choice));
    pt_copies_switch_groups(s->space, &s->branching, &s->subnet);
    return PT_OK;
}

pt_status_t run_change_form(pt_search_t *s)
{
    bool is_branch = s->space->kind == PT_SPACE_BRANCH;
    const pt_form_t form = {.branching = is_branch ? &s->branching : NULL,
                            .widening = s->widening};
    choose_close_widths(&s->choose);
    pt_resource_release(&s->resource);
    pt_space_free(s->full_size);
    s->full_size = NULL;
    PT_TRY(pt_trainer_reform(s->trainer, &form));
    s->space = pt_trainer_space(s->trainer);
    pt_fingerprint_make(s->space, s->space->op[0].inst.kernel, &s->fingerprint);
    if (is_branch)
        PT_AGREE(s->world, take_groups(s));
    return PT_OK;
}
