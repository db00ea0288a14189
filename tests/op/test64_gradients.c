/* Every operation's backward is the derivative of its forward, by central differences in
 * double of the functional L = <dy, y>.
 *
 * The step h = 1e-6 leaves a truncation error of order h^2 = 1e-12 and a rounding error of
 * order 1e-16 |L| / h = 1e-9 for |L| up to 10; 1e-6 of the largest gradient covers both
 * and the third derivatives of batch norm over few elements.  Inputs are multiples of
 * 1/1024, so that no kink of relu lies within h, except at 0 where relu inputs are moved.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "cases.h"

static double functional(rig_t *r)
{
    double sum = 0;
    r->args.param_version++;
    r->inst.op->forward(&r->inst, &r->args);
    for (int64_t i = 0; i < r->n_y; i++)
        sum += (double)r->dy[i] * (double)r->args.y[i];
    return sum;
}

static double difference(rig_t *r, pt_real_t *at)
{
    const double h = 1e-6;
    pt_real_t old = *at;
    *at = old + (pt_real_t)h;
    double above = functional(r);
    *at = old - (pt_real_t)h;
    double below = functional(r);
    *at = old;
    return (above - below) / (2 * h);
}

/** Compares up to about 80 elements of the gradient `dv` of `v`. */
static void check_tensor(rig_t *r, const char *what, int32_t number, pt_real_t *v,
                         const pt_real_t *dv, int64_t n)
{
    double largest = 1e-3;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)dv[i]));
    int64_t stride = n / 80 + 1;
    for (int64_t i = 0; i < n; i += stride) {
        double expected = difference(r, &v[i]);
        if (!(fabs((double)dv[i] - expected) <= 1e-6 * largest))
            fail_msg("%s%d[%lld] is %.12g, differences say %.12g (largest %g)", what,
                     (int)number, (long long)i, (double)dv[i], expected, largest);
    }
}

static void check_gradients(rig_t *r)
{
    r->inst.op->forward(&r->inst, &r->args);
    r->inst.op->backward(&r->inst, &r->args);
    assert_true(rig_guards_are_whole(r));
    for (int32_t i = 0; i < r->inst.n_in; i++)
        check_tensor(r, "dx", i, r->x[i], r->dx[i], r->n_x[i]);
    for (int32_t i = 0; i < r->inst.n_param; i++)
        check_tensor(r, "dparam", i, r->param[i], r->dparam[i], r->n_param[i]);
    if (r->inst.flags & PT_OP_HAS_GATE) {
        pt_real_t dgate = (pt_real_t)r->dgate;
        check_tensor(r, "dgate", 0, &r->args.gate, &dgate, 1);
    }
}

/* What has statistics is trained on given ones too, where a network is fine-tuned. */
static void check_case(void **state)
{
    const pt_case_t *c = *state;
    pt_kernel_t kernel;
    rig_t r;
    assert_int_equal(pt_kernel_init(&kernel, PT_BACKEND_REF, PT_ISA_NATIVE, 1), PT_OK);
    if (rig_init(&r, &kernel, c) != PT_OK)
        fail_msg("%s", pt_error_message());
    for (int32_t i = 0; !strcmp(c->op, "relu") && i < r.n_x[0]; i++)
        r.x[0][i] += (pt_real_t)1e-4;
    check_gradients(&r);
    if (r.inst.flags & PT_OP_HAS_STAT) {
        rig_give_statistics(&r);
        check_gradients(&r);
    }
    rig_release(&r);
    pt_kernel_release(&kernel);
}

static void every_operation_has_a_case(void **state)
{
    (void)state;
    for (const pt_op_t *const *op = pt_op_registry; *op; op++) {
        bool is_found = false;
        for (int32_t i = 0; i < N_CASE; i++)
            is_found = is_found || !strcmp((*op)->name, cases[i].op);
        if (!is_found)
            fail_msg("operation %s has no case", (*op)->name);
    }
}

int main(void)
{
    static char name[N_CASE][160];
    struct CMUnitTest tests[N_CASE + 1] = {cmocka_unit_test(every_operation_has_a_case)};
    for (int32_t i = 0; i < N_CASE; i++)
        tests[i + 1] = (struct CMUnitTest){.name = case_text(&cases[i], name[i]),
                                           .test_func = check_case,
                                           .initial_state = (void *)(uintptr_t)&cases[i]};
    return cmocka_run_group_tests_name("gradients", tests, NULL, NULL);
}
