/* Plans against finite differences, in double: the whole way from subnet to gradients.
 *
 * The loss is a fixed random linear functional of every head's output, so that its gradient
 * is exact and all error is the difference quotient's: about eps^2 + 1e-16/eps = 1e-10
 * relative at eps = 1e-6, and 2^-40 = 1e-12 absolute from the fixed-point sums.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "polytree/base/memory.h"
#include "polytree/graph/exec.h"

enum { N_TASK = 3, OUTPUTS = 4, MICROBATCH = 3 };
#define EPSILON 1e-6
#define TOLERANCE 1e-6

typedef struct fixture {
    pt_config_t config;
    pt_kernel_t kernel;
    pt_space_t *space;
    pt_exec_t *exec;
    pt_plan_t *plan;
    pt_subnet_t subnet;
    double *input, *dgate, *stat, *stat_sum;
    double loss[N_TASK]; /**< of the last run */
} fixture_t;

static double noise(uint64_t index)
{
    pt_rng_t rng = {.seed = 7, .purpose = PT_RNG_DRAW};
    return pt_rng_normal(&rng, index);
}

static void linear_loss(void *context, int32_t task, const pt_real_t *output,
                        pt_real_t *doutput)
{
    fixture_t *f = context;
    int64_t n = MICROBATCH * f->space->task[task].outputs;

    f->loss[task] = 0;
    for (int64_t i = 0; i < n; i++) {
        double c = noise(1000000 + (uint64_t)(task * 1000 + i));
        f->loss[task] += c * output[i];
        if (doutput != NULL)
            doutput[i] = c;
    }
}

static void set_config(pt_config_t *c)
{
    static const int64_t channels[] = {3, 3, 4, 4}, stride[] = {1, 1, 2, 1};

    memset(c, 0, sizeof *c);
    c->space.nodes = 4;
    c->space.flow = 2;
    c->space.min_depth = 1;
    strcpy(c->space.op, "conv3x3_bn_relu");
    strcpy(c->space.stem, "conv3x3_bn_relu");
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
    pt_space_spec_t spec = {5, 6, 2, N_TASK, task, NULL};

    set_config(&f->config);
    assert_int_equal(pt_kernel_init(&f->kernel, PT_BACKEND_REF, PT_ISA_NATIVE, 1), PT_OK);
    assert_int_equal(pt_space_new(&f->config, &spec, &f->kernel, &f->space), PT_OK);
    pt_store_fill(&f->space->store, 3);
    /* Away from the symmetric start: scales and shifts of batch norms too. */
    for (int64_t i = 0; i < f->space->store.n_block * PT_BLOCK; i++)
        f->space->store.value[i] += 0.2 * noise((uint64_t)i);
    f->space->store.version = 1;
    assert_int_equal(pt_plan_new(f->space, N_TASK, &f->plan), PT_OK);
    assert_int_equal(pt_exec_new(f->space, pt_plan_arena_bound(f->plan), &f->exec), PT_OK);
    assert_int_equal(pt_subnet_init(&f->subnet, N_TASK, f->space->n_choice), PT_OK);
    int64_t n = pt_shape_count(f->space->node[0].shape);
    f->input = calloc((size_t)n, sizeof *f->input);
    f->dgate = calloc((size_t)(N_TASK * f->space->n_choice), sizeof *f->dgate);
    f->stat = calloc((size_t)pt_plan_stat_bound(f->plan), sizeof *f->stat);
    f->stat_sum = calloc((size_t)pt_plan_stat_bound(f->plan), sizeof *f->stat_sum);
    for (int64_t i = 0; i < n; i++)
        f->input[i] = noise(500000 + (uint64_t)i);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_t *f = *state;

    pt_subnet_release(&f->subnet);
    pt_exec_free(f->exec);
    pt_plan_free(f->plan);
    pt_space_free(f->space);
    pt_kernel_release(&f->kernel);
    free(f->input);
    free(f->dgate);
    free(f->stat);
    free(f->stat_sum);
    free(f);
    assert_int_equal(pt_memory_bytes(), 0);
    return 0;
}

/** Compile for tasks first..last, run, and return the sum of their losses. */
static double run(fixture_t *f, pt_phase_t phase, int32_t first, int32_t last)
{
    int32_t task[N_TASK], n = 0;
    pt_unit_t unit = {.input = f->input,
                      .subnet = &f->subnet,
                      .rng = {.seed = 11, .step = 5},
                      .stat = f->stat,
                      .stat_sum = f->stat_sum,
                      .dgate = f->dgate,
                      .limit = 0x1p58,
                      .loss = linear_loss,
                      .loss_context = f};
    double loss = 0;

    for (int32_t k = first; k <= last; k++)
        task[n++] = k;
    f->space->store.version++;
    assert_int_equal(pt_plan_compile(f->plan, &f->subnet, phase, task, n), PT_OK);
    assert_true(pt_plan_arena_bytes(f->plan) <= pt_plan_arena_bound(f->plan));
    assert_int_equal(pt_exec_run(f->exec, f->plan, &unit), -1);
    for (int32_t i = 0; i < n; i++)
        loss += f->loss[task[i]];
    return loss;
}

static void assert_close(double got, double want, double scale)
{
    if (fabs(got - want) > TOLERANCE * (fabs(want) + scale))
        fail_msg("got %.12g, finite differences say %.12g", got, want);
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

static void check_weights(fixture_t *f, int32_t first, int32_t last)
{
    pt_store_t *store = &f->space->store;
    int32_t checked = 0;

    memset(store->grad_sum, 0, (size_t)store->n_block * PT_BLOCK * sizeof *store->grad_sum);
    run(f, PT_PHASE_WEIGHT, first, last);
    int64_t *sum = calloc((size_t)store->n_block * PT_BLOCK, sizeof *sum);
    memcpy(sum, store->grad_sum, (size_t)store->n_block * PT_BLOCK * sizeof *sum);
    for (int32_t p = 0; p < store->n_param; p++)
        for (int64_t i = 0; i < store->param[p].count; i += 1 + store->param[p].count / 5) {
            double *w = &store->value[store->param[p].offset + i], kept = *w;
            double got = (double)sum[store->param[p].offset + i] / PT_FIXED_SCALE;
            *w = kept + EPSILON;
            double up = run(f, PT_PHASE_WEIGHT, first, last);
            *w = kept - EPSILON;
            double down = run(f, PT_PHASE_WEIGHT, first, last);
            *w = kept;
            assert_close(got, (up - down) / (2 * EPSILON), 1e-2);
            checked += got != 0;
        }
    free(sum);
    assert_true(checked > 20);
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

/** dloss_k / dgate of task k by differences, on a soft copy of the subnet. */
static double gate_quotient(fixture_t *f, int32_t task, int32_t choice)
{
    bool was_soft = f->subnet.is_soft,
         was_on = pt_bitset_get(pt_subnet_bits(&f->subnet, task), choice);
    double *gate = &pt_subnet_gates(&f->subnet, task)[choice], kept = *gate;

    f->subnet.is_soft = true;
    pt_bitset_set(pt_subnet_bits(&f->subnet, task), choice, true);
    *gate = kept + EPSILON;
    double up = run(f, PT_PHASE_WEIGHT, task, task);
    *gate = kept - EPSILON;
    double down = run(f, PT_PHASE_WEIGHT, task, task);
    *gate = kept;
    pt_bitset_set(pt_subnet_bits(&f->subnet, task), choice, was_on);
    f->subnet.is_soft = was_soft;
    return (up - down) / (2 * EPSILON);
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

    run(f, PT_PHASE_ALPHA, 0, N_TASK - 1);
    memcpy(got, f->dgate, (size_t)(N_TASK * n) * sizeof *got);
    for (int32_t k = 0; k < N_TASK; k++)
        for (int32_t c = 0; c < n; c++) {
            if (!is_between_live_nodes(f, k, c)) {
                assert_true(got[k * n + c] == 0);
                continue;
            }
            assert_close(got[k * n + c], gate_quotient(f, k, c), 1e-2);
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
    run(f, PT_PHASE_ALPHA, 0, N_TASK - 1);
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
        alone[k] = run(f, PT_PHASE_WEIGHT, k, k);
        trunk_and_head[k] = pt_plan_madds(f->plan);
        heads += 4 * f->space->task[k].outputs;
    }
    run(f, PT_PHASE_WEIGHT, 0, N_TASK - 1);
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
        memset(f->stat_sum, 0, (size_t)pt_plan_stat_bound(f->plan) * sizeof *f->stat_sum);
        double want = run(f, PT_PHASE_CALIBRATE, 0, N_TASK - 1);
        for (int32_t i = 0; i < pt_plan_n_stat(f->plan); i++) {
            const pt_plan_stat_t *s = pt_plan_stat(f->plan, i);
            for (int64_t c = s->offset; c < s->offset + s->channels; c++) {
                f->stat[c] = f->stat_sum[c] / (double)s->count;
                f->stat[c + s->channels] = f->stat_sum[c + s->channels] / (double)s->count -
                                           f->stat[c] * f->stat[c];
            }
        }
        double got = run(f, PT_PHASE_EVAL, 0, N_TASK - 1);
        assert_close(got, want, 1e-2);
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
    assert_int_equal(pt_plan_compile(f->plan, &f->subnet, PT_PHASE_WEIGHT, &task, 1),
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
