/* A trained network at use: its weights and statistics, and running it. */
#include "polytree/train/inference.h"

#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/graph/exec.h"

/** Tasks that run in one plan. */
typedef struct bundle {
    int32_t n_task, *task;
    pt_plan_t *plan;
    double *stat;
} bundle_t;

struct pt_inference {
    pt_space_t *space;
    const pt_subnet_t *subnet;
    int32_t n_bundle;
    bundle_t *bundle; /**< [n_task], n_bundle in use */
    pt_exec_t *exec;
    pt_see_fn see;
    void *see_context;
};

static pt_status_t open_bundle(pt_inference_t *n, bundle_t *b)
{
    PT_TRY(pt_plan_new(n->space, b->n_task, &b->plan));
    PT_TRY(pt_plan_compile(b->plan, n->subnet, PT_PASS_EVAL, b->task, b->n_task));
    return pt_alloc(&b->stat, (size_t)pt_plan_stat_doubles(b->plan), sizeof *b->stat);
}

static pt_status_t open_bundles(pt_inference_t *n, const int32_t *bundle)
{
    size_t n_task = (size_t)n->space->n_task, arena = 0;

    PT_TRY(pt_alloc(&n->bundle, n_task, sizeof *n->bundle));
    for (int32_t number = 0; number < n->space->n_task; number++) {
        bundle_t *b = &n->bundle[n->n_bundle];
        for (int32_t k = 0; k < n->space->n_task; k++) {
            if (bundle[k] != number)
                continue;
            if (b->task == NULL)
                PT_TRY(pt_alloc(&b->task, n_task, sizeof *b->task));
            b->task[b->n_task++] = k;
        }
        if (b->n_task == 0)
            continue;
        n->n_bundle++;
        PT_TRY(open_bundle(n, b));
        if (pt_plan_arena_bytes(b->plan) > arena)
            arena = pt_plan_arena_bytes(b->plan);
    }
    return pt_exec_new(n->space, arena, &n->exec);
}

pt_status_t pt_inference_new(pt_space_t *space, const pt_subnet_t *subnet,
                             const int32_t *bundle, pt_inference_t **out)
{
    pt_inference_t *n;
    pt_status_t status;

    PT_TRY(pt_alloc(&n, 1, sizeof *n));
    n->space = space;
    n->subnet = subnet;
    PT_TRY_OR(failed, open_bundles(n, bundle));
    *out = n;
    return PT_OK;
failed:
    pt_inference_free(n);
    return status;
}

void pt_inference_free(pt_inference_t *n)
{
    if (n == NULL)
        return;
    for (int32_t b = 0; n->bundle != NULL && b < n->space->n_task; b++) {
        pt_plan_free(n->bundle[b].plan);
        pt_free(n->bundle[b].task);
        pt_free(n->bundle[b].stat);
    }
    pt_free(n->bundle);
    pt_exec_free(n->exec);
    pt_free(n);
}

/** Rank 0. */
static pt_status_t take_weights(pt_inference_t *n, const pt_checkpoint_t *checkpoint)
{
    pt_store_t *store = &n->space->store;

    for (int32_t p = 0; p < store->n_param; p++) {
        const pt_param_t *param = &store->param[p];
        const void *data;
        char name[PT_RECORD_NAME];
        snprintf(name, sizeof name, "weight/%s", param->name);
        PT_TRY(pt_checkpoint_get(checkpoint, name, PT_DTYPE_F32, param->count, &data));
        memcpy(store->value + param->offset, data, (size_t)param->count * sizeof(float));
    }
    return PT_OK;
}

void pt_inference_statistics_name(const pt_inference_t *network, const pt_plan_stat_t *stat,
                                  char name[PT_RECORD_NAME])
{
    const pt_space_t *s = network->space;
    const pt_candidate_t *c = &s->candidate[s->op[stat->op].candidate];

    snprintf(name, PT_RECORD_NAME, "statistics/%s.%d/%s", c->name,
             (int)(stat->op - c->first_op), s->task[stat->task].name);
}

/** Rank 0. */
static pt_status_t take_statistics(pt_inference_t *n, bundle_t *b,
                                   const pt_checkpoint_t *checkpoint)
{
    for (int32_t i = 0; i < pt_plan_n_stat(b->plan); i++) {
        const pt_plan_stat_t *stat = pt_plan_stat(b->plan, i);
        const void *data;
        char name[PT_RECORD_NAME];
        pt_inference_statistics_name(n, stat, name);
        PT_TRY(
            pt_checkpoint_get(checkpoint, name, PT_DTYPE_F64, 2 * stat->channels, &data));
        memcpy(b->stat + stat->offset, data, 2 * (size_t)stat->channels * sizeof *b->stat);
    }
    return PT_OK;
}

static pt_status_t take_all(pt_inference_t *n, const pt_checkpoint_t *checkpoint)
{
    PT_TRY(take_weights(n, checkpoint));
    for (int32_t b = 0; b < n->n_bundle; b++)
        PT_TRY(take_statistics(n, &n->bundle[b], checkpoint));
    return PT_OK;
}

pt_status_t pt_inference_load(pt_inference_t *network, pt_comm_t *comm,
                              const pt_checkpoint_t *checkpoint)
{
    pt_inference_t *n = network;
    pt_store_t *store = &n->space->store;

    PT_AGREE(comm, pt_comm_rank(comm) == 0 ? take_all(n, checkpoint) : PT_OK);
    PT_TRY(pt_comm_bcast(comm, store->value,
                         (size_t)store->n_block * PT_BLOCK * sizeof *store->value, 0));
    for (int32_t b = 0; b < n->n_bundle; b++)
        PT_TRY(pt_comm_bcast(comm, n->bundle[b].stat,
                             (size_t)pt_plan_stat_doubles(n->bundle[b].plan) *
                                 sizeof *n->bundle[b].stat,
                             0));
    store->version++;
    return PT_OK;
}

int32_t pt_inference_n_bundle(const pt_inference_t *network)
{
    return network->n_bundle;
}

const pt_plan_t *pt_inference_plan(const pt_inference_t *network, int32_t bundle)
{
    return network->bundle[bundle].plan;
}

int32_t pt_inference_tasks(const pt_inference_t *network, int32_t bundle,
                           const int32_t **task)
{
    *task = network->bundle[bundle].task;
    return network->bundle[bundle].n_task;
}

const double *pt_inference_statistics(const pt_inference_t *network, int32_t bundle)
{
    return network->bundle[bundle].stat;
}

void pt_inference_watch(pt_inference_t *network, pt_see_fn see, void *context)
{
    network->see = see;
    network->see_context = context;
}

/** Who takes the outputs. */
typedef struct taker {
    pt_inference_take_t take;
    void *context;
} taker_t;

static void take_output(void *context, int32_t task, const pt_real_t *output,
                        pt_real_t *doutput)
{
    const taker_t *taker = context;

    (void)doutput;
    taker->take(taker->context, task, output);
}

void pt_inference_run(pt_inference_t *network, const float *input, pt_inference_take_t take,
                      void *context)
{
    taker_t taker = {take, context};

    for (int32_t b = 0; b < network->n_bundle; b++) {
        const bundle_t *bundle = &network->bundle[b];
        pt_unit_t unit = {.input = input,
                          .subnet = network->subnet,
                          .stat = bundle->stat,
                          .loss = take_output,
                          .loss_context = &taker,
                          .see = network->see,
                          .see_context = network->see_context};
        (void)pt_exec_run(network->exec, bundle->plan, &unit);
    }
}
