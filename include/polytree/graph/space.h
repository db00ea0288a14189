/** @file
 * The search space: a supernet with its choices left open, frozen.
 *
 * Nodes hold features; candidates are operations between nodes.  For a task, the value
 * of a node is the gated sum of its active incoming candidates,
 *
 *     v_dst = sum_c g_c o_c(v_src)            (docs/methods.md, the dag space)
 *
 * Candidates stand in canonical order: that of every sum in the forward pass, and in
 * reverse that of every gradient (docs/architecture.md, rule 4).  For the dag space:
 *
 *     input -> stem x;  per node j: read-in (x,j), edges (i,j) by ascending i, read-out
 *     (j,y);  last the heads (y, logits of the task)
 *
 * All candidates into a node stand before all candidates out of it.
 *
 * For the branch space (docs/methods.md, the branch space) with L layers of B copies:
 *
 *     input -> stem x -> F_1 -> ... -> F_L
 *
 * into F_l the copies 0..B-1 of layer l, of which a task chooses; last the heads (F_L and
 * the skip layer's F, logits of the task).
 *
 * The baselines shared and single have a chain alone, x -> 1 -> 2 -> ... -> N -> y or one
 * copy of each layer, with wider nodes; in single every task has its own copy of every
 * candidate, one after the other by task, which its choice switches for that task.
 */
#ifndef PT_GRAPH_SPACE_H
#define PT_GRAPH_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/graph/branching.h"
#include "polytree/kernel/kernel.h"
#include "polytree/op/op.h"
#include "polytree/tensor/store.h"

typedef enum pt_choice_kind {
    PT_CHOICE_IN,   /**< a_j: read-in to node j */
    PT_CHOICE_EDGE, /**< g_ij */
    PT_CHOICE_OUT,  /**< b_i: read-out from node i */
    PT_CHOICE_COPY  /**< copy j = 0, 1, .. of layer i = 1..L */
} pt_choice_kind_t;

/** One architecture choice: on or off for each task. Nodes i, j in 1..N as in the paper. */
typedef struct pt_choice {
    pt_choice_kind_t kind;
    int32_t i, j;      /**< IN: j; OUT: i; the other is 0 */
    int32_t candidate; /**< what it switches; the first where every task has its own */
} pt_choice_t;

typedef struct pt_node {
    char name[24];
    pt_shape_t shape; /**< n = microbatch */
    bool is_input;    /**< it may hold the network's input as it is */
} pt_node_t;

/** One operation of a candidate, bound to its parameters. */
typedef struct pt_space_op {
    pt_op_inst_t inst;
    int32_t candidate;
    int32_t in[PT_OP_MAX_IN]; /**< PT_BLOCK_SRC, PT_BLOCK_SKIP or a number in space->op */
    int32_t param[PT_OP_MAX_PARAM]; /**< numbers in the store */
} pt_space_op_t;

typedef struct pt_candidate {
    char name[PT_GROUP_NAME];
    int32_t src, dst; /**< nodes */
    int32_t skip;     /**< node of its second source; -1: none */
    int32_t choice;   /**< -1: always on */
    int32_t task;     /**< -1: for all tasks, else for this one only (every head; all of
                           search.method = single) */
    int32_t group;    /**< in the store; -1: no parameters */
    int32_t first_op, n_op;
    bool is_frozen; /**< of a trained network: in every pass it runs as in evaluation, on
                         stored statistics and without dropout.  Set by who extends a
                         network, as its group's rate is, before plans are compiled. */
} pt_candidate_t;

/** A task as the space sees it. */
typedef struct pt_space_task {
    char name[PT_NAME];
    int32_t outputs; /**< channels of the head's output */
    bool is_map;     /**< an output for every pixel of the input, else one for the input */
} pt_space_task_t;

/** What every copy of a layer is. */
typedef struct pt_space_layer {
    char block[256]; /**< as the config says it (graph/block.h) */
    int32_t stride,
        dilation; /**< as built: space.output_stride makes dilation of strides */
} pt_space_layer_t;

typedef struct pt_space {
    pt_space_kind_t kind;
    int32_t n_task;
    pt_space_task_t *task;
    int64_t microbatch;
    double widening;    /**< times the config's channels */
    int32_t n_dag_node; /**< dag: N */
    int32_t min_depth;
    int32_t n_layer;         /**< branch: L */
    int32_t *layer_choice;   /**< [L + 1]: the copies of layer l = 0..L-1 are the choices
                                  layer_choice[l] .. layer_choice[l + 1] - 1 */
    pt_space_layer_t *layer; /**< branch: [L + 1], the stem first */
    int32_t skip_layer;      /**< 1..L: its features go to the heads too; 0: none */
    bool has_one_copy;       /**< branch: no task runs two copies of a layer, in alpha steps
                                  either: plans have room for no more */

    int32_t n_node;
    pt_node_t *node;
    int32_t n_candidate;
    pt_candidate_t *candidate;
    int32_t n_op;
    pt_space_op_t *op;
    int32_t n_choice, n_edge; /**< n_edge = |E| counts PT_CHOICE_EDGE */
    pt_choice_t *choice;
    /** Per node: the mix of one and of two inputs. */
    pt_op_inst_t *mix1, *mix2;

    pt_store_t store;
    uint64_t fingerprint; /**< of everything above; equal on all ranks */
    size_t op_capacity;
} pt_space_t;

/** Most that a space is wider than its config says. */
#define PT_WIDENING_MAX 64.0

typedef struct pt_space_spec {
    int64_t height, width, channels; /**< of one input */
    int32_t n_task;
    const pt_space_task_t *task;     /**< copied */
    const pt_branching_t *branching; /**< branch: a copy per group; NULL: space.copies.  It
                                          may be of more tasks: those here are its last */
    double widening;                 /**< times all channels, beyond space.width; 0: 1 */
} pt_space_spec_t;

/**
 * Build and freeze the space that `config` describes, with its store (values zero:
 * pt_store_fill()).  Kernels are made for microbatches of config->train.microbatch.
 * Not collective.
 *
 * @param[in]  kernel  borrowed; NULL: shapes, parameters and cost only
 */
PT_MUST_CHECK pt_status_t pt_space_new(const pt_config_t *config,
                                       const pt_space_spec_t *spec,
                                       const pt_kernel_t *kernel, pt_space_t **out);
void pt_space_free(pt_space_t *space);

/** The candidate that a choice switches for a task. */
static inline int32_t pt_space_choice_candidate(const pt_space_t *space, int32_t choice,
                                                int32_t task)
{
    int32_t first = space->choice[choice].candidate;
    return space->candidate[first].task < 0 ? first : first + task;
}

/** The candidate that puts out a task's logits. */
int32_t pt_space_head(const pt_space_t *space, int32_t task);

/** Columns of the widest name of a task, `least` at least. */
int32_t pt_space_name_columns(const pt_space_t *space, int32_t least);

/** Number of the choice (kind, i, j), or -1. */
int32_t pt_space_find_choice(const pt_space_t *space, pt_choice_kind_t kind, int32_t i,
                             int32_t j);

#endif
