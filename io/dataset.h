/** @file
 * The inside of an open data set: its tables, its stacks of rows, and what it is known by.
 */
#ifndef IO_DATASET_H
#define IO_DATASET_H

#include "io/schema.h"
#include "io/stack.h"
#include "polytree/par/shared.h"

struct pt_dataset {
    pt_schema_t schema;
    char *path;
    hid_t file; /**< open on ranks that read from it */
    pt_stack_t input[PT_N_SPLIT];
    pt_stack_t (*label)[PT_N_SPLIT]; /**< by task */
    pt_standard_t *standard;         /**< [channels] of inputs; NULL: their own */
    pt_standard_t **task_standard;   /**< by task; NULL: its own */
    pt_blur_t blur;      /**< of inputs in train, once standardised; of rank 0 */
    bool is_loaded;      /**< rows of all stacks are on each node, ... */
    pt_shared_t *memory; /**< ... so many of them in memory ... */
    pt_shared_t *disk;   /**< ... and the others in a file of its own; either may be NULL */
    pt_staging_t staging; /**< for all stacks, one at a time */
    size_t bytes;
    pt_dataset_digest_t digest;
};

/** Stacks of a data set: of the inputs of each split, then of each task's labels. */
int32_t pt_dataset_n_stack(const pt_dataset_t *dataset);
pt_stack_t *pt_dataset_stack(pt_dataset_t *dataset, int32_t i);
/** Open the file on this rank, and close it ... */
PT_MUST_CHECK pt_status_t pt_dataset_open_stacks(pt_dataset_t *dataset);
void pt_dataset_close_stacks(pt_dataset_t *dataset);
/** ... or have what is not in memory read from it from now on. */
PT_MUST_CHECK pt_status_t pt_dataset_stage(pt_dataset_t *dataset);

/** What was loaded is seen by all ranks of a node.  Collective over it. */
PT_MUST_CHECK pt_status_t pt_dataset_loaded(pt_dataset_t *dataset);

/** Read all inputs, of wider numbers than memory's from the file, which is open then:
 * dataset->digest, and the digest of each split's inputs. */
PT_MUST_CHECK pt_status_t pt_dataset_form_digest(pt_dataset_t *dataset, const char *path,
                                                 char of_input[PT_N_SPLIT][33]);

/** PT_E_MISMATCH, naming what differs, unless tables read from `path` are rank 0's ... */
PT_MUST_CHECK pt_status_t pt_schema_check_same(const pt_schema_t *own,
                                               const pt_schema_t *theirs, const char *path);
/** ... and unless the inputs of each split have rank 0's digest. */
PT_MUST_CHECK pt_status_t pt_dataset_check_inputs(const pt_dataset_t *dataset,
                                                  const char *path,
                                                  char own[PT_N_SPLIT][33],
                                                  char theirs[PT_N_SPLIT][33]);

/** Write what a file says of itself, its inputs and its tasks, without their arrays. */
PT_MUST_CHECK pt_status_t pt_dataset_write_frame(hid_t file, const char *path,
                                                 const pt_dataset_source_t *source);
/** Write what source->fill() gives of the splits first..last: inputs unless source->images
 * has them, and labels that are no table.  In source->order where there is one. */
PT_MUST_CHECK pt_status_t pt_dataset_write_filled(hid_t file, const char *path,
                                                  const pt_dataset_source_t *source,
                                                  pt_split_t first, pt_split_t last);
/** Whether the labels of a task in a split are formed input by input, not a table ... */
bool pt_dataset_fills_task(const pt_task_source_t *task, pt_split_t split);
/** ... and whether something of a split is. */
bool pt_dataset_is_filled(const pt_dataset_source_t *source, pt_split_t split);

#endif
