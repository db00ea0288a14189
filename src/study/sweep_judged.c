/* How near the searches of a sweep come to the truth: what they think of the branchings,
 * which they have found, and what both are worth on seeds that are not theirs. */
#include <math.h>
#include <string.h>

#include "polytree/arch/ranking.h"
#include "polytree/base/memory.h"
#include "polytree/record/candidates.h"
#include "polytree/record/journal.h"
#include "polytree/record/run_checkpoint.h"
#include "polytree/record/run_file.h"
#include "study/interval.h"
#include "study/sweep_truth.h"

/** A search that is being held against the truth. */
typedef struct held {
    const sweep_table_t *t;
    const sweep_truth_t *truth;
    const sweep_row_t *row; /* exhaustive */
    double *opinion;        /* [n_branching] more is better; NaN: none */
    sweep_found_t *found;
} held_t;

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

/* Chances that are equal but for rounding share a rank. */
static double round_off(double log_p)
{
    return round(log_p * 1e9) / 1e9;
}

/* By how likely each branching is under alpha, [n_task][n_layer * copies]. */
static pt_status_t ask_alpha(held_t *h, const pt_record_t *logit)
{
    const pt_branching_t *b = h->row->branching;
    int32_t first[PT_CONFIG_LIST + 1];
    if (logit == NULL || logit->dtype != PT_DTYPE_F64 || logit->n_dim != 2 ||
        logit->dim[0] != b->n_task || logit->dim[1] % b->n_layer != 0)
        return PT_OK;
    for (int32_t l = 0; l <= b->n_layer; l++)
        first[l] = l * (int32_t)(logit->dim[1] / b->n_layer);
    for (int32_t i = 0; i < h->row->n_branching; i++) {
        PT_TRY(pt_ranking_log_p(logit->data, first, &b[i], &h->opinion[i]));
        h->opinion[i] = round_off(h->opinion[i]);
    }
    return PT_OK;
}

static int32_t number_of(const sweep_row_t *row, const pt_branching_t *b)
{
    int32_t i = 0;
    while (i < row->n_branching && !pt_branching_equal(&row->branching[i], b))
        i++;
    return i < row->n_branching ? i : -1;
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

static pt_status_t take_score(void *context, const pt_branching_t *branching, double score)
{
    held_t *h = context;
    int32_t i = number_of(h->row, branching);
    if (i >= 0)
        h->opinion[i] = -score;
    return PT_OK;
}

static pt_status_t take_choice(void *context, const pt_event_t *event)
{
    if (event->kind == PT_EVENT_CHOICE)
        ((held_t *)context)->found->spent = event->choice.spent;
    return PT_OK;
}

/* By the last score that each has got. */
static pt_status_t ask_judge(held_t *h, const char *run)
{
    const pt_branching_t *b = h->row->branching;
    char path[PT_PATH_MAX];
    PT_TRY(pt_run_file_path(run, PT_FILE_CANDIDATES, path));
    PT_TRY(pt_candidates_read_scores(path, b->n_layer, b->n_task, take_score, h));
    return pt_journal_read(run, take_choice, h);
}

static pt_status_t correlate(held_t *h, int32_t seed)
{
    int32_t n = h->row->n_branching;
    double *others;
    PT_TRY(pt_alloc(&others, (size_t)n, sizeof *others));
    for (int32_t b = 0; b < n; b++) {
        others[b] = sweep_truth_held_out(h->t, h->truth, b, seed, seed);
        h->found->n_judged += !isnan(h->opinion[b]);
    }
    pt_status_t status =
        pt_ranking_correlation(n, h->opinion, others, &h->found->correlation);
    h->found->lead = h->found->correlation - h->truth->repeat[seed];
    pt_free(others);
    return status;
}

/* Mean over the other seeds of what the best at such a cost, by all seeds but the one it is
 * measured on, has more than the one found. */
static double find_regret(const held_t *h, int32_t seed, double most)
{
    const sweep_truth_t *truth = h->truth;
    int32_t n_seed = h->t->n_seed, found = h->found->branching;
    double x[PT_CONFIG_LIST];
    for (int32_t i = 0; i < n_seed; i++) {
        int32_t best = i == seed ? -1 : sweep_truth_extreme(h->t, truth, i, false, most);
        x[i] = best < 0 ? (double)NAN
                        : truth->trained[(size_t)best * (size_t)n_seed + (size_t)i] -
                              truth->trained[(size_t)found * (size_t)n_seed + (size_t)i];
    }
    return sweep_estimate(x, n_seed).mean;
}

static void find_rank(held_t *h)
{
    int32_t i = 0;
    while (h->truth->order[i] != h->found->branching)
        i++;
    h->found->rank = h->truth->mean[h->found->branching].n > 0 ? i + 1 : 0;
}

/* A search of another space, or that has kept no checkpoint, is left out. */
static pt_status_t hold(held_t *h, const char *run, const pt_checkpoint_t *c, int32_t seed)
{
    h->found->branching = read_branching(h->row, c);
    if (h->found->branching < 0)
        return PT_OK;
    for (int32_t b = 0; b < h->row->n_branching; b++)
        h->opinion[b] = NAN;
    if (pt_run_file_exists(run, PT_FILE_CANDIDATES))
        PT_TRY(ask_judge(h, run));
    else
        PT_TRY(ask_alpha(h, pt_checkpoint_find(c, "alpha/logit")));
    PT_TRY(correlate(h, seed));
    find_rank(h);
    h->found->regret = find_regret(h, seed, h->truth->cost[h->found->branching]);
    h->found->behind = find_regret(h, seed, INFINITY);
    return PT_OK;
}

static pt_status_t read_search(held_t *h, int32_t row, int32_t seed, bool *is_held)
{
    char path[PT_CONFIG_TEXT], notice[512];
    pt_checkpoint_t c;
    bool is_there = false;
    pt_status_t status;
    *h->found = (sweep_found_t){
        .row = row, .seed = seed, .branching = -1, .correlation = NAN, .spent = NAN};
    sweep_path(h->t->sweep, row, seed, 0, path);
    pt_checkpoint_init(&c);
    PT_TRY_OR(done, pt_run_checkpoint_peek(path, &c, &is_there, notice));
    if (is_there)
        PT_TRY_OR(done, hold(h, path, &c, seed));
    *is_held = h->found->branching >= 0;
done:
    pt_checkpoint_release(&c);
    return status;
}

/* Regret of a row's seed; NaN where it has none. */
static double regret_of(const sweep_truth_t *truth, int32_t row, int32_t seed)
{
    for (int32_t i = 0; i < truth->n_found; i++)
        if (truth->found[i].row == row && truth->found[i].seed == seed)
            return truth->found[i].regret;
    return NAN;
}

static void sum_up(const sweep_truth_t *truth, int32_t row, sweep_verdict_t *v)
{
    double x[6][PT_CONFIG_LIST];
    int32_t n = 0;
    for (int32_t i = 0; i < truth->n_found; i++) {
        const sweep_found_t *f = &truth->found[i];
        if (f->row != row)
            continue;
        x[0][n] = f->correlation;
        x[1][n] = f->lead;
        x[2][n] = f->regret;
        x[3][n] = f->behind;
        x[4][n] = f->spent;
        x[5][n++] = f->regret - regret_of(truth, truth->found[0].row, f->seed);
    }
    *v = (sweep_verdict_t){.row = row,
                           .correlation = sweep_estimate(x[0], n),
                           .lead = sweep_estimate(x[1], n),
                           .regret = sweep_estimate(x[2], n),
                           .behind = sweep_estimate(x[3], n),
                           .spent = sweep_estimate(x[4], n),
                           .less = sweep_estimate(x[5], n)};
}

/* Of a mean's being 0; a mean without any spread says nothing of its own. */
static double level(sweep_estimate_t e)
{
    return e.error > 0 ? study_t_tails(e.mean / e.error, e.n - 1) : (double)NAN;
}

static void find_verdicts(sweep_truth_t *truth)
{
    double lead[SWEEP_ROW], less[SWEEP_ROW];
    for (int32_t i = 0; i < truth->n_found; i++)
        if (i == 0 || truth->found[i].row != truth->found[i - 1].row)
            sum_up(truth, truth->found[i].row, &truth->verdict[truth->n_verdict++]);
    for (int32_t i = 0; i < truth->n_verdict; i++) {
        lead[i] = level(truth->verdict[i].lead);
        less[i] = level(truth->verdict[i].less);
    }
    double adjusted[SWEEP_ROW];
    study_holm(truth->n_verdict, lead, adjusted);
    for (int32_t i = 0; i < truth->n_verdict; i++)
        truth->verdict[i].lead_level = adjusted[i];
    study_holm(truth->n_verdict, less, adjusted);
    for (int32_t i = 0; i < truth->n_verdict; i++)
        truth->verdict[i].less_level = adjusted[i];
}

static pt_status_t hold_all(const sweep_table_t *t, sweep_truth_t *truth)
{
    held_t h = {.t = t, .truth = truth, .row = &t->sweep->row[truth->row]};
    pt_status_t status;
    PT_TRY_OR(done, pt_alloc(&h.opinion, (size_t)h.row->n_branching, sizeof *h.opinion));
    for (int32_t r = 0; r < t->n_row; r++)
        for (int32_t i = 0; i < t->n_seed && is_comparable(t->sweep, r, truth->row); i++) {
            bool is_held = false;
            h.found = &truth->found[truth->n_found];
            if (t->line[r].cell[i].is_done)
                PT_TRY_OR(done, read_search(&h, r, i, &is_held));
            truth->n_found += is_held;
        }
    find_verdicts(truth);
done:
    pt_free(h.opinion);
    return status;
}

pt_status_t sweep_truths_hold(const sweep_table_t *table, sweep_truths_t *truths)
{
    for (int32_t i = 0; i < truths->n; i++)
        if (truths->truth[i].n_run > 0)
            PT_TRY(hold_all(table, &truths->truth[i]));
    return PT_OK;
}
