/* Adding one sample to the metrics of its task, for every kind of task. */
#include <math.h>

#include "train/metric_parts.h"

static const double WITHIN[N_WITHIN] = {11.25, 22.5, 30};

typedef struct sample {
    pt_metrics_t *m;
    const pt_objective_t *o;
    int32_t task;
    int64_t n; /* pixels */
    const pt_real_t *z;
    const pt_label_t *y, *rest;
    int64_t *count, sum; /* of the task: counts, and where its sums begin */
} sample_t;

static void add_class(const sample_t *s, const pt_real_t *z, int32_t label)
{
    const int32_t n_class = s->o->outputs;
    int32_t best = 0;

    for (int32_t c = 1; c < n_class; c++)
        best = z[c] > z[best] ? c : best;
    s->count[best * N_CLASS_COUNT + PREDICTED]++;
    s->count[label * N_CLASS_COUNT + LABELLED]++;
    s->count[label * N_CLASS_COUNT + BOTH] += best == label;
    if (metric_is_confused(s->o))
        s->count[n_class * N_CLASS_COUNT + label * n_class + best]++;
}

static void add_classes(const sample_t *s)
{
    for (int64_t i = 0; i < s->n; i++)
        if (s->y[i].i != PT_LABEL_NONE)
            add_class(s, s->z + i * s->o->outputs, s->y[i].i);
}

/*
 * log p_c - log(1 - p_c) = z_c - log sum_{j != c} exp(z_j), the sum relative to the largest
 * that is in it.  Sums are exact, so that outputs in another order are not another score.
 */
static void add_odds(const sample_t *s, int32_t label)
{
    const int32_t n_class = s->o->outputs;
    const pt_real_t *z = s->z;
    pt_exact_t *e = &s->m->odds;
    int32_t top = 0, second = 1;

    for (int32_t c = 1; c < n_class; c++)
        top = z[c] > z[top] ? c : top;
    second = top == 0 ? 1 : 0;
    for (int32_t c = 0; c < n_class; c++)
        second = c != top && z[c] > z[second] ? c : second;
    pt_exact_clear(e, 2);
    for (int32_t c = 0; c < n_class; c++) {
        pt_exact_add(e, 0, exp((double)z[c] - (double)z[top]));
        if (c != top)
            pt_exact_add(e, 1, exp((double)z[c] - (double)z[second]));
    }
    double all, rest, others = pt_exact_value(e, 1);
    pt_exact_pair(e, 0, &all, &rest);
    for (int32_t c = 0; c < n_class; c++) {
        double x = exp((double)z[c] - (double)z[top]), without = all - x;
        double largest = (double)z[top];
        if (c == top) {
            without = others;
            largest = (double)z[second];
        } else {
            /* What the difference has lost is not lost on the sum. */
            double back = without - all;
            without += all - (without - back) - (x + back) + rest;
        }
        scores_add(s->m->scores, s->task, c, (double)z[c] - largest - log(without),
                   c == label);
    }
}

static void add_classification(const sample_t *s)
{
    add_classes(s);
    if (s->y[0].i != PT_LABEL_NONE && s->o->outputs > 1)
        add_odds(s, s->y[0].i);
}

static void add_scores(const sample_t *s)
{
    const int32_t n_class = s->o->labels;

    for (int64_t i = 0; i < s->n; i++)
        for (int32_t c = 0; c < n_class; c++) {
            int32_t y = s->y[i * n_class + c].i;
            if (y != PT_LABEL_NONE)
                scores_add(s->m->scores, s->task, c, (double)s->z[i * n_class + c], y != 0);
        }
}

static void add_edges(const sample_t *s)
{
    edge_add(s->o->tolerance, s->m->h, s->m->w, s->z, s->y, s->m->scratch, s->count);
    add_scores(s);
}

static void add_saliency(const sample_t *s)
{
    /* By the number of thresholds that the score reaches: negatives, positives. */
    int64_t reach[IOU_THRESHOLDS + 1][2] = {{0}};
    int64_t positive = 0, labelled = 0;

    for (int64_t i = 0; i < s->n; i++) {
        if (s->y[i].i == PT_LABEL_NONE)
            continue;
        double score = 1 / (1 + exp(-(double)s->z[i]));
        int t = 0;
        while (t < IOU_THRESHOLDS && score >= (4 + t) / 20.0)
            t++;
        reach[t][s->y[i].i != 0]++;
        positive += s->y[i].i != 0;
        labelled++;
    }
    int64_t both = 0, either = positive;
    for (int t = IOU_THRESHOLDS; t > 0 && labelled > 0; t--) {
        both += reach[t][1];
        either += reach[t][0];
        pt_exact_add(&s->m->sum, s->sum + t - 1,
                     either > 0 ? (double)both / (double)either : 1.0);
    }
    s->count[0] += labelled > 0;
    add_scores(s);
}

static void add_channels(const sample_t *s)
{
    const int32_t n_channel = s->o->labels;
    const bool is_depth = s->o->info->kind == PT_TASK_DEPTH;
    pt_exact_t *sum = &s->m->sum;

    for (int32_t c = 0; c < n_channel; c++) {
        double error[LABEL] = {0};
        int64_t at = s->sum + c * N_CHANNEL_SUM;
        for (int64_t i = c; i < s->n * n_channel; i += n_channel) {
            double y = (double)s->y[i].f + (s->rest ? (double)s->rest[i].f : 0);
            double d = fabs((double)s->z[i] - y);
            if (isnan(y))
                continue;
            s->count[c]++;
            error[ABSOLUTE] += d;
            error[SQUARE] += d * d;
            error[RELATIVE] += is_depth ? d / y : 0;
            if (is_depth)
                continue;
            /* Of what is to be compared with the mean nothing may be rounded. */
            pt_exact_add(sum, at + LABEL, y);
            pt_exact_add(sum, at + LABEL_SQUARE, y * y);
            pt_exact_add(sum, at + LABEL_SQUARE, fma(y, y, -(y * y)));
        }
        pt_exact_add_all(sum, at, LABEL, error);
    }
}

/* Angle between two vectors in degrees; 90 where one is zero. */
static double angle_between(const pt_real_t *z, const pt_label_t *y)
{
    double a[3] = {(double)z[0], (double)z[1], (double)z[2]};
    double b[3] = {(double)y[0].f, (double)y[1].f, (double)y[2].f};
    double x[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
                   a[0] * b[1] - a[1] * b[0]};
    double across = sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
    double along = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

    if (across == 0 && along == 0)
        return 90;
    return atan2(across, along) * (180 / 3.14159265358979323846);
}

static void add_angles(const sample_t *s)
{
    double total = 0;

    for (int64_t i = 0; i < 3 * s->n; i += 3) {
        if (isnan(s->y[i].f) || isnan(s->y[i + 1].f) || isnan(s->y[i + 2].f))
            continue;
        double angle = angle_between(s->z + i, s->y + i);
        s->count[0]++;
        for (int j = 0; j < N_WITHIN; j++)
            s->count[1 + j] += angle < WITHIN[j];
        scores_add(s->m->scores, s->task, 0, angle, true);
        total += angle;
    }
    pt_exact_add(&s->m->sum, s->sum, total);
}

static void (*const adders[PT_N_TASK_KIND])(const sample_t *) = {
    [PT_TASK_CLASSIFICATION] = add_classification,
    [PT_TASK_MULTILABEL] = add_scores,
    [PT_TASK_SEGMENTATION] = add_classes,
    [PT_TASK_DEPTH] = add_channels,
    [PT_TASK_NORMALS] = add_angles,
    [PT_TASK_EDGES] = add_edges,
    [PT_TASK_SALIENCY] = add_saliency,
    [PT_TASK_REGRESSION] = add_channels,
};

void metric_sample_add(const metric_sample_t *sample)
{
    pt_metrics_t *m = sample->m;
    const metric_part_t *part = &m->part[sample->task];
    sample_t s = {.m = m,
                  .o = &m->objective[sample->task],
                  .task = sample->task,
                  .n = sample->n,
                  .z = sample->z,
                  .y = sample->y,
                  .rest = sample->rest,
                  .count = m->count + part->count,
                  .sum = part->sum};

    adders[s.o->info->kind](&s);
}
