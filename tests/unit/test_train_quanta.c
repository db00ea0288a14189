/* Quanta of gradient sums: which steps are formed again. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "train/quanta.h"

enum { N_GROUP = 4, ADDENDS = 100 };

typedef struct bench {
    pt_store_t store;
    quanta_t quanta;
} bench_t;

static void open_bench(bench_t *b)
{
    static const char *const name[N_GROUP] = {"stem", "copy1", "copy2", "head"};
    const int64_t count = 3;

    pt_store_init(&b->store);
    for (int32_t g = 0; g < N_GROUP; g++) {
        assert_int_equal(pt_store_add_group(&b->store, name[g], -1, NULL), PT_OK);
        assert_int_equal(
            pt_store_add(&b->store, "w", &count, 1, PT_ROLE_NORM_SCALE, 0, NULL), PT_OK);
    }
    assert_int_equal(pt_store_freeze(&b->store), PT_OK);
    assert_int_equal(quanta_init(&b->store, &b->quanta), PT_OK);
}

static void close_bench(bench_t *b)
{
    quanta_release(&b->quanta);
    pt_store_release(&b->store);
}

/** How often a step is formed whose groups' largest contributions are these; negative: the
 * group is not in use. */
static int32_t form(bench_t *b, const float largest[N_GROUP])
{
    bool is_used[N_GROUP];
    int64_t offer[N_GROUP];
    int32_t n = 0;
    quanta_verdict_t verdict;

    for (int32_t g = 0; g < N_GROUP; g++)
        is_used[g] = largest[g] >= 0;
    do {
        quanta_choose(&b->quanta, is_used, ADDENDS);
        for (int32_t g = 0; g < N_GROUP; g++)
            if (is_used[g])
                memcpy(&b->store.group_sum[g].largest, &largest[g], sizeof(float));
        quanta_offer(&b->quanta, offer);
        verdict = quanta_judge(&b->quanta, offer);
        n++;
    } while (verdict == QUANTA_AGAIN && n < 10);
    assert_int_equal(verdict, QUANTA_GOOD);
    for (int32_t g = 0; g < N_GROUP; g++) /* all addends have room */
        assert_true(!is_used[g] ||
                    (double)largest[g] * ADDENDS * b->store.group_sum[g].scale < 0x1p62);
    return n;
}

static void only_the_first_step_of_all_is_formed_again(void **state)
{
    static const float first[N_GROUP] = {1, 3, -1, -1}, later[N_GROUP] = {2, -1, 5, 0.01F};
    bench_t b;
    (void)state;

    open_bench(&b);
    assert_int_equal(form(&b, first), 2);
    assert_int_equal(form(&b, first), 1);
    assert_int_equal(form(&b, later), 1);
    close_bench(&b);
}

/* A group that has had no step goes by the one before it, and by the first behind it where
 * there is none, as long as that is near. */
static void a_group_far_from_its_neighbour_is_formed_again(void **state)
{
    static const float at[N_GROUP] = {-1, 1, -1, 1e6F};
    static const float sizes[] = {0, 0x1p-11F, 0x1p-13F, 0x1p11F, 0x1p14F, 1e-40F, 1e38F};
    static const int32_t expected[] = {1, 1, 2, 1, 2, 2, 2};
    bench_t b;
    (void)state;

    for (int32_t g = 0; g <= 2; g += 2)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            float largest[N_GROUP] = {-1, -1, -1, -1};
            open_bench(&b);
            assert_int_equal(form(&b, at), 2);
            largest[g] = sizes[i];
            assert_int_equal(form(&b, largest), expected[i]);
            assert_int_equal(form(&b, largest), 1);
            close_bench(&b);
        }
}

static void a_group_that_shrinks_is_not_formed_again(void **state)
{
    static const float first[N_GROUP] = {1, 1, 1, 1}, small[N_GROUP] = {1e-30F, 0, 1, 1};
    bench_t b;
    (void)state;

    open_bench(&b);
    assert_int_equal(form(&b, first), 2);
    assert_int_equal(form(&b, small), 1);
    assert_int_equal(form(&b, first), 2);
    close_bench(&b);
}

/* Losses times 2^k have quanta times 2^k, in the first steps of groups as well. */
static void quanta_scale_with_the_loss(void **state)
{
    static const float step[2][N_GROUP] = {{1, -1, -1, 7}, {3, 0.3F, 1e-6F, 11}};
    bench_t plain, scaled;
    (void)state;

    open_bench(&plain);
    open_bench(&scaled);
    for (int32_t i = 0; i < 2; i++) {
        float times[N_GROUP];
        for (int32_t g = 0; g < N_GROUP; g++)
            times[g] = ldexpf(step[i][g], 20);
        assert_int_equal(form(&plain, step[i]), form(&scaled, times));
        for (int32_t g = 0; g < N_GROUP; g++)
            if (step[i][g] > 0)
                assert_true(plain.store.group_sum[g].scale ==
                            ldexp(scaled.store.group_sum[g].scale, 20));
    }
    close_bench(&plain);
    close_bench(&scaled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_first_step_of_all_is_formed_again),
        cmocka_unit_test(a_group_far_from_its_neighbour_is_formed_again),
        cmocka_unit_test(a_group_that_shrinks_is_not_formed_again),
        cmocka_unit_test(quanta_scale_with_the_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
