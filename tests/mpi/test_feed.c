/* The feed on a small data set whose inputs and labels tell their row. */
#include "polytree/train/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/train/augment.h"
#include "polytree/train/loss.h"
#include "tests/mpi/main.h"

enum {
    SIDE = 4,
    PIXELS = SIDE * SIDE,
    BATCH = 4,
    N_TRAIN = 60,
    N_VAL = 7,
    N_TEST = 11,
    N_TASK = 5,
    N_ALONE = 23,
    N_CLASS = 4,
    IGNORE = 9
};

/*
 * task   kind        rows of train    of val and test
 * alone  4 classes   0..22            0..4
 * whole  3 classes   all, 1/10 none   all
 * odd    2 classes   odd              odd
 * marks  3 labels    all, some none   all
 * late   5 classes   odd              0..3
 */
static const char *const NAMES[N_TASK] = {"alone", "whole", "odd", "marks", "late"};
enum { ALONE, WHOLE, ODD, MARKS, LATE };

static pt_config_t config;
static pt_comm_t *node;
static char path[2][64]; /* without and with a val split */

static pt_task_info_t task_info(int task)
{
    const int32_t classes[N_TASK] = {N_CLASS, 3, 2, 3, 5};
    pt_task_info_t info = {.kind =
                               task == MARKS ? PT_TASK_MULTILABEL : PT_TASK_CLASSIFICATION,
                           .classes = classes[task],
                           .has_ignore = task == WHOLE || task == MARKS,
                           .ignore = task == MARKS ? -1 : IGNORE};
    memcpy(info.name, NAMES[task], strlen(NAMES[task]));
    return info;
}

static int has_row(int task, pt_split_t split, int64_t row)
{
    switch (task) {
    case ALONE:
        return row < (split == PT_SPLIT_TRAIN ? N_ALONE : 5);
    case ODD:
        return row % 2 == 1;
    case LATE:
        return split == PT_SPLIT_TRAIN ? row % 2 == 1 : row < 4;
    default:
        return 1;
    }
}

/* Label j of a row; alone has classes of 10, 7, 5 and 1 samples in train. */
static int32_t label_of(int task, int64_t row, int j)
{
    switch (task) {
    case ALONE:
        return row < 10 ? 0 : row < 17 ? 1 : row < 22 ? 2 : 3;
    case WHOLE:
        return row % 10 == 9 ? IGNORE : (int32_t)(row % 3);
    case MARKS:
        return (row + j) % 5 == 0 ? -1 : (int32_t)(row >> j & 1);
    default:
        return (int32_t)(row / 2 % task_info(task).classes);
    }
}

static uint8_t pixel_of(pt_split_t split, int64_t row, int at)
{
    return (uint8_t)(at == 0 ? row : 31 * at + 7 * row + 64 * (int)split);
}

static void write_data(const char *file, int64_t n_val)
{
    static uint8_t images[PT_N_SPLIT][N_TRAIN * PIXELS];
    static int64_t index[N_TASK][PT_N_SPLIT][N_TRAIN];
    static int32_t labels[N_TASK][PT_N_SPLIT][N_TRAIN * 3];
    pt_task_source_t tasks[N_TASK] = {0};
    pt_dataset_source_t source = {.height = SIDE,
                                  .width = SIDE,
                                  .channels = 1,
                                  .n = {N_TRAIN, n_val, N_TEST},
                                  .n_task = N_TASK,
                                  .task = tasks,
                                  .origin = "made by the test of the feed"};
    for (int s = 0; s < PT_N_SPLIT; s++) {
        pt_split_t split = (pt_split_t)s;
        source.images[s] = source.n[s] ? images[s] : NULL;
        for (int64_t i = 0; i < source.n[s] * PIXELS; i++)
            images[s][i] = pixel_of(split, i / PIXELS, (int)(i % PIXELS));
        for (int t = 0; t < N_TASK; t++) {
            int64_t n = 0, width = t == MARKS ? 3 : 1;
            tasks[t].info = task_info(t);
            for (int64_t row = 0; row < source.n[s]; row++) {
                if (!has_row(t, split, row))
                    continue;
                index[t][s][n] = row;
                for (int j = 0; j < width; j++)
                    labels[t][s][n * width + j] = label_of(t, row, j);
                n++;
            }
            bool is_whole = t == WHOLE || t == MARKS;
            tasks[t].rows[s] = (pt_task_rows_t){
                .n = n, .index = is_whole ? NULL : index[t][s], .labels = labels[t][s]};
        }
    }
    assert_int_equal(pt_dataset_write(file, &source), PT_OK);
}

static int write_files(void **state)
{
    (void)state;
    if (pt_comm_split_node(pt_comm_world(), &node) != PT_OK)
        return -1;
    for (int v = 0; v < 2; v++) {
        name_path(v ? "feed-val" : "feed", path[v]);
        if (pt_comm_rank(pt_comm_world()) == 0)
            write_data(path[v], v ? N_VAL : 0);
    }
    return pt_comm_barrier(pt_comm_world()) == PT_OK ? 0 : -1;
}

static int remove_files(void **state)
{
    (void)state;
    if (pt_comm_barrier(pt_comm_world()) != PT_OK)
        return -1;
    if (pt_comm_rank(pt_comm_world()) == 0) {
        unlink(path[0]);
        unlink(path[1]);
    }
    pt_comm_free(node);
    return 0;
}

static int set_config(void **state)
{
    (void)state;
    memset(&config, 0, sizeof config);
    config.run.seed = 3;
    config.train.microbatch = BATCH;
    config.search.alpha_part = 0.5;
    config.search.steps.count = 10;
    return 0;
}

typedef struct pt_open {
    pt_dataset_t *dataset;
    pt_feed_t *feed;
} pt_open_t;

static pt_open_t open_feed(int with_val, const char *tasks)
{
    pt_open_t open = {0};
    assert_int_equal(
        pt_dataset_open(path[with_val], tasks, pt_comm_world(), node, false, &open.dataset),
        PT_OK);
    assert_int_equal(pt_feed_new(&config, open.dataset, 0, &open.feed), PT_OK);
    return open;
}

static void close_feed(pt_open_t *open)
{
    pt_feed_free(open->feed);
    pt_dataset_close(open->dataset);
}

typedef struct pt_filled {
    float input[BATCH * PIXELS];
    pt_label_t label[N_TASK][BATCH * 3];
} pt_filled_t;

static void fill(pt_feed_t *feed, const pt_draw_t *draw, pt_filled_t *out)
{
    pt_label_t *label[N_TASK];
    memset(out, 0x55, sizeof *out);
    for (int t = 0; t < N_TASK; t++)
        label[t] = out->label[t];
    assert_int_equal(pt_feed_fill(feed, draw, out->input, label), PT_OK);
}

/* Row of draw `at` of the sequence that `draw` begins; -1: padding. */
static int64_t drawn_row(pt_feed_t *feed, pt_draw_t draw, int64_t at)
{
    pt_filled_t filled;
    draw.first += at;
    fill(feed, &draw, &filled);
    for (int i = 1; i < PIXELS; i++)
        if (filled.input[i] != 0)
            return (int64_t)(filled.input[0] * 255.0f + 0.5f);
    return -1;
}

/* How often each row of the split comes in n draws; they are filled by whole batches. */
static void count_rows(pt_feed_t *feed, pt_draw_t draw, int64_t n, int *count)
{
    pt_filled_t filled;
    for (int64_t d = 0; d < n; d++) {
        if (d % BATCH == 0) {
            fill(feed, &draw, &filled);
            draw.first += BATCH;
        }
        count[(int)(filled.input[d % BATCH * PIXELS] * 255.0f + 0.5f)]++;
    }
}

static void bundles_follow_the_rule(void **state)
{
    (void)state;
    pt_open_t open = open_feed(0, "all");
    const int32_t expected[3][2] = {{ALONE, -1}, {WHOLE, MARKS}, {ODD, LATE}};
    const int64_t train[3] = {N_ALONE, N_TRAIN, N_TRAIN / 2};
    assert_int_equal(pt_feed_n_bundle(open.feed), 3);
    for (int b = 0; b < 3; b++) {
        const pt_bundle_t *bundle = pt_feed_bundle(open.feed, b);
        assert_int_equal(bundle->n_task, b == 0 ? 1 : 2);
        assert_memory_equal(bundle->task, expected[b], (size_t)bundle->n_task * 4);
        assert_int_equal(bundle->n_sample[PT_PART_TRAIN], train[b]);
    }
    /* Odd rows below 11 and rows 0..3. */
    assert_int_equal(pt_feed_bundle(open.feed, 2)->n_sample[PT_PART_TEST], 7);
    assert_int_equal(pt_feed_n_sample(open.feed, PT_PART_TRAIN), 23 + 60 + 30);
    close_feed(&open);

    config.train.bundle = PT_BUNDLE_EACH;
    open = open_feed(0, "all");
    assert_int_equal(pt_feed_n_bundle(open.feed), N_TASK);
    for (int b = 0; b < N_TASK; b++)
        assert_int_equal(pt_feed_bundle(open.feed, b)->task[0], b);
    close_feed(&open);

    config.train.bundle = PT_BUNDLE_ALL;
    open = open_feed(0, "odd alone");
    assert_int_equal(pt_feed_n_bundle(open.feed), 1);
    assert_int_equal(pt_feed_n_sample(open.feed, PT_PART_TRAIN), 30 + 12);
    close_feed(&open);
}

/* A task alone has the parts of its bundle, its own labels, and an order of its own. */
static void tasks_in_turn_share_their_bundles_parts(void **state)
{
    (void)state;
    config.data.val_fraction = 0.2;
    pt_open_t open = open_feed(0, "all");
    const int32_t home[N_TASK] = {0, 1, 2, 1, 2};
    for (int t = 0; t < N_TASK; t++) {
        const pt_bundle_t *turn = pt_feed_bundle(open.feed, 3 + t);
        assert_int_equal(turn->n_task, 1);
        assert_int_equal(turn->task[0], t);
        assert_int_equal(turn->home, home[t]);
        int n_moved = 0;
        for (int p = 0; p < PT_N_PART; p++) {
            pt_draw_t own = {.part = (pt_part_t)p, .bundle = 3 + t};
            pt_draw_t whole = {.part = (pt_part_t)p, .bundle = home[t]};
            const pt_bundle_t *bundle = pt_feed_bundle(open.feed, home[t]);
            assert_int_equal(bundle->home, home[t]);
            assert_int_equal(turn->n_sample[p], bundle->n_sample[p]);
            int64_t n = bundle->n_sample[p];
            for (int64_t d = 0; d < n; d++)
                assert_int_equal(drawn_row(open.feed, own, d),
                                 drawn_row(open.feed, whole, d));
            own.is_shuffled = whole.is_shuffled = true;
            for (int64_t d = 0; d < n; d++)
                n_moved += drawn_row(open.feed, own, d) != drawn_row(open.feed, whole, d);
        }
        assert_true(n_moved > 10);
        pt_draw_t draw = {.part = PT_PART_ALPHA, .bundle = 3 + t};
        pt_filled_t filled;
        fill(open.feed, &draw, &filled);
        int64_t row = drawn_row(open.feed, draw, 0);
        pt_task_info_t info = task_info(t);
        for (int j = 0, width = t == MARKS ? 3 : 1; j < width; j++) {
            int32_t y = label_of(t, row, j);
            bool is_none = info.has_ignore && y == info.ignore;
            assert_int_equal(filled.label[0][j].i, is_none ? PT_LABEL_NONE : y);
        }
    }
    close_feed(&open);
}

/* Every n draws are each sample once, in an order that changes with epoch and phase. */
static void each_epoch_is_a_permutation(void **state)
{
    (void)state;
    pt_open_t open = open_feed(0, "all");
    int64_t n = pt_feed_bundle(open.feed, ALONE)->n_sample[PT_PART_TRAIN];
    pt_draw_t draw = {.part = PT_PART_TRAIN, .bundle = ALONE, .is_shuffled = true};
    int count[N_TRAIN] = {0}, n_moved = 0, n_moved_phase = 0;
    for (int64_t epoch = 0; epoch < 4; epoch++) {
        for (int64_t i = 0; i < n; i++)
            count[drawn_row(open.feed, draw, epoch * n + i)]++;
        for (int row = 0; row < N_TRAIN; row++)
            assert_int_equal(count[row], row < N_ALONE ? epoch + 1 : 0);
    }
    pt_draw_t moved = draw;
    moved.phase = 1;
    for (int64_t i = 0; i < n; i++) {
        int64_t row = drawn_row(open.feed, draw, i);
        n_moved += drawn_row(open.feed, draw, n + i) != row;
        n_moved_phase += drawn_row(open.feed, moved, i) != row;
    }
    assert_true(n_moved > n / 2);
    assert_true(n_moved_phase > n / 2);
    close_feed(&open);
}

/* A microbatch is a function of its draws: those that straddle epochs hold the same. */
static void microbatches_straddle_epochs(void **state)
{
    (void)state;
    pt_open_t open = open_feed(0, "all");
    pt_draw_t draw = {.part = PT_PART_TRAIN, .bundle = ALONE, .is_shuffled = true};
    draw.first = N_ALONE - 2;
    pt_filled_t filled;
    fill(open.feed, &draw, &filled);
    for (int i = 0; i < BATCH; i++)
        assert_int_equal((int)(filled.input[i * PIXELS] * 255.0f + 0.5f),
                         drawn_row(open.feed, draw, i));
    close_feed(&open);
}

static void parts_are_disjoint_and_cover(void **state)
{
    (void)state;
    config.data.val_fraction = 0.2;
    pt_open_t open = open_feed(0, "all");
    assert_string_equal(pt_feed_val_origin(open.feed), "taken from train");
    const int64_t total[3] = {N_ALONE, N_TRAIN, N_TRAIN / 2};
    for (int b = 0; b < 3; b++) {
        const int64_t *n = pt_feed_bundle(open.feed, b)->n_sample;
        int count[PT_N_PART][N_TRAIN] = {0};
        for (int p = 0; p <= PT_PART_VAL; p++) {
            pt_draw_t draw = {.part = (pt_part_t)p, .bundle = b};
            count_rows(open.feed, draw, n[p], count[p]);
        }
        assert_int_equal(n[PT_PART_VAL], (total[b] + 2) / 5);
        assert_int_equal(n[PT_PART_TRAIN], total[b] - n[PT_PART_VAL]);
        assert_int_equal(n[PT_PART_ALPHA], (n[PT_PART_TRAIN] + 1) / 2);
        assert_int_equal(n[PT_PART_WEIGHT] + n[PT_PART_ALPHA], n[PT_PART_TRAIN]);
        for (int row = 0; row < N_TRAIN; row++) {
            int train = count[PT_PART_WEIGHT][row] + count[PT_PART_ALPHA][row];
            int in_bundle = b == 0 ? row < N_ALONE : b == 1 ? 1 : row % 2;
            assert_int_equal(count[PT_PART_TRAIN][row], train);
            assert_int_equal(train + count[PT_PART_VAL][row], in_bundle);
        }
    }
    close_feed(&open);
}

/* Classes of 10, 7, 5 and 1: shares of each, one at least on both sides, the total right.
 */
static void split_is_stratified_by_class(void **state)
{
    (void)state;
    const double fractions[] = {0.5, 0.2, 0.1, 0.85};
    const int size[N_CLASS] = {10, 7, 5, 1};
    for (int f = 0; f < 4; f++) {
        config.search.alpha_part = fractions[f];
        pt_open_t open = open_feed(0, "alone");
        int64_t n = pt_feed_bundle(open.feed, 0)->n_sample[PT_PART_ALPHA];
        int count[N_TRAIN] = {0}, taken[N_CLASS] = {0};
        pt_draw_t draw = {.part = PT_PART_ALPHA};
        count_rows(open.feed, draw, n, count);
        for (int row = 0; row < N_ALONE; row++)
            taken[label_of(ALONE, row, 0)] += count[row];
        /* At 0.1 three classes keep one each, which is one more than a tenth. */
        int64_t expected = (int64_t)(fractions[f] * N_ALONE + 0.5);
        assert_int_equal(n, f == 2 ? 3 : expected);
        for (int c = 0; c < N_CLASS; c++) {
            assert_true(taken[c] > fractions[f] * size[c] - 1);
            assert_true(taken[c] < fractions[f] * size[c] + 1);
            assert_true(size[c] == 1 || (taken[c] >= 1 && taken[c] <= size[c] - 1));
        }
        close_feed(&open);
    }
}

static void order_and_split_depend_on_the_seed_alone(void **state)
{
    (void)state;
    int count[3][N_TRAIN] = {0};
    int64_t first[3][16];
    for (int run = 0; run < 3; run++) {
        config.run.seed = run < 2 ? 3 : 4;
        pt_open_t open = open_feed(0, "all");
        pt_draw_t draw = {.part = PT_PART_ALPHA, .bundle = 1};
        count_rows(open.feed, draw, N_TRAIN / 2, count[run]);
        draw.part = PT_PART_TRAIN;
        draw.is_shuffled = true;
        for (int i = 0; i < 16; i++)
            first[run][i] = drawn_row(open.feed, draw, i);
        close_feed(&open);
    }
    assert_memory_equal(count[0], count[1], sizeof count[0]);
    assert_memory_equal(first[0], first[1], sizeof first[0]);
    assert_memory_not_equal(count[0], count[2], sizeof count[0]);
    assert_memory_not_equal(first[0], first[2], sizeof first[0]);
}

/* All tasks in one bundle: each row brings its labels, and none where a task lacks it. */
static void labels_belong_to_their_rows(void **state)
{
    (void)state;
    config.train.bundle = PT_BUNDLE_ALL;
    pt_open_t open = open_feed(1, "all");
    const pt_part_t parts[] = {PT_PART_TRAIN, PT_PART_VAL, PT_PART_TEST};
    for (int p = 0; p < 3; p++) {
        pt_split_t split = (pt_split_t)p;
        pt_draw_t draw = {.part = parts[p], .is_shuffled = true};
        for (; draw.first < 80; draw.first += BATCH) {
            pt_filled_t filled;
            fill(open.feed, &draw, &filled);
            for (int i = 0; i < BATCH; i++) {
                const float *input = filled.input + i * PIXELS;
                int64_t row = (int64_t)(input[0] * 255.0f + 0.5f);
                for (int at = 0; at < PIXELS; at++)
                    assert_int_equal((int)(input[at] * 255.0f + 0.5f),
                                     pixel_of(split, row, at));
                for (int t = 0; t < N_TASK; t++)
                    for (int j = 0, width = t == MARKS ? 3 : 1; j < width; j++) {
                        pt_task_info_t info = task_info(t);
                        int32_t y = label_of(t, row, j);
                        if (!has_row(t, split, row) ||
                            (info.has_ignore && y == info.ignore))
                            y = PT_LABEL_NONE;
                        assert_int_equal(filled.label[t][i * width + j].i, y);
                    }
            }
        }
    }
    close_feed(&open);
}

/* In order, each sample once, then zeros and masked labels; also wholly past the end. */
static void evaluation_pads_and_masks(void **state)
{
    (void)state;
    pt_open_t open = open_feed(0, "all");
    pt_draw_t draw = {.part = PT_PART_TEST, .bundle = 1};
    for (; draw.first < N_TEST + 2 * BATCH; draw.first += BATCH) {
        pt_filled_t filled;
        fill(open.feed, &draw, &filled);
        for (int i = 0; i < BATCH; i++) {
            int64_t row = draw.first + i;
            for (int at = 0; at < PIXELS && row >= N_TEST; at++)
                assert_true(filled.input[i * PIXELS + at] == 0);
            if (row < N_TEST)
                assert_int_equal((int)(filled.input[i * PIXELS] * 255.0f + 0.5f), row);
            bool is_none = row >= N_TEST || row % 10 == 9;
            assert_int_equal(filled.label[0][i].i,
                             is_none ? PT_LABEL_NONE : label_of(WHOLE, row, 0));
            for (int j = 0; j < 3 && row >= N_TEST; j++)
                assert_int_equal(filled.label[1][i * 3 + j].i, PT_LABEL_NONE);
        }
    }
    close_feed(&open);
}

/* Augmentation of a draw does not depend on its place in the microbatch. */
static void augmentation_is_keyed_by_the_draw(void **state)
{
    (void)state;
    config.augment.rotate = 20;
    config.augment.shift = 0.2;
    pt_open_t open = open_feed(0, "all");
    pt_draw_t draw = {.part = PT_PART_TRAIN, .bundle = 2, .phase = 1, .is_shuffled = true};
    pt_filled_t plain, augmented;
    float expected[PIXELS];
    int n_changed = 0;
    for (draw.first = 0; draw.first < 12; draw.first++) {
        draw.is_augmented = false;
        fill(open.feed, &draw, &plain);
        draw.is_augmented = true;
        fill(open.feed, &draw, &augmented);
        for (int i = 0; i < BATCH; i++) {
            pt_rng_t rng = {.seed = 3, .purpose = PT_RNG_AUGMENT, .phase = 1, .task = 2};
            pt_warp_t warp =
                pt_warp_draw(&config, &rng, (uint64_t)(draw.first + i), SIDE, SIDE);
            pt_warp_apply(&warp, SIDE, SIDE, 1, plain.input + i * PIXELS, expected);
            assert_memory_equal(expected, augmented.input + i * PIXELS, sizeof expected);
            n_changed += memcmp(expected, plain.input + i * PIXELS, sizeof expected) != 0;
        }
        assert_memory_equal(plain.label, augmented.label, sizeof plain.label);
    }
    assert_int_equal(n_changed, 12 * BATCH);
    close_feed(&open);
}

static void val_of_the_file_comes_first(void **state)
{
    (void)state;
    config.data.val_fraction = 0.2;
    pt_open_t open = open_feed(1, "all");
    assert_string_equal(pt_feed_val_origin(open.feed), "the file's own");
    assert_int_equal(pt_feed_bundle(open.feed, 1)->n_sample[PT_PART_VAL], N_VAL);
    assert_int_equal(pt_feed_bundle(open.feed, 1)->n_sample[PT_PART_TRAIN], N_TRAIN);
    close_feed(&open);
    config.data.val_fraction = 0;
    open = open_feed(0, "all");
    assert_string_equal(pt_feed_val_origin(open.feed), "none");
    assert_int_equal(pt_feed_n_sample(open.feed, PT_PART_VAL), 0);
    close_feed(&open);
}

static void filling_allocates_nothing(void **state)
{
    (void)state;
    config.augment.rotate = 20;
    size_t before = pt_memory_bytes();
    pt_open_t open = open_feed(0, "all");
    assert_true(pt_feed_bytes(open.feed) >= (23 + 60 + 30) * 2 * sizeof(int64_t));
    uint64_t n_alloc = pt_memory_n_alloc();
    for (int b = 0; b < 3; b++) {
        pt_filled_t filled;
        pt_draw_t draw = {.bundle = b, .is_shuffled = true, .is_augmented = true};
        fill(open.feed, &draw, &filled);
        draw = (pt_draw_t){.part = PT_PART_TEST, .bundle = b};
        fill(open.feed, &draw, &filled);
    }
    assert_int_equal(pt_memory_n_alloc(), n_alloc);
    close_feed(&open);
    assert_int_equal(pt_memory_bytes(), before);
}

/* Both refusals name what to change; the shared baseline needs no alpha part. */
static void impossible_draws_and_parts_are_refused(void **state)
{
    (void)state;
    pt_open_t open = open_feed(0, "all");
    pt_filled_t filled;
    pt_label_t *label[2] = {filled.label[0], filled.label[1]};
    pt_draw_t draw = {.part = PT_PART_VAL, .is_shuffled = true};
    assert_int_equal(pt_feed_fill(open.feed, &draw, filled.input, label), PT_E_RANGE);
    draw = (pt_draw_t){.first = -1};
    assert_int_equal(pt_feed_fill(open.feed, &draw, filled.input, label), PT_E_RANGE);
    close_feed(&open);

    config.search.alpha_part = 0;
    open = (pt_open_t){0};
    assert_int_equal(
        pt_dataset_open(path[0], "odd", pt_comm_world(), node, false, &open.dataset),
        PT_OK);
    assert_int_equal(pt_feed_new(&config, open.dataset, 0, &open.feed), PT_E_CONFIG);
    assert_non_null(strstr(pt_error_message(), "task odd"));
    assert_non_null(strstr(pt_error_message(), "search.alpha_part"));
    assert_null(open.feed);
    config.search.method = PT_METHOD_SHARED;
    assert_int_equal(pt_feed_new(&config, open.dataset, 0, &open.feed), PT_OK);
    close_feed(&open);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(bundles_follow_the_rule, set_config),
        cmocka_unit_test_setup(tasks_in_turn_share_their_bundles_parts, set_config),
        cmocka_unit_test_setup(each_epoch_is_a_permutation, set_config),
        cmocka_unit_test_setup(microbatches_straddle_epochs, set_config),
        cmocka_unit_test_setup(parts_are_disjoint_and_cover, set_config),
        cmocka_unit_test_setup(split_is_stratified_by_class, set_config),
        cmocka_unit_test_setup(order_and_split_depend_on_the_seed_alone, set_config),
        cmocka_unit_test_setup(labels_belong_to_their_rows, set_config),
        cmocka_unit_test_setup(evaluation_pads_and_masks, set_config),
        cmocka_unit_test_setup(augmentation_is_keyed_by_the_draw, set_config),
        cmocka_unit_test_setup(val_of_the_file_comes_first, set_config),
        cmocka_unit_test_setup(filling_allocates_nothing, set_config),
        cmocka_unit_test_setup(impossible_draws_and_parts_are_refused, set_config),
    };
    return run_on_ranks(argc, argv, tests, write_files, remove_files);
}
