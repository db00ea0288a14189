/* The space of linear models, search.method = linear: a dag of one node in which nothing is
 * done, and heads that read the input itself.
 *
 *     input = x = v_1 = y;   logits_k = W_k y + b_k
 */
#include <stdio.h>

#include "graph/space.h"

enum { INPUT, STEM, NODE, SUM };

static pt_status_t pass_on(space_builder_t *b, const char *name, int32_t src,
                           const pt_choice_t *choice)
{
    const pt_block_t nothing = {.n_step = 0};
    candidate_spec_t spec = {
        .src = src, .dst = src + 1, .skip = -1, .task = -1, .choice = choice};

    snprintf(spec.name, sizeof spec.name, "%s", name);
    return space_add_candidate(b, &spec, &nothing);
}

pt_status_t space_build_linear(space_builder_t *b, const pt_space_spec_t *spec)
{
    static const char *const name[] = {
        [INPUT] = "input", [STEM] = "x", [NODE] = "v1", [SUM] = "y"};
    const pt_choice_t in = {.kind = PT_CHOICE_IN, .j = 1};
    const pt_choice_t out = {.kind = PT_CHOICE_OUT, .i = 1};
    pt_space_t *s = b->space;

    s->n_dag_node = 1;
    for (int32_t i = INPUT; i <= SUM; i++)
        PT_TRY(space_add_node(
            b, name[i],
            (pt_shape_t){s->microbatch, spec->height, spec->width, spec->channels}));
    PT_TRY(space_add_output_nodes(b));
    PT_TRY(pass_on(b, "stem", INPUT, NULL));
    PT_TRY(pass_on(b, "in_1", STEM, &in));
    PT_TRY(pass_on(b, "out_1", NODE, &out));
    return space_add_linear_heads(b, SUM);
}
