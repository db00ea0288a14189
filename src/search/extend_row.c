/* Samples of a new task, and the features that a trained network has for them. */
#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "search/extend_entry.h"

enum {
    MOST_SAMPLES = 1000, /* of a task that are looked at */
    MAP_SAMPLES = 125,   /* the same of one with a label for each pixel ... */
    MAP_SIDE = 4         /* ... of which so many times so many are */
};

/* False where one of them is missing. */
static bool take_label(const extend_entries_t *e, const pt_label_t *label, double *y)
{
    const pt_task_info_t *info = e->info;
    bool is_class =
        info->kind == PT_TASK_CLASSIFICATION || info->kind == PT_TASK_SEGMENTATION;
    for (int32_t c = 0; c < e->n_output; c++) {
        const pt_label_t *l = is_class ? label : label + c;
        bool is_none = pt_task_is_float(info) ? isnan(l->f) : l->i == PT_LABEL_NONE;
        if (is_none)
            return false;
        y[c] = pt_task_is_float(info) ? (double)l->f : is_class ? l->i == c : l->i;
    }
    return true;
}

static void take_row(extend_entries_t *e, int64_t sample, int64_t in_batch, int64_t y,
                     int64_t x)
{
    int64_t hwc[3], n = pt_task_labels(e->info), per_pixel = e->info->channels;
    pt_feed_input(e->feed, hwc);
    bool is_map = pt_task_is_map(e->info);
    n = is_map ? hwc[0] * hwc[1] * per_pixel : n;
    const pt_label_t *label =
        e->label + in_batch * n + (is_map ? (y * hwc[1] + x) * per_pixel : 0);
    int64_t row = e->n_row + e->n_mine;
    if (row >= e->most_row || !take_label(e, label, e->y + row * e->n_output))
        return;
    e->fold[row] = (int32_t)(sample % EXTEND_FOLDS);
    e->sample[e->n_mine] = in_batch;
    e->pixel_y[e->n_mine] = y;
    e->pixel_x[e->n_mine] = x;
    e->n_mine++;
}

/* Of a map a grid of pixels, which moves from sample to sample. */
static void take_sample(extend_entries_t *e, int64_t sample, int64_t in_batch)
{
    int64_t hwc[3];
    pt_feed_input(e->feed, hwc);
    if (!pt_task_is_map(e->info)) {
        take_row(e, sample, in_batch, 0, 0);
        return;
    }
    for (int64_t i = 0; i < MAP_SIDE * MAP_SIDE; i++)
        take_row(e, sample, in_batch,
                 (i / MAP_SIDE * hwc[0] + sample * 5 % hwc[0]) / MAP_SIDE,
                 (i % MAP_SIDE * hwc[1] + sample * 3 % hwc[1]) / MAP_SIDE);
}

static void take_pixel(const extend_point_t *p, const pt_real_t *y, int64_t h, int64_t w,
                       float *x)
{
    const pt_real_t *from = y + (h * p->shape.w + w) * p->shape.c;
    for (int64_t c = 0; c < p->shape.c; c++)
        x[c] += from[c];
}

/* What a head reads: the pixel that a label's is in, or the mean of all. */
static void take_features(const extend_entries_t *e, extend_point_t *p, const pt_real_t *y)
{
    int64_t hwc[3], n_pixel = p->shape.h * p->shape.w, c = p->shape.c;
    pt_feed_input(e->feed, hwc);
    for (int32_t i = 0; i < e->n_mine; i++) {
        const pt_real_t *own = y + e->sample[i] * n_pixel * c;
        float *x = p->x + (e->n_row + i) * c;
        memset(x, 0, (size_t)c * sizeof *x);
        if (pt_task_is_map(e->info)) {
            take_pixel(p, own, e->pixel_y[i] * p->shape.h / hwc[0],
                       e->pixel_x[i] * p->shape.w / hwc[1], x);
            continue;
        }
        for (int64_t pixel = 0; pixel < n_pixel; pixel++)
            take_pixel(p, own, pixel / p->shape.w, pixel % p->shape.w, x);
        for (int64_t j = 0; j < c; j++)
            x[j] /= (float)n_pixel;
    }
}

static void see(void *context, int32_t op, int32_t candidate, int32_t task,
                const pt_real_t *y)
{
    const extend_entries_t *e = context;
    for (int32_t p = 0; p < e->n_point; p++)
        if (e->point[p].op == op && e->point[p].candidate == candidate &&
            e->point[p].task == task)
            take_features(e, &e->point[p], y);
}

static void ignore(void *context, int32_t task, const pt_real_t *output)
{
    (void)context, (void)task, (void)output;
}

static pt_status_t read_rows(extend_entries_t *e, int32_t task)
{
    const pt_search_t *s = e->s;
    int32_t bundle = pt_feed_n_bundle(e->feed) + task;
    int64_t most = pt_task_is_map(e->info) ? MAP_SAMPLES : MOST_SAMPLES;
    int64_t n = pt_feed_bundle(e->feed, bundle)->n_sample[PT_PART_TRAIN];
    int64_t batch = s->config->train.microbatch;
    n = n < most ? n : most;
    pt_inference_watch(s->extend.network, see, e);
    for (int64_t first = 0; first < n; first += batch) {
        pt_draw_t draw = {.part = PT_PART_TRAIN,
                          .bundle = bundle,
                          .phase = (uint8_t)pt_phase_number(PT_PHASE_SEARCH),
                          .first = first,
                          .is_shuffled = true};
        PT_TRY(pt_feed_fill(e->feed, &draw, e->input, &(pt_label_t *){e->label}));
        e->n_mine = 0;
        for (int64_t i = 0; i < batch && first + i < n; i++)
            take_sample(e, first + i, i);
        if (e->inputs.n_point > 0)
            take_features(e, &e->point[e->inputs.point[0]], e->input);
        pt_inference_run(s->extend.network, e->input, ignore, NULL);
        e->n_row += e->n_mine;
    }
    return PT_OK;
}

/* What a new task is looked at with. */
static pt_status_t make_room(extend_entries_t *e, int32_t task)
{
    const pt_search_t *s = e->s;
    int64_t side = MAP_SIDE * MAP_SIDE, batch = s->config->train.microbatch;
    int64_t input = pt_shape_count(s->extend.old.space->node[0].shape);
    PT_TRY(pt_feed_new(s->config, pt_trainer_dataset(s->trainer), 0, &e->feed));
    PT_TRY(pt_alloc(&e->input, (size_t)input, sizeof *e->input));
    e->info = pt_dataset_task(pt_trainer_dataset(s->trainer), task);
    bool is_map = pt_task_is_map(e->info);
    e->n_output = e->info->classes;
    e->n_row = 0;
    e->most_row = is_map ? MAP_SAMPLES * side : MOST_SAMPLES;
    size_t n = (size_t)e->most_row, mine = (size_t)(batch * (is_map ? side : 1));
    PT_TRY(pt_alloc(&e->y, n * (size_t)e->n_output, sizeof *e->y));
    PT_TRY(pt_alloc(&e->fold, n, sizeof *e->fold));
    PT_TRY(pt_alloc(&e->label, (size_t)(batch * pt_feed_labels(e->feed, task)),
                    sizeof *e->label));
    PT_TRY(pt_alloc(&e->sample, mine, sizeof *e->sample));
    PT_TRY(pt_alloc(&e->pixel_y, mine, sizeof *e->pixel_y));
    PT_TRY(pt_alloc(&e->pixel_x, mine, sizeof *e->pixel_x));
    for (int32_t p = 0; p < e->n_point; p++)
        PT_TRY(pt_alloc(&e->point[p].x, n * (size_t)e->point[p].shape.c,
                        sizeof *e->point[p].x));
    return PT_OK;
}

void extend_rows_clear(extend_entries_t *e)
{
    pt_feed_free(e->feed);
    pt_free(e->input);
    e->feed = NULL;
    e->input = NULL;
    pt_free(e->y);
    pt_free(e->fold);
    pt_free(e->label);
    pt_free(e->sample);
    pt_free(e->pixel_y);
    pt_free(e->pixel_x);
    e->y = NULL;
    e->fold = NULL;
    e->label = NULL;
    e->sample = e->pixel_y = e->pixel_x = NULL;
    for (int32_t p = 0; p < e->n_point; p++) {
        pt_free(e->point[p].x);
        e->point[p].x = NULL;
    }
}

pt_status_t extend_rows_read(extend_entries_t *e, int32_t task)
{
    PT_TRY(make_room(e, task));
    PT_TRY(read_rows(e, task));
    if (e->n_row == 0)
        PT_FAIL(CONFIG, "task %s has no sample with all of its labels", e->info->name);
    return PT_OK;
}
