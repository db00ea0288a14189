/** @file
 * How per-channel loops of the vector code run: a matrix [rows, c] is walked in panels
 * of up to PT_LANES lanes.  Few channels are folded, several rows side by side in one
 * panel row, so that the inner loop is long whatever c is; many channels are cut into
 * panels.  Sums have one accumulator per lane; the lanes of a channel are added at the
 * end.  So the order of a sum depends on the shape alone, and is the same on every ISA.
 */
#ifndef PT_KERNEL_VECTOR_PANEL_H
#define PT_KERNEL_VECTOR_PANEL_H

#include <stdint.h>

#define PT_LANES 256

#define INLINE static inline __attribute__((always_inline))

typedef struct panel {
    int64_t c0, n_channel; /* channels of the matrix that it covers */
    int64_t width, stride; /* lanes of a panel row, and elements to the next */
    int64_t n_row, tail;   /* whole panel rows, and lanes of a last, shorter one */
} panel_t;

/** The panel that begins at channel c0. */
static inline panel_t panel_at(int64_t rows, int64_t c, int64_t c0)
{
    if (c <= PT_LANES / 2) {
        int64_t fold = PT_LANES / 2 / c;
        return (panel_t){.n_channel = c,
                         .width = fold * c,
                         .stride = fold * c,
                         .n_row = rows / fold,
                         .tail = rows % fold * c};
    }
    int64_t width = c - c0 < PT_LANES ? c - c0 : PT_LANES;
    return (panel_t){
        .c0 = c0, .n_channel = width, .width = width, .stride = c, .n_row = rows};
}

/** Repeat the first n_channel values over all lanes. */
static inline void panel_repeat(const panel_t *p, float *v)
{
    for (int64_t l = p->n_channel; l < p->width; l++)
        v[l] = v[l - p->n_channel];
}

/** Add the lanes of each channel into the first n_channel. */
static inline void panel_fold(const panel_t *p, double *v)
{
    for (int64_t l = p->n_channel; l < p->width; l++)
        v[l % p->n_channel] += v[l];
}

#endif
