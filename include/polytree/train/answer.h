/** @file
 * What a network puts out for a task, as people want it: classes and probabilities, and
 * numbers in the labels' own units.
 *
 *     kind            answers                                   of
 *     classification  class, probability [classes]              softmax
 *     multilabel      probability [classes]                     sigmoid
 *     segmentation    class, confidence: the class's own        softmax, for every pixel
 *                     probability
 *     depth           value                                     as labels are
 *     normals         value [3], of length 1
 *     edges, saliency probability                               sigmoid
 *     regression      value [channels]                          mean + deviation x
 */
#ifndef PT_TRAIN_ANSWER_H
#define PT_TRAIN_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/real.h"
#include "polytree/train/objective.h"

/** Most answers to one task. */
enum { PT_TASK_ANSWERS = 2 };

/** One of them, for a sample or for every pixel. */
typedef struct pt_answer {
    const char *name; /**< "class" */
    bool is_class;    /**< int32, number of a class; else float ... */
    bool is_double;   /**< ... or double, of a regression: its labels may be far from 0 */
    int64_t values;   /**< 1, or one for each class or channel */
    bool is_list;     /**< they are a list, also where there is one alone */
} pt_answer_t;

/** What a task is answered with, or its raw output alone, "logits"; how many. */
int32_t pt_answers(const pt_objective_t *objective, bool is_raw,
                   pt_answer_t answer[PT_TASK_ANSWERS]);

/**
 * The answers of n elements (pixels, or samples of what is no map).
 *
 * @param[in]  output  [n, outputs]
 * @param[out] to      of each answer, [n, values] of int32_t, float or double
 */
void pt_answer(const pt_objective_t *objective, bool is_raw, int64_t n,
               const pt_real_t *output, void *const to[PT_TASK_ANSWERS]);

#endif
