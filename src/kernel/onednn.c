/* Convolutions by oneDNN on plain NHWC activations; it chooses the format of weights.
 *
 * The primitives of a shape are made once and shared by all convolutions of that shape.
 * Each convolution keeps its weights packed for forward and for backward data, until
 * they change.  Weight gradients come packed, and are laid out plainly.  All scratch is
 * the caller's `work`:
 *
 *     | scratch of the pass or of the reordering | packed weight gradient |
 *
 * A pass for which oneDNN has only slow code is left to the backend before.
 */
#include "kernel/backend.h"

#if PT_HAS_ONEDNN

#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"

#include "kernel/onednn_api.h"

/** A primitive with the memory that it works in. */
typedef struct routine {
    dnnl_primitive_t primitive;
    dnnl_memory_t scratch; /**< data set at each call; NULL if it needs none */
    size_t scratch_bytes;
} routine_t;

typedef struct pass {
    routine_t run;
    routine_t reorder; /**< weights to or from the pass's format; none if that is plain */
    api_md_t weights;
    size_t weights_bytes;
    char name[40];
    bool is_left; /**< to the backend before */
} pass_t;

/** All primitives of one shape. */
typedef struct shape {
    struct shape *next;
    pt_conv_shape_t of;
    pass_t pass[N_PASS];
    dnnl_memory_t x, y, weights, packed_dw; /**< data set at each call */
    size_t scratch_bytes, work_bytes;
} shape_t;

typedef struct dnnl_state {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_attr_t attr; /**< scratch is the caller's */
    pt_status_t (*conv_new_before)(const pt_kernel_t *, const pt_conv_shape_t *,
                                   pt_conv_t **);
    shape_t *shapes;
} dnnl_state_t;

/** Weights as one pass wants them, and of which weights they were made. */
typedef struct packed {
    dnnl_memory_t memory;
    void *data;
    const float *source;
    uint64_t version;
} packed_t;

typedef struct dnnl_conv {
    struct pt_conv base;
    const dnnl_state_t *state;
    const shape_t *shape;
    packed_t *packed;  /**< of PASS_FORWARD and PASS_BACKWARD_DATA */
    pt_conv_t *before; /**< of the backend before; NULL if no pass is left to it */
} dnnl_conv_t;

#define DNNL_TRY(call)                                                                     \
    do {                                                                                   \
        dnnl_status_t dnnl_try_status_ = (call);                                           \
        if (dnnl_try_status_ != dnnl_success)                                              \
            PT_FAIL(LIBRARY, "oneDNN: %s gave status %d", #call, (int)dnnl_try_status_);   \
    } while (0)

static void routine_release(routine_t *r)
{
    if (r->primitive)
        dnnl_primitive_destroy(r->primitive);
    if (r->scratch)
        dnnl_memory_destroy(r->scratch);
}

static pt_status_t routine_init(const dnnl_state_t *state, const_dnnl_primitive_desc_t desc,
                                routine_t *r)
{
    DNNL_TRY(dnnl_primitive_create(&r->primitive, desc));
    r->scratch_bytes = api_bytes(api_scratch(desc));
    if (r->scratch_bytes)
        DNNL_TRY(
            api_memory(api_scratch(desc), state->engine, DNNL_MEMORY_NONE, &r->scratch));
    return PT_OK;
}

static void memory_destroy(dnnl_memory_t memory)
{
    if (memory)
        dnnl_memory_destroy(memory);
}

static void shape_free(shape_t *s)
{
    for (int32_t i = 0; i < N_PASS; i++) {
        routine_release(&s->pass[i].run);
        routine_release(&s->pass[i].reorder);
    }
    memory_destroy(s->x);
    memory_destroy(s->y);
    memory_destroy(s->weights);
    memory_destroy(s->packed_dw);
    pt_free(s);
}

static pt_status_t pass_reorder(const dnnl_state_t *state, const api_conv_t *d,
                                pass_kind_t kind, pass_t *pass)
{
    if (api_equal(&pass->weights, &d->weights))
        return PT_OK;
    bool is_out = kind == PASS_BACKWARD_WEIGHTS;
    dnnl_primitive_desc_t desc = NULL;
    DNNL_TRY(api_reorder_desc(is_out ? &pass->weights : &d->weights,
                              is_out ? &d->weights : &pass->weights, state->attr,
                              state->engine, &desc));
    pt_status_t status = routine_init(state, desc, &pass->reorder);
    dnnl_primitive_desc_destroy(desc);
    return status;
}

/** The reference code, and one matrix product per channel. */
static bool is_slow(const char *name, const pt_conv_shape_t *s)
{
    bool is_depthwise = s->groups > 1 && s->groups == s->c;
    return !strncmp(name, "ref", 3) || (is_depthwise && strstr(name, "gemm:"));
}

static pt_status_t pass_init(const dnnl_state_t *state, const pt_conv_shape_t *s,
                             const api_conv_t *d, pass_kind_t kind,
                             const_dnnl_primitive_desc_t desc, pass_t *pass)
{
    const char *name = NULL;
    if (desc)
        DNNL_TRY(dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, &name));
    pass->is_left = !name || is_slow(name, s);
    snprintf(pass->name, sizeof pass->name, "%s", name ? name : "none");
    if (pass->is_left)
        return PT_OK;
    pass->weights = *api_pass_weights(desc, kind);
    pass->weights_bytes = api_bytes(&pass->weights);
    PT_TRY(routine_init(state, desc, &pass->run));
    return pass_reorder(state, d, kind, pass);
}

static void larger(size_t *bytes, size_t other)
{
    if (*bytes < other)
        *bytes = other;
}

static pt_status_t shape_memories(const dnnl_state_t *state, const api_conv_t *d,
                                  shape_t *s)
{
    DNNL_TRY(api_memory(&d->x, state->engine, DNNL_MEMORY_NONE, &s->x));
    DNNL_TRY(api_memory(&d->y, state->engine, DNNL_MEMORY_NONE, &s->y));
    DNNL_TRY(api_memory(&d->weights, state->engine, DNNL_MEMORY_NONE, &s->weights));
    for (int32_t i = 0; i < N_PASS; i++) {
        larger(&s->scratch_bytes, s->pass[i].run.scratch_bytes);
        larger(&s->scratch_bytes, s->pass[i].reorder.scratch_bytes);
    }
    s->scratch_bytes = pt_align_up(s->scratch_bytes);
    s->work_bytes = s->scratch_bytes;
    const pass_t *last = &s->pass[PASS_BACKWARD_WEIGHTS];
    if (last->reorder.primitive) {
        s->work_bytes += last->weights_bytes;
        DNNL_TRY(
            api_memory(&last->weights, state->engine, DNNL_MEMORY_NONE, &s->packed_dw));
    }
    return PT_OK;
}

static pt_status_t shape_passes(const dnnl_state_t *state, shape_t *s)
{
    api_conv_t d;
    DNNL_TRY(api_conv_init(&s->of, &d));
    dnnl_primitive_desc_t desc[N_PASS] = {NULL};
    pt_status_t status = PT_OK;
    for (pass_kind_t i = 0; i < N_PASS && status == PT_OK; i++) {
        if (api_pass_desc(&s->of, &d, i, state->attr, state->engine, desc[PASS_FORWARD],
                          &desc[i]) != dnnl_success)
            desc[i] = NULL;
        status = pass_init(state, &s->of, &d, i, desc[i], &s->pass[i]);
    }
    for (int32_t i = 0; i < N_PASS; i++)
        if (desc[i])
            dnnl_primitive_desc_destroy(desc[i]);
    PT_TRY(status);
    return shape_memories(state, &d, s);
}

static bool same_shape(const pt_conv_shape_t *a, const pt_conv_shape_t *b)
{
    return a->n == b->n && a->h == b->h && a->w == b->w && a->c == b->c && a->oh == b->oh &&
           a->ow == b->ow && a->k == b->k && a->kh == b->kh && a->kw == b->kw &&
           a->stride == b->stride && a->dilation == b->dilation && a->groups == b->groups &&
           a->pad_top == b->pad_top && a->pad_left == b->pad_left &&
           a->pad_bottom == b->pad_bottom && a->pad_right == b->pad_right;
}

static pt_status_t shape_of(dnnl_state_t *state, const pt_conv_shape_t *s,
                            const shape_t **out)
{
    for (shape_t *at = state->shapes; at; at = at->next)
        if (same_shape(&at->of, s)) {
            *out = at;
            return PT_OK;
        }
    shape_t *made = NULL;
    PT_TRY(pt_alloc(&made, 1, sizeof *made));
    made->of = *s;
    pt_status_t status = shape_passes(state, made);
    if (status != PT_OK) {
        shape_free(made);
        return status;
    }
    made->next = state->shapes;
    state->shapes = made;
    *out = made;
    return PT_OK;
}

/** Run on `n` arguments; the routine's scratch is at `work`. */
static bool routine_run(const dnnl_conv_t *conv, const routine_t *r, dnnl_exec_arg_t *arg,
                        int32_t n, void *work)
{
    if (r->scratch) {
        if (dnnl_memory_set_data_handle(r->scratch, work) != dnnl_success)
            return false;
        arg[n++] = (dnnl_exec_arg_t){DNNL_ARG_SCRATCHPAD, r->scratch};
    }
    return dnnl_primitive_execute(r->primitive, conv->state->stream, n, arg) ==
               dnnl_success &&
           dnnl_stream_wait(conv->state->stream) == dnnl_success;
}

static bool point(dnnl_memory_t memory, const void *data)
{
    return dnnl_memory_set_data_handle(memory, (void *)(uintptr_t)data) == dnnl_success;
}

/** The weights as the pass wants them, packed anew where they changed. */
static bool pack(const dnnl_conv_t *conv, pass_kind_t kind, const float *w,
                 uint64_t version, void *work, dnnl_memory_t *out)
{
    const pass_t *pass = &conv->shape->pass[kind];
    packed_t *packed = &conv->packed[kind];
    if (!point(conv->shape->weights, w))
        return false;
    *out = pass->reorder.primitive ? packed->memory : conv->shape->weights;
    if (!pass->reorder.primitive ||
        (version && version == packed->version && w == packed->source))
        return true;
    dnnl_exec_arg_t arg[3] = {{DNNL_ARG_FROM, conv->shape->weights},
                              {DNNL_ARG_TO, packed->memory}};
    packed->source = w;
    packed->version = version;
    return routine_run(conv, &pass->reorder, arg, 2, work);
}

/** Nothing can be returned from here: numbers that are none are noticed in the sums. */
static void spoil(float *out, int64_t n)
{
    memset(out, 0xff, (size_t)n * sizeof *out);
}

static void forward(const pt_conv_t *base, const float *x, const float *w, uint64_t version,
                    float *y, void *work)
{
    const dnnl_conv_t *conv = (const dnnl_conv_t *)base;
    const shape_t *s = conv->shape;
    if (s->pass[PASS_FORWARD].is_left) {
        conv->before->run->forward(conv->before, x, w, version, y, work);
        return;
    }
    dnnl_memory_t weights = NULL;
    bool is_good = pack(conv, PASS_FORWARD, w, version, work, &weights) && point(s->x, x) &&
                   point(s->y, y);
    dnnl_exec_arg_t arg[4] = {
        {DNNL_ARG_SRC, s->x}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, s->y}};
    if (!is_good || !routine_run(conv, &s->pass[PASS_FORWARD].run, arg, 3, work))
        spoil(y, base->shape.n * base->shape.oh * base->shape.ow * base->shape.k);
}

static void backward_data(const pt_conv_t *base, const float *dy, const float *w,
                          uint64_t version, float *dx, void *work)
{
    const dnnl_conv_t *conv = (const dnnl_conv_t *)base;
    const shape_t *s = conv->shape;
    if (s->pass[PASS_BACKWARD_DATA].is_left) {
        conv->before->run->backward_data(conv->before, dy, w, version, dx, work);
        return;
    }
    dnnl_memory_t weights = NULL;
    bool is_good = pack(conv, PASS_BACKWARD_DATA, w, version, work, &weights) &&
                   point(s->x, dx) && point(s->y, dy);
    dnnl_exec_arg_t arg[4] = {
        {DNNL_ARG_DIFF_DST, s->y}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DIFF_SRC, s->x}};
    if (!is_good || !routine_run(conv, &s->pass[PASS_BACKWARD_DATA].run, arg, 3, work))
        spoil(dx, base->shape.n * base->shape.h * base->shape.w * base->shape.c);
}

static bool weights_gradient(const dnnl_conv_t *conv, const float *x, const float *dy,
                             float *dw, void *work)
{
    const shape_t *s = conv->shape;
    const pass_t *pass = &s->pass[PASS_BACKWARD_WEIGHTS];
    bool is_packed = pass->reorder.primitive != NULL;
    dnnl_memory_t first = is_packed ? s->packed_dw : s->weights;
    if (!point(s->x, x) || !point(s->y, dy) || !point(s->weights, dw) ||
        (is_packed && !point(s->packed_dw, (char *)work + s->scratch_bytes)))
        return false;
    dnnl_exec_arg_t arg[4] = {
        {DNNL_ARG_SRC, s->x}, {DNNL_ARG_DIFF_DST, s->y}, {DNNL_ARG_DIFF_WEIGHTS, first}};
    if (!routine_run(conv, &pass->run, arg, 3, work))
        return false;
    dnnl_exec_arg_t lay[3] = {{DNNL_ARG_FROM, s->packed_dw}, {DNNL_ARG_TO, s->weights}};
    return !is_packed || routine_run(conv, &pass->reorder, lay, 2, work);
}

static void backward_weights(const pt_conv_t *base, const float *x, const float *dy,
                             float *dw, void *work)
{
    const dnnl_conv_t *conv = (const dnnl_conv_t *)base;
    const pt_conv_shape_t *s = &base->shape;
    if (conv->shape->pass[PASS_BACKWARD_WEIGHTS].is_left)
        conv->before->run->backward_weights(conv->before, x, dy, dw, work);
    else if (!weights_gradient(conv, x, dy, dw, work))
        spoil(dw, s->k * s->kh * s->kw * (s->c / s->groups));
}

static void release(pt_conv_t *base)
{
    dnnl_conv_t *conv = (dnnl_conv_t *)base;
    for (int32_t i = 0; conv->packed && i < 2; i++) {
        memory_destroy(conv->packed[i].memory);
        pt_free(conv->packed[i].data);
    }
    if (conv->before)
        conv->before->run->free(conv->before);
    pt_free(conv->packed);
    pt_free(conv);
}

static const pt_conv_run_t conv_run = {.free = release,
                                       .forward = forward,
                                       .backward_data = backward_data,
                                       .backward_weights = backward_weights};

static pt_status_t conv_init(dnnl_conv_t *conv, dnnl_state_t *state)
{
    PT_TRY(shape_of(state, &conv->base.shape, &conv->shape));
    const pass_t *pass = conv->shape->pass;
    PT_TRY(pt_alloc(&conv->packed, 2, sizeof *conv->packed));
    for (int32_t i = 0; i < 2; i++) {
        if (!pass[i].reorder.primitive)
            continue;
        PT_TRY(pt_alloc(&conv->packed[i].data, pass[i].weights_bytes, 1));
        DNNL_TRY(api_memory(&pass[i].weights, state->engine, conv->packed[i].data,
                            &conv->packed[i].memory));
    }
    conv->base.work_bytes = conv->shape->work_bytes;
    const char *name[N_PASS];
    bool is_any_left = false;
    for (int32_t i = 0; i < N_PASS; i++)
        is_any_left = is_any_left || pass[i].is_left;
    if (is_any_left) {
        PT_TRY(state->conv_new_before(conv->base.kernel, &conv->base.shape, &conv->before));
        larger(&conv->base.work_bytes, conv->before->work_bytes);
    }
    for (int32_t i = 0; i < N_PASS; i++)
        name[i] = pass[i].is_left ? conv->before->name : pass[i].name;
    snprintf(conv->base.name, sizeof conv->base.name, "%.40s %.40s %.40s", name[0], name[1],
             name[2]);
    return PT_OK;
}

static pt_status_t conv_new(const pt_kernel_t *k, const pt_conv_shape_t *s, pt_conv_t **out)
{
    dnnl_conv_t *conv = NULL;
    PT_TRY(pt_alloc(&conv, 1, sizeof *conv));
    conv->base.run = &conv_run;
    conv->base.kernel = k;
    conv->base.shape = *s;
    conv->state = k->state;
    pt_status_t status = conv_init(conv, k->state);
    if (status != PT_OK) {
        release(&conv->base);
        return status;
    }
    *out = &conv->base;
    return PT_OK;
}

/** oneDNN takes a limit only before its first use in the process. */
static pt_status_t limit_isa(pt_isa_t isa)
{
    dnnl_cpu_isa_t limit = isa == PT_ISA_AVX512 ? dnnl_cpu_isa_avx512_core
                           : isa == PT_ISA_AVX2 ? dnnl_cpu_isa_avx2
                                                : dnnl_cpu_isa_sse41;
    if (dnnl_set_max_cpu_isa(limit) != dnnl_success &&
        dnnl_get_effective_cpu_isa() != limit)
        PT_FAIL(MISMATCH, "oneDNN already runs with another ISA than %s in this process",
                pt_isa_name(isa));
    return PT_OK;
}

static pt_status_t state_init(dnnl_state_t *state)
{
    DNNL_TRY(dnnl_engine_create(&state->engine, dnnl_cpu, 0));
    DNNL_TRY(dnnl_stream_create(&state->stream, state->engine, dnnl_stream_default_flags));
    DNNL_TRY(dnnl_primitive_attr_create(&state->attr));
    DNNL_TRY(
        dnnl_primitive_attr_set_scratchpad_mode(state->attr, dnnl_scratchpad_mode_user));
    return PT_OK;
}

pt_status_t pt_onednn_fill(pt_kernel_t *kernel)
{
    dnnl_state_t *state = NULL;
    PT_TRY(limit_isa(kernel->isa));
    omp_set_num_threads((int)kernel->threads);
    PT_TRY(pt_alloc(&state, 1, sizeof *state));
    kernel->state = state;
    pt_status_t status = state_init(state);
    if (status != PT_OK) {
        pt_onednn_release(kernel);
        return status;
    }
    state->conv_new_before = kernel->conv_new;
    kernel->conv_new = conv_new;
    return PT_OK;
}

void pt_onednn_release(pt_kernel_t *kernel)
{
    dnnl_state_t *state = kernel->state;
    for (shape_t *at = state->shapes; at;) {
        shape_t *next = at->next;
        shape_free(at);
        at = next;
    }
    if (state->attr)
        dnnl_primitive_attr_destroy(state->attr);
    if (state->stream)
        dnnl_stream_destroy(state->stream);
    if (state->engine)
        dnnl_engine_destroy(state->engine);
    pt_free(state);
    kernel->state = NULL;
}

const char *pt_onednn_version(void)
{
    static char text[64];
    const dnnl_version_t *v = dnnl_version();
    snprintf(text, sizeof text, "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
    return text;
}

#endif
