/* Importer of tables: features and tasks by the names of columns. */
#include "polytree/io/import.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/base/text.h"
#include "polytree/io/dataset.h"
#include "io/csv_table.h"
#include "io/parts.h"

typedef struct csv_import {
    pt_csv_table_t table;
    pt_parts_t parts;
    double *mean;      /* of each input, in train; where numbers are missing */
    int32_t n_feature; /* of all inputs */
    char **feature;    /* their names */
    pt_task_source_t *task;
    int64_t *group[PT_N_SPLIT];
} csv_import_t;

/* An index that was written beside the table, most often. */
static void say_nameless(const csv_import_t *m)
{
    const pt_csv_t *csv = m->table.csv;
    pt_text_t line = {0};
    for (int32_t i = 0; i < pt_csv_n_column(csv); i++)
        if (pt_csv_name(csv, i)[0] == '\0') {
            pt_text_add(&line, "left out    column %d, which has no name", i + 1);
            pt_import_say(&m->table.options->talk, &line);
        }
}

static void say_inputs(const csv_import_t *m)
{
    const pt_csv_table_t *table = &m->table;
    int64_t n_missing = 0;
    pt_text_t line = {0};
    pt_text_add(&line, "inputs      %d feature%s of %d column%s", m->n_feature,
                pt_plural(m->n_feature), table->n_input, pt_plural(table->n_input));
    pt_import_say(&m->table.options->talk, &line);
    for (int32_t i = 0; i < table->n_input; i++) {
        const pt_csv_column_t *c = &table->input[i];
        n_missing += c->kind == PT_CSV_NUMBER ? c->n_missing : 0;
        if (c->kind != PT_CSV_CATEGORY)
            continue;
        pt_text_add(&line, "            %s: category, a feature each for ",
                    pt_csv_name(table->csv, c->column));
        pt_csv_column_list(c, &line);
        if (c->n_missing > 0)
            pt_text_add(&line, "; none in %lld rows", (long long)c->n_missing);
        pt_import_say(&m->table.options->talk, &line);
    }
    if (n_missing > 0) {
        pt_text_add(&line, "            %lld missing numbers are their columns' means",
                    (long long)n_missing);
        pt_import_say(&m->table.options->talk, &line);
    }
}

static void say_parts(const csv_import_t *m)
{
    const pt_import_csv_t *options = m->table.options;
    char how[256];
    pt_text_t text = pt_text_in(how, sizeof how);
    if (options->split || options->time)
        pt_text_add(&text, "by column '%.128s'",
                    options->split ? options->split : options->time);
    else
        pt_text_add(&text, "at random by seed %llu%s",
                    (unsigned long long)options->share.seed,
                    options->group ? ", groups whole" : "");
    pt_parts_say(&m->parts, how, &options->talk);
}

static pt_status_t name_feature(csv_import_t *m, const char *column, const char *value)
{
    size_t bytes = strlen(column) + (value ? strlen(value) + 1 : 0) + 1;
    PT_TRY(pt_alloc(&m->feature[m->n_feature], bytes, 1));
    snprintf(m->feature[m->n_feature++], bytes, "%s%s%s", column, value ? "=" : "",
             value ? value : "");
    return PT_OK;
}

/* COLUMN, or COLUMN=VALUE of a category. */
static pt_status_t name_features(csv_import_t *m)
{
    const pt_csv_table_t *table = &m->table;
    size_t n = 0;
    for (int32_t i = 0; i < table->n_input; i++)
        n += (size_t)pt_csv_column_width(&table->input[i]);
    PT_TRY(pt_alloc(&m->feature, n, sizeof *m->feature));
    for (int32_t i = 0; i < table->n_input; i++) {
        const pt_csv_column_t *c = &table->input[i];
        const char *name = pt_csv_name(table->csv, c->column);
        if (c->kind == PT_CSV_NUMBER)
            PT_TRY(name_feature(m, name, NULL));
        for (int32_t rank = 0; c->kind == PT_CSV_CATEGORY && rank < c->value.n; rank++)
            for (int32_t k = 0; k < c->value.n; k++)
                if (c->rank[k] == rank)
                    PT_TRY(name_feature(m, name, pt_dictionary_text(&c->value, k)));
    }
    return PT_OK;
}

/* Means in train, of all inputs that are numbers. */
static pt_status_t find_means(csv_import_t *m)
{
    pt_csv_table_t *table = &m->table;
    const pt_csv_cell_t *cells;
    bool is_missing = false;
    double value;
    int64_t *n;
    for (int32_t i = 0; i < table->n_input; i++)
        is_missing = is_missing || (table->input[i].n_missing > 0 &&
                                    table->input[i].kind == PT_CSV_NUMBER);
    if (!is_missing)
        return PT_OK;
    PT_TRY(pt_alloc(&m->mean, (size_t)table->n_input, sizeof *m->mean));
    PT_TRY(pt_csv_table_rewind(table));
    PT_TRY(pt_alloc(&n, (size_t)table->n_input, sizeof *n));
    pt_status_t status = PT_OK;
    for (int64_t row = 0; row < table->n; row++) {
        PT_TRY_OR(done, pt_csv_next(table->csv, &cells));
        if (!cells) {
            status = pt_csv_table_changed(table);
            goto done;
        }
        pt_csv_table_progress(table, "means");
        for (int32_t i = 0; m->parts.split[row] == PT_SPLIT_TRAIN && i < table->n_input;
             i++) {
            pt_csv_cell_t cell = pt_csv_trim(cells[table->input[i].column]);
            if (!pt_csv_is_no_value(&table->options->missing, cell) &&
                (pt_csv_number(cell, &value) || pt_csv_bool(cell, &value)))
                m->mean[i] += (value - m->mean[i]) / (double)++n[i];
        }
    }
done:
    pt_free(n);
    return status;
}

static pt_status_t form_inputs(const csv_import_t *m, const pt_csv_cell_t *cells,
                               double *out)
{
    char where[PT_CSV_WHERE], shown[PT_CSV_SHOWN];
    const pt_csv_table_t *table = &m->table;
    for (int32_t i = 0; i < table->n_input; i++) {
        const pt_csv_column_t *c = &table->input[i];
        pt_csv_cell_t cell = pt_csv_trim(cells[c->column]);
        int32_t width = pt_csv_column_width(c);
        if (pt_csv_is_no_value(&table->options->missing, cell)) {
            memset(out, 0, (size_t)width * sizeof *out);
            if (c->kind == PT_CSV_NUMBER && m->mean)
                *out = m->mean[i];
        } else if (!pt_csv_column_form(c, cell, out)) {
            return pt_csv_table_changed(table);
        } else if (!isfinite((float)*out)) {
            PT_FAIL(FORMAT, "%s: '%s' is too large for 32 bits",
                    pt_csv_where(table->csv, c->column, where), pt_csv_show(cell, shown));
        }
        out += width;
    }
    return PT_OK;
}

/* The next row of the table: that it is of this split is in the parts already. */
static pt_status_t fill(void *context, pt_split_t split, int64_t i, void *image,
                        pt_label_t *const *label)
{
    csv_import_t *m = context;
    pt_csv_table_t *table = &m->table;
    const pt_csv_cell_t *cells;
    (void)split;
    (void)i;
    (void)label; /* they are tables */
    PT_TRY(pt_csv_next(table->csv, &cells));
    if (!cells)
        return pt_csv_table_changed(table);
    PT_TRY(form_inputs(m, cells, image));
    pt_csv_table_progress(table, "writing");
    return PT_OK;
}

static pt_status_t import(csv_import_t *m, const char *src, const char *out,
                          const pt_import_csv_t *options)
{
    PT_TRY(pt_csv_table_open(&m->table, src, options, NULL));
    PT_TRY(pt_csv_table_scan(&m->table));
    PT_TRY(name_features(m));
    PT_TRY(pt_csv_table_part(&m->table, &options->share, &m->parts));
    if (m->table.group)
        PT_TRY(pt_parts_deal(&m->parts, m->table.group, m->group));
    PT_TRY(pt_alloc(&m->task, (size_t)m->table.n_task, sizeof *m->task));
    PT_TRY(pt_csv_tasks_build(src, m->table.task, m->table.n_task, &m->parts, m->task));
    PT_TRY(find_means(m));
    say_nameless(m);
    say_inputs(m);
    pt_csv_tasks_say(m->table.task, m->table.n_task, m->table.n, &options->talk);
    say_parts(m);
    PT_TRY(pt_csv_table_rewind(&m->table));
    pt_dataset_source_t source = {.height = 1,
                                  .width = 1,
                                  .channels = m->n_feature,
                                  .is_double = true,
                                  .is_features = true,
                                  .fill = fill,
                                  .order = m->parts.split,
                                  .context = m,
                                  .input_names = (const char *const *)m->feature,
                                  .n_task = m->table.n_task,
                                  .task = m->task,
                                  .origin = "a table"};
    for (int s = 0; s < PT_N_SPLIT; s++) {
        source.n[s] = m->parts.n_of[s];
        source.group[s] = m->group[s];
    }
    return pt_dataset_write(out, &source);
}

pt_status_t pt_import_csv(const char *src, const char *out, const pt_import_csv_t *options)
{
    csv_import_t m = {.mean = NULL};
    pt_status_t status = import(&m, src, out, options);
    if (m.task)
        pt_csv_tasks_unbuild(m.task, m.table.n_task);
    for (int32_t i = 0; i < m.n_feature; i++)
        pt_free(m.feature[i]);
    for (int s = 0; s < PT_N_SPLIT; s++)
        pt_free(m.group[s]);
    pt_free(m.feature);
    pt_free(m.task);
    pt_free(m.mean);
    pt_parts_release(&m.parts);
    pt_csv_table_release(&m.table);
    return status;
}
