/* Learning curves of a run, from its journal. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/picture/curves.h"
#include "polytree/base/memory.h"
#include "polytree/record/journal.h"
#include "polytree/record/run_file.h"
#include "polytree/train/metric.h"
#include "picture/dot.h"
#include "picture/plot.h"

enum { LOSS, ALPHA_LOSS, VAL, EDGES, COST, N_SERIES, MOST_PHASES = 8 };
enum { PANEL_HEIGHT = 150, TITLE = 30, FOOT = 26 };

typedef struct series {
    size_t n, x_capacity, y_capacity;
    double *x, *y;
} series_t;

/* A task's metric on val. */
typedef struct task_curve {
    char name[64], metric[32];
    series_t val;
} task_curve_t;

typedef struct curves {
    series_t series[N_SERIES];
    double first, length; /* weight steps before the phase at work, and in it */
    double step;          /* last weight step */
    int32_t n_phase;
    double begin[MOST_PHASES];
    pt_phase_t phase[MOST_PHASES];
    size_t n_task, task_capacity;
    task_curve_t *task;
} curves_t;

static pt_status_t add(series_t *s, double x, double y)
{
    if (!isfinite(x) || !isfinite(y))
        return PT_OK;
    PT_TRY(pt_grow(&s->x, &s->x_capacity, s->n + 1, sizeof *s->x));
    PT_TRY(pt_grow(&s->y, &s->y_capacity, s->n + 1, sizeof *s->y));
    s->x[s->n] = x;
    s->y[s->n++] = y;
    return PT_OK;
}

static pt_status_t take_step(curves_t *c, const pt_event_step_t *e)
{
    if (e->is_alpha) {
        PT_TRY(add(&c->series[COST], c->step, 100 * e->cost));
        return add(&c->series[ALPHA_LOSS], c->step, e->loss);
    }
    c->step = c->first + (double)e->step;
    PT_TRY(add(&c->series[EDGES], c->step, e->edges));
    return add(&c->series[LOSS], c->step, e->loss);
}

static pt_status_t find_task(curves_t *c, const char *name, task_curve_t **task)
{
    size_t k = 0;
    while (k < c->n_task && strcmp(c->task[k].name, name) != 0)
        k++;
    if (k == c->n_task) {
        PT_TRY(pt_grow(&c->task, &c->task_capacity, k + 1, sizeof *c->task));
        c->task[k] = (task_curve_t){.val = {0}};
        snprintf(c->task[k].name, sizeof c->task[k].name, "%s", name);
        c->n_task++;
    }
    *task = &c->task[k];
    return PT_OK;
}

/* A mean of unlike metrics says nothing, and none is written. */
static pt_status_t take_eval(curves_t *c, const pt_event_scores_t *e)
{
    double x = c->first + (double)e->step;
    PT_TRY(add(&c->series[VAL], x, e->mean));
    for (int32_t k = 0; k < e->n_task; k++) {
        const pt_event_metric_t *metric = &e->task[k].metric[0];
        task_curve_t *task = NULL;
        if (e->task[k].n_metric == 0)
            continue;
        PT_TRY(find_task(c, e->task[k].task, &task));
        snprintf(task->metric, sizeof task->metric, "%s", metric->name);
        PT_TRY(add(&task->val, x, metric->value));
    }
    return PT_OK;
}

static pt_status_t take_event(void *context, const pt_event_t *event)
{
    curves_t *c = context;
    if (event->kind == PT_EVENT_PHASE && c->n_phase < MOST_PHASES) {
        c->first = c->step = c->first + c->length;
        c->length = (double)event->begun.n_step;
        c->begin[c->n_phase] = c->first;
        c->phase[c->n_phase++] = event->phase;
    } else if (event->kind == PT_EVENT_EVAL) {
        return take_eval(c, &event->scores);
    } else if (event->kind == PT_EVENT_STEP) {
        return take_step(c, &event->step);
    }
    return PT_OK;
}

/* A curve of a panel, and what it is called there. */
typedef struct panel_curve {
    const series_t *series;
    const char *colour, *name;
} panel_curve_t;

typedef struct panel {
    const char *title;
    size_t n;
    const panel_curve_t *curve;
    bool is_from_zero;
} curve_panel_t;

/* Where the next name of a legend begins, from `*x` on, or on the next line. */
static void place_name(const char *name, double *x, double *y)
{
    double width = plot_text_width(name) + 30;
    if (*x > PLOT_LEFT && *x + width > PLOT_WIDTH - PLOT_RIGHT) {
        *x = PLOT_LEFT;
        *y += PLOT_LINE;
    }
}

/* Names of the curves above the frame; where the last line ends. */
static double put_legend(const curve_panel_t *panel, double top, pt_text_t *svg)
{
    double x = PLOT_LEFT, y = top;
    for (size_t i = 0; i < panel->n; i++) {
        const panel_curve_t *c = &panel->curve[i];
        if (c->name == NULL)
            continue;
        place_name(c->name, &x, &y);
        pt_text_add(svg, "<path d=\"M%.1f %.1fh16\" stroke=\"%s\" stroke-width=\"3\"/>\n",
                    x, y - 4, c->colour);
        plot_text(x + 21, y, "start", c->name, svg);
        x += plot_text_width(c->name) + 30;
    }
    return panel->n > 0 && panel->curve[0].name != NULL ? y : top - PLOT_LINE;
}

/* Where each phase begins, its name above the first frame. */
static void put_phases(const curves_t *c, const plot_t *p, bool is_named, pt_text_t *svg)
{
    for (int32_t i = 0; i < c->n_phase; i++) {
        double x = plot_x(p, c->begin[i]);
        if (c->begin[i] > 0)
            pt_text_add(svg,
                        "<path d=\"M%.1f %.1fv%.1f\" stroke=\"currentColor\" "
                        "stroke-opacity=\"0.6\" stroke-dasharray=\"4 3\"/>\n",
                        x, p->top, p->height);
        if (is_named)
            plot_text(x, p->top - 5, "start", pt_phase_name(c->phase[i]), svg);
    }
}

/* A panel from `*top` on, which then is where it ends. */
static void put_panel(const curves_t *c, const curve_panel_t *panel, double *top,
                      pt_text_t *svg)
{
    bool is_first = *top == 0;
    plot_t p = {.left = PLOT_LEFT,
                .top = put_legend(panel, *top + TITLE + 8, svg) + (is_first ? 26 : 10),
                .width = PLOT_WIDTH - PLOT_LEFT - PLOT_RIGHT,
                .height = PANEL_HEIGHT,
                .x = {0, fmax(1, c->first + c->length)},
                .y = plot_nothing};
    for (size_t i = 0; i < panel->n; i++)
        for (size_t j = 0; j < panel->curve[i].series->n; j++)
            plot_widen(&p.y, panel->curve[i].series->y[j], 0);
    if (panel->is_from_zero)
        p.y.low = fmin(0, p.y.low);
    plot_pad(&p.y, 0.08);
    plot_x_axis(&p, "", svg);
    plot_y_axis(&p, "", svg);
    plot_text(8, *top + TITLE - 10, "start", panel->title, svg);
    put_phases(c, &p, is_first, svg);
    for (size_t i = 0; i < panel->n; i++) {
        const panel_curve_t *curve = &panel->curve[i];
        plot_curve(&p, curve->colour, curve->series->n, curve->series->x, curve->series->y,
                   svg);
    }
    *top = p.top + p.height + FOOT;
}

static void put_series(const curves_t *c, int series, const char *title, const char *colour,
                       bool is_from_zero, double *top, pt_text_t *svg)
{
    const panel_curve_t curve = {&c->series[series], colour, NULL};
    const curve_panel_t panel = {title, 1, &curve, is_from_zero};
    if (curve.series->n > 0)
        put_panel(c, &panel, top, svg);
}

static void put_losses(const curves_t *c, double *top, pt_text_t *svg)
{
    const panel_curve_t curve[] = {{&c->series[LOSS], "#1f77b4", "weight steps"},
                                   {&c->series[ALPHA_LOSS], "#ff7f0e", "alpha steps"}};
    const curve_panel_t panel = {"loss", c->series[ALPHA_LOSS].n > 0 ? 2 : 1, curve, false};
    if (panel.n == 2)
        put_panel(c, &panel, top, svg);
    else
        put_series(c, LOSS, "loss", "#1f77b4", false, top, svg);
}

/* The next metric that some task has values of, from `*at` on: whether there is one. */
static bool next_metric(const curves_t *c, size_t *at)
{
    for (; *at < c->n_task; (*at)++) {
        bool is_new = c->task[*at].val.n > 0;
        for (size_t j = 0; j < *at; j++)
            is_new &= strcmp(c->task[j].metric, c->task[*at].metric) != 0;
        if (is_new)
            return true;
    }
    return false;
}

/* The tasks that have the metric of task `first`, a line each; of many without names. */
static void put_metric(const curves_t *c, size_t first, double *top, pt_text_t *svg)
{
    const char *metric = c->task[first].metric;
    char title[96];
    panel_curve_t curve[DOT_N_COLOR];
    curve_panel_t panel = {title, 0, curve, false};
    snprintf(title, sizeof title, "%s on val%s", metric,
             pt_metric_is_error(metric) ? ", lower is better" : "");
    for (size_t k = first; k < c->n_task && panel.n < DOT_N_COLOR; k++)
        if (strcmp(c->task[k].metric, metric) == 0)
            curve[panel.n++] =
                (panel_curve_t){&c->task[k].val, dot_color((int32_t)k), c->task[k].name};
    put_panel(c, &panel, top, svg);
}

/* Tasks of more than there are colours for are not drawn where their mean is. */
static void put_panels(const curves_t *c, double *top, pt_text_t *svg)
{
    put_losses(c, top, svg);
    put_series(c, VAL, "mean metric on val", "#2ca02c", false, top, svg);
    if (c->n_task <= DOT_N_COLOR || c->series[VAL].n == 0)
        for (size_t k = 0; next_metric(c, &k); k++)
            put_metric(c, k, top, svg);
    put_series(c, EDGES, "expected edges", "#9467bd", true, top, svg);
    put_series(c, COST, "expected cost, % of the most", "#8c564b", true, top, svg);
    plot_text(PLOT_LEFT + (PLOT_WIDTH - PLOT_LEFT - PLOT_RIGHT) / 2.0, *top + 8, "middle",
              "weight steps", svg);
}

static void put_chart(const curves_t *c, pt_text_t *svg)
{
    pt_text_t panels = {0};
    double top = 0;
    put_panels(c, &top, &panels);
    plot_begin(PLOT_WIDTH, top + 20, "learning curves", svg);
    pt_text_add_bytes(svg, pt_text_get(&panels), panels.n);
    plot_end(svg);
    if (panels.status != PT_OK)
        svg->status = panels.status;
    pt_text_release(&panels);
}

static void release_series(series_t *s)
{
    pt_free(s->x);
    pt_free(s->y);
}

pt_status_t pt_curves_draw(const char *run, pt_text_t *svg)
{
    curves_t c = {.first = 0};
    pt_status_t status = pt_journal_read(run, take_event, &c);
    if (status == PT_OK && c.series[LOSS].n > 0)
        put_chart(&c, svg);
    for (int32_t i = 0; i < N_SERIES; i++)
        release_series(&c.series[i]);
    for (size_t k = 0; k < c.n_task; k++)
        release_series(&c.task[k].val);
    pt_free(c.task);
    return status;
}

pt_status_t pt_curves_write(const char *run, bool *is_drawn)
{
    char path[PT_PATH_MAX];
    pt_text_t svg = {0};
    pt_status_t status;
    PT_TRY_OR(done, pt_run_file_path(run, PT_FILE_CURVES, path));
    PT_TRY_OR(done, pt_curves_draw(run, &svg));
    *is_drawn = svg.n > 0;
    if (*is_drawn)
        status = plot_write(path, &svg);
done:
    pt_text_release(&svg);
    return status;
}
