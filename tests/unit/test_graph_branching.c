/* Branchings: partitions of the tasks, layer by layer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "polytree/base/memory.h"
#include "polytree/base/rng.h"
#include "polytree/graph/branching.h"

enum { N_LAYER = 3, N_TASK = 5, N_COPY = 3 };

static int32_t draw(uint32_t stream, int32_t index)
{
    pt_rng_t rng = {.seed = 3, .purpose = PT_RNG_DRAW, .step = stream};
    return (int32_t)(pt_rng_uniform(&rng, (uint64_t)index) * N_COPY);
}

/* Two tasks are together exactly where their copies agree in all layers so far, whatever
 * the copies are called; the numbers are canonical. */
static void copies_to_prefixes(void **state)
{
    pt_branching_t b, renamed;
    int32_t copy[N_LAYER * N_TASK], other[N_LAYER * N_TASK];
    (void)state;

    assert_int_equal(pt_branching_init(&b, N_LAYER, N_TASK), PT_OK);
    assert_int_equal(pt_branching_init(&renamed, N_LAYER, N_TASK), PT_OK);
    for (uint32_t trial = 0; trial < 200; trial++) {
        for (int32_t i = 0; i < N_LAYER * N_TASK; i++) {
            copy[i] = draw(trial, i);
            other[i] = 7 - 2 * copy[i];
        }
        pt_branching_of_copies(copy, &b);
        pt_branching_of_copies(other, &renamed);
        assert_true(pt_branching_is_valid(&b));
        assert_true(pt_branching_equal(&b, &renamed));
        for (int32_t l = 0; l < N_LAYER; l++)
            for (int32_t j = 0; j < N_TASK; j++)
                for (int32_t k = 0; k < N_TASK; k++) {
                    int agree = 1;
                    for (int32_t m = 0; m <= l; m++)
                        agree &= copy[m * N_TASK + j] == copy[m * N_TASK + k];
                    assert_int_equal(agree,
                                     b.group[l * N_TASK + j] == b.group[l * N_TASK + k]);
                }
    }
    pt_branching_release(&b);
    pt_branching_release(&renamed);
    assert_int_equal(pt_memory_bytes(), 0);
}

/* Text and counts of known ones; a copy is equal, a change is seen. */
static void known_ones(void **state)
{
    static const int32_t n_group[N_LAYER] = {1, 3, 4};
    static const int32_t copy[] = {2, 2, 2, 2, 2, 0, 0, 1, 1, 2, 1, 0, 1, 1, 1};
    pt_branching_t b, c;
    char text[64];
    (void)state;

    assert_int_equal(pt_branching_init(&b, N_LAYER, N_TASK), PT_OK);
    assert_int_equal(pt_branching_init(&c, N_LAYER, N_TASK), PT_OK);
    assert_int_equal(pt_branching_text(&b, text, sizeof text), 17);
    assert_string_equal(text, "00000/00000/00000");
    pt_branching_of_copies(copy, &b);
    pt_branching_text(&b, text, sizeof text);
    assert_string_equal(text, "00000/00112/01223");
    assert_int_equal(pt_branching_text(&b, text, 8), 17);
    assert_string_equal(text, "00000/0");
    for (int32_t l = 0; l < N_LAYER; l++)
        assert_int_equal(pt_branching_n_group(&b, l), n_group[l]);

    assert_false(pt_branching_equal(&b, &c));
    pt_branching_copy(&c, &b);
    assert_true(pt_branching_equal(&b, &c));
    pt_branching_full(&c);
    assert_true(pt_branching_is_valid(&c));
    pt_branching_text(&c, text, sizeof text);
    assert_string_equal(text, "01234/01234/01234");
    pt_branching_release(&b);
    pt_branching_release(&c);
}

/* What could not come from copies is told: a number that skips, one that is negative, tasks
 * that meet again. */
static void invalid_ones(void **state)
{
    static const int32_t bad[][4] = {
        {1, 0, 1, 0}, {0, 2, 0, 2}, {0, -1, 0, 1}, {0, 1, 0, 0}};
    int32_t good[] = {0, 0, 0, 1};
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int32_t group[4];
        memcpy(group, bad[i], sizeof group);
        assert_false(pt_branching_is_valid(&(pt_branching_t){2, 2, group}));
    }
    assert_true(pt_branching_is_valid(&(pt_branching_t){2, 2, good}));
}

/* Beyond ten tasks groups are parted by dots. */
static void many_tasks(void **state)
{
    pt_branching_t b;
    char text[64];
    (void)state;

    assert_int_equal(pt_branching_init(&b, 1, 12), PT_OK);
    pt_branching_full(&b);
    pt_branching_text(&b, text, sizeof text);
    assert_string_equal(text, "0.1.2.3.4.5.6.7.8.9.10.11");
    pt_branching_release(&b);
}

enum { MAX_ENTRY = 16 };

static int by_groups(const void *a, const void *b)
{
    const int32_t *x = a, *y = b;
    for (int32_t i = 0; i < MAX_ENTRY; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

/* Every branching that a choice of copies is, once each, sorted by groups. */
static int32_t try_all_copies(int32_t n_layer, int32_t n_task, int32_t n_copy,
                              int32_t (*all)[MAX_ENTRY], int32_t most)
{
    int32_t n = 0, n_distinct = 0, n_entry = n_layer * n_task, copy[MAX_ENTRY] = {0},
            at = 0;
    while (at < n_entry) {
        pt_branching_t b = {n_layer, n_task, all[n]};
        assert_true(n < most);
        memset(all[n], 0, sizeof all[n]);
        pt_branching_of_copies(copy, &b);
        n++;
        for (at = 0; at < n_entry && ++copy[at] == n_copy; at++)
            copy[at] = 0;
    }
    qsort(all, (size_t)n, sizeof *all, by_groups);
    for (int32_t i = 0; i < n; i++)
        if (i == 0 || by_groups(all[i], all[n_distinct - 1]) != 0)
            memmove(all[n_distinct++], all[i], sizeof *all);
    return n_distinct;
}

/* The enumeration is what trying all copies finds, in order of the groups, for as many
 * copies as tasks and for fewer; the number is counted right, and each is found by its
 * index. */
static void all_of_them(void **state)
{
    /* Layers, tasks, copies, branchings (-1: whatever they are). */
    static const int32_t sizes[][4] = {{3, 3, 3, 22}, {1, 4, 4, 15}, {2, 3, 3, 12},
                                       {2, 4, 2, -1}, {3, 4, 2, -1}, {4, 3, 2, -1},
                                       {2, 4, 3, -1}, {5, 2, 2, 6},  {3, 1, 1, 1},
                                       {3, 5, 1, 1},  {1, 6, 3, -1}};
    const int32_t most = 20000;
    int32_t(*all)[MAX_ENTRY] = malloc((size_t)most * sizeof *all);
    (void)state;

    assert_non_null(all);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int32_t n_layer = sizes[i][0], n_task = sizes[i][1], n_copy = sizes[i][2];
        int32_t n = try_all_copies(n_layer, n_task, n_copy, all, most);
        int64_t count;
        pt_branching_t walker, found;

        if (sizes[i][3] > 0)
            assert_int_equal(n, sizes[i][3]);
        assert_int_equal(pt_branching_count(n_layer, n_task, n_copy, &count), PT_OK);
        assert_int_equal(count, n);
        assert_int_equal(pt_branching_init(&walker, n_layer, n_task), PT_OK);
        assert_int_equal(pt_branching_init(&found, n_layer, n_task), PT_OK);
        for (int32_t j = 0; j < n; j++) {
            assert_true(
                pt_branching_equal(&walker, &(pt_branching_t){n_layer, n_task, all[j]}));
            assert_int_equal(pt_branching_nth(j, n_copy, &found), PT_OK);
            assert_true(pt_branching_equal(&walker, &found));
            assert_int_equal(pt_branching_next(n_copy, &walker), j + 1 < n);
        }
        assert_true(pt_branching_equal(&walker, &found));
        pt_branching_full(&found);
        assert_int_equal(pt_branching_equal(&walker, &found), n_copy >= n_task);
        pt_branching_release(&walker);
        pt_branching_release(&found);
    }
    free(all);
    assert_int_equal(pt_memory_bytes(), 0);
}

/* Numbers known otherwise: Bell's; 2^(K-1) parts in two; no copies given mean one for each
 * task.  What nobody could train is refused, however large, and so is what does not exist.
 */
static void counts(void **state)
{
    pt_branching_t b;
    int64_t count = 0;
    (void)state;

    assert_int_equal(pt_branching_count(1, 10, 0, &count), PT_OK);
    assert_int_equal(count, 115975);
    assert_int_equal(pt_branching_count(1, 20, 2, &count), PT_OK);
    assert_int_equal(count, 1 << 19);
    assert_int_equal(pt_branching_count(3, 3, 0, &count), PT_OK);
    assert_int_equal(count, 22);
    assert_int_equal(pt_branching_count(3, 3, 8, &count), PT_OK);
    assert_int_equal(count, 22);
    assert_int_equal(pt_branching_count(64, 300, 1, &count), PT_OK);
    assert_int_equal(count, 1);
    assert_int_equal(pt_branching_count(1, 11, 0, &count), PT_OK);
    assert_int_equal(count, 678570);
    assert_int_equal(pt_branching_count(1, 12, 0, &count), PT_E_RANGE);
    assert_int_equal(pt_branching_count(18, 5, 0, &count), PT_OK);
    assert_int_equal(pt_branching_count(64, 300, 0, &count), PT_E_RANGE);
    assert_int_equal(pt_branching_count(64, 300, 2, &count), PT_E_RANGE);
    assert_int_equal(pt_branching_count(0, 3, 0, &count), PT_E_RANGE);
    assert_int_equal(pt_branching_count(3, 0, 0, &count), PT_E_RANGE);
    assert_int_equal(pt_branching_count(3, 3, -1, &count), PT_E_RANGE);

    assert_int_equal(pt_branching_init(&b, 3, 3), PT_OK);
    assert_int_equal(pt_branching_nth(22, 0, &b), PT_E_RANGE);
    assert_non_null(strstr(pt_error_message(), "0 to 21"));
    assert_int_equal(pt_branching_nth(-1, 0, &b), PT_E_RANGE);
    pt_branching_release(&b);
    assert_int_equal(pt_memory_bytes(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_to_prefixes), cmocka_unit_test(known_ones),
        cmocka_unit_test(invalid_ones),       cmocka_unit_test(many_tasks),
        cmocka_unit_test(all_of_them),        cmocka_unit_test(counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
