/* Dealing out units of work to ranks so that all have about as much. */
#include "train/deal.h"

#include "polytree/base/memory.h"

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

pt_status_t deal_init(const pt_config_t *config, int32_t n_task, deal_t *deal)
{
    size_t n = (size_t)pt_step_most(config, n_task) * (size_t)turn_units(config);

    PT_TRY(pt_alloc(&deal->unit, n, sizeof *deal->unit));
    PT_TRY(pt_alloc(&deal->cost, n, sizeof *deal->cost));
    return pt_alloc(&deal->rank, n, sizeof *deal->rank);
}

void deal_release(deal_t *deal)
{
    pt_free(deal->unit);
    pt_free(deal->cost);
    pt_free(deal->rank);
    pt_free(deal->work);
    *deal = (deal_t){0};
}

pt_status_t deal_turn(deal_t *deal, const turn_t *turn, const pt_config_t *config,
                      const pt_feed_t *feed, const double *cost, int32_t n_coord,
                      int32_t coord, int32_t n_data)
{
    PT_TRY(pt_grow(&deal->work, &deal->rank_room, (size_t)n_data, sizeof *deal->work));
    deal->n = 0;
    for (int32_t i = 0; i < turn->n_bundle; i++)
        for (int32_t u = 0; u < turn_units(config); u++) {
            if (!turn_has(feed, turn->bundle[i], n_coord, coord))
                break;
            deal->unit[deal->n].at = i;
            deal->unit[deal->n].index = u;
            deal->cost[deal->n++] = cost[i];
        }
    pt_deal_units(deal->n, deal->cost, n_data, deal->rank, deal->work);
    return PT_OK;
}
