#include "polytree/train/deal.h"

static int32_t dearest_left(int32_t n, const double *cost, const int32_t *rank)
{
    int32_t best = -1;

    for (int32_t i = 0; i < n; i++)
        if (rank[i] < 0 && (best < 0 || cost[i] > cost[best]))
            best = i;
    return best;
}

static int32_t idlest(int32_t n_rank, const double *work)
{
    int32_t best = 0;

    for (int32_t r = 1; r < n_rank; r++)
        if (work[r] < work[best])
            best = r;
    return best;
}

void pt_deal_units(int32_t n, const double *cost, int32_t n_rank, int32_t *rank,
                   double *work)
{
    for (int32_t i = 0; i < n; i++)
        rank[i] = -1;
    for (int32_t r = 0; r < n_rank; r++)
        work[r] = 0;
    for (int32_t done = 0; done < n; done++) {
        int32_t unit = dearest_left(n, cost, rank), to = idlest(n_rank, work);
        rank[unit] = to;
        work[to] += cost[unit];
    }
}
