/* The page of a sweep, from its table for programs. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/base/quote.h"
#include "polytree/picture/chart.h"
#include "polytree/record/run_file.h"
#include "study/page.h"

enum { MOST_TASKS = 24 };

/* What was read, and by what rows are judged. */
typedef struct page_sweep {
    const char *folder, *path;
    json_t *root;
    const json_t *rows;
    bool is_delta; /* judged by Delta_m, in % */
    char metric[48];
    pt_chart_row_t *row;
    pt_chart_point_t *point;
} page_sweep_t;

static double number_in(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static const char *text_in(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static size_t n_row(const page_sweep_t *s)
{
    return json_array_size(s->rows);
}

static const json_t *row_of(const page_sweep_t *s, size_t i)
{
    return json_array_get(s->rows, i);
}

/* "0.9512 +- 0.0012" */
static void put_estimate(pt_text_t *out, double mean, double error, double scale,
                         bool has_sign)
{
    char line[64];
    const int digits = scale > 1 ? 2 : 4;
    pt_text_t text = pt_text_in(line, sizeof line);
    if (isfinite(mean))
        pt_text_add(&text, has_sign ? "%+.*f" : "%.*f", digits, mean * scale);
    if (isfinite(mean) && isfinite(error))
        pt_text_add(&text, " \u00b1 %.*f", digits, error * scale);
    page_put(out, "td", NULL, line);
}

static const char *verdict(const page_sweep_t *s, const json_t *row)
{
    double p = number_in(row, "p");
    double less = number_in(row, s->is_delta ? "delta_difference" : "difference");
    return !(p < 0.05) ? "" : less > 0 ? "better" : "worse";
}

static void put_judged(const page_sweep_t *s, pt_text_t *out)
{
    const double scale = s->is_delta ? 100 : 1;
    const char *reference = text_in(s->root, "reference");
    page_table(out, "runs compared");
    pt_text_add(out, "<thead><tr><th scope=\"col\">run</th><th scope=\"col\">seeds</th>");
    page_put(out, "th scope=\"col\"", NULL, s->metric);
    pt_text_add(out, "<th scope=\"col\">on val</th>");
    if (reference[0] != '\0')
        page_print(out, "th scope=\"col\"", NULL, "minus %s", reference);
    pt_text_add(out,
                "<th scope=\"col\" class=\"word\">at 5 %%</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < n_row(s); i++) {
        const json_t *row = row_of(s, i);
        pt_text_add(out, "<tr>");
        page_put(out, "th scope=\"row\"", NULL, text_in(row, "label"));
        page_print(out, "td", NULL, "%.0f/%zu", number_in(row, "n"),
                   json_array_size(json_object_get(row, "seeds")));
        put_estimate(out, number_in(row, s->is_delta ? "delta" : "metric"),
                     number_in(row, s->is_delta ? "delta_error" : "error"), scale,
                     s->is_delta);
        put_estimate(out, number_in(row, s->is_delta ? "delta_val" : "val"), NAN, scale,
                     s->is_delta);
        if (reference[0] != '\0')
            put_estimate(
                out, number_in(row, s->is_delta ? "delta_difference" : "difference"),
                number_in(row, s->is_delta ? "delta_difference_error" : "difference_error"),
                scale, true);
        page_print(out, "td", "word", "%s%s", verdict(s, row),
                   number_in(row, "n_failed") > 0 ? " failed" : "");
        pt_text_add(out, "</tr>\n");
    }
    pt_text_add(out, "</tbody>\n");
    page_table_end(out);
    page_put(
        out, "p", "note",
        "Means over seeds with their standard errors; differences are paired by seed, and "
        "better or worse at 5 % by Student's t with Holm's correction for all rows.");
}

static void put_costs(const page_sweep_t *s, pt_text_t *out)
{
    static const struct {
        const char *key, *title;
    } column[] = {{"encoder_madds", "encoder's multiply-adds"},
                  {"madds", "multiply-adds"},
                  {"parameters", "parameters"},
                  {"searching_samples", "samples, searching"},
                  {"training_samples", "samples, training"}};
    enum { N = sizeof column / sizeof column[0] };
    page_table(out, "costs");
    pt_text_add(out, "<thead><tr><th scope=\"col\">run</th>");
    for (int c = 0; c < N; c++)
        page_put(out, "th scope=\"col\"", NULL, column[c].title);
    pt_text_add(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < n_row(s); i++) {
        pt_text_add(out, "<tr>");
        page_put(out, "th scope=\"row\"", NULL, text_in(row_of(s, i), "label"));
        for (int c = 0; c < N; c++) {
            double x = number_in(row_of(s, i), column[c].key);
            char text[32] = "";
            if (isfinite(x))
                page_amount(x, text);
            page_put(out, "td", NULL, text);
        }
        pt_text_add(out, "</tr>\n");
    }
    pt_text_add(out, "</tbody>\n");
    page_table_end(out);
}

static const json_t *tasks_of(const page_sweep_t *s, size_t i)
{
    return json_object_get(row_of(s, i), "tasks");
}

static void put_tasks(const page_sweep_t *s, pt_text_t *out)
{
    const char *name;
    json_t *task, *first = json_object_get(row_of(s, 0), "tasks");
    int n = 0;
    page_section(out, "tasks", "Tasks");
    page_table(out, "metrics of the tasks");
    pt_text_add(out, "<thead><tr><th scope=\"col\">run</th>");
    json_object_foreach(first, name, task) if (n++ < MOST_TASKS)
        page_print(out, "th scope=\"col\"", NULL, "%s, %s%s", name, text_in(task, "metric"),
                   json_is_true(json_object_get(task, "is_error")) ? ", lower" : "");
    pt_text_add(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < n_row(s); i++) {
        n = 0;
        pt_text_add(out, "<tr>");
        page_put(out, "th scope=\"row\"", NULL, text_in(row_of(s, i), "label"));
        json_object_foreach(first, name, task)
        {
            const json_t *own = json_object_get(tasks_of(s, i), name);
            if (n++ < MOST_TASKS)
                put_estimate(out, number_in(own, "mean"), number_in(own, "error"), 1,
                             false);
        }
        pt_text_add(out, "</tr>\n");
    }
    pt_text_add(out, "</tbody>\n");
    page_table_end(out);
    if (n > MOST_TASKS)
        page_print(out, "p", "note", "The first %d of %d tasks; all are in %s.", MOST_TASKS,
                   n, pt_run_file_name(PT_FILE_SWEEP_JSON));
    page_section_end(out);
}

/* Rows are called after their methods. */
static const char *colour_of(const char *label)
{
    size_t n = strcspn(label, " ");
    for (int m = 0; m < PT_N_METHOD; m++)
        if (strlen(pt_methods[m].name) == n && strncmp(pt_methods[m].name, label, n) == 0)
            return pt_methods[m].colour;
    return "#777777";
}

static pt_status_t put_charts(page_sweep_t *s, pt_text_t *out)
{
    const double scale = s->is_delta ? 100 : 1;
    const char *const title[] = {"multiply-adds", s->metric};
    int32_t n = 0;
    pt_text_t rows = {0}, costs = {0};
    PT_TRY(pt_alloc(&s->row, n_row(s), sizeof *s->row));
    PT_TRY(pt_alloc(&s->point, n_row(s), sizeof *s->point));
    for (size_t i = 0; i < n_row(s); i++) {
        const json_t *row = row_of(s, i);
        double value = scale * number_in(row, s->is_delta ? "delta" : "metric");
        double error = scale * number_in(row, s->is_delta ? "delta_error" : "error");
        error = isfinite(error) ? error : 0;
        s->row[i] = (pt_chart_row_t){text_in(row, "label"), value, error};
        if (isfinite(value) && isfinite(number_in(row, "madds")))
            s->point[n++] = (pt_chart_point_t){.name = text_in(row, "label"),
                                               .colour = colour_of(text_in(row, "label")),
                                               .x = number_in(row, "madds"),
                                               .y = value,
                                               .error = error};
    }
    pt_chart_rows(s->metric, (int32_t)n_row(s), s->row, &rows);
    page_figure(out, "chart", &rows, NULL);
    if (n > 0)
        pt_chart_points(title, n, s->point, &costs);
    page_figure(out, "chart", &costs, NULL);
    pt_text_release(&rows);
    pt_text_release(&costs);
    return PT_OK;
}

/* With a link where the page is in the sweep's folder, as those of its runs are below it.
 */
static void put_run(const page_sweep_t *s, const char *run, bool is_at_home, pt_text_t *out)
{
    char folder[PT_PATH_MAX];
    bool has_page = pt_path_join(s->folder, run, folder) == PT_OK &&
                    pt_run_file_exists(folder, PT_FILE_PAGE);
    pt_error_clear();
    pt_text_add(out, "<li>");
    if (is_at_home && has_page) {
        pt_text_add(out, "<a href=\"./");
        page_quote_url(run, out);
        pt_text_add(out, "/%s\">", pt_run_file_name(PT_FILE_PAGE));
    }
    pt_quote_html(run, out);
    pt_text_add(out, "%s</li>\n", is_at_home && has_page ? "</a>" : "");
}

static pt_status_t put_runs(const page_sweep_t *s, pt_text_t *out)
{
    char list[PT_PATH_MAX], home[PT_PATH_MAX], *text, *next = NULL;
    size_t bytes;
    PT_TRY(pt_run_file_path(s->folder, PT_FILE_SWEEP_LIST, list));
    PT_TRY(pt_run_file_path(s->folder, PT_FILE_PAGE, home));
    if (!pt_path_exists(list))
        return PT_OK;
    PT_TRY(pt_file_read(list, &text, &bytes));
    page_section(out, "runs", "Runs");
    pt_text_add(out, "<ul>\n");
    for (char *run = strtok_r(text, "\n", &next); run != NULL;
         run = strtok_r(NULL, "\n", &next))
        put_run(s, run, strcmp(s->path, home) == 0, out);
    pt_text_add(out, "</ul>\n");
    page_section_end(out);
    pt_free(text);
    return PT_OK;
}

static pt_status_t put_words(const page_sweep_t *s, pt_text_t *out)
{
    char path[PT_PATH_MAX], *text;
    size_t bytes;
    PT_TRY(pt_run_file_path(s->folder, PT_FILE_SWEEP_TEXT, path));
    if (!pt_path_exists(path))
        return PT_OK;
    PT_TRY(pt_file_read(path, &text, &bytes));
    page_details(out, "the whole table as text, and what its words mean", text);
    pt_free(text);
    return PT_OK;
}

static pt_status_t put_page(page_sweep_t *s, pt_text_t *out)
{
    const char *link[][2] = {
        {"compared", "compared"}, {"costs", "costs"}, {"tasks", "tasks"}, {"runs", "runs"}};
    const char *slash = strrchr(s->folder, '/');
    const char *name = slash != NULL && slash[1] != '\0' ? slash + 1 : s->folder;
    char line[64];
    snprintf(line, sizeof line, "%zu row%s, by %s", n_row(s), pt_plural((int64_t)n_row(s)),
             s->metric);
    page_begin(out, name);
    page_heading(out, "polytree sweep", name, line);
    page_links(out, link, sizeof link / sizeof link[0]);
    page_section(out, "compared", "Compared");
    put_judged(s, out);
    PT_TRY(put_charts(s, out));
    PT_TRY(put_words(s, out));
    page_section_end(out);
    page_section(out, "costs", "Costs");
    put_costs(s, out);
    page_section_end(out);
    put_tasks(s, out);
    PT_TRY(put_runs(s, out));
    page_end(out);
    return PT_OK;
}

static pt_status_t read_table(page_sweep_t *s)
{
    char path[PT_PATH_MAX];
    const char *name;
    json_t *task;
    json_error_t error;
    PT_TRY(pt_run_file_path(s->folder, PT_FILE_SWEEP_JSON, path));
    if (!pt_path_exists(path))
        PT_FAIL(IO,
                "%s has no table yet: it has no %s (polytree sweep CONFIG -o %s --report)",
                s->folder, pt_run_file_name(PT_FILE_SWEEP_JSON), s->folder);
    s->root = json_load_file(path, 0, &error);
    s->rows = json_object_get(s->root, "rows");
    if (!json_is_array(s->rows) || json_array_size(s->rows) == 0)
        PT_FAIL(FORMAT, "%s: no table of a sweep: %.80s", path, error.text);
    s->is_delta = strcmp(text_in(s->root, "judged_by"), "delta") == 0;
    snprintf(s->metric, sizeof s->metric, "%s", s->is_delta ? "Delta_m, %" : "metric");
    if (!s->is_delta)
        json_object_foreach(json_object_get(row_of(s, 0), "tasks"), name, task)
            snprintf(s->metric, sizeof s->metric, "%s", text_in(task, "metric"));
    return PT_OK;
}

pt_status_t pt_page_write_sweep(const char *folder, const char *path)
{
    page_sweep_t s = {.folder = folder, .path = path};
    pt_text_t out = {0};
    pt_status_t status;
    PT_TRY_OR(done, read_table(&s));
    PT_TRY_OR(done, put_page(&s, &out));
    status = pt_file_write_text(path, &out);
done:
    pt_text_release(&out);
    json_decref(s.root);
    pt_free(s.row);
    pt_free(s.point);
    return status;
}
