/** @file
 * Metrics: what is collected, sample by sample, and the parts that fill a file of their
 * own.
 */
#ifndef TRAIN_METRIC_PARTS_H
#define TRAIN_METRIC_PARTS_H

#include "polytree/par/exact_sum.h"
#include "polytree/train/metric.h"

/*
 * What is collected:
 *
 *                         counts                            sums               lists
 *     classification      per class {both, predicted,       -                  a class
 *     segmentation        labelled}, the confusion matrix   -                  -
 *     multilabel          -                                 -                  a class
 *     edges               EDGE_COUNT                        -                  1
 *     saliency            images                            IoU a threshold    1
 *     depth, regression   labelled of a channel             of a channel       -
 *     normals             labelled, within each angle       of angles          1
 */
enum { BOTH, PREDICTED, LABELLED, N_CLASS_COUNT };
enum { ABSOLUTE, SQUARE, RELATIVE, LABEL, LABEL_SQUARE, N_CHANNEL_SUM };
enum { N_WITHIN = 3, IOU_THRESHOLDS = 15 };

typedef struct metric_part {
    bool is_map;
    int64_t count, sum; /**< where those of a task begin */
} metric_part_t;

struct pt_metrics {
    int32_t n_task;
    const pt_objective_t *objective;
    int64_t h, w;
    metric_part_t *part; /**< [n_task + 1] */
    int64_t *count;      /**< of all tasks */
    pt_exact_t sum;      /**< likewise */
    pt_exact_t odds;     /**< works on one sample */
    struct scores *scores;
    void *scratch; /**< of edge_add() */
};

/** One sample of a task. */
typedef struct metric_sample {
    pt_metrics_t *m;
    int32_t task;
    int64_t n; /**< pixels */
    const pt_real_t *z;
    const pt_label_t *y;
    const pt_label_t *rest; /**< of y, of a regression; NULL: 0 */
} metric_sample_t;

/** Does it have a confusion matrix? */
static inline bool metric_is_confused(const pt_objective_t *o)
{
    switch (o->info->kind) {
    case PT_TASK_CLASSIFICATION:
        return o->outputs <= PT_METRIC_CONFUSED;
    case PT_TASK_SEGMENTATION:
        return o->outputs <= PT_METRIC_CONFUSED_MAP;
    default:
        return false;
    }
}

/** Add to counts, sums and lists of its task. */
void metric_sample_add(const metric_sample_t *sample);

/** Integers of edge_f: {matched, predicted, labelled} per threshold. */
#define EDGE_THRESHOLDS 31
#define EDGE_COUNT (3 * EDGE_THRESHOLDS)

/** Bytes that edge_add() works in. */
size_t edge_scratch(int64_t h, int64_t w);
/** Add one image; pixels without a label are neither predicted nor labelled edges. */
void edge_add(double tolerance, int64_t h, int64_t w, const pt_real_t *output,
              const pt_label_t *label, void *scratch, int64_t *sum);
double edge_value(const int64_t *sum);

/**
 * Scores to be ordered: lists of negatives and positives, as bits whose order is that of
 * the numbers, of 32 bits from a float or of 64 from a double; or bins of their first bits.
 */
typedef struct scores scores_t;

typedef struct score_spec {
    int32_t n_list;   /**< of the task, of the same length */
    int64_t elements; /**< of a sample */
    bool is_double;
    bool is_median; /**< a list of which the middle is wanted; else a ROC curve */
} score_spec_t;

PT_MUST_CHECK pt_status_t scores_new(int32_t n_task, const score_spec_t *spec,
                                     scores_t **out);
void scores_free(scores_t *scores);
PT_MUST_CHECK pt_status_t scores_begin(scores_t *scores, const int64_t *n_sample,
                                       int64_t exact);
/** One score of a task's list; of medians all are positives. */
void scores_add(scores_t *scores, int32_t task, int32_t list, double score,
                bool is_positive);
/** Collective over both. */
PT_MUST_CHECK pt_status_t scores_sum(scores_t *scores, pt_comm_t *data, pt_comm_t *world);
/** Area under a list's curve or its median, NaN where there is none, and its error's bound.
 */
double scores_value(const scores_t *scores, int32_t task, int32_t list, double *bound);

#endif
