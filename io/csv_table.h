/** @file
 * A table that becomes a data set: what its columns are for, and what its rows hold.
 */
#ifndef IO_CSV_TABLE_H
#define IO_CSV_TABLE_H

#include "io/csv_tasks.h"

typedef struct pt_csv_table {
    const pt_import_csv_t *options;
    const char *src, *file_name; /**< file_name: of the column of files, or NULL */
    pt_csv_t *csv;
    int32_t n_input, n_task;
    pt_csv_column_t *input; /**< in the table's order */
    pt_csv_task_t *task;    /**< in the order in which they are named */
    int32_t group_column, time_column, split_column, file_column; /**< -1: none */
    pt_dictionary_t files;                                        /**< a text a row */
    pt_dictionary_t groups;
    int64_t n;      /**< rows */
    int64_t *group; /**< [n] each, or NULL */
    double *time;
    uint8_t *split;
    size_t group_capacity, time_capacity, split_capacity;
} pt_csv_table_t;

/**
 * Open the table and find the columns that are named.  Release with pt_csv_table_release(),
 * also where it fails.
 *
 * @param[in] file_name  column that says in which file a row's input is: no column is an
 *                       input then, and all are tasks where none is named; or NULL
 */
PT_MUST_CHECK pt_status_t pt_csv_table_open(pt_csv_table_t *table, const char *src,
                                            const pt_import_csv_t *options,
                                            const char *file_name);
/** Read all rows, and decide what the columns are. */
PT_MUST_CHECK pt_status_t pt_csv_table_scan(pt_csv_table_t *table);
/** Part its rows, as its columns say or by share. */
PT_MUST_CHECK pt_status_t pt_csv_table_part(pt_csv_table_t *table,
                                            const pt_import_share_t *share,
                                            pt_parts_t *parts);
/** Begin at the first row once more. */
PT_MUST_CHECK pt_status_t pt_csv_table_rewind(pt_csv_table_t *table);
/** Tell how far the reading is, now and then. */
void pt_csv_table_progress(const pt_csv_table_t *table, const char *what);
/** The table is another one than when it was read first. */
PT_MUST_CHECK pt_status_t pt_csv_table_changed(const pt_csv_table_t *table);
void pt_csv_table_release(pt_csv_table_t *table);

#endif
