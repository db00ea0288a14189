/** @file
 * A network of five tasks in a small dag space, all alike but one.
 */
#ifndef TESTS_DAG_NETWORK_H
#define TESTS_DAG_NETWORK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "polytree/base/memory.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

enum { N_TASK = 5, MANY = 8, N_NODE = 4 };

typedef struct world {
    pt_config_t config;
    pt_space_t *space;
    pt_subnet_t subnet;
    char path[64];
} world_t;

static inline void open_choice(world_t *w, int32_t task, pt_choice_kind_t kind, int32_t i,
                               int32_t j)
{
    int32_t c = pt_space_find_choice(w->space, kind, i, j);
    assert_true(c >= 0);
    pt_subnet_switch(&w->subnet, task, c, true);
}

/* Task 1: 3-4; all others: 1-2-4. */
static inline void make_network(world_t *w, int32_t n_task)
{
    static const pt_space_task_t task[MANY] = {
        {"left", 3, false}, {"says \"no\" & <b>", 2, false},
        {"c", 2, false},    {"d", 2, false},
        {"e", 2, false},    {"f", 2, false},
        {"g", 2, false},    {"h", 2, false}};
    pt_space_spec_t spec = {8, 8, 1, n_task, task, NULL, 0};
    pt_config_t *config = &w->config;
    pt_config_init(config);
    config->space.nodes = N_NODE;
    config->space.flow = 2;
    config->space.min_depth = 1;
    config->train.microbatch = 2;
    assert_int_equal(pt_space_new(config, &spec, NULL, &w->space), PT_OK);
    assert_int_equal(pt_subnet_init(&w->subnet, n_task, w->space->n_choice), PT_OK);
    for (int32_t k = 0; k < n_task; k++) {
        if (k == 1) {
            open_choice(w, k, PT_CHOICE_IN, 0, 3);
            open_choice(w, k, PT_CHOICE_EDGE, 3, 4);
        } else {
            open_choice(w, k, PT_CHOICE_IN, 0, 1);
            open_choice(w, k, PT_CHOICE_EDGE, 1, 2);
            open_choice(w, k, PT_CHOICE_EDGE, 2, 4);
        }
        open_choice(w, k, PT_CHOICE_OUT, 4, 0);
    }
}

static inline int set_up(void **state)
{
    static world_t w;
    int fd;
    make_network(&w, N_TASK);
    strcpy(w.path, "/tmp/polytree-architecture-XXXXXX");
    fd = mkstemp(w.path);
    assert_true(fd >= 0);
    close(fd);
    *state = &w;
    return 0;
}

static inline int tear_down(void **state)
{
    world_t *w = *state;
    unlink(w->path);
    pt_subnet_release(&w->subnet);
    pt_space_free(w->space);
    return pt_memory_bytes() != 0;
}

#endif
