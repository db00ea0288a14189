/* Parts of a source that has none of its own: by share, group or time. */
#include "io/parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "polytree/base/memory.h"
#include "polytree/base/rng.h"

static void count(pt_parts_t *parts)
{
    memset(parts->n_of, 0, sizeof parts->n_of);
    for (int64_t i = 0; i < parts->n; i++)
        parts->n_of[parts->split[i]]++;
}

/* A share that is not 0 is one sample at least. */
static int64_t part_of(double share, int64_t n)
{
    int64_t part = (int64_t)floor(share * (double)n + 0.5);
    return share > 0 && part == 0 ? 1 : part;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The latest n_test are test; of equal times all are what the first of them is. */
static pt_status_t split_by_time(pt_parts_t *parts, int64_t n_val, int64_t n_test,
                                 const double *time)
{
    double *sorted;
    int64_t n_train = parts->n - n_val - n_test;
    PT_TRY(pt_alloc(&sorted, (size_t)parts->n, sizeof *sorted));
    memcpy(sorted, time, (size_t)parts->n * sizeof *sorted);
    qsort(sorted, (size_t)parts->n, sizeof *sorted, by_value);
    double val = n_val > 0 ? sorted[n_train] : INFINITY;
    double test = n_test > 0 ? sorted[n_train + n_val] : INFINITY;
    for (int64_t i = 0; i < parts->n; i++)
        parts->split[i] = time[i] >= test  ? PT_SPLIT_TEST
                          : time[i] >= val ? PT_SPLIT_VAL
                                           : PT_SPLIT_TRAIN;
    pt_free(sorted);
    return PT_OK;
}

typedef struct numbered {
    int64_t group, row;
} numbered_t;

static int by_group(const void *a, const void *b)
{
    const numbered_t *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Groups in an order by seed fill test, then val, then train. */
static pt_status_t split_by_group(pt_parts_t *parts, int64_t n_val, int64_t n_test,
                                  const int64_t *group, const pt_rng_t *rng)
{
    numbered_t *sorted = NULL;
    int64_t *first = NULL, n_group = 0, done = 0;
    pt_status_t status = PT_OK;
    PT_TRY_OR(end, pt_alloc(&sorted, (size_t)parts->n, sizeof *sorted));
    PT_TRY_OR(end, pt_alloc(&first, (size_t)parts->n + 1, sizeof *first));
    for (int64_t i = 0; i < parts->n; i++)
        sorted[i] = (numbered_t){group[i], i};
    qsort(sorted, (size_t)parts->n, sizeof *sorted, by_group);
    for (int64_t i = 0; i < parts->n; i++)
        if (i == 0 || sorted[i].group != sorted[i - 1].group)
            first[n_group++] = i;
    first[n_group] = parts->n;
    for (int64_t g = 0; g < n_group; g++) {
        int64_t at = pt_permute(rng, n_group, g);
        pt_split_t split = done < n_test           ? PT_SPLIT_TEST
                           : done < n_test + n_val ? PT_SPLIT_VAL
                                                   : PT_SPLIT_TRAIN;
        for (int64_t i = first[at]; i < first[at + 1]; i++)
            parts->split[sorted[i].row] = (uint8_t)split;
        done += first[at + 1] - first[at];
    }
end:
    pt_free(sorted);
    pt_free(first);
    return status;
}

static pt_status_t check_parts(const char *src, const pt_import_share_t *share,
                               const pt_parts_t *parts, const char *unlike)
{
    const bool is_wanted[PT_N_SPLIT] = {
        [PT_SPLIT_TRAIN] = true,
        [PT_SPLIT_VAL] = share->val > 0,
        [PT_SPLIT_TEST] = share->test > 0,
    };
    for (int s = 0; s < PT_N_SPLIT; s++)
        if (is_wanted[s] && parts->n_of[s] == 0)
            PT_FAIL(USAGE, "%s: nothing is left for %s of %lld samples: too few%s", src,
                    pt_split_name((pt_split_t)s), (long long)parts->n, unlike);
    return PT_OK;
}

pt_status_t pt_parts_by_share(const char *src, const pt_import_share_t *share, int64_t n,
                              const int64_t *group, const double *time, pt_parts_t *parts)
{
    const pt_rng_t rng = {.seed = share->seed, .purpose = PT_RNG_SPLIT};
    int64_t n_val = part_of(share->val, n), n_test = part_of(share->test, n);
    pt_status_t status = PT_OK;
    if (n - n_val - n_test < 1)
        PT_FAIL(USAGE, "%s: %lld samples, of which val and test leave none for train", src,
                (long long)n);
    *parts = (pt_parts_t){.n = n};
    PT_TRY_OR(failed, pt_alloc(&parts->split, (size_t)n, 1));
    if (time)
        PT_TRY_OR(failed, split_by_time(parts, n_val, n_test, time));
    else if (group)
        PT_TRY_OR(failed, split_by_group(parts, n_val, n_test, group, &rng));
    for (int64_t i = 0; !time && !group && i < n; i++) {
        int64_t at = pt_permute(&rng, n, i);
        parts->split[i] = at < n_test           ? PT_SPLIT_TEST
                          : at < n_test + n_val ? PT_SPLIT_VAL
                                                : PT_SPLIT_TRAIN;
    }
    count(parts);
    PT_TRY_OR(failed, check_parts(src, share, parts,
                                  time    ? " different times"
                                  : group ? " groups"
                                          : ""));
    return PT_OK;
failed:
    pt_parts_release(parts);
    return status;
}

pt_status_t pt_parts_take(const char *src, uint8_t **split, int64_t n, pt_parts_t *parts)
{
    *parts = (pt_parts_t){.split = *split, .n = n};
    count(parts);
    if (parts->n_of[PT_SPLIT_TRAIN] == 0) {
        *parts = (pt_parts_t){.n = 0};
        PT_FAIL(FORMAT, "%s: none of its %lld samples is in train", src, (long long)n);
    }
    *split = NULL;
    return PT_OK;
}

bool pt_parts_named(const char *word, size_t bytes, pt_split_t *split)
{
    static const struct {
        const char *word;
        pt_split_t split;
    } known[] = {{"train", PT_SPLIT_TRAIN}, {"training", PT_SPLIT_TRAIN},
                 {"val", PT_SPLIT_VAL},     {"valid", PT_SPLIT_VAL},
                 {"dev", PT_SPLIT_VAL},     {"validation", PT_SPLIT_VAL},
                 {"test", PT_SPLIT_TEST}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strlen(known[i].word) == bytes &&
            strncasecmp(known[i].word, word, bytes) == 0) {
            *split = known[i].split;
            return true;
        }
    return false;
}

void pt_parts_release(pt_parts_t *parts)
{
    pt_free(parts->split);
    *parts = (pt_parts_t){.n = 0};
}
