/** @file
 * Blocks: the operations behind one candidate, written as a chain of tokens.
 *
 *     conv3x3_bn_relu    dwconv3x3_bn_relu6    linear_bn_relu    conv1x1
 *
 * Tokens: convKxK, dwconvKxK (depthwise), linear, bn, relu, relu6.  An activation behind
 * bn is fused into it.
 */
#ifndef PT_GRAPH_BLOCK_H
#define PT_GRAPH_BLOCK_H

#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/op/op.h"

#define PT_BLOCK_MAX 16
#define PT_BLOCK_SRC (-1)  /**< input of a step: the candidate's source */
#define PT_BLOCK_SKIP (-2) /**< ... or its second source */

typedef struct pt_block_step {
    const char *op;
    pt_op_attr_t attr;
    int32_t in[PT_OP_MAX_IN]; /**< PT_BLOCK_SRC, PT_BLOCK_SKIP or an earlier step */
    int32_t n_in;
} pt_block_step_t;

typedef struct pt_block {
    int32_t n_step; /**< 0: identity */
    pt_block_step_t step[PT_BLOCK_MAX];
} pt_block_t;

/**
 * Parse a chain of tokens.  `stride` goes to its first convolution, `channels` to every
 * convolution and linear token (a depthwise one keeps its input's).
 */
PT_MUST_CHECK pt_status_t pt_block_parse(const char *text, int32_t in_channels,
                                         int32_t channels, int32_t stride, double bn_eps,
                                         pt_block_t *block);

/**
 * The cheapest map from shape `src` to shape `dst`: nothing where they agree, else a
 * strided average pool and a 1x1 convolution, each only where needed.
 */
PT_MUST_CHECK pt_status_t pt_block_adapter(pt_shape_t src, pt_shape_t dst,
                                           pt_block_t *block);

/** Global average pool, dropout (where rate > 0), linear. */
void pt_block_classifier(int32_t outputs, double dropout, pt_block_t *block);

#endif
