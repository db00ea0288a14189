/* Branchings: partitions of the tasks, layer by layer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

/* Text, counts and digests of known ones; a copy is equal, a change is seen. */
static void known_ones(void **state)
{
    static const int32_t n_group[N_LAYER] = {1, 3, 4};
    static const int32_t copy[] = {2, 2, 2, 2, 2, 0, 0, 1, 1, 2, 1, 0, 1, 1, 1};
    pt_branching_t b, c;
    pt_digest_t *digest;
    char text[64], first[33], second[33];
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
    assert_int_equal(pt_digest_new(&digest), PT_OK);
    pt_branching_digest(&b, digest);
    pt_digest_hex(digest, first);
    pt_digest_free(digest);
    pt_branching_full(&c);
    assert_true(pt_branching_is_valid(&c));
    pt_branching_text(&c, text, sizeof text);
    assert_string_equal(text, "01234/01234/01234");
    assert_int_equal(pt_digest_new(&digest), PT_OK);
    pt_branching_digest(&c, digest);
    pt_digest_hex(digest, second);
    pt_digest_free(digest);
    assert_string_not_equal(first, second);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_to_prefixes),
        cmocka_unit_test(known_ones),
        cmocka_unit_test(invalid_ones),
        cmocka_unit_test(many_tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
