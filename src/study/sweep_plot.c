/* Pictures of a sweep, drawn by gnuplot: the rows one below the other, and cost against
 * what it buys. */
#include <math.h>
#include <string.h>

#include "polytree/picture/pipe.h"
#include "study/sweep_report.h"
#include "polytree/base/memory.h"
#include "polytree/base/quote.h"

static double scale_of(sweep_value_t value)
{
    return value == SWEEP_DELTA ? 100 : 1;
}

/* What an axis of values is called. */
static void put_value_title(FILE *file, const sweep_table_t *t, sweep_value_t value)
{
    pt_quote_gnuplot(file, value == SWEEP_DELTA           ? "Delta_m, %"
                           : t->is_alike && t->n_task > 0 ? t->task[0].metric
                                                          : "metric");
    fputs(" . ', mean over seeds +- standard error' noenhanced\n", file);
}

/* Room at both ends of an axis of values, but none where a metric of 0 to 1 has no values.
 */
static void pad(double part, double *low, double *high)
{
    double room = *high > *low ? part * (*high - *low) : 0.01;
    double least = *low >= 0 ? 0 : -INFINITY, most = *high <= 1 ? 1 : INFINITY;
    *low = fmax(*low - room, least);
    *high = fmin(*high + room, most);
}

/* Errors included. */
static void range_of_rows(const sweep_table_t *t, double *low, double *high)
{
    double scale = scale_of(t->judged);
    *low = INFINITY;
    *high = -INFINITY;
    for (int32_t r = 0; r < t->n_row; r++) {
        sweep_estimate_t e = t->line[r].value[t->judged];
        double error = isfinite(e.error) ? e.error : 0;
        if (e.n > 0) {
            *low = fmin(*low, (e.mean - error) * scale);
            *high = fmax(*high, (e.mean + error) * scale);
        }
    }
    pad(0.05, low, high);
}

/* The first row on top. */
pt_status_t sweep_plot_rows(const void *results, FILE *file)
{
    const sweep_table_t *t = &((const sweep_results_t *)results)->table;
    double scale = scale_of(t->judged), low, high;
    range_of_rows(t, &low, &high);
    fprintf(file,
            "set terminal svg size 760,%d dynamic background '#ffffff' font "
            "'sans-serif,12'\nset grid x\nunset key\nset xrange [%.9g:%.9g]\n"
            "set yrange [-0.5:%d.5]\nset xlabel ",
            90 + 26 * (int)t->n_row, low, high, (int)t->n_row - 1);
    put_value_title(file, t, t->judged);
    fputs("set ytics (", file);
    for (int32_t r = 0; r < t->n_row; r++) {
        fputs(r > 0 ? ", " : "", file);
        pt_quote_gnuplot(file, t->sweep->row[r].label);
        fprintf(file, " %d", (int)(t->n_row - 1 - r));
    }
    fputs(") noenhanced\nplot '-' using 1:2:3 with xerrorbars pt 7 ps 0.8 lw 1.5 lc rgb "
          "'#1f77b4'\n",
          file);
    for (int32_t r = 0; r < t->n_row; r++) {
        sweep_estimate_t e = t->line[r].value[t->judged];
        if (e.n > 0)
            fprintf(file, "%.9g %d %.9g\n", e.mean * scale, (int)(t->n_row - 1 - r),
                    isfinite(e.error) ? e.error * scale : 0.0);
    }
    fputs("e\n", file);
    return PT_OK;
}

/* Pixels of the picture, and of its frame from the left and from below. */
enum { WIDTH = 760, HEIGHT = 520, LEFT = 80, RIGHT = 735, BOTTOM = 60, TOP = 500 };
/* Height of a label's letters, their mean width in tenths, its distance from its point. */
enum { LETTER_HEIGHT = 13, LETTER_TENTHS = 70, APART = 8, N_PLACE = 8 };

typedef struct point {
    int32_t row; /* -1: a branching of an exhaustive row */
    double x, y, error;
} point_t;

typedef struct box {
    double left, right, bottom, top;
} box_t;

typedef struct chart {
    const sweep_table_t *t;
    const sweep_truths_t *truths;
    sweep_value_t cost, value;
    double unit;                  /* what 1 of the x axis is */
    bool is_relative;             /* to the full branching */
    int32_t n_point, n_row_point; /* those of rows come first */
    point_t *point;
    box_t range;  /* of the axes */
    box_t *taken; /* [2 n_point] by points and labels */
    int32_t n_taken;
} chart_t;

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

static void find_unit(chart_t *c)
{
    c->unit = 1e6;
    for (int32_t r = 0; r < c->t->n_row; r++)
        if (pt_methods[c->t->sweep->row[r].method].is_full &&
            c->t->line[r].value[c->cost].n > 0) {
            c->unit = c->t->line[r].value[c->cost].mean;
            c->is_relative = true;
        }
}

static void add_point(chart_t *c, int32_t row, double cost, sweep_estimate_t value)
{
    double scale = scale_of(c->value);
    if (value.n == 0 || !isfinite(cost))
        return;
    c->point[c->n_point++] = (point_t){row, cost / c->unit, value.mean * scale,
                                       isfinite(value.error) ? value.error * scale : 0};
}

static pt_status_t collect(chart_t *c)
{
    const sweep_table_t *t = c->t;
    int32_t n = t->n_row;
    for (int32_t i = 0; i < c->truths->n; i++)
        n += t->sweep->row[c->truths->truth[i].row].n_branching;
    PT_TRY(pt_alloc(&c->point, (size_t)n, sizeof *c->point));
    PT_TRY(pt_alloc(&c->taken, 2 * (size_t)n, sizeof *c->taken));
    for (int32_t r = 0; r < t->n_row; r++)
        if (t->sweep->row[r].method != PT_METHOD_EXHAUSTIVE)
            add_point(c, r, t->line[r].value[c->cost].mean, t->line[r].value[c->value]);
    c->n_row_point = c->n_point;
    for (int32_t i = 0; i < c->truths->n && c->cost == SWEEP_ENCODER; i++)
        for (int32_t b = 0; b < t->sweep->row[c->truths->truth[i].row].n_branching; b++)
            add_point(c, -1, c->truths->truth[i].cost[b], c->truths->truth[i].mean[b]);
    return PT_OK;
}

static void find_range(chart_t *c)
{
    box_t *r = &c->range;
    *r = (box_t){INFINITY, -INFINITY, INFINITY, -INFINITY};
    for (int32_t i = 0; i < c->n_point; i++) {
        const point_t *p = &c->point[i];
        r->left = fmin(r->left, p->x);
        r->right = fmax(r->right, p->x);
        r->bottom = fmin(r->bottom, p->y - p->error);
        r->top = fmax(r->top, p->y + p->error);
    }
    double x = 0.08 * (r->right - r->left);
    x = x > 0 ? x : 0.1 * fabs(r->right);
    r->left = fmax(0, r->left - x);
    r->right += x;
    pad(0.08, &r->bottom, &r->top);
}

static double pixel_x(const chart_t *c, double x)
{
    return LEFT + (x - c->range.left) / (c->range.right - c->range.left) * (RIGHT - LEFT);
}

static double pixel_y(const chart_t *c, double y)
{
    return BOTTOM +
           (y - c->range.bottom) / (c->range.top - c->range.bottom) * (TOP - BOTTOM);
}

static double overlap(box_t a, box_t b)
{
    double x = fmin(a.right, b.right) - fmax(a.left, b.left);
    double y = fmin(a.top, b.top) - fmax(a.bottom, b.bottom);
    return x > 0 && y > 0 ? x * y : 0;
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

/* A row's label, with its value also where that is the first of a curve. */
static void name_point(const pt_sweep_t *s, const sweep_row_t *row, char text[256])
{
    int32_t curve = row->method == PT_METHOD_SEARCH ? find_curve(s) : -1;
    if (curve < 0)
        snprintf(text, 256, "%s", row->label);
    else
        snprintf(text, 256, "search %s=%s", s->axis[curve].key,
                 s->axis[curve].value[row->value[curve]]);
}

/* Right, left, above, below, then the corners of a point. */
static box_t place_label(double x, double y, double width, int32_t place)
{
    static const int side[N_PLACE] = {1, -1, 0, 0, 1, 1, -1, -1},
                     level[N_PLACE] = {0, 0, 1, -1, 1, -1, 1, -1};
    double left = side[place] > 0   ? x + APART
                  : side[place] < 0 ? x - APART - width
                                    : x - width / 2;
    double bottom = y - LETTER_HEIGHT / 2.0 + level[place] * (LETTER_HEIGHT / 2.0 + APART);
    return (box_t){left, left + width, bottom, bottom + LETTER_HEIGHT};
}

/* Where it hides least of what is drawn already. */
static void put_label(chart_t *c, const point_t *p, FILE *file)
{
    const box_t frame = {LEFT, RIGHT, BOTTOM, TOP};
    pt_method_t method = c->t->sweep->row[p->row].method;
    char text[256];
    double least = INFINITY;
    box_t best = frame;
    name_point(c->t->sweep, &c->t->sweep->row[p->row], text);
    double width = (double)(strlen(text) * LETTER_TENTHS) / 10;
    for (int32_t i = 0; i < N_PLACE; i++) {
        box_t box = place_label(pixel_x(c, p->x), pixel_y(c, p->y), width, i);
        double cost = 4 * (width * LETTER_HEIGHT - overlap(box, frame));
        for (int32_t j = 0; j < c->n_taken; j++)
            cost += overlap(box, c->taken[j]);
        if (cost < least - 1e-9) {
            least = cost;
            best = box;
        }
    }
    c->taken[c->n_taken++] = best;
    fputs("set label ", file);
    pt_quote_gnuplot(file, text);
    fprintf(file,
            " at screen %.5f, screen %.5f left noenhanced front font ',11' tc rgb '%s'\n",
            best.left / WIDTH, (best.bottom + LETTER_HEIGHT / 2.0) / HEIGHT,
            pt_methods[method].colour);
}

static void put_labels(chart_t *c, FILE *file)
{
    for (int32_t i = 0; i < c->n_point; i++) {
        const point_t *p = &c->point[i];
        double x = pixel_x(c, p->x), half = p->row < 0 ? 2 : 4;
        double low = fmin(pixel_y(c, p->y - p->error), pixel_y(c, p->y) - half);
        double high = fmax(pixel_y(c, p->y + p->error), pixel_y(c, p->y) + half);
        c->taken[c->n_taken++] = (box_t){x - half, x + half, low, high};
    }
    for (int32_t i = 0; i < c->n_row_point; i++)
        put_label(c, &c->point[i], file);
}

static void put_points(const chart_t *c, pt_method_t method, FILE *file)
{
    fprintf(file, "$m%d << EOD\n", (int)method);
    for (int32_t i = 0; i < c->n_point; i++) {
        const point_t *p = &c->point[i];
        if ((p->row < 0 ? PT_METHOD_EXHAUSTIVE : c->t->sweep->row[p->row].method) == method)
            fprintf(file, "%.9g %.9g %.9g\n", p->x, p->y, p->error);
    }
    fputs("EOD\n", file);
}

static bool has_point(const chart_t *c, pt_method_t method)
{
    for (int32_t i = 0; i < c->n_row_point; i++)
        if (c->t->sweep->row[c->point[i].row].method == method)
            return true;
    return method == PT_METHOD_EXHAUSTIVE && c->n_point > c->n_row_point;
}

static void put_chart(chart_t *c, FILE *file)
{
    const char *what = c->cost == SWEEP_ENCODER ? "encoder multiply-adds" : "multiply-adds";
    fprintf(file,
            "set terminal svg size %d,%d dynamic background '#ffffff' font "
            "'sans-serif,12'\nset lmargin at screen %.5f\nset rmargin at screen %.5f\n"
            "set bmargin at screen %.5f\nset tmargin at screen %.5f\nset grid\nunset key\n"
            "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n"
            "set xlabel '%s, %s%s'\nset ylabel ",
            WIDTH, HEIGHT, (double)LEFT / WIDTH, (double)RIGHT / WIDTH,
            (double)BOTTOM / HEIGHT, (double)TOP / HEIGHT, c->range.left, c->range.right,
            c->range.bottom, c->range.top, what,
            c->is_relative ? "relative to every task alone" : "millions",
            has_point(c, PT_METHOD_EXHAUSTIVE) ? "; grey: every branching" : "");
    put_value_title(file, c->t, c->value);
    put_labels(c, file);
    for (int32_t m = 0; m < PT_N_METHOD; m++)
        if (has_point(c, (pt_method_t)m))
            put_points(c, (pt_method_t)m, file);
    fputs("plot ", file);
    if (has_point(c, PT_METHOD_EXHAUSTIVE))
        fprintf(file, "$m%d using 1:2 with points pt 7 ps 0.4 lc rgb '%s', ",
                PT_METHOD_EXHAUSTIVE, pt_methods[PT_METHOD_EXHAUSTIVE].colour);
    if (has_point(c, PT_METHOD_SEARCH) && find_curve(c->t->sweep) >= 0)
        fprintf(file, "$m%d using 1:2 smooth unique with lines lw 1 dt 2 lc rgb '%s', ",
                PT_METHOD_SEARCH, pt_methods[PT_METHOD_SEARCH].colour);
    for (int32_t m = 0; m < PT_N_METHOD; m++)
        if (m != PT_METHOD_EXHAUSTIVE && has_point(c, (pt_method_t)m))
            fprintf(file,
                    "$m%d using 1:2:3 with yerrorbars pt 7 ps 0.8 lw 1.5 lc rgb '%s', ",
                    (int)m, pt_methods[m].colour);
    fputs("NaN notitle\n", file);
}

pt_status_t sweep_plot_cost(const void *results, FILE *file)
{
    const sweep_results_t *all = results;
    chart_t c = {.t = &all->table, .truths = &all->truths};
    pt_status_t status;
    c.value = bought(c.t);
    c.cost = cost_of(c.t, c.value);
    find_unit(&c);
    PT_TRY_OR(done, collect(&c));
    find_range(&c);
    put_chart(&c, file);
done:
    pt_free(c.point);
    pt_free(c.taken);
    return status;
}
