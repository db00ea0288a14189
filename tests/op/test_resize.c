/* Resizing against PyTorch's (tests/golden/resize.py), on every backend.
 *
 * An element is a sum of products with weights in [0, 1], each rounded once, of numbers up
 * to 1; forward has 4 of them, backward here up to 36: 1e-6 is 16 roundings of 2^-24.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "polytree/op/op.h"

enum { MAX = 512, N_GOLDEN = 20 };

typedef struct golden {
    pt_op_attr_t attr;
    pt_shape_t in, out;
    pt_real_t x[MAX], y[MAX], dy[MAX], dx[MAX];
} golden_t;

static void read_numbers(FILE *file, pt_shape_t shape, pt_real_t *value)
{
    assert_true(pt_shape_count(shape) <= MAX);
    for (int64_t i = 0; i < pt_shape_count(shape); i++)
        assert_int_equal(fscanf(file, "%f", &value[i]), 1);
}

static bool read_golden(FILE *file, golden_t *g)
{
    long long v[6];
    int align;
    if (fscanf(file, "%d %lld %lld %lld %lld %lld %lld", &align, &v[0], &v[1], &v[2], &v[3],
               &v[4], &v[5]) != 7)
        return false;
    *g = (golden_t){.attr = {.align_corners = align, .out_h = v[4], .out_w = v[5]},
                    .in = {v[0], v[1], v[2], v[3]},
                    .out = {v[0], v[4], v[5], v[3]}};
    read_numbers(file, g->in, g->x);
    read_numbers(file, g->out, g->y);
    read_numbers(file, g->out, g->dy);
    read_numbers(file, g->in, g->dx);
    return true;
}

static void check(const golden_t *g, const char *what, const pt_real_t *expected,
                  const pt_real_t *got, pt_shape_t shape)
{
    char in[64], out[64];
    for (int64_t i = 0; i < pt_shape_count(shape); i++)
        if (!(fabs((double)got[i] - (double)expected[i]) <= 1e-6))
            fail_msg("%s to %s, align_corners %d: %s[%lld] is %.9g, PyTorch says %.9g",
                     pt_shape_text(g->in, in), pt_shape_text(g->out, out),
                     (int)g->attr.align_corners, what, (long long)i, (double)got[i],
                     (double)expected[i]);
}

static void run(const pt_kernel_t *kernel, const golden_t *g)
{
    static pt_real_t y[MAX], dx[MAX], work[MAX];
    pt_op_inst_t inst;
    assert_int_equal(pt_op_prepare("resize", kernel, &g->attr, &g->in, 1, &inst), PT_OK);
    assert_true(pt_shape_equal(inst.out, g->out) && inst.work_bytes <= sizeof work);
    pt_op_args_t args = {.x = {g->x}, .y = y, .dy = g->dy, .dx = {dx}, .work = work};
    inst.op->forward(&inst, &args);
    check(g, "y", g->y, y, g->out);
    inst.op->backward(&inst, &args);
    check(g, "dx", g->dx, dx, g->in);
    if (g->in.h == 1 && g->in.w == 1) /* a plain broadcast, to the bit */
        for (int64_t i = 0; i < pt_shape_count(g->out); i++)
            assert_true(y[i] ==
                        g->x[i / (g->out.h * g->out.w * g->in.c) * g->in.c + i % g->in.c]);
    pt_op_release(&inst);
}

static void resizing_is_that_of_pytorch(void **state)
{
    (void)state;
    for (pt_backend_t b = PT_BACKEND_REF; b <= PT_BACKEND_BLAS; b++)
        for (pt_isa_t isa = PT_ISA_GENERIC; isa <= PT_ISA_AVX512; isa++) {
            pt_kernel_t kernel;
            golden_t g;
            if (pt_kernel_init(&kernel, b, isa, 1) != PT_OK)
                continue;
            FILE *file = fopen("tests/golden/resize.txt", "r");
            assert_non_null(file);
            int32_t n = 0;
            for (; read_golden(file, &g); n++)
                run(&kernel, &g);
            fclose(file);
            assert_int_equal(n, N_GOLDEN);
            pt_kernel_release(&kernel);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(resizing_is_that_of_pytorch)};
    return cmocka_run_group_tests_name("resize", tests, NULL, NULL);
}
