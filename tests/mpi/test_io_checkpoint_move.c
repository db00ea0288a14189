/* Checkpoints in memory from rank to rank: copies of the same bytes. */
#include <string.h>

#include "polytree/io/checkpoint.h"
#include "tests/mpi/main.h"

static const float weights[6] = {1, -2, 3.5f, 0, 1e30f, -0.0f};

static void check(const pt_checkpoint_t *c, const char *name, double number)
{
    char full[PT_RECORD_NAME];
    const void *data;
    double is;
    snprintf(full, sizeof full, "%s/weights", name);
    assert_int_equal(pt_checkpoint_get(c, full, PT_DTYPE_F32, 6, &data), PT_OK);
    assert_memory_equal(data, weights, sizeof weights);
    assert_int_equal(pt_checkpoint_find(c, full)->dim[1], 3);
    assert_true(pt_checkpoint_find(c, full)->in_payload);
    snprintf(full, sizeof full, "%s/number", name);
    assert_int_equal(pt_checkpoint_copy(c, full, PT_DTYPE_F64, 1, &is), PT_OK);
    assert_true(is == number);
    snprintf(full, sizeof full, "%s/none", name);
    assert_int_equal(pt_checkpoint_get(c, full, PT_DTYPE_I64, 0, &data), PT_OK);
}

/* Borrows. */
static void fill(pt_checkpoint_t *c, const char *name, const double *number)
{
    static const int64_t two_by_three[2] = {2, 3}, one = 1, no_element = 0;
    char full[PT_RECORD_NAME];
    snprintf(full, sizeof full, "%s/weights", name);
    assert_int_equal(
        pt_checkpoint_add(c, full, PT_DTYPE_F32, two_by_three, 2, weights, true), PT_OK);
    snprintf(full, sizeof full, "%s/number", name);
    assert_int_equal(pt_checkpoint_add(c, full, PT_DTYPE_F64, &one, 1, number, false),
                     PT_OK);
    snprintf(full, sizeof full, "%s/none", name);
    assert_int_equal(pt_checkpoint_add(c, full, PT_DTYPE_I64, &no_element, 1, NULL, false),
                     PT_OK);
}

static void all_get_what_rank_0_has(void **state)
{
    pt_comm_t *world = pt_comm_world();
    const double own = pt_comm_rank(world);
    pt_checkpoint_t c;
    (void)state;
    pt_checkpoint_init(&c);
    fill(&c, "a", &own);
    assert_int_equal(pt_checkpoint_bcast(&c, world), PT_OK);
    assert_int_equal(c.n_record, 3);
    check(&c, "a", 0);
    pt_checkpoint_release(&c);
    assert_int_equal(pt_checkpoint_bcast(&c, world), PT_OK);
    assert_int_equal(c.n_record, 0);
    pt_checkpoint_release(&c);
}

/* Every second rank has something. */
static void rank_0_gets_what_all_have(void **state)
{
    pt_comm_t *world = pt_comm_world();
    int32_t rank = pt_comm_rank(world), size = pt_comm_size(world);
    const double own = rank;
    pt_checkpoint_t mine, all, picked;
    char name[16];
    (void)state;
    pt_checkpoint_init(&mine);
    pt_checkpoint_init(&all);
    pt_checkpoint_init(&picked);
    snprintf(name, sizeof name, "%d", (int)rank);
    if (rank % 2 == 0)
        fill(&mine, name, &own);
    assert_int_equal(pt_checkpoint_gather(&mine, world, &all), PT_OK);
    assert_int_equal(all.n_record, rank == 0 ? 3 * ((size + 1) / 2) : 0);
    for (int32_t r = 0; r < size && rank == 0; r += 2) {
        snprintf(name, sizeof name, "%d", (int)r);
        check(&all, name, r);
    }
    assert_int_equal(pt_checkpoint_copy_all(&all, "0/", 2, &picked), PT_OK);
    assert_int_equal(picked.n_record, rank == 0 ? 3 : 0);
    assert_true((pt_checkpoint_find(&picked, "number") != NULL) == (rank == 0));
    pt_checkpoint_release(&picked);
    pt_checkpoint_release(&all);
    pt_checkpoint_release(&mine);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_get_what_rank_0_has),
        cmocka_unit_test(rank_0_gets_what_all_have),
    };
    return run_on_ranks(argc, argv, tests, NULL, NULL);
}
