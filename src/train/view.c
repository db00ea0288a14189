#include "train/view.h"

#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/train/feed.h"

void pt_feed_shape(const pt_dataset_t *dataset, int64_t size, int64_t hwc[3])
{
    pt_dataset_input(dataset, hwc);
    if (size == 0 || hwc[0] * hwc[1] == 1)
        return;
    int64_t shorter = hwc[0] < hwc[1] ? hwc[0] : hwc[1];
    for (int i = 0; i < 2; i++)
        hwc[i] = (2 * size * hwc[i] + shorter) / (2 * shorter);
}

pt_label_t view_no_label(const pt_task_info_t *info)
{
    return pt_task_is_float(info) ? (pt_label_t){.f = NAN}
                                  : (pt_label_t){.i = PT_LABEL_NONE};
}

/* Values of the largest label map as stored; 0 without maps. */
static int64_t largest_map(const pt_dataset_t *dataset)
{
    int64_t most = 0;
    for (int32_t t = 0; t < pt_dataset_n_task(dataset); t++) {
        const pt_task_info_t *info = pt_dataset_task(dataset, t);
        int64_t n = pt_task_is_map(info) ? pt_task_labels(info) : 0;
        most = n > most ? n : most;
    }
    return most;
}

static void fill_pixels(view_t *view)
{
    int32_t *pixel = view->pixel;
    for (int64_t i = 0; i < view->hwc[0]; i++)
        for (int64_t j = 0; j < view->hwc[1]; j++)
            *pixel++ = (int32_t)(view->rescale.y.nearest[i] * view->stored[1] +
                                 view->rescale.x.nearest[j]);
}

pt_status_t view_init(const pt_dataset_t *dataset, int64_t size, view_t *view)
{
    int64_t most = largest_map(dataset);
    pt_dataset_input(dataset, view->stored);
    pt_feed_shape(dataset, size, view->hwc);
    const int64_t *stored = view->stored, *hwc = view->hwc;
    view->is_resized = memcmp(stored, hwc, sizeof view->hwc) != 0;
    if (!view->is_resized)
        return PT_OK;
    if (stored[0] * stored[1] > INT32_MAX)
        PT_FAIL(RANGE, "images of %lld x %lld pixels are too large to be resized",
                (long long)stored[0], (long long)stored[1]);
    PT_TRY(rescale_init(stored, hwc, hwc[2], &view->rescale));
    PT_TRY(pt_alloc(&view->image, (size_t)(stored[0] * stored[1] * stored[2]),
                    sizeof *view->image));
    if (most == 0)
        return PT_OK;
    PT_TRY(pt_alloc(&view->label, (size_t)most, sizeof *view->label));
    PT_TRY(pt_alloc(&view->pixel, (size_t)(hwc[0] * hwc[1]), sizeof *view->pixel));
    fill_pixels(view);
    return PT_OK;
}

void view_release(view_t *view)
{
    rescale_release(&view->rescale);
    pt_free(view->pixel);
    pt_free(view->image);
    pt_free(view->label);
    memset(view, 0, sizeof *view);
}

pt_status_t view_read(view_t *view, pt_dataset_t *dataset, pt_split_t split, int64_t row,
                      float *out)
{
    PT_TRY(pt_dataset_read(dataset, split, &row, 1, view->is_resized ? view->image : out));
    if (view->is_resized)
        rescale_image(&view->rescale, view->image, out);
    return PT_OK;
}

pt_status_t view_read_labels(view_t *view, pt_dataset_t *dataset, pt_split_t split,
                             int32_t task, int64_t row, pt_label_t *out)
{
    const pt_task_info_t *info = pt_dataset_task(dataset, task);
    int64_t n = view->hwc[0] * view->hwc[1], c = info->channels;
    if (!view->is_resized || !pt_task_is_map(info))
        return pt_dataset_read_labels(dataset, split, task, &row, 1, out);
    PT_TRY(pt_dataset_read_labels(dataset, split, task, &row, 1, view->label));
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < c; k++)
            out[i * c + k] = view->label[view->pixel[i] * c + k];
    return PT_OK;
}
