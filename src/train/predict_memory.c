/* What ranks hold: as trainer.c, shard.c and stream.c take it. */
#include "polytree/train/deal.h"
#include "train/predict.h"
#include "train/trainer.h"

size_t pt_rank_memory_sum(const pt_rank_memory_t *m)
{
    return m->weights + m->sums + m->moments + m->plans + m->feed + m->buffers + m->arena;
}

static bool has_adam(const pt_config_t *c)
{
    return c->warmup.update.optimizer == PT_OPTIMIZER_ADAM ||
           c->search.update.optimizer == PT_OPTIMIZER_ADAM ||
           c->retrain.update.optimizer == PT_OPTIMIZER_ADAM;
}

static int64_t part_of(int64_t n, int64_t ranks)
{
    return (n + ranks - 1) / ranks;
}

/** Blocks that a rank of the stage owns: an equal share of what its task x data ranks have
 * in common, and of the heads of its data ranks. */
static int64_t own_blocks(const pt_predictor_t *p, const pt_arrangement_t *a,
                          const int32_t coord[PT_N_AXIS], int64_t begin, int64_t end)
{
    const pt_store_t *store = &p->space->store;
    int32_t n_task = a->extent[PT_AXIS_TASK], n_data = a->extent[PT_AXIS_DATA];
    int64_t shared = 0, heads = 0;

    for (int32_t g = 0; g < store->n_group; g++) {
        const pt_group_t *group = &store->group[g];
        if (group->first_block < begin || group->first_block >= end)
            continue;
        if (group->task < 0)
            shared += group->n_block;
        else if (pt_deal_bundle(p->task_bundle[group->task], n_task) == coord[PT_AXIS_TASK])
            heads += group->n_block;
    }
    return part_of(shared, (int64_t)n_task * n_data) + part_of(heads, n_data);
}

/** Bytes of the largest message that a stage exchanges; two of each kind lie at either
 * end. */
static size_t pipe_bytes(const pt_predictor_t *p, int32_t stage)
{
    int64_t most = 0;
    int32_t n_way = (stage > 0) + (stage < p->cut.n_stage - 1);

    for (int32_t i = 0; i < p->n_plan; i++)
        for (int32_t s = stage - 1; s <= stage + 1; s++) {
            if (s < 0 || s >= p->cut.n_stage)
                continue;
            const pt_section_t *section = predict_section(p, i, s);
            for (int32_t j = 0; j < 2 * p->n_segment; j++)
                most = section[j].bytes > most ? section[j].bytes : most;
        }
    return (size_t)most * 2 * (size_t)n_way * PT_PIPE_DEPTH;
}

/** Bytes of the labels of a step that a rank of the last stage keeps. */
static size_t label_bytes(const pt_predictor_t *p, const pt_arrangement_t *a)
{
    int64_t bundles =
        part_of(pt_step_most(p->config, p->space->n_task), a->extent[PT_AXIS_TASK]);
    int64_t units = part_of(bundles * turn_units(p->config), a->extent[PT_AXIS_DATA]);
    int64_t most = 0;

    for (int32_t b = 0; b < pt_feed_n_bundle(p->feed); b++) {
        int64_t n = predict_n_label(p, b);
        most = n > most ? n : most;
    }
    return (size_t)(units * most * p->config->train.microbatch) * sizeof(pt_label_t);
}

pt_status_t pt_predictor_memory(pt_predictor_t *p, const pt_arrangement_t *a,
                                const int32_t coord[PT_N_AXIS], pt_rank_memory_t *out)
{
    int32_t n_stage = a->extent[PT_AXIS_STAGE], stage = coord[PT_AXIS_STAGE];
    int64_t begin, end;

    PT_TRY(predict_stage(p, n_stage, pt_arrangement_wire(a)));
    pt_cut_blocks(&p->cut, p->space, stage, &begin, &end);
    size_t n = (size_t)(end - begin) * PT_BLOCK,
           flights = (size_t)pt_cut_ahead(n_stage, stage);
    size_t own = (size_t)own_blocks(p, a, coord, begin, end) * PT_BLOCK;
    size_t input = (size_t)pt_shape_count(p->space->node[0].shape) * sizeof(float);
    bool has_input = stage == n_stage - 1 || pt_cut_reads_input(&p->cut, p->space, stage);
    size_t turns =
        (size_t)(pt_feed_n_bundle(p->feed) +
                 (p->config->train.turn == PT_TURN_TASKS ? p->space->n_task : 0));
    size_t slots = turns < PLAN_SLOTS ? turns : PLAN_SLOTS;
    int32_t n_kind = p->n_kind + pt_weighting_is_by_loss(p->config->train.weighting);
    *out = (pt_rank_memory_t){
        .weights = n * sizeof(float),
        .sums = n * sizeof(int64_t),
        .moments = own * sizeof(float) *
                   (1 + (size_t)has_adam(p->config) + (p->config->retrain.ema > 0)),
        .plans = p->tape[stage] * ((size_t)n_kind * slots + 2),
        .feed = pt_feed_bytes(p->feed),
        .buffers = own * sizeof(float) + n * (sizeof(int64_t) + sizeof(float)) +
                   (has_input ? flights * input : 0) + pipe_bytes(p, stage) +
                   (stage == n_stage - 1 ? label_bytes(p, a) : 0),
        .arena = flights * p->arena[stage]};
    return PT_OK;
}

pt_status_t pt_predict_memory(pt_predictor_t *p, const pt_arrangement_t *a,
                              pt_rank_memory_t *out)
{
    pt_rank_memory_t most = {0}, m;

    for (int32_t s = 0; s < a->extent[PT_AXIS_STAGE]; s++)
        for (int32_t t = 0; t < a->extent[PT_AXIS_TASK]; t++) {
            const int32_t coord[PT_N_AXIS] = {s, t, 0};
            PT_TRY(pt_predictor_memory(p, a, coord, &m));
            if (pt_rank_memory_sum(&m) > pt_rank_memory_sum(&most))
                most = m;
        }
    *out = most;
    return PT_OK;
}
