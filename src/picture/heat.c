/* Heat maps of task affinity. */
#include "polytree/picture/heat.h"

#include <math.h>
#include <stdio.h>

#include "picture/plot.h"
#include "polytree/base/memory.h"
#include "polytree/base/quote.h"
#include "polytree/picture/chart.h"

enum {
    SIDE = 240,
    MOST_CELLS = 120,
    NAMED_CELLS = 24,
    GAP = 24,
    IN_ROW = 3,
    MOST_NAME = 160
};

/* One map, and where it is. */
typedef struct heat {
    const pt_affinity_level_t *level;
    int32_t n_task, n_cell;
    const int32_t *order; /* [n_task] */
    double left, top, cell;
} heat_t;

static int32_t first_of(const heat_t *h, int32_t cell)
{
    return (int32_t)((int64_t)cell * h->n_task / h->n_cell);
}

/* NaN where no pair of its tasks is known. */
static double mean_of(const heat_t *h, int32_t row, int32_t column)
{
    double sum = 0;
    int32_t n = 0;
    for (int32_t i = first_of(h, row); i < first_of(h, row + 1); i++)
        for (int32_t j = first_of(h, column); j < first_of(h, column + 1); j++) {
            double x =
                h->level
                    ->value[(size_t)h->order[i] * (size_t)h->n_task + (size_t)h->order[j]];
            sum += isnan(x) ? 0 : x;
            n += !isnan(x);
        }
    return n > 0 ? sum / n : (double)NAN;
}

static void put_cell(const heat_t *h, int32_t row, int32_t column, const char *const *task,
                     pt_text_t *svg)
{
    double x = mean_of(h, row, column);
    int faded = (int)lround(255 * (1 - fmin(fabs(x), 1)));
    pt_text_add(svg, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.2f\" height=\"%.2f\" ",
                h->left + column * h->cell, h->top + row * h->cell, h->cell, h->cell);
    if (isnan(x))
        pt_text_add(svg, "fill=\"#bbbbbb\">");
    else if (x >= 0)
        pt_text_add(svg, "fill=\"#%02x%02xff\">", (unsigned)faded, (unsigned)faded);
    else
        pt_text_add(svg, "fill=\"#ff%02x%02x\">", (unsigned)faded, (unsigned)faded);
    pt_text_add(svg, "<title>");
    pt_quote_html(task[h->order[first_of(h, row)]], svg);
    pt_text_add(svg, ", ");
    pt_quote_html(task[h->order[first_of(h, column)]], svg);
    if (isnan(x))
        pt_text_add(svg, ": -</title></rect>\n");
    else
        pt_text_add(svg, ": %.4f</title></rect>\n", x);
}

static void put_lines(const heat_t *h, pt_text_t *svg)
{
    double end = h->n_cell * h->cell;
    for (int32_t c = 1; c < h->n_cell; c++) {
        const int32_t *group = h->level->group;
        if (group[h->order[first_of(h, c)]] == group[h->order[first_of(h, c) - 1]])
            continue;
        pt_text_add(svg,
                    "<path stroke=\"#000000\" fill=\"none\" d=\"M%.1f %.1fv%.1fM%.1f "
                    "%.1fh%.1f\"/>\n",
                    h->left + c * h->cell, h->top, end, h->left, h->top + c * h->cell, end);
    }
}

static void put_map(const heat_t *h, const char *const *task, pt_text_t *svg)
{
    char title[64];
    snprintf(title, sizeof title, "%s, %d kind%s", h->level->name,
             (int)h->level->n_distinct, h->level->n_distinct == 1 ? "" : "s");
    plot_text(h->left, h->top - 6, "start", title, svg);
    for (int32_t i = 0; i < h->n_cell; i++) {
        if (h->n_cell <= NAMED_CELLS && h->n_cell == h->n_task)
            plot_text(h->left - 6, h->top + (i + 0.5) * h->cell + 4, "end",
                      task[h->order[i]], svg);
        for (int32_t j = 0; j < h->n_cell; j++)
            put_cell(h, i, j, task, svg);
    }
    put_lines(h, svg);
}

/* Groups one after the other, tasks of one as the data set has them. */
static void order_tasks(const pt_affinity_level_t *level, int32_t n_task, int32_t *order)
{
    int32_t n = 0;
    for (int32_t g = -1; g < level->n_group; g++)
        for (int32_t k = 0; k < n_task; k++)
            if (level->group[k] == g)
                order[n++] = k;
}

pt_status_t pt_heat_write(const char *path, const pt_affinity_t *affinity,
                          const char *const *task)
{
    pt_text_t svg = {0};
    int32_t n = affinity->n_task, *order, n_level = affinity->n_level;
    int32_t n_cell = n < MOST_CELLS ? n : MOST_CELLS;
    double names = 0;
    PT_TRY(pt_alloc(&order, (size_t)n, sizeof *order));
    for (int32_t k = 0; k < n && n <= NAMED_CELLS; k++)
        names = fmax(names, plot_text_width(task[k]));
    names = fmin(names, MOST_NAME) + GAP;
    int32_t columns = n_level < IN_ROW ? n_level : IN_ROW;
    int32_t rows = (n_level + IN_ROW - 1) / IN_ROW;
    double height = SIDE + 2 * GAP;
    plot_begin(columns * (names + SIDE) + GAP, rows * height + GAP, "task affinity", &svg);
    for (int32_t l = 0; l < n_level; l++) {
        heat_t h = {.level = &affinity->level[l],
                    .n_task = n,
                    .n_cell = n_cell,
                    .order = order,
                    .left = names + l % IN_ROW * (names + SIDE),
                    .top = 2 * GAP + l / IN_ROW * height,
                    .cell = (double)SIDE / n_cell};
        order_tasks(h.level, n, order);
        put_map(&h, task, &svg);
    }
    plot_end(&svg);
    pt_free(order);
    return pt_chart_write(path, &svg);
}
