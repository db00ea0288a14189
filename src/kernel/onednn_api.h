/** @file
 * The calls of oneDNN 2.x that later versions changed: descriptions of operations, memory
 * descriptors as plain structs, and queries.  Nothing else in the module depends on them.
 */
#ifndef PT_KERNEL_ONEDNN_API_H
#define PT_KERNEL_ONEDNN_API_H

#include <dnnl.h>

#include "polytree/kernel/kernel.h"

#if DNNL_VERSION_MAJOR != 2
#error "written for oneDNN 2.x; build with DNNL=0"
#endif

typedef enum pass_kind {
    PASS_FORWARD,
    PASS_BACKWARD_DATA,
    PASS_BACKWARD_WEIGHTS,
    N_PASS
} pass_kind_t;

typedef dnnl_memory_desc_t api_md_t;

/** What a convolution's primitives are made from; weights_any leaves their format open. */
typedef struct api_conv {
    api_md_t x, y, weights, weights_any;
} api_conv_t;

static inline dnnl_status_t api_conv_init(const pt_conv_shape_t *s, api_conv_t *d)
{
    dnnl_dims_t x = {s->n, s->c, s->h, s->w}, y = {s->n, s->k, s->oh, s->ow};
    dnnl_dims_t plain = {s->k, s->c, s->kh, s->kw};
    dnnl_dims_t grouped = {s->groups, s->k / s->groups, s->c / s->groups, s->kh, s->kw};
    bool is_grouped = s->groups > 1;
    int n_dim = is_grouped ? 5 : 4;
    const dnnl_dim_t *w = is_grouped ? grouped : plain;
    dnnl_status_t status = dnnl_memory_desc_init_by_tag(&d->x, 4, x, dnnl_f32, dnnl_nhwc);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&d->y, 4, y, dnnl_f32, dnnl_nhwc);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&d->weights, n_dim, w, dnnl_f32,
                                              is_grouped ? dnnl_abdec : dnnl_acdb);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&d->weights_any, n_dim, w, dnnl_f32,
                                              dnnl_format_tag_any);
    return status;
}

/** `forward` is the hint that backward passes want. */
static inline dnnl_status_t
api_pass_desc(const pt_conv_shape_t *s, const api_conv_t *d, pass_kind_t kind,
              const_dnnl_primitive_attr_t attr, dnnl_engine_t engine,
              const_dnnl_primitive_desc_t forward, dnnl_primitive_desc_t *out)
{
    dnnl_dims_t stride = {s->stride, s->stride};
    dnnl_dims_t dilate = {s->dilation - 1, s->dilation - 1};
    dnnl_dims_t before = {s->pad_top, s->pad_left};
    dnnl_dims_t behind = {s->pad_bottom, s->pad_right};
    dnnl_convolution_desc_t conv;
    dnnl_status_t status = dnnl_success;
    if (kind == PASS_FORWARD)
        status = dnnl_dilated_convolution_forward_desc_init(
            &conv, dnnl_forward_training, dnnl_convolution_direct, &d->x, &d->weights_any,
            NULL, &d->y, stride, dilate, before, behind);
    else if (kind == PASS_BACKWARD_DATA)
        status = dnnl_dilated_convolution_backward_data_desc_init(
            &conv, dnnl_convolution_direct, &d->x, &d->weights_any, &d->y, stride, dilate,
            before, behind);
    else
        status = dnnl_dilated_convolution_backward_weights_desc_init(
            &conv, dnnl_convolution_direct, &d->x, &d->weights_any, NULL, &d->y, stride,
            dilate, before, behind);
    if (status == dnnl_success)
        status = dnnl_primitive_desc_create(out, &conv, attr, engine, forward);
    return status;
}

/** The weights' format that a pass chose; valid as long as `desc`. */
static inline const api_md_t *api_pass_weights(const_dnnl_primitive_desc_t desc,
                                               pass_kind_t kind)
{
    return dnnl_primitive_desc_query_md(
        desc,
        kind == PASS_BACKWARD_WEIGHTS ? dnnl_query_diff_weights_md : dnnl_query_weights_md,
        0);
}

static inline const api_md_t *api_scratch(const_dnnl_primitive_desc_t desc)
{
    return dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
}

static inline size_t api_bytes(const api_md_t *md)
{
    return dnnl_memory_desc_get_size(md);
}

static inline bool api_equal(const api_md_t *a, const api_md_t *b)
{
    return dnnl_memory_desc_equal(a, b) != 0;
}

static inline dnnl_status_t api_memory(const api_md_t *md, dnnl_engine_t engine, void *data,
                                       dnnl_memory_t *out)
{
    return dnnl_memory_create(out, md, engine, data);
}

static inline dnnl_status_t api_reorder_desc(const api_md_t *from, const api_md_t *to,
                                             const_dnnl_primitive_attr_t attr,
                                             dnnl_engine_t engine,
                                             dnnl_primitive_desc_t *out)
{
    return dnnl_reorder_primitive_desc_create(out, from, engine, to, engine, attr);
}

#endif
