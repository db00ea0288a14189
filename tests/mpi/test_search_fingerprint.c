/* Ranks on unlike machines hear of it: which nodes, and in what they differ. */
#include <string.h>

#include "polytree/par/comm.h"
#include "polytree/search/fingerprint.h"
#include "tests/mpi/main.h"

/* All but rank 0 have another library, and share nodes in pairs. */
static void nodes_and_items_are_named(void **state)
{
    int32_t rank = pt_comm_rank(pt_comm_world()), size = pt_comm_size(pt_comm_world());
    static pt_fingerprint_t mine;
    char difference[1024], expected[1024] = "";
    int32_t n_other;
    (void)state;
    snprintf(mine.node, sizeof mine.node, "node%d", (int)(rank + 1) / 2);
    snprintf(mine.text, sizeof mine.text, "program: 1\nlibrary 1: %s\nthreads: 1\n",
             rank == 0 ? "new" : "old");
    assert_int_equal(pt_fingerprint_agree(pt_comm_world(), &mine, &n_other, difference),
                     PT_OK);
    assert_int_equal(n_other, size - 1);
    if (size > 1)
        strcpy(expected,
               "rank 1 on node1 differs from rank 0 on node0: library 1 (new, old)");
    for (int32_t r = 3; r < size; r += 2)
        snprintf(expected + strlen(expected), sizeof expected - strlen(expected),
                 "; so does rank %d on node%d", (int)r, (int)(r + 1) / 2);
    assert_string_equal(difference, expected);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nodes_and_items_are_named)};
    return run_on_ranks(argc, argv, tests, NULL, NULL);
}
