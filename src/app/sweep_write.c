/* The table of a sweep as text and JSON, and the pictures beside it. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/console.h"
#include "app/picture.h"
#include "app/sweep_table.h"
#include "app/sweep_truth.h"
#include "polytree/base/memory.h"
#include "polytree/base/text.h"
#include "polytree/io/file.h"
#include "polytree/search/baseline.h"

enum { PATH_BYTES = 4200, TEXT_TASKS = 8 };

/* "0.9512 +-0.0012"; blanks for what is not known. */
static void put_estimate(FILE *file, sweep_estimate_t e, const char *format, double scale)
{
    char text[64] = "";
    if (e.n > 0)
        snprintf(text, sizeof text, format, e.mean * scale);
    if (isfinite(e.error))
        snprintf(text + strlen(text), sizeof text - strlen(text), " +-%.*f",
                 scale == 1 ? 4 : 2, e.error * scale);
    fprintf(file, " %-16s", text);
}

static void put_number(FILE *file, const char *format, double x, double scale)
{
    char text[32] = "";
    if (isfinite(x))
        snprintf(text, sizeof text, format, x * scale);
    fprintf(file, " %10s", text);
}

/* More than two standard errors; with two seeds even that is little. */
static const char *verdict(sweep_estimate_t difference)
{
    if (!isfinite(difference.error) || !(fabs(difference.mean) > 2 * difference.error))
        return "";
    return difference.mean > 0 ? " better" : " worse";
}

static int label_width(const sweep_table_t *t)
{
    size_t width = 10;
    for (int32_t r = 0; r < t->n_row; r++)
        if (strlen(t->sweep->row[r].label) > width)
            width = strlen(t->sweep->row[r].label);
    return (int)width;
}

/* Of the encoder where every task is alone; NaN where that was not run. */
static double full_cost(const sweep_table_t *t)
{
    double cost = NAN;
    for (int32_t r = 0; r < t->n_row; r++)
        if (t->sweep->row[r].method == PT_METHOD_FULL)
            cost = fmax(cost, t->line[r].value[SWEEP_ENCODER].mean);
    return cost;
}

/* One unit for a column, that of its largest number. */
static const char *unit_of(const sweep_table_t *t, sweep_value_t value, double *scale)
{
    double most = 0;
    for (int32_t r = 0; r < t->n_row; r++)
        if (t->line[r].value[value].n > 0)
            most = fmax(most, t->line[r].value[value].mean);
    const char *unit = pt_unit(most, scale);
    return unit[0] == '\0' ? "1" : unit;
}

/* What the rows are judged by.  Of 80 columns, labels may take 21. */
static void put_judged(const sweep_table_t *t, FILE *file)
{
    const bool is_alike = t->is_alike;
    const char *metric = t->n_task > 0 ? t->task[0].metric : "metric";
    const char *format = is_alike ? "%.4f" : "%+.2f", *less = is_alike ? "%+.4f" : "%+.2f";
    const double scale = is_alike ? 1 : 100;
    char minus[18] = "";
    if (t->reference >= 0)
        snprintf(minus, sizeof minus, " minus %s", t->sweep->row[t->reference].label);
    fprintf(file, "%-*s %5s %-16s %10s%-17s\n", label_width(t), "run", "seeds",
            is_alike ? metric : "Delta_m, %", "val", minus);
    for (int32_t r = 0; r < t->n_row; r++) {
        const sweep_line_t *line = &t->line[r];
        fprintf(file, "%-*s %2d/%-2d", label_width(t), t->sweep->row[r].label,
                (int)line->n_done, (int)t->n_seed);
        if (line->n_done > 0 && line->value[t->judged].n == 0)
            fputs(" not run", file);
        if (line->value[t->judged].n > 0) {
            put_estimate(file, line->value[t->judged], format, scale);
            put_number(file, format, line->value[t->judged_val].mean, scale);
        }
        if (line->less[t->judged].n > 0)
            put_estimate(file, line->less[t->judged], less, scale);
        fputs(verdict(line->less[t->judged]), file);
        if (line->n_failed > 0)
            fprintf(file, " failed %d of %d seed%s", (int)line->n_failed, (int)t->n_seed,
                    pt_plural(t->n_seed));
        fputc('\n', file);
    }
}

static void put_costs(const sweep_table_t *t, FILE *file)
{
    const struct {
        const char *name, *format;
        sweep_value_t value;
    } column[] = {{"encoder", "%.3f", SWEEP_ENCODER},
                  {"madds", "%.3f", SWEEP_MADDS},
                  {"params", "%.1f", SWEEP_PARAMETERS}};
    enum { N_COLUMN = sizeof column / sizeof column[0] };
    const bool has_delta = t->is_alike && sweep_table_has(t, SWEEP_DELTA);
    const double full = full_cost(t);
    double scale[N_COLUMN];
    fprintf(file, "\n%-*s", label_width(t), "cost");
    for (int i = 0; i < N_COLUMN; i++) {
        char text[24];
        snprintf(text, sizeof text, "%s, %s", column[i].name,
                 unit_of(t, column[i].value, &scale[i]));
        fprintf(file, " %10s", text);
    }
    fprintf(file, "%s%s\n", isfinite(full) ? "    of full" : "",
            has_delta ? " Delta_m, %" : "");
    for (int32_t r = 0; r < t->n_row; r++) {
        const sweep_line_t *line = &t->line[r];
        if (line->n_done == 0)
            continue;
        fprintf(file, "%-*s", label_width(t), t->sweep->row[r].label);
        for (int i = 0; i < N_COLUMN; i++)
            put_number(file, column[i].format, line->value[column[i].value].mean,
                       1 / scale[i]);
        if (isfinite(full))
            put_number(file, "%.1f %%", line->value[SWEEP_ENCODER].mean, 100 / full);
        if (has_delta)
            put_estimate(file, line->value[SWEEP_DELTA], "%+.2f", 100);
        fputc('\n', file);
    }
}

static void put_tasks(const sweep_table_t *t, FILE *file)
{
    int width = label_width(t);
    fprintf(file, "\n%-*s", width, "task");
    for (int32_t k = 0; k < t->n_task; k++)
        fprintf(file, " %-16.16s", t->task[k].name);
    fprintf(file, "\n%-*s", width, "metric");
    for (int32_t k = 0; k < t->n_task; k++) {
        char metric[48];
        snprintf(metric, sizeof metric, "%s%s", t->task[k].metric,
                 t->task[k].is_error ? ", lower" : "");
        fprintf(file, " %-16.16s", metric);
    }
    fputc('\n', file);
    for (int32_t r = 0; r < t->n_row; r++) {
        if (t->line[r].n_done == 0)
            continue;
        fprintf(file, "%-*s", width, t->sweep->row[r].label);
        for (int32_t k = 0; k < t->n_task; k++)
            put_estimate(file, t->line[r].task[k], "%.4f", 1);
        fputc('\n', file);
    }
}

static bool has_method(const sweep_table_t *t, pt_method_t method)
{
    for (int32_t r = 0; r < t->n_row; r++)
        if (t->sweep->row[r].method == method)
            return true;
    return false;
}

/* Whether chains of a row are at their least width, and cost more than they are to match.
 */
static bool is_dearer(const sweep_table_t *t, int32_t row)
{
    char path[PATH_BYTES], text[160];
    for (int32_t seed = 0; seed < t->n_seed; seed++) {
        pt_config_t config;
        if (!t->line[row].cell[seed].is_done)
            continue;
        sweep_path(t->sweep, row, seed, 0, path);
        snprintf(path + strlen(path), sizeof path - strlen(path), "/config.ini");
        pt_config_init(&config);
        if (pt_config_read(&config, path) != PT_OK)
            pt_error_clear();
        else if (pt_baseline_is_dearer(&config,
                                       sweep_table_run(t, row, seed, 0)->cost.madds, text))
            return true;
    }
    return false;
}

static void put_dearer(const sweep_table_t *t, FILE *file)
{
    bool is_any = false;
    for (int32_t r = 0; r < t->n_row; r++)
        if (pt_method_is_chain(t->sweep->row[r].method) && is_dearer(t, r)) {
            fprintf(file, "%s%s", is_any ? "; " : "", t->sweep->row[r].label);
            is_any = true;
        }
    if (is_any)
        fputs(":\n  a chain of width 1, the least, that costs more than it is to match\n",
              file);
}

static void put_failures(const sweep_table_t *t, FILE *file)
{
    char path[PATH_BYTES], why[SWEEP_WHY];
    for (int32_t r = 0; r < t->n_row; r++)
        for (int32_t seed = 0; seed < t->n_seed && t->line[r].n_failed > 0; seed++)
            for (int32_t i = 0; i < sweep_n_run(t->sweep, r, seed); i++) {
                sweep_path(t->sweep, r, seed, i, path);
                if (!sweep_table_run(t, r, seed, i)->is_done && sweep_failure(path, why))
                    fprintf(file, "%s failed:\n  %s\n", path + strlen(t->sweep->folder) + 1,
                            why);
            }
}

static void put_foot(const sweep_table_t *t, FILE *file)
{
    fputs("\nmeans over seeds, +- standard error (n - 1)\n", file);
    if (t->reference >= 0)
        fprintf(file,
                "minus: difference to %s, paired by seed\n"
                "better, worse: %s differs by more than two standard errors\n"
                "  (%s)\n",
                t->sweep->row[t->reference].label,
                t->is_alike ? "the tasks' mean metric" : "Delta_m",
                t->is_alike ? "all tasks have the same" : "the tasks' metrics are unlike");
    fprintf(file, "Delta_m: mean relative gain over the single-task networks of the seed,\n"
                  "  else of the first that has some, on the same data set\n"
                  "encoder: multiply-adds (madds) of all but the heads\n");
    if (has_method(t, PT_METHOD_RANDOM) || has_method(t, PT_METHOD_EXHAUSTIVE))
        fputs("random, exhaustive: means over their networks\n", file);
    for (int32_t k = 0; k < t->n_task && t->n_task <= TEXT_TASKS; k++)
        if (t->task[k].is_error) {
            fputs("lower: lower is better\n", file);
            break;
        }
    put_dearer(t, file);
    put_failures(t, file);
    if (t->n_task > TEXT_TASKS)
        fputs("metrics of the tasks: sweep.json\n", file);
}

static void print_table(const sweep_table_t *t, FILE *file)
{
    put_judged(t, file);
    put_costs(t, file);
    if (t->n_task > 0 && t->n_task <= TEXT_TASKS)
        put_tasks(t, file);
    put_foot(t, file);
    for (int32_t i = 0; i < t->n_truth; i++)
        if (t->truth[i].n_run > 0)
            sweep_truth_print(t, &t->truth[i], file);
}

/* JSON has no NaN: null. */
static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static const char *const value_name[] = {
    [SWEEP_METRIC] = "metric",         [SWEEP_VAL] = "val",
    [SWEEP_DELTA] = "delta",           [SWEEP_DELTA_VAL] = "delta_val",
    [SWEEP_MADDS] = "madds",           [SWEEP_ENCODER] = "encoder_madds",
    [SWEEP_PARAMETERS] = "parameters",
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
    put_comparison(object, line, SWEEP_METRIC, "");
    put_comparison(object, line, SWEEP_DELTA, "delta_");
    for (int32_t i = 0; i < t->n_seed; i++)
        json_array_append_new(seeds, describe_cell(t, line, i));
    json_object_set_new(object, "tasks", describe_tasks(t, line));
    json_object_set_new(object, "seeds", seeds);
    return object;
}

static pt_status_t write_json(const sweep_table_t *t, const char *path)
{
    json_t *rows = json_array(), *truths = json_array(), *root;
    char *text = NULL;
    pt_status_t status;
    for (int32_t r = 0; r < t->n_row; r++)
        json_array_append_new(rows, describe_row(t, r));
    for (int32_t i = 0; i < t->n_truth; i++)
        json_array_append_new(truths, sweep_truth_describe(t, &t->truth[i]));
    root = json_pack("{s:s, s:i, s:s, s:o, s:o, s:o}", "format", "polytree sweep",
                     "version", 1, "judged_by", value_name[t->judged], "reference",
                     t->reference < 0 ? json_null()
                                      : json_string(t->sweep->row[t->reference].label),
                     "rows", rows, "exhaustive", truths);
    text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    status = text == NULL ? PT_ERROR(MEMORY, "no memory for %s", path)
                          : pt_file_write(path, text, strlen(text));
    free(text);
    json_decref(root);
    return status;
}

static pt_status_t write_text(const sweep_table_t *t, const char *path, char **text)
{
    size_t bytes = 0;
    FILE *file = open_memstream(text, &bytes);
    if (file == NULL)
        PT_FAIL(MEMORY, "no memory for %s", path);
    print_table(t, file);
    if (fclose(file) != 0)
        PT_FAIL(MEMORY, "no memory for %s", path);
    return pt_file_write(path, *text, bytes);
}

/* A picture that fails is no failure. */
static void draw(const sweep_table_t *t, const char *name, pt_picture_source_t source)
{
    char path[PATH_BYTES];
    bool is_drawn;
    snprintf(path, sizeof path, "%s/%s", t->sweep->folder, name);
    if (pt_picture_plot(source, t, path, &is_drawn) != PT_OK) {
        pt_console_error("warning: no picture: %s", pt_error_message());
        pt_error_clear();
    }
}

static pt_status_t write_all(const sweep_table_t *t)
{
    char path[PATH_BYTES], *text = NULL;
    pt_status_t status;
    snprintf(path, sizeof path, "%s/sweep.txt", t->sweep->folder);
    status = write_text(t, path, &text);
    if (status == PT_OK)
        pt_console_line("\n%s", text);
    free(text);
    PT_TRY(status);
    snprintf(path, sizeof path, "%s/sweep.json", t->sweep->folder);
    PT_TRY(write_json(t, path));
    if (sweep_table_has(t, t->judged))
        draw(t, "sweep.svg", sweep_plot_rows);
    if (sweep_plot_has_cost(t))
        draw(t, "sweep-cost.svg", sweep_plot_cost);
    return PT_OK;
}

pt_status_t sweep_report(const sweep_t *sweep)
{
    sweep_table_t t;
    pt_status_t status;
    PT_TRY_OR(done, sweep_table_init(sweep, &t));
    PT_TRY_OR(done, write_all(&t));
    PT_TRY_OR(done, sweep_fill_reports(&t));
done:
    sweep_table_release(&t);
    return status;
}
