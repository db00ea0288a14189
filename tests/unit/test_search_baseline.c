/* Baselines: the chains' spaces, and random subnets of a given cost. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "polytree/arch/connect.h"
#include "polytree/arch/cost.h"
#include "polytree/arch/draw.h"
#include "polytree/base/memory.h"

enum { N_TASK = 3 };

static pt_space_t *make_space(const char *const *options)
{
    static const char *const base[] = {"space.nodes=5",      "space.flow=3",
                                       "space.min_depth=2",  "space.channels=4 8",
                                       "space.stride=1 2 1", "space.stem_channels=4",
                                       "train.microbatch=2"};
    static const pt_space_task_t task[N_TASK] = {
        {"a", 3, false}, {"b", 2, false}, {"c", 5, false}};
    const pt_space_spec_t spec = {12, 12, 1, N_TASK, task, NULL, 0};
    pt_config_t config;
    pt_space_t *space;
    pt_config_init(&config);
    for (size_t i = 0; i < sizeof base / sizeof base[0]; i++)
        assert_int_equal(pt_config_set(&config, base[i]), PT_OK);
    for (; options != NULL && *options != NULL; options++)
        assert_int_equal(pt_config_set(&config, *options), PT_OK);
    assert_int_equal(pt_space_new(&config, &spec, NULL, &space), PT_OK);
    return space;
}

static pt_cost_t cost_of_all(const pt_space_t *s)
{
    pt_subnet_t all;
    pt_cost_t cost;
    assert_int_equal(pt_subnet_init(&all, s->n_task, s->n_choice), PT_OK);
    for (int32_t k = 0; k < s->n_task; k++)
        for (int32_t c = 0; c < s->n_choice; c++)
            pt_subnet_switch(&all, k, c, true);
    assert_int_equal(pt_cost_all(s, &all, &cost), PT_OK);
    pt_subnet_release(&all);
    return cost;
}

/* A path through all nodes and nothing else; in single K copies of it, each reached by its
 * task alone, for K times the parameters and the same multiply-adds. */
static void chains_are_paths(void **state)
{
    static const char *const shared[] = {"search.method=shared", NULL};
    static const char *const single[] = {"search.method=single", NULL};
    pt_space_t *s = make_space(shared), *t = make_space(single);
    pt_cost_t one = cost_of_all(s), each = cost_of_all(t);
    int64_t heads = 0;
    (void)state;
    assert_int_equal(s->n_choice, 6);
    assert_int_equal(t->n_choice, 6);
    assert_int_equal(s->n_edge, 4);
    assert_int_equal(one.edges, 4 * N_TASK);
    assert_int_equal(each.edges, 4 * N_TASK);
    assert_int_equal(each.madds, one.madds);
    for (int32_t g = 0; g < s->store.n_group; g++)
        for (int32_t p = 0; p < s->store.group[g].n_param && s->store.group[g].task >= 0;
             p++)
            heads += s->store.param[s->store.group[g].first_param + p].count;
    assert_int_equal(each.parameters - heads, N_TASK * (one.parameters - heads));
    for (int32_t g = 0; g < t->store.n_group; g++)
        assert_in_range(t->store.group[g].task, 0, N_TASK - 1);
    for (int32_t c = 0; c < t->n_choice; c++)
        for (int32_t k = 0; k < N_TASK; k++) {
            const pt_candidate_t *d = &t->candidate[pt_space_choice_candidate(t, c, k)];
            assert_int_equal(d->task, k);
            assert_int_equal(d->choice, c);
        }
    pt_space_free(s);
    pt_space_free(t);
}

/* Width multiplies the channels of stem and nodes, rounded, up or down, in chains only;
 * that of the space in all methods. */
static void width_widens_chains(void **state)
{
    static const char *const wide[] = {"search.method=shared", "baseline.width=1.4", NULL};
    static const char *const thin[] = {"search.method=single", "baseline.width=0.4", NULL};
    static const char *const found[] = {"baseline.width=1.4", NULL};
    static const char *const all[] = {"space.width=1.5", NULL};
    pt_space_t *s = make_space(wide), *t = make_space(found), *u = make_space(thin);
    pt_space_t *v = make_space(all);
    (void)state;
    assert_int_equal(s->node[1].shape.c, 6);
    assert_int_equal(s->node[2].shape.c, 6);
    assert_int_equal(s->node[3].shape.c, 11);
    assert_int_equal(t->node[3].shape.c, 8);
    assert_int_equal(u->node[1].shape.c, 2);
    assert_int_equal(u->node[3].shape.c, 3);
    assert_int_equal(v->node[1].shape.c, 6);
    assert_int_equal(v->node[3].shape.c, 12);
    pt_space_free(s);
    pt_space_free(t);
    pt_space_free(u);
    pt_space_free(v);
}

static bool is_same(const pt_subnet_t *a, const pt_subnet_t *b)
{
    return memcmp(a->bits, b->bits, (size_t)a->n_task * a->words * sizeof *a->bits) == 0;
}

/* Whatever the budget: between the bounds, connected, without loose ends, by the key alone;
 * other keys draw others. */
static void random_subnets_keep_their_budget(void **state)
{
    pt_space_t *s = make_space(NULL);
    int64_t most = cost_of_all(s).madds;
    pt_subnet_t subnet, again;
    int32_t n_other = 0, n = 0;
    (void)state;
    assert_int_equal(pt_subnet_init(&subnet, N_TASK, s->n_choice), PT_OK);
    assert_int_equal(pt_subnet_init(&again, N_TASK, s->n_choice), PT_OK);
    for (int64_t percent = 35; percent <= 95; percent += 10)
        for (uint32_t index = 0; index < 4; index++, n++) {
            pt_rng_t rng = {.seed = 3, .purpose = PT_RNG_DERIVE, .step = index};
            int64_t high = most * percent / 100, low = high - high / 20;
            pt_cost_t cost;
            assert_int_equal(pt_draw_subnet(s, low, high, false, &rng, &subnet), PT_OK);
            assert_int_equal(pt_cost_all(s, &subnet, &cost), PT_OK);
            assert_in_range(cost.madds, low, high);
            for (int32_t k = 0; k < N_TASK; k++) {
                uint64_t pruned[PT_DAG_MAX_WORD] = {0};
                const uint64_t *bits = pt_subnet_bits(&subnet, k);
                assert_true(pt_connected(s, bits));
                memcpy(pruned, bits, subnet.words * sizeof *pruned);
                pt_prune(s, pruned);
                assert_memory_equal(pruned, bits, subnet.words * sizeof *pruned);
            }
            assert_int_equal(pt_draw_subnet(s, low, high, false, &rng, &again), PT_OK);
            assert_true(is_same(&subnet, &again));
            rng.step += 100;
            assert_int_equal(pt_draw_subnet(s, low, high, false, &rng, &again), PT_OK);
            n_other += !is_same(&subnet, &again);
        }
    assert_true(n_other > n / 2);
    pt_rng_t rng = {.seed = 3, .purpose = PT_RNG_DERIVE};
    assert_int_equal(pt_draw_subnet(s, 1, 2, false, &rng, &subnet), PT_E_RANGE);
    assert_non_null(strstr(pt_error_message(), "the nearest has"));
    pt_subnet_release(&subnet);
    pt_subnet_release(&again);
    pt_space_free(s);
}

/* One graph for all tasks, between the bounds, and another one with another key. */
static void one_graph_is_of_all_tasks(void **state)
{
    pt_space_t *s = make_space(NULL);
    int64_t high = cost_of_all(s).madds / 2, low = high - high / 10;
    pt_subnet_t subnet, other;
    int32_t n_other = 0;
    (void)state;
    assert_int_equal(pt_subnet_init(&subnet, N_TASK, s->n_choice), PT_OK);
    assert_int_equal(pt_subnet_init(&other, N_TASK, s->n_choice), PT_OK);
    for (uint32_t index = 0; index < 8; index++) {
        pt_rng_t rng = {.seed = 3, .purpose = PT_RNG_DERIVE, .step = index};
        pt_cost_t cost;
        assert_int_equal(pt_draw_subnet(s, low, high, true, &rng, &subnet), PT_OK);
        assert_int_equal(pt_cost_all(s, &subnet, &cost), PT_OK);
        assert_in_range(cost.madds, low, high);
        for (int32_t k = 1; k < N_TASK; k++)
            assert_memory_equal(pt_subnet_bits(&subnet, k), pt_subnet_bits(&subnet, 0),
                                subnet.words * sizeof *subnet.bits);
        n_other += index > 0 && !is_same(&subnet, &other);
        pt_subnet_copy(&other, &subnet);
    }
    assert_true(n_other > 3);
    pt_subnet_release(&subnet);
    pt_subnet_release(&other);
    pt_space_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_are_paths),
        cmocka_unit_test(width_widens_chains),
        cmocka_unit_test(random_subnets_keep_their_budget),
        cmocka_unit_test(one_graph_is_of_all_tasks),
    };
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    return n_failed > 0 || pt_memory_bytes() != 0;
}
