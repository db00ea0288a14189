/** @file
 * Which tensors of a weights file feed which tensors of a space.
 *
 * A tensor takes the record of, in this order,
 *
 *   its own name                          l03_copy2.0.conv.weight
 *   that without its task, in spaces where every task has its own network
 *                                         task1_stem.0.conv.weight  <-  stem.0.conv.weight
 *   the layer's in place of the copy's    l03_copy2.0.conv.weight   <-  l03.0.conv.weight
 *
 * and without one keeps its initial values.  The numbers behind the first dot are those of
 * a candidate's operations (polytree/graph/block.h), from 0; shapes are those of the
 * operations (a convolution's: outputs, height, width, inputs a group).  Batch norms have
 * `scale` and `shift`; their statistics are estimated when they are needed.
 */
#ifndef PT_GRAPH_WEIGHTS_MATCH_H
#define PT_GRAPH_WEIGHTS_MATCH_H

#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/graph/space.h"
#include "polytree/io/checkpoint.h"

typedef struct pt_weights_match {
    const pt_record_t **source; /**< [n_param] record of each tensor; NULL: it has none */
    int32_t n_param, n_matched;
    int32_t n_unused; /**< records that feed no tensor */
    char note[640];   /**< a line for people: how many, and the first of those without */
} pt_weights_match_t;

/**
 * Find the record of every tensor of `space`.  Borrows the records.  Not collective.
 *
 * @param[in]  weights  from pt_weights_read()
 * @param[in]  path     of the file, for messages
 * @param[out] match    set on success only; release with pt_weights_match_release()
 * @return PT_E_SHAPE if a record has another shape than a tensor that it feeds,
 *         PT_E_MISMATCH if none feeds any
 */
PT_MUST_CHECK pt_status_t pt_weights_match(const pt_space_t *space,
                                           const pt_checkpoint_t *weights, const char *path,
                                           pt_weights_match_t *match);
void pt_weights_match_release(pt_weights_match_t *match);

#endif
