/* All branchings: how many there are, and one after the other. */
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/graph/branching.h"

/*
 * N_m(s) branchings of s tasks over m layers, N_0 = 1: partitions of the tasks into at most
 * B groups, each branching on over m - 1 layers.  With T_b(s) that for at most b groups,
 * the first task being in one of j tasks:
 *
 *     T_b(s) = sum_j (s-1 choose j-1) N_(m-1)(j) T_(b-1)(s-j),  T_b(0) = 1,  N_m = T_B
 *
 * In double, which is exact as far as anyone counts; all terms grow with m, s and b.
 */
static void count_layer(int32_t n_task, int32_t n_copy, double *n, double *t,
                        double *choose)
{
    const int32_t width = n_task + 1;

    memset(t, 0, (size_t)width * sizeof *t);
    for (int32_t b = 0; b <= n_copy; b++)
        t[b * width] = 1;
    for (int32_t s = 1; s <= n_task; s++) {
        for (int32_t j = s - 1; j >= 0; j--)
            choose[j] = j == 0 || j == s - 1 ? 1 : choose[j] + choose[j - 1];
        for (int32_t b = 1; b <= n_copy; b++) {
            const double *rest = t + (b - 1) * width;
            double sum = 0;
            for (int32_t j = 1; j <= s; j++)
                if (rest[s - j] > 0)
                    sum += choose[j - 1] * n[j] * rest[s - j];
            t[b * width + s] = sum;
        }
    }
    memcpy(n, t + n_copy * width, (size_t)width * sizeof *n);
}

static int32_t as_copies(int32_t n_task, int32_t n_copy)
{
    return n_copy == 0 || n_copy > n_task ? n_task : n_copy;
}

pt_status_t pt_branching_count(int32_t n_layer, int32_t n_task, int32_t n_copy,
                               int64_t *count)
{
    const size_t width = (size_t)n_task + 1;
    double *n = NULL, all;

    if (n_layer < 1 || n_task < 1 || n_copy < 0)
        PT_FAIL(RANGE, "branchings of %d tasks over %d layers in %d copies: there are none",
                (int)n_task, (int)n_layer, (int)n_copy);
    n_copy = as_copies(n_task, n_copy);
    PT_TRY(pt_alloc(&n, width * ((size_t)n_copy + 3), sizeof *n));
    for (size_t s = 0; s < width; s++)
        n[s] = 1;
    for (int32_t l = 0; l < n_layer && n[n_task] <= PT_BRANCHING_MAX; l++)
        count_layer(n_task, n_copy, n, n + 2 * width, n + width);
    all = n[n_task];
    pt_free(n);
    if (!(all <= PT_BRANCHING_MAX))
        PT_FAIL(
            RANGE,
            "%d tasks over %d layers in %d copies have more than %d branchings: too many "
            "to enumerate",
            (int)n_task, (int)n_layer, (int)n_copy, PT_BRANCHING_MAX);
    *count = (int64_t)all;
    return PT_OK;
}

/**
 * The lowest group above `least` that task k may have in a layer, given the tasks before
 * it; -1: none.  It is one that its group of the layer before has parted into, or a new
 * one.
 */
static int32_t next_group(const int32_t *before, const int32_t *group, int32_t k,
                          int32_t least, int32_t n_copy)
{
    int32_t n = 0, n_part = 0, best = -1;

    for (int32_t j = 0; j < k; j++) {
        bool is_new = group[j] == n, is_ours = before == NULL || before[j] == before[k];
        n += is_new;
        n_part += is_new && is_ours;
        if (is_ours && group[j] > least && (best < 0 || group[j] < best))
            best = group[j];
    }
    return best >= 0 ? best : n_part < n_copy && n > least ? n : -1;
}

/* From task k of a layer on, everything as low as it can be. */
static void fill_lowest(pt_branching_t *b, int32_t layer, int32_t k, int32_t n_copy)
{
    for (int32_t l = layer; l < b->n_layer; l++, k = 0) {
        int32_t *group = b->group + (size_t)l * (size_t)b->n_task;
        const int32_t *before = l > 0 ? group - b->n_task : NULL;
        for (; k < b->n_task; k++)
            group[k] = next_group(before, group, k, -1, n_copy);
    }
}

bool pt_branching_next(int32_t n_copy, pt_branching_t *b)
{
    n_copy = as_copies(b->n_task, n_copy);
    for (int32_t l = b->n_layer - 1; l >= 0; l--) {
        int32_t *group = b->group + (size_t)l * (size_t)b->n_task;
        const int32_t *before = l > 0 ? group - b->n_task : NULL;
        for (int32_t k = b->n_task - 1; k > 0; k--) {
            int32_t next = next_group(before, group, k, group[k], n_copy);
            if (next < 0)
                continue;
            group[k] = next;
            fill_lowest(b, l, k + 1, n_copy);
            return true;
        }
    }
    return false;
}

pt_status_t pt_branching_nth(int64_t index, int32_t n_copy, pt_branching_t *b)
{
    int64_t count;

    PT_TRY(pt_branching_count(b->n_layer, b->n_task, n_copy, &count));
    if (index < 0 || index >= count)
        PT_FAIL(RANGE, "branching %lld: %d tasks over %d layers have 0 to %lld",
                (long long)index, (int)b->n_task, (int)b->n_layer, (long long)count - 1);
    fill_lowest(b, 0, 0, as_copies(b->n_task, n_copy));
    while (index-- > 0)
        (void)pt_branching_next(n_copy, b);
    return PT_OK;
}
