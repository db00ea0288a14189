/* Learning curves of a run, from its journal by gnuplot. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/picture/program.h"
#include "polytree/picture/curves.h"
#include "polytree/base/memory.h"
#include "polytree/base/quote.h"
#include "polytree/record/journal.h"
#include "polytree/record/run_file.h"
#include "polytree/train/metric.h"

enum { LOSS, ALPHA_LOSS, VAL, EDGES, COST, N_SERIES, MOST_PHASES = 8 };
/* Lines that a panel has names for. */
enum { MOST_NAMES = 8 };

typedef struct point {
    double x, y;
} point_t;

typedef struct series {
    size_t n, capacity;
    point_t *point;
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
    size_t n_task, task_capacity; /* where their metrics are unlike */
    task_curve_t *task;
} curves_t;

static pt_status_t add(series_t *s, double x, double y)
{
    if (!isfinite(x) || !isfinite(y))
        return PT_OK;
    PT_TRY(pt_grow(&s->point, &s->capacity, s->n + 1, sizeof *s->point));
    s->point[s->n++] = (point_t){x, y};
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

/* A mean of unlike metrics says nothing, and none is written: each task's own does. */
static pt_status_t take_eval(curves_t *c, const pt_event_scores_t *e)
{
    double x = c->first + (double)e->step;
    if (isfinite(e->mean))
        return add(&c->series[VAL], x, e->mean);
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

static void put_data(pt_text_t *out, const char *name, const series_t *s)
{
    pt_text_add(out, "$%s << EOD\n", name);
    for (size_t i = 0; i < s->n; i++)
        pt_text_add(out, "%.9g %.9g\n", s->point[i].x, s->point[i].y);
    pt_text_add(out, "EOD\n");
}

/* Where each phase begins, its name on top of the first panel. */
static void put_phases(pt_text_t *out, const curves_t *c)
{
    for (int32_t i = 0; i < c->n_phase; i++) {
        pt_text_add(
            out,
            "set arrow from first %.9g, graph 0 to first %.9g, graph 1 nohead lc rgb "
            "'#999999' dt 2\n",
            c->begin[i], c->begin[i]);
        pt_text_add(out, "set label '%s' at first %.9g, graph 1.05 tc rgb '#666666'\n",
                    pt_phase_name(c->phase[i]), c->begin[i]);
    }
}

/* A panel of something that only some runs have, from zero. */
static void put_panel(pt_text_t *out, const char *name, const char *label,
                      const char *colour)
{
    pt_text_add(out,
                "set ylabel \"%s\"\nset xlabel 'weight steps'\nset yrange [0:*]\n"
                "set offsets 0, 0, graph 0.08, 0\n"
                "plot $%s using 1:2 with lines lc rgb '%s' notitle\n",
                label, name, colour);
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

static int32_t count_metrics(const curves_t *c)
{
    int32_t n = 0;
    for (size_t k = 0; next_metric(c, &k); k++)
        n++;
    return n;
}

/* The tasks that have the metric of task `first`, a line each. */
static void put_metric(pt_text_t *out, const curves_t *c, size_t first)
{
    const char *metric = c->task[first].metric;
    int32_t n = 0, i = 0;
    for (size_t k = first; k < c->n_task; k++)
        if (strcmp(c->task[k].metric, metric) == 0) {
            char name[32];
            snprintf(name, sizeof name, "metric%zu", k);
            put_data(out, name, &c->task[k].val);
            n++;
        }
    pt_text_add(out, "set ylabel ");
    pt_quote_gnuplot(metric, out);
    pt_text_add(out, " . \" on val%s\" noenhanced\nplot ",
                pt_metric_is_error(metric) ? ",\\nlower is better" : "");
    for (size_t k = first; k < c->n_task; k++) {
        if (strcmp(c->task[k].metric, metric) != 0)
            continue;
        pt_text_add(out, "%s$metric%zu using 1:2 with linespoints pt 7 ps 0.4 lt %d ",
                    i > 0 ? ", " : "", k, (int)i + 1);
        i++;
        if (n <= MOST_NAMES) {
            pt_text_add(out, "title ");
            pt_quote_gnuplot(c->task[k].name, out);
            pt_text_add(out, " noenhanced");
        } else {
            pt_text_add(out, "notitle");
        }
    }
    pt_text_add(out, "\n");
}

static void put_plot(const curves_t *c, pt_text_t *out)
{
    static const char *const name[N_SERIES] = {"loss", "alpha", "val", "edges", "cost"};
    int32_t n_panel = 1 + (c->series[VAL].n > 0) + count_metrics(c) +
                      (c->series[EDGES].n > 0) + (c->series[COST].n > 0);
    for (int32_t i = 0; i < N_SERIES; i++)
        put_data(out, name[i], &c->series[i]);
    pt_text_add(out,
                "set terminal svg size 760,%d background '#ffffff' font 'sans-serif,12'\n"
                "set multiplot layout %d,1\nset grid\nset lmargin 12\nset tmargin 2\n"
                "set xrange [0:%.9g]\n",
                220 * (int)n_panel, (int)n_panel, fmax(1, c->first + c->length));
    put_phases(out, c);
    pt_text_add(out,
                "set ylabel 'loss'\nplot $loss using 1:2 with lines lc rgb '#1f77b4' title "
                "'weight steps'");
    if (c->series[ALPHA_LOSS].n > 0)
        pt_text_add(out,
                    ", $alpha using 1:2 with lines lc rgb '#ff7f0e' title 'alpha steps'");
    pt_text_add(out, "\nunset label\nset key above right horizontal\n");
    if (c->series[VAL].n > 0)
        pt_text_add(
            out,
            "set ylabel 'metric on val'\n"
            "plot $val using 1:2 with linespoints pt 7 ps 0.4 lc rgb '#2ca02c' notitle\n");
    for (size_t k = 0; next_metric(c, &k); k++)
        put_metric(out, c, k);
    if (c->series[EDGES].n > 0)
        put_panel(out, "edges", "expected edges", "#9467bd");
    if (c->series[COST].n > 0)
        put_panel(out, "cost", "expected cost,\\n% of the most", "#8c564b");
    pt_text_add(out, "unset multiplot\n");
}

pt_status_t pt_curves_write(const char *run, bool *is_drawn)
{
    char path[PT_PATH_MAX];
    curves_t c = {.first = 0};
    pt_text_t script = {0};
    pt_status_t status;
    *is_drawn = true;
    PT_TRY_OR(done, pt_run_file_path(run, PT_FILE_CURVES, path));
    PT_TRY_OR(done, pt_journal_read(run, take_event, &c));
    if (c.series[LOSS].n > 0) {
        put_plot(&c, &script);
        PT_TRY_OR(done, pt_program_plot(&script, path, is_drawn));
    }
done:
    pt_text_release(&script);
    for (int32_t i = 0; i < N_SERIES; i++)
        pt_free(c.series[i].point);
    for (size_t k = 0; k < c.n_task; k++)
        pt_free(c.task[k].val.point);
    pt_free(c.task);
    return status;
}
