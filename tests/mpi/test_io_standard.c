/* Units of inputs and labels: a copy of a data set at a large offset, in wider numbers, is
 * read as the data set itself, on every rank and with either cache. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/io/dataset.h"
#include "tests/mpi/main.h"

enum { N_TRAIN = 60, N_TEST = 20, CHANNELS = 5, LABELS = 2 };

static char folder[64];
static pt_comm_t *node;

/* Halves of whole numbers: at an offset of 2^30 float64 has all of them, float32 none. */
static const char script[] =
    "import h5py, numpy as np\n"
    "rng = np.random.default_rng(1)\n"
    "x, y = rng.integers(-99, 99, (80, 5)) / 2, rng.integers(-99, 99, (80, 2)) / 2\n"
    "y[::9, 1] = np.nan\n"
    "far = 2.0**30 * np.arange(1, 6)\n"
    "half = {'train': slice(0, 60), 'test': slice(60, 80)}\n"
    "def write(name, x, y):\n"
    "    with h5py.File(name, 'w') as f:\n"
    "        f.attrs['format'], f.attrs['version'] = 'polytree dataset', 1\n"
    "        for task in ('many', 'whole'):\n"
    "            f.create_group('tasks/' + task).attrs['kind'] = 'regression'\n"
    "        for part, rows in half.items():\n"
    "            f[part + '/inputs'] = x[rows]\n"
    "            f[part + '/tasks/many/labels'] = y[rows]\n"
    "            f[part + '/tasks/whole/labels'] = y[rows, 0] if y.dtype == 'f4' else \\\n"
    "                (10**12 + 2 * (y[rows, 0] - far[0])).astype('>i8')\n"
    "write('near.h5', x.astype('f4'), y.astype('f4'))\n"
    "write('far.h5', (x + far).astype('>f8'), y + far[:2])\n"
    "x[70, 0] += 1e-5\n"
    "write('input.h5', (x + far).astype('>f8'), y + far[:2])\n"
    "x[70, 0] -= 1e-5\n"
    "y[3, 0] += 1e-5\n"
    "write('label.h5', (x + far).astype('>f8'), y + far[:2])\n";

static pt_dataset_t *open_dataset(const char *name, pt_cache_t cache)
{
    char path[96];
    pt_dataset_t *dataset = NULL;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    /* Bounded: nine inputs in memory. */
    pt_status_t status =
        cache == PT_CACHE_BOUND
            ? pt_dataset_open_bounded(path, "all", pt_comm_world(), node,
                                      9 * CHANNELS * (int64_t)sizeof(float), &dataset)
            : pt_dataset_open(path, "all", pt_comm_world(), node, cache, &dataset);
    if (status != PT_OK)
        fail_msg("%s", pt_error_message());
    return dataset;
}

/* Two of three training samples, both tasks. */
static void standardise(pt_dataset_t *dataset)
{
    uint64_t taken = 0, tasks = 3;
    for (int i = 0; i < N_TRAIN; i++)
        taken |= (uint64_t)(i % 3 > 0) << i;
    assert_int_equal(pt_dataset_standardise(dataset, &taken, &tasks, pt_comm_world(), node),
                     PT_OK);
}

typedef struct seen {
    float x[N_TRAIN * CHANNELS];
    pt_label_t many[N_TRAIN * LABELS], whole[N_TRAIN];
} seen_t;

static void look(pt_dataset_t *dataset, pt_split_t split, int64_t n, seen_t *seen)
{
    int64_t row[N_TRAIN];
    memset(seen, 0, sizeof *seen);
    for (int64_t i = 0; i < n; i++)
        row[i] = (i * 7 + 3) % n;
    assert_int_equal(pt_dataset_read(dataset, split, row, n, seen->x), PT_OK);
    assert_int_equal(pt_dataset_read_labels(dataset, split, 0, row, n, seen->many), PT_OK);
    assert_int_equal(pt_dataset_read_labels(dataset, split, 1, row, n, seen->whole), PT_OK);
}

/* The mean at the offset is a double: half a unit of its last place is 2^-14 at 10^12,
 * where the deviation is about 114, and less than 2^-21 of that elsewhere; and each of both
 * is rounded to float32 once. */
static void assert_near(const float *a, const float *b, int n)
{
    for (int i = 0; i < n; i++)
        if (!(isnan(a[i]) && isnan(b[i])) &&
            !(fabsf(a[i] - b[i]) <= 0x1p-23f * fabsf(a[i]) + 0x1p-20f))
            fail_msg("value %d is %a, and %a at an offset", i, (double)a[i], (double)b[i]);
}

static void an_offset_is_taken_off_exactly(void **state)
{
    static seen_t near, far, in_file, bounded;
    (void)state;
    pt_dataset_t *a = open_dataset("near.h5", true), *b = open_dataset("far.h5", true);
    pt_dataset_t *c = open_dataset("far.h5", false);
    pt_dataset_t *d = open_dataset("far.h5", PT_CACHE_BOUND);
    standardise(a);
    standardise(b);
    standardise(c);
    standardise(d);
    for (int s = 0; s < PT_N_SPLIT; s++) {
        int64_t n = pt_dataset_n_input(a, (pt_split_t)s);
        if (n == 0)
            continue;
        look(a, (pt_split_t)s, n, &near);
        look(b, (pt_split_t)s, n, &far);
        look(c, (pt_split_t)s, n, &in_file);
        assert_memory_equal(&far, &in_file, sizeof far);
        look(d, (pt_split_t)s, n, &bounded);
        assert_memory_equal(&far, &bounded, sizeof far);
        assert_near(near.x, far.x, N_TRAIN * CHANNELS);
        assert_near(&near.many->f, &far.many->f, N_TRAIN * LABELS);
        assert_near(&near.whole->f, &far.whole->f, N_TRAIN);
    }
    const pt_standard_t *one = pt_dataset_task(a, 1)->standard;
    const pt_standard_t *other = pt_dataset_task(b, 1)->standard;
    assert_true(fabs(other->deviation / one->deviation - 2) < 1e-12);
    assert_true(fabs(other->mean - 1e12 - 2 * one->mean) <= 0x1p-14);
    pt_dataset_close(d);
    pt_dataset_close(c);
    pt_dataset_close(b);
    pt_dataset_close(a);
}

/* As a run that was trained in other units does, one after the other. */
static void units_can_be_others(void **state)
{
    static const pt_standard_t unit[CHANNELS] = {{1, 2}, {0, 4}, {-1, 1}, {9, 0.5}, {0, 3}};
    static const pt_standard_t *const none[2] = {NULL, NULL}, *const some[2] = {unit, NULL};
    static seen_t raw, own, seen;
    (void)state;
    pt_dataset_t *plain = open_dataset("near.h5", true), *d = open_dataset("near.h5", true);
    look(plain, PT_SPLIT_TEST, N_TEST, &raw);
    standardise(d);
    assert_int_equal(pt_dataset_set_standards(d, NULL, none), PT_OK);
    look(d, PT_SPLIT_TEST, N_TEST, &own);
    assert_memory_equal(&raw, &own, sizeof raw);
    assert_int_equal(pt_dataset_set_standards(d, unit, some), PT_OK);
    look(d, PT_SPLIT_TEST, N_TEST, &seen);
    assert_memory_equal(raw.whole, seen.whole, sizeof raw.whole);
    for (int i = 0; i < N_TEST * CHANNELS; i++) {
        const pt_standard_t *u = &unit[i % CHANNELS];
        double z = ((double)raw.x[i] - u->mean) / u->deviation;
        assert_true(seen.x[i] == (float)z);
    }
    pt_dataset_close(d);
    pt_dataset_close(plain);
}

/* What float32 does not hold is part of what a file is known by; what older versions have
 * written down is known all the same. */
static void a_digest_is_of_all_bits(void **state)
{
    static const char *const other[] = {"input.h5", "label.h5"};
    (void)state;
    pt_dataset_t *far = open_dataset("far.h5", true);
    const pt_dataset_digest_t *a = pt_dataset_digest(far);
    assert_string_not_equal(a->text, a->rounded);
    for (int i = 0; i < 4; i++) {
        pt_dataset_t *d =
            i < 2 ? open_dataset("far.h5", i == 0) : open_dataset(other[i - 2], i == 2);
        const pt_dataset_digest_t *b = pt_dataset_digest(d);
        assert_true(pt_dataset_is_digest(b, a->text) == (i < 2));
        assert_true(pt_dataset_is_digest(b, a->rounded) == (i < 3));
        pt_dataset_close(d);
    }
    pt_dataset_close(far);
    pt_dataset_t *near = open_dataset("near.h5", false);
    assert_string_equal(pt_dataset_digest(near)->text, pt_dataset_digest(near)->rounded);
    pt_dataset_close(near);
}

static int set_up(void **state)
{
    (void)state;
    if (pt_comm_split_node(pt_comm_world(), &node) != PT_OK)
        return -1;
    name_path("standard", folder);
    if (pt_comm_rank(pt_comm_world()) == 0) {
        char command[192];
        snprintf(command, sizeof command, "mkdir '%s' && cd '%s' && ${PYTHON:-python3} -",
                 folder, folder);
        FILE *python = popen(command, "w");
        assert_non_null(python);
        assert_true(fputs(script, python) >= 0);
        assert_int_equal(pclose(python), 0);
    }
    return pt_comm_barrier(pt_comm_world()) != PT_OK;
}

static int tear_down(void **state)
{
    char command[96];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    pt_comm_free(node);
    return pt_comm_barrier(pt_comm_world()) != PT_OK ||
           (pt_comm_rank(pt_comm_world()) == 0 && system(command) != 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offset_is_taken_off_exactly),
        cmocka_unit_test(units_can_be_others),
        cmocka_unit_test(a_digest_is_of_all_bits),
    };
    return run_on_ranks(argc, argv, tests, set_up, tear_down);
}
