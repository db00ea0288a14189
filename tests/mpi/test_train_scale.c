/* Gradients at any scale, and labels as they come: on every arrangement of the ranks, after
 * a resume, and where a step is formed again. */
#include "search_run.h"
#include "tests/mpi/main.h"

enum { N_STEP = 6, LEFT_AT = 3 };

/** The data of write_data(). */
enum { N_INPUT = 40, N_TASK = 3, CLASSES = 3, NONE = 9 };

/* A step to scale: no clipping, no decay, and what Adam adds to a root is none. */
static const char *const base[] = {
    "train.batch=16",         "train.microbatch=4",  "train.clip_norm=0",
    "search.lr=0.01",         "search.momentum=0.9", "search.optimizer=sgd",
    "search.decay=0",         "data.val_fraction=0", "train.bundle=each",
    "train.tasks_per_step=2", "head.dropout=0.1",    NULL};

/** How a trainer differs. */
typedef struct form {
    int exponent; /**< of train.loss_scale */
    int microbatch, tasks_per_step;
    const char *file;
    tiny_options_t options;
} form_t;

typedef struct bench {
    pt_config_t config;
    pt_layout_t layout;
    pt_kernel_t kernel;
    pt_dataset_t *dataset;
    pt_trainer_t *trainer;
    pt_subnet_t subnet;
} bench_t;

static void open_bench(bench_t *b, pt_comm_t *comm, const int32_t extent[PT_N_AXIS],
                       const form_t *form)
{
    memset(b, 0, sizeof *b);
    tiny_config(base, &b->config);
    for (tiny_options_t o = form->options; o != NULL && *o != NULL; o++)
        assert_ok(pt_config_set(&b->config, *o));
    snprintf(b->config.data.file, sizeof b->config.data.file, "%s/%s.h5", tiny_folder,
             form->file);
    b->config.train.microbatch = form->microbatch;
    b->config.train.tasks_per_step = form->tasks_per_step;
    b->config.train.loss_scale = ldexp(1, form->exponent);
    assert_ok(pt_config_check(&b->config));
    assert_ok(pt_layout_init(&b->layout, comm, extent, true));
    assert_ok(pt_kernel_init(&b->kernel, PT_BACKEND_AUTO, PT_ISA_NATIVE, 1));
    assert_ok(pt_dataset_open(b->config.data.file, "all", b->layout.world, b->layout.node,
                              true, &b->dataset));
    assert_ok(
        pt_trainer_new(&b->config, &b->layout, b->dataset, &b->kernel, NULL, &b->trainer));
    const pt_space_t *s = pt_trainer_space(b->trainer);
    assert_ok(pt_subnet_init(&b->subnet, s->n_task, s->n_choice));
    b->subnet.is_soft = true;
    for (int32_t k = 0; k < s->n_task; k++)
        for (int32_t c = 0; c < s->n_choice; c++)
            pt_subnet_switch(&b->subnet, k, c, true);
}

static void close_bench(bench_t *b)
{
    pt_subnet_release(&b->subnet);
    pt_trainer_free(b->trainer);
    pt_dataset_close(b->dataset);
    pt_kernel_release(&b->kernel);
    pt_layout_release(&b->layout);
}

static void run_step(bench_t *b, int64_t number, double lr, pt_step_result_t *result)
{
    const pt_step_t step = {.phase = 1, .step = number, .part = PT_PART_TRAIN};
    pt_update_t update = pt_update_make(&b->config.search.update, lr);

    assert_ok(pt_trainer_weight_step(b->trainer, &step, &b->subnet, &update, result));
}

/** Copies of the weights, on rank 0; NULL elsewhere. */
static float *copy_weights(const bench_t *b)
{
    const pt_store_t *store = &pt_trainer_space(b->trainer)->store;
    float *all = NULL, *at;
    pt_checkpoint_t c;

    pt_checkpoint_init(&c);
    assert_ok(pt_trainer_save(b->trainer, &c));
    if (pt_comm_rank(b->layout.world) == 0) {
        assert_ok(pt_alloc(&all, (size_t)pt_store_n_element(store), sizeof *all));
        at = all;
        for (int32_t p = 0; p < store->n_param; p++) {
            const pt_param_t *param = &store->param[p];
            const void *data;
            char name[128];
            snprintf(name, sizeof name, "weight/%s", param->name);
            assert_ok(pt_checkpoint_get(&c, name, PT_DTYPE_F32, param->count, &data));
            memcpy(at, data, (size_t)param->count * sizeof *at);
            at += param->count;
        }
    }
    pt_checkpoint_release(&c);
    return all;
}

/** Another trainer goes on from where `old` is, which is closed. */
static void change_trainer(bench_t *old, bench_t *fresh, pt_comm_t *comm,
                           const int32_t extent[PT_N_AXIS], const form_t *form)
{
    pt_checkpoint_t c;

    pt_checkpoint_init(&c);
    assert_ok(pt_trainer_save(old->trainer, &c));
    open_bench(fresh, comm, extent, form);
    assert_ok(pt_trainer_load(fresh->trainer, &c));
    pt_checkpoint_release(&c);
    close_bench(old);
}

/** By how much the largest contribution to a group grew most, from a step to the next. */
static double growth_of(const pt_store_t *store, float *last)
{
    double most = 0;

    for (int32_t g = 0; g < store->n_group; g++) {
        float now;
        memcpy(&now, &store->group_sum[g].largest, sizeof now);
        if (last[g] > 0)
            most = fmax(most, (double)now / (double)last[g]);
        last[g] = now > 0 ? now : last[g];
    }
    return most;
}

/** The weights after some steps, in the midst of which another trainer takes over. */
static float *train(pt_comm_t *comm, const int32_t extent[PT_N_AXIS], const form_t *form,
                    size_t *bytes, double *growth)
{
    static float last[256];
    bench_t bench[2], *b = &bench[0];
    pt_step_result_t result;

    memset(last, 0, sizeof last);
    *growth = 0;
    open_bench(b, comm, extent, form);
    assert_true(pt_trainer_space(b->trainer)->store.n_group <= 256);
    for (int64_t step = 0; step < N_STEP; step++) {
        if (step == LEFT_AT) {
            change_trainer(b, &bench[1], comm, extent, form);
            b = &bench[1];
        }
        run_step(b, step, ldexp(1e-6, -form->exponent), &result);
        *growth = fmax(*growth, growth_of(&pt_trainer_space(b->trainer)->store, last));
    }
    float *weights = copy_weights(b);
    *bytes =
        (size_t)pt_store_n_element(&pt_trainer_space(b->trainer)->store) * sizeof *weights;
    close_bench(b);
    return weights;
}

/* The classes of one sample in ten are known, marks of two in three; real numbers, of every
 * second sample, are about 1e-3, and one is 1e5. */

static uint32_t draw(int64_t i, int which)
{
    const pt_rng_t rng = {.seed = 3, .purpose = PT_RNG_DRAW};
    uint32_t word[4];

    pt_rng_words(&rng, (uint64_t)i, word);
    return word[which];
}

static pt_status_t fill(void *context, pt_split_t split, int64_t i, void *image,
                        pt_label_t *const *label)
{
    uint8_t *pixel = image;

    (void)context, (void)split;
    for (int64_t p = 0; p < SIDE * SIDE; p++)
        pixel[p] = (uint8_t)draw(1000 + i * SIDE * SIDE + p, 0);
    /* Of every second input alone. */
    label[2][0].f = i == 20 ? 1e5F : 1e-3F * (float)(draw(i, 1) % 100);
    return PT_OK;
}

static void write_data(void)
{
    static int32_t sort[N_INPUT], mark[2 * N_INPUT];
    static int64_t row[N_INPUT / 2];
    char path[400];

    for (int64_t i = 0; i < N_INPUT; i++) {
        sort[i] = i % 10 == 3 ? (int32_t)(draw(i, 0) % CLASSES) : NONE;
        for (int j = 0; j < 2; j++)
            mark[2 * i + j] = draw(i, 2 + j) % 3 == 0 ? NONE : (int32_t)(draw(i, j) & 1);
        row[i / 2] = i / 2 * 2;
    }
    const pt_task_rows_t all = {N_INPUT, NULL, sort}, marks = {N_INPUT, NULL, mark};
    const pt_task_source_t task[N_TASK] = {
        {.info = {.name = "sort", .classes = CLASSES, .has_ignore = true, .ignore = NONE},
         .rows = {all}},
        {.info = {.name = "marks",
                  .kind = PT_TASK_MULTILABEL,
                  .classes = 2,
                  .has_ignore = true,
                  .ignore = NONE},
         .rows = {marks}},
        {.info = {.name = "real",
                  .kind = PT_TASK_REGRESSION,
                  .height = 1,
                  .width = 1,
                  .channels = 1},
         .rows = {{N_INPUT / 2, row, NULL}}}};
    const pt_dataset_source_t source = {.height = SIDE,
                                        .width = SIDE,
                                        .channels = 1,
                                        .n = {N_INPUT},
                                        .fill = fill,
                                        .n_task = N_TASK,
                                        .task = task,
                                        .origin = "drawn by a test"};
    snprintf(path, sizeof path, "%s/scale.h5", tiny_folder);
    assert_ok(pt_dataset_write(path, &source));
}

static int set_up(void **state)
{
    int failed = tiny_set_up(state);

    if (failed == 0 && tiny_is_root())
        write_data();
    return failed != 0 || pt_comm_agree(pt_comm_world(), PT_OK) != PT_OK;
}

/** Rank 0 alone, with the losses as they are. */
static float *train_alone(const form_t *form, size_t *bytes)
{
    static const int32_t one[PT_N_AXIS] = {1, 1, 1};
    float *weights = NULL;
    double growth;
    pt_comm_t *self;

    assert_ok(pt_comm_split(pt_comm_world(), tiny_is_root() ? 0 : -1, 0, &self));
    if (self != NULL) {
        weights = train(self, one, form, bytes, &growth);
        /* More than the room that is left: a step was formed again. */
        assert_true(growth > 0x1p14);
    }
    pt_comm_free(self);
    return weights;
}

/* The largest label turns up in a later step, and so does the second task of a step: some
 * steps are formed again, and groups have their first. */
static void scaled_losses_have_scaled_gradients(void **state)
{
    (void)state;
    static const int exponents[] = {0, 30, -30};
    form_t form = {0, 4, 2, "scale", NULL};
    int32_t extent[PT_N_AXIS];
    size_t bytes = 0, n;
    double growth;
    float *expected = train_alone(&form, &bytes);

    for (int32_t i = 0; tiny_arrangement(i, extent); i++)
        for (size_t k = 0; k < sizeof exponents / sizeof *exponents; k++) {
            form.exponent = exponents[k];
            float *weights = train(pt_comm_world(), extent, &form, &n, &growth);
            int32_t is_same = weights == NULL || memcmp(weights, expected, bytes) == 0;
            pt_free(weights);
            assert_ok(pt_comm_bcast(pt_comm_world(), &is_same, sizeof is_same, 0));
            if (!is_same)
                fail_msg("weights differ at %d x %d x %d, losses times 2^%d", extent[0],
                         extent[1], extent[2], form.exponent);
        }
    pt_free(expected);
}

/** Heads put out zero, and whatever stands before them stays as it is. */
static void silence_heads(bench_t *b)
{
    pt_store_t *store = &pt_trainer_space(b->trainer)->store;

    for (int32_t p = 0; p < store->n_param; p++) {
        int64_t block = store->param[p].offset / PT_BLOCK;
        if (store->group[store->param[p].group].task >= 0 && block >= store->own_begin &&
            block < store->own_end)
            memset(store->value + store->param[p].offset, 0,
                   (size_t)store->param[p].count * sizeof *store->value);
    }
    store->version++;
}

enum { MOST_TASK = 5 };

/** What a step of silent heads comes to. */
typedef struct outcome {
    double loss[MOST_TASK];
    double bias[MOST_TASK][8]; /**< gradient of a head's last bias */
} outcome_t;

/** Losses, and the biases after a step at learning rate 1 (rank 0). */
static void step_silently(const form_t *form, const int32_t extent[PT_N_AXIS],
                          int64_t number, outcome_t *out)
{
    bench_t b;
    pt_step_result_t result;

    memset(out, 0, sizeof *out);
    open_bench(&b, pt_comm_world(), extent, form);
    silence_heads(&b);
    run_step(&b, number, 1, &result);
    const pt_space_t *s = pt_trainer_space(b.trainer);
    for (int32_t k = 0; k < s->n_task; k++)
        out->loss[k] = result.task_loss[k];
    float *weights = copy_weights(&b), *at = weights;
    for (int32_t p = 0; p < s->store.n_param && weights != NULL; p++) {
        const pt_param_t *param = &s->store.param[p];
        int32_t task = s->store.group[param->group].task;
        for (int64_t i = 0; i < param->count && task >= 0 && param->role == PT_ROLE_BIAS;
             i++)
            out->bias[task][i] = (double)at[i];
        at += param->count;
    }
    pt_free(weights);
    close_bench(&b);
}

static bool is_near(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= 2e-6 * (fabs(a) + fabs(b)) + 1e-9;
}

/** Whatever the microbatch and the arrangement, a step has the same losses and the same
 * gradient of the biases, which silent heads have from their labels alone.
 *
 * @param[in] loss  [n_task] where there is one; 0: whatever it is
 */
static void compare(const char *file, tiny_options_t options, int32_t n_task,
                    const double *loss)
{
    static const int sizes[] = {16, 8, 2};
    int32_t extent[PT_N_AXIS];
    outcome_t first, now;

    for (int64_t step = 0; step < 2; step++)
        for (int32_t i = 0; tiny_arrangement(i, extent); i++)
            for (size_t m = 0; m < sizeof sizes / sizeof *sizes; m++) {
                const form_t form = {0, sizes[m], 0, file, options};
                step_silently(&form, extent, step, &now);
                if (i == 0 && m == 0)
                    first = now;
                for (int32_t k = 0; k < n_task; k++) {
                    double expected =
                        loss[k] > 0 && !isnan(now.loss[k]) ? loss[k] : first.loss[k];
                    if (!is_near(expected, now.loss[k]))
                        fail_msg("%s, task %d, microbatch %d: loss %g, expected %g", file,
                                 (int)k, sizes[m], now.loss[k], expected);
                    for (int j = 0; j < 8 && tiny_is_root(); j++)
                        assert_true(is_near(first.bias[k][j], now.bias[k][j]));
                }
            }
}

static const char *const balanced[] = {"task.marks.loss=bce_balanced",
                                       "train.label_smoothing=0", "train.bundle=all", NULL};
static const char *const alone[] = {"train.label_smoothing=0", "train.bundle=each", NULL};

/* Silent heads have the loss ln 3 of three classes, however few of them are known. */
static void tables_are_weighed_over_the_step(void **state)
{
    (void)state;
    const double same[N_TASK] = {log(3), 0, 0}, each[N_TASK] = {log(3), log(2), 0};

    compare("scale", balanced, N_TASK, same);
    compare("scale", alone, N_TASK, each);
}

/* Rotated and shifted labels leave the image; every kind of loss of maps. */
static const char *const maps[] = {TINY_DENSE_DAG,
                                   "augment.rotate=30",
                                   "augment.shift=0.3",
                                   "task.normals.loss=cosine",
                                   "task.depth.loss=mse",
                                   "task.edges.positive_weight=0.9",
                                   NULL};
static const char *const other_maps[] = {TINY_DENSE_DAG, "augment.rotate=30",
                                         "augment.shift=0.3", NULL};

static void maps_are_weighed_over_the_step(void **state)
{
    (void)state;
    static const double whatever[MOST_TASK];

    compare("scenes", maps, MOST_TASK, whatever);
    compare("scenes", other_maps, MOST_TASK, whatever);
}

/* One sample a step: most have no class.  The weights of the others are normalised. */
static const char *const few[] = {"train.batch=2", "train.label_smoothing=0",
                                  "train.bundle=all", NULL};

static void steps_without_labels_have_no_loss(void **state)
{
    (void)state;
    int32_t extent[PT_N_AXIS];
    const form_t form = {0, 2, 0, "scale", few};
    int n_gap = 0;

    for (int32_t i = 0; tiny_arrangement(i, extent); i++) {
        bench_t b;
        pt_step_result_t r;
        open_bench(&b, pt_comm_world(), extent, &form);
        for (int64_t step = 0; step < 6; step++) {
            double loss = 0, sum = 0;
            run_step(&b, step, 1e-3, &r);
            for (int32_t k = 0; k < N_TASK; k++) {
                assert_int_equal(isnan(r.task_loss[k]), isnan(r.task_weight[k]));
                if (isnan(r.task_loss[k])) {
                    n_gap++;
                    continue;
                }
                sum += r.task_weight[k];
                loss += r.task_weight[k] * r.task_loss[k];
            }
            assert_int_equal(r.n_task, N_TASK);
            assert_true(is_near(sum, 1) && is_near(loss, r.loss));
        }
        close_bench(&b);
    }
    assert_true(n_gap > 0);
}

static const char *const descent[] = {"train.weighting=dwa", "train.label_smoothing=0",
                                      "train.bundle=all", NULL};
static const char *const variance[] = {"train.weighting=uncertainty",
                                       "train.label_smoothing=0", "train.bundle=all", NULL};

/** Weights of classes and of marks after some epochs of a frozen network with silent heads.
 */
static void weigh(tiny_options_t options, int microbatch, const int32_t extent[PT_N_AXIS],
                  double *sort, double *marks)
{
    const form_t form = {0, microbatch, 0, "scale", options};
    bench_t b;
    pt_step_result_t r;

    open_bench(&b, pt_comm_world(), extent, &form);
    silence_heads(&b);
    for (int64_t step = 0; step < 12; step++) {
        run_step(&b, step, 0, &r);
        *sort = isnan(r.task_weight[0]) ? *sort : r.task_weight[0];
        *marks = isnan(r.task_weight[0]) ? *marks : r.task_weight[1];
    }
    close_bench(&b);
}

/* Losses that stay as they are have no descent; variances learn the same of them, whatever
 * the microbatch. */
static void weights_of_tasks_do_not_wander(void **state)
{
    (void)state;
    int32_t extent[PT_N_AXIS];
    double sort = 0, marks = 0, first_sort = 0, first_marks = 0;

    for (int32_t i = 0; tiny_arrangement(i, extent); i++) {
        weigh(descent, 2, extent, &sort, &marks);
        assert_true(is_near(sort, marks));
        weigh(variance, 16, extent, &sort, &marks);
        if (i == 0) {
            first_sort = sort;
            first_marks = marks;
        }
        assert_true(is_near(sort, first_sort) && is_near(marks, first_marks));
        weigh(variance, 2, extent, &sort, &marks);
        assert_true(is_near(sort, first_sort) && is_near(marks, first_marks));
    }
}

/* Where all losses are lost, the task whose labels are largest is to blame. */
static void divergence_names_task_and_labels(void **state)
{
    (void)state;
    int32_t extent[PT_N_AXIS];
    const form_t form = {0, 4, 0, "scale", alone};
    const pt_step_t step = {.phase = 1, .part = PT_PART_TRAIN};
    const pt_step_t next = {.phase = 1, .step = 1, .part = PT_PART_TRAIN};

    for (int32_t i = 0; tiny_arrangement(i, extent); i++) {
        bench_t b;
        pt_step_result_t r;
        pt_status_t status;
        open_bench(&b, pt_comm_world(), extent, &form);
        pt_update_t update = pt_update_make(&b.config.search.update, 1e30);
        status = pt_trainer_weight_step(b.trainer, &step, &b.subnet, &update, &r);
        if (status == PT_OK)
            status = pt_trainer_weight_step(b.trainer, &next, &b.subnet, &update, &r);
        assert_int_equal(status, PT_E_NUMERIC);
        assert_non_null(strstr(pt_error_message(), "the loss of task real is "));
        assert_non_null(strstr(pt_error_message(), "and its labels are up to "));
        pt_error_clear();
        close_bench(&b);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scaled_losses_have_scaled_gradients),
        cmocka_unit_test(tables_are_weighed_over_the_step),
        cmocka_unit_test(maps_are_weighed_over_the_step),
        cmocka_unit_test(steps_without_labels_have_no_loss),
        cmocka_unit_test(weights_of_tasks_do_not_wander),
        cmocka_unit_test(divergence_names_task_and_labels),
    };
    return run_on_ranks(argc, argv, tests, set_up, tiny_tear_down);
}
