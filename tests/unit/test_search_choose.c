/* Choosing among candidates: what successive halving costs, who goes on, who is chosen. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "polytree/base/rng.h"
#include "search/choose.h"

enum { N = 9, N_TASK = 2, N_SEED = 2 };

static double uniform(uint32_t seed, uint64_t i)
{
    const pt_rng_t rng = {.seed = seed, .purpose = PT_RNG_DRAW};
    return pt_rng_uniform(&rng, i);
}

static void set(pt_config_t *config, const char *option)
{
    assert_int_equal(pt_config_set(config, option), PT_OK);
}

static void halving_keeps_the_budget(void **state)
{
    static const char *const eta[] = {"choose.eta=2", "choose.eta=3", "choose.eta=5"};
    pt_config_t c;
    (void)state;
    pt_config_init(&c);
    for (uint32_t seed = 0; seed < 300; seed++) {
        choose_price_t price = {.look = 50 * uniform(seed, 0),
                                .step = 1 + 30 * uniform(seed, 1),
                                .retrain = 1 + (int64_t)(400 * uniform(seed, 2))};
        int64_t n = 1 + (int64_t)(200 * uniform(seed, 3));
        double samples = 20 * uniform(seed, 4) * (double)price.retrain * price.step;
        choose_rungs_t r, more;
        set(&c, eta[seed % 3]);
        set(&c, seed % 2 == 0 ? "choose.shortest=0.1" : "choose.shortest=0.01");
        choose_plan_rungs(&c, &price, n, samples, &r);
        choose_plan_rungs(&c, &price, n, 2 * samples, &more);
        assert_true(more.size[0] >= r.size[0] && r.size[0] <= n);
        if (r.n == 0)
            continue;
        assert_true(choose_rungs_price(&price, &r) <= samples);
        assert_true(r.size[r.n - 1] <= CHOOSE_LAST && r.steps[r.n - 1] <= price.retrain);
        assert_true(r.steps[0] >= 1 &&
                    (double)r.steps[0] >= floor(c.choose.shortest * (double)price.retrain));
        for (int32_t i = 1; i < r.n; i++) {
            assert_int_equal(r.steps[i - 1], r.steps[i] / c.choose.eta);
            assert_true(r.size[i] * c.choose.eta <= r.size[i - 1] + c.choose.eta - 1);
        }
    }
}

/* Candidates of costs 0, 1, ..., judged in two rungs. */
static void make(choose_t *c)
{
    *c = (choose_t){.capacity = N, .trains = true, .n_seed = N_SEED};
    assert_int_equal(pt_subnet_init(&c->one, N_TASK, 3), PT_OK);
    assert_int_equal(choose_init(c), PT_OK);
    c->n = N;
    c->rungs = (choose_rungs_t){.n = 2, .size = {N, 3}, .steps = {10, 30}};
    for (int64_t i = 0; i < N; i++) {
        c->origin[i] = i == 0 ? CHOOSE_SHARED : CHOOSE_RANDOM;
        c->cost[i] = (double)i;
    }
}

static void propose(choose_t *c, const double score[N])
{
    for (int64_t i = 0; i < N; i++)
        for (int32_t k = 0; k < N_TASK; k++)
            choose_row(c, i, choose_rung_row(0))[k] = exp(score[i]);
}

/* One task gains what the other loses; seeds and blocks add a wave to all. */
static void finish(choose_t *c, int64_t i, double score, double harm, double noise)
{
    for (int32_t s = 0; s < N_SEED; s++)
        for (int32_t w = 0; w < CHOOSE_N_FINAL; w++)
            for (int32_t k = 0; k < N_TASK; k++)
                choose_row(c, i, choose_final_row(c, s, w))[k] =
                    exp(score + (k == 0 ? harm : -harm) +
                        noise * ((s == 0) == (i % 2 == 0) ? 1 : -1));
}

static void the_better_go_on_and_the_reference(void **state)
{
    static const double score[N] = {0, 0.3, -0.2, INFINITY, -0.1, 0.5, -0.4, 0.1, 0.2};
    choose_t c;
    (void)state;
    make(&c);
    choose_enter_rung(&c, 0);
    for (int64_t i = 0; i < N; i++)
        assert_int_equal(c.reached[i], 1);
    propose(&c, score);
    choose_enter_rung(&c, 1);
    static const bool goes_on[N] = {true, false, true, false, true, false, true};
    for (int64_t i = 0; i < N; i++)
        assert_int_equal(c.reached[i], 1 + goes_on[i]);
    assert_int_equal(choose_finalists(&c), 4);
    choose_release(&c);
}

/* What is to be done: the reference, then the dear ones; what is known is left out. */
static void a_bout_begins_with_the_dear_ones(void **state)
{
    static const double score[N] = {0, 0.3, -0.2, INFINITY, -0.1, 0.5, -0.4, 0.1, 0.2};
    static const int64_t number[] = {0, 0, 6, 6, 4, 4, 2};
    choose_t c;
    (void)state;
    make(&c);
    choose_enter_rung(&c, 0);
    assert_int_equal(choose_list(&c), PT_OK);
    assert_int_equal(c.bout.n, N);
    for (int64_t i = 0; i < N; i++)
        assert_int_equal(c.bout.item[i].number, i == 0 ? 0 : N - i);
    propose(&c, score);
    choose_enter_rung(&c, 1);
    c.training.rung = 1;
    choose_row(&c, 2, choose_final_row(&c, 0, CHOOSE_LOSS))[1] = 1;
    assert_int_equal(choose_list(&c), PT_OK);
    assert_int_equal(c.bout.n, sizeof number / sizeof number[0]);
    for (int64_t i = 0; i < c.bout.n; i++) {
        assert_int_equal(c.bout.item[i].number, number[i]);
        assert_int_equal(c.bout.item[i].seed, number[i] == 2 ? 1 : i % 2);
        assert_true(choose_item_decides(&c));
    }
    choose_release(&c);
}

/* So many steps of an item, judged with a loss that tells of it. */
static void finish_item(choose_t *c, int64_t i, int64_t steps)
{
    choose_item_t *item = &c->bout.item[i];
    for (int32_t k = 0; k < N_TASK; k++)
        choose_row(c, item->number, choose_item_row(c, item))[k] =
            (double)(10 * item->number + k);
    item->steps = steps;
    item->is_ours = true;
}

/* Two groups have done items 0, 2 and 3 of a bout, and 5 steps of another: once they have
 * said so both know all of it, and tell of the first that are done, in order. */
static void groups_tell_each_other_what_they_have_done(void **state)
{
    choose_t c[2];
    int64_t step[2];
    (void)state;
    for (int g = 0; g < 2; g++) {
        make(&c[g]);
        choose_enter_rung(&c[g], 0);
        assert_int_equal(choose_list(&c[g]), PT_OK);
        assert_int_equal(choose_list_room(&c[g], N), PT_OK);
        c[g].bout.step = 100;
    }
    finish_item(&c[0], 0, 10);
    finish_item(&c[1], 2, 7);
    finish_item(&c[1], 3, 10);
    choose_say(&c[0], 5);
    choose_say(&c[1], 0);
    assert_int_equal(choose_said(&c[0]), choose_said(&c[1]));
    for (int64_t i = 0; i < choose_said(&c[0]); i++)
        c[0].bout.said[i] = c[1].bout.said[i] = c[0].bout.said[i] + c[1].bout.said[i];
    for (int g = 0; g < 2; g++) {
        step[g] = choose_hear(&c[g]);
        assert_int_equal(step[g], 100 + 10 + 7 + 10 + 3 + 5);
        assert_int_equal(c[g].training.n_step, 10 + 7 + 10 + 5);
        assert_int_equal(c[g].training.n_look, 3);
        for (int64_t i = 0; i < N; i++) {
            const choose_item_t *item = &c[g].bout.item[i];
            bool is_done = i == 0 || i == 2 || i == 3;
            const double *loss =
                choose_row(&c[g], item->number, choose_item_row(&c[g], item));
            assert_int_equal(item->steps, !is_done ? -1 : i == 2 ? 7 : 10);
            assert_true(is_done ? loss[1] == (double)(10 * item->number + 1)
                                : isnan(loss[1]));
        }
        assert_ptr_equal(choose_tell(&c[g]), &c[g].bout.item[0]);
        assert_int_equal(c[g].bout.step, 111);
        assert_null(choose_tell(&c[g])); /* item 1 is at work */
        finish_item(&c[g], 1, 10);
        for (int64_t i = 1; i < 4; i++)
            assert_ptr_equal(choose_tell(&c[g]), &c[g].bout.item[i]);
        assert_int_equal(c[g].bout.step, 111 + 11 + 8 + 11);
        assert_null(choose_tell(&c[g]));
        choose_release(&c[g]);
    }
}

static void regression_trains_what_it_can_have(void **state)
{
    const choose_price_t price = {.look = 20, .step = 2, .retrain = 100};
    pt_config_t c;
    choose_rungs_t r;
    (void)state;
    pt_config_init(&c);
    choose_plan_trainings(&c, &price, 60, 480, &r); /* each 50 x 2 + 20 */
    assert_int_equal(r.n, 1);
    assert_int_equal(r.size[0], 4);
    assert_int_equal(r.steps[0], 50);
    assert_true(choose_rungs_price(&price, &r) <= 480);
    assert_int_equal(choose_rungs_length(&r), 4 * 51);
    choose_plan_trainings(&c, &price, 3, 480, &r);
    assert_int_equal(r.size[0], 3);
    choose_plan_trainings(&c, &price, 60, 119, &r);
    assert_int_equal(r.n, 0);
}

static void half_enter_first_then_the_best(void **state)
{
    choose_t c;
    int64_t n_taken[N] = {0};
    (void)state;
    make(&c);
    c.has_regression = true;
    c.origin[1] = CHOOSE_APART;
    c.rungs = (choose_rungs_t){.n = 1, .size = {8}, .steps = {10}};
    for (uint32_t seed = 0; seed < 700; seed++) {
        const pt_rng_t rng = {.seed = seed, .purpose = PT_RNG_CHOOSE};
        choose_enter_first(&c, &rng);
        int64_t n_in = 0;
        for (int64_t i = 0; i < N; i++) {
            n_in += c.reached[i];
            n_taken[i] += c.reached[i];
        }
        assert_int_equal(n_in, 4);
    }
    for (int64_t i = 0; i < N; i++) /* by hand always, of seven others two */
        assert_true(i < 2 ? n_taken[i] == 700 : llabs(n_taken[i] - 200) < 60);

    static const double expected[N] = {0, 1, -3, 0.5, -0.5, -0.5, 2, INFINITY, 1};
    for (int64_t i = 0; i < N; i++) {
        c.reached[i] = i < 3;
        for (int32_t k = 0; k < N_TASK; k++)
            choose_row(&c, i, CHOOSE_EXPECTED_ROW)[k] = exp(expected[i]);
    }
    static const int64_t order[] = {4, 5, 3, 8, 6, 7};
    for (int32_t i = 0; i < 6; i++)
        assert_int_equal(choose_enter_best(&c), order[i]);
    choose_release(&c);
}

/* Of those trained the one that most is expected of, whatever its own training said. */
static void regression_chooses_by_what_it_expects(void **state)
{
    choose_t c;
    pt_config_t config;
    (void)state;
    pt_config_init(&config);
    make(&c);
    c.has_regression = true;
    c.rungs = (choose_rungs_t){.n = 1, .size = {8}, .steps = {10}};
    for (int64_t i = 0; i < N; i++) {
        c.reached[i] = i < 8;
        finish(&c, i, i == 3 ? -9 : 0, 0, 0);
        for (int32_t k = 0; k < N_TASK; k++)
            choose_row(&c, i, CHOOSE_EXPECTED_ROW)[k] = exp(-(double)i);
    }
    assert_int_equal(choose_finalists(&c), 8);
    for (int64_t i = 0; i < N; i++)
        assert_int_equal(c.is_final[i], i < 8);
    assert_int_equal(choose_decide(&config, INFINITY, &c).chosen, 7);
    assert_int_equal(choose_decide(&config, 4, &c).chosen, 4);
    choose_release(&c);
}

static void the_cheapest_that_is_not_told_from_the_best(void **state)
{
    static const double score[N] = {0, 1, -0.2, 1, -0.1, 1, -0.4, 1, 1};
    choose_t c;
    choose_verdict_t v;
    pt_config_t config;
    (void)state;
    pt_config_init(&config);
    set(&config, "choose.one_se=1");
    make(&c);
    choose_enter_rung(&c, 0);
    propose(&c, score);
    choose_enter_rung(&c, 1);
    (void)choose_finalists(&c);
    finish(&c, 0, 0, 0, 0);
    finish(&c, 2, -0.29, 0, 0.05);
    finish(&c, 4, INFINITY, 0, 0);
    finish(&c, 6, -0.30, 0, -0.05);

    /* Trainings differ by more than 2 and 6 do. */
    v = choose_decide(&config, INFINITY, &c);
    assert_int_equal(v.chosen, 2);
    assert_int_equal(v.n_final, 4);
    assert_int_equal(v.n_tied, 2);
    assert_int_equal(choose_decide(&config, 1, &c).chosen, 0);
    assert_int_equal(choose_decide(&config, -1, &c).chosen, -1);
    set(&config, "choose.one_se=0");
    assert_int_equal(choose_decide(&config, INFINITY, &c).chosen, 6);
    assert_int_equal(choose_decide(&config, 5, &c).chosen, 2);

    /* Where all trainings say the same there is no error. */
    set(&config, "choose.one_se=1");
    finish(&c, 2, -0.29, 0, 0);
    finish(&c, 6, -0.30, 0, 0);
    assert_int_equal(choose_decide(&config, INFINITY, &c).chosen, 6);

    /* A task that loses more than is allowed. */
    set(&config, "choose.floor=0.1");
    finish(&c, 6, -0.30, 0.5, 0);
    assert_int_equal(choose_decide(&config, INFINITY, &c).chosen, 2);
    choose_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halving_keeps_the_budget),
        cmocka_unit_test(the_better_go_on_and_the_reference),
        cmocka_unit_test(a_bout_begins_with_the_dear_ones),
        cmocka_unit_test(groups_tell_each_other_what_they_have_done),
        cmocka_unit_test(regression_trains_what_it_can_have),
        cmocka_unit_test(half_enter_first_then_the_best),
        cmocka_unit_test(regression_chooses_by_what_it_expects),
        cmocka_unit_test(the_cheapest_that_is_not_told_from_the_best),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
