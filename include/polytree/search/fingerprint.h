/** @file
 * What the bits of a run depend on besides its config: the machine and what is installed.
 *
 * The numerics contract holds among equal machines (docs/architecture.md, rule 6); a
 * fingerprint says which they are.  It is text, one "item: value" a line.
 */
#ifndef PT_SEARCH_FINGERPRINT_H
#define PT_SEARCH_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/graph/space.h"
#include "polytree/kernel/kernel.h"
#include "polytree/par/comm.h"

typedef struct pt_fingerprint {
    char node[64]; /**< host name; not compared */
    char text[8128];
} pt_fingerprint_t;

/** This rank's.  Not collective. */
void pt_fingerprint_make(const pt_space_t *space, const pt_kernel_t *kernel,
                         pt_fingerprint_t *fingerprint);

/**
 * Name the items in which two texts differ, "item (ours, theirs)" separated by "; ", into
 * `out`, cut to `bytes`; returns their number.
 */
int32_t pt_fingerprint_compare(const char *ours, const char *theirs, char *out,
                               size_t bytes);

/**
 * Compare those of all ranks with rank 0's: on every rank the number of ranks that differ,
 * and in `difference` the first of them, its node and the items, and the first of each
 * further node.  Collective.
 */
PT_MUST_CHECK pt_status_t pt_fingerprint_agree(pt_comm_t *comm,
                                               const pt_fingerprint_t *fingerprint,
                                               int32_t *n_other, char difference[1024]);

#endif
