/* The table of a sweep as JSON. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/io/file.h"
#include "study/sweep_report.h"

/* JSON has no NaN: null. */
static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static const char *const value_name[] = {
    [SWEEP_METRIC] = "metric",
    [SWEEP_VAL] = "val",
    [SWEEP_DELTA] = "delta",
    [SWEEP_DELTA_VAL] = "delta_val",
    [SWEEP_MADDS] = "madds",
    [SWEEP_ENCODER] = "encoder_madds",
    [SWEEP_PARAMETERS] = "parameters",
    [SWEEP_SEARCHING] = "searching_samples",
    [SWEEP_TRAINING] = "training_samples",
};

static json_t *describe_cell(const sweep_table_t *t, const sweep_line_t *line, int32_t seed)
{
    const sweep_cell_t *cell = &line->cell[seed];
    json_t *object = json_object(), *tasks = json_object();
    json_object_set_new(object, "seed",
                        json_integer(t->sweep->config->sweep.seeds.value[seed]));
    for (int32_t v = 0; v < SWEEP_N_VALUE; v++)
        json_object_set_new(object, value_name[v], number(cell->value[v]));
    for (int32_t k = 0; k < t->n_task; k++)
        json_object_set_new(tasks, t->task[k].name, number(cell->task[k]));
    json_object_set_new(object, "tasks", tasks);
    json_object_set_new(object, "failed", json_boolean(cell->is_failed));
    return object;
}

static json_t *describe_tasks(const sweep_table_t *t, const sweep_line_t *line)
{
    json_t *tasks = json_object();
    for (int32_t k = 0; k < t->n_task; k++)
        json_object_set_new(tasks, t->task[k].name,
                            json_pack("{s:s, s:b, s:o, s:o}", "metric", t->task[k].metric,
                                      "is_error", t->task[k].is_error, "mean",
                                      number(line->task[k].mean), "error",
                                      number(line->task[k].error)));
    return tasks;
}

/* "delta", "delta_error", "delta_difference", "delta_difference_error"; of the metric, as
 * it has always been, plain "error", "difference" and "difference_error". */
static void put_comparison(json_t *object, const sweep_line_t *line, sweep_value_t value,
                           const char *prefix)
{
    const sweep_estimate_t *v = &line->value[value], *less = &line->less[value];
    const struct {
        const char *name;
        double x;
    } entry[] = {
        {"error", v->error}, {"difference", less->mean}, {"difference_error", less->error}};
    for (size_t i = 0; i < sizeof entry / sizeof entry[0]; i++) {
        char key[48];
        snprintf(key, sizeof key, "%s%s", prefix, entry[i].name);
        json_object_set_new(object, key, number(entry[i].x));
    }
}

static json_t *describe_row(const sweep_table_t *t, int32_t r)
{
    const sweep_line_t *line = &t->line[r];
    const sweep_row_t *row = &t->sweep->row[r];
    json_t *options = json_object(), *seeds = json_array(), *object;
    for (int32_t a = 0; a < t->sweep->n_axis; a++)
        if (t->sweep->axis[a].is_of[row->method])
            json_object_set_new(options, t->sweep->axis[a].key,
                                json_string(t->sweep->axis[a].value[row->value[a]]));
    object = json_pack("{s:s, s:o, s:i, s:i, s:i}", "label", row->label, "options", options,
                       "n", (int)line->n_done, "n_failed", (int)line->n_failed, "n_paired",
                       (int)line->less[t->judged].n);
    for (int32_t v = 0; v < SWEEP_N_VALUE; v++)
        json_object_set_new(object, value_name[v], number(line->value[v].mean));
    json_object_set_new(object, "p", number(line->p));
    put_comparison(object, line, SWEEP_METRIC, "");
    put_comparison(object, line, SWEEP_DELTA, "delta_");
    for (int32_t i = 0; i < t->n_seed; i++)
        json_array_append_new(seeds, describe_cell(t, line, i));
    json_object_set_new(object, "tasks", describe_tasks(t, line));
    json_object_set_new(object, "seeds", seeds);
    return object;
}

pt_status_t sweep_write_json(const sweep_results_t *results, const char *path)
{
    const sweep_table_t *t = &results->table;
    json_t *rows = json_array(), *truths = json_array(), *root;
    char *text = NULL;
    pt_status_t status;
    for (int32_t r = 0; r < t->n_row; r++)
        json_array_append_new(rows, describe_row(t, r));
    for (int32_t i = 0; i < results->truths.n; i++)
        json_array_append_new(truths, sweep_truth_describe(t, &results->truths.truth[i]));
    root = json_pack("{s:s, s:i, s:s, s:o, s:o, s:o, s:o}", "format", "polytree sweep",
                     "version", 1, "judged_by", value_name[t->judged], "reference",
                     t->reference < 0 ? json_null()
                                      : json_string(t->sweep->row[t->reference].label),
                     "rows", rows, "rivals", sweep_rivals_describe(t, results->rival),
                     "exhaustive", truths);
    text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    status = text == NULL ? PT_ERROR(MEMORY, "no memory for %s", path)
                          : pt_file_write(path, text, strlen(text));
    free(text);
    json_decref(root);
    return status;
}
