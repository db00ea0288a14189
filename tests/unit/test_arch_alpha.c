/* The relaxation of a dag: draws by their law, gradients by finite differences. */
#include "tests/unit/arch_space.h"

#include <math.h>

#include "polytree/arch/alpha.h"
#include "polytree/base/memory.h"

#define N_TASK 3

static test_space_t test;

typedef struct fixture {
    const pt_space_t *space;
    pt_alpha_t alpha;
    pt_subnet_t subnet;
} fixture_t;

static int set_up(void **state)
{
    static fixture_t f;
    f.space = make_space(&test, 5, 3, 2, N_TASK);
    assert_int_equal(pt_alpha_init(&f.alpha, N_TASK, f.space->n_choice), PT_OK);
    assert_int_equal(pt_subnet_init(&f.subnet, N_TASK, f.space->n_choice), PT_OK);
    for (int32_t c = 0; c < N_TASK * f.space->n_choice; c++)
        f.alpha.logit[c] = 6 * draw(0, c) - 3;
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *f = *state;
    pt_alpha_release(&f->alpha);
    pt_subnet_release(&f->subnet);
    return 0;
}

static pt_rng_t key(uint32_t step)
{
    return (pt_rng_t){.seed = 5, .purpose = PT_RNG_GATE, .step = step};
}

static void p_is_the_sigmoid_without_overflow(void **state)
{
    fixture_t *f = *state;
    double p[32];
    f->alpha.logit[0] = -1e4;
    f->alpha.logit[1] = 1e4;
    f->alpha.logit[2] = 0;
    f->alpha.logit[3] = -700;
    pt_alpha_p(f->space, &f->alpha, 0, p);
    assert_true(p[0] == 0 && p[1] == 1 && p[2] == 0.5);
    assert_true(p[3] > 0 && fabs(log(p[3]) + 700) < 1e-9);
    for (int32_t c = 4; c < f->space->n_choice; c++)
        assert_true(fabs(p[c] - 1 / (1 + exp(-f->alpha.logit[c]))) < 1e-15);
}

/* P(g > 1/2) = p at any temperature; the mean of g tends to p as tau falls. */
static void soft_gates_are_on_with_probability_p(void **state)
{
    fixture_t *f = *state;
    enum { N_DRAW = 10000 };
    static const double taus[] = {5, 0.01};
    int32_t n = f->space->n_choice;
    double g[32], p[32];
    pt_alpha_p(f->space, &f->alpha, 1, p);
    for (int x = 0; x < 2; x++) {
        double above[32] = {0}, mean[32] = {0};
        for (uint32_t step = 0; step < N_DRAW; step++) {
            pt_rng_t rng = key(step);
            pt_alpha_sample(f->space, &f->alpha, 1, &rng, taus[x], false, &f->subnet, g);
            for (int32_t c = 0; c < n; c++) {
                assert_true(g[c] >= 0 && g[c] <= 1);
                assert_true(pt_subnet_gates(&f->subnet, 1)[c] == (pt_real_t)g[c]);
                assert_true(pt_bitset_get(pt_subnet_bits(&f->subnet, 1), c));
                above[c] += (g[c] > 0.5) / (double)N_DRAW;
                mean[c] += g[c] / N_DRAW;
            }
        }
        for (int32_t c = 0; c < n; c++) { /* five standard errors */
            double error = 5 * sqrt(p[c] * (1 - p[c]) / N_DRAW);
            assert_true(fabs(above[c] - p[c]) < error);
            if (x == 1)
                assert_true(fabs(mean[c] - p[c]) < error);
        }
    }
    assert_true(f->subnet.is_soft);
}

static void draws_depend_on_key_and_task_alone(void **state)
{
    fixture_t *f = *state;
    double first[32], again[32];
    pt_rng_t rng = key(9), other = key(10);
    int32_t n = f->space->n_choice;
    size_t bytes = (size_t)n * sizeof *first;
    memset(f->alpha.logit, 0, N_TASK * bytes);
    pt_alpha_sample(f->space, &f->alpha, 0, &rng, 1, false, &f->subnet, first);
    pt_alpha_sample(f->space, &f->alpha, 0, &other, 1, false, &f->subnet, again);
    assert_memory_not_equal(first, again, bytes);
    pt_alpha_sample(f->space, &f->alpha, 2, &rng, 1, false, &f->subnet, again);
    assert_memory_not_equal(first, again, bytes);
    rng.task = 2; /* the task given is what counts */
    pt_alpha_sample(f->space, &f->alpha, 0, &rng, 1, false, &f->subnet, again);
    assert_memory_equal(first, again, bytes);
    pt_alpha_sample(f->space, &f->alpha, 0, &rng, 1, true, &f->subnet, again);
    assert_memory_equal(first, again, bytes);
}

static void hard_gates_are_exact_and_connected(void **state)
{
    fixture_t *f = *state;
    double g[32];
    int32_t n_repaired = 0;
    for (uint32_t step = 0; step < 2000; step++) {
        pt_rng_t rng = key(step);
        uint64_t drawn = 0;
        const uint64_t *bits = pt_subnet_bits(&f->subnet, 2);
        pt_alpha_sample(f->space, &f->alpha, 2, &rng, 0.5, true, &f->subnet, g);
        for (int32_t c = 0; c < f->space->n_choice; c++) {
            pt_real_t gate = pt_subnet_gates(&f->subnet, 2)[c];
            assert_true(gate == (pt_bitset_get(bits, c) ? (pt_real_t)1 : (pt_real_t)0));
            pt_bitset_set(&drawn, c, g[c] > 0.5);
        }
        n_repaired += drawn != *bits;
        pt_repair(f->space, f->alpha.logit + 2 * f->space->n_choice, &drawn);
        assert_int_equal(drawn, *bits);
        assert_true(pt_connected(f->space, bits));
    }
    assert_true(n_repaired > 0);
    assert_false(f->subnet.is_soft);
}

static void sampling_allocates_nothing(void **state)
{
    fixture_t *f = *state;
    double g[32];
    pt_rng_t rng = key(1);
    uint64_t n = pt_memory_n_alloc();
    pt_alpha_sample(f->space, &f->alpha, 0, &rng, 1, true, &f->subnet, g);
    pt_alpha_expect(f->space, &f->alpha, 0, true, &f->subnet);
    assert_int_equal(pt_memory_n_alloc(), n);
}

static void expected_gates_are_p_or_its_repaired_rounding(void **state)
{
    fixture_t *f = *state;
    double p[32];
    uint64_t rounded = 0;
    int32_t n = f->space->n_choice;
    for (int32_t c = 0; c < n; c++) /* every read-out closed: must be repaired */
        if (f->space->choice[c].kind == PT_CHOICE_OUT)
            f->alpha.logit[c] = -1 - draw(1, c);
    pt_alpha_p(f->space, &f->alpha, 0, p);
    pt_alpha_expect(f->space, &f->alpha, 0, false, &f->subnet);
    for (int32_t c = 0; c < n; c++) {
        assert_true(pt_subnet_gates(&f->subnet, 0)[c] == (pt_real_t)p[c]);
        pt_bitset_set(&rounded, c, p[c] > 0.5);
    }
    assert_int_equal(pt_bitset_count(pt_subnet_bits(&f->subnet, 0), n), n);
    pt_alpha_expect(f->space, &f->alpha, 0, true, &f->subnet);
    assert_false(pt_connected(f->space, &rounded));
    pt_repair(f->space, f->alpha.logit, &rounded);
    assert_int_equal(*pt_subnet_bits(&f->subnet, 0), rounded);
    for (int32_t c = 0; c < n; c++)
        assert_true(pt_subnet_gates(&f->subnet, 0)[c] ==
                    (pt_real_t)pt_bitset_get(&rounded, c));
}

/** Some loss of all gates: sum of w g + (sum of w g)^2 / 2, and its gradient. */
static double gate_loss(int32_t n, const double *g, double *dgate)
{
    double sum = 0;
    for (int32_t c = 0; c < n; c++)
        sum += (draw(3, c) - 0.5) * g[c];
    for (int32_t c = 0; c < n; c++)
        dgate[c] = (draw(3, c) - 0.5) * (1 + sum);
    return sum + sum * sum / 2;
}

static void soft_gradient_is_that_of_finite_differences(void **state)
{
    fixture_t *f = *state;
    double g[32], dgate[32], dlogit[32], unused[32], h = 1e-5;
    int32_t n = f->space->n_choice;
    for (uint32_t step = 0; step < 10; step++) {
        pt_rng_t rng = key(step);
        double tau = 0.5 + step * 0.5;
        pt_alpha_sample(f->space, &f->alpha, 0, &rng, tau, false, &f->subnet, g);
        gate_loss(n, g, dgate);
        pt_alpha_chain(f->space, g, tau, dgate, dlogit);
        for (int32_t c = 0; c < n; c++) {
            double keep = f->alpha.logit[c], up, down;
            f->alpha.logit[c] = keep + h;
            pt_alpha_sample(f->space, &f->alpha, 0, &rng, tau, false, &f->subnet, g);
            up = gate_loss(n, g, unused);
            f->alpha.logit[c] = keep - h;
            pt_alpha_sample(f->space, &f->alpha, 0, &rng, tau, false, &f->subnet, g);
            down = gate_loss(n, g, unused);
            f->alpha.logit[c] = keep;
            assert_true(fabs((up - down) / (2 * h) - dlogit[c]) < 1e-8);
        }
    }
}

/*
 * Straight-through: dL/dgate is taken at the hard gates and held fixed; finite
 * differences of its product with the soft gates that the hard draw reports.
 */
static void hard_gradient_is_straight_through(void **state)
{
    fixture_t *f = *state;
    double g[32], hard[32] = {0}, dgate[32], dlogit[32], h = 1e-5, tau = 0.7;
    int32_t n = f->space->n_choice;
    pt_rng_t rng = key(4);
    pt_alpha_sample(f->space, &f->alpha, 1, &rng, tau, true, &f->subnet, g);
    for (int32_t c = 0; c < n; c++)
        hard[c] = pt_subnet_gates(&f->subnet, 1)[c];
    gate_loss(n, hard, dgate);
    pt_alpha_chain(f->space, g, tau, dgate, dlogit);
    for (int32_t c = 0; c < n; c++) {
        double *logit = &f->alpha.logit[n + c], up, down;
        *logit += h;
        pt_alpha_sample(f->space, &f->alpha, 1, &rng, tau, true, &f->subnet, g);
        up = g[c];
        *logit -= 2 * h;
        pt_alpha_sample(f->space, &f->alpha, 1, &rng, tau, true, &f->subnet, g);
        down = g[c];
        *logit += h;
        assert_true(fabs(dgate[c] * (up - down) / (2 * h) - dlogit[c]) < 1e-8);
    }
}

static void squeeze_loss_counts_edges_above_kappa(void **state)
{
    fixture_t *f = *state;
    int32_t n = f->space->n_choice;
    /* N = 5, M = 3: 9 edges, 4.5 of them expected at logits of zero. */
    memset(f->alpha.logit, 0, N_TASK * (size_t)n * sizeof *f->alpha.logit);
    assert_int_equal(f->space->n_edge, 9);
    assert_true(pt_alpha_expected_edges(f->space, &f->alpha, 0) == 4.5);
    assert_true(fabs(pt_squeeze_loss(f->space, &f->alpha, 3) - 1.5 / 9) < 1e-15);
    assert_true(pt_squeeze_loss(f->space, &f->alpha, 4.5) == 0);
    for (int32_t c = 0; c < n; c++) /* one task of three falls below kappa */
        f->alpha.logit[c] = -1e4;
    assert_true(fabs(pt_squeeze_loss(f->space, &f->alpha, 3) - 1.0 / 9) < 1e-15);
}

static void squeeze_gradient_is_that_of_finite_differences(void **state)
{
    fixture_t *f = *state;
    int32_t n = f->space->n_choice, n_zero = 0;
    double dlogit[32], h = 1e-5, weight = 2.5, kappa = 4;
    for (int32_t c = 0; c < n; c++)
        f->alpha.logit[c] -= 3; /* task 0 keeps to kappa */
    for (int32_t k = 0; k < N_TASK; k++) {
        for (int32_t c = 0; c < n; c++)
            dlogit[c] = 1; /* what is there is added to */
        pt_squeeze_gradient(f->space, &f->alpha, k, kappa, weight, dlogit);
        n_zero += pt_alpha_expected_edges(f->space, &f->alpha, k) < kappa;
        for (int32_t c = 0; c < n; c++) {
            double *logit = &f->alpha.logit[k * n + c], up, down;
            *logit += h;
            up = pt_squeeze_loss(f->space, &f->alpha, kappa);
            *logit -= 2 * h;
            down = pt_squeeze_loss(f->space, &f->alpha, kappa);
            *logit += h;
            assert_true(fabs(1 + weight * (up - down) / (2 * h) - dlogit[c]) < 1e-9);
        }
    }
    assert_true(n_zero > 0 && n_zero < N_TASK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void pooled_gradients_lie_between_own_and_sum(void **state)
{
    enum { TASKS = 3, CHOICES = 2 };
    static const double own[TASKS][CHOICES] = {{1, -4}, {0, 0}, {2, 8}};
    (void)state;
    for (int i = 0; i <= 4; i++) {
        double pooling = i / 4.0, d[TASKS][CHOICES], sum[CHOICES];
        memcpy(d, own, sizeof d);
        pt_alpha_pool(TASKS, CHOICES, pooling, d[0], sum);
        for (int k = 0; k < TASKS; k++)
            for (int c = 0; c < CHOICES; c++)
                assert_true(d[k][c] == own[k][c] * (1 - pooling) + pooling * (c ? 4 : 3));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(p_is_the_sigmoid_without_overflow),
        TEST(soft_gates_are_on_with_probability_p),
        TEST(draws_depend_on_key_and_task_alone),
        TEST(hard_gates_are_exact_and_connected),
        TEST(sampling_allocates_nothing),
        TEST(expected_gates_are_p_or_its_repaired_rounding),
        TEST(soft_gradient_is_that_of_finite_differences),
        TEST(hard_gradient_is_straight_through),
        TEST(squeeze_loss_counts_edges_above_kappa),
        TEST(squeeze_gradient_is_that_of_finite_differences),
        TEST(pooled_gradients_lie_between_own_and_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
