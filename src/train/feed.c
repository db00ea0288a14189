/* The feed: which samples a step takes, in which order, and filling microbatches. */
#include "polytree/train/feed.h"

#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/par/log.h"
#include "polytree/base/rng.h"
#include "polytree/train/augment.h"
#include "train/feed_parts.h"
#include "train/view.h"

struct pt_feed {
    const pt_config_t *config;
    pt_dataset_t *dataset;
    int32_t n_bundle;
    pt_bundle_t *bundle;               /* n_bundle, then one of each task alone */
    int32_t *alone;                    /* [tasks] the tasks of the latter */
    pt_part_rows_t (*part)[PT_N_PART]; /* of the n_bundle, room for one per task */
    const char *val_origin;
    view_t view;
    bool can_augment;
    int64_t *row; /* [microbatch] of the microbatch being assembled */
    size_t bytes;
};

/* Does the run draw from the alpha part, or judge candidates by it? */
static bool needs_alpha(const pt_feed_t *feed)
{
    const pt_config_t *c = feed->config;
    return pt_config_is_judged(c)
               ? pt_feed_judging_part(feed) == PT_PART_ALPHA
               : pt_methods[c->search.method].is_learned && c->search.steps.count > 0;
}

/* Groups among a bundle's training samples; 0 where samples come in none. */
static pt_status_t count_groups(const pt_feed_t *feed, const pt_part_rows_t *train,
                                int64_t *n)
{
    const int64_t *group = pt_dataset_group(feed->dataset, PT_SPLIT_TRAIN);
    *n = 0;
    return group ? pt_feed_count_groups(group, train, n) : PT_OK;
}

/* Groups are kept whole: what is asked for may be far from what can be had. */
static void tell_share(const pt_feed_t *feed, const pt_bundle_t *bundle)
{
    double n_val = (double)bundle->n_sample[PT_PART_VAL];
    double share = n_val / (n_val + (double)bundle->n_sample[PT_PART_TRAIN]);
    double asked = feed->config->data.val_fraction;
    bool is_taken = pt_dataset_group(feed->dataset, PT_SPLIT_TRAIN) != NULL &&
                    pt_dataset_n_input(feed->dataset, PT_SPLIT_VAL) == 0;
    if (is_taken && share > 1.5 * asked && share > asked + 0.05)
        pt_log(PT_LOG_INFO,
               "task %s%s: val has %.0f %% of the samples, not %.0f as data.val_fraction "
               "asks: groups are kept whole",
               pt_dataset_task(feed->dataset, bundle->task[0])->name,
               bundle->n_task > 1 ? " and those bundled with it" : "", 100 * share,
               100 * asked);
}

/* The search's two parts of a bundle's training samples. */
static pt_status_t check_halves(const pt_feed_t *feed, const pt_bundle_t *bundle,
                                const pt_part_rows_t *train, const char *name,
                                const char *others)
{
    int64_t n_group;
    if (bundle->n_sample[PT_PART_WEIGHT] > 0 && bundle->n_sample[PT_PART_ALPHA] > 0)
        return PT_OK;
    PT_TRY(count_groups(feed, train, &n_group));
    if (n_group > 0)
        PT_FAIL(CONFIG,
                "task %s%s: %lld training samples of %lld group%s, which %s kept whole, "
                "do not make two parts (search.alpha_part = %g): expected more groups, or "
                "a smaller data.val_fraction",
                name, others, (long long)train->n, (long long)n_group,
                n_group == 1 ? "" : "s", n_group == 1 ? "is" : "are",
                feed->config->search.alpha_part);
    PT_FAIL(CONFIG,
            "task %s%s: %lld training samples are too few for two parts "
            "(search.alpha_part = %g)",
            name, others, (long long)train->n, feed->config->search.alpha_part);
}

static pt_status_t check_parts(const pt_feed_t *feed, const pt_bundle_t *bundle,
                               const pt_part_rows_t *train)
{
    const char *name = pt_dataset_task(feed->dataset, bundle->task[0])->name;
    const char *others = bundle->n_task > 1 ? " and those bundled with it" : "";
    if (bundle->n_sample[PT_PART_TRAIN] == 0)
        PT_FAIL(CONFIG, "task %s%s: no training samples are left (data.val_fraction = %g)",
                name, others, feed->config->data.val_fraction);
    return needs_alpha(feed) ? check_halves(feed, bundle, train, name, others) : PT_OK;
}

static pt_status_t build_parts(pt_feed_t *feed)
{
    PT_TRY(pt_feed_cut_parts(feed->config, feed->dataset, feed->bundle, feed->n_bundle,
                             feed->part));
    for (int32_t b = 0; b < feed->n_bundle; b++) {
        pt_bundle_t *bundle = &feed->bundle[b];
        for (int p = 0; p < PT_N_PART; p++)
            bundle->n_sample[p] = feed->part[b][p].n;
        tell_share(feed, bundle);
    }
    for (int32_t b = 0; b < feed->n_bundle; b++)
        PT_TRY(check_parts(feed, &feed->bundle[b], &feed->part[b][PT_PART_TRAIN]));
    if (pt_dataset_n_input(feed->dataset, PT_SPLIT_VAL) > 0)
        feed->val_origin = "the file's own";
    else if (pt_feed_n_sample(feed, PT_PART_VAL) > 0)
        feed->val_origin = "taken from train";
    else
        feed->val_origin = "none";
    return PT_OK;
}

/* Each task alone, with the samples of its bundle. */
static void add_turns(pt_feed_t *feed)
{
    for (int32_t b = 0; b < feed->n_bundle; b++) {
        pt_bundle_t *home = &feed->bundle[b];
        home->home = b;
        for (int32_t i = 0; i < home->n_task; i++) {
            int32_t task = home->task[i];
            pt_bundle_t *turn = &feed->bundle[feed->n_bundle + task];
            *turn = *home;
            turn->n_task = 1;
            turn->task = &feed->alone[task];
            *turn->task = task;
        }
    }
}

static const pt_part_rows_t *part_of(const pt_feed_t *feed, const pt_draw_t *draw)
{
    return &feed->part[feed->bundle[draw->bundle].home][draw->part];
}

static pt_status_t build(pt_feed_t *feed, int64_t size)
{
    size_t n_task = (size_t)pt_dataset_n_task(feed->dataset);
    int64_t n_sample = feed->config->train.microbatch, hwc[3];
    PT_TRY(pt_alloc(&feed->bundle, 2 * n_task, sizeof *feed->bundle));
    PT_TRY(pt_alloc(&feed->alone, n_task, sizeof *feed->alone));
    PT_TRY(pt_alloc(&feed->part, n_task, sizeof *feed->part));
    PT_TRY(
        pt_feed_form_bundles(feed->config, feed->dataset, feed->bundle, &feed->n_bundle));
    PT_TRY(build_parts(feed));
    add_turns(feed);
    PT_TRY(pt_alloc(&feed->row, (size_t)n_sample, sizeof *feed->row));
    pt_dataset_input(feed->dataset, hwc);
    bool is_thin = hwc[0] == 1 || hwc[1] == 1;
    feed->can_augment = pt_augment_is_on(feed->config) && hwc[0] * hwc[1] > 1 &&
                        (!is_thin || feed->config->augment.thin);
    if (is_thin && !feed->can_augment && hwc[0] * hwc[1] > 1 &&
        pt_augment_is_on(feed->config))
        pt_log(PT_LOG_INFO,
               "inputs of %lld x %lld pixels are not augmented (augment.thin = 1 does)",
               (long long)hwc[0], (long long)hwc[1]);
    return view_init(feed->dataset, size, feed->can_augment, &feed->view);
}

pt_status_t pt_feed_new(const pt_config_t *config, pt_dataset_t *dataset, int64_t size,
                        pt_feed_t **out)
{

    pt_feed_t *feed = NULL;
    pt_status_t status = PT_OK;
    size_t before = pt_memory_bytes();
    for (int32_t t = 0; t < pt_dataset_n_task(dataset); t++)
        PT_TRY(pt_augment_check(config, pt_dataset_task(dataset, t)));
    PT_TRY(pt_alloc(&feed, 1, sizeof *feed));
    feed->config = config;
    feed->dataset = dataset;
    PT_TRY_OR(done, build(feed, size));
    feed->bytes = pt_memory_bytes() - before;
    *out = feed;
    feed = NULL;
done:
    pt_feed_free(feed);
    return status;
}

void pt_feed_free(pt_feed_t *feed)
{
    if (!feed)
        return;
    size_t n_task = (size_t)pt_dataset_n_task(feed->dataset);
    for (size_t b = 0; b < n_task; b++) {
        if (feed->bundle && b < (size_t)feed->n_bundle)
            pt_free(feed->bundle[b].task);
        for (int p = 0; feed->part && p < PT_N_PART; p++)
            pt_free(feed->part[b][p].row);
    }
    pt_free(feed->bundle);
    pt_free(feed->alone);
    pt_free(feed->part);
    pt_free(feed->row);
    view_release(&feed->view);
    pt_free(feed);
}

void pt_feed_input(const pt_feed_t *feed, int64_t hwc[3])
{
    memcpy(hwc, feed->view.hwc, sizeof feed->view.hwc);
}

const pt_standard_t *pt_feed_input_standard(const pt_feed_t *feed)
{
    return pt_dataset_input_standard(feed->dataset);
}

int64_t pt_feed_labels(const pt_feed_t *feed, int32_t task)
{
    const pt_task_info_t *info = pt_dataset_task(feed->dataset, task);
    return pt_task_is_map(info) ? feed->view.hwc[0] * feed->view.hwc[1] * info->channels
                                : pt_task_labels(info);
}

int32_t pt_feed_n_task(const pt_feed_t *feed)
{
    return pt_dataset_n_task(feed->dataset);
}

int32_t pt_feed_n_bundle(const pt_feed_t *feed)
{
    return feed->n_bundle;
}

const pt_bundle_t *pt_feed_bundle(const pt_feed_t *feed, int32_t bundle)
{
    return &feed->bundle[bundle];
}

const char *pt_feed_val_origin(const pt_feed_t *feed)
{
    return feed->val_origin;
}

int64_t pt_feed_n_sample(const pt_feed_t *feed, pt_part_t part)
{
    int64_t sum = 0;
    for (int32_t b = 0; b < feed->n_bundle; b++)
        sum += feed->bundle[b].n_sample[part];
    return sum;
}

pt_part_t pt_feed_judging_part(const pt_feed_t *feed)
{
    bool by_val = feed->config->choose.part == PT_JUDGING_VAL;
    for (int32_t b = 0; b < feed->n_bundle; b++)
        by_val &= feed->bundle[b].n_sample[PT_PART_VAL] > 0;
    return by_val ? PT_PART_VAL : PT_PART_ALPHA;
}

pt_part_t pt_feed_candidates_part(const pt_feed_t *feed)
{
    return pt_feed_judging_part(feed) == PT_PART_VAL ? PT_PART_TRAIN : PT_PART_WEIGHT;
}

size_t pt_feed_bytes(const pt_feed_t *feed)
{
    return feed->bytes;
}

/* Bundles that are 2^16 apart share a key, which does no harm: an order is as good as any.
 */
static pt_rng_t draw_rng(const pt_feed_t *feed, const pt_draw_t *draw,
                         pt_rng_purpose_t purpose)
{
    return (pt_rng_t){.seed = (uint64_t)feed->config->run.seed,
                      .purpose = purpose,
                      .phase = draw->phase,
                      .task = (uint16_t)draw->bundle};
}

/* Rows of the microbatch's draws into feed->row; returns how many are not padding. */
static int64_t list_rows(pt_feed_t *feed, const pt_draw_t *draw)
{
    const pt_part_rows_t *part = part_of(feed, draw);
    int64_t n_draw = feed->config->train.microbatch;
    if (!draw->is_shuffled) {
        int64_t left = part->n > draw->first ? part->n - draw->first : 0;
        int64_t n = left < n_draw ? left : n_draw;
        if (n > 0)
            memcpy(feed->row, part->row + draw->first, (size_t)n * sizeof *feed->row);
        return n;
    }
    pt_rng_t rng = draw_rng(feed, draw, PT_RNG_SHUFFLE);
    pt_permutation_t order;
    for (int64_t i = 0; i < n_draw; i++) {
        int64_t d = draw->first + i, at = d % part->n;
        if (i == 0 || at == 0) {
            rng.step = (uint32_t)(d / part->n);
            order = pt_permutation(&rng, part->n);
        }
        feed->row[i] = part->row[pt_permutation_at(&order, at)];
    }
    return n_draw;
}

typedef pt_status_t read_fn(view_t *, pt_dataset_t *, pt_split_t, int32_t, int64_t,
                            pt_label_t *);

/* A task's labels of an input; none for what has none, and for row -1. */
static pt_status_t fill_labels(pt_feed_t *feed, pt_split_t split, int32_t task, int64_t row,
                               read_fn *read, pt_label_t *label)
{
    pt_task_rows_t rows = pt_dataset_rows(feed->dataset, split, task);
    int64_t at = pt_task_rows_find(&rows, row);
    if (at >= 0)
        return read(&feed->view, feed->dataset, split, task, at, label);
    const pt_label_t none = view_no_label(pt_dataset_task(feed->dataset, task));
    for (int64_t j = 0, width = pt_feed_labels(feed, task); j < width; j++)
        label[j] = none;
    return PT_OK;
}

/* Inputs and labels (NULL: not wanted) of the n draws whose rows are listed, and padding
 * behind them. */
static pt_status_t fill_samples(pt_feed_t *feed, const pt_draw_t *draw, int64_t n,
                                float *input, pt_label_t *const *label)
{
    const pt_bundle_t *bundle = &feed->bundle[draw->bundle];
    const int64_t *hwc = feed->view.hwc, count = hwc[0] * hwc[1] * hwc[2];
    const int64_t n_draw = feed->config->train.microbatch;
    const bool augment = draw->is_augmented && feed->can_augment;
    const pt_rng_t rng = draw_rng(feed, draw, PT_RNG_AUGMENT);
    pt_split_t split = part_of(feed, draw)->split;
    pt_warp_t warp;
    view_aim(&feed->view, NULL);
    bool is_plain = !augment && view_is_plain(&feed->view);
    if (input != NULL)
        pt_dataset_expect(feed->dataset, split, feed->row, n);
    if (input != NULL && is_plain && n > 0)
        PT_TRY(pt_dataset_read(feed->dataset, split, feed->row, n, input));
    if (input != NULL)
        memset(input + n * count, 0, (size_t)((n_draw - n) * count) * sizeof *input);
    for (int64_t i = 0; i < n_draw; i++) {
        if (augment && i < n) {
            warp = pt_warp_draw(feed->config, &rng, (uint64_t)(draw->first + i), hwc[0],
                                hwc[1]);
            view_aim(&feed->view, &warp);
        }
        if (input != NULL && !is_plain && i < n)
            PT_TRY(view_read(&feed->view, feed->dataset, split, feed->row[i],
                             input + i * count));
        for (int32_t k = 0; k < bundle->n_task && label != NULL; k++) {
            int32_t task = bundle->task[k];
            PT_TRY(fill_labels(feed, split, task, i < n ? feed->row[i] : -1,
                               view_read_labels,
                               label[k] + i * pt_feed_labels(feed, task)));
        }
    }
    return PT_OK;
}

pt_status_t pt_feed_fill(pt_feed_t *feed, const pt_draw_t *draw, float *input,
                         pt_label_t *const *label)
{
    const pt_bundle_t *bundle = &feed->bundle[draw->bundle];
    if (draw->first < 0)
        PT_FAIL(RANGE, "draw %lld, expected 0 or more", (long long)draw->first);
    if (draw->is_shuffled && bundle->n_sample[draw->part] == 0)
        PT_FAIL(RANGE, "bundle %d has no samples in part %d to shuffle", draw->bundle,
                (int)draw->part);
    return fill_samples(feed, draw, list_rows(feed, draw), input, label);
}

pt_status_t pt_feed_rests(pt_feed_t *feed, const pt_draw_t *draw, int32_t task,
                          pt_label_t *rest)
{
    pt_split_t split = part_of(feed, draw)->split;
    int64_t n = list_rows(feed, draw), width = pt_feed_labels(feed, task);
    view_aim(&feed->view, NULL);
    for (int64_t i = 0; i < feed->config->train.microbatch; i++, rest += width)
        PT_TRY(fill_labels(feed, split, task, i < n ? feed->row[i] : -1, view_read_rests,
                           rest));
    return PT_OK;
}
