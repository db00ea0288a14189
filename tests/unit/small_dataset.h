/** @file
 * A small, sound data set, to be damaged.
 */
#ifndef PT_TEST_SMALL_DATASET_H
#define PT_TEST_SMALL_DATASET_H

#include "polytree/io/dataset.h"

enum { N = 12, SIDE = 3, CLASSES = 4 };

static inline pt_status_t small_fill(void *context, pt_split_t split, int64_t i,
                                     void *image, pt_label_t *const *label)
{
    (void)context;
    (void)split;
    (void)image;
    for (int p = 0; p < SIDE * SIDE; p++) {
        label[2][p].i = p % 3;
        label[3][p].f = (float)(i + p) + 0.5f;
        for (int c = 0; c < 3; c++)
            label[4][3 * p + c].f = c == 2;
    }
    return PT_OK;
}

/** Write the first `n_task` (2: those whose labels are in tables; at most 5) of its tasks:
 * `sort` (every sample), `marks` (some of train, multilabel), `parts`, `depth`, `normals`.
 */
static inline pt_status_t small_dataset(const char *path, int32_t n_task)
{
    static uint8_t images[N * SIDE * SIDE];
    static int32_t label[N], mark[4 * 2];
    static const int64_t index[4] = {1, 2, 7, 11};
    static const char *const names[CLASSES] = {"a", "b", "c", "d"};
    for (int i = 0; i < N; i++)
        label[i] = i % CLASSES;
    const pt_task_rows_t all = {.n = N, .labels = label}, some = {4, index, mark};
    const pt_task_source_t task[] = {
        {.info = {.name = "sort", .classes = CLASSES, .has_ignore = true, .ignore = 255},
         .class_names = names,
         .rows = {all, {.n = 0}, all}},
        {.info = {.name = "marks", .kind = PT_TASK_MULTILABEL, .classes = 2},
         .rows = {some, {.n = 0}, some}},
        {.info = {.name = "parts", .kind = PT_TASK_SEGMENTATION, .classes = 3},
         .rows = {all, {.n = 0}, all}},
        {.info = {.name = "depth", .kind = PT_TASK_DEPTH}, .rows = {some, {.n = 0}, all}},
        {.info = {.name = "normals", .kind = PT_TASK_NORMALS},
         .rows = {all, {.n = 0}, all}}};
    const pt_dataset_source_t source = {.height = SIDE,
                                        .width = SIDE,
                                        .channels = 1,
                                        .n = {N, 0, N},
                                        .images = {images, NULL, images},
                                        .fill = n_task > 2 ? small_fill : NULL,
                                        .n_task = n_task,
                                        .task = task,
                                        .origin = "a test"};
    return pt_dataset_write(path, &source);
}

#endif
