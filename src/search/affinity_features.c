/* Features of probes at the level that is looked at, read by all ranks in turn. */
#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "search/affinity_parts.h"

/* A probe's features with mean 0 and length 1; zeros where they are all alike. */
static bool put_column(int64_t n, const pt_real_t *from, float *to)
{
    double mean = 0, square = 0;
    for (int64_t i = 0; i < n; i++)
        mean += (double)from[i];
    mean /= (double)n;
    bool is_constant = true;
    for (int64_t i = 0; i < n; i++) {
        square += ((double)from[i] - mean) * ((double)from[i] - mean);
        is_constant &= from[i] == from[0];
    }
    for (int64_t i = 0; i < n; i++)
        to[i] = is_constant ? 0.0f : (float)(((double)from[i] - mean) / sqrt(square));
    return !is_constant;
}

static void see(void *context, int32_t op, int32_t candidate, int32_t task,
                const pt_real_t *y)
{
    affinity_work_t *w = context;
    for (int32_t p = w->first; p < w->first + w->n; p++) {
        affinity_point_t *point = &w->point[p];
        if (point->op != op || point->candidate != candidate || point->task != task)
            continue;
        for (int64_t i = 0; i < w->n_here; i++)
            if (!put_column(point->n_feature, y + i * point->n_feature,
                            (float *)point->x.data + (w->own + i) * point->n_feature))
                w->n_constant++;
    }
}

static void ignore(void *context, int32_t task, const pt_real_t *output)
{
    (void)context, (void)task, (void)output;
}

/* Probes are spread over all inputs, which files often have class by class. */
static int64_t input_of(const affinity_work_t *w, int64_t probe)
{
    int64_t n = pt_inputs_n(w->spec->inputs), each = n / w->n_probe, more = n % w->n_probe;
    return probe * each + probe * more / w->n_probe;
}

static pt_status_t read_units(affinity_work_t *w)
{
    int64_t values = pt_shape_count(w->spec->space->node[0].shape) / w->microbatch;
    int64_t step = pt_comm_size(w->comm) * w->microbatch;
    w->own = 0;
    for (int64_t at = pt_comm_rank(w->comm) * w->microbatch; at < w->n_probe; at += step) {
        int64_t left = w->n_probe - at;
        w->n_here = left < w->microbatch ? left : w->microbatch;
        memset(w->input, 0, (size_t)(w->microbatch * values) * sizeof *w->input);
        for (int64_t i = 0; i < w->n_here; i++)
            PT_TRY(pt_inputs_read(w->spec->inputs, input_of(w, at + i), 1,
                                  w->input + i * values));
        pt_inference_run(w->spec->network, w->input, ignore, NULL);
        w->own += w->n_here;
    }
    return PT_OK;
}

pt_status_t affinity_read(affinity_work_t *w, int32_t first, int32_t n)
{
    w->first = first;
    w->n = n;
    for (int32_t p = first; p < first + n; p++) {
        affinity_point_t *point = &w->point[p];
        PT_TRY(pt_matrix_init(&point->x, w->row, false, point->n_feature, w->n_probe,
                              point->n_feature, w->microbatch));
    }
    pt_inference_watch(w->spec->network, see, w);
    pt_status_t status = read_units(w);
    pt_inference_watch(w->spec->network, NULL, NULL);
    return pt_comm_agree(w->comm, status);
}

void affinity_forget(affinity_work_t *w, int32_t first, int32_t n)
{
    for (int32_t p = first; p < first + n; p++)
        pt_matrix_release(&w->point[p].x);
}
