/* Convolutions as matrix products, and linear layers, by OpenBLAS.
 *
 * A chunk of images goes through one product, as many as bring it to about ROWS rows of
 * output pixels: small images would make thin products, a whole batch falls out of the
 * cache.  Per group g, with col [rows, kh kw c] the windows laid out:
 *
 *     y_g = col_g w_g^T        dcol_g = dy_g w_g        dw_g = sum over chunks dy_g^T col_g
 *
 * For 1x1 windows at stride 1, col is x itself.
 */
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"

#include "kernel/backend.h"

#if PT_HAS_BLAS

#include <cblas.h>

enum { ROWS = 512 };

static const pt_depthwise_t *depthwise_of(pt_isa_t isa)
{
#if PT_HAS_X86
    if (isa == PT_ISA_AVX512)
        return &pt_vector_depthwise_avx512;
    if (isa == PT_ISA_AVX2)
        return &pt_vector_depthwise_avx2;
#endif
    (void)isa;
    return &pt_vector_depthwise_generic;
}

static void fill_vector(pt_kernel_t *kernel)
{
#if PT_HAS_X86
    if (kernel->isa == PT_ISA_AVX512)
        pt_vector_fill_avx512(kernel);
    else if (kernel->isa == PT_ISA_AVX2)
        pt_vector_fill_avx2(kernel);
    else
#endif
        pt_vector_fill_generic(kernel);
}

typedef struct blas_conv {
    struct pt_conv base;
    int64_t chunk;                   /* images per product */
    bool is_direct;                  /* col is x */
    int64_t depth;                   /* kh kw c / groups */
    const pt_depthwise_t *depthwise; /* or NULL */
} blas_conv_t;

static const blas_conv_t *conv_of(const pt_conv_t *base)
{
    return (const blas_conv_t *)base;
}

static void add_pixel(int64_t n, const float *restrict from, float *restrict to)
{
    for (int64_t c = 0; c < n; c++)
        to[c] += from[c];
}

/** One output pixel's window: laid out from x, or where x is NULL added to dx. */
static void move_window(const pt_conv_shape_t *s, int64_t oy, int64_t ox, const float *x,
                        float *col, float *dx)
{
    int64_t cg = s->c / s->groups;
    size_t bytes = (size_t)cg * sizeof *col;
    for (int32_t a = 0; a < s->kh; a++) {
        int64_t iy = oy * s->stride + (int64_t)a * s->dilation - s->pad_top;
        for (int32_t b = 0; b < s->kw; b++, col += cg) {
            int64_t ix = ox * s->stride + (int64_t)b * s->dilation - s->pad_left;
            int64_t at = (iy * s->w + ix) * s->c;
            bool is_inside = iy >= 0 && iy < s->h && ix >= 0 && ix < s->w;
            if (x && is_inside)
                memcpy(col, x + at, bytes);
            else if (x)
                memset(col, 0, bytes);
            else if (is_inside)
                add_pixel(cg, col, dx + at);
        }
    }
}

/** All windows of n_image images, of the group whose first channel is there. */
static void move_windows(const blas_conv_t *conv, int64_t n_image, const float *x,
                         float *col, float *dx)
{
    const pt_conv_shape_t *s = &conv->base.shape;
    int64_t image = s->h * s->w * s->c;
    for (int64_t n = 0; n < n_image; n++)
        for (int64_t oy = 0; oy < s->oh; oy++)
            for (int64_t ox = 0; ox < s->ow; ox++, col += conv->depth)
                move_window(s, oy, ox, x ? x + n * image : NULL, col,
                            dx ? dx + n * image : NULL);
}

static void product(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int64_t m, int64_t n,
                    int64_t kk, const float *a, int64_t lda, const float *b, int64_t ldb,
                    float beta, float *c, int64_t ldc)
{
    cblas_sgemm(CblasRowMajor, ta, tb, (blasint)m, (blasint)n, (blasint)kk, 1, a,
                (blasint)lda, b, (blasint)ldb, beta, c, (blasint)ldc);
}

/** One group of one chunk: the pieces of its three matrices. */
typedef struct blas_piece {
    int64_t n_image, rows;
    int64_t x, y, w; /* offsets */
} blas_piece_t;

static blas_piece_t piece_at(const blas_conv_t *conv, int64_t first, int32_t g)
{
    const pt_conv_shape_t *s = &conv->base.shape;
    int64_t cg = s->c / s->groups, kg = s->k / s->groups;
    int64_t n = s->n - first < conv->chunk ? s->n - first : conv->chunk;
    return (blas_piece_t){.n_image = n,
                          .rows = n * s->oh * s->ow,
                          .x = first * s->h * s->w * s->c + g * cg,
                          .y = first * s->oh * s->ow * s->k + g * kg,
                          .w = g * kg * conv->depth};
}

static void forward(const pt_conv_t *base, const float *x, const float *w, uint64_t version,
                    float *y, void *work)
{
    (void)version;
    const blas_conv_t *conv = conv_of(base);
    const pt_conv_shape_t *s = &base->shape;
    if (conv->depthwise) {
        conv->depthwise->forward(s, x, w, y);
        return;
    }
    float *col = work;
    for (int64_t first = 0; first < s->n; first += conv->chunk)
        for (int32_t g = 0; g < s->groups; g++) {
            blas_piece_t p = piece_at(conv, first, g);
            if (!conv->is_direct)
                move_windows(conv, p.n_image, x + p.x, col, NULL);
            product(CblasNoTrans, CblasTrans, p.rows, s->k / s->groups, conv->depth,
                    conv->is_direct ? x + p.x : col, conv->is_direct ? s->c : conv->depth,
                    w + p.w, conv->depth, 0, y + p.y, s->k);
        }
}

static void backward_data(const pt_conv_t *base, const float *dy, const float *w,
                          uint64_t version, float *dx, void *work)
{
    (void)version;
    const blas_conv_t *conv = conv_of(base);
    const pt_conv_shape_t *s = &base->shape;
    if (conv->depthwise) {
        conv->depthwise->backward_data(s, dy, w, dx);
        return;
    }
    float *col = work;
    if (!conv->is_direct)
        memset(dx, 0, (size_t)(s->n * s->h * s->w * s->c) * sizeof *dx);
    for (int64_t first = 0; first < s->n; first += conv->chunk)
        for (int32_t g = 0; g < s->groups; g++) {
            blas_piece_t p = piece_at(conv, first, g);
            product(CblasNoTrans, CblasNoTrans, p.rows, conv->depth, s->k / s->groups,
                    dy + p.y, s->k, w + p.w, conv->depth, 0,
                    conv->is_direct ? dx + p.x : col, conv->is_direct ? s->c : conv->depth);
            if (!conv->is_direct)
                move_windows(conv, p.n_image, NULL, col, dx + p.x);
        }
}

static void backward_weights(const pt_conv_t *base, const float *x, const float *dy,
                             float *dw, void *work)
{
    const blas_conv_t *conv = conv_of(base);
    const pt_conv_shape_t *s = &base->shape;
    if (conv->depthwise) {
        conv->depthwise->backward_weights(s, x, dy, dw);
        return;
    }
    float *col = work;
    for (int64_t first = 0; first < s->n; first += conv->chunk)
        for (int32_t g = 0; g < s->groups; g++) {
            blas_piece_t p = piece_at(conv, first, g);
            if (!conv->is_direct)
                move_windows(conv, p.n_image, x + p.x, col, NULL);
            product(CblasTrans, CblasNoTrans, s->k / s->groups, conv->depth, p.rows,
                    dy + p.y, s->k, conv->is_direct ? x + p.x : col,
                    conv->is_direct ? s->c : conv->depth, first ? 1 : 0, dw + p.w,
                    conv->depth);
        }
}

static void release(pt_conv_t *conv)
{
    pt_free(conv);
}

static const pt_conv_run_t conv_run = {.free = release,
                                       .forward = forward,
                                       .backward_data = backward_data,
                                       .backward_weights = backward_weights};

static pt_status_t conv_new(const pt_kernel_t *k, const pt_conv_shape_t *s, pt_conv_t **out)
{
    blas_conv_t *conv = NULL;
    int64_t pixels = s->oh * s->ow;
    PT_TRY(pt_alloc(&conv, 1, sizeof *conv));
    conv->base.run = &conv_run;
    conv->base.kernel = k;
    conv->base.shape = *s;
    conv->depth = s->kh * s->kw * (s->c / s->groups);
    conv->chunk = pixels >= ROWS ? 1 : ROWS / pixels < s->n ? ROWS / pixels : s->n;
    conv->is_direct = s->kh == 1 && s->kw == 1 && s->stride == 1;
    bool is_depthwise = s->groups > 1 && s->groups == s->c && s->groups == s->k;
    if (is_depthwise && s->kh * s->kw <= PT_DEPTHWISE_TAPS) {
        conv->depthwise = depthwise_of(k->isa);
        snprintf(conv->base.name, sizeof conv->base.name, "depthwise");
    } else {
        size_t rows = (size_t)(conv->chunk * pixels);
        conv->base.work_bytes =
            conv->is_direct ? 0 : rows * (size_t)conv->depth * sizeof(float);
        snprintf(conv->base.name, sizeof conv->base.name, "gemm:%s",
                 openblas_get_corename());
    }
    *out = &conv->base;
    return PT_OK;
}

static void gemm(const pt_kernel_t *k, bool ta, bool tb, int64_t m, int64_t n, int64_t kk,
                 const float *a, const float *b, float *c)
{
    (void)k;
    product(ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, m, n, kk, a,
            ta ? m : kk, b, tb ? kk : n, 0, c, n);
}

void pt_blas_fill(pt_kernel_t *kernel)
{
    openblas_set_num_threads((int)kernel->threads);
    fill_vector(kernel);
    kernel->conv_new = conv_new;
    kernel->gemm = gemm;
}

#endif
