/* Building a space from nodes and candidates. */
#include "graph/space_builder.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"

pt_status_t space_add_node(space_builder_t *b, const char *name, pt_shape_t shape)
{
    pt_space_t *s = b->space;

    PT_TRY(pt_grow(&s->node, &b->node_capacity, (size_t)s->n_node + 1, sizeof *s->node));
    pt_node_t *node = &s->node[s->n_node];
    *node = (pt_node_t){.shape = shape, .is_input = s->n_node == 0};
    snprintf(node->name, sizeof node->name, "%s", name);
    s->n_node++;
    return PT_OK;
}

/** Number a block's step within the space: `first` is the candidate's first operation. */
static int32_t absolute(int32_t step, int32_t first)
{
    return step < 0 ? step : first + step;
}

static pt_role_t role_of(pt_role_t own, pt_block_start_t start)
{
    if (start == PT_START_FITTED)
        return PT_ROLE_FITTED;
    bool is_weight = own == PT_ROLE_WEIGHT || own == PT_ROLE_LINEAR;
    return start == PT_START_ZERO && is_weight ? PT_ROLE_ZERO : own;
}

static pt_status_t add_params(space_builder_t *b, pt_candidate_t *c, pt_space_op_t *op,
                              pt_block_start_t start)
{
    pt_store_t *store = &b->space->store;
    int32_t step = (int32_t)(op - b->space->op) - c->first_op;

    for (int32_t i = 0; i < op->inst.n_param; i++) {
        const pt_op_param_t *p = &op->inst.param[i];
        char name[40];

        if (c->group < 0)
            PT_TRY(pt_store_add_group(store, c->name, c->task, &c->group));
        snprintf(name, sizeof name, "%d.%s.%s", step, op->inst.op->name, p->name);
        PT_TRY(pt_store_add(store, name, p->dim, p->n_dim, role_of(p->role, start),
                            p->fan_in, &op->param[i]));
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
    return add_params(b, c, op, step->start);
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
    if (block->n_step == 0 && s->node[c->src].is_input)
        s->node[c->dst].is_input = true;
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

int64_t space_widened(const space_builder_t *b, const pt_config_t *config, int64_t channels)
{
    bool is_branch = config->space.kind == PT_SPACE_BRANCH;
    bool has_own =
        pt_methods[config->search.method].is_scaled && config->baseline.width != 0;
    double own = b->space->widening * (has_own ? config->baseline.width : 1);
    bool is_scaled = own != 1;
    double width = config->space.width * own;

    if (width == 1)
        return channels;
    double wanted = (double)channels * width;
    /* Steps of 8 would match a cost badly. */
    int64_t unit = is_branch && !is_scaled ? 8 : 1,
            n = unit * llround(wanted / (double)unit);
    if ((double)n < 0.9 * wanted)
        n += unit;
    return n > unit ? n : unit;
}

pt_shape_t space_strided(pt_shape_t s, int64_t stride, int64_t channels)
{
    return (pt_shape_t){s.n, (s.h + stride - 1) / stride, (s.w + stride - 1) / stride,
                        channels};
}
