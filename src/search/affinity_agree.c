/* Whether tasks that are alike run a layer together: a permutation test. */
#include <math.h>

#include "polytree/base/memory.h"
#include "polytree/base/rng.h"
#include "search/affinity_parts.h"

enum { MOST_ORDERS = 9999, ALL_OF_TASKS = 7 /* 5040 orders are all tried */ };

typedef struct test {
    int32_t n;
    double *rank; /* [n][n] of the affinity over pairs, less the mean */
    const int32_t *group;
    int32_t *order; /* [n] */
} agreement_test_t;

/* Ranks of pairs i < j. */
static pt_status_t rank_pairs(const double *value, agreement_test_t *t)
{
    int64_t n_pair = (int64_t)t->n * (t->n - 1) / 2, at = 0;
    float *x = NULL;
    uint32_t *twice = NULL;
    pt_status_t status = PT_OK;
    PT_TRY_OR(done, pt_alloc(&x, (size_t)n_pair, sizeof *x));
    PT_TRY_OR(done, pt_alloc(&twice, (size_t)n_pair, sizeof *twice));
    for (int32_t j = 1; j < t->n; j++)
        for (int32_t i = 0; i < j; i++)
            x[at++] = (float)value[(size_t)i * (size_t)t->n + (size_t)j];
    PT_TRY_OR(done, affinity_rank(x, n_pair, twice));
    at = 0;
    for (int32_t j = 1; j < t->n; j++)
        for (int32_t i = 0; i < j; i++)
            t->rank[(size_t)i * (size_t)t->n + (size_t)j] =
                t->rank[(size_t)j * (size_t)t->n + (size_t)i] =
                    0.5 * ((double)twice[at++] - (double)(n_pair + 1));
done:
    pt_free(x);
    pt_free(twice);
    return status;
}

/* Of the pairs that are together where the tasks have changed places; halves of whole
 * numbers, so exact. */
static double sum_together(const agreement_test_t *t)
{
    double sum = 0;
    for (int32_t j = 1; j < t->n; j++)
        for (int32_t i = 0; i < j; i++)
            if (t->group[t->order[i]] == t->group[t->order[j]])
                sum += t->rank[(size_t)i * (size_t)t->n + (size_t)j];
    return sum;
}

/* The next order in the lexicographic one; false at the last. */
static bool next_order(int32_t *order, int32_t n)
{
    int32_t i = n - 2, j = n - 1;
    while (i >= 0 && order[i] > order[i + 1])
        i--;
    if (i < 0)
        return false;
    while (order[j] < order[i])
        j--;
    int32_t own = order[i];
    order[i] = order[j];
    order[j] = own;
    for (int32_t a = i + 1, b = n - 1; a < b; a++, b--) {
        own = order[a];
        order[a] = order[b];
        order[b] = own;
    }
    return true;
}

static void draw_order(agreement_test_t *t, uint32_t number)
{
    const pt_rng_t rng = {.seed = 1, .purpose = PT_RNG_CHOOSE, .step = number};
    pt_permutation_t p = pt_permutation(&rng, t->n);
    for (int32_t k = 0; k < t->n; k++)
        t->order[k] = (int32_t)pt_permutation_at(&p, k);
}

static void count_orders(agreement_test_t *t, double own, pt_affinity_agreement_t *out)
{
    int64_t n_better = 1;
    out->is_all = t->n <= ALL_OF_TASKS;
    out->n_order = 1;
    while (out->is_all ? next_order(t->order, t->n) : out->n_order <= MOST_ORDERS) {
        if (!out->is_all)
            draw_order(t, (uint32_t)out->n_order);
        n_better += sum_together(t) >= own;
        out->n_order++;
    }
    out->p = (double)n_better / (double)out->n_order;
}

/* Pearson's correlation of ranks with 0 and 1, which is that of their ranks. */
static double correlate(const agreement_test_t *t, double own)
{
    double square = 0;
    int64_t n_pair = (int64_t)t->n * (t->n - 1) / 2, together = 0;
    for (int32_t j = 1; j < t->n; j++)
        for (int32_t i = 0; i < j; i++) {
            double r = t->rank[(size_t)i * (size_t)t->n + (size_t)j];
            square += r * r;
            together += t->group[i] == t->group[j];
        }
    double share = n_pair > 0 ? (double)together / (double)n_pair : 0;
    double size = sqrt(square) * sqrt((double)n_pair * share * (1 - share));
    return size > 0 ? own / size : (double)NAN;
}

pt_status_t pt_affinity_agree(int32_t n_task, const double *value, const int32_t *group,
                              pt_affinity_agreement_t *out)
{
    agreement_test_t t = {.n = n_task, .group = group};
    size_t n = (size_t)n_task;
    pt_status_t status = PT_OK;
    *out = (pt_affinity_agreement_t){.rho = (double)NAN, .p = (double)NAN};
    PT_TRY_OR(done, pt_alloc(&t.rank, n * n, sizeof *t.rank));
    PT_TRY_OR(done, pt_alloc(&t.order, n, sizeof *t.order));
    for (int32_t k = 0; k < n_task; k++)
        t.order[k] = k;
    PT_TRY_OR(done, rank_pairs(value, &t));
    double own = sum_together(&t);
    out->rho = correlate(&t, own);
    if (!isnan(out->rho))
        count_orders(&t, own, out);
done:
    pt_free(t.rank);
    pt_free(t.order);
    return status;
}
