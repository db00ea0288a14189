/* The probability that a search gives each branching, and correlation of such ranks. */
#include "polytree/arch/ranking.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/memory.h"

/* Sets of parts are the bits of a number. */
enum { MOST_PARTS = 20 };

/* A layer: the groups that those of the layer before part into. */
typedef struct layer {
    int32_t n_task, n_group;       /* groups before */
    const int32_t *before, *group; /* [n_task]; before is NULL in the first */
    int32_t *n_part;               /* [n_group] */
    int32_t *part;                 /* [groups now] its number among those of its group */
} layer_t;

static int32_t group_before(const layer_t *l, int32_t task)
{
    return l->before == NULL ? 0 : l->before[task];
}

static void take_layer(const pt_branching_t *b, int32_t layer, layer_t *l)
{
    int32_t n = 0;
    l->n_task = b->n_task;
    l->group = b->group + (size_t)layer * (size_t)b->n_task;
    l->before = layer > 0 ? l->group - b->n_task : NULL;
    l->n_group = layer > 0 ? pt_branching_n_group(b, layer - 1) : 1;
    memset(l->n_part, 0, (size_t)l->n_task * sizeof *l->n_part);
    for (int32_t k = 0; k < b->n_task; k++)
        if (l->group[k] == n)
            l->part[n++] = l->n_part[group_before(l, k)]++;
}

/* log(exp(x) + exp(y)) */
static double add_logs(double x, double y)
{
    double most = fmax(x, y), least = fmin(x, y);
    return least == -INFINITY ? most : most + log1p(exp(least - most));
}

/* Add log softmax(x) to log_p. */
static void add_log_softmax(int32_t n, const double *x, double *log_p)
{
    double most = x[0], sum = 0;
    for (int32_t c = 1; c < n; c++)
        most = fmax(most, x[c]);
    for (int32_t c = 0; c < n; c++)
        sum += exp(x[c] - most);
    for (int32_t c = 0; c < n; c++)
        log_p[c] += x[c] - most - log(sum);
}

/**
 * That the parts of a group have distinct copies, all tasks of a part the same.  Copy after
 * copy goes to one of the parts that have none yet, or to none.
 *
 * @param[in] part  [n_part][n_copy] log-probabilities that all tasks of a part use a copy
 * @param     set   [2^n_part] for the sets of parts that have one
 */
static double add_up_ways(int32_t n_part, int32_t n_copy, const double *part, double *set)
{
    const uint32_t all = (1u << n_part) - 1;
    for (uint32_t s = 0; s <= all; s++)
        set[s] = s == 0 ? 0 : -INFINITY;
    for (int32_t c = 0; c < n_copy; c++)
        for (uint32_t s = all; s > 0; s--)
            for (int32_t i = 0; i < n_part; i++)
                if ((s >> i & 1) != 0)
                    set[s] = add_logs(set[s], set[s & ~(1u << i)] + part[i * n_copy + c]);
    return set[all];
}

/* log P of what a layer's groups part into; logit [n_task][stride] of its copies. */
static double weigh_layer(const layer_t *l, int32_t n_copy, const double *logit,
                          int32_t stride, double *part, double *set)
{
    double sum = 0;
    for (int32_t g = 0; g < l->n_group; g++) {
        memset(part, 0, (size_t)(l->n_part[g] * n_copy) * sizeof *part);
        for (int32_t k = 0; k < l->n_task; k++)
            if (group_before(l, k) == g)
                add_log_softmax(n_copy, logit + (size_t)k * (size_t)stride,
                                part + l->part[l->group[k]] * n_copy);
        sum += add_up_ways(l->n_part[g], n_copy, part, set);
    }
    return sum;
}

/* Most parts of a group, and most copies of a layer. */
static void find_sizes(const pt_branching_t *b, const int32_t *first, layer_t *l,
                       int32_t *n_part, int32_t *n_copy)
{
    *n_part = *n_copy = 0;
    for (int32_t i = 0; i < b->n_layer; i++) {
        take_layer(b, i, l);
        for (int32_t g = 0; g < l->n_group; g++)
            *n_part = l->n_part[g] > *n_part ? l->n_part[g] : *n_part;
        *n_copy = first[i + 1] - first[i] > *n_copy ? first[i + 1] - first[i] : *n_copy;
    }
}

pt_status_t pt_ranking_log_p(const double *logit, const int32_t *first,
                             const pt_branching_t *b, double *log_p)
{
    const size_t n_task = (size_t)b->n_task;
    const int32_t stride = first[b->n_layer];
    layer_t l = {0};
    double *part = NULL, *set = NULL, sum = 0;
    int32_t n_part, n_copy;
    pt_status_t status;

    PT_TRY_OR(done, pt_alloc(&l.n_part, n_task, sizeof *l.n_part));
    PT_TRY_OR(done, pt_alloc(&l.part, n_task, sizeof *l.part));
    find_sizes(b, first, &l, &n_part, &n_copy);
    if (n_part > MOST_PARTS)
        PT_TRY_OR(done, PT_ERROR(RANGE, "a group parts into %d, more than %d", (int)n_part,
                                 MOST_PARTS));
    PT_TRY_OR(done, pt_alloc(&part, (size_t)n_part * (size_t)n_copy, sizeof *part));
    PT_TRY_OR(done, pt_alloc(&set, (size_t)1 << n_part, sizeof *set));
    for (int32_t i = 0; i < b->n_layer; i++) {
        take_layer(b, i, &l);
        sum +=
            weigh_layer(&l, first[i + 1] - first[i], logit + first[i], stride, part, set);
    }
    *log_p = sum;
done:
    pt_free(set);
    pt_free(part);
    pt_free(l.part);
    pt_free(l.n_part);
    return status;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Entries of the sorted values that are below x, or at most x. */
static int32_t count_below(const double *sorted, int32_t n, double x, bool or_equal)
{
    int32_t low = 0, high = n;
    while (low < high) {
        int32_t middle = (low + high) / 2;
        if (sorted[middle] < x || (or_equal && sorted[middle] == x))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Twice the rank from the middle, a whole number: sums of its products are exact. */
static void rank(int32_t n, double *x, double *sorted)
{
    memcpy(sorted, x, (size_t)n * sizeof *x);
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    for (int32_t i = 0; i < n; i++)
        x[i] = count_below(sorted, n, x[i], false) + count_below(sorted, n, x[i], true) - n;
}

pt_status_t pt_ranking_correlation(int32_t n, const double *x, const double *y, double *rho)
{
    double *rx, *ry, *sorted, xx = 0, yy = 0, xy = 0;
    int32_t m = 0;

    PT_TRY(pt_alloc(&rx, 3 * (size_t)n, sizeof *rx));
    ry = rx + n;
    sorted = ry + n;
    for (int32_t i = 0; i < n; i++)
        if (!isnan(x[i]) && !isnan(y[i])) {
            rx[m] = x[i];
            ry[m++] = y[i];
        }
    rank(m, rx, sorted);
    rank(m, ry, sorted);
    for (int32_t i = 0; i < m; i++) {
        xx += rx[i] * rx[i];
        yy += ry[i] * ry[i];
        xy += rx[i] * ry[i];
    }
    *rho = xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
    pt_free(rx);
    return PT_OK;
}
