/* Weights of tasks in steps, on every arrangement of the ranks: of those that have labels,
 * whatever the microbatch, and by the losses that they should go by. */
#include "tests/mpi/main.h"
#include "tests/mpi/gaps_bench.h"

/* One sample a step: most have no class.  Whatever the weighting, who has no label has no
 * weight; those of the others add up to one, but for slopes of a mean. */
#define FEW "train.batch=2", "train.label_smoothing=0", "train.bundle=all"
static const char *const few[] = {FEW, NULL};
static const char *const few_random[] = {FEW, "train.weighting=random", NULL};
static const char *const few_geometric[] = {FEW, "train.weighting=geometric", NULL};
static const char *const few_famo[] = {FEW, "train.weighting=famo", NULL};

static void check_gaps(bench_t *b, bool adds_up, int *n_gap)
{
    pt_step_result_t r;

    for (int64_t step = 0; step < 6; step++) {
        double loss = 0, sum = 0;
        run_step(b, step, 1e-3, &r);
        for (int32_t k = 0; k < N_TASK; k++) {
            assert_int_equal(isnan(r.task_loss[k]), isnan(r.task_weight[k]));
            if (isnan(r.task_loss[k])) {
                (*n_gap)++;
                continue;
            }
            sum += r.task_weight[k];
            loss += r.task_weight[k] * r.task_loss[k];
        }
        assert_int_equal(r.n_task, N_TASK);
        assert_true((!adds_up || is_near(sum, 1)) && is_near(loss, r.loss));
    }
}

static void steps_without_labels_have_no_loss(void **state)
{
    (void)state;
    static const tiny_options_t kind[] = {few, few_random, few_geometric, few_famo};
    int32_t extent[PT_N_AXIS];
    int n_gap = 0;

    for (int32_t i = 0; tiny_arrangement(i, extent); i++)
        for (size_t k = 0; k < sizeof kind / sizeof *kind; k++) {
            const form_t form = {0, 2, 0, "scale", kind[k]};
            bench_t b;
            open_bench(&b, pt_comm_world(), extent, &form);
            check_gaps(&b, kind[k] != few_geometric, &n_gap);
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

/* All of the data in each step, which puts it in another order: what a step finds after it
 * is, but for rounding, what the next one finds before. */
#define WHOLE                                                                              \
    "train.batch=40", "train.label_smoothing=0", "train.bundle=all", "head.dropout=0",     \
        "augment.rotate=0", "augment.scale=0", "augment.shear=0", "augment.shift=0"
static const char *const alike[] = {WHOLE, "train.weighting=famo", "train.famo_lr=0.3",
                                    "train.famo_decay=0.01", NULL};
static const char *const mean_of[] = {WHOLE, "train.weighting=geometric",
                                      "head.dropout=0.5", "task.sort.weight=3", NULL};

/** Algorithm 2 of FAMO, for tasks that are in each step. */
typedef struct famo {
    double x[N_TASK], m[N_TASK], v[N_TASK];
} famo_t;

static void weigh_by_famo(const famo_t *f, const double *loss, double *z, double *share)
{
    double sum = 0, all = 0;

    for (int k = 0; k < N_TASK; k++)
        sum += exp(f->x[k]);
    for (int k = 0; k < N_TASK; k++) {
        z[k] = exp(f->x[k]) / sum;
        all += z[k] / loss[k];
    }
    for (int k = 0; k < N_TASK; k++)
        share[k] = z[k] / loss[k] / all;
}

static void learn_by_famo(famo_t *f, int t, const double *loss, const double *after)
{
    double z[N_TASK], share[N_TASK], mean = 0;

    weigh_by_famo(f, loss, z, share);
    for (int k = 0; k < N_TASK; k++)
        mean += z[k] * log(loss[k] / after[k]);
    for (int k = 0; k < N_TASK; k++) {
        double g = z[k] * (log(loss[k] / after[k]) - mean) + 0.01 * f->x[k];
        f->m[k] = 0.9 * f->m[k] + 0.1 * g;
        f->v[k] = 0.999 * f->v[k] + 0.001 * g * g;
        f->x[k] -= 0.3 * f->m[k] / (1 - pow(0.9, t)) /
                   (sqrt(f->v[k] / (1 - pow(0.999, t))) + 1e-8);
    }
}

static void weights_of_famo_follow_the_losses(void **state)
{
    (void)state;
    int32_t extent[PT_N_AXIS];
    const form_t form = {0, 40, 0, "scale", alike};

    for (int32_t i = 0; tiny_arrangement(i, extent); i++) {
        bench_t b;
        pt_step_result_t r;
        famo_t f = {{0}, {0}, {0}};
        double before[N_TASK] = {0}, z[N_TASK], share[N_TASK], moved = 0;
        open_bench(&b, pt_comm_world(), extent, &form);
        for (int step = 0; step < 8; step++) {
            run_step(&b, step, 0.02, &r);
            if (step > 0)
                learn_by_famo(&f, step, before, r.task_loss);
            weigh_by_famo(&f, r.task_loss, z, share);
            for (int k = 0; k < N_TASK; k++) {
                if (!(fabs(share[k] - r.task_weight[k]) < 1e-3 * share[k]))
                    fail_msg("step %d, task %d weighs %g, expected %g", step, k,
                             r.task_weight[k], share[k]);
                before[k] = r.task_loss[k];
                moved = fmax(moved, fabs(f.x[k]));
            }
        }
        assert_true(moved > 0.3);
        close_bench(&b);
    }
}

/* Weighted losses add up to the mean that they are slopes of: weights are those of the
 * step's own losses, dropout and all. */
static void geometric_weights_are_of_the_step(void **state)
{
    (void)state;
    int32_t extent[PT_N_AXIS];

    for (int32_t i = 0; tiny_arrangement(i, extent); i++)
        for (int microbatch = 40; microbatch > 5; microbatch /= 2) {
            const form_t form = {0, microbatch, 0, "scale", mean_of};
            bench_t b;
            pt_step_result_t r;
            open_bench(&b, pt_comm_world(), extent, &form);
            for (int step = 0; step < 3; step++) {
                run_step(&b, step, 0.02, &r);
                double mean =
                    (3 * log(r.task_loss[0]) + log(r.task_loss[1]) + log(r.task_loss[2])) /
                    5;
                assert_true(fabs(r.loss / exp(mean) - 1) < 1e-4);
                assert_true(fabs(r.divisor - 5) < 1e-12);
            }
            close_bench(&b);
        }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_without_labels_have_no_loss),
        cmocka_unit_test(weights_of_tasks_do_not_wander),
        cmocka_unit_test(weights_of_famo_follow_the_losses),
        cmocka_unit_test(geometric_weights_are_of_the_step),
    };
    return run_on_ranks(argc, argv, tests, bench_set_up, tiny_tear_down);
}
