/** @file
 * Exact sums of doubles over ranks (polytree/base/exact.h).
 *
 * Which limbs are in use on any rank is agreed on first, in a few integers; then those
 * limbs are added, as integers.  The result is the sum of all ranks' addends, rounded once
 * where it is read, whoever had which of them.  What was not finite travels along.
 */
#ifndef PT_PAR_EXACT_SUM_H
#define PT_PAR_EXACT_SUM_H

#include "polytree/base/exact.h"
#include "polytree/par/reduce.h"

/** Integers that ranks agree on for each array. */
#define PT_EXACT_OFFER 3

/**
 * What this rank brings to the agreement on an array: integers of which the largest over
 * the ranks is wanted.  Passes carries on.  For callers that have other maxima to agree on,
 * too; the others call pt_exact_sum().
 */
void pt_exact_offer(pt_exact_t *sum, int64_t offer[PT_EXACT_OFFER]);

/**
 * Add up over all ranks, in place, on all ranks, with offers that were agreed on by
 * pt_max_i64().  All ranks bring the same number of sums.  Collective; at most 2^19 ranks.
 */
PT_MUST_CHECK pt_status_t pt_exact_sum_offered(pt_comm_t *comm, pt_traffic_t kind,
                                               pt_exact_t *sum,
                                               const int64_t offer[PT_EXACT_OFFER]);

/** Add up an array over all ranks, in place, on all ranks.  Collective, as above. */
PT_MUST_CHECK pt_status_t pt_exact_sum(pt_comm_t *comm, pt_traffic_t kind, pt_exact_t *sum);

#endif
