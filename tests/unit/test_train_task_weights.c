/* Weights of tasks: the formulas of the papers by hand and as NumPy has them on inputs that
 * are fresh at every run (tests/golden/task_weights.py), and states that go on. */
#include "polytree/train/task_weights.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "polytree/base/memory.h"
#include "big_sum.h"

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
    config.train.famo_lr = 0.025;
    config.train.famo_decay = 1e-3;
    assert_int_equal(pt_task_weights_init(&config, N, objective, &w), PT_OK);
    return w;
}

/* Of kinds that go by neither a step's number nor its losses. */
static double weigh(const pt_task_weights_t *w, const int32_t *task, int32_t n,
                    double *weight)
{
    const pt_task_weights_step_t step = {.loss = NULL};

    return pt_task_weights_of(w, &step, task, n, weight);
}

/* From losses that the step leaves as they are. */
static void learn(pt_task_weights_t *w, const int32_t *task, int32_t n, const double *loss,
                  bool is_last)
{
    pt_task_weights_learn(w, task, n, loss, loss, is_last);
}

static void fixed_weights_are_shares_of_the_step(void **state)
{
    (void)state;
    pt_task_weights_t w = make(PT_WEIGHTING_FIXED);
    double weight[N], loss[N] = {1, 2, 3};

    assert_true(weigh(&w, all, N, weight) == 8);
    assert_true(weight[0] == 1 && weight[1] == 2 && weight[2] == 5);
    assert_true(weigh(&w, some, 2, weight) == 6);
    learn(&w, all, N, loss, true);
    assert_true(weigh(&w, all, N, weight) == 8 && weight[1] == 2);
    w.fixed[0] = w.fixed[2] = 0;
    assert_true(weigh(&w, some, 2, weight) == 1 && weight[0] == 0);
    pt_task_weights_release(&w);
}

/* c exp(-s) L + s / 2 has its least value at s = log(2 c L): there the weights end up. */
static void variances_find_their_losses(void **state)
{
    (void)state;
    pt_task_weights_t w = make(PT_WEIGHTING_UNCERTAINTY);
    const double loss[N] = {0.8, 1.25, 3};
    double weight[N];

    assert_true(weigh(&w, all, N, weight) == 8);
    assert_true(weight[0] == 1 && weight[1] == 1 && weight[2] == 5);
    learn(&w, all, N, loss, false);
    /* Adam's first step is lr, down the gradient a_k / W (1/2 - c L). */
    assert_true(fabs(w.real[0][0] - 0.01) < 1e-8 && fabs(w.real[0][2] - 0.01) < 1e-8);
    for (int i = 0; i < 4000; i++)
        learn(&w, all, N, loss, false);
    weigh(&w, all, N, weight);
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

    assert_true(weigh(&w, labelled, 1, weight) == 5);
    learn(&w, labelled, 1, loss, true);
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
        assert_true(weigh(&w, all, N, weight) == 8 && weight[2] == 5);
        for (int i = 0; i < 2; i++)
            learn(&w, all, N, epoch == 0 ? first[i] : second, i == 1);
    }
    for (int i = 0; i < 2; i++) {
        double sum = weigh(&w, all, N, weight), expected = 0;
        for (int k = 0; k < N; k++)
            expected += w.fixed[k] * exp(r[k] / 2);
        for (int k = 0; k < N; k++)
            assert_true(fabs(weight[k] / sum - w.fixed[k] * exp(r[k] / 2) / expected) <
                        1e-15);
        learn(&w, some, 2, second, true);
        r[0] = r[2] = 1;
    }
    pt_task_weights_reset(&w);
    assert_true(weigh(&w, all, N, weight) == 8);
    pt_task_weights_release(&w);
}

static double weigh_step(const pt_task_weights_t *w, uint8_t phase, uint32_t number,
                         const double *loss, const int32_t *task, int32_t n, double *weight)
{
    const pt_task_weights_step_t step = {
        .rng = {.seed = 5, .purpose = PT_RNG_WEIGHTING, .phase = phase, .step = number},
        .loss = loss};

    return pt_task_weights_of(w, &step, task, n, weight);
}

/* log(w_0 / w_1) is the difference of two normal numbers, whoever else is in the step;
 * steps and phases have numbers of their own. */
static void random_weights_are_those_of_normal_numbers(void **state)
{
    enum { STEPS = 4000 };
    (void)state;
    pt_task_weights_t w = make(PT_WEIGHTING_RANDOM);
    double mean = 0, square = 0, last = 0;

    for (uint32_t i = 0; i < STEPS; i++) {
        double weight[N], again[N], sum = weigh_step(&w, 1, i, NULL, all, N, weight);
        assert_true(fabs(weight[0] + weight[1] / 2 + weight[2] / 5 - N) < 1e-12);
        assert_true(fabs(weight[0] + weight[1] + weight[2] - sum) < 1e-12);
        weigh_step(&w, 1, i, NULL, some, 2, again);
        double x = log(weight[2] / weight[0] / 5);
        assert_true(fabs(x - log(again[2] / again[0] / 5)) < 1e-9);
        assert_true(x != last);
        weigh_step(&w, 2, i, NULL, some, 2, again);
        assert_true(fabs(x - log(again[2] / again[0] / 5)) > 0);
        mean += x / STEPS;
        square += x * x / STEPS;
        last = x;
    }
    /* Six standard errors: deviations are sqrt 2 of x and 2 sqrt 2 of x squared. */
    assert_true(fabs(mean) < 6 * sqrt(2.0 / STEPS));
    assert_true(fabs(square - 2) < 6 * sqrt(8.0 / STEPS));
    pt_task_weights_release(&w);
}

/* Of losses 1, 4 and a third that is not in the step the mean is 2 where weights are alike,
 * 4^(5/6) by 1 : 5; weighted losses add up to it, and weights are its slopes. */
static void geometric_weights_are_slopes_of_the_mean(void **state)
{
    (void)state;
    pt_task_weights_t w = make(PT_WEIGHTING_GEOMETRIC);
    double weight[N], loss[N] = {1, NAN, 4}, sum;

    for (int is_alike = 0; is_alike < 2; is_alike++) {
        const double expected = is_alike ? 2 : pow(4, 5 / 6.0), h = 1e-4;
        w.fixed[2] = is_alike ? 1 : 5;
        sum = weigh_step(&w, 0, 0, loss, some, 2, weight);
        assert_true(sum == 1 + w.fixed[2]);
        double mean = (weight[0] * loss[0] + weight[2] * loss[2]) / sum;
        assert_true(fabs(mean - expected) < 1e-7);
        for (int i = 0; i < N; i += 2) {
            double up[N] = {loss[0], NAN, loss[2]}, down[N] = {loss[0], NAN, loss[2]}, x[N];
            up[i] += h;
            down[i] -= h;
            weigh_step(&w, 0, 0, up, some, 2, x);
            double rise = (x[0] * up[0] + x[2] * up[2]) / sum;
            weigh_step(&w, 0, 0, down, some, 2, x);
            rise -= (x[0] * down[0] + x[2] * down[2]) / sum;
            assert_true(fabs(rise / (2 * h) - weight[i] / sum) < 1e-6);
        }
    }
    /* What is solved weighs no more than finite. */
    loss[0] = 0;
    weigh_step(&w, 0, 0, loss, some, 2, weight);
    assert_true(isfinite(weight[0]) && weight[2] > 0);
    pt_task_weights_release(&w);
}

/* At first weights are as one over losses.  Then the task that falls fastest loses weight:
 * Adam's first step is famo_lr, whatever the slope. */
static void what_falls_slowly_gains_by_famo(void **state)
{
    (void)state;
    pt_task_weights_t w = make(PT_WEIGHTING_FAMO);
    const double loss[N] = {1, 2, 4}, after[N] = {0.5, 1.8, 4};
    double weight[N];

    w.fixed[0] = w.fixed[1] = w.fixed[2] = 1;
    assert_true(weigh_step(&w, 0, 0, loss, all, N, weight) == 3);
    for (int k = 0; k < N; k++)
        assert_true(fabs(weight[k] / 3 - (4 >> k) / 7.0) < 1e-7);
    pt_task_weights_learn(&w, all, N, loss, after, false);
    assert_true(fabs(w.real[0][0] + 0.025) < 1e-7);
    assert_true(fabs(w.real[0][1] - 0.025) < 1e-7 && fabs(w.real[0][2] - 0.025) < 1e-7);
    /* Alike from now on: decay draws the logits back to 0. */
    for (int i = 0; i < 20000; i++)
        learn(&w, all, N, loss, false);
    for (int k = 0; k < N; k++)
        assert_true(fabs(w.real[0][k]) < 1e-3);
    /* A task of weight 0 has none, and moves none. */
    w.fixed[0] = 0;
    pt_task_weights_learn(&w, some, 2, loss, after, false);
    weigh_step(&w, 0, 0, loss, some, 2, weight);
    assert_true(weight[0] == 0 && weight[2] == 1);
    pt_task_weights_release(&w);
}

/* Two losses exp(-s_k t) that fall by what each weighs: famo lets them fall alike. */
static void famo_lets_losses_fall_alike(void **state)
{
    (void)state;
    pt_task_weights_t w = make(PT_WEIGHTING_FAMO);
    const double speed[N] = {3, NAN, 1};
    double loss[N] = {1, NAN, 1}, fall[N] = {0}, weight[N];

    w.fixed[2] = 1;
    w.decay = 0;
    for (int i = 0; i < 3000; i++) {
        double after[N], sum = weigh_step(&w, 0, 0, loss, some, 2, weight);
        for (int k = 0; k < N; k += 2) {
            fall[k] = 1e-3 * speed[k] * weight[k] / sum;
            after[k] = loss[k] * exp(-fall[k]);
        }
        pt_task_weights_learn(&w, some, 2, loss, after, false);
        loss[0] = loss[2] = 1; /* so that weights are shares alone */
    }
    assert_true(fabs(fall[0] / fall[2] - 1) < 0.05);
    assert_true(fabs(weight[2] / weight[0] - 3) < 0.15);
    pt_task_weights_release(&w);
}

enum { MOST = 8 };

typedef struct weights_case {
    pt_task_weights_t w;
    pt_weighting_t kind;
    int32_t n_task, n_step;
    uint64_t seed;
} weights_case_t;

/* The numbers of the next line, at most MOST + 2 of them. */
static int read_line(FILE *file, double *number)
{
    char line[512], *at = line, *end;
    int n = 0;

    assert_non_null(fgets(line, sizeof line, file));
    for (double x = strtod(at, &end); end != at; x = strtod(at, &end)) {
        assert_true(n < MOST + 2);
        number[n++] = x;
        at = end;
    }
    return n;
}

static bool read_case(FILE *file, weights_case_t *c)
{
    static pt_config_t config;
    pt_objective_t objective[MOST] = {{.loss = PT_LOSS_MSE}};
    char line[256], kind[16];
    double fixed[MOST + 2];
    unsigned long long seed;

    if (fgets(line, sizeof line, file) == NULL)
        return false;
    assert_int_equal(sscanf(line, "%15s %d %d %lf %lf %llu", kind, &c->n_task, &c->n_step,
                            &config.train.famo_lr, &config.train.famo_decay, &seed),
                     6);
    assert_true(c->n_task <= MOST);
    assert_int_equal(read_line(file, fixed), c->n_task);
    for (int32_t k = 0; k < c->n_task; k++)
        objective[k].weight = fixed[k];
    c->seed = seed;
    c->kind = kind[0] == 'f'   ? PT_WEIGHTING_FAMO
              : kind[0] == 'g' ? PT_WEIGHTING_GEOMETRIC
                               : PT_WEIGHTING_RANDOM;
    config.train.weighting = c->kind;
    assert_int_equal(pt_task_weights_init(&config, c->n_task, objective, &c->w), PT_OK);
    return true;
}

static void check_step(FILE *file, weights_case_t *c)
{
    double id[MOST + 2], line[MOST + 2], loss[MOST], after[MOST], weight[MOST];
    int32_t task[MOST], n = read_line(file, id) - 2;

    for (int32_t i = 0; i < n; i++)
        task[i] = (int32_t)id[2 + i];
    assert_int_equal(read_line(file, line), n);
    for (int32_t i = 0; i < n; i++)
        loss[task[i]] = line[i];
    assert_int_equal(read_line(file, line), n);
    for (int32_t i = 0; i < n; i++)
        after[task[i]] = line[i];
    assert_int_equal(read_line(file, line), n);
    const pt_task_weights_step_t step = {.rng = {.seed = c->seed,
                                                 .purpose = PT_RNG_WEIGHTING,
                                                 .phase = (uint8_t)id[0],
                                                 .step = (uint32_t)id[1]},
                                         .loss = loss};
    double sum = pt_task_weights_of(&c->w, &step, task, n, weight);
    for (int32_t i = 0; i < n; i++)
        if (!(fabs(weight[task[i]] / sum - line[i]) <= 1e-8 * fabs(line[i])))
            fail_msg("weighting %d, task %d weighs %.17g, expected %.17g", (int)c->kind,
                     (int)task[i], weight[task[i]] / sum, line[i]);
    pt_task_weights_learn(&c->w, task, n, loss, after, false);
}

static void weights_equal_independent_ones(void **state)
{
    const char *python = getenv("PYTHON");
    weights_case_t c;
    char command[512];
    int n = 0;
    (void)state;

    python = python != NULL ? python : "/usr/bin/python3";
    snprintf(command, sizeof command, "%s -c 'import numpy' 2>/dev/null", python);
    if (system(command) != 0) {
        print_message("%s has no numpy\n", python);
        skip();
    }
    snprintf(command, sizeof command, "%s tests/golden/task_weights.py %llu %d", python,
             (unsigned long long)fresh_seed(), (int)PT_RNG_WEIGHTING);
    FILE *file = popen(command, "r");
    assert_non_null(file);
    for (; read_case(file, &c); n++) {
        for (int32_t i = 0; i < c.n_step; i++)
            check_step(file, &c);
        pt_task_weights_release(&c.w);
    }
    assert_int_equal(pclose(file), 0);
    assert_int_equal(n, 12);
}

/* Who takes up a state from a checkpoint goes on with the same bits; learning allocates
 * nothing. */
static void states_go_on(void **state)
{
    (void)state;
    const double loss[N] = {0.7, 3, 0.3}, after[N] = {0.6, 3.1, 0.1};

    for (int kind = 0; kind < PT_N_WEIGHTING; kind++) {
        pt_task_weights_t a = make((pt_weighting_t)kind), b = make((pt_weighting_t)kind);
        bool has_none = kind == PT_WEIGHTING_FIXED || kind == PT_WEIGHTING_RANDOM ||
                        kind == PT_WEIGHTING_GEOMETRIC;
        pt_checkpoint_t c;
        double x[N], y[N];
        pt_checkpoint_init(&c);
        size_t held = pt_memory_bytes();
        for (int step = 0; step < 5; step++)
            pt_task_weights_learn(&a, step == 3 ? some : all, step == 3 ? 2 : N, loss,
                                  after, step % 2 == 1);
        assert_int_equal(pt_memory_bytes(), held);
        assert_int_equal(pt_task_weights_save(&a, &c), PT_OK);
        assert_int_equal(c.n_record, has_none ? 0 : 4);
        assert_int_equal(pt_task_weights_load(&b, &c), PT_OK);
        for (int step = 0; step < 5; step++) {
            pt_task_weights_learn(&a, all, N, loss, after, step == 2);
            pt_task_weights_learn(&b, all, N, loss, after, step == 2);
            assert_true(weigh_step(&a, 3, 7, loss, all, N, x) ==
                        weigh_step(&b, 3, 7, loss, all, N, y));
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
        cmocka_unit_test(random_weights_are_those_of_normal_numbers),
        cmocka_unit_test(geometric_weights_are_slopes_of_the_mean),
        cmocka_unit_test(what_falls_slowly_gains_by_famo),
        cmocka_unit_test(famo_lets_losses_fall_alike),
        cmocka_unit_test(weights_equal_independent_ones),
        cmocka_unit_test(states_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
