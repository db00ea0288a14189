/* The parts of a page on scores: beside those of other runs, and of classes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/quote.h"
#include "study/page.h"

enum {
    MOST_WHOLE = 40, /* classes of a matrix */
    SHADES = 8
};

static int32_t best_column(const report_columns_t *c, const pt_summary_task_t *task)
{
    int32_t best = -1, n = 0;
    double value = NAN;
    for (int32_t i = 0; i < REPORT_N_COLUMN; i++) {
        const pt_summary_task_t *t =
            c->is_shown[i] ? pt_summary_find(&c->summary[i], task->name) : NULL;
        if (t == NULL || !isfinite(t->metric))
            continue;
        n++;
        if (best < 0 || (task->is_error ? t->metric < value : t->metric > value)) {
            best = i;
            value = t->metric;
        }
    }
    return n > 1 ? best : -1;
}

static void put_task(const report_columns_t *c, int32_t k, pt_text_t *out)
{
    const pt_summary_t *found = &c->summary[REPORT_FOUND];
    const pt_summary_task_t *task = &found->task[k];
    int32_t best = best_column(c, task);
    char name[48];
    pt_text_add(out, "<tr>");
    page_put(out, "th scope=\"row\"", NULL, task->name);
    page_put(out, "td", "word", report_mark_metric(task->metric_name, name));
    for (int32_t i = 0; i < REPORT_N_COLUMN; i++) {
        const pt_summary_task_t *t = NULL;
        if (!c->is_shown[i])
            continue;
        t = pt_summary_find(&c->summary[i], task->name);
        double metric = t == NULL ? (double)NAN : t->metric;
        page_number(out, i == best ? "best" : NULL, pt_score_format(metric), metric);
    }
    if (found->cost.edges > 0)
        page_number(out, NULL, "%.0f", task->cost.edges);
    page_number(out, NULL, "%.1f", (double)task->cost.parameters * 1e-3);
    page_number(out, NULL, "%.3f", (double)task->cost.madds * 1e-6);
    pt_text_add(out, "</tr>\n");
}

static void put_sum(const report_columns_t *c, const char *title, const char *format,
                    report_value_t value, int n_more, pt_text_t *out)
{
    bool is_any = false;
    for (int32_t i = 0; i < REPORT_N_COLUMN; i++)
        is_any |= c->is_shown[i] && isfinite(value(c, i));
    if (!is_any)
        return;
    pt_text_add(out, "<tr class=\"sum\">");
    page_put(out, "th scope=\"row\" colspan=\"2\"", NULL, title);
    for (int32_t i = 0; i < REPORT_N_COLUMN; i++)
        if (c->is_shown[i])
            page_number(out, NULL, format, value(c, i));
    for (int i = 0; i < n_more; i++)
        pt_text_add(out, "<td></td>");
    pt_text_add(out, "</tr>\n");
}

static void put_table(const report_columns_t *c, pt_text_t *out)
{
    const pt_summary_t *found = &c->summary[REPORT_FOUND];
    const bool has_edges = found->cost.edges > 0;
    const int n_more = has_edges ? 3 : 2;
    page_table(out, "scores by task");
    pt_text_add(out, "<thead><tr>");
    page_print(out, "th scope=\"col\"", NULL, "task, on %s", found->part);
    page_put(out, "th scope=\"col\"", "word", "metric");
    for (int32_t i = 0; i < REPORT_N_COLUMN; i++)
        if (c->is_shown[i])
            page_put(out, "th scope=\"col\"", NULL, c->name[i]);
    if (has_edges)
        page_put(out, "th scope=\"col\"", NULL, "edges");
    page_put(out, "th scope=\"col\"", NULL, "k params");
    page_put(out, "th scope=\"col\"", NULL, "M madds");
    pt_text_add(out, "</tr></thead>\n<tbody>\n");
    for (int32_t k = 0; k < found->n_task; k++)
        put_task(c, k, out);
    pt_text_add(out, "</tbody>\n<tbody>\n");
    put_sum(c, "mean", pt_score_format(report_mean(c, REPORT_FOUND)), report_mean, n_more,
            out);
    put_sum(c, "Delta_m, %", "%+.2f", report_delta, n_more, out);
    put_sum(c, "k parameters", "%.1f", report_parameters, n_more, out);
    put_sum(c, "M multiply-adds, all tasks", "%.3f", report_madds, n_more, out);
    pt_text_add(out, "</tbody>\n");
    page_table_end(out);
}

static void put_beside(const report_columns_t *c, pt_text_t *out)
{
    char why[PT_SUMMARY_WHY];
    for (int32_t i = 0; i < REPORT_FOUND; i++)
        if (c->is_shown[i])
            page_print(out, "p", "note", "%s: %s", c->name[i], c->run[i]);
    if (!c->is_shown[REPORT_SINGLE])
        page_put(out, "p", "note",
                 "No Delta_m: report.single names no finished run of the single-task "
                 "networks.");
    else if (isnan(pt_summary_delta(&c->summary[REPORT_FOUND], &c->summary[REPORT_SINGLE],
                                    why)))
        page_print(out, "p", "note", "No Delta_m: %s", why);
}

/* What else the run itself was scored by. */
static void put_others(const pt_summary_t *found, pt_text_t *out)
{
    pt_text_add(out, "<details><summary>losses and other metrics</summary>\n");
    page_table(out, "losses and other metrics");
    pt_text_add(out, "<thead><tr><th scope=\"col\">task</th><th scope=\"col\">samples</th>"
                     "<th scope=\"col\">loss</th><th scope=\"col\" class=\"word\">other "
                     "metrics</th></tr></thead>\n<tbody>\n");
    for (int32_t k = 0; k < found->n_task; k++) {
        const pt_summary_task_t *task = &found->task[k];
        char line[512], name[48];
        pt_text_t text = pt_text_in(line, sizeof line);
        pt_text_add(out, "<tr>");
        page_put(out, "th scope=\"row\"", NULL, task->name);
        page_number(out, NULL, "%.0f", (double)task->n);
        page_number(out, NULL, pt_score_format(task->loss), task->loss);
        for (int32_t i = 0; i < task->n_other; i++) {
            const pt_summary_metric_t *m = &task->other[i];
            pt_text_add(&text, "%s%s ", i > 0 ? "; " : "",
                        report_mark_metric(m->name, name));
            pt_text_add(&text, pt_score_format(m->value), m->value);
            if (m->bound > 0)
                pt_text_add(&text, " \u00b1 %.2g", m->bound);
        }
        if (task->bound > 0)
            pt_text_add(&text, "%s%s \u00b1 %.2g", text.n > 0 ? "; " : "",
                        task->metric_name, task->bound);
        page_put(out, "td", "word", line);
        pt_text_add(out, "</tr>\n");
    }
    pt_text_add(out, "</tbody>\n");
    page_table_end(out);
    pt_text_add(out, "</details>\n");
}

void page_put_scores(const page_run_t *p, pt_text_t *out)
{
    const pt_summary_t *found = &p->columns.summary[REPORT_FOUND];
    pt_text_t notes = {0}, kept = {0};
    page_section(out, "scores", "Scores");
    put_table(&p->columns, out);
    put_beside(&p->columns, out);
    report_put_notes(&notes, &p->columns, p->config);
    report_put_earlier(&notes, p->text, report_mixed_heading, true);
    page_prose(out, pt_text_get(&notes));
    pt_text_release(&notes);
    report_put_kept(&kept, p->kept);
    page_details(out, "tasks that were there before", pt_text_get(&kept));
    pt_text_release(&kept);
    put_others(found, out);
    page_section_end(out);
}

/* What a class is called, where that is known. */
static const char *class_name(const page_run_t *p, const pt_summary_task_t *t,
                              int32_t class, char text[16])
{
    const pt_interface_t *known = &p->network.interface;
    for (int32_t k = 0; p->has_network && k < known->n_task; k++)
        if (strcmp(known->task[k].info.name, t->name) == 0 &&
            known->task[k].class_name != NULL && class < known->task[k].info.classes)
            return known->task[k].class_name[class].text;
    snprintf(text, 16, "%d", (int)class);
    return text;
}

/* Shares of a row as shades; what is right in another colour. */
static void put_entry(const pt_summary_task_t *t, int32_t label, int32_t class,
                      pt_text_t *out)
{
    int64_t n = report_entry(t, label, class), all = report_labelled(t, label);
    int shade = all > 0 ? (int)ceil((double)n / (double)all * SHADES) : 0;
    char classes[16];
    snprintf(classes, sizeof classes, "%s%d", label == class ? "yes" : "no", shade);
    page_number(out, classes, "%.0f", (double)n);
}

static void put_matrix(const page_run_t *p, const pt_summary_task_t *t, pt_text_t *out)
{
    char text[16];
    const bool has_iou = report_has_iou(t);
    page_table(out, "confusion matrix");
    pt_text_add(out, "<thead><tr><th scope=\"col\">label \\ put out</th>");
    for (int32_t c = 0; c < t->n_class; c++)
        page_put(out, "th scope=\"col\"", NULL, class_name(p, t, c, text));
    pt_text_add(out, "<th scope=\"col\">%s</th></tr></thead>\n<tbody class=\"matrix\">\n",
                has_iou ? "IoU" : "found");
    for (int32_t l = 0; l < t->n_class; l++) {
        pt_text_add(out, "<tr>");
        page_put(out, "th scope=\"row\"", NULL, class_name(p, t, l, text));
        for (int32_t c = 0; c < t->n_class; c++)
            put_entry(t, l, c, out);
        if (has_iou)
            page_number(out, NULL, "%.4f", report_iou(t, l));
        else
            page_number(out, NULL, "%.1f %%",
                        100 * (double)report_entry(t, l, l) /
                            (double)report_labelled(t, l));
        pt_text_add(out, "</tr>\n");
    }
    pt_text_add(out, "</tbody>\n");
    page_table_end(out);
}

/* Of more classes than a matrix has room for: what is confused most often. */
static void put_largest(const page_run_t *p, const pt_summary_task_t *t, pt_text_t *out)
{
    int64_t at = report_next_largest(t, -1);
    char from[16], to[16];
    page_table(out, "what was confused most often");
    pt_text_add(out, "<thead><tr><th scope=\"col\">label</th><th scope=\"col\" "
                     "class=\"word\">put out as</th><th scope=\"col\">times</th>"
                     "<th scope=\"col\">of</th></tr></thead>\n<tbody>\n");
    for (int32_t i = 0; i < REPORT_LARGEST && at >= 0; i++) {
        int32_t label = (int32_t)(at / t->n_class), class = (int32_t)(at % t->n_class);
        pt_text_add(out, "<tr>");
        page_put(out, "th scope=\"row\"", NULL, class_name(p, t, label, from));
        page_put(out, "td", "word", class_name(p, t, class, to));
        page_number(out, NULL, "%.0f", (double)report_entry(t, label, class));
        page_number(out, NULL, "%.0f", (double)report_labelled(t, label));
        pt_text_add(out, "</tr>\n");
        at = report_next_largest(t, at);
    }
    pt_text_add(out, "</tbody>\n");
    page_table_end(out);
}

void page_put_classes(const page_run_t *p, pt_text_t *out)
{
    const pt_summary_t *found = &p->columns.summary[REPORT_FOUND];
    int32_t n = 0;
    for (int32_t k = 0; k < found->n_task; k++)
        n += found->task[k].n_class > 0;
    if (n == 0)
        return;
    page_section(out, "classes", "Classes");
    page_print(
        out, "p", NULL,
        "What each class was taken for on %s: a row is a label, a column what was put "
        "out; the darker, the larger its share of the row.",
        found->part);
    for (int32_t k = 0; k < found->n_task; k++) {
        const pt_summary_task_t *t = &found->task[k];
        if (t->n_class == 0)
            continue;
        /* Many tasks are opened one by one. */
        pt_text_add(out, n > 3 ? "<details>" : "<details open>");
        page_put(out, "summary", NULL, t->name);
        if (t->n_class <= MOST_WHOLE)
            put_matrix(p, t, out);
        else
            put_largest(p, t, out);
        pt_text_add(out, "</details>\n");
    }
    page_section_end(out);
}
