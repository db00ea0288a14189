/* A branch space of inverted residuals, a dilated layer, ASPP and the DeepLabV3+ decoder
 * against PyTorch: outputs and every gradient.
 *
 * tests/golden/branch.py says what is in the golden file.  Its numbers are in double, and
 * with each kind of number comes the largest error that PyTorch makes when it runs the same
 * in float.  polytree rounds in other places, so its error is another draw from the same
 * distribution: FACTOR times that error is allowed, and the script made sure that no ReLU
 * switches within it.
 */
#include <math.h>

#include "golden.h"
#include "polytree/base/memory.h"
#include "polytree/graph/exec.h"

enum { BATCH = 3, HEIGHT = 104, WIDTH = 6, OUTPUTS = 2, STEP = 7 };
#define FACTOR 4.0

typedef struct variant {
    pt_backend_t backend;
    pt_isa_t isa;
} variant_t;

static int read_branch(void **state)
{
    (void)state;
    return read_golden("tests/golden/branch.txt");
}

static void assert_close(const char *kind, const char *name, double got, double want)
{
    double noise = *get("noise", kind, NULL, 1);

    if (!(fabs(got - want) <= FACTOR * noise))
        fail_msg("%s %s: got %.9g, PyTorch says %.9g, off by %.1f times float's noise",
                 kind, name, got, want, fabs(got - want) / noise);
}

/** Compare the outputs with the file's, and give the gradient of sum_i cos(i) y_i. */
static void compare_outputs(void *context, int32_t task, const pt_real_t *output,
                            pt_real_t *doutput)
{
    enum { N = BATCH * HEIGHT * WIDTH * OUTPUTS };
    const double *want = get("output", NULL, NULL, (N + STEP - 1) / STEP);

    (void)context;
    (void)task;
    for (int64_t i = 0; i < N; i++) {
        if (i % STEP == 0)
            assert_close("output", "", (double)output[i], want[i / STEP]);
        doutput[i] = (pt_real_t)cos((double)i);
    }
}

static pt_space_t *make_space(const pt_kernel_t *kernel)
{
    static const char *const options[] = {
        "space.kind=branch",
        "encoder.stem=conv3x3_bn_relu6 out=4 stride=2",
        "encoder.layers=inverted_residual out=4 expand=2\n"
        "inverted_residual out=5 stride=2 expand=2\n"
        "inverted_residual out=5 stride=2 expand=2\nconv3x3_bn_relu out=5\naspp out=4",
        "space.output_stride=4",
        "space.affine_last=1",
        "head.kind=deeplab",
        "head.skip=l01",
        "head.width=4",
        "head.separable=0",
        "head.dropout=0",
        "train.batch=3",
        "train.microbatch=3",
        "bn.eps=1e-5"};
    const pt_space_task_t task = {"task", OUTPUTS, true};
    const pt_space_spec_t spec = {HEIGHT, WIDTH, 1, 1, &task, NULL, 0};
    pt_space_t *space = NULL;
    pt_config_t config;

    pt_config_init(&config);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        assert_int_equal(pt_config_set(&config, options[i]), PT_OK);
    if (pt_space_new(&config, &spec, kernel, &space) != PT_OK)
        fail_msg("%s", pt_error_message());
    return space;
}

/** Every tensor of the store must be in the file, and the file has no others. */
static void load_weights(pt_store_t *s)
{
    int32_t in_file = 0;

    for (int32_t p = 0; p < s->n_param; p++) {
        const double *w = get("weight", s->param[p].name, NULL, s->param[p].count);
        for (int64_t i = 0; i < s->param[p].count; i++)
            s->value[s->param[p].offset + i] = (pt_real_t)w[i];
    }
    s->version++;
    for (int32_t i = 0; i < golden.n; i++)
        in_file += strncmp(golden.record[i].name, "weight/", 7) == 0;
    assert_int_equal(in_file, s->n_param);
}

static void compare_gradients(const pt_kernel_t *kernel, const pt_store_t *s)
{
    int64_t n = s->n_block * PT_BLOCK;
    pt_real_t *grad;

    assert_int_equal(pt_alloc(&grad, (size_t)n, sizeof *grad), PT_OK);
    kernel->fixed_get(n, s->grad_sum, 0x1p40, grad);
    for (int32_t p = 0; p < s->n_param; p++) {
        const pt_param_t *param = &s->param[p];
        const double *want = get("grad", param->name, NULL, param->count);
        for (int64_t i = 0; i < param->count; i++)
            assert_close("grad", param->name, (double)grad[param->offset + i], want[i]);
    }
    pt_free(grad);
}

static void run(pt_space_t *space, const pt_real_t *input)
{
    static const int32_t first = 0;
    pt_plan_t *plan;
    pt_exec_t *exec;
    pt_subnet_t subnet;
    pt_unit_t unit = {.input = input, .subnet = &subnet, .loss = compare_outputs};

    assert_int_equal(pt_plan_new(space, 1, &plan), PT_OK);
    assert_int_equal(pt_exec_new(space, pt_plan_arena_bound(plan), &exec), PT_OK);
    assert_int_equal(pt_subnet_init(&subnet, 1, space->n_choice), PT_OK);
    for (int32_t c = 0; c < space->n_choice; c++)
        pt_subnet_switch(&subnet, 0, c, true);
    assert_int_equal(pt_plan_compile(plan, &subnet, PT_PASS_WEIGHT, &first, 1), PT_OK);
    assert_int_equal(pt_exec_run(exec, plan, &unit), -1);
    pt_subnet_release(&subnet);
    pt_exec_free(exec);
    pt_plan_free(plan);
}

static void test_branch(void **state)
{
    const variant_t *variant = *state;
    const double *image = get("image", NULL, NULL, BATCH * HEIGHT * WIDTH);
    pt_real_t *input;
    pt_kernel_t kernel;
    pt_status_t status = pt_kernel_init(&kernel, variant->backend, variant->isa, 1);

    if (status == PT_E_MISSING) {
        print_message("this backend is not in the build\n");
        skip();
    }
    assert_int_equal(status, PT_OK);
    pt_space_t *space = make_space(&kernel);
    load_weights(&space->store);
    assert_int_equal(pt_alloc(&input, BATCH * HEIGHT * WIDTH, sizeof *input), PT_OK);
    for (int64_t i = 0; i < BATCH * HEIGHT * WIDTH; i++)
        input[i] = (pt_real_t)image[i];
    run(space, input);
    compare_gradients(&kernel, &space->store);
    pt_free(input);
    pt_space_free(space);
    pt_kernel_release(&kernel);
    assert_int_equal(pt_memory_bytes(), 0);
}

#define OF(backend, isa)                                                                   \
    {                                                                                      \
        "branch_" #backend "_" #isa, test_branch, NULL, NULL, &(variant_t)                 \
        {                                                                                  \
            PT_BACKEND_##backend, PT_ISA_##isa                                             \
        }                                                                                  \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {OF(REF, NATIVE), OF(BLAS, GENERIC), OF(BLAS, AVX2),
                                       OF(BLAS, AVX512), OF(ONEDNN, NATIVE)};

    return cmocka_run_group_tests(tests, read_branch, free_golden);
}
