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

static void say(const csv_import_t *m, pt_text_t *line)
{
    const pt_import_talk_t *talk = &m->table.options->talk;
    if (talk->say && line->status == PT_OK)
        talk->say(talk->context, pt_text_get(line));
    pt_text_release(line);
}

/* The values of a column in their order, the first few. */
static void add_values(const pt_csv_column_t *c, pt_text_t *line)
{
    enum { SHOWN = 8 };
    for (int32_t rank = 0; rank < c->value.n && rank < SHOWN; rank++)
        for (int32_t i = 0; i < c->value.n; i++)
            if (c->rank[i] == rank)
                pt_text_add(line, "%s%.40s", rank > 0 ? ", " : "",
                            pt_dictionary_text(&c->value, i));
    pt_text_add(line, c->value.n > SHOWN ? " ..." : "");
}

/* An index that was written beside the table, most often. */
static void say_nameless(const csv_import_t *m)
{
    const pt_csv_t *csv = m->table.csv;
    pt_text_t line = {0};
    for (int32_t i = 0; i < pt_csv_n_column(csv); i++)
        if (pt_csv_name(csv, i)[0] == '\0') {
            pt_text_add(&line, "left out    column %d, which has no name", i + 1);
            say(m, &line);
        }
}

static void say_inputs(const csv_import_t *m)
{
    const pt_csv_table_t *table = &m->table;
    int64_t n_missing = 0;
    pt_text_t line = {0};
    pt_text_add(&line, "inputs      %d feature%s of %d column%s", m->n_feature,
                pt_plural(m->n_feature), table->n_input, pt_plural(table->n_input));
    say(m, &line);
    for (int32_t i = 0; i < table->n_input; i++) {
        const pt_csv_column_t *c = &table->input[i];
        n_missing += c->kind == PT_CSV_NUMBER ? c->n_missing : 0;
        if (c->kind != PT_CSV_CATEGORY)
            continue;
        pt_text_add(&line, "            %s: category, a feature each for ",
                    pt_csv_name(table->csv, c->column));
        add_values(c, &line);
        if (c->n_missing > 0)
            pt_text_add(&line, "; none in %lld rows", (long long)c->n_missing);
        say(m, &line);
    }
    if (n_missing > 0) {
        pt_text_add(&line, "            %lld missing numbers are their columns' means",
                    (long long)n_missing);
        say(m, &line);
    }
}

static void say_tasks(const csv_import_t *m)
{
    const pt_csv_table_t *table = &m->table;
    for (int32_t t = 0; t < table->n_task; t++) {
        const pt_csv_column_t *c = &table->task[t].column;
        pt_text_t line = {0};
        pt_text_add(&line, "task        %s: ", table->task[t].name);
        if (c->kind == PT_CSV_CATEGORY) {
            pt_text_add(&line, "classification, %d classes: ", c->value.n);
            add_values(c, &line);
        } else {
            pt_text_add(&line, "regression, from %g to %g", c->least, c->most);
        }
        if (c->n_missing > 0)
            pt_text_add(&line, "; %lld of %lld rows have no label", (long long)c->n_missing,
                        (long long)table->n);
        say(m, &line);
    }
}

static void say_parts(const csv_import_t *m)
{
    const pt_csv_table_t *table = &m->table;
    const pt_import_csv_t *options = table->options;
    pt_text_t line = {0};
    pt_text_add(&line, "parts       train %lld, val %lld, test %lld, ",
                (long long)m->parts.n_of[PT_SPLIT_TRAIN],
                (long long)m->parts.n_of[PT_SPLIT_VAL],
                (long long)m->parts.n_of[PT_SPLIT_TEST]);
    if (options->split || options->time)
        pt_text_add(&line, "by column '%s'",
                    options->split ? options->split : options->time);
    else
        pt_text_add(&line, "at random by seed %llu%s",
                    (unsigned long long)options->share.seed,
                    options->group ? ", groups whole" : "");
    say(m, &line);
}

static pt_status_t find_parts(csv_import_t *m)
{
    pt_csv_table_t *table = &m->table;
    int64_t next[PT_N_SPLIT] = {0};
    if (table->split)
        PT_TRY(pt_parts_take(table->src, &table->split, table->n, &m->parts));
    else
        PT_TRY(pt_parts_by_share(table->src, &table->options->share, table->n, table->group,
                                 table->time, &m->parts));
    for (int s = 0; table->group && s < PT_N_SPLIT; s++)
        PT_TRY(pt_alloc(&m->group[s], (size_t)m->parts.n_of[s], sizeof(int64_t)));
    for (int64_t i = 0; table->group && i < table->n; i++) {
        int s = m->parts.split[i];
        m->group[s][next[s]++] = table->group[i];
    }
    return PT_OK;
}

/* Rows of one task in one split: those that have a label, named where these are not all. */
static pt_status_t build_rows(const csv_import_t *m, const pt_csv_task_t *task, int split,
                              pt_task_rows_t *rows)
{
    const uint8_t *split_of = m->parts.split;
    int64_t *index = NULL, n = 0, at = 0;
    int32_t *labels = NULL;
    for (int64_t i = 0; i < m->parts.n; i++)
        n += split_of[i] == split && task->code[i] >= 0;
    rows->n = n;
    if (n == 0)
        return PT_OK;
    if (n < m->parts.n_of[split]) {
        PT_TRY(pt_alloc(&index, (size_t)n, sizeof *index));
        rows->index = index;
    }
    if (task->column.kind == PT_CSV_CATEGORY) {
        PT_TRY(pt_alloc(&labels, (size_t)n, sizeof *labels));
        rows->labels = labels;
    }
    n = 0;
    for (int64_t i = 0; i < m->parts.n; i++) {
        if (split_of[i] != split)
            continue;
        if (task->code[i] >= 0 && index)
            index[n] = at;
        if (task->code[i] >= 0 && labels)
            labels[n] = task->column.rank[task->code[i]];
        n += task->code[i] >= 0;
        at++;
    }
    return PT_OK;
}

static pt_status_t build_task(const csv_import_t *m, int32_t t, pt_task_source_t *out)
{
    const pt_csv_task_t *task = &m->table.task[t];
    const pt_dictionary_t *value = &task->column.value;
    const char **names;
    memcpy(out->info.name, task->name, sizeof task->name);
    out->info.kind =
        task->column.kind == PT_CSV_CATEGORY ? PT_TASK_CLASSIFICATION : PT_TASK_REGRESSION;
    out->info.height = out->info.width = out->info.channels = 1;
    if (task->column.kind == PT_CSV_CATEGORY) {
        out->info.classes = value->n;
        PT_TRY(pt_alloc(&names, (size_t)value->n, sizeof *names));
        out->class_names = names;
        for (int32_t i = 0; i < value->n; i++)
            names[task->column.rank[i]] = pt_dictionary_text(value, i);
    }
    for (int s = 0; s < PT_N_SPLIT; s++)
        PT_TRY(build_rows(m, task, s, &out->rows[s]));
    if (out->rows[PT_SPLIT_TRAIN].n == 0)
        PT_FAIL(FORMAT, "%s: task '%s' has no label in train", m->table.src, task->name);
    return PT_OK;
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
                               float *out)
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
                *out = (float)m->mean[i];
        } else if (!pt_csv_column_form(c, cell, out)) {
            return pt_csv_table_changed(table);
        } else if (!isfinite(*out)) {
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
    double value;
    (void)split;
    (void)i;
    PT_TRY(pt_csv_next(table->csv, &cells));
    if (!cells)
        return pt_csv_table_changed(table);
    PT_TRY(form_inputs(m, cells, image));
    for (int32_t t = 0; t < table->n_task; t++) {
        int32_t column = table->task[t].column.column;
        if (label[t] && table->task[t].code[pt_csv_row(table->csv) - 1] >= 0) {
            if (!pt_csv_number(pt_csv_trim(cells[column]), &value))
                return pt_csv_table_changed(table);
            label[t]->f = (float)value;
        }
    }
    pt_csv_table_progress(table, "writing");
    return PT_OK;
}

static pt_status_t import(csv_import_t *m, const char *src, const char *out,
                          const pt_import_csv_t *options)
{
    PT_TRY(pt_csv_table_open(&m->table, src, options));
    PT_TRY(pt_csv_table_scan(&m->table));
    PT_TRY(name_features(m));
    PT_TRY(find_parts(m));
    PT_TRY(pt_alloc(&m->task, (size_t)m->table.n_task, sizeof *m->task));
    for (int32_t t = 0; t < m->table.n_task; t++)
        PT_TRY(build_task(m, t, &m->task[t]));
    PT_TRY(find_means(m));
    say_nameless(m);
    say_inputs(m);
    say_tasks(m);
    say_parts(m);
    PT_TRY(pt_csv_table_rewind(&m->table));
    pt_dataset_source_t source = {.height = 1,
                                  .width = 1,
                                  .channels = m->n_feature,
                                  .is_float = true,
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
    for (int32_t t = 0; m.task && t < m.table.n_task; t++) {
        pt_free((void *)m.task[t].class_names);
        for (int s = 0; s < PT_N_SPLIT; s++) {
            pt_free((void *)m.task[t].rows[s].index);
            pt_free((void *)m.task[t].rows[s].labels);
        }
    }
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
