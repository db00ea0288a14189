/* Columns of a table: numbers, or categories with their values. */
#include "io/csv_column.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/base/text.h"

enum {
    MAX_CATEGORY = 64,
    MAX_GUESSED = 20,
    LEAST_ROWS = 5,
    MAX_TEXT_CLASS = 1000,
    MAX_CLASS = 65536
};

bool pt_csv_is_no_value(const pt_words_t *missing, pt_csv_cell_t cell)
{
    for (int32_t i = 0; i < missing->n; i++)
        if (strlen(missing->word[i]) == cell.bytes &&
            memcmp(missing->word[i], cell.text, cell.bytes) == 0)
            return true;
    return pt_csv_is_missing(cell);
}

/* Values are names of classes and features, which people read. */
static pt_status_t check_text(const char *where, pt_csv_cell_t cell)
{
    char shown[PT_CSV_SHOWN];
    const char *fault = pt_text_fault(cell.text, cell.bytes);
    if (fault != NULL)
        PT_FAIL(FORMAT, "%s: '%s' %s", where, pt_csv_show(cell, shown), fault);
    if (cell.bytes > 255)
        PT_FAIL(FORMAT, "%s: a text of %zu bytes, expected a category of at most 255",
                where, cell.bytes);
    return PT_OK;
}

pt_status_t pt_csv_column_class(pt_csv_column_t *c, const char *where, const char *text,
                                size_t bytes, int32_t *code)
{
    int32_t before = c->value.n;
    PT_TRY(pt_dictionary_add(&c->value, text, bytes, code));
    c->text_row = 1;
    return c->value.n == before
               ? PT_OK
               : check_text(where, (pt_csv_cell_t){(char *)text, bytes, false});
}

static int32_t most_values(const pt_csv_column_t *c)
{
    return c->role == PT_CSV_INPUT      ? MAX_CATEGORY
           : c->kind == PT_CSV_CATEGORY ? MAX_CLASS
                                        : MAX_TEXT_CLASS;
}

static pt_status_t add_value(pt_csv_column_t *c, const pt_csv_t *csv, pt_csv_cell_t cell,
                             int32_t *code)
{
    char where[PT_CSV_WHERE];
    int32_t before = c->value.n;
    PT_TRY(pt_dictionary_add(&c->value, cell.text, cell.bytes, code));
    if (c->value.n == before)
        return PT_OK;
    PT_TRY(check_text(pt_csv_where(csv, c->column, where), cell));
    if (c->value.n > most_values(c))
        PT_FAIL(FORMAT, "%s: more than %d different values, too many for %s%s",
                pt_csv_where(csv, c->column, where), most_values(c),
                c->role == PT_CSV_INPUT ? "an input's categories: leave the column out"
                                        : "classes",
                c->role != PT_CSV_INPUT && c->kind == PT_CSV_GUESS
                    ? " that are not asked for (--kinds COLUMN=classification)"
                    : "");
    return PT_OK;
}

/* "1.0", "1" and "+1" are one class. */
static pt_csv_cell_t write_number(pt_csv_cell_t cell, double value, char text[32])
{
    bool is_plain = cell.bytes < 16 && cell.text[0] >= '1' && cell.text[0] <= '9';
    for (size_t i = 0; is_plain && i < cell.bytes; i++)
        is_plain = cell.text[i] >= '0' && cell.text[i] <= '9';
    if (is_plain)
        return cell;
    int n =
        snprintf(text, 32, fabs(value) < 0x1p53 && value == floor(value) ? "%.0f" : "%.17g",
                 value == 0 ? 0 : value);
    return (pt_csv_cell_t){text, (size_t)n, false};
}

static pt_status_t look_at_number(pt_csv_column_t *c, const pt_csv_t *csv,
                                  pt_csv_cell_t cell, int32_t *code)
{
    char where[PT_CSV_WHERE], text[32], shown[PT_CSV_SHOWN];
    double value = 0;
    c->number_row = c->number_row ? c->number_row : pt_csv_row(csv);
    *code = 0;
    if (c->role == PT_CSV_INPUT)
        return c->kind == PT_CSV_CATEGORY ? add_value(c, csv, cell, code) : PT_OK;
    pt_csv_number(cell, &value);
    if (!isfinite((float)value))
        PT_FAIL(FORMAT, "%s: '%s' is %s", pt_csv_where(csv, c->column, where),
                pt_csv_show(cell, shown),
                isfinite(value) ? "too large for 32 bits" : "not a finite number");
    c->has_fraction = c->has_fraction || value != floor(value);
    c->least = value < c->least ? value : c->least;
    c->most = value > c->most ? value : c->most;
    if (c->kind == PT_CSV_NUMBER || c->is_full)
        return PT_OK;
    PT_TRY(add_value(c, csv, write_number(cell, value, text), code));
    c->is_full = c->kind == PT_CSV_GUESS && c->value.n > MAX_GUESSED && c->text_row == 0;
    return PT_OK;
}

static pt_status_t fail_mixed(const pt_csv_column_t *c, const pt_csv_t *csv,
                              pt_csv_cell_t cell, int64_t other_row)
{
    char where[PT_CSV_WHERE], shown[PT_CSV_SHOWN];
    const char *name = pt_csv_name(csv, c->column);
    const char *kind = c->role == PT_CSV_INPUT ? "category" : "classification";
    PT_FAIL(FORMAT,
            "%s: '%s' is %s number, but row %lld holds %s: --missing %s if that is no "
            "value, --kinds '%.64s=%s' if all are texts",
            pt_csv_where(csv, c->column, where), pt_csv_show(cell, shown),
            c->text_row == pt_csv_row(csv) ? "no" : "a", (long long)other_row,
            c->text_row == pt_csv_row(csv) ? "one" : "a text",
            c->text_row == pt_csv_row(csv) ? shown : "WORD", name, kind);
}

pt_status_t pt_csv_column_look(pt_csv_column_t *c, const pt_csv_t *csv, pt_csv_cell_t cell,
                               int32_t *code)
{
    char where[PT_CSV_WHERE], shown[PT_CSV_SHOWN];
    double value;
    if (pt_csv_number(cell, NULL)) {
        PT_TRY(look_at_number(c, csv, cell, code));
        return c->text_row && c->kind == PT_CSV_GUESS
                   ? fail_mixed(c, csv, cell, c->text_row)
                   : PT_OK;
    }
    c->has_other_text = c->has_other_text || !pt_csv_bool(cell, &value);
    c->text_row = c->text_row ? c->text_row : pt_csv_row(csv);
    if (c->kind == PT_CSV_NUMBER && (c->role == PT_CSV_TASK || c->has_other_text))
        PT_FAIL(FORMAT, "%s: '%s' is no number", pt_csv_where(csv, c->column, where),
                pt_csv_show(cell, shown));
    if (c->number_row && c->kind == PT_CSV_GUESS)
        return fail_mixed(c, csv, cell, c->number_row);
    return add_value(c, csv, cell, code);
}

typedef struct sorting {
    const pt_dictionary_t *value;
    bool are_numbers;
} sorting_t;

static int by_value(const void *a, const void *b, void *context)
{
    const sorting_t *sorting = context;
    const char *x = pt_dictionary_text(sorting->value, *(const int32_t *)a);
    const char *y = pt_dictionary_text(sorting->value, *(const int32_t *)b);
    if (!sorting->are_numbers)
        return strcmp(x, y);
    double p = strtod(x, NULL), q = strtod(y, NULL);
    return (p > q) - (p < q);
}

pt_status_t pt_csv_column_rank(pt_csv_column_t *c)
{
    sorting_t sorting = {&c->value, c->text_row == 0};
    int32_t *sorted;
    PT_TRY(pt_alloc(&c->rank, (size_t)c->value.n, sizeof *c->rank));
    PT_TRY(pt_alloc(&sorted, (size_t)c->value.n, sizeof *sorted));
    for (int32_t i = 0; i < c->value.n; i++)
        sorted[i] = i;
    qsort_r(sorted, (size_t)c->value.n, sizeof *sorted, by_value, &sorting);
    for (int32_t i = 0; i < c->value.n; i++)
        c->rank[sorted[i]] = i;
    pt_free(sorted);
    return PT_OK;
}

pt_status_t pt_csv_column_settle(pt_csv_column_t *c, const pt_csv_t *csv, const char *src,
                                 int64_t n)
{
    const char *name = pt_csv_name(csv, c->column);
    bool is_input = c->role == PT_CSV_INPUT;
    if (!c->number_row && !c->text_row)
        PT_FAIL(FORMAT, "%s: column '%.128s' holds no value in any row%s", src, name,
                is_input ? "; leave it out" : "");
    if (c->kind == PT_CSV_GUESS && is_input)
        c->kind = c->number_row || !c->has_other_text ? PT_CSV_NUMBER : PT_CSV_CATEGORY;
    else if (c->kind == PT_CSV_GUESS)
        c->kind = c->number_row && (c->is_full || c->has_fraction ||
                                    n - c->n_missing < (int64_t)LEAST_ROWS * c->value.n)
                      ? PT_CSV_NUMBER
                      : PT_CSV_CATEGORY;
    if (!is_input && (c->kind == PT_CSV_CATEGORY ? c->value.n == 1 : c->least == c->most))
        PT_FAIL(FORMAT,
                "%s: column '%.128s' holds one and the same value in all rows that "
                "have one: nothing to learn",
                src, name);
    return c->kind == PT_CSV_CATEGORY ? pt_csv_column_rank(c) : PT_OK;
}

int32_t pt_csv_column_width(const pt_csv_column_t *c)
{
    return c->kind == PT_CSV_CATEGORY ? c->value.n : 1;
}

bool pt_csv_column_form(const pt_csv_column_t *c, pt_csv_cell_t cell, double *out)
{
    if (c->kind == PT_CSV_NUMBER)
        return pt_csv_number(cell, out) || pt_csv_bool(cell, out);
    int32_t code = pt_dictionary_find(&c->value, cell.text, cell.bytes);
    for (int32_t i = 0; i < c->value.n; i++)
        out[i] = code >= 0 && c->rank[code] == i;
    return code >= 0;
}

void pt_csv_column_release(pt_csv_column_t *c)
{
    pt_dictionary_release(&c->value);
    pt_free(c->rank);
    *c = (pt_csv_column_t){.column = 0};
}
