/* .npy files and the preprocessed NYUv2 and Cityscapes made of them. */
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

#include "io/npy.h"
#include "polytree/base/memory.h"
#include "polytree/io/dataset.h"
#include "polytree/io/file.h"
#include "polytree/io/import.h"

enum { H = 4, W = 6, PIXELS = H * W, N_TRAIN = 5, N_VAL = 3 };

static char folder[64], out[96];

static void assert_ok(pt_status_t status)
{
    if (status != PT_OK)
        fail_msg("%s", pt_error_message());
}

/* A file as NumPy writes it: the header is padded to 64 bytes and ends in a newline. */
static void put(const char *path, const char *dictionary, const void *data, size_t bytes)
{
    static char text[1 << 16];
    size_t n = strlen(dictionary), whole = (10 + n + 1 + 63) / 64 * 64;
    memcpy(text, "\x93NUMPY\x01\x00", 8);
    text[8] = (char)((whole - 10) & 255);
    text[9] = (char)((whole - 10) >> 8);
    memset(text + 10, ' ', whole - 10);
    memcpy(text + 10, dictionary, n);
    text[whole - 1] = '\n';
    memcpy(text + whole, data, bytes);
    assert_ok(pt_file_write(path, text, whole + bytes));
}

static void put_array(const char *path, const char *type, const char *shape,
                      const void *data, size_t bytes)
{
    char dictionary[128];
    snprintf(dictionary, sizeof dictionary,
             "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", type, shape);
    put(path, dictionary, data, bytes);
}

static void numbers_of_each_type_are_read(void **state)
{
    const float f4[3] = {0, -1.5f, 300};
    const double f8[3] = {0, -1.5, 300};
    const int8_t i1[3] = {0, -1, 100};
    const uint8_t u1[3] = {0, 1, 200};
    const int16_t i2[3] = {0, -1, 300};
    const int32_t i4[3] = {0, -1, 70000};
    const int64_t i8[3] = {0, -1, 5000000000};
    const uint8_t f2_big[6] = {0, 0, 0xbe, 0, 0x5c, 0xb0},
                  u2_big[6] = {0, 0, 0, 1, 0xff, 0};
    const uint64_t u8[3] = {0, 1, (uint64_t)1 << 63};
    const struct {
        const char *type;
        const void *data;
        size_t bytes;
        double want[2];
    } each[] = {{"<f4", f4, sizeof f4, {-1.5, 300}}, {"<f8", f8, sizeof f8, {-1.5, 300}},
                {"|i1", i1, sizeof i1, {-1, 100}},   {"|u1", u1, sizeof u1, {1, 200}},
                {"<i2", i2, sizeof i2, {-1, 300}},   {"<i4", i4, sizeof i4, {-1, 70000}},
                {"<i8", i8, sizeof i8, {-1, 5e9}},   {">f2", f2_big, 6, {-1.5, 300}},
                {">u2", u2_big, 6, {1, 65280}},      {"|b1", u1, sizeof u1, {1, 200}},
                {"<u8", u8, sizeof u8, {1, 0x1p63}}};
    pt_npy_t npy;
    (void)state;
    for (size_t i = 0; i < sizeof each / sizeof each[0]; i++) {
        put_array(out, each[i].type, "3,", each[i].data, each[i].bytes);
        assert_ok(pt_npy_read(out, &npy));
        assert_int_equal(npy.n_dim, 1);
        assert_int_equal(npy.dim[0], 3);
        assert_true(npy.value[0] == 0);
        assert_true(npy.value[1] == each[i].want[0]);
        assert_true(npy.value[2] == each[i].want[1]);
        pt_npy_release(&npy);
    }
}

static void either_order_is_read(void **state)
{
    const uint8_t data[12] = {0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11}; /* of [2, 2, 3] */
    pt_npy_t npy;
    (void)state;
    put(out, "{'shape': (2, 2, 3), 'fortran_order': True, 'descr': '|u1'}", data, 12);
    assert_ok(pt_npy_read(out, &npy));
    for (int i = 0; i < 12; i++)
        assert_true(npy.value[i] == i);
    pt_npy_release(&npy);
}

static void broken_files_are_refused(void **state)
{
    static const struct {
        const char *dictionary, *said;
    } wrong[] = {
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (3,), }", "of type '<c8'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }",
         "12 bytes of values, expected 4 of 4"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 1, 1, 1, 1), }",
         "more than 4 dimensions"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
         "absurd shape"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
         "absurd shape"},
        {"{'descr': '<f4', 'fortran_order': False}", "no dictionary of"},
        {"{'descr': '<f4', 'fortran_order': Maybe, 'shape': (3,)}", "no dictionary of"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}", "no dictionary of"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3", "no dictionary of"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }",
         "no dictionary of"},
        {"", "no dictionary of"}};
    const float data[3] = {0};
    pt_npy_t npy;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        put(out, wrong[i].dictionary, data, sizeof data);
        assert_int_equal(pt_npy_read(out, &npy), PT_E_FORMAT);
        if (!strstr(pt_error_message(), wrong[i].said) || !strstr(pt_error_message(), out))
            fail_msg("expected '%s', got: %s", wrong[i].said, pt_error_message());
    }
    assert_ok(pt_file_write(out, "\x93NUMPY\x01\x00\xff\xff{'descr'", 17));
    assert_int_equal(pt_npy_read(out, &npy), PT_E_FORMAT);
    assert_ok(pt_file_write(out, "PNG is something else", 21));
    assert_int_equal(pt_npy_read(out, &npy), PT_E_FORMAT);
    assert_int_equal(pt_npy_read("/nowhere/0.npy", &npy), PT_E_IO);
}

/* What is written of pixel p of sample n: some labels are missing. */
static double depth_of(int n, int p)
{
    return p == 1 ? 0 : n + p / 8.0 + 0.5;
}

static void put_sample(const char *split, int n, const char *labels, bool has_normals)
{
    float image[PIXELS * 3], normal[PIXELS * 3];
    double label[PIXELS], depth[PIXELS];
    char path[160];
    for (int p = 0; p < PIXELS; p++) {
        label[p] = p == 0 ? -1 : (n + p) % 7;
        depth[p] = depth_of(n, p);
        for (int c = 0; c < 3; c++) {
            image[3 * p + c] = (float)(n * 40 + p + c) / 255.0f;
            normal[3 * p + c] = p == 2 ? 0 : c == 1 ? 0.6f : c == 2 ? 0.8f : 0;
        }
    }
    snprintf(path, sizeof path, "%s/%s/image/%d.npy", folder, split, n);
    put_array(path, "<f4", "4, 6, 3", image, sizeof image);
    snprintf(path, sizeof path, "%s/%s/%s/%d.npy", folder, split, labels, n);
    put_array(path, "<f8", "4, 6", label, sizeof label);
    snprintf(path, sizeof path, "%s/%s/depth/%d.npy", folder, split, n);
    put_array(path, "<f8", "4, 6, 1", depth, sizeof depth);
    snprintf(path, sizeof path, "%s/%s/normal/%d.npy", folder, split, n);
    if (has_normals)
        put_array(path, "<f4", "4, 6, 3", normal, sizeof normal);
}

static void put_tree(const char *labels, bool has_normals)
{
    static const char *const split[] = {"train", "val"};
    const char *const part[] = {"image", labels, "depth", "normal"};
    char path[192];
    snprintf(path, sizeof path, "rm -rf '%s'/train '%s'/val", folder, folder);
    assert_int_equal(system(path), 0);
    for (int s = 0; s < 2; s++) {
        for (int k = 0; k < 3 + has_normals; k++) {
            snprintf(path, sizeof path, "%s/%s/%s", folder, split[s], part[k]);
            assert_ok(pt_folder_make(path));
        }
        for (int n = 0; n < (s == 0 ? N_TRAIN : N_VAL); n++)
            put_sample(split[s], n, labels, has_normals);
        /* As macOS leaves them beside files. */
        snprintf(path, sizeof path, "%s/%s/image/._0.npy", folder, split[s]);
        assert_ok(pt_file_write(path, "\0\5\26\7", 4));
    }
}

static pt_dataset_t *import(const pt_import_mtan_t *options)
{
    pt_dataset_t *dataset = NULL;
    char *report = NULL;
    size_t bytes = 0;
    int32_t n_finding = -1;
    assert_ok(pt_import_mtan(folder, out, options));
    FILE *file = open_memstream(&report, &bytes);
    assert_ok(pt_dataset_check(out, file, &n_finding));
    fclose(file);
    assert_string_equal(report, "");
    free(report);
    assert_ok(
        pt_dataset_open(out, "all", pt_comm_world(), pt_comm_world(), false, &dataset));
    return dataset;
}

/* Sample n of their files is row `row`. */
static void check_sample(pt_dataset_t *d, pt_split_t split, int64_t row, int n,
                         float tolerance)
{
    float image[PIXELS * 3];
    pt_label_t label[PIXELS], depth[PIXELS], normal[PIXELS * 3];
    assert_ok(pt_dataset_read(d, split, &row, 1, image));
    assert_ok(pt_dataset_read_labels(d, split, 0, &row, 1, label));
    assert_ok(pt_dataset_read_labels(d, split, 1, &row, 1, depth));
    for (int p = 0; p < PIXELS; p++) {
        assert_int_equal(label[p].i, p == 0 ? PT_LABEL_NONE : (n + p) % 7);
        if (p == 1)
            assert_true(isnan(depth[p].f));
        else
            assert_true(depth[p].f == (float)depth_of(n, p));
        for (int c = 0; c < 3; c++)
            assert_true(fabsf(image[3 * p + c] - (float)(n * 40 + p + c) / 255.0f) <=
                        tolerance);
    }
    if (pt_dataset_n_task(d) < 3)
        return;
    assert_ok(pt_dataset_read_labels(d, split, 2, &row, 1, normal));
    assert_true(isnan(normal[3 * 2 + 1].f));
    assert_true(normal[3 * 3 + 1].f == 0.6f && normal[3 * 3 + 2].f == 0.8f);
}

static void nyuv2_is_imported(void **state)
{
    const pt_import_mtan_t options = {.has_normals = true, .classes = 13, .seed = 1};
    (void)state;
    put_tree("label", true);
    pt_dataset_t *d = import(&options);
    assert_int_equal(pt_dataset_n_input(d, PT_SPLIT_TRAIN), N_TRAIN);
    assert_int_equal(pt_dataset_n_input(d, PT_SPLIT_VAL), 0);
    assert_int_equal(pt_dataset_n_input(d, PT_SPLIT_TEST), N_VAL);
    assert_int_equal(pt_dataset_task(d, 0)->classes, 13);
    assert_int_equal(pt_dataset_task(d, 2)->kind, PT_TASK_NORMALS);
    assert_false(pt_dataset_task(d, 1)->is_inverse);
    for (int n = 0; n < N_TRAIN; n++)
        check_sample(d, PT_SPLIT_TRAIN, n, n, 0);
    for (int n = 0; n < N_VAL; n++)
        check_sample(d, PT_SPLIT_TEST, n, n, 0);
    pt_dataset_close(d);
}

/* With val: each sample of train is in one of both, in order. */
static void cityscapes_is_imported(void **state)
{
    const pt_import_mtan_t options = {
        .classes = 7, .as_bytes = true, .n_val = 2, .seed = 3};
    int64_t at[2] = {0, 0};
    (void)state;
    put_tree("label_7", false);
    pt_dataset_t *d = import(&options);
    assert_int_equal(pt_dataset_n_task(d), 2);
    assert_true(pt_dataset_task(d, 1)->is_inverse);
    assert_int_equal(pt_dataset_n_input(d, PT_SPLIT_TRAIN), N_TRAIN - 2);
    assert_int_equal(pt_dataset_n_input(d, PT_SPLIT_VAL), 2);
    for (int n = 0; n < N_TRAIN; n++) {
        float image[PIXELS * 3];
        int s = at[0] == N_TRAIN - 2;
        if (!s) {
            assert_ok(pt_dataset_read(d, PT_SPLIT_TRAIN, &at[0], 1, image));
            s = fabsf(image[0] - (float)(n * 40) / 255.0f) > 1e-3f;
        }
        check_sample(d, s ? PT_SPLIT_VAL : PT_SPLIT_TRAIN, at[s]++, n, 1e-6f);
    }
    assert_int_equal(at[1], 2);
    pt_dataset_close(d);
}

static void broken_trees_are_refused(void **state)
{
    const pt_import_mtan_t options = {.has_normals = true, .classes = 13, .seed = 1};
    pt_import_mtan_t other = options;
    const float bright[PIXELS * 3] = {[5] = 7};
    char path[128], said[192];
    (void)state;
    unlink(out);
    put_tree("label", true);
    other.classes = 5;
    assert_int_equal(pt_import_mtan(folder, out, &other), PT_E_FORMAT);
    assert_non_null(strstr(pt_error_message(), "train/label/0.npy: has a label of 5, "
                                               "expected -1 to 4 as classes says"));
    other.classes = 13;
    other.n_val = N_TRAIN;
    assert_int_equal(pt_import_mtan(folder, out, &other), PT_E_USAGE);
    snprintf(path, sizeof path, "%s/val/image/1.npy", folder);
    put_array(path, "<f4", "4, 6, 3", bright, sizeof bright);
    assert_int_equal(pt_import_mtan(folder, out, &options), PT_E_FORMAT);
    assert_non_null(strstr(pt_error_message(), "val/image/1.npy: has a value of 7, "));
    put_array(path, "<f4", "6, 4, 3", bright, sizeof bright);
    assert_int_equal(pt_import_mtan(folder, out, &options), PT_E_FORMAT);
    assert_non_null(strstr(pt_error_message(), "6 x 4 x 3 values, expected 4 x 6 x 3"));
    snprintf(path, sizeof path, "%s/train/depth/3.npy", folder);
    assert_int_equal(unlink(path), 0);
    snprintf(said, sizeof said, "%s: cannot open", path);
    assert_int_equal(pt_import_mtan(folder, out, &options), PT_E_IO);
    assert_non_null(strstr(pt_error_message(), said));
    assert_int_equal(pt_import_mtan("/nowhere", out, &options), PT_E_IO);
    assert_false(pt_path_exists(out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_each_type_are_read),
        cmocka_unit_test(either_order_is_read),
        cmocka_unit_test(broken_files_are_refused),
        cmocka_unit_test(nyuv2_is_imported),
        cmocka_unit_test(cityscapes_is_imported),
        cmocka_unit_test(broken_trees_are_refused),
    };
    char command[96];
    snprintf(folder, sizeof folder, "/tmp/polytree-test-mtan-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(out, sizeof out, "%s/out.h5", folder);
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    n_failed += system(command) != 0;
    return n_failed || pt_memory_bytes() != 0; /* all that was taken was given back */
}
