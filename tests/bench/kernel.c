/* Speed of the kernels: GFLOP/s of convolutions per backend and pass, GB/s of the rest.
 *
 *     kernel [generic | avx2 | avx512] [threads]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/clock.h"
#include "polytree/base/memory.h"
#include "polytree/op/op.h"

typedef struct shape {
    int64_t n, size, c, k;
    int32_t kernel, stride, groups;
} shape_t;

static const shape_t shapes[] = {{16, 35, 1, 32, 3, 1, 1},
                                 {16, 35, 32, 32, 3, 1, 1},
                                 {16, 35, 32, 48, 3, 2, 1},
                                 {16, 18, 48, 48, 3, 1, 1},
                                 {16, 9, 64, 64, 3, 1, 1},
                                 {16, 18, 32, 48, 1, 1, 1},
                                 {32, 32, 64, 64, 3, 1, 1},
                                 {32, 48, 53, 53, 3, 1, 1},
                                 {8, 64, 96, 24, 1, 1, 1},
                                 {8, 64, 144, 144, 3, 1, 144},
                                 /* MobileNetV2 at half width on 64 x 64 pixels */
                                 {8, 64, 3, 16, 3, 2, 1},
                                 {8, 32, 16, 16, 3, 1, 16},
                                 {8, 32, 48, 48, 3, 2, 48},
                                 {8, 16, 96, 96, 3, 1, 96},
                                 {8, 16, 96, 96, 3, 2, 96},
                                 {8, 8, 96, 96, 3, 1, 96},
                                 {8, 8, 192, 192, 3, 1, 192},
                                 {8, 4, 288, 288, 3, 1, 288},
                                 {8, 4, 480, 480, 3, 1, 480},
                                 {8, 32, 16, 8, 1, 1, 1},
                                 {8, 32, 8, 48, 1, 1, 1},
                                 {8, 16, 48, 16, 1, 1, 1},
                                 {8, 16, 16, 96, 1, 1, 1},
                                 {8, 8, 96, 16, 1, 1, 1},
                                 {8, 8, 32, 192, 1, 1, 1},
                                 {8, 4, 192, 48, 1, 1, 1},
                                 {8, 4, 48, 288, 1, 1, 1},
                                 {8, 4, 480, 80, 1, 1, 1},
                                 {8, 16, 64, 64, 3, 1, 1}};

typedef struct op_shape {
    const char *op;
    pt_op_attr_t attr;
    int32_t n_in;
    pt_shape_t in[PT_OP_MAX_IN];
} op_shape_t;

/* clang-format off */
static const op_shape_t ops[] = {
    {"batch_norm", {.act = PT_ACT_RELU6}, 1, {{8, 32, 32, 16}}},
    {"batch_norm", {.act = PT_ACT_RELU6}, 1, {{8, 32, 32, 48}}},
    {"batch_norm", {.act = PT_ACT_RELU6}, 1, {{8, 16, 16, 96}}},
    {"batch_norm", {.act = PT_ACT_RELU6}, 1, {{8, 8, 8, 192}}},
    {"batch_norm", {.act = PT_ACT_RELU6}, 1, {{8, 4, 4, 288}}},
    {"batch_norm", {.act = PT_ACT_RELU6}, 1, {{8, 4, 4, 480}}},
    {"batch_norm", {0}, 1, {{8, 16, 16, 16}}},
    {"batch_norm", {0}, 1, {{8, 4, 4, 80}}},
    {"relu", {.act = PT_ACT_RELU6}, 1, {{8, 16, 16, 96}}},
    {"resize", {.out_h = 64, .out_w = 64}, 1, {{8, 16, 16, 13}}},
    {"resize", {.out_h = 64, .out_w = 64}, 1, {{8, 16, 16, 32}}},
    {"resize", {.out_h = 64, .out_w = 64, .align_corners = 1}, 1, {{8, 16, 16, 13}}},
    {"resize", {.out_h = 64, .out_w = 64}, 1, {{8, 16, 16, 1}}},
    {"resize", {.out_h = 16, .out_w = 16}, 1, {{8, 4, 4, 64}}},
    {"resize", {.out_h = 4, .out_w = 4}, 1, {{8, 1, 1, 64}}},
    {"concat", {0}, 2, {{8, 16, 16, 32}, {8, 16, 16, 24}}},
    {"concat", {0}, 2, {{8, 16, 16, 64}, {8, 16, 16, 12}}},
    {"concat", {0}, 2, {{8, 64, 64, 13}, {8, 64, 64, 3}}},
    {"global_pool", {0}, 1, {{8, 4, 4, 480}}},
    {"add", {0}, 2, {{8, 16, 16, 16}, {8, 16, 16, 16}}},
};
/* clang-format on */

static void *buffer(int64_t bytes)
{
    void *p = NULL;
    if (pt_alloc(&p, (size_t)bytes, 1) != PT_OK) {
        fprintf(stderr, "%s\n", pt_error_message());
        exit(1);
    }
    return p;
}

static float *numbers(int64_t n)
{
    float *x = buffer(n * 4);
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)((i * 7919) % 2003) / 1000 - 1;
    return x;
}

/** Seconds of one `call`: the best of several runs of about 30 ms each. */
#define TIME(seconds, call)                                                                \
    do {                                                                                   \
        double best_ = 1e30;                                                               \
        int64_t repeat_ = 1;                                                               \
        for (int32_t run_ = 0; run_ < 5; run_++) {                                         \
            double begin_ = pt_clock();                                                    \
            for (int64_t i_ = 0; i_ < repeat_; i_++)                                       \
                call;                                                                      \
            double each_ = (pt_clock() - begin_) / (double)repeat_;                        \
            best_ = each_ < best_ ? each_ : best_;                                         \
            repeat_ = (int64_t)(0.03 / each_) + 1;                                         \
        }                                                                                  \
        seconds = best_;                                                                   \
    } while (0)

static void bench_conv(const pt_kernel_t *k, const shape_t *t)
{
    int32_t pad = (t->kernel - 1) / 2;
    int64_t out = (t->size - 1) / t->stride + 1;
    pt_conv_shape_t s = {.n = t->n,
                         .h = t->size,
                         .w = t->size,
                         .c = t->c,
                         .oh = out,
                         .ow = out,
                         .k = t->k,
                         .kh = t->kernel,
                         .kw = t->kernel,
                         .stride = t->stride,
                         .dilation = 1,
                         .groups = t->groups,
                         .pad_top = pad,
                         .pad_left = pad,
                         .pad_bottom = pad,
                         .pad_right = pad};
    pt_conv_t *conv = NULL;
    if (k->conv_new(k, &s, &conv) != PT_OK) {
        fprintf(stderr, "%s\n", pt_error_message());
        exit(1);
    }
    int64_t n_x = s.n * s.h * s.w * s.c, n_y = s.n * s.oh * s.ow * s.k;
    int64_t n_w = s.k * s.kh * s.kw * (s.c / s.groups);
    float *x = numbers(n_x), *y = numbers(n_y), *w = numbers(n_w), *dw = numbers(n_w);
    float *dx = numbers(n_x);
    void *work = buffer((int64_t)k->conv_work_bytes(conv));
    double flop = 2 * (double)n_y * (double)(n_w / s.k), f, d, b;
    TIME(f, k->conv_forward(conv, x, w, 1, y, work));
    TIME(d, k->conv_backward_data(conv, y, w, 1, dx, work));
    TIME(b, k->conv_backward_weights(conv, x, y, dw, work));
    printf("%-7s n%-3lld %3lldx%-3lld %3lld->%-3lld k%d s%d g%-3d %8.1f %8.1f %8.1f   %s\n",
           pt_backend_name(k->backend), (long long)s.n, (long long)s.h, (long long)s.w,
           (long long)s.c, (long long)s.k, (int)s.kh, (int)s.stride, (int)s.groups,
           flop / f * 1e-9, flop / d * 1e-9, flop / b * 1e-9, k->conv_name(conv));
    pt_free(x), pt_free(y), pt_free(w), pt_free(dw), pt_free(dx), pt_free(work);
    k->conv_free(conv);
}

static void show(const char *name, double bytes, double seconds)
{
    printf("%-20s %8.1f GB/s %9.1f us\n", name, bytes / seconds * 1e-9, seconds * 1e6);
}

static void bench_rows(const pt_kernel_t *k, int64_t rows, int64_t c)
{
    int64_t n = rows * c;
    float *x = numbers(n), *y = numbers(n), *z = numbers(n), *scale = numbers(c);
    float *shift = numbers(c), *dscale = numbers(c), *dshift = numbers(c);
    double *mean = buffer(c * 8), *var = buffer(c * 8), *work = buffer(4 * c * 8);
    int64_t *sum = buffer(n * 8);
    double s, bytes = 4 * (double)n;
    volatile double sink = 0;
    printf("%s on %s, %lld x %lld\n", pt_backend_name(k->backend), pt_isa_name(k->isa),
           (long long)rows, (long long)c);
    TIME(s, k->bn_stats(rows, c, x, mean, var));
    show("bn_stats", bytes, s);
    TIME(s, k->bn_apply(rows, c, x, mean, var, 1e-5, scale, shift, PT_ACT_RELU, y));
    show("bn_apply", 2 * bytes, s);
    TIME(s, k->bn_backward(rows, c, x, y, mean, var, (double)rows, 1e-5, scale, shift,
                           PT_ACT_RELU, z, dscale, dshift, work));
    show("bn_backward", 5 * bytes, s);
    TIME(s, k->relu(n, x, PT_ACT_RELU, y));
    show("relu", 2 * bytes, s);
    TIME(s, k->relu_backward(n, x, y, PT_ACT_RELU, z));
    show("relu_backward", 3 * bytes, s);
    TIME(s, k->scale(n, 0.3F, x, y));
    show("scale", 2 * bytes, s);
    TIME(s, k->add_scaled(n, x, 0.3F, y, z));
    show("add_scaled", 3 * bytes, s);
    TIME(s, sink += k->dot(n, x, y));
    show("dot", 2 * bytes, s);
    TIME(s, sink += k->fixed_add(n, x, 0x1p40, sum));
    show("fixed_add", 5 * bytes, s);
    TIME(s, k->fixed_get(n, sum, 0x1p40, y));
    show("fixed_get", 3 * bytes, s);
    pt_pool_shape_t p = {.n = 16,
                         .h = rows / 16 / 35,
                         .w = 35,
                         .c = c,
                         .oh = (rows / 16 / 35 + 1) / 2,
                         .ow = 18,
                         .kernel = 2,
                         .stride = 2};
    TIME(s, k->pool_avg(&p, x, y));
    show("pool_avg", 1.25 * bytes, s);
    TIME(s, k->pool_avg_backward(&p, x, y));
    show("pool_avg_backward", 1.25 * bytes, s);
    TIME(s, k->pool_max(&p, x, y, (uint8_t *)sum));
    show("pool_max", 1.31 * bytes, s);
    TIME(s, k->pool_max_backward(&p, x, (uint8_t *)sum, y));
    show("pool_max_backward", 1.31 * bytes, s);
    pt_free(x), pt_free(y), pt_free(z), pt_free(scale), pt_free(shift), pt_free(dscale);
    pt_free(dshift), pt_free(mean), pt_free(var), pt_free(work), pt_free(sum);
}

/** GB/s count what goes in and out once. */
static void bench_op(const pt_kernel_t *k, const op_shape_t *t)
{
    pt_op_inst_t inst;
    if (pt_op_prepare(t->op, k, &t->attr, t->in, t->n_in, &inst) != PT_OK) {
        fprintf(stderr, "%s\n", pt_error_message());
        exit(1);
    }
    int64_t n_y = pt_shape_count(inst.out), n_all = n_y;
    pt_op_args_t a = {.y = numbers(n_y),
                      .dy = numbers(n_y),
                      .saved = buffer((int64_t)inst.saved_bytes + 1),
                      .work = buffer((int64_t)inst.work_bytes + 1)};
    for (int32_t i = 0; i < t->n_in; i++) {
        a.x[i] = numbers(pt_shape_count(t->in[i]));
        a.dx[i] = numbers(pt_shape_count(t->in[i]));
        n_all += pt_shape_count(t->in[i]);
    }
    for (int32_t i = 0; i < inst.n_param; i++) {
        a.param[i] = numbers(inst.param[i].dim[0]);
        a.dparam[i] = numbers(inst.param[i].dim[0]);
    }
    double f, b, bytes = 4 * (double)n_all;
    TIME(f, inst.op->forward(&inst, &a));
    TIME(b, inst.op->backward(&inst, &a));
    char in[64], out[64];
    printf("%-12s %-18s -> %-18s %8.1f us %6.1f GB/s  back %8.1f us %6.1f GB/s\n", t->op,
           pt_shape_text(t->in[0], in), pt_shape_text(inst.out, out), f * 1e6,
           bytes / f * 1e-9, b * 1e6, bytes / b * 1e-9);
    for (int32_t i = 0; i < 2; i++)
        pt_free((void *)(uintptr_t)a.x[i]), pt_free(a.dx[i]), pt_free(a.dparam[i]),
            pt_free((void *)(uintptr_t)a.param[i]);
    pt_free(a.y), pt_free((void *)(uintptr_t)a.dy), pt_free(a.saved), pt_free(a.work);
    pt_op_release(&inst);
}

int main(int argc, char **argv)
{
    pt_isa_t isa = PT_ISA_NATIVE;
    for (pt_isa_t i = PT_ISA_GENERIC; argc > 1 && i <= PT_ISA_AVX512; i++)
        if (!strcmp(argv[1], pt_isa_name(i)))
            isa = i;
    int32_t threads = argc > 2 ? atoi(argv[2]) : 1;
    for (pt_backend_t b = PT_BACKEND_BLAS; b <= PT_BACKEND_ONEDNN; b++) {
        pt_kernel_t k;
        if (pt_kernel_init(&k, b, isa, threads) != PT_OK) {
            printf("%s\n", pt_error_message());
            continue;
        }
        if (b == PT_BACKEND_BLAS) {
            bench_rows(&k, 16 * 35 * 35, 32);
            bench_rows(&k, 16 * 35 * 5, 64);
            for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
                bench_op(&k, &ops[i]);
            printf("%42s %8s %8s\n", "GFLOP/s forward", "data", "weights");
        }
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
            bench_conv(&k, &shapes[i]);
        pt_kernel_release(&k);
    }
    return 0;
}
