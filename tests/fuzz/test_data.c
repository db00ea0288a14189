/* Damaged data sets, checkpoints and weights files: random bytes and cut ends of small
 * valid files.  They are read as what they were or refused in one line, in time and in
 * little memory. */
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
#include "polytree/record/run_checkpoint.h"
#include "polytree/io/file.h"
#include "polytree/io/weights.h"
#include "polytree/par/par.h"
#include "tests/fuzz/mutate.h"
#include "tests/unit/small_dataset.h"
#include "tests/unit/small_weights.h"

enum { N_CASE = 1500, SECONDS = 60 };

static char folder[64], path[96];
static pt_comm_t *node;

static void assert_ok(pt_status_t status)
{
    if (status != PT_OK)
        fail_msg("%s", pt_error_message());
}

/* A message is one line that says something.  A small file never needs more memory than
 * there is, so who runs out has believed what a damaged header says. */
static void assert_refused(pt_status_t status, int i)
{
    const char *said = pt_error_message();
    if (said[0] == '\0' || strpbrk(said, "\n\r") || status == PT_E_MEMORY ||
        status == PT_E_INTERNAL)
        fail_msg("case %d: status %d says '%s'", i, (int)status, said);
}

static void write_checkpoint(void)
{
    static const float weight[6] = {1, 2, 3, 4, 5, 6};
    static const double alpha[4] = {0.5, -0.5, 0, 1};
    static const int64_t step = 12, shape[2] = {2, 3}, four = 4, one = 1, length = 11;
    pt_checkpoint_t c;
    pt_checkpoint_init(&c);
    assert_ok(pt_checkpoint_add(&c, "weight/a", PT_DTYPE_F32, shape, 2, weight, true));
    assert_ok(pt_checkpoint_add(&c, "weight/b", PT_DTYPE_F32, shape, 2, weight, true));
    assert_ok(pt_checkpoint_add(&c, "alpha/a", PT_DTYPE_F64, &four, 1, alpha, true));
    assert_ok(pt_checkpoint_add(&c, "step", PT_DTYPE_I64, &one, 1, &step, true));
    assert_ok(
        pt_checkpoint_add(&c, "config", PT_DTYPE_TEXT, &length, 1, "a = b\nc = d", false));
    assert_ok(pt_run_checkpoint_write(folder, &c));
    pt_checkpoint_release(&c);
    snprintf(path, sizeof path, "%s/checkpoint.h5", folder);
}

/* A data set with some texts as h5py writes them, and some as polytree does. */
static void write_data_set(void)
{
    assert_ok(small_dataset(path, 5));
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    ok(file);
    put_text(file, "/", "format", "polytree dataset");
    put_text(file, "tasks/sort", "kind", "classification");
    put_text(file, "tasks/parts", "kind", "segmentation");
    H5Fclose(file);
}

/* Overwrite `path` with a damaged version of the bytes. */
static void write_damaged(const char *sound, size_t bytes, int i)
{
    mutator_t m = mutator_of((uint32_t)i);
    size_t n = bytes;
    char *text;
    assert_ok(pt_alloc(&text, bytes, 1));
    memcpy(text, sound, bytes);
    for (size_t k = mutate_draw(&m, 6) + 1; k > 0; k--)
        mutate_byte(&m, text, n);
    if (mutate_draw(&m, 8) == 0)
        n = mutate_draw(&m, n);
    unlink(path); /* HDF5 knows files by inode: none it may still hold is written to */
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, n, file), n);
    fclose(file);
    pt_free(text);
}

static void read_labels(pt_dataset_t *dataset, int i)
{
    static pt_label_t out[1 << 16];
    for (int32_t t = 0; t < pt_dataset_n_task(dataset); t++)
        for (int s = 0; s < PT_N_SPLIT; s++) {
            pt_task_rows_t rows = pt_dataset_rows(dataset, (pt_split_t)s, t);
            size_t values = (size_t)pt_task_labels(pt_dataset_task(dataset, t));
            for (int64_t row = 0; row < rows.n && values <= sizeof out / sizeof out[0];
                 row++) {
                pt_status_t status =
                    pt_dataset_read_labels(dataset, (pt_split_t)s, t, &row, 1, out);
                if (status != PT_OK)
                    assert_refused(status, i);
            }
        }
}

/* Whatever the file says, all that it claims to have can be asked for. */
static void read_all(bool in_memory, bool is_sound, int i)
{
    static float out[1 << 16];
    pt_dataset_t *dataset = NULL;
    int64_t hwc[3];
    pt_status_t status =
        pt_dataset_open(path, "all", pt_comm_world(), node, in_memory, &dataset);
    if (status != PT_OK) {
        assert_refused(status, i);
        if (is_sound)
            fail_msg("case %d: sound by its check, but: %s", i, pt_error_message());
        return;
    }
    pt_dataset_input(dataset, hwc);
    size_t values = (size_t)(hwc[0] * hwc[1] * hwc[2]);
    for (int s = 0; s < PT_N_SPLIT && values <= sizeof out / sizeof out[0]; s++)
        for (int64_t row = 0; row < pt_dataset_n_input(dataset, (pt_split_t)s); row++) {
            status = pt_dataset_read(dataset, (pt_split_t)s, &row, 1, out);
            if (status != PT_OK)
                assert_refused(status, i);
        }
    read_labels(dataset, i);
    pt_dataset_close(dataset);
}

static void damaged_data_sets_are_read_or_refused(void **state)
{
    char *sound, *report = NULL;
    size_t bytes, reported = 0;
    int n_opened = 0;
    (void)state;
    write_data_set();
    assert_ok(pt_file_read(path, &sound, &bytes));
    for (int i = 0; i < N_CASE; i++) {
        int32_t n_finding = 0;
        mutate_begin(i, SECONDS);
        write_damaged(sound, bytes, i);
        FILE *out = open_memstream(&report, &reported);
        pt_status_t status = pt_dataset_check(path, out, &n_finding);
        if (status != PT_OK)
            assert_refused(status, i);
        bool is_sound = status == PT_OK && n_finding == 0;
        status = pt_dataset_info(path, out);
        if (status != PT_OK)
            assert_refused(status, i);
        fclose(out);
        free(report);
        read_all(true, is_sound, i);
        read_all(false, is_sound, i);
        n_opened += is_sound;
    }
    alarm(0);
    pt_free(sound);
    /* Bytes in gaps and pixels do no harm, those of the structure do. */
    assert_in_range(n_opened, N_CASE / 20, N_CASE * 19 / 20);
}

/* What is read of a checkpoint is what was written: one flipped bit would go unseen through
 * the rest of a search. */
static void damaged_checkpoints_are_read_unharmed_or_refused(void **state)
{
    char *sound, *text = NULL;
    size_t bytes, written = 0;
    int n_read = 0;
    pt_checkpoint_t original;
    (void)state;
    write_checkpoint();
    assert_ok(pt_file_read(path, &sound, &bytes));
    pt_checkpoint_init(&original);
    assert_ok(pt_checkpoint_read(&original, path));
    for (int i = 0; i < N_CASE; i++) {
        pt_checkpoint_t c;
        pt_checkpoint_init(&c);
        mutate_begin(i, SECONDS);
        write_damaged(sound, bytes, N_CASE + i);
        pt_status_t status = pt_checkpoint_read(&c, path);
        if (status != PT_OK) {
            assert_refused(status, i);
        } else {
            n_read++;
            assert_string_equal(c.digest, original.digest);
            assert_int_equal(c.n_record, original.n_record);
            const void *step;
            assert_ok(pt_checkpoint_get(&c, "step", PT_DTYPE_I64, 1, &step));
            assert_int_equal(*(const int64_t *)step, 12);
        }
        FILE *out = open_memstream(&text, &written);
        pt_status_t again = pt_checkpoint_inspect(path, out);
        /* Of attributes cut short the library reads on into memory of its own, so that two
         * readings may differ; what passes the checks does not. */
        if (again != PT_OK)
            assert_refused(again, i);
        fclose(out);
        free(text);
        pt_checkpoint_release(&c);
    }
    alarm(0);
    pt_checkpoint_release(&original);
    pt_free(sound);
    assert_in_range(n_read, N_CASE / 20, N_CASE * 19 / 20);
}

/* Weights have no sums, so that other numbers may be read than were written: but numbers,
 * and as many as the shape says. */
static void damaged_weights_are_numbers_or_refused(void **state)
{
    char *sound;
    size_t bytes;
    int n_read = 0;
    (void)state;
    snprintf(path, sizeof path, "%s/weights.h5", folder);
    small_weights(path);
    assert_ok(pt_file_read(path, &sound, &bytes));
    for (int i = 0; i < N_CASE; i++) {
        pt_checkpoint_t weights;
        mutate_begin(i, SECONDS);
        write_damaged(sound, bytes, 2 * N_CASE + i);
        pt_status_t status = pt_weights_read(path, &weights);
        if (status != PT_OK) {
            assert_refused(status, i);
            continue;
        }
        n_read++;
        for (int32_t r = 0; r < weights.n_record; r++) {
            const pt_record_t *record = &weights.record[r];
            const float *value = record->data;
            int64_t n = 1;
            for (int32_t d = 0; d < record->n_dim; d++)
                n *= record->dim[d];
            for (int64_t e = 0; e < n; e++)
                if (record->dtype != PT_DTYPE_F32 || !isfinite(value[e]))
                    fail_msg("case %d: %s has no finite element %lld", i, record->name,
                             (long long)e);
        }
        pt_checkpoint_release(&weights);
    }
    alarm(0);
    pt_free(sound);
    assert_in_range(n_read, N_CASE / 20, N_CASE * 19 / 20);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_data_sets_are_read_or_refused),
        cmocka_unit_test(damaged_checkpoints_are_read_unharmed_or_refused),
        cmocka_unit_test(damaged_weights_are_numbers_or_refused),
    };
    char command[96];
    if (pt_par_start(&argc, &argv) != PT_OK ||
        pt_comm_split_node(pt_comm_world(), &node) != PT_OK)
        return 1;
    snprintf(folder, sizeof folder, "/tmp/polytree-fuzz-data-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/data.h5", folder);
    mutate_limit((size_t)512 << 20);
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (n_failed == 0) { /* else the file that did it is of use */
        snprintf(command, sizeof command, "rm -r '%s'", folder);
        n_failed = system(command) != 0;
    }
    pt_comm_free(node);
    pt_par_stop();
    return n_failed || pt_memory_bytes() != 0; /* all that was taken was given back */
}
