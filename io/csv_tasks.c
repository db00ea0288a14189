/* Tasks with a value for each sample, and the tables that are written of them. */
#include "io/csv_tasks.h"

#include <string.h>

#include "polytree/base/memory.h"

void pt_import_say(const pt_import_talk_t *talk, pt_text_t *line)
{
    if (talk->say && line->status == PT_OK)
        talk->say(talk->context, pt_text_get(line));
    pt_text_release(line);
}

void pt_csv_column_list(const pt_csv_column_t *c, pt_text_t *line)
{
    enum { SHOWN = 8 };
    for (int32_t rank = 0; rank < c->value.n && rank < SHOWN; rank++)
        for (int32_t i = 0; i < c->value.n; i++)
            if (c->rank[i] == rank)
                pt_text_add(line, "%s%.40s", rank > 0 ? ", " : "",
                            pt_dictionary_text(&c->value, i));
    pt_text_add(line, c->value.n > SHOWN ? " ..." : "");
}

void pt_csv_tasks_say(const pt_csv_task_t *task, int32_t n_task, int64_t n,
                      const pt_import_talk_t *talk)
{
    for (int32_t t = 0; t < n_task; t++) {
        const pt_csv_column_t *c = &task[t].column;
        pt_text_t line = {0};
        pt_text_add(&line, "task        %s: ", task[t].name);
        if (c->kind == PT_CSV_CATEGORY) {
            pt_text_add(&line, "classification, %d classes: ", c->value.n);
            pt_csv_column_list(c, &line);
        } else {
            pt_text_add(&line, "regression, from %g to %g", c->least, c->most);
        }
        if (c->n_missing > 0)
            pt_text_add(&line, "; %lld of %lld rows have no label", (long long)c->n_missing,
                        (long long)n);
        pt_import_say(talk, &line);
    }
}

void pt_parts_say(const pt_parts_t *parts, const char *how, const pt_import_talk_t *talk)
{
    pt_text_t line = {0};
    pt_text_add(&line, "parts       train %lld, val %lld, test %lld, %s",
                (long long)parts->n_of[PT_SPLIT_TRAIN],
                (long long)parts->n_of[PT_SPLIT_VAL], (long long)parts->n_of[PT_SPLIT_TEST],
                how);
    pt_import_say(talk, &line);
}

/* Rows of one task in one split: those that have a label, named where these are not all. */
static pt_status_t build_rows(const pt_csv_task_t *task, const pt_parts_t *parts, int split,
                              pt_task_source_t *out)
{
    pt_task_rows_t *rows = &out->rows[split];
    int64_t *index = NULL, at = 0;
    int32_t *labels = NULL;
    double *values = NULL;
    for (int64_t i = 0; i < parts->n; i++)
        rows->n += parts->split[i] == split && task->code[i] >= 0;
    if (rows->n > 0 && rows->n < parts->n_of[split])
        PT_TRY(pt_alloc(&index, (size_t)rows->n, sizeof *index));
    rows->index = index;
    if (rows->n > 0 && task->column.kind == PT_CSV_CATEGORY)
        PT_TRY(pt_alloc(&labels, (size_t)rows->n, sizeof *labels));
    rows->labels = labels;
    if (rows->n > 0 && task->column.kind == PT_CSV_NUMBER)
        PT_TRY(pt_alloc(&values, (size_t)rows->n, sizeof *values));
    out->values[split] = values;
    for (int64_t i = 0, n = 0; i < parts->n; i++) {
        if (parts->split[i] != split)
            continue;
        if (task->code[i] >= 0 && index)
            index[n] = at;
        if (task->code[i] >= 0 && labels)
            labels[n] = task->column.rank[task->code[i]];
        if (task->code[i] >= 0 && values)
            values[n] = task->value[i];
        n += task->code[i] >= 0;
        at++;
    }
    return PT_OK;
}

static pt_status_t build_task(const char *src, const pt_csv_task_t *task,
                              const pt_parts_t *parts, pt_task_source_t *out)
{
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
        PT_TRY(build_rows(task, parts, s, out));
    if (out->rows[PT_SPLIT_TRAIN].n == 0)
        PT_FAIL(FORMAT, "%s: task '%s' has no label in train", src, task->name);
    return PT_OK;
}

pt_status_t pt_csv_tasks_build(const char *src, const pt_csv_task_t *task, int32_t n_task,
                               const pt_parts_t *parts, pt_task_source_t *out)
{
    for (int32_t t = 0; t < n_task; t++)
        PT_TRY(build_task(src, &task[t], parts, &out[t]));
    return PT_OK;
}

void pt_csv_tasks_unbuild(pt_task_source_t *out, int32_t n_task)
{
    for (int32_t t = 0; t < n_task; t++) {
        pt_free((void *)out[t].class_names);
        for (int s = 0; s < PT_N_SPLIT; s++) {
            pt_free((void *)out[t].rows[s].index);
            pt_free((void *)out[t].rows[s].labels);
            pt_free((void *)out[t].values[s]);
        }
    }
}

pt_status_t pt_parts_deal(const pt_parts_t *parts, const int64_t *values,
                          int64_t *out[PT_N_SPLIT])
{
    int64_t next[PT_N_SPLIT] = {0};
    for (int s = 0; s < PT_N_SPLIT; s++)
        PT_TRY(pt_alloc(&out[s], (size_t)parts->n_of[s], sizeof(int64_t)));
    for (int64_t i = 0; i < parts->n; i++)
        out[parts->split[i]][next[parts->split[i]]++] = values[i];
    return PT_OK;
}

void pt_csv_task_release(pt_csv_task_t *task)
{
    pt_csv_column_release(&task->column);
    pt_free(task->code);
    pt_free(task->value);
    *task = (pt_csv_task_t){.code = NULL};
}
