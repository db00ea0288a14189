/* A two-task network against PyTorch: losses, every gradient, ten steps of training.
 *
 * tests/golden/network.py says what is in the golden file.  Its numbers are in double, and
 * with each kind of number comes the largest error that PyTorch makes when it runs the same
 * in float (some 1e-7: these are sums of a few hundred products near 1).  polytree rounds
 * in other places, so its error is another draw from the same distribution; fixed-point
 * gradients add no more than 2^-41.  FACTOR times that error is allowed, and the script
 * made sure that no ReLU switches within it.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "golden.h"
#include "polytree/base/memory.h"
#include "polytree/graph/exec.h"
#include "tests/unit/mean_loss.h"
#include "polytree/train/update.h"

enum { N_TASK = 2, BATCH = 6, N_STEP = 10, MAX_CLASS = 5 };
#define FACTOR 4.0
#define SMOOTHING 0.1
#define DECAY 5e-4

static const pt_task_info_t tasks[N_TASK] = {
    {.name = "one", .kind = PT_TASK_CLASSIFICATION, .classes = 3},
    {.name = "two", .kind = PT_TASK_CLASSIFICATION, .classes = MAX_CLASS},
};

static int read_network(void **state)
{
    (void)state;
    return read_golden("tests/golden/network.txt");
}

typedef struct variant {
    pt_backend_t backend;
    pt_isa_t isa;
    const char *name; /**< case in the golden file */
    const char *title;
} variant_t;

typedef struct fixture {
    const variant_t *variant;
    bool is_missing; /**< the backend is not in this build, or not for this machine */
    pt_kernel_t kernel;
    pt_space_t *space;
    pt_exec_t *exec;
    pt_plan_t *plan;
    pt_subnet_t subnet;
    pt_real_t *input;
    pt_label_t label[N_TASK][BATCH];
    pt_real_t logits[N_TASK][BATCH * MAX_CLASS]; /**< of the last run */
    double loss[N_TASK];
    double *dgate;
    pt_real_t *grad, *m, *v;
} fixture_t;

static void entropy(void *context, int32_t task, const pt_real_t *output,
                    pt_real_t *doutput)
{
    fixture_t *f = context;

    memcpy(f->logits[task], output, (size_t)(BATCH * tasks[task].classes) * sizeof *output);
    pt_objective_t o = {.info = &tasks[task],
                        .loss = PT_LOSS_CROSS_ENTROPY,
                        .outputs = tasks[task].classes,
                        .labels = 1,
                        .smoothing = SMOOTHING};
    f->loss[task] =
        mean_loss(&o, BATCH, 1, 1, output, f->label[task], 1.0 / N_TASK, doutput);
}

static void make_space(fixture_t *f)
{
    static const char *const options[] = {
        "space.nodes=4",          "space.flow=2",
        "space.channels=4 4 5 6", "space.stride=1 2 2 1",
        "space.stem_channels=4",  "space.op=conv3x3_bn_relu",
        "head.dropout=0",         "space.stem=conv3x3_bn_relu",
        "train.microbatch=6",     "bn.eps=1e-5"};
    pt_space_task_t task[N_TASK];
    pt_space_spec_t spec = {9, 7, 2, N_TASK, task, NULL, 0};
    pt_config_t config;

    pt_config_init(&config);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        assert_int_equal(pt_config_set(&config, options[i]), PT_OK);
    for (int32_t k = 0; k < N_TASK; k++) {
        memcpy(task[k].name, tasks[k].name, sizeof task[k].name);
        task[k].outputs = tasks[k].classes;
    }
    assert_int_equal(pt_space_new(&config, &spec, &f->kernel, &f->space), PT_OK);
}

/** Every tensor of the store must be in the file, and the file has no others. */
static void load_weights(fixture_t *f)
{
    pt_store_t *s = &f->space->store;
    int32_t in_file = 0;

    for (int32_t p = 0; p < s->n_param; p++) {
        const pt_param_t *param = &s->param[p];
        const double *w = get("weight", param->name, NULL, param->count);
        for (int64_t i = 0; i < param->count; i++)
            s->value[param->offset + i] = (pt_real_t)w[i];
    }
    s->version++;
    for (int32_t i = 0; i < golden.n; i++)
        in_file += strncmp(golden.record[i].name, "weight/", 7) == 0;
    assert_int_equal(in_file, s->n_param);
}

static void load_gates(fixture_t *f)
{
    f->subnet.is_soft = strcmp(f->variant->name, "soft") == 0;
    for (int32_t c = 0; c < f->space->n_choice; c++) {
        const char *name = f->space->candidate[f->space->choice[c].candidate].name;
        const double *gate = get(f->variant->name, "gate", name, N_TASK);
        for (int32_t k = 0; k < N_TASK; k++) {
            pt_subnet_switch(&f->subnet, k, c, gate[k] != 0);
            pt_subnet_gates(&f->subnet, k)[c] = (pt_real_t)gate[k];
        }
    }
}

static void load_samples(fixture_t *f)
{
    int64_t n = pt_shape_count(f->space->node[0].shape);
    const double *image = get("image", NULL, NULL, n);

    assert_int_equal(pt_alloc(&f->input, (size_t)n, sizeof *f->input), PT_OK);
    for (int64_t i = 0; i < n; i++)
        f->input[i] = (pt_real_t)image[i];
    for (int32_t k = 0; k < N_TASK; k++) {
        const double *label = get("label", k == 0 ? "0" : "1", NULL, BATCH);
        for (int32_t i = 0; i < BATCH; i++)
            f->label[k][i].i = label[i] < 0 ? PT_LABEL_NONE : (int32_t)label[i];
    }
}

static int setup(void **state)
{
    fixture_t *f = calloc(1, sizeof *f);

    f->variant = *state;
    *state = f;
    pt_status_t status =
        pt_kernel_init(&f->kernel, f->variant->backend, f->variant->isa, 1);
    f->is_missing = status == PT_E_MISSING;
    if (f->is_missing)
        return 0;
    assert_int_equal(status, PT_OK);
    make_space(f);
    assert_int_equal(pt_plan_new(f->space, N_TASK, &f->plan), PT_OK);
    assert_int_equal(pt_exec_new(f->space, pt_plan_arena_bound(f->plan), &f->exec), PT_OK);
    assert_int_equal(pt_subnet_init(&f->subnet, N_TASK, f->space->n_choice), PT_OK);
    load_weights(f);
    load_gates(f);
    load_samples(f);
    size_t n = (size_t)f->space->store.n_block * PT_BLOCK;
    assert_int_equal(pt_alloc(&f->grad, n, sizeof *f->grad), PT_OK);
    assert_int_equal(pt_alloc(&f->m, n, sizeof *f->m), PT_OK);
    assert_int_equal(pt_alloc(&f->v, n, sizeof *f->v), PT_OK);
    assert_int_equal(
        pt_alloc(&f->dgate, (size_t)(N_TASK * f->space->n_choice), sizeof *f->dgate),
        PT_OK);
    return 0;
}

static int teardown(void **state)
{
    fixture_t *f = *state;

    if (!f->is_missing) {
        pt_subnet_release(&f->subnet);
        pt_exec_free(f->exec);
        pt_plan_free(f->plan);
        pt_space_free(f->space);
        pt_kernel_release(&f->kernel);
    }
    pt_free(f->input);
    pt_free(f->grad);
    pt_free(f->m);
    pt_free(f->v);
    pt_free(f->dgate);
    free(f);
    assert_int_equal(pt_memory_bytes(), 0);
    return 0;
}

static void run(fixture_t *f, pt_pass_t pass)
{
    static const int32_t both[N_TASK] = {0, 1};
    pt_unit_t unit = {.input = f->input,
                      .subnet = &f->subnet,
                      .dgate = f->dgate,
                      .loss = entropy,
                      .loss_context = f};

    assert_int_equal(pt_plan_compile(f->plan, &f->subnet, pass, both, N_TASK), PT_OK);
    assert_int_equal(pt_exec_run(f->exec, f->plan, &unit), -1);
}

/** Gradients of a weight step, from the fixed-point sums. */
static void run_weights(fixture_t *f)
{
    pt_store_t *s = &f->space->store;
    int64_t n = s->n_block * PT_BLOCK;

    memset(s->grad_sum, 0, (size_t)n * sizeof *s->grad_sum);
    run(f, PT_PASS_WEIGHT);
    f->kernel.fixed_get(n, s->grad_sum, 0x1p40, f->grad);
}

static void assert_close(const fixture_t *f, const char *kind, const char *name, double got,
                         double want)
{
    double noise = *get(f->variant->name, "noise", kind, 1);

    if (!(fabs(got - want) <= FACTOR * noise))
        fail_msg("%s %s: got %.9g, PyTorch says %.9g, off by %.1f times float's noise",
                 kind, name, got, want, fabs(got - want) / noise);
}

static void compare_logits(const fixture_t *f)
{
    for (int32_t k = 0; k < N_TASK; k++) {
        int32_t n = BATCH * tasks[k].classes;
        const double *want = get(f->variant->name, "logits", k == 0 ? "0" : "1", n);
        for (int32_t i = 0; i < n; i++)
            assert_close(f, "logits", tasks[k].name, (double)f->logits[k][i], want[i]);
    }
}

static void compare_losses(const fixture_t *f, int32_t step)
{
    const double *want = get(f->variant->name, "losses", NULL, (N_STEP + 1) * N_TASK);

    for (int32_t k = 0; k < N_TASK; k++)
        assert_close(f, "losses", tasks[k].name, f->loss[k], want[step * N_TASK + k]);
}

/** A tensor without a gradient in the file is one that no task uses. */
static void compare_gradients(const fixture_t *f)
{
    const pt_store_t *s = &f->space->store;

    for (int32_t p = 0; p < s->n_param; p++) {
        const pt_param_t *param = &s->param[p];
        char name[PT_PARAM_NAME + 8];
        snprintf(name, sizeof name, "grad/%s", param->name);
        const double *want = find(f->variant->name, name, NULL, param->count);
        for (int64_t i = 0; i < param->count; i++) {
            double got = (double)f->grad[param->offset + i];
            if (want != NULL)
                assert_close(f, "grad", param->name, got, want[i]);
            else
                assert_true(got == 0);
        }
    }
}

static void compare_final(const fixture_t *f)
{
    const pt_store_t *s = &f->space->store;

    for (int32_t p = 0; p < s->n_param; p++) {
        const pt_param_t *param = &s->param[p];
        const double *want = get(f->variant->name, "final", param->name, param->count);
        for (int64_t i = 0; i < param->count; i++)
            assert_close(f, "final", param->name, (double)s->value[param->offset + i],
                         want[i]);
    }
}

static void update(fixture_t *f, int64_t count)
{
    pt_store_t *s = &f->space->store;
    bool is_sgd = strcmp(f->variant->name, "soft") == 0;
    pt_update_t u = {.optimizer = is_sgd ? PT_OPTIMIZER_SGD : PT_OPTIMIZER_ADAM,
                     .lr = is_sgd ? 0.05 : 0.01,
                     .momentum = 0.9,
                     .nesterov = true,
                     .beta1 = 0.9,
                     .beta2 = 0.99,
                     .epsilon = 1e-3,
                     .count = count};

    for (int32_t p = 0; p < s->n_param; p++) {
        const pt_param_t *param = &s->param[p];
        char name[PT_PARAM_NAME + 8];
        snprintf(name, sizeof name, "grad/%s", param->name);
        if (find(f->variant->name, name, NULL, param->count) == NULL)
            continue;
        u.decay =
            param->role == PT_ROLE_WEIGHT || param->role == PT_ROLE_LINEAR ? DECAY : 0;
        pt_update_f32(&u, param->count, f->grad + param->offset, s->value + param->offset,
                      f->m + param->offset, f->v + param->offset);
    }
    s->version++;
}

/* Weight steps: logits, losses and gradients of the first, losses of all, and the weights
 * after ten are PyTorch's. */
static void test_training(void **state)
{
    fixture_t *f = *state;

    if (f->is_missing) {
        print_message("this backend is not in the build\n");
        skip();
    }
    for (int32_t step = 0; step < N_STEP; step++) {
        run_weights(f);
        compare_losses(f, step);
        if (step == 0) {
            compare_logits(f);
            compare_gradients(f);
        }
        update(f, step + 1);
    }
    run_weights(f);
    compare_losses(f, N_STEP);
    compare_final(f);
}

/* Alpha steps: each task's gradient by its own gates, closed ones included, is PyTorch's.
 */
static void test_gates(void **state)
{
    fixture_t *f = *state;

    if (f->is_missing) {
        print_message("this backend is not in the build\n");
        skip();
    }
    run(f, PT_PASS_ALPHA);
    compare_losses(f, 0);
    compare_logits(f);
    for (int32_t c = 0; c < f->space->n_choice; c++) {
        const char *name = f->space->candidate[f->space->choice[c].candidate].name;
        const double *want = get(f->variant->name, "dgate", name, N_TASK);
        for (int32_t k = 0; k < N_TASK; k++)
            assert_close(f, "dgate", name, f->dgate[k * f->space->n_choice + c], want[k]);
    }
}

#define N_VARIANT 10
static const variant_t variants[N_VARIANT] = {
    {PT_BACKEND_REF, PT_ISA_NATIVE, "soft", "soft_ref"},
    {PT_BACKEND_REF, PT_ISA_NATIVE, "hard", "hard_ref"},
    {PT_BACKEND_BLAS, PT_ISA_GENERIC, "soft", "soft_blas_generic"},
    {PT_BACKEND_BLAS, PT_ISA_GENERIC, "hard", "hard_blas_generic"},
    {PT_BACKEND_BLAS, PT_ISA_AVX2, "soft", "soft_blas_avx2"},
    {PT_BACKEND_BLAS, PT_ISA_AVX2, "hard", "hard_blas_avx2"},
    {PT_BACKEND_BLAS, PT_ISA_AVX512, "soft", "soft_blas_avx512"},
    {PT_BACKEND_BLAS, PT_ISA_AVX512, "hard", "hard_blas_avx512"},
    {PT_BACKEND_ONEDNN, PT_ISA_NATIVE, "soft", "soft_onednn"},
    {PT_BACKEND_ONEDNN, PT_ISA_NATIVE, "hard", "hard_onednn"},
};

int main(void)
{
    struct CMUnitTest test[2 * N_VARIANT];
    char name[2 * N_VARIANT][40];

    for (int i = 0; i < 2 * N_VARIANT; i++) {
        const variant_t *v = &variants[i / 2];
        snprintf(name[i], sizeof name[i], "%s_%s", i % 2 == 0 ? "training" : "gates",
                 v->title);
        test[i] = (struct CMUnitTest){name[i], i % 2 == 0 ? test_training : test_gates,
                                      setup, teardown, (void *)(uintptr_t)v};
    }
    return cmocka_run_group_tests(test, read_network, free_golden);
}
