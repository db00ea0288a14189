/* Dealing out units of work to ranks so that all have about as much. */
#include "polytree/train/deal.h"

/** The dearest unit that is left, of equal ones the first; `last` was dealt before, or -1.
 * Units are of few kinds: behind the last one there mostly is another as dear, and none of
 * those has been dealt. */
static int32_t dearest_left(int32_t n, const double *cost, const int32_t *rank,
                            int32_t last)
{
    int32_t best = -1;

    for (int32_t i = last + 1; i < n && last >= 0; i++)
        if (cost[i] == cost[last])
            return i;
    for (int32_t i = 0; i < n; i++)
        if (rank[i] < 0 && (best < 0 || cost[i] > cost[best]))
            best = i;
    return best;
}

/** The rank with the least work, of equal ones the first.  `last` had `least` when units
 * were dealt to it, or is -1: those before it had more, so that one behind with as little
 * is next.
 */
static int32_t idlest(int32_t n_rank, const double *work, int32_t last, double least)
{
    int32_t best = 0;

    for (int32_t r = last + 1; r < n_rank && last >= 0; r++)
        if (work[r] == least)
            return r;
    for (int32_t r = 1; r < n_rank; r++)
        if (work[r] < work[best])
            best = r;
    return best;
}

void pt_deal_units(int32_t n, const double *cost, int32_t n_rank, int32_t *rank,
                   double *work)
{
    int32_t unit = -1, to = -1;
    double least = 0;

    for (int32_t i = 0; i < n; i++)
        rank[i] = -1;
    for (int32_t r = 0; r < n_rank; r++)
        work[r] = 0;
    for (int32_t done = 0; done < n; done++) {
        to = idlest(n_rank, work, to, least);
        least = work[to];
        unit = dearest_left(n, cost, rank, unit);
        rank[unit] = to;
        work[to] += cost[unit];
    }
}
