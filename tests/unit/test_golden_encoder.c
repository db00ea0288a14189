/* Converted weights of torchvision's encoders: outputs against PyTorch on narrow networks,
 * and a place for every tensor in the encoders that come with polytree.
 *
 * tests/golden/encoder.py says what is in the golden file.  Outputs there are in double;
 * with them comes the largest error that PyTorch makes when it runs the same in float.
 * polytree rounds in other places, so its error is another draw from the same distribution:
 * FACTOR times that error is allowed.
 */
#include <math.h>

#include "golden.h"
#include "polytree/base/memory.h"
#include "polytree/graph/exec.h"
#include "polytree/graph/weights_match.h"

enum { BATCH = 3, HEIGHT = 20, WIDTH = 12, CHANNELS = 3, OUTPUTS = 2, STEP = 7 };
enum { N_INPUT = BATCH * HEIGHT * WIDTH * CHANNELS };
#define FACTOR 4.0

typedef struct narrow {
    const char *name, *stem, *layers;
} narrow_t;

static int read_encoders(void **state)
{
    (void)state;
    return read_golden("tests/golden/encoder.txt");
}

static pt_space_t *make_space(const char *const *option, int32_t n_option,
                              pt_space_spec_t spec, const pt_kernel_t *kernel)
{
    pt_space_t *space = NULL;
    pt_config_t config;

    pt_config_init(&config);
    for (int32_t i = 0; i < n_option; i++)
        if (pt_config_set(&config, option[i]) != PT_OK)
            fail_msg("%s", pt_error_message());
    if (pt_space_new(&config, &spec, kernel, &space) != PT_OK)
        fail_msg("%s", pt_error_message());
    return space;
}

/** The tensors of a net as a weights file has them; without values their shapes alone. */
static pt_checkpoint_t make_weights(const char *net, bool has_values)
{
    static const float none[1] = {0};
    pt_checkpoint_t weights;
    char prefix[80];
    int n = snprintf(prefix, sizeof prefix, "%s/shape/", net);

    pt_checkpoint_init(&weights);
    weights.owns_data = has_values;
    for (int32_t i = 0; i < golden.n; i++) {
        const record_t *r = &golden.record[i];
        int64_t dim[4], count = 1;
        float *value = NULL;
        if (strncmp(r->name, prefix, (size_t)n) != 0)
            continue;
        for (int64_t d = 0; d < r->count; d++)
            count *= dim[d] = (int64_t)r->value[d];
        if (has_values) {
            const double *from = get(net, "weight", r->name + n, count);
            assert_int_equal(pt_alloc(&value, (size_t)count, sizeof *value), PT_OK);
            for (int64_t e = 0; e < count; e++)
                value[e] = (float)from[e];
        }
        assert_int_equal(pt_checkpoint_add(&weights, r->name + n, PT_DTYPE_F32, dim,
                                           (int32_t)r->count, has_values ? value : none,
                                           true),
                         PT_OK);
    }
    return weights;
}

/** Every tensor of the space has its record, and every record is one's. */
static void load_weights(pt_space_t *space, const char *net)
{
    pt_checkpoint_t weights = make_weights(net, true);
    pt_weights_match_t match;

    if (pt_weights_match(space, &weights, net, &match) != PT_OK)
        fail_msg("%s", pt_error_message());
    assert_int_equal(match.n_matched, match.n_param);
    assert_int_equal(match.n_unused, 0);
    for (int32_t p = 0; p < match.n_param; p++) {
        const pt_param_t *param = &space->store.param[p];
        const float *from = match.source[p]->data;
        for (int64_t e = 0; e < param->count; e++)
            space->store.value[param->offset + e] = (pt_real_t)from[e];
    }
    space->store.version++;
    pt_weights_match_release(&match);
    pt_checkpoint_release(&weights);
}

static void compare_outputs(void *context, int32_t task, const pt_real_t *output,
                            pt_real_t *doutput)
{
    enum { N = BATCH * HEIGHT * WIDTH * OUTPUTS };
    const char *net = context;
    const double *want = get(net, "output", NULL, (N + STEP - 1) / STEP);
    double noise = *get(net, "noise", "output", 1);

    (void)task;
    for (int64_t i = 0; i < N; i++) {
        if (i % STEP == 0 && !(fabs((double)output[i] - want[i / STEP]) <= FACTOR * noise))
            fail_msg("%s, output %d: got %.9g, PyTorch says %.9g, off by %.1f times "
                     "float's noise",
                     net, (int)i, (double)output[i], want[i / STEP],
                     fabs((double)output[i] - want[i / STEP]) / noise);
        doutput[i] = 0;
    }
}

static void run(pt_space_t *space, const char *net)
{
    static const int32_t first = 0;
    const double *image = get("image", NULL, NULL, N_INPUT);
    pt_real_t input[N_INPUT];
    pt_plan_t *plan;
    pt_exec_t *exec;
    pt_subnet_t subnet;
    char name[40];
    pt_unit_t unit = {
        .input = input, .subnet = &subnet, .loss = compare_outputs, .loss_context = name};

    snprintf(name, sizeof name, "%s", net);
    for (int64_t i = 0; i < N_INPUT; i++)
        input[i] = (pt_real_t)image[i];
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

static void outputs_are_those_of_torchvision(void **state)
{
    static const pt_space_task_t task = {"task", OUTPUTS, true};
    const narrow_t *narrow = *state;
    const char *const option[] = {"space.kind=branch",  narrow->stem,
                                  narrow->layers,       "space.affine_last=1",
                                  "head.kind=upsample", "head.align_corners=0",
                                  "head.dropout=0",     "train.batch=3",
                                  "train.microbatch=3", "bn.eps=1e-5"};
    const pt_space_spec_t spec = {HEIGHT, WIDTH, CHANNELS, 1, &task, NULL, 0};
    pt_kernel_t kernel;

    assert_int_equal(pt_kernel_init(&kernel, PT_BACKEND_REF, PT_ISA_NATIVE, 1), PT_OK);
    pt_space_t *space = make_space(option, sizeof option / sizeof *option, spec, &kernel);
    load_weights(space, narrow->name);
    run(space, narrow->name);
    pt_space_free(space);
    pt_kernel_release(&kernel);
    assert_int_equal(pt_memory_bytes(), 0);
}

/* The recipe's names and shapes are those of stem and layers, up to the pyramid that
 * torchvision's networks have not, in all copies and at any output stride. */
static void shipped_encoders_are_fed(void **state)
{
    static const struct {
        const char *net, *encoder;
        int32_t n_layer;
    } shipped[] = {{"mobilenet_v2", "space.encoder=configs/encoders/mobilenetv2.ini", 17},
                   {"resnet18", "space.encoder=configs/encoders/resnet18.ini", 8},
                   {"resnet50", "space.encoder=configs/encoders/resnet50.ini", 16}};
    static const char *const stride[] = {"space.output_stride=0", "space.output_stride=16"};
    static const pt_space_task_t task[2] = {{"a", 3, true}, {"b", 1, true}};
    const pt_space_spec_t spec = {64, 64, CHANNELS, 2, task, NULL, 0};
    (void)state;

    for (size_t i = 0; i < sizeof shipped / sizeof *shipped; i++) {
        pt_checkpoint_t weights = make_weights(shipped[i].net, false);
        for (int32_t j = 0; j < 2; j++) {
            const char *const option[] = {"space.kind=branch", "space.affine_last=1",
                                          shipped[i].encoder, stride[j]};
            pt_space_t *space = make_space(option, 4, spec, NULL);
            pt_weights_match_t match;
            if (pt_weights_match(space, &weights, shipped[i].net, &match) != PT_OK)
                fail_msg("%s", pt_error_message());
            assert_int_equal(match.n_unused, 0);
            for (int32_t c = 0; c < space->n_candidate; c++) {
                const pt_candidate_t *candidate = &space->candidate[c];
                const pt_group_t *group = &space->store.group[candidate->group];
                bool is_fed = candidate->dst <= 1 + shipped[i].n_layer;
                for (int32_t p = 0; p < group->n_param; p++)
                    assert_int_equal(match.source[group->first_param + p] != NULL, is_fed);
            }
            pt_weights_match_release(&match);
            pt_space_free(space);
        }
        pt_checkpoint_release(&weights);
    }
    assert_int_equal(pt_memory_bytes(), 0);
}

static narrow_t mobilenet = {
    "narrow_mobilenet_v2", "encoder.stem=conv3x3_bn_relu6 out=4 stride=2",
    "encoder.layers=inverted_residual out=4 stride=1 expand=1\n"
    "inverted_residual out=6 stride=2 expand=2\ninverted_residual out=6 stride=1 expand=2"};
static narrow_t basic = {"narrow_basic",
                         "encoder.stem=conv7x7_bn_relu_maxpool3x3 out=4 stride=2",
                         "encoder.layers=basic out=4 stride=1\nbasic out=6 stride=2"};
static narrow_t bottleneck = {
    "narrow_bottleneck", "encoder.stem=conv7x7_bn_relu_maxpool3x3 out=4 stride=2",
    "encoder.layers=bottleneck out=8 stride=1\nbottleneck out=12 stride=2"};

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"mobilenet_v2", outputs_are_those_of_torchvision, NULL, NULL, &mobilenet},
        {"basic", outputs_are_those_of_torchvision, NULL, NULL, &basic},
        {"bottleneck", outputs_are_those_of_torchvision, NULL, NULL, &bottleneck},
        cmocka_unit_test(shipped_encoders_are_fed)};

    return cmocka_run_group_tests(tests, read_encoders, free_golden);
}
