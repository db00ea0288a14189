/* Candidates of a dag: what they cost and keep, and that draws and changes reach every
 * graph of a small space that the edges and the budget allow, and no other. */
#include "tests/unit/arch_space.h"

#include <math.h>

#include "polytree/arch/breed.h"

enum { MOST_BITS = 1 << 13 };

static test_space_t test;
static pt_space_op_t ops[64];
static pt_group_t groups[64];
static pt_param_t params[64];
static pt_config_t config;
static pt_resource_model_t model;
static pt_breeder_t *breeder;
static pt_subnet_t subnet;

/* Candidate c costs 10 + c multiply-adds, and has as many parameters. */
static void begin(int32_t n_task, double kappa, double share, pt_resource_t kind)
{
    pt_space_t *s = &test.space;
    make_space(&test, 4, 2, 1, n_task);
    s->microbatch = 2;
    s->op = ops;
    s->store = (pt_store_t){.group = groups, .param = params};
    for (int32_t c = 0; c < s->n_candidate; c++) {
        test.candidate[c].first_op = test.candidate[c].group = c;
        test.candidate[c].n_op = 1;
        groups[c] = (pt_group_t){.first_param = c, .n_param = 1};
        params[c].count = 10 + c;
        ops[c].inst = (pt_op_inst_t){.madds = 10 + c, .out = {2, 1, 1, 1}};
    }
    pt_config_init(&config);
    config.squeeze.kappa = kappa;
    config.resource.kind = kind;
    config.resource.budget = (pt_budget_t){share, true};
    assert_int_equal(pt_resource_init(&model, &config, s), PT_OK);
    assert_int_equal(pt_breeder_new(&config, &model, &breeder), PT_OK);
    assert_int_equal(pt_subnet_init(&subnet, n_task, s->n_choice), PT_OK);
}

static int end(void **state)
{
    (void)state;
    pt_breeder_free(breeder);
    pt_resource_release(&model);
    pt_subnet_release(&subnet);
    return 0;
}

static pt_rng_t key(uint32_t step)
{
    return (pt_rng_t){.seed = 3, .purpose = PT_RNG_CHOOSE, .step = step};
}

static int32_t count_edges(uint64_t bits)
{
    int32_t n = 0;
    for (int32_t c = 0; c < test.space.n_choice; c++)
        n += test.space.choice[c].kind == PT_CHOICE_EDGE && (bits >> c & 1) != 0;
    return n;
}

/* Of all tasks: connected, no loose piece, few edges, within the budget, the right cost. */
static void check(void)
{
    double cost;
    for (int32_t k = 0; k < subnet.n_task; k++) {
        uint64_t bits = *pt_subnet_bits(&subnet, k), pruned = bits;
        assert_true(pt_connected(&test.space, &bits));
        pt_prune(&test.space, &pruned);
        assert_true(pruned == bits);
        assert_true(count_edges(bits) <= config.squeeze.kappa);
    }
    assert_int_equal(pt_resource_cost(&model, &subnet, &cost), PT_OK);
    assert_true(fabs(cost - pt_breeder_cost(breeder, &subnet)) < 1e-9 * cost);
    assert_true(cost <= model.budget);
}

/* Graphs of one task that are candidates, by trying every set of pieces. */
static int32_t count_candidates(void)
{
    int32_t n = 0;
    assert_true((1 << test.space.n_choice) <= MOST_BITS);
    for (uint64_t bits = 0; bits < (uint64_t)1 << test.space.n_choice; bits++) {
        uint64_t pruned = bits;
        double cost = model.fixed;
        pt_prune(&test.space, &pruned);
        for (int32_t c = 0; c < test.space.n_choice; c++)
            cost += (bits >> c & 1) != 0 ? model.choice[c] : 0;
        n += pruned == bits && pt_connected(&test.space, &bits) &&
             count_edges(bits) <= config.squeeze.kappa && cost <= model.budget;
    }
    return n;
}

static void draws_and_changes_reach_every_candidate(void **state)
{
    (void)state;
    static bool is_drawn[MOST_BITS], is_changed[MOST_BITS];
    int32_t n_drawn = 0, n_changed = 0;
    begin(1, 3, 0.7, PT_RESOURCE_MADDS);
    int32_t n = count_candidates();
    assert_true(n > 50);
    for (uint32_t i = 0; i < 20000; i++) {
        pt_rng_t rng = key(i);
        pt_breeder_draw(breeder, &rng, draw(1, i), false, &subnet);
        check();
        n_drawn += !is_drawn[*subnet.bits];
        is_drawn[*subnet.bits] = true;
    }
    pt_breeder_one(breeder, &subnet);
    for (uint32_t i = 0; i < 20000; i++) {
        pt_rng_t rng = key(i);
        uint64_t before = *subnet.bits;
        assert_true(pt_breeder_change(breeder, &rng, &subnet));
        assert_true(*subnet.bits != before);
        check();
        n_changed += !is_changed[*subnet.bits];
        is_changed[*subnet.bits] = true;
    }
    assert_int_equal(n_drawn, n);
    assert_int_equal(n_changed, n);
}

/* What tasks share costs once where it is parameters that cost. */
static void tasks_are_within_the_budget_together(void **state)
{
    (void)state;
    static const pt_resource_t kinds[] = {PT_RESOURCE_MADDS, PT_RESOURCE_PARAMETERS};
    for (int x = 0; x < 2; x++) {
        int32_t n_equal = 0;
        begin(3, 3, 0.6, kinds[x]);
        for (uint32_t i = 0; i < 300; i++) {
            pt_rng_t rng = key(i);
            pt_breeder_draw(breeder, &rng, draw(2, i), i % 2 == 0, &subnet);
            check();
            for (int32_t k = 1; k < 3 && i % 2 == 0; k++)
                assert_true(*pt_subnet_bits(&subnet, k) == *subnet.bits);
            assert_true(pt_breeder_change(breeder, &rng, &subnet));
            check();
            n_equal += *pt_subnet_bits(&subnet, 1) == *subnet.bits;
        }
        assert_true(n_equal > 10 && n_equal < 290);
        end(state);
    }
    begin(3, 3, 0.6, PT_RESOURCE_MADDS);
}

static void one_network_is_the_chain_or_the_cheapest(void **state)
{
    (void)state;
    begin(2, 3, 1, PT_RESOURCE_MADDS);
    pt_breeder_one(breeder, &subnet);
    check();
    assert_true(pt_breeder_cost(breeder, &subnet) == model.shared);
    assert_false(pt_breeder_apart(breeder, &subnet));
    end(state);
    begin(2, 2, 1, PT_RESOURCE_MADDS);
    pt_breeder_one(breeder, &subnet);
    check();
    assert_true(pt_breeder_cost(breeder, &subnet) == model.least);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(draws_and_changes_reach_every_candidate, end),
        cmocka_unit_test_teardown(tasks_are_within_the_budget_together, end),
        cmocka_unit_test_teardown(one_network_is_the_chain_or_the_cheapest, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
