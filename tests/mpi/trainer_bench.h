/** @file
 * A trainer on the ranks of a layout, for tests of its steps.
 */
#ifndef PT_TEST_TRAINER_BENCH_H
#define PT_TEST_TRAINER_BENCH_H

#include "search_run.h"

typedef struct bench {
    pt_config_t config;
    pt_layout_t layout;
    pt_kernel_t kernel;
    pt_dataset_t *dataset;
    pt_trainer_t *trainer;
    pt_subnet_t subnet; /**< soft, of all that there is */
} bench_t;

/** The trainer of b->config; collective over the active ranks of b->layout. */
static inline void make_trainer(bench_t *b)
{
    assert_ok(pt_kernel_init(&b->kernel, PT_BACKEND_AUTO, PT_ISA_NATIVE, 1));
    assert_ok(pt_dataset_open(b->config.data.file, "all", b->layout.world, b->layout.node,
                              true, &b->dataset));
    assert_ok(
        pt_trainer_new(&b->config, &b->layout, b->dataset, &b->kernel, NULL, &b->trainer));
    const pt_space_t *s = pt_trainer_space(b->trainer);
    assert_ok(pt_subnet_init(&b->subnet, s->n_task, s->n_choice));
    b->subnet.is_soft = true;
    for (int32_t k = 0; k < s->n_task; k++)
        for (int32_t c = 0; c < s->n_choice; c++)
            pt_subnet_switch(&b->subnet, k, c, true);
}

static inline void close_bench(bench_t *b)
{
    if (b->layout.is_active) {
        pt_subnet_release(&b->subnet);
        pt_trainer_free(b->trainer);
        pt_dataset_close(b->dataset);
        pt_kernel_release(&b->kernel);
    }
    pt_layout_release(&b->layout);
}

#endif
