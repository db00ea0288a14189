/* The relaxation of a branch space. */
#include "tests/unit/branch_space.h"

#include <math.h>

#include "polytree/arch/alpha.h"
#include "polytree/arch/copies.h"
#include "polytree/base/memory.h"

enum { N_TASK = 3, N_LAYER = 4, N_COPY = 3, N = N_LAYER * N_COPY };

static branch_space_t test;

typedef struct fixture {
    const pt_space_t *space;
    pt_alpha_t alpha;
    pt_subnet_t subnet;
} fixture_t;

static int set_up(void **state)
{
    static fixture_t f;
    f.space = make_branch_space(&test, N_LAYER, N_COPY, N_TASK);
    assert_int_equal(pt_alpha_init(&f.alpha, N_TASK, N), PT_OK);
    assert_int_equal(pt_subnet_init(&f.subnet, N_TASK, N), PT_OK);
    for (int32_t c = 0; c < N_TASK * N; c++)
        f.alpha.logit[c] = 4 * draw(0, c) - 2;
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

static void p_is_the_softmax_of_each_layer_without_overflow(void **state)
{
    fixture_t *f = *state;
    double p[N], *logit = f->alpha.logit;
    logit[0] = 1e4;
    logit[1] = -1e4;
    logit[2] = 1e4;
    pt_alpha_p(f->space, &f->alpha, 0, p);
    assert_true(p[0] == 0.5 && p[1] == 0 && p[2] == 0.5);
    for (int32_t l = 1; l < N_LAYER; l++) {
        double sum = 0;
        for (int32_t c = 0; c < N_COPY; c++)
            sum += exp(logit[l * N_COPY + c]);
        for (int32_t c = 0; c < N_COPY; c++)
            assert_true(fabs(p[l * N_COPY + c] - exp(logit[l * N_COPY + c]) / sum) < 1e-15);
    }
}

/* The Gumbel-max trick: at any temperature the largest is copy c with probability p_c. */
static void copies_are_chosen_with_probability_p(void **state)
{
    fixture_t *f = *state;
    enum { N_DRAW = 10000 };
    static const double taus[] = {5, 0.05};
    double g[N], p[N];
    pt_alpha_p(f->space, &f->alpha, 1, p);
    for (int x = 0; x < 2; x++) {
        double chosen[N] = {0};
        for (uint32_t step = 0; step < N_DRAW; step++) {
            pt_rng_t rng = key(step);
            pt_alpha_sample(f->space, &f->alpha, 1, &rng, taus[x], true, &f->subnet, g);
            for (int32_t c = 0; c < N; c++)
                chosen[c] += (double)pt_subnet_gates(&f->subnet, 1)[c] / N_DRAW;
        }
        for (int32_t c = 0; c < N; c++) /* five standard errors */
            assert_true(fabs(chosen[c] - p[c]) < 5 * sqrt(p[c] * (1 - p[c]) / N_DRAW));
    }
}

static void hard_gates_are_one_hot_at_the_largest_soft_gate(void **state)
{
    fixture_t *f = *state;
    double soft[N], g[N];
    for (uint32_t step = 0; step < 200; step++) {
        pt_rng_t rng = key(step);
        pt_alpha_sample(f->space, &f->alpha, 2, &rng, 0.7, false, &f->subnet, soft);
        assert_true(f->subnet.is_soft);
        assert_int_equal(pt_bitset_count(pt_subnet_bits(&f->subnet, 2), N), N);
        for (int32_t c = 0; c < N; c++)
            assert_true(pt_subnet_gates(&f->subnet, 2)[c] == (pt_real_t)soft[c]);
        pt_alpha_sample(f->space, &f->alpha, 2, &rng, 0.7, true, &f->subnet, g);
        assert_memory_equal(soft, g, sizeof g);
        assert_false(f->subnet.is_soft);
        for (int32_t l = 0; l < N_LAYER; l++) {
            double sum = 0, largest = 0, at_chosen = 0;
            int32_t n_on = 0;
            for (int32_t c = l * N_COPY; c < (l + 1) * N_COPY; c++) {
                bool is_on = pt_bitset_get(pt_subnet_bits(&f->subnet, 2), c);
                assert_true(pt_subnet_gates(&f->subnet, 2)[c] == (pt_real_t)is_on);
                n_on += is_on;
                sum += soft[c];
                largest = fmax(largest, soft[c]);
                at_chosen = is_on ? soft[c] : at_chosen;
            }
            assert_int_equal(n_on, 1);
            assert_true(at_chosen == largest && fabs(sum - 1) < 1e-15);
        }
    }
}

static void expected_copies_are_the_likeliest_and_the_lowest_of_ties(void **state)
{
    fixture_t *f = *state;
    int32_t copy[N_LAYER * N_TASK];
    double *logit = f->alpha.logit + 2 * N;
    memcpy(logit, (double[N]){1, 2, 3, 5, 4, 3, 2, 7, 7, 1, 1, 1}, N * sizeof *logit);
    for (int hard = 0; hard < 2; hard++) {
        for (int32_t k = 0; k < N_TASK; k++)
            pt_alpha_expect(f->space, &f->alpha, k, hard, &f->subnet);
        assert_false(f->subnet.is_soft);
        pt_copies_of_subnet(f->space, &f->subnet, copy);
        for (int32_t l = 0; l < N_LAYER; l++)
            assert_int_equal(copy[l * N_TASK + 2], ((int32_t[]){2, 0, 1, 0})[l]);
    }
}

static void warmup_gives_each_task_its_own_copies(void **state)
{
    fixture_t *f = *state;
    branch_space_t narrow;
    const pt_space_t *s = make_branch_space(&narrow, N_LAYER, 2, N_TASK);
    int32_t copy[N_LAYER * N_TASK];
    double g[N];
    pt_alpha_t alpha;
    pt_subnet_t subnet;
    pt_rng_t rng = key(0);
    assert_int_equal(pt_alpha_init(&alpha, N_TASK, s->n_choice), PT_OK);
    assert_int_equal(pt_subnet_init(&subnet, N_TASK, s->n_choice), PT_OK);
    for (int32_t k = 0; k < N_TASK; k++) {
        pt_alpha_warmup(s, &alpha, k, &rng, 5, false, &subnet, g);
        for (int32_t c = 0; c < s->n_choice; c++)
            assert_true(g[c] == (double)pt_subnet_gates(&subnet, k)[c]);
    }
    assert_false(subnet.is_soft);
    pt_copies_of_subnet(s, &subnet, copy);
    for (int32_t i = 0; i < N_LAYER * N_TASK; i++)
        assert_int_equal(copy[i], i % N_TASK % 2);
    pt_copies_switch(f->space, copy, &f->subnet);
    memset(copy, -1, sizeof copy);
    pt_copies_of_subnet(f->space, &f->subnet, copy);
    for (int32_t i = 0; i < N_LAYER * N_TASK; i++)
        assert_int_equal(copy[i], i % N_TASK % 2);
    pt_subnet_release(&subnet);
    pt_alpha_release(&alpha);
}

/** Some loss of all gates: sum of w g + (sum of w g)^2 / 2, and its gradient. */
static double gate_loss(const double *g, double *dgate)
{
    double sum = 0;
    for (int32_t c = 0; c < N; c++)
        sum += (draw(3, c) - 0.5) * g[c];
    for (int32_t c = 0; c < N; c++)
        dgate[c] = (draw(3, c) - 0.5) * (1 + sum);
    return sum + sum * sum / 2;
}

/* Hard draws report the same soft gates: straight-through is the same with dgate taken at
 * the hard ones. */
static void gradient_is_that_of_finite_differences(void **state)
{
    fixture_t *f = *state;
    double g[N], dgate[N], dlogit[N], unused[N], h = 1e-5;
    for (uint32_t step = 0; step < 10; step++) {
        pt_rng_t rng = key(step);
        double tau = 0.5 + step * 0.5;
        pt_alpha_sample(f->space, &f->alpha, 0, &rng, tau, false, &f->subnet, g);
        gate_loss(g, dgate);
        pt_alpha_chain(f->space, g, tau, dgate, dlogit);
        for (int32_t c = 0; c < N; c++) {
            double *logit = &f->alpha.logit[c], up, down;
            *logit += h;
            pt_alpha_sample(f->space, &f->alpha, 0, &rng, tau, true, &f->subnet, g);
            up = gate_loss(g, unused);
            *logit -= 2 * h;
            pt_alpha_sample(f->space, &f->alpha, 0, &rng, tau, true, &f->subnet, g);
            down = gate_loss(g, unused);
            *logit += h;
            assert_true(fabs((up - down) / (2 * h) - dlogit[c]) < 1e-8);
        }
        pt_alpha_chain(f->space, g, tau, dgate, unused);
        pt_alpha_chain(f->space, g, tau, dgate, dgate);
        assert_memory_equal(dgate, unused, sizeof unused);
    }
}

/* GDAS: the gradient is that of the chosen copy's soft gate alone. */
static void single_path_moves_all_logits_through_the_chosen_gate(void **state)
{
    fixture_t *f = *state;
    double g[N], dgate[N] = {0}, dlogit[N];
    pt_rng_t rng = key(3);
    pt_alpha_sample(f->space, &f->alpha, 0, &rng, 2, true, &f->subnet, g);
    for (int32_t c = 0; c < N; c++)
        dgate[c] = pt_bitset_get(pt_subnet_bits(&f->subnet, 0), c) ? 3 : 0;
    pt_alpha_chain(f->space, g, 2, dgate, dlogit);
    for (int32_t c = 0; c < N; c++) {
        int32_t on = c - c % N_COPY;
        while (dgate[on] == 0)
            on++;
        double wanted = 3 * g[on] * ((c == on) - g[c]) / 2;
        assert_true(fabs(dlogit[c] - wanted) < 1e-15);
        assert_true(dlogit[c] != 0);
    }
}

static void nothing_is_allocated_and_edges_are_none(void **state)
{
    fixture_t *f = *state;
    double g[N];
    pt_rng_t rng = key(1);
    uint64_t n = pt_memory_n_alloc();
    pt_alpha_sample(f->space, &f->alpha, 0, &rng, 1, true, &f->subnet, g);
    pt_alpha_warmup(f->space, &f->alpha, 0, &rng, 1, true, &f->subnet, g);
    pt_alpha_expect(f->space, &f->alpha, 0, true, &f->subnet);
    assert_int_equal(pt_memory_n_alloc(), n);
    assert_true(pt_alpha_expected_edges(f->space, &f->alpha, 0) == 0);
    assert_true(pt_squeeze_loss(f->space, &f->alpha, 0) == 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(p_is_the_softmax_of_each_layer_without_overflow),
        TEST(copies_are_chosen_with_probability_p),
        TEST(hard_gates_are_one_hot_at_the_largest_soft_gate),
        TEST(expected_copies_are_the_likeliest_and_the_lowest_of_ties),
        TEST(warmup_gives_each_task_its_own_copies),
        TEST(gradient_is_that_of_finite_differences),
        TEST(single_path_moves_all_logits_through_the_chosen_gate),
        TEST(nothing_is_allocated_and_edges_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
