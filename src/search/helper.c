/* What ranks do that have no place in a run's layout: they judge candidates with the
 * others. */
#include "polytree/search/helper.h"

#include "polytree/base/memory.h"
#include "search/run.h"

struct pt_helper {
    pt_layout_t layout; /* of this rank alone */
    pt_trainer_t *trainer;
    pt_search_t *search; /* without a folder, a journal, or weights of its own */
};

bool pt_helper_is_wanted(const pt_config_t *config, const pt_layout_t *layout)
{
    return pt_config_is_judged(config) && config->choose.supernet[0] == '\0' &&
           config->layout.groups != 1 && run_group_stages(config, layout->extent) == 1;
}

pt_status_t pt_helper_new(const pt_config_t *config, const pt_layout_t *layout,
                          pt_dataset_t *dataset, const pt_kernel_t *kernel,
                          pt_machine_t *machine, pt_helper_t **out)
{
    static const int32_t one[PT_N_AXIS] = {1, 1, 1};
    pt_helper_t *h = NULL;
    pt_status_t status;
    PT_TRY_OR(failed, pt_alloc(&h, 1, sizeof *h));
    PT_TRY_OR(failed, pt_layout_init(&h->layout, pt_comm_alone(), one, false));
    PT_TRY_OR(failed,
              pt_trainer_new(config, &h->layout, dataset, kernel, machine, &h->trainer));
    PT_TRY_OR(failed, run_make_helper(config, layout, h->trainer, &h->search));
    *out = h;
    return PT_OK;
failed:
    pt_helper_free(h);
    return status;
}

void pt_helper_free(pt_helper_t *helper)
{
    if (helper == NULL)
        return;
    pt_search_free(helper->search);
    pt_trainer_free(helper->trainer);
    pt_layout_release(&helper->layout);
    pt_free(helper);
}

/* A bout that has failed is followed by the word that there are no more. */
pt_status_t pt_helper_run(pt_helper_t *helper)
{
    pt_status_t status = PT_OK;
    for (bool is_end = false; !is_end;) {
        pt_status_t now = run_bout_help(helper->search, &is_end);
        status = status == PT_OK ? now : status;
    }
    return status;
}
