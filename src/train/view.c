/* Reading samples as the feed shows them: resized, and warped in training. */
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

/* Most channels of a label map, 0 without maps. */
static int64_t widest_map(const pt_dataset_t *dataset)
{
    int64_t most = 0;
    for (int32_t t = 0; t < pt_dataset_n_task(dataset); t++) {
        const pt_task_info_t *info = pt_dataset_task(dataset, t);
        if (pt_task_is_map(info) && info->channels > most)
            most = info->channels;
    }
    return most;
}

static pt_status_t init_maps(view_t *view, int64_t channels)
{
    const int64_t *stored = view->stored, *hwc = view->hwc;
    if (stored[0] * stored[1] > INT32_MAX)
        PT_FAIL(RANGE, "label maps of %lld x %lld pixels are too large to be moved",
                (long long)stored[0], (long long)stored[1]);
    PT_TRY(pt_alloc(&view->label, (size_t)((1 + stored[0] * stored[1]) * channels),
                    sizeof *view->label));
    PT_TRY(pt_alloc(&view->row, (size_t)hwc[0], sizeof *view->row));
    PT_TRY(pt_alloc(&view->column, (size_t)hwc[1], sizeof *view->column));
    PT_TRY(pt_alloc(&view->pixel, (size_t)(hwc[0] * hwc[1]), sizeof *view->pixel));
    for (int64_t i = 0; i < hwc[0]; i++)
        view->row[i] = (int32_t)(rescale_nearest(stored[0], hwc[0], i) * stored[1]);
    for (int64_t j = 0; j < hwc[1]; j++)
        view->column[j] = (int32_t)rescale_nearest(stored[1], hwc[1], j);
    return PT_OK;
}

pt_status_t view_init(const pt_dataset_t *dataset, int64_t size, bool can_map, view_t *view)
{
    int64_t channels = widest_map(dataset);
    pt_dataset_input(dataset, view->stored);
    pt_feed_shape(dataset, size, view->hwc);
    const int64_t *stored = view->stored, *hwc = view->hwc;
    view->is_resized = memcmp(stored, hwc, sizeof view->hwc) != 0;
    if (view->is_resized) {
        PT_TRY(rescale_init(stored, hwc, hwc[2], &view->rescale));
        PT_TRY(pt_alloc(&view->image, (size_t)(stored[0] * stored[1] * stored[2]),
                        sizeof *view->image));
    }
    if (can_map)
        PT_TRY(pt_alloc(&view->whole, (size_t)(hwc[0] * hwc[1] * hwc[2]),
                        sizeof *view->whole));
    return channels > 0 && (view->is_resized || can_map) ? init_maps(view, channels)
                                                         : PT_OK;
}

void view_release(view_t *view)
{
    rescale_release(&view->rescale);
    pt_free(view->image);
    pt_free(view->whole);
    pt_free(view->label);
    pt_free(view->row);
    pt_free(view->column);
    pt_free(view->pixel);
    memset(view, 0, sizeof *view);
}

bool view_is_plain(const view_t *view)
{
    return !view->is_resized && !view->is_mapped;
}

void view_aim(view_t *view, const pt_warp_t *warp)
{
    int32_t *pixel = view->pixel;
    view->is_mapped = warp != NULL;
    if (view->is_mapped)
        view->warp = *warp;
    if (pixel == NULL || view_is_plain(view))
        return;
    if (view->is_mapped) {
        pt_warp_pixels(&view->warp, view->hwc[0], view->hwc[1], view->row, view->column,
                       pixel);
        return;
    }
    for (int64_t i = 0; i < view->hwc[0]; i++)
        for (int64_t j = 0; j < view->hwc[1]; j++)
            *pixel++ = view->row[i] + view->column[j];
}

pt_status_t view_read(view_t *view, pt_dataset_t *dataset, pt_split_t split, int64_t row,
                      float *out)
{
    const int64_t *hwc = view->hwc;
    float *whole = view->is_mapped ? view->whole : out;
    PT_TRY(
        pt_dataset_read(dataset, split, &row, 1, view->is_resized ? view->image : whole));
    if (view->is_resized)
        rescale_image(&view->rescale, view->image, whole);
    if (view->is_mapped)
        pt_warp_apply(&view->warp, hwc[0], hwc[1], hwc[2], whole, out);
    return PT_OK;
}

/* dst pixel i is src pixel[i]; inlined so that c may be a constant. */
static inline void gather(int64_t n, int64_t c, const int32_t *restrict pixel,
                          const pt_label_t *restrict src, pt_label_t *restrict dst)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < c; k++)
            dst[i * c + k] = src[pixel[i] * c + k];
}

typedef pt_status_t read_fn(pt_dataset_t *, pt_split_t, int32_t, const int64_t *, int64_t,
                            pt_label_t *);

/* What is read of a row of labels, in the view's pixels. */
static pt_status_t show_row(view_t *view, pt_dataset_t *dataset, pt_split_t split,
                            int32_t task, int64_t row, read_fn *read, pt_label_t *out)
{
    const pt_task_info_t *info = pt_dataset_task(dataset, task);
    int64_t n = view->hwc[0] * view->hwc[1], c = info->channels;
    if (view_is_plain(view) || !pt_task_is_map(info))
        return read(dataset, split, task, &row, 1, out);
    for (int64_t k = 0; k < c; k++)
        view->label[k] = view_no_label(info);
    PT_TRY(read(dataset, split, task, &row, 1, view->label + c));
    if (c == 1)
        gather(n, 1, view->pixel, view->label + 1, out);
    else if (c == 3)
        gather(n, 3, view->pixel, view->label + 3, out);
    else
        gather(n, c, view->pixel, view->label + c, out);
    return PT_OK;
}

pt_status_t view_read_labels(view_t *view, pt_dataset_t *dataset, pt_split_t split,
                             int32_t task, int64_t row, pt_label_t *out)
{
    const pt_task_info_t *info = pt_dataset_task(dataset, task);
    PT_TRY(show_row(view, dataset, split, task, row, pt_dataset_read_labels, out));
    if (view->is_mapped && pt_task_is_map(info))
        pt_warp_labels(&view->warp, info, view->hwc[0] * view->hwc[1], out);
    return PT_OK;
}

pt_status_t view_read_rests(view_t *view, pt_dataset_t *dataset, pt_split_t split,
                            int32_t task, int64_t row, pt_label_t *out)
{
    return show_row(view, dataset, split, task, row, pt_dataset_read_rests, out);
}
