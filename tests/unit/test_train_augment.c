/* Warps on maps whose result is known, and the ranges of random draws. */
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

static const pt_rng_t RNG = {.seed = 5, .purpose = PT_RNG_AUGMENT, .phase = 2, .task = 3};

/* All options zero: the same bits, and the config says that nothing changes. */
static void zero_options_are_the_identity(void **state)
{
    (void)state;
    float src[N], dst[N];
    make_image(src, N);
    assert_false(pt_augment_is_on(&config));
    for (uint64_t d = 0; d < 10; d++) {
        pt_warp_t a = pt_warp_draw(&config, &RNG, d, H, W);
        memset(dst, 1, sizeof dst);
        pt_warp_apply(&a, H, W, C, src, dst);
        assert_memory_equal(src, dst, sizeof src);
    }
}

static void each_option_switches_it_on(void **state)
{
    (void)state;
    double *options[] = {&config.augment.rotate,  &config.augment.scale,
                         &config.augment.shear,   &config.augment.shift,
                         &config.augment.elastic, &config.augment.cutout};
    for (int i = 0; i < 6; i++) {
        *options[i] = 0.1;
        assert_true(pt_augment_is_on(&config));
        *options[i] = 0;
    }
    config.augment.flip = PT_FLIP_VERTICAL;
    assert_true(pt_augment_is_on(&config));
}

/* A square about any pixel is zeros, of all channels, and cut off at the border; the rest
 * and what else is drawn are as without. */
static void holes_are_squares_of_zeros(void **state)
{
    enum { SIDE = 3 }; /* 0.6 of five rows */
    (void)state;
    float src[N], dst[N];
    int seen[H * W] = {0}, n_hole = 0;
    make_image(src, N);
    config.augment.cutout = 0.6;
    for (uint64_t d = 0; d < 2000; d++) {
        pt_warp_t a = pt_warp_draw(&config, &RNG, d, H, W);
        int first_y = H, first_x = W, last_y = -1, last_x = -1, n = 0;
        pt_warp_apply(&a, H, W, C, src, dst);
        for (int i = 0; i < N; i++) {
            int y = i / C / W, x = i / C % W;
            if (dst[i] == src[i])
                continue;
            assert_true(dst[i] == 0);
            first_y = y < first_y ? y : first_y;
            first_x = x < first_x ? x : first_x;
            last_y = y > last_y ? y : last_y;
            last_x = x > last_x ? x : last_x;
            n++;
        }
        int h = last_y - first_y + 1, w = last_x - first_x + 1;
        assert_int_equal(n, h * w * C);
        assert_true(h == SIDE || (h == SIDE - 1 && (first_y == 0 || last_y == H - 1)));
        assert_true(w == SIDE || (w == SIDE - 1 && (first_x == 0 || last_x == W - 1)));
        int y = first_y == 0 && h < SIDE ? 0 : first_y + 1;
        int x = first_x == 0 && w < SIDE ? 0 : first_x + 1;
        seen[y * W + x]++;
        n_hole++;
    }
    /* Six standard errors about as many of each pixel. */
    for (int i = 0; i < H * W; i++)
        assert_true(fabs(seen[i] - n_hole / (double)(H * W)) <
                    6 * sqrt(n_hole / (double)(H * W)));
    config.augment.rotate = 30;
    pt_warp_t a = pt_warp_draw(&config, &RNG, 3, H, W), b = a;
    config.augment.cutout = 0;
    pt_warp_t without = pt_warp_draw(&config, &RNG, 3, H, W);
    assert_true(a.hole[0][1] > a.hole[0][0]);
    memset(b.hole, 0, sizeof b.hole);
    assert_memory_equal(b.m, without.m, sizeof b.m);
    assert_memory_equal(b.t, without.t, sizeof b.t);
    config.augment.cutout = 0.05; /* no pixel */
    config.augment.rotate = 0;
    a = pt_warp_draw(&config, &RNG, 3, H, W);
    pt_warp_apply(&a, H, W, C, src, dst);
    assert_memory_equal(src, dst, sizeof src);
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
                pt_warp_t a = {.m = {1, 0, 0, 1}, .t = {dx, dy}};
                pt_warp_apply(&a, H, W, c, src, dst);
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
    pt_warp_t a = {.m = {0, -1, 1, 0}};
    pt_warp_apply(&a, S, S, 1, src, dst);
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
        pt_warp_t a = {.m = {1, 0, 0, 1}, .flip_x = f & 1, .flip_y = f & 2};
        pt_warp_apply(&a, H, W, C, src, dst);
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
        pt_warp_t a = pt_warp_draw(&config, &RNG, d, S, S);
        pt_warp_apply(&a, S, S, 1, src, dst);
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

/* Numbers of the pixels of a map of h x w as it is stored. */
static void number_pixels(int64_t h, int64_t w, int32_t *row, int32_t *column)
{
    for (int64_t i = 0; i < h; i++)
        row[i] = (int32_t)(i * w);
    for (int64_t j = 0; j < w; j++)
        column[j] = (int32_t)j;
}

/* Shifts, flips and quarter turns: where the image has a pixel, the map has its label. */
static void maps_move_with_the_image(void **state)
{
    (void)state;
    enum { S = 6 };
    float src[S * S], dst[S * S];
    int32_t row[S], column[S], pixel[S * S];
    number_pixels(S, S, row, column);
    for (int i = 0; i < S * S; i++)
        src[i] = (float)(i + 1);
    for (int c = 0; c < 4 * 4 * 25; c++) {
        const double turns[4][4] = {
            {1, 0, 0, 1}, {0, -1, 1, 0}, {-1, 0, 0, -1}, {0, 1, -1, 0}};
        const double *m = turns[c % 4];
        pt_warp_t a = {.m = {m[0], m[1], m[2], m[3]},
                       .t = {c / 16 % 5 * 3 - 6, c / 16 / 5 * 3 - 6},
                       .flip_x = c / 4 & 1,
                       .flip_y = c / 8 & 1};
        pt_warp_apply(&a, S, S, 1, src, dst);
        pt_warp_pixels(&a, S, S, row, column, pixel);
        for (int i = 0; i < S * S; i++)
            assert_true(dst[i] == (float)(pixel[i] + 1));
    }
}

static void take_all_options(void)
{
    config.augment.rotate = 30;
    config.augment.scale = 0.3;
    config.augment.shear = 10;
    config.augment.shift = 0.1;
    config.augment.flip = PT_FLIP_BOTH;
    config.augment.crop = true;
    config.augment.elastic = 0.1;
}

/* An image of its own coordinates: the label is of the nearest pixel, and there is one
 * where all four neighbours exist. */
static void maps_read_the_nearest_pixel(void **state)
{
    (void)state;
    enum { S = 21, T = 13 };
    float src[S * T * 3], dst[S * T * 3];
    int32_t row[S], column[T], pixel[S * T];
    number_pixels(S, T, row, column);
    for (int i = 0; i < S * T; i++) {
        src[3 * i] = (float)(i % T);
        src[3 * i + 1] = (float)(i / T);
        src[3 * i + 2] = 1;
    }
    take_all_options();
    int n_inside = 0, n_outside = 0;
    for (uint64_t d = 0; d < 40; d++) {
        pt_warp_t a = pt_warp_draw(&config, &RNG, d, S, T);
        pt_warp_apply(&a, S, T, 3, src, dst);
        pt_warp_pixels(&a, S, T, row, column, pixel);
        for (int i = 0; i < S * T; i++) {
            const float *at = dst + 3 * i;
            /* Half of a pixel at the border is still on it, of a corner a quarter. */
            assert_true(pixel[i] >= 0 ? at[2] > 0.25f - 1e-5f : at[2] < 0.5f + 1e-5f);
            n_outside += pixel[i] < 0;
            if (at[2] < 1 - 1e-5f)
                continue;
            n_inside++;
            assert_true(fabs((double)at[0] - pixel[i] % T) < 0.5 + 1e-4);
            assert_true(fabs((double)at[1] - pixel[i] / T) < 0.5 + 1e-4);
        }
    }
    assert_true(n_inside > 40 * S * T / 3);
    assert_true(n_outside > 40 * S * T / 30);
}

static const pt_task_info_t NORMALS = {.kind = PT_TASK_NORMALS};

/* A dome about the image's middle looks the same from every side, so that at the new place
 * of each pixel its normal points away from the middle again, whatever has turned it. */
static void normals_turn_with_the_image(void **state)
{
    (void)state;
    enum { S = 21 };
    int32_t row[S], column[S], pixel[S * S];
    pt_label_t label[3 * S * S];
    number_pixels(S, S, row, column);
    config.augment.rotate = 180;
    config.augment.flip = PT_FLIP_BOTH;
    double most = 0;
    for (uint64_t d = 0; d < 40; d++) {
        pt_warp_t a = pt_warp_draw(&config, &RNG, d, S, S);
        pt_warp_pixels(&a, S, S, row, column, pixel);
        for (int i = 0; i < S * S; i++) {
            label[3 * i].f = pixel[i] < 0 ? NAN : (float)(pixel[i] % S - S / 2);
            label[3 * i + 1].f = pixel[i] < 0 ? NAN : (float)(pixel[i] / S - S / 2);
            label[3 * i + 2].f = pixel[i] < 0 ? NAN : 7;
        }
        pt_warp_labels(&a, &NORMALS, S * S, label);
        for (int i = 0; i < S * S; i++) {
            assert_true(!isnan(label[3 * i].f) == (pixel[i] >= 0));
            assert_true(!isnan(label[3 * i + 1].f) == (pixel[i] >= 0));
            if (pixel[i] < 0)
                continue;
            /* The nearest pixel is at most half a diagonal away. */
            double x = label[3 * i].f - (float)(i % S - S / 2);
            double y = label[3 * i + 1].f - (float)(i / S - S / 2);
            most = fmax(most, hypot(x, y));
            assert_true(label[3 * i + 2].f == 7);
        }
    }
    assert_true(most < sqrt(0.5) + 1e-5);
}

/* Zoom and shift leave normals alone, to the bit; depth and inverse depth go by zoom alone,
 * and the labels of other kinds are values. */
static void labels_follow_by_kind(void **state)
{
    (void)state;
    const float values[6] = {0.6f, -0.3f, 0.7f, NAN, NAN, NAN};
    config.augment.scale = 0.5;
    config.augment.shift = 0.2;
    config.augment.crop = true;
    for (uint64_t d = 0; d < 20; d++) {
        pt_warp_t a = pt_warp_draw(&config, &RNG, d, H, W);
        assert_true(fabs(a.zoom * a.m[0] - 1) < 1e-12 && a.zoom != 1);
        for (int kind = 0; kind <= PT_N_TASK_KIND; kind++) {
            bool is_inverse = kind == PT_N_TASK_KIND;
            pt_task_info_t info = {.kind =
                                       is_inverse ? PT_TASK_DEPTH : (pt_task_kind_t)kind,
                                   .is_inverse = is_inverse};
            pt_label_t label[6];
            memcpy(label, values, sizeof label);
            pt_warp_labels(&a, &info, kind == PT_TASK_NORMALS ? 2 : 6, label);
            for (int i = 0; i < 3; i++) {
                float y = values[i];
                if (info.kind == PT_TASK_DEPTH)
                    y = is_inverse ? y * (float)a.zoom : y / (float)a.zoom;
                assert_true(label[i].f == y);
            }
            for (int i = 3; i < 6; i++)
                assert_true(isnan(label[i].f));
        }
    }
}

/* A mirror negates the component along what it mirrors, exactly. */
static void flips_negate_a_component(void **state)
{
    (void)state;
    for (int f = 0; f < 4; f++) {
        config.augment.flip = (pt_flip_t)f;
        for (uint64_t d = 0; d < 20; d++) {
            pt_warp_t a = pt_warp_draw(&config, &RNG, d, H, W);
            pt_label_t label[3] = {{.f = 0.6f}, {.f = -0.3f}, {.f = 0.7f}};
            pt_warp_labels(&a, &NORMALS, 1, label);
            assert_true(label[0].f == (a.flip_x ? -0.6f : 0.6f));
            assert_true(label[1].f == (a.flip_y ? 0.3f : -0.3f));
            assert_true(label[2].f == 0.7f);
        }
    }
}

/* Only the place changes.  Zoomed in, the window's outermost pixels are on the image, and
 * reach its borders; zoomed out, the image is in the window, and reaches its. */
static void crops_place_the_window(void **state)
{
    (void)state;
    const double size[2] = {W, H};
    double reach[2][2][2] = {{{1, 1}, {1, 1}}, {{1, 1}, {1, 1}}};
    config.augment.scale = 0.5;
    for (uint64_t d = 0; d < 1000; d++) {
        config.augment.crop = false;
        pt_warp_t whole = pt_warp_draw(&config, &RNG, d, H, W);
        config.augment.crop = true;
        pt_warp_t a = pt_warp_draw(&config, &RNG, d, H, W);
        assert_memory_equal(a.m, whole.m, sizeof a.m);
        for (int axis = 0; axis < 2; axis++) {
            double half = 0.5 * (size[axis] - 1), r = 1 / a.zoom;
            bool is_out = r > 1;
            assert_true(whole.t[axis] == 0);
            /* How much is left over at the low and at the high end, of all there is. */
            double slack = fabs(half - half * r), low = half - half * r + a.t[axis];
            double high = half - half * r - a.t[axis];
            assert_true(is_out ? low < 1e-9 && high < 1e-9 : low > -1e-9 && high > -1e-9);
            reach[is_out][axis][0] = fmin(reach[is_out][axis][0], fabs(low) / slack);
            reach[is_out][axis][1] = fmin(reach[is_out][axis][1], fabs(high) / slack);
        }
    }
    for (int i = 0; i < 8; i++)
        assert_true(reach[i / 4][i / 2 % 2][i % 2] < 0.05);
}

/* Crop leaves the rest as it was, and takes no number that something else has taken. */
static void crops_change_no_other_draw(void **state)
{
    (void)state;
    take_all_options();
    config.augment.shift = 0;
    pt_warp_t first = pt_warp_draw(&config, &RNG, 0, H, W);
    double place = first.t[0] / (0.5 * (1 - 1 / first.zoom) * (W - 1));
    double angle = asin(first.m[2] * first.zoom) * 180 / 3.14159265358979323846;
    assert_true(fabs(place - angle / 30) > 1e-3);
    config.augment.shift = 0.1;
    for (uint64_t d = 0; d < 20; d++) {
        config.augment.crop = true;
        pt_warp_t a = pt_warp_draw(&config, &RNG, d, H, W);
        config.augment.crop = false;
        pt_warp_t b = pt_warp_draw(&config, &RNG, d, H, W);
        assert_true(a.t[0] != b.t[0] && a.t[1] != b.t[1]);
        a.t[0] = b.t[0], a.t[1] = b.t[1];
        assert_memory_equal(a.m, b.m, sizeof a.m);
        assert_memory_equal(a.turn, b.turn, sizeof a.turn);
        assert_true(a.flip_x == b.flip_x && a.flip_y == b.flip_y && a.zoom == b.zoom);
    }
}

/* Depth and normals follow neither a shear nor a bend; the message says what to change. */
static void what_no_label_follows_is_refused(void **state)
{
    (void)state;
    const struct {
        double *value;
        const char *name;
    } free[] = {{&config.augment.shear, "augment.shear"},
                {&config.augment.elastic, "augment.elastic"}};
    for (int kind = 0; kind < PT_N_TASK_KIND; kind++) {
        pt_task_info_t info = {.name = "it", .kind = (pt_task_kind_t)kind};
        bool is_rigid = kind == PT_TASK_DEPTH || kind == PT_TASK_NORMALS;
        for (int i = 0; i < 2; i++) {
            take_all_options();
            *free[1 - i].value = 0;
            assert_int_equal(pt_augment_check(&config, &info),
                             is_rigid ? PT_E_CONFIG : PT_OK);
            if (is_rigid)
                assert_non_null(strstr(pt_error_message(), free[i].name));
            *free[i].value = 0;
            assert_int_equal(pt_augment_check(&config, &info), PT_OK);
        }
    }
}

/* Splines add up to what their weights are, if these are linear: a bend that grows along
 * the rows and down the columns is a zoom and a shear. */
static void linear_bends_are_affine(void **state)
{
    (void)state;
    float src[N], bent[N], mapped[N];
    make_image(src, N);
    const double grow = 0.2, slant = 0.3, cell[2] = {W / 4.0, H / 4.0};
    pt_warp_t a = {.m = {0.8, 0.6, -0.6, 0.8}, .t = {0.3, -0.2}, .flip_x = true};
    pt_warp_t b = a;
    a.is_bent = true;
    for (int row = 0; row < PT_WARP_POINTS; row++)
        for (int column = 0; column < PT_WARP_POINTS; column++)
            a.bend[0][row][column] =
                -grow * (column - 3) * cell[0] + slant * (row - 3) * cell[1];
    const double bend[4] = {1 + grow, slant, 0, 1};
    for (int i = 0; i < 4; i++)
        b.m[i] = a.m[i / 2 * 2] * bend[i % 2] + a.m[i / 2 * 2 + 1] * bend[2 + i % 2];
    pt_warp_apply(&a, H, W, C, src, bent);
    pt_warp_apply(&b, H, W, C, src, mapped);
    for (int i = 0; i < N; i++)
        assert_true(fabs((double)bent[i] - (double)mapped[i]) < 1e-5);
}

/* A bend changes nothing else that is drawn; its vectors fill the range and no more, and
 * are another draw's never. */
static void bends_are_drawn_beside_the_rest(void **state)
{
    (void)state;
    take_all_options();
    config.augment.elastic = 0;
    pt_config_t bent = config;
    bent.augment.elastic = 0.1;
    double most[2] = {0, 0};
    for (uint64_t d = 0; d < 100; d++) {
        pt_warp_t a = pt_warp_draw(&config, &RNG, d, H, W);
        pt_warp_t b = pt_warp_draw(&bent, &RNG, d, H, W);
        pt_warp_t next = pt_warp_draw(&bent, &RNG, d + 1, H, W);
        for (int i = 0; i < 2 * PT_WARP_POINTS * PT_WARP_POINTS; i++) {
            const double *at = &b.bend[0][0][0] + i;
            int axis = i / (PT_WARP_POINTS * PT_WARP_POINTS);
            most[axis] = fmax(most[axis], fabs(*at));
            assert_true(*at != (&next.bend[0][0][0])[i]);
        }
        assert_true(b.is_bent && !a.is_bent);
        assert_memory_equal(a.m, b.m, sizeof a.m);
        assert_memory_equal(a.t, b.t, sizeof a.t);
        assert_true(a.flip_x == b.flip_x && a.flip_y == b.flip_y && a.zoom == b.zoom);
    }
    assert_true(most[0] <= 0.1 * W && most[0] > 0.099 * W);
    assert_true(most[1] <= 0.1 * H && most[1] > 0.099 * H);
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
        pt_warp_t a = pt_warp_draw(&config, &RNG, d, H, W);
        assert_true(fabs(a.m[0] * a.m[3] - a.m[1] * a.m[2] - 1) < 1e-12);
        assert_true(a.m[0] == a.m[3] && a.m[1] == -a.m[2]);
        angle = fmax(angle, fabs(atan2(a.m[2], a.m[0]) / degree));

        config.augment.rotate = 0;
        config.augment.scale = 0.1;
        a = pt_warp_draw(&config, &RNG, d, H, W);
        assert_true(a.m[0] == a.m[3] && a.m[1] == 0 && a.m[2] == 0);
        zoom = fmax(zoom, fabs(1 / a.m[0] - 1));

        config.augment.scale = 0;
        config.augment.shear = 5;
        a = pt_warp_draw(&config, &RNG, d, H, W);
        assert_true(a.m[0] == 1 && a.m[3] == 1 && a.m[2] == 0);
        slant = fmax(slant, fabs(atan(a.m[1]) / degree));

        config.augment.shear = 0;
        config.augment.shift = 0.5;
        a = pt_warp_draw(&config, &RNG, d, H, W);
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
            pt_warp_t a = pt_warp_draw(&config, &RNG, d, H, W);
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
    pt_warp_t a = pt_warp_draw(&config, &RNG, 7, H, W);
    (void)pt_warp_draw(&config, &RNG, 8, H, W);
    pt_warp_t again = pt_warp_draw(&config, &RNG, 7, H, W);
    assert_memory_equal(a.m, again.m, sizeof a.m);
    pt_rng_t other = RNG;
    other.seed++;
    assert_true(pt_warp_draw(&config, &other, 7, H, W).m[1] != a.m[1]);
    assert_true(pt_warp_draw(&config, &RNG, 8, H, W).m[1] != a.m[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(zero_options_are_the_identity, clear_config),
        cmocka_unit_test_setup(each_option_switches_it_on, clear_config),
        cmocka_unit_test_setup(holes_are_squares_of_zeros, clear_config),
        cmocka_unit_test_setup(whole_pixel_shifts_are_exact, clear_config),
        cmocka_unit_test_setup(quarter_turn_moves_pixels, clear_config),
        cmocka_unit_test_setup(flips_mirror, clear_config),
        cmocka_unit_test_setup(linear_ramps_stay_linear, clear_config),
        cmocka_unit_test_setup(maps_move_with_the_image, clear_config),
        cmocka_unit_test_setup(maps_read_the_nearest_pixel, clear_config),
        cmocka_unit_test_setup(normals_turn_with_the_image, clear_config),
        cmocka_unit_test_setup(labels_follow_by_kind, clear_config),
        cmocka_unit_test_setup(flips_negate_a_component, clear_config),
        cmocka_unit_test_setup(crops_place_the_window, clear_config),
        cmocka_unit_test_setup(crops_change_no_other_draw, clear_config),
        cmocka_unit_test_setup(what_no_label_follows_is_refused, clear_config),
        cmocka_unit_test_setup(linear_bends_are_affine, clear_config),
        cmocka_unit_test_setup(bends_are_drawn_beside_the_rest, clear_config),
        cmocka_unit_test_setup(draws_stay_in_range, clear_config),
        cmocka_unit_test_setup(flips_follow_the_option, clear_config),
        cmocka_unit_test_setup(draws_depend_on_key_and_index, clear_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
