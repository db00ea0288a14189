#include "polytree/train/loss.h"

#include <math.h>
#include <string.h>
#include <stdbool.h>

/*
 * classification: {right, labelled}
 * multilabel: per class a histogram of the scores of negatives, then one of positives
 */

int64_t pt_metric_count(const pt_task_info_t *task)
{
    if (task->kind == PT_TASK_MULTILABEL)
        return (int64_t)task->classes * 2 * PT_AUC_BINS;
    return 2;
}

/* Is `label` the first of the largest?  An output that is not a number is never right. */
static bool is_right(int32_t n_class, const pt_real_t *z, int32_t label)
{
    for (int32_t c = 0; c < n_class; c++)
        if (!(c < label ? z[c] < z[label] : z[c] <= z[label]))
            return false;
    return true;
}

static int64_t score_bin(double z)
{
    double e = exp(-fabs(z));
    double score = (z >= 0 ? 1.0 : e) / (1.0 + e);
    if (!(score >= 0))
        return 0;
    int64_t bin = (int64_t)(score * PT_AUC_BINS);
    return bin < PT_AUC_BINS ? bin : PT_AUC_BINS - 1;
}

void pt_metric_add(const pt_task_info_t *task, int64_t n, const pt_real_t *output,
                   const int32_t *label, int64_t *sum)
{
    const int32_t n_class = task->classes;
    if (task->kind == PT_TASK_CLASSIFICATION) {
        for (int64_t i = 0; i < n; i++) {
            if (label[i] == PT_LABEL_NONE)
                continue;
            sum[0] += is_right(n_class, output + i * n_class, label[i]);
            sum[1]++;
        }
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        for (int32_t c = 0; c < n_class; c++) {
            int32_t y = label[i * n_class + c];
            if (y == PT_LABEL_NONE)
                continue;
            int64_t bin = score_bin((double)output[i * n_class + c]);
            sum[((int64_t)c * 2 + (y != 0)) * PT_AUC_BINS + bin]++;
        }
    }
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

double pt_metric_value(const pt_task_info_t *task, const int64_t *sum)
{
    if (task->kind == PT_TASK_CLASSIFICATION)
        return sum[1] ? (double)sum[0] / (double)sum[1] : (double)NAN;
    double total = 0;
    int32_t n_defined = 0;
    for (int32_t c = 0; c < task->classes; c++) {
        const int64_t *histogram = sum + (int64_t)c * 2 * PT_AUC_BINS;
        double auc = roc_auc(histogram, histogram + PT_AUC_BINS);
        if (!isnan(auc)) {
            total += auc;
            n_defined++;
        }
    }
    return n_defined ? total / n_defined : (double)NAN;
}

static const struct {
    const char *name;
    bool is_error;
} metrics[] = {
    [PT_TASK_CLASSIFICATION] = {"accuracy", false},
    [PT_TASK_MULTILABEL] = {"roc_auc", false},
};

const char *pt_metric_name(const pt_task_info_t *task)
{
    return metrics[task->kind].name;
}

bool pt_metric_is_error(const char *name)
{
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++)
        if (strcmp(metrics[i].name, name) == 0)
            return metrics[i].is_error;
    return false;
}
