/** @file
 * A data set's tables as read from a file: what the reader, the validator and the
 * printer share.
 */
#ifndef IO_SCHEMA_H
#define IO_SCHEMA_H

#include <stdio.h>

#include "polytree/io/dataset.h"
#include "io/h5.h"
#include "io/moments.h"

#define PT_SCHEMA_FORMAT "polytree dataset"
enum { PT_SCHEMA_VERSION = 1, PT_SCHEMA_MAX_CLASSES = 1 << 20 };

/** The type of the library's that a cell is written with. */
hid_t pt_cell_type(pt_cell_t cell);

/** How the inputs of all splits look. */
typedef struct pt_schema_input {
    bool is_image;
    pt_cell_t cell; /**< PT_CELL_U8 or PT_CELL_F32 */
    double scale;   /**< what stored values are multiplied with, in PT_CELL_F32 */
    int64_t hwc[3];
    int64_t n[PT_N_SPLIT];
    pt_number_t number[PT_N_SPLIT]; /**< as the file holds them */
    bool is_bool;                   /**< in some split */
} pt_schema_input_t;

/** What was seen of a task's labels in one split when all were looked at. */
typedef struct pt_tally {
    int64_t n_row;     /**< rows that have a label other than the one to ignore */
    int64_t n_element; /**< elements (pixels, classes of a multilabel task) that have one */
    int64_t n_odd;     /**< normals whose length is not 1 */
    struct pt_moment value; /**< of floats that are labels, of normals the first of each */
    double coarse[2]; /**< of a regression: deviation and size of values that float32 cannot
                         tell apart well; 0: it can */
    pt_blur_t blur;   /**< of a regression */
    char digest[33];  /**< of all values */
    char rounded[33]; /**< the same, see pt_dataset_digest_t */
} pt_tally_t;

/** Labels of a classification or multilabel task are a table in memory; those of the
 * other kinds are read where they are needed. */
typedef struct pt_schema_task {
    pt_task_info_t info;
    pt_class_name_t *class_name; /**< [classes]; NULL where the file names none, or was
                                    not read here */
    int64_t n[PT_N_SPLIT];
    int64_t *index[PT_N_SPLIT];  /**< NULL: row i is input i */
    int32_t *labels[PT_N_SPLIT]; /**< the table; NULL where n is 0 */
    pt_cell_t cell[PT_N_SPLIT];  /**< of labels that are no table */
    pt_tally_t tally[PT_N_SPLIT];
} pt_schema_task_t;

typedef struct pt_schema {
    pt_schema_input_t input;
    pt_class_name_t *input_name; /**< [channels] of features; NULL where the file names
                                    none, or was not read here */
    int64_t *group[PT_N_SPLIT];  /**< of each input; NULL where the file names none */
    int32_t n_task;
    pt_schema_task_t *task;
    int32_t n_name; /**< tasks of the file, wanted or not; where the file was read */
    char (*name)[PT_NAME];
} pt_schema_t;

/** What a reader does about a defect: the validator writes it down and goes on. */
typedef struct pt_findings {
    FILE *report; /**< NULL: the first defect is an error */
    int32_t n;
    bool takes_gaps; /**< what has nothing to be trained on is no defect */
} pt_findings_t;

/** PT_OK for a defect that was written down, else `status`. */
PT_MUST_CHECK pt_status_t pt_findings_take(pt_findings_t *findings, pt_status_t status);

/** Read tables, labels and index of the tasks wanted ("all" or names) of an open file. */
PT_MUST_CHECK pt_status_t pt_schema_read(pt_schema_t *schema, hid_t file, const char *path,
                                         const char *tasks, pt_findings_t *findings);
void pt_schema_release(pt_schema_t *schema);

/** Read kind, classes and so on of the task `name`. */
PT_MUST_CHECK pt_status_t pt_schema_read_task(pt_schema_task_t *task, hid_t file,
                                              const char *path, const char *name);
/** Read a task's rows in one split, if it has any there, and look at all labels. */
PT_MUST_CHECK pt_status_t pt_schema_read_rows(pt_schema_task_t *task, hid_t file,
                                              const char *path, pt_split_t split,
                                              const pt_schema_input_t *input);

/** Whether a kind's file says how many classes there are. */
bool pt_schema_has_classes(const pt_task_info_t *info);
/** Whether labels of the kind are a table in memory. */
bool pt_schema_has_table(const pt_task_info_t *info);
/** Open a task's labels in one split. */
PT_MUST_CHECK pt_status_t pt_schema_open_labels(const pt_schema_task_t *task, hid_t file,
                                                const char *path, pt_split_t split,
                                                pt_h5_array_t *array);
/** Check type and shape of labels, and set what of `info` they decide. */
PT_MUST_CHECK pt_status_t pt_schema_look_at_labels(pt_schema_task_t *task,
                                                   const pt_h5_array_t *array,
                                                   pt_split_t split,
                                                   const pt_schema_input_t *input);
/** Read and check all labels: into the tally, and the table where the kind has one. */
PT_MUST_CHECK pt_status_t pt_schema_scan_labels(pt_schema_task_t *task,
                                                const pt_h5_array_t *array,
                                                pt_split_t split);
/** See pt_dataset_is_coarse(). */
bool pt_schema_is_coarse(const pt_schema_task_t *task, char text[PT_COARSE_TEXT]);
/** See pt_dataset_is_blurred(): a blur of the labels of a task, or of the inputs (-1). */
bool pt_schema_is_blurred(const pt_schema_t *schema, int32_t task, const pt_blur_t *blur,
                          char text[PT_COARSE_TEXT]);
/** One sample's labels as pt_dataset_read_labels() gives them. */
void pt_schema_convert_labels(const pt_task_info_t *info, pt_cell_t cell,
                              const void *stored, pt_label_t *out);
/** The same of pt_dataset_read_rests(). */
void pt_schema_convert_rests(const pt_task_info_t *info, pt_cell_t cell, const void *stored,
                             pt_label_t *out);

/** PT_E_FORMAT unless an open file says that it is a data set, of a version known here. */
PT_MUST_CHECK pt_status_t pt_schema_check_header(hid_t file, const char *path);
/** Open the inputs of a split; input->n[split] is 0 and nothing open where there is none.
 * `first` says what is known from an earlier split, and must agree. */
PT_MUST_CHECK pt_status_t pt_schema_open_input(pt_schema_input_t *input, hid_t file,
                                               const char *path, pt_split_t split,
                                               pt_h5_array_t *array);
/** Names [channels] of the features of an open file, the caller's to free; NULL where it
 * has none. */
PT_MUST_CHECK pt_status_t pt_schema_read_input_names(const pt_schema_input_t *input,
                                                     hid_t file, const char *path,
                                                     pt_class_name_t **out);
/** Rows first..first+n-1 as `cell`; floats multiplied with `scale`. */
PT_MUST_CHECK pt_status_t pt_schema_read_cells(const pt_h5_array_t *array, int64_t first,
                                               int64_t n, pt_cell_t cell, double scale,
                                               void *out);
/** One input in memory as a network reads it; false where a value is not finite. */
bool pt_schema_convert_input(const pt_schema_input_t *input, const void *stored,
                             float *out);
/** Values of one input. */
int64_t pt_schema_input_values(const pt_schema_input_t *input);
/** Of `n` inputs in memory the first with a value that is not finite; -1 where all are. */
int64_t pt_schema_find_not_finite(const pt_schema_input_t *input, const void *data,
                                  int64_t n);

/** Add what reading an array row by row costs; false, and nothing is added, where it costs
 * what rows have. */
bool pt_schema_add_layout_note(const pt_h5_array_t *array, pt_text_t *text);

/** Add that images of that height, width and number of channels look as if their channels
 * came first, as other libraries have them; false, and nothing is added, where they do not.
 */
bool pt_schema_add_shape_note(const int64_t hwc[3], pt_text_t *text);

#endif
