/* Layers: from a line of text to a block. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "graph/block.h"

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

typedef struct chain {
    pt_block_t *block;
    const pt_layer_place_t *place;
    int32_t at;     /**< output so far */
    int32_t width;  /**< channels so far */
    int32_t stride; /**< still to be given to a convolution */
    int32_t dilation;
} chain_t;

static void add_conv(chain_t *c, int32_t kernel, bool is_depthwise)
{
    conv_spec_t conv = {.channels = is_depthwise ? c->width : c->place->channels,
                        .kernel = kernel,
                        .stride = c->stride,
                        .dilation = c->dilation,
                        .groups = is_depthwise ? c->width : 1};

    c->at = block_conv(c->block, c->at, conv);
    c->width = conv.channels;
    c->stride = 1;
}

static pt_status_t add_token(chain_t *c, const char *token, const char *text)
{
    int32_t conv = square_window(token, "conv");
    int32_t depthwise = square_window(token, "dwconv");
    int32_t pool = square_window(token, "maxpool");
    pt_act_t act = activation(token);
    pt_block_t *block = c->block;
    pt_block_step_t *last = c->at >= 0 ? &block->step[c->at] : NULL;

    if (block->n_step == PT_BLOCK_MAX)
        PT_FAIL(CONFIG, "block %s has more than %d operations", text, PT_BLOCK_MAX);
    if (conv > 0 || depthwise > 0) {
        add_conv(c, conv > 0 ? conv : depthwise, depthwise > 0);
    } else if (strcmp(token, "linear") == 0) {
        c->at = block_append(block, "linear", c->at, BLOCK_NONE);
        block->step[c->at].attr.channels = c->width = c->place->channels;
    } else if (strcmp(token, "bn") == 0) {
        c->at = block_append(block, "batch_norm", c->at, BLOCK_NONE);
        block->step[c->at].attr.eps = c->place->bn_eps;
    } else if (pool > 0) {
        c->at = block_append(block, "pool_max", c->at, BLOCK_NONE);
        block->step[c->at].attr.kernel = pool;
        block->step[c->at].attr.stride = 2;
    } else if (act != PT_ACT_NONE && last != NULL && strcmp(last->op, "batch_norm") == 0 &&
               last->attr.act == PT_ACT_NONE) {
        last->attr.act = act;
    } else if (act != PT_ACT_NONE) {
        c->at = block_append(block, "relu", c->at, BLOCK_NONE);
        block->step[c->at].attr.act = act;
    } else {
        PT_FAIL(CONFIG,
                "block %s: unknown operation '%s', expected convKxK, dwconvKxK, maxpoolKxK "
                "(K odd), linear, bn, relu or relu6 joined by _, or one of "
                "inverted_residual, basic, bottleneck, raspp and aspp",
                text, token);
    }
    return PT_OK;
}

static pt_status_t make_chain(const pt_layer_t *layer, const pt_layer_place_t *place,
                              pt_block_t *block)
{
    char copy[sizeof layer->op], *rest = copy;
    chain_t c = {.block = block,
                 .place = place,
                 .at = PT_BLOCK_SRC,
                 .width = (int32_t)place->src.c,
                 .stride = place->stride,
                 .dilation = place->dilation};

    strcpy(copy, layer->op);
    for (char *token; (token = strsep(&rest, "_")) != NULL;)
        PT_TRY(add_token(&c, token, layer->op));
    if (c.width != place->channels)
        PT_FAIL(CONFIG, "block %s makes %d channels, its node has %d", layer->op,
                (int)c.width, (int)place->channels);
    if (c.stride != 1)
        PT_FAIL(CONFIG, "block %s has no convolution that could take stride %d", layer->op,
                (int)place->stride);
    return PT_OK;
}

/* Sandler et al. 2018: expand, filter, project; the input is added where it fits. */
static pt_status_t make_inverted_residual(const pt_layer_t *layer,
                                          const pt_layer_place_t *p, pt_block_t *block)
{
    int32_t c = (int32_t)p->src.c;
    int32_t wide = c * (layer->expand > 0 ? layer->expand : 1), at = PT_BLOCK_SRC;
    conv_spec_t expand = {.channels = wide, .kernel = 1};
    conv_spec_t filter = {.channels = wide,
                          .kernel = layer->kernel > 0 ? layer->kernel : 3,
                          .stride = p->stride,
                          .dilation = p->dilation,
                          .groups = wide};
    conv_spec_t project = {.channels = p->channels, .kernel = 1};

    if (wide != c)
        at = block_conv_bn(block, at, expand, p->bn_eps, PT_ACT_RELU6);
    at = block_conv_bn(block, at, filter, p->bn_eps, PT_ACT_RELU6);
    at = block_conv_bn(block, at, project, p->bn_eps, PT_ACT_NONE);
    if (p->stride == 1 && p->channels == c)
        block_append(block, "add", PT_BLOCK_SRC, at);
    return PT_OK;
}

/** He et al. 2016: what the residual is added to; it stands before the residual, so that
 * the block's last batch norm is the residual's. */
static int32_t shortcut(const pt_layer_place_t *p, pt_block_t *block)
{
    conv_spec_t conv = {.channels = p->channels, .kernel = 1, .stride = p->stride};

    if (p->stride == 1 && p->channels == p->src.c)
        return PT_BLOCK_SRC;
    return block_conv_bn(block, PT_BLOCK_SRC, conv, p->bn_eps, PT_ACT_NONE);
}

static void join(pt_block_t *block, int32_t residual, int32_t passed)
{
    int32_t sum = block_append(block, "add", residual, passed);

    block_append(block, "relu", sum, BLOCK_NONE);
}

static pt_status_t make_basic(const pt_layer_t *layer, const pt_layer_place_t *p,
                              pt_block_t *block)
{
    conv_spec_t first = {p->channels, 3, p->stride, p->dilation, 1};
    conv_spec_t second = {p->channels, 3, 1, p->dilation, 1};
    int32_t passed = shortcut(p, block), at;

    (void)layer;
    at = block_conv_bn(block, PT_BLOCK_SRC, first, p->bn_eps, PT_ACT_RELU);
    at = block_conv_bn(block, at, second, p->bn_eps, PT_ACT_NONE);
    join(block, at, passed);
    return PT_OK;
}

static pt_status_t make_bottleneck(const pt_layer_t *layer, const pt_layer_place_t *p,
                                   pt_block_t *block)
{
    int32_t narrow = p->channels / 4, passed, at;
    conv_spec_t reduce = {.channels = narrow, .kernel = 1};
    conv_spec_t filter = {narrow, 3, p->stride, p->dilation, 1};
    conv_spec_t widen = {.channels = p->channels, .kernel = 1};

    if (narrow < 1)
        PT_FAIL(CONFIG, "%s wants at least 4 channels, got %d", layer->op,
                (int)p->channels);
    passed = shortcut(p, block);
    at = block_conv_bn(block, PT_BLOCK_SRC, reduce, p->bn_eps, PT_ACT_RELU);
    at = block_conv_bn(block, at, filter, p->bn_eps, PT_ACT_RELU);
    at = block_conv_bn(block, at, widen, p->bn_eps, PT_ACT_NONE);
    join(block, at, passed);
    return PT_OK;
}

/** Put a branch beside those before it. */
static int32_t beside(pt_block_t *block, int32_t all, int32_t branch)
{
    return block_append(block, "concat", all, branch);
}

/* Chen et al. 2017 (DeepLabV3).  Their rates 6, 12, 18 are for features at stride 16; they
 * grow as the stride shrinks, so that they cover as much of the input. */
static pt_status_t make_pyramid(const pt_layer_t *layer, const pt_layer_place_t *p,
                                pt_block_t *block, int32_t n_dilated)
{
    conv_spec_t point = {.channels = p->channels, .kernel = 1};
    pt_shape_t pixel = {p->src.n, 1, 1, p->channels};
    int32_t all, at, unit = 6 * 16 / p->input_stride;

    if (p->stride != 1)
        PT_FAIL(CONFIG, "%s takes no stride, its place wants %d", layer->op,
                (int)p->stride);
    all = block_conv_bn(block, PT_BLOCK_SRC, point, p->bn_eps, PT_ACT_RELU);
    for (int32_t i = 1; i <= n_dilated; i++) {
        conv_spec_t conv = {
            .channels = p->channels, .kernel = 3, .dilation = unit > 0 ? i * unit : 1};
        at = layer->separable
                 ? block_separable(block, PT_BLOCK_SRC, (int32_t)p->src.c, conv, p->bn_eps,
                                   PT_ACT_RELU)
                 : block_conv_bn(block, PT_BLOCK_SRC, conv, p->bn_eps, PT_ACT_RELU);
        all = beside(block, all, at);
    }
    at = block_append(block, "global_pool", PT_BLOCK_SRC, BLOCK_NONE);
    at = block_conv_bn(block, at, point, p->bn_eps, PT_ACT_RELU);
    at = block_resize(block, at, pixel, p->src, false);
    all = beside(block, all, at);
    block_conv_bn(block, all, point, p->bn_eps, PT_ACT_RELU);
    return PT_OK;
}

static pt_status_t make_raspp(const pt_layer_t *layer, const pt_layer_place_t *place,
                              pt_block_t *block)
{
    return make_pyramid(layer, place, block, 0);
}

static pt_status_t make_aspp(const pt_layer_t *layer, const pt_layer_place_t *place,
                             pt_block_t *block)
{
    return make_pyramid(layer, place, block, 3);
}

static pt_status_t make_nothing(const pt_layer_t *layer, const pt_layer_place_t *p,
                                pt_block_t *block)
{
    (void)block;
    if (p->channels != p->src.c || p->stride != 1)
        PT_FAIL(CONFIG, "%s takes what it gets: neither out nor stride", layer->op);
    return PT_OK;
}

typedef pt_status_t (*make_t)(const pt_layer_t *layer, const pt_layer_place_t *place,
                              pt_block_t *block);

static const struct {
    const char *name;
    make_t make;
} blocks[] = {{"none", make_nothing}, {"inverted_residual", make_inverted_residual},
              {"basic", make_basic},  {"bottleneck", make_bottleneck},
              {"raspp", make_raspp},  {"aspp", make_aspp}};

pt_status_t pt_block_layer(const pt_layer_t *layer, const pt_layer_place_t *place,
                           pt_block_t *block)
{
    pt_layer_place_t p = *place;
    make_t make = make_chain;

    memset(block, 0, sizeof *block);
    p.dilation *= layer->dilation > 0 ? layer->dilation : 1;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (strcmp(layer->op, blocks[i].name) == 0)
            make = blocks[i].make;
    return make(layer, &p, block);
}

int32_t pt_layer_shrinks(const pt_layer_t *layer, int32_t stride)
{
    for (const char *at = layer->op; (at = strstr(at, "maxpool")) != NULL; at++)
        stride *= 2;
    return stride;
}

typedef struct layer_key {
    const char *name;
    size_t offset;
    int32_t min, max;
    const char *block; /**< the one that has it; NULL: all */
} layer_key_t;

static const layer_key_t keys[] = {
    {"out", offsetof(pt_layer_t, out), 1, 1 << 16, NULL},
    {"stride", offsetof(pt_layer_t, stride), 1, 255, NULL},
    {"dilation", offsetof(pt_layer_t, dilation), 1, 255, NULL},
    {"expand", offsetof(pt_layer_t, expand), 1, 64, "inverted_residual"},
    {"kernel", offsetof(pt_layer_t, kernel), 1, 31, "inverted_residual"},
    {"separable", offsetof(pt_layer_t, separable), 0, 1, "aspp"},
};

static pt_status_t parse_key(const char *word, const char *line, pt_layer_t *layer)
{
    size_t n = strcspn(word, "=");
    const layer_key_t *key = NULL;
    int value = 0, used = 0;

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strlen(keys[i].name) == n && strncmp(word, keys[i].name, n) == 0)
            key = &keys[i];
    if (key == NULL)
        PT_FAIL(CONFIG,
                "layer '%s': unknown key '%.*s', expected out, stride, dilation, expand, "
                "kernel or separable",
                line, (int)n, word);
    if (*(int32_t *)((char *)layer + key->offset) != 0)
        PT_FAIL(CONFIG, "layer '%s': %s is said twice", line, key->name);
    if (key->block != NULL && strcmp(key->block, layer->op) != 0)
        PT_FAIL(CONFIG, "layer '%s': %s is a key of %s alone", line, key->name, key->block);
    if (sscanf(word + n, "=%9d%n", &value, &used) != 1 || word[n + (size_t)used] != '\0' ||
        value < key->min || value > key->max)
        PT_FAIL(CONFIG, "layer '%s': expected %s=N with N in %d to %d, got '%s'", line,
                key->name, (int)key->min, (int)key->max, word);
    memcpy((char *)layer + key->offset, &(int32_t){value}, sizeof(int32_t));
    return PT_OK;
}

pt_status_t pt_layer_parse(const char *line, pt_layer_t *layer)
{
    char copy[256], *rest = copy;
    pt_layer_t parsed = {.out = 0};

    if (strlen(line) >= sizeof copy)
        PT_FAIL(CONFIG, "layer '%.40s...': longer than %zu letters", line, sizeof copy - 1);
    strcpy(copy, line);
    for (char *word; (word = strsep(&rest, " \t")) != NULL;) {
        if (*word == '\0')
            continue;
        if (parsed.op[0] != '\0') {
            PT_TRY(parse_key(word, line, &parsed));
        } else {
            if (strlen(word) >= sizeof parsed.op)
                PT_FAIL(CONFIG, "layer '%s': its name is longer than %zu letters", line,
                        sizeof parsed.op - 1);
            strcpy(parsed.op, word);
        }
    }
    if (parsed.op[0] == '\0')
        PT_FAIL(CONFIG, "a layer is empty, expected a line like conv3x3_bn_relu out=32");
    if (parsed.kernel % 2 == 0 && parsed.kernel != 0)
        PT_FAIL(CONFIG, "layer '%s': kernel must be odd", line);
    *layer = parsed;
    return PT_OK;
}
