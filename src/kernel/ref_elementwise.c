/* One element at a time, and sums over all. */
#include <math.h>
#include <string.h>

#include "kernel/act.h"
#include "kernel/backend.h"

static void relu(int64_t n, const pt_real_t *x, int act, pt_real_t *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = (pt_real_t)pt_act_apply((double)x[i], act);
}

static void relu_backward(int64_t n, const pt_real_t *y, const pt_real_t *dy, int act,
                          pt_real_t *dx)
{
    for (int64_t i = 0; i < n; i++)
        dx[i] = pt_act_is_open((double)y[i], act) ? dy[i] : 0;
}

static void scale(int64_t n, pt_real_t g, const pt_real_t *x, pt_real_t *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = g * x[i];
}

static void add_scaled(int64_t n, const pt_real_t *a, pt_real_t g, const pt_real_t *x,
                       pt_real_t *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = a[i] + g * x[i];
}

static double dot(int64_t n, const pt_real_t *a, const pt_real_t *b)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static void drop(int64_t n, const pt_rng_t *rng, uint64_t index, double rate,
                 const pt_real_t *x, pt_real_t *y)
{
    double threshold = rate * 0x1p32;
    pt_real_t factor = (pt_real_t)(1 / (1 - rate));
    for (int64_t i = 0; i < n; i += 4) {
        uint32_t word[4];
        pt_rng_words(rng, index + (uint64_t)i / 4, word);
        for (int64_t l = 0; l < 4 && i + l < n; l++)
            y[i + l] = (double)word[l] >= threshold ? x[i + l] * factor : 0;
    }
}

static int32_t fixed_add(int64_t n, const pt_real_t *x, double scale, int64_t *sum)
{
    int32_t largest = 0;
    for (int64_t i = 0; i < n; i++) {
        double v = (double)x[i] * scale;
        float size = (float)fabs((double)x[i]);
        int32_t bits;
        memcpy(&bits, &size, sizeof bits);
        largest = bits > largest ? bits : largest;
        if (fabs(v) < 0x1p62)
            sum[i] += (int64_t)rint(v);
    }
    return largest;
}

/* In two factors, since 1 / scale may be no float. */
static void fixed_get(int64_t n, const int64_t *sum, double scale, pt_real_t *y)
{
    const int exponent = -ilogb(scale), half = exponent / 2;
    const pt_real_t a = (pt_real_t)ldexp(1, half), b = (pt_real_t)ldexp(1, exponent - half);
    for (int64_t i = 0; i < n; i++)
        y[i] = (pt_real_t)sum[i] * a * b;
}

void pt_ref_fill_elementwise(pt_kernel_t *kernel)
{
    kernel->relu = relu;
    kernel->relu_backward = relu_backward;
    kernel->scale = scale;
    kernel->add_scaled = add_scaled;
    kernel->dot = dot;
    kernel->drop = drop;
    kernel->fixed_add = fixed_add;
    kernel->fixed_get = fixed_get;
}
