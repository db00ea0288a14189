/* Exact sums over ranks: agree on the limbs in use, then add them. */
#include "polytree/par/exact_sum.h"

enum { END, MINUS_BEGIN, HAS_SPECIAL };

void pt_exact_offer(pt_exact_t *sum, int64_t offer[PT_EXACT_OFFER])
{
    pt_exact_carry(sum);
    offer[END] = sum->end;
    offer[MINUS_BEGIN] = -(int64_t)sum->begin;
    offer[HAS_SPECIAL] = sum->has_special;
}

pt_status_t pt_exact_sum_offered(pt_comm_t *comm, pt_traffic_t kind, pt_exact_t *sum,
                                 const int64_t offer[PT_EXACT_OFFER])
{
    int32_t begin = (int32_t)-offer[MINUS_BEGIN], end = (int32_t)offer[END];

    if (begin < end) {
        sum->begin = begin;
        sum->end = end;
        PT_TRY(pt_sum_i64(comm, kind, sum->limb + begin * sum->n,
                          (size_t)((end - begin) * sum->n)));
    }
    sum->has_special = offer[HAS_SPECIAL] != 0;
    return sum->has_special ? pt_or_bits(comm, kind, sum->special, (size_t)sum->n) : PT_OK;
}

pt_status_t pt_exact_sum(pt_comm_t *comm, pt_traffic_t kind, pt_exact_t *sum)
{
    int64_t offer[PT_EXACT_OFFER];

    if (pt_comm_size(comm) == 1)
        return PT_OK;
    pt_exact_offer(sum, offer);
    PT_TRY(pt_max_i64(comm, kind, offer, PT_EXACT_OFFER));
    return pt_exact_sum_offered(comm, kind, sum, offer);
}
