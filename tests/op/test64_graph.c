/* Plans of dag spaces against finite differences; graph64.h says how. */
#include "graph64.h"

enum { OUTPUTS = 4 };

static void set_config(pt_config_t *c)
{
    static const int64_t channels[] = {3, 3, 4, 4}, stride[] = {1, 1, 2, 1};

    memset(c, 0, sizeof *c);
    c->space.nodes = 4;
    c->space.flow = 2;
    c->space.min_depth = 1;
    strcpy(c->space.op, "conv3x3_bn_relu");
    strcpy(c->space.stem, "conv3x3_bn_relu");
    c->space.width = 1;
    c->space.stem_channels = 3;
    c->space.channels.n = c->space.stride.n = 4;
    memcpy(c->space.channels.value, channels, sizeof channels);
    memcpy(c->space.stride.value, stride, sizeof stride);
    c->head.kind = PT_HEAD_CLASSIFIER;
    c->head.dropout = 0.25;
    c->train.microbatch = MICROBATCH;
    c->bn.eps = 1e-3;
}

static int setup(void **state)
{
    static const pt_space_task_t task[N_TASK] = {
        {"one", 2, false}, {"two", OUTPUTS, false}, {"three", 3, false}};
    fixture_t *f = calloc(1, sizeof *f);
    pt_space_spec_t spec = {5, 6, 2, N_TASK, task, NULL, 0};

    set_config(&f->config);
    begin_space(f, &spec);
    *state = f;
    return 0;
}

/** Hard bits from a word; soft gates spread over (0, 1). */
static void set_subnet(fixture_t *f, bool is_soft, uint64_t seed)
{
    f->subnet.is_soft = is_soft;
    for (int32_t k = 0; k < N_TASK; k++)
        for (int32_t c = 0; c < f->space->n_choice; c++) {
            pt_rng_t rng = {.seed = seed, .purpose = PT_RNG_GATE, .task = (uint16_t)k};
            double u = pt_rng_uniform(&rng, (uint64_t)c);
            pt_subnet_switch(&f->subnet, k, c, is_soft || u < 0.6);
            if (is_soft)
                pt_subnet_gates(&f->subnet, k)[c] = u;
        }
    /* A way from stem to head for every task, whatever was drawn. */
    for (int32_t k = 0; k < N_TASK && !is_soft; k++) {
        pt_subnet_switch(&f->subnet, k, pt_space_find_choice(f->space, PT_CHOICE_IN, 0, 1),
                         true);
        pt_subnet_switch(&f->subnet, k, pt_space_find_choice(f->space, PT_CHOICE_OUT, 1, 0),
                         true);
    }
}

/* The sums of a weight step are the derivative of the sum of losses: soft gates, where the
 * stem alone is shared by the three tasks. */
static void test_weight_gradients_soft(void **state)
{
    fixture_t *f = *state;
    set_subnet(f, true, 1);
    check_weights(f, 0, N_TASK - 1);
}

/* The same with hard gates, where tasks share whatever prefix their choices agree on. */
static void test_weight_gradients_hard(void **state)
{
    fixture_t *f = *state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        set_subnet(f, false, seed);
        check_weights(f, 0, N_TASK - 1);
    }
    for (int32_t c = 0; c < f->space->n_choice; c++) /* everything shared but the heads */
        for (int32_t k = 0; k < N_TASK; k++)
            pt_subnet_switch(&f->subnet, k, c, true);
    check_weights(f, 0, N_TASK - 1);
}

/* A task alone in its plan. */
static void test_weight_gradients_single(void **state)
{
    fixture_t *f = *state;
    set_subnet(f, true, 2);
    check_weights(f, 1, 1);
}

/** Node liveness bits of a choice's ends. */
static bool is_between_live_nodes(fixture_t *f, int32_t task, int32_t choice)
{
    uint8_t candidate[64], node[64];
    const pt_candidate_t *c = &f->space->candidate[f->space->choice[choice].candidate];

    pt_subnet_reach(f->space, &f->subnet, task, candidate, node);
    return (node[c->src] & 1) != 0 && node[c->dst] == 3;
}

static void check_gates(fixture_t *f)
{
    int32_t n = f->space->n_choice, checked = 0;
    double *got = calloc((size_t)(N_TASK * n), sizeof *got);

    run(f, PT_PASS_ALPHA, 0, N_TASK - 1);
    memcpy(got, f->dgate, (size_t)(N_TASK * n) * sizeof *got);
    for (int32_t k = 0; k < N_TASK; k++)
        for (int32_t c = 0; c < n; c++) {
            if (!is_between_live_nodes(f, k, c)) {
                assert_true(got[k * n + c] == 0);
                continue;
            }
            assert_close(got[k * n + c], gate_quotient(f, k, c), SCALE);
            checked += got[k * n + c] != 0;
        }
    assert_true(checked > N_TASK * n / 3);
    free(got);
}

/* An alpha step's gate gradients are each task's own derivatives: soft gates. */
static void test_gate_gradients_soft(void **state)
{
    fixture_t *f = *state;
    set_subnet(f, true, 3);
    check_gates(f);
}

/* Hard gates: open ones at 1 and closed ones at 0, in plans that share forwards. */
static void test_gate_gradients_hard(void **state)
{
    fixture_t *f = *state;
    for (uint64_t seed = 4; seed <= 8; seed++) {
        set_subnet(f, false, seed);
        check_gates(f);
    }
}

/* Alpha steps leave the weights' sums alone. */
static void test_alpha_forms_no_weight_gradients(void **state)
{
    fixture_t *f = *state;
    pt_store_t *store = &f->space->store;

    memset(store->grad_sum, 0, (size_t)store->n_block * PT_BLOCK * sizeof *store->grad_sum);
    set_subnet(f, true, 3);
    run(f, PT_PASS_ALPHA, 0, N_TASK - 1);
    for (int64_t i = 0; i < store->n_block * PT_BLOCK; i++)
        assert_true(store->grad_sum[i] == 0);
}

/* Tasks with equal choices run their common part once: forward cost of three equal tasks is
 * one trunk and three heads, and every plan gives the losses of the tasks run alone. */
static void test_sharing(void **state)
{
    fixture_t *f = *state;
    double alone[N_TASK];
    int64_t trunk_and_head[N_TASK], heads = 0;

    for (int32_t c = 0; c < f->space->n_choice; c++)
        for (int32_t k = 0; k < N_TASK; k++)
            pt_subnet_switch(&f->subnet, k, c, true);
    f->subnet.is_soft = false;
    for (int32_t k = 0; k < N_TASK; k++) {
        alone[k] = run(f, PT_PASS_WEIGHT, k, k);
        trunk_and_head[k] = pt_plan_madds(f->plan);
        heads += 4 * f->space->task[k].outputs;
    }
    run(f, PT_PASS_WEIGHT, 0, N_TASK - 1);
    for (int32_t k = 0; k < N_TASK; k++)
        assert_true(f->loss[k] == alone[k]);
    int64_t trunk = trunk_and_head[0] - 4 * f->space->task[0].outputs;
    assert_int_equal(pt_plan_madds(f->plan), trunk + heads);
}

/* Statistics collected by a calibrate run are those its batch norms ran on: an eval run on
 * them gives the same outputs, because dropout is off in both. */
static void test_calibration(void **state)
{
    fixture_t *f = *state;

    for (int32_t hard = 0; hard < 2; hard++) {
        set_subnet(f, hard == 0, 5);
        double want = run(f, PT_PASS_CALIBRATE, 0, N_TASK - 1);
        for (int32_t i = 0; i < pt_plan_n_stat(f->plan); i++) {
            const pt_plan_stat_t *s = pt_plan_stat(f->plan, i);
            for (int64_t c = s->offset; c < s->offset + s->channels; c++) {
                f->stat[c] = f->unit_stat[c];
                f->stat[c + s->channels] = f->unit_stat[c + s->channels] / (double)s->count;
            }
        }
        double got = run(f, PT_PASS_EVAL, 0, N_TASK - 1);
        assert_close(got, want, SCALE);
    }
}

/* A subnet without a way from input to head is refused, naming the task. */
static void test_no_path(void **state)
{
    fixture_t *f = *state;
    int32_t task = 1;

    set_subnet(f, false, 1);
    for (int32_t c = 0; c < f->space->n_choice; c++)
        pt_subnet_switch(&f->subnet, 1, c, false);
    assert_int_equal(pt_plan_compile(f->plan, &f->subnet, PT_PASS_WEIGHT, &task, 1),
                     PT_E_RANGE);
    assert_non_null(strstr(pt_error_message(), "two"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_weight_gradients_soft, setup, teardown),
        cmocka_unit_test_setup_teardown(test_weight_gradients_hard, setup, teardown),
        cmocka_unit_test_setup_teardown(test_weight_gradients_single, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gate_gradients_soft, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gate_gradients_hard, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alpha_forms_no_weight_gradients, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_sharing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_calibration, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_path, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
