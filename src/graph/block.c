/* Writing blocks: the operations of a candidate, one after the other, and usual groups. */
#include "graph/block.h"

#include <string.h>

int32_t block_append(pt_block_t *block, const char *op, int32_t a, int32_t b)
{
    block->step[block->n_step] =
        (pt_block_step_t){.op = op, .n_in = b == BLOCK_NONE ? 1 : 2, .in = {a, b}};
    return block->n_step++;
}

int32_t block_conv(pt_block_t *block, int32_t in, conv_spec_t conv)
{
    int32_t at = block_append(block, "conv", in, BLOCK_NONE);
    pt_op_attr_t *attr = &block->step[at].attr;

    attr->channels = conv.channels;
    attr->kernel = conv.kernel;
    attr->stride = conv.stride;
    attr->dilation = conv.kernel > 1 ? conv.dilation : 1;
    attr->groups = conv.groups;
    return at;
}

int32_t block_conv_bn(pt_block_t *block, int32_t in, conv_spec_t conv, double eps,
                      pt_act_t act)
{
    int32_t at = block_conv(block, in, conv);

    at = block_append(block, "batch_norm", at, BLOCK_NONE);
    block->step[at].attr.eps = eps;
    block->step[at].attr.act = act;
    return at;
}

int32_t block_separable(pt_block_t *block, int32_t in, int32_t c, conv_spec_t conv,
                        double eps, pt_act_t act)
{
    conv_spec_t depthwise = conv, point = {.channels = conv.channels, .kernel = 1};

    depthwise.channels = depthwise.groups = c;
    in = block_conv_bn(block, in, depthwise, eps, act);
    return block_conv_bn(block, in, point, eps, act);
}

int32_t block_resize(pt_block_t *block, int32_t in, pt_shape_t from, pt_shape_t to,
                     bool align_corners)
{
    if (from.h == to.h && from.w == to.w)
        return in;
    int32_t at = block_append(block, "resize", in, BLOCK_NONE);
    block->step[at].attr.out_h = to.h;
    block->step[at].attr.out_w = to.w;
    block->step[at].attr.align_corners = align_corners;
    return at;
}

static int32_t normalise(pt_block_t *block, int32_t in, double eps)
{
    int32_t at = block_append(block, "batch_norm", in, BLOCK_NONE);
    block->step[at].attr.eps = eps;
    return at;
}

pt_status_t pt_block_adapter(pt_shape_t src, pt_shape_t dst, double bn_eps, bool norm,
                             pt_block_t *block)
{
    char a[64], b[64];
    int32_t at = PT_BLOCK_SRC;

    memset(block, 0, sizeof *block);
    if (src.h != dst.h || src.w != dst.w) {
        int64_t by_h = (src.h + dst.h - 1) / dst.h, by_w = (src.w + dst.w - 1) / dst.w;
        int64_t stride = by_h > by_w ? by_h : by_w; /* each is the least that does */
        if (dst.h > src.h || dst.w > src.w || (src.h + stride - 1) / stride != dst.h ||
            (src.w + stride - 1) / stride != dst.w)
            PT_FAIL(SHAPE, "no whole stride leads from %s to %s", pt_shape_text(src, a),
                    pt_shape_text(dst, b));
        at = block_append(block, "pool_avg", at, BLOCK_NONE);
        block->step[at].attr.kernel = block->step[at].attr.stride = (int32_t)stride;
    }
    if (src.c != dst.c) {
        at = block_conv(block, at, (conv_spec_t){.channels = (int32_t)dst.c, .kernel = 1});
        if (norm)
            normalise(block, at, bn_eps);
    }
    return PT_OK;
}

/** Nothing where the rate is 0. */
static int32_t dropout(pt_block_t *block, int32_t in, double rate)
{
    if (rate == 0)
        return in;
    int32_t at = block_append(block, "dropout", in, BLOCK_NONE);
    block->step[at].attr.rate = rate;
    return at;
}

static int32_t linear(pt_block_t *block, int32_t in, int64_t channels,
                      pt_block_start_t start)
{
    int32_t at = block_append(block, "linear", in, BLOCK_NONE);
    block->step[at].attr.channels = (int32_t)channels;
    block->step[at].start = start;
    return at;
}

void pt_block_linear(int32_t channels, pt_block_t *block)
{
    memset(block, 0, sizeof *block);
    linear(block, PT_BLOCK_SRC, channels, PT_START_FITTED);
}

void pt_block_classifier(const pt_head_spec_t *head, pt_block_t *block)
{
    memset(block, 0, sizeof *block);
    int32_t at = head->norm ? normalise(block, PT_BLOCK_SRC, head->bn_eps) : PT_BLOCK_SRC;
    at = block_append(block, "global_pool", at, BLOCK_NONE);
    at = dropout(block, at, head->dropout);
    at = linear(block, at, head->out.c, head->linear ? PT_START_ZERO : PT_START_DRAWN);
    if (head->linear)
        block_append(block, "add", at,
                     linear(block, PT_BLOCK_SKIP, head->out.c, PT_START_FITTED));
}

/** From features of the size of `from` to outputs for every pixel. */
static void predict(const pt_head_spec_t *head, pt_block_t *block, int32_t in,
                    pt_shape_t from)
{
    int32_t at = dropout(block, in, head->dropout);

    at =
        block_conv(block, at, (conv_spec_t){.channels = (int32_t)head->out.c, .kernel = 1});
    block->step[at].attr.bias = 1;
    block_resize(block, at, from, head->out, head->align_corners);
}

void pt_block_upsample(const pt_head_spec_t *head, pt_block_t *block)
{
    memset(block, 0, sizeof *block);
    predict(head, block, PT_BLOCK_SRC, head->src);
}

void pt_block_deeplab(const pt_head_spec_t *head, pt_block_t *block)
{
    conv_spec_t point = {.channels = head->skip_width, .kernel = 1};
    conv_spec_t conv = {.channels = head->width, .kernel = 3};
    int32_t low, at, c = (int32_t)head->src.c + head->skip_width;

    memset(block, 0, sizeof *block);
    low = block_conv_bn(block, PT_BLOCK_SKIP, point, head->bn_eps, PT_ACT_RELU);
    at = block_resize(block, PT_BLOCK_SRC, head->src, head->skip, head->align_corners);
    at = block_append(block, "concat", at, low);
    for (int i = 0; i < 2; i++, c = head->width)
        at = head->separable
                 ? block_separable(block, at, c, conv, head->bn_eps, PT_ACT_RELU)
                 : block_conv_bn(block, at, conv, head->bn_eps, PT_ACT_RELU);
    predict(head, block, at, head->skip);
}
