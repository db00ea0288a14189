/* Frozen candidates run in weight steps as in evaluation, and get no gradient. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "polytree/arch/copies.h"
#include "polytree/base/memory.h"
#include "polytree/graph/exec.h"

enum { N_TASK = 2, BATCH = 4, MOST = 4096 };

static const pt_space_task_t tasks[N_TASK] = {{"one", 3, false}, {"two", 2, false}};

/** What a task's head has read and put out in a run. */
typedef struct seen {
    const pt_space_t *space;
    pt_real_t feature[MOST];
    int64_t n_feature;
    pt_real_t output[BATCH * 3];
} seen_t;

typedef struct fixture {
    pt_kernel_t kernel;
    pt_config_t config;
    pt_space_t *space;
    pt_subnet_t subnet;
    pt_plan_t *plan;
    pt_exec_t *exec;
    pt_real_t *input;
    double *stat;
} fixture_t;

static fixture_t fix;

/** Some number from -1 to 1. */
static pt_real_t number(int64_t i)
{
    return (pt_real_t)sin(12.9898 * (double)i + 1);
}

static int begin(void **state)
{
    static const char *const options[] = {
        "space.nodes=3",     "space.flow=2",
        "space.channels=4",  "space.stem_channels=4",
        "space.min_depth=1", "space.op=conv3x3_bn_relu",
        "head.dropout=0.5",  "train.microbatch=4",
        "space.stride=1",    "space.stem=conv3x3_bn_relu"};
    fixture_t *f = &fix;
    const pt_space_spec_t spec = {6, 6, 2, N_TASK, tasks, NULL, 0};
    (void)state;

    assert_int_equal(pt_kernel_init(&f->kernel, PT_BACKEND_REF, PT_ISA_NATIVE, 1), PT_OK);
    pt_config_init(&f->config);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        assert_int_equal(pt_config_set(&f->config, options[i]), PT_OK);
    assert_int_equal(pt_space_new(&f->config, &spec, &f->kernel, &f->space), PT_OK);
    pt_store_fill(&f->space->store, 7);
    assert_int_equal(pt_subnet_init(&f->subnet, N_TASK, f->space->n_choice), PT_OK);
    for (int32_t c = 0; c < f->space->n_choice; c++)
        pt_subnet_switch(&f->subnet, 0, c, true);
    assert_int_equal(pt_plan_new(f->space, 1, &f->plan), PT_OK);
    assert_int_equal(pt_exec_new(f->space, pt_plan_arena_bound(f->plan), &f->exec), PT_OK);
    int64_t n = pt_shape_count(f->space->node[0].shape);
    assert_int_equal(pt_alloc(&f->input, (size_t)n, sizeof *f->input), PT_OK);
    for (int64_t i = 0; i < n; i++)
        f->input[i] = number(i);
    n = pt_plan_stat_bound(f->plan);
    assert_int_equal(pt_alloc(&f->stat, (size_t)n, sizeof *f->stat), PT_OK);
    for (int64_t i = 0; i < n; i++)
        f->stat[i] = 1 + 0.5 * (double)number(1000 + i);
    return 0;
}

static int end(void **state)
{
    (void)state;
    pt_exec_free(fix.exec);
    pt_plan_free(fix.plan);
    pt_subnet_release(&fix.subnet);
    pt_space_free(fix.space);
    pt_kernel_release(&fix.kernel);
    pt_free(fix.input);
    pt_free(fix.stat);
    return 0;
}

static void freeze(bool is_frozen)
{
    for (int32_t i = 0; i < fix.space->n_candidate; i++) {
        pt_candidate_t *c = &fix.space->candidate[i];
        c->is_frozen = is_frozen && c->task < 0;
        if (c->group >= 0)
            fix.space->store.group[c->group].rate = c->is_frozen ? 0 : 1;
    }
}

static void take_output(void *context, int32_t task, const pt_real_t *output,
                        pt_real_t *doutput)
{
    seen_t *seen = context;

    assert_int_equal(task, 0);
    memcpy(seen->output, output, sizeof seen->output);
    for (size_t i = 0; doutput != NULL && i < BATCH * 3; i++)
        doutput[i] = number((int64_t)i);
}

/** The sum that the heads read ends with the term of the last node. */
static void see(void *context, int32_t op, int32_t candidate, int32_t task,
                const pt_real_t *y)
{
    seen_t *seen = context;
    const pt_space_t *s = seen->space;
    const pt_candidate_t *c = &s->candidate[candidate];

    assert_int_equal(task, 0);
    if (op >= 0 || strcmp(c->name, "out_3") != 0)
        return;
    seen->n_feature = pt_shape_count(s->node[c->dst].shape);
    memcpy(seen->feature, y, (size_t)seen->n_feature * sizeof *y);
}

static void run(pt_pass_t pass, seen_t *seen)
{
    static const int32_t task = 0;
    pt_unit_t unit = {.input = fix.input,
                      .subnet = &fix.subnet,
                      .rng = {.seed = 3},
                      .stat = fix.stat,
                      .loss = take_output,
                      .loss_context = seen,
                      .see = see,
                      .see_context = seen};
    pt_store_t *store = &fix.space->store;

    *seen = (seen_t){.space = fix.space};
    for (int32_t g = 0; g < store->n_group; g++)
        store->group_sum[g] = (pt_group_sum_t){.scale = 1 << 20};
    memset(store->grad_sum, 0, (size_t)store->n_block * PT_BLOCK * sizeof(int64_t));
    assert_int_equal(pt_plan_compile(fix.plan, &fix.subnet, pass, &task, 1), PT_OK);
    assert_int_equal(pt_exec_run(fix.exec, fix.plan, &unit), -1);
    assert_true(seen->n_feature > 0);
}

static bool has_gradient(int32_t group)
{
    const pt_store_t *store = &fix.space->store;
    const pt_group_t *g = &store->group[group];
    bool is_any = false;

    for (int64_t i = g->first_block * PT_BLOCK;
         i < (g->first_block + g->n_block) * PT_BLOCK; i++)
        is_any = is_any || store->grad_sum[i] != 0;
    return is_any;
}

/* In all passes what a head reads has the bits of an evaluation, but what it puts out is
 * its own: its dropout is at work in steps. */
static void features_keep_their_bits(void **state)
{
    static const pt_pass_t training[] = {PT_PASS_WEIGHT, PT_PASS_LOSS};
    seen_t want, got;
    (void)state;

    freeze(false);
    run(PT_PASS_EVAL, &want);
    size_t bytes = (size_t)want.n_feature * sizeof *want.feature;
    run(PT_PASS_WEIGHT, &got);
    assert_memory_not_equal(got.feature, want.feature, bytes);
    freeze(true);
    for (size_t i = 0; i < sizeof training / sizeof *training; i++) {
        run(training[i], &got);
        assert_memory_equal(got.feature, want.feature, bytes);
        assert_memory_not_equal(got.output, want.output, sizeof got.output);
    }
    run(PT_PASS_EVAL, &got);
    assert_memory_equal(got.feature, want.feature, bytes);
    assert_memory_equal(got.output, want.output, sizeof got.output);
}

/* Nothing is formed for them, and nothing is computed that only they would want. */
static void no_gradient(void **state)
{
    seen_t seen;
    (void)state;

    freeze(false);
    run(PT_PASS_WEIGHT, &seen);
    int64_t all = pt_plan_madds_executed(fix.plan);
    for (int32_t c = 0; c < fix.space->n_candidate; c++) {
        const pt_candidate_t *candidate = &fix.space->candidate[c];
        if (candidate->group >= 0 && candidate->task != 1)
            assert_true(has_gradient(candidate->group));
    }
    freeze(true);
    run(PT_PASS_WEIGHT, &seen);
    for (int32_t c = 0; c < fix.space->n_candidate; c++) {
        const pt_candidate_t *candidate = &fix.space->candidate[c];
        if (candidate->group >= 0)
            assert_int_equal(has_gradient(candidate->group), candidate->task == 0);
    }
    int64_t head = 0;
    const pt_candidate_t *c = &fix.space->candidate[pt_space_head(fix.space, 0)];
    for (int32_t o = c->first_op; o < c->first_op + c->n_op; o++)
        head += fix.space->op[o].inst.madds;
    assert_true(all > 2 * pt_plan_madds(fix.plan));
    assert_true(pt_plan_madds_executed(fix.plan) <= pt_plan_madds(fix.plan) + 2 * head);
}

/* Statistics stand at the same places in all passes. */
static void places_of_statistics(void **state)
{
    static const int32_t task = 0;
    pt_plan_t *eval, *weight;
    (void)state;

    freeze(true);
    assert_int_equal(pt_plan_new(fix.space, 1, &eval), PT_OK);
    assert_int_equal(pt_plan_new(fix.space, 1, &weight), PT_OK);
    assert_int_equal(pt_plan_compile(eval, &fix.subnet, PT_PASS_EVAL, &task, 1), PT_OK);
    assert_int_equal(pt_plan_compile(weight, &fix.subnet, PT_PASS_WEIGHT, &task, 1), PT_OK);
    assert_true(pt_plan_n_stat(eval) > 3);
    assert_int_equal(pt_plan_n_stat(eval), pt_plan_n_stat(weight));
    for (int32_t i = 0; i < pt_plan_n_stat(eval); i++) {
        assert_int_equal(pt_plan_stat(eval, i)->op, pt_plan_stat(weight, i)->op);
        assert_int_equal(pt_plan_stat(eval, i)->offset, pt_plan_stat(weight, i)->offset);
    }
    pt_plan_free(eval);
    pt_plan_free(weight);
}

/* A space may be of a branching's last tasks: it has all copies, of which they use theirs.
 */
static void last_tasks_of_a_branching(void **state)
{
    int32_t groups[2][3] = {{0, 0, 0}, {0, 1, 2}};
    const pt_branching_t b = {2, 3, groups[0]};
    const pt_space_spec_t spec = {6, 6, 2, N_TASK, tasks, &b, 0};
    pt_space_t *s;
    pt_config_t config;
    pt_subnet_t subnet;
    int32_t copy[2 * N_TASK];
    (void)state;

    pt_config_init(&config);
    assert_int_equal(pt_config_set(&config, "space.kind=branch"), PT_OK);
    assert_int_equal(pt_config_set(&config, "encoder.stem=conv3x3_bn_relu out=4"), PT_OK);
    assert_int_equal(pt_config_set(&config, "encoder.layers=conv3x3_bn_relu out=4\n"
                                            "conv3x3_bn_relu out=4"),
                     PT_OK);
    assert_int_equal(pt_space_new(&config, &spec, NULL, &s), PT_OK);
    assert_int_equal(s->layer_choice[1] - s->layer_choice[0], 1);
    assert_int_equal(s->layer_choice[2] - s->layer_choice[1], 3);
    assert_int_equal(pt_subnet_init(&subnet, s->n_task, s->n_choice), PT_OK);
    pt_copies_switch_groups(s, &b, &subnet);
    pt_copies_of_subnet(s, &subnet, copy);
    const int32_t want[] = {0, 0, 1, 2};
    assert_memory_equal(copy, want, sizeof want);
    pt_subnet_release(&subnet);
    pt_space_free(s);
}

int main(void)
{
    const struct CMUnitTest test[] = {
        cmocka_unit_test(features_keep_their_bits),
        cmocka_unit_test(no_gradient),
        cmocka_unit_test(places_of_statistics),
        cmocka_unit_test(last_tasks_of_a_branching),
    };
    return cmocka_run_group_tests(test, begin, end);
}
