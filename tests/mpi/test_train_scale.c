/* Gradients at any scale, and labels as they come: on every arrangement of the ranks, after
 * a resume, and where a step is formed again. */
#include "tests/mpi/gaps_bench.h"
#include "tests/mpi/main.h"

enum { N_STEP = 6, LEFT_AT = 3 };

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
static const char *const fall_alike[] = {"train.weighting=famo", NULL};
static tiny_options_t plain_form = NULL, famo_form = fall_alike;

static void scaled_losses_have_scaled_gradients(void **state)
{
    static const int exponents[] = {0, 30, -30};
    const tiny_options_t *by = *state;
    form_t form = {0, 4, 2, "scale", *by};
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
        cmocka_unit_test_prestate(scaled_losses_have_scaled_gradients, &plain_form),
        cmocka_unit_test_prestate(scaled_losses_have_scaled_gradients, &famo_form),
        cmocka_unit_test(tables_are_weighed_over_the_step),
        cmocka_unit_test(maps_are_weighed_over_the_step),
        cmocka_unit_test(divergence_names_task_and_labels),
    };
    return run_on_ranks(argc, argv, tests, bench_set_up, tiny_tear_down);
}
