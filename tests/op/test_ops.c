/* What operations promise besides their gradients: shapes, costs, refusals, modes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cases.h"

static pt_kernel_t kernel;

static int set_up(void **state)
{
    (void)state;
    return pt_kernel_init(&kernel, PT_BACKEND_AUTO, PT_ISA_NATIVE, 1) == PT_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    pt_kernel_release(&kernel);
    return pt_memory_bytes() == 0 ? 0 : -1;
}

static pt_op_inst_t shapes_of(const char *op, pt_op_attr_t attr, int32_t n_in,
                              pt_shape_t in)
{
    pt_shape_t both[2] = {in, in};
    pt_op_inst_t inst;
    if (pt_op_prepare(op, NULL, &attr, both, n_in, &inst) != PT_OK)
        fail_msg("%s", pt_error_message());
    return inst;
}

static void strided_operations_agree_on_sizes(void **state)
{
    (void)state;
    for (int32_t stride = 1; stride <= 5; stride++)
        for (int64_t size = 1; size < 40; size++) {
            pt_shape_t in = {1, size, size + 1, 4};
            pt_op_attr_t attr = {.channels = 4, .kernel = 3, .stride = stride};
            pt_shape_t out = shapes_of("conv", attr, 1, in).out;
            assert_int_equal(out.h, (size + stride - 1) / stride);
            assert_true(pt_shape_equal(out, shapes_of("pool_max", attr, 1, in).out));
            assert_true(pt_shape_equal(out, shapes_of("pool_avg", attr, 1, in).out));
            attr.kernel = 0; /* an adapter: the window is the stride */
            assert_true(pt_shape_equal(out, shapes_of("pool_avg", attr, 1, in).out));
        }
}

static void cost_counts_multiply_adds_per_sample(void **state)
{
    (void)state;
    pt_shape_t in = {16, 35, 35, 32};
    pt_op_inst_t conv =
        shapes_of("conv", (pt_op_attr_t){.channels = 48, .kernel = 3, .stride = 2}, 1, in);
    assert_int_equal(conv.madds, 3 * 3 * 32 * 48 * 18 * 18);
    conv =
        shapes_of("conv", (pt_op_attr_t){.channels = 32, .kernel = 5, .groups = 32}, 1, in);
    assert_int_equal(conv.madds, 5 * 5 * 32 * 35 * 35);
    assert_int_equal(conv.param[0].dim[3], 1);
    pt_op_inst_t linear = shapes_of("linear", (pt_op_attr_t){.channels = 10}, 1, in);
    assert_int_equal(linear.madds, 35 * 35 * 32 * 10);
    assert_int_equal(shapes_of("batch_norm", (pt_op_attr_t){0}, 1, in).madds, 0);
}

static void wrong_attributes_and_shapes_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *op;
        pt_op_attr_t attr;
        int32_t n_in;
        pt_shape_t in[2];
    } bad[] = {
        {"convolution", {.channels = 1}, 1, {{1, 1, 1, 1}}},
        {"conv", {.kernel = 3}, 1, {{1, 4, 4, 4}}},
        {"conv", {.channels = -1}, 1, {{1, 4, 4, 4}}},
        {"conv", {.channels = 4, .kernel = 2}, 1, {{1, 4, 4, 4}}},
        {"conv", {.channels = 4, .kernel = -3}, 1, {{1, 4, 4, 4}}},
        {"conv", {.channels = 4, .stride = -1}, 1, {{1, 4, 4, 4}}},
        {"conv", {.channels = 4, .dilation = -2}, 1, {{1, 4, 4, 4}}},
        {"conv", {.channels = 4, .groups = 3}, 1, {{1, 4, 4, 6}}},
        {"conv", {.channels = 6, .groups = 3}, 1, {{1, 4, 4, 4}}},
        {"conv", {.channels = 4}, 2, {{1, 4, 4, 4}, {1, 4, 4, 4}}},
        {"conv", {.channels = 4}, 0, {{0}}},
        {"conv", {.channels = 4}, 1, {{1, 0, 4, 4}}},
        {"batch_norm", {.eps = -1}, 1, {{1, 4, 4, 4}}},
        {"batch_norm", {.act = (pt_act_t)7}, 1, {{1, 4, 4, 4}}},
        {"relu", {.act = (pt_act_t)7}, 1, {{1, 4, 4, 4}}},
        {"add", {0}, 1, {{1, 4, 4, 4}}},
        {"add", {0}, 2, {{1, 4, 4, 4}, {1, 4, 4, 5}}},
        {"mix", {0}, 2, {{1, 4, 4, 4}, {2, 4, 4, 4}}},
        {"concat", {0}, 1, {{1, 4, 4, 4}}},
        {"concat", {0}, 2, {{1, 4, 4, 4}, {2, 4, 4, 4}}},
        {"concat", {0}, 2, {{1, 4, 4, 4}, {1, 5, 4, 4}}},
        {"concat", {0}, 2, {{1, 4, 4, 4}, {1, 4, 5, 4}}},
        {"resize", {.out_h = 4}, 1, {{1, 4, 4, 4}}},
        {"resize", {.out_h = -1, .out_w = 4}, 1, {{1, 4, 4, 4}}},
        {"resize", {.out_h = 4, .out_w = (1 << 20) + 1}, 1, {{1, 4, 4, 4}}},
        {"resize", {.out_h = 4, .out_w = 4}, 1, {{1, (1 << 20) + 1, 4, 4}}},
        {"pool_max", {.kernel = 17}, 1, {{1, 40, 40, 4}}},
        {"pool_avg", {.stride = -1}, 1, {{1, 4, 4, 4}}},
        {"linear", {0}, 1, {{1, 4, 4, 4}}},
        {"dropout", {.rate = 1}, 1, {{1, 4, 4, 4}}},
        {"dropout", {.rate = -0.1}, 1, {{1, 4, 4, 4}}},
        {"dropout", {.rate = NAN}, 1, {{1, 4, 4, 4}}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pt_op_inst_t inst = {.n_in = 77};
        pt_error_clear();
        if (pt_op_prepare(bad[i].op, &kernel, &bad[i].attr, bad[i].in, bad[i].n_in,
                          &inst) == PT_OK)
            fail_msg("case %zu, %s, was accepted", i, bad[i].op);
        assert_non_null(strstr(pt_error_message(), bad[i].op));
        assert_int_equal(inst.n_in, 77);
    }
}

static void dropout_keeps_the_same_elements_forward_and_backward(void **state)
{
    (void)state;
    enum { COUNT = 4000 };
    pt_case_t c = {"dropout", {.rate = 0.25}, 1, {{1, 10, 10, COUNT / 100}}};
    rig_t r;
    assert_int_equal(rig_init(&r, &kernel, &c), PT_OK);
    int32_t n_kept = 0;
    for (int32_t i = 0; i < COUNT; i++)
        r.x[0][i] = r.dy[i] = 3;
    r.inst.op->forward(&r.inst, &r.args);
    r.inst.op->backward(&r.inst, &r.args);
    for (int32_t i = 0; i < COUNT; i++) {
        assert_true(r.args.y[i] == 0 || r.args.y[i] == 4);
        assert_true(r.dx[0][i] == r.args.y[i]);
        n_kept += r.args.y[i] != 0;
    }
    /* six standard deviations of a binomial */
    assert_true(abs(n_kept - COUNT * 3 / 4) < 6 * 28);
    /* the second half of the unit, drawn as one that begins there */
    pt_real_t *whole = r.args.y, *half = guarded_alloc(COUNT * sizeof *half);
    r.args.y = half;
    r.args.rng_index += COUNT / 2 / 4;
    r.inst.op->forward(&r.inst, &r.args);
    assert_memory_equal(whole + COUNT / 2, half, COUNT / 2 * sizeof *half);
    for (pt_mode_t mode = PT_MODE_CALIBRATE; mode <= PT_MODE_EVAL; mode++) {
        r.args.mode = mode;
        r.inst.op->forward(&r.inst, &r.args);
        assert_memory_equal(r.x[0], half, COUNT * sizeof *half);
    }
    r.args.y = whole;
    guarded_free(half);
    rig_release(&r);
}

static void calibrated_batch_norm_does_in_eval_what_it_does_in_training(void **state)
{
    (void)state;
    pt_case_t c = {"batch_norm", {.act = PT_ACT_RELU}, 1, {{4, 6, 5, 7}}};
    rig_t r;
    assert_int_equal(rig_init(&r, &kernel, &c), PT_OK);
    double unit[14] = {0}, stat[14], rows = 4 * 6 * 5;
    r.args.unit_stat = unit;
    r.args.mode = PT_MODE_CALIBRATE;
    r.inst.op->forward(&r.inst, &r.args);
    for (int32_t j = 0; j < 7; j++) {
        stat[j] = unit[j];
        stat[7 + j] = unit[7 + j] / rows;
        double sum = 0;
        for (int64_t i = j; i < r.n_x[0]; i += 7)
            sum += (double)r.x[0][i];
        assert_true(fabs(unit[j] * rows - sum) < 1e-12);
    }
    pt_real_t *y = r.args.y, *eval = guarded_alloc((size_t)r.n_y * sizeof *eval);
    r.args.mode = PT_MODE_EVAL;
    r.args.stat = stat;
    r.args.y = eval;
    r.inst.op->forward(&r.inst, &r.args);
    for (int64_t i = 0; i < r.n_y; i++)
        assert_true(fabs((double)y[i] - (double)eval[i]) < 1e-5);
    r.args.y = y;
    guarded_free(eval);
    rig_release(&r);
}

/** A mean 3500 standard deviations away costs no more than the float input itself did. */
static void batch_norm_bears_a_large_mean(void **state)
{
    (void)state;
    pt_case_t c = {"batch_norm", {.no_affine = 1, .eps = 1e-12}, 1, {{16, 8, 8, 3}}};
    rig_t r;
    assert_int_equal(rig_init(&r, &kernel, &c), PT_OK);
    for (int64_t i = 0; i < r.n_x[0]; i++)
        r.x[0][i] = 2048 + r.x[0][i]; /* exact: multiples of 1/1024 */
    r.inst.op->forward(&r.inst, &r.args);
    for (int32_t j = 0; j < 3; j++) {
        double sum = 0, sum2 = 0;
        for (int64_t i = j; i < r.n_y; i += 3) {
            sum += (double)r.args.y[i];
            sum2 += (double)r.args.y[i] * (double)r.args.y[i];
        }
        assert_true(fabs(sum / 1024) < 1e-6);
        assert_true(fabs(sum2 / 1024 - 1) < 1e-5);
    }
    rig_release(&r);
}

static void what_is_not_a_number_stays_visible(void **state)
{
    (void)state;
    for (int32_t i = 0; i < N_CASE; i++) {
        rig_t r;
        char text[160];
        if (!strcmp(cases[i].op, "dropout"))
            continue;
        assert_int_equal(rig_init(&r, &kernel, &cases[i]), PT_OK);
        r.x[r.inst.n_in - 1][0] = NAN;
        r.inst.op->forward(&r.inst, &r.args);
        bool is_seen = false;
        for (int64_t e = 0; e < r.n_y; e++)
            is_seen = is_seen || isnan(r.args.y[e]);
        if (!is_seen)
            fail_msg("%s hides it", case_text(&cases[i], text));
        rig_release(&r);
    }
}

/** Where the flags say so, y may lie on x[0], and dx on dy. */
static void running_in_place_gives_the_same(void **state)
{
    (void)state;
    for (int32_t i = 0; i < N_CASE; i++) {
        rig_t r;
        assert_int_equal(rig_init(&r, &kernel, &cases[i]), PT_OK);
        if (r.inst.flags & PT_OP_IN_PLACE) {
            r.inst.op->forward(&r.inst, &r.args);
            pt_real_t *y = r.args.y;
            r.args.y = r.x[0];
            r.inst.op->forward(&r.inst, &r.args);
            assert_memory_equal(r.x[0], y, (size_t)r.n_y * sizeof *y);
            r.args.y = y;
        }
        for (int32_t j = 0; j < r.inst.n_in; j++)
            if (r.inst.flags & (unsigned)(j ? PT_OP_PASS_1 : PT_OP_PASS_0)) {
                r.inst.op->backward(&r.inst, &r.args);
                assert_memory_equal(r.dx[j], r.dy, (size_t)r.n_y * sizeof(pt_real_t));
                r.args.dx[j] = r.dy;
            }
        r.inst.op->backward(&r.inst, &r.args);
        rig_release(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strided_operations_agree_on_sizes),
        cmocka_unit_test(cost_counts_multiply_adds_per_sample),
        cmocka_unit_test(wrong_attributes_and_shapes_are_refused),
        cmocka_unit_test(dropout_keeps_the_same_elements_forward_and_backward),
        cmocka_unit_test(calibrated_batch_norm_does_in_eval_what_it_does_in_training),
        cmocka_unit_test(batch_norm_bears_a_large_mean),
        cmocka_unit_test(what_is_not_a_number_stays_visible),
        cmocka_unit_test(running_in_place_gives_the_same),
    };
    return cmocka_run_group_tests_name("operations", tests, set_up, tear_down);
}
