/* Candidates of a branch space: what they cost, their copies, and that draws and changes
 * reach every one that the budget allows and no other. */
#include "tests/unit/branch_space.h"

#include <math.h>

#include "polytree/arch/breed.h"
#include "polytree/arch/copies.h"

enum { N_LAYER = 2, N_TASK = 3, MOST_TEXT = 64, MOST_FOUND = 64 };

static branch_space_t test;
static pt_config_t config;
static pt_resource_model_t model;
static pt_breeder_t *breeder;
static pt_subnet_t subnet;
static pt_branching_t tree;

static void begin(int32_t n_layer, int32_t n_copy, int32_t n_task, double share)
{
    const pt_space_t *space = make_branch_space(&test, n_layer, n_copy, n_task);
    pt_config_init(&config);
    config.space.kind = PT_SPACE_BRANCH;
    config.resource.budget = (pt_budget_t){share, true};
    assert_int_equal(pt_resource_init(&model, &config, space), PT_OK);
    assert_int_equal(pt_breeder_new(&config, &model, &breeder), PT_OK);
    assert_int_equal(pt_subnet_init(&subnet, n_task, space->n_choice), PT_OK);
    assert_int_equal(pt_branching_init(&tree, n_layer, n_task), PT_OK);
}

static int end(void **state)
{
    (void)state;
    pt_breeder_free(breeder);
    pt_resource_release(&model);
    pt_subnet_release(&subnet);
    pt_branching_release(&tree);
    return 0;
}

static pt_rng_t key(uint32_t step)
{
    return (pt_rng_t){.seed = 3, .purpose = PT_RNG_CHOOSE, .step = step};
}

/* Texts of branchings, each once. */
typedef struct found {
    int32_t n;
    char text[MOST_FOUND][MOST_TEXT];
} found_t;

static bool note(found_t *f)
{
    char text[MOST_TEXT];
    assert_int_equal(pt_copies_branching(model.space, &subnet, &tree), PT_OK);
    assert_true(pt_branching_text(&tree, text, sizeof text) < sizeof text);
    for (int32_t i = 0; i < f->n; i++)
        if (strcmp(f->text[i], text) == 0)
            return false;
    assert_true(f->n < MOST_FOUND);
    strcpy(f->text[f->n++], text);
    return true;
}

/* The right cost, within the budget. */
static void check_cost(void)
{
    double cost;
    assert_int_equal(pt_resource_cost(&model, &subnet, &cost), PT_OK);
    assert_true(cost == pt_breeder_cost(breeder, &subnet));
    assert_true(cost <= model.budget);
}

/* With a copy for each task a group runs the one of its first task. */
static void groups_take_the_copy_of_their_first_task(void **state)
{
    (void)state;
    int32_t copy[N_LAYER * N_TASK];
    begin(N_LAYER, N_TASK, N_TASK, 1);
    pt_branching_t b;
    assert_int_equal(pt_branching_init(&b, N_LAYER, N_TASK), PT_OK);
    do {
        assert_true(pt_breeder_branching(breeder, &b, &subnet));
        pt_copies_of_subnet(model.space, &subnet, copy);
        for (int32_t l = 0; l < N_LAYER; l++)
            for (int32_t k = 0; k < N_TASK; k++) {
                int32_t first = 0;
                while (b.group[l * N_TASK + first] != b.group[l * N_TASK + k])
                    first++;
                assert_int_equal(copy[l * N_TASK + k], first);
            }
        assert_int_equal(pt_copies_branching(model.space, &subnet, &tree), PT_OK);
        assert_true(pt_branching_equal(&tree, &b));
        check_cost();
    } while (pt_branching_next(0, &b));
    pt_branching_release(&b);
}

/* Fewer copies: what parts has copies of its own all the same, or is no candidate. */
static void fewer_copies_make_just_the_branchings_that_they_can(void **state)
{
    (void)state;
    int64_t n_can, n_accepted = 0;
    begin(2, 2, 4, 1);
    assert_int_equal(pt_branching_count(2, 4, 2, &n_can), PT_OK);
    pt_branching_t b;
    assert_int_equal(pt_branching_init(&b, 2, 4), PT_OK);
    do {
        if (!pt_breeder_branching(breeder, &b, &subnet))
            continue;
        n_accepted++;
        assert_int_equal(pt_copies_branching(model.space, &subnet, &tree), PT_OK);
        assert_true(pt_branching_equal(&tree, &b));
    } while (pt_branching_next(0, &b));
    assert_int_equal(n_accepted, n_can);
    pt_branching_release(&b);
}

/* Branchings within the budget, by enumeration. */
static int32_t count_candidates(void)
{
    int32_t n = 0;
    pt_branching_t b;
    assert_int_equal(pt_branching_init(&b, N_LAYER, N_TASK), PT_OK);
    do
        n += pt_breeder_branching(breeder, &b, &subnet);
    while (pt_branching_next(0, &b));
    pt_branching_release(&b);
    return n;
}

static void draws_and_changes_reach_every_candidate(void **state)
{
    (void)state;
    found_t drawn = {0}, changed = {0};
    begin(N_LAYER, N_TASK, N_TASK, 0.8);
    int32_t n = count_candidates();
    assert_true(n > 4 && n < 20);
    for (uint32_t i = 0; i < 400; i++) {
        pt_rng_t rng = key(i);
        pt_breeder_draw(breeder, &rng, draw(1, i), false, &subnet);
        check_cost();
        (void)note(&drawn);
    }
    assert_int_equal(drawn.n, n);
    pt_breeder_one(breeder, &subnet);
    for (uint32_t i = 0; i < 400; i++) {
        pt_rng_t rng = key(i);
        assert_true(pt_breeder_change(breeder, &rng, &subnet));
        assert_true(pt_breeder_accepts(breeder, &subnet));
        check_cost();
        (void)note(&changed);
    }
    assert_int_equal(changed.n, n);
}

static void ends_are_everything_shared_and_everything_apart(void **state)
{
    (void)state;
    begin(3, 4, 4, 1);
    pt_breeder_one(breeder, &subnet);
    assert_true(pt_breeder_cost(breeder, &subnet) == model.shared);
    assert_true(pt_breeder_apart(breeder, &subnet));
    assert_true(pt_breeder_cost(breeder, &subnet) == model.full);
    end(state);
    begin(3, 4, 4, 0.99);
    assert_false(pt_breeder_apart(breeder, &subnet));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(groups_take_the_copy_of_their_first_task, end),
        cmocka_unit_test_teardown(fewer_copies_make_just_the_branchings_that_they_can, end),
        cmocka_unit_test_teardown(draws_and_changes_reach_every_candidate, end),
        cmocka_unit_test_teardown(ends_are_everything_shared_and_everything_apart, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
