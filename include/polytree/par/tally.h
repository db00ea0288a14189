/** @file
 * A sum over ranks that are not in step: made again and again, and nobody waits for it.
 *
 * Each rank brings its numbers to a round when it comes by, and sees the round's sums when
 * it comes by later and all the others have been there.  Rounds are the same, and in the
 * same order, on all ranks; how far they have come between them is not.
 */
#ifndef PT_PAR_TALLY_H
#define PT_PAR_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/par/comm.h"

typedef struct pt_tally pt_tally_t;

/** Sums of n numbers over `comm`, which is borrowed.  Not collective. */
PT_MUST_CHECK pt_status_t pt_tally_new(pt_comm_t *comm, int32_t n, pt_tally_t **out);
/** Not in the midst of a round; NULL is fine. */
void pt_tally_free(pt_tally_t *tally);

/**
 * Come by: bring `mine` unless a round is at work already, and see whether it is over.
 * Whoever acts on a round's sums so that it comes by no more has to know that all others do
 * so by the same round: none is left open then.
 *
 * @param[in]  mine  [n]
 * @param[out] sum   [n] of a round that is over
 */
PT_MUST_CHECK pt_status_t pt_tally_come_by(pt_tally_t *tally, const int64_t *mine,
                                           int64_t *sum, bool *is_over);

#endif
