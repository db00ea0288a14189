/* Seals: flipped bytes at seeded random places of a data set are found, wherever they lie,
 * and none comes through a read. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/seal.h"
#include "polytree/base/memory.h"
#include "polytree/base/rng.h"
#include "polytree/io/dataset_file.h"
#include "polytree/io/file.h"
#include "tests/unit/small_dataset.h"

enum { N_TASK = 5, MOST_VALUES = SIDE * SIDE * 3 };

static char path[64];

static uint64_t draw(uint64_t seed, uint64_t i, uint64_t below)
{
    const pt_rng_t key = {.seed = seed, .purpose = PT_RNG_DRAW};
    uint32_t word[4];
    pt_rng_words(&key, i, word);
    return ((uint64_t)word[1] << 32 | word[0]) % below;
}

static size_t read_file(const char *file, char **bytes)
{
    size_t n;
    assert_int_equal(pt_file_read(file, bytes, &n), PT_OK);
    return n;
}

static void write_file(const char *file, const char *bytes, size_t n)
{
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void flip(const char *file, uint64_t at, int bit)
{
    char byte;
    int fd = open(file, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte = (char)(byte ^ (1 << bit));
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    close(fd);
}

/* Of any length, whatever part is read: the bytes as they were, or none of a block that
 * has changed. */
static void reads_are_held_against_sums(void **state)
{
    static const size_t length[] = {1, 4095, 4096, 4097, 12288, 513 * 4096 + 5};
    (void)state;
    for (size_t l = 0; l < sizeof length / sizeof length[0]; l++) {
        size_t n = length[l];
        char *data = malloc(n), *out = malloc(n);
        for (size_t i = 0; i < n; i++)
            data[i] = (char)(draw(1, i / 8, UINT64_MAX) >> 8 * (i % 8));
        write_file(path, data, n);
        assert_int_equal(pt_seal_append(path), PT_OK);
        int fd = open(path, O_RDONLY);
        uint64_t whole = (uint64_t)lseek(fd, 0, SEEK_END), bad = draw(2, l, n);
        pt_seal_t seal = pt_seal_find(fd, whole);
        assert_int_equal(seal.bytes, n);
        assert_int_equal(pt_seal_find(fd, whole - 1).bytes, 0);
        assert_true(pt_seal_is_torn(fd, n, whole - 1));
        flip(path, bad, (int)(l % 8));
        for (uint64_t k = 0; k < 200; k++) {
            uint64_t from = draw(3, k, n), bytes = 1 + draw(4, k, n - from);
            bool meets = from / PT_SEAL_BLOCK <= bad / PT_SEAL_BLOCK &&
                         (from + bytes - 1) / PT_SEAL_BLOCK >= bad / PT_SEAL_BLOCK;
            seal.n_bad = 0;
            assert_int_equal(pt_seal_read(fd, &seal, from, bytes, out), !meets);
            assert_int_equal(seal.n_bad > 0, meets);
            if (meets)
                assert_true(seal.bad <= bad && bad < seal.bad + seal.n_bad);
            else
                assert_memory_equal(out, data + from, bytes);
        }
        close(fd);
        free(data);
        free(out);
    }
}

static pt_status_t open_it(pt_dataset_t **dataset)
{
    return pt_dataset_open(path, "all", pt_comm_world(), pt_comm_world(), false, dataset);
}

/* All that a run can read of it, as one text of bytes. */
static pt_status_t read_all(pt_dataset_t *dataset, pt_text_t *text)
{
    for (int s = 0; s < PT_N_SPLIT; s++) {
        int64_t n = pt_dataset_n_input(dataset, (pt_split_t)s);
        float x[SIDE * SIDE];
        pt_label_t label[MOST_VALUES];
        for (int64_t i = 0; i < n; i++) {
            PT_TRY(pt_dataset_read(dataset, (pt_split_t)s, &i, 1, x));
            for (int k = 0; k < SIDE * SIDE; k++)
                pt_text_add(text, " %a", (double)x[k]);
        }
        for (int32_t t = 0; t < pt_dataset_n_task(dataset); t++) {
            const pt_task_info_t *info = pt_dataset_task(dataset, t);
            pt_task_rows_t rows = pt_dataset_rows(dataset, (pt_split_t)s, t);
            pt_text_add(text, "\n%s %d %d %d %s %lld:", info->name, info->kind,
                        info->classes, info->has_ignore ? info->ignore : -1,
                        pt_dataset_class_names(dataset, t)
                            ? pt_dataset_class_names(dataset, t)[0].text
                            : "",
                        (long long)rows.n);
            for (int64_t i = 0; i < rows.n; i++) {
                PT_TRY(pt_dataset_read_labels(dataset, (pt_split_t)s, t, &i, 1, label));
                pt_text_add(text, " %lld", (long long)(rows.index ? rows.index[i] : i));
                for (int64_t k = 0; k < pt_task_labels(info); k++)
                    pt_text_add(text, ",%08x", (unsigned)label[k].i);
            }
        }
    }
    return text->status;
}

static int32_t n_finding(void)
{
    FILE *report = fopen("/dev/null", "w");
    int32_t n = -1;
    assert_int_equal(pt_dataset_check(path, report, &n), PT_OK);
    fclose(report);
    return n;
}

static void flips_are_refused_or_change_nothing(void **state)
{
    enum { N_FLIP = 1200 };
    char *bytes = NULL;
    int n_refused = 0, n_read = 0;
    pt_dataset_t *dataset;
    pt_text_t whole = {0};
    (void)state;
    assert_int_equal(small_dataset(path, N_TASK), PT_OK);
    assert_int_equal(n_finding(), 0);
    assert_int_equal(open_it(&dataset), PT_OK);
    assert_int_equal(read_all(dataset, &whole), PT_OK);
    pt_dataset_close(dataset);
    size_t n = read_file(path, &bytes);
    for (uint64_t k = 0; k < N_FLIP; k++) {
        uint64_t at = draw(5, k, n);
        pt_text_t text = {0};
        write_file(path, bytes, n);
        flip(path, at, (int)(k % 8));
        if (n_finding() == 0)
            fail_msg("check does not find the flip of byte %llu of %zu",
                     (unsigned long long)at, n);
        pt_status_t status = open_it(&dataset);
        if (status == PT_OK) {
            assert_int_equal(read_all(dataset, &text), PT_OK);
            assert_string_equal(pt_text_get(&text), pt_text_get(&whole));
            pt_dataset_close(dataset);
            n_read++;
        } else {
            assert_int_equal(status, PT_E_FORMAT);
            assert_non_null(strstr(pt_error_message(), "damaged"));
            n_refused++;
        }
        pt_error_clear();
        pt_text_release(&text);
    }
    print_message("%d refused, %d not met\n", n_refused, n_read);
    assert_true(n_refused > N_FLIP / 2);
    pt_text_release(&whole);
    pt_free(bytes);
}

/* After the start, when the file was sound: a row comes as it was, or not at all. */
static void flips_under_way_are_refused(void **state)
{
    enum { N_FLIP = 100 };
    char *bytes = NULL;
    float before[N][SIDE * SIDE], x[SIDE * SIDE];
    int n_refused = 0;
    (void)state;
    assert_int_equal(small_dataset(path, N_TASK), PT_OK);
    size_t n = read_file(path, &bytes);
    for (uint64_t k = 0; k < N_FLIP; k++) {
        pt_dataset_t *dataset;
        write_file(path, bytes, n);
        assert_int_equal(open_it(&dataset), PT_OK);
        for (int64_t i = 0; i < N; i++)
            assert_int_equal(pt_dataset_read(dataset, PT_SPLIT_TEST, &i, 1, before[i]),
                             PT_OK);
        flip(path, draw(6, k, n), (int)(k % 8));
        for (int64_t i = 0; i < N; i++) {
            pt_status_t status = pt_dataset_read(dataset, PT_SPLIT_TEST, &i, 1, x);
            n_refused += status != PT_OK;
            if (status == PT_OK)
                assert_memory_equal(x, before[i], sizeof x);
            pt_error_clear();
        }
        pt_dataset_close(dataset);
    }
    assert_true(n_refused > 0);
    pt_free(bytes);
}

static void seals_are_told_and_renewed(void **state)
{
    bool was_sealed = false;
    char *bytes = NULL;
    (void)state;
    assert_int_equal(small_dataset(path, N_TASK), PT_OK);
    assert_int_equal(pt_dataset_seal(path, &was_sealed), PT_OK);
    assert_true(was_sealed);
    size_t n = read_file(path, &bytes);
    /* As a writer of HDF5 leaves it. */
    int fd = open(path, O_RDWR);
    uint64_t own = pt_seal_find(fd, n).bytes;
    assert_true(own > 0);
    assert_int_equal(ftruncate(fd, (off_t)own), 0);
    close(fd);
    assert_int_equal(n_finding(), 0);
    assert_int_equal(pt_dataset_seal(path, &was_sealed), PT_OK);
    assert_false(was_sealed);
    char *again = NULL;
    assert_int_equal(read_file(path, &again), n);
    assert_memory_equal(again, bytes, n);
    /* Cut anywhere behind the first bytes of its seal it is not taken for one without. */
    for (size_t cut = n - 1; cut > own; cut -= (cut - own + 1) / 2) {
        pt_dataset_t *dataset;
        write_file(path, bytes, cut);
        assert_int_equal(open_it(&dataset), PT_E_FORMAT);
        assert_non_null(strstr(pt_error_message(), "seal"));
        assert_int_equal(pt_dataset_seal(path, &was_sealed), PT_E_FORMAT);
        pt_error_clear();
    }
    pt_free(again);
    pt_free(bytes);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/polytree-seal-%ld", (long)getpid());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_are_held_against_sums),
        cmocka_unit_test(flips_are_refused_or_change_nothing),
        cmocka_unit_test(flips_under_way_are_refused),
        cmocka_unit_test(seals_are_told_and_renewed),
    };
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    return failed != 0 || pt_memory_bytes() != 0;
}
