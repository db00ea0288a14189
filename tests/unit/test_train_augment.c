/* Affine resampling on maps whose result is known, and the ranges of random draws. */
#include "polytree/train/augment.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { H = 5, W = 7, C = 2, N = H * W * C };

static pt_config_t config;

static int clear_config(void **state)
{
    (void)state;
    memset(&config, 0, sizeof config);
    return 0;
}

static void make_image(float *image, int n)
{
    for (int i = 0; i < n; i++)
        image[i] = (float)sin(1.0 + i);
}

static const pt_rng_t RNG = {.seed = 5, .purpose = PT_RNG_AUGMENT, .stage = 2, .task = 3};

/* All options zero: the same bits, and the config says that nothing changes. */
static void zero_options_are_the_identity(void **state)
{
    (void)state;
    float src[N], dst[N];
    make_image(src, N);
    assert_false(pt_augment_is_on(&config));
    for (uint64_t d = 0; d < 10; d++) {
        pt_affine_t a = pt_affine_draw(&config, &RNG, d, H, W);
        memset(dst, 1, sizeof dst);
        pt_affine_apply(&a, H, W, C, src, dst);
        assert_memory_equal(src, dst, sizeof src);
    }
}

static void each_option_switches_it_on(void **state)
{
    (void)state;
    double *options[] = {&config.augment.rotate, &config.augment.scale,
                         &config.augment.shear, &config.augment.shift};
    for (int i = 0; i < 4; i++) {
        *options[i] = 0.1;
        assert_true(pt_augment_is_on(&config));
        *options[i] = 0;
    }
    config.augment.flip = PT_FLIP_VERTICAL;
    assert_true(pt_augment_is_on(&config));
}

/* dst(y, x) = src(y + dy, x + dx) exactly, zero outside, for any number of channels. */
static void whole_pixel_shifts_are_exact(void **state)
{
    (void)state;
    float src[N], dst[N];
    make_image(src, N);
    for (int c = 1; c <= C; c++)
        for (int dy = -H; dy <= H; dy++)
            for (int dx = -W; dx <= W; dx++) {
                pt_affine_t a = {.m = {1, 0, 0, 1}, .t = {dx, dy}};
                pt_affine_apply(&a, H, W, c, src, dst);
                for (int i = 0; i < H * W * c; i++) {
                    int y = i / c / W + dy, x = i / c % W + dx;
                    bool inside = y >= 0 && y < H && x >= 0 && x < W;
                    assert_true(dst[i] == (inside ? src[(y * W + x) * c + i % c] : 0.0f));
                }
            }
}

/* A quarter turn of a square moves pixels onto pixels: dst(y, x) = src(x, n-1-y). */
static void quarter_turn_moves_pixels(void **state)
{
    (void)state;
    enum { S = 6 };
    float src[S * S], dst[S * S];
    make_image(src, S * S);
    pt_affine_t a = {.m = {0, -1, 1, 0}};
    pt_affine_apply(&a, S, S, 1, src, dst);
    for (int y = 0; y < S; y++)
        for (int x = 0; x < S; x++)
            assert_true(dst[y * S + x] == src[x * S + S - 1 - y]);
}

static void flips_mirror(void **state)
{
    (void)state;
    float src[N], dst[N];
    make_image(src, N);
    for (int f = 1; f < 4; f++) {
        pt_affine_t a = {.m = {1, 0, 0, 1}, .flip_x = f & 1, .flip_y = f & 2};
        pt_affine_apply(&a, H, W, C, src, dst);
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++) {
                int from = (f & 2 ? H - 1 - y : y) * W + (f & 1 ? W - 1 - x : x);
                assert_memory_equal(dst + (y * W + x) * C, src + from * C, C * sizeof *src);
            }
    }
}

/* Bilinear resampling reproduces a linear ramp wherever all four neighbours exist. */
static void linear_ramps_stay_linear(void **state)
{
    (void)state;
    enum { S = 21 };
    float src[S * S], dst[S * S];
    for (int i = 0; i < S * S; i++)
        src[i] = (float)(0.5 * (i % S) - 0.25 * (i / S));
    config.augment.rotate = 30;
    config.augment.scale = 0.2;
    config.augment.shear = 10;
    config.augment.shift = 0.1;
    int n_inside = 0;
    for (uint64_t d = 0; d < 20; d++) {
        pt_affine_t a = pt_affine_draw(&config, &RNG, d, S, S);
        pt_affine_apply(&a, S, S, 1, src, dst);
        for (int i = 0; i < S * S; i++) {
            double x = i % S - 10.0, y = i / S - 10.0;
            double at_x = a.m[0] * x + a.m[1] * y + a.t[0] + 10.0;
            double at_y = a.m[2] * x + a.m[3] * y + a.t[1] + 10.0;
            if (at_x < 0 || at_x > S - 1 || at_y < 0 || at_y > S - 1)
                continue;
            n_inside++;
            assert_true(fabs((double)dst[i] - (0.5 * at_x - 0.25 * at_y)) < 1e-5);
        }
    }
    assert_true(n_inside > 20 * S * S / 2);
}

/* Each option alone gives the map that it names, within its range and using most of it. */
static void draws_stay_in_range(void **state)
{
    (void)state;
    const double degree = 3.14159265358979323846 / 180;
    double angle = 0, zoom = 0, slant = 0, shift_x = 0, shift_y = 0;
    for (uint64_t d = 0; d < 500; d++) {
        memset(&config, 0, sizeof config);
        config.augment.rotate = 10;
        pt_affine_t a = pt_affine_draw(&config, &RNG, d, H, W);
        assert_true(fabs(a.m[0] * a.m[3] - a.m[1] * a.m[2] - 1) < 1e-12);
        assert_true(a.m[0] == a.m[3] && a.m[1] == -a.m[2]);
        angle = fmax(angle, fabs(atan2(a.m[2], a.m[0]) / degree));

        config.augment.rotate = 0;
        config.augment.scale = 0.1;
        a = pt_affine_draw(&config, &RNG, d, H, W);
        assert_true(a.m[0] == a.m[3] && a.m[1] == 0 && a.m[2] == 0);
        zoom = fmax(zoom, fabs(1 / a.m[0] - 1));

        config.augment.scale = 0;
        config.augment.shear = 5;
        a = pt_affine_draw(&config, &RNG, d, H, W);
        assert_true(a.m[0] == 1 && a.m[3] == 1 && a.m[2] == 0);
        slant = fmax(slant, fabs(atan(a.m[1]) / degree));

        config.augment.shear = 0;
        config.augment.shift = 0.5;
        a = pt_affine_draw(&config, &RNG, d, H, W);
        shift_x = fmax(shift_x, fabs(a.t[0]));
        shift_y = fmax(shift_y, fabs(a.t[1]));
    }
    assert_true(angle <= 10 + 1e-9 && angle > 9.5);
    assert_true(zoom <= 0.1 + 1e-12 && zoom > 0.095);
    assert_true(slant <= 5 + 1e-9 && slant > 4.75);
    assert_true(shift_x <= 0.5 * W && shift_x > 0.475 * W);
    assert_true(shift_y <= 0.5 * H && shift_y > 0.475 * H);
}

/* 400 fair coins lie within 140..260 but for a chance of 1e-9. */
static void flips_follow_the_option(void **state)
{
    (void)state;
    for (int f = 0; f < 4; f++) {
        config.augment.flip = (pt_flip_t)f;
        int n_x = 0, n_y = 0;
        for (uint64_t d = 0; d < 400; d++) {
            pt_affine_t a = pt_affine_draw(&config, &RNG, d, H, W);
            n_x += a.flip_x;
            n_y += a.flip_y;
        }
        if (f == PT_FLIP_HORIZONTAL || f == PT_FLIP_BOTH)
            assert_in_range(n_x, 140, 260);
        else
            assert_int_equal(n_x, 0);
        if (f == PT_FLIP_VERTICAL || f == PT_FLIP_BOTH)
            assert_in_range(n_y, 140, 260);
        else
            assert_int_equal(n_y, 0);
    }
}

/* A draw is a function of key and index alone, and each of them matters. */
static void draws_depend_on_key_and_index(void **state)
{
    (void)state;
    config.augment.rotate = 10;
    pt_affine_t a = pt_affine_draw(&config, &RNG, 7, H, W);
    (void)pt_affine_draw(&config, &RNG, 8, H, W);
    pt_affine_t again = pt_affine_draw(&config, &RNG, 7, H, W);
    assert_memory_equal(a.m, again.m, sizeof a.m);
    pt_rng_t other = RNG;
    other.seed++;
    assert_true(pt_affine_draw(&config, &other, 7, H, W).m[1] != a.m[1]);
    assert_true(pt_affine_draw(&config, &RNG, 8, H, W).m[1] != a.m[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(zero_options_are_the_identity, clear_config),
        cmocka_unit_test_setup(each_option_switches_it_on, clear_config),
        cmocka_unit_test_setup(whole_pixel_shifts_are_exact, clear_config),
        cmocka_unit_test_setup(quarter_turn_moves_pixels, clear_config),
        cmocka_unit_test_setup(flips_mirror, clear_config),
        cmocka_unit_test_setup(linear_ramps_stay_linear, clear_config),
        cmocka_unit_test_setup(draws_stay_in_range, clear_config),
        cmocka_unit_test_setup(flips_follow_the_option, clear_config),
        cmocka_unit_test_setup(draws_depend_on_key_and_index, clear_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
