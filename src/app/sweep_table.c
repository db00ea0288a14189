/* The table of a sweep: means over seeds, and differences to a reference paired by seed,
 * with standard errors sqrt(sum (x - mean)^2 / (n - 1) / n). */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/console.h"
#include "app/picture.h"
#include "app/sweep.h"
#include "polytree/base/memory.h"
#include "polytree/io/file.h"

enum { PATH_BYTES = 4200 };

/** A row for one seed: the mean over its runs; NaN where one is not done yet. */
typedef struct cell {
    double metric, val, madds, parameters, delta;
} cell_t;

typedef struct estimate {
    int32_t n;
    double mean, error; /**< NaN where n is too small */
} estimate_t;

typedef struct line {
    cell_t cell[PT_CONFIG_LIST]; /**< per seed */
    estimate_t metric, difference;
    double val, madds, parameters, delta; /**< means over what is there */
} line_t;

typedef struct table {
    const sweep_t *sweep;
    int32_t n_seed, n_row, reference; /**< -1: none */
    line_t *line;                     /**< [n_row] */
} table_t;

static const cell_t nothing = {NAN, NAN, NAN, NAN, NAN};

static estimate_t estimate(const double *x, int32_t n)
{
    estimate_t e = {.n = 0, .mean = NAN, .error = NAN};
    double sum = 0, squares = 0;
    for (int32_t i = 0; i < n; i++)
        if (isfinite(x[i])) {
            sum += x[i];
            e.n++;
        }
    if (e.n > 0)
        e.mean = sum / e.n;
    for (int32_t i = 0; i < n; i++)
        if (isfinite(x[i]))
            squares += (x[i] - e.mean) * (x[i] - e.mean);
    if (e.n > 1)
        e.error = sqrt(squares / (e.n - 1) / e.n);
    return e;
}

static int32_t first_row(const sweep_t *s, pt_method_t method)
{
    for (int32_t r = 0; r < s->n_row; r++)
        if (s->row[r].method == method)
            return r;
    return -1;
}

/* A run that has not begun, or is at work, is no error. */
static pt_status_t read_run(const sweep_t *s, int32_t row, int32_t seed, int32_t index,
                            pt_summary_t *summary)
{
    char path[PT_CONFIG_TEXT], metrics[PT_CONFIG_TEXT + 32];
    sweep_path(s, row, seed, index, path);
    *summary = (pt_summary_t){.is_done = false};
    snprintf(metrics, sizeof metrics, "%s/metrics.jsonl", path);
    return pt_path_exists(metrics) ? pt_summary_read(path, summary) : PT_OK;
}

/* The single-task networks of this seed, else of the first seed that has them. */
static pt_status_t read_single(const sweep_t *s, int32_t seed, pt_summary_t *summary)
{
    int32_t row = first_row(s, PT_METHOD_SINGLE);
    *summary = (pt_summary_t){.is_done = false};
    for (int32_t i = -1; row >= 0 && i < s->config->sweep.seeds.n; i++) {
        int32_t at = i < 0 ? seed : i;
        if (sweep_n_run(s, row, at) == 0)
            continue;
        PT_TRY(read_run(s, row, at, 0, summary));
        if (summary->is_done)
            return PT_OK;
        pt_summary_release(summary);
    }
    return PT_OK;
}

static pt_status_t fill_cell(const sweep_t *s, int32_t row, int32_t seed,
                             const pt_summary_t *single, cell_t *cell)
{
    int32_t n = sweep_n_run(s, row, seed);
    cell_t sum = {0, 0, 0, 0, 0};
    *cell = nothing;
    for (int32_t i = 0; i < n; i++) {
        pt_summary_t run;
        pt_status_t status = read_run(s, row, seed, i, &run);
        bool is_done = run.is_done;
        sum.metric += run.mean / n;
        sum.val += run.val / n;
        sum.madds += (double)run.cost.madds / n;
        sum.parameters += (double)run.cost.parameters / n;
        sum.delta += single->is_done ? pt_summary_delta(&run, single) / n : NAN;
        pt_summary_release(&run);
        PT_TRY(status);
        if (!is_done)
            return PT_OK;
    }
    if (n > 0)
        *cell = sum;
    return PT_OK;
}

static double mean_of(const line_t *line, int32_t n, size_t offset)
{
    double x[PT_CONFIG_LIST];
    for (int32_t i = 0; i < n; i++)
        memcpy(&x[i], (const char *)&line->cell[i] + offset, sizeof x[i]);
    return estimate(x, n).mean;
}

static void sum_up(table_t *t)
{
    for (int32_t r = 0; r < t->n_row; r++) {
        line_t *line = &t->line[r];
        double x[PT_CONFIG_LIST];
        for (int32_t i = 0; i < t->n_seed; i++)
            x[i] = line->cell[i].metric;
        line->metric = estimate(x, t->n_seed);
        line->val = mean_of(line, t->n_seed, offsetof(cell_t, val));
        line->madds = mean_of(line, t->n_seed, offsetof(cell_t, madds));
        line->parameters = mean_of(line, t->n_seed, offsetof(cell_t, parameters));
        line->delta = mean_of(line, t->n_seed, offsetof(cell_t, delta));
    }
}

/* A baseline's variants are tuning: the one that is best on val stands for it.  Those of
 * the search are what is asked about: they are compared with the config's own. */
static int32_t find_reference(const table_t *t)
{
    int32_t best = -1;
    if (t->sweep->config->sweep.reference == PT_METHOD_SEARCH)
        return first_row(t->sweep, PT_METHOD_SEARCH);
    for (int32_t r = 0; r < t->n_row; r++)
        if (t->sweep->row[r].method == t->sweep->config->sweep.reference &&
            (best < 0 || t->line[r].val > t->line[best].val))
            best = r;
    return best;
}

static void compare(table_t *t)
{
    t->reference = find_reference(t);
    for (int32_t r = 0; r < t->n_row; r++) {
        double x[PT_CONFIG_LIST];
        for (int32_t i = 0; i < t->n_seed; i++)
            x[i] = t->reference < 0 || r == t->reference
                       ? NAN
                       : t->line[r].cell[i].metric - t->line[t->reference].cell[i].metric;
        t->line[r].difference = estimate(x, t->n_seed);
    }
}

static pt_status_t fill(table_t *t)
{
    for (int32_t seed = 0; seed < t->n_seed; seed++) {
        pt_summary_t single;
        pt_status_t status = read_single(t->sweep, seed, &single);
        for (int32_t r = 0; r < t->n_row && status == PT_OK; r++)
            status = fill_cell(t->sweep, r, seed, &single, &t->line[r].cell[seed]);
        pt_summary_release(&single);
        PT_TRY(status);
    }
    sum_up(t);
    compare(t);
    return PT_OK;
}

/* "0.9512 +-0.0012"; blanks for what is not known. */
static void put_estimate(FILE *file, const char *format, estimate_t e)
{
    char text[64] = "";
    if (e.n > 0)
        snprintf(text, sizeof text, format, e.mean);
    if (isfinite(e.error))
        snprintf(text + strlen(text), sizeof text - strlen(text), " +-%.4f", e.error);
    fprintf(file, " %-18s", text);
}

static void put_number(FILE *file, const char *format, double x, double scale)
{
    char text[32] = "";
    if (isfinite(x))
        snprintf(text, sizeof text, format, x * scale);
    fprintf(file, " %9s", text);
}

/* More than two standard errors; with two seeds even that is little. */
static const char *verdict(estimate_t difference)
{
    if (!isfinite(difference.error) || !(fabs(difference.mean) > 2 * difference.error))
        return "";
    return difference.mean > 0 ? "better" : "worse";
}

static void print_table(const table_t *t, FILE *file)
{
    const char *name = t->reference < 0 ? "reference" : t->sweep->row[t->reference].label;
    char against[64];
    snprintf(against, sizeof against, "less %.40s", name);
    fprintf(file, "%-40s %5s %-18s %9s %-18s %-6s %9s %9s %9s\n", "run", "seeds", "metric",
            "val", against, "", "M madds", "k params", "Delta_m");
    for (int32_t r = 0; r < t->n_row; r++) {
        const line_t *line = &t->line[r];
        fprintf(file, "%-40s %2d/%-2d", t->sweep->row[r].label, (int)line->metric.n,
                (int)t->n_seed);
        put_estimate(file, "%.4f", line->metric);
        put_number(file, "%.4f", line->val, 1);
        put_estimate(file, "%+.4f", line->difference);
        fprintf(file, " %-6s", verdict(line->difference));
        put_number(file, "%.3f", line->madds, 1e-6);
        put_number(file, "%.1f", line->parameters, 1e-3);
        if (isfinite(line->delta))
            put_number(file, "%+.2f %%", line->delta, 100);
        else
            fprintf(file, " %9s", line->metric.n > 0 ? "not run" : "");
        fputc('\n', file);
    }
    fprintf(file,
            "metric: mean over tasks, then over seeds; +- its standard error (n - 1); "
            "differences are\npaired by seed, better or worse where above two "
            "standard errors; Delta_m: mean gain over\nthe single-task networks\n");
}

/* JSON has no NaN: null. */
static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *describe_row(const table_t *t, int32_t r)
{
    const line_t *line = &t->line[r];
    const sweep_row_t *row = &t->sweep->row[r];
    json_t *options = json_object(), *seeds = json_array();
    for (int32_t a = 0; a < t->sweep->n_axis; a++)
        if (t->sweep->axis[a].is_of[row->method])
            json_object_set_new(options, t->sweep->axis[a].key,
                                json_string(t->sweep->axis[a].value[row->value[a]]));
    for (int32_t i = 0; i < t->n_seed; i++) {
        const cell_t *c = &line->cell[i];
        json_array_append_new(seeds,
                              json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "seed",
                                        (json_int_t)t->sweep->config->sweep.seeds.value[i],
                                        "metric", number(c->metric), "val", number(c->val),
                                        "madds", number(c->madds), "parameters",
                                        number(c->parameters), "delta", number(c->delta)));
    }
    return json_pack("{s:s, s:o, s:i, s:o, s:o, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "label", row->label, "options", options, "n", (int)line->metric.n,
                     "metric", number(line->metric.mean), "error",
                     number(line->metric.error), "val", number(line->val), "n_paired",
                     (int)line->difference.n, "difference", number(line->difference.mean),
                     "difference_error", number(line->difference.error), "madds",
                     number(line->madds), "parameters", number(line->parameters), "delta",
                     number(line->delta), "seeds", seeds);
}

static pt_status_t write_json(const table_t *t, const char *path)
{
    json_t *rows = json_array(), *root;
    char *text = NULL;
    pt_status_t status;
    for (int32_t r = 0; r < t->n_row; r++)
        json_array_append_new(rows, describe_row(t, r));
    root = json_pack(
        "{s:s, s:i, s:o, s:o}", "format", "polytree sweep", "version", 1, "reference",
        t->reference < 0 ? json_null() : json_string(t->sweep->row[t->reference].label),
        "rows", rows);
    text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    status = text == NULL ? PT_ERROR(MEMORY, "no memory for %s", path)
                          : pt_file_write(path, text, strlen(text));
    free(text);
    json_decref(root);
    return status;
}

/* Means with their standard errors, the first row on top. */
static pt_status_t print_plot(const void *context, FILE *file)
{
    const table_t *t = context;
    fprintf(file,
            "set terminal svg size 760,%d dynamic background '#ffffff' font "
            "'sans-serif,12'\nset xlabel 'metric, mean over seeds +- standard error'\n"
            "set grid x\nunset key\nset yrange [-0.5:%d.5]\nset offsets graph 0.05, graph "
            "0.05, 0, 0\nset ytics (",
            90 + 26 * (int)t->n_row, (int)t->n_row - 1);
    for (int32_t r = 0; r < t->n_row; r++)
        fprintf(file, "%s\"%s\" %d", r > 0 ? ", " : "", t->sweep->row[r].label,
                (int)(t->n_row - 1 - r));
    fputs(") noenhanced\nplot '-' using 1:2:3 with xerrorbars pt 7 ps 0.8 lw 1.5 lc rgb "
          "'#1f77b4'\n",
          file);
    for (int32_t r = 0; r < t->n_row; r++)
        if (t->line[r].metric.n > 0)
            fprintf(file, "%.9g %d %.9g\n", t->line[r].metric.mean, (int)(t->n_row - 1 - r),
                    isfinite(t->line[r].metric.error) ? t->line[r].metric.error : 0.0);
    fputs("e\n", file);
    return PT_OK;
}

static pt_status_t write_text(const table_t *t, const char *path, char **text)
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

static bool has_result(const table_t *t)
{
    for (int32_t r = 0; r < t->n_row; r++)
        if (t->line[r].metric.n > 0)
            return true;
    return false;
}

static pt_status_t write_all(const table_t *t)
{
    char path[PATH_BYTES], *text = NULL;
    bool is_drawn = true;
    pt_status_t status;
    snprintf(path, sizeof path, "%s/sweep.txt", t->sweep->folder);
    status = write_text(t, path, &text);
    if (status == PT_OK)
        pt_console_line("\n%s", text);
    free(text);
    PT_TRY(status);
    snprintf(path, sizeof path, "%s/sweep.json", t->sweep->folder);
    PT_TRY(write_json(t, path));
    snprintf(path, sizeof path, "%s/sweep.svg", t->sweep->folder);
    if (!has_result(t))
        return PT_OK;
    if (pt_picture_plot(print_plot, t, path, &is_drawn) != PT_OK)
        pt_console_error("warning: no picture: %s", pt_error_message());
    return PT_OK;
}

pt_status_t sweep_report(const sweep_t *sweep)
{
    table_t t = {
        .sweep = sweep, .n_seed = sweep->config->sweep.seeds.n, .n_row = sweep->n_row};
    pt_status_t status;
    PT_TRY(pt_alloc(&t.line, (size_t)t.n_row, sizeof *t.line));
    PT_TRY_OR(done, fill(&t));
    PT_TRY_OR(done, write_all(&t));
done:
    pt_free(t.line);
    return status;
}
