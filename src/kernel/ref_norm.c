/* Batch norm (Ioffe & Szegedy 2015), all in double:
 *
 *     r = 1 / sqrt(var + eps)    u = (x - mean) r    z = scale u + shift    y = act(z)
 *     dz = act'(z) dy            dshift = sum dz     dscale = sum dz u
 *     dx = scale r (dz - dshift / rows - u dscale / rows)
 */
#include <math.h>
#include <string.h>

#include "polytree/base/real.h"

#include "kernel/act.h"
#include "kernel/backend.h"

static void bn_stats(int64_t rows, int64_t c, const pt_real_t *x, double *mean, double *var)
{
    memset(mean, 0, (size_t)c * sizeof *mean);
    memset(var, 0, (size_t)c * sizeof *var);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < c; j++)
            mean[j] += (double)x[i * c + j];
    for (int64_t j = 0; j < c; j++)
        mean[j] /= (double)rows;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < c; j++) {
            double d = (double)x[i * c + j] - mean[j];
            var[j] += d * d;
        }
    for (int64_t j = 0; j < c; j++)
        var[j] /= (double)rows;
}

static void bn_apply(int64_t rows, int64_t c, const pt_real_t *x, const double *mean,
                     const double *var, double eps, const pt_real_t *scale,
                     const pt_real_t *shift, int act, pt_real_t *y)
{
    for (int64_t j = 0; j < c; j++) {
        double a = (scale ? (double)scale[j] : 1) / sqrt(var[j] + eps);
        double b = shift ? (double)shift[j] : 0;
        for (int64_t i = j; i < rows * c; i += c)
            y[i] = (pt_real_t)pt_act_apply(((double)x[i] - mean[j]) * a + b, act);
    }
}

static void bn_backward(int64_t rows, int64_t c, const pt_real_t *x, const pt_real_t *dy,
                        const double *mean, const double *var, double n, double eps,
                        const pt_real_t *scale, const pt_real_t *shift, int act,
                        pt_real_t *dx, pt_real_t *dscale, pt_real_t *dshift, double *work)
{
    (void)work;
    for (int64_t j = 0; j < c; j++) {
        double r = 1 / sqrt(var[j] + eps), sum = 0, dot = 0;
        double g = scale ? (double)scale[j] : 1, b = shift ? (double)shift[j] : 0;
        for (int64_t i = j; i < rows * c; i += c) {
            double u = ((double)x[i] - mean[j]) * r;
            double dz = pt_act_is_open(g * u + b, act) ? (double)dy[i] : 0;
            sum += dz;
            dot += dz * u;
        }
        if (dscale)
            dscale[j] = (pt_real_t)dot;
        if (dshift)
            dshift[j] = (pt_real_t)sum;
        for (int64_t i = j; dx && i < rows * c; i += c) {
            double u = ((double)x[i] - mean[j]) * r;
            double dz = pt_act_is_open(g * u + b, act) ? (double)dy[i] : 0;
            dx[i] = (pt_real_t)(g * r * (dz - (sum + u * dot) / n));
        }
    }
}

void pt_ref_fill_norm(pt_kernel_t *kernel)
{
    kernel->bn_stats = bn_stats;
    kernel->bn_apply = bn_apply;
    kernel->bn_backward = bn_backward;
}
