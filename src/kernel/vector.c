/* Float kernels that gcc vectorises, compiled once per ISA (see the Makefile).
 *
 * Every ISA gives the same bits: products and sums are rounded one by one
 * (-ffp-contract=off) in an order that does not depend on the vector length.
 */
#include "kernel/backend.h"

#if PT_HAS_BLAS && defined(PT_VECTOR_ISA)

/* Neither changes a value; without them conditions and roundings do not vectorise with gcc.
 */
#ifndef __clang__
#pragma GCC optimize("no-trapping-math", "no-math-errno")
#endif

#include "kernel/vector_depthwise.h"
#include "kernel/vector_norm.h"
#include "kernel/vector_panel.h"
#include "kernel/vector_pool.h"
#include "kernel/vector_resize.h"

INLINE void relu_loop(int64_t n, const float *x, int act, float *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = act_of(x[i], act);
}

static void relu(int64_t n, const float *x, int act, float *y)
{
    if (act == ACT_RELU6)
        relu_loop(n, x, ACT_RELU6, y);
    else
        relu_loop(n, x, act == ACT_RELU ? ACT_RELU : ACT_NONE, y);
}

INLINE void relu_backward_loop(int64_t n, const float *y, const float *dy, int act,
                               float *dx)
{
    for (int64_t i = 0; i < n; i++)
        dx[i] = masked(y[i], dy[i], act);
}

static void relu_backward(int64_t n, const float *y, const float *dy, int act, float *dx)
{
    if (act == ACT_RELU6)
        relu_backward_loop(n, y, dy, ACT_RELU6, dx);
    else
        relu_backward_loop(n, y, dy, act == ACT_RELU ? ACT_RELU : ACT_NONE, dx);
}

static void scale(int64_t n, float g, const float *x, float *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = g * x[i];
}

static void add_scaled(int64_t n, const float *a, float g, const float *x, float *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = a[i] + g * x[i];
}

INLINE void dot_row(int64_t n, const float *restrict a, const float *restrict b,
                    double *restrict sum)
{
    for (int64_t l = 0; l < n; l++)
        sum[l] += (double)a[l] * (double)b[l];
}

static double dot(int64_t n, const float *a, const float *b)
{
    double sum[PT_LANES / 2] = {0}, all = 0;
    int64_t i = 0;
    for (; i + PT_LANES / 2 <= n; i += PT_LANES / 2)
        dot_row(PT_LANES / 2, a + i, b + i, sum);
    dot_row(n - i, a + i, b + i, sum);
    for (int64_t l = 0; l < PT_LANES / 2; l++)
        all += sum[l];
    return all;
}

#include "kernel/vector_dropout.h"

/** Bits of a double. */
INLINE uint64_t bits_of(double d)
{
    uint64_t u;
    memcpy(&u, &d, sizeof u);
    return u;
}

/* A double of magnitude below 2^51 plus this constant has the rounded number in its low
 * bits.  A float times a power of two has 24 significant bits, so v = high 2^32 + low holds
 * exactly with both parts that small for all |v| <= 2^62, and rounding low rounds v. */
#define MAGIC 6755399441055744.0 /* 1.5 2^52 */

static int32_t fixed_add(int64_t n, const float *restrict x, double scale,
                         int64_t *restrict sum)
{
    int32_t largest = 0;
    for (int64_t i = 0; i < n; i++) {
        int32_t size;
        memcpy(&size, &x[i], sizeof size);
        size &= INT32_MAX;
        largest = size > largest ? size : largest;
        double v = (double)x[i] * scale;
        double high = v * 0x1p-32 + MAGIC;
        double low = v - (high - MAGIC) * 0x1p32 + MAGIC;
        uint64_t fixed =
            ((bits_of(high) - bits_of(MAGIC)) << 32) + (bits_of(low) - bits_of(MAGIC));
        sum[i] = (int64_t)((uint64_t)sum[i] + fixed);
    }
    return largest;
}

/** The conversion rounds once; the products are exact.  There are two, since 1 / scale may
 * be no float. */
static void fixed_get(int64_t n, const int64_t *restrict sum, double scale,
                      float *restrict y)
{
    const int exponent = -ilogb(scale), half = exponent / 2;
    const float a = ldexpf(1, half), b = ldexpf(1, exponent - half);
    for (int64_t i = 0; i < n; i++)
        y[i] = (float)sum[i] * a * b;
}

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

const pt_depthwise_t JOIN(pt_vector_depthwise_,
                          PT_VECTOR_ISA) = {.forward = depthwise_forward,
                                            .backward_data = depthwise_backward_data,
                                            .backward_weights = depthwise_backward_weights};

void JOIN(pt_vector_fill_, PT_VECTOR_ISA)(pt_kernel_t *kernel)
{
    kernel->bn_stats = bn_stats;
    kernel->bn_apply = bn_apply;
    kernel->bn_backward = bn_backward;
    kernel->pool_max = pool_max;
    kernel->pool_max_backward = pool_max_backward;
    kernel->pool_avg = pool_avg;
    kernel->pool_avg_backward = pool_avg_backward;
    kernel->resize = resize;
    kernel->resize_backward = resize_backward;
    kernel->relu = relu;
    kernel->relu_backward = relu_backward;
    kernel->scale = scale;
    kernel->add_scaled = add_scaled;
    kernel->dot = dot;
    kernel->drop = drop;
    kernel->fixed_add = fixed_add;
    kernel->fixed_get = fixed_get;
}

#endif
