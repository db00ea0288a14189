/* Labels of every kind come back with either cache, on every rank, any rows in any order.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/io/dataset.h"
#include "tests/mpi/main.h"

/* More rows than the reader's buffer holds at a time. */
enum { N = 150, H = 48, W = 64, PIXELS = H * W, N_OWN = 40 };
enum { SORT, PARTS, WORDS, DEPTH, NORMALS, EDGES, MARKS, FLOW, N_TASK };

static char path[64];
static pt_comm_t *node;
static int32_t sort[N], mark[2 * N];
static int64_t own[N_OWN];

/* What value `j` of task `t` of input `i` is, as stored: a few of all are no label. */
static pt_label_t label_of(int t, int64_t i, int64_t j)
{
    uint32_t x = (uint32_t)(((i * 8 + t) * PIXELS * 3 + j) * 2654435761u) >> 8;
    pt_label_t label = {.i = (int32_t)(x % (t == WORDS ? 900 : 2))};
    switch (t) {
    case DEPTH:
    case FLOW:
        label.f = x % 5 == 0 ? NAN : (float)(x % 97) + 0.25f;
        return label;
    case NORMALS:
        label.f = (i + j / 3) % 4 == 0 ? NAN : (float)(x % 97) + 1;
        return label;
    case EDGES:
        return label;
    default:
        label.i = x % 7 == 0 ? PT_LABEL_NONE : label.i;
        return label;
    }
}

static int64_t width_of(int t)
{
    static const int64_t width[N_TASK] = {1,          PIXELS, PIXELS, PIXELS,
                                          3 * PIXELS, PIXELS, 2,      3};
    return width[t];
}

static pt_status_t fill(void *context, pt_split_t split, int64_t i, void *image,
                        pt_label_t *const *label)
{
    (void)context;
    (void)split;
    for (int p = 0; p < PIXELS; p++)
        ((float *)image)[p] = (float)i + 0.5f;
    for (int t = 0; t < N_TASK; t++)
        for (int64_t j = 0; label[t] && j < width_of(t); j++)
            label[t][j] = label_of(t, i, j);
    return PT_OK;
}

/* Tasks: parts in one byte, words in four; depth for some inputs only. */
static void write_dataset(void)
{
    pt_task_source_t task[N_TASK] = {
        [SORT] = {.info = {.kind = PT_TASK_CLASSIFICATION, .classes = 2, .ignore = 9}},
        [PARTS] = {.info = {.kind = PT_TASK_SEGMENTATION, .classes = 2, .ignore = 255}},
        [WORDS] = {.info = {.kind = PT_TASK_SEGMENTATION, .classes = 900, .ignore = -7}},
        [DEPTH] = {.info = {.kind = PT_TASK_DEPTH}},
        [NORMALS] = {.info = {.kind = PT_TASK_NORMALS}},
        [EDGES] = {.info = {.kind = PT_TASK_EDGES}},
        [MARKS] = {.info = {.kind = PT_TASK_MULTILABEL, .classes = 2, .ignore = -1}},
        [FLOW] = {
            .info = {.kind = PT_TASK_REGRESSION, .height = 1, .width = 1, .channels = 3}}};
    for (int t = 0; t < N_TASK; t++) {
        snprintf(task[t].info.name, sizeof task[t].info.name, "t%d", t);
        task[t].info.has_ignore = task[t].info.ignore != 0;
        task[t].rows[PT_SPLIT_TRAIN].n = N;
    }
    for (int64_t i = 0; i < N; i++) {
        sort[i] = label_of(SORT, i, 0).i;
        sort[i] = sort[i] == PT_LABEL_NONE ? 9 : sort[i];
        for (int64_t j = 0; j < 2; j++) {
            int32_t label = label_of(MARKS, i, j).i;
            mark[2 * i + j] = label == PT_LABEL_NONE ? -1 : label;
        }
    }
    for (int64_t i = 0; i < N_OWN; i++)
        own[i] = i * 3 + i % 2;
    task[SORT].rows[PT_SPLIT_TRAIN].labels = sort;
    task[MARKS].rows[PT_SPLIT_TRAIN].labels = mark;
    task[DEPTH].rows[PT_SPLIT_TRAIN] = (pt_task_rows_t){.n = N_OWN, .index = own};
    const pt_dataset_source_t source = {.height = H,
                                        .width = W,
                                        .channels = 1,
                                        .is_float = true,
                                        .n = {N},
                                        .fill = fill,
                                        .n_task = N_TASK,
                                        .task = task};
    pt_status_t status = PT_OK;
    if (pt_comm_rank(pt_comm_world()) == 0)
        status = pt_dataset_write(path, &source);
    if (pt_comm_agree(pt_comm_world(), status) != PT_OK)
        fail_msg("%s", pt_error_message());
}

static pt_dataset_t *open_dataset(pt_cache_t cache)
{
    pt_dataset_t *dataset = NULL;
    if (pt_dataset_open(path, "all", pt_comm_world(), node, cache, &dataset) != PT_OK)
        fail_msg("%s", pt_error_message());
    return dataset;
}

static void check_rows(pt_dataset_t *dataset, int t, const int64_t *row, int64_t n)
{
    static pt_label_t out[N * PIXELS * 3];
    pt_task_rows_t rows = pt_dataset_rows(dataset, PT_SPLIT_TRAIN, t);
    const pt_task_info_t *info = pt_dataset_task(dataset, t);
    int64_t width = width_of(t);
    assert_int_equal(pt_task_labels(info), width);
    assert_int_equal(pt_dataset_read_labels(dataset, PT_SPLIT_TRAIN, t, row, n, out),
                     PT_OK);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < width; j++) {
            int64_t input = rows.index ? rows.index[row[i]] : row[i];
            pt_label_t want = label_of(t, input, j), got = out[i * width + j];
            bool is_equal = !pt_task_is_float(info) ? want.i == got.i
                            : isnan(want.f)         ? isnan(got.f)
                                                    : want.f == got.f;
            if (!is_equal)
                fail_msg("task %d row %d value %d", t, (int)row[i], (int)j);
        }
}

static void labels_come_back_with_any_cache(void **state)
{
    static int64_t row[N];
    (void)state;
    for (int cache = 0; cache < PT_N_CACHE; cache++) {
        pt_dataset_t *dataset = open_dataset(cache);
        for (int t = 0; t < N_TASK; t++) {
            int64_t n = pt_dataset_rows(dataset, PT_SPLIT_TRAIN, t).n;
            for (int64_t step = 1; step < 30; step += 28) {
                for (int64_t i = 0; i < n; i++)
                    row[i] = (7 + step * i) % n;
                check_rows(dataset, t, row, n);
            }
            row[0] = n;
            assert_int_equal(
                pt_dataset_read_labels(dataset, PT_SPLIT_TRAIN, t, row, 1, NULL),
                PT_E_RANGE);
        }
        pt_dataset_close(dataset);
    }
}

/* Tables are for classes alone, and outputs follow the kind. */
static void shapes_are_of_the_kind(void **state)
{
    float image[PIXELS];
    int64_t row = 5;
    (void)state;
    pt_dataset_t *dataset = open_dataset(true);
    for (int t = 0; t < N_TASK; t++) {
        const pt_task_info_t *info = pt_dataset_task(dataset, t);
        bool has_table = t == SORT || t == MARKS;
        pt_task_rows_t rows = pt_dataset_rows(dataset, PT_SPLIT_TRAIN, t);
        assert_int_equal(rows.labels != NULL, has_table);
        assert_int_equal(pt_task_is_map(info), !has_table && t != FLOW);
        assert_int_equal(pt_task_is_float(info), t == DEPTH || t == NORMALS || t == FLOW);
        assert_int_equal(info->height * info->width, pt_task_is_map(info) ? PIXELS : 1);
    }
    assert_int_equal(pt_dataset_task(dataset, NORMALS)->classes, 3);
    assert_int_equal(pt_dataset_task(dataset, DEPTH)->classes, 1);
    assert_int_equal(pt_dataset_task(dataset, EDGES)->classes, 1);
    assert_int_equal(pt_dataset_task(dataset, FLOW)->classes, 3);
    assert_int_equal(pt_dataset_read(dataset, PT_SPLIT_TRAIN, &row, 1, image), PT_OK);
    assert_true(image[PIXELS - 1] == 5.5f);
    pt_dataset_close(dataset);
}

static int set_up(void **state)
{
    (void)state;
    if (pt_comm_split_node(pt_comm_world(), &node) != PT_OK)
        return -1;
    name_path("labels", path);
    write_dataset();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (pt_comm_rank(pt_comm_world()) == 0)
        unlink(path);
    pt_comm_free(node);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_come_back_with_any_cache),
        cmocka_unit_test(shapes_are_of_the_kind),
    };
    return run_on_ranks(argc, argv, tests, set_up, tear_down);
}
