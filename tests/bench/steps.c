/* What a step costs: samples a second and where the time goes.
 *
 *     mpirun -n P build/tests/bench/steps CONFIG.ini [weight|alpha|both] [seconds]
 * [key=value ...]
 *
 * Steps of the search are run as the program runs them (gates drawn anew each step) on the
 * data set of the config.  One line of JSON on rank 0; the first three steps do not count.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/arch/alpha.h"
#include "polytree/base/clock.h"
#include "polytree/base/memory.h"
#include "polytree/train/schedule.h"
#include "polytree/train/trainer.h"

typedef struct bench {
    pt_config_t config;
    pt_layout_t layout;
    pt_kernel_t kernel;
    pt_dataset_t *dataset;
    pt_trainer_t *trainer;
    pt_subnet_t subnet;
    pt_alpha_t alpha;
    double *g, *dgate;
    int32_t *task;
} bench_t;

static pt_status_t open_bench(bench_t *b, int argc, char **argv)
{
    pt_config_init(&b->config);
    PT_TRY(pt_config_read(&b->config, argv[1]));
    for (int i = 4; i < argc; i++)
        PT_TRY(pt_config_set(&b->config, argv[i]));
    PT_TRY(pt_config_check(&b->config));
    bool is_auto = b->config.layout.mode == PT_LAYOUT_AUTO;
    int32_t extent[PT_N_AXIS] = {(int32_t)b->config.layout.stage,
                                 is_auto ? 1 : (int32_t)b->config.layout.task,
                                 is_auto ? 0 : (int32_t)b->config.layout.data};
    PT_TRY(pt_layout_init(&b->layout, pt_comm_world(), extent, true));
    PT_TRY(pt_kernel_init(&b->kernel, (pt_backend_t)b->config.kernel.backend,
                          (pt_isa_t)b->config.kernel.isa, (int32_t)b->config.run.threads));
    PT_TRY(pt_dataset_open(b->config.data.file, b->config.data.tasks, b->layout.world,
                           b->layout.node, b->config.data.cache == PT_CACHE_MEMORY,
                           &b->dataset));
    PT_TRY(pt_trainer_new(&b->config, &b->layout, b->dataset, &b->kernel, &b->trainer));
    const pt_space_t *s = pt_trainer_space(b->trainer);
    PT_TRY(pt_subnet_init(&b->subnet, s->n_task, s->n_choice));
    b->subnet.is_active_only = s->has_one_copy;
    PT_TRY(pt_alpha_init(&b->alpha, s->n_task, s->n_choice));
    PT_TRY(pt_alloc(&b->g, (size_t)s->n_choice, sizeof *b->g));
    PT_TRY(pt_alloc(&b->task, (size_t)s->n_task, sizeof *b->task));
    return pt_alloc(&b->dgate, (size_t)s->n_task * (size_t)s->n_choice, sizeof *b->dgate);
}

static void close_bench(bench_t *b)
{
    pt_free(b->g);
    pt_free(b->dgate);
    pt_free(b->task);
    pt_alpha_release(&b->alpha);
    pt_subnet_release(&b->subnet);
    pt_trainer_free(b->trainer);
    pt_dataset_close(b->dataset);
    pt_kernel_release(&b->kernel);
    pt_layout_release(&b->layout);
}

/** One step; its samples are added to *samples. */
static pt_status_t run_step(bench_t *b, bool is_alpha, int64_t number, int64_t *samples)
{
    const pt_space_t *s = pt_trainer_space(b->trainer);
    pt_step_t step = {.stage = 1,
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

static void report(const bench_t *b, const char *kind, int64_t steps, int64_t samples,
                   double seconds, uint64_t allocations, pt_trainer_time_t before)
{
    pt_trainer_time_t t = pt_trainer_time(b->trainer);
    double step = t.step - before.step, ops = t.ops - before.ops,
           loss = t.loss - before.loss;
    double feed = t.feed - before.feed, compile = t.compile - before.compile;
    double reduce = t.reduce - before.reduce, update = t.update - before.update;
    double transfer = t.transfer - before.transfer;

    if (pt_comm_rank(b->layout.world) != 0)
        return;
    printf("{\"kind\": \"%s\", \"ranks\": %d, \"steps\": %lld, \"seconds_per_step\": %.5f, "
           "\"samples_per_second\": %.1f, \"ops\": %.4f, \"loss\": %.4f, \"feed\": %.4f, "
           "\"compile\": %.4f, \"reduce\": %.4f, \"transfer\": %.4f, \"update\": %.4f, "
           "\"other\": %.4f, "
           "\"allocations\": %llu}\n",
           kind, pt_comm_size(b->layout.world), (long long)steps, seconds / (double)steps,
           (double)samples / seconds, ops / step, loss / step, feed / step, compile / step,
           reduce / step, transfer / step, update / step,
           1 - (ops + loss + feed + compile + reduce + transfer + update) / step,
           (unsigned long long)allocations);
}

/** Rank 0's clock decides for all when to end: it rides in the step's requests. */
static pt_status_t run_bench(bench_t *b, const char *kind, double limit)
{
    bool has_weight = strcmp(kind, "alpha") != 0, has_alpha = strcmp(kind, "weight") != 0;
    pt_trainer_time_t before = {0};
    uint64_t allocations = 0;
    int64_t samples = 0, steps = 0;
    double begin = 0, seconds = 0;

    for (int64_t i = 0; i < 3 || seconds < limit; i++) {
        if (i == 3) {
            PT_TRY(pt_comm_barrier(b->layout.world));
            before = pt_trainer_time(b->trainer);
            allocations = pt_memory_n_alloc();
            begin = pt_clock();
            samples = steps = 0;
        }
        if (has_weight)
            PT_TRY(run_step(b, false, i, &samples));
        if (has_alpha)
            PT_TRY(run_step(b, true, i, &samples));
        steps += has_weight + has_alpha;
        seconds = i >= 3 ? pt_clock() - begin : 0;
        PT_TRY(pt_comm_bcast(b->layout.world, &seconds, sizeof seconds, 0));
    }
    report(b, kind, steps, samples, seconds, pt_memory_n_alloc() - allocations, before);
    return PT_OK;
}

int main(int argc, char **argv)
{
    bench_t b = {0};
    pt_status_t status = pt_par_start(&argc, &argv);

    if (argc < 2) {
        fprintf(stderr,
                "usage: steps CONFIG.ini [weight|alpha|both] [seconds] [key=value ...]\n");
        pt_par_abort(2);
    }
    if (status == PT_OK)
        status = open_bench(&b, argc, argv);
    if (status == PT_OK)
        status = run_bench(&b, argc > 2 ? argv[2] : "both", argc > 3 ? atof(argv[3]) : 5);
    if (status != PT_OK) {
        fprintf(stderr, "steps: %s\n", pt_error_message());
        pt_par_abort(1);
    }
    close_bench(&b);
    pt_par_stop();
    return 0;
}
