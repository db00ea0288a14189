/* State: weights, moments and counts to a checkpoint and back, whatever the layout. */
#include "train/trainer.h"

#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"

void trainer_close_gather(pt_trainer_t *t)
{
    pt_free(t->gather.whole);
    pt_free(t->gather.piece);
    pt_free(t->gather.stat);
}

/** Blocks that rank 0 tells the others of at a time, so that none has to hold them all. */
enum { PIECE_BLOCKS = 256 };

enum { VALUE, FIRST_MOMENT, SECOND_MOMENT, AVERAGE, N_ARRAY };
static const char *const array_name[N_ARRAY] = {"weight", "moment1", "moment2", "average"};
/** Largest contributions to the groups' gradients. */
static const char largest_name[] = "largest";

static size_t whole(const pt_trainer_t *t)
{
    return (size_t)t->space->store.n_block * PT_BLOCK;
}

/** Global numbers of the blocks that a rank owns in a domain. */
static int64_t owned_blocks(const pt_trainer_t *t, int32_t world_rank, int32_t domain,
                            int64_t *block)
{
    const pt_store_t *store = &t->space->store;
    const int32_t *extent = t->layout->extent;
    int32_t data = world_rank % extent[PT_AXIS_DATA];
    int32_t task = world_rank / extent[PT_AXIS_DATA] % extent[PT_AXIS_TASK];
    int32_t stage = world_rank / extent[PT_AXIS_DATA] / extent[PT_AXIS_TASK];
    bool is_shared = domain == SHARD_SHARED;
    int32_t rank = is_shared ? task * extent[PT_AXIS_DATA] + data : data;
    int32_t size =
        is_shared ? extent[PT_AXIS_TASK] * extent[PT_AXIS_DATA] : extent[PT_AXIS_DATA];
    int64_t n = 0, begin = 0, end = store->n_block;

    if (extent[PT_AXIS_STAGE] > 1)
        pt_cut_blocks(&t->pipeline.cut, t->space, stage, &begin, &end);
    for (int32_t g = 0; g < store->n_group; g++) {
        const pt_group_t *group = &store->group[g];
        bool is_in = is_shared ? group->task < 0
                               : group->task >= 0 && t->task_coord[group->task] == task;
        is_in = is_in && group->first_block >= begin && group->first_block < end;
        for (int64_t b = 0; b < group->n_block && is_in; b++)
            block[n++] = group->first_block + b;
    }
    shard_range(n, rank, size, &begin, &end);
    memmove(block, block + begin, (size_t)(end - begin) * sizeof *block);
    return end - begin;
}

/** Elements of the blocks that this rank owns, or passes on at a time. */
static size_t piece_size(const pt_trainer_t *t)
{
    int64_t n = PIECE_BLOCKS;

    for (int32_t i = 0; i < SHARD_N_DOMAIN; i++)
        n += t->shard.domain[i].own_end - t->shard.domain[i].own_begin;
    return (size_t)n * PT_BLOCK;
}

/** What a domain's owner keeps of an array; NULL: there is none, or it is VALUE. */
static float *own_array(const shard_domain_t *d, int32_t array)
{
    return array == FIRST_MOMENT    ? d->m
           : array == SECOND_MOMENT ? d->v
           : array == AVERAGE       ? d->average
                                    : NULL;
}

/** This rank's own blocks of one array, domain after domain, into t->gather.piece; their
 * count. */
static int64_t pack_own(pt_trainer_t *t, int32_t array)
{
    int64_t n = 0;

    for (int32_t i = 0; i < SHARD_N_DOMAIN; i++) {
        const shard_domain_t *d = &t->shard.domain[i];
        const float *own = own_array(d, array);
        for (int64_t e = d->own_begin; e < d->own_end; e++, n++) {
            const float *src = array == VALUE
                                   ? t->space->store.value + d->block[e] * PT_BLOCK
                                   : own + (e - d->own_begin) * PT_BLOCK;
            memcpy(t->gather.piece + n * PT_BLOCK, src, PT_BLOCK * sizeof *src);
        }
    }
    return n;
}

/** Unpack what the ranks sent, in rank order, into the whole array (rank 0). */
static void unpack_all(const pt_trainer_t *t, const float *all, int64_t *block, float *out)
{
    for (int32_t rank = 0; rank < pt_comm_size(t->layout->world); rank++)
        for (int32_t i = 0; i < SHARD_N_DOMAIN; i++) {
            int64_t n = owned_blocks(t, rank, i, block);
            for (int64_t b = 0; b < n; b++, all += PT_BLOCK)
                memcpy(out + block[b] * PT_BLOCK, all, PT_BLOCK * sizeof *all);
        }
}

static pt_status_t gather_array(pt_trainer_t *t, int32_t array, size_t *bytes,
                                int64_t *block, float *all)
{
    pack_own(t, array);
    for (int32_t rank = 0; rank < pt_comm_size(t->layout->world); rank++) {
        int64_t n = owned_blocks(t, rank, SHARD_SHARED, block) +
                    owned_blocks(t, rank, SHARD_HEADS, block);
        bytes[rank] = (size_t)n * PT_BLOCK * sizeof(float);
    }
    PT_TRY(pt_comm_gather(t->layout->world, t->gather.piece, all, bytes, 0));
    if (all != NULL)
        unpack_all(t, all, block, t->gather.whole + (size_t)array * whole(t));
    return PT_OK;
}

static bool has_array(const pt_trainer_t *t, int32_t array)
{
    return array == VALUE || own_array(&t->shard.domain[SHARD_SHARED], array) != NULL;
}

/** The array after one that there is, N_ARRAY behind the last. */
static int32_t next_array(const pt_trainer_t *t, int32_t array)
{
    do
        array++;
    while (array < N_ARRAY && !has_array(t, array));
    return array;
}

static pt_status_t gather(pt_trainer_t *t)
{
    bool is_root = pt_comm_rank(t->layout->world) == 0;
    size_t *bytes = NULL;
    int64_t *block = NULL;
    float *all = NULL;
    pt_status_t status = PT_OK;

    if (t->gather.piece == NULL)
        status = pt_alloc(&t->gather.piece, piece_size(t), sizeof *t->gather.piece);
    if (status == PT_OK && is_root && t->gather.whole == NULL)
        status = pt_alloc(&t->gather.whole, N_ARRAY * whole(t), sizeof *t->gather.whole);
    if (status == PT_OK && is_root)
        status = pt_alloc(&all, whole(t), sizeof *all);
    if (status == PT_OK)
        status = pt_alloc(&bytes, (size_t)pt_comm_size(t->layout->world), sizeof *bytes);
    if (status == PT_OK)
        status = pt_alloc(&block, (size_t)t->space->store.n_block, sizeof *block);
    PT_TRY_OR(done, pt_comm_agree(t->layout->world, status));
    for (int32_t array = VALUE; array < N_ARRAY; array = next_array(t, array))
        PT_TRY_OR(done, gather_array(t, array, bytes, block, all));
done:
    pt_free(all);
    pt_free(block);
    pt_free(bytes);
    return status;
}

/** What gather() has brought to rank 0, and what all ranks have. */
static pt_status_t save_root(pt_trainer_t *t, pt_checkpoint_t *checkpoint)
{
    const pt_store_t *store = &t->space->store;
    int64_t n = store->n_param, n_group = store->n_group;

    for (int32_t array = VALUE; array < N_ARRAY; array = next_array(t, array))
        for (int32_t p = 0; p < store->n_param; p++) {
            const pt_param_t *param = &store->param[p];
            char name[PT_RECORD_NAME];
            snprintf(name, sizeof name, "%s/%s", array_name[array], param->name);
            PT_TRY(pt_checkpoint_add(
                checkpoint, name, PT_DTYPE_F32, param->dim, param->n_dim,
                t->gather.whole + (size_t)array * whole(t) + param->offset, true));
        }
    PT_TRY(pt_task_weights_save(&t->weights, checkpoint));
    PT_TRY(pt_checkpoint_add(checkpoint, largest_name, PT_DTYPE_F32, &n_group, 1,
                             t->step.quanta.last, true));
    return pt_checkpoint_add(checkpoint, "updates", PT_DTYPE_I64, &n, 1,
                             t->shard.adam_count, true);
}

pt_status_t pt_trainer_save(pt_trainer_t *trainer, pt_checkpoint_t *checkpoint)
{
    pt_comm_t *world = trainer->layout->world;

    PT_TRY(gather(trainer));
    PT_AGREE(world, pt_comm_rank(world) == 0 ? save_root(trainer, checkpoint) : PT_OK);
    return PT_OK;
}

static pt_status_t copy_weights(const pt_trainer_t *t, pt_checkpoint_t *kept)
{
    const pt_store_t *store = &t->space->store;

    kept->owns_data = true;
    for (int32_t p = 0; p < store->n_param; p++) {
        const pt_param_t *param = &store->param[p];
        char name[PT_RECORD_NAME];
        float *data;
        PT_TRY(pt_alloc(&data, (size_t)param->count, sizeof *data));
        memcpy(data, t->gather.whole + param->offset, (size_t)param->count * sizeof *data);
        snprintf(name, sizeof name, "%s/%s", array_name[VALUE], param->name);
        pt_status_t status = pt_checkpoint_add(kept, name, PT_DTYPE_F32, param->dim,
                                               param->n_dim, data, false);
        if (status != PT_OK)
            pt_free(data);
        PT_TRY(status);
    }
    return PT_OK;
}

pt_status_t pt_trainer_keep_weights(pt_trainer_t *trainer, pt_checkpoint_t *kept)
{
    pt_comm_t *world = trainer->layout->world;

    PT_TRY(gather(trainer));
    PT_AGREE(world, pt_comm_rank(world) == 0 ? copy_weights(trainer, kept) : PT_OK);
    return PT_OK;
}

/** A tensor's new values from rank 0's record, piece by piece, to those who have it. */
static pt_status_t hand_out_tensor(pt_trainer_t *t, const pt_param_t *param,
                                   const pt_record_t *source)
{
    pt_store_t *store = &t->space->store;
    int64_t block = param->offset / PT_BLOCK, most = (int64_t)PIECE_BLOCKS * PT_BLOCK;
    bool is_here = block >= store->own_begin && block < store->own_end;

    for (int64_t at = 0; at < param->count; at += most) {
        int64_t n = param->count - at < most ? param->count - at : most;
        size_t bytes = (size_t)n * sizeof *t->gather.piece;
        if (pt_comm_rank(t->layout->world) == 0)
            memcpy(t->gather.piece, (const float *)source->data + at, bytes);
        PT_TRY(pt_comm_bcast(t->layout->world, t->gather.piece, bytes, 0));
        if (is_here)
            memcpy(store->value + param->offset + at, t->gather.piece, bytes);
    }
    return PT_OK;
}

pt_status_t pt_trainer_take_weights(pt_trainer_t *trainer, const pt_record_t *const *source)
{
    pt_store_t *store = &trainer->space->store;
    pt_comm_t *world = trainer->layout->world;
    pt_status_t status = PT_OK;

    if (trainer->gather.piece == NULL)
        status = pt_alloc(&trainer->gather.piece, piece_size(trainer),
                          sizeof *trainer->gather.piece);
    PT_AGREE(world, status);
    for (int32_t p = 0; p < store->n_param; p++) {
        const pt_record_t *record = pt_comm_rank(world) == 0 ? source[p] : NULL;
        bool has_record = record != NULL;
        PT_TRY(pt_comm_bcast(world, &has_record, sizeof has_record, 0));
        if (has_record)
            PT_TRY(hand_out_tensor(trainer, &store->param[p], record));
    }
    shard_begin_average(&trainer->shard);
    store->version++;
    return PT_OK;
}

/** Rank 0: the checkpoint's tensors of one array into t->gather.whole; zero where it has
 * none.
 */
static pt_status_t collect(pt_trainer_t *t, const pt_checkpoint_t *checkpoint,
                           int32_t array)
{
    const pt_store_t *store = &t->space->store;

    for (int32_t p = 0; p < store->n_param; p++) {
        const pt_param_t *param = &store->param[p];
        char name[PT_RECORD_NAME];
        snprintf(name, sizeof name, "%s/%s", array_name[array], param->name);
        PT_TRY(
            pt_checkpoint_copy(checkpoint, name, PT_DTYPE_F32, param->count,
                               t->gather.whole + (size_t)array * whole(t) + param->offset));
    }
    return PT_OK;
}

static pt_status_t read_root(pt_trainer_t *t, const pt_checkpoint_t *checkpoint)
{
    const pt_store_t *store = &t->space->store;

    for (int32_t array = VALUE; array < N_ARRAY; array = next_array(t, array))
        PT_TRY(collect(t, checkpoint, array));
    PT_TRY(pt_task_weights_load(&t->weights, checkpoint));
    /* Finished runs of version 0.1 have none, and take no further step. */
    if (pt_checkpoint_find(checkpoint, largest_name) != NULL)
        PT_TRY(pt_checkpoint_copy(checkpoint, largest_name, PT_DTYPE_F32, store->n_group,
                                  t->step.quanta.last));
    return pt_checkpoint_copy(checkpoint, "updates", PT_DTYPE_I64, store->n_param,
                              t->shard.adam_count);
}

/** Take what is this rank's of the blocks begin..end-1 of an array. */
static void take_blocks(pt_trainer_t *t, int32_t array, int64_t begin, int64_t end,
                        const float *piece)
{
    pt_store_t *store = &t->space->store;

    for (int64_t b = begin; b < end && array == VALUE; b++)
        if (b >= store->own_begin && b < store->own_end)
            memcpy(store->value + b * PT_BLOCK, piece + (b - begin) * PT_BLOCK,
                   PT_BLOCK * sizeof *piece);
    for (int32_t i = 0; i < SHARD_N_DOMAIN && array != VALUE; i++) {
        const shard_domain_t *d = &t->shard.domain[i];
        float *own = own_array(d, array);
        for (int64_t e = d->own_begin; e < d->own_end; e++)
            if (d->block[e] >= begin && d->block[e] < end)
                memcpy(own + (e - d->own_begin) * PT_BLOCK,
                       piece + (d->block[e] - begin) * PT_BLOCK, PT_BLOCK * sizeof *own);
    }
}

/** Hand an array out, from t->gather.whole of rank 0. */
static pt_status_t hand_out(pt_trainer_t *t, int32_t array)
{
    int64_t n = t->space->store.n_block;
    bool is_root = pt_comm_rank(t->layout->world) == 0;

    for (int64_t begin = 0; begin < n; begin += PIECE_BLOCKS) {
        int64_t end = begin + PIECE_BLOCKS < n ? begin + PIECE_BLOCKS : n;
        size_t bytes = (size_t)(end - begin) * PT_BLOCK * sizeof *t->gather.piece;
        if (is_root)
            memcpy(t->gather.piece,
                   t->gather.whole + (size_t)array * whole(t) + (size_t)begin * PT_BLOCK,
                   bytes);
        PT_TRY(pt_comm_bcast(t->layout->world, t->gather.piece, bytes, 0));
        take_blocks(t, array, begin, end, t->gather.piece);
    }
    return PT_OK;
}

/** What rank 0 has read, to all. */
static pt_status_t share_task_weights(pt_trainer_t *t)
{
    pt_task_weights_t *w = &t->weights;
    size_t bytes = (size_t)t->n_task * sizeof(double);

    for (size_t i = 0; i < sizeof w->real / sizeof w->real[0]; i++)
        PT_TRY(pt_comm_bcast(t->layout->world, w->real[i], bytes, 0));
    return pt_comm_bcast(t->layout->world, w->count, bytes, 0);
}

pt_status_t pt_trainer_load(pt_trainer_t *trainer, const pt_checkpoint_t *checkpoint)
{
    pt_trainer_t *t = trainer;
    pt_store_t *store = &t->space->store;
    bool is_root = pt_comm_rank(t->layout->world) == 0;
    pt_status_t status = PT_OK;

    if (t->gather.piece == NULL)
        status = pt_alloc(&t->gather.piece, piece_size(t), sizeof *t->gather.piece);
    if (status == PT_OK && is_root && t->gather.whole == NULL)
        status = pt_alloc(&t->gather.whole, N_ARRAY * whole(t), sizeof *t->gather.whole);
    if (status == PT_OK && is_root)
        status = read_root(t, checkpoint);
    PT_AGREE(t->layout->world, status);
    for (int32_t array = VALUE; array < N_ARRAY; array = next_array(t, array))
        PT_TRY(hand_out(t, array));
    PT_TRY(pt_comm_bcast(t->layout->world, t->shard.adam_count,
                         (size_t)store->n_param * sizeof *t->shard.adam_count, 0));
    PT_TRY(pt_comm_bcast(t->layout->world, t->step.quanta.last,
                         (size_t)store->n_group * sizeof *t->step.quanta.last, 0));
    PT_TRY(share_task_weights(t));
    store->version++;
    pt_free(t->gather.whole);
    t->gather.whole = NULL;
    return PT_OK;
}

static void name_stat(const pt_space_t *s, const pt_plan_stat_t *stat,
                      char name[PT_RECORD_NAME])
{
    const pt_candidate_t *c = &s->candidate[s->op[stat->op].candidate];

    snprintf(name, PT_RECORD_NAME, "statistics/%s.%d/%s", c->name, stat->op - c->first_op,
             s->task[stat->task].name);
}

/** Whether this rank's stage has an operation: statistics of others' stay 0. */
static bool has_op(const pt_trainer_t *t, int32_t op)
{
    const int32_t *first = t->pipeline.cut.first;
    int32_t stage = t->layout->coord[PT_AXIS_STAGE], c = t->space->op[op].candidate;

    return t->layout->extent[PT_AXIS_STAGE] == 1 ||
           (c >= first[stage] && c < first[stage + 1]);
}

static pt_status_t take_stat(pt_trainer_t *t, const pt_plan_stat_t *stat,
                             const pt_checkpoint_t *checkpoint, double *pair)
{
    pt_comm_t *world = t->layout->world;
    int64_t n = 2 * stat->channels;
    double *taken = NULL;
    char name[PT_RECORD_NAME];
    pt_status_t status = pt_alloc(&taken, (size_t)n, sizeof *taken);

    name_stat(t->space, stat, name);
    if (status == PT_OK && pt_comm_rank(world) == 0)
        status = pt_checkpoint_copy(checkpoint, name, PT_DTYPE_F64, n, taken);
    PT_TRY_OR(done, pt_comm_agree(world, status));
    PT_TRY_OR(done, pt_comm_bcast(world, taken, (size_t)n * sizeof *taken, 0));
    if (has_op(t, stat->op))
        memcpy(pair, taken, (size_t)n * sizeof *taken);
done:
    pt_free(taken);
    return status;
}

pt_status_t pt_trainer_take_stats(pt_trainer_t *trainer, const pt_subnet_t *subnet,
                                  const pt_checkpoint_t *checkpoint)
{
    pt_trainer_t *t = trainer;

    for (int32_t b = 0; b < t->n_bundle; b++) {
        pt_plan_t *plan;
        PT_AGREE(t->layout->world, trainer_plan(t, subnet, PT_PASS_EVAL, b, &plan));
        for (int32_t i = 0; i < pt_plan_n_stat(plan); i++) {
            const pt_plan_stat_t *stat = pt_plan_stat(plan, i);
            if (trainer_is_frozen(t, stat->op))
                PT_TRY(take_stat(t, stat, checkpoint,
                                 trainer_statistics(t, b) + stat->offset));
        }
    }
    return PT_OK;
}

/** The last evaluation's statistics of all bundles, on every rank, in t->gather.stat. */
static pt_status_t gather_stats(pt_trainer_t *t)
{
    size_t n = (size_t)(t->n_bundle * t->score.stat_bound);
    int64_t *bits = NULL;
    pt_status_t status;

    PT_TRY_OR(agree, pt_alloc(&bits, n, sizeof *bits));
    if (t->gather.stat == NULL)
        PT_TRY_OR(agree, pt_alloc(&t->gather.stat, n, sizeof *t->gather.stat));
    for (int32_t b = 0; b < t->n_bundle; b++)
        if (trainer_has(t, b) && t->layout->coord[PT_AXIS_DATA] == 0)
            memcpy(bits + b * t->score.stat_bound, t->score.stat + b * t->score.stat_bound,
                   (size_t)t->score.stat_bound * sizeof *bits);
agree:
    status = pt_comm_agree(t->layout->world, status);
    if (status == PT_OK)
        status = pt_sum_i64(t->layout->world, PT_TRAFFIC_EVALUATE, bits, n);
    if (status == PT_OK)
        memcpy(t->gather.stat, bits, n * sizeof *bits);
    pt_free(bits);
    return status;
}

static pt_status_t save_stats_root(pt_trainer_t *t, const pt_subnet_t *subnet,
                                   pt_checkpoint_t *checkpoint)
{
    for (int32_t b = 0; b < t->n_bundle; b++) {
        pt_plan_t *plan;
        PT_TRY(trainer_plan(t, subnet, PT_PASS_EVAL, b, &plan));
        for (int32_t i = 0; i < pt_plan_n_stat(plan); i++) {
            const pt_plan_stat_t *stat = pt_plan_stat(plan, i);
            int64_t dim[2] = {2, stat->channels};
            char name[PT_RECORD_NAME];
            name_stat(t->space, stat, name);
            PT_TRY(pt_checkpoint_add(
                checkpoint, name, PT_DTYPE_F64, dim, 2,
                t->gather.stat + b * t->score.stat_bound + stat->offset, true));
        }
    }
    return PT_OK;
}

pt_status_t pt_trainer_save_stats(pt_trainer_t *trainer, const pt_subnet_t *subnet,
                                  pt_checkpoint_t *checkpoint)
{
    pt_comm_t *world = trainer->layout->world;
    bool is_root = pt_comm_rank(world) == 0;

    PT_TRY(gather_stats(trainer));
    PT_AGREE(world, is_root ? save_stats_root(trainer, subnet, checkpoint) : PT_OK);
    return PT_OK;
}
