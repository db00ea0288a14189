/** @file
 * The flat parameter store: every trainable tensor of a network in one array.
 *
 * Tensors stand in groups (the stem, one edge operation, one head, ...).  A group
 * begins on a block of PT_BLOCK elements and is zero padded to whole blocks; blocks
 * are the unit in which gradients are reduced and updates are shared out, and their
 * numbers do not depend on the layout of ranks (docs/architecture.md, rule 3).  Within a
 * group every tensor begins on a multiple of PT_PARAM_ALIGN elements.
 *
 *     value     [ group 0          |pad][ group 1 |pad] ...
 *     grad_sum  same, int64 fixed point; each group has a quantum of its own
 *
 * Not collective: every rank builds the same table.  The arrays are addresses, and memory
 * only where they are touched: a rank that has a part of the blocks keeps to that part.
 */
#ifndef PT_TENSOR_STORE_H
#define PT_TENSOR_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "polytree/base/real.h"
#include "polytree/base/rng.h"
#include "polytree/base/status.h"

#define PT_BLOCK 4096
/** Longest names of a group ("head_" and a task) and of a tensor, with their NULs. */
#define PT_GROUP_NAME 72
#define PT_PARAM_NAME 112
#define PT_PARAM_ALIGN 16

typedef enum pt_role {
    PT_ROLE_WEIGHT,     /**< He initialisation: normal, variance 2 / fan_in */
    PT_ROLE_LINEAR,     /**< last layers: uniform, +- 1 / sqrt(fan_in) */
    PT_ROLE_BIAS,       /**< zero */
    PT_ROLE_NORM_SCALE, /**< one */
    PT_ROLE_NORM_SHIFT, /**< zero */
    PT_ROLE_ZERO,       /**< last layers beside a fitted model: zero */
    PT_ROLE_FITTED      /**< of a fitted model: neither filled nor updated */
} pt_role_t;

/** One tensor.  Dimensions past n_dim are 1. */
typedef struct pt_param {
    char name[PT_PARAM_NAME]; /**< "group.tensor", unique */
    int64_t offset;           /**< first element in the flat arrays */
    int64_t count;
    int64_t dim[4];
    int32_t n_dim;
    int32_t group;
    pt_role_t role;
    int64_t fan_in;
} pt_param_t;

typedef struct pt_group {
    char name[PT_GROUP_NAME];
    int64_t first_block, n_block;
    int32_t first_param, n_param;
    int32_t task; /**< owner task of a head; -1: shared by all */
    double rate;  /**< share of the learning rate that it is trained at, 1 unless somebody
                       sets it; 0: it is not trained, and gets no gradient */
} pt_group_t;

/** How a group's gradient is summed. */
typedef struct pt_group_sum {
    double scale;    /**< one over the quantum, a power of two; at first 2^40 */
    int32_t largest; /**< bits of the largest float added, until somebody sets it to 0 */
} pt_group_sum_t;

typedef struct pt_store {
    pt_param_t *param;
    int32_t n_param;
    pt_group_t *group;
    int32_t n_group;
    int64_t n_block;
    int64_t own_begin, own_end; /**< blocks that are here; at first all */
    pt_real_t *value;           /**< n_block * PT_BLOCK */
    int64_t *grad_sum;          /**< the same; NULL in a store built for counting only */
    pt_group_sum_t *group_sum;  /**< [n_group] */
    uint64_t version; /**< raise after every change of `value`: packed copies look at it */
    size_t param_capacity, group_capacity;
    int32_t *by_name; /**< tensors sorted by name; set by pt_store_freeze() */
    int32_t is_frozen;
} pt_store_t;

void pt_store_init(pt_store_t *store);
void pt_store_release(pt_store_t *store);

/**
 * Begin a group; `task` is the owner of a head, -1 for shared groups.
 *
 * @return PT_E_CONFIG if the name is empty, too long or there already
 */
PT_MUST_CHECK pt_status_t pt_store_add_group(pt_store_t *store, const char *name,
                                             int32_t task, int32_t *group);

/**
 * Add a tensor to the group begun last; its full name is "group.name".
 *
 * @param fan_in  inputs of one output; needed (> 0) for PT_ROLE_WEIGHT and PT_ROLE_LINEAR
 * @return PT_E_CONFIG if the name is empty, too long or in the group already,
 *         PT_E_SHAPE unless all of 1 to 4 dimensions are positive
 */
PT_MUST_CHECK pt_status_t pt_store_add(pt_store_t *store, const char *name,
                                       const int64_t *dim, int32_t n_dim, pt_role_t role,
                                       int64_t fan_in, int32_t *param);

/**
 * Fix the table and allocate the arrays (zero).  Full names must differ across groups
 * too ("a.b" + "c" and "a" + "b.c" do not): PT_E_CONFIG.
 */
PT_MUST_CHECK pt_status_t pt_store_freeze(pt_store_t *store);

/** From now on only these blocks of the frozen store are here. */
void pt_store_keep(pt_store_t *store, int64_t own_begin, int64_t own_end);

/**
 * Initial values of every tensor that is here, by role, from the counter-based generator:
 * the hash of the tensor's name and the element are the counters, so that a tensor starts
 * the same whatever else is in the store.  The store must be frozen.
 */
void pt_store_fill(pt_store_t *store, uint64_t seed);

/** Number of the tensor of that name, or -1. */
int32_t pt_store_find(const pt_store_t *store, const char *name);

/** Elements of a block up to the last of its group's tensors, to a multiple of
 * PT_PARAM_ALIGN: what is behind them is padding.  `block` is one of the group's. */
int64_t pt_group_extent(const pt_store_t *store, const pt_group_t *group, int64_t block);

/** Elements of all tensors, without padding. */
int64_t pt_store_n_element(const pt_store_t *store);

#endif
