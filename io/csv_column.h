/** @file
 * What a column of a table holds: found out from its cells, one after the other.
 */
#ifndef IO_CSV_COLUMN_H
#define IO_CSV_COLUMN_H

#include "polytree/io/import.h"
#include "io/csv.h"
#include "io/dictionary.h"

typedef enum pt_csv_role {
    PT_CSV_UNUSED,
    PT_CSV_INPUT,
    PT_CSV_TASK,
    PT_CSV_GROUP,
    PT_CSV_TIME,
    PT_CSV_SPLIT,
    PT_CSV_FILE
} pt_csv_role_t;

typedef enum pt_csv_kind {
    PT_CSV_GUESS,
    PT_CSV_NUMBER,  /**< an input, or a task of regression */
    PT_CSV_CATEGORY /**< an input of a feature for each text, or a classification */
} pt_csv_kind_t;

typedef struct pt_csv_column {
    int32_t column; /**< of the table */
    pt_csv_role_t role;
    pt_csv_kind_t kind; /**< wanted, and after pt_csv_column_settle() what it is */
    int64_t n_missing;
    int64_t number_row, text_row; /**< the first that holds such; 0: none does */
    bool has_fraction;            /**< a number is not whole */
    bool has_other_text;          /**< a text is neither true nor false */
    bool is_full;                 /**< a task's numbers are more than those of classes */
    double least, most;           /**< of a task's numbers */
    pt_dictionary_t value;        /**< texts, and numbers as texts */
    int32_t *rank;                /**< of each value: its class, or feature */
} pt_csv_column_t;

/** Words that hold no value, beside the usual ones. */
bool pt_csv_is_no_value(const pt_words_t *missing, pt_csv_cell_t cell);

/**
 * Look at a cell of an input or a task.
 *
 * @param[in]  cell   trimmed, and not missing
 * @param[out] code   number of its value, where the column's values are kept; else 0
 */
PT_MUST_CHECK pt_status_t pt_csv_column_look(pt_csv_column_t *c, const pt_csv_t *csv,
                                             pt_csv_cell_t cell, int32_t *code);

/** Decide what the column is once all cells, `n`, were looked at, and the order of its
 * values: numbers by size, texts by bytes. */
PT_MUST_CHECK pt_status_t pt_csv_column_settle(pt_csv_column_t *c, const pt_csv_t *csv,
                                               const char *src, int64_t n);

/** Take a value of a category that no table gives; `where` is for messages. */
PT_MUST_CHECK pt_status_t pt_csv_column_class(pt_csv_column_t *c, const char *where,
                                              const char *text, size_t bytes,
                                              int32_t *code);
/** Put the values in their order; pt_csv_column_settle() does it for columns of a table. */
PT_MUST_CHECK pt_status_t pt_csv_column_rank(pt_csv_column_t *c);

/** Features that an input makes. */
int32_t pt_csv_column_width(const pt_csv_column_t *c);

/** Form the features of an input's cell, trimmed; false where the cell is none that was
 * looked at. */
bool pt_csv_column_form(const pt_csv_column_t *c, pt_csv_cell_t cell, double *out);

void pt_csv_column_release(pt_csv_column_t *c);

#endif
