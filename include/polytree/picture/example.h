/** @file
 * Samples with their labels and what a network makes of them, for people.
 */
#ifndef PT_PICTURE_EXAMPLE_H
#define PT_PICTURE_EXAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/real.h"
#include "polytree/base/status.h"
#include "polytree/base/text.h"
#include "polytree/record/interface.h"
#include "polytree/train/objective.h"

enum {
    PT_EXAMPLE_TEXT = 160,
    PT_EXAMPLE_FEATURES = 6, /**< values of a sample that are shown */
};

/** One task of a sample that has a label of it. */
typedef struct pt_example_answer {
    int32_t task;
    bool is_map; /**< label and answer are pictures, PNG; else texts */
    bool is_classified, is_right;
    char label[PT_EXAMPLE_TEXT], answer[PT_EXAMPLE_TEXT];
    pt_text_t label_png, answer_png;
} pt_example_answer_t;

typedef struct pt_example {
    int64_t row;   /**< of the split */
    pt_text_t png; /**< of images */
    char feature[PT_EXAMPLE_FEATURES][32];
    int32_t n_answer;
    pt_example_answer_t *answer; /**< [n_answer] by task */
} pt_example_t;

typedef struct pt_examples {
    char split[8];
    char why[512]; /**< there are none */
    int32_t n_task;
    int32_t n_feature; /**< shown; 0: inputs are images */
    int64_t n_feature_all;
    pt_class_name_t feature[PT_EXAMPLE_FEATURES];
    int32_t n;
    pt_example_t *example; /**< [n] */
} pt_examples_t;

void pt_examples_release(pt_examples_t *examples);

/** Take an input [h, w, c] as the network reads it: an image, or the first of its
 * features, in their own units. */
PT_MUST_CHECK pt_status_t pt_example_input(const pt_input_info_t *info, const float *input,
                                           pt_example_t *example);

/**
 * Take label and output of a task for a sample: classes by name, with what is probable of
 * them, values in the labels' own units, maps as pictures.
 *
 * @param[in] height, width  of the input
 */
PT_MUST_CHECK pt_status_t pt_example_answer(const pt_interface_task_t *task,
                                            const pt_objective_t *objective, int64_t height,
                                            int64_t width, const pt_label_t *label,
                                            const pt_real_t *output,
                                            pt_example_answer_t *answer);

#endif
