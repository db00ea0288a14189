/** @file
 * Multi-task data sets in HDF5 (schema version 1): reader, writer, validator.
 */
#ifndef PT_IO_DATASET_H
#define PT_IO_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "polytree/base/status.h"
#include "polytree/base/text.h"
#include "polytree/config/words.h"
#include "polytree/par/comm.h"

typedef enum pt_split {
    PT_SPLIT_TRAIN,
    PT_SPLIT_VAL,
    PT_SPLIT_TEST,
    PT_N_SPLIT
} pt_split_t;

typedef enum pt_task_kind {
    PT_TASK_CLASSIFICATION, /**< integers [n] */
    PT_TASK_MULTILABEL,     /**< integers 0, 1 or ignore [n, classes] */
    PT_TASK_SEGMENTATION,   /**< integers [n, h, w] */
    PT_TASK_DEPTH,          /**< floats [n, h, w]; above 0, else no label */
    PT_TASK_NORMALS,        /**< floats [n, h, w, 3], the first along the image's rows,
                               the second along its columns, downwards; length 0 is no
                               label */
    PT_TASK_EDGES,          /**< integers 0, 1 or ignore [n, h, w] */
    PT_TASK_SALIENCY,       /**< integers 0, 1 or ignore [n, h, w] */
    PT_TASK_REGRESSION,     /**< floats [n], [n, c] or [n, h, w, c] */
    PT_N_TASK_KIND
} pt_task_kind_t;

/** One value of a label: f of the kinds that pt_task_is_float(), i of the others. */
typedef union pt_label {
    int32_t i;
    float f;
} pt_label_t;

/** No label, as an integer; as a float: NaN. */
#define PT_LABEL_NONE INT32_MIN

/** What values of a channel are measured in: x stands for (x - mean) / deviation. */
typedef struct pt_standard {
    double mean, deviation;
} pt_standard_t;

typedef struct pt_task_info {
    char name[PT_NAME];
    pt_task_kind_t kind;
    int32_t classes; /**< classes or labels; else outputs of an element: 3 for normals, 1
                        for depth, edges and saliency, the channels of a regression */
    bool is_inverse; /**< depth: labels are of 1 / depth, or in proportion to it */
    bool has_ignore;
    int32_t ignore;                  /**< this integer means: none */
    int64_t height, width, channels; /**< of one sample's label.  Maps: as the inputs, and 1
                                        (normals 3, regression c); 1, 1, classes for
                                        multilabel, else 1, 1, c */
    const pt_standard_t
        *standard; /**< [channels] in which a regression is read, and in which a network
              gives it.  NULL: in its own.  The data set's. */
} pt_task_info_t;

/** Whether there is a label for each pixel. */
bool pt_task_is_map(const pt_task_info_t *info);
/** Whether labels are floats: depth, normals, regression. */
bool pt_task_is_float(const pt_task_info_t *info);
/** Values of one sample's label: height * width * channels. */
int64_t pt_task_labels(const pt_task_info_t *info);

/** Name of a class, or of a feature, with its NUL. */
typedef struct pt_class_name {
    char text[128];
} pt_class_name_t;

/** What one input is, and how stored numbers become those that a network reads: bytes x /
 * 255, others x scale; then (x - mean) / deviation. */
typedef struct pt_input_info {
    int64_t hwc[3]; /**< height, width, channels; features: 1, 1, features */
    bool is_image;
    bool is_byte;                  /**< stored as uint8 */
    double scale;                  /**< 1: numbers are as stored */
    const pt_standard_t *standard; /**< [channels]; NULL: their own units */
    const pt_class_name_t *name;   /**< [channels] of features; NULL: not known */
} pt_input_info_t;

/** One task's rows in one split.  Row i is input index[i], or input i where index is NULL.
 */
typedef struct pt_task_rows {
    int64_t n;
    const int64_t *index;
    const int32_t *labels; /**< n of a classification, n * classes of a multilabel task;
                              NULL for the others: see pt_dataset_read_labels() */
} pt_task_rows_t;

/** Position of an input's label among a task's rows, or -1; so for input -1. */
int64_t pt_task_rows_find(const pt_task_rows_t *rows, int64_t row);

typedef struct pt_dataset pt_dataset_t;

/**
 * Open a data set and read its tables and labels.
 *
 * With PT_CACHE_MEMORY inputs and label maps are read too, one copy per node of `comm` in
 * shared memory, and with PT_CACHE_DISK one in a file of the node's own; with PT_CACHE_NONE
 * pt_dataset_read() and pt_dataset_read_labels() read what they are asked for.  The file is
 * checked like by pt_dataset_check(), all values included, and so that all ranks have the
 * same: one rank of each node looks, and each that finds another file there than that one.
 * Collective over `comm`.
 *
 * @param[in]  tasks  "all", or task names separated by white space or commas, in the
 *                    order wanted; a name that the file lacks is an error that names
 *                    those that it has, as is a task without labels in train
 * @return PT_E_FORMAT for an input that is not finite, naming split and row;
 *         PT_E_MISMATCH where a rank's file is not what rank 0's is, naming what differs
 */
PT_MUST_CHECK pt_status_t pt_dataset_open(const char *path, const char *tasks,
                                          pt_comm_t *comm, pt_comm_t *node,
                                          pt_cache_t cache, pt_dataset_t **out);
/** With at most `bytes` of inputs and label maps in each node's memory, those of train's
 * inputs first, and the rest as with PT_CACHE_DISK. */
PT_MUST_CHECK pt_status_t pt_dataset_open_bounded(const char *path, const char *tasks,
                                                  pt_comm_t *comm, pt_comm_t *node,
                                                  int64_t bytes, pt_dataset_t **out);
/**
 * The same to score what a network makes of the inputs: a file without train will do, and
 * tasks without labels there.  Nothing is read into memory.
 */
PT_MUST_CHECK pt_status_t pt_dataset_open_labels(const char *path, const char *tasks,
                                                 pt_comm_t *comm, pt_comm_t *node,
                                                 pt_dataset_t **out);
/** Collective unless PT_CACHE_NONE. */
void pt_dataset_close(pt_dataset_t *dataset);

int32_t pt_dataset_n_task(const pt_dataset_t *dataset);
const pt_task_info_t *pt_dataset_task(const pt_dataset_t *dataset, int32_t task);
/** On rank 0: name of task `i` of all in the file, opened or not; NULL behind the last. */
const char *pt_dataset_file_task(const pt_dataset_t *dataset, int32_t i);
/** On rank 0: [classes] names; NULL where the file has none. */
const pt_class_name_t *pt_dataset_class_names(const pt_dataset_t *dataset, int32_t task);
/** height, width, channels of one input; features: 1, 1, features. */
void pt_dataset_input(const pt_dataset_t *dataset, int64_t hwc[3]);
/** All of it; its units are borrowed, as are names, which rank 0 knows. */
pt_input_info_t pt_dataset_input_info(const pt_dataset_t *dataset);
/** Inputs in a split; 0 where the file has no such split. */
int64_t pt_dataset_n_input(const pt_dataset_t *dataset, pt_split_t split);
/** What each input of a split belongs to (who drew it, who speaks), the same number for all
 * of one; NULL where the file does not say.  Borrowed from the data set. */
const int64_t *pt_dataset_group(const pt_dataset_t *dataset, pt_split_t split);
/** Room for the words of pt_dataset_is_coarse(). */
enum { PT_COARSE_TEXT = 384 };
/** A task's rows in a split; n = 0 where it has none.  Borrowed from the data set. */
pt_task_rows_t pt_dataset_rows(const pt_dataset_t *dataset, pt_split_t split, int32_t task);
/** Rows of a task in a split that have a label other than the one to ignore. */
int64_t pt_dataset_n_labelled(const pt_dataset_t *dataset, pt_split_t split, int32_t task);
/**
 * Find units in which features, images of floats that leave 0 to 1, and labels of some
 * regression tasks have mean 0 and deviation 1 in each channel, over some of the training
 * inputs.  From then on they are read in these units, formed from the file's numbers in
 * double and rounded once.  Rank 0 reads what train has once more, and one rank of a node
 * what is in memory; all ranks get the same bits, whatever their number.  Once for a data
 * set.  Collective over `comm`, of which `node` is what pt_dataset_open() had.
 *
 * @param[in] taken  bitset of the inputs of train that count
 * @param[in] tasks  bitset of the regression tasks
 */
PT_MUST_CHECK pt_status_t pt_dataset_standardise(pt_dataset_t *dataset,
                                                 const uint64_t *taken,
                                                 const uint64_t *tasks, pt_comm_t *comm,
                                                 pt_comm_t *node);
/**
 * Whether float32 is too coarse for the labels of a regression in train as they are: it
 * takes off more than a hundredth of their deviation.
 *
 * @param[out] text  what is wrong and what to do, for a person; "" where nothing is
 */
bool pt_dataset_is_coarse(const pt_dataset_t *dataset, int32_t task,
                          char text[PT_COARSE_TEXT]);
/**
 * Whether the file itself hardly tells the labels of a regression in train apart, or, with
 * task -1, the inputs of a channel: they differ by less than its floats have between them.
 * Inputs are known on rank 0, once pt_dataset_standardise() has looked at them.
 *
 * @param[out] text  what is wrong and what to do, for a person; "" where nothing is
 */
bool pt_dataset_is_blurred(const pt_dataset_t *dataset, int32_t task,
                           char text[PT_COARSE_TEXT]);
/** [channels] units of inputs (NULL: their own) ... */
const pt_standard_t *pt_dataset_input_standard(const pt_dataset_t *dataset);
/** ... and take other units for those of inputs and of each task; NULL: their own.  What is
 * in memory in other ones is read from the file from then on.  Copies.  Not collective. */
PT_MUST_CHECK pt_status_t pt_dataset_set_standards(pt_dataset_t *dataset,
                                                   const pt_standard_t *input,
                                                   const pt_standard_t *const *task);

/** What a data set is known by, as hex: digests of everything that it holds, part of a
 * run's identity. */
typedef struct pt_dataset_digest {
    char text[33];    /**< of the file's numbers */
    char rounded[33]; /**< of what float32 has of them, as 0.2.0 and before wrote down */
} pt_dataset_digest_t;

const pt_dataset_digest_t *pt_dataset_digest(const pt_dataset_t *dataset);
/** Whether the digest that a run has written down is one of these. */
bool pt_dataset_is_digest(const pt_dataset_digest_t *digest, const char *text);
/** Bytes of memory that this data set holds on this rank, what is shared counted whole. */
size_t pt_dataset_bytes(const pt_dataset_t *dataset);

/** Inputs that pt_dataset_read() will be asked for, in one call or in many: those on a
 * node's disk (PT_CACHE_DISK) are brought all at once.  Rows are those that there are. */
void pt_dataset_expect(const pt_dataset_t *dataset, pt_split_t split, const int64_t *row,
                       int64_t n);
/**
 * Inputs `row[0..n-1]` of a split as float32 [n, h, w, c]; uint8 pixels are divided by
 * 255, uint16 by 65535, int16 by 32767, all integers and floats multiplied by the attribute
 * `scale` instead where they have one; (x - mean) / deviation where there is
 * pt_dataset_input_standard().  Same bits whichever cache.  Not collective;
 * allocates only to read numbers of the file that are wider than memory's.
 *
 * @return PT_E_FORMAT for an input that has changed in the file to one that is not finite
 */
PT_MUST_CHECK pt_status_t pt_dataset_read(pt_dataset_t *dataset, pt_split_t split,
                                          const int64_t *row, int64_t n, float *out);

/**
 * Labels of rows `row[0..n-1]` of a task's own table (see pt_dataset_rows()) as [n, h, w,
 * c], a regression's in units of pt_task_info_t.  What is no label comes as PT_LABEL_NONE
 * or NaN, in all three values of a normal. Same bits whichever cache.  Not collective;
 * allocates as pt_dataset_read().
 */
PT_MUST_CHECK pt_status_t pt_dataset_read_labels(pt_dataset_t *dataset, pt_split_t split,
                                                 int32_t task, const int64_t *row,
                                                 int64_t n, pt_label_t *out);
/**
 * The same of what rounding has left of a regression's labels: label and rest make the
 * file's number in those units, to 48 bits; NaN where there is none.  Metrics are formed
 * with it, losses without.
 */
PT_MUST_CHECK pt_status_t pt_dataset_read_rests(pt_dataset_t *dataset, pt_split_t split,
                                                int32_t task, const int64_t *row, int64_t n,
                                                pt_label_t *out);

const char *pt_split_name(pt_split_t split);
const char *pt_task_kind_name(pt_task_kind_t kind);

/**
 * Check a file against the schema, all values included: shapes, types, label ranges,
 * sorted unique index, finite inputs, no infinite label, labels in train.  Writes one line
 * per finding to `report` ("path: what, expected what") and counts them; lines that begin
 * with "note:" are not counted.  Not collective.
 */
PT_MUST_CHECK pt_status_t pt_dataset_check(const char *path, FILE *report,
                                           int32_t *n_finding);

/** Print what a file holds: splits, inputs, tasks, classes, samples.  Not collective. */
PT_MUST_CHECK pt_status_t pt_dataset_info(const char *path, FILE *out);

/**
 * What pt_dataset_write() writes for one task; rows as in pt_task_rows_t.  Of info.height,
 * width and channels only those of a regression are looked at.
 */
typedef struct pt_task_source {
    pt_task_info_t info;
    const char *const *class_names; /**< `classes` names, or NULL */
    pt_task_rows_t rows[PT_N_SPLIT];
    const double *values[PT_N_SPLIT]; /**< table of a regression, [n, channels]; or NULL */
} pt_task_source_t;

/**
 * Form input `i` of a split, [h, w, c] of uint8, float or double, and its labels of every
 * task that has no table, as pt_dataset_read_labels() gives them; label[t] of the others is
 * NULL.
 */
typedef pt_status_t (*pt_dataset_fill_t)(void *context, pt_split_t split, int64_t i,
                                         void *image, pt_label_t *const *label);

typedef struct pt_dataset_source {
    int64_t height, width, channels; /**< of inputs [n, height, width, channels] */
    bool is_float;                   /**< inputs are float32, not uint8 ... */
    bool is_double;                  /**< ... or float64 */
    bool is_features;      /**< inputs are [n, channels]; height and width are 1 */
    int64_t n[PT_N_SPLIT]; /**< 0: the split is left out */
    const uint8_t *images[PT_N_SPLIT];
    const int64_t *group[PT_N_SPLIT]; /**< of each input, see pt_dataset_group(); or NULL */
    /** Where images are NULL, and for labels that are no table: called for each input once,
     * in order, so that one at a time is in memory. */
    pt_dataset_fill_t fill;
    /** Split of each input in the order in which `fill` is called, [sum of n]; NULL: one
     * split after the other. */
    const uint8_t *order;
    void *context;
    const char *const *input_names; /**< [channels] of features, or NULL */
    int32_t n_task;
    const pt_task_source_t *task;
    const char *origin; /**< a sentence for the root attribute `origin` */
} pt_dataset_source_t;

/** Write a data set: to a temporary name, flushed, then renamed.  Not collective. */
PT_MUST_CHECK pt_status_t pt_dataset_write(const char *path,
                                           const pt_dataset_source_t *source);

#endif
