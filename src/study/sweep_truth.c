/* What all branchings of a space come to when they are trained. */
#include "study/sweep_truth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/arch/ranking.h"
#include "polytree/base/memory.h"

static int32_t count(const sweep_table_t *t, const sweep_truth_t *truth)
{
    return t->sweep->row[truth->row].n_branching;
}

static pt_status_t allocate(const sweep_table_t *t, sweep_truth_t *truth)
{
    size_t n = (size_t)count(t, truth);
    PT_TRY(pt_alloc(&truth->trained, n * (size_t)t->n_seed, sizeof *truth->trained));
    PT_TRY(pt_alloc(&truth->mean, n, sizeof *truth->mean));
    PT_TRY(pt_alloc(&truth->cost, n, sizeof *truth->cost));
    PT_TRY(pt_alloc(&truth->order, n, sizeof *truth->order));
    PT_TRY(pt_alloc(&truth->repeat, (size_t)t->n_seed, sizeof *truth->repeat));
    PT_TRY(pt_alloc(&truth->verdict, (size_t)t->n_row, sizeof *truth->verdict));
    return pt_alloc(&truth->found, (size_t)t->n_row * (size_t)t->n_seed,
                    sizeof *truth->found);
}

static void take_runs(const sweep_table_t *t, sweep_truth_t *truth)
{
    for (int32_t b = 0; b < count(t, truth); b++) {
        double *trained = truth->trained + (size_t)b * (size_t)t->n_seed;
        truth->cost[b] = NAN;
        for (int32_t i = 0; i < t->n_seed; i++) {
            const pt_summary_t *run = sweep_table_run(t, truth->row, i, b);
            double value[SWEEP_N_VALUE];
            trained[i] = NAN;
            if (!run->is_done)
                continue;
            sweep_table_values(t, run, truth->row, i, value);
            trained[i] = value[truth->value];
            truth->cost[b] = value[SWEEP_ENCODER];
            truth->n_run++;
        }
        truth->mean[b] = sweep_estimate(trained, t->n_seed);
    }
}

typedef struct placed {
    double mean;
    int32_t branching;
} placed_t;

/* The largest first, NaN last, the first among equals. */
static int by_mean(const void *a, const void *b)
{
    const placed_t *x = a, *y = b;
    if (isnan(x->mean) != isnan(y->mean))
        return isnan(x->mean) ? 1 : -1;
    if (x->mean != y->mean && !isnan(x->mean))
        return x->mean > y->mean ? -1 : 1;
    return (x->branching > y->branching) - (x->branching < y->branching);
}

static pt_status_t sort(const sweep_table_t *t, sweep_truth_t *truth)
{
    int32_t n = count(t, truth);
    placed_t *place;
    PT_TRY(pt_alloc(&place, (size_t)n, sizeof *place));
    for (int32_t b = 0; b < n; b++)
        place[b] = (placed_t){truth->mean[b].mean, b};
    qsort(place, (size_t)n, sizeof *place, by_mean);
    for (int32_t b = 0; b < n; b++)
        truth->order[b] = place[b].branching;
    pt_free(place);
    return PT_OK;
}

double sweep_truth_held_out(const sweep_table_t *t, const sweep_truth_t *truth,
                            int32_t branching, int32_t seed, int32_t other)
{
    double x[PT_CONFIG_LIST];
    memcpy(x, truth->trained + (size_t)branching * (size_t)t->n_seed,
           (size_t)t->n_seed * sizeof *x);
    x[seed] = x[other] = NAN;
    return sweep_estimate(x, t->n_seed).mean;
}

int32_t sweep_truth_extreme(const sweep_table_t *t, const sweep_truth_t *truth,
                            int32_t seed, bool is_worst, double most)
{
    int32_t at = -1;
    double extreme = NAN, sign = is_worst ? -1 : 1;
    for (int32_t b = 0; b < count(t, truth); b++) {
        double x = sign * sweep_truth_held_out(t, truth, b, seed, seed);
        if (truth->cost[b] <= most && !isnan(x) && !(x <= extreme)) {
            extreme = x;
            at = b;
        }
    }
    return at;
}

/* How much of a ranking a seed can tell at all. */
static pt_status_t find_repeat(const sweep_table_t *t, sweep_truth_t *truth)
{
    int32_t n = count(t, truth);
    double *own, *others;
    pt_status_t status = PT_OK;
    PT_TRY(pt_alloc(&own, 2 * (size_t)n, sizeof *own));
    others = own + n;
    for (int32_t i = 0; i < t->n_seed && status == PT_OK; i++) {
        for (int32_t b = 0; b < n; b++) {
            own[b] = truth->trained[(size_t)b * (size_t)t->n_seed + (size_t)i];
            others[b] = sweep_truth_held_out(t, truth, b, i, i);
        }
        status = pt_ranking_correlation(n, own, others, &truth->repeat[i]);
    }
    pt_free(own);
    return status;
}

static void find_range(const sweep_table_t *t, sweep_truth_t *truth)
{
    double x[PT_CONFIG_LIST];
    for (int32_t i = 0; i < t->n_seed; i++) {
        int32_t best = sweep_truth_extreme(t, truth, i, false, INFINITY);
        int32_t worst = sweep_truth_extreme(t, truth, i, true, INFINITY);
        x[i] = best < 0 ? (double)NAN
                        : truth->trained[(size_t)best * (size_t)t->n_seed + (size_t)i] -
                              truth->trained[(size_t)worst * (size_t)t->n_seed + (size_t)i];
    }
    truth->range = sweep_estimate(x, t->n_seed);
}

static pt_status_t find_truth(const sweep_table_t *table, int32_t row, sweep_truth_t *truth)
{
    *truth = (sweep_truth_t){.row = row,
                             .value = sweep_table_has(table, SWEEP_DELTA) ? SWEEP_DELTA
                                                                          : SWEEP_METRIC};
    PT_TRY(allocate(table, truth));
    take_runs(table, truth);
    PT_TRY(sort(table, truth));
    PT_TRY(find_repeat(table, truth));
    find_range(table, truth);
    return PT_OK;
}

pt_status_t sweep_truths_init(const sweep_table_t *table, sweep_truths_t *truths)
{
    *truths = (sweep_truths_t){.n = 0};
    PT_TRY(pt_alloc(&truths->truth, (size_t)table->n_row, sizeof *truths->truth));
    for (int32_t r = 0; r < table->n_row; r++)
        if (table->sweep->row[r].method == PT_METHOD_EXHAUSTIVE)
            PT_TRY(find_truth(table, r, &truths->truth[truths->n++]));
    return PT_OK;
}

void sweep_truths_release(sweep_truths_t *truths)
{
    for (int32_t i = 0; i < truths->n; i++) {
        pt_free(truths->truth[i].trained);
        pt_free(truths->truth[i].mean);
        pt_free(truths->truth[i].cost);
        pt_free(truths->truth[i].order);
        pt_free(truths->truth[i].repeat);
        pt_free(truths->truth[i].found);
        pt_free(truths->truth[i].verdict);
    }
    pt_free(truths->truth);
    *truths = (sweep_truths_t){.n = 0};
}
