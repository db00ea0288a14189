/* Channels of two values side by side: y[p] = (x0[p], x1[p]) for each pixel p, and
 * (dx0[p], dx1[p]) = dy[p].
 */
#include <string.h>

#include "op/check.h"
#include "op/registry.h"

static pt_status_t shape(pt_op_inst_t *inst)
{
    pt_shape_t a = inst->in[0], b = inst->in[1];
    char text[2][64];
    if (a.n != b.n || a.h != b.h || a.w != b.w)
        PT_FAIL(SHAPE, "concat wants shapes that differ in channels alone, got %s and %s",
                pt_shape_text(a, text[0]), pt_shape_text(b, text[1]));
    inst->out = (pt_shape_t){.n = a.n, .h = a.h, .w = a.w, .c = a.c + b.c};
    return PT_OK;
}

/** Rows of c elements, at distances of n_from and n_to elements. */
static void copy_rows(int64_t rows, int64_t c, const pt_real_t *from, int64_t n_from,
                      pt_real_t *to, int64_t n_to)
{
    for (int64_t i = 0; i < rows; i++, from += n_from, to += n_to)
        memcpy(to, from, (size_t)c * sizeof *to);
}

static void forward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    pt_shape_t out = inst->out;
    pt_real_t *y = args->y;
    for (int32_t i = 0; i < 2; y += inst->in[i++].c)
        copy_rows(out.n * out.h * out.w, inst->in[i].c, args->x[i], inst->in[i].c, y,
                  out.c);
}

static void backward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    pt_shape_t out = inst->out;
    const pt_real_t *dy = args->dy;
    for (int32_t i = 0; i < 2; dy += inst->in[i++].c)
        if (args->dx[i])
            copy_rows(out.n * out.h * out.w, inst->in[i].c, dy, out.c, args->dx[i],
                      inst->in[i].c);
}

const pt_op_t pt_op_concat = {.name = "concat",
                              .n_in_min = 2,
                              .n_in_max = 2,
                              .shape = shape,
                              .forward = forward,
                              .backward = backward};
