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

/** "/tmp/polytree-NAME-NUMBER", the same on all ranks of the job and no other's.
 * Collective. */
static inline void name_path(const char *name, char path[64])
{
    long id = (long)getpid();
    assert_int_equal(pt_comm_bcast(pt_comm_world(), &id, sizeof id, 0), PT_OK);
    snprintf(path, 64, "/tmp/polytree-%s-%ld", name, id);
}

/** The exit code; all ranks end where one has failed. */
#define run_on_ranks(argc, argv, tests, set_up, tear_down)                                 \
    run_tests_on_ranks(argc, argv, tests, sizeof(tests) / sizeof(tests)[0], set_up,        \
                       tear_down)

static inline int run_tests_on_ranks(int argc, char **argv, const struct CMUnitTest *tests,
                                     size_t n, CMFixtureFunction set_up,
                                     CMFixtureFunction tear_down)
{
    if (pt_par_start(&argc, &argv) != PT_OK)
        return 1;
    /* A rank that failed and went on to its next test would leave the others waiting. */
    if (pt_comm_size(pt_comm_world()) > 1)
        setenv("CMOCKA_TEST_ABORT", "1", 1);
    if (pt_comm_rank(pt_comm_world()) > 0 && freopen("/dev/null", "w", stdout) == NULL)
        pt_par_abort(1);
    if (_cmocka_run_group_tests("tests", tests, n, set_up, tear_down) > 0)
        pt_par_abort(1);
    pt_par_stop();
    return pt_memory_bytes() != 0; /* all that was taken was given back */
}

#endif
