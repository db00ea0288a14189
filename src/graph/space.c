/* Building a space from nodes and candidates, and freezing it. */
#include "graph/space.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/hash.h"
#include "polytree/base/memory.h"
#include "polytree/base/text.h"

pt_status_t space_add_node(space_builder_t *b, const char *name, pt_shape_t shape)
{
    pt_space_t *s = b->space;

    PT_TRY(pt_grow(&s->node, &b->node_capacity, (size_t)s->n_node + 1, sizeof *s->node));
    pt_node_t *node = &s->node[s->n_node++];
    snprintf(node->name, sizeof node->name, "%s", name);
    node->shape = shape;
    return PT_OK;
}

/** Number a block's step within the space: `first` is the candidate's first operation. */
static int32_t absolute(int32_t step, int32_t first)
{
    return step < 0 ? step : first + step;
}

static pt_status_t add_params(space_builder_t *b, pt_candidate_t *c, pt_space_op_t *op)
{
    pt_store_t *store = &b->space->store;
    int32_t step = (int32_t)(op - b->space->op) - c->first_op;

    for (int32_t i = 0; i < op->inst.n_param; i++) {
        const pt_op_param_t *p = &op->inst.param[i];
        char name[40];

        if (c->group < 0)
            PT_TRY(pt_store_add_group(store, c->name, c->task, &c->group));
        snprintf(name, sizeof name, "%d.%s.%s", step, op->inst.op->name, p->name);
        PT_TRY(
            pt_store_add(store, name, p->dim, p->n_dim, p->role, p->fan_in, &op->param[i]));
    }
    return PT_OK;
}

/* One value less its own mean is 0: what stands behind it would learn nothing. */
static pt_status_t check_norm(const pt_candidate_t *c, const pt_op_inst_t *inst)
{
    if ((inst->op->flags & PT_OP_HAS_STAT) != 0 &&
        pt_shape_count(inst->in[0]) == inst->in[0].c)
        PT_FAIL(CONFIG,
                "%s has batch norm over one value a channel: expected a "
                "train.microbatch above 1, or operations without norm",
                c->name);
    return PT_OK;
}

static pt_status_t add_op(space_builder_t *b, pt_candidate_t *c,
                          const pt_block_step_t *step)
{
    pt_space_t *s = b->space;
    pt_shape_t in[PT_OP_MAX_IN];

    PT_TRY(pt_grow(&s->op, &s->op_capacity, (size_t)s->n_op + 1, sizeof *s->op));
    pt_space_op_t *op = &s->op[s->n_op];
    for (int32_t i = 0; i < step->n_in; i++) {
        op->in[i] = absolute(step->in[i], c->first_op);
        if (op->in[i] >= 0)
            in[i] = s->op[op->in[i]].inst.out;
        else
            in[i] = s->node[op->in[i] == PT_BLOCK_SRC ? c->src : c->skip].shape;
    }
    PT_TRY(pt_op_prepare(step->op, b->kernel, &step->attr, in, step->n_in, &op->inst));
    PT_TRY(check_norm(c, &op->inst));
    s->n_op++;
    op->candidate = (int32_t)(c - s->candidate);
    return add_params(b, c, op);
}

pt_status_t space_add_candidate(space_builder_t *b, const candidate_spec_t *spec,
                                const pt_block_t *block)
{
    pt_space_t *s = b->space;

    PT_TRY(pt_grow(&s->candidate, &b->candidate_capacity, (size_t)s->n_candidate + 1,
                   sizeof *s->candidate));
    pt_candidate_t *c = &s->candidate[s->n_candidate];
    *c = (pt_candidate_t){.src = spec->src,
                          .dst = spec->dst,
                          .skip = spec->skip,
                          .choice = -1,
                          .task = spec->task,
                          .group = -1,
                          .first_op = s->n_op,
                          .n_op = block->n_step};
    memcpy(c->name, spec->name, sizeof c->name);
    s->n_candidate++;
    for (int32_t i = 0; i < block->n_step; i++)
        PT_TRY(add_op(b, c, &block->step[i]));

    pt_shape_t out =
        block->n_step > 0 ? s->op[s->n_op - 1].inst.out : s->node[c->src].shape;
    if (!pt_shape_equal(out, s->node[c->dst].shape)) {
        char got[64], want[64];
        PT_FAIL(SHAPE, "%s gives %s, its node %s wants %s", c->name,
                pt_shape_text(out, got), s->node[c->dst].name,
                pt_shape_text(s->node[c->dst].shape, want));
    }
    /* Later copies of a candidate share the choice of the first. */
    if (spec->choice != NULL && spec->task > 0) {
        c->choice = s->n_choice - 1;
    } else if (spec->choice != NULL) {
        PT_TRY(pt_grow(&s->choice, &b->choice_capacity, (size_t)s->n_choice + 1,
                       sizeof *s->choice));
        c->choice = s->n_choice;
        s->choice[s->n_choice] = *spec->choice;
        s->choice[s->n_choice++].candidate = s->n_candidate - 1;
        s->n_edge += spec->choice->kind == PT_CHOICE_EDGE;
    }
    return PT_OK;
}

pt_status_t space_add_copies(space_builder_t *b, const pt_config_t *config,
                             candidate_spec_t spec, const pt_block_t *block)
{
    candidate_spec_t copy = spec;

    if (!pt_methods[config->search.method].is_by_task)
        return space_add_candidate(b, &spec, block);
    for (copy.task = 0; copy.task < b->space->n_task; copy.task++) {
        snprintf(copy.name, sizeof copy.name, "task%d_%.20s", (int)copy.task, spec.name);
        PT_TRY(space_add_candidate(b, &copy, block));
    }
    return PT_OK;
}

int64_t space_widened(const pt_config_t *config, int64_t channels)
{
    bool is_branch = config->space.kind == PT_SPACE_BRANCH;
    double width = is_branch ? config->space.width : 1;

    if (pt_methods[config->search.method].is_chain && config->baseline.width != 0)
        width *= config->baseline.width;
    if (width == 1)
        return channels;
    double wanted = (double)channels * width;
    int64_t unit = is_branch ? 8 : 1, n = unit * llround(wanted / (double)unit);
    if ((double)n < 0.9 * wanted)
        n += unit;
    return n > unit ? n : unit;
}

pt_shape_t space_strided(pt_shape_t s, int64_t stride, int64_t channels)
{
    return (pt_shape_t){s.n, (s.h + stride - 1) / stride, (s.w + stride - 1) / stride,
                        channels};
}

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

    s->kind = config->space.kind;
    s->microbatch = config->train.microbatch;
    s->n_task = spec->n_task;
    PT_TRY(pt_alloc(&s->task, (size_t)spec->n_task, sizeof *s->task));
    memcpy(s->task, spec->task, (size_t)spec->n_task * sizeof *s->task);
    PT_TRY(s->kind == PT_SPACE_DAG ? space_build_dag(b, config, spec)
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
