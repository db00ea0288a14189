/* Whatever form numbers have in a file (written by h5py, see number_forms.py), every rank
 * gets the same ones with either cache: those of a file that has memory's forms. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/io/dataset.h"
#include "tests/mpi/main.h"

enum { N = 40, MAX_VALUES = 64 };

static char folder[64];
static pt_comm_t *node;

static pt_dataset_t *open_dataset(const char *name, const char *end, pt_cache_t cache)
{
    char path[160];
    pt_dataset_t *dataset = NULL;
    snprintf(path, sizeof path, "%s/%s%s", folder, name, end);
    if (pt_dataset_open(path, "all", pt_comm_world(), node, cache, &dataset) != PT_OK)
        fail_msg("%s", pt_error_message());
    return dataset;
}

/* Two rows at a time, in an order that is not the file's, and all of them. */
static void assert_same(const char *name, pt_dataset_t *a, pt_dataset_t *b,
                        pt_split_t split)
{
    static float x[2][N * MAX_VALUES];
    static pt_label_t y[2][N * MAX_VALUES];
    int64_t hwc[3], row[N], n = pt_dataset_n_input(a, split);
    assert_int_equal(n, pt_dataset_n_input(b, split));
    pt_dataset_input(a, hwc);
    size_t values = (size_t)(hwc[0] * hwc[1] * hwc[2]);
    size_t labels = (size_t)pt_task_labels(pt_dataset_task(a, 0));
    assert_true(values <= MAX_VALUES && labels <= MAX_VALUES);
    for (int64_t i = 0; i < n; i++)
        row[i] = (i * 7 + 3) % n;
    for (int64_t some = 2; some <= n; some += n - 2) {
        assert_int_equal(pt_dataset_read(a, split, row, some, x[0]), PT_OK);
        assert_int_equal(pt_dataset_read(b, split, row, some, x[1]), PT_OK);
        if (memcmp(x[0], x[1], (size_t)some * values * sizeof x[0][0]) != 0)
            fail_msg("%s: other inputs in %s", name, pt_split_name(split));
        assert_int_equal(pt_dataset_read_labels(a, split, 0, row, some, y[0]), PT_OK);
        assert_int_equal(pt_dataset_read_labels(b, split, 0, row, some, y[1]), PT_OK);
        if (memcmp(y[0], y[1], (size_t)some * labels * sizeof y[0][0]) != 0)
            fail_msg("%s: other labels in %s", name, pt_split_name(split));
    }
}

static FILE *open_list(const char *name)
{
    char path[96];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *list = fopen(path, "r");
    assert_non_null(list);
    return list;
}

static void every_form_gives_the_same_numbers(void **state)
{
    char name[64];
    int n = 0;
    FILE *list = open_list("names");
    (void)state;
    for (; fscanf(list, "%63s", name) == 1; n++)
        for (int cache = 0; cache < PT_N_CACHE; cache++) {
            pt_dataset_t *a = open_dataset(name, ".h5", cache);
            pt_dataset_t *b = open_dataset(name, ".ref.h5", cache);
            for (int s = 0; s < PT_N_SPLIT; s++)
                if (pt_dataset_n_input(b, (pt_split_t)s) > 0)
                    assert_same(name, a, b, (pt_split_t)s);
            pt_dataset_close(b);
            pt_dataset_close(a);
        }
    fclose(list);
    assert_true(n > 40);
}

static void what_cannot_be_read_is_named(void **state)
{
    char line[256];
    FILE *list = open_list("refused");
    (void)state;
    while (fgets(line, sizeof line, list)) {
        char *report = NULL, path[192], *said = strchr(line, '\t') + 1;
        size_t bytes;
        int32_t n_finding = 0;
        said[-1] = said[strcspn(said, "\n")] = '\0';
        snprintf(path, sizeof path, "%s/%.64s.h5", folder, line);
        FILE *out = open_memstream(&report, &bytes);
        assert_int_equal(pt_dataset_check(path, out, &n_finding), PT_OK);
        fclose(out);
        if (n_finding == 0 || !strstr(report, said))
            fail_msg("%s: expected '%s', got '%s'", line, said, report);
        free(report);
    }
    fclose(list);
}

static void write_files(void)
{
    char command[192];
    snprintf(command, sizeof command,
             "mkdir '%s' && ${PYTHON:-python3} tests/mpi/number_forms.py '%s'", folder,
             folder);
    assert_int_equal(system(command), 0);
}

static int set_up(void **state)
{
    (void)state;
    if (pt_comm_split_node(pt_comm_world(), &node) != PT_OK)
        return -1;
    name_path("numbers", folder);
    if (pt_comm_rank(pt_comm_world()) == 0)
        write_files();
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
        cmocka_unit_test(every_form_gives_the_same_numbers),
        cmocka_unit_test(what_cannot_be_read_is_named),
    };
    return run_on_ranks(argc, argv, tests, set_up, tear_down);
}
