/* Units of inputs and labels to and from a checkpoint. */
#include "search/standard.h"

#include <math.h>

#include "polytree/base/memory.h"

static int64_t input_channels(const pt_dataset_t *dataset)
{
    int64_t hwc[3];
    pt_dataset_input(dataset, hwc);
    return hwc[2];
}

int64_t standard_count(const pt_dataset_t *dataset)
{
    int64_t n = input_channels(dataset);
    for (int32_t t = 0; t < pt_dataset_n_task(dataset); t++)
        n += pt_dataset_task(dataset, t)->channels;
    return n;
}

static double *put(const pt_standard_t *standard, int64_t n, double *pair)
{
    for (int64_t c = 0; c < n; c++) {
        *pair++ = standard ? standard[c].mean : (double)NAN;
        *pair++ = standard ? standard[c].deviation : (double)NAN;
    }
    return pair;
}

void standard_pack(const pt_dataset_t *dataset, double *pair)
{
    pair = put(pt_dataset_input_standard(dataset), input_channels(dataset), pair);
    for (int32_t t = 0; t < pt_dataset_n_task(dataset); t++) {
        const pt_task_info_t *info = pt_dataset_task(dataset, t);
        pair = put(info->standard, info->channels, pair);
    }
}

pt_status_t standard_take(pt_dataset_t *dataset, const double *pair)
{
    int64_t n = standard_count(dataset), at = input_channels(dataset);
    pt_standard_t *all = NULL;
    const pt_standard_t **task = NULL;
    pt_status_t status = PT_OK;
    PT_TRY_OR(done, pt_alloc(&all, (size_t)n, sizeof *all));
    PT_TRY_OR(done, pt_alloc(&task, (size_t)pt_dataset_n_task(dataset), sizeof *task));
    for (int64_t i = 0; i < n; i++)
        all[i] = (pt_standard_t){pair[2 * i], pair[2 * i + 1]};
    for (int32_t t = 0; t < pt_dataset_n_task(dataset); t++) {
        task[t] = isnan(all[at].mean) ? NULL : &all[at];
        at += pt_dataset_task(dataset, t)->channels;
    }
    status = pt_dataset_set_standards(dataset, isnan(all[0].mean) ? NULL : all, task);
done:
    pt_free(task);
    pt_free(all);
    return status;
}
