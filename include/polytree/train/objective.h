/** @file
 * What a task is trained on and judged by.
 *
 * An *element* of a task is what has a loss of its own: a sample of classification, a
 * pixel of segmentation, and every single value of the other kinds.  By kind of labels,
 * the first loss and the first metric being the default:
 *
 *     kind            outputs   losses                       metrics
 *     classification  classes   cross_entropy                accuracy, balanced_accuracy,
 *                                                            macro_f1, auc
 *     multilabel      classes   bce, bce_balanced            auc
 *     segmentation    classes   cross_entropy                miou, pixel_accuracy
 *     depth           1         l1, mse                      rmse, abs_error, rel_error
 *     normals         3         l1_normals, cosine, l1, mse  mean_angle, median_angle,
 *                                                            within_11, _22, _30
 *     edges           1         bce, bce_balanced            edge_f, auc
 *     saliency        1         bce_balanced, bce            max_iou, auc
 *     regression      channels  mse, l1, cosine              rmse, r2, abs_error
 */
#ifndef PT_TRAIN_OBJECTIVE_H
#define PT_TRAIN_OBJECTIVE_H

#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/io/dataset.h"

/** Share of positives' weight in the bce of edges, where the config names none (Xie & Tu,
 * HED, 2015; Maninis et al., ASTMT, 2019). */
#define PT_EDGE_POSITIVE 0.95

typedef struct pt_objective {
    const pt_task_info_t *info;
    pt_task_loss_t loss;     /**< never PT_LOSS_AUTO */
    pt_task_metric_t metric; /**< shown first; never PT_METRIC_AUTO */
    int32_t outputs;         /**< of the network, for a sample or for every pixel */
    int32_t labels;          /**< values of a label there: 1, or one for each output */
    double smoothing;        /**< where a sample has one label or one set, else 0 */
    double weight;           /**< of the task, before weights are normalised */
    double positive_weight;  /**< bce: of positives, negatives 1 - this; 0: 1 for both */
    double tolerance;        /**< edge_f: share of the image's diagonal */
    /** cross_entropy: [outputs] weights of labels, in units of 1 / PT_CLASS_WEIGHT, the
     * largest of which is 1; NULL: all alike.  Borrowed. */
    const int64_t *class_weight;
} pt_objective_t;

/**
 * The objective of a task as its section [task.NAME] and its kind have it.  Borrows `info`.
 *
 * @return PT_E_CONFIG where loss or metric does not suit the kind, naming those that do
 */
PT_MUST_CHECK pt_status_t pt_objective_make(const pt_config_t *config,
                                            const pt_task_info_t *info,
                                            pt_objective_t *out);

/** What the largest class weight is as an integer: sums of them are exact. */
#define PT_CLASS_WEIGHT ((int64_t)1 << 32)

/**
 * The class weights that the section of a task of classes asks for.  balanced: one over the
 * number of labels of the class in the file's train split (scikit-learn's, whose scale
 * drops out of the loss); of classes without any as of those with one.  Not collective;
 * reads all train labels of maps.
 *
 * @param[in]  index   of the task in the data set
 * @param[out] weight  [outputs], NULL where none are asked for; free with pt_free()
 * @return PT_E_CONFIG where the loss has no classes, or the list is not one positive number
 * a class
 */
PT_MUST_CHECK pt_status_t pt_class_weights_make(const pt_config_t *config,
                                                pt_dataset_t *dataset, int32_t index,
                                                const pt_objective_t *objective,
                                                int64_t **weight);

/** Most metrics of one kind. */
#define PT_KIND_METRICS 5

/** All metrics of a kind, the default one first; their number. */
int32_t pt_kind_metrics(pt_task_kind_t kind, const pt_task_metric_t **metric);

#endif
