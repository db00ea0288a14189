/* What subnets cost, and what of them is alive, against enumeration. */
#include "tests/unit/arch_space.h"

#include "polytree/arch/cost.h"
#include "polytree/graph/subnet.h"

#define N_TASK 2

static test_space_t test;
static pt_space_op_t ops[32];
static pt_group_t groups[32];
static pt_param_t params[64];

/*
 * Three nodes, all edges, two tasks.  Every candidate has two operations, of 10^n and
 * 2 * 10^n multiply-adds where n = 0 stem, 1 read-in, 2 edge, 3 read-out, 4 head; a
 * parameter group of two tensors, of 5 * 10^n and 10^n elements; read-ins have neither
 * operations nor parameters.
 */
static const pt_space_t *make_priced_space(void)
{
    pt_space_t *s = &test.space;
    make_space(&test, 3, 2, 1, N_TASK);
    s->op = ops;
    s->store = (pt_store_t){.group = groups, .param = params};
    for (int32_t n = 0; n < s->n_candidate; n++) {
        pt_candidate_t *c = &test.candidate[n];
        int64_t price = 1;
        int kind = c->choice < 0 ? -1 : (int)test.choice[c->choice].kind;
        if (kind == PT_CHOICE_IN)
            continue;
        for (int x = kind + 1; x > 0; x--)
            price *= 10;
        price = c->task >= 0 ? 10000 : price;
        c->group = s->store.n_group;
        groups[s->store.n_group++] =
            (pt_group_t){.first_param = s->store.n_param, .n_param = 2, .n_block = 99};
        params[s->store.n_param++].count = 5 * price;
        params[s->store.n_param++].count = price;
        c->first_op = s->n_op;
        c->n_op = 2;
        ops[s->n_op++].inst.madds = price;
        ops[s->n_op++].inst.madds = 2 * price;
    }
    return s;
}

static void switch_on(const pt_space_t *s, pt_subnet_t *subnet, int32_t task,
                      pt_choice_kind_t kind, int32_t i, int32_t j)
{
    pt_subnet_switch(subnet, task, find_choice(s, kind, i, j), true);
}

static void cost_is_that_of_what_is_alive(void **state)
{
    (void)state;
    const pt_space_t *s = make_priced_space();
    pt_subnet_t subnet;
    pt_cost_t cost;
    assert_int_equal(pt_subnet_init(&subnet, N_TASK, s->n_choice), PT_OK);

    /* Task 0: 1 -> 2 -> out, 1 -> 3 that leads nowhere, 2 -> out. */
    switch_on(s, &subnet, 0, PT_CHOICE_IN, 0, 1);
    switch_on(s, &subnet, 0, PT_CHOICE_EDGE, 1, 2);
    switch_on(s, &subnet, 0, PT_CHOICE_EDGE, 1, 3);
    switch_on(s, &subnet, 0, PT_CHOICE_OUT, 2, 0);
    /* Task 1: 1 -> 2 -> 3 -> out, and read-out 1. */
    switch_on(s, &subnet, 1, PT_CHOICE_IN, 0, 1);
    switch_on(s, &subnet, 1, PT_CHOICE_EDGE, 1, 2);
    switch_on(s, &subnet, 1, PT_CHOICE_EDGE, 2, 3);
    switch_on(s, &subnet, 1, PT_CHOICE_OUT, 1, 0);
    switch_on(s, &subnet, 1, PT_CHOICE_OUT, 3, 0);

    assert_int_equal(pt_cost_task(s, &subnet, 0, &cost), PT_OK);
    assert_int_equal(cost.madds, 3 * 11101);
    assert_int_equal(cost.parameters, 6 * 11101);
    assert_int_equal(cost.edges, 1);

    assert_int_equal(pt_cost_task(s, &subnet, 1, &cost), PT_OK);
    assert_int_equal(cost.madds, 3 * 12201);
    assert_int_equal(cost.parameters, 6 * 12201);
    assert_int_equal(cost.edges, 2);

    /* The union has the stem, edges 12 and 23, three read-outs, two heads. */
    assert_int_equal(pt_cost_all(s, &subnet, &cost), PT_OK);
    assert_int_equal(cost.madds, 3 * (11101 + 12201));
    assert_int_equal(cost.parameters, 6 * 23201);
    assert_int_equal(cost.edges, 3);
    assert_int_equal(cost.distinct_edges, 2);
    pt_subnet_release(&subnet);
}

static void graph_without_a_path_costs_nothing(void **state)
{
    (void)state;
    const pt_space_t *s = make_priced_space();
    pt_subnet_t subnet;
    pt_cost_t cost;
    assert_int_equal(pt_subnet_init(&subnet, N_TASK, s->n_choice), PT_OK);
    switch_on(s, &subnet, 0, PT_CHOICE_EDGE, 1, 2);
    switch_on(s, &subnet, 0, PT_CHOICE_OUT, 2, 0);
    assert_int_equal(pt_cost_all(s, &subnet, &cost), PT_OK);
    assert_true(cost.madds == 0 && cost.parameters == 0 && cost.edges == 0);
    pt_subnet_release(&subnet);
}

static void reach_is_what_lies_between_input_and_head(void **state)
{
    (void)state;
    const pt_space_t *s = make_space(&test, 3, 2, 1, N_TASK);
    pt_subnet_t subnet;
    uint8_t candidate[32], node[16];
    /* input, x, v1..v3, y, logits of two tasks */
    static const uint8_t wanted[8] = {3, 3, 3, 3, 1, 3, 0, 3};
    assert_int_equal(pt_subnet_init(&subnet, N_TASK, s->n_choice), PT_OK);
    switch_on(s, &subnet, 1, PT_CHOICE_IN, 0, 1);
    switch_on(s, &subnet, 1, PT_CHOICE_EDGE, 1, 2);
    switch_on(s, &subnet, 1, PT_CHOICE_EDGE, 1, 3);
    switch_on(s, &subnet, 1, PT_CHOICE_OUT, 2, 0);
    pt_subnet_reach(s, &subnet, 1, candidate, node);
    assert_memory_equal(node, wanted, sizeof wanted);
    for (int32_t c = 0; c < s->n_candidate; c++) {
        const pt_candidate_t *x = &s->candidate[c];
        bool on = x->choice < 0 ? x->task != 0
                                : pt_bitset_get(pt_subnet_bits(&subnet, 1), x->choice);
        assert_int_equal(candidate[c], on && node[x->dst] == 3);
    }
    pt_subnet_release(&subnet);
}

/* For every subset: alive means on a path of open candidates from input to head. */
static void reach_agrees_with_enumeration(void **state)
{
    (void)state;
    const pt_space_t *s = make_space(&test, 4, 3, 0, 1);
    pt_subnet_t subnet;
    paths_t paths;
    uint8_t candidate[32], node[16];
    list_paths(s, &paths);
    assert_int_equal(pt_subnet_init(&subnet, 1, s->n_choice), PT_OK);
    for (uint64_t bits = 0; bits >> s->n_choice == 0; bits++) {
        uint64_t wanted = 0, alive = 0;
        for (int32_t q = 0; q < paths.n; q++)
            if ((paths.path[q].bits & ~bits) == 0)
                wanted |= paths.path[q].bits;
        *pt_subnet_bits(&subnet, 0) = bits;
        pt_subnet_reach(s, &subnet, 0, candidate, node);
        for (int32_t c = 0; c < s->n_choice; c++)
            pt_bitset_set(&alive, c, candidate[s->choice[c].candidate]);
        assert_int_equal(alive, wanted);
        assert_int_equal(candidate[0], wanted != 0);
        assert_int_equal(candidate[s->n_candidate - 1], wanted != 0);
    }
    pt_subnet_release(&subnet);
}

static void key_changes_with_bits_tasks_and_kind_but_not_with_gates(void **state)
{
    (void)state;
    const int32_t both[] = {0, 1};
    pt_subnet_t a, b;
    uint64_t key;
    assert_int_equal(pt_subnet_init(&a, 2, 70), PT_OK);
    assert_int_equal(pt_subnet_init(&b, 2, 70), PT_OK);
    pt_subnet_switch(&a, 0, 3, true);
    pt_subnet_switch(&a, 1, 69, true);
    key = pt_subnet_key(&a, both, 2);
    pt_subnet_copy(&b, &a);
    assert_true(pt_subnet_gates(&b, 1)[69] == 1 && pt_subnet_gates(&b, 1)[68] == 0);
    assert_int_equal(pt_subnet_key(&b, both, 2), key);
    pt_subnet_gates(&b, 1)[69] = (pt_real_t)0.5;
    assert_int_equal(pt_subnet_key(&b, both, 2), key);
    assert_int_not_equal(pt_subnet_key(&b, both, 1), key);
    pt_subnet_switch(&b, 1, 68, true);
    assert_int_not_equal(pt_subnet_key(&b, both, 2), key);
    pt_subnet_switch(&b, 1, 68, false);
    assert_int_equal(pt_subnet_key(&b, both, 2), key);
    b.is_soft = true;
    assert_int_not_equal(pt_subnet_key(&b, both, 2), key);
    pt_subnet_switch(&a, 0, 69, true);
    pt_subnet_switch(&a, 1, 3, true);
    assert_int_not_equal(pt_subnet_key(&a, both, 1), pt_subnet_key(&a, both + 1, 1));
    pt_subnet_release(&a);
    pt_subnet_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cost_is_that_of_what_is_alive),
        cmocka_unit_test(graph_without_a_path_costs_nothing),
        cmocka_unit_test(reach_is_what_lies_between_input_and_head),
        cmocka_unit_test(reach_agrees_with_enumeration),
        cmocka_unit_test(key_changes_with_bits_tasks_and_kind_but_not_with_gates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
