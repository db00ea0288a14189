/* A shape as text. */
#include "polytree/tensor/shape.h"

#include <stdio.h>

const char *pt_shape_text(pt_shape_t s, char text[64])
{
    snprintf(text, 64, "%lld x %lld x %lld x %lld", (long long)s.n, (long long)s.h,
             (long long)s.w, (long long)s.c);
    return text;
}
