/* Inputs that are the rows of a table, whose columns are the network's features by name. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "polytree/base/memory.h"
#include "io/csv_column.h"
#include "io/inputs.h"

/* Where a feature is in the table: a number, or 1 where the cell is the value of a category
 * ("COLUMN=VALUE"), else 0. */
typedef struct table_feature {
    int32_t column;
    const char *value; /* NULL: a number */
} table_feature_t;

typedef struct open_table {
    pt_csv_t *csv;
    table_feature_t *feature; /* [channels] */
    double *row;
    double scale;
} open_table_t;

static bool ends_in(const char *path, const char *end)
{
    size_t n = strlen(path), m = strlen(end);
    return n > m && strcasecmp(path + n - m, end) == 0;
}

static bool fits(const char *path, bool is_folder, const char head[8])
{
    static const char *const end[] = {".csv", ".tsv", ".csv.gz", ".tsv.gz"};
    (void)head;
    for (size_t i = 0; !is_folder && i < sizeof end / sizeof end[0]; i++)
        if (ends_in(path, end[i]))
            return true;
    return false;
}

/* A column of the feature's name, or of what stands before a '=' in it; -1: there is none.
 */
static void find_feature(const open_table_t *t, const char *name, table_feature_t *feature)
{
    char column[sizeof(pt_class_name_t)];
    feature->value = NULL;
    feature->column = pt_csv_find(t->csv, name);
    for (const char *at = strchr(name, '='); feature->column < 0 && at != NULL;
         at = strchr(at + 1, '=')) {
        memcpy(column, name, (size_t)(at - name));
        column[at - name] = '\0';
        feature->column = pt_csv_find(t->csv, column);
        feature->value = at + 1;
    }
}

/* Features of one category follow each other: their column is named once. */
static void add_missing(const char *name, char last[sizeof(pt_class_name_t)],
                        inputs_names_t *missing)
{
    size_t n = strcspn(name, "=");
    bool is_new = strncmp(last, name, n) != 0 || last[n] != '\0';
    memcpy(last, name, n);
    last[n] = '\0';
    if (is_new || missing->n == 0)
        inputs_names_add(missing, last);
}

static pt_status_t find_named(const pt_inputs_t *in, open_table_t *t)
{
    char last[sizeof(pt_class_name_t)] = "";
    inputs_names_t missing = {.n = 0};
    for (int64_t i = 0; i < in->want.hwc[2]; i++) {
        find_feature(t, in->want.name[i].text, &t->feature[i]);
        if (t->feature[i].column < 0)
            add_missing(in->want.name[i].text, last, &missing);
    }
    if (missing.n > 0)
        PT_FAIL(FORMAT, "%s: no column %s, of which the network takes features", in->path,
                inputs_names_text(&missing));
    return PT_OK;
}

static pt_status_t say_unused(const pt_inputs_t *in, const open_table_t *t)
{
    inputs_names_t unused = {.n = 0};
    bool *is_used;
    PT_TRY(pt_alloc(&is_used, (size_t)pt_csv_n_column(t->csv), sizeof *is_used));
    for (int64_t i = 0; i < in->want.hwc[2]; i++)
        is_used[t->feature[i].column] = true;
    for (int32_t c = 0; c < pt_csv_n_column(t->csv); c++)
        if (!is_used[c])
            inputs_names_add(&unused, pt_csv_name(t->csv, c));
    if (unused.n > 0)
        inputs_say(in, "left out    of the columns, which the network does not take: %s",
                   inputs_names_text(&unused));
    pt_free(is_used);
    return PT_OK;
}

/* Without names all columns are features, in their order. */
static pt_status_t find_features(const pt_inputs_t *in, open_table_t *t)
{
    int64_t n = in->want.hwc[2];
    PT_TRY(pt_alloc(&t->feature, (size_t)n, sizeof *t->feature));
    if (in->want.name == NULL && pt_csv_n_column(t->csv) != n)
        PT_FAIL(SHAPE,
                "%s: %d columns, expected %lld, as many as the features that the network "
                "was trained on, which have no names",
                in->path, (int)pt_csv_n_column(t->csv), (long long)n);
    for (int32_t i = 0; i < n; i++)
        t->feature[i].column = i;
    if (in->want.name != NULL)
        PT_TRY(find_named(in, t));
    return say_unused(in, t);
}

static pt_status_t begin(pt_inputs_t *in, open_table_t *t)
{
    pt_csv_close(t->csv);
    t->csv = NULL;
    return pt_csv_open(in->path, '\0', &t->csv);
}

static pt_status_t open_inputs(pt_inputs_t *in)
{
    const pt_csv_cell_t *cells;
    open_table_t *t;
    in->split = PT_N_SPLIT;
    PT_TRY(pt_alloc(&t, 1, sizeof *t));
    in->state = t;
    if (in->want.is_image)
        PT_FAIL(SHAPE, "%s: a table has features, but the network was trained on images",
                in->path);
    PT_TRY(begin(in, t));
    PT_TRY(find_features(in, t));
    PT_TRY(inputs_find_scale(in, in->path, in->want.is_byte ? 1 : 0, false, &t->scale));
    PT_TRY(pt_alloc(&t->row, (size_t)in->want.hwc[2], sizeof *t->row));
    do {
        PT_TRY(pt_csv_next(t->csv, &cells));
        in->n += cells != NULL;
    } while (cells != NULL);
    if (in->n == 0)
        PT_FAIL(FORMAT, "%s: no row below the line of names", in->path);
    return begin(in, t);
}

static bool is_text(pt_csv_cell_t cell, const char *text)
{
    return strlen(text) == cell.bytes && memcmp(cell.text, text, cell.bytes) == 0;
}

static bool is_no_value(const pt_inputs_t *in, pt_csv_cell_t cell)
{
    return pt_csv_is_no_value(&in->options.missing, cell);
}

/* A text that is none of the category's is no error of its own where the cell is empty. */
static pt_status_t check_category(const pt_inputs_t *in, const open_table_t *t,
                                  int32_t column, pt_csv_cell_t cell)
{
    char where[PT_CSV_WHERE], shown[PT_CSV_SHOWN];
    if (is_no_value(in, cell))
        return PT_OK;
    for (int64_t i = 0; i < in->want.hwc[2]; i++)
        if (t->feature[i].column == column && is_text(cell, t->feature[i].value))
            return PT_OK;
    PT_FAIL(FORMAT, "%s: '%s' is none of the values that the network was trained on",
            pt_csv_where(t->csv, column, where), pt_csv_show(cell, shown));
}

/* Unless it is asked for, the mean of the training's numbers is said, not taken: whether a
 * row without the number is one to answer is not known here. */
static pt_status_t fail_missing(const pt_inputs_t *in, const open_table_t *t,
                                const table_feature_t *feature)
{
    const pt_standard_t *unit = in->want.standard;
    char where[PT_CSV_WHERE];
    pt_csv_where(t->csv, feature->column, where);
    if (unit == NULL)
        PT_FAIL(FORMAT,
                "%s: no value: write one there, such as the mean over train that 'data "
                "import csv --fill mean' takes, or leave the row out",
                where);
    PT_FAIL(
        FORMAT,
        "%s: no value: write one there, such as the mean over train, %.9g, which --fill "
        "mean takes, or leave the row out",
        where, unit[feature - t->feature].mean / t->scale);
}

static pt_status_t form_feature(const pt_inputs_t *in, const open_table_t *t,
                                const table_feature_t *feature, const pt_csv_cell_t *cells,
                                double *out)
{
    pt_csv_cell_t cell = pt_csv_trim(cells[feature->column]);
    char where[PT_CSV_WHERE], shown[PT_CSV_SHOWN];
    if (feature->value != NULL) {
        PT_TRY(check_category(in, t, feature->column, cell));
        *out = is_text(cell, feature->value) && !is_no_value(in, cell);
        return PT_OK;
    }
    if (is_no_value(in, cell)) {
        *out = NAN;
        return in->filled != NULL ? PT_OK : fail_missing(in, t, feature);
    }
    if (pt_csv_number(cell, out) || pt_csv_bool(cell, out))
        return PT_OK;
    PT_FAIL(FORMAT, "%s: '%s', expected a number",
            pt_csv_where(t->csv, feature->column, where), pt_csv_show(cell, shown));
}

static pt_status_t read_row(pt_inputs_t *in, const open_table_t *t, float *out)
{
    const pt_csv_cell_t *cells;
    int64_t n = in->want.hwc[2];
    PT_TRY(pt_csv_next(t->csv, &cells));
    if (cells == NULL)
        PT_FAIL(MISMATCH, "%s: changed while it was read", in->path);
    if (out == NULL)
        return PT_OK;
    for (int64_t i = 0; i < n; i++)
        PT_TRY(form_feature(in, t, &t->feature[i], cells, &t->row[i]));
    inputs_take_numbers(in, n, t->row, t->scale, out);
    return PT_OK;
}

/* Rows come in order; those of other ranks are passed over. */
static pt_status_t read_rows(pt_inputs_t *in, int64_t first, int64_t n, float *out)
{
    const open_table_t *t = in->state;
    while (pt_csv_row(t->csv) < first)
        PT_TRY(read_row(in, t, NULL));
    for (int64_t i = 0; i < n; i++)
        PT_TRY(read_row(in, t, out + i * in->want.hwc[2]));
    return PT_OK;
}

static void close_inputs(pt_inputs_t *in)
{
    open_table_t *t = in->state;
    if (t == NULL)
        return;
    pt_csv_close(t->csv);
    pt_free(t->feature);
    pt_free(t->row);
    pt_free(t);
}

const inputs_kind_t inputs_table = {
    .fits = fits, .open = open_inputs, .read = read_rows, .close = close_inputs};
