/** @file
 * What the backends share: how each fills the table, and what a convolution is.
 */
#ifndef PT_KERNEL_BACKEND_H
#define PT_KERNEL_BACKEND_H

#include "polytree/kernel/kernel.h"

#ifdef PT_REAL64
#define PT_HAS_BLAS 0
#else
#define PT_HAS_BLAS 1
#endif

#if PT_HAS_BLAS && defined(PT_WITH_DNNL) && PT_WITH_DNNL
#define PT_HAS_ONEDNN 1
#else
#define PT_HAS_ONEDNN 0
#endif

#if PT_HAS_BLAS && defined(__x86_64__)
#define PT_HAS_X86 1
#else
#define PT_HAS_X86 0
#endif

/** Same arguments as the functions of the table. */
typedef struct pt_conv_run {
    void (*free)(pt_conv_t *conv);
    void (*forward)(const pt_conv_t *conv, const pt_real_t *x, const pt_real_t *w,
                    uint64_t version, pt_real_t *y, void *work);
    void (*backward_data)(const pt_conv_t *conv, const pt_real_t *dy, const pt_real_t *w,
                          uint64_t version, pt_real_t *dx, void *work);
    void (*backward_weights)(const pt_conv_t *conv, const pt_real_t *x, const pt_real_t *dy,
                             pt_real_t *dw, void *work);
} pt_conv_run_t;

/** First member of every backend's convolution. */
struct pt_conv {
    const pt_conv_run_t *run;
    const pt_kernel_t *kernel;
    pt_conv_shape_t shape;
    size_t work_bytes;
    char name[128];
};

void pt_ref_fill_conv(pt_kernel_t *kernel);
void pt_ref_fill_norm(pt_kernel_t *kernel);
void pt_ref_fill_pool(pt_kernel_t *kernel);
void pt_ref_fill_resize(pt_kernel_t *kernel);
void pt_ref_fill_elementwise(pt_kernel_t *kernel);

#if PT_HAS_BLAS
void pt_blas_fill(pt_kernel_t *kernel);

#define PT_DEPTHWISE_TAPS 49 /**< largest kh kw of the functions below */

/** Depthwise convolutions (groups = c = k) of the vector code. */
typedef struct pt_depthwise {
    void (*forward)(const pt_conv_shape_t *s, const float *x, const float *w, float *y);
    void (*backward_data)(const pt_conv_shape_t *s, const float *dy, const float *w,
                          float *dx);
    void (*backward_weights)(const pt_conv_shape_t *s, const float *x, const float *dy,
                             float *dw);
} pt_depthwise_t;

/** The vector code of one ISA: fills in the elementwise functions of the table. */
void pt_vector_fill_generic(pt_kernel_t *kernel);
extern const pt_depthwise_t pt_vector_depthwise_generic;
#if PT_HAS_X86
void pt_vector_fill_avx2(pt_kernel_t *kernel);
void pt_vector_fill_avx512(pt_kernel_t *kernel);
extern const pt_depthwise_t pt_vector_depthwise_avx2;
extern const pt_depthwise_t pt_vector_depthwise_avx512;
#endif
#endif

#if PT_HAS_ONEDNN
PT_MUST_CHECK pt_status_t pt_onednn_fill(pt_kernel_t *kernel);
void pt_onednn_release(pt_kernel_t *kernel);
/** Version of the library as text; valid for ever. */
const char *pt_onednn_version(void);
#endif

#endif
