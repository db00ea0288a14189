/* Parts of data whose samples belong together: drawers across tasks, and windows in order.
 */
#include "polytree/par/log.h"
#include "polytree/train/feed.h"
#include "tests/mpi/main.h"

#include <stdio.h>
#include <string.h>

/* Two tasks with samples of their own, 100 each, by the same ten drawers. */
enum { N = 200, N_DRAWER = 10, CLASSES = 5 };

static char path[2][64]; /* without and with groups */
static pt_comm_t *node;
static pt_config_t config;

static void write_data(const char *file, bool has_group)
{
    static uint8_t images[N];
    static int64_t group[N], index[2][N / 2];
    static int32_t labels[2][N / 2];
    pt_task_source_t task[2] = {{.info = {.name = "a", .classes = CLASSES}},
                                {.info = {.name = "b", .classes = CLASSES}}};
    for (int i = 0; i < N; i++) {
        images[i] = (uint8_t)i;
        group[i] = i % N_DRAWER;
        index[i / 100][i % 100] = i;
        labels[i / 100][i % 100] = i / N_DRAWER % CLASSES;
    }
    for (int t = 0; t < 2; t++)
        task[t].rows[PT_SPLIT_TRAIN] = (pt_task_rows_t){100, index[t], labels[t]};
    const pt_dataset_source_t source = {.height = 1,
                                        .width = 1,
                                        .channels = 1,
                                        .n = {N, 0, 0},
                                        .images = {images},
                                        .group = {has_group ? group : NULL},
                                        .n_task = 2,
                                        .task = task};
    assert_int_equal(pt_dataset_write(file, &source), PT_OK);
}

static int set_config(void **state)
{
    (void)state;
    memset(&config, 0, sizeof config);
    config.run.seed = 3;
    config.train.microbatch = 1;
    config.search.alpha_part = 0.5;
    config.search.steps.count = 10;
    config.data.val_fraction = 0.2;
    return 0;
}

static pt_dataset_t *open_data(bool has_group)
{
    pt_dataset_t *dataset = NULL;
    assert_int_equal(
        pt_dataset_open(path[has_group], "all", pt_comm_world(), node, true, &dataset),
        PT_OK);
    return dataset;
}

/* part[row]: a bit for each part that has it. */
static void find_parts(pt_dataset_t *dataset, uint8_t part[N])
{
    pt_feed_t *feed = NULL;
    memset(part, 0, N);
    if (pt_feed_new(&config, dataset, 0, &feed) != PT_OK)
        fail_msg("%s", pt_error_message());
    for (int32_t b = 0; b < pt_feed_n_bundle(feed); b++)
        for (int p = 0; p <= PT_PART_VAL; p++)
            for (int64_t i = 0; i < pt_feed_bundle(feed, b)->n_sample[p]; i++) {
                pt_draw_t draw = {.part = (pt_part_t)p, .bundle = b, .first = i};
                float pixel;
                assert_int_equal(pt_feed_fill(feed, &draw, &pixel, NULL), PT_OK);
                part[(int)(pixel * 255 + 0.5f)] |= (uint8_t)(1 << p);
            }
    pt_feed_free(feed);
}

enum {
    IN_WEIGHT = 1 << PT_PART_TRAIN | 1 << PT_PART_WEIGHT,
    IN_ALPHA = 1 << PT_PART_TRAIN | 1 << PT_PART_ALPHA,
    IN_VAL = 1 << PT_PART_VAL
};

static void drawers_are_in_one_part_for_all_tasks(void **state)
{
    uint8_t part[N];
    int n[3] = {0};
    (void)state;
    pt_dataset_t *dataset = open_data(true);
    find_parts(dataset, part);
    for (int i = 0; i < N; i++) {
        assert_int_equal(part[i], part[i % N_DRAWER]);
        n[0] += part[i] == IN_WEIGHT;
        n[1] += part[i] == IN_ALPHA;
        n[2] += part[i] == IN_VAL;
    }
    assert_int_equal(n[0], 80);
    assert_int_equal(n[1], 80);
    assert_int_equal(n[2], 40);

    /* All ranks have the same. */
    uint8_t first[N];
    memcpy(first, part, N);
    assert_int_equal(pt_comm_bcast(pt_comm_world(), first, N, 0), PT_OK);
    assert_memory_equal(first, part, N);

    config.data.gap = 1;
    pt_feed_t *feed = NULL;
    assert_int_equal(pt_feed_new(&config, dataset, 0, &feed), PT_E_CONFIG);
    assert_non_null(
        strstr(pt_error_message(), "data.gap is 1, but the data set has groups"));
    pt_dataset_close(dataset);
}

static void keep(pt_log_level_t level, const char *message, void *context)
{
    (void)level;
    snprintf(context, 200, "%s", message);
}

/* What val leaves is of one group: the message says that groups are the cause. */
static void too_few_groups_are_named(void **state)
{
    static int64_t group[N];
    static uint8_t images[N];
    static int32_t labels[N];
    pt_task_source_t task = {.info = {.name = "a", .classes = CLASSES}};
    const pt_dataset_source_t source = {.height = 1,
                                        .width = 1,
                                        .channels = 1,
                                        .n = {N, 0, 0},
                                        .images = {images},
                                        .group = {group},
                                        .n_task = 1,
                                        .task = &task};
    char file[80], told[200] = "";
    pt_dataset_t *dataset = NULL;
    pt_feed_t *feed = NULL;
    (void)state;
    task.rows[PT_SPLIT_TRAIN] = (pt_task_rows_t){N, NULL, labels};
    for (int i = 0; i < N; i++)
        group[i] = i < N / 2;
    snprintf(file, sizeof file, "%s.%d", path[1], pt_comm_rank(pt_comm_world()));
    assert_int_equal(pt_dataset_write(file, &source), PT_OK);
    assert_int_equal(pt_dataset_open(file, "all", pt_comm_world(), node, true, &dataset),
                     PT_OK);
    pt_log_set_sink(keep, told);
    assert_int_equal(pt_feed_new(&config, dataset, 0, &feed), PT_E_CONFIG);
    pt_log_set_sink(NULL, NULL);
    assert_string_equal(told, "task a: val has 50 % of the samples, not 20 as "
                              "data.val_fraction asks: groups are kept whole");
    assert_non_null(
        strstr(pt_error_message(), "100 training samples of 1 group, which is kept whole"));
    pt_dataset_close(dataset);
    unlink(file);
}

/* Of each task's 100 rows the last 20 are val, 3 before them nothing, then 38 or 39 of 77.
 */
static void windows_are_cut_in_order_with_a_gap(void **state)
{
    uint8_t part[N];
    (void)state;
    pt_dataset_t *dataset = open_data(false);
    config.data.gap = 3;
    find_parts(dataset, part);
    for (int i = 0; i < N; i++) {
        int at = i % 100;
        assert_int_equal(part[i], at < 35   ? IN_WEIGHT
                                  : at < 38 ? 1 << PT_PART_TRAIN
                                  : at < 77 ? IN_ALPHA
                                  : at < 80 ? 0
                                            : IN_VAL);
    }
    pt_dataset_close(dataset);
}

/* Known rows: a split without groups and gap is what it was in version 0.1.0. */
static void other_splits_are_as_they_were(void **state)
{
    static const int alpha[] = {1,  3,  5,  7,  8,  9,  13, 14, 16, 17, 18, 24, 27, 29,
                                31, 37, 38, 42, 48, 55, 56, 64, 66, 67, 70, 75, 76, 77,
                                78, 81, 84, 85, 86, 88, 91, 94, 95, 96, 98, 99};
    uint8_t part[N];
    (void)state;
    pt_dataset_t *dataset = open_data(false);
    find_parts(dataset, part);
    for (int i = 0, k = 0; i < 100; i++)
        if (part[i] == IN_ALPHA)
            assert_int_equal(i, alpha[k++]);
    pt_dataset_close(dataset);
}

static int write_files(void **state)
{
    (void)state;
    if (pt_comm_split_node(pt_comm_world(), &node) != PT_OK)
        return -1;
    name_path("groups", path[1]);
    name_path("no-groups", path[0]);
    for (int g = 0; g < 2 && pt_comm_rank(pt_comm_world()) == 0; g++)
        write_data(path[g], g);
    return pt_comm_barrier(pt_comm_world()) == PT_OK ? 0 : -1;
}

static int remove_files(void **state)
{
    (void)state;
    for (int g = 0; g < 2 && pt_comm_rank(pt_comm_world()) == 0; g++)
        unlink(path[g]);
    pt_comm_free(node);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(drawers_are_in_one_part_for_all_tasks, set_config),
        cmocka_unit_test_setup(too_few_groups_are_named, set_config),
        cmocka_unit_test_setup(windows_are_cut_in_order_with_a_gap, set_config),
        cmocka_unit_test_setup(other_splits_are_as_they_were, set_config),
    };
    return run_on_ranks(argc, argv, tests, write_files, remove_files);
}
