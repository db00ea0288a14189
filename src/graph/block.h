/** @file
 * Writing blocks step by step: every function appends and returns the number of its output.
 */
#ifndef GRAPH_BLOCK_H
#define GRAPH_BLOCK_H

#include "polytree/graph/block.h"

typedef struct conv_spec {
    int32_t channels, kernel, stride, dilation,
        groups; /**< zero: the operation's default */
} conv_spec_t;

/** A step of one or (b != BLOCK_NONE) two inputs, its attributes zero. */
enum { BLOCK_NONE = -3 };
int32_t block_append(pt_block_t *block, const char *op, int32_t a, int32_t b);

int32_t block_conv(pt_block_t *block, int32_t in, conv_spec_t conv);

/** Convolution, batch norm, activation. */
int32_t block_conv_bn(pt_block_t *block, int32_t in, conv_spec_t conv, double eps,
                      pt_act_t act);

/** Depthwise from c channels, then 1x1, each with batch norm and activation. */
int32_t block_separable(pt_block_t *block, int32_t in, int32_t c, conv_spec_t conv,
                        double eps, pt_act_t act);

/** Bilinear; nothing where the sizes agree. */
int32_t block_resize(pt_block_t *block, int32_t in, pt_shape_t from, pt_shape_t to,
                     bool align_corners);

#endif
