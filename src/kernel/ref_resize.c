/* Bilinear resizing, one output element at a time:
 *
 *     y[o,u] = sum over the two rows i of o and the two columns j of u of w_i w_j x[i,j]
 *
 * Backward scatters the same terms.
 */
#include <string.h>

#include "kernel/backend.h"

static void resize(const pt_resize_shape_t *s, const pt_real_t *x, pt_real_t *y,
                   pt_real_t *work)
{
    (void)work;
    for (int64_t n = 0; n < s->n; n++, x += s->h * s->w * s->c)
        for (int64_t oy = 0; oy < s->oh; oy++)
            for (int64_t ox = 0; ox < s->ow; ox++, y += s->c) {
                pt_resize_tap_t v = s->row[oy], u = s->column[ox];
                const pt_real_t *lo = x + v.lo * s->w * s->c, *hi = x + v.hi * s->w * s->c;
                for (int64_t c = 0; c < s->c; c++)
                    y[c] =
                        v.w_lo *
                            (u.w_lo * lo[u.lo * s->c + c] + u.w_hi * lo[u.hi * s->c + c]) +
                        v.w_hi *
                            (u.w_lo * hi[u.lo * s->c + c] + u.w_hi * hi[u.hi * s->c + c]);
            }
}

static void resize_backward(const pt_resize_shape_t *s, const pt_real_t *dy, pt_real_t *dx,
                            pt_real_t *work)
{
    (void)work;
    memset(dx, 0, (size_t)(s->n * s->h * s->w * s->c) * sizeof *dx);
    for (int64_t n = 0; n < s->n; n++, dx += s->h * s->w * s->c)
        for (int64_t oy = 0; oy < s->oh; oy++)
            for (int64_t ox = 0; ox < s->ow; ox++, dy += s->c) {
                pt_resize_tap_t v = s->row[oy], u = s->column[ox];
                pt_real_t *lo = dx + v.lo * s->w * s->c, *hi = dx + v.hi * s->w * s->c;
                for (int64_t c = 0; c < s->c; c++) {
                    lo[u.lo * s->c + c] += u.w_lo * (v.w_lo * dy[c]);
                    lo[u.hi * s->c + c] += u.w_hi * (v.w_lo * dy[c]);
                    hi[u.lo * s->c + c] += u.w_lo * (v.w_hi * dy[c]);
                    hi[u.hi * s->c + c] += u.w_hi * (v.w_hi * dy[c]);
                }
            }
}

void pt_ref_fill_resize(pt_kernel_t *kernel)
{
    kernel->resize = resize;
    kernel->resize_backward = resize_backward;
}
