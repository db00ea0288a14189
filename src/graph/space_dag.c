/* The restricted DAG of Choi & Im (CVPR 2023):
 *
 *     input -> x;   v_j = a_j R_j(x) + sum_{max(1,j-M) <= i < j} g_ij o_ij(v_i)
 *     y = sum_i b_i Q_i(v_i);   logits_k = head_k(y)
 *
 * Node numbers in the space: 0 input, 1 x, 1+j v_j, N+2 y, N+3+k logits of task k.
 */
#include "graph/space.h"

#include <stdio.h>
#include <string.h>

/* Operations take strides up to this one. */
enum { INPUT = 0, STEM = 1, MOST_STRIDE = 255 };

static int64_t per_node(const pt_int_list_t *list, int32_t j)
{
    return list->value[j <= list->n ? j - 1 : list->n - 1];
}

/** The stem may make images smaller: it is the one layer of a dag with its own stride. */
static pt_status_t parse_stem(const pt_config_t *config, pt_layer_t *stem)
{
    PT_TRY(pt_layer_parse(config->space.stem, stem));
    if (stem->out > 0)
        PT_FAIL(CONFIG, "space.stem = %s: out follows from space.stem_channels",
                config->space.stem);
    stem->stride = stem->stride > 0 ? stem->stride : 1;
    return PT_OK;
}

static pt_status_t add_nodes(space_builder_t *b, const pt_config_t *config,
                             const pt_space_spec_t *spec)
{
    pt_space_t *s = b->space;
    pt_shape_t shape = {s->microbatch, spec->height, spec->width, spec->channels};
    char name[24];
    pt_layer_t stem;

    PT_TRY(parse_stem(config, &stem));
    PT_TRY(space_add_node(b, "input", shape));
    shape = space_strided(shape, pt_layer_shrinks(&stem, stem.stride),
                          space_widened(b, config, config->space.stem_channels));
    PT_TRY(space_add_node(b, "x", shape));
    for (int32_t j = 1; j <= s->n_dag_node; j++) {
        shape =
            space_strided(shape, per_node(&config->space.stride, j),
                          space_widened(b, config, per_node(&config->space.channels, j)));
        snprintf(name, sizeof name, "v%d", j);
        PT_TRY(space_add_node(b, name, shape));
    }
    PT_TRY(space_add_node(b, "y", shape));
    return space_add_output_nodes(b);
}

static pt_status_t add_adapter(space_builder_t *b, const pt_config_t *config, int32_t src,
                               int32_t dst, pt_choice_t choice)
{
    const pt_space_t *s = b->space;
    candidate_spec_t spec = {
        .src = src, .dst = dst, .skip = -1, .task = -1, .choice = &choice};
    pt_block_t block;

    if (choice.kind == PT_CHOICE_IN)
        snprintf(spec.name, sizeof spec.name, "in_%d", choice.j);
    else
        snprintf(spec.name, sizeof spec.name, "out_%d", choice.i);
    PT_TRY(pt_block_adapter(s->node[src].shape, s->node[dst].shape, config->bn.eps,
                            config->space.adapter_norm, &block));
    return space_add_copies(b, config, spec, &block);
}

/** Stride from v_i to v_j: the product of the nodes' own. */
static pt_status_t stride_between(const pt_config_t *config, int32_t i, int32_t j,
                                  int32_t *stride)
{
    int64_t product = 1;

    for (int32_t m = i + 1; m <= j; m++) {
        product *= per_node(&config->space.stride, m);
        if (product > MOST_STRIDE)
            PT_FAIL(CONFIG,
                    "space.stride: the edge from node %d to node %d has the product of the "
                    "strides behind node %d, which must be at most %d; lower them, or "
                    "space.flow = %lld",
                    (int)i, (int)j, (int)i, MOST_STRIDE, (long long)config->space.flow);
    }
    *stride = (int32_t)product;
    return PT_OK;
}

/** A layer between two nodes, which say what it makes. */
static pt_status_t make_block(const space_builder_t *b, const pt_config_t *config,
                              const pt_layer_t *layer, const candidate_spec_t *spec,
                              int32_t stride, pt_block_t *block)
{
    const pt_node_t *node = b->space->node;
    pt_shape_t input = node[INPUT].shape, src = node[spec->src].shape;

    pt_layer_place_t place = {.src = src,
                              .channels = (int32_t)node[spec->dst].shape.c,
                              .stride = stride,
                              .dilation = 1,
                              .input_stride = (int32_t)((input.h + src.h - 1) / src.h),
                              .bn_eps = config->bn.eps};
    return pt_block_layer(layer, &place, block);
}

static pt_status_t add_edge(space_builder_t *b, const pt_config_t *config, int32_t i,
                            int32_t j)
{
    pt_choice_t choice = {.kind = PT_CHOICE_EDGE, .i = i, .j = j};
    candidate_spec_t spec = {
        .src = STEM + i, .dst = STEM + j, .skip = -1, .task = -1, .choice = &choice};
    pt_block_t block;
    pt_layer_t layer;
    int32_t stride = 1;

    PT_TRY(pt_layer_parse(config->space.op, &layer));
    if (layer.out > 0 || layer.stride > 0)
        PT_FAIL(CONFIG,
                "layer '%s': of a dag, out and stride follow from space.channels and "
                "space.stride",
                config->space.op);
    PT_TRY(stride_between(config, i, j, &stride));
    snprintf(spec.name, sizeof spec.name, "edge_%d_%d", i, j);
    PT_TRY(make_block(b, config, &layer, &spec, stride, &block));
    return space_add_copies(b, config, spec, &block);
}

static pt_status_t add_stem(space_builder_t *b, const pt_config_t *config)
{
    candidate_spec_t spec = {
        .name = "stem", .src = INPUT, .dst = STEM, .skip = -1, .task = -1};
    pt_block_t block;
    pt_layer_t stem;

    PT_TRY(parse_stem(config, &stem));
    PT_TRY(make_block(b, config, &stem, &spec, stem.stride, &block));
    return space_add_copies(b, config, spec, &block);
}

pt_status_t space_build_dag(space_builder_t *b, const pt_config_t *config,
                            const pt_space_spec_t *spec)
{
    pt_space_t *s = b->space;
    int32_t n = (int32_t)config->space.nodes;
    bool is_chain = pt_methods[config->search.method].is_chain;
    bool has_skip = strcmp(config->head.skip, "x") == 0;
    int32_t flow = is_chain ? 1 : (int32_t)config->space.flow;

    s->n_dag_node = n;
    s->min_depth = (int32_t)config->space.min_depth;
    if (s->min_depth > n - 1)
        PT_FAIL(CONFIG, "space.min_depth %d needs more than space.nodes %d", s->min_depth,
                n);
    if (config->head.skip[0] != '\0' && !has_skip)
        PT_FAIL(CONFIG, "head.skip = %s, but a dag has low-level features in x alone",
                config->head.skip);
    PT_TRY(add_nodes(b, config, spec));
    PT_TRY(add_stem(b, config));
    for (int32_t j = 1; j <= n; j++) {
        if (!is_chain || j == 1)
            PT_TRY(add_adapter(b, config, STEM, STEM + j,
                               (pt_choice_t){.kind = PT_CHOICE_IN, .j = j}));
        for (int32_t i = j > flow ? j - flow : 1; i < j; i++)
            PT_TRY(add_edge(b, config, i, j));
        if (!is_chain || j == n)
            PT_TRY(add_adapter(b, config, STEM + j, STEM + n + 1,
                               (pt_choice_t){.kind = PT_CHOICE_OUT, .i = j}));
    }
    return space_add_heads(b, config, STEM + n + 1, has_skip ? STEM : -1);
}
