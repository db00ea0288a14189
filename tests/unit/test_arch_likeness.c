/* How much alike networks are, against features that are written out. */
#include "tests/unit/branch_space.h"

#include <math.h>

#include "polytree/arch/copies.h"
#include "polytree/arch/likeness.h"

enum { N = 12, N_LAYER = 3, N_TASK = 5, N_KNOWN = 4, N_CHOICE = 70, N_WORD = 2 };

static const int32_t known[N_KNOWN] = {7, 0, 3, 4};
static const double widening[N] = {1, 2, 0.5, 1.5, 1, 1, 3, 0.7, 1, 2, 1, 1};
static double product[N * N_KNOWN];

/* Of a network that has everything with itself, where both are twice as wide. */
static double of_width(int32_t i, int32_t j, double everything)
{
    return everything * log2(widening[i]) * log2(widening[known[j]]);
}

static pt_rng_t key(int32_t i)
{
    return (pt_rng_t){.seed = 3, .purpose = PT_RNG_CHOOSE, .step = (uint32_t)i};
}

static bool shares(const pt_branching_t *b, int32_t layer, int32_t j, int32_t k)
{
    return b->group[layer * N_TASK + j] == b->group[layer * N_TASK + k];
}

static void branches_by_pairs_of_tasks_that_share(void **state)
{
    static branch_space_t test;
    static pt_branching_t tree[N];
    const pt_space_t *space = make_branch_space(&test, N_LAYER, N_TASK, N_TASK);
    uint64_t bits[N * N_TASK];
    pt_subnet_t subnet;
    (void)state;
    assert_int_equal(pt_subnet_init(&subnet, N_TASK, space->n_choice), PT_OK);
    assert_int_equal(subnet.words, 1);
    for (int32_t i = 0; i < N; i++) {
        int32_t copy[N_LAYER * N_TASK];
        pt_rng_t rng = key(i);
        for (int32_t at = 0; at < N_LAYER * N_TASK; at++)
            copy[at] = (int32_t)(pt_rng_uniform(&rng, (uint64_t)at) * (1 + i % N_TASK));
        pt_copies_switch(space, copy, &subnet);
        memcpy(bits + i * N_TASK, subnet.bits, N_TASK * sizeof *bits);
        assert_int_equal(pt_branching_init(&tree[i], N_LAYER, N_TASK), PT_OK);
        pt_branching_of_copies(copy, &tree[i]);
    }
    assert_int_equal(pt_likeness(space, N, bits, widening, N_KNOWN, known, product), PT_OK);
    for (int32_t i = 0; i < N; i++)
        for (int32_t j = 0; j < N_KNOWN; j++) {
            double sum = of_width(i, j, N_LAYER * N_TASK * (N_TASK - 1) / 2.0);
            for (int32_t l = 0; l < N_LAYER; l++)
                for (int32_t a = 0; a < N_TASK; a++)
                    for (int32_t b = 0; b < a; b++)
                        sum +=
                            shares(&tree[i], l, a, b) && shares(&tree[known[j]], l, a, b);
            assert_true(fabs(product[i * N_KNOWN + j] - sum) < 1e-9);
        }
    for (int32_t i = 0; i < N; i++)
        pt_branching_release(&tree[i]);
    pt_subnet_release(&subnet);
}

static void graphs_by_the_pieces_that_tasks_have(void **state)
{
    const pt_space_t space = {.kind = PT_SPACE_DAG, .n_task = N_TASK, .n_choice = N_CHOICE};
    uint64_t bits[N * N_TASK * N_WORD] = {0};
    (void)state;
    for (int32_t i = 0; i < N; i++) {
        pt_rng_t rng = key(i);
        for (int32_t k = 0; k < N_TASK; k++)
            for (int32_t c = 0; c < N_CHOICE; c++)
                if (pt_rng_uniform(&rng, (uint64_t)(k * N_CHOICE + c)) < 0.4)
                    pt_bitset_set(bits + (i * N_TASK + k) * N_WORD, c, true);
    }
    assert_int_equal(pt_likeness(&space, N, bits, widening, N_KNOWN, known, product),
                     PT_OK);
    for (int32_t i = 0; i < N; i++)
        for (int32_t j = 0; j < N_KNOWN; j++) {
            double sum = of_width(i, j, 2.0 * N_TASK * N_CHOICE);
            for (int32_t c = 0; c < N_CHOICE; c++) {
                int32_t ours = 0, theirs = 0;
                for (int32_t k = 0; k < N_TASK; k++) {
                    bool a = pt_bitset_get(bits + (i * N_TASK + k) * N_WORD, c);
                    bool b = pt_bitset_get(bits + (known[j] * N_TASK + k) * N_WORD, c);
                    sum += a && b;
                    ours += a;
                    theirs += b;
                }
                sum += (double)ours * theirs / N_TASK;
            }
            assert_true(fabs(product[i * N_KNOWN + j] - sum) < 1e-9);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(branches_by_pairs_of_tasks_that_share),
        cmocka_unit_test(graphs_by_the_pieces_that_tasks_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
