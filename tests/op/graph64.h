/** @file
 * Plans against finite differences, in double: what the tests of both kinds of space share.
 *
 * The loss is a fixed random linear functional of every head's output, so that its gradient
 * is exact and all error is the difference quotient's: about eps^2 + 1e-16/eps = 1e-10
 * relative at eps = 1e-6, and 2^-40 = 1e-12 absolute from the fixed-point sums.
 */
#ifndef PT_TEST_GRAPH64_H
#define PT_TEST_GRAPH64_H

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

enum { N_TASK = 3, MICROBATCH = 3 };
#define EPSILON 1e-6
#define TOLERANCE 1e-6
/* Absolute slack in units of TOLERANCE: losses are sums of a thousand terms near 1, so the
 * quotient's rounding is some 1e-8. */
#define SCALE 1e-1

typedef struct fixture {
    pt_config_t config;
    pt_kernel_t kernel;
    pt_space_t *space;
    pt_exec_t *exec;
    pt_plan_t *plan;
    pt_subnet_t subnet;
    double *input, *dgate, *stat, *unit_stat;
    double loss[N_TASK]; /**< of the last run */
} fixture_t;

static inline double noise(uint64_t index)
{
    pt_rng_t rng = {.seed = 7, .purpose = PT_RNG_DRAW};
    return pt_rng_normal(&rng, index);
}

static inline void linear_loss(void *context, int32_t task, const pt_real_t *output,
                               pt_real_t *doutput)
{
    fixture_t *f = context;
    int32_t node = f->space->n_node - N_TASK + task;
    int64_t n = pt_shape_count(f->space->node[node].shape);

    f->loss[task] = 0;
    for (int64_t i = 0; i < n; i++) {
        double c = noise(1000000 + (uint64_t)(task * 100000 + i));
        f->loss[task] += c * output[i];
        if (doutput != NULL)
            doutput[i] = c;
    }
}

/** Everything but f->config, which is the caller's. */
static inline void begin_space(fixture_t *f, const pt_space_spec_t *spec)
{
    assert_int_equal(pt_kernel_init(&f->kernel, PT_BACKEND_REF, PT_ISA_NATIVE, 1), PT_OK);
    assert_int_equal(pt_space_new(&f->config, spec, &f->kernel, &f->space), PT_OK);
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
    f->unit_stat = calloc((size_t)pt_plan_stat_bound(f->plan), sizeof *f->unit_stat);
    for (int64_t i = 0; i < n; i++)
        f->input[i] = noise(500000 + (uint64_t)i);
}

static inline void end_space(fixture_t *f)
{
    pt_subnet_release(&f->subnet);
    pt_exec_free(f->exec);
    pt_plan_free(f->plan);
    pt_space_free(f->space);
    pt_kernel_release(&f->kernel);
    free(f->input);
    free(f->dgate);
    free(f->stat);
    free(f->unit_stat);
    free(f);
}

static inline int teardown(void **state)
{
    end_space(*state);
    assert_int_equal(pt_memory_bytes(), 0);
    return 0;
}

/** Compile for tasks first..last, run, and return the sum of their losses. */
static inline double run(fixture_t *f, pt_pass_t pass, int32_t first, int32_t last)
{
    int32_t task[N_TASK], n = 0;
    pt_unit_t unit = {.input = f->input,
                      .subnet = &f->subnet,
                      .rng = {.seed = 11, .step = 5},
                      .stat = f->stat,
                      .unit_stat = f->unit_stat,
                      .dgate = f->dgate,
                      .loss = linear_loss,
                      .loss_context = f};
    double loss = 0;

    for (int32_t k = first; k <= last; k++)
        task[n++] = k;
    f->space->store.version++;
    assert_int_equal(pt_plan_compile(f->plan, &f->subnet, pass, task, n), PT_OK);
    assert_true(pt_plan_arena_bytes(f->plan) <= pt_plan_arena_bound(f->plan));
    assert_int_equal(pt_exec_run(f->exec, f->plan, &unit), -1);
    for (int32_t i = 0; i < n; i++)
        loss += f->loss[task[i]];
    return loss;
}

static inline void assert_close(double got, double want, double scale)
{
    if (fabs(got - want) > TOLERANCE * (fabs(want) + scale))
        fail_msg("got %.12g, finite differences say %.12g", got, want);
}

static inline void check_weights(fixture_t *f, int32_t first, int32_t last)
{
    pt_store_t *store = &f->space->store;
    int32_t checked = 0;

    memset(store->grad_sum, 0, (size_t)store->n_block * PT_BLOCK * sizeof *store->grad_sum);
    run(f, PT_PASS_WEIGHT, first, last);
    int64_t *sum = calloc((size_t)store->n_block * PT_BLOCK, sizeof *sum);
    memcpy(sum, store->grad_sum, (size_t)store->n_block * PT_BLOCK * sizeof *sum);
    for (int32_t p = 0; p < store->n_param; p++)
        for (int64_t i = 0; i < store->param[p].count; i += 1 + store->param[p].count / 5) {
            double *w = &store->value[store->param[p].offset + i], kept = *w;
            double got = (double)sum[store->param[p].offset + i] / 0x1p40;
            *w = kept + EPSILON;
            double up = run(f, PT_PASS_WEIGHT, first, last);
            *w = kept - EPSILON;
            double down = run(f, PT_PASS_WEIGHT, first, last);
            *w = kept;
            assert_close(got, (up - down) / (2 * EPSILON), SCALE);
            checked += got != 0;
        }
    free(sum);
    assert_true(checked > 20);
}

/** dloss_k / dgate of task k by differences, on a soft copy of the subnet. */
static inline double gate_quotient(fixture_t *f, int32_t task, int32_t choice)
{
    bool was_soft = f->subnet.is_soft,
         was_on = pt_bitset_get(pt_subnet_bits(&f->subnet, task), choice);
    double *gate = &pt_subnet_gates(&f->subnet, task)[choice], kept = *gate;

    f->subnet.is_soft = true;
    pt_bitset_set(pt_subnet_bits(&f->subnet, task), choice, true);
    *gate = kept + EPSILON;
    double up = run(f, PT_PASS_WEIGHT, task, task);
    *gate = kept - EPSILON;
    double down = run(f, PT_PASS_WEIGHT, task, task);
    *gate = kept;
    pt_bitset_set(pt_subnet_bits(&f->subnet, task), choice, was_on);
    f->subnet.is_soft = was_soft;
    return (up - down) / (2 * EPSILON);
}

#endif
