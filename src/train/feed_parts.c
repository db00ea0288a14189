/* Forming bundles of tasks on the same inputs; cutting rows into train, val and test. */
#include "train/feed_parts.h"

#include <math.h>
#include <string.h>

#include "polytree/base/bitset.h"
#include "polytree/base/memory.h"
#include "polytree/base/rng.h"

const char *pt_part_name(pt_part_t part)
{
    return pt_split_name(part == PT_PART_TEST  ? PT_SPLIT_TEST
                         : part == PT_PART_VAL ? PT_SPLIT_VAL
                                               : PT_SPLIT_TRAIN);
}

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

/* The class (none: the last) of a bundle of one classification task, else all alike. */
static pt_status_t find_strata(const pt_dataset_t *dataset, const pt_bundle_t *bundle,
                               const pt_part_rows_t *rows, int32_t *n_stratum,
                               int32_t **stratum)
{
    const pt_task_info_t *info = pt_dataset_task(dataset, bundle->task[0]);
    bool by_class = bundle->n_task == 1 && info->kind == PT_TASK_CLASSIFICATION;
    *n_stratum = by_class ? info->classes + 1 : 1;
    PT_TRY(pt_alloc(stratum, (size_t)rows->n, sizeof **stratum));
    if (!by_class)
        return PT_OK;
    pt_task_rows_t labelled = pt_dataset_rows(dataset, PT_SPLIT_TRAIN, bundle->task[0]);
    for (int64_t i = 0; i < rows->n; i++) {
        int32_t label = labelled.labels[pt_task_rows_find(&labelled, rows->row[i])];
        bool is_none = info->has_ignore && label == info->ignore;
        (*stratum)[i] = is_none ? info->classes : label;
    }
    return PT_OK;
}

/* Samples still to be cut, each with its stratum. */
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
    pool->rows = rows;
    PT_TRY(find_strata(dataset, bundle, rows, &pool->n_stratum, &pool->stratum));
    size_t n = (size_t)pool->n_stratum;
    PT_TRY(pt_alloc(&pool->size, n, sizeof *pool->size));
    PT_TRY(pt_alloc(&pool->take, n, sizeof *pool->take));
    PT_TRY(pt_alloc(&pool->seen, n, sizeof *pool->seen));
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

/* Val of `weight`, where the file has none, and the alpha part of the rest, by class. */
static pt_status_t cut_by_class(const pt_config_t *config, const pt_dataset_t *dataset,
                                const pt_bundle_t *bundle, double val_fraction,
                                pt_part_rows_t part[PT_N_PART])
{
    /* Keyed by the first task, so that a task's split does not depend on its bundle's
     * number; the cuts differ in the phase. */
    pt_rng_t rng = {.seed = (uint64_t)config->run.seed,
                    .purpose = PT_RNG_SPLIT,
                    .task = (uint16_t)bundle->task[0]};
    pool_t pool = {0};
    pt_status_t status = PT_OK;
    pt_part_rows_t *weight = &part[PT_PART_WEIGHT];
    PT_TRY_OR(done, pool_init(&pool, dataset, bundle, weight));
    if (val_fraction > 0)
        PT_TRY_OR(done, pool_cut(&pool, val_fraction, rng, &part[PT_PART_VAL]));
    PT_TRY_OR(done, copy_rows(weight, &part[PT_PART_TRAIN]));
    rng.phase = 1;
    if (config->search.alpha_part > 0)
        PT_TRY_OR(done,
                  pool_cut(&pool, config->search.alpha_part, rng, &part[PT_PART_ALPHA]));
done:
    pool_release(&pool);
    return status;
}

/* Samples in order, of which neighbours overlap: the part is the last of the rows, and the
 * `gap` rows before it are in none. */
static pt_status_t cut_end(pt_part_rows_t *rows, double fraction, int64_t gap,
                           pt_part_rows_t *taken)
{
    int64_t n = rows->n, n_take = llround(fraction * (double)n);
    if (n >= 2)
        n_take = clamp(n_take, 1, n - 1);
    if (n_take == 0)
        return PT_OK;
    PT_TRY(pt_alloc(&taken->row, (size_t)n_take, sizeof *taken->row));
    memcpy(taken->row, rows->row + n - n_take, (size_t)n_take * sizeof *taken->row);
    taken->split = rows->split;
    taken->n = n_take;
    rows->n -= n_take;
    while (rows->n > 0 && taken->row[0] - rows->row[rows->n - 1] <= gap)
        rows->n--;
    return PT_OK;
}

static pt_status_t cut_by_order(const pt_config_t *config, double val_fraction,
                                pt_part_rows_t part[PT_N_PART])
{
    pt_part_rows_t *weight = &part[PT_PART_WEIGHT];
    if (val_fraction > 0)
        PT_TRY(cut_end(weight, val_fraction, config->data.gap, &part[PT_PART_VAL]));
    PT_TRY(copy_rows(weight, &part[PT_PART_TRAIN]));
    if (config->search.alpha_part > 0)
        PT_TRY(cut_end(weight, config->search.alpha_part, config->data.gap,
                       &part[PT_PART_ALPHA]));
    return PT_OK;
}

static pt_status_t take_marked(pt_part_rows_t *rows, const uint64_t *marked,
                               pt_part_rows_t *taken)
{
    int64_t n = 0;
    PT_TRY(pt_alloc(&taken->row, (size_t)rows->n, sizeof *taken->row));
    taken->split = rows->split;
    for (int64_t i = 0; i < rows->n; i++)
        if (pt_bitset_get(marked, rows->row[i]))
            taken->row[taken->n++] = rows->row[i];
        else
            rows->row[n++] = rows->row[i];
    rows->n = n;
    return PT_OK;
}

/* Whole groups of train, on one side for all bundles: pt_feed_cut_groups().  `taken` is
 * the caller's to free, also after a failure. */
static pt_status_t mark_groups(const pt_config_t *config, const pt_dataset_t *dataset,
                               const pt_bundle_t *bundle, int32_t n_bundle,
                               const double fraction[2], pt_part_rows_t (*part)[PT_N_PART],
                               uint64_t *taken[2])
{
    int64_t n_row = pt_dataset_n_input(dataset, PT_SPLIT_TRAIN);
    pt_strata_t *strata = NULL;
    pt_status_t status = PT_OK;
    PT_TRY_OR(done, pt_alloc(&strata, (size_t)n_bundle, sizeof *strata));
    for (int i = 0; i < 2; i++)
        PT_TRY_OR(done, pt_alloc(&taken[i], pt_bitset_words(n_row), sizeof *taken[i]));
    for (int32_t b = 0; b < n_bundle; b++) {
        strata[b].rows = part[b][PT_PART_WEIGHT];
        PT_TRY_OR(done, find_strata(dataset, &bundle[b], &strata[b].rows, &strata[b].n,
                                    &strata[b].of));
    }
    status = pt_feed_cut_groups(pt_dataset_group(dataset, PT_SPLIT_TRAIN), n_row, strata,
                                n_bundle, (uint64_t)config->run.seed, fraction, taken);
done:
    for (int32_t b = 0; strata && b < n_bundle; b++)
        pt_free(strata[b].of);
    pt_free(strata);
    return status;
}

/* One cut for all bundles, so that a group is on one side for all tasks. */
static pt_status_t cut_by_group(const pt_config_t *config, const pt_dataset_t *dataset,
                                const pt_bundle_t *bundle, int32_t n_bundle,
                                double val_fraction, pt_part_rows_t (*part)[PT_N_PART])
{
    const double fraction[2] = {val_fraction, config->search.alpha_part};
    uint64_t *taken[2] = {NULL, NULL};
    pt_status_t status;
    PT_TRY_OR(done, mark_groups(config, dataset, bundle, n_bundle, fraction, part, taken));
    for (int32_t b = 0; b < n_bundle; b++) {
        pt_part_rows_t *weight = &part[b][PT_PART_WEIGHT];
        if (val_fraction > 0)
            PT_TRY_OR(done, take_marked(weight, taken[0], &part[b][PT_PART_VAL]));
        PT_TRY_OR(done, copy_rows(weight, &part[b][PT_PART_TRAIN]));
        PT_TRY_OR(done, take_marked(weight, taken[1], &part[b][PT_PART_ALPHA]));
    }
done:
    pt_free(taken[0]);
    pt_free(taken[1]);
    return status;
}

pt_status_t pt_feed_cut_parts(const pt_config_t *config, const pt_dataset_t *dataset,
                              const pt_bundle_t *bundle, int32_t n_bundle,
                              pt_part_rows_t (*part)[PT_N_PART])
{
    bool has_val = pt_dataset_n_input(dataset, PT_SPLIT_VAL) > 0;
    bool has_group = pt_dataset_group(dataset, PT_SPLIT_TRAIN) != NULL;
    double val_fraction = has_val ? 0 : config->data.val_fraction;
    if (has_group && config->data.gap > 0)
        PT_FAIL(CONFIG,
                "data.gap is %lld, but the data set has groups, which are kept whole: "
                "expected 0",
                (long long)config->data.gap);
    for (int32_t b = 0; b < n_bundle; b++) {
        pt_part_rows_t *own = part[b];
        PT_TRY(unite_rows(dataset, &bundle[b], PT_SPLIT_TRAIN, &own[PT_PART_WEIGHT]));
        PT_TRY(unite_rows(dataset, &bundle[b], PT_SPLIT_TEST, &own[PT_PART_TEST]));
        if (has_val)
            PT_TRY(unite_rows(dataset, &bundle[b], PT_SPLIT_VAL, &own[PT_PART_VAL]));
        if (config->data.gap > 0)
            PT_TRY(cut_by_order(config, val_fraction, own));
        else if (!has_group)
            PT_TRY(cut_by_class(config, dataset, &bundle[b], val_fraction, own));
    }
    return has_group ? cut_by_group(config, dataset, bundle, n_bundle, val_fraction, part)
                     : PT_OK;
}
