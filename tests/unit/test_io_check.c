/* The validator: each kind of defect that a data set can have is found and named. */
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

#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "tests/unit/h5_raw.h"
#include "tests/unit/small_dataset.h"

static char path[64];

static void write_sound(void)
{
    assert_int_equal(small_dataset(path, 2), PT_OK);
}

static void put_longs(hid_t file, const char *name, hsize_t n, const int64_t *data)
{
    put_array(file, name, H5T_NATIVE_INT64, 1, &n, data);
}

static void break_format(hid_t file)
{
    put_text(file, "/", "format", "something else");
}
static void break_version(hid_t file)
{
    put_int(file, "/", "version", 2);
}
static void drop_version(hid_t file)
{
    ok(H5Adelete(file, "version"));
}
static void drop_train(hid_t file)
{
    ok(H5Ldelete(file, "train", H5P_DEFAULT));
}
static void drop_images(hid_t file)
{
    ok(H5Ldelete(file, "test/images", H5P_DEFAULT));
}
static void drop_tasks(hid_t file)
{
    ok(H5Ldelete(file, "tasks", H5P_DEFAULT));
}
static void drop_task_info(hid_t file)
{
    ok(H5Ldelete(file, "tasks/sort", H5P_DEFAULT));
}
static void drop_labels(hid_t file)
{
    ok(H5Ldelete(file, "train/tasks/sort/labels", H5P_DEFAULT));
}
static void drop_train_rows(hid_t file)
{
    ok(H5Ldelete(file, "train/tasks/marks", H5P_DEFAULT));
}
static void drop_index(hid_t file)
{
    ok(H5Ldelete(file, "train/tasks/marks/index", H5P_DEFAULT));
}
static void drop_kind(hid_t file)
{
    ok(H5Adelete_by_name(file, "tasks/sort", "kind", H5P_DEFAULT));
}
static void break_kind(hid_t file)
{
    put_text(file, "tasks/sort", "kind", "guessing");
}
static void break_classes(hid_t file)
{
    put_int(file, "tasks/sort", "classes", 1);
}
static void text_for_classes(hid_t file)
{
    put_text(file, "tasks/sort", "classes", "four");
}
static void more_classes_than_names(hid_t file)
{
    put_int(file, "tasks/sort", "classes", 5);
}
static void break_ignore(hid_t file)
{
    put_int(file, "tasks/sort", "ignore", (int64_t)1 << 40);
}
static void label_too_large(hid_t file)
{
    const int64_t label[N] = {0, 1, 2, 3, 255, 4};
    put_longs(file, "train/tasks/sort/labels", N, label);
}
static void label_negative(hid_t file)
{
    const int64_t label[N] = {0, 1, -1};
    put_longs(file, "test/tasks/sort/labels", N, label);
}
static void label_past_32_bits(hid_t file)
{
    const int64_t label[N] = {0, (int64_t)1 << 32};
    put_longs(file, "test/tasks/sort/labels", N, label);
}
static void labels_of_floats(hid_t file)
{
    const hsize_t n = N;
    const double label[N] = {0};
    put_array(file, "train/tasks/sort/labels", H5T_NATIVE_DOUBLE, 1, &n, label);
}
static void labels_too_few(hid_t file)
{
    const int64_t label[N] = {0};
    put_longs(file, "train/tasks/sort/labels", N - 1, label);
}
static void labels_of_one_dim(hid_t file)
{
    const int64_t label[4] = {0};
    put_longs(file, "train/tasks/marks/labels", 4, label);
}
static void marks_too_wide(hid_t file)
{
    const hsize_t dim[2] = {4, 3};
    const int64_t label[12] = {0};
    put_array(file, "train/tasks/marks/labels", H5T_NATIVE_INT64, 2, dim, label);
}
static void mark_not_binary(hid_t file)
{
    const hsize_t dim[2] = {4, 2};
    const int64_t label[8] = {0, 1, 0, 2};
    put_array(file, "train/tasks/marks/labels", H5T_NATIVE_INT64, 2, dim, label);
}
static void index_not_sorted(hid_t file)
{
    const int64_t index[4] = {1, 7, 2, 11};
    put_longs(file, "train/tasks/marks/index", 4, index);
}
static void index_twice(hid_t file)
{
    const int64_t index[4] = {1, 2, 2, 11};
    put_longs(file, "train/tasks/marks/index", 4, index);
}
static void index_past_end(hid_t file)
{
    const int64_t index[4] = {1, 2, 7, N};
    put_longs(file, "train/tasks/marks/index", 4, index);
}
static void index_too_short(hid_t file)
{
    const int64_t index[3] = {1, 2, 7};
    put_longs(file, "train/tasks/marks/index", 3, index);
}
static void images_of_other_size(hid_t file)
{
    const hsize_t dim[4] = {N, SIDE, SIDE + 1, 1};
    static const uint8_t image[N * SIDE * (SIDE + 1)];
    put_array(file, "test/images", H5T_NATIVE_UINT8, 4, dim, image);
}
static void images_without_channels(hid_t file)
{
    const hsize_t dim[3] = {N, SIDE, SIDE};
    static const uint8_t image[N * SIDE * SIDE];
    put_array(file, "train/images", H5T_NATIVE_UINT8, 3, dim, image);
}
static void images_of_ints(hid_t file)
{
    const hsize_t dim[4] = {N, SIDE, SIDE, 1};
    static const int32_t image[N * SIDE * SIDE];
    put_array(file, "train/images", H5T_NATIVE_INT32, 4, dim, image);
}
static void images_of_nothing(hid_t file)
{
    const hsize_t dim[4] = {0, SIDE, SIDE, 1};
    put_array(file, "test/images", H5T_NATIVE_UINT8, 4, dim, NULL);
}
static void images_without_end(hid_t file)
{
    const hsize_t dim[4] = {(hsize_t)1 << 40, 1 << 10, 1 << 10, 1};
    put_array(file, "train/images", H5T_NATIVE_UINT8, 4, dim, NULL);
}
static void images_past_all_counting(hid_t file)
{
    const hsize_t dim[4] = {(hsize_t)1 << 40, 1 << 20, 1 << 20, 1};
    put_array(file, "train/images", H5T_NATIVE_UINT8, 4, dim, NULL);
}
static void both_kinds_of_inputs(hid_t file)
{
    const hsize_t dim[2] = {N, 2};
    static const float table[N * 2];
    put_array(file, "train/inputs", H5T_NATIVE_FLOAT, 2, dim, table);
}
static void input_not_finite(hid_t file)
{
    static float image[N * SIDE * SIDE];
    const hsize_t dim[4] = {N, SIDE, SIDE, 1};
    put_array(file, "train/images", H5T_NATIVE_FLOAT, 4, dim, image);
    image[5 * SIDE * SIDE] = INFINITY;
    put_array(file, "test/images", H5T_NATIVE_FLOAT, 4, dim, image);
}
static void task_name_with_space(hid_t file)
{
    ok(H5Lmove(file, "tasks/sort", file, "tasks/so rt", H5P_DEFAULT, H5P_DEFAULT));
}

static void groups_too_few(hid_t file)
{
    const int64_t group[N] = {0};
    put_longs(file, "train/group", N - 1, group);
}
static void groups_of_floats(hid_t file)
{
    const hsize_t n = N;
    const double group[N] = {0};
    put_array(file, "train/group", H5T_NATIVE_DOUBLE, 1, &n, group);
}

static const struct defect {
    void (*make)(hid_t file);
    const char *said;
} defect[] = {
    {break_format, "'something else', expected 'polytree dataset'"},
    {break_version, "version 2, expected 1"},
    {drop_version, "no attribute 'version'"},
    {drop_train, "no group 'train'"},
    {drop_images, "/test has neither"},
    {drop_tasks, "no group 'tasks'"},
    {drop_task_info, "/train/tasks/sort: no group '/tasks/sort'"},
    {drop_labels, "no data set 'train/tasks/sort/labels'"},
    {drop_train_rows, "'marks' has no labelled samples in train"},
    {drop_index, "4 rows for 12 inputs, expected an index"},
    {drop_kind, "/tasks/sort: no attribute 'kind'"},
    {break_kind, "kind is 'guessing', expected classification"},
    {break_classes, "classes is 1, expected 2 to"},
    {text_for_classes, "'classes' is not one integer"},
    {more_classes_than_names, "4 class_names, expected 5"},
    {break_ignore, "ignore is 1099511627776"},
    {label_too_large, "/train/tasks/sort/labels: row 5 is 4, expected 0 to 3"},
    {label_negative, "/test/tasks/sort/labels: row 2 is -1"},
    {label_past_32_bits, "row 1 is 4294967296"},
    {labels_of_floats, "/train/tasks/sort/labels: expected integers"},
    {labels_too_few, "11 rows for 12 inputs"},
    {labels_of_one_dim, "1 dimensions, expected n, classes"},
    {marks_too_wide, "3 columns, expected 2"},
    {mark_not_binary, "row 1 is 2, expected 0 to 1"},
    {index_not_sorted, "index[2] is 2 after 7, expected ascending"},
    {index_twice, "index[2] is 2 after 2"},
    {index_past_end, "index[3] is 12, expected 0 to 11"},
    {index_too_short, "3 rows, expected 4 as in labels"},
    {images_of_other_size,
     "/test/images: uint8 inputs 3 x 4 x 1, expected uint8 3 x 3 x 1"},
    {images_without_channels, "3 dimensions, expected n, height, width, channels"},
    {images_of_ints, "/train/images: integers of 32 bits, expected uint8, uint16"},
    {images_of_nothing, "/test/images: holds nothing"},
    {images_without_end, "/train/images: 1152921504606846976 bytes of values, but"},
    {images_past_all_counting, "/train/images: absurd shape"},
    {both_kinds_of_inputs, "/train has both"},
    {input_not_finite, "/test/images: row 5 has a value that is not finite"},
    {groups_too_few, "/train/group: expected 12 integers, one for each input"},
    {groups_of_floats, "/train/group: expected 12 integers, one for each input"},
    {task_name_with_space, "'so rt' is no task name"},
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

static void a_sound_file_passes(void **state)
{
    char *report = NULL;
    (void)state;
    write_sound();
    assert_int_equal(check(&report), 0);
    assert_string_equal(report, "");
    free(report);
}

/* A task that a split lacks, or whose labels there say "none" alone, is told of and no
 * defect. */
static void gaps_are_noted(void **state)
{
    const hsize_t n = N;
    int32_t none[N];
    char *report = NULL;
    (void)state;
    for (int i = 0; i < N; i++)
        none[i] = 255;
    write_sound();
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    ok(file);
    ok(H5Ldelete(file, "test/tasks/marks", H5P_DEFAULT));
    put_array(file, "test/tasks/sort/labels", H5T_NATIVE_INT32, 1, &n, none);
    ok(H5Fclose(file));
    assert_int_equal(check(&report), 0);
    assert_string_equal(report, "note: task 'sort' has no labelled samples in test\n"
                                "note: task 'marks' has no labelled samples in test\n");
    free(report);
}

/* Groups of train in another split of the file: told, as it is the user's own cut. */
static void shared_groups_are_noted(void **state)
{
    const int64_t train[N] = {1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6};
    const int64_t test[N] = {7, 7, 7, 7, 6, 6, 6, 6, 1, 1, 1, -1};
    char *report = NULL;
    (void)state;
    write_sound();
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    ok(file);
    put_longs(file, "train/group", N, train);
    put_longs(file, "test/group", N, test);
    ok(H5Fclose(file));
    assert_int_equal(check(&report), 0);
    assert_string_equal(report, "note: 2 of 4 groups of test are in train too\n");
    free(report);
}

static void each_defect_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof defect / sizeof defect[0]; i++) {
        char *report = NULL;
        write_sound();
        hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        ok(file);
        defect[i].make(file);
        ok(H5Fclose(file));
        int32_t n = check(&report);
        if (n < 1 || !strstr(report, defect[i].said) || strncmp(report, path, strlen(path)))
            fail_msg("expected '%s', got %d: %s", defect[i].said, (int)n, report);
        free(report);
    }
}

/* The validator goes on after a finding. */
static void all_defects_are_listed(void **state)
{
    char *report = NULL;
    (void)state;
    write_sound();
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    label_too_large(file);
    label_negative(file);
    mark_not_binary(file);
    ok(H5Fclose(file));
    assert_int_equal(check(&report), 3);
    free(report);
}

/* Values that are links into other files are not followed. */
static void values_elsewhere_are_refused(void **state)
{
    const hsize_t dim[4] = {N, SIDE, SIDE, 1};
    char *report = NULL;
    (void)state;
    write_sound();
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    ok(H5Ldelete(file, "test/images", H5P_DEFAULT));
    hid_t space = H5Screate_simple(4, dim, NULL), list = H5Pcreate(H5P_DATASET_CREATE);
    ok(H5Pset_external(list, "/etc/passwd", 0, N * SIDE * SIDE));
    hid_t array = H5Dcreate2(file, "test/images", H5T_NATIVE_UINT8, space, H5P_DEFAULT,
                             list, H5P_DEFAULT);
    ok(array);
    H5Dclose(array);
    H5Pclose(list);
    H5Sclose(space);
    ok(H5Fclose(file));
    assert_true(check(&report) >= 1);
    assert_non_null(strstr(report, "/test/images: its values are in another file"));
    free(report);
}

/* Nor are external links, of whose ends a seal says nothing. */
static void arrays_linked_from_elsewhere_are_refused(void **state)
{
    char *report = NULL, other[80];
    (void)state;
    write_sound();
    snprintf(other, sizeof other, "%s.other", path);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    hid_t end = H5Fcreate(other, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    ok(H5Ocopy(file, "test/images", end, "images", H5P_DEFAULT, H5P_DEFAULT));
    ok(H5Fclose(end));
    ok(H5Ldelete(file, "test/images", H5P_DEFAULT));
    ok(H5Lcreate_external(other, "images", file, "test/images", H5P_DEFAULT, H5P_DEFAULT));
    ok(H5Fclose(file));
    assert_true(check(&report) >= 1);
    assert_non_null(strstr(report, "/test/images: its values are in another file"));
    free(report);
    remove(other);
}

/* The library would read bits from beyond the number, and each time others. */
static void numbers_of_more_bits_than_bytes_are_refused(void **state)
{
    /* A datatype message: 64-bit signed integer, 8 bytes, offset 0, precision 64. */
    static const char type[12] = {0x10, 8, 0, 0, 8, 0, 0, 0, 0, 0, 64, 0};
    char *report = NULL, *text;
    size_t bytes;
    int n_changed = 0;
    (void)state;
    write_sound();
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT); /* which cuts its seal off */
    ok(H5Fclose(file));
    assert_int_equal(pt_file_read(path, &text, &bytes), PT_OK);
    for (size_t i = 0; i + sizeof type < bytes; i++)
        if (memcmp(text + i, type, sizeof type) == 0) {
            text[i + 10] = 65;
            n_changed++;
        }
    assert_true(n_changed > 0);
    assert_int_equal(pt_file_write(path, text, bytes), PT_OK);
    pt_free(text);
    assert_true(check(&report) >= 1);
    assert_non_null(strstr(report, "'version' is not one integer"));
    free(report);
}

static void files_of_other_kinds_are_named(void **state)
{
    static const char text[] = "no HDF5 at all";
    char *report = NULL;
    int32_t n_finding = 0;
    (void)state;
    assert_int_equal(pt_file_write(path, text, sizeof text), PT_OK);
    assert_int_equal(check(&report), 1);
    assert_non_null(strstr(report, "not a readable HDF5 file"));
    free(report);
    assert_int_equal(pt_dataset_check("/nowhere/at.h5", stdout, &n_finding), PT_E_IO);
    assert_int_equal(pt_dataset_check("/tmp", stdout, &n_finding), PT_E_IO);
}

static void a_summary_says_what_there_is(void **state)
{
    char *text = NULL;
    size_t bytes = 0;
    (void)state;
    write_sound();
    FILE *out = open_memstream(&text, &bytes);
    assert_int_equal(pt_dataset_info(path, out), PT_OK);
    fclose(out);
    assert_non_null(strstr(text, "multilabel"));
    assert_non_null(strstr(text, "3 x 3 x 1 uint8"));
    assert_non_null(strstr(text, "origin: a test"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_file_passes),
        cmocka_unit_test(gaps_are_noted),
        cmocka_unit_test(shared_groups_are_noted),
        cmocka_unit_test(each_defect_is_named),
        cmocka_unit_test(all_defects_are_listed),
        cmocka_unit_test(values_elsewhere_are_refused),
        cmocka_unit_test(arrays_linked_from_elsewhere_are_refused),
        cmocka_unit_test(numbers_of_more_bits_than_bytes_are_refused),
        cmocka_unit_test(files_of_other_kinds_are_named),
        cmocka_unit_test(a_summary_says_what_there_is),
    };
    snprintf(path, sizeof path, "/tmp/polytree-test-check-%ld.h5", (long)getpid());
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return n_failed || pt_memory_bytes() != 0; /* all that was taken was given back */
}
