/* The network of a branch space: what it costs, how it keeps a budget, random ones. */
#include "tests/unit/branch_space.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "polytree/arch/copies.h"
#include "polytree/arch/cost.h"
#include "polytree/arch/derive.h"
#include "polytree/arch/draw.h"
#include "polytree/base/memory.h"
#include "polytree/graph/plan.h"

static branch_space_t test;

typedef struct fixture {
    const pt_space_t *space;
    pt_config_t config;
    pt_alpha_t alpha;
    pt_subnet_t subnet;
    pt_branching_t tree;
    int32_t *copy;
} fixture_t;

static fixture_t fix;

static fixture_t *begin(int32_t n_layer, int32_t n_copy, int32_t n_task)
{
    fix.space = make_branch_space(&test, n_layer, n_copy, n_task);
    pt_config_init(&fix.config);
    fix.config.space.kind = PT_SPACE_BRANCH;
    assert_int_equal(pt_alpha_init(&fix.alpha, n_task, fix.space->n_choice), PT_OK);
    assert_int_equal(pt_subnet_init(&fix.subnet, n_task, fix.space->n_choice), PT_OK);
    assert_int_equal(pt_branching_init(&fix.tree, n_layer, n_task), PT_OK);
    assert_int_equal(pt_alloc(&fix.copy, (size_t)(n_layer * n_task), sizeof *fix.copy),
                     PT_OK);
    return &fix;
}

static int end(void **state)
{
    (void)state;
    pt_alpha_release(&fix.alpha);
    pt_subnet_release(&fix.subnet);
    pt_branching_release(&fix.tree);
    pt_free(fix.copy);
    fix.copy = NULL;
    return 0;
}

static void draw_logits(fixture_t *f, uint32_t seed)
{
    for (int32_t i = 0; i < f->space->n_task * f->space->n_choice; i++)
        f->alpha.logit[i] = 6 * draw(seed, i) - 3;
}

/* Encoder multiply-adds of copies by the definition of what is shared. */
static double price(fixture_t *f, const int32_t *copy)
{
    double sum = STEM_MADDS;
    pt_branching_of_copies(copy, &f->tree);
    for (int32_t l = 0; l < f->space->n_layer; l++)
        sum += (double)(layer_madds(l) * pt_branching_n_group(&f->tree, l));
    return sum;
}

static double log_p(const fixture_t *f, int32_t task, int32_t layer, int32_t copy)
{
    const double *logit =
        f->alpha.logit + task * f->space->n_choice + f->space->layer_choice[layer];
    double sum = 0;
    for (int32_t c = 0; c < f->space->layer_choice[1]; c++)
        sum += exp(logit[c]);
    return logit[copy] - log(sum);
}

static void likeliest(const fixture_t *f, int32_t *copy)
{
    for (int32_t k = 0; k < f->space->n_task; k++)
        for (int32_t l = 0; l < f->space->n_layer; l++)
            for (int32_t c = copy[l * f->space->n_task + k] = 0;
                 c < f->space->layer_choice[1]; c++)
                if (log_p(f, k, l, c) > log_p(f, k, l, copy[l * f->space->n_task + k]))
                    copy[l * f->space->n_task + k] = c;
}

static uint64_t lots = 3; /* seed of deriving */

static pt_derived_t derive(fixture_t *f, double budget)
{
    pt_resource_model_t model;
    pt_derived_t derived;
    pt_rng_t rng = {.seed = lots, .purpose = PT_RNG_DERIVE};
    f->config.resource.budget.amount = budget;
    assert_int_equal(pt_resource_init(&model, &f->config, f->space), PT_OK);
    assert_int_equal(
        pt_derive_network(&f->config, &model, &f->alpha, &rng, &f->subnet, &derived),
        PT_OK);
    pt_copies_of_subnet(f->space, &f->subnet, f->copy);
    pt_resource_release(&model);
    return derived;
}

static void cost_counts_what_is_shared_once_and_heads_apart(void **state)
{
    (void)state;
    fixture_t *f = begin(4, 3, 3);
    pt_cost_t cost;
    for (uint32_t seed = 0; seed < 50; seed++) {
        for (int32_t i = 0; i < 12; i++)
            f->copy[i] = (int32_t)(3 * draw(seed, i));
        pt_copies_switch(f->space, f->copy, &f->subnet);
        assert_int_equal(pt_cost_all(f->space, &f->subnet, &cost), PT_OK);
        assert_true((double)cost.encoder_madds == price(f, f->copy));
        assert_int_equal(cost.madds, cost.encoder_madds + 6 * HEAD_MADDS);
        assert_int_equal(cost.edges, 0);
    }
    assert_int_equal(pt_cost_task(f->space, &f->subnet, 1, &cost), PT_OK);
    int64_t path = STEM_MADDS;
    for (int32_t l = 0; l < 4; l++)
        path += layer_madds(l);
    assert_int_equal(cost.encoder_madds, path);
    assert_int_equal(cost.madds, path + 2 * HEAD_MADDS);
}

/* Where all gates are soft only the first layer sees the same values for all tasks. */
static void soft_mixes_are_private(void **state)
{
    (void)state;
    fixture_t *f = begin(2, 3, 2);
    pt_cost_t cost;
    for (int32_t k = 0; k < 2; k++)
        for (int32_t c = 0; c < f->space->n_choice; c++)
            pt_subnet_switch(&f->subnet, k, c, true);
    f->subnet.is_soft = true;
    assert_int_equal(pt_cost_all(f->space, &f->subnet, &cost), PT_OK);
    assert_int_equal(cost.encoder_madds,
                     STEM_MADDS + 3 * layer_madds(0) + 2 * 3 * layer_madds(1));
}

/* On a space that can be compiled: hard subnets, and soft ones of random bits. */
static void cost_is_that_of_the_compiled_plan(void **state)
{
    (void)state;
    enum { K = 4 };
    static const char *const option[] = {
        "space.kind=branch", "train.microbatch=2", "encoder.stem=conv3x3_bn_relu out=4",
        "encoder.layers=basic out=4\nbasic out=6 stride=2\nbasic out=6"};
    static const pt_space_task_t task[K] = {
        {"a", 3, false}, {"b", 2, true}, {"c", 5, false}, {"d", 1, true}};
    static const int32_t all[K] = {0, 1, 2, 3};
    const pt_space_spec_t spec = {8, 8, 3, K, task, NULL, 0};
    pt_config_t config;
    pt_space_t *s;
    pt_subnet_t subnet;
    pt_plan_t *plan;
    pt_cost_t cost;
    pt_config_init(&config);
    for (size_t i = 0; i < sizeof option / sizeof option[0]; i++)
        assert_int_equal(pt_config_set(&config, option[i]), PT_OK);
    assert_int_equal(pt_space_new(&config, &spec, NULL, &s), PT_OK);
    assert_int_equal(pt_subnet_init(&subnet, K, s->n_choice), PT_OK);
    assert_int_equal(pt_plan_new(s, K, &plan), PT_OK);
    for (uint32_t seed = 0; seed < 20; seed++) {
        int32_t copy[3 * K];
        for (int32_t i = 0; i < 3 * K; i++)
            copy[i] = (int32_t)(K * pow(draw(seed, i), 2));
        pt_copies_switch(s, copy, &subnet);
        subnet.is_soft = seed % 2 == 1;
        for (int32_t i = 0; i < K * s->n_choice && subnet.is_soft; i++)
            if (draw(seed, 100 + i) < 0.5)
                pt_subnet_switch(&subnet, i % K, i / K, true);
        assert_int_equal(pt_plan_compile(plan, &subnet, PT_PASS_EVAL, all, K), PT_OK);
        assert_int_equal(pt_cost_all(s, &subnet, &cost), PT_OK);
        assert_int_equal(cost.madds, pt_plan_madds(plan));
        assert_true(cost.encoder_madds < cost.madds);
    }
    pt_plan_free(plan);
    pt_subnet_release(&subnet);
    pt_space_free(s);
}

static void loose_budget_leaves_the_likeliest_copies(void **state)
{
    (void)state;
    fixture_t *f = begin(5, 3, 4);
    int32_t wanted[20];
    for (uint32_t seed = 0; seed < 20; seed++) {
        draw_logits(f, seed);
        likeliest(f, wanted);
        for (int loose = 0; loose < 2; loose++) { /* none, and just as much as it is */
            pt_derived_t d = derive(f, loose ? 0 : price(f, wanted));
            assert_memory_equal(f->copy, wanted, sizeof wanted);
            assert_true(d.cost == price(f, wanted));
            assert_true(d.n_change == 0 && !d.is_cheapest);
        }
    }
}

static void feasible_budget_is_always_kept(void **state)
{
    (void)state;
    fixture_t *f = begin(6, 3, 5);
    int32_t n_merged = 0;
    for (uint32_t seed = 0; seed < 300; seed++) {
        double full = STEM_MADDS, least = STEM_MADDS, budget;
        for (int32_t l = 0; l < 6; l++) {
            least += (double)layer_madds(l);
            full += 5 * (double)layer_madds(l);
        }
        draw_logits(f, seed);
        budget = least + (full - least) * pow(draw(99, seed), 2);
        if (seed % 10 == 0)
            budget = least;
        pt_derived_t d = derive(f, budget);
        assert_true(d.cost <= budget && d.cost == price(f, f->copy));
        n_merged += d.n_change > 0;
    }
    assert_true(n_merged > 100);
}

/* One step: of all tasks k, j and layers l, each tried and counted anew. */
static bool merge_by_enumeration(fixture_t *f, int32_t *copy)
{
    int32_t n = f->space->n_task, n_layer = f->space->n_layer, best[64], trial[64];
    double least = INFINITY, before = price(f, copy);
    pt_branching_t tree;
    assert_int_equal(pt_branching_init(&tree, n_layer, n), PT_OK);
    pt_branching_of_copies(copy, &tree);
    for (int32_t k = 0; k < n; k++)
        for (int32_t j = 0; j < n; j++)
            for (int32_t l = 0; l < n_layer; l++) {
                double lost = 0;
                memcpy(trial, copy, sizeof trial);
                for (int32_t i = 0; i < n; i++)
                    for (int32_t m = 0; m <= l; m++)
                        if (tree.group[l * n + i] == tree.group[l * n + k]) {
                            lost += log_p(f, i, m, copy[m * n + i]) -
                                    log_p(f, i, m, copy[m * n + j]);
                            trial[m * n + i] = copy[m * n + j];
                        }
                double saved = before - price(f, trial);
                if (saved > 0 && lost / saved < least - 1e-12) {
                    least = lost / saved;
                    memcpy(best, trial, sizeof best);
                }
            }
    pt_branching_release(&tree);
    if (least < INFINITY)
        memcpy(copy, best, sizeof best);
    return least < INFINITY;
}

static void merging_is_that_by_enumeration(void **state)
{
    (void)state;
    fixture_t *f = begin(4, 3, 5);
    for (uint32_t seed = 0; seed < 60; seed++) {
        int32_t copy[64] = {0}, steps = 0;
        draw_logits(f, seed);
        likeliest(f, copy);
        do {
            pt_derived_t d = derive(f, price(f, copy));
            assert_memory_equal(f->copy, copy, 20 * sizeof *copy);
            assert_int_equal(d.n_change, steps);
            steps++;
        } while (merge_by_enumeration(f, copy));
        assert_true(price(f, copy) == price(f, (int32_t[64]){0})); /* all shared */
    }
}

/* Tasks of equal logits: all changes lose nothing.  Over seeds each task takes another's
 * copy. */
static void ties_are_drawn(void **state)
{
    (void)state;
    fixture_t *f = begin(2, 2, 3);
    const int32_t free[] = {0, 1, 1, 0, 0, 1};
    int32_t n_moved[3] = {0};
    /* Copies 0, 1, 1 in layer 1, then 0, 0, 1; each as likely as the other. */
    for (int32_t i = 0; i < 3 * f->space->n_choice; i++)
        f->alpha.logit[i] = 0;
    f->alpha.logit[1 * 4 + 1] = f->alpha.logit[2 * 4 + 1] = 1e-300;
    f->alpha.logit[2 * 4 + 3] = 1e-300;
    derive(f, 0);
    assert_memory_equal(f->copy, free, sizeof free);
    double budget = price(f, f->copy) - 1;
    for (lots = 0; lots < 100; lots++) {
        derive(f, budget);
        for (int32_t k = 0; k < 3; k++)
            n_moved[k] += f->copy[k] != free[k] || f->copy[3 + k] != free[3 + k];
    }
    lots = 3;
    for (int32_t k = 0; k < 3; k++)
        assert_in_range(n_moved[k], 10, 90);
}

/* Over all choices of copies, 2^6: probability times cost; and finite differences of it. */
static double expect_by_enumeration(fixture_t *f)
{
    int32_t copy[6];
    double sum = 0;
    for (uint32_t outcome = 0; outcome < 1 << 6; outcome++) {
        double chance = 1;
        for (int32_t i = 0; i < 6; i++) {
            copy[i] = outcome >> i & 1;
            chance *= exp(log_p(f, i % 3, i / 3, copy[i]));
        }
        sum += chance * price(f, copy);
    }
    return sum;
}

static void expected_cost_and_gradient_are_those_by_enumeration(void **state)
{
    (void)state;
    fixture_t *f = begin(2, 2, 3);
    pt_resource_model_t model;
    double low, high, dlogit[4], h = 1e-5;
    f->config.resource.tolerance = 0;
    assert_int_equal(pt_resource_init(&model, &f->config, f->space), PT_OK);
    for (uint32_t seed = 0; seed < 5; seed++) {
        draw_logits(f, seed);
        assert_int_equal(pt_resource_expect(&model, &f->alpha, &low, &high), PT_OK);
        assert_true(fabs(low - expect_by_enumeration(f)) < 1e-10 && high - low < 1e-10);
        for (int32_t i = 0; i < 12; i++) {
            double *logit = &f->alpha.logit[i], up, down;
            *logit += h;
            up = expect_by_enumeration(f);
            *logit -= 2 * h;
            down = expect_by_enumeration(f);
            *logit += h;
            dlogit[i % 4] = 1; /* what is there is added to */
            pt_resource_gradient(&model, i / 4, 2.5, dlogit);
            assert_true(
                fabs(1 + 2.5 * model.scale * (up - down) / (2 * h) - dlogit[i % 4]) < 1e-8);
        }
    }
    pt_resource_release(&model);
}

/* Layers and stem; heads cost nothing here. */
static void bounds_of_cost_are_those_of_the_branchings(void **state)
{
    (void)state;
    fixture_t *f = begin(3, 2, 4);
    pt_resource_model_t model;
    double layers = 0, stem = STEM_MADDS / 2;
    f->config.resource.kind = PT_RESOURCE_PARAMETERS;
    for (int32_t l = 0; l < 3; l++)
        layers += (double)(layer_madds(l) / 2);
    assert_int_equal(pt_resource_init(&model, &f->config, f->space), PT_OK);
    assert_true(model.full == stem + 4 * layers && model.fixed == stem);
    assert_true(model.shared == stem + layers && model.least == model.shared);
    pt_resource_release(&model);
    f->config.resource.budget.amount = stem + layers - 0.5;
    assert_int_equal(pt_resource_init(&model, &f->config, f->space), PT_E_RANGE);
}

static void copies_share_the_line_of_their_layer(void **state)
{
    (void)state;
    fixture_t *f = begin(2, 2, 3);
    pt_resource_model_t model;
    char name[] = "/tmp/pt_table_XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    dprintf(fd, "stem 0.5\nl01 1\nl02 4\nhead_1 7\n");
    close(fd);
    f->config.resource.kind = PT_RESOURCE_SECONDS;
    strcpy(f->config.resource.table, name);
    assert_int_equal(pt_resource_init(&model, &f->config, f->space), PT_OK);
    assert_true(model.shared == 5.5 && model.full == 15.5);
    pt_resource_release(&model);
    unlink(name);
}

static void random_rule_depends_on_its_key_and_keeps_the_budget(void **state)
{
    (void)state;
    fixture_t *f = begin(6, 3, 5);
    int32_t first[30];
    f->config.derive.rule = PT_RULE_RANDOM;
    derive(f, 0);
    memcpy(first, f->copy, sizeof first);
    derive(f, 0);
    assert_memory_equal(f->copy, first, sizeof first);
    assert_true(price(f, first) > 400);
    assert_true(derive(f, 400).cost <= 400);
}

static void many_tasks_merge_in_no_time(void **state)
{
    (void)state;
    fixture_t *f = begin(18, 8, 50);
    draw_logits(f, 1);
    double budget = 0.3 * 50 * price(f, (int32_t[18 * 50]){0});
    pt_derived_t d = derive(f, budget);
    assert_true(d.cost <= budget && d.cost > 0.9 * budget && d.n_change > 50);
}

static void random_branchings_cost_what_was_asked(void **state)
{
    (void)state;
    fixture_t *f = begin(8, 3, 5);
    pt_cost_t cost;
    int32_t last[40] = {0}, n_other = 0;
    int64_t heads = 15 * HEAD_MADDS;
    double full = 5 * (price(f, f->copy) - STEM_MADDS);
    for (uint32_t step = 0; step < 60; step++) {
        pt_rng_t rng = {.seed = 9, .purpose = PT_RNG_DERIVE, .step = step};
        int64_t high = heads + (int64_t)(full * (0.4 + 0.1 * (step % 4)));
        int64_t low = heads + (int64_t)(0.95 * (double)(high - heads));
        assert_int_equal(pt_draw_subnet(f->space, low, high, false, &rng, &f->subnet),
                         PT_OK);
        assert_int_equal(pt_cost_all(f->space, &f->subnet, &cost), PT_OK);
        assert_true(cost.madds >= low && cost.madds <= high);
        assert_false(f->subnet.is_soft);
        pt_copies_of_subnet(f->space, &f->subnet, f->copy);
        n_other += memcmp(last, f->copy, sizeof last) != 0;
        memcpy(last, f->copy, sizeof last);
        assert_int_equal(pt_draw_subnet(f->space, low, high, false, &rng, &f->subnet),
                         PT_OK);
        pt_copies_of_subnet(f->space, &f->subnet, f->copy);
        assert_memory_equal(last, f->copy, sizeof last);
    }
    assert_int_equal(n_other, 60);
}

static void draw_that_cannot_be_says_what_came_nearest(void **state)
{
    (void)state;
    fixture_t *f = begin(2, 2, 2);
    pt_rng_t rng = {.seed = 9, .purpose = PT_RNG_DERIVE};
    char nearest[32];
    snprintf(nearest, sizeof nearest, "nearest has %d",
             (int)(3 * HEAD_MADDS + STEM_MADDS + layer_madds(0) + layer_madds(1)));
    assert_int_equal(pt_draw_subnet(f->space, 1, 2, false, &rng, &f->subnet), PT_E_RANGE);
    assert_non_null(strstr(pt_error_message(), nearest));
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cost_counts_what_is_shared_once_and_heads_apart),
        TEST(soft_mixes_are_private),
        TEST(cost_is_that_of_the_compiled_plan),
        TEST(loose_budget_leaves_the_likeliest_copies),
        TEST(feasible_budget_is_always_kept),
        TEST(merging_is_that_by_enumeration),
        TEST(ties_are_drawn),
        TEST(expected_cost_and_gradient_are_those_by_enumeration),
        TEST(bounds_of_cost_are_those_of_the_branchings),
        TEST(copies_share_the_line_of_their_layer),
        TEST(random_rule_depends_on_its_key_and_keeps_the_budget),
        TEST(many_tasks_merge_in_no_time),
        TEST(random_branchings_cost_what_was_asked),
        TEST(draw_that_cannot_be_says_what_came_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
