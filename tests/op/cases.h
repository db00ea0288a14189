/** @file
 * The cases over which the tests of operations and backends run, and the buffers of one
 * call, filled from fixed seeds.
 */
#ifndef PT_TESTS_OP_CASES_H
#define PT_TESTS_OP_CASES_H

#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/op/op.h"

typedef struct pt_case {
    const char *op;
    pt_op_attr_t attr;
    int32_t n_in;
    pt_shape_t in[PT_OP_MAX_IN]; /**< a second of 0 is as the first */
} pt_case_t;

/* clang-format off */
static const pt_case_t cases[] = {
    {"conv", {.channels = 5, .kernel = 3}, 1, {{2, 7, 6, 3}}},
    {"conv", {.channels = 4, .kernel = 3, .stride = 2}, 1, {{2, 7, 8, 3}}},
    {"conv", {.channels = 3, .kernel = 5, .dilation = 2}, 1, {{1, 9, 11, 2}}},
    {"conv", {.channels = 6, .kernel = 3, .groups = 2, .bias = 1}, 1, {{2, 5, 5, 4}}},
    {"conv", {.channels = 6, .kernel = 3, .groups = 6}, 1, {{2, 6, 5, 6}}},
    {"conv", {.channels = 6, .kernel = 3, .groups = 6, .stride = 2, .dilation = 2}, 1, {{1, 9, 8, 6}}},
    {"conv", {.channels = 8, .kernel = 3, .groups = 4}, 1, {{2, 4, 5, 4}}},
    {"conv", {.channels = 4, .kernel = 1, .bias = 1}, 1, {{2, 5, 4, 3}}},
    {"conv", {.channels = 4, .kernel = 1, .stride = 2}, 1, {{1, 6, 7, 3}}},
    {"conv", {.channels = 3, .kernel = 1}, 1, {{1, 1, 1, 1}}},
    {"conv", {.channels = 2, .kernel = 3}, 1, {{3, 1, 1, 4}}},
    {"conv", {.channels = 19, .kernel = 3}, 1, {{1, 4, 3, 17}}},
    {"conv", {.channels = 16, .kernel = 3, .stride = 2}, 1, {{2, 9, 9, 16}}},
    {"conv", {.channels = 5, .kernel = 3, .dilation = 3, .groups = 5}, 1, {{1, 7, 9, 5}}},
    {"conv", {.channels = 6, .kernel = 3, .stride = 2, .dilation = 2}, 1, {{2, 8, 7, 3}}},
    {"batch_norm", {0}, 1, {{2, 3, 4, 5}}},
    {"batch_norm", {.act = PT_ACT_RELU}, 1, {{3, 4, 3, 2}}},
    {"batch_norm", {.act = PT_ACT_RELU6}, 1, {{2, 5, 5, 3}}},
    {"batch_norm", {.no_affine = 1, .act = PT_ACT_RELU}, 1, {{2, 3, 3, 4}}},
    {"batch_norm", {.no_affine = 1, .act = PT_ACT_RELU6, .eps = 0.01}, 1, {{2, 4, 3, 5}}},
    {"batch_norm", {.no_affine = 1}, 1, {{2, 3, 5, 3}}},
    {"batch_norm", {.eps = 1e-2}, 1, {{8, 1, 1, 3}}},
    {"batch_norm", {.act = PT_ACT_RELU}, 1, {{2, 3, 1, 300}}},
    {"relu", {0}, 1, {{2, 3, 5, 3}}},
    {"relu", {.act = PT_ACT_RELU6}, 1, {{1, 7, 5, 3}}},
    {"add", {0}, 2, {{2, 3, 3, 5}}},
    {"mix", {0}, 1, {{2, 3, 3, 5}}},
    {"mix", {0}, 2, {{1, 5, 7, 3}}},
    {"pool_max", {.kernel = 3, .stride = 2}, 1, {{2, 7, 6, 3}}},
    {"pool_max", {.kernel = 2, .stride = 2}, 1, {{1, 5, 7, 20}}},
    {"pool_max", {.kernel = 3}, 1, {{1, 1, 1, 4}}},
    {"pool_avg", {.stride = 2}, 1, {{2, 7, 6, 3}}},
    {"pool_avg", {.kernel = 3}, 1, {{2, 5, 4, 17}}},
    {"pool_avg", {.stride = 4}, 1, {{1, 9, 10, 2}}},
    {"pool_avg", {.stride = 2}, 1, {{1, 1, 1, 2}}},
    {"global_pool", {0}, 1, {{3, 5, 4, 6}}},
    {"global_pool", {0}, 1, {{2, 1, 1, 3}}},
    {"resize", {.out_h = 11, .out_w = 9}, 1, {{2, 4, 3, 5}}},
    {"resize", {.out_h = 11, .out_w = 9, .align_corners = 1}, 1, {{2, 4, 3, 5}}},
    {"resize", {.out_h = 3, .out_w = 4}, 1, {{1, 7, 11, 2}}},
    {"resize", {.out_h = 2, .out_w = 3, .align_corners = 1}, 1, {{1, 9, 8, 3}}},
    {"resize", {.out_h = 4, .out_w = 1}, 1, {{2, 1, 2, 3}}},
    {"resize", {.out_h = 1, .out_w = 5, .align_corners = 1}, 1, {{1, 3, 5, 2}}},
    {"resize", {.out_h = 3, .out_w = 4}, 1, {{2, 1, 1, 3}}},
    {"resize", {.out_h = 3, .out_w = 4, .align_corners = 1}, 1, {{2, 1, 1, 3}}},
    {"concat", {0}, 2, {{2, 3, 4, 5}}},
    {"concat", {0}, 2, {{2, 3, 2, 1}, {2, 3, 2, 4}}},
    {"concat", {0}, 2, {{1, 1, 1, 6}, {1, 1, 1, 2}}},
    {"linear", {.channels = 4}, 1, {{3, 1, 1, 7}}},
    {"linear", {.channels = 3, .no_bias = 1}, 1, {{2, 2, 3, 2}}},
    {"linear", {.channels = 1}, 1, {{1, 1, 1, 1}}},
    {"dropout", {.rate = 0.4}, 1, {{3, 2, 3, 5}}},
    {"dropout", {0}, 1, {{1, 1, 1, 6}}},
};
/* clang-format on */

enum { N_CASE = sizeof cases / sizeof *cases };

static inline const char *case_text(const pt_case_t *c, char text[160])
{
    char shape[64];
    snprintf(text, 160,
             "%s %s, kernel %d stride %d dilation %d groups %d act %d, to %lld x %lld %d",
             c->op, pt_shape_text(c->in[0], shape), (int)c->attr.kernel,
             (int)c->attr.stride, (int)c->attr.dilation, (int)c->attr.groups,
             (int)c->attr.act, (long long)c->attr.out_h, (long long)c->attr.out_w,
             (int)c->attr.align_corners);
    return text;
}

/** Multiples of 1/1024 in [-1, 1), different for every `salt`. */
static inline void fill(pt_real_t *x, int64_t n, uint32_t salt)
{
    pt_rng_t rng = {.seed = 7, .purpose = PT_RNG_DRAW, .step = salt};
    for (int64_t i = 0; i < n; i++) {
        uint32_t word[4];
        pt_rng_words(&rng, (uint64_t)i, word);
        x[i] = (pt_real_t)((int32_t)(word[0] >> 21) - 1024) / 1024;
    }
}

/** 64 guard bytes stand before and behind the buffer given out. */
static inline void *guarded_alloc(size_t bytes)
{
    unsigned char *p = NULL;
    if (pt_alloc(&p, pt_align_up(bytes) + 128, 1) != PT_OK)
        return NULL;
    memset(p, 0xa5, pt_align_up(bytes) + 128);
    return p + 64;
}

static inline bool guard_is_whole(const void *buffer, size_t bytes)
{
    const unsigned char *p = buffer;
    for (size_t i = 0; i < 64; i++)
        if (p[-1 - (ptrdiff_t)i] != 0xa5 || p[bytes + i] != 0xa5)
            return false;
    return true;
}

static inline void guarded_free(void *buffer)
{
    if (buffer)
        pt_free((unsigned char *)buffer - 64);
}

/** One operation with all its buffers. */
enum { RIG_CHANNELS = 300 }; /* the most of what has statistics */

typedef struct rig {
    pt_op_inst_t inst;
    pt_op_args_t args;
    pt_real_t *x[PT_OP_MAX_IN], *dx[PT_OP_MAX_IN], *dy;
    pt_real_t *param[PT_OP_MAX_PARAM], *dparam[PT_OP_MAX_PARAM];
    int64_t n_x[PT_OP_MAX_IN], n_y, n_param[PT_OP_MAX_PARAM];
    double dgate;
    double stat[2 * RIG_CHANNELS];
} rig_t;

static inline pt_status_t rig_init(rig_t *r, const pt_kernel_t *kernel, const pt_case_t *c)
{
    memset(r, 0, sizeof *r);
    pt_shape_t in[PT_OP_MAX_IN] = {c->in[0], c->in[c->in[1].n > 0]};
    PT_TRY(pt_op_prepare(c->op, kernel, &c->attr, in, c->n_in, &r->inst));
    r->n_y = pt_shape_count(r->inst.out);
    pt_op_args_t *a = &r->args;
    for (int32_t i = 0; i < c->n_in; i++) {
        r->n_x[i] = pt_shape_count(in[i]);
        r->x[i] = guarded_alloc((size_t)r->n_x[i] * sizeof(pt_real_t));
        r->dx[i] = guarded_alloc((size_t)r->n_x[i] * sizeof(pt_real_t));
        fill(r->x[i], r->n_x[i], 1 + (uint32_t)i);
        /* both sides of relu6's kink at 6 */
        for (int64_t e = 0; c->attr.act == PT_ACT_RELU6 && e < r->n_x[i]; e++)
            r->x[i][e] *= 9;
        a->x[i] = r->x[i];
        a->dx[i] = r->dx[i];
    }
    r->dy = guarded_alloc((size_t)r->n_y * sizeof(pt_real_t));
    fill(r->dy, r->n_y, 11);
    a->dy = r->dy;
    a->y = guarded_alloc((size_t)r->n_y * sizeof(pt_real_t));
    for (int32_t i = 0; i < r->inst.n_param; i++) {
        const pt_op_param_t *p = &r->inst.param[i];
        r->n_param[i] = p->dim[0] * p->dim[1] * p->dim[2] * p->dim[3];
        r->param[i] = guarded_alloc((size_t)r->n_param[i] * sizeof(pt_real_t));
        r->dparam[i] = guarded_alloc((size_t)r->n_param[i] * sizeof(pt_real_t));
        fill(r->param[i], r->n_param[i], 21 + (uint32_t)i);
        /* scales around 5 bring both kinks of relu6 behind a batch norm into play */
        for (int64_t e = 0; p->role == PT_ROLE_NORM_SCALE && e < r->n_param[i]; e++)
            r->param[i][e] += 5;
        a->param[i] = r->param[i];
        a->dparam[i] = r->dparam[i];
    }
    a->saved = guarded_alloc(r->inst.saved_bytes);
    a->work = guarded_alloc(r->inst.work_bytes);
    a->gate = (pt_real_t)0.375;
    a->dgate = r->inst.flags & PT_OP_HAS_GATE ? &r->dgate : NULL;
    a->rng = (pt_rng_t){.seed = 3, .purpose = PT_RNG_DROPOUT, .step = 5};
    a->rng_index = 100;
    a->param_version = 1;
    return PT_OK;
}

/** From here on it runs as in evaluation, on statistics that are given. */
static inline void rig_give_statistics(rig_t *r)
{
    int64_t n = r->inst.out.c;
    for (int64_t j = 0; j < n; j++) {
        r->stat[j] = 0.3 - 0.1 * (double)(j % 5);
        r->stat[n + j] = 0.5 + 0.1 * (double)(j % 7);
    }
    r->args.mode = PT_MODE_EVAL;
    r->args.stat = r->stat;
}

static inline bool rig_guards_are_whole(const rig_t *r)
{
    size_t real = sizeof(pt_real_t);
    bool is_whole = guard_is_whole(r->dy, (size_t)r->n_y * real) &&
                    guard_is_whole(r->args.y, (size_t)r->n_y * real) &&
                    guard_is_whole(r->args.saved, r->inst.saved_bytes) &&
                    guard_is_whole(r->args.work, r->inst.work_bytes);
    for (int32_t i = 0; i < r->inst.n_in; i++)
        is_whole = is_whole && guard_is_whole(r->x[i], (size_t)r->n_x[i] * real) &&
                   guard_is_whole(r->dx[i], (size_t)r->n_x[i] * real);
    for (int32_t i = 0; i < r->inst.n_param; i++)
        is_whole = is_whole && guard_is_whole(r->param[i], (size_t)r->n_param[i] * real) &&
                   guard_is_whole(r->dparam[i], (size_t)r->n_param[i] * real);
    return is_whole;
}

static inline void rig_release(rig_t *r)
{
    for (int32_t i = 0; i < PT_OP_MAX_IN; i++) {
        guarded_free(r->x[i]);
        guarded_free(r->dx[i]);
    }
    for (int32_t i = 0; i < PT_OP_MAX_PARAM; i++) {
        guarded_free(r->param[i]);
        guarded_free(r->dparam[i]);
    }
    guarded_free(r->dy);
    guarded_free(r->args.y);
    guarded_free(r->args.saved);
    guarded_free(r->args.work);
    pt_op_release(&r->inst);
}

#endif
