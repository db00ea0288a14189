/* Label maps and floats: what is written is sound, and each defect is found and named. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <hdf5.h>

#include "polytree/base/memory.h"
#include "polytree/io/dataset.h"

enum { N = 4, H = 3, W = 5, PIXELS = H * W, IGNORE = 255 };
enum { PARTS, DEPTH, NORMALS, EDGES, SALIENCY, AGE, FLOW, N_TASK };

static char path[64];

static pt_status_t fill(void *context, pt_split_t split, int64_t i, void *image,
                        pt_label_t *const *label)
{
    (void)context;
    (void)split;
    memset(image, (int)i, PIXELS);
    for (int p = 0; p < PIXELS; p++) {
        label[PARTS][p].i = p == 0 ? PT_LABEL_NONE : p % 3;
        label[DEPTH][p].f = p == 0 ? NAN : 0.5f + (float)p;
        for (int c = 0; c < 3; c++)
            label[NORMALS][3 * p + c].f = p == 0 ? 0.0f : c == 2 ? -1.0f : 0.0f;
        label[EDGES][p].i = p % 2;
        label[SALIENCY][p].i = p / 8;
        label[FLOW][2 * p].f = (float)p;
        label[FLOW][2 * p + 1].f = -1;
    }
    label[AGE][0].f = (float)i;
    return PT_OK;
}

static void write_sound(void)
{
    static const int64_t index[2] = {1, 3};
    const pt_task_rows_t all = {.n = N}, some = {2, index, NULL};
    pt_task_source_t task[N_TASK] = {
        [PARTS] = {.info = {.name = "parts",
                            .kind = PT_TASK_SEGMENTATION,
                            .classes = 3,
                            .has_ignore = true,
                            .ignore = IGNORE}},
        [DEPTH] = {.info = {.name = "depth", .kind = PT_TASK_DEPTH}},
        [NORMALS] = {.info = {.name = "normals", .kind = PT_TASK_NORMALS}},
        [EDGES] = {.info = {.name = "edges", .kind = PT_TASK_EDGES}},
        [SALIENCY] = {.info = {.name = "saliency", .kind = PT_TASK_SALIENCY}},
        [AGE] = {.info = {.name = "age",
                          .kind = PT_TASK_REGRESSION,
                          .height = 1,
                          .width = 1,
                          .channels = 1}},
        [FLOW] = {.info = {.name = "flow",
                           .kind = PT_TASK_REGRESSION,
                           .height = H,
                           .width = W,
                           .channels = 2}}};
    for (int t = 0; t < N_TASK; t++)
        task[t].rows[PT_SPLIT_TRAIN] = task[t].rows[PT_SPLIT_TEST] =
            t == SALIENCY ? some : all;
    const pt_dataset_source_t source = {.height = H,
                                        .width = W,
                                        .channels = 1,
                                        .n = {N, 0, N},
                                        .fill = fill,
                                        .n_task = N_TASK,
                                        .task = task,
                                        .origin = "a test"};
    pt_status_t status = pt_dataset_write(path, &source);
    if (status != PT_OK)
        fail_msg("%s", pt_error_message());
}

/* Put labels of one type and value, but for the first, in the place of a task's. */
static void put(hid_t file, const char *task, bool is_float, int n_dim, const hsize_t *dim,
                double first)
{
    static double value[N * PIXELS * 4];
    char name[96];
    snprintf(name, sizeof name, "train/tasks/%s/labels", task);
    hid_t type = is_float ? H5T_IEEE_F32LE : H5T_STD_I32LE;
    hid_t space = H5Screate_simple(n_dim, dim, NULL);
    value[0] = first;
    assert_true(H5Ldelete(file, name, H5P_DEFAULT) >= 0);
    hid_t array =
        H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(array, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) >=
                0);
    H5Dclose(array);
    H5Sclose(space);
}

static const struct defect {
    const char *task;
    bool is_float;
    int n_dim;
    hsize_t dim[4];
    double first;
    const char *said;
} defect[] = {
    {"parts", false, 3, {N, H, W}, 3, "row 0 has 3, expected 0 to 2 or the label to"},
    {"parts", false, 3, {N, H, W}, -1, "row 0 has -1, expected 0 to 2"},
    {"edges", false, 3, {N, H, W}, 2, "row 0 has 2, expected 0 to 1"},
    {"saliency", false, 3, {2, H, W}, IGNORE, "row 0 has 255, expected 0 to 1"},
    {"parts", true, 3, {N, H, W}, 0, "/train/tasks/parts/labels: expected integers"},
    {"depth", false, 3, {N, H, W}, 0, "/train/tasks/depth/labels: expected floats"},
    {"depth", true, 3, {N, W, H}, 1, "maps of 5 x 3, expected 3 x 5 as the inputs"},
    {"depth", true, 2, {N, PIXELS}, 1, "2 dimensions, expected n, height, width"},
    {"depth", true, 3, {N, H, W}, INFINITY, "row 0 has a value that is infinite"},
    {"depth", true, 3, {N, H, W}, 0, "'depth' has no labelled samples in train"},
    {"normals", true, 4, {N, H, W, 2}, 1, "2 values for a normal, expected 3"},
    {"normals", true, 3, {N, H, W}, 1, "3 dimensions, expected n, height, width, 3"},
    {"age", true, 2, {N, 2}, 1, "rows of 1 x 1 x 1, expected 1 x 1 x 2 as in another"},
    {"age", true, 3, {N, 2, 1}, 1, "3 dimensions, expected n; n, values; or n, height"},
    {"flow", true, 4, {N, H, 1, 2}, 1, "maps of 3 x 1, expected 3 x 5"},
    {"depth", true, 3, {N - 1, H, W}, 1, "3 rows for 4 inputs, expected an index"},
};

static int32_t check(char **report)
{
    size_t bytes = 0;
    int32_t n_finding = -1;
    FILE *out = open_memstream(report, &bytes);
    pt_status_t status = pt_dataset_check(path, out, &n_finding);
    fclose(out);
    if (status != PT_OK)
        fail_msg("%s", pt_error_message());
    return n_finding;
}

static void what_is_written_is_sound(void **state)
{
    char *report = NULL;
    (void)state;
    write_sound();
    if (check(&report) != 0 || report[0] != '\0')
        fail_msg("%s", report);
    free(report);
}

static void each_defect_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof defect / sizeof defect[0]; i++) {
        const struct defect *d = &defect[i];
        char *report = NULL;
        write_sound();
        hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        assert_true(file >= 0);
        put(file, d->task, d->is_float, d->n_dim, d->dim, d->first);
        assert_true(H5Fclose(file) >= 0);
        int32_t n = check(&report);
        if (n != 1 || !strstr(report, d->said) || strchr(report, '\n')[1] != '\0')
            fail_msg("expected '%s', got %d: %s", d->said, (int)n, report);
        free(report);
    }
}

/* Inverse depth is said by 0 or 1. */
static void inverse_is_yes_or_no(void **state)
{
    (void)state;
    for (int inverse = 0; inverse < 3; inverse++) {
        char *report = NULL;
        write_sound();
        hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        hid_t space = H5Screate(H5S_SCALAR);
        hid_t attr = H5Acreate_by_name(file, "tasks/depth", "inverse", H5T_STD_I32LE, space,
                                       H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        assert_true(H5Awrite(attr, H5T_NATIVE_INT, &inverse) >= 0);
        H5Aclose(attr);
        H5Sclose(space);
        assert_true(H5Fclose(file) >= 0);
        assert_int_equal(check(&report), inverse == 2);
        assert_true(inverse < 2 || strstr(report, "inverse is 2, expected 0 or 1"));
        free(report);
    }
}

/* A loss normalises normals, so that their length is no defect; NaN is no label. */
static void unusual_labels_are_noted(void **state)
{
    const hsize_t dim[4] = {N, H, W, 3};
    char *report = NULL;
    (void)state;
    write_sound();
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    put(file, "normals", true, 4, dim, 0.5);
    assert_true(H5Fclose(file) >= 0);
    assert_int_equal(check(&report), 0);
    assert_string_equal(report, "note: task 'normals': 1 of 1 normals in train are not of "
                                "length 1\n");
    free(report);
}

static void a_summary_says_what_there_is(void **state)
{
    static const char *const said[] = {
        "parts     segmentation         3        4        0        4  all, 3 x 5 x 1, 93.3 "
        "% labelled\n",
        "all, 3 x 5 x 1, 1.5 to 14.5 (train: mean 8, deviation 4.031), 93.3 % labelled\n",
        "all, 3 x 5 x 3, 93.3 % labelled\n",
        "saliency  saliency             -        2        0        2  own, 3 x 5 x 1\n",
        "age       regression           -        4        0        4  "
        "all, 0 to 3 (train: mean 1.5, deviation 1.118)\n",
    };
    char *text = NULL;
    size_t bytes = 0;
    (void)state;
    write_sound();
    FILE *out = open_memstream(&text, &bytes);
    assert_int_equal(pt_dataset_info(path, out), PT_OK);
    fclose(out);
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        if (!strstr(text, said[i]))
            fail_msg("no '%s' in\n%s", said[i], text);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_sound),
        cmocka_unit_test(each_defect_is_named),
        cmocka_unit_test(inverse_is_yes_or_no),
        cmocka_unit_test(unusual_labels_are_noted),
        cmocka_unit_test(a_summary_says_what_there_is),
    };
    snprintf(path, sizeof path, "/tmp/polytree-test-maps-%ld.h5", (long)getpid());
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return n_failed || pt_memory_bytes() != 0; /* all that was taken was given back */
}
