/** @file
 * Files for the tests of importers, and what is read back of them.
 */
#ifndef PT_TEST_IMPORT_FILES_H
#define PT_TEST_IMPORT_FILES_H

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
#include "polytree/io/file.h"
#include "polytree/io/import.h"

static char root[64], out[96], again[96];

static inline const char *under(const char *name)
{
    static char path[4][192];
    static int next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", root, name);
    return p;
}

static inline void run(const char *format, ...) PT_PRINTF(1, 2);
static inline void run(const char *format, ...)
{
    char command[512];
    va_list list;
    va_start(list, format);
    vsnprintf(command, sizeof command, format, list);
    va_end(list);
    assert_int_equal(system(command), 0);
}

static inline int empty_root(void **state)
{
    (void)state;
    run("rm -rf '%s' && mkdir '%s'", root, root);
    return 0;
}

/* All of an array as 32-bit integers; the caller frees it. */
static inline int32_t *read_array(const char *path, const char *name, int64_t *n)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_true(file >= 0);
    hid_t array = H5Dopen2(file, name, H5P_DEFAULT), space = H5Dget_space(array);
    assert_true(array >= 0);
    *n = H5Sget_simple_extent_npoints(space);
    int32_t *data = malloc((size_t)*n * sizeof *data);
    assert_non_null(data);
    assert_true(H5Dread(array, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Sclose(space);
    H5Dclose(array);
    H5Fclose(file);
    return data;
}

static inline void assert_sound(const char *path)
{
    int32_t n_finding = -1;
    assert_int_equal(pt_dataset_check(path, stdout, &n_finding), PT_OK);
    assert_int_equal(n_finding, 0);
}

static inline bool same_bytes(const char *a, const char *b)
{
    char *text[2];
    size_t bytes[2];
    assert_int_equal(pt_file_read(a, &text[0], &bytes[0]), PT_OK);
    assert_int_equal(pt_file_read(b, &text[1], &bytes[1]), PT_OK);
    bool same = bytes[0] == bytes[1] && memcmp(text[0], text[1], bytes[0]) == 0;
    pt_free(text[0]);
    pt_free(text[1]);
    return same;
}

static inline int32_t count_rows(const char *path, const char *task, pt_split_t split,
                                 int32_t *classes, int32_t *rows_of)
{
    char name[128];
    int64_t n;
    snprintf(name, sizeof name, "%s/tasks/%s/labels", pt_split_name(split), task);
    int32_t *label = read_array(path, name, &n);
    *classes = 0;
    memset(rows_of, 0, 64 * sizeof *rows_of);
    for (int64_t i = 0; i < n; i++) {
        *classes = label[i] + 1 > *classes ? label[i] + 1 : *classes;
        rows_of[label[i]]++;
    }
    free(label);
    return (int32_t)n;
}

/* What main() of such a test does. */
static inline int run_in_root(const struct CMUnitTest *tests, size_t n)
{
    snprintf(root, sizeof root, "/tmp/polytree-test-import-%ld", (long)getpid());
    snprintf(out, sizeof out, "%s/out.h5", root);
    snprintf(again, sizeof again, "%s/again.h5", root);
    int n_failed = _cmocka_run_group_tests("tests", tests, n, NULL, NULL);
    run("rm -rf '%s'", root);
    return n_failed || pt_memory_bytes() != 0; /* all that was taken was given back */
}

#endif
