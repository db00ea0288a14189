/* Data sets: what is written is read back, with either cache, on every rank. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <hdf5.h>

#include "polytree/io/dataset.h"
#include "tests/mpi/main.h"

enum {
    N = 300,
    H = 40,
    W = 50,
    C = 2,
    SIZE = H * W * C,
    N_OWN = 7,
    CLASSES = 5,
    LABELS = 3
};

static char path[64];
static pt_comm_t *node;
static uint8_t images[N * SIZE];
static int32_t class_label[N], many_label[N_OWN * LABELS], val_label[2] = {4, 0};
static const int64_t own_index[N_OWN] = {0, 3, 4, 5, 99, 298, 299};

static void fill(uint32_t seed)
{
    uint32_t x = seed;
    for (size_t i = 0; i < sizeof images; i++)
        images[i] = (uint8_t)((x = x * 1664525u + 1013904223u) >> 24);
    for (int i = 0; i < N; i++)
        class_label[i] = i % 11 == 0 ? -1 : i % CLASSES;
    for (int i = 0; i < N_OWN * LABELS; i++)
        many_label[i] = i % 3 == 0;
}

static void write_file(const char *file, int64_t n_val)
{
    static const char *const names[CLASSES] = {"a", "b", "c", "d", "e"};
    const pt_task_source_t task[] = {
        {.info = {.name = "sort", .classes = CLASSES, .has_ignore = true, .ignore = -1},
         .class_names = names,
         .rows = {[PT_SPLIT_TRAIN] = {.n = N, .labels = class_label},
                  [PT_SPLIT_VAL] = {.n = n_val, .labels = val_label}}},
        {.info = {.name = "marks", .kind = PT_TASK_MULTILABEL, .classes = LABELS},
         .rows = {[PT_SPLIT_TRAIN] = {N_OWN, own_index, many_label}}}};
    const pt_dataset_source_t source = {.height = H,
                                        .width = W,
                                        .channels = C,
                                        .n = {N, n_val, 0},
                                        .images = {images, images + SIZE},
                                        .n_task = 2,
                                        .task = task,
                                        .origin = "made by a test"};
    assert_int_equal(pt_dataset_write(file, &source), PT_OK);
}

/* Written by rank 0; all may read it when this returns. */
static void write_dataset(void)
{
    if (pt_comm_rank(pt_comm_world()) == 0)
        write_file(path, 2);
    assert_int_equal(pt_comm_barrier(pt_comm_world()), PT_OK);
}

static pt_dataset_t *open_dataset(const char *tasks, pt_cache_t cache)
{
    pt_dataset_t *dataset = NULL;
    /* Of the rows of train some are in memory, one of them not whole. */
    pt_status_t status =
        cache == PT_CACHE_BOUND
            ? pt_dataset_open_bounded(path, tasks, pt_comm_world(), node, 41 * SIZE + 1,
                                      &dataset)
            : pt_dataset_open(path, tasks, pt_comm_world(), node, cache, &dataset);
    if (status != PT_OK)
        fail_msg("%s", pt_error_message());
    return dataset;
}

static void tables_come_back(void **state)
{
    int64_t hwc[3];
    (void)state;
    for (int cache = 0; cache <= PT_CACHE_BOUND; cache++) {
        pt_dataset_t *dataset = open_dataset("all", cache);
        pt_dataset_input(dataset, hwc);
        assert_int_equal(hwc[0], H);
        assert_int_equal(hwc[1], W);
        assert_int_equal(hwc[2], C);
        assert_int_equal(pt_dataset_n_input(dataset, PT_SPLIT_TRAIN), N);
        assert_int_equal(pt_dataset_n_input(dataset, PT_SPLIT_VAL), 2);
        assert_int_equal(pt_dataset_n_input(dataset, PT_SPLIT_TEST), 0);
        assert_int_equal(pt_dataset_n_task(dataset), 2);
        const pt_task_info_t *sort = pt_dataset_task(dataset, 0);
        assert_string_equal(sort->name, "sort");
        assert_int_equal(sort->kind, PT_TASK_CLASSIFICATION);
        assert_int_equal(sort->classes, CLASSES);
        assert_true(sort->has_ignore);
        assert_int_equal(sort->ignore, -1);
        assert_int_equal(pt_dataset_task(dataset, 1)->kind, PT_TASK_MULTILABEL);
        assert_false(pt_dataset_task(dataset, 1)->has_ignore);

        pt_task_rows_t rows = pt_dataset_rows(dataset, PT_SPLIT_TRAIN, 0);
        assert_int_equal(rows.n, N);
        assert_null(rows.index);
        assert_memory_equal(rows.labels, class_label, sizeof class_label);
        rows = pt_dataset_rows(dataset, PT_SPLIT_TRAIN, 1);
        assert_int_equal(rows.n, N_OWN);
        assert_memory_equal(rows.index, own_index, sizeof own_index);
        assert_memory_equal(rows.labels, many_label, sizeof many_label);
        rows = pt_dataset_rows(dataset, PT_SPLIT_VAL, 0);
        assert_int_equal(rows.n, 2);
        assert_memory_equal(rows.labels, val_label, sizeof val_label);
        assert_int_equal(pt_dataset_rows(dataset, PT_SPLIT_VAL, 1).n, 0);
        pt_dataset_close(dataset);
    }
}

/* Any rows in any order, in runs longer than the reader's buffer too. */
static void pixels_come_back_with_any_cache(void **state)
{
    static float out[N * SIZE];
    static int64_t row[N];
    (void)state;
    for (int cache = 0; cache <= PT_CACHE_BOUND; cache++) {
        pt_dataset_t *dataset = open_dataset("all", cache);
        for (int64_t step = 1; step < N; step = step * 2 + 5) {
            for (int64_t i = 0; i < N; i++)
                row[i] = (7 + step * i) % N;
            assert_int_equal(pt_dataset_read(dataset, PT_SPLIT_TRAIN, row, N, out), PT_OK);
            for (int64_t i = 0; i < N; i++)
                for (int64_t j = 0; j < SIZE; j++)
                    if (out[i * SIZE + j] != (float)images[row[i] * SIZE + j] / 255.0f)
                        fail_msg("row %d value %d", (int)row[i], (int)j);
        }
        row[0] = 1;
        assert_int_equal(pt_dataset_read(dataset, PT_SPLIT_VAL, row, 1, out), PT_OK);
        assert_true(out[0] == (float)images[2 * SIZE] / 255.0f);
        row[0] = N;
        assert_int_equal(pt_dataset_read(dataset, PT_SPLIT_TRAIN, row, 1, out), PT_E_RANGE);
        assert_int_equal(pt_dataset_read(dataset, PT_SPLIT_TEST, row, 1, out), PT_E_RANGE);
        pt_dataset_close(dataset);
    }
}

static void keep_digest(pt_cache_t cache, char out[33])
{
    pt_dataset_t *dataset = open_dataset("all", cache);
    strcpy(out, pt_dataset_digest(dataset)->text);
    assert_int_equal(pt_comm_check_equal(pt_comm_world(), "digest", out, 33), PT_OK);
    assert_true(pt_dataset_bytes(dataset) > (cache == PT_CACHE_MEMORY ? sizeof images : 0));
    pt_dataset_close(dataset);
}

/* One digest for one content, whichever cache; any change of values changes it. */
static void digest_is_of_the_content(void **state)
{
    char digest[PT_CACHE_BOUND + 1][33], other[33];
    (void)state;
    for (int cache = 0; cache <= PT_CACHE_BOUND; cache++)
        keep_digest(cache, digest[cache]);
    assert_string_equal(digest[PT_CACHE_MEMORY], digest[PT_CACHE_NONE]);
    assert_string_equal(digest[PT_CACHE_MEMORY], digest[PT_CACHE_DISK]);
    assert_string_equal(digest[PT_CACHE_MEMORY], digest[PT_CACHE_BOUND]);
    uint8_t *changed[] = {&images[N * SIZE - 1], (uint8_t *)&class_label[17],
                          (uint8_t *)&many_label[N_OWN * LABELS - 1]};
    for (int i = 0; i < 3; i++) {
        *changed[i] ^= 1;
        write_dataset();
        keep_digest(i % 2, other);
        assert_string_not_equal(other, digest[0]);
        *changed[i] ^= 1;
    }
    write_dataset();
    keep_digest(false, other);
    assert_string_equal(other, digest[0]);
}

static void tasks_are_picked_in_order(void **state)
{
    pt_dataset_t *dataset = open_dataset("marks, sort", true), *none = NULL;
    (void)state;
    assert_string_equal(pt_dataset_task(dataset, 0)->name, "marks");
    assert_string_equal(pt_dataset_task(dataset, 1)->name, "sort");
    pt_dataset_close(dataset);
    assert_int_equal(pt_dataset_open(path, "sort none", pt_comm_world(), node, true, &none),
                     PT_E_FORMAT);
    assert_non_null(strstr(pt_error_message(), "no task 'none'; it has sort, marks"));
    assert_int_equal(pt_dataset_open(path, "sort sort", pt_comm_world(), node, true, &none),
                     PT_E_CONFIG);
    assert_null(none);
}

/* A file cut anywhere is refused, by every rank alike, and not one is left waiting. */
static void a_cut_file_is_refused(void **state)
{
    static const double part[] = {0.0, 0.0001, 0.01, 0.3, 0.9, 0.9999};
    (void)state;
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) {
        pt_dataset_t *dataset = NULL;
        write_dataset();
        if (pt_comm_rank(pt_comm_world()) == 0) {
            FILE *file = fopen(path, "rb");
            assert_non_null(file);
            assert_int_equal(fseek(file, 0, SEEK_END), 0);
            double bytes = (double)ftell(file);
            fclose(file);
            assert_int_equal(truncate(path, (off_t)(bytes * part[i])), 0);
        }
        assert_int_equal(pt_comm_barrier(pt_comm_world()), PT_OK);
        assert_int_equal(
            pt_dataset_open(path, "all", pt_comm_world(), node, i % 2, &dataset),
            PT_E_FORMAT);
        assert_non_null(strstr(pt_error_message(), path));
    }
    write_dataset();
}

/* What h5py makes of a float64 table: variable strings, 64-bit integers, no val. */
static void write_table(const double *value, int64_t n, int64_t n_feature)
{
    const hsize_t dim[2] = {(hsize_t)n, (hsize_t)n_feature};
    const char *kind = "classification", *format = "polytree dataset";
    int64_t classes = 2, version = 1, label[4] = {0, 1, 1, 0};
    hid_t text = H5Tcopy(H5T_C_S1), scalar = H5Screate(H5S_SCALAR);
    H5Tset_size(text, H5T_VARIABLE);
    H5Tset_cset(text, H5T_CSET_UTF8);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    hid_t task = H5Gcreate2(file, "tasks/t", links, H5P_DEFAULT, H5P_DEFAULT);
    hid_t table = H5Screate_simple(2, dim, NULL), rows = H5Screate_simple(1, dim, NULL);
    const struct {
        hid_t object, type;
        const char *name;
        const void *data;
    } attr[] = {{file, text, "format", &format},
                {file, H5T_NATIVE_INT64, "version", &version},
                {task, text, "kind", &kind},
                {task, H5T_NATIVE_INT64, "classes", &classes}};
    for (size_t i = 0; i < sizeof attr / sizeof attr[0]; i++) {
        hid_t id = H5Acreate2(attr[i].object, attr[i].name, attr[i].type, scalar,
                              H5P_DEFAULT, H5P_DEFAULT);
        assert_true(H5Awrite(id, attr[i].type, attr[i].data) >= 0);
        H5Aclose(id);
    }
    hid_t inputs = H5Dcreate2(file, "train/inputs", H5T_IEEE_F64BE, table, links,
                              H5P_DEFAULT, H5P_DEFAULT);
    hid_t labels = H5Dcreate2(file, "train/tasks/t/labels", H5T_STD_I64LE, rows, links,
                              H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(inputs, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) >=
                0);
    assert_true(H5Dwrite(labels, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, label) >=
                0);
    const hid_t open[] = {labels, inputs, rows, table, task, links, file, scalar, text};
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
        H5Idec_ref(open[i]);
}

/* float64 features become float32. */
static void tables_of_features_are_read(void **state)
{
    const double value[4][3] = {{0.1, -2, 3e30}, {4, 5, 6}, {7, 8, 9}, {10, 11, 12}};
    const int64_t row[3] = {3, 0, 1};
    float out[3][3];
    int64_t hwc[3];
    (void)state;
    if (pt_comm_rank(pt_comm_world()) == 0)
        write_table(&value[0][0], 4, 3);
    assert_int_equal(pt_comm_barrier(pt_comm_world()), PT_OK);
    for (int cache = 0; cache <= PT_CACHE_BOUND; cache++) {
        pt_dataset_t *dataset = open_dataset("t", cache);
        pt_dataset_input(dataset, hwc);
        assert_int_equal(hwc[0] * hwc[1], 1);
        assert_int_equal(hwc[2], 3);
        assert_int_equal(pt_dataset_read(dataset, PT_SPLIT_TRAIN, row, 3, out[0]), PT_OK);
        for (int i = 0; i < 9; i++)
            assert_true(out[i / 3][i % 3] == (float)value[row[i / 3]][i % 3]);
        pt_dataset_close(dataset);
    }
}

/* A value that is not finite is found on all ranks when the file is opened, wherever it
 * stands; so is one too large for float32. */
static void values_not_finite_are_found_at_once(void **state)
{
    const double wrong[] = {NAN, -INFINITY, 1e39};
    double value[4][3] = {{0}};
    (void)state;
    for (int i = 0; i < 6; i++) {
        pt_dataset_t *dataset = NULL;
        value[2][1] = wrong[i / 2];
        if (pt_comm_rank(pt_comm_world()) == 0)
            write_table(&value[0][0], 4, 3);
        assert_int_equal(pt_comm_barrier(pt_comm_world()), PT_OK);
        assert_int_equal(
            pt_dataset_open(path, "t", pt_comm_world(), node, i % 2 == 1, &dataset),
            PT_E_FORMAT);
        if (pt_comm_rank(pt_comm_world()) == 0) {
            assert_non_null(strstr(pt_error_message(), path));
            assert_non_null(strstr(pt_error_message(), "train input 2"));
        }
        pt_error_clear();
        assert_int_equal(pt_comm_barrier(pt_comm_world()), PT_OK);
    }
}

/* The last rank opens a file of its own, which is a copy of the others' or is changed in
 * one thing; as the last on its node and on one of its own. */
static void ranks_must_have_the_same_data(void **state)
{
    static const char *const where[] = {"", "/train/images", "/val/images",
                                        "/train/tasks/sort", "/train/tasks/marks"};
    int32_t rank = pt_comm_rank(pt_comm_world()), last = pt_comm_size(pt_comm_world()) - 1;
    pt_comm_t *apart = NULL;
    char own[80], expected[160];
    (void)state;
    if (last == 0)
        skip();
    snprintf(own, sizeof own, "%s.own", path);
    write_dataset();
    assert_int_equal(pt_comm_split(pt_comm_world(), rank, 0, &apart), PT_OK);
    for (int i = 0; i < 5; i++) {
        images[3] ^= i == 1;
        class_label[7] = (7 + (i == 3)) % CLASSES;
        many_label[1] = i == 4;
        if (rank == last)
            write_file(own, i == 2 ? 1 : 2);
        fill(1);
        snprintf(expected, sizeof expected,
                 "rank %d: %s: %s is not that of rank 0: all ranks must have the same data",
                 (int)last, own, where[i]);
        for (int turn = 0; turn < 4; turn++) {
            pt_dataset_t *dataset = NULL;
            pt_status_t status =
                pt_dataset_open(rank == last ? own : path, "all", pt_comm_world(),
                                turn / 2 == 0 ? node : apart, turn % 2 == 0, &dataset);
            assert_int_equal(status, i == 0 ? PT_OK : PT_E_MISMATCH);
            if (i > 0)
                assert_string_equal(pt_error_message(), expected);
            pt_dataset_close(dataset);
        }
    }
    pt_error_clear();
    pt_comm_free(apart);
    unlink(own);
}

static int set_up(void **state)
{
    (void)state;
    if (pt_comm_split_node(pt_comm_world(), &node) != PT_OK)
        return -1;
    name_path("dataset", path);
    fill(1);
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
        cmocka_unit_test(tables_come_back),
        cmocka_unit_test(pixels_come_back_with_any_cache),
        cmocka_unit_test(digest_is_of_the_content),
        cmocka_unit_test(tasks_are_picked_in_order),
        cmocka_unit_test(a_cut_file_is_refused),
        cmocka_unit_test(tables_of_features_are_read),
        cmocka_unit_test(values_not_finite_are_found_at_once),
        cmocka_unit_test(ranks_must_have_the_same_data),
    };
    return run_on_ranks(argc, argv, tests, set_up, tear_down);
}
