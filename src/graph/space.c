/* A space from its config to its end: built by its kind, frozen, asked, freed. */
#include "graph/space.h"

#include <string.h>

#include "polytree/base/hash.h"
#include "polytree/base/memory.h"
#include "polytree/base/text.h"

static pt_status_t add_mixes(space_builder_t *b)
{
    pt_space_t *s = b->space;
    pt_op_attr_t attr = {0};

    PT_TRY(pt_alloc(&s->mix1, (size_t)s->n_node, sizeof *s->mix1));
    PT_TRY(pt_alloc(&s->mix2, (size_t)s->n_node, sizeof *s->mix2));
    for (int32_t i = 0; i < s->n_node; i++) {
        pt_shape_t in[2] = {s->node[i].shape, s->node[i].shape};
        PT_TRY(pt_op_prepare("mix", b->kernel, &attr, in, 1, &s->mix1[i]));
        PT_TRY(pt_op_prepare("mix", b->kernel, &attr, in, 2, &s->mix2[i]));
    }
    return PT_OK;
}

/** Hash what the space is, field by field: structs have padding and pointers. */
static uint64_t fingerprint(const pt_space_t *s)
{
    int64_t head[] = {s->kind,        s->n_task, s->microbatch, s->n_node,
                      s->n_candidate, s->n_op,   s->min_depth};
    uint64_t h = pt_hash64(head, sizeof head, 0);

    for (int32_t i = 0; i < s->n_node; i++)
        h = pt_hash64(&s->node[i].shape, sizeof s->node[i].shape, h);
    for (int32_t i = 0; i < s->n_candidate; i++) {
        const pt_candidate_t *c = &s->candidate[i];
        int32_t row[] = {c->src,  c->dst,   c->skip,     c->choice,
                         c->task, c->group, c->first_op, c->n_op};
        h = pt_hash64(row, sizeof row, h);
    }
    for (int32_t i = 0; i < s->n_op; i++)
        h = pt_hash64(s->op[i].inst.op->name, strlen(s->op[i].inst.op->name), h);
    for (int32_t i = 0; i < s->store.n_param; i++) {
        const pt_param_t *p = &s->store.param[i];
        int64_t row[] = {p->offset, p->count, p->role};
        h = pt_hash64(p->name, strlen(p->name), pt_hash64(row, sizeof row, h));
    }
    return h;
}

static pt_status_t build(space_builder_t *b, const pt_config_t *config,
                         const pt_space_spec_t *spec)
{
    pt_space_t *s = b->space;
    bool is_linear = pt_methods[config->search.method].is_linear;

    s->kind = is_linear ? PT_SPACE_DAG : config->space.kind;
    s->microbatch = config->train.microbatch;
    s->widening = spec->widening > 0 ? spec->widening : 1;
    s->n_task = spec->n_task;
    PT_TRY(pt_alloc(&s->task, (size_t)spec->n_task, sizeof *s->task));
    memcpy(s->task, spec->task, (size_t)spec->n_task * sizeof *s->task);
    PT_TRY(is_linear                 ? space_build_linear(b, spec)
           : s->kind == PT_SPACE_DAG ? space_build_dag(b, config, spec)
                                     : space_build_branch(b, config, spec));
    PT_TRY(add_mixes(b));
    PT_TRY(pt_store_freeze(&s->store));
    s->fingerprint = fingerprint(s);
    return PT_OK;
}

pt_status_t pt_space_new(const pt_config_t *config, const pt_space_spec_t *spec,
                         const pt_kernel_t *kernel, pt_space_t **out)
{
    space_builder_t b = {.kernel = kernel};
    pt_status_t status;

    PT_TRY(pt_alloc(&b.space, 1, sizeof *b.space));
    pt_store_init(&b.space->store);
    PT_TRY_OR(failed, build(&b, config, spec));
    *out = b.space;
    return PT_OK;
failed:
    pt_space_free(b.space);
    return status;
}

void pt_space_free(pt_space_t *space)
{
    if (space == NULL)
        return;
    for (int32_t i = 0; i < space->n_op; i++)
        pt_op_release(&space->op[i].inst);
    for (int32_t i = 0; i < space->n_node; i++) {
        if (space->mix1 != NULL)
            pt_op_release(&space->mix1[i]);
        if (space->mix2 != NULL)
            pt_op_release(&space->mix2[i]);
    }
    pt_store_release(&space->store);
    pt_free(space->mix1);
    pt_free(space->mix2);
    pt_free(space->layer_choice);
    pt_free(space->layer);
    pt_free(space->choice);
    pt_free(space->op);
    pt_free(space->candidate);
    pt_free(space->node);
    pt_free(space->task);
    pt_free(space);
}

int32_t pt_space_head(const pt_space_t *space, int32_t task)
{
    int32_t c = space->n_candidate - 1;
    while (c > 0 && space->candidate[c].dst != space->n_node - space->n_task + task)
        c--;
    return c;
}

int32_t pt_space_name_columns(const pt_space_t *space, int32_t least)
{
    for (int32_t k = 0; k < space->n_task; k++) {
        int32_t columns = pt_columns(space->task[k].name);
        least = columns > least ? columns : least;
    }
    return least;
}

int32_t pt_space_find_choice(const pt_space_t *space, pt_choice_kind_t kind, int32_t i,
                             int32_t j)
{
    for (int32_t c = 0; c < space->n_choice; c++) {
        const pt_choice_t *choice = &space->choice[c];
        if (choice->kind == kind && choice->i == i && choice->j == j)
            return c;
    }
    return -1;
}
