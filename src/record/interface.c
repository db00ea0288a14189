/* What goes into a network and what comes out, taken from the data set of its training. */
#include "polytree/record/interface.h"

#include <string.h>

#include "polytree/base/memory.h"

static pt_status_t copy_standard(const pt_standard_t *from, int64_t n,
                                 const pt_standard_t **to)
{
    pt_standard_t *copy;
    *to = NULL;
    if (from == NULL)
        return PT_OK;
    PT_TRY(pt_alloc(&copy, (size_t)n, sizeof *copy));
    memcpy(copy, from, (size_t)n * sizeof *copy);
    *to = copy;
    return PT_OK;
}

static pt_status_t copy_names(const pt_class_name_t *from, int64_t n,
                              const pt_class_name_t **to)
{
    pt_class_name_t *copy;
    *to = NULL;
    if (from == NULL)
        return PT_OK;
    PT_TRY(pt_alloc(&copy, (size_t)n, sizeof *copy));
    memcpy(copy, from, (size_t)n * sizeof *copy);
    *to = copy;
    return PT_OK;
}

static pt_status_t take_task(const pt_dataset_t *dataset, int32_t task,
                             pt_interface_task_t *to)
{
    const pt_task_info_t *info = pt_dataset_task(dataset, task);
    to->info = *info;
    PT_TRY(copy_standard(info->standard, info->channels, &to->info.standard));
    return copy_names(pt_dataset_class_names(dataset, task), info->classes,
                      &to->class_name);
}

static pt_status_t take_input(const pt_dataset_t *dataset, pt_input_info_t *to)
{
    const pt_input_info_t from = pt_dataset_input_info(dataset);
    *to = from;
    to->standard = NULL;
    PT_TRY(copy_names(from.name, from.hwc[2], &to->name));
    return copy_standard(from.standard, from.hwc[2], &to->standard);
}

static pt_status_t take(const pt_dataset_t *dataset, const pt_feed_t *feed,
                        pt_interface_t *to)
{
    int32_t n = pt_dataset_n_task(dataset);
    PT_TRY(take_input(dataset, &to->input));
    PT_TRY(pt_alloc(&to->task, (size_t)n, sizeof *to->task));
    for (int32_t k = 0; k < n; k++) {
        to->n_task = k + 1;
        PT_TRY(take_task(dataset, k, &to->task[k]));
    }
    for (int32_t b = 0; b < pt_feed_n_bundle(feed); b++) {
        const pt_bundle_t *bundle = pt_feed_bundle(feed, b);
        for (int32_t i = 0; i < bundle->n_task; i++)
            to->task[bundle->task[i]].bundle = b;
    }
    return PT_OK;
}

pt_status_t pt_interface_of(const pt_dataset_t *dataset, const pt_feed_t *feed,
                            pt_interface_t *out)
{
    pt_interface_t made = {.n_task = 0};
    pt_status_t status = take(dataset, feed, &made);
    if (status == PT_OK)
        *out = made;
    else
        pt_interface_release(&made);
    return status;
}

void pt_interface_release(pt_interface_t *interface)
{
    for (int32_t k = 0; k < interface->n_task; k++) {
        pt_free((pt_class_name_t *)interface->task[k].class_name);
        pt_free((pt_standard_t *)interface->task[k].info.standard);
    }
    pt_free(interface->task);
    pt_free((pt_standard_t *)interface->input.standard);
    pt_free((pt_class_name_t *)interface->input.name);
    *interface = (pt_interface_t){.n_task = 0};
}
