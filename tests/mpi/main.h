/** @file
 * What the programs here end with: cmocka's tests on all ranks, rank 0 telling of them.
 */
#ifndef PT_TEST_MAIN_H
#define PT_TEST_MAIN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "polytree/base/memory.h"
#include "polytree/par/comm.h"
#include "polytree/par/par.h"

/** The exit code; all ranks end where one has failed, and none takes longer than
 * `seconds`. */
#define run_on_ranks(argc, argv, seconds, tests, set_up, tear_down)                        \
    run_tests_on_ranks(argc, argv, seconds, tests, sizeof(tests) / sizeof(tests)[0],       \
                       set_up, tear_down)

static inline int run_tests_on_ranks(int argc, char **argv, unsigned seconds,
                                     const struct CMUnitTest *tests, size_t n,
                                     CMFixtureFunction set_up, CMFixtureFunction tear_down)
{
    /* A rank that failed leaves the others waiting. */
    alarm(getenv("POLYTREE_TEST_LONG") == NULL ? seconds : 10 * seconds);
    if (pt_par_start(&argc, &argv) != PT_OK)
        return 1;
    if (pt_comm_rank(pt_comm_world()) > 0 && freopen("/dev/null", "w", stdout) == NULL)
        pt_par_abort(1);
    if (_cmocka_run_group_tests("tests", tests, n, set_up, tear_down) > 0)
        pt_par_abort(1);
    pt_par_stop();
    return pt_memory_bytes() != 0; /* all that was taken was given back */
}

#endif
