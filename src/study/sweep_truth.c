/* What all branchings of a space come to when they are trained, and how near a search
 * comes to the best of them. */
#include "study/sweep_truth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/arch/ranking.h"
#include "polytree/base/memory.h"
#include "polytree/record/run_checkpoint.h"

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

/* How much of a ranking a seed can tell at all. */
static pt_status_t find_agreement(const sweep_table_t *t, sweep_truth_t *truth)
{
    int32_t n = count(t, truth);
    double *own, *others, rho[PT_CONFIG_LIST];
    pt_status_t status = PT_OK;
    PT_TRY(pt_alloc(&own, 2 * (size_t)n, sizeof *own));
    others = own + n;
    for (int32_t i = 0; i < t->n_seed && status == PT_OK; i++) {
        for (int32_t b = 0; b < n; b++) {
            double x[PT_CONFIG_LIST];
            memcpy(x, truth->trained + (size_t)b * (size_t)t->n_seed,
                   (size_t)t->n_seed * sizeof *x);
            own[b] = x[i];
            x[i] = NAN;
            others[b] = sweep_estimate(x, t->n_seed).mean;
        }
        status = pt_ranking_correlation(n, own, others, &rho[i]);
    }
    pt_free(own);
    if (status == PT_OK)
        truth->agreement = sweep_estimate(rho, t->n_seed);
    return status;
}

/* What they have both been given they have been given alike. */
static bool is_comparable(const pt_sweep_t *s, int32_t search, int32_t exhaustive)
{
    const sweep_row_t *a = &s->row[search], *b = &s->row[exhaustive];
    bool is_alike = a->method == PT_METHOD_SEARCH;
    for (int32_t i = 0; i < s->n_axis; i++)
        if (s->axis[i].is_of[a->method] && s->axis[i].is_of[b->method])
            is_alike &= a->value[i] == b->value[i];
    return is_alike;
}

static void find_best(const sweep_table_t *t, const sweep_truth_t *truth, sweep_found_t *f)
{
    int32_t n = count(t, truth), i = 0;
    double x[PT_CONFIG_LIST];
    while (i < n && truth->order[i] != f->branching)
        i++;
    f->best = -1;
    f->behind = (sweep_estimate_t){0, NAN, NAN};
    if (truth->mean[f->branching].n == 0)
        return;
    f->rank = i + 1;
    for (i = 0; f->best < 0; i++)
        if (truth->cost[truth->order[i]] <= truth->cost[f->branching] ||
            truth->order[i] == f->branching)
            f->best = truth->order[i];
    for (i = 0; i < t->n_seed; i++)
        x[i] = truth->trained[(size_t)f->best * (size_t)t->n_seed + (size_t)i] -
               truth->trained[(size_t)f->branching * (size_t)t->n_seed + (size_t)i];
    f->behind = sweep_estimate(x, t->n_seed);
    double error = truth->mean[f->best].error;
    double gap = truth->mean[f->best].mean - truth->mean[f->branching].mean;
    f->is_within = gap <= (isfinite(error) ? error : 0);
    f->is_within_paired =
        f->behind.mean <= (isfinite(f->behind.error) ? f->behind.error : 0);
}

/* Chances that are equal but for rounding share a rank. */
static double round_off(double log_p)
{
    return round(log_p * 1e9) / 1e9;
}

/* With how likely each branching is; `first` as the copies are laid out. */
static pt_status_t correlate(const sweep_table_t *t, const sweep_truth_t *truth,
                             const double *logit, const int32_t *first, double *rho)
{
    int32_t n = count(t, truth);
    double *log_p, *mean;
    pt_status_t status = PT_OK;
    PT_TRY(pt_alloc(&log_p, 2 * (size_t)n, sizeof *log_p));
    mean = log_p + n;
    for (int32_t b = 0; b < n && status == PT_OK; b++) {
        mean[b] = truth->mean[b].mean;
        status = pt_ranking_log_p(logit, first, &t->sweep->row[truth->row].branching[b],
                                  &log_p[b]);
        log_p[b] = round_off(log_p[b]);
    }
    if (status == PT_OK)
        status = pt_ranking_correlation(n, log_p, mean, rho);
    pt_free(log_p);
    return status;
}

/* The number of the branching that a checkpoint holds; -1: none of ours. */
static int32_t read_branching(const sweep_row_t *row, const pt_checkpoint_t *c)
{
    const pt_branching_t *b = row->branching;
    const pt_record_t *r = pt_checkpoint_find(c, "architecture/branching");
    if (r == NULL || r->dtype != PT_DTYPE_I64 || r->n_dim != 2 || r->dim[0] != b->n_layer ||
        r->dim[1] != b->n_task)
        return -1;
    for (int32_t i = 0; i < row->n_branching; i++) {
        int32_t at = 0, n = b->n_layer * b->n_task;
        while (at < n && row->branching[i].group[at] == ((const int64_t *)r->data)[at])
            at++;
        if (at == n)
            return i;
    }
    return -1;
}

/* A search of another space, or that has kept no checkpoint, is left out. */
static pt_status_t take_checkpoint(const sweep_table_t *t, sweep_truth_t *truth,
                                   const pt_checkpoint_t *c, int32_t row, int32_t seed)
{
    const sweep_row_t *exhaustive = &t->sweep->row[truth->row];
    const pt_branching_t *b = exhaustive->branching;
    const pt_record_t *r = pt_checkpoint_find(c, "alpha/logit");
    sweep_found_t f = {.row = row, .seed = seed};
    int32_t first[PT_CONFIG_LIST + 1];
    f.branching = read_branching(exhaustive, c);
    if (f.branching < 0 || r == NULL || r->dtype != PT_DTYPE_F64 || r->n_dim != 2 ||
        r->dim[0] != b->n_task || r->dim[1] % b->n_layer != 0)
        return PT_OK;
    for (int32_t l = 0; l <= b->n_layer; l++)
        first[l] = l * (int32_t)(r->dim[1] / b->n_layer);
    PT_TRY(correlate(t, truth, r->data, first, &f.correlation));
    find_best(t, truth, &f);
    truth->found[truth->n_found++] = f;
    return PT_OK;
}

static pt_status_t read_search(const sweep_table_t *t, sweep_truth_t *truth, int32_t row,
                               int32_t seed)
{
    char path[PT_CONFIG_TEXT], notice[512];
    pt_checkpoint_t c;
    bool is_found = false;
    pt_status_t status;
    sweep_path(t->sweep, row, seed, 0, path);
    pt_checkpoint_init(&c);
    PT_TRY_OR(done, pt_run_checkpoint_peek(path, &c, &is_found, notice));
    if (is_found)
        PT_TRY_OR(done, take_checkpoint(t, truth, &c, row, seed));
done:
    pt_checkpoint_release(&c);
    return status;
}

static pt_status_t find_truth(const sweep_table_t *table, int32_t row, sweep_truth_t *truth)
{
    *truth = (sweep_truth_t){.row = row,
                             .value = sweep_table_has(table, SWEEP_DELTA) ? SWEEP_DELTA
                                                                          : SWEEP_METRIC};
    PT_TRY(allocate(table, truth));
    take_runs(table, truth);
    PT_TRY(sort(table, truth));
    PT_TRY(find_agreement(table, truth));
    for (int32_t r = 0; r < table->n_row && truth->n_run > 0; r++)
        for (int32_t i = 0; i < table->n_seed && is_comparable(table->sweep, r, row); i++)
            if (table->line[r].cell[i].is_done)
                PT_TRY(read_search(table, truth, r, i));
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
        pt_free(truths->truth[i].found);
    }
    pt_free(truths->truth);
    *truths = (sweep_truths_t){.n = 0};
}

sweep_estimate_t sweep_truth_correlation(const sweep_truth_t *truth, int32_t row)
{
    double x[PT_CONFIG_LIST];
    int32_t n = 0;
    for (int32_t i = 0; i < truth->n_found; i++)
        if (truth->found[i].row == row)
            x[n++] = truth->found[i].correlation;
    return sweep_estimate(x, n);
}
