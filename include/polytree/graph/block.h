/** @file
 * Blocks: the operations behind one candidate.
 *
 * A layer is written as a line "TOKEN key=value ...":
 *
 *     conv3x3_bn_relu out=32 stride=2       a chain, see below
 *     inverted_residual out=24 stride=2 expand=6 kernel=3      (MobileNetV2; ReLU6)
 *     basic out=64 stride=2                 (ResNet-18; ReLU)
 *     bottleneck out=256 stride=2           (ResNet-50; a quarter of the width inside)
 *     raspp out=128                         1x1 and image pooling, projected
 *     aspp out=256 separable=1              1x1, three dilated 3x3, image pooling,
 * projected
 *
 * Chains are tokens joined by _: convKxK, dwconvKxK (depthwise), linear, bn, relu, relu6,
 * maxpoolKxK (stride 2).  An activation behind bn is fused into it.  The stride goes to the
 * first convolution.
 *
 * inverted_residual adds its input where stride and width let it; basic and bottleneck do
 * always, through a 1x1 convolution with batch norm where they do not let it.
 */
#ifndef PT_GRAPH_BLOCK_H
#define PT_GRAPH_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/op/op.h"

#define PT_BLOCK_MAX 32
#define PT_BLOCK_SRC (-1)  /**< input of a step: the candidate's source */
#define PT_BLOCK_SKIP (-2) /**< ... or its second source */

/** How the parameters of a step begin. */
typedef enum pt_block_start {
    PT_START_DRAWN, /**< by the operation's own roles */
    PT_START_ZERO,  /**< at zero */
    PT_START_FITTED /**< as somebody sets them, and they stay so */
} pt_block_start_t;

typedef struct pt_block_step {
    const char *op;
    pt_op_attr_t attr;
    pt_block_start_t start;
    int32_t in[PT_OP_MAX_IN]; /**< PT_BLOCK_SRC, PT_BLOCK_SKIP or an earlier step */
    int32_t n_in;
} pt_block_step_t;

typedef struct pt_block {
    int32_t n_step; /**< 0: identity; the last one is the output */
    pt_block_step_t step[PT_BLOCK_MAX];
} pt_block_t;

/** A layer as its line says it; 0 where it does not say. */
typedef struct pt_layer {
    char op[64]; /**< first token */
    int32_t out, stride, dilation, expand, kernel, separable;
} pt_layer_t;

/** What a layer is to make of its source. */
typedef struct pt_layer_place {
    pt_shape_t src;
    int32_t channels; /**< of the output */
    int32_t stride;
    int32_t dilation;     /**< times the layer's own */
    int32_t input_stride; /**< of the source in the network's input: aspp's rates */
    double bn_eps;
} pt_layer_place_t;

/** Parse a line; what names the keys that are known and their ranges is the error. */
PT_MUST_CHECK pt_status_t pt_layer_parse(const char *line, pt_layer_t *layer);

/** Factor by which a layer of this stride makes images smaller, its poolings included. */
int32_t pt_layer_shrinks(const pt_layer_t *layer, int32_t stride);

/** The operations of a layer at its place. */
PT_MUST_CHECK pt_status_t pt_block_layer(const pt_layer_t *layer,
                                         const pt_layer_place_t *place, pt_block_t *block);

/**
 * The cheapest map from shape `src` to shape `dst`: nothing where they agree, else a
 * strided average pool and a 1x1 convolution, each only where needed; with `norm` a batch
 * norm behind the convolution.
 */
PT_MUST_CHECK pt_status_t pt_block_adapter(pt_shape_t src, pt_shape_t dst, double bn_eps,
                                           bool norm, pt_block_t *block);

/** A head: from features to a task's outputs. */
typedef struct pt_head_spec {
    pt_shape_t src, skip, out;
    int32_t width;      /**< deeplab: of its two convolutions */
    int32_t skip_width; /**< deeplab: of the projected low-level features */
    bool separable, align_corners;
    bool norm;   /**< classifier: batch norm first */
    bool linear; /**< classifier: a fitted linear operation on the skip is added */
    double dropout, bn_eps;
} pt_head_spec_t;

/** A linear operation whose weights are fitted, nothing else. */
void pt_block_linear(int32_t channels, pt_block_t *block);

/** Batch norm (where asked), global average pool, dropout (where rate > 0), linear.  Beside
 * a fitted linear operation the last one begins at zero. */
void pt_block_classifier(const pt_head_spec_t *head, pt_block_t *block);

/** Dropout, 1x1 convolution with bias, bilinear resizing to the size of out. */
void pt_block_upsample(const pt_head_spec_t *head, pt_block_t *block);

/**
 * The decoder of DeepLabV3+ (Chen et al. 2018): the source resized to the skip's size
 * beside the skip projected to few channels, two 3x3 convolutions (depthwise separable if
 * asked), then as pt_block_upsample().
 */
void pt_block_deeplab(const pt_head_spec_t *head, pt_block_t *block);

#endif
