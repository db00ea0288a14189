/*
 * The expected number of groups in every layer, by a walk over the tree of copies that
 * stops where little is left.
 *
 * A prefix u of depth l is a node of the tree; the root has depth 0.  With
 *
 *     e1 = sum_k q_k,   e2 = sum_{i<j} q_i q_j,   e3 = sum_{i<j<k} q_i q_j q_k
 *
 * at a node, the chance that any task comes there lies in [e1 - e2, e1 - e2 + min(e2, e3)].
 * Over all nodes of depth l' below u, e1 sums to e1(u), and e2 to
 *
 *     sum_{i<j} q_i q_j d_(l+1)[i,j] .. d_l'[i,j],   d_m[i,j] = sum_c p_m^i(c) p_m^j(c),
 *
 * so that with tail_l = d_(l+1) * (f_(l+1) + tail_(l+1)), elementwise, all that lies below
 * u counts sum_{i<j} q_i q_j tail_l[i,j] in the objective sum_l f_l E[G_l].  For e3, each
 * pair of a node meets a third task with weight one third:
 *
 *     e3 = 1/3 sum_{i<j} q_i q_j (e1 - q_i - q_j) <= 1/3 sum_{i<j} q_i q_j (R - r_i - r_j),
 *     r_k = q_k(u) max_c p_(l+1)^k(c) >= q_k of any node below u,   R = sum_k r_k.
 *
 * So the width that is left when the walk stops at u, its gap, is known on arrival, and is
 * of third order.  The walk stops where the gap is at most the node's share of what the
 * tolerance allows.  Shares go by e1, which adds up to the number of tasks over whatever
 * nodes the walk ends at; what one node leaves unused is for those that come after.
 *
 * The gradient is taken on the way back: bar_k(u) = d objective / d q_k(u).
 */
#include "polytree/arch/expect.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "polytree/base/memory.h"

#define MIN_TOLERANCE 1e-13
#define MAX_SUM_ERROR 1e-6 /* of probabilities that sum to 1 */

/* Matrices [n_task][n_task] by depth: tail is symmetric with diagonal 0; meet too but for
 * the diagonal; of pairs and triples the lower triangle counts. */
struct pt_expect {
    int32_t n_task, n_layer;
    int32_t *first;
    double *p, *dp;  /* [first[n_layer]][n_task] */
    double *p_max;   /* [n_layer][n_task] over the copies */
    double *meet;    /* [n_layer] d of the layer below this depth */
    double *tail;    /* [n_layer + 1] */
    double *pairs;   /* [n_layer] sum of q_i q_j over the nodes where the walk stopped */
    double *triples; /* [n_layer] the same times the weight in the gap */
    double *product; /* one matrix */
    double *q, *bar; /* [n_layer + 1][n_task] of the path to the current node */
    double *r, *tail_q, *tail_qr; /* [n_task] of the current node */
    double *walked, *stopped;     /* [n_layer + 1] chances of nodes; e1 of the stops */
    double *f_below;              /* [n_layer + 1] sum of f below this depth */
    const double *f;
    double allowed, mass; /* gap and e1 that are left for the nodes to come */
    int64_t n_visited;
};

static double *matrix(const pt_expect_t *e, double *of, int32_t depth)
{
    return of + (size_t)depth * (size_t)e->n_task * (size_t)e->n_task;
}

static double *row(const pt_expect_t *e, double *of, int32_t i)
{
    return of + (size_t)i * (size_t)e->n_task;
}

void pt_expect_free(pt_expect_t *e)
{
    if (!e)
        return;
    pt_free(e->first);
    pt_free(e->p);
    pt_free(e);
}

pt_status_t pt_expect_new(int32_t n_task, int32_t n_layer, const int32_t *first,
                          pt_expect_t **expect)
{
    pt_status_t status = PT_OK;
    pt_expect_t *e;

    if (n_task < 1 || n_layer < 1)
        PT_FAIL(RANGE, "expected groups of %d tasks and %d layers: at least 1 of each",
                n_task, n_layer);
    for (int32_t l = 0; l < n_layer; l++)
        if (first[l + 1] <= first[l] || first[0] != 0)
            PT_FAIL(RANGE, "layer %d has copies from %d to below %d, expected at least one",
                    l + 1, first[l], first[l + 1]);
    PT_TRY(pt_alloc(&e, 1, sizeof *e));
    e->n_task = n_task;
    e->n_layer = n_layer;
    size_t k = (size_t)n_task, n = (size_t)n_layer, choices = (size_t)first[n_layer];
    const struct {
        double **at;
        size_t count;
    } part[] = {
        {&e->p, choices * k},
        {&e->dp, choices * k},
        {&e->p_max, n * k},
        {&e->meet, n * k * k},
        {&e->tail, (n + 1) * k * k},
        {&e->pairs, n * k * k},
        {&e->triples, n * k * k},
        {&e->product, k * k},
        {&e->q, (n + 1) * k},
        {&e->bar, (n + 1) * k},
        {&e->r, k},
        {&e->tail_q, k},
        {&e->tail_qr, k},
        {&e->walked, n + 1},
        {&e->stopped, n + 1},
        {&e->f_below, n + 1},
    };
    enum { N_PART = sizeof part / sizeof *part };
    size_t total = 0;
    for (int i = 0; i < N_PART; i++)
        total += part[i].count;
    PT_TRY_OR(failed, pt_alloc(&e->first, n + 1, sizeof *e->first));
    PT_TRY_OR(failed, pt_alloc(&e->p, total, sizeof(double)));
    memcpy(e->first, first, (n + 1) * sizeof *first);
    for (int i = 1; i < N_PART; i++)
        *part[i].at = *part[i - 1].at + part[i - 1].count;
    *expect = e;
    return PT_OK;
failed:
    pt_expect_free(e);
    return status;
}

static pt_status_t check_arguments(const pt_expect_t *e, const double *p, const double *f,
                                   double tolerance)
{
    int32_t n_choice = e->first[e->n_layer];

    if (!(tolerance >= 0) || !isfinite(tolerance))
        PT_FAIL(RANGE, "tolerance %g of the expected cost, expected 0 or more", tolerance);
    for (int32_t l = 0; l < e->n_layer; l++) {
        if (!(f[l] >= 0) || !isfinite(f[l]))
            PT_FAIL(NUMERIC, "layer %d costs %g, expected a number not below 0", l + 1,
                    f[l]);
        for (int32_t k = 0; k < e->n_task; k++) {
            const double *of_task = p + (size_t)k * (size_t)n_choice;
            double sum = 0;
            for (int32_t c = e->first[l]; c < e->first[l + 1]; c++)
                sum += of_task[c] >= 0 ? of_task[c] : NAN;
            if (!(fabs(sum - 1) <= MAX_SUM_ERROR))
                PT_FAIL(NUMERIC,
                        "chances of task %d over the copies of layer %d sum to %g, "
                        "expected 1",
                        k, l + 1, sum);
        }
    }
    return PT_OK;
}

/* Copies become rows, so that inner loops run over tasks. */
static void load_chances(pt_expect_t *e, const double *p)
{
    int32_t n_task = e->n_task, n_choice = e->first[e->n_layer];

    for (int32_t l = 0; l < e->n_layer; l++) {
        double *largest = row(e, e->p_max, l);
        memset(largest, 0, (size_t)n_task * sizeof *largest);
        for (int32_t c = e->first[l]; c < e->first[l + 1]; c++)
            for (int32_t k = 0; k < n_task; k++) {
                double x = p[(size_t)k * (size_t)n_choice + (size_t)c];
                row(e, e->p, c)[k] = x;
                largest[k] = x > largest[k] ? x : largest[k];
            }
    }
}

static void prepare_tails(pt_expect_t *e)
{
    int32_t n_task = e->n_task;
    size_t bytes = (size_t)n_task * (size_t)n_task * sizeof(double);

    memset(matrix(e, e->tail, e->n_layer), 0, bytes);
    e->f_below[e->n_layer] = 0;
    for (int32_t l = e->n_layer - 1; l >= 0; l--) {
        double *meet = matrix(e, e->meet, l), *tail = matrix(e, e->tail, l);
        double *below = matrix(e, e->tail, l + 1);
        memset(meet, 0, bytes);
        for (int32_t c = e->first[l]; c < e->first[l + 1]; c++) {
            const double *p = row(e, e->p, c);
            for (int32_t i = 0; i < n_task; i++)
                for (int32_t j = 0; j < n_task; j++)
                    row(e, meet, i)[j] += p[i] * p[j];
        }
        for (int32_t x = 0; x < n_task * n_task; x++)
            tail[x] = meet[x] * (e->f[l] + below[x]);
        for (int32_t i = 0; i < n_task; i++)
            row(e, tail, i)[i] = 0;
        e->f_below[l] = e->f_below[l + 1] + e->f[l];
    }
}

/* sum_{i<j} a b, of matrices */
static double sum_pairs(const pt_expect_t *e, double *a, double *b)
{
    double sum = 0;
    for (int32_t i = 1; i < e->n_task; i++)
        for (int32_t j = 0; j < i; j++)
            sum += row(e, a, i)[j] * row(e, b, i)[j];
    return sum;
}

/* The chance of a union is at least e1^2 / (e1 + 2 e2), and so is the sum over nodes by
 * Cauchy's inequality, with the sums of e1 and e2 (after de Caen 1997). */
static double least_objective(pt_expect_t *e)
{
    double sum = 0, k = e->n_task;
    int32_t n = e->n_task * e->n_task;

    for (int32_t x = 0; x < n; x++)
        e->product[x] = 1;
    for (int32_t l = 0; l < e->n_layer; l++) {
        double *meet = matrix(e, e->meet, l);
        sum += e->f[l] * k * k / (k + 2 * sum_pairs(e, e->product, meet));
        for (int32_t x = 0; x < n; x++)
            e->product[x] *= meet[x];
    }
    return sum;
}

/* Chance that any task comes to the node; bar = f times its gradient. */
static double union_chance(const pt_expect_t *e, const double *q, double f, double *bar)
{
    double chance = 0, none = 1;

    for (int32_t k = 0; k < e->n_task; k++) {
        bar[k] = f * none;
        chance += q[k] * none;
        none *= 1 - q[k];
    }
    none = 1;
    for (int32_t k = e->n_task - 1; k >= 0; k--) {
        bar[k] *= none;
        none *= 1 - q[k];
    }
    return chance;
}

/* The gap of a node, and whether it is that of third order.  Leaves r and tail_q. */
static double find_gap(pt_expect_t *e, int32_t depth, bool *is_third)
{
    int32_t n_task = e->n_task;
    const double *q = row(e, e->q, depth), *p_max = row(e, e->p_max, depth);
    double *tail = matrix(e, e->tail, depth), *tail_q = e->tail_q, *tail_qr = e->tail_qr;
    double sum_r = 0, second = 0, third = 0;

    for (int32_t k = 0; k < n_task; k++) {
        e->r[k] = q[k] * p_max[k];
        sum_r += e->r[k];
        tail_q[k] = tail_qr[k] = 0;
    }
    for (int32_t i = 0; i < n_task; i++) {
        const double *of = row(e, tail, i);
        double q_i = q[i], qr_i = q[i] * e->r[i];
        if (q_i == 0)
            continue;
        for (int32_t j = 0; j < n_task; j++) {
            tail_q[j] += q_i * of[j];
            tail_qr[j] += qr_i * of[j];
        }
    }
    for (int32_t k = 0; k < n_task; k++) {
        second += q[k] * tail_q[k] / 2;
        third += q[k] * ((sum_r - e->r[k]) * tail_q[k] - tail_qr[k]) / 6;
    }
    *is_third = third < second;
    return *is_third ? fmax(third, 0) : second;
}

static void stop_at(pt_expect_t *e, int32_t depth, bool is_third)
{
    const double *q = row(e, e->q, depth), *r = e->r;
    double *pairs = matrix(e, e->pairs, depth), *triples = matrix(e, e->triples, depth);
    double *bar = row(e, e->bar, depth), sum_r = 0;

    for (int32_t k = 0; k < e->n_task; k++) {
        sum_r += r[k];
        bar[k] += e->f_below[depth] - e->tail_q[k];
    }
    for (int32_t i = 0; i < e->n_task; i++) {
        double *pairs_i = row(e, pairs, i), *triples_i = row(e, triples, i);
        double others = sum_r - r[i];
        if (q[i] == 0)
            continue;
        for (int32_t j = 0; j < i; j++) {
            double pair = q[i] * q[j];
            pairs_i[j] += pair;
            triples_i[j] += is_third ? pair * (others - r[j]) / 3 : pair;
        }
    }
}

static void walk(pt_expect_t *e, int32_t depth)
{
    int32_t n_task = e->n_task;
    const double *q = row(e, e->q, depth);
    double *bar = row(e, e->bar, depth), e1 = 0, gap;
    bool is_third;

    e->n_visited++;
    for (int32_t k = 0; k < n_task; k++) {
        e1 += q[k];
        bar[k] = 0;
    }
    if (depth > 0)
        e->walked[depth] += union_chance(e, q, e->f[depth - 1], bar);
    if (depth == e->n_layer) {
        e->mass -= e1;
        return;
    }
    gap = find_gap(e, depth, &is_third);
    if (gap == 0 || gap <= e->allowed * e1 / fmax(e->mass, e1)) {
        e->allowed -= gap;
        e->mass -= e1;
        e->stopped[depth] += e1;
        stop_at(e, depth, is_third);
        return;
    }
    double *q_below = row(e, e->q, depth + 1);
    const double *bar_below = row(e, e->bar, depth + 1);
    for (int32_t c = e->first[depth]; c < e->first[depth + 1]; c++) {
        const double *p = row(e, e->p, c);
        double *dp = row(e, e->dp, c);
        for (int32_t k = 0; k < n_task; k++)
            q_below[k] = q[k] * p[k];
        walk(e, depth + 1);
        for (int32_t k = 0; k < n_task; k++) {
            bar[k] += p[k] * bar_below[k];
            dp[k] += q[k] * bar_below[k];
        }
    }
}

/* pairs and triples become sums over all nodes of their depth that lie at or below a stop.
 */
static void collect_bounds(pt_expect_t *e, double *low, double *high)
{
    int32_t n = e->n_task * e->n_task;
    double alone = 0;

    for (int32_t l = 0; l < e->n_layer; l++) {
        double *meet = matrix(e, e->meet, l);
        double *pairs = matrix(e, e->pairs, l), *triples = matrix(e, e->triples, l);
        alone += e->stopped[l];
        low[l] = e->walked[l + 1] + alone - sum_pairs(e, pairs, meet);
        high[l] = low[l] + sum_pairs(e, triples, meet);
        if (l + 1 < e->n_layer)
            for (int32_t x = 0; x < n; x++) {
                matrix(e, e->pairs, l + 1)[x] += pairs[x] * meet[x];
                matrix(e, e->triples, l + 1)[x] += triples[x] * meet[x];
            }
    }
}

/* What the pairs add to the gradient, by d; after collect_bounds(). */
static void add_pair_gradient(pt_expect_t *e)
{
    for (int32_t l = 0; l < e->n_layer; l++) {
        double *pairs = matrix(e, e->pairs, l), *below = matrix(e, e->tail, l + 1);
        for (int32_t i = 1; i < e->n_task; i++)
            for (int32_t j = 0; j < i; j++)
                row(e, e->product, i)[j] =
                    row(e, pairs, i)[j] * (e->f[l] + row(e, below, i)[j]);
        for (int32_t c = e->first[l]; c < e->first[l + 1]; c++) {
            const double *p = row(e, e->p, c);
            double *dp = row(e, e->dp, c);
            for (int32_t i = 1; i < e->n_task; i++)
                for (int32_t j = 0; j < i; j++) {
                    dp[i] -= row(e, e->product, i)[j] * p[j];
                    dp[j] -= row(e, e->product, i)[j] * p[i];
                }
        }
    }
}

pt_status_t pt_expect_groups(pt_expect_t *e, const double *p, const double *f,
                             double tolerance, double *low, double *high, double *dp)
{
    size_t n_task = (size_t)e->n_task, n_choice = (size_t)e->first[e->n_layer];
    size_t matrices = (size_t)e->n_layer * n_task * n_task;

    PT_TRY(check_arguments(e, p, f, tolerance));
    tolerance = fmax(tolerance, MIN_TOLERANCE);
    e->f = f;
    load_chances(e, p);
    prepare_tails(e);
    memset(e->dp, 0, n_choice * n_task * sizeof *e->dp);
    memset(e->pairs, 0, matrices * sizeof *e->pairs);
    memset(e->triples, 0, matrices * sizeof *e->triples);
    memset(e->walked, 0, ((size_t)e->n_layer + 1) * sizeof *e->walked);
    memset(e->stopped, 0, ((size_t)e->n_layer + 1) * sizeof *e->stopped);
    for (size_t k = 0; k < n_task; k++)
        e->q[k] = 1;
    /* The objective's low is at least its true value less the gap. */
    e->allowed = least_objective(e) * tolerance / (1 + tolerance);
    e->mass = e->n_task;
    e->n_visited = 0;
    walk(e, 0);
    collect_bounds(e, low, high);
    if (dp) {
        add_pair_gradient(e);
        for (size_t c = 0; c < n_choice; c++)
            for (size_t k = 0; k < n_task; k++)
                dp[k * n_choice + c] = e->dp[c * n_task + k];
    }
    e->f = NULL;
    return PT_OK;
}

int64_t pt_expect_n_visited(const pt_expect_t *e)
{
    return e->n_visited;
}
