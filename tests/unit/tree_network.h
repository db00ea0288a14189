/** @file
 * A network of four tasks in a branch space of three layers, which branches twice.
 */
#ifndef TESTS_TREE_NETWORK_H
#define TESTS_TREE_NETWORK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "polytree/arch/copies.h"
#include "polytree/base/memory.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

enum { N_TASK = 4, MANY = 200, N_LAYER = 3 };

static const pt_space_task_t tasks[N_TASK] = {
    {"a", 5, false}, {"b <&> \"c\"", 3, true}, {"depth", 1, true}, {"d", 2, false}};

/* Groups by layer: all, {0 1 3} {2}, {0 3} {1} {2}. */
static const int32_t groups[N_LAYER * N_TASK] = {0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 0};

typedef struct world {
    pt_config_t config;
    pt_space_t *space;
    pt_subnet_t subnet;
    char path[64];
} world_t;

static inline void set(world_t *w, const char *const *option)
{
    pt_config_init(&w->config);
    assert_int_equal(pt_config_set(&w->config, "space.kind=branch"), PT_OK);
    assert_int_equal(pt_config_set(&w->config, "space.encoder=configs/encoders/plain.ini"),
                     PT_OK);
    for (; *option != NULL; option++)
        assert_int_equal(pt_config_set(&w->config, *option), PT_OK);
}

static inline void build(world_t *w, int32_t n_task, const pt_space_task_t *task,
                         const pt_branching_t *branching)
{
    pt_space_spec_t spec = {16, 16, 3, n_task, task, branching, 0};
    if (pt_space_new(&w->config, &spec, NULL, &w->space) != PT_OK)
        fail_msg("%s", pt_error_message());
    assert_int_equal(pt_subnet_init(&w->subnet, n_task, w->space->n_choice), PT_OK);
}

static inline void drop(world_t *w)
{
    pt_subnet_release(&w->subnet);
    pt_space_free(w->space);
    w->space = NULL;
}

/* The space of the branching `groups`, and its network. */
static inline void build_derived(world_t *w)
{
    const char *const option[] = {"space.affine_last=0", "head.skip=l01",
                                  "head.kind=deeplab", NULL};
    pt_branching_t b = {N_LAYER, N_TASK, (int32_t *)(uintptr_t)groups};
    set(w, option);
    build(w, N_TASK, tasks, &b);
    pt_copies_switch(w->space, groups, &w->subnet);
}

static inline int set_up(void **state)
{
    static world_t w;
    strcpy(w.path, "/tmp/polytree-branch-XXXXXX");
    int fd = mkstemp(w.path);
    assert_true(fd >= 0);
    close(fd);
    *state = &w;
    return 0;
}

static inline int tear_down(void **state)
{
    world_t *w = *state;
    unlink(w->path);
    return pt_memory_bytes() != 0;
}

#endif
