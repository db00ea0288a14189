/** @file
 * One copy per node of a large read-only array, in an MPI shared window or in a file.
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
/**
 * The same in a file without a name in the folder TMPDIR of the node's first rank (/tmp),
 * which is as large from the start, so that it cannot become full; the system keeps of it
 * in memory what it has room for.
 */
PT_MUST_CHECK pt_status_t pt_shared_new_on_disk(pt_comm_t *node, size_t bytes,
                                                pt_shared_t **out, void **data);
/** Have what is on disk of these bytes read in one go, before they are touched page by
 * page; returns at once. */
void pt_shared_expect(const void *data, size_t bytes);
/** What was written is seen by all ranks.  Collective over `node`. */
PT_MUST_CHECK pt_status_t pt_shared_ready(pt_shared_t *shared);
/** Collective over `node`; NULL is fine. */
void pt_shared_free(pt_shared_t *shared);

#endif
