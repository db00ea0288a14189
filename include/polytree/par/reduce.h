/** @file
 * Sums over ranks: exact in 64-bit fixed point, or fast in float.
 *
 * Every function is collective over its communicator and counts its bytes and seconds
 * in the statistics of that kind (pt_traffic).  One rank alone has no traffic.
 */
#ifndef PT_PAR_REDUCE_H
#define PT_PAR_REDUCE_H

#include <stddef.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/par/comm.h"

typedef enum pt_traffic {
    PT_TRAFFIC_CONTROL,  /**< the step's small allreduce */
    PT_TRAFFIC_GRADIENT, /**< reduce-scatter of weight gradients */
    PT_TRAFFIC_CLIP,     /**< norms */
    PT_TRAFFIC_WEIGHT,   /**< allgather of updated weights */
    PT_TRAFFIC_ALPHA,    /**< architecture gradients */
    PT_TRAFFIC_EVALUATE, /**< batch-norm sums and metrics */
    PT_TRAFFIC_STAGE,    /**< between stages (polytree/par/pipe.h): waiting for messages */
    PT_N_TRAFFIC
} pt_traffic_t;

typedef struct pt_traffic_stat {
    int64_t calls, bytes; /**< bytes this rank brought in */
    double seconds;
} pt_traffic_stat_t;

/** Statistics of this rank since the start. */
const pt_traffic_stat_t *pt_traffic_stats(pt_traffic_t kind);
const char *pt_traffic_name(pt_traffic_t kind);

/** In place: sum[i] over all ranks, on all ranks. */
PT_MUST_CHECK pt_status_t pt_sum_i64(pt_comm_t *comm, pt_traffic_t kind, int64_t *sum,
                                     size_t n);
PT_MUST_CHECK pt_status_t pt_sum_f32(pt_comm_t *comm, pt_traffic_t kind, float *sum,
                                     size_t n);

/** In place: the largest of most[i], and the bits that any rank has set in bits[i], over
 * all ranks, on all ranks. */
PT_MUST_CHECK pt_status_t pt_max_i64(pt_comm_t *comm, pt_traffic_t kind, int64_t *most,
                                     size_t n);
PT_MUST_CHECK pt_status_t pt_or_bits(pt_comm_t *comm, pt_traffic_t kind, uint8_t *bits,
                                     size_t n);

/**
 * Sum `all` (sum of count[r] elements) and leave segment r, count[r] elements, on rank r
 * in `mine`.  Both buffers are the caller's; `all` is overwritten.
 */
PT_MUST_CHECK pt_status_t pt_sum_scatter_i64(pt_comm_t *comm, pt_traffic_t kind,
                                             int64_t *all, const int64_t *count,
                                             int64_t *mine);

/** Segment r of `all`, count[r] floats at the sum of the counts before, from rank r to all;
 * in place. */
PT_MUST_CHECK pt_status_t pt_gather_f32(pt_comm_t *comm, pt_traffic_t kind, float *all,
                                        const int64_t *count);

#endif
