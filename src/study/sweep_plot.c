/* What the pictures of a sweep show: the rows one below the other, and cost against what it
 * buys. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/picture/chart.h"
#include "study/sweep_report.h"

static double scale_of(sweep_value_t value)
{
    return value == SWEEP_DELTA ? 100 : 1;
}

static double error_of(sweep_estimate_t e, double scale)
{
    return isfinite(e.error) ? e.error * scale : 0;
}

static const char *value_title(const sweep_table_t *t, sweep_value_t value, char text[128])
{
    snprintf(text, 128, "%s, mean over seeds +- standard error",
             value == SWEEP_DELTA           ? "Delta_m, %"
             : t->is_alike && t->n_task > 0 ? t->task[0].metric
                                            : "metric");
    return text;
}

pt_status_t sweep_plot_rows(const sweep_results_t *results, const char *path)
{
    const sweep_table_t *t = &results->table;
    double scale = scale_of(t->judged);
    pt_chart_row_t *row;
    pt_text_t svg = {0};
    char title[128];
    PT_TRY(pt_alloc(&row, (size_t)t->n_row, sizeof *row));
    for (int32_t r = 0; r < t->n_row; r++) {
        sweep_estimate_t e = t->line[r].value[t->judged];
        row[r] =
            (pt_chart_row_t){t->sweep->row[r].label, e.mean * scale, error_of(e, scale)};
    }
    pt_chart_rows(value_title(t, t->judged, title), t->n_row, row, &svg);
    pt_free(row);
    return pt_chart_write(path, &svg);
}

/* What all rows have a cost in: that of the encoder, else that of the whole network. */
static sweep_value_t cost_of(const sweep_table_t *t, sweep_value_t value)
{
    for (int32_t r = 0; r < t->n_row; r++)
        if (t->line[r].value[value].n > 0 && t->line[r].value[SWEEP_ENCODER].n == 0)
            return SWEEP_MADDS;
    return SWEEP_ENCODER;
}

static sweep_value_t bought(const sweep_table_t *t)
{
    return sweep_table_has(t, SWEEP_DELTA) ? SWEEP_DELTA : SWEEP_METRIC;
}

bool sweep_plot_has_cost(const sweep_table_t *t)
{
    sweep_value_t value = bought(t), cost = cost_of(t, value);
    double least = INFINITY, most = 0;
    for (int32_t r = 0; r < t->n_row; r++)
        if (t->line[r].value[value].n > 0) {
            least = fmin(least, t->line[r].value[cost].mean);
            most = fmax(most, t->line[r].value[cost].mean);
        }
    return most > least;
}

typedef struct chart {
    const sweep_table_t *t;
    sweep_value_t cost, value;
    double unit; /* what 1 of the x axis is */
    int32_t n_point;
    pt_chart_point_t *point;
    char (*name)[256]; /* of each row */
} chart_t;

/* Relative to every task alone where that was run, else in millions. */
static bool find_unit(chart_t *c)
{
    bool is_relative = false;
    c->unit = 1e6;
    for (int32_t r = 0; r < c->t->n_row; r++)
        if (pt_methods[c->t->sweep->row[r].method].is_full &&
            c->t->line[r].value[c->cost].n > 0) {
            c->unit = c->t->line[r].value[c->cost].mean;
            is_relative = true;
        }
    return is_relative;
}

/* The searches are one curve where nothing but a weight or a budget of cost is varied: its
 * axis, or -1. */
static int32_t find_curve(const pt_sweep_t *s)
{
    int32_t n = 0, axis = -1;
    for (int32_t a = 0; a < s->n_axis; a++)
        if (s->axis[a].is_of[PT_METHOD_SEARCH]) {
            axis = a;
            n++;
        }
    return n == 1 && strncmp(s->axis[axis].key, "resource.", 9) == 0 ? axis : -1;
}

static void add_point(chart_t *c, double cost, sweep_estimate_t value,
                      pt_chart_point_t point)
{
    double scale = scale_of(c->value);
    if (value.n == 0 || !isfinite(cost))
        return;
    point.x = cost / c->unit;
    point.y = value.mean * scale;
    point.error = error_of(value, scale);
    c->point[c->n_point++] = point;
}

/* By its label, with its value also where that is the first of a curve. */
static void add_row(chart_t *c, int32_t r)
{
    const pt_sweep_t *s = c->t->sweep;
    const sweep_row_t *row = &s->row[r];
    int32_t curve = row->method == PT_METHOD_SEARCH ? find_curve(s) : -1;
    if (curve < 0)
        snprintf(c->name[r], sizeof c->name[r], "%s", row->label);
    else
        snprintf(c->name[r], sizeof c->name[r], "%s %s=%s", pt_methods[row->method].name,
                 s->axis[curve].key, s->axis[curve].value[row->value[curve]]);
    add_point(c, c->t->line[r].value[c->cost].mean, c->t->line[r].value[c->value],
              (pt_chart_point_t){.name = c->name[r],
                                 .colour = pt_methods[row->method].colour,
                                 .is_on_curve = curve >= 0});
}

/* Every branching that was trained is one of a crowd behind the rows. */
static pt_status_t collect(chart_t *c, const sweep_truths_t *truths, bool *has_crowd)
{
    const sweep_table_t *t = c->t;
    int32_t n = t->n_row;
    for (int32_t i = 0; i < truths->n; i++)
        n += t->sweep->row[truths->truth[i].row].n_branching;
    PT_TRY(pt_alloc(&c->point, (size_t)n, sizeof *c->point));
    PT_TRY(pt_alloc(&c->name, (size_t)t->n_row, sizeof *c->name));
    for (int32_t i = 0; i < truths->n && c->cost == SWEEP_ENCODER; i++) {
        const sweep_truth_t *truth = &truths->truth[i];
        const sweep_row_t *row = &t->sweep->row[truth->row];
        for (int32_t b = 0; b < row->n_branching; b++)
            add_point(c, truth->cost[b], truth->mean[b],
                      (pt_chart_point_t){.colour = pt_methods[row->method].colour});
    }
    *has_crowd = c->n_point > 0;
    for (int32_t r = 0; r < t->n_row; r++)
        if (!pt_methods[t->sweep->row[r].method].is_numbered)
            add_row(c, r);
    return PT_OK;
}

pt_status_t sweep_plot_cost(const sweep_results_t *results, const char *path)
{
    chart_t c = {.t = &results->table};
    char x_title[128], y_title[128];
    pt_text_t svg = {0};
    bool has_crowd = false;
    pt_status_t status;
    c.value = bought(c.t);
    c.cost = cost_of(c.t, c.value);
    bool is_relative = find_unit(&c);
    PT_TRY_OR(done, collect(&c, &results->truths, &has_crowd));
    snprintf(x_title, sizeof x_title, "%s, %s%s",
             c.cost == SWEEP_ENCODER ? "encoder multiply-adds" : "multiply-adds",
             is_relative ? "relative to every task alone" : "millions",
             has_crowd ? "; grey: every branching" : "");
    const char *title[] = {x_title, value_title(c.t, c.value, y_title)};
    pt_chart_points(title, c.n_point, c.point, &svg);
    status = pt_chart_write(path, &svg);
done:
    pt_free(c.point);
    pt_free(c.name);
    return status;
}
