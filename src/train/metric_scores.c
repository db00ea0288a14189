/* Scores in order: the area under ROC curves, and medians.
 *
 * Every rank sorts its own.  Of curves the positives then go round, in pieces, and every
 * rank counts how many of its negatives each is above; of medians the ranks count how many
 * lie below a bound that is found bit by bit.  All is integers.
 */
#include "train/metric_parts.h"

#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/par/reduce.h"

enum { NEGATIVE, POSITIVE, LOWER, UPPER, N_COUNT };
/* Of a curve, twice the pairs in which the positive is above, ties counting once. */
enum { TWICE_ABOVE = LOWER };
/* Scores that go round at a time on all ranks together, and least of one. */
enum { PIECE = 1 << 15, PIECE_LEAST = 64 };
enum { MOST_BITS = 18, FLOAT_BITS = 32, FEW = 32 };

typedef struct list {
    bool is_double, is_median;
    int32_t bits; /* of bins; 0: the list is exact */
    int64_t most; /* there may be */
    int64_t n[2]; /* on this rank */
    size_t at;    /* byte of the first key; positives from there on, negatives before the
                     end */
    int64_t bin;  /* the first of [2][2^bits] */
    int64_t count[N_COUNT]; /* of all ranks */
} list_t;

struct scores {
    int32_t n_task, n_list;
    score_spec_t *spec; /* [n_task] */
    int32_t *first;     /* [n_task + 1] lists of a task */
    list_t *list;
    int64_t *total; /* [n_list][N_COUNT] on the way */
    char *key;
    size_t key_bytes;
    int64_t *bin;
    size_t n_bin, bin_capacity;
};

typedef struct record {
    uint64_t key;
    int64_t list; /* -1: no more */
} record_t;

pt_status_t scores_new(int32_t n_task, const score_spec_t *spec, scores_t **out)
{
    scores_t *s;
    pt_status_t status;

    PT_TRY(pt_alloc(&s, 1, sizeof *s));
    s->n_task = n_task;
    PT_TRY_OR(fail, pt_alloc(&s->spec, (size_t)n_task, sizeof *s->spec));
    PT_TRY_OR(fail, pt_alloc(&s->first, (size_t)n_task + 1, sizeof *s->first));
    memcpy(s->spec, spec, (size_t)n_task * sizeof *spec);
    for (int32_t k = 0; k < n_task; k++)
        s->first[k + 1] = s->first[k] + spec[k].n_list;
    s->n_list = s->first[n_task];
    PT_TRY_OR(fail, pt_alloc(&s->list, (size_t)s->n_list, sizeof *s->list));
    PT_TRY_OR(fail, pt_alloc(&s->total, (size_t)s->n_list * N_COUNT, sizeof *s->total));
    *out = s;
    return PT_OK;
fail:
    scores_free(s);
    return status;
}

void scores_free(scores_t *s)
{
    if (s == NULL)
        return;
    if (s->key != NULL)
        pt_reserve_release(s->key, s->key_bytes);
    pt_free(s->spec);
    pt_free(s->first);
    pt_free(s->list);
    pt_free(s->total);
    pt_free(s->bin);
    pt_free(s);
}

/* More lists leave each fewer bins, so that the bins of a task take 64 MiB at most. */
static int32_t bin_bits(int32_t n_list)
{
    int32_t bits = MOST_BITS;

    while (bits > 10 && (int64_t)n_list << bits > (int64_t)1 << 22)
        bits--;
    return bits;
}

pt_status_t scores_begin(scores_t *s, const int64_t *n_sample, int64_t exact)
{
    size_t bytes = 0, bins = 0;
    void *key;

    for (int32_t k = 0; k < s->n_task; k++)
        for (int32_t i = s->first[k]; i < s->first[k + 1]; i++) {
            const score_spec_t *spec = &s->spec[k];
            list_t l = {.is_double = spec->is_double,
                        .is_median = spec->is_median,
                        .most = n_sample[k] * spec->elements,
                        .at = bytes,
                        .bin = (int64_t)bins};
            l.bits = l.most > exact / spec->n_list ? bin_bits(spec->n_list) : 0;
            if (l.bits == 0)
                bytes += (size_t)l.most * (l.is_double ? 8 : 4) + 4;
            else
                bins += (size_t)2 << l.bits;
            bytes = (bytes + 7) & ~(size_t)7;
            s->list[i] = l;
        }
    if (bytes > s->key_bytes) {
        PT_TRY(pt_reserve(bytes, &key));
        if (s->key != NULL)
            pt_reserve_release(s->key, s->key_bytes);
        s->key = key;
        s->key_bytes = bytes;
    }
    PT_TRY(pt_grow(&s->bin, &s->bin_capacity, bins, sizeof *s->bin));
    s->n_bin = bins;
    if (bins > 0)
        memset(s->bin, 0, bins * sizeof *s->bin);
    return PT_OK;
}

/* Bits whose order as integers is that of the numbers; both zeros are one. */
static uint32_t float_key(double score)
{
    float x = (float)score + 0.0f;
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits >> 31 ? ~bits : bits | (uint32_t)1 << 31;
}

static uint64_t double_key(double score)
{
    double x = score + 0.0;
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

static double number_of(bool is_double, uint64_t key)
{
    uint64_t half = (uint64_t)1 << (is_double ? 63 : 31),
             bits = key & half ? key ^ half : ~key;
    uint32_t low = (uint32_t)bits;
    double x;
    float f;

    if (is_double) {
        memcpy(&x, &bits, sizeof x);
        return x;
    }
    memcpy(&f, &low, sizeof f);
    return (double)f;
}

static uint64_t get(const scores_t *s, const list_t *l, int64_t i)
{
    const void *key = s->key + l->at;

    return l->is_double ? ((const uint64_t *)key)[i] : ((const uint32_t *)key)[i];
}

static void put(scores_t *s, const list_t *l, int64_t i, uint64_t x)
{
    void *key = s->key + l->at;

    if (l->is_double)
        ((uint64_t *)key)[i] = x;
    else
        ((uint32_t *)key)[i] = (uint32_t)x;
}

void scores_add(scores_t *s, int32_t task, int32_t list, double score, bool is_positive)
{
    list_t *l = &s->list[s->first[task] + list];
    int64_t i = l->n[is_positive]++;

    if (l->bits > 0)
        s->bin[l->bin + ((int64_t)is_positive << l->bits) +
               (float_key(score) >> (FLOAT_BITS - l->bits))]++;
    else
        put(s, l, is_positive ? i : l->most - 1 - i,
            l->is_double ? double_key(score) : float_key(score));
}

static void sort_few(scores_t *s, const list_t *l, int64_t begin, int64_t end)
{
    for (int64_t i = begin + 1; i < end; i++) {
        uint64_t x = get(s, l, i);
        int64_t j = i;
        for (; j > begin && get(s, l, j - 1) > x; j--)
            put(s, l, j, get(s, l, j - 1));
        put(s, l, j, x);
    }
}

/* In place, byte by byte from the highest ("American flag": McIlroy, Bostic, McIlroy,
 * 1993).
 */
static void sort(scores_t *s, const list_t *l, int64_t begin, int64_t end, int shift)
{
    int64_t next[256], stop[256], n[256] = {0}, at = begin;

    if (end - begin <= FEW) {
        sort_few(s, l, begin, end);
        return;
    }
    for (int64_t i = begin; i < end; i++)
        n[get(s, l, i) >> shift & 255]++;
    for (int b = 0; b < 256; b++) {
        next[b] = at;
        stop[b] = at += n[b];
    }
    for (int b = 0; b < 256; b++)
        while (next[b] < stop[b]) {
            uint64_t x = get(s, l, next[b]);
            for (int c = x >> shift & 255; c != b; c = x >> shift & 255) {
                uint64_t other = get(s, l, next[c]);
                put(s, l, next[c]++, x);
                x = other;
            }
            put(s, l, next[b]++, x);
        }
    for (int b = 0; b < 256 && shift > 0; b++)
        if (n[b] > 1)
            sort(s, l, stop[b] - n[b], stop[b], shift - 8);
}

static void sort_lists(scores_t *s)
{
    for (int32_t i = 0; i < s->n_list; i++) {
        list_t *l = &s->list[i];
        int shift = l->is_double ? 56 : 24;
        if (l->bits > 0)
            continue;
        sort(s, l, 0, l->n[POSITIVE], shift);
        sort(s, l, l->most - l->n[NEGATIVE], l->most, shift);
    }
}

/* Keys of first .. end - 1, which are sorted, that are below `key` (or equal), + first. */
static int64_t count_below(const scores_t *s, const list_t *l, int64_t first, int64_t end,
                           uint64_t key, bool or_equal)
{
    while (first < end) {
        int64_t middle = first + (end - first) / 2;
        uint64_t x = get(s, l, middle);
        if (x < key || (or_equal && x == key))
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

/* Positives of curves, one after the other; list and i are where the next one is. */
static int64_t fill_piece(const scores_t *s, int64_t n, int32_t *list, int64_t *i,
                          record_t *piece)
{
    int64_t filled = 0;

    while (*list < s->n_list && filled < n) {
        const list_t *l = &s->list[*list];
        if (l->bits > 0 || l->is_median || *i == l->n[POSITIVE]) {
            ++*list;
            *i = 0;
            continue;
        }
        piece[filled++] = (record_t){get(s, l, (*i)++), *list};
    }
    if (filled < n)
        piece[filled].list = -1;
    return filled;
}

/* What a rank's piece is above on this one. */
static void count_piece(scores_t *s, int64_t n, const record_t *piece)
{
    int64_t list = -1, at = 0;

    for (int64_t i = 0; i < n && piece[i].list >= 0; i++) {
        list_t *l = &s->list[piece[i].list];
        if (piece[i].list != list)
            at = l->most - l->n[NEGATIVE];
        list = piece[i].list;
        at = count_below(s, l, at, l->most, piece[i].key, false);
        int64_t equal = count_below(s, l, at, l->most, piece[i].key, true) - at;
        l->count[TWICE_ABOVE] += 2 * (at - (l->most - l->n[NEGATIVE])) + equal;
    }
}

/* Every rank's positives against every rank's negatives. */
static pt_status_t go_round(scores_t *s, pt_comm_t *comm)
{
    int64_t size = pt_comm_size(comm), n = PIECE / size, i = 0, rounds = 0;
    int32_t list = 0;
    record_t *piece = NULL, *all = NULL;
    pt_status_t status;

    n = n < PIECE_LEAST ? PIECE_LEAST : n;
    for (int32_t j = 0; j < s->n_list; j++)
        rounds += s->list[j].bits > 0 || s->list[j].is_median ? 0 : s->list[j].n[POSITIVE];
    rounds = (rounds + n - 1) / n;
    PT_TRY(pt_max_i64(comm, PT_TRAFFIC_EVALUATE, &rounds, 1));
    if (rounds == 0)
        return PT_OK;
    status = pt_alloc(&piece, (size_t)n, sizeof *piece);
    if (status == PT_OK)
        status = pt_alloc(&all, (size_t)(size * n), sizeof *all);
    PT_TRY_OR(done, pt_comm_agree(comm, status));
    for (int64_t r = 0; r < rounds; r++) {
        fill_piece(s, n, &list, &i, piece);
        PT_TRY_OR(done, pt_comm_allgather(comm, piece, all, (size_t)n * sizeof *piece));
        for (int64_t from = 0; from < size; from++)
            count_piece(s, n, all + from * n);
    }
done:
    pt_free(all);
    pt_free(piece);
    return status;
}

/* The keys in the middle of all lists, from the highest bit on: the largest that no more
 * than half of the others are below. */
static pt_status_t find_medians(scores_t *s, pt_comm_t *comm)
{
    int64_t *below = s->total;
    int32_t n = 0;

    for (int32_t i = 0; i < s->n_list; i++)
        if (s->list[i].is_median && s->list[i].bits == 0)
            below[n++] = s->list[i].n[POSITIVE];
    if (n == 0)
        return PT_OK;
    PT_TRY(pt_sum_i64(comm, PT_TRAFFIC_EVALUATE, below, (size_t)n));
    n = 0;
    for (int32_t i = 0; i < s->n_list; i++)
        if (s->list[i].is_median && s->list[i].bits == 0)
            s->list[i].count[POSITIVE] = below[n++];
    for (int bit = 63; bit >= 0; bit--) {
        n = 0;
        for (int32_t i = 0; i < s->n_list; i++) {
            list_t *l = &s->list[i];
            if (!l->is_median || l->bits > 0)
                continue;
            for (int j = LOWER; j <= UPPER; j++)
                below[n++] = count_below(s, l, 0, l->n[POSITIVE],
                                         (uint64_t)l->count[j] | (uint64_t)1 << bit, false);
        }
        PT_TRY(pt_sum_i64(comm, PT_TRAFFIC_EVALUATE, below, (size_t)n));
        n = 0;
        for (int32_t i = 0; i < s->n_list; i++) {
            list_t *l = &s->list[i];
            if (!l->is_median || l->bits > 0)
                continue;
            int64_t middle[2] = {(l->count[POSITIVE] - 1) / 2, l->count[POSITIVE] / 2};
            for (int j = LOWER; j <= UPPER; j++)
                if (below[n++] <= middle[j - LOWER])
                    l->count[j] |= (int64_t)((uint64_t)1 << bit);
        }
    }
    return PT_OK;
}

pt_status_t scores_sum(scores_t *s, pt_comm_t *data, pt_comm_t *world)
{
    const bool is_first = pt_comm_rank(data) == 0;

    sort_lists(s);
    PT_TRY(go_round(s, data));
    PT_TRY(find_medians(s, data));
    for (int32_t i = 0; i < s->n_list; i++) {
        list_t *l = &s->list[i];
        /* All ranks of `data` know its medians; others have 0. */
        bool has_median = l->is_median && is_first && l->count[POSITIVE] > 0;
        l->count[NEGATIVE] = l->n[NEGATIVE];
        l->count[POSITIVE] = l->n[POSITIVE];
        if (l->is_median && !has_median)
            l->count[LOWER] = l->count[UPPER] = 0;
        memcpy(s->total + i * N_COUNT, l->count, sizeof l->count);
    }
    PT_TRY(pt_sum_i64(world, PT_TRAFFIC_EVALUATE, s->total, (size_t)s->n_list * N_COUNT));
    for (int32_t i = 0; i < s->n_list; i++)
        memcpy(s->list[i].count, s->total + i * N_COUNT, sizeof s->list[i].count);
    return pt_sum_i64(world, PT_TRAFFIC_EVALUATE, s->bin, s->n_bin);
}

/* Pairs within a bin count half: they are as wrong at most. */
static double binned_auc(const scores_t *s, const list_t *l, double *bound)
{
    const int64_t *negative = s->bin + l->bin,
                  *positive = negative + ((int64_t)1 << l->bits);
    double below = 0, n_positive = 0, area = 0, within = 0;

    for (int64_t b = 0; b < (int64_t)1 << l->bits; b++) {
        double n = (double)negative[b], p = (double)positive[b];
        area += p * (below + 0.5 * n);
        within += 0.5 * p * n;
        below += n;
        n_positive += p;
    }
    *bound = within / (below * n_positive);
    return area / (below * n_positive);
}

/* The middle of the bin of element i, and half its width. */
static double binned_element(const scores_t *s, const list_t *l, int64_t i, double *half)
{
    const int64_t *positive = s->bin + l->bin + ((int64_t)1 << l->bits);
    int shift = FLOAT_BITS - l->bits;
    int64_t b = 0;

    for (int64_t n = positive[0]; n <= i; n += positive[b])
        b++;
    double low = number_of(false, (uint64_t)b << shift);
    double high = number_of(false, (uint64_t)(b + 1) << shift);
    *half = (high - low) / 2;
    return low + *half;
}

static double binned_median(const scores_t *s, const list_t *l, double *bound)
{
    double half[2];
    int64_t n = l->count[POSITIVE];
    double lower = binned_element(s, l, (n - 1) / 2, &half[0]);
    double upper = binned_element(s, l, n / 2, &half[1]);

    *bound = (half[0] + half[1]) / 2;
    return (lower + upper) / 2;
}

double scores_value(const scores_t *s, int32_t task, int32_t list, double *bound)
{
    const list_t *l = &s->list[s->first[task] + list];
    double negative = (double)l->count[NEGATIVE], positive = (double)l->count[POSITIVE];

    *bound = 0;
    if (positive == 0 || (!l->is_median && negative == 0))
        return NAN;
    if (l->is_median)
        return l->bits > 0 ? binned_median(s, l, bound)
                           : (number_of(l->is_double, (uint64_t)l->count[LOWER]) +
                              number_of(l->is_double, (uint64_t)l->count[UPPER])) /
                                 2;
    return l->bits > 0 ? binned_auc(s, l, bound)
                       : (double)l->count[TWICE_ABOVE] / (2 * negative * positive);
}
