#include "polytree/graph/block.h"

#include <stdio.h>
#include <string.h>

/** Append a step that reads the one before it. */
static pt_block_step_t *append(pt_block_t *block, const char *op)
{
    pt_block_step_t *step = &block->step[block->n_step];
    *step = (pt_block_step_t){.op = op, .n_in = 1, .in = {block->n_step - 1, 0}};
    block->n_step++;
    return step;
}

/** "conv3x3" with prefix "conv": the window 3; 0 where the token is something else. */
static int32_t square_window(const char *token, const char *prefix)
{
    size_t n = strlen(prefix);
    int a = 0, b = 0, used = 0;

    if (strncmp(token, prefix, n) != 0 ||
        sscanf(token + n, "%2dx%2d%n", &a, &b, &used) != 2 ||
        token[n + (size_t)used] != '\0')
        return 0;
    return a == b && a >= 1 && a <= 31 && a % 2 == 1 ? a : 0;
}

static pt_act_t activation(const char *token)
{
    if (strcmp(token, "relu") == 0)
        return PT_ACT_RELU;
    return strcmp(token, "relu6") == 0 ? PT_ACT_RELU6 : PT_ACT_NONE;
}

typedef struct parser {
    pt_block_t *block;
    int32_t width;    /**< channels so far */
    int32_t channels; /**< wanted of convolutions */
    int32_t stride;   /**< still to be given to a convolution */
    double bn_eps;
} parser_t;

static pt_status_t parse_token(parser_t *p, const char *token, const char *text)
{
    int32_t conv = square_window(token, "conv");
    int32_t depthwise = square_window(token, "dwconv");
    pt_act_t act = activation(token);
    pt_block_t *block = p->block;
    pt_block_step_t *last = block->n_step > 0 ? &block->step[block->n_step - 1] : NULL;

    if (block->n_step == PT_BLOCK_MAX)
        PT_FAIL(CONFIG, "block %s has more than %d operations", text, PT_BLOCK_MAX);
    if (conv > 0 || depthwise > 0) {
        pt_block_step_t *step = append(block, "conv");
        step->attr.kernel = conv > 0 ? conv : depthwise;
        step->attr.stride = p->stride;
        step->attr.groups = conv > 0 ? 1 : p->width;
        step->attr.channels = conv > 0 ? p->channels : p->width;
        p->width = step->attr.channels;
        p->stride = 1;
    } else if (strcmp(token, "linear") == 0) {
        append(block, "linear")->attr.channels = p->channels;
        p->width = p->channels;
    } else if (strcmp(token, "bn") == 0) {
        append(block, "batch_norm")->attr.eps = p->bn_eps;
    } else if (act != PT_ACT_NONE && last != NULL && strcmp(last->op, "batch_norm") == 0 &&
               last->attr.act == PT_ACT_NONE) {
        last->attr.act = act;
    } else if (act != PT_ACT_NONE) {
        append(block, "relu")->attr.act = act;
    } else {
        PT_FAIL(CONFIG,
                "block %s: unknown operation '%s', expected convKxK, dwconvKxK (K odd), "
                "linear, bn, relu or relu6 joined by _",
                text, token);
    }
    return PT_OK;
}

pt_status_t pt_block_parse(const char *text, int32_t in_channels, int32_t channels,
                           int32_t stride, double bn_eps, pt_block_t *block)
{
    char copy[64], *rest = copy;
    parser_t p = {block, in_channels, channels, stride, bn_eps};

    memset(block, 0, sizeof *block);
    if (strlen(text) >= sizeof copy)
        PT_FAIL(CONFIG, "block %s: longer than %zu letters", text, sizeof copy - 1);
    strcpy(copy, text);
    for (char *token; (token = strsep(&rest, "_")) != NULL;)
        PT_TRY(parse_token(&p, token, text));
    if (p.width != channels)
        PT_FAIL(CONFIG, "block %s makes %d channels, its node has %d", text, p.width,
                channels);
    if (p.stride != 1)
        PT_FAIL(CONFIG, "block %s has no convolution that could take stride %d", text,
                stride);
    return PT_OK;
}

pt_status_t pt_block_adapter(pt_shape_t src, pt_shape_t dst, pt_block_t *block)
{
    char a[64], b[64];

    memset(block, 0, sizeof *block);
    if (src.h != dst.h || src.w != dst.w) {
        int64_t by_h = (src.h + dst.h - 1) / dst.h, by_w = (src.w + dst.w - 1) / dst.w;
        int64_t stride = by_h > by_w ? by_h : by_w; /* each is the least that does */
        if (dst.h > src.h || dst.w > src.w || (src.h + stride - 1) / stride != dst.h ||
            (src.w + stride - 1) / stride != dst.w)
            PT_FAIL(SHAPE, "no whole stride leads from %s to %s", pt_shape_text(src, a),
                    pt_shape_text(dst, b));
        pt_block_step_t *pool = append(block, "pool_avg");
        pool->attr.kernel = (int32_t)stride;
        pool->attr.stride = (int32_t)stride;
    }
    if (src.c != dst.c) {
        pt_block_step_t *conv = append(block, "conv");
        conv->attr.kernel = 1;
        conv->attr.stride = 1;
        conv->attr.groups = 1;
        conv->attr.channels = (int32_t)dst.c;
    }
    return PT_OK;
}

void pt_block_classifier(int32_t outputs, double dropout, pt_block_t *block)
{
    memset(block, 0, sizeof *block);
    append(block, "global_pool");
    if (dropout > 0)
        append(block, "dropout")->attr.rate = dropout;
    append(block, "linear")->attr.channels = outputs;
}
