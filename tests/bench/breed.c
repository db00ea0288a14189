/* Seconds of a draw and of a change of a candidate, and of a random subnet, over tasks:
 * that of a step of the supernet whose candidates they are, beside what the step trains.
 *
 *     build/tests/bench/breed [TASKS ...]
 */
#include <stdio.h>
#include <stdlib.h>

#include "polytree/arch/breed.h"
#include "polytree/arch/cost.h"
#include "polytree/arch/draw.h"
#include "polytree/base/clock.h"
#include "polytree/base/memory.h"
#include "polytree/graph/space.h"

enum { TIMES = 10 };

static const char *const dag[] = {
    "space.nodes=12",      "space.channels=16", "space.stride=1 1 1 2 1 1 1 2 1 1 1 1",
    "resource.budget=18%", "squeeze.kappa=30",  NULL};
static const char *const branch[] = {
    "space.kind=branch",
    "space.copies=8",
    "encoder.stem=conv3x3_bn_relu out=16 stride=2",
    "encoder.layers=conv3x3_bn_relu out=24 stride=2\nconv3x3_bn_relu out=32\n"
    "conv3x3_bn_relu out=48 stride=2\nconv3x3_bn_relu out=48\nconv3x3_bn_relu out=48",
    "resource.kind=parameters",
    "resource.budget=15%",
    NULL};

typedef struct bench {
    pt_config_t config;
    pt_space_t *space;
    pt_resource_model_t model;
    pt_breeder_t *breeder;
    pt_subnet_t subnet;
} bench_t;

static pt_status_t open(bench_t *b, const char *const *option, int32_t n_task)
{
    pt_space_task_t *task;
    pt_config_init(&b->config);
    for (; *option != NULL; option++)
        PT_TRY(pt_config_set(&b->config, *option));
    PT_TRY(pt_alloc(&task, (size_t)n_task, sizeof *task));
    for (int32_t k = 0; k < n_task; k++) {
        snprintf(task[k].name, sizeof task[k].name, "t%d", (int)k);
        task[k].outputs = 3;
    }
    const pt_space_spec_t spec = {35, 35, 1, n_task, task, NULL, 0};
    pt_status_t status = pt_space_new(&b->config, &spec, NULL, &b->space);
    pt_free(task);
    PT_TRY(status);
    PT_TRY(pt_resource_init(&b->model, &b->config, b->space));
    PT_TRY(pt_breeder_new(&b->config, &b->model, &b->breeder));
    return pt_subnet_init(&b->subnet, n_task, b->space->n_choice);
}

static void close(bench_t *b)
{
    pt_subnet_release(&b->subnet);
    pt_breeder_free(b->breeder);
    pt_resource_release(&b->model);
    pt_space_free(b->space);
}

static double time_draws(bench_t *b, double share)
{
    double begin = pt_clock();
    for (uint32_t i = 0; i < TIMES; i++) {
        pt_rng_t key = {.seed = 1, .purpose = PT_RNG_CHOOSE, .step = i};
        pt_breeder_draw(b->breeder, &key, share, false, &b->subnet);
    }
    return (pt_clock() - begin) / TIMES;
}

static double time_changes(bench_t *b)
{
    double begin = pt_clock();
    for (uint32_t i = 0; i < TIMES; i++) {
        pt_rng_t key = {.seed = 2, .purpose = PT_RNG_CHOOSE, .step = i};
        (void)pt_breeder_change(b->breeder, &key, &b->subnet);
    }
    return (pt_clock() - begin) / TIMES;
}

static pt_status_t time_random(bench_t *b, double *seconds)
{
    pt_cost_t cost;
    pt_rng_t key = {.seed = 3, .purpose = PT_RNG_DERIVE};
    PT_TRY(pt_cost_all(b->space, &b->subnet, &cost));
    double begin = pt_clock();
    PT_TRY(pt_draw_subnet(b->space, cost.madds - cost.madds / 20, cost.madds, false, &key,
                          &b->subnet));
    *seconds = pt_clock() - begin;
    return PT_OK;
}

static pt_status_t run(const char *name, const char *const *option, int32_t n_task)
{
    bench_t b = {.space = NULL};
    double random = 0;
    pt_status_t status;
    PT_TRY_OR(done, open(&b, option, n_task));
    double cheap = time_draws(&b, 0.1), dear = time_draws(&b, 1), change = time_changes(&b);
    PT_TRY_OR(done, time_random(&b, &random));
    printf("%-6s %6d %12.6f %12.6f %12.6f %12.6f\n", name, (int)n_task, cheap, dear, change,
           random);
done:
    close(&b);
    return status;
}

int main(int argc, char **argv)
{
    static char *few[] = {"", "10", "50", "215"};
    int n = argc > 1 ? argc : 4;
    printf("%-6s %6s %12s %12s %12s %12s\n", "space", "tasks", "draw, cheap", "draw, dear",
           "change", "random");
    for (int i = 1; i < n; i++) {
        int32_t n_task = atoi(argc > 1 ? argv[i] : few[i]);
        if (run("dag", dag, n_task) != PT_OK || run("branch", branch, n_task) != PT_OK) {
            fprintf(stderr, "%s\n", pt_error_message());
            return 1;
        }
    }
    return 0;
}
