/* Images at another size, against the definition in double, and where pixels of maps lie.
 */
#include "train/rescale.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 40, CHANNELS = 4 };

static const int64_t sizes[][4] = {{7, 9, 7, 9},   {12, 16, 6, 8}, {13, 17, 5, 7},
                                   {40, 31, 3, 2}, {5, 6, 20, 24}, {11, 10, 17, 15},
                                   {1, 9, 1, 4},   {8, 8, 1, 1}};
enum { N_SIZE = sizeof sizes / sizeof *sizes };

static float src[MOST * MOST * CHANNELS], dst[MOST * MOST * CHANNELS];

/* Weight of input k for output i of an axis, before the weights are brought to sum 1. */
static double triangle(int64_t n_in, int64_t n_out, int64_t i, int64_t k)
{
    double scale = (double)n_in / (double)n_out, radius = fmax(1, scale);
    return fmax(0, 1 - fabs((double)k + 0.5 - ((double)i + 0.5) * scale) / radius);
}

static double expected(const int64_t *s, int64_t c, int64_t i, int64_t j, int64_t k)
{
    double sum = 0, total = 0;
    for (int64_t y = 0; y < s[0]; y++)
        for (int64_t x = 0; x < s[1]; x++) {
            double w = triangle(s[0], s[2], i, y) * triangle(s[1], s[3], j, x);
            total += w;
            sum += w * (double)src[(y * s[1] + x) * c + k];
        }
    return sum / total;
}

/* All channel counts, those with code of their own among them; errors of float sums. */
static void images_are_weighted_by_triangles(void **state)
{
    (void)state;
    for (int i = 0; i < MOST * MOST * CHANNELS; i++)
        src[i] = (float)sin(1.0 + i * i);
    for (int s = 0; s < N_SIZE; s++)
        for (int64_t c = 1; c <= CHANNELS; c++) {
            const int64_t *size = sizes[s];
            rescale_t r = {0};
            assert_int_equal(rescale_init(size, size + 2, c, &r), PT_OK);
            rescale_image(&r, src, dst);
            for (int64_t at = 0; at < size[2] * size[3] * c; at++) {
                double want = expected(size, c, at / c / size[3], at / c % size[3], at % c);
                assert_true(fabs((double)dst[at] - want) < 2e-6);
            }
            rescale_release(&r);
        }
}

/* Bilinear where it enlarges: a ramp stays one between the outermost middles. */
static void ramps_stay_linear(void **state)
{
    (void)state;
    const int64_t in[2] = {6, 8}, out[2] = {15, 20};
    for (int i = 0; i < 48; i++)
        src[i] = (float)(3 * (i % 8) - i / 8);
    rescale_t r = {0};
    assert_int_equal(rescale_init(in, out, 1, &r), PT_OK);
    rescale_image(&r, src, dst);
    for (int i = 0; i < 300; i++) {
        double x = (i % 20 + 0.5) * 0.4 - 0.5, y = (i / 20 + 0.5) * 0.4 - 0.5;
        if (x >= 0 && x <= 7 && y >= 0 && y <= 5)
            assert_true(fabs((double)dst[i] - (3 * x - y)) < 1e-5);
    }
    rescale_release(&r);
}

/* The pixel [p, p + 1) that the middle lies in, in whole numbers. */
static void maps_take_the_pixel_below_the_middle(void **state)
{
    (void)state;
    for (int s = 0; s < N_SIZE; s++)
        for (int a = 0; a < 2; a++)
            for (int64_t i = 0, n = sizes[s][a], m = sizes[s][2 + a]; i < m; i++) {
                int64_t p = rescale_nearest(n, m, i);
                assert_true(2 * m * p <= (2 * i + 1) * n &&
                            (2 * i + 1) * n < 2 * m * (p + 1));
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_are_weighted_by_triangles),
        cmocka_unit_test(ramps_stay_linear),
        cmocka_unit_test(maps_take_the_pixel_below_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
