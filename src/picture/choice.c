/* The candidates of a run as a table and as a picture. */
#include "polytree/picture/choice.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "polytree/base/memory.h"
#include "polytree/base/text.h"
#include "polytree/io/file.h"
#include "polytree/picture/chart.h"
#include "polytree/record/run_file.h"

enum { NAME = 48 };

static int by_cost(const void *a, const void *b)
{
    const pt_candidate_entry_t *p = *(const pt_candidate_entry_t *const *)a;
    const pt_candidate_entry_t *q = *(const pt_candidate_entry_t *const *)b;
    if (p->cost < q->cost || p->cost > q->cost)
        return p->cost < q->cost ? -1 : 1;
    return (p > q) - (p < q);
}

/* Entries by ascending cost, to be freed. */
static pt_status_t sort(int64_t n, const pt_candidate_entry_t *entry,
                        const pt_candidate_entry_t ***out)
{
    const pt_candidate_entry_t **sorted;
    PT_TRY(pt_alloc(&sorted, (size_t)n, sizeof *sorted));
    for (int64_t i = 0; i < n; i++)
        sorted[i] = &entry[i];
    qsort(sorted, (size_t)n, sizeof *sorted, by_cost);
    *out = sorted;
    return PT_OK;
}

static double percent(double score)
{
    return 100 * expm1(score);
}

static void add_percent(pt_text_t *text, double score)
{
    if (isnan(score))
        pt_text_add(text, " %9s", "-");
    else
        pt_text_add(text, " %+9.3f", percent(score));
}

bool pt_candidates_have_widths(int64_t n, const pt_candidate_entry_t *entry)
{
    for (int64_t i = 0; i < n; i++)
        if (entry[i].widening != 1)
            return true;
    return false;
}

static void add_row(pt_text_t *text, int64_t number, bool has_widths,
                    const pt_candidate_entry_t *e)
{
    pt_text_add(text, "%6lld  %-10s", (long long)number, e->origin);
    if (has_widths)
        pt_text_add(text, " %7g", e->widening);
    pt_text_add(text, " %14.6g", e->cost);
    add_percent(text, e->score);
    if (isnan(e->error))
        pt_text_add(text, " %8s", "-");
    else
        pt_text_add(text, " %8.3f", 100 * e->error);
    add_percent(text, e->worst);
    pt_text_add(text, "  %s%s\n", e->is_on_front ? "front " : "",
                e->is_chosen ? "chosen" : "");
}

static pt_status_t write_table(const char *run, const char *unit, int64_t n,
                               const pt_candidate_entry_t *entry,
                               const pt_candidate_entry_t *const *sorted)
{
    bool has_widths = pt_candidates_have_widths(n, entry);
    char path[PT_PATH_MAX];
    pt_text_t text = {0};
    PT_TRY(pt_run_file_path(run, PT_FILE_FRONT, path));
    pt_text_add(
        &text,
        "Losses against number 0, one network for all tasks, in %% (less is better): "
        "the mean over the tasks\nwith the standard error of the difference, then the "
        "worst task's.  Cost in %s.\n\n",
        unit);
    pt_text_add(&text, "%6s  %-10s%s %14s %9s %8s %9s\n", "number", "origin",
                has_widths ? "   width" : "", "cost", "score", "+-", "worst");
    for (int64_t i = 0; i < n; i++) {
        const pt_candidate_entry_t *e = sorted[i];
        if (e->is_on_front || e->is_handmade || e->is_final || e->is_chosen)
            add_row(&text, e - entry, has_widths, e);
    }
    return pt_file_write_text(path, &text);
}

/* The chosen one and the hand-made ones by name, all others as a crowd.
 */
static pt_chart_point_t point_of(const pt_candidate_entry_t *e, int64_t number,
                                 char name[NAME])
{
    pt_chart_point_t p = {.colour = "#aaaaaa",
                          .x = e->cost,
                          .y = percent(e->score),
                          .error = isfinite(e->error) ? 100 * e->error : 0,
                          .is_on_curve = e->is_on_front};
    if (e->is_on_front)
        p.colour = "#1f77b4";
    if (e->is_handmade)
        p.colour = "#ff7f0e";
    if (e->is_chosen)
        p.colour = "#d62728";
    if (e->is_handmade || e->is_chosen) {
        char width[16] = "";
        if (e->widening != 1)
            snprintf(width, sizeof width, " x %g", e->widening);
        snprintf(name, NAME, "%s%s%s (number %lld)", e->is_chosen ? "chosen: " : "",
                 e->origin, width, (long long)number);
        p.name = name;
    }
    return p;
}

static pt_status_t draw(const char *unit, int64_t n, const pt_candidate_entry_t *entry,
                        const pt_candidate_entry_t *const *sorted, pt_text_t *svg)
{
    const char *const title[2] = {unit, "loss against one network for all tasks, %"};
    char(*name)[NAME] = NULL;
    pt_chart_point_t *point = NULL;
    pt_status_t status;
    PT_TRY_OR(done, pt_alloc(&point, (size_t)n, sizeof *point));
    PT_TRY_OR(done, pt_alloc(&name, (size_t)n, sizeof *name));
    for (int64_t i = 0; i < n; i++)
        point[i] = point_of(sorted[i], sorted[i] - entry, name[i]);
    pt_chart_points(title, (int32_t)n, point, svg);
done:
    pt_free(name);
    pt_free(point);
    return status;
}

pt_status_t pt_candidates_draw(const char *unit, int64_t n,
                               const pt_candidate_entry_t *entry, pt_text_t *svg)
{
    const pt_candidate_entry_t **sorted = NULL;
    PT_TRY(sort(n, entry, &sorted));
    pt_status_t status = draw(unit, n, entry, sorted, svg);
    pt_free(sorted);
    return status;
}

static pt_status_t write_chart(const char *run, const char *unit, int64_t n,
                               const pt_candidate_entry_t *entry)
{
    char path[PT_PATH_MAX];
    pt_text_t svg = {0};
    pt_status_t status;
    PT_TRY_OR(done, pt_run_file_path(run, PT_FILE_FRONT_PLOT, path));
    PT_TRY_OR(done, pt_candidates_draw(unit, n, entry, &svg));
    return pt_chart_write(path, &svg);
done:
    pt_text_release(&svg);
    return status;
}

pt_status_t pt_picture_candidates(const char *run, const char *unit, int64_t n,
                                  const pt_candidate_entry_t *entry)
{
    const pt_candidate_entry_t **sorted = NULL;
    PT_TRY(sort(n, entry, &sorted));
    pt_status_t status = write_table(run, unit, n, entry, sorted);
    if (status == PT_OK)
        status = write_chart(run, unit, n, entry);
    pt_free(sorted);
    return status;
}
