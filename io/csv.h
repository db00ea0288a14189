/** @file
 * Tables as text: comma-separated values with a line of names, read record by record.
 */
#ifndef IO_CSV_H
#define IO_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "polytree/base/status.h"

/** Room for where something stands (file, row, line, column), and for a cell. */
enum { PT_CSV_WHERE = 512, PT_CSV_SHOWN = 48 };

/** A cell of a record, without the quotes that it was in; not ended by a NUL. */
typedef struct pt_csv_cell {
    char *text;
    size_t bytes;
    bool is_quoted;
} pt_csv_cell_t;

/** A table that is being read; a record and a block of the file are in memory. */
typedef struct pt_csv pt_csv_t;

/**
 * Open a table, plain or packed by gzip, and read the names of its columns.
 *
 * Cells stand between separators, in double quotes where they hold separators, ends of
 * lines or quotes (written twice).  Lines end in LF, CR LF or CR; empty ones, and a
 * byte-order mark of UTF-8, are passed over.  Names are trimmed.
 *
 * @param[in] separator  0: of , ; | and tab the one that the first line has most of
 * @return PT_E_FORMAT for a name that is there twice or is no UTF-8, and where the first
 *         line holds numbers alone
 */
PT_MUST_CHECK pt_status_t pt_csv_open(const char *path, char separator, pt_csv_t **out);
void pt_csv_close(pt_csv_t *csv);

int32_t pt_csv_n_column(const pt_csv_t *csv);
/** "" for a column without a name.  Borrowed. */
const char *pt_csv_name(const pt_csv_t *csv, int32_t column);
/** The column of that name; -1: there is none. */
int32_t pt_csv_find(const pt_csv_t *csv, const char *name);
/** The same; PT_E_USAGE where there is none, saying which is the nearest. */
PT_MUST_CHECK pt_status_t pt_csv_need(const pt_csv_t *csv, const char *name,
                                      int32_t *column);

/**
 * Read the next record, which has as many cells as the line of names.
 *
 * @param[out] cells  valid until the next call; NULL behind the last record
 * @return PT_E_FORMAT, naming the row, for other numbers of cells, a NUL, quotes that are
 *         not closed or that text follows, and records above 16 MiB
 */
PT_MUST_CHECK pt_status_t pt_csv_next(pt_csv_t *csv, const pt_csv_cell_t **cells);

/** The record read last, from 1 below the line of names; 0 before the first. */
int64_t pt_csv_row(const pt_csv_t *csv);
/** How much of the file was read, 0 to 1. */
double pt_csv_share(const pt_csv_t *csv);
/** "FILE: row 7 (line 8), column 'x'", of the record read last; column -1: the row alone.
 */
const char *pt_csv_where(const pt_csv_t *csv, int32_t column, char text[PT_CSV_WHERE]);

/** A cell for a message: cut, and what cannot be seen or is no UTF-8 as '?'. */
const char *pt_csv_show(pt_csv_cell_t cell, char text[PT_CSV_SHOWN]);

/** The cell without the blanks around it. */
pt_csv_cell_t pt_csv_trim(pt_csv_cell_t cell);
/** Whether a cell, trimmed, holds no value: empty, or one of the words that pandas takes
 * for that (NA, N/A, NaN, null, None and so on). */
bool pt_csv_is_missing(pt_csv_cell_t cell);
/** Whether a cell, trimmed, is a number in decimal notation, or an infinity; it is formed
 * where `value` is not NULL, rounded to nearest. */
bool pt_csv_number(pt_csv_cell_t cell, double *value);
/** Whether a cell, trimmed, is true (1) or false (0), in small letters, capitals, or the
 * first one a capital. */
bool pt_csv_bool(pt_csv_cell_t cell, double *value);
/** Seconds since 1970 of a cell that is a date, with or without a time, as ISO 8601 writes
 * it: 2024-05-01, 2024-05-01 13:30, 2024-05-01T13:30:05.25Z, ...+02:00; or of a number:
 * that number. */
bool pt_csv_time(pt_csv_cell_t cell, double *value);

#endif
