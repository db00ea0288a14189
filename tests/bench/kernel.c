/* Speed of the kernels: GFLOP/s of convolutions per backend and pass, GB/s of the rest.
 *
 *     kernel [generic | avx2 | avx512] [threads]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/clock.h"
#include "polytree/base/memory.h"
#include "polytree/kernel/kernel.h"

enum { ACT_RELU = 1 };

typedef struct shape {
    int64_t n, size, c, k;
    int32_t kernel, stride, groups;
} shape_t;

static const shape_t shapes[] = {{16, 35, 1, 32, 3, 1, 1},  {16, 35, 32, 32, 3, 1, 1},
                                 {16, 35, 32, 48, 3, 2, 1}, {16, 18, 48, 48, 3, 1, 1},
                                 {16, 9, 64, 64, 3, 1, 1},  {16, 18, 32, 48, 1, 1, 1},
                                 {32, 32, 64, 64, 3, 1, 1}, {32, 48, 53, 53, 3, 1, 1},
                                 {8, 64, 96, 24, 1, 1, 1},  {8, 64, 144, 144, 3, 1, 144}};

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
    TIME(s, k->bn_apply(rows, c, x, mean, var, 1e-5, scale, shift, ACT_RELU, y));
    show("bn_apply", 2 * bytes, s);
    TIME(s, k->bn_backward(rows, c, x, y, mean, var, 1e-5, scale, shift, ACT_RELU, z,
                           dscale, dshift, work));
    show("bn_backward", 5 * bytes, s);
    TIME(s, k->relu(n, x, ACT_RELU, y));
    show("relu", 2 * bytes, s);
    TIME(s, k->relu_backward(n, x, y, ACT_RELU, z));
    show("relu_backward", 3 * bytes, s);
    TIME(s, k->scale(n, 0.3F, x, y));
    show("scale", 2 * bytes, s);
    TIME(s, k->add_scaled(n, x, 0.3F, y, z));
    show("add_scaled", 3 * bytes, s);
    TIME(s, sink += k->dot(n, x, y));
    show("dot", 2 * bytes, s);
    TIME(s, sink += k->fixed_add(n, x, 0x1p55, sum));
    show("fixed_add", 5 * bytes, s);
    TIME(s, k->fixed_get(n, sum, y));
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
            printf("%42s %8s %8s\n", "GFLOP/s forward", "data", "weights");
        }
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
            bench_conv(&k, &shapes[i]);
        pt_kernel_release(&k);
    }
    return 0;
}
