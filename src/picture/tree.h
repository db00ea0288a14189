/** @file
 * The network of a branch space as a tree: from the stem down to the tasks.
 *
 * A node is a group of tasks with the consecutive layers that they run together and with
 * nobody else.
 */
#ifndef PICTURE_TREE_H
#define PICTURE_TREE_H

#include "polytree/base/status.h"
#include "polytree/base/text.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

typedef struct tree_node {
    int32_t parent;      /**< -1: the input */
    int32_t n_child;     /**< 0: heads follow */
    int32_t first, last; /**< layers; 0 is the stem */
    int32_t n_task;
    int32_t task; /**< the first of them */
    int64_t madds, parameters;
} tree_node_t;

typedef struct tree {
    const pt_space_t *space;   /**< borrowed */
    const pt_subnet_t *subnet; /**< borrowed */
    int32_t n_copy;            /**< 1; of a space whose choices are open: that many */
    int32_t n_node;
    tree_node_t *node; /**< parents first, then by first task */
    int32_t *at;       /**< [n_layer + 1][n_task] the node that a task is in */
} tree_t;

/** The tree of a hard subnet, or of a whole space: that of a soft one is one branch. */
PT_MUST_CHECK pt_status_t tree_build(const pt_space_t *space, const pt_subnet_t *subnet,
                                     tree_t *tree);
void tree_release(tree_t *tree);

/** Whether a task is in a node. */
static inline bool tree_has(const tree_t *tree, int32_t node, int32_t task)
{
    return tree->at[tree->node[node].first * tree->space->n_task + task] == node;
}

/** Add "l07", or "stem-l06". */
void tree_add_layers(const tree_t *tree, int32_t first, int32_t last, pt_text_t *text);

#endif
