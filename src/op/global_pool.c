/* Mean over all pixels:
 *
 *     y[n,c] = 1 / (h w) sum_{i,j} x[n,i,j,c]    dx[n,i,j,c] = dy[n,c] / (h w)
 *
 * It is an average pooling whose one window covers the image.
 */
#include "op/check.h"
#include "op/registry.h"

static pt_status_t shape(pt_op_inst_t *inst)
{
    pt_shape_t in = inst->in[0];
    if (in.h > 1 << 20 || in.w > 1 << 20)
        PT_FAIL(SHAPE, "global_pool: image of %lld x %lld is too large", (long long)in.h,
                (long long)in.w);
    inst->attr.kernel = (int32_t)(in.h > in.w ? in.h : in.w);
    inst->attr.stride = inst->attr.kernel;
    inst->out = (pt_shape_t){.n = in.n, .h = 1, .w = 1, .c = in.c};
    return PT_OK;
}

const pt_op_t pt_op_global_pool = {.name = "global_pool",
                                   .n_in_min = 1,
                                   .n_in_max = 1,
                                   .shape = shape,
                                   .forward = pt_op_pool_avg_forward,
                                   .backward = pt_op_pool_avg_backward};
