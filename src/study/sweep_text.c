/* The table of a sweep as text. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/record/run_config.h"
#include "polytree/record/run_file.h"
#include "polytree/search/baseline.h"
#include "study/sweep_failure.h"
#include "study/sweep_report.h"

enum { TEXT_TASKS = 8, ESTIMATE = 16 };

/* "0.9512 +-0.0012"; blanks for what is not known.  Without a format it is a score, in a
 * unit of its own. */
static void put_estimate(pt_text_t *out, sweep_estimate_t e, const char *format,
                         double scale)
{
    char text[64];
    pt_text_t estimate = pt_text_in(text, sizeof text);
    format = format ? format : pt_score_format(e.mean);
    if (e.n > 0)
        pt_text_add(&estimate, format, e.mean * scale);
    const char *error = format[strlen(format) - 1] == 'g' ? " +-%.2g"
                        : scale == 1                      ? " +-%.4f"
                                                          : " +-%.2f";
    if (isfinite(e.error))
        pt_text_add(&estimate, error, e.error * scale);
    pt_text_add(out, " %-*s", ESTIMATE, text);
}

static void put_number(pt_text_t *out, const char *format, double x, double scale)
{
    char text[32] = "";
    if (isfinite(x))
        snprintf(text, sizeof text, format ? format : pt_score_format(x), x * scale);
    pt_text_add(out, " %10s", text);
}

static const char *verdict(const sweep_table_t *t, const sweep_line_t *line)
{
    if (!(line->p < 0.05))
        return "";
    return line->less[t->judged].mean > 0 ? " better" : " worse";
}

static int label_width(const sweep_table_t *t)
{
    int32_t width = 10;
    for (int32_t r = 0; r < t->n_row; r++) {
        int32_t columns = pt_columns(t->sweep->row[r].label);
        width = columns > width ? columns : width;
    }
    return (int)width;
}

/* "search less random: +0.0123 (95 %: -0.0010 to +0.0256)" */
static void put_rivals(const sweep_table_t *t, const sweep_rival_t *rival, pt_text_t *out)
{
    const double scale = t->is_alike ? 1 : 100;
    const int digits = t->is_alike ? 4 : 2;
    bool is_first = true;
    for (int i = 0; i < SWEEP_N_RIVAL; i++) {
        const sweep_rival_t *r = &rival[i];
        if (r->theirs < 0)
            continue;
        pt_text_add(out, "%s%-13s %s\n",
                    is_first ? "\nbest opponent on val, at the cost found\n" : "",
                    sweep_rival_name[i], t->sweep->row[r->theirs].label);
        is_first = false;
        if (r->less.n == 0)
            continue;
        pt_text_add(out, "%13s %s minus it %+.*f", "", t->sweep->row[r->ours].label, digits,
                    r->less.mean * scale);
        if (isfinite(r->half))
            pt_text_add(out, ", 95 %% %+.*f to %+.*f", digits,
                        (r->less.mean - r->half) * scale, digits,
                        (r->less.mean + r->half) * scale);
        pt_text_add(out, "\n");
    }
}

/* Of the encoder where every task is alone in it; NaN where that was not run. */
static double full_cost(const sweep_table_t *t)
{
    double cost = NAN;
    for (int32_t r = 0; r < t->n_row; r++)
        if (t->line[r].is_native && pt_methods[t->sweep->row[r].method].is_full)
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
static void put_judged(const sweep_table_t *t, pt_text_t *out)
{
    const bool is_alike = t->is_alike;
    const char *metric = t->n_task > 0 ? t->task[0].metric : "metric";
    const char *format = is_alike ? NULL : "%+.2f", *less = is_alike ? "%+.4f" : "%+.2f";
    const double scale = is_alike ? 1 : 100;
    char minus[18] = "";
    if (t->reference >= 0)
        snprintf(minus, sizeof minus, " minus %s", t->sweep->row[t->reference].label);
    pt_text_add(out, "%-*s %5s %-16s %10s%-17s\n", label_width(t), "run", "seeds",
                is_alike ? metric : "Delta_m, %", "val", minus);
    for (int32_t r = 0; r < t->n_row; r++) {
        const sweep_line_t *line = &t->line[r];
        pt_text_add(out, "%-*s %2d/%-2d", pt_padded(t->sweep->row[r].label, label_width(t)),
                    t->sweep->row[r].label, (int)line->n_done, (int)t->n_seed);
        if (line->n_done > 0 && line->value[t->judged].n == 0)
            pt_text_add(out, " not run");
        if (line->value[t->judged].n > 0) {
            put_estimate(out, line->value[t->judged], format, scale);
            put_number(out, format, line->value[t->judged_val].mean, scale);
        }
        if (line->less[t->judged].n > 0)
            put_estimate(out, line->less[t->judged], less, scale);
        pt_text_add(out, "%s", verdict(t, line));
        if (line->n_failed > 0)
            pt_text_add(out, " failed %d of %d seed%s", (int)line->n_failed, (int)t->n_seed,
                        pt_plural(t->n_seed));
        pt_text_add(out, "\n");
    }
}

static void put_costs(const sweep_table_t *t, pt_text_t *out)
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
    pt_text_add(out, "\n%-*s", label_width(t), "cost");
    for (int i = 0; i < N_COLUMN; i++) {
        char text[24];
        snprintf(text, sizeof text, "%s, %s", column[i].name,
                 unit_of(t, column[i].value, &scale[i]));
        pt_text_add(out, " %10s", text);
    }
    pt_text_add(out, "%s%s\n", isfinite(full) ? "    of full" : "",
                has_delta ? " Delta_m, %" : "");
    for (int32_t r = 0; r < t->n_row; r++) {
        const sweep_line_t *line = &t->line[r];
        if (line->n_done == 0)
            continue;
        pt_text_add(out, "%-*s", pt_padded(t->sweep->row[r].label, label_width(t)),
                    t->sweep->row[r].label);
        for (int i = 0; i < N_COLUMN; i++)
            put_number(out, column[i].format, line->value[column[i].value].mean,
                       1 / scale[i]);
        if (isfinite(full))
            put_number(out, "%.1f %%", line->value[SWEEP_ENCODER].mean, 100 / full);
        if (has_delta)
            put_estimate(out, line->value[SWEEP_DELTA], "%+.2f", 100);
        pt_text_add(out, "\n");
    }
}

/* What searching and choosing spend, and what the network itself. */
static void put_samples(const sweep_table_t *t, pt_text_t *out)
{
    double scale;
    char heading[24];
    if (!sweep_table_has(t, SWEEP_TRAINING))
        return;
    snprintf(heading, sizeof heading, "samples, %s", unit_of(t, SWEEP_TRAINING, &scale));
    pt_text_add(out, "\n%-*s %10s %10s\n", label_width(t), heading, "searching",
                "training");
    for (int32_t r = 0; r < t->n_row; r++) {
        const sweep_line_t *line = &t->line[r];
        if (line->value[SWEEP_TRAINING].n == 0)
            continue;
        pt_text_add(out, "%-*s", pt_padded(t->sweep->row[r].label, label_width(t)),
                    t->sweep->row[r].label);
        put_number(out, "%.1f", line->value[SWEEP_SEARCHING].mean, 1 / scale);
        put_number(out, "%.1f", line->value[SWEEP_TRAINING].mean, 1 / scale);
        pt_text_add(out, "\n");
    }
}

/* Of a task's column: of its name and of its numbers. */
static int32_t task_width(const sweep_table_t *t, int32_t task)
{
    int32_t columns = pt_columns(t->task[task].name);
    return columns > ESTIMATE ? columns : ESTIMATE;
}

static void put_tasks(const sweep_table_t *t, pt_text_t *out)
{
    int width = label_width(t);
    pt_text_add(out, "\n%-*s", width, "task");
    for (int32_t k = 0; k < t->n_task; k++)
        pt_text_add(out, " %-*s", pt_padded(t->task[k].name, task_width(t, k)),
                    t->task[k].name);
    pt_text_add(out, "\n%-*s", width, "metric");
    for (int32_t k = 0; k < t->n_task; k++) {
        char metric[48];
        snprintf(metric, sizeof metric, "%s%s", t->task[k].metric,
                 t->task[k].is_error ? ", lower" : "");
        pt_text_add(out, " %-*s", (int)task_width(t, k), metric);
    }
    pt_text_add(out, "\n");
    for (int32_t r = 0; r < t->n_row; r++) {
        if (t->line[r].n_done == 0)
            continue;
        pt_text_add(out, "%-*s", pt_padded(t->sweep->row[r].label, width),
                    t->sweep->row[r].label);
        for (int32_t k = 0; k < t->n_task; k++) {
            put_estimate(out, t->line[r].task[k], NULL, 1);
            pt_text_add(out, "%*s", (int)task_width(t, k) - ESTIMATE, "");
        }
        pt_text_add(out, "\n");
    }
}

static bool has_method(const sweep_table_t *t, pt_method_t method)
{
    for (int32_t r = 0; r < t->n_row; r++)
        if (t->sweep->row[r].method == method)
            return true;
    return false;
}

/* Whether networks of a row cost more than they are to match. */
static bool is_dearer(const sweep_table_t *t, int32_t row)
{
    char folder[PT_CONFIG_TEXT], text[160];
    for (int32_t seed = 0; seed < t->n_seed; seed++) {
        pt_config_t config;
        if (!t->line[row].cell[seed].is_done)
            continue;
        sweep_path(t->sweep, row, seed, 0, folder);
        if (pt_run_config_read(folder, &config) != PT_OK)
            pt_error_clear();
        else if (pt_baseline_is_dearer(&config,
                                       sweep_table_run(t, row, seed, 0)->cost.madds, text))
            return true;
    }
    return false;
}

static void put_dearer(const sweep_table_t *t, pt_text_t *out)
{
    bool is_any = false;
    for (int32_t r = 0; r < t->n_row; r++)
        if (pt_methods[t->sweep->row[r].method].is_scaled && is_dearer(t, r)) {
            pt_text_add(out, "%s%s", is_any ? "; " : "", t->sweep->row[r].label);
            is_any = true;
        }
    if (is_any)
        pt_text_add(out, ":\n  costs more than it is to match at any width\n");
}

static void put_failures(const sweep_table_t *t, pt_text_t *out)
{
    char path[PT_CONFIG_TEXT], why[PT_SWEEP_WHY];
    for (int32_t r = 0; r < t->n_row; r++)
        for (int32_t seed = 0; seed < t->n_seed && t->line[r].n_failed > 0; seed++)
            for (int32_t i = 0; i < sweep_n_run(t->sweep, r, seed); i++) {
                sweep_path(t->sweep, r, seed, i, path);
                if (!sweep_table_run(t, r, seed, i)->is_done && sweep_failure(path, why))
                    pt_text_add(out, "%s failed:\n  %s\n",
                                path + strlen(t->sweep->folder) + 1, why);
            }
}

static void put_foot(const sweep_table_t *t, pt_text_t *out)
{
    pt_text_add(out, "\nmeans over seeds, +- standard error (n - 1)\n");
    if (t->reference >= 0)
        pt_text_add(out,
                    "minus: difference to %s, paired by seed\n"
                    "better, worse: %s differs at 5 %% by Student's t,\n"
                    "  Holm's correction for all rows (%s)\n",
                    t->sweep->row[t->reference].label,
                    t->is_alike ? "the tasks' mean metric" : "Delta_m",
                    t->is_alike ? "all tasks have the same, a share"
                                : "the tasks' metrics are unlike, or errors");
    pt_text_add(
        out, "Delta_m: mean gain over the single-task networks of the seed, else of the\n"
             "  first that has some, on the same data set; relative to |theirs|, of r2\n"
             "  by the rmse\n"
             "encoder: multiply-adds (madds) of all but the heads\n");
    if (has_method(t, PT_METHOD_RANDOM) || has_method(t, PT_METHOD_EXHAUSTIVE))
        pt_text_add(out, "random, exhaustive: means over their networks\n");
    for (int32_t k = 0; k < t->n_task && t->n_task <= TEXT_TASKS; k++)
        if (t->task[k].is_error) {
            pt_text_add(out, "lower: lower is better\n");
            break;
        }
    put_dearer(t, out);
    put_failures(t, out);
    if (t->n_task > TEXT_TASKS)
        pt_text_add(out, "metrics of the tasks: %s\n",
                    pt_run_file_name(PT_FILE_SWEEP_JSON));
}

void sweep_put_text(const sweep_results_t *results, pt_text_t *out)
{
    const sweep_table_t *t = &results->table;
    put_judged(t, out);
    put_rivals(t, results->rival, out);
    put_costs(t, out);
    put_samples(t, out);
    if (t->n_task > 0 && t->n_task <= TEXT_TASKS)
        put_tasks(t, out);
    put_foot(t, out);
    for (int32_t i = 0; i < results->truths.n; i++)
        if (results->truths.truth[i].n_run > 0)
            sweep_truth_put(t, &results->truths.truth[i], out);
}
