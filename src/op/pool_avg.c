/* Mean over the m(o) pixels of each window that lie inside the image.
 *
 *     y[o]  = 1 / m(o) sum_{i in window(o)} x[i]
 *     dx[i] = sum_{o : i in window(o)} dy[o] / m(o)
 *
 * Outputs are ceil(h / stride) rows.
 */
#include "op/check.h"
#include "op/registry.h"

const pt_op_t pt_op_pool_avg = {.name = "pool_avg",
                                .n_in_min = 1,
                                .n_in_max = 1,
                                .shape = pt_op_pool_resolve,
                                .forward = pt_op_pool_avg_forward,
                                .backward = pt_op_pool_avg_backward};
