/* Weights files: every tensor comes back whatever its width, a checkpoint serves as one,
 * and what is none is refused with the reason. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "polytree/io/weights.h"
#include "polytree/record/run_checkpoint.h"
#include "tests/unit/small_weights.h"

static char folder[64], path[96];

static void assert_ok(pt_status_t status)
{
    if (status != PT_OK)
        fail_msg("%s", pt_error_message());
}

static void all_widths_come_back(void **state)
{
    static const struct {
        const char *name;
        int32_t n_dim;
        int64_t dim[4];
    } want[SMALL_TENSORS] = {{"l01.0.conv.weight", 4, {4, 3, 3, 1}},
                             {"last", 1, {7}},
                             {"more/below/chunk", 2, {5, 6}},
                             {"more/l02.0.conv.weight", 2, {5, 6}},
                             {"stem.0.conv.weight", 4, {4, 3, 3, 1}}};
    pt_checkpoint_t weights;
    (void)state;
    small_weights(path);
    assert_ok(pt_weights_read(path, &weights));
    assert_int_equal(weights.n_record, SMALL_TENSORS);
    for (int i = 0; i < SMALL_TENSORS; i++) {
        const pt_record_t *r = &weights.record[i];
        const float *value = r->data;
        int64_t n = 1;
        assert_string_equal(r->name, want[i].name);
        assert_ptr_equal(pt_checkpoint_find(&weights, want[i].name), r);
        assert_int_equal(r->dtype, PT_DTYPE_F32);
        assert_int_equal(r->n_dim, want[i].n_dim);
        assert_memory_equal(r->dim, want[i].dim, sizeof r->dim);
        for (int32_t d = 0; d < r->n_dim; d++)
            n *= r->dim[d];
        for (int64_t e = 0; e < n; e++)
            assert_true(value[e] == small_weight((int)e));
    }
    pt_checkpoint_release(&weights);
}

/* The digest tells one file's tensors from another's, whatever else is in the file, and
 * however it keeps its texts. */
static void the_digest_is_of_the_tensors(void **state)
{
    static const hsize_t dim[1] = {7};
    char digest[3][33];
    (void)state;
    for (int i = 0; i < 3; i++) {
        pt_checkpoint_t weights;
        small_weights(path);
        hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        ok(file);
        if (i == 1) {
            ok(H5Ldelete(file, "letters", H5P_DEFAULT));
            put_text(file, "/", "format", "polytree weights");
        }
        if (i == 2) {
            static const float other[7] = {1, -2, 3, -4, 5, -6, 7.5f};
            put_array(file, "last", H5T_NATIVE_FLOAT, 1, dim, other);
        }
        H5Fclose(file);
        assert_ok(pt_weights_read(path, &weights));
        strcpy(digest[i], weights.digest);
        pt_checkpoint_release(&weights);
    }
    assert_string_equal(digest[0], digest[1]);
    assert_string_not_equal(digest[0], digest[2]);
}

/* Offset of these bytes in a file's text. */
static size_t offset_of(const char *text, size_t n, const void *bytes, size_t n_byte)
{
    const char *at = memmem(text, n, bytes, n_byte);
    assert_non_null(at);
    return (size_t)(at - text);
}

/* A string of variable size is a reference into a heap.  Whatever numbers either has, the
 * text is read or the file refused; the library would follow them to anywhere. */
static void damaged_references_lead_nowhere(void **state)
{
    enum { HEAP = 48, REFERENCE = 16 };
    static const char values[] = {0, 1, 2, 15, 16, 17, 0x7f, (char)0x80, (char)0xff};
    char *text;
    size_t n, at[2];
    int n_read = 0, n_refused = 0;
    (void)state;
    small_weights(path);
    assert_ok(pt_file_read(path, &text, &n));
    at[0] = offset_of(text, n, "GCOL", 4);
    uint64_t address = at[0]; /* as in the reference: after the length, little endian */
    at[1] = offset_of(text, n, &address, sizeof address) - 4;
    for (size_t i = 0; i < HEAP + REFERENCE; i++)
        for (size_t v = 0; v < sizeof values; v++) {
            char *byte = text + (i < HEAP ? at[0] + i : at[1] + i - HEAP), was = *byte;
            pt_checkpoint_t weights;
            *byte = values[v];
            unlink(path);
            assert_ok(pt_file_write(path, text, n));
            *byte = was;
            if (pt_weights_read(path, &weights) != PT_OK) {
                assert_non_null(strstr(pt_error_message(), path));
                n_refused++;
                continue;
            }
            assert_int_equal(weights.n_record, SMALL_TENSORS);
            pt_checkpoint_release(&weights);
            n_read++;
        }
    pt_free(text);
    assert_in_range(n_read, 100, 300); /* bytes that do not matter, or were so before */
    assert_in_range(n_refused, 200, 500);
}

/* HDF5 makes no chunks larger than their array, but believes a file that says so. */
static void chunks_larger_than_their_array_are_refused(void **state)
{
    static const uint32_t dim[3] = {5, 6, sizeof(float)}; /* as in the layout message */
    pt_checkpoint_t weights;
    char *text;
    size_t n;
    (void)state;
    small_weights(path);
    assert_ok(pt_file_read(path, &text, &n));
    text[offset_of(text, n, dim, sizeof dim) + 6] = 1; /* 65542 columns */
    unlink(path);
    assert_ok(pt_file_write(path, text, n));
    pt_free(text);
    assert_int_equal(pt_weights_read(path, &weights), PT_E_FORMAT);
    assert_non_null(
        strstr(pt_error_message(), "/chunk: the shape of its chunks is absurd"));
}

/* Texts are found behind others, and in a file with a block of a user's in front. */
static void texts_are_found(void **state)
{
    static const float value[1] = {1};
    hid_t list = H5Pcreate(H5P_FILE_CREATE);
    pt_checkpoint_t weights;
    (void)state;
    ok(H5Pset_userblock(list, 1024));
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, list, H5P_DEFAULT);
    ok(file);
    put_text(file, "/", "origin", "a text that is longer than any that is asked for here");
    put_text(file, "/", "nothing", "");
    put_text(file, "/", "format", "polytree weights");
    put_int(file, "/", "version", 1);
    put_array(file, "a", H5T_NATIVE_FLOAT, 1, (const hsize_t[]){1}, value);
    H5Fclose(file);
    H5Pclose(list);
    assert_ok(pt_weights_read(path, &weights));
    assert_int_equal(weights.n_record, 1);
    pt_checkpoint_release(&weights);
}

static void write_checkpoint(const float *value)
{
    static const int64_t shape[2] = {2, 3}, one = 1, step = 4;
    pt_checkpoint_t c;
    pt_checkpoint_init(&c);
    assert_ok(pt_checkpoint_add(&c, "weight/b.w", PT_DTYPE_F32, shape, 2, value, true));
    assert_ok(pt_checkpoint_add(&c, "weight/a.w", PT_DTYPE_F32, shape, 1, value, true));
    assert_ok(pt_checkpoint_add(&c, "moment1/a.w", PT_DTYPE_F32, shape, 1, value, true));
    assert_ok(pt_checkpoint_add(&c, "weighting/x", PT_DTYPE_F32, shape, 1, value, true));
    assert_ok(pt_checkpoint_add(&c, "step", PT_DTYPE_I64, &one, 1, &step, true));
    assert_ok(pt_run_checkpoint_write(folder, &c));
    pt_checkpoint_release(&c);
}

/* Of a checkpoint there are the network's tensors, under their own names. */
static void a_checkpoint_serves(void **state)
{
    static const float value[6] = {1, 2, 3, 4, 5, 6};
    char checkpoint[128];
    pt_checkpoint_t weights;
    (void)state;
    snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint.h5", folder);
    write_checkpoint(value);
    assert_ok(pt_weights_read(checkpoint, &weights));
    assert_int_equal(weights.n_record, 2);
    const pt_record_t *a = pt_checkpoint_find(&weights, "a.w");
    const pt_record_t *b = pt_checkpoint_find(&weights, "b.w");
    assert_true(a != NULL && b != NULL);
    assert_int_equal(a->n_dim, 1);
    assert_memory_equal(a->data, value, 2 * sizeof value[0]);
    assert_memory_equal(b->data, value, sizeof value);
    pt_checkpoint_release(&weights);

    static const float broken[6] = {1, 2, 3, 4, 5, NAN};
    write_checkpoint(broken);
    assert_int_equal(pt_weights_read(checkpoint, &weights), PT_E_FORMAT);
    assert_non_null(strstr(pt_error_message(), "'b.w' has an element (number 5)"));
    assert_int_equal(unlink(checkpoint), 0);
}

static void drop_format(hid_t file)
{
    ok(H5Adelete(file, "format"));
}
static void other_format(hid_t file)
{
    put_text(file, "/", "format", "polytree dataset");
}
static void empty_format(hid_t file)
{
    put_text(file, "/", "format", "");
}
static void long_format(hid_t file)
{
    put_text(file, "/", "format", "polytree weights, and much more than is asked for");
}
static void drop_version(hid_t file)
{
    ok(H5Adelete(file, "version"));
}
static void other_version(hid_t file)
{
    put_int(file, "/", "version", 2);
}
static void claim_to_be_a_checkpoint(hid_t file)
{
    put_text(file, "/", "format", "polytree checkpoint");
}
static void not_a_number(hid_t file)
{
    static const float value[7] = {1, 2, NAN};
    put_array(file, "last", H5T_NATIVE_FLOAT, 1, (const hsize_t[]){7}, value);
}
static void too_large_a_number(hid_t file)
{
    static const double value[7] = {1e300};
    put_array(file, "last", H5T_NATIVE_DOUBLE, 1, (const hsize_t[]){7}, value);
}
static void too_long_a_name(hid_t file)
{
    static const float value[7] = {1};
    char name[PT_RECORD_NAME + 1];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    put_array(file, name, H5T_NATIVE_FLOAT, 1, (const hsize_t[]){7}, value);
}
static void unseen_characters(hid_t file)
{
    static const float value[7] = {1};
    put_array(file, "a\033[2Jb", H5T_NATIVE_FLOAT, 1, (const hsize_t[]){7}, value);
}
static void five_dimensions(hid_t file)
{
    static const float value[1] = {1};
    put_array(file, "deep", H5T_NATIVE_FLOAT, 5, (const hsize_t[]){1, 1, 1, 1, 1}, value);
}
/* 4 TiB without a byte of storage, which a plain reader would allocate. */
static void claims_without_storage(hid_t file)
{
    put_array(file, "huge", H5T_NATIVE_FLOAT, 2, (const hsize_t[]){1 << 20, 1 << 20}, NULL);
}
static void packed(hid_t file)
{
    put_weights(file, "small", H5T_NATIVE_FLOAT, 1, (const hsize_t[]){30}, PACKED);
}
static void values_elsewhere(hid_t file)
{
    hsize_t n = 7;
    hid_t space = H5Screate_simple(1, &n, NULL), how = H5Pcreate(H5P_DATASET_CREATE);
    ok(H5Pset_external(how, "/etc/passwd", 0, 28));
    hid_t array =
        H5Dcreate2(file, "outside", H5T_NATIVE_FLOAT, space, H5P_DEFAULT, how, H5P_DEFAULT);
    ok(array);
    H5Dclose(array);
    H5Pclose(how);
    H5Sclose(space);
}

/* The message names the file and what is wrong; nothing is left in memory. */
static void what_is_no_weights_file_is_refused(void **state)
{
    static const struct {
        void (*spoil)(hid_t file);
        const char *says;
    } bad[] = {
        {drop_format, "an HDF5 file, but no weights"},
        {other_format, "an HDF5 file, but no weights"},
        {empty_format, "an HDF5 file, but no weights"},
        {long_format, "an HDF5 file, but no weights"},
        {drop_version, "no attribute 'version'"},
        {other_version, "weights of version 2, expected 1"},
        {claim_to_be_a_checkpoint, "no attribute"},
        {not_a_number, "'last' has an element (number 2) that is no finite float"},
        {too_large_a_number, "'last' has an element (number 0) that is no finite float"},
        {too_long_a_name, "has a name longer than 159 bytes"},
        {unseen_characters, "an array has a name that is no text"},
        {five_dimensions, "/deep: 5 dimensions, expected at most 4"},
        {claims_without_storage, "/huge: 4398046511104 bytes of values, but 0 bytes"},
        {packed, "/small: its values are compressed, expected them without a filter"},
        {values_elsewhere, "/outside: its values are in another file"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pt_checkpoint_t weights = {.n_record = -1};
        small_weights(path);
        hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        ok(file);
        bad[i].spoil(file);
        H5Fclose(file);
        assert_int_equal(pt_weights_read(path, &weights), PT_E_FORMAT);
        if (strstr(pt_error_message(), path) == NULL ||
            strstr(pt_error_message(), bad[i].says) == NULL)
            fail_msg("expected '%s', got '%s'", bad[i].says, pt_error_message());
        assert_int_equal(weights.n_record, -1);
    }
}

static void foreign_and_cut_files_are_refused(void **state)
{
    pt_checkpoint_t weights;
    struct stat info;
    (void)state;
    unlink(path);
    assert_int_equal(pt_weights_read(path, &weights), PT_E_IO);
    assert_int_equal(pt_weights_read(folder, &weights), PT_E_IO);
    assert_ok(pt_file_write(path, "", 0));
    assert_int_equal(pt_weights_read(path, &weights), PT_E_FORMAT);
    assert_ok(pt_file_write(path, "PK\003\004 a zip, as torch.save writes", 32));
    assert_int_equal(pt_weights_read(path, &weights), PT_E_FORMAT);
    assert_non_null(strstr(pt_error_message(), "not a readable HDF5 file"));
    for (int i = 0; i <= 20; i++) {
        small_weights(path);
        assert_int_equal(stat(path, &info), 0);
        assert_ok(pt_file_cut(path, (int64_t)info.st_size * i / 21));
        assert_int_equal(pt_weights_read(path, &weights), PT_E_FORMAT);
        assert_non_null(strstr(pt_error_message(), path));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_widths_come_back),
        cmocka_unit_test(the_digest_is_of_the_tensors),
        cmocka_unit_test(damaged_references_lead_nowhere),
        cmocka_unit_test(chunks_larger_than_their_array_are_refused),
        cmocka_unit_test(texts_are_found),
        cmocka_unit_test(a_checkpoint_serves),
        cmocka_unit_test(what_is_no_weights_file_is_refused),
        cmocka_unit_test(foreign_and_cut_files_are_refused),
    };
    snprintf(folder, sizeof folder, "/tmp/polytree-test-weights-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/weights.h5", folder);
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    rmdir(folder);
    return n_failed || pt_memory_bytes() != 0; /* all that was taken was given back */
}
