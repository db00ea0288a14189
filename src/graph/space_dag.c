/* The restricted DAG of Choi & Im (CVPR 2023):
 *
 *     input -> x;   v_j = a_j R_j(x) + sum_{max(1,j-M) <= i < j} g_ij o_ij(v_i)
 *     y = sum_i b_i Q_i(v_i);   logits_k = head_k(y)
 *
 * Node numbers in the space: 0 input, 1 x, 1+j v_j, N+2 y, N+3+k logits of task k.
 */
#include "graph/space.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Operations take strides up to this one. */
enum { INPUT = 0, STEM = 1, MOST_STRIDE = 255 };

/** Times the width of a chain; the searched space is as it is. */
static int64_t widened(const pt_config_t *config, int64_t channels)
{
    double width = config->baseline.width;

    if (!pt_method_is_chain(config->search.method) || width == 0)
        return channels;
    int64_t n = llround((double)channels * width);
    return n > 1 ? n : 1;
}

static int64_t per_node(const pt_int_list_t *list, int32_t j)
{
    return list->value[j <= list->n ? j - 1 : list->n - 1];
}

/** Shape behind a stride, as every operation with 'same' padding makes it. */
static pt_shape_t strided(pt_shape_t s, int64_t stride, int64_t channels)
{
    return (pt_shape_t){s.n, (s.h + stride - 1) / stride, (s.w + stride - 1) / stride,
                        channels};
}

static pt_status_t add_nodes(space_builder_t *b, const pt_config_t *config,
                             const pt_space_spec_t *spec)
{
    pt_space_t *s = b->space;
    pt_shape_t shape = {s->microbatch, spec->height, spec->width, spec->channels};
    char name[24];

    PT_TRY(space_add_node(b, "input", shape));
    shape.c = widened(config, config->space.stem_channels);
    PT_TRY(space_add_node(b, "x", shape));
    for (int32_t j = 1; j <= s->n_dag_node; j++) {
        shape = strided(shape, per_node(&config->space.stride, j),
                        widened(config, per_node(&config->space.channels, j)));
        snprintf(name, sizeof name, "v%d", j);
        PT_TRY(space_add_node(b, name, shape));
    }
    PT_TRY(space_add_node(b, "y", shape));
    for (int32_t k = 0; k < spec->n_task; k++) {
        snprintf(name, sizeof name, "logits%d", k);
        PT_TRY(space_add_node(b, name, (pt_shape_t){shape.n, 1, 1, spec->task[k].outputs}));
    }
    return PT_OK;
}

/** For all tasks; in search.method = single once for each. */
static pt_status_t add_copies(space_builder_t *b, const pt_config_t *config,
                              candidate_spec_t spec, const pt_block_t *block)
{
    candidate_spec_t copy = spec;

    if (config->search.method != PT_METHOD_SINGLE)
        return space_add_candidate(b, &spec, block);
    for (copy.task = 0; copy.task < b->space->n_task; copy.task++) {
        snprintf(copy.name, sizeof copy.name, "task%d_%.20s", (int)copy.task, spec.name);
        PT_TRY(space_add_candidate(b, &copy, block));
    }
    return PT_OK;
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
    PT_TRY(pt_block_adapter(s->node[src].shape, s->node[dst].shape, &block));
    return add_copies(b, config, spec, &block);
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

static pt_status_t add_edge(space_builder_t *b, const pt_config_t *config, int32_t i,
                            int32_t j)
{
    const pt_space_t *s = b->space;
    pt_choice_t choice = {.kind = PT_CHOICE_EDGE, .i = i, .j = j};
    candidate_spec_t spec = {
        .src = STEM + i, .dst = STEM + j, .skip = -1, .task = -1, .choice = &choice};
    pt_block_t block;
    int32_t stride = 1;

    PT_TRY(stride_between(config, i, j, &stride));
    snprintf(spec.name, sizeof spec.name, "edge_%d_%d", i, j);
    PT_TRY(pt_block_parse(config->space.op, (int32_t)s->node[spec.src].shape.c,
                          (int32_t)s->node[spec.dst].shape.c, stride, config->bn.eps,
                          &block));
    return add_copies(b, config, spec, &block);
}

static pt_status_t add_stem(space_builder_t *b, const pt_config_t *config)
{
    const pt_space_t *s = b->space;
    candidate_spec_t spec = {
        .name = "stem", .src = INPUT, .dst = STEM, .skip = -1, .task = -1};
    pt_block_t block;

    PT_TRY(pt_block_parse(config->space.stem, (int32_t)s->node[INPUT].shape.c,
                          (int32_t)s->node[STEM].shape.c, 1, config->bn.eps, &block));
    return add_copies(b, config, spec, &block);
}

static pt_status_t add_head(space_builder_t *b, const pt_config_t *config, int32_t task)
{
    const pt_space_t *s = b->space;
    int32_t readout = STEM + s->n_dag_node + 1;
    candidate_spec_t spec = {
        .src = readout, .dst = readout + 1 + task, .skip = -1, .task = task};
    pt_block_t block;

    snprintf(spec.name, sizeof spec.name, "head_%.34s", s->task[task].name);
    if (config->head.kind != PT_HEAD_AUTO && config->head.kind != PT_HEAD_CLASSIFIER)
        PT_FAIL(CONFIG, "head.kind: expected classifier");
    pt_block_classifier(s->task[task].outputs, config->head.dropout, &block);
    return space_add_candidate(b, &spec, &block);
}

pt_status_t space_build_dag(space_builder_t *b, const pt_config_t *config,
                            const pt_space_spec_t *spec)
{
    pt_space_t *s = b->space;
    int32_t n = (int32_t)config->space.nodes;
    bool is_chain = pt_method_is_chain(config->search.method);
    int32_t flow = is_chain ? 1 : (int32_t)config->space.flow;

    s->n_dag_node = n;
    s->min_depth = (int32_t)config->space.min_depth;
    if (s->min_depth > n - 1)
        PT_FAIL(CONFIG, "space.min_depth %d needs more than space.nodes %d", s->min_depth,
                n);
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
    for (int32_t k = 0; k < spec->n_task; k++)
        PT_TRY(add_head(b, config, k));
    return PT_OK;
}
