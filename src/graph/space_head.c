/* Heads: what both kinds of space have in common at their ends. */
#include <stdio.h>
#include <string.h>

#include "graph/space.h"

enum { INPUT = 0 };

static pt_shape_t output_shape(const pt_space_t *s, int32_t task)
{
    pt_shape_t input = s->node[0].shape;
    bool is_map = s->task[task].is_map;

    return (pt_shape_t){s->microbatch, is_map ? input.h : 1, is_map ? input.w : 1,
                        s->task[task].outputs};
}

/** head.kind for a task: what is one label an image is always classified. */
static pt_status_t kind_of(const pt_space_t *s, const pt_config_t *config, int32_t task,
                           pt_head_t *kind)
{
    *kind = config->head.kind;
    if (*kind == PT_HEAD_CLASSIFIER && s->task[task].is_map)
        PT_FAIL(CONFIG,
                "head.kind = classifier gives one output an image, but task %s has one for "
                "every pixel: expected auto, upsample or deeplab",
                s->task[task].name);
    if (!s->task[task].is_map)
        *kind = PT_HEAD_CLASSIFIER;
    else if (*kind == PT_HEAD_AUTO)
        *kind = PT_HEAD_UPSAMPLE;
    return PT_OK;
}

static candidate_spec_t head_spec(const pt_space_t *s, int32_t task, int32_t src)
{
    candidate_spec_t spec = {
        .src = src, .dst = s->n_node - s->n_task + task, .skip = -1, .task = task};

    snprintf(spec.name, sizeof spec.name, "head_%s", s->task[task].name);
    return spec;
}

static pt_status_t add_head(space_builder_t *b, const pt_config_t *config, int32_t task,
                            int32_t src, int32_t skip)
{
    const pt_space_t *s = b->space;
    candidate_spec_t spec = head_spec(s, task, src);
    pt_block_t block;
    pt_head_t kind;

    PT_TRY(kind_of(s, config, task, &kind));
    if (config->head.linear && kind != PT_HEAD_CLASSIFIER)
        PT_FAIL(CONFIG,
                "head.linear = 1 is for one output an input, but task %s has one for every "
                "pixel",
                s->task[task].name);
    if (kind == PT_HEAD_DEEPLAB && skip < 0)
        PT_FAIL(CONFIG,
                "head.kind = deeplab wants low-level features: expected head.skip = %s",
                s->kind == PT_SPACE_DAG ? "x" : "the name of a layer like l03");
    spec.skip = kind == PT_HEAD_DEEPLAB ? skip : config->head.linear ? INPUT : -1;
    pt_head_spec_t head = {.src = s->node[src].shape,
                           .skip = s->node[skip < 0 ? src : skip].shape,
                           .out = s->node[spec.dst].shape,
                           .width = (int32_t)space_widened(b, config, config->head.width),
                           .skip_width = (int32_t)space_widened(b, config, 48),
                           .separable = config->head.separable,
                           .align_corners = config->head.align_corners,
                           .norm = config->head.norm,
                           .linear = config->head.linear,
                           .dropout = config->head.dropout,
                           .bn_eps = config->bn.eps};
    switch (kind) {
    case PT_HEAD_DEEPLAB:
        pt_block_deeplab(&head, &block);
        break;
    case PT_HEAD_UPSAMPLE:
        pt_block_upsample(&head, &block);
        break;
    default:
        pt_block_classifier(&head, &block);
        break;
    }
    return space_add_candidate(b, &spec, &block);
}

pt_status_t space_add_output_nodes(space_builder_t *b)
{
    char name[24];

    for (int32_t k = 0; k < b->space->n_task; k++) {
        snprintf(name, sizeof name, "logits%d", (int)k);
        PT_TRY(space_add_node(b, name, output_shape(b->space, k)));
    }
    return PT_OK;
}

pt_status_t space_add_heads(space_builder_t *b, const pt_config_t *config, int32_t src,
                            int32_t skip)
{
    for (int32_t k = 0; k < b->space->n_task; k++)
        PT_TRY(add_head(b, config, k, src, skip));
    return PT_OK;
}

pt_status_t space_add_linear_heads(space_builder_t *b, int32_t src)
{
    const pt_space_t *s = b->space;

    for (int32_t k = 0; k < s->n_task; k++) {
        candidate_spec_t spec = head_spec(s, k, src);
        pt_block_t block;
        pt_block_linear(s->task[k].outputs, &block);
        PT_TRY(space_add_candidate(b, &spec, &block));
    }
    return PT_OK;
}
