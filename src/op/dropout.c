/* Inverted dropout: each element is kept with chance 1 - rate.
 *
 *     y = keep x / (1 - rate)    dx = keep dy / (1 - rate)
 *
 * keep comes from counters, so backward draws it again: element e of the unit uses word
 * e mod 4 of block rng_index + e / 4.  Outside training y = x.
 */
#include <string.h>

#include "op/check.h"
#include "op/registry.h"

static pt_status_t shape(pt_op_inst_t *inst)
{
    if (!(inst->attr.rate >= 0 && inst->attr.rate < 1))
        PT_FAIL(RANGE, "dropout: rate must lie in [0, 1), got %g", inst->attr.rate);
    inst->out = inst->in[0];
    return PT_OK;
}

static void apply(const pt_op_inst_t *inst, const pt_op_args_t *args, const pt_real_t *x,
                  pt_real_t *y)
{
    inst->kernel->drop(pt_shape_count(inst->out), &args->rng, args->rng_index,
                       inst->attr.rate, x, y);
}

static void forward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    if (args->mode == PT_MODE_TRAIN)
        apply(inst, args, args->x[0], args->y);
    else if (args->y != args->x[0])
        memcpy(args->y, args->x[0], pt_op_bytes(inst->out));
}

static void backward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    if (args->dx[0])
        apply(inst, args, args->dy, args->dx[0]);
}

const pt_op_t pt_op_dropout = {.name = "dropout",
                               .flags =
                                   PT_OP_IN_PLACE | PT_OP_HAS_RANDOM | PT_OP_TRAIN_ONLY,
                               .n_in_min = 1,
                               .n_in_max = 1,
                               .shape = shape,
                               .forward = forward,
                               .backward = backward};
