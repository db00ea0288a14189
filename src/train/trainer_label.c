/* Labels of a trainer's units: room for them, reading them, and what their scale is. */
#include "train/stream.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"

/** Labels of a unit of a bundle. */
static int64_t unit_labels(const pt_trainer_t *t, const pt_bundle_t *bundle)
{
    int64_t n = 0;

    for (int32_t i = 0; i < bundle->n_task; i++)
        n += pt_feed_labels(t->feed, bundle->task[i]);
    return n * t->config->train.microbatch;
}

pt_status_t trainer_open_labels(pt_trainer_t *t)
{
    label_room_t *l = &t->label;
    size_t units =
        (size_t)pt_step_most(t->config, t->n_task) * (size_t)turn_units(t->config);
    void *value;

    for (int32_t b = 0; b < t->n_bundle; b++) {
        int64_t n = unit_labels(t, pt_feed_bundle(t->feed, b));
        l->stride = n > l->stride ? n : l->stride;
    }
    PT_TRY(pt_alloc(&l->at, units * (size_t)t->n_bundle_task, sizeof *l->at));
    l->bytes = units * (size_t)l->stride * sizeof *l->value;
    PT_TRY(pt_reserve(l->bytes, &value));
    l->value = value;
    for (int32_t k = 0; k < t->n_task; k++)
        if (t->objective[k].info->kind == PT_TASK_REGRESSION) {
            PT_TRY(pt_reserve((size_t)l->stride * sizeof *l->rest, &value));
            l->rest = value;
            break;
        }
    return PT_OK;
}

void trainer_close_labels(pt_trainer_t *t)
{
    pt_reserve_release(t->label.value, t->label.bytes);
    pt_reserve_release(t->label.rest, (size_t)t->label.stride * sizeof *t->label.rest);
    pt_free(t->label.at);
}

pt_status_t trainer_read_labels(pt_trainer_t *t, const pt_draw_t *draw, int32_t at)
{
    const pt_bundle_t *bundle = pt_feed_bundle(t->feed, draw->bundle);
    pt_label_t **row = t->label.at + at * t->n_bundle_task;
    pt_label_t *value = t->label.value + at * t->label.stride;

    if (!stream_is_last(t))
        return PT_OK;
    for (int32_t i = 0; i < t->n_bundle_task; i++)
        row[i] = NULL;
    for (int32_t i = 0; i < bundle->n_task; i++) {
        row[t->task_slot[bundle->task[i]]] = value;
        value += pt_feed_labels(t->feed, bundle->task[i]) * t->config->train.microbatch;
    }
    /* A task that has its turn alone has its labels where its bundle has them. */
    return pt_feed_fill(t->feed, draw, NULL, row + t->task_slot[bundle->task[0]]);
}

pt_status_t trainer_read_rests(pt_trainer_t *t, const pt_draw_t *draw)
{
    const pt_bundle_t *bundle = pt_feed_bundle(t->feed, draw->bundle);

    for (int32_t i = 0; i < bundle->n_task && stream_is_last(t); i++) {
        pt_label_t *rest = trainer_rest(t, bundle->task[i]);
        if (rest != NULL)
            PT_TRY(pt_feed_rests(t->feed, draw, bundle->task[i], rest));
    }
    return PT_OK;
}

pt_status_t trainer_read_input(pt_trainer_t *t, const pt_draw_t *draw,
                               const pt_unit_t *unit, bool is_watched)
{
    bool is_read = t->pipeline.reads_input || (is_watched && stream_is_last(t));

    /* The input is a flight's own, and constant but here. */
    return is_read ? pt_feed_fill(t->feed, draw, (float *)(uintptr_t)unit->input, NULL)
                   : PT_OK;
}

/** The largest size of a task's labels in the places of the first n units, in their own
 * units, over all ranks; 0 of what has no real numbers. */
static pt_status_t find_scale(pt_trainer_t *t, int32_t task, int32_t n, double *scale)
{
    int64_t count = pt_feed_labels(t->feed, task) * t->config->train.microbatch;
    const pt_task_info_t *info = t->objective[task].info;
    double largest = 0;
    int64_t bits = 0;

    *scale = 0;
    if (!pt_task_is_float(info))
        return PT_OK;
    for (int32_t u = 0; u < n && stream_is_last(t); u++) {
        const pt_label_t *label = trainer_label(t, u, task);
        for (int64_t i = 0; i < count && label != NULL; i++) {
            const pt_standard_t *s =
                info->standard ? &info->standard[i % info->channels] : NULL;
            double own = (double)label[i].f;
            largest = fmax(largest, fabs(s ? s->mean + s->deviation * own : own));
        }
    }
    memcpy(&bits, &largest, sizeof largest);
    PT_TRY(pt_max_i64(t->layout->world, PT_TRAFFIC_CONTROL, &bits, 1));
    memcpy(&largest, &bits, sizeof largest);
    *scale = largest;
    return PT_OK;
}

pt_status_t trainer_diverged(pt_trainer_t *t, const int32_t *task, int32_t n,
                             const double *loss, int32_t n_unit, const char *where)
{
    int32_t worst = 0;
    double largest = -1;
    char labels[64] = "";

    for (int32_t i = 0; i < n; i++) {
        double scale;
        PT_TRY(find_scale(t, task[i], n_unit, &scale));
        if (scale > largest) {
            largest = scale;
            worst = i;
        }
    }
    if (largest > 0)
        snprintf(labels, sizeof labels, " and its labels are up to %g", largest);
    PT_FAIL(NUMERIC,
            "the loss of task %s is %g in %s%s: the run diverged, try a smaller learning "
            "rate",
            t->objective[task[worst]].info->name, loss[worst], where, labels);
}
