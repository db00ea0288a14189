/* Metrics, from what was collected. */
#include <math.h>
#include <string.h>

#include "train/metric_parts.h"

static double ratio(double a, double b)
{
    return b > 0 ? a / b : NAN;
}

/* A mean over what is defined. */
typedef struct mean {
    double total;
    int64_t n;
} mean_t;

static void mean_add(mean_t *mean, double x)
{
    if (isnan(x))
        return;
    mean->total += x;
    mean->n++;
}

static double mean_value(mean_t mean)
{
    return ratio(mean.total, (double)mean.n);
}

static double class_iou(const int64_t *c)
{
    return ratio((double)c[BOTH], (double)(c[PREDICTED] + c[LABELLED] - c[BOTH]));
}

static double class_f1(const int64_t *c)
{
    return ratio(2 * (double)c[BOTH], (double)(c[PREDICTED] + c[LABELLED]));
}

static double class_recall(const int64_t *c)
{
    return ratio((double)c[BOTH], (double)c[LABELLED]);
}

static double mean_of_classes(const pt_objective_t *o, double (*value)(const int64_t *),
                              const int64_t *count)
{
    mean_t mean = {0};

    for (int32_t c = 0; c < o->outputs; c++)
        mean_add(&mean, value(count + c * N_CLASS_COUNT));
    return mean_value(mean);
}

static double share_right(const pt_objective_t *o, const int64_t *count)
{
    int64_t right = 0, labelled = 0;

    for (int32_t c = 0; c < o->outputs; c++) {
        right += count[c * N_CLASS_COUNT + BOTH];
        labelled += count[c * N_CLASS_COUNT + LABELLED];
    }
    return ratio((double)right, (double)labelled);
}

static double mean_auc(const pt_metrics_t *m, int32_t task, double *bound)
{
    const pt_objective_t *o = &m->objective[task];
    int32_t n = o->outputs;
    mean_t mean = {0}, mean_bound = {0};

    for (int32_t c = 0; c < n; c++) {
        double own, auc = scores_value(m->scores, task, c, &own);
        mean_add(&mean, auc);
        mean_add(&mean_bound, isnan(auc) ? auc : own);
    }
    *bound = mean_bound.n > 0 ? mean_value(mean_bound) : 0;
    return mean_value(mean);
}

static double max_iou(const pt_metrics_t *m, int64_t sum, const int64_t *count)
{
    double best = 0;

    for (int t = 0; t < IOU_THRESHOLDS; t++)
        best = fmax(best, pt_exact_value(&m->sum, sum + t));
    return ratio(best, (double)count[0]);
}

/* Mean over all channels' values of one of their sums, in the labels' own units. */
static double mean_error(const pt_metrics_t *m, const pt_objective_t *o, int which,
                         int64_t sum, const int64_t *count)
{
    const pt_standard_t *standard = o->info->standard;
    double total = 0;
    int64_t n = 0;

    for (int32_t c = 0; c < o->labels; c++) {
        double unit = standard ? standard[c].deviation : 1;
        total += pt_exact_value(&m->sum, sum + c * N_CHANNEL_SUM + which) *
                 (which == SQUARE ? unit * unit : unit);
        n += count[c];
    }
    return ratio(total, (double)n);
}

/* Of any units. */
static double mean_r2(const pt_metrics_t *m, int32_t n_channel, int64_t sum,
                      const int64_t *count)
{
    mean_t mean = {0};

    for (int32_t c = 0; c < n_channel; c++) {
        int64_t at = sum + c * N_CHANNEL_SUM;
        double spread =
            pt_exact_centred(&m->sum, at + LABEL, at + LABEL_SQUARE, (double)count[c]);
        mean_add(&mean, 1 - ratio(pt_exact_value(&m->sum, at + SQUARE), spread));
    }
    return mean_value(mean);
}

double pt_metrics_value(const pt_metrics_t *m, int32_t task, pt_task_metric_t metric,
                        double *bound)
{
    const pt_objective_t *o = &m->objective[task];
    const int64_t *count = m->count + m->part[task].count;
    int64_t sum = m->part[task].sum;
    double unused, *own = bound != NULL ? bound : &unused;

    *own = 0;
    switch (metric) {
    case PT_METRIC_ACCURACY:
    case PT_METRIC_PIXEL_ACCURACY:
        return share_right(o, count);
    case PT_METRIC_BALANCED_ACCURACY:
        return mean_of_classes(o, class_recall, count);
    case PT_METRIC_MACRO_F1:
        return mean_of_classes(o, class_f1, count);
    case PT_METRIC_MIOU:
        return mean_of_classes(o, class_iou, count);
    case PT_METRIC_AUC:
        return mean_auc(m, task, own);
    case PT_METRIC_MAX_IOU:
        return max_iou(m, sum, count);
    case PT_METRIC_RMSE:
        return sqrt(mean_error(m, o, SQUARE, sum, count));
    case PT_METRIC_ABS_ERROR:
        return mean_error(m, o, ABSOLUTE, sum, count);
    case PT_METRIC_REL_ERROR:
        return mean_error(m, o, RELATIVE, sum, count);
    case PT_METRIC_R2:
        return mean_r2(m, o->labels, sum, count);
    case PT_METRIC_EDGE_F:
        return edge_value(count);
    case PT_METRIC_MEAN_ANGLE:
        return ratio(pt_exact_value(&m->sum, sum), (double)count[0]);
    case PT_METRIC_MEDIAN_ANGLE:
        return scores_value(m->scores, task, 0, own);
    case PT_METRIC_WITHIN_11:
    case PT_METRIC_WITHIN_22:
    case PT_METRIC_WITHIN_30:
        return ratio((double)count[1 + metric - PT_METRIC_WITHIN_11], (double)count[0]);
    case PT_METRIC_AUTO:
    case PT_N_TASK_METRIC:
        break;
    }
    return NAN;
}

const int64_t *pt_metrics_confusion(const pt_metrics_t *m, int32_t task)
{
    const pt_objective_t *o = &m->objective[task];

    return metric_is_confused(o)
               ? m->count + m->part[task].count + o->outputs * N_CLASS_COUNT
               : NULL;
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

bool pt_metric_is_relative(const char *name)
{
    return strcmp(pt_metric_name(PT_METRIC_R2), name) != 0;
}
