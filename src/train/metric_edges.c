/* Edges, predicted against labelled.
 *
 * Sets of pixels are bits, row by row in words of 64.  Pairs at one offset never compete
 * (the offset is one to one), so all of them are matched at once, word by word; taking the
 * offsets by length makes the matching greedy, nearest pairs first.
 */
#include <math.h>
#include <string.h>

#include "train/metric_parts.h"

typedef struct picture {
    int64_t h, w, words; /* of a row */
    uint64_t *predicted, *labelled;
} picture_t;

static int64_t row_words(int64_t w)
{
    return (w + 63) / 64;
}

/* Two working sets and the labelled edges, which every threshold begins with. */
size_t edge_scratch(int64_t h, int64_t w)
{
    return (size_t)(3 * h * row_words(w)) * sizeof(uint64_t);
}

static int64_t count_bits(int64_t n, const uint64_t *word)
{
    int64_t count = 0;

    for (int64_t i = 0; i < n; i++)
        count += __builtin_popcountll(word[i]);
    return count;
}

/* floor(at / 64) and the rest. */
static int64_t split_bit(int64_t at, int *rest)
{
    int64_t word = at >= 0 ? at / 64 : -((63 - at) / 64);

    *rest = (int)(at - word * 64);
    return word;
}

/* 64 bits of a row from bit `at` on; what is outside is 0. */
static uint64_t read_bits(const uint64_t *row, int64_t words, int64_t at)
{
    int rest;
    int64_t i = split_bit(at, &rest);
    uint64_t low = i >= 0 && i < words ? row[i] : 0;
    uint64_t high = i + 1 >= 0 && i + 1 < words ? row[i + 1] : 0;

    return rest == 0 ? low : low >> rest | high << (64 - rest);
}

/* Clear from bit `at` on those of `bits`, all of which are set. */
static void clear_bits(uint64_t *row, int64_t words, int64_t at, uint64_t bits)
{
    int rest;
    int64_t i = split_bit(at, &rest);

    if (i >= 0 && i < words)
        row[i] ^= bits << rest;
    if (rest != 0 && i + 1 >= 0 && i + 1 < words)
        row[i + 1] ^= bits >> (64 - rest);
}

/* Match what is left of both sets at the offset (dy, dx); the number of pairs. */
static int64_t match_offset(const picture_t *p, int64_t dy, int64_t dx)
{
    int64_t first = dy < 0 ? -dy : 0, end = dy > 0 ? p->h - dy : p->h, n = 0;

    for (int64_t y = first; y < end; y++) {
        uint64_t *from = p->predicted + y * p->words;
        uint64_t *to = p->labelled + (y + dy) * p->words;
        for (int64_t i = 0; i < p->words; i++) {
            if (from[i] == 0)
                continue;
            uint64_t both = from[i] & read_bits(to, p->words, 64 * i + dx);
            if (both == 0)
                continue;
            from[i] ^= both;
            clear_bits(to, p->words, 64 * i + dx, both);
            n += __builtin_popcountll(both);
        }
    }
    return n;
}

/* Pairs, no more than `most`, none longer than sqrt(limit). */
static int64_t match(const picture_t *p, int64_t limit, int64_t most)
{
    int64_t radius = (int64_t)sqrt((double)limit), n = 0;

    for (int64_t square = 0; square <= limit && n < most; square++)
        for (int64_t dy = -radius; dy <= radius && n < most; dy++) {
            int64_t rest = square - dy * dy;
            int64_t dx = rest < 0 ? -1 : llrint(sqrt((double)rest));
            if (rest < 0 || dx * dx != rest)
                continue;
            n += match_offset(p, dy, -dx);
            if (dx > 0)
                n += match_offset(p, dy, dx);
        }
    return n;
}

static void take_labels(const picture_t *p, const pt_label_t *label, uint64_t *bits)
{
    for (int64_t y = 0; y < p->h; y++)
        for (int64_t x = 0; x < p->w; x++) {
            int32_t value = label[y * p->w + x].i;
            if (value != PT_LABEL_NONE && value != 0)
                bits[y * p->words + x / 64] |= (uint64_t)1 << (x % 64);
        }
}

/* Pixels with a label whose logit is `least` or more. */
static void take_outputs(const picture_t *p, const pt_real_t *output,
                         const pt_label_t *label, double least, uint64_t *bits)
{
    for (int64_t y = 0; y < p->h; y++)
        for (int64_t x = 0; x < p->w; x++) {
            int64_t at = y * p->w + x;
            uint64_t is_in = label[at].i != PT_LABEL_NONE && (double)output[at] >= least;
            bits[y * p->words + x / 64] |= is_in << (x % 64);
        }
}

void edge_add(double tolerance, int64_t h, int64_t w, const pt_real_t *output,
              const pt_label_t *label, uint64_t *scratch, int64_t *sum)
{
    int64_t words = row_words(w), n = h * words;
    picture_t p = {h, w, words, scratch, scratch + n};
    uint64_t *edges = scratch + 2 * n;
    int64_t limit = (int64_t)(tolerance * tolerance * (double)(h * h + w * w));

    memset(edges, 0, (size_t)n * sizeof *edges);
    take_labels(&p, label, edges);
    int64_t n_label = count_bits(n, edges);
    for (int i = 0; i < EDGE_THRESHOLDS; i++) {
        double score = (i + 1.0) / (EDGE_THRESHOLDS + 1.0);
        memset(p.predicted, 0, (size_t)n * sizeof *p.predicted);
        memcpy(p.labelled, edges, (size_t)n * sizeof *edges);
        take_outputs(&p, output, label, log(score / (1 - score)), p.predicted);
        int64_t n_output = count_bits(n, p.predicted);
        sum[3 * i] += match(&p, limit, n_output < n_label ? n_output : n_label);
        sum[3 * i + 1] += n_output;
        sum[3 * i + 2] += n_label;
    }
}

/* F = 2 P R / (P + R) = 2 matched / (predicted + labelled). */
double edge_value(const int64_t *sum)
{
    double best = 0;

    if (sum[2] == 0)
        return NAN;
    for (int i = 0; i < EDGE_THRESHOLDS; i++) {
        double f = 2 * (double)sum[3 * i] / (double)(sum[3 * i + 1] + sum[3 * i + 2]);
        best = f > best ? f : best;
    }
    return best;
}
