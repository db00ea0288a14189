/** @file
 * One copy per node of a large read-only array, in an MPI shared window.
 */
#ifndef PT_PAR_SHARED_H
#define PT_PAR_SHARED_H

#include <stddef.h>

#include "polytree/par/comm.h"

typedef struct pt_shared pt_shared_t;
/**
 * Allocate `bytes` once on the node; every rank gets its address.  The lowest rank of
 * `node` fills it, then all call pt_shared_ready().  Borrows `node`.  Collective over it.
 */
PT_MUST_CHECK pt_status_t pt_shared_new(pt_comm_t *node, size_t bytes, pt_shared_t **out,
                                        void **data);
/** What was written is seen by all ranks.  Collective over `node`. */
PT_MUST_CHECK pt_status_t pt_shared_ready(pt_shared_t *shared);
/** Collective over `node`; NULL is fine. */
void pt_shared_free(pt_shared_t *shared);

#endif
