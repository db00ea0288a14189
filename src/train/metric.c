/* Metrics of all tasks: room, and bringing together what ranks have. */
#include "polytree/train/metric.h"

#include <string.h>

#include "polytree/base/memory.h"
#include "train/metric_parts.h"

static int64_t n_count(const pt_objective_t *o)
{
    int64_t n = o->outputs;

    switch (o->info->kind) {
    case PT_TASK_CLASSIFICATION:
    case PT_TASK_SEGMENTATION:
        return n * N_CLASS_COUNT + (metric_is_confused(o) ? n * n : 0);
    case PT_TASK_DEPTH:
    case PT_TASK_REGRESSION:
        return o->labels;
    case PT_TASK_NORMALS:
        return 1 + N_WITHIN;
    case PT_TASK_EDGES:
        return EDGE_COUNT;
    case PT_TASK_SALIENCY:
        return 1;
    case PT_TASK_MULTILABEL:
    case PT_N_TASK_KIND:
        break;
    }
    return 0;
}

static int64_t n_sum(const pt_objective_t *o)
{
    switch (o->info->kind) {
    case PT_TASK_DEPTH:
    case PT_TASK_REGRESSION:
        return (int64_t)o->labels * N_CHANNEL_SUM;
    case PT_TASK_NORMALS:
        return 1;
    case PT_TASK_SALIENCY:
        return IOU_THRESHOLDS;
    default:
        return 0;
    }
}

static score_spec_t lists_of(const pt_objective_t *o, int64_t pixels)
{
    switch (o->info->kind) {
    case PT_TASK_CLASSIFICATION:
        return (score_spec_t){.n_list = o->outputs, .elements = 1, .is_double = true};
    case PT_TASK_MULTILABEL:
        return (score_spec_t){.n_list = o->labels, .elements = pixels};
    case PT_TASK_NORMALS:
        return (score_spec_t){
            .n_list = 1, .elements = pixels, .is_double = true, .is_median = true};
    case PT_TASK_EDGES:
    case PT_TASK_SALIENCY:
        return (score_spec_t){.n_list = 1, .elements = pixels};
    default:
        return (score_spec_t){0};
    }
}

static pt_status_t make_scores(pt_metrics_t *m)
{
    score_spec_t *spec;

    PT_TRY(pt_alloc(&spec, (size_t)m->n_task, sizeof *spec));
    for (int32_t k = 0; k < m->n_task; k++)
        spec[k] = lists_of(&m->objective[k], m->part[k].is_map ? m->h * m->w : 1);
    pt_status_t status = scores_new(m->n_task, spec, &m->scores);
    pt_free(spec);
    return status;
}

static pt_status_t build(pt_metrics_t *m)
{
    size_t scratch = 0;

    PT_TRY(pt_alloc(&m->part, (size_t)m->n_task + 1, sizeof *m->part));
    for (int32_t k = 0; k < m->n_task; k++) {
        const pt_objective_t *o = &m->objective[k];
        m->part[k].is_map = pt_task_is_map(o->info);
        m->part[k + 1].count = m->part[k].count + n_count(o);
        m->part[k + 1].sum = m->part[k].sum + n_sum(o);
        if (o->info->kind == PT_TASK_EDGES)
            scratch = edge_scratch(m->h, m->w);
    }
    PT_TRY(pt_alloc(&m->count, (size_t)m->part[m->n_task].count, sizeof *m->count));
    PT_TRY(pt_exact_init(&m->sum, m->part[m->n_task].sum));
    PT_TRY(pt_exact_init(&m->odds, 2));
    PT_TRY(pt_alloc(&m->scratch, scratch, 1));
    return make_scores(m);
}

pt_status_t pt_metrics_new(int32_t n_task, const pt_objective_t *objective, int64_t h,
                           int64_t w, pt_metrics_t **out)
{
    pt_metrics_t *m;

    PT_TRY(pt_alloc(&m, 1, sizeof *m));
    *m = (pt_metrics_t){.n_task = n_task, .objective = objective, .h = h, .w = w};
    pt_status_t status = build(m);
    if (status != PT_OK) {
        pt_metrics_free(m);
        return status;
    }
    *out = m;
    return PT_OK;
}

void pt_metrics_free(pt_metrics_t *m)
{
    if (m == NULL)
        return;
    scores_free(m->scores);
    pt_exact_release(&m->odds);
    pt_exact_release(&m->sum);
    pt_free(m->scratch);
    pt_free(m->count);
    pt_free(m->part);
    pt_free(m);
}

pt_status_t pt_metrics_begin(pt_metrics_t *m, const int64_t *n_sample, int64_t exact)
{
    memset(m->count, 0, (size_t)m->part[m->n_task].count * sizeof *m->count);
    pt_exact_clear(&m->sum, m->part[m->n_task].sum);
    return scores_begin(m->scores, n_sample, exact);
}

void pt_metrics_add(pt_metrics_t *m, int32_t task, int64_t n, const pt_real_t *output,
                    const pt_label_t *label, const pt_label_t *rest)
{
    const pt_objective_t *o = &m->objective[task];
    metric_sample_t s = {.m = m,
                         .task = task,
                         .n = m->part[task].is_map ? m->h * m->w : 1,
                         .z = output,
                         .y = label,
                         .rest = rest};

    for (int64_t i = 0; i < n; i++) {
        metric_sample_add(&s);
        s.z += s.n * o->outputs;
        s.y += s.n * o->labels;
        s.rest = rest ? s.rest + s.n * o->labels : NULL;
    }
}

pt_status_t pt_metrics_sum(pt_metrics_t *m, pt_comm_t *data, pt_comm_t *world)
{
    PT_TRY(scores_sum(m->scores, data, world));
    PT_TRY(
        pt_sum_i64(world, PT_TRAFFIC_EVALUATE, m->count, (size_t)m->part[m->n_task].count));
    return pt_exact_sum(world, PT_TRAFFIC_EVALUATE, &m->sum);
}

int32_t pt_metrics_bad(const pt_metrics_t *m)
{
    int64_t at = pt_exact_special(&m->sum);

    for (int32_t k = 0; k < m->n_task && at >= 0; k++)
        if (at < m->part[k + 1].sum)
            return k;
    return -1;
}
