/*
 * Splits of samples that come in groups: no group is cut, whichever tasks have samples of
 * it.
 *
 * Groups go one by one, larger ones first, to the side that brings the parts of all strata
 * nearer to the share asked for.  A stratum is the samples of a bundle, and those of each
 * class where the bundle is one classification task.  With N its samples, n those of the
 * group, t those taken so far and s those seen so far, this group included, taking it
 * changes
 *
 *     sum over strata of ((t - f s) / N)^2      by      sum of n (n + 2 (t - f s)) / N^2
 */
#include <stdlib.h>
#include <string.h>

#include "polytree/base/bitset.h"
#include "polytree/base/memory.h"
#include "polytree/base/rng.h"
#include "train/feed_parts.h"

typedef struct member {
    int64_t group, row;
} member_t;

typedef struct group {
    const member_t *member; /* n of them */
    int64_t n, place;       /* place: in a random order */
    bool is_out, is_taken;  /* out: another part has it */
} group_t;

typedef struct groups {
    int64_t n_row, n_group;
    member_t *member; /* by group and row */
    group_t *group;
    int64_t *first;   /* [n_row + 1] where a row's strata begin */
    int32_t *stratum; /* of all rows */
    int32_t n_stratum;
    int64_t *size, *seen, *taken; /* of each stratum; size: of groups that are not out */
    int64_t *now;                 /* samples of the group in hand, by stratum */
} groups_t;

static int by_group(const void *a, const void *b)
{
    const member_t *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int by_size(const void *a, const void *b)
{
    const group_t *x = a, *y = b;
    if (x->n != y->n)
        return x->n > y->n ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

pt_status_t pt_feed_count_groups(const int64_t *group, const pt_part_rows_t *rows,
                                 int64_t *n)
{
    member_t *member = NULL;
    PT_TRY(pt_alloc(&member, (size_t)rows->n, sizeof *member));
    for (int64_t i = 0; i < rows->n; i++)
        member[i] = (member_t){group[rows->row[i]], i};
    qsort(member, (size_t)rows->n, sizeof *member, by_group);
    *n = 0;
    for (int64_t i = 0; i < rows->n; i++)
        *n += i == 0 || member[i].group != member[i - 1].group;
    pt_free(member);
    return PT_OK;
}

static pt_status_t find_groups(groups_t *g, const int64_t *group, pt_rng_t rng)
{
    PT_TRY(pt_alloc(&g->member, (size_t)g->n_row, sizeof *g->member));
    for (int64_t i = 0; i < g->n_row; i++)
        g->member[i] = (member_t){group[i], i};
    qsort(g->member, (size_t)g->n_row, sizeof *g->member, by_group);
    for (int64_t i = 0; i < g->n_row; i++)
        g->n_group += i == 0 || g->member[i].group != g->member[i - 1].group;
    PT_TRY(pt_alloc(&g->group, (size_t)g->n_group, sizeof *g->group));
    group_t *last = g->group - 1;
    for (int64_t i = 0; i < g->n_row; i++) {
        if (i == 0 || g->member[i].group != g->member[i - 1].group)
            (++last)->member = &g->member[i];
        last->n++;
    }
    for (int64_t i = 0; i < g->n_group; i++)
        g->group[i].place = pt_permute(&rng, g->n_group, i);
    qsort(g->group, (size_t)g->n_group, sizeof *g->group, by_size);
    return PT_OK;
}

/* Strata of a bundle's rows: `first` holds counts in the first pass (stratum == NULL). */
static void add_strata(groups_t *g, const pt_strata_t *strata, int64_t *fill)
{
    for (int64_t i = 0; i < strata->rows.n; i++) {
        int64_t *at = &fill[strata->rows.row[i]];
        if (g->stratum) {
            g->stratum[*at] = g->n_stratum;
            if (strata->n > 1)
                g->stratum[*at + 1] = g->n_stratum + 1 + strata->of[i];
        }
        *at += strata->n > 1 ? 2 : 1;
    }
    g->n_stratum += strata->n > 1 ? 1 + strata->n : 1;
}

static pt_status_t list_strata(groups_t *g, const pt_strata_t *strata, int32_t n)
{
    int64_t *fill = NULL, sum = 0;
    pt_status_t status = PT_OK;
    PT_TRY(pt_alloc(&g->first, (size_t)g->n_row + 1, sizeof(int64_t)));
    for (int32_t b = 0; b < n; b++)
        add_strata(g, &strata[b], g->first);
    for (int64_t i = 0; i <= g->n_row; i++) {
        int64_t count = i < g->n_row ? g->first[i] : 0;
        g->first[i] = sum;
        sum += count;
    }
    PT_TRY(pt_alloc(&fill, (size_t)g->n_row, sizeof(int64_t)));
    memcpy(fill, g->first, (size_t)g->n_row * sizeof(int64_t));
    PT_TRY_OR(done, pt_alloc(&g->stratum, (size_t)sum, sizeof(int32_t)));
    g->n_stratum = 0;
    for (int32_t b = 0; b < n; b++)
        add_strata(g, &strata[b], fill);
    size_t n_stratum = (size_t)g->n_stratum;
    PT_TRY_OR(done, pt_alloc(&g->size, n_stratum, sizeof(int64_t)));
    PT_TRY_OR(done, pt_alloc(&g->seen, n_stratum, sizeof(int64_t)));
    PT_TRY_OR(done, pt_alloc(&g->taken, n_stratum, sizeof(int64_t)));
    PT_TRY_OR(done, pt_alloc(&g->now, n_stratum, sizeof(int64_t)));
done:
    pt_free(fill);
    return status;
}

static void groups_release(groups_t *g)
{
    pt_free(g->member);
    pt_free(g->group);
    pt_free(g->first);
    pt_free(g->stratum);
    pt_free(g->size);
    pt_free(g->seen);
    pt_free(g->taken);
    pt_free(g->now);
}

/* Add a group's samples, `sign` times, to a count of each stratum. */
static void count(const groups_t *g, const group_t *group, int64_t sign, int64_t *to)
{
    for (int64_t i = 0; i < group->n; i++) {
        int64_t row = group->member[i].row;
        for (int64_t k = g->first[row]; k < g->first[row + 1]; k++)
            to[g->stratum[k]] += sign;
    }
}

/* What moving the group does to the sum on top of this file; sign 1: to the part, -1: back.
 */
static double change_of(const groups_t *g, const group_t *group, double fraction, int sign)
{
    double sum = 0;
    count(g, group, 1, g->now);
    for (int64_t i = 0; i < group->n; i++) {
        int64_t row = group->member[i].row;
        for (int64_t k = g->first[row]; k < g->first[row + 1]; k++) {
            int32_t s = g->stratum[k];
            double n = (double)g->now[s], size = (double)g->size[s];
            double off = (double)g->taken[s] - fraction * (double)g->seen[s];
            sum += n * (n + 2 * sign * off) / (size * size);
            g->now[s] = 0;
        }
    }
    return sum;
}

static void move(groups_t *g, group_t *group, bool to_part)
{
    group->is_taken = to_part;
    count(g, group, to_part ? 1 : -1, g->taken);
}

static bool has_stratum(const groups_t *g, const group_t *group, int32_t stratum)
{
    for (int64_t i = 0; i < group->n; i++) {
        int64_t row = group->member[i].row;
        for (int64_t k = g->first[row]; k < g->first[row + 1]; k++)
            if (g->stratum[k] == stratum)
                return true;
    }
    return false;
}

/* A bundle of two groups or more has one on each side at least. */
static void give_both_sides(groups_t *g, int32_t stratum, double fraction)
{
    bool is_empty = g->taken[stratum] == 0;
    group_t *best = NULL;
    double least = 0;
    int64_t n = 0;
    if (!is_empty && g->taken[stratum] < g->size[stratum])
        return;
    for (int64_t i = 0; i < g->n_group; i++) {
        group_t *group = &g->group[i];
        if (group->is_out || !has_stratum(g, group, stratum))
            continue;
        double change = change_of(g, group, fraction, is_empty ? 1 : -1);
        if (n++ == 0 || change < least) {
            best = group;
            least = change;
        }
    }
    if (n > 1)
        move(g, best, is_empty);
}

/* Move groups that are in no part yet to one. */
static void cut(groups_t *g, const pt_strata_t *strata, int32_t n, double fraction,
                pt_rng_t rng)
{
    memset(g->size, 0, (size_t)g->n_stratum * sizeof(int64_t));
    memset(g->seen, 0, (size_t)g->n_stratum * sizeof(int64_t));
    memset(g->taken, 0, (size_t)g->n_stratum * sizeof(int64_t));
    for (int64_t i = 0; i < g->n_group; i++) {
        g->group[i].is_out = g->group[i].is_out || g->group[i].is_taken;
        g->group[i].is_taken = false;
        if (!g->group[i].is_out)
            count(g, &g->group[i], 1, g->size);
    }
    for (int64_t i = 0; i < g->n_group; i++) {
        group_t *group = &g->group[i];
        if (group->is_out)
            continue;
        count(g, group, 1, g->seen);
        double change = change_of(g, group, fraction, 1);
        if (change < 0 || (change == 0 && pt_rng_uniform(&rng, (uint64_t)i) < fraction))
            move(g, group, true);
    }
    for (int32_t b = 0, s = 0; b < n; b++) {
        give_both_sides(g, s, fraction);
        s += strata[b].n > 1 ? 1 + strata[b].n : 1;
    }
}

static void mark_taken(const groups_t *g, uint64_t *rows)
{
    for (int64_t i = 0; i < g->n_group; i++)
        for (int64_t k = 0; g->group[i].is_taken && k < g->group[i].n; k++)
            pt_bitset_set(rows, g->group[i].member[k].row, true);
}

pt_status_t pt_feed_cut_groups(const int64_t *group, int64_t n_row,
                               const pt_strata_t *strata, int32_t n, uint64_t seed,
                               const double fraction[2], uint64_t *const taken[2])
{
    groups_t g = {.n_row = n_row};
    pt_rng_t rng = {.seed = seed, .purpose = PT_RNG_SPLIT, .task = UINT16_MAX};
    pt_status_t status = PT_OK;
    PT_TRY_OR(done, find_groups(&g, group, rng));
    PT_TRY_OR(done, list_strata(&g, strata, n));
    for (int i = 0; i < 2; i++) {
        rng.phase = (uint8_t)(1 + i);
        if (fraction[i] > 0) {
            cut(&g, strata, n, fraction[i], rng);
            mark_taken(&g, taken[i]);
        }
    }
done:
    groups_release(&g);
    return status;
}
