/* Costs of both kinds of space, what they are expected to be, and the budget of a dag. */
#include "tests/unit/arch_space.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "polytree/arch/derive.h"
#include "polytree/arch/resource.h"

#define N_TASK 3

static test_space_t test;
static pt_space_op_t ops[64];
static pt_group_t groups[64];
static pt_param_t params[64];
static pt_config_t config;

/* Candidate number c: 11 c multiply-adds, 7 c parameters, 2 c floats written and 4 c bytes
 * saved for a microbatch of 2; the stem as candidate 5. */
static const pt_space_t *make_priced_space(int32_t n, int32_t flow, int32_t min_depth,
                                           int32_t n_task)
{
    pt_space_t *s = &test.space;
    make_space(&test, n, flow, min_depth, n_task);
    s->microbatch = 2;
    s->op = ops;
    s->store = (pt_store_t){.group = groups, .param = params};
    for (int32_t c = 0; c < s->n_candidate; c++) {
        int64_t price = c == 0 ? 5 : c;
        test.candidate[c].first_op = test.candidate[c].group = c;
        test.candidate[c].n_op = 1;
        snprintf(test.candidate[c].name, sizeof test.candidate[c].name, "piece_%d", (int)c);
        groups[c] = (pt_group_t){.first_param = c, .n_param = 1};
        params[c].count = 7 * price;
        ops[c].inst = (pt_op_inst_t){
            .madds = 11 * price, .out = {2, 1, 1, price}, .saved_bytes = 4 * (size_t)price};
    }
    pt_config_init(&config);
    return s;
}

static const double per_piece[] = {[PT_RESOURCE_MADDS] = 11,
                                   [PT_RESOURCE_PARAMETERS] = 7,
                                   [PT_RESOURCE_ACTIVATION] = 6,
                                   [PT_RESOURCE_SECONDS] = 0.5};

static pt_resource_model_t make_model(const pt_space_t *s, pt_resource_t kind)
{
    pt_resource_model_t model;
    config.resource.kind = kind;
    assert_int_equal(pt_resource_init(&model, &config, s), PT_OK);
    return model;
}

/* Nodes 1, 2: pieces 1 in_1, 2 out_1, 3 in_2, 4 edge, 5 out_2, heads 6 and on. */
static void costs_are_in_the_unit_of_their_kind(void **state)
{
    (void)state;
    const pt_space_t *s = make_priced_space(2, 1, 1, 2);
    static const pt_resource_t kinds[] = {PT_RESOURCE_MADDS, PT_RESOURCE_PARAMETERS,
                                          PT_RESOURCE_ACTIVATION};
    for (int x = 0; x < 3; x++)
        for (int heads = 0; heads < 2; heads++) {
            config.resource.heads = heads;
            pt_resource_model_t m = make_model(s, kinds[x]);
            double unit = per_piece[kinds[x]], fixed = 5, all = 15 - 2 - 3, chain = 10;
            double times = kinds[x] == PT_RESOURCE_PARAMETERS ? 1 : 2;
            assert_true(m.fixed == unit * (fixed * times + heads * (6 + 7)));
            /* min_depth 1: out_1 and in_2 are on no connection. */
            assert_true(m.full == m.fixed + unit * times * all);
            assert_true(m.shared == m.fixed + unit * times * chain);
            assert_true(m.least == m.shared && m.budget == INFINITY);
            assert_true(fabs(m.scale * m.shared - 1) < 1e-15);
            pt_resource_release(&m);
        }
    config.resource.heads = false;
    config.resource.scale = PT_RESOURCE_GFLOP;
    pt_resource_model_t m = make_model(s, PT_RESOURCE_MADDS);
    assert_true(m.scale == 2e-9);
    pt_resource_release(&m);
    config.resource.kind = PT_RESOURCE_PARAMETERS;
    assert_int_equal(pt_resource_init(&m, &config, s), PT_E_CONFIG);
}

static void refuse(const pt_space_t *s, pt_status_t status, const char *says)
{
    pt_resource_model_t m;
    assert_int_equal(pt_resource_init(&m, &config, s), status);
    assert_non_null(strstr(pt_error_message(), says));
}

static void write_table(const char *text)
{
    FILE *file = fopen(config.resource.table, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void table_of_seconds_names_every_piece_once(void **state)
{
    (void)state;
    const pt_space_t *s = make_priced_space(2, 1, 1, 2);
    char whole[] = "# seconds\n\npiece_0 0.5\n piece_1\t1\npiece_2 2e0\npiece_3 3\n"
                   "piece_4 4\npiece_5 5\n";
    char text[512], name[] = "/tmp/pt_table_XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    close(fd);
    strcpy(config.resource.table, name);
    write_table(whole);
    pt_resource_model_t m = make_model(s, PT_RESOURCE_SECONDS);
    assert_true(m.fixed == 2 * 0.5 && m.shared == 1 + 2 * (1 + 4 + 5));
    pt_resource_release(&m);

    config.resource.heads = true;
    refuse(s, PT_E_FORMAT, "no line for piece_6");
    config.resource.heads = false;
    static const char *const wrong[][2] = {{"piece_9 1", ":9: the space has no piece_9"},
                                           {"piece_1 1", ":9: piece_1 is there twice"},
                                           {"piece_6 -1", ":9: expected a name"},
                                           {"piece_6 1 x", ":9: expected a name"},
                                           {"piece_6 nan", ":9: expected a name"},
                                           {"piece_6", ":9: expected a name"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(text, sizeof text, "%s%s\n", whole, wrong[i][0]);
        write_table(text);
        refuse(s, PT_E_FORMAT, wrong[i][1]);
    }
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    write_table(text);
    refuse(s, PT_E_FORMAT, "longer than");
    unlink(name);
    refuse(s, PT_E_IO, name);
}

static void budget_below_the_cheapest_network_is_refused(void **state)
{
    (void)state;
    const pt_space_t *s = make_priced_space(4, 3, 1, N_TASK);
    pt_resource_model_t m = make_model(s, PT_RESOURCE_MADDS);
    double least = m.least, full = m.full;
    char cost[32];
    pt_resource_release(&m);
    assert_true(least < full);
    snprintf(cost, sizeof cost, "costs %.6g", least);
    config.resource.budget.amount = least;
    m = make_model(s, PT_RESOURCE_MADDS);
    assert_true(m.budget == least);
    pt_resource_release(&m);
    config.resource.budget.amount = least - 1;
    refuse(s, PT_E_RANGE, cost);
    config.resource.budget.is_share = true;
    config.resource.budget.amount = 0.5;
    m = make_model(s, PT_RESOURCE_MADDS);
    assert_true(m.budget == 0.5 * full);
    pt_resource_release(&m);
    config.resource.budget.amount = 0.99 * least / full;
    refuse(s, PT_E_RANGE, cost);
}

static void fill_logits(pt_alpha_t *alpha, uint32_t seed)
{
    for (int32_t i = 0; i < alpha->n_task * alpha->n_choice; i++)
        alpha->logit[i] = 6 * draw(seed, i) - 3;
}

/* Sum over all 2^10 outcomes of probability times cost, the latter by its definition. */
static void expected_cost_is_that_of_enumeration(void **state)
{
    (void)state;
    const pt_space_t *s = make_priced_space(2, 1, 0, 2);
    pt_alpha_t alpha;
    double p[2][5], low, high;
    assert_int_equal(pt_alpha_init(&alpha, 2, 5), PT_OK);
    fill_logits(&alpha, 0);
    pt_alpha_p(s, &alpha, 0, p[0]);
    pt_alpha_p(s, &alpha, 1, p[1]);
    for (int kind = PT_RESOURCE_MADDS; kind <= PT_RESOURCE_PARAMETERS; kind++) {
        pt_resource_model_t m = make_model(s, (pt_resource_t)kind);
        double expected = m.fixed;
        for (uint32_t outcome = 0; outcome < 1 << 10; outcome++) {
            double chance = 1, cost = 0;
            for (int32_t c = 0; c < 5; c++) {
                bool a = outcome >> c & 1, b = outcome >> (5 + c) & 1;
                chance *= (a ? p[0][c] : 1 - p[0][c]) * (b ? p[1][c] : 1 - p[1][c]);
                cost += (c + 1) * (kind == PT_RESOURCE_MADDS ? a + b : a | b);
            }
            expected += chance * cost * per_piece[kind];
        }
        assert_int_equal(pt_resource_expect(&m, &alpha, &low, &high), PT_OK);
        assert_true(low == high && fabs(low - expected) < 1e-12 * expected);
        pt_resource_release(&m);
    }
    pt_alpha_release(&alpha);
}

static void gradient_is_that_of_finite_differences(void **state)
{
    (void)state;
    const pt_space_t *s = make_priced_space(4, 2, 1, N_TASK);
    pt_alpha_t alpha;
    double dlogit[32], up, down, high, h = 1e-5, weight = 2.5;
    assert_int_equal(pt_alpha_init(&alpha, N_TASK, s->n_choice), PT_OK);
    for (int kind = PT_RESOURCE_MADDS; kind <= PT_RESOURCE_ACTIVATION; kind++) {
        pt_resource_model_t m = make_model(s, (pt_resource_t)kind);
        fill_logits(&alpha, (uint32_t)kind);
        for (int32_t i = 0; i < N_TASK * s->n_choice; i++) {
            int32_t k = i / s->n_choice, c = i % s->n_choice;
            double keep = alpha.logit[i];
            alpha.logit[i] = keep + h;
            assert_int_equal(pt_resource_expect(&m, &alpha, &up, &high), PT_OK);
            alpha.logit[i] = keep - h;
            assert_int_equal(pt_resource_expect(&m, &alpha, &down, &high), PT_OK);
            alpha.logit[i] = keep;
            assert_int_equal(pt_resource_expect(&m, &alpha, &high, &high), PT_OK);
            dlogit[c] = 1; /* what is there is added to */
            pt_resource_gradient(&m, k, weight, dlogit);
            assert_true(fabs(1 + weight * m.scale * (up - down) / (2 * h) - dlogit[c]) <
                        1e-8);
        }
        pt_resource_release(&m);
    }
    pt_alpha_release(&alpha);
}

static uint64_t lots = 3; /* seed of deriving */

static pt_derived_t derive(const pt_resource_model_t *m, const pt_alpha_t *alpha,
                           pt_subnet_t *subnet)
{
    pt_derived_t d;
    pt_rng_t rng = {.seed = lots, .purpose = PT_RNG_DERIVE};
    double cost;
    assert_int_equal(pt_derive_network(&config, m, alpha, &rng, subnet, &d), PT_OK);
    assert_int_equal(pt_resource_cost(m, subnet, &cost), PT_OK);
    assert_true(d.cost == cost);
    for (int32_t k = 0; k < N_TASK; k++) {
        assert_true(pt_connected(m->space, pt_subnet_bits(subnet, k)));
        for (int32_t c = 0; c < m->space->n_choice; c++)
            assert_true(pt_subnet_gates(subnet, k)[c] ==
                        (pt_real_t)pt_bitset_get(pt_subnet_bits(subnet, k), c));
    }
    return d;
}

/* A budget changes nothing where the reduction keeps it, and is kept where it can be. */
static void derived_network_keeps_every_feasible_budget(void **state)
{
    (void)state;
    const pt_space_t *s = make_priced_space(5, 3, 1, N_TASK);
    static const pt_rule_t rules[] = {PT_RULE_FLOW, PT_RULE_P, PT_RULE_RANDOM};
    pt_alpha_t alpha;
    pt_subnet_t free, kept;
    int32_t n_loose = 0, n_cut = 0, n_cheapest = 0;
    config.squeeze.kappa = 6;
    assert_int_equal(pt_alpha_init(&alpha, N_TASK, s->n_choice), PT_OK);
    assert_int_equal(pt_subnet_init(&free, N_TASK, s->n_choice), PT_OK);
    assert_int_equal(pt_subnet_init(&kept, N_TASK, s->n_choice), PT_OK);
    for (uint32_t seed = 0; seed < 300; seed++) {
        fill_logits(&alpha, seed);
        config.derive.rule = rules[seed % 3];
        config.resource.budget.amount = 0;
        pt_resource_model_t m =
            make_model(s, seed % 2 ? PT_RESOURCE_MADDS : PT_RESOURCE_PARAMETERS);
        pt_derived_t a = derive(&m, &alpha, &free);
        assert_true(a.n_change == 0 && !a.is_cheapest);
        m.budget = m.least + (a.cost * 1.2 - m.least) * draw(99, seed);
        if (seed % 20 == 0)
            m.budget = m.least;
        pt_derived_t b = derive(&m, &alpha, &kept);
        assert_true(b.cost <= m.budget);
        assert_true(!b.is_cheapest || b.cost == m.least);
        n_cheapest += b.is_cheapest;
        if (a.cost <= m.budget) {
            n_loose++;
            assert_int_equal(b.n_change, 0);
            assert_memory_equal(free.bits, kept.bits,
                                N_TASK * kept.words * sizeof *kept.bits);
        } else {
            n_cut++;
            assert_true(b.n_change > 0 || b.is_cheapest);
        }
        pt_resource_release(&m);
    }
    assert_true(n_loose > 20 && n_cut > 100 && n_cheapest > 0 && n_cheapest < n_cut / 2);
    pt_subnet_release(&free);
    pt_subnet_release(&kept);
    pt_alpha_release(&alpha);
}

/* The pieces in_1, out_1, in_2, edge, out_2 cost 11 times 1, 2, 3, 4, 5; in_1, edge and
 * out_2 have p = 1, out_1 and in_2 1/2.  Task 1 loses in_2, of flow 0.32 in 1.82, before
 * task 0 loses out_1, of flow 0.3 in 1.8: what counts is flow per cost, over 33 and 22.
 * Whatever else goes takes more with it, for more: out_2 of task 1, (1 + 0.32)/(55 + 44 +
 * 33). */
static void least_flow_per_cost_goes_first(void **state)
{
    (void)state;
    const pt_space_t *s = make_priced_space(2, 1, 0, N_TASK);
    pt_alpha_t alpha;
    pt_subnet_t subnet;
    assert_int_equal(pt_alpha_init(&alpha, N_TASK, s->n_choice), PT_OK);
    assert_int_equal(pt_subnet_init(&subnet, N_TASK, s->n_choice), PT_OK);
    config.squeeze.kappa = 1;
    config.derive.keep = 1; /* nothing goes before the budget asks */
    for (int32_t i = 0; i < N_TASK * 5; i++)
        alpha.logit[i] = i % 5 == 1 || i % 5 == 2 ? 0 : 50;
    alpha.logit[0 * 5 + 1] = log(0.30 / 0.70);
    alpha.logit[1 * 5 + 2] = log(0.32 / 0.68);
    pt_resource_model_t m = make_model(s, PT_RESOURCE_MADDS);
    m.budget = m.full - 11;
    pt_derived_t d = derive(&m, &alpha, &subnet);
    assert_int_equal(d.n_change, 1);
    assert_true(d.cost == m.full - 33);
    assert_int_equal(*pt_subnet_bits(&subnet, 0), 31);
    assert_int_equal(*pt_subnet_bits(&subnet, 1), 31 - 4);
    assert_int_equal(*pt_subnet_bits(&subnet, 2), 31);
    pt_resource_release(&m);
    pt_subnet_release(&subnet);
    pt_alpha_release(&alpha);
}

/* The same pieces; in_2 has the least flow per cost in every task, but through the
 * read-outs of task 1 flows a tenth of what flows in the others: it loses in_2 as they do,
 * rather than out_1 besides. */
static void tasks_of_little_flow_lose_no_more(void **state)
{
    (void)state;
    const pt_space_t *s = make_priced_space(2, 1, 0, N_TASK);
    static const double p[] = {1 - 1e-9, 0.5, 0.3, 1 - 1e-9, 1 - 1e-9};
    pt_alpha_t alpha;
    pt_subnet_t subnet;
    assert_int_equal(pt_alpha_init(&alpha, N_TASK, s->n_choice), PT_OK);
    assert_int_equal(pt_subnet_init(&subnet, N_TASK, s->n_choice), PT_OK);
    config.squeeze.kappa = 1;
    config.derive.keep = 1;
    for (int32_t i = 0; i < N_TASK * 5; i++) {
        bool is_little = i / 5 == 1 && (i % 5 == 1 || i % 5 == 4);
        double q = is_little ? p[i % 5] / 10 : p[i % 5];
        alpha.logit[i] = log(q / (1 - q));
    }
    pt_resource_model_t m = make_model(s, PT_RESOURCE_MADDS);
    m.budget = m.full - N_TASK * 33;
    pt_derived_t d = derive(&m, &alpha, &subnet);
    assert_int_equal(d.n_change, N_TASK);
    for (int32_t k = 0; k < N_TASK; k++)
        assert_int_equal(*pt_subnet_bits(&subnet, k), 31 - 4);
    pt_resource_release(&m);
    pt_subnet_release(&subnet);
    pt_alpha_release(&alpha);
}

/* Tasks of equal logits, of which one has to pay: over seeds each of them does, alike. */
static void ties_are_drawn(void **state)
{
    (void)state;
    enum { N_SEED = 300 };
    const pt_space_t *s = make_priced_space(2, 1, 0, N_TASK);
    pt_alpha_t alpha;
    pt_subnet_t subnet;
    int32_t n_paid[N_TASK] = {0};
    assert_int_equal(pt_alpha_init(&alpha, N_TASK, s->n_choice), PT_OK);
    assert_int_equal(pt_subnet_init(&subnet, N_TASK, s->n_choice), PT_OK);
    config.squeeze.kappa = 1;
    config.derive.keep = 1;
    for (int32_t i = 0; i < N_TASK * 5; i++)
        alpha.logit[i] = 0;
    pt_resource_model_t m = make_model(s, PT_RESOURCE_MADDS);
    m.budget = m.full - 1;
    for (lots = 0; lots < N_SEED; lots++) {
        int32_t n = 0;
        (void)derive(&m, &alpha, &subnet);
        for (int32_t k = 0; k < N_TASK; k++) {
            bool has_paid = *pt_subnet_bits(&subnet, k) != 31;
            n += has_paid;
            n_paid[k] += has_paid;
        }
        assert_int_equal(n, 1);
    }
    lots = 3;
    for (int32_t k = 0; k < N_TASK; k++)
        assert_in_range(n_paid[k], N_SEED / N_TASK / 2, N_SEED / N_TASK * 3 / 2);
    pt_resource_release(&m);
    pt_subnet_release(&subnet);
    pt_alpha_release(&alpha);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(costs_are_in_the_unit_of_their_kind),
        cmocka_unit_test(table_of_seconds_names_every_piece_once),
        cmocka_unit_test(budget_below_the_cheapest_network_is_refused),
        cmocka_unit_test(expected_cost_is_that_of_enumeration),
        cmocka_unit_test(gradient_is_that_of_finite_differences),
        cmocka_unit_test(derived_network_keeps_every_feasible_budget),
        cmocka_unit_test(least_flow_per_cost_goes_first),
        cmocka_unit_test(tasks_of_little_flow_lose_no_more),
        cmocka_unit_test(ties_are_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
