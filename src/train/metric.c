#include "polytree/train/metric.h"

#include <math.h>
#include <string.h>

#include "train/fixed.h"
#include "train/metric_parts.h"

/*
 * What is collected:
 *     classification      {right, labelled}
 *     segmentation        per class {both, predicted, labelled}
 *     multilabel          per class a histogram of negatives' scores, then of positives'
 *     edges               EDGE_COUNT integers, then such a pair of histograms
 *     saliency            images, sum of IoU per threshold, then such a pair of histograms
 *     depth, regression   per channel, see below
 *     normals             sum of angles, then their histogram
 */

enum { BOTH, PREDICTED, LABELLED, N_CLASS_SUM };
enum { COUNT, ABSOLUTE, SQUARE, RELATIVE, LABEL, LABEL_SQUARE, N_CHANNEL_SUM };
enum {
    ANGLE_BINS_PER_DEGREE = 64,
    ANGLE_BINS = 180 * ANGLE_BINS_PER_DEGREE,
    IOU_THRESHOLDS = 15,
    IOU_COUNT = 1 + IOU_THRESHOLDS
};

/* One sample. */
typedef struct sample {
    const pt_objective_t *o;
    int64_t h, w, n; /* n = h w */
    const pt_real_t *z;
    const pt_label_t *y;
    double limit;
    void *scratch;
} sample_t;

/* Is `label` the first of the largest?  An output that is not a number is never right. */
static bool is_right(int32_t n_class, const pt_real_t *z, int32_t label)
{
    for (int32_t c = 0; c < n_class; c++)
        if (!(c < label ? z[c] < z[label] : z[c] <= z[label]))
            return false;
    return true;
}

static bool add_class(const sample_t *s, int64_t *sum)
{
    if (s->y[0].i != PT_LABEL_NONE) {
        sum[0] += is_right(s->o->outputs, s->z, s->y[0].i);
        sum[1]++;
    }
    return true;
}

static bool add_classes(const sample_t *s, int64_t *sum)
{
    const int32_t n_class = s->o->outputs;

    for (int64_t i = 0; i < s->n; i++) {
        const pt_real_t *z = s->z + i * n_class;
        int32_t label = s->y[i].i, best = 0;
        if (label == PT_LABEL_NONE)
            continue;
        for (int32_t c = 1; c < n_class; c++)
            best = z[c] > z[best] ? c : best;
        sum[best * N_CLASS_SUM + PREDICTED]++;
        sum[label * N_CLASS_SUM + LABELLED]++;
        sum[label * N_CLASS_SUM + BOTH] += best == label;
    }
    return true;
}

static double sigmoid(double z)
{
    double e = exp(-fabs(z));
    return (z >= 0 ? 1.0 : e) / (1.0 + e);
}

static int64_t score_bin(double z)
{
    double score = sigmoid(z);
    if (!(score >= 0))
        return 0;
    int64_t bin = (int64_t)(score * PT_AUC_BINS);
    return bin < PT_AUC_BINS ? bin : PT_AUC_BINS - 1;
}

static bool add_scores(const sample_t *s, int64_t *sum)
{
    const int32_t n_class = s->o->labels;

    for (int64_t i = 0; i < s->n; i++)
        for (int32_t c = 0; c < n_class; c++) {
            int32_t y = s->y[i * n_class + c].i;
            if (y != PT_LABEL_NONE)
                sum[((int64_t)c * 2 + (y != 0)) * PT_AUC_BINS +
                    score_bin((double)s->z[i * n_class + c])]++;
        }
    return true;
}

static bool add_edges(const sample_t *s, int64_t *sum)
{
    edge_add(s->o->tolerance, s->h, s->w, s->z, s->y, s->scratch, sum);
    return add_scores(s, sum + EDGE_COUNT);
}

static bool add_saliency(const sample_t *s, int64_t *sum)
{
    /* By the number of thresholds that the score reaches: negatives, positives. */
    int64_t reach[IOU_THRESHOLDS + 1][2] = {{0}};
    int64_t positive = 0, labelled = 0;

    for (int64_t i = 0; i < s->n; i++) {
        if (s->y[i].i == PT_LABEL_NONE)
            continue;
        double score = sigmoid((double)s->z[i]);
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
        sum[t] +=
            llrint((either > 0 ? (double)both / (double)either : 1.0) * PT_FINE_SCALE);
    }
    sum[0] += labelled > 0;
    return add_scores(s, sum + IOU_COUNT);
}

static bool add_channels(const sample_t *s, int64_t *sum)
{
    const int32_t n_channel = s->o->labels;
    bool is_good = true;

    for (int32_t c = 0; c < n_channel; c++) {
        double real[N_CHANNEL_SUM] = {0};
        int64_t *channel = sum + c * N_CHANNEL_SUM, fixed;
        for (int64_t i = c; i < s->n * n_channel; i += n_channel) {
            double y = (double)s->y[i].f, d = fabs((double)s->z[i] - y);
            if (isnan(y))
                continue;
            channel[COUNT]++;
            real[ABSOLUTE] += d;
            real[SQUARE] += d * d;
            real[RELATIVE] += s->o->info->kind == PT_TASK_DEPTH ? d / y : 0;
            real[LABEL] += y;
            real[LABEL_SQUARE] += y * y;
        }
        for (int j = ABSOLUTE; j < N_CHANNEL_SUM; j++) {
            is_good &= fine_fixed(real[j], s->limit, &fixed);
            channel[j] += fixed;
        }
    }
    return is_good;
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

static bool add_angles(const sample_t *s, int64_t *sum)
{
    double total = 0;
    int64_t fixed;

    for (int64_t i = 0; i < 3 * s->n; i += 3) {
        if (isnan(s->y[i].f) || isnan(s->y[i + 1].f) || isnan(s->y[i + 2].f))
            continue;
        double angle = angle_between(s->z + i, s->y + i);
        if (isnan(angle))
            return false;
        int64_t bin = (int64_t)(angle * ANGLE_BINS_PER_DEGREE);
        sum[1 + (bin < ANGLE_BINS ? bin : ANGLE_BINS - 1)]++;
        total += angle;
    }
    bool is_good = fine_fixed(total, s->limit, &fixed);
    sum[0] += fixed;
    return is_good;
}

static bool (*const adders[PT_N_TASK_KIND])(const sample_t *, int64_t *) = {
    [PT_TASK_CLASSIFICATION] = add_class, [PT_TASK_MULTILABEL] = add_scores,
    [PT_TASK_SEGMENTATION] = add_classes, [PT_TASK_DEPTH] = add_channels,
    [PT_TASK_NORMALS] = add_angles,       [PT_TASK_EDGES] = add_edges,
    [PT_TASK_SALIENCY] = add_saliency,    [PT_TASK_REGRESSION] = add_channels,
};

int64_t pt_metric_count(const pt_objective_t *o)
{
    switch (o->info->kind) {
    case PT_TASK_MULTILABEL:
        return (int64_t)o->labels * 2 * PT_AUC_BINS;
    case PT_TASK_SEGMENTATION:
        return (int64_t)o->outputs * N_CLASS_SUM;
    case PT_TASK_DEPTH:
    case PT_TASK_REGRESSION:
        return (int64_t)o->labels * N_CHANNEL_SUM;
    case PT_TASK_NORMALS:
        return 1 + ANGLE_BINS;
    case PT_TASK_EDGES:
        return EDGE_COUNT + 2 * PT_AUC_BINS;
    case PT_TASK_SALIENCY:
        return IOU_COUNT + 2 * PT_AUC_BINS;
    case PT_TASK_CLASSIFICATION:
    case PT_N_TASK_KIND:
        break;
    }
    return 2;
}

size_t pt_metric_scratch(const pt_objective_t *o, int64_t h, int64_t w)
{
    return o->info->kind == PT_TASK_EDGES ? edge_scratch(h, w) : 0;
}

bool pt_metric_add(const pt_objective_t *o, int64_t n, int64_t h, int64_t w,
                   const pt_real_t *output, const pt_label_t *label, double limit,
                   void *scratch, int64_t *sum)
{
    sample_t s = {o, h, w, h * w, output, label, limit, scratch};
    bool is_good = true;

    for (int64_t i = 0; i < n; i++) {
        is_good &= adders[o->info->kind](&s, sum);
        s.z += s.n * o->outputs;
        s.y += s.n * o->labels;
    }
    return is_good;
}

static double ratio(double a, double b)
{
    return b > 0 ? a / b : NAN;
}

/* P(score of a positive > score of a negative) + P(equal) / 2; NaN without both. */
static double roc_auc(const int64_t *negative, const int64_t *positive)
{
    double below = 0, n_positive = 0, area = 0;
    for (int b = 0; b < PT_AUC_BINS; b++) {
        area += (double)positive[b] * (below + 0.5 * (double)negative[b]);
        below += (double)negative[b];
        n_positive += (double)positive[b];
    }
    return area / (below * n_positive);
}

static double class_iou(const int64_t *sum)
{
    return ratio((double)sum[BOTH], (double)(sum[PREDICTED] + sum[LABELLED] - sum[BOTH]));
}

static double channel_r2(const int64_t *sum)
{
    double n = (double)sum[COUNT], mean = (double)sum[LABEL] / PT_FINE_SCALE / n;
    double variance = (double)sum[LABEL_SQUARE] / PT_FINE_SCALE / n - mean * mean;
    double error = (double)sum[SQUARE] / PT_FINE_SCALE / n;

    return variance > 1 / PT_FINE_SCALE ? 1 - error / variance : NAN;
}

/* Mean of `value` over those of n groups of `stride` integers for which it is defined. */
static double mean_of(double (*value)(const int64_t *), int64_t n, int64_t stride,
                      const int64_t *sum)
{
    double total = 0;
    int64_t n_defined = 0;

    for (int64_t i = 0; i < n; i++) {
        double x = value(sum + i * stride);
        if (!isnan(x)) {
            total += x;
            n_defined++;
        }
    }
    return n_defined ? total / (double)n_defined : (double)NAN;
}

static double pair_auc(const int64_t *histogram)
{
    return roc_auc(histogram, histogram + PT_AUC_BINS);
}

static double pixel_accuracy(int64_t n_class, const int64_t *sum)
{
    int64_t right = 0, labelled = 0;

    for (int64_t c = 0; c < n_class; c++) {
        right += sum[c * N_CLASS_SUM + BOTH];
        labelled += sum[c * N_CLASS_SUM + LABELLED];
    }
    return ratio((double)right, (double)labelled);
}

/* Mean over all channels' values of one of their sums. */
static double mean_error(const pt_objective_t *o, int which, const int64_t *sum)
{
    int64_t total = 0, n = 0;

    for (int64_t c = 0; c < o->labels; c++) {
        total += sum[c * N_CHANNEL_SUM + which];
        n += sum[c * N_CHANNEL_SUM + COUNT];
    }
    return ratio((double)total / PT_FINE_SCALE, (double)n);
}

static double max_iou(const int64_t *sum)
{
    int64_t best = 0;

    for (int t = 1; t <= IOU_THRESHOLDS; t++)
        best = sum[t] > best ? sum[t] : best;
    return ratio((double)best / PT_FINE_SCALE, (double)sum[0]);
}

static int64_t count_below(double degrees, const int64_t *histogram)
{
    int64_t n = 0;

    for (int64_t b = 0; b < (int64_t)(degrees * ANGLE_BINS_PER_DEGREE); b++)
        n += histogram[b];
    return n;
}

static double angle_value(pt_task_metric_t metric, const int64_t *sum)
{
    const int64_t *histogram = sum + 1;
    int64_t n = count_below(180, histogram), below = 0, b = 0;

    switch (metric) {
    case PT_METRIC_WITHIN_11:
        return ratio((double)count_below(11.25, histogram), (double)n);
    case PT_METRIC_WITHIN_22:
        return ratio((double)count_below(22.5, histogram), (double)n);
    case PT_METRIC_WITHIN_30:
        return ratio((double)count_below(30, histogram), (double)n);
    case PT_METRIC_MEDIAN_ANGLE:
        while (b < ANGLE_BINS && (below += histogram[b]) < (n + 1) / 2)
            b++;
        return n > 0 ? ((double)b + 0.5) / ANGLE_BINS_PER_DEGREE : (double)NAN;
    default:
        return ratio((double)sum[0] / PT_FINE_SCALE, (double)n);
    }
}

double pt_metric_value(const pt_objective_t *o, pt_task_metric_t metric, const int64_t *sum)
{
    int64_t before_scores = o->info->kind == PT_TASK_EDGES      ? EDGE_COUNT
                            : o->info->kind == PT_TASK_SALIENCY ? IOU_COUNT
                                                                : 0;

    switch (metric) {
    case PT_METRIC_ACCURACY:
        return ratio((double)sum[0], (double)sum[1]);
    case PT_METRIC_AUC:
        return mean_of(pair_auc, o->labels, 2 * PT_AUC_BINS, sum + before_scores);
    case PT_METRIC_MIOU:
        return mean_of(class_iou, o->outputs, N_CLASS_SUM, sum);
    case PT_METRIC_PIXEL_ACCURACY:
        return pixel_accuracy(o->outputs, sum);
    case PT_METRIC_MAX_IOU:
        return max_iou(sum);
    case PT_METRIC_RMSE:
        return sqrt(mean_error(o, SQUARE, sum));
    case PT_METRIC_ABS_ERROR:
        return mean_error(o, ABSOLUTE, sum);
    case PT_METRIC_REL_ERROR:
        return mean_error(o, RELATIVE, sum);
    case PT_METRIC_EDGE_F:
        return edge_value(sum);
    case PT_METRIC_R2:
        return mean_of(channel_r2, o->labels, N_CHANNEL_SUM, sum);
    case PT_METRIC_MEAN_ANGLE:
    case PT_METRIC_MEDIAN_ANGLE:
    case PT_METRIC_WITHIN_11:
    case PT_METRIC_WITHIN_22:
    case PT_METRIC_WITHIN_30:
        return angle_value(metric, sum);
    case PT_METRIC_AUTO:
    case PT_N_TASK_METRIC:
        break;
    }
    return NAN;
}

bool pt_metric_is_error(const char *name)
{
    static const pt_task_metric_t errors[] = {PT_METRIC_RMSE, PT_METRIC_ABS_ERROR,
                                              PT_METRIC_REL_ERROR, PT_METRIC_MEAN_ANGLE,
                                              PT_METRIC_MEDIAN_ANGLE};

    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (strcmp(pt_metric_name(errors[i]), name) == 0)
            return true;
    return false;
}
