/** @file
 * Sharded updates: gradients are summed to the owner of each block, who updates it and
 * hands the new weights to those who use them.
 *
 * Blocks fall into two domains.  Shared ones (stem, edges, adapters) belong to all ranks
 * of their stage; heads belong to the data ranks of their task coordinate on the last.
 * Entry i of the n blocks of a domain, ascending, belongs to its rank i*R div n
 * (docs/architecture.md, rule 3).
 */
#ifndef TRAIN_SHARD_H
#define TRAIN_SHARD_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/kernel/kernel.h"
#include "polytree/par/layout.h"
#include "polytree/par/reduce.h"
#include "polytree/tensor/store.h"
#include "polytree/train/update.h"

typedef struct shard_domain {
    pt_comm_t *comm;
    int32_t rank, size;
    int64_t n_block;
    int64_t *block;             /**< global numbers, ascending */
    int64_t *extent;            /**< [n_block] elements before the padding */
    int32_t *group;             /**< [n_block] */
    int64_t own_begin, own_end; /**< entries of this rank */
    float *m, *v;               /**< moments of the own blocks; v NULL without Adam */
    float *average;             /**< of the own blocks' weights; NULL: none is kept */
    int64_t *count;             /**< [size] elements of used blocks by owner, this step */
    int64_t n_used;
    int64_t *used;    /**< entries used in this step, ascending */
    int64_t *at;      /**< [n_used + 1] where they begin in a pack of them */
    int64_t own_used; /**< first of them that is own, in used[] */
    int64_t n_own_used;
} shard_domain_t;

enum { SHARD_SHARED, SHARD_HEADS, SHARD_N_DOMAIN };

typedef struct shard {
    pt_store_t *store;         /**< borrowed */
    const pt_kernel_t *kernel; /**< borrowed */
    const pt_layout_t *layout; /**< borrowed */
    shard_domain_t domain[SHARD_N_DOMAIN];
    int64_t *adam_count; /**< [n_param], the same on all ranks */
    bool decay_norm_bias;
    bool is_fast;  /**< float reductions */
    int64_t *pack; /**< used blocks of a domain, one after the other, without padding */
    float *pack_f32;
    float *grad;        /**< own used blocks of both domains */
    int64_t *norm_bits; /**< [n_block of the store] bits of doubles */
} shard_t;

/** Task coordinate that has a bundle; bundle_of maps a head's task. */
typedef struct shard_tasks {
    int32_t n_task;
    const int32_t *coord; /**< [n_task] task coordinate that owns each task's head */
} shard_tasks_t;

/** What is kept of the own blocks beside weights and first moments. */
typedef struct shard_extra {
    bool second_moment, average;
} shard_extra_t;

/** Not collective. */
PT_MUST_CHECK pt_status_t shard_init(shard_t *shard, pt_store_t *store,
                                     const pt_kernel_t *kernel, const pt_layout_t *layout,
                                     const shard_tasks_t *tasks, shard_extra_t extra);
void shard_release(shard_t *shard);

/** Moments and counts to zero; averages begin with the weights as they are. */
void shard_reset(shard_t *shard);
/** The latter alone. */
void shard_begin_average(shard_t *shard);

/** Weights and their averages change places, on all ranks that have them.  Collective over
 * the layout's active ranks. */
PT_MUST_CHECK pt_status_t shard_swap_average(shard_t *shard);

/**
 * Sum, clip, update, share.  Collective over the layout's active ranks.
 *
 * @param[in]  is_used   [n_group] groups that some subnet of the step uses, on all ranks
 * @param[in]  clip      largest norm of the whole gradient; 0 = none
 * @param[out] norm      of the gradient before clipping; 0 where clip is 0
 */
PT_MUST_CHECK pt_status_t shard_step(shard_t *shard, const bool *is_used,
                                     const pt_update_t *update, double clip, double *norm);

/** Zero the sums of the groups, to form them again. */
void shard_clear(shard_t *shard, const bool *is_used);

/** Entries of a domain's n blocks that rank r of R owns: [begin, end). */
void shard_range(int64_t n, int32_t rank, int32_t size, int64_t *begin, int64_t *end);

#endif
