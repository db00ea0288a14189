/** @file
 * Shapes.  Every activation is NHWC; a feature vector has height = width = 1.
 */
#ifndef PT_TENSOR_SHAPE_H
#define PT_TENSOR_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct pt_shape {
    int64_t n, h, w, c;
} pt_shape_t;

/** Number of elements. */
static inline int64_t pt_shape_count(pt_shape_t s)
{
    return s.n * s.h * s.w * s.c;
}

static inline bool pt_shape_equal(pt_shape_t a, pt_shape_t b)
{
    return a.n == b.n && a.h == b.h && a.w == b.w && a.c == b.c;
}

/** "n x h x w x c" into `text`; returns `text`. */
const char *pt_shape_text(pt_shape_t s, char text[64]);

#endif
