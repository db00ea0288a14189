/** @file
 * Steps of a search as the program runs them, gates drawn anew each step, on the data set
 * of a config.
 */
#ifndef PT_BENCH_STEPS_H
#define PT_BENCH_STEPS_H

#include "polytree/arch/alpha.h"
#include "polytree/base/memory.h"
#include "polytree/train/measure.h"
#include "polytree/train/schedule.h"
#include "polytree/train/trainer.h"

/** A trainer and all that it needs. */
typedef struct bench {
    pt_config_t config;
    pt_layout_t layout;
    pt_kernel_t kernel;
    pt_dataset_t *dataset;
    pt_machine_t machine;
    pt_trainer_t *trainer;
    pt_subnet_t subnet;
    pt_alpha_t alpha;
    double *g, *dgate;
    int32_t *task;
} bench_t;

/** Costs as layout.cost says, known to all ranks. */
static inline pt_status_t know_machine(bench_t *b)
{
    pt_status_t status = PT_OK;

    pt_machine_init(&b->machine);
    if (pt_comm_rank(b->layout.world) == 0)
        status = pt_machine_know(&b->config, b->dataset, &b->kernel, &b->machine);
    PT_AGREE(b->layout.world, status);
    if (b->config.layout.cost == PT_COST_MEASURED)
        PT_TRY(pt_measure_wires(b->layout.world, b->layout.node, &b->machine));
    return pt_machine_share(&b->machine, b->layout.world);
}

/** Of a config, n settings of options over it, and one more. */
static inline pt_status_t open_bench(bench_t *b, const char *config, int n, char **setting,
                                     const char *last)
{
    pt_config_init(&b->config);
    PT_TRY(pt_config_read(&b->config, config));
    for (int i = 0; i < n; i++)
        PT_TRY(pt_config_set(&b->config, setting[i]));
    if (last != NULL)
        PT_TRY(pt_config_set(&b->config, last));
    PT_TRY(pt_config_check(&b->config));
    bool is_auto = b->config.layout.mode == PT_LAYOUT_AUTO;
    int32_t extent[PT_N_AXIS] = {(int32_t)b->config.layout.stage,
                                 is_auto ? 1 : (int32_t)b->config.layout.task,
                                 is_auto ? 0 : (int32_t)b->config.layout.data};
    PT_TRY(pt_layout_init(&b->layout, pt_comm_world(), extent, true));
    PT_TRY(pt_kernel_init(&b->kernel, (pt_backend_t)b->config.kernel.backend,
                          (pt_isa_t)b->config.kernel.isa, (int32_t)b->config.run.threads));
    PT_TRY(b->config.data.cache == PT_CACHE_BOUND
               ? pt_dataset_open_bounded(b->config.data.file, b->config.data.tasks,
                                         b->layout.world, b->layout.node,
                                         b->config.data.cache_bytes, &b->dataset)
               : pt_dataset_open(b->config.data.file, b->config.data.tasks, b->layout.world,
                                 b->layout.node, b->config.data.cache, &b->dataset));
    PT_TRY(know_machine(b));
    PT_TRY(pt_trainer_new(&b->config, &b->layout, b->dataset, &b->kernel, &b->machine,
                          &b->trainer));
    const pt_space_t *s = pt_trainer_space(b->trainer);
    PT_TRY(pt_subnet_init(&b->subnet, s->n_task, s->n_choice));
    b->subnet.is_active_only = s->has_one_copy;
    PT_TRY(pt_alpha_init(&b->alpha, s->n_task, s->n_choice));
    PT_TRY(pt_alloc(&b->g, (size_t)s->n_choice, sizeof *b->g));
    PT_TRY(pt_alloc(&b->task, (size_t)s->n_task, sizeof *b->task));
    return pt_alloc(&b->dgate, (size_t)s->n_task * (size_t)s->n_choice, sizeof *b->dgate);
}

static inline void close_bench(bench_t *b)
{
    pt_free(b->g);
    pt_free(b->dgate);
    pt_free(b->task);
    pt_alpha_release(&b->alpha);
    pt_subnet_release(&b->subnet);
    pt_trainer_free(b->trainer);
    pt_machine_release(&b->machine);
    pt_dataset_close(b->dataset);
    pt_kernel_release(&b->kernel);
    pt_layout_release(&b->layout);
}

/** One step; its samples are added to *samples. */
static inline pt_status_t run_step(bench_t *b, bool is_alpha, int64_t number,
                                   int64_t *samples)
{
    const pt_space_t *s = pt_trainer_space(b->trainer);
    pt_step_t step = {.phase = 1,
                      .is_alpha = is_alpha,
                      .step = number,
                      .part = is_alpha ? PT_PART_ALPHA : PT_PART_WEIGHT};
    pt_update_t update = pt_update_make(&b->config.search.update, 1e-3);
    pt_step_result_t result;
    int32_t n;

    pt_trainer_turn(b->trainer, &step, b->task, &n);
    for (int32_t i = 0; i < n; i++) {
        pt_rng_t rng = pt_step_rng(&b->config, &step, PT_RNG_GATE);
        rng.task = (uint16_t)b->task[i];
        pt_alpha_sample(s, &b->alpha, b->task[i], &rng, 1,
                        b->config.search.gates == PT_GATES_HARD, &b->subnet, b->g);
    }
    if (is_alpha)
        PT_TRY(pt_trainer_alpha_step(b->trainer, &step, &b->subnet, b->dgate, &result));
    else
        PT_TRY(pt_trainer_weight_step(b->trainer, &step, &b->subnet, &update, &result));
    *samples += result.samples;
    return PT_OK;
}

#endif
