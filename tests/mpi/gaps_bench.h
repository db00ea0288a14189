/** @file
 * A trainer on a small table with gaps, for tests of its steps: two tasks that label some
 * of the inputs, one with real numbers of which one is huge.
 */
#ifndef PT_TEST_GAPS_BENCH_H
#define PT_TEST_GAPS_BENCH_H

#include "tests/mpi/trainer_bench.h"

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

static inline void open_bench(bench_t *b, pt_comm_t *comm, const int32_t extent[PT_N_AXIS],
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
    make_trainer(b);
}

static inline void run_step(bench_t *b, int64_t number, double lr, pt_step_result_t *result)
{
    const pt_step_t step = {.phase = 1, .step = number, .part = PT_PART_TRAIN};
    pt_update_t update = pt_update_make(&b->config.search.update, lr);

    assert_ok(pt_trainer_weight_step(b->trainer, &step, &b->subnet, &update, result));
}

/* The classes of one sample in ten are known, marks of two in three; real numbers, of every
 * second sample, are about 1e-3, and one is 1e5. */

static inline uint32_t draw(int64_t i, int which)
{
    const pt_rng_t rng = {.seed = 3, .purpose = PT_RNG_DRAW};
    uint32_t word[4];

    pt_rng_words(&rng, (uint64_t)i, word);
    return word[which];
}

static inline pt_status_t fill(void *context, pt_split_t split, int64_t i, void *image,
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

static inline void write_data(void)
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

static inline int bench_set_up(void **state)
{
    int failed = tiny_set_up(state);

    if (failed == 0 && tiny_is_root())
        write_data();
    return failed != 0 || pt_comm_agree(pt_comm_world(), PT_OK) != PT_OK;
}

/** Heads put out zero, and whatever stands before them stays as it is. */
static inline void silence_heads(bench_t *b)
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

static inline bool is_near(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= 2e-6 * (fabs(a) + fabs(b)) + 1e-9;
}

#endif
