/* Weights of tasks: the formulas of the papers by hand, and states that go on. */
#include "polytree/train/task_weights.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "polytree/base/memory.h"

enum { N = 3 };

static const int32_t all[N] = {0, 1, 2}, some[2] = {0, 2};

static pt_task_weights_t make(pt_weighting_t kind)
{
    static pt_config_t config;
    static const pt_objective_t objective[N] = {
        {.loss = PT_LOSS_CROSS_ENTROPY, .weight = 1},
        {.loss = PT_LOSS_L1, .weight = 2},
        {.loss = PT_LOSS_BCE, .weight = 5}};
    pt_task_weights_t w;

    config.train.weighting = kind;
    config.train.weighting_lr = 0.01;
    config.train.dwa_temperature = 2;
    assert_int_equal(pt_task_weights_init(&config, N, objective, &w), PT_OK);
    return w;
}

static void fixed_weights_are_shares_of_the_step(void **state)
{
    (void)state;
    pt_task_weights_t w = make(PT_WEIGHTING_FIXED);
    double weight[N], loss[N] = {1, 2, 3};

    assert_true(pt_task_weights_of(&w, all, N, weight) == 8);
    assert_true(weight[0] == 1 && weight[1] == 2 && weight[2] == 5);
    assert_true(pt_task_weights_of(&w, some, 2, weight) == 6);
    pt_task_weights_learn(&w, all, N, loss, true);
    assert_true(pt_task_weights_of(&w, all, N, weight) == 8 && weight[1] == 2);
    w.fixed[0] = w.fixed[2] = 0;
    assert_true(pt_task_weights_of(&w, some, 2, weight) == 1 && weight[0] == 0);
    pt_task_weights_release(&w);
}

/* c exp(-s) L + s / 2 has its least value at s = log(2 c L): there the weights end up. */
static void variances_find_their_losses(void **state)
{
    (void)state;
    pt_task_weights_t w = make(PT_WEIGHTING_UNCERTAINTY);
    const double loss[N] = {0.8, 1.25, 3};
    double weight[N];

    assert_true(pt_task_weights_of(&w, all, N, weight) == 8);
    assert_true(weight[0] == 1 && weight[1] == 1 && weight[2] == 5);
    pt_task_weights_learn(&w, all, N, loss, false);
    /* Adam's first step is lr, down the gradient a_k / W (1/2 - c L). */
    assert_true(fabs(w.real[0][0] - 0.01) < 1e-8 && fabs(w.real[0][2] - 0.01) < 1e-8);
    for (int i = 0; i < 4000; i++)
        pt_task_weights_learn(&w, all, N, loss, false);
    pt_task_weights_of(&w, all, N, weight);
    assert_true(fabs(weight[0] - 1 / 1.6) < 1e-3);
    assert_true(fabs(weight[1] - 2 * 0.5 / 1.25) < 1e-3);
    assert_true(fabs(weight[2] - 5 / 6.0) < 1e-3);
    pt_task_weights_release(&w);
}

/* Tasks that are not in the step, or have no labels in it, learn nothing and have no say.
 */
static void absent_tasks_stay(void **state)
{
    (void)state;
    pt_task_weights_t w = make(PT_WEIGHTING_UNCERTAINTY);
    const double loss[N] = {NAN, NAN, 3};
    const int32_t labelled[] = {2};
    double weight[N];

    assert_true(pt_task_weights_of(&w, labelled, 1, weight) == 5);
    pt_task_weights_learn(&w, labelled, 1, loss, true);
    assert_true(w.real[0][0] == 0 && w.real[0][1] == 0 && w.real[0][2] != 0);
    assert_true(w.count[0] == 0 && w.count[1] == 0 && w.count[2] == 1);
    pt_task_weights_release(&w);
}

/* Weights are equal for two epochs, then a_k exp(r_k / T); a task without a step in an
 * epoch keeps its ratio. */
static void slow_tasks_gain_weight(void **state)
{
    (void)state;
    pt_task_weights_t w = make(PT_WEIGHTING_DWA);
    const double first[2][N] = {{3, 8, 1}, {1, 4, 1}}, second[N] = {1, 6, 2};
    double weight[N], r[N] = {0.5, 1, 2};

    for (int epoch = 0; epoch < 2; epoch++) {
        assert_true(pt_task_weights_of(&w, all, N, weight) == 8 && weight[2] == 5);
        for (int i = 0; i < 2; i++)
            pt_task_weights_learn(&w, all, N, epoch == 0 ? first[i] : second, i == 1);
    }
    for (int i = 0; i < 2; i++) {
        double sum = pt_task_weights_of(&w, all, N, weight), expected = 0;
        for (int k = 0; k < N; k++)
            expected += w.fixed[k] * exp(r[k] / 2);
        for (int k = 0; k < N; k++)
            assert_true(fabs(weight[k] / sum - w.fixed[k] * exp(r[k] / 2) / expected) <
                        1e-15);
        pt_task_weights_learn(&w, some, 2, second, true);
        r[0] = r[2] = 1;
    }
    pt_task_weights_reset(&w);
    assert_true(pt_task_weights_of(&w, all, N, weight) == 8);
    pt_task_weights_release(&w);
}

/* Who takes up a state from a checkpoint goes on with the same bits; learning allocates
 * nothing. */
static void states_go_on(void **state)
{
    (void)state;
    const pt_weighting_t kinds[] = {PT_WEIGHTING_FIXED, PT_WEIGHTING_UNCERTAINTY,
                                    PT_WEIGHTING_DWA};
    const double loss[N] = {0.7, 3, 0.3};

    for (int i = 0; i < 3; i++) {
        pt_task_weights_t a = make(kinds[i]), b = make(kinds[i]);
        pt_checkpoint_t c;
        double x[N], y[N];
        pt_checkpoint_init(&c);
        size_t held = pt_memory_bytes();
        for (int step = 0; step < 5; step++)
            pt_task_weights_learn(&a, step == 3 ? some : all, step == 3 ? 2 : N, loss,
                                  step % 2 == 1);
        assert_int_equal(pt_memory_bytes(), held);
        assert_int_equal(pt_task_weights_save(&a, &c), PT_OK);
        assert_int_equal(c.n_record, kinds[i] == PT_WEIGHTING_FIXED ? 0 : 4);
        assert_int_equal(pt_task_weights_load(&b, &c), PT_OK);
        for (int step = 0; step < 5; step++) {
            pt_task_weights_learn(&a, all, N, loss, step == 2);
            pt_task_weights_learn(&b, all, N, loss, step == 2);
            assert_true(pt_task_weights_of(&a, all, N, x) ==
                        pt_task_weights_of(&b, all, N, y));
            assert_memory_equal(x, y, sizeof x);
        }
        pt_checkpoint_release(&c);
        pt_task_weights_release(&a);
        pt_task_weights_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_weights_are_shares_of_the_step),
        cmocka_unit_test(variances_find_their_losses),
        cmocka_unit_test(absent_tasks_stay),
        cmocka_unit_test(slow_tasks_gain_weight),
        cmocka_unit_test(states_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
