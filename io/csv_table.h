/** @file
 * A table that becomes a data set: what its columns are for, and what its rows hold.
 */
#ifndef IO_CSV_TABLE_H
#define IO_CSV_TABLE_H

#include "polytree/base/text.h"
#include "io/csv_column.h"

/** A task's column, and what its rows hold. */
typedef struct pt_csv_task {
    char name[PT_NAME];
    pt_csv_column_t column;
    int32_t
        *code; /**< [n] number of the value; 0 where the column keeps none; -1: no label */
    size_t capacity;
} pt_csv_task_t;

typedef struct pt_csv_table {
    const pt_import_csv_t *options;
    const char *src;
    pt_csv_t *csv;
    int32_t n_input, n_task;
    pt_csv_column_t *input; /**< in the table's order */
    pt_csv_task_t *task;    /**< in the order in which they are named */
    int32_t group_column, time_column, split_column; /**< -1: none */
    pt_dictionary_t groups;
    int64_t n;      /**< rows */
    int64_t *group; /**< [n] each, or NULL */
    double *time;
    uint8_t *split;
    size_t group_capacity, time_capacity, split_capacity;
} pt_csv_table_t;

/** Open the table and find the columns that are named.  Release with
 * pt_csv_table_release(), also where it fails. */
PT_MUST_CHECK pt_status_t pt_csv_table_open(pt_csv_table_t *table, const char *src,
                                            const pt_import_csv_t *options);
/** Read all rows, and decide what the columns are. */
PT_MUST_CHECK pt_status_t pt_csv_table_scan(pt_csv_table_t *table);
/** Begin at the first row once more. */
PT_MUST_CHECK pt_status_t pt_csv_table_rewind(pt_csv_table_t *table);
/** Tell how far the reading is, now and then. */
void pt_csv_table_progress(const pt_csv_table_t *table, const char *what);
/** The table is another one than when it was read first. */
PT_MUST_CHECK pt_status_t pt_csv_table_changed(const pt_csv_table_t *table);
void pt_csv_table_release(pt_csv_table_t *table);

#endif
