/* How much less a step of a branch search executes where every task runs one path.
 *
 *     build/tests/bench/single_path CONFIG.ini [draws]
 *
 * Multiply-adds of the encoder that one unit executes, for weight and alpha steps at
 * alpha = 0: soft gates against the mean over so many draws of hard gates with run =
 * active.  The encoder is that of the config on 64 x 64 inputs, for five tasks that share
 * them; their heads are single numbers, which cost next to nothing.  One line of JSON a
 * kind.
 */
#include <stdio.h>
#include <stdlib.h>

#include "polytree/arch/alpha.h"
#include "polytree/base/memory.h"
#include "polytree/graph/plan.h"

enum { N_TASK = 5, SIDE = 64 };

typedef struct bench {
    pt_config_t config;
    pt_kernel_t kernel;
    pt_space_t *space;
    pt_alpha_t alpha;
    pt_subnet_t subnet;
    pt_plan_t *plan;
    double *g;
} bench_t;

static pt_status_t open_bench(bench_t *b, const char *path)
{
    pt_space_task_t task[N_TASK];
    pt_space_spec_t spec = {SIDE, SIDE, 3, N_TASK, task, NULL, 0};

    for (int32_t k = 0; k < N_TASK; k++) {
        task[k] = (pt_space_task_t){.outputs = 1};
        snprintf(task[k].name, sizeof task[k].name, "task%d", (int)k);
    }
    pt_config_init(&b->config);
    PT_TRY(pt_config_read(&b->config, path));
    PT_TRY(pt_config_set(&b->config, "head.kind=classifier"));
    PT_TRY(pt_config_set(&b->config, "head.skip="));
    PT_TRY(pt_kernel_init(&b->kernel, (pt_backend_t)b->config.kernel.backend,
                          (pt_isa_t)b->config.kernel.isa, 1));
    PT_TRY(pt_space_new(&b->config, &spec, &b->kernel, &b->space));
    PT_TRY(pt_alpha_init(&b->alpha, N_TASK, b->space->n_choice));
    PT_TRY(pt_subnet_init(&b->subnet, N_TASK, b->space->n_choice));
    PT_TRY(pt_plan_new(b->space, N_TASK, &b->plan));
    return pt_alloc(&b->g, (size_t)b->space->n_choice, sizeof *b->g);
}

static void close_bench(bench_t *b)
{
    pt_free(b->g);
    pt_plan_free(b->plan);
    pt_subnet_release(&b->subnet);
    pt_alpha_release(&b->alpha);
    pt_space_free(b->space);
    pt_kernel_release(&b->kernel);
}

/** Executed by one unit of draw number `draw`. */
static pt_status_t count(bench_t *b, pt_pass_t pass, bool hard, uint32_t draw,
                         int64_t *madds)
{
    static const int32_t task[N_TASK] = {0, 1, 2, 3, 4};
    pt_rng_t rng = {.seed = 1, .purpose = PT_RNG_GATE, .step = draw};

    for (int32_t k = 0; k < N_TASK; k++)
        pt_alpha_sample(b->space, &b->alpha, k, &rng, 1, hard, &b->subnet, b->g);
    b->subnet.is_active_only = hard;
    PT_TRY(pt_plan_compile(b->plan, &b->subnet, pass, task, N_TASK));
    *madds = pt_plan_madds_executed(b->plan);
    return PT_OK;
}

static pt_status_t compare(bench_t *b, pt_pass_t pass, const char *name, int32_t n)
{
    int64_t soft, madds;
    double sum = 0;

    PT_TRY(count(b, pass, false, 0, &soft));
    for (int32_t i = 0; i < n; i++) {
        PT_TRY(count(b, pass, true, (uint32_t)i, &madds));
        sum += (double)madds;
    }
    printf("{\"step\": \"%s\", \"soft\": %lld, \"single path\": %.0f, \"draws\": %d, "
           "\"ratio\": %.3f}\n",
           name, (long long)soft, sum / n, (int)n, (double)soft * n / sum);
    return PT_OK;
}

int main(int argc, char **argv)
{
    bench_t b = {.space = NULL};
    int32_t n = argc > 2 ? atoi(argv[2]) : 1000;
    pt_status_t status = PT_E_USAGE;

    if (argc < 2 || n < 1) {
        fprintf(stderr, "usage: single_path CONFIG.ini [draws]\n");
        return 2;
    }
    status = open_bench(&b, argv[1]);
    if (status == PT_OK)
        status = compare(&b, PT_PASS_WEIGHT, "weight", n);
    if (status == PT_OK)
        status = compare(&b, PT_PASS_ALPHA, "alpha", n);
    if (status != PT_OK)
        fprintf(stderr, "%s\n", pt_error_message());
    close_bench(&b);
    return status != PT_OK;
}
