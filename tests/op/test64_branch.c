/* Plans of branch spaces, of all blocks and heads, against finite differences (graph64.h),
 * and what sharing must give. */
#include "graph64.h"

enum { MAX_LAYER = 4, MAX_CHOICE = 64 };

/** A small space for each test: together they have every block and every head. */
typedef struct variant {
    const char *option[16]; /**< NULL-terminated */
} variant_t;

static const variant_t inverted = {
    {"space.kind=branch", "encoder.stem=conv3x3_bn_relu6 out=3 stride=2",
     "encoder.layers=inverted_residual out=3 expand=2\n"
     "inverted_residual out=4 stride=2 expand=2\nraspp out=3",
     "space.output_stride=2", "space.copies=2", "head.kind=deeplab", "head.skip=l01",
     "head.width=3", "head.separable=1", "head.dropout=0.25"}};
static const variant_t residual = {
    {"space.kind=branch", "encoder.stem=conv3x3_bn_relu_maxpool3x3 out=4",
     "encoder.layers=basic out=4\nbottleneck out=8 stride=2\naspp out=2 separable=1",
     "space.copies=2", "head.kind=upsample", "head.align_corners=1",
     "space.affine_last=1"}};
static const variant_t edges = {
    {"space.kind=dag", "space.nodes=3", "space.flow=2", "space.min_depth=1",
     "space.op=inverted_residual expand=2", "space.channels=3 3 4", "space.stride=1 2 1",
     "space.stem_channels=3", "space.stem=conv3x3_bn_relu_conv3x3_bn_relu stride=2",
     "space.adapter_norm=1", "head.kind=deeplab", "head.skip=x", "head.width=2",
     "head.norm=1"}};
static const variant_t stemless = {
    {"space.kind=branch", "encoder.stem=none",
     "encoder.layers=conv3x3_bn_relu out=3 stride=2\nbasic out=3", "space.copies=2",
     "head.kind=upsample"}};
/* No affine is stripped here, so that both spaces of test_derived have equal tensors. */
static const variant_t plain = {
    {"space.kind=branch", "encoder.stem=conv3x3_bn_relu out=3",
     "encoder.layers=conv3x3_bn_relu out=3 stride=2\nbasic out=3\nbasic out=3",
     "space.copies=3", "space.affine_last=1", "head.dropout=0"}};

static const pt_space_task_t tasks[N_TASK] = {
    {"one", 2, true}, {"two", 3, false}, {"three", 1, true}};

static void read_variant(pt_config_t *config, const variant_t *variant)
{
    pt_config_init(config);
    for (int i = 0; variant->option[i] != NULL; i++)
        if (pt_config_set(config, variant->option[i]) != PT_OK)
            fail_msg("%s", pt_error_message());
    config->train.microbatch = MICROBATCH;
    config->bn.eps = 1e-3;
}

static fixture_t *make_fixture(const variant_t *variant, const pt_branching_t *branching)
{
    fixture_t *f = calloc(1, sizeof *f);
    pt_space_spec_t spec = {7, 6, 2, N_TASK, tasks, branching, 0};

    read_variant(&f->config, variant);
    begin_space(f, &spec);
    return f;
}

static int setup(void **state)
{
    *state = make_fixture(*state, NULL);
    return 0;
}

static double uniform(uint64_t seed, int32_t task, int32_t index)
{
    pt_rng_t rng = {.seed = seed, .purpose = PT_RNG_GATE, .task = (uint16_t)task};
    return pt_rng_uniform(&rng, (uint64_t)index);
}

/** All candidates, at gates spread over (0, 1). */
static void open_all(fixture_t *f, uint64_t seed)
{
    f->subnet.is_soft = true;
    for (int32_t k = 0; k < N_TASK; k++)
        for (int32_t c = 0; c < f->space->n_choice; c++) {
            pt_subnet_switch(&f->subnet, k, c, true);
            pt_subnet_gates(&f->subnet, k)[c] = uniform(seed, k, c);
        }
}

/** One copy for each task and layer: copy[l * N_TASK + k]. */
static void choose(fixture_t *f, const int32_t *copy)
{
    const pt_space_t *s = f->space;

    f->subnet.is_soft = false;
    for (int32_t l = 0; l < s->n_layer; l++)
        for (int32_t k = 0; k < N_TASK; k++)
            for (int32_t c = s->layer_choice[l]; c < s->layer_choice[l + 1]; c++)
                pt_subnet_switch(&f->subnet, k, c,
                                 c - s->layer_choice[l] == copy[l * N_TASK + k]);
}

static void draw_copies(const pt_space_t *s, uint64_t seed, int32_t *copy)
{
    for (int32_t l = 0; l < s->n_layer; l++)
        for (int32_t k = 0; k < N_TASK; k++)
            copy[l * N_TASK + k] = (int32_t)(uniform(seed, k, l) *
                                             (s->layer_choice[l + 1] - s->layer_choice[l]));
}

static void clear_gradients(fixture_t *f)
{
    pt_store_t *s = &f->space->store;
    memset(s->grad_sum, 0, (size_t)s->n_block * PT_BLOCK * sizeof *s->grad_sum);
}

/* Weight gradients of soft gates: all copies run for all tasks. */
static void test_weights_soft(void **state)
{
    open_all(*state, 1);
    check_weights(*state, 0, N_TASK - 1);
}

/* The same with one copy each, where tasks share prefixes. */
static void test_weights_hard(void **state)
{
    fixture_t *f = *state;
    int32_t copy[MAX_LAYER * N_TASK];

    for (uint64_t seed = 1; seed <= 2; seed++) {
        draw_copies(f->space, seed, copy);
        choose(f, copy);
        check_weights(f, 0, N_TASK - 1);
    }
}

/** Gate gradients against differences; of closed gates they are 0 if so asked. */
static void check_gates(fixture_t *f, bool is_closed_zero)
{
    int32_t n = f->space->n_choice;
    double got[N_TASK * MAX_CHOICE];

    assert_true(n <= MAX_CHOICE);
    run(f, PT_PASS_ALPHA, 0, N_TASK - 1);
    memcpy(got, f->dgate, (size_t)(N_TASK * n) * sizeof *got);
    for (int32_t k = 0; k < N_TASK; k++)
        for (int32_t c = 0; c < n; c++) {
            bool is_on = pt_bitset_get(pt_subnet_bits(&f->subnet, k), c);
            if (!is_on && is_closed_zero)
                assert_true(got[k * n + c] == 0);
            else
                assert_close(got[k * n + c], gate_quotient(f, k, c), SCALE);
            assert_true(!is_on || got[k * n + c] != 0);
        }
}

static void test_gates_soft(void **state)
{
    open_all(*state, 3);
    check_gates(*state, false);
}

/* Hard gates: closed ones have gradients of their own, or none on a single path. */
static void test_gates_hard(void **state)
{
    fixture_t *f = *state;
    int32_t copy[MAX_LAYER * N_TASK];

    for (uint64_t seed = 4; seed <= 6; seed++) {
        draw_copies(f->space, seed, copy);
        choose(f, copy);
        f->subnet.is_active_only = false;
        check_gates(f, false);
        f->subnet.is_active_only = true;
        check_gates(f, true);
    }
}

/* Plans with and without closed gates have keys of their own. */
static void test_key(void **state)
{
    static const int32_t all[N_TASK] = {0, 1, 2};
    fixture_t *f = *state;
    int32_t copy[MAX_LAYER * N_TASK] = {0};

    choose(f, copy);
    uint64_t key = pt_plan_make_key(&f->subnet, PT_PASS_ALPHA, all, N_TASK);
    f->subnet.is_active_only = true;
    assert_true(key != pt_plan_make_key(&f->subnet, PT_PASS_ALPHA, all, N_TASK));
}

/** Multiply-adds of a candidate, forward. */
static int64_t madds_of(const pt_space_t *s, int32_t candidate)
{
    const pt_candidate_t *c = &s->candidate[candidate];
    int64_t madds = 0;

    for (int32_t i = c->first_op; i < c->first_op + c->n_op; i++)
        madds += s->op[i].inst.madds;
    return madds;
}

/** Count the steps of a single path by hand, from the groups of the branching. */
static void count_by_hand(const fixture_t *f, const pt_branching_t *b, int64_t *weight,
                          int64_t *alpha)
{
    const pt_space_t *s = f->space;
    int64_t first_layer = 0, below_gates = 0, forward = madds_of(s, 0), input_dx;
    int64_t heads = 0, later = 0;

    input_dx = s->op[s->candidate[0].first_op].inst.madds;
    for (int32_t l = 0; l < s->n_layer; l++) {
        int64_t one = madds_of(s, s->choice[s->layer_choice[l]].candidate);
        forward += one * pt_branching_n_group(b, l);
        *(l == 0 ? &first_layer : &later) += one;
    }
    for (int32_t k = 0; k < N_TASK; k++)
        heads += madds_of(s, s->n_candidate - N_TASK + k);
    forward += heads;
    *weight = 3 * forward - input_dx;
    /* Every task's adjoint goes down through its own layers to its first gate. */
    below_gates = heads + N_TASK * later;
    *alpha = forward + below_gates;
}

/* On a single path what is executed is what the plan says, and that is what the groups of
 * the branching say, for weight steps (forward, and both gradients but the input's) and for
 * alpha steps (forward once, and each task's own way back to its first gate). */
static void test_madds(void **state)
{
    fixture_t *f = *state;
    int32_t copy[MAX_LAYER * N_TASK];
    pt_branching_t b;

    assert_int_equal(pt_branching_init(&b, f->space->n_layer, N_TASK), PT_OK);
    f->subnet.is_active_only = true;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        int64_t want[2];
        draw_copies(f->space, seed, copy);
        pt_branching_of_copies(copy, &b);
        choose(f, copy);
        count_by_hand(f, &b, &want[0], &want[1]);
        for (int i = 0; i < 2; i++) {
            int64_t before = pt_exec_madds(f->exec);
            run(f, i == 0 ? PT_PASS_WEIGHT : PT_PASS_ALPHA, 0, N_TASK - 1);
            assert_int_equal(pt_exec_madds(f->exec) - before, want[i]);
            assert_int_equal(pt_plan_madds_executed(f->plan), want[i]);
        }
    }
    pt_branching_release(&b);
}

/* Tasks with equal prefixes run these once: equal copies cost the instructions of one task
 * and two heads more, and every task's loss is what it is when run alone. */
static void test_sharing(void **state)
{
    fixture_t *f = *state;
    int32_t copy[MAX_LAYER * N_TASK] = {0};
    double alone[N_TASK];
    int32_t n_alone[N_TASK], n_op = 0;

    choose(f, copy);
    for (int32_t k = 0; k < N_TASK; k++) {
        alone[k] = run(f, PT_PASS_CALIBRATE, k, k);
        n_alone[k] = pt_plan_n_instr(f->plan);
    }
    for (int32_t c = 0; c < f->space->n_candidate - N_TASK; c++)
        n_op += (c == 0 || f->space->choice[f->space->candidate[c].choice].j == 0) *
                f->space->candidate[c].n_op;
    run(f, PT_PASS_CALIBRATE, 0, N_TASK - 1);
    for (int32_t k = 0; k < N_TASK; k++)
        assert_true(f->loss[k] == alone[k]);
    assert_int_equal(pt_plan_n_instr(f->plan),
                     n_alone[0] + n_alone[1] + n_alone[2] - (N_TASK - 1) * n_op);
}

/** Values of a tensor by name, or NULL. */
static const pt_param_t *find_param(const pt_store_t *s, const char *name)
{
    for (int32_t p = 0; p < s->n_param; p++)
        if (strcmp(s->param[p].name, name) == 0)
            return &s->param[p];
    return NULL;
}

/** Name of the tensor that stands for one of the derived space: its group's copy. */
static void name_in_search(const char *name, const pt_branching_t *b, const int32_t *copy,
                           char *out, size_t size)
{
    int layer, group, used = 0;
    int32_t k = 0;

    snprintf(out, size, "%s", name);
    if (sscanf(name, "l%2d_copy%d%n", &layer, &group, &used) != 2)
        return;
    while (b->group[(layer - 1) * N_TASK + k] != group)
        k++;
    snprintf(out, size, "l%02d_copy%d%s", layer, (int)copy[(layer - 1) * N_TASK + k],
             name + used);
}

/** Gradients of the search space less those of the derived one, which are their parts. */
static void compare_derived(fixture_t *f, fixture_t *derived, const pt_branching_t *b,
                            const int32_t *copy)
{
    pt_store_t *whole = &f->space->store;
    const pt_store_t *s = &derived->space->store;
    char name[120];

    run(f, PT_PASS_WEIGHT, 0, N_TASK - 1);
    run(derived, PT_PASS_WEIGHT, 0, N_TASK - 1);
    for (int32_t k = 0; k < N_TASK; k++)
        assert_true(f->loss[k] == derived->loss[k]);
    for (int32_t p = 0; p < s->n_param; p++) {
        name_in_search(s->param[p].name, b, copy, name, sizeof name);
        const pt_param_t *param = find_param(whole, name);
        for (int64_t i = 0; i < param->count; i++)
            whole->grad_sum[param->offset + i] -= s->grad_sum[s->param[p].offset + i];
    }
    for (int64_t i = 0; i < whole->n_block * PT_BLOCK; i++)
        assert_true(whole->grad_sum[i] == 0);
}

/* The derived space is the search space restricted to its branching, bit for bit: losses,
 * and gradients, where a copy's is the sum over the groups that came from it. */
static void test_derived(void **state)
{
    fixture_t *f = *state;
    int32_t copy[MAX_LAYER * N_TASK];
    pt_branching_t b;
    char name[120];

    assert_int_equal(pt_branching_init(&b, f->space->n_layer, N_TASK), PT_OK);
    for (uint64_t seed = 1; seed <= 8; seed++) {
        draw_copies(f->space, seed, copy);
        pt_branching_of_copies(copy, &b);
        choose(f, copy);
        clear_gradients(f);
        fixture_t *derived = make_fixture(&plain, &b);
        pt_store_t *s = &derived->space->store;
        for (int32_t p = 0; p < s->n_param; p++) {
            name_in_search(s->param[p].name, &b, copy, name, sizeof name);
            const pt_param_t *param = find_param(&f->space->store, name);
            assert_non_null(param);
            memcpy(s->value + s->param[p].offset, f->space->store.value + param->offset,
                   (size_t)param->count * sizeof *s->value);
        }
        choose(derived, b.group);
        compare_derived(f, derived, &b, copy);
        end_space(derived);
    }
    pt_branching_release(&b);
}

#define OF(test, variant)                                                                  \
    {                                                                                      \
#test "_" #variant, test, setup, teardown, (void *)(uintptr_t)&variant             \
    }

int main(void)
{
    const struct CMUnitTest list[] = {
        OF(test_weights_soft, inverted), OF(test_weights_hard, inverted),
        OF(test_weights_soft, residual), OF(test_weights_hard, residual),
        OF(test_weights_soft, edges),    OF(test_gates_soft, inverted),
        OF(test_gates_hard, inverted),   OF(test_gates_soft, residual),
        OF(test_gates_hard, residual),   OF(test_gates_soft, edges),
        OF(test_weights_soft, stemless), OF(test_weights_hard, stemless),
        OF(test_gates_soft, stemless),   OF(test_gates_hard, stemless),
        OF(test_sharing, stemless),      OF(test_key, plain),
        OF(test_madds, inverted),        OF(test_madds, residual),
        OF(test_sharing, inverted),      OF(test_sharing, residual),
        OF(test_derived, plain),
    };
    return cmocka_run_group_tests(list, NULL, NULL);
}
