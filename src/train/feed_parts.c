#include "train/feed_parts.h"

#include <math.h>
#include <string.h>

#include "polytree/base/bitset.h"
#include "polytree/base/memory.h"
#include "polytree/base/rng.h"

static bool rows_agree(const pt_dataset_t *dataset, int32_t a, int32_t b)
{
    pt_task_rows_t ra = pt_dataset_rows(dataset, PT_SPLIT_TRAIN, a);
    pt_task_rows_t rb = pt_dataset_rows(dataset, PT_SPLIT_TRAIN, b);
    if (ra.n != rb.n || !ra.index != !rb.index)
        return false;
    return !ra.index || memcmp(ra.index, rb.index, (size_t)ra.n * sizeof *ra.index) == 0;
}

static bool belongs(const pt_config_t *config, const pt_dataset_t *dataset,
                    const pt_bundle_t *bundle, int32_t task)
{
    if (config->train.bundle == PT_BUNDLE_AUTO)
        return rows_agree(dataset, bundle->task[0], task);
    return config->train.bundle == PT_BUNDLE_ALL;
}

pt_status_t pt_feed_form_bundles(const pt_config_t *config, const pt_dataset_t *dataset,
                                 pt_bundle_t *bundle, int32_t *n_bundle)
{
    int32_t n_task = pt_dataset_n_task(dataset);
    *n_bundle = 0;
    for (int32_t task = 0; task < n_task; task++) {
        int32_t b = 0;
        while (b < *n_bundle && !belongs(config, dataset, &bundle[b], task))
            b++;
        if (b == *n_bundle) {
            PT_TRY(pt_alloc(&bundle[b].task, (size_t)(n_task - task), sizeof(int32_t)));
            ++*n_bundle;
        }
        bundle[b].task[bundle[b].n_task++] = task;
    }
    return PT_OK;
}

int64_t pt_feed_find_row(const pt_task_rows_t *rows, int64_t row)
{
    if (!rows->index)
        return row < rows->n ? row : -1;
    int64_t low = 0, high = rows->n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (rows->index[middle] < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low < rows->n && rows->index[low] == row ? low : -1;
}

/* The rows that some task of the bundle has in a split, ascending. */
static pt_status_t unite_rows(const pt_dataset_t *dataset, const pt_bundle_t *bundle,
                              pt_split_t split, pt_part_rows_t *out)
{
    int64_t n_input = pt_dataset_n_input(dataset, split);
    uint64_t *seen = NULL;
    pt_status_t status = PT_OK;
    PT_TRY_OR(done, pt_alloc(&seen, pt_bitset_words(n_input), sizeof *seen));
    for (int32_t k = 0; k < bundle->n_task; k++) {
        pt_task_rows_t rows = pt_dataset_rows(dataset, split, bundle->task[k]);
        for (int64_t i = 0; i < rows.n; i++)
            pt_bitset_set(seen, rows.index ? rows.index[i] : i, true);
    }
    int64_t n = pt_bitset_count(seen, n_input);
    PT_TRY_OR(done, pt_alloc(&out->row, (size_t)n, sizeof *out->row));
    out->split = split;
    for (int64_t row = 0; row < n_input; row++)
        if (pt_bitset_get(seen, row))
            out->row[out->n++] = row;
done:
    pt_free(seen);
    return status;
}

/*
 * Samples still to be cut, each with its stratum: the class (none: the last) of a bundle
 * of one classification task, else all in stratum 0.
 */
typedef struct pool {
    pt_part_rows_t *rows;
    int32_t *stratum;
    int32_t n_stratum;
    int64_t *size, *take, *seen; /* per stratum */
} pool_t;

static void pool_release(pool_t *pool)
{
    pt_free(pool->stratum);
    pt_free(pool->size);
    pt_free(pool->take);
    pt_free(pool->seen);
}

static pt_status_t pool_init(pool_t *pool, const pt_dataset_t *dataset,
                             const pt_bundle_t *bundle, pt_part_rows_t *rows)
{
    const pt_task_info_t *info = pt_dataset_task(dataset, bundle->task[0]);
    bool by_class = bundle->n_task == 1 && info->kind == PT_TASK_CLASSIFICATION;
    pool->rows = rows;
    pool->n_stratum = by_class ? info->classes + 1 : 1;
    size_t n = (size_t)pool->n_stratum;
    PT_TRY(pt_alloc(&pool->stratum, (size_t)rows->n, sizeof *pool->stratum));
    PT_TRY(pt_alloc(&pool->size, n, sizeof *pool->size));
    PT_TRY(pt_alloc(&pool->take, n, sizeof *pool->take));
    PT_TRY(pt_alloc(&pool->seen, n, sizeof *pool->seen));
    if (!by_class)
        return PT_OK;
    pt_task_rows_t labelled = pt_dataset_rows(dataset, PT_SPLIT_TRAIN, bundle->task[0]);
    for (int64_t i = 0; i < rows->n; i++) {
        int32_t label = labelled.labels[pt_feed_find_row(&labelled, rows->row[i])];
        bool is_none = info->has_ignore && label == info->ignore;
        pool->stratum[i] = is_none ? info->classes : label;
    }
    return PT_OK;
}

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

/*
 * How many to take of each stratum: near its share, at least one on each side where it has
 * two, and together round(fraction n) where that allows.  What flooring leaves over goes
 * to the largest remainders; ties: lowest stratum.
 */
static int64_t count_takes(pool_t *pool, double fraction)
{
    int64_t n = pool->rows->n, sum = 0;
    int64_t target = llround(fraction * (double)n);
    if (n >= 2)
        target = clamp(target, 1, n - 1);
    for (int32_t s = 0; s < pool->n_stratum; s++) {
        int64_t size = pool->size[s], least = size >= 2;
        int64_t share = (int64_t)floor(fraction * (double)size);
        pool->take[s] = clamp(share, least, size - least);
        sum += pool->take[s];
    }
    while (sum != target) {
        int64_t sign = sum < target ? 1 : -1;
        int32_t best = -1;
        double most = 0;
        for (int32_t s = 0; s < pool->n_stratum; s++) {
            int64_t size = pool->size[s], least = size >= 2, next = pool->take[s] + sign;
            double missing = fraction * (double)size - (double)pool->take[s];
            if (next >= least && next <= size - least &&
                (best < 0 || missing * (double)sign > most)) {
                best = s;
                most = missing * (double)sign;
            }
        }
        if (best < 0)
            break;
        pool->take[best] += sign;
        sum += sign;
    }
    return sum;
}

/* Move a fraction of the pool to `taken`: of each stratum, what a permutation puts first.
 */
static pt_status_t pool_cut(pool_t *pool, double fraction, pt_rng_t rng,
                            pt_part_rows_t *taken)
{
    size_t n_stratum = (size_t)pool->n_stratum;
    pt_part_rows_t *rows = pool->rows;
    memset(pool->size, 0, n_stratum * sizeof *pool->size);
    memset(pool->seen, 0, n_stratum * sizeof *pool->seen);
    for (int64_t i = 0; i < rows->n; i++)
        pool->size[pool->stratum[i]]++;
    int64_t n_take = count_takes(pool, fraction), n_left = 0;
    PT_TRY(pt_alloc(&taken->row, (size_t)n_take, sizeof *taken->row));
    taken->split = rows->split;
    for (int64_t i = 0; i < rows->n; i++) {
        int32_t s = pool->stratum[i];
        rng.step = (uint32_t)s;
        if (pt_permute(&rng, pool->size[s], pool->seen[s]++) < pool->take[s]) {
            taken->row[taken->n++] = rows->row[i];
        } else {
            pool->stratum[n_left] = s;
            rows->row[n_left++] = rows->row[i];
        }
    }
    rows->n = n_left;
    return PT_OK;
}

static pt_status_t copy_rows(const pt_part_rows_t *from, pt_part_rows_t *to)
{
    PT_TRY(pt_alloc(&to->row, (size_t)from->n, sizeof *to->row));
    memcpy(to->row, from->row, (size_t)from->n * sizeof *to->row);
    to->split = from->split;
    to->n = from->n;
    return PT_OK;
}

pt_status_t pt_feed_cut_parts(const pt_config_t *config, const pt_dataset_t *dataset,
                              const pt_bundle_t *bundle, pt_part_rows_t part[PT_N_PART])
{
    /* Keyed by the first task, so that a task's split does not depend on its bundle's
     * number; the two cuts differ in the phase. */
    pt_rng_t rng = {.seed = (uint64_t)config->run.seed,
                    .purpose = PT_RNG_SPLIT,
                    .task = (uint16_t)bundle->task[0]};
    bool has_val = pt_dataset_n_input(dataset, PT_SPLIT_VAL) > 0;
    pool_t pool = {0};
    pt_status_t status = PT_OK;
    pt_part_rows_t *weight = &part[PT_PART_WEIGHT];
    PT_TRY_OR(done, unite_rows(dataset, bundle, PT_SPLIT_TRAIN, weight));
    PT_TRY_OR(done, unite_rows(dataset, bundle, PT_SPLIT_TEST, &part[PT_PART_TEST]));
    if (has_val)
        PT_TRY_OR(done, unite_rows(dataset, bundle, PT_SPLIT_VAL, &part[PT_PART_VAL]));
    PT_TRY_OR(done, pool_init(&pool, dataset, bundle, weight));
    if (!has_val && config->data.val_fraction > 0)
        PT_TRY_OR(done,
                  pool_cut(&pool, config->data.val_fraction, rng, &part[PT_PART_VAL]));
    PT_TRY_OR(done, copy_rows(weight, &part[PT_PART_TRAIN]));
    rng.phase = 1;
    if (config->search.alpha_part > 0)
        PT_TRY_OR(done,
                  pool_cut(&pool, config->search.alpha_part, rng, &part[PT_PART_ALPHA]));
done:
    pool_release(&pool);
    return status;
}
