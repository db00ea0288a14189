/* The table of `polytree plan`: seconds and memory on more ranks than there are. */
#include "app/outlook.h"

#include <stdio.h>
#include <string.h>

#include "app/console.h"
#include "polytree/base/memory.h"
#include "polytree/base/text.h"

#define MIB (1.0 / (1 << 20))
#define MILLI 1e3

enum { MOST_ROWS = 8, EXTENT_TEXT = 48 };

/* Outlooks: that of the run, then others. */
typedef struct table {
    pt_predictor_t *predictor;
    const pt_resources_t *resources;
    int32_t n;
    pt_outlook_t row[MOST_ROWS];
} table_t;

/* Look at an arrangement, unless it is there or has ranks without work. */
static pt_status_t add(table_t *t, int32_t stage, int32_t task, int32_t data)
{
    const pt_arrangement_t a = {{stage, task, data}, t->resources->ranks_per_node};
    int32_t most[PT_N_AXIS];
    pt_predictor_most(t->predictor, most);
    for (int32_t i = 0; i < PT_N_AXIS; i++)
        if (a.extent[i] < 1 || a.extent[i] > most[i])
            return PT_OK;
    for (int32_t i = 0; i < t->n; i++)
        if (memcmp(t->row[i].arrangement.extent, a.extent, sizeof a.extent) == 0)
            return PT_OK;
    return pt_arrange_look(t->predictor, &a, &t->row[t->n++]);
}

/* One rank; all of them along one axis; and few stages, data ranks beside them. */
static pt_status_t add_others(table_t *t)
{
    int32_t n = t->resources->n_rank, most[PT_N_AXIS];
    pt_predictor_most(t->predictor, most);
    int32_t tasks = n < most[PT_AXIS_TASK] ? n : most[PT_AXIS_TASK];
    PT_TRY(add(t, 1, 1, 1));
    PT_TRY(add(t, 1, 1, n));
    PT_TRY(add(t, 1, tasks, n / tasks));
    PT_TRY(add(t, 2, 1, n / 2));
    PT_TRY(add(t, 4, 1, n / 4));
    return add(t, n, 1, 1);
}

static pt_status_t fill(const pt_config_t *config, table_t *t)
{
    PT_TRY(pt_arrange(config, t->predictor, t->resources, &t->row[0]));
    t->n = 1;
    return add_others(t);
}

/* "2 stage x 1 task x 3 data"; stages where there are several. */
static void name_extents(const int32_t extent[PT_N_AXIS], char text[EXTENT_TEXT])
{
    int at = 0;
    if (extent[PT_AXIS_STAGE] > 1)
        at = snprintf(text, EXTENT_TEXT, "%d stage x ", (int)extent[PT_AXIS_STAGE]);
    snprintf(text + at, EXTENT_TEXT - (size_t)at, "%d task x %d data",
             (int)extent[PT_AXIS_TASK], (int)extent[PT_AXIS_DATA]);
}

static const char *cost_origin(const pt_config_t *c)
{
    if (c->layout.cost == PT_COST_MEASURED)
        return "measured here";
    return c->layout.cost == PT_COST_COUNTED ? "counted" : c->layout.cost_table;
}

/* One process has nobody to measure messages with. */
static const char *wire_origin(const pt_config_t *c, bool is_far)
{
    if (is_far && c->layout.latency > 0 && c->layout.bandwidth > 0)
        return "as layout.latency and layout.bandwidth say";
    if (c->layout.cost == PT_COST_TABLE)
        return "as the table says";
    return is_far ? "assumed; layout.latency and layout.bandwidth say otherwise"
                  : "assumed; a table in layout.cost can say otherwise";
}

static int32_t n_used(const pt_outlook_t *o)
{
    const int32_t *e = o->arrangement.extent;
    return e[PT_AXIS_STAGE] * e[PT_AXIS_TASK] * e[PT_AXIS_DATA];
}

/* Of all ranks that there are, also those that have nothing to do. */
static double balance_of_all(const table_t *t, const pt_outlook_t *o)
{
    return o->weight.balance * n_used(o) / t->resources->n_rank;
}

/* Why the run leaves ranks without work. */
static void print_idle(const pt_session_t *s, const table_t *t)
{
    int32_t most[PT_N_AXIS];
    pt_predictor_most(t->predictor, most);
    if (n_used(&t->row[0]) == t->resources->n_rank)
        return;
    if (s->config.layout.mode != PT_LAYOUT_AUTO)
        pt_console_line("  idle: layout.stage, task and data ask for fewer ranks");
    else if (s->config.layout.stage > 0 || s->config.layout.task > 0 ||
             s->config.layout.data > 0)
        pt_console_line("  idle: with layout.stage, task and data as they are set, more of "
                        "the %d ranks do not help",
                        (int)t->resources->n_rank);
    else if (most[PT_AXIS_DATA] < t->resources->n_rank)
        pt_console_line("  idle: a step has %d unit%s (train.batch / train.microbatch of "
                        "each of its bundles), more ranks need stages, and those are not "
                        "a twentieth faster",
                        (int)most[PT_AXIS_DATA], pt_plural(most[PT_AXIS_DATA]));
    else
        pt_console_line("  idle: a step has %d units; more ranks would share them out no "
                        "better, or gain less than a twentieth",
                        (int)most[PT_AXIS_DATA]);
}

static void print_head(const pt_session_t *s, const table_t *t, double alone)
{
    const pt_resources_t *r = t->resources;
    const pt_outlook_t *o = &t->row[0];
    bool is_far = r->ranks_per_node > 0 && r->ranks_per_node < r->n_rank;
    const pt_rates_t *rates = &s->machine.rates;
    char text[EXTENT_TEXT];
    name_extents(o->arrangement.extent, text);
    pt_console_line("layout of %d rank%s: %s, %d idle; predicted balance %.3f, %.2f times "
                    "one rank",
                    (int)r->n_rank, pt_plural(r->n_rank), text,
                    (int)(r->n_rank - n_used(o)), balance_of_all(t, o), alone / o->seconds);
    print_idle(s, t);
    pt_console_line("  costs %s; a message between %s taken as %.3g s and %.3g GB/s (%s)",
                    cost_origin(&s->config), is_far ? "nodes" : "ranks",
                    rates->latency[is_far], rates->bandwidth[is_far] * 1e-9,
                    wire_origin(&s->config, is_far));
    pt_console_line("  %-14s %10s %10s %7s %7s %7s %9s %9s %9s", "stage x task", "weight",
                    "alpha", "times", "bubble", "balance", "stages,", "sums,", "memory,");
    pt_console_line("  %-14s %10s %10s %7s %7s %7s %9s %9s %9s", "  x data", "step, ms",
                    "step, ms", "1 rank", "", "", "MiB/step", "MiB/step", "MiB");
}

static void print_row(const table_t *t, int32_t i, double alone)
{
    const pt_outlook_t *o = &t->row[i];
    const int32_t *e = o->arrangement.extent;
    char extent[EXTENT_TEXT];
    snprintf(extent, sizeof extent, "%d x %d x %d", (int)e[PT_AXIS_STAGE],
             (int)e[PT_AXIS_TASK], (int)e[PT_AXIS_DATA]);
    pt_console_line("%c %-14s %10.3f %10.3f %7.2f %7.3f %7.3f %9.3f %9.3f %9.1f",
                    i == 0 ? '*' : ' ', extent, o->weight.seconds * MILLI,
                    o->alpha.seconds * MILLI, alone / o->seconds, o->weight.bubble,
                    balance_of_all(t, o), o->weight.stage_bytes * MIB,
                    o->weight.sum_bytes * MIB,
                    (double)(t->resources->held + pt_rank_memory_sum(&o->memory)) * MIB);
}

pt_status_t pt_outlook_print(const pt_session_t *s, const pt_resources_t *resources,
                             pt_outlook_t *out)
{
    const pt_arrangement_t one = {{1, 1, 1}, 0};
    table_t *t;
    pt_outlook_t alone;
    pt_status_t status;
    PT_TRY(pt_alloc(&t, 1, sizeof *t));
    t->resources = resources;
    PT_TRY_OR(done, pt_predictor_new(&s->config, pt_trainer_feed(s->trainer),
                                     pt_trainer_space(s->trainer), NULL, &s->machine,
                                     &t->predictor));
    PT_TRY_OR(done, pt_arrange_check_costs(&s->config, t->predictor, &s->machine));
    PT_TRY_OR(done, fill(&s->config, t));
    PT_TRY_OR(done, pt_arrange_look(t->predictor, &one, &alone));
    print_head(s, t, alone.seconds);
    for (int32_t i = 0; i < t->n; i++)
        print_row(t, i, alone.seconds);
    *out = t->row[0];
done:
    pt_predictor_free(t->predictor);
    pt_free(t);
    return status;
}
