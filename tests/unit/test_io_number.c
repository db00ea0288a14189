/* Numbers of files become numbers of memory without loss, or the loss is named; and what
 * cannot be read is an error, whatever happened before. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/h5.h"
#include "polytree/base/memory.h"
#include "polytree/io/weights.h"
#include "tests/unit/h5_raw.h"

static char path[64];

/* Bytes as a file has them, and whether each cell can hold that number. */
static void integers_fit_or_are_refused(void **state)
{
    static const struct {
        unsigned char byte[8];
        pt_number_t number;
        int64_t value;
        bool fits[4]; /* PT_CELL_U8, I32, I64, U64 */
    } each[] = {
        {{255}, {PT_NUMBER_UNSIGNED, 1, false}, 255, {1, 1, 1, 1}},
        {{255}, {PT_NUMBER_SIGNED, 1, false}, -1, {0, 1, 1, 0}},
        {{1, 0}, {PT_NUMBER_UNSIGNED, 2, true}, 256, {0, 1, 1, 1}},
        {{1, 0}, {PT_NUMBER_UNSIGNED, 2, false}, 1, {1, 1, 1, 1}},
        {{0x80, 0, 0, 0}, {PT_NUMBER_UNSIGNED, 4, true}, 0x80000000, {0, 0, 1, 1}},
        {{0x80, 0, 0, 0}, {PT_NUMBER_SIGNED, 4, true}, INT32_MIN, {0, 1, 1, 0}},
        {{0, 0, 0, 0, 0, 0, 0, 0x80},
         {PT_NUMBER_SIGNED, 8, false},
         INT64_MIN,
         {0, 0, 1, 0}},
        {{0x80}, {PT_NUMBER_UNSIGNED, 8, true}, INT64_MIN, {0, 0, 0, 1}},
        {{0x3e, 0}, {PT_NUMBER_FLOAT, 2, true}, 0, {0, 0, 0, 0}}, /* 1.5 */
        {{0x7e, 0}, {PT_NUMBER_FLOAT, 2, true}, 0, {0, 0, 0, 0}}, /* NaN */
        {{0, 0xc0}, {PT_NUMBER_FLOAT, 2, false}, -2, {0, 1, 1, 0}},
        {{0x43, 0xf0}, {PT_NUMBER_FLOAT, 8, true}, 0, {0, 0, 0, 0}}, /* 2^64 */
    };
    static const pt_cell_t cell[] = {PT_CELL_U8, PT_CELL_I32, PT_CELL_I64, PT_CELL_U64};
    (void)state;
    for (size_t i = 0; i < sizeof each / sizeof each[0]; i++)
        for (int c = 0; c < 4; c++) {
            int64_t got = 0;
            int64_t bad = pt_number_convert(each[i].number, each[i].byte, 1, cell[c], &got);
            assert_int_equal(bad, each[i].fits[c] ? -1 : 0);
            if (each[i].fits[c])
                assert_memory_equal(&got, &each[i].value, pt_cell_bytes(cell[c]));
        }
}

/* All of 16 bits against what their parts say; the last ones in their own place. */
static void halves_are_exact(void **state)
{
    static double out[1 << 16];
    char *stored = (char *)(out + (1 << 16)) - (2 << 16);
    (void)state;
    for (int i = 0; i < 1 << 16; i++) {
        stored[2 * i] = (char)(i >> 8);
        stored[2 * i + 1] = (char)i;
    }
    assert_int_equal(pt_number_convert((pt_number_t){PT_NUMBER_FLOAT, 2, true}, stored,
                                       1 << 16, PT_CELL_F64, out),
                     -1);
    for (int i = 0; i < 1 << 16; i++) {
        int exponent = i >> 10 & 31, fraction = i & 1023;
        double size = exponent ? (1 + fraction / 1024.0) * pow(2, exponent - 15)
                               : fraction / 1024.0 * pow(2, -14);
        if (exponent == 31)
            assert_true(fraction ? isnan(out[i])
                                 : isinf(out[i]) && (out[i] < 0) == i >> 15);
        else
            assert_true(out[i] == (i >> 15 ? -size : size));
    }
}

/* Rounded once: through double 2^24 + 1 + 2^-30 would end one step off. */
static void integers_are_rounded_once(void **state)
{
    const int64_t x = ((int64_t)1 << 62) + ((int64_t)1 << 38) + 1;
    float y;
    (void)state;
    pt_number_convert((pt_number_t){PT_NUMBER_SIGNED, 8, false}, &x, 1, PT_CELL_F32, &y);
    assert_true(y == 0x1.000002p62f);
}

static void weights_of_any_float_are_read(void **state)
{
    static const double value[4] = {1.9999999999, 1e-40, -3, 0.25};
    const hsize_t n = 4;
    pt_checkpoint_t weights;
    (void)state;
    hid_t half = H5Tcopy(H5T_IEEE_F32BE);
    ok(H5Tset_fields(half, 15, 10, 5, 0, 10));
    ok(H5Tset_size(half, 2));
    ok(H5Tset_ebias(half, 15));
    const hid_t type[] = {H5T_IEEE_F64BE, H5T_IEEE_F64LE, H5T_IEEE_F32BE, half};
    for (int t = 0; t < 4; t++) {
        hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        put_text(file, "/", "format", "polytree weights");
        put_int(file, "/", "version", 1);
        put_array(file, "w", type[t], 1, &n, NULL);
        hid_t array = H5Dopen2(file, "w", H5P_DEFAULT);
        ok(H5Dwrite(array, t < 3 ? H5T_NATIVE_DOUBLE : half, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                    t < 3 ? (const void *)value : "\x40\x00\x00\x00\xc2\x00\x34\x00"));
        H5Dclose(array);
        H5Fclose(file);
        if (pt_weights_read(path, &weights) != PT_OK)
            fail_msg("%s", pt_error_message());
        const float *got = weights.record[0].data;
        assert_true(got[0] == 2 && got[1] == (t < 3 ? 1e-40f : 0) && got[2] == -3 &&
                    got[3] == 0.25f);
        pt_checkpoint_release(&weights);
    }
    H5Tclose(half);
}

static size_t pass(unsigned flags, size_t n, const unsigned value[], size_t bytes,
                   size_t *capacity, void **buffer)
{
    (void)flags;
    (void)n;
    (void)value;
    (void)capacity;
    (void)buffer;
    return bytes;
}

static void a_filter_that_is_not_here_is_named(void **state)
{
    const H5Z_class2_t filter = {H5Z_CLASS_T_VERS, 400, 1, 1, "squash", NULL, NULL, pass};
    const hsize_t n = 8;
    const int32_t data[8] = {0};
    pt_h5_array_t array;
    hid_t file;
    (void)state;
    ok(H5Zregister(&filter));
    file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t list = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(1, &n, NULL);
    ok(H5Pset_chunk(list, 1, &n));
    ok(H5Pset_filter(list, 400, 0, 0, NULL));
    hid_t id = H5Dcreate2(file, "x", H5T_STD_I32LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
    ok(H5Dwrite(id, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, data));
    H5Dclose(id);
    H5Sclose(space);
    H5Pclose(list);
    H5Fclose(file);
    ok(H5Zunregister(400));
    assert_int_equal(pt_h5_open(path, &file), PT_OK);
    assert_int_equal(pt_h5_array_open(file, path, "x", &array), PT_E_FORMAT);
    assert_non_null(strstr(pt_error_message(), "number 400, squash"));
    H5Fclose(file);
}

/* What is gone from a file that is read is missed, also after another could not be written.
 */
static void a_failed_write_hides_no_failed_read(void **state)
{
    enum { N = 100000 };
    static int32_t data[N];
    const hsize_t n = N;
    pt_h5_array_t array;
    hid_t file, full;
    (void)state;
    file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    put_array(file, "x", H5T_STD_I32LE, 1, &n, data);
    H5Fclose(file);
    assert_int_equal(pt_h5_open(path, &file), PT_OK);
    assert_int_equal(pt_h5_array_open(file, path, "x", &array), PT_OK);
    assert_int_equal(pt_h5_create("/dev/full", &full), PT_OK);
    assert_int_equal(pt_h5_finish(PT_OK, "/dev/full", full), PT_E_IO);
    assert_int_equal(truncate(path, 10000), 0);
    assert_int_equal(pt_h5_array_read(&array, 0, N, PT_CELL_I32, data), PT_E_FORMAT);
    pt_h5_array_close(&array);
    H5Fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_fit_or_are_refused),
        cmocka_unit_test(halves_are_exact),
        cmocka_unit_test(integers_are_rounded_once),
        cmocka_unit_test(weights_of_any_float_are_read),
        cmocka_unit_test(a_filter_that_is_not_here_is_named),
        cmocka_unit_test(a_failed_write_hides_no_failed_read),
    };
    snprintf(path, sizeof path, "/tmp/polytree-test-number-%ld.h5", (long)getpid());
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return n_failed || pt_memory_bytes() != 0; /* all that was taken was given back */
}
