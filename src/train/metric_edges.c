/* Edges, predicted against labelled: as many pairs as can be, each pixel in one
 * at most.
 *
 * A maximum matching between two sets of pixels, of which those within the
 * tolerance of one another may be paired, by Hopcroft and Karp (SIAM J. Comput.
 * 2, 1973): a search in breadth from all labelled pixels that have no partner,
 * then searches in depth along its layers, as often as one is found. Thresholds
 * are taken from the highest to the lowest, so that each begins with the pairs
 * of the one before.
 */
#include <math.h>
#include <string.h>

#include "train/metric_parts.h"

enum { NONE = -1 };

/* Pixels have one number, y w + x, in both sets. */
typedef struct match {
    int32_t h, w, n_label, radius;
    int32_t *label;     /* [n_label] labelled pixels */
    int32_t *predicted; /* [pixel] partner of a labelled one; NONE */
    int32_t *labelled;  /* [pixel] partner of a predicted one; NONE */
    int32_t *layer;     /* [pixel] of labelled ones in the search; NONE: not reached */
    int32_t *next;      /* [pixel] where the search in depth from a labelled one goes on */
    int32_t *queue;     /* [pixel], then the path of a search in depth */
    int32_t *half;      /* [2 radius + 1] half the width of that row of the disc */
    uint8_t *level;     /* [pixel] thresholds that its output reaches */
    int least;          /* level of predicted edges */
} match_t;

enum { N_INT_ARRAYS = 6 };

/* No radius is larger than the diagonal, nor is that than h + w. */
size_t edge_scratch(int64_t h, int64_t w)
{
    return (size_t)(h * w) * (N_INT_ARRAYS * sizeof(int32_t) + 1) +
           (size_t)(2 * (h + w) + 1) * sizeof(int32_t);
}

static match_t open_match(double tolerance, int64_t h, int64_t w, void *scratch)
{
    int64_t n = h * w, square = h * h + w * w;
    int64_t limit = (int64_t)fmin(tolerance * tolerance * (double)square, (double)square);
    int32_t *array = scratch;
    match_t m = {.h = (int32_t)h,
                 .w = (int32_t)w,
                 .radius = (int32_t)sqrt((double)limit),
                 .label = array,
                 .predicted = array + n,
                 .labelled = array + 2 * n,
                 .layer = array + 3 * n,
                 .next = array + 4 * n,
                 .queue = array + 5 * n,
                 .half = array + 6 * n,
                 .level = (uint8_t *)(array + 6 * n + 2 * (h + w) + 1)};

    for (int32_t row = 0; row <= 2 * m.radius; row++) {
        int64_t dy = row - m.radius;
        m.half[row] = (int32_t)sqrt((double)(limit - dy * dy));
    }
    return m;
}

static int32_t least_of(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t most_of(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* The next predicted pixel near `from`, `*at` counting through the square
 * around it, row by row; NONE after the last. */
static int32_t next_near(const match_t *m, int32_t from, int32_t *at)
{
    const int32_t r = m->radius, side = 2 * r + 1, y0 = from / m->w, x0 = from % m->w;

    for (int32_t row = *at / side; row < side; *at = ++row * side) {
        int32_t y = y0 + row - r, half = m->half[row];
        int32_t x = x0 + most_of(most_of(*at % side - r, -half), -x0);
        int32_t end = x0 + least_of(half + 1, m->w - x0);
        if (y < 0 || y >= m->h)
            continue;
        for (; x < end; x++)
            if (m->level[y * m->w + x] >= m->least) {
                *at = row * side + x - x0 + r + 1;
                return y * m->w + x;
            }
    }
    return NONE;
}

/* Layers from labelled pixels without a partner on, as far as the first that
 * reaches a predicted one without a partner; whether there is one. */
static bool find_layers(match_t *m)
{
    int32_t n = 0;

    for (int32_t i = 0; i < m->n_label; i++) {
        int32_t from = m->label[i];
        m->layer[from] = m->predicted[from] == NONE ? 0 : NONE;
        m->next[from] = 0;
        if (m->layer[from] == 0)
            m->queue[n++] = from;
    }
    for (int32_t i = 0; i < n; i++) {
        int32_t from = m->queue[i], at = 0, to;
        while ((to = next_near(m, from, &at)) != NONE) {
            int32_t partner = m->labelled[to];
            if (partner == NONE)
                return true; /* all of this layer is known */
            if (m->layer[partner] == NONE) {
                m->layer[partner] = m->layer[from] + 1;
                m->queue[n++] = partner;
            }
        }
    }
    return false;
}

/* Find a way along the layers from a labelled pixel to a predicted one that has
 * no partner, and take the pairs on it anew; whether there is one. */
static bool augment(match_t *m, int32_t from)
{
    int32_t *path = m->queue, n = 0;

    path[0] = from;
    while (n >= 0) {
        int32_t last = path[n], to = next_near(m, last, &m->next[last]);
        if (to == NONE) {
            m->layer[last] = NONE;
            n--;
            continue;
        }
        int32_t partner = m->labelled[to];
        if (partner != NONE) {
            if (m->layer[partner] == m->layer[last] + 1)
                path[++n] = partner;
            continue;
        }
        for (; n >= 0; n--) { /* each takes what it came to, and leaves what it had */
            int32_t had = m->predicted[path[n]];
            m->predicted[path[n]] = to;
            m->labelled[to] = path[n];
            to = had;
        }
        return true;
    }
    return false;
}

/* Pairs that can be added at this threshold. */
static int64_t add_pairs(match_t *m)
{
    int64_t n = 0;

    while (find_layers(m))
        for (int32_t i = 0; i < m->n_label; i++)
            if (m->layer[m->label[i]] == 0 && m->predicted[m->label[i]] == NONE)
                n += augment(m, m->label[i]);
    return n;
}

/* Labelled edges, and how many thresholds each output reaches. */
static void take_pixels(match_t *m, const pt_real_t *output, const pt_label_t *label,
                        int64_t *count)
{
    double least[EDGE_THRESHOLDS];

    for (int t = 0; t < EDGE_THRESHOLDS; t++) {
        double score = (t + 1.0) / (EDGE_THRESHOLDS + 1.0);
        least[t] = log(score / (1 - score));
    }
    for (int32_t i = 0; i < m->h * m->w; i++) {
        m->predicted[i] = m->labelled[i] = NONE;
        m->level[i] = 0;
        if (label[i].i == PT_LABEL_NONE)
            continue;
        if (label[i].i != 0)
            m->label[m->n_label++] = i;
        while (m->level[i] < EDGE_THRESHOLDS && (double)output[i] >= least[m->level[i]])
            m->level[i]++;
        count[m->level[i]]++;
    }
}

void edge_add(double tolerance, int64_t h, int64_t w, const pt_real_t *output,
              const pt_label_t *label, void *scratch, int64_t *sum)
{
    match_t m = open_match(tolerance, h, w, scratch);
    int64_t count[EDGE_THRESHOLDS + 1] = {0}, n_pair = 0, n_predicted = 0;

    take_pixels(&m, output, label, count);
    for (int t = EDGE_THRESHOLDS - 1; t >= 0; t--) {
        m.least = t + 1;
        n_predicted += count[t + 1];
        if (n_pair < m.n_label && count[t + 1] > 0)
            n_pair += add_pairs(&m);
        sum[3 * t] += n_pair;
        sum[3 * t + 1] += n_predicted;
        sum[3 * t + 2] += m.n_label;
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
