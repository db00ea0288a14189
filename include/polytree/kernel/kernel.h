/** @file
 * The arithmetic of networks (convolutions, norms, pools, ...), a table of functions for
 * each backend.
 *
 * A backend is a table of functions.  `ref` is plain C and fills it all; `blas`
 * replaces the elementwise functions by vector code chosen by ISA, and convolutions
 * and linear layers by OpenBLAS; `onednn` replaces convolutions.  What a backend does
 * not do better it leaves to the one before it.  `ref` is the oracle of the tests and
 * the only backend of the double-precision build.
 *
 * Which code runs is a function of shape, ISA and threads alone (docs/architecture.md, rule
 * 2). Sums run in an order fixed by the shape.
 */
#ifndef PT_KERNEL_KERNEL_H
#define PT_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "polytree/base/real.h"
#include "polytree/base/rng.h"
#include "polytree/base/status.h"
#include "polytree/config/words.h"

/** A convolution: x [n,h,w,c] -> y [n,oh,ow,k]; weights [k,kh,kw,c/groups]. */
typedef struct pt_conv_shape {
    int64_t n, h, w, c, oh, ow, k;
    int32_t kh, kw, stride, dilation, groups;
    int32_t pad_top, pad_left, pad_bottom, pad_right;
} pt_conv_shape_t;

/** A window pooling: x [n,h,w,c] -> y [n,oh,ow,c]. Averages divide by the pixels inside. */
typedef struct pt_pool_shape {
    int64_t n, h, w, c, oh, ow;
    int32_t kernel, stride, pad_top, pad_left;
} pt_pool_shape_t;

/** An output coordinate of a resizing: w_lo x[lo] + w_hi x[hi]; hi is lo or lo + 1. */
typedef struct pt_resize_tap {
    int32_t lo, hi;
    pt_real_t w_lo, w_hi;
} pt_resize_tap_t;

/** A bilinear resizing: x [n,h,w,c] -> y [n,oh,ow,c]; row [oh] and column [ow] ascend. */
typedef struct pt_resize_shape {
    int64_t n, h, w, c, oh, ow;
    const pt_resize_tap_t *row, *column; /**< borrowed */
} pt_resize_shape_t;

typedef struct pt_kernel pt_kernel_t;
typedef struct pt_conv pt_conv_t; /**< a convolution made by one backend */

struct pt_kernel {
    pt_backend_t backend;
    pt_isa_t isa; /**< resolved: never PT_ISA_NATIVE */
    int32_t threads;
    void *state; /**< the backend's own */

    /* Convolution.  `version` as in pt_op_args_t.  Outputs are overwritten; dx, dw and
     * work do not overlap anything. conv_work_bytes covers all three passes. */
    pt_status_t (*conv_new)(const pt_kernel_t *k, const pt_conv_shape_t *s,
                            pt_conv_t **out);
    void (*conv_free)(pt_conv_t *conv);
    size_t (*conv_work_bytes)(const pt_conv_t *conv);
    const char *(*conv_name)(
        const pt_conv_t *conv); /**< implementation, for the fingerprint */
    void (*conv_forward)(const pt_conv_t *conv, const pt_real_t *x, const pt_real_t *w,
                         uint64_t version, pt_real_t *y, void *work);
    void (*conv_backward_data)(const pt_conv_t *conv, const pt_real_t *dy,
                               const pt_real_t *w, uint64_t version, pt_real_t *dx,
                               void *work);
    void (*conv_backward_weights)(const pt_conv_t *conv, const pt_real_t *x,
                                  const pt_real_t *dy, pt_real_t *dw, void *work);

    /* Matrices, row major: c[m,n] = op(a) op(b); ta: a is stored [k,m]; tb: b is [n,k]. */
    void (*gemm)(const pt_kernel_t *k, bool ta, bool tb, int64_t m, int64_t n, int64_t kk,
                 const pt_real_t *a, const pt_real_t *b, pt_real_t *c);

    /* Batch norm over rows: x [rows, c].  act is a pt_act_t. scale and shift may be NULL.
     * stats: mean[c], biased variance[c], in double. */
    void (*bn_stats)(int64_t rows, int64_t c, const pt_real_t *x, double *mean,
                     double *var);
    void (*bn_apply)(int64_t rows, int64_t c, const pt_real_t *x, const double *mean,
                     const double *var, double eps, const pt_real_t *scale,
                     const pt_real_t *shift, int act, pt_real_t *y);
    /** Ioffe & Szegedy 2015; dscale, dshift, dx may be NULL. work: 4 c doubles.  n: of how
     * many rows of x mean and var are; infinity: they are given, and x does not move them.
     */
    void (*bn_backward)(int64_t rows, int64_t c, const pt_real_t *x, const pt_real_t *dy,
                        const double *mean, const double *var, double n, double eps,
                        const pt_real_t *scale, const pt_real_t *shift, int act,
                        pt_real_t *dx, pt_real_t *dscale, pt_real_t *dshift, double *work);

    /* Pooling.  Max: index of the winner within its window, for backward. */
    void (*pool_max)(const pt_pool_shape_t *s, const pt_real_t *x, pt_real_t *y,
                     uint8_t *index);
    void (*pool_max_backward)(const pt_pool_shape_t *s, const pt_real_t *dy,
                              const uint8_t *index, pt_real_t *dx);
    void (*pool_avg)(const pt_pool_shape_t *s, const pt_real_t *x, pt_real_t *y);
    void (*pool_avg_backward)(const pt_pool_shape_t *s, const pt_real_t *dy, pt_real_t *dx);

    /* Resizing and its transpose, which overwrites dx.  work: 2 ow c elements. */
    void (*resize)(const pt_resize_shape_t *s, const pt_real_t *x, pt_real_t *y,
                   pt_real_t *work);
    void (*resize_backward)(const pt_resize_shape_t *s, const pt_real_t *dy, pt_real_t *dx,
                            pt_real_t *work);

    /* Elementwise, n elements.  y may be x or a. */
    void (*relu)(int64_t n, const pt_real_t *x, int act, pt_real_t *y);
    void (*relu_backward)(int64_t n, const pt_real_t *y, const pt_real_t *dy, int act,
                          pt_real_t *dx);
    void (*scale)(int64_t n, pt_real_t g, const pt_real_t *x, pt_real_t *y); /**< y = g x */
    void (*add_scaled)(int64_t n, const pt_real_t *a, pt_real_t g, const pt_real_t *x,
                       pt_real_t *y); /**< y = a + g x: product rounded, then sum rounded */
    double (*dot)(int64_t n, const pt_real_t *a, const pt_real_t *b); /**< in double */
    /** y[i] = x[i] / (1 - rate), where word i mod 4 of block index + i / 4 of `rng` is at
     * least rate 2^32, else 0; y may be x. */
    void (*drop)(int64_t n, const pt_rng_t *rng, uint64_t index, double rate,
                 const pt_real_t *x, pt_real_t *y);

    /**
     * sum[i] += round(x[i] scale), to even; scale is a power of two.  The sums are of no
     * use where |x[i]| scale reaches 2^62.
     *
     * @return the largest |x[i]| as the bits of a float, which ascend with it: those of
     * PT_INFINITY_BITS or more are not finite
     */
    int32_t (*fixed_add)(int64_t n, const pt_real_t *x, double scale, int64_t *sum);
    /** y[i] = (float)(sum[i] / scale), rounded once where it is no subnormal. */
    void (*fixed_get)(int64_t n, const int64_t *sum, double scale, pt_real_t *y);
};

#define PT_INFINITY_BITS 0x7f800000

/**
 * Fill the table of a backend and set its threads.
 *
 * @return PT_E_MISSING when the backend was not built or the machine lacks the ISA
 */
PT_MUST_CHECK pt_status_t pt_kernel_init(pt_kernel_t *kernel, pt_backend_t backend,
                                         pt_isa_t isa, int32_t threads);
void pt_kernel_release(pt_kernel_t *kernel);

/**
 * The processor that OpenBLAS has chosen its kernels for, where that has fewer instructions
 * than `kernel` uses (as an older library takes a newer processor for Prescott, of 2004);
 * NULL where it has not, and for the backend ref.
 *
 * @param[out] better  what OPENBLAS_CORETYPE could say instead
 */
const char *pt_kernel_older_core(const pt_kernel_t *kernel, const char **better);

/** Name and version of a library the kernels use; NULL past the last. */
const char *pt_kernel_library(int32_t i);

#endif
