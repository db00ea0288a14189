/* Summing gradients over ranks, updating the blocks that a rank owns, sharing them. */
#include "train/shard.h"

#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"

void shard_range(int64_t n, int32_t rank, int32_t size, int64_t *begin, int64_t *end)
{
    /* i*R div n == rank  <=>  ceil(rank n / R) <= i < ceil((rank+1) n / R) */
    *begin = (rank * n + size - 1) / size;
    *end = ((rank + 1) * n + size - 1) / size;
}

static pt_status_t init_domain(shard_domain_t *d, pt_comm_t *comm, shard_extra_t extra)
{
    d->comm = comm;
    d->rank = pt_comm_rank(comm);
    d->size = pt_comm_size(comm);
    shard_range(d->n_block, d->rank, d->size, &d->own_begin, &d->own_end);
    size_t own = (size_t)(d->own_end - d->own_begin) * PT_BLOCK;
    PT_TRY(pt_alloc(&d->m, own, sizeof *d->m));
    if (extra.second_moment)
        PT_TRY(pt_alloc(&d->v, own, sizeof *d->v));
    if (extra.average)
        PT_TRY(pt_alloc(&d->average, own, sizeof *d->average));
    PT_TRY(pt_alloc(&d->count, (size_t)d->size, sizeof *d->count));
    PT_TRY(pt_alloc(&d->at, (size_t)d->n_block + 1, sizeof *d->at));
    return pt_alloc(&d->used, (size_t)d->n_block, sizeof *d->used);
}

/** Of this stage: heads of this rank's task coordinate, or everything that is no head. */
static bool is_in_domain(const shard_t *shard, int32_t domain, const pt_group_t *group,
                         const shard_tasks_t *tasks)
{
    if (group->first_block < shard->store->own_begin ||
        group->first_block >= shard->store->own_end)
        return false;
    if (domain == SHARD_SHARED)
        return group->task < 0;
    return group->task >= 0 &&
           tasks->coord[group->task] == shard->layout->coord[PT_AXIS_TASK];
}

static pt_status_t list_blocks(shard_t *shard, int32_t domain, const shard_tasks_t *tasks)
{
    shard_domain_t *d = &shard->domain[domain];

    PT_TRY(pt_alloc(&d->block, (size_t)shard->store->n_block, sizeof *d->block));
    PT_TRY(pt_alloc(&d->extent, (size_t)shard->store->n_block, sizeof *d->extent));
    PT_TRY(pt_alloc(&d->group, (size_t)shard->store->n_block, sizeof *d->group));
    for (int32_t g = 0; g < shard->store->n_group; g++) {
        const pt_group_t *group = &shard->store->group[g];
        for (int64_t b = group->first_block; b < group->first_block + group->n_block &&
                                             is_in_domain(shard, domain, group, tasks);
             b++) {
            d->block[d->n_block] = b;
            d->group[d->n_block] = g;
            d->extent[d->n_block++] = pt_group_extent(shard->store, group, b);
        }
    }
    return PT_OK;
}

pt_status_t shard_init(shard_t *shard, pt_store_t *store, const pt_kernel_t *kernel,
                       const pt_layout_t *layout, const shard_tasks_t *tasks,
                       shard_extra_t extra)
{
    pt_comm_t *comm[SHARD_N_DOMAIN] = {layout->replica, layout->data};
    int64_t most = 0, own = 0;

    *shard = (shard_t){.store = store, .kernel = kernel, .layout = layout};
    for (int32_t i = 0; i < SHARD_N_DOMAIN; i++) {
        shard_domain_t *d = &shard->domain[i];
        PT_TRY(list_blocks(shard, i, tasks));
        PT_TRY(init_domain(d, comm[i], extra));
        most = d->n_block > most ? d->n_block : most;
        own += d->own_end - d->own_begin;
    }
    PT_TRY(pt_alloc(&shard->adam_count, (size_t)store->n_param, sizeof *shard->adam_count));
    PT_TRY(pt_alloc(&shard->pack, (size_t)most * PT_BLOCK, sizeof *shard->pack));
    PT_TRY(pt_alloc(&shard->pack_f32, (size_t)most * PT_BLOCK, sizeof *shard->pack_f32));
    PT_TRY(pt_alloc(&shard->grad, (size_t)own * PT_BLOCK, sizeof *shard->grad));
    return pt_alloc(&shard->norm_bits, (size_t)store->n_block, sizeof *shard->norm_bits);
}

void shard_release(shard_t *shard)
{
    for (int32_t i = 0; i < SHARD_N_DOMAIN; i++) {
        shard_domain_t *d = &shard->domain[i];
        pt_free(d->block);
        pt_free(d->extent);
        pt_free(d->group);
        pt_free(d->m);
        pt_free(d->v);
        pt_free(d->average);
        pt_free(d->count);
        pt_free(d->used);
        pt_free(d->at);
    }
    pt_free(shard->adam_count);
    pt_free(shard->pack);
    pt_free(shard->pack_f32);
    pt_free(shard->grad);
    pt_free(shard->norm_bits);
    memset(shard, 0, sizeof *shard);
}

void shard_reset(shard_t *shard)
{
    for (int32_t i = 0; i < SHARD_N_DOMAIN; i++) {
        shard_domain_t *d = &shard->domain[i];
        size_t own = (size_t)(d->own_end - d->own_begin) * PT_BLOCK;
        memset(d->m, 0, own * sizeof *d->m);
        if (d->v != NULL)
            memset(d->v, 0, own * sizeof *d->v);
    }
    memset(shard->adam_count, 0, (size_t)shard->store->n_param * sizeof *shard->adam_count);
    shard_begin_average(shard);
}

/** Weights of an own block. */
static float *own_value(const shard_t *shard, const shard_domain_t *d, int64_t entry)
{
    return shard->store->value + d->block[entry] * PT_BLOCK;
}

void shard_begin_average(shard_t *shard)
{
    for (int32_t i = 0; i < SHARD_N_DOMAIN; i++) {
        shard_domain_t *d = &shard->domain[i];
        for (int64_t e = d->own_begin; e < d->own_end && d->average != NULL; e++)
            memcpy(d->average + (e - d->own_begin) * PT_BLOCK, own_value(shard, d, e),
                   PT_BLOCK * sizeof *d->average);
    }
}

/** Find the used entries of a domain, and how many of them each rank owns; NULL: all. */
static void mark_used(shard_domain_t *d, const bool *is_used)
{
    d->n_used = d->own_used = d->n_own_used = 0;
    memset(d->count, 0, (size_t)d->size * sizeof *d->count);
    for (int64_t i = 0; i < d->n_block; i++) {
        if (is_used != NULL && !is_used[d->group[i]])
            continue;
        if (i < d->own_begin)
            d->own_used++;
        else if (i < d->own_end)
            d->n_own_used++;
        d->used[d->n_used++] = i;
        d->at[d->n_used] = d->at[d->n_used - 1] + d->extent[i];
        d->count[i * d->size / d->n_block] += d->extent[i];
    }
}

static int64_t used_offset(const shard_domain_t *d, int64_t i)
{
    return d->block[d->used[i]] * PT_BLOCK;
}

static size_t used_extent(const shard_domain_t *d, int64_t i)
{
    return (size_t)d->extent[d->used[i]];
}

/** One over the quantum of a used block's sums. */
static double used_scale(const shard_t *shard, const shard_domain_t *d, int64_t i)
{
    return shard->store->group_sum[d->group[d->used[i]]].scale;
}

/** Where an own used block begins in a pack of these. */
static int64_t own_at(const shard_domain_t *d, int64_t i)
{
    return d->at[d->own_used + i] - d->at[d->own_used];
}

static int64_t n_own_element(const shard_domain_t *d)
{
    return own_at(d, d->n_own_used);
}

/** Where the sums of own blocks are received: in the domain's place, as they are no more.
 */
static int64_t *received(const shard_t *shard, const shard_domain_t *d)
{
    return shard->store->grad_sum + d->block[0] * PT_BLOCK;
}

/** Sum the used blocks exactly; the own ones, as floats, into `grad`. */
static pt_status_t reduce_exact(shard_t *shard, shard_domain_t *d, float *grad)
{
    const pt_store_t *store = shard->store;

    if (d->size == 1) {
        for (int64_t i = 0; i < d->n_used; i++)
            shard->kernel->fixed_get(d->extent[d->used[i]],
                                     store->grad_sum + used_offset(d, i),
                                     used_scale(shard, d, i), grad + d->at[i]);
        return PT_OK;
    }
    for (int64_t i = 0; i < d->n_used; i++)
        memcpy(shard->pack + d->at[i], store->grad_sum + used_offset(d, i),
               used_extent(d, i) * sizeof *shard->pack);
    if (d->n_used == 0)
        return PT_OK;
    /* The sums of the own blocks go back to where this rank's own contribution stood. */
    int64_t *mine = received(shard, d);
    PT_TRY(pt_sum_scatter_i64(d->comm, PT_TRAFFIC_GRADIENT, shard->pack, d->count, mine));
    for (int64_t i = 0; i < d->n_own_used; i++) {
        int64_t used = d->own_used + i, at = own_at(d, i);
        shard->kernel->fixed_get(d->extent[d->used[used]], mine + at,
                                 used_scale(shard, d, used), grad + at);
    }
    return PT_OK;
}

/** `reduction = fast`: the same in float. */
static pt_status_t reduce_fast(shard_t *shard, shard_domain_t *d, float *grad)
{
    for (int64_t i = 0; i < d->n_used; i++)
        shard->kernel->fixed_get(d->extent[d->used[i]],
                                 shard->store->grad_sum + used_offset(d, i),
                                 used_scale(shard, d, i), shard->pack_f32 + d->at[i]);
    PT_TRY(pt_sum_f32(d->comm, PT_TRAFFIC_GRADIENT, shard->pack_f32,
                      (size_t)d->at[d->n_used]));
    memcpy(grad, shard->pack_f32 + d->at[d->own_used],
           (size_t)n_own_element(d) * sizeof *grad);
    return PT_OK;
}

/**
 * Norm of the whole gradient: each block's sum of squares by its owner, added in block
 * order.  They travel as bits in an integer sum with zeros elsewhere, which is exact.
 */
static pt_status_t whole_norm(shard_t *shard, float *const *grad, double *norm)
{
    int64_t n = shard->store->n_block;
    double sum = 0;

    memset(shard->norm_bits, 0, (size_t)n * sizeof *shard->norm_bits);
    for (int32_t i = 0; i < SHARD_N_DOMAIN; i++) {
        const shard_domain_t *d = &shard->domain[i];
        for (int64_t j = 0; j < d->n_own_used; j++) {
            const float *block = grad[i] + own_at(d, j);
            int64_t n_here = d->extent[d->used[d->own_used + j]];
            double square = shard->kernel->dot(n_here, block, block);
            memcpy(&shard->norm_bits[d->block[d->used[d->own_used + j]]], &square,
                   sizeof square);
        }
    }
    PT_TRY(pt_sum_i64(shard->layout->world, PT_TRAFFIC_CLIP, shard->norm_bits, (size_t)n));
    for (int64_t b = 0; b < n; b++) {
        double square;
        memcpy(&square, &shard->norm_bits[b], sizeof square);
        sum += square;
    }
    *norm = sqrt(sum);
    return PT_OK;
}

static bool has_decay(const shard_t *shard, const pt_param_t *param)
{
    return shard->decay_norm_bias ||
           (param->role != PT_ROLE_BIAS && param->role != PT_ROLE_NORM_SCALE &&
            param->role != PT_ROLE_NORM_SHIFT);
}

/** Update one own block: the parts of its group's tensors that lie in it. */
static void update_block(shard_t *shard, const shard_domain_t *d, int64_t entry,
                         const float *grad, const pt_update_t *update)
{
    pt_store_t *store = shard->store;
    int64_t begin = d->block[entry] * PT_BLOCK, end = begin + PT_BLOCK;
    int64_t own = (entry - d->own_begin) * PT_BLOCK - begin;
    int32_t lo = 0, hi = store->n_param - 1;

    while (lo < hi) { /* first tensor that ends behind `begin` */
        int32_t mid = (lo + hi) / 2;
        if (store->param[mid].offset + store->param[mid].count > begin)
            hi = mid;
        else
            lo = mid + 1;
    }
    for (int32_t p = lo; p < store->n_param && store->param[p].offset < end; p++) {
        const pt_param_t *param = &store->param[p];
        if (param->role == PT_ROLE_FITTED)
            continue;
        int64_t from = param->offset > begin ? param->offset : begin;
        int64_t to =
            param->offset + param->count < end ? param->offset + param->count : end;
        pt_update_t u = *update;
        u.count = shard->adam_count[p];
        u.lr *= store->group[param->group].rate;
        u.decay = has_decay(shard, param) ? update->decay : 0;
        pt_update_f32(&u, to - from, grad + (from - begin), store->value + from,
                      d->m + own + from, d->v != NULL ? d->v + own + from : NULL);
        if (u.fresh > 0)
            pt_update_average(&u, to - from, store->value + from, d->average + own + from);
    }
}

static pt_status_t share_values(shard_t *shard, shard_domain_t *d)
{
    pt_store_t *store = shard->store;

    if (d->size == 1 || d->n_used == 0)
        return PT_OK;
    for (int64_t i = d->own_used; i < d->own_used + d->n_own_used; i++)
        memcpy(shard->pack_f32 + d->at[i], store->value + used_offset(d, i),
               used_extent(d, i) * sizeof *shard->pack_f32);
    PT_TRY(pt_gather_f32(d->comm, PT_TRAFFIC_WEIGHT, shard->pack_f32, d->count));
    for (int64_t i = 0; i < d->n_used; i++)
        memcpy(store->value + used_offset(d, i), shard->pack_f32 + d->at[i],
               used_extent(d, i) * sizeof *store->value);
    return PT_OK;
}

static void count_updates(shard_t *shard, const bool *is_used)
{
    for (int32_t p = 0; p < shard->store->n_param; p++)
        if (is_used[shard->store->param[p].group])
            shard->adam_count[p]++;
}

static void update_domain(shard_t *shard, shard_domain_t *d, float *grad,
                          const pt_update_t *update, float scale)
{
    if (scale != 1)
        shard->kernel->scale(n_own_element(d), scale, grad, grad);
    for (int64_t i = 0; i < d->n_own_used; i++)
        update_block(shard, d, d->used[d->own_used + i], grad + own_at(d, i), update);
}

/** Zero the sums that the step used, and the first ones, which received the reduced. */
static void clear_sums(shard_t *shard, const shard_domain_t *d)
{
    int64_t *sum = shard->store->grad_sum;

    for (int64_t i = 0; i < d->n_used; i++)
        memset(sum + used_offset(d, i), 0, used_extent(d, i) * sizeof *sum);
    if (d->size > 1 && d->n_own_used > 0)
        memset(received(shard, d), 0, (size_t)n_own_element(d) * sizeof *sum);
}

void shard_clear(shard_t *shard, const bool *is_used)
{
    for (int32_t i = 0; i < SHARD_N_DOMAIN; i++) {
        mark_used(&shard->domain[i], is_used);
        clear_sums(shard, &shard->domain[i]);
    }
}

pt_status_t shard_step(shard_t *shard, const bool *is_used, const pt_update_t *update,
                       double clip, double *norm)
{
    pt_store_t *store = shard->store;
    float *grad[SHARD_N_DOMAIN];
    float scale = 1;

    *norm = 0;
    count_updates(shard, is_used);
    for (int32_t i = 0; i < SHARD_N_DOMAIN; i++)
        mark_used(&shard->domain[i], is_used);
    grad[SHARD_SHARED] = shard->grad;
    grad[SHARD_HEADS] = shard->grad + n_own_element(&shard->domain[SHARD_SHARED]);
    for (int32_t i = 0; i < SHARD_N_DOMAIN; i++)
        PT_TRY((shard->is_fast ? reduce_fast : reduce_exact)(shard, &shard->domain[i],
                                                             grad[i]));
    if (clip > 0) {
        PT_TRY(whole_norm(shard, grad, norm));
        scale = *norm > clip ? (float)(clip / *norm) : 1;
    }
    for (int32_t i = 0; i < SHARD_N_DOMAIN; i++)
        update_domain(shard, &shard->domain[i], grad[i], update, scale);
    for (int32_t i = 0; i < SHARD_N_DOMAIN; i++)
        PT_TRY(share_values(shard, &shard->domain[i]));
    for (int32_t i = 0; i < SHARD_N_DOMAIN; i++)
        clear_sums(shard, &shard->domain[i]);
    store->version++;
    return PT_OK;
}

static void swap_block(float *a, float *b)
{
    for (int64_t i = 0; i < PT_BLOCK; i++) {
        float x = a[i];
        a[i] = b[i];
        b[i] = x;
    }
}

pt_status_t shard_swap_average(shard_t *shard)
{
    for (int32_t i = 0; i < SHARD_N_DOMAIN; i++) {
        shard_domain_t *d = &shard->domain[i];
        for (int64_t e = d->own_begin; e < d->own_end; e++)
            swap_block(own_value(shard, d, e), d->average + (e - d->own_begin) * PT_BLOCK);
        mark_used(d, NULL);
        PT_TRY(share_values(shard, d));
    }
    shard->store->version++;
    return PT_OK;
}
