/* Scores of outputs against labels, added up exactly over samples and ranks. */
#include "polytree/train/scores.h"

#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/par/exact_sum.h"
#include "polytree/train/loss.h"

/* Elements with a label, those of them that are positive, and samples with a label. */
enum { LABELLED, POSITIVE, SAMPLES, N_COUNT };

struct pt_scores {
    int32_t n_task;
    const pt_objective_t *objective;
    int64_t h, w;
    pt_exact_t loss; /**< [n_task][2] terms of the losses */
    int64_t *count;  /**< [n_task][N_COUNT] */
    pt_metrics_t *metrics;
};

static pt_status_t make_room(pt_scores_t *s)
{
    size_t n = (size_t)s->n_task;

    PT_TRY(pt_exact_init(&s->loss, 2 * (int64_t)s->n_task));
    PT_TRY(pt_alloc(&s->count, N_COUNT * n, sizeof *s->count));
    return pt_metrics_new(s->n_task, s->objective, s->h, s->w, &s->metrics);
}

pt_status_t pt_scores_new(int32_t n_task, const pt_objective_t *objective, int64_t h,
                          int64_t w, pt_scores_t **out)
{
    pt_scores_t *s;

    PT_TRY(pt_alloc(&s, 1, sizeof *s));
    s->n_task = n_task;
    s->objective = objective;
    s->h = h;
    s->w = w;
    pt_status_t status = make_room(s);
    if (status == PT_OK)
        *out = s;
    else
        pt_scores_free(s);
    return status;
}

void pt_scores_free(pt_scores_t *scores)
{
    if (scores == NULL)
        return;
    pt_exact_release(&scores->loss);
    pt_free(scores->count);
    pt_metrics_free(scores->metrics);
    pt_free(scores);
}

pt_status_t pt_scores_begin(pt_scores_t *scores, const int64_t *n_sample)
{
    size_t n = (size_t)scores->n_task;

    memset(scores->count, 0, N_COUNT * n * sizeof *scores->count);
    pt_exact_clear(&scores->loss, 2 * (int64_t)scores->n_task);
    return pt_metrics_begin(scores->metrics, n_sample, PT_METRIC_EXACT);
}

/* Sample by sample: a bundle's samples are not all labelled for all of its tasks. */
static void count_labels(const pt_objective_t *o, int64_t n, int64_t h, int64_t w,
                         const pt_label_t *label, int64_t count[N_COUNT])
{
    for (int64_t i = 0; i < n; i++) {
        pt_label_count_t here = pt_loss_count(o, 1, h, w, label + i * h * w * o->labels);
        count[LABELLED] += here.labelled;
        count[POSITIVE] += here.positive;
        count[SAMPLES] += here.labelled > 0;
    }
}

void pt_scores_add(pt_scores_t *scores, int32_t task, int64_t n, const pt_real_t *output,
                   const pt_label_t *label, const pt_label_t *rest)
{
    pt_objective_t o = scores->objective[task];
    bool is_map = pt_task_is_map(o.info);
    int64_t h = is_map ? scores->h : 1, w = is_map ? scores->w : 1;

    o.smoothing = 0;
    count_labels(&o, n, h, w, label, scores->count + task * N_COUNT);
    pt_loss_terms_t loss =
        pt_loss(&o, n, h, w, output, label, (pt_loss_terms_t){1, 1}, 0, NULL);
    pt_exact_add(&scores->loss, 2 * task, loss.positive);
    pt_exact_add(&scores->loss, 2 * task + 1, loss.negative);
    pt_metrics_add(scores->metrics, task, n, output, label, rest);
}

pt_status_t pt_scores_sum(pt_scores_t *scores, pt_comm_t *data, pt_comm_t *world)
{
    PT_TRY(pt_sum_i64(world, PT_TRAFFIC_EVALUATE, scores->count,
                      N_COUNT * (size_t)scores->n_task));
    PT_TRY(pt_exact_sum(world, PT_TRAFFIC_EVALUATE, &scores->loss));
    return pt_metrics_sum(scores->metrics, data, world);
}

bool pt_scores_read(const pt_scores_t *scores, int32_t task, pt_task_score_t *score)
{
    const pt_objective_t *o = &scores->objective[task];
    const int64_t *at = scores->count + task * N_COUNT;
    const pt_label_count_t count = {at[LABELLED], at[POSITIVE]};
    const pt_loss_terms_t loss = {pt_exact_value(&scores->loss, 2 * task),
                                  pt_exact_value(&scores->loss, 2 * task + 1)};
    const pt_task_metric_t *metric;
    int32_t n_metric = pt_kind_metrics(o->info->kind, &metric);

    score->n = at[SAMPLES];
    score->loss = pt_loss_mean(pt_loss_weights(o, &count), loss, count.labelled);
    for (int32_t j = 0; j < PT_KIND_METRICS; j++) {
        score->value[j] = NAN;
        score->bound[j] = 0;
        if (j < n_metric)
            score->value[j] =
                pt_metrics_value(scores->metrics, task, metric[j], &score->bound[j]);
        if (j < n_metric && metric[j] == o->metric)
            score->metric = score->value[j];
    }
    return pt_metrics_bad(scores->metrics) != task &&
           (count.labelled == 0 || isfinite(score->loss));
}

const pt_metrics_t *pt_scores_metrics(const pt_scores_t *scores)
{
    return scores->metrics;
}

bool pt_have_common_metric(const pt_objective_t *objective, int32_t n_task)
{
    for (int32_t k = 1; k < n_task; k++)
        if (objective[k].metric != objective[0].metric)
            return false;
    return true;
}
