/** @file
 * A data set's tables as read from a file: what the reader, the validator and the
 * printer share.
 */
#ifndef IO_SCHEMA_H
#define IO_SCHEMA_H

#include <stdio.h>

#include "polytree/io/dataset.h"
#include "io/h5.h"

#define PT_SCHEMA_FORMAT "polytree dataset"
enum { PT_SCHEMA_VERSION = 1, PT_SCHEMA_MAX_CLASSES = 1 << 20, PT_SCHEMA_MAX_NAME = 63 };

/** How the inputs of all splits look. */
typedef struct pt_schema_input {
    bool is_image, is_u8;
    int64_t hwc[3];
    int64_t n[PT_N_SPLIT];
} pt_schema_input_t;

typedef struct pt_schema_task {
    pt_task_info_t info;
    char kind[32];     /**< as in the file */
    bool is_supported; /**< else only name, kind and n are set */
    bool has_class_names;
    int64_t n[PT_N_SPLIT];
    int64_t *index[PT_N_SPLIT];  /**< NULL: row i is input i */
    int32_t *labels[PT_N_SPLIT]; /**< NULL where n is 0 */
} pt_schema_task_t;

typedef struct pt_schema {
    pt_schema_input_t input;
    int32_t n_task;
    pt_schema_task_t *task;
} pt_schema_t;

/** What a reader does about a defect: the validator writes it down and goes on. */
typedef struct pt_findings {
    FILE *report; /**< NULL: the first defect is an error */
    int32_t n;
    bool takes_any_kind; /**< a kind that this version lacks is no error; without a report
                            neither is a task that has nothing to be trained on */
} pt_findings_t;

/** PT_OK for a defect that was written down, else `status`. */
PT_MUST_CHECK pt_status_t pt_findings_take(pt_findings_t *findings, pt_status_t status);

/** Values of one row of labels: 1, or the classes of a multilabel task. */
int64_t pt_schema_width(const pt_task_info_t *info);

/** Rows of a task in a split that have a label other than the one to ignore; all rows of a
 * kind that is not supported. */
int64_t pt_schema_n_labelled(const pt_schema_task_t *task, pt_split_t split);

/** Read tables, labels and index of the tasks wanted ("all" or names) of an open file. */
PT_MUST_CHECK pt_status_t pt_schema_read(pt_schema_t *schema, hid_t file, const char *path,
                                         const char *tasks, pt_findings_t *findings);
void pt_schema_release(pt_schema_t *schema);

/** Read kind, classes and so on of the task `name`. */
PT_MUST_CHECK pt_status_t pt_schema_read_task(pt_schema_task_t *task, hid_t file,
                                              const char *path, const char *name);
/** Read a task's rows in one split, if it has any there. */
PT_MUST_CHECK pt_status_t pt_schema_read_rows(pt_schema_task_t *task, hid_t file,
                                              const char *path, pt_split_t split,
                                              int64_t n_input);

/** Open the inputs of a split; input->n[split] is 0 and nothing open where there is none.
 * `first` says what is known from an earlier split, and must agree. */
PT_MUST_CHECK pt_status_t pt_schema_open_input(pt_schema_input_t *input, hid_t file,
                                               const char *path, pt_split_t split,
                                               pt_h5_array_t *array);
/** Bytes of one input as held in memory, and the type to read with. */
size_t pt_schema_item_bytes(const pt_schema_input_t *input);
hid_t pt_schema_item_type(const pt_schema_input_t *input);
/** Of `n` inputs in memory the first with a value that is not finite; -1 where all are. */
int64_t pt_schema_find_not_finite(const pt_schema_input_t *input, const void *data,
                                  int64_t n);

#endif
