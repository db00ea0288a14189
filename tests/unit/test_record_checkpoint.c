/* Checkpoints: nothing is lost, nothing broken is believed, nothing kills the last one. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "polytree/base/clock.h"
#include "polytree/base/memory.h"
#include "polytree/base/rng.h"
#include "polytree/io/file.h"
#include "polytree/record/run_checkpoint.h"
#include "polytree/record/run_lock.h"

enum { N_WEIGHT = 5000, N_MOMENT = 600 };

static char run[64], current[96], prev[96];
static float weight[N_WEIGHT];
static double moment[N_MOMENT];
static int64_t step[1];
static uint64_t seed[2] = {UINT64_MAX, 1};

static void add_all(pt_checkpoint_t *checkpoint, int64_t at, const char *text)
{
    const int64_t shape[] = {50, 100}, one = 1, two = 2, zero = 0, n_moment = N_MOMENT;
    const int64_t n_text = (int64_t)strlen(text);
    for (int i = 0; i < N_WEIGHT; i++)
        weight[i] = (float)(i + at) / 7.0f;
    for (int i = 0; i < N_MOMENT; i++)
        moment[i] = (double)(i - at) / 3.0;
    step[0] = at;
    pt_checkpoint_init(checkpoint);
    assert_int_equal(
        pt_checkpoint_add(checkpoint, "weight/b.w", PT_DTYPE_F32, shape, 2, weight, true),
        PT_OK);
    assert_int_equal(
        pt_checkpoint_add(checkpoint, "moment/a", PT_DTYPE_F64, &n_moment, 1, moment, true),
        PT_OK);
    assert_int_equal(
        pt_checkpoint_add(checkpoint, "step", PT_DTYPE_I64, &one, 0, step, true), PT_OK);
    assert_int_equal(
        pt_checkpoint_add(checkpoint, "seed", PT_DTYPE_U64, &two, 1, seed, true), PT_OK);
    assert_int_equal(
        pt_checkpoint_add(checkpoint, "config", PT_DTYPE_TEXT, &n_text, 1, text, false),
        PT_OK);
    assert_int_equal(
        pt_checkpoint_add(checkpoint, "none", PT_DTYPE_F32, &zero, 1, NULL, true), PT_OK);
    assert_int_equal(
        pt_checkpoint_add(checkpoint, "no_text", PT_DTYPE_TEXT, &zero, 1, "", true), PT_OK);
}

static pt_status_t write_at(int64_t at)
{
    pt_checkpoint_t checkpoint;
    add_all(&checkpoint, at, "[search]\nmethod = dag\n");
    pt_status_t status = pt_run_checkpoint_write(run, &checkpoint);
    pt_checkpoint_release(&checkpoint);
    return status;
}

/* The step of the checkpoint that the run goes on from, all arrays being those of that
 * step; -1 where there is none. */
static int64_t load(char notice[512])
{
    pt_checkpoint_t checkpoint;
    const void *data = NULL;
    bool is_found = false;
    pt_checkpoint_init(&checkpoint);
    if (pt_run_checkpoint_load(run, &checkpoint, &is_found, notice) != PT_OK)
        fail_msg("%s", pt_error_message());
    if (!is_found)
        return -1;
    assert_int_equal(pt_checkpoint_get(&checkpoint, "step", PT_DTYPE_I64, 1, &data), PT_OK);
    int64_t at = *(const int64_t *)data;
    assert_int_equal(
        pt_checkpoint_get(&checkpoint, "weight/b.w", PT_DTYPE_F32, N_WEIGHT, &data), PT_OK);
    for (int i = 0; i < N_WEIGHT; i++)
        assert_true(((const float *)data)[i] == (float)(i + at) / 7.0f);
    pt_checkpoint_release(&checkpoint);
    return at;
}

static bool exists(const char *name)
{
    char path[128];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", run, name);
    return stat(path, &info) == 0;
}

static int count_files(void)
{
    int n = 0;
    DIR *folder = opendir(run);
    assert_non_null(folder);
    for (struct dirent *e = readdir(folder); e; e = readdir(folder))
        n += e->d_name[0] != '.';
    closedir(folder);
    return n;
}

static int empty_run(void **state)
{
    (void)state;
    DIR *folder = opendir(run);
    if (!folder)
        return mkdir(run, 0777);
    for (struct dirent *e = readdir(folder); e; e = readdir(folder))
        if (e->d_name[0] != '.')
            unlinkat(dirfd(folder), e->d_name, 0);
    closedir(folder);
    return 0;
}

static void all_types_come_back(void **state)
{
    pt_checkpoint_t written, read;
    const void *data = NULL;
    (void)state;
    add_all(&written, 3, "text with\nlines");
    assert_int_equal(pt_run_checkpoint_write(run, &written), PT_OK);
    pt_checkpoint_init(&read);
    assert_int_equal(pt_checkpoint_read(&read, current), PT_OK);
    assert_string_equal(read.digest, written.digest);
    assert_int_equal(read.n_record, written.n_record);
    for (int32_t i = 0; i < read.n_record; i++) {
        const pt_record_t *a = &written.record[i], *b = &read.record[i];
        static const size_t size[] = {4, 8, 8, 8, 1};
        size_t bytes = size[a->dtype];
        assert_string_equal(a->name, b->name);
        assert_int_equal(a->dtype, b->dtype);
        assert_int_equal(a->n_dim, b->n_dim);
        assert_int_equal(a->in_payload, b->in_payload);
        assert_memory_equal(a->dim, b->dim, sizeof a->dim);
        for (int d = 0; d < a->n_dim; d++)
            bytes *= (size_t)a->dim[d];
        if (bytes > 0)
            assert_memory_equal(a->data, b->data, bytes);
    }
    assert_int_equal(pt_checkpoint_get(&read, "seed", PT_DTYPE_U64, 2, &data), PT_OK);
    assert_memory_equal(data, seed, sizeof seed);
    assert_int_equal(pt_checkpoint_get(&read, "seed", PT_DTYPE_I64, 2, &data), PT_E_FORMAT);
    assert_int_equal(pt_checkpoint_get(&read, "seed", PT_DTYPE_U64, 3, &data), PT_E_FORMAT);
    assert_int_equal(pt_checkpoint_get(&read, "sped", PT_DTYPE_U64, 2, &data), PT_E_FORMAT);
    pt_checkpoint_release(&read);
    pt_checkpoint_release(&written);
}

/* The digest is of the payload alone, and of its order of adding no trace. */
static void digest_is_of_the_payload(void **state)
{
    pt_checkpoint_t a, b;
    const int64_t n = 4;
    const float value[4] = {1, 2, 3, 4};
    char digest[33];
    (void)state;
    add_all(&a, 1, "one");
    assert_int_equal(pt_run_checkpoint_write(run, &a), PT_OK);
    strcpy(digest, a.digest);
    pt_checkpoint_release(&a);
    add_all(&a, 1, "another");
    assert_int_equal(pt_run_checkpoint_write(run, &a), PT_OK);
    assert_string_equal(a.digest, digest);
    pt_checkpoint_release(&a);
    add_all(&a, 2, "one");
    assert_int_equal(pt_run_checkpoint_write(run, &a), PT_OK);
    assert_string_not_equal(a.digest, digest);
    pt_checkpoint_release(&a);

    static const char *const order[2][2] = {{"x", "y"}, {"y", "x"}};
    pt_checkpoint_t *both[2] = {&a, &b};
    for (int i = 0; i < 2; i++) {
        pt_checkpoint_init(both[i]);
        for (int j = 0; j < 2; j++)
            assert_int_equal(
                pt_checkpoint_add(both[i], order[i][j], PT_DTYPE_F32, &n, 1, value, true),
                PT_OK);
        assert_non_null(pt_checkpoint_find(both[i], "x"));
        assert_int_equal(pt_run_checkpoint_write(run, both[i]), PT_OK);
    }
    assert_string_equal(a.digest, b.digest);
    pt_checkpoint_release(&a);
    pt_checkpoint_release(&b);
}

static void bad_names_are_refused(void **state)
{
    static const char *const bad[] = {"", "/a", "a/", "a//b", ".", "a/./b", "../a"};
    pt_checkpoint_t checkpoint;
    char lengthy[200];
    const int64_t one = 1;
    const float value = 1;
    (void)state;
    memset(lengthy, 'a', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = '\0';
    pt_checkpoint_init(&checkpoint);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(
            pt_checkpoint_add(&checkpoint, bad[i], PT_DTYPE_F32, &one, 1, &value, true),
            PT_E_RANGE);
    assert_int_equal(
        pt_checkpoint_add(&checkpoint, lengthy, PT_DTYPE_F32, &one, 1, &value, true),
        PT_E_RANGE);
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            pt_checkpoint_add(&checkpoint, "twice", PT_DTYPE_F32, &one, 1, &value, true),
            PT_OK);
    assert_int_equal(pt_run_checkpoint_write(run, &checkpoint), PT_E_RANGE);
    assert_int_equal(count_files(), 0);
    pt_checkpoint_release(&checkpoint);
}

static void the_last_two_are_kept(void **state)
{
    char notice[512];
    (void)state;
    assert_int_equal(load(notice), -1);
    for (int64_t at = 1; at <= 3; at++)
        assert_int_equal(write_at(at), PT_OK);
    assert_int_equal(count_files(), 2);
    assert_int_equal(load(notice), 3);
    assert_string_equal(notice, "");
    assert_int_equal(unlink(current), 0);
    assert_int_equal(load(notice), 2);
    assert_non_null(strstr(notice, "no checkpoint.h5"));
    /* The one that is left stays until there is a new one. */
    assert_int_equal(write_at(4), PT_OK);
    assert_int_equal(load(notice), 4);
    assert_true(exists("checkpoint.prev.h5"));
}

static void spoil(const char *path, int64_t at, uint8_t mask)
{
    uint8_t byte;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= mask;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

/* Where the file holds the bytes of the weights. */
static int64_t find_weights(const char *path)
{
    char *text = NULL;
    size_t bytes = 0;
    assert_int_equal(pt_file_read(path, &text, &bytes), PT_OK);
    char *at = memmem(text, bytes, weight, sizeof weight);
    assert_non_null(at);
    int64_t offset = at - text;
    pt_free(text);
    return offset;
}

/* Any one flipped bit of an array is seen; the previous checkpoint takes over and is not
 * lost to the next write. */
static void a_flipped_bit_is_seen(void **state)
{
    char notice[512];
    (void)state;
    for (int i = 0; i < 8; i++) {
        empty_run(NULL);
        assert_int_equal(write_at(1), PT_OK);
        assert_int_equal(write_at(2), PT_OK);
        spoil(current, find_weights(current) + i * 2499 + (i == 7) * 2506,
              (uint8_t)(1 << i));
        assert_int_equal(load(notice), 1);
        assert_non_null(strstr(notice, "/weight/b.w: its checksum is"));
        assert_true(exists("checkpoint.bad.h5"));
        assert_false(exists("checkpoint.h5"));
        assert_int_equal(write_at(3), PT_OK);
        assert_int_equal(load(notice), 3);
        assert_true(exists("checkpoint.prev.h5"));
    }
}

/* Cut anywhere, a file is refused or (past its last byte of use) whole. */
static void a_cut_file_is_seen(void **state)
{
    struct stat info;
    char notice[512];
    (void)state;
    for (int i = 0; i <= 20; i++) {
        empty_run(NULL);
        assert_int_equal(write_at(1), PT_OK);
        assert_int_equal(write_at(2), PT_OK);
        assert_int_equal(stat(current, &info), 0);
        assert_int_equal(pt_file_cut(current, (int64_t)info.st_size * i / 21), PT_OK);
        assert_int_equal(load(notice), 1);
        assert_non_null(strstr(notice, current));
    }
}

/* To peek finds the same and changes no file. */
static void a_peek_changes_nothing(void **state)
{
    pt_checkpoint_t checkpoint;
    bool is_found = false;
    char notice[512], leftover[128];
    const void *data = NULL;
    (void)state;
    assert_int_equal(write_at(1), PT_OK);
    assert_int_equal(write_at(2), PT_OK);
    assert_int_equal(pt_file_cut(current, 100), PT_OK);
    snprintf(leftover, sizeof leftover, "%s.tmp.1", current);
    assert_int_equal(pt_file_write(leftover, "half", 4), PT_OK);
    pt_checkpoint_init(&checkpoint);
    assert_int_equal(pt_run_checkpoint_peek(run, &checkpoint, &is_found, notice), PT_OK);
    assert_true(is_found);
    assert_int_equal(pt_checkpoint_get(&checkpoint, "step", PT_DTYPE_I64, 1, &data), PT_OK);
    assert_int_equal(*(const int64_t *)data, 1);
    pt_checkpoint_release(&checkpoint);
    assert_non_null(strstr(notice, current));
    assert_true(exists("checkpoint.h5"));
    assert_true(exists("checkpoint.h5.tmp.1"));
    assert_false(exists("checkpoint.bad.h5"));
    assert_int_equal(load(notice), 1);
    assert_true(exists("checkpoint.bad.h5"));
    assert_false(exists("checkpoint.h5.tmp.1"));
}

/* With no good one left the run is not begun anew in silence, now or later. */
static void two_bad_ones_are_an_error(void **state)
{
    pt_checkpoint_t checkpoint;
    bool is_found = false;
    char notice[512];
    (void)state;
    assert_int_equal(write_at(1), PT_OK);
    assert_int_equal(write_at(2), PT_OK);
    assert_int_equal(pt_file_cut(current, 100), PT_OK);
    assert_int_equal(pt_file_write(prev, "nothing", 7), PT_OK);
    pt_checkpoint_init(&checkpoint);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pt_run_checkpoint_load(run, &checkpoint, &is_found, notice),
                         PT_E_FORMAT);
        assert_non_null(strstr(pt_error_message(), current));
        assert_non_null(strstr(pt_error_message(), prev));
    }
}

static void foreign_files_are_refused(void **state)
{
    pt_checkpoint_t checkpoint;
    (void)state;
    pt_checkpoint_init(&checkpoint);
    assert_int_equal(pt_checkpoint_read(&checkpoint, current), PT_E_IO);
    assert_int_equal(pt_checkpoint_read(&checkpoint, run), PT_E_IO);
    assert_int_equal(pt_file_write(current, "", 0), PT_OK);
    assert_int_equal(pt_checkpoint_read(&checkpoint, current), PT_E_FORMAT);
}

/* Killed at any moment while it writes one checkpoint after the other, a run has one: at
 * least the last that it said to have written. */
static void a_kill_leaves_a_checkpoint(void **state)
{
    const pt_rng_t rng = {.seed = 7, .purpose = PT_RNG_DRAW};
    char notice[512];
    int64_t last = 0;
    (void)state;
    double begin = pt_clock();
    assert_int_equal(write_at(0), PT_OK);
    double one_write = pt_clock() - begin;
    for (uint64_t i = 0; i < 30; i++) {
        int written[2], how = 0;
        assert_int_equal(pipe(written), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            for (int64_t at = last + 1;; at++)
                if (write_at(at) != PT_OK || write(written[1], &at, sizeof at) < 0)
                    _exit(1);
        for (uint64_t n = 0; n < i % 3; n++)
            assert_int_equal(read(written[0], &last, sizeof last), sizeof last);
        usleep((useconds_t)(pt_rng_uniform(&rng, i) * 2e6 * one_write));
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how));
        close(written[0]);
        close(written[1]);
        int64_t at = load(notice);
        assert_true(at >= last);
        assert_false(exists("checkpoint.bad.h5"));
        assert_true(count_files() <= 2);
        last = at;
    }
    assert_true(last >= 30);
}

static bool has_failed_on_full_disk(rlim_t limit)
{
    struct rlimit rlimit;
    getrlimit(RLIMIT_FSIZE, &rlimit);
    const struct rlimit full = {limit, rlimit.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &full);
    bool is_reported = write_at(2) == PT_E_IO &&
                       strstr(pt_error_message(), "checkpoint.h5") && count_files() == 1;
    setrlimit(RLIMIT_FSIZE, &rlimit);
    return is_reported;
}

/* A full disk is an error; what was there stays and no half file is left.  With space
 * again the same process writes the next one and ends well. */
static void a_full_disk_is_reported(void **state)
{
    char notice[512];
    (void)state;
    fflush(NULL);
    assert_int_equal(write_at(1), PT_OK);
    for (rlim_t limit = 0; limit < 26000; limit += 1300) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            exit(has_failed_on_full_disk(limit) && write_at(3) == PT_OK ? 0 : 1);
        int how = 0;
        assert_int_equal(waitpid(child, &how, 0), child);
        if (!WIFEXITED(how) || WEXITSTATUS(how) != 0)
            fail_msg("with %d bytes: %d", (int)limit, how);
        assert_int_equal(load(notice), 3);
        empty_run(NULL);
        assert_int_equal(write_at(1), PT_OK);
    }
}

static void inspect_prints_the_digest(void **state)
{
    pt_checkpoint_t checkpoint;
    char *text = NULL;
    size_t bytes = 0;
    (void)state;
    add_all(&checkpoint, 12345, "one line");
    assert_int_equal(pt_run_checkpoint_write(run, &checkpoint), PT_OK);
    FILE *out = open_memstream(&text, &bytes);
    assert_int_equal(pt_checkpoint_inspect(current, out), PT_OK);
    fclose(out);
    assert_non_null(strstr(text, checkpoint.digest));
    assert_non_null(strstr(text, "50x100"));
    assert_non_null(strstr(text, "12345"));
    assert_non_null(strstr(text, "\"one line\""));
    free(text);
    pt_checkpoint_release(&checkpoint);
}

/* One holder at a time; it is named; the lock goes with its process, however that ends. */
static void one_job_holds_a_run(void **state)
{
    char pid[32];
    int first = -1, second = -1, how = 0, ready[2];
    char byte;
    (void)state;
    assert_int_equal(pt_run_lock(run, &first), PT_OK);
    assert_int_equal(pt_run_lock(run, &second), PT_E_BUSY);
    snprintf(pid, sizeof pid, "pid %ld on ", (long)getpid());
    assert_non_null(strstr(pt_error_message(), pid));
    pt_run_unlock(run, first);
    assert_int_equal(count_files(), 0);

    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        if (pt_run_lock(run, &second) != PT_OK || write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(pt_run_lock(run, &first), PT_E_BUSY);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(pt_run_lock(run, &first), PT_OK);
    pt_run_unlock(run, first);
    close(ready[0]);
    close(ready[1]);
}

/* Whoever looks at a run holds nobody off it, however often. */
static void looking_at_a_lock_does_not_take_it(void **state)
{
    char holder[256];
    int lock = -1, how = 0;
    (void)state;
    pid_t child = fork();
    if (child == 0)
        for (;;)
            (void)pt_run_holder(run, holder);
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(pt_run_lock(run, &lock), PT_OK);
        assert_int_equal(pt_run_holder(run, holder), PT_RUN_HELD);
        pt_run_unlock(run, lock);
    }
    assert_int_equal(pt_run_holder(run, holder), PT_RUN_FREE);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &how, 0), child);
}

static void files_are_written_whole(void **state)
{
    char path[128], deep[128], *text = NULL;
    size_t bytes = 0;
    (void)state;
    snprintf(path, sizeof path, "%s/a.txt", run);
    assert_int_equal(pt_file_write(path, "12345678", 8), PT_OK);
    assert_int_equal(pt_file_write(path, "abc\0def", 7), PT_OK);
    assert_int_equal(pt_file_read(path, &text, &bytes), PT_OK);
    assert_int_equal(bytes, 7);
    assert_memory_equal(text, "abc\0def", 8);
    pt_free(text);
    assert_int_equal(pt_file_cut(path, 8), PT_E_FORMAT);
    assert_int_equal(pt_file_cut(path, 2), PT_OK);
    assert_int_equal(pt_file_read(path, &text, &bytes), PT_OK);
    assert_string_equal(text, "ab");
    pt_free(text);
    assert_int_equal(count_files(), 1);
    assert_int_equal(pt_file_read(run, &text, &bytes), PT_E_IO);
    snprintf(deep, sizeof deep, "%s/none/a.txt", run);
    assert_int_equal(pt_file_write(deep, "a", 1), PT_E_IO);

    snprintf(deep, sizeof deep, "%s/b/c//d/", run);
    assert_int_equal(pt_folder_make(deep), PT_OK);
    assert_int_equal(pt_folder_make(deep), PT_OK);
    assert_true(exists("b/c/d"));
    snprintf(deep, sizeof deep, "%s/a.txt/b", run);
    assert_int_equal(pt_folder_make(deep), PT_E_IO);
    static const char *const made[] = {"b/c/d", "b/c", "b"};
    for (int i = 0; i < 3; i++) {
        snprintf(deep, sizeof deep, "%s/%s", run, made[i]);
        assert_int_equal(rmdir(deep), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_types_come_back, empty_run),
        cmocka_unit_test_setup(digest_is_of_the_payload, empty_run),
        cmocka_unit_test_setup(bad_names_are_refused, empty_run),
        cmocka_unit_test_setup(the_last_two_are_kept, empty_run),
        cmocka_unit_test_setup(a_flipped_bit_is_seen, empty_run),
        cmocka_unit_test_setup(a_cut_file_is_seen, empty_run),
        cmocka_unit_test_setup(a_peek_changes_nothing, empty_run),
        cmocka_unit_test_setup(two_bad_ones_are_an_error, empty_run),
        cmocka_unit_test_setup(foreign_files_are_refused, empty_run),
        cmocka_unit_test_setup(a_kill_leaves_a_checkpoint, empty_run),
        cmocka_unit_test_setup(a_full_disk_is_reported, empty_run),
        cmocka_unit_test_setup(inspect_prints_the_digest, empty_run),
        cmocka_unit_test_setup(one_job_holds_a_run, empty_run),
        cmocka_unit_test_setup(looking_at_a_lock_does_not_take_it, empty_run),
        cmocka_unit_test_setup(files_are_written_whole, empty_run),
    };
    snprintf(run, sizeof run, "/tmp/polytree-test-run-%ld", (long)getpid());
    snprintf(current, sizeof current, "%s/checkpoint.h5", run);
    snprintf(prev, sizeof prev, "%s/checkpoint.prev.h5", run);
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    empty_run(NULL);
    rmdir(run);
    return n_failed || pt_memory_bytes() != 0; /* all that was taken was given back */
}
