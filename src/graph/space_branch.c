/* The branch space of Brueggemann et al. (BMVC 2020): an encoder of L layers in copies.
 *
 *     input -> x -> F_1 -> ... -> F_L -> logits_k
 *
 * Node numbers in the space: 0 input, 1 x, 1+l F_l, L+2+k logits of task k.
 */
#include <stdio.h>
#include <string.h>

#include "graph/space.h"
#include "polytree/base/memory.h"

enum { INPUT = 0, STEM = 1, MAX_LAYER = 64 };

typedef struct encoder {
    pt_layer_t stem, layer[MAX_LAYER];
    char line[MAX_LAYER + 1][256]; /**< of the stem, then the layers */
    int32_t n_layer;
} encoder_t;

static pt_status_t parse_encoder(const pt_config_t *config, encoder_t *e)
{
    const char *line = config->encoder.layers;

    e->n_layer = 0;
    if (config->encoder.stem[0] == '\0' || line[0] == '\0')
        PT_FAIL(CONFIG,
                "space.kind = branch wants an encoder: expected space.encoder = FILE, or a "
                "section [encoder] with stem and layers");
    snprintf(e->line[0], sizeof e->line[0], "%.*s", (int)sizeof e->line[0] - 1,
             config->encoder.stem);
    PT_TRY(pt_layer_parse(config->encoder.stem, &e->stem));
    while (*line != '\0') {
        size_t n = strcspn(line, "\n");

        if (e->n_layer == MAX_LAYER)
            PT_FAIL(CONFIG, "encoder.layers has more than %d layers", MAX_LAYER);
        char *text = e->line[e->n_layer + 1];
        snprintf(text, sizeof e->line[0], "%.*s", (int)n, line);
        if (pt_layer_parse(text, &e->layer[e->n_layer++]) != PT_OK)
            PT_FAIL(CONFIG, "encoder.layers, l%02d: %s", (int)e->n_layer,
                    pt_error_message());
        line += n + (line[n] == '\n');
    }
    return PT_OK;
}

/** Where the builder stands: the stride reached, and the dilation in place of more. */
typedef struct encoder_walk {
    pt_shape_t shape;
    int32_t stride, dilation;
} encoder_walk_t;

/**
 * Fix a layer's place and go on behind it.  Past the output stride strides become dilations
 * of what follows; the layer itself still has the dilation before (as in DeepLab).
 */
static pt_status_t place_layer(const space_builder_t *b, const pt_config_t *config,
                               const pt_layer_t *layer, encoder_walk_t *walk,
                               pt_layer_place_t *place)
{
    int64_t limit = config->space.output_stride;
    int32_t stride = layer->stride > 0 ? layer->stride : 1, kept = stride;
    int32_t shrinks = pt_layer_shrinks(layer, stride);

    if (limit > 0 && (int64_t)walk->stride * shrinks > limit) {
        kept = limit % walk->stride == 0 ? (int32_t)limit / walk->stride : 0;
        if (kept < 1 || shrinks != stride || stride % kept != 0)
            PT_FAIL(CONFIG,
                    "layer %s: stride %d behind stride %d cannot stop at "
                    "space.output_stride = %d",
                    layer->op, (int)shrinks, (int)walk->stride, (int)limit);
        shrinks = kept;
    }
    *place = (pt_layer_place_t){
        .src = walk->shape,
        .channels = (int32_t)(layer->out > 0 ? space_widened(b, config, layer->out)
                                             : walk->shape.c),
        .stride = kept,
        .dilation = walk->dilation,
        .input_stride = walk->stride,
        .bn_eps = config->bn.eps};
    walk->stride *= shrinks;
    walk->dilation *= stride / kept;
    walk->shape = space_strided(walk->shape, shrinks, place->channels);
    return PT_OK;
}

static pt_status_t add_nodes(space_builder_t *b, const pt_config_t *config,
                             const pt_space_spec_t *spec, const encoder_t *e,
                             pt_layer_place_t *place)
{
    pt_space_t *s = b->space;
    encoder_walk_t walk = {
        {s->microbatch, spec->height, spec->width, spec->channels}, 1, 1};
    char name[24];

    PT_TRY(space_add_node(b, "input", walk.shape));
    PT_TRY(place_layer(b, config, &e->stem, &walk, &place[0]));
    PT_TRY(space_add_node(b, "x", walk.shape));
    for (int32_t l = 1; l <= e->n_layer; l++) {
        PT_TRY(place_layer(b, config, &e->layer[l - 1], &walk, &place[l]));
        snprintf(name, sizeof name, "l%02d", (int)l);
        PT_TRY(space_add_node(b, name, walk.shape));
    }
    return space_add_output_nodes(b);
}

static pt_status_t describe_layers(pt_space_t *s, const encoder_t *e,
                                   const pt_layer_place_t *place)
{
    PT_TRY(pt_alloc(&s->layer, (size_t)s->n_layer + 1, sizeof *s->layer));
    for (int32_t l = 0; l <= s->n_layer; l++) {
        const pt_layer_t *layer = l == 0 ? &e->stem : &e->layer[l - 1];
        memcpy(s->layer[l].block, e->line[l], sizeof e->line[l]);
        s->layer[l].stride = place[l].stride;
        s->layer[l].dilation =
            place[l].dilation * (layer->dilation > 0 ? layer->dilation : 1);
    }
    return PT_OK;
}

/** Copies of layer l = 1..L. */
static int32_t count_copies(const pt_space_t *s, const pt_config_t *config,
                            const pt_branching_t *branching, int32_t l)
{
    if (pt_methods[config->search.method].is_chain)
        return 1;
    if (branching != NULL)
        return pt_branching_n_group(branching, l - 1);
    if (pt_methods[config->search.method].is_full || config->space.copies == 0)
        return s->n_task;
    return (int32_t)config->space.copies;
}

/** Whether candidates are searched among: what is trained at once is built in full. */
static bool is_searched(const pt_config_t *config, const pt_space_spec_t *spec)
{
    return spec->branching == NULL && !pt_methods[config->search.method].is_fixed;
}

static bool has_one_copy(const pt_config_t *config, const pt_space_spec_t *spec)
{
    return !is_searched(config, spec) || pt_config_is_judged(config) ||
           (config->search.gates == PT_GATES_HARD && config->search.run == PT_RUN_ACTIVE);
}

/* A scale behind the last batch norm could make up for a small gate. */
static void strip_last_affine(pt_block_t *block)
{
    for (int32_t i = block->n_step - 1; i >= 0; i--)
        if (strcmp(block->step[i].op, "batch_norm") == 0) {
            block->step[i].attr.no_affine = 1;
            return;
        }
}

static pt_status_t add_layer(space_builder_t *b, const pt_config_t *config,
                             const pt_space_spec_t *spec, const pt_layer_t *layer,
                             const pt_layer_place_t *place, int32_t l)
{
    int32_t n_copy = count_copies(b->space, config, spec->branching, l);
    pt_block_t block;

    if (pt_block_layer(layer, place, &block) != PT_OK)
        PT_FAIL(CONFIG, "encoder.layers, l%02d: %s", (int)l, pt_error_message());
    if (is_searched(config, spec) && !config->space.affine_last)
        strip_last_affine(&block);
    for (int32_t j = 0; j < n_copy; j++) {
        pt_choice_t choice = {.kind = PT_CHOICE_COPY, .i = l, .j = j};
        candidate_spec_t copy = {.src = STEM + l - 1,
                                 .dst = STEM + l,
                                 .skip = -1,
                                 .task = -1,
                                 .choice = &choice};
        snprintf(copy.name, sizeof copy.name, "l%02d_copy%d", (int)l, (int)j);
        PT_TRY(space_add_copies(b, config, copy, &block));
    }
    b->space->layer_choice[l] = b->space->n_choice;
    return PT_OK;
}

static pt_status_t find_skip(pt_space_t *s, const pt_config_t *config)
{
    const char *skip = config->head.skip;

    for (int32_t l = 1; l <= s->n_layer; l++)
        if (strcmp(skip, s->node[STEM + l].name) == 0)
            s->skip_layer = l;
    if (skip[0] != '\0' && s->skip_layer == 0)
        PT_FAIL(CONFIG, "head.skip = %s names no layer, expected one of l01 to l%02d", skip,
                (int)s->n_layer);
    return PT_OK;
}

static pt_status_t add_all(space_builder_t *b, const pt_config_t *config,
                           const pt_space_spec_t *spec, const encoder_t *e)
{
    pt_space_t *s = b->space;
    candidate_spec_t stem = {
        .name = "stem", .src = INPUT, .dst = STEM, .skip = -1, .task = -1};
    pt_layer_place_t place[MAX_LAYER + 1];
    pt_block_t block;

    s->n_layer = e->n_layer;
    s->has_one_copy = has_one_copy(config, spec);
    if (spec->branching != NULL &&
        (spec->branching->n_layer != s->n_layer || spec->branching->n_task < s->n_task))
        PT_FAIL(MISMATCH,
                "a branching of %d layers and %d tasks for %d layers and %d tasks",
                (int)spec->branching->n_layer, (int)spec->branching->n_task,
                (int)s->n_layer, (int)s->n_task);
    PT_TRY(pt_alloc(&s->layer_choice, (size_t)s->n_layer + 1, sizeof *s->layer_choice));
    PT_TRY(add_nodes(b, config, spec, e, place));
    PT_TRY(describe_layers(s, e, place));
    PT_TRY(find_skip(s, config));
    PT_TRY(pt_block_layer(&e->stem, &place[0], &block));
    PT_TRY(space_add_copies(b, config, stem, &block));
    for (int32_t l = 1; l <= s->n_layer; l++)
        PT_TRY(add_layer(b, config, spec, &e->layer[l - 1], &place[l], l));
    return space_add_heads(b, config, STEM + s->n_layer,
                           s->skip_layer > 0 ? STEM + s->skip_layer : -1);
}

pt_status_t space_build_branch(space_builder_t *b, const pt_config_t *config,
                               const pt_space_spec_t *spec)
{
    bool is_numbered = pt_methods[config->search.method].is_numbered;
    encoder_t *encoder;
    pt_branching_t numbered = {0};
    pt_space_spec_t own = *spec;
    pt_status_t status;

    PT_TRY(pt_alloc(&encoder, 1, sizeof *encoder));
    PT_TRY_OR(done, parse_encoder(config, encoder));
    if (is_numbered && spec->branching == NULL) {
        PT_TRY_OR(done, pt_branching_init(&numbered, encoder->n_layer, spec->n_task));
        PT_TRY_OR(done, pt_branching_nth(config->baseline.branching,
                                         (int32_t)config->space.copies, &numbered));
        own.branching = &numbered;
    }
    PT_TRY_OR(done, add_all(b, config, &own, encoder));
done:
    pt_branching_release(&numbered);
    pt_free(encoder);
    return status;
}
