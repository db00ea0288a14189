/** @file
 * Tasks of which each sample has a value or none, and what is written of them.
 */
#ifndef IO_CSV_TASKS_H
#define IO_CSV_TASKS_H

#include "polytree/base/text.h"
#include "polytree/io/dataset.h"
#include "io/csv_column.h"
#include "io/parts.h"

/** A task, as a column of values and what each sample has of it. */
typedef struct pt_csv_task {
    char name[PT_NAME];
    pt_csv_column_t column;
    int32_t
        *code; /**< [n] number of the value; 0 where the column keeps none; -1: no label */
    double *value; /**< [n] where the column holds numbers */
    size_t code_capacity, value_capacity;
} pt_csv_task_t;

/** Say a line through `talk`, and release it. */
void pt_import_say(const pt_import_talk_t *talk, pt_text_t *line);

/** Add the values of a column in their order, the first few. */
void pt_csv_column_list(const pt_csv_column_t *c, pt_text_t *line);

/** Say what the tasks are, of `n` samples. */
void pt_csv_tasks_say(const pt_csv_task_t *task, int32_t n_task, int64_t n,
                      const pt_import_talk_t *talk);
/** Say how many samples the parts have; `how` they were found. */
void pt_parts_say(const pt_parts_t *parts, const char *how, const pt_import_talk_t *talk);

/**
 * Form what is written of the tasks, out[0..n_task-1], which is all zero: labels as tables,
 * index where a split has samples without a label.  Release with
 * pt_csv_tasks_unbuild(), also where it fails.  Borrows class names from the tasks.
 */
PT_MUST_CHECK pt_status_t pt_csv_tasks_build(const char *src, const pt_csv_task_t *task,
                                             int32_t n_task, const pt_parts_t *parts,
                                             pt_task_source_t *out);
void pt_csv_tasks_unbuild(pt_task_source_t *out, int32_t n_task);

/** Numbers by split of `values`, [n]: out[split][0..n_of - 1]. */
PT_MUST_CHECK pt_status_t pt_parts_deal(const pt_parts_t *parts, const int64_t *values,
                                        int64_t *out[PT_N_SPLIT]);

void pt_csv_task_release(pt_csv_task_t *task);

#endif
