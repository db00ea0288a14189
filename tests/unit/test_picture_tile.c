/* Labels and outputs have the colours that the header says, for every kind of task. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "picture/tile.h"

static pt_task_info_t info;

static pt_objective_t objective(pt_task_kind_t kind, int32_t classes, int64_t side)
{
    bool is_softmax = kind == PT_TASK_SEGMENTATION || kind == PT_TASK_CLASSIFICATION;
    info = (pt_task_info_t){
        .kind = kind, .classes = classes, .height = side, .width = side, .channels = 1};
    return (pt_objective_t){
        .info = &info, .outputs = classes, .labels = is_softmax ? 1 : classes};
}

static void assert_color(const uint8_t *rgb, int64_t i, int red, int green, int blue)
{
    assert_int_equal(rgb[3 * i], red);
    assert_int_equal(rgb[3 * i + 1], green);
    assert_int_equal(rgb[3 * i + 2], blue);
}

/* Chequered greys that no label has side by side. */
static void assert_none(const uint8_t *rgb, int64_t i)
{
    assert_true(rgb[3 * i] == 150 || rgb[3 * i] == 200);
    assert_color(rgb, i, rgb[3 * i], rgb[3 * i], rgb[3 * i]);
}

/* As in the development kit of PASCAL VOC. */
static void classes_have_the_colours_of_voc(void **state)
{
    static const uint8_t known[][4] = {
        {0, 0, 0, 0},  {1, 128, 0, 0},      {2, 0, 128, 0},      {3, 128, 128, 0},
        {8, 64, 0, 0}, {15, 192, 128, 128}, {255, 224, 224, 192}};
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint8_t rgb[3];
        tile_class_color(known[i][0], rgb);
        assert_color(rgb, 0, known[i][1], known[i][2], known[i][3]);
    }
}

static void segmentation(void **state)
{
    pt_objective_t o = objective(PT_TASK_SEGMENTATION, 3, 2);
    const pt_label_t label[] = {{.i = 0}, {.i = 2}, {.i = PT_LABEL_NONE}, {.i = 1}};
    const pt_real_t output[] = {3, 1, 2, 0, 5, 5, -1, -2, -1, 0, 0, 7};
    uint8_t rgb[12];
    (void)state;
    tile_range_t range = tile_range(&o, 4, label, output);
    tile_label(&o, 2, 2, range, label, rgb);
    assert_color(rgb, 0, 0, 0, 0);
    assert_color(rgb, 1, 0, 128, 0);
    assert_none(rgb, 2);
    assert_color(rgb, 3, 128, 0, 0);
    tile_output(&o, 2, 2, range, output, rgb);
    assert_color(rgb, 0, 0, 0, 0);
    assert_color(rgb, 1, 128, 0, 0); /* the first of the largest */
    assert_color(rgb, 2, 0, 0, 0);
    assert_color(rgb, 3, 0, 128, 0);
}

/* The scale is that of the labels; outputs beyond it have its end's colour. */
static void depth(void **state)
{
    pt_objective_t o = objective(PT_TASK_DEPTH, 1, 2);
    const pt_label_t label[] = {{.f = 2}, {.f = 6}, {.f = NAN}, {.f = 4}};
    const pt_label_t none[] = {{.f = NAN}, {.f = NAN}, {.f = NAN}, {.f = NAN}};
    const pt_real_t output[] = {6, 100, -5, 2};
    uint8_t rgb[12], other[12];
    (void)state;
    tile_range_t range = tile_range(&o, 4, label, output);
    tile_label(&o, 2, 2, range, label, rgb);
    assert_color(rgb, 0, 68, 1, 84);
    assert_color(rgb, 1, 253, 231, 37);
    assert_none(rgb, 2);
    assert_color(rgb, 3, 34, 144, 140); /* viridis has 33, 145, 140 */
    tile_output(&o, 2, 2, range, output, rgb);
    assert_color(rgb, 0, 253, 231, 37);
    assert_color(rgb, 1, 253, 231, 37);
    assert_color(rgb, 2, 68, 1, 84);
    assert_color(rgb, 3, 68, 1, 84);
    /* Without labels the outputs are drawn on their own scale. */
    range = tile_range(&o, 4, none, output);
    tile_output(&o, 2, 2, range, output, other);
    assert_color(other, 1, 253, 231, 37);
    assert_color(other, 2, 68, 1, 84);
    assert_true(other[0] != 253 && other[0] != 68);
    /* One value alone has one colour on both sides. */
    range = tile_range(&o, 1, label, output);
    tile_label(&o, 1, 1, range, label, rgb);
    assert_color(rgb, 0, 34, 144, 140);
}

static void normals(void **state)
{
    pt_objective_t o = objective(PT_TASK_NORMALS, 3, 2);
    const pt_label_t label[] = {{.f = 1},   {.f = 0}, {.f = 0},   {.f = 0},
                                {.f = -1},  {.f = 0}, {.f = NAN}, {.f = NAN},
                                {.f = NAN}, {.f = 0}, {.f = 0},   {.f = 2}};
    const pt_real_t output[] = {9, 0, 0, 0, -0.1f, 0, 0, 0, 0, 0, 3, -3};
    uint8_t rgb[12];
    (void)state;
    tile_range_t range = tile_range(&o, 4, label, output);
    tile_label(&o, 2, 2, range, label, rgb);
    assert_color(rgb, 0, 255, 128, 128);
    assert_color(rgb, 1, 128, 0, 128);
    assert_none(rgb, 2);
    assert_color(rgb, 3, 128, 128, 255);
    tile_output(&o, 2, 2, range, output, rgb);
    assert_color(rgb, 0, 255, 128, 128);
    assert_color(rgb, 1, 128, 0, 128);
    assert_color(rgb, 2, 128, 128, 128); /* no direction at all */
    assert_color(rgb, 3, 128, 218, 37);  /* 127.5 (1 +- sqrt(1/2)) */
}

static void edges(void **state)
{
    pt_objective_t o = objective(PT_TASK_EDGES, 1, 2);
    const pt_label_t label[] = {{.i = 0}, {.i = 1}, {.i = PT_LABEL_NONE}, {.i = 1}};
    const pt_real_t output[] = {-100, 100, 0, 1};
    uint8_t rgb[12];
    (void)state;
    tile_range_t range = tile_range(&o, 4, label, output);
    tile_label(&o, 2, 2, range, label, rgb);
    assert_color(rgb, 0, 0, 0, 0);
    assert_color(rgb, 1, 255, 255, 255);
    assert_none(rgb, 2);
    tile_output(&o, 2, 2, range, output, rgb);
    assert_color(rgb, 0, 0, 0, 0);
    assert_color(rgb, 1, 255, 255, 255);
    assert_color(rgb, 2, 128, 128, 128);
    assert_color(rgb, 3, 186, 186, 186); /* 255 / (1 + exp(-1)) = 186.4 */
}

/* Pixels of column x that are bar, of `h`. */
static int bar_height(const uint8_t *rgb, int64_t h, int64_t w, int64_t x)
{
    int n = 0;
    for (int64_t y = 0; y < h; y++)
        n += rgb[3 * (y * w + x)] == 60;
    return n;
}

static void bars(void **state)
{
    enum { H = 20, W = 8 };
    pt_objective_t o = objective(PT_TASK_CLASSIFICATION, 4, 1);
    const pt_label_t label = {.i = 2}, none = {.i = PT_LABEL_NONE};
    const pt_real_t output[] = {0, logf(3), -90, -90};
    uint8_t rgb[3 * H * W];
    (void)state;
    assert_true(tile_can_draw(&o));
    tile_label(&o, H, W, (tile_range_t){0, 1}, &label, rgb);
    for (int64_t x = 0; x < W; x++)
        assert_int_equal(bar_height(rgb, H, W, x), x / 2 == 2 ? H : 0);
    tile_output(&o, H, W, (tile_range_t){0, 1}, output, rgb);
    for (int64_t x = 0; x < W; x++)
        assert_int_equal(bar_height(rgb, H, W, x), x / 2 == 0 ? 5 : x / 2 == 1 ? 15 : 0);
    tile_label(&o, H, W, (tile_range_t){0, 1}, &none, rgb);
    assert_none(rgb, 17);
    /* More classes than pixels: each column shows the highest of its own. */
    o = objective(PT_TASK_CLASSIFICATION, 4 * W, 1);
    for (int32_t c = 0; c < 4 * W; c++) {
        const pt_label_t one = {.i = c};
        tile_label(&o, H, W, (tile_range_t){0, 1}, &one, rgb);
        for (int64_t x = 0; x < W; x++)
            assert_int_equal(bar_height(rgb, H, W, x), x == c / 4 ? H : 0);
    }
    /* Of several labels each has its own: yes, no, unknown, yes. */
    o = objective(PT_TASK_MULTILABEL, 4, 1);
    const pt_label_t several[] = {{.i = 1}, {.i = 0}, {.i = PT_LABEL_NONE}, {.i = 1}};
    const pt_real_t z[] = {100, 0, -100, 0};
    tile_label(&o, H, W, (tile_range_t){0, 1}, several, rgb);
    assert_int_equal(bar_height(rgb, H, W, 0), H);
    assert_int_equal(bar_height(rgb, H, W, 3), 0);
    assert_none(rgb, 4);
    assert_int_equal(bar_height(rgb, H, W, 7), H);
    tile_output(&o, H, W, (tile_range_t){0, 1}, z, rgb);
    assert_int_equal(bar_height(rgb, H, W, 1), H);
    assert_int_equal(bar_height(rgb, H, W, 2), H / 2);
    assert_int_equal(bar_height(rgb, H, W, 5), 0);
}

static void inputs(void **state)
{
    const float grey[] = {0, 1, 0.2f, 0.6f}, color[] = {0, 0.2f, 1, 1, 0.4f, 0};
    const float wide[] = {-3, 1, -1, 5}, two[] = {1, 0, 0, 1};
    uint8_t rgb[12];
    (void)state;
    tile_input(2, 2, 1, NULL, grey, rgb);
    assert_color(rgb, 0, 0, 0, 0);
    assert_color(rgb, 1, 255, 255, 255);
    assert_color(rgb, 2, 51, 51, 51);
    tile_input(1, 2, 3, NULL, color, rgb);
    assert_color(rgb, 0, 0, 51, 255);
    assert_color(rgb, 1, 255, 102, 0);
    tile_input(2, 2, 1, NULL, wide, rgb);
    assert_color(rgb, 0, 0, 0, 0);
    assert_color(rgb, 1, 128, 128, 128);
    assert_color(rgb, 3, 255, 255, 255);
    tile_input(1, 2, 2, NULL, two, rgb);
    assert_color(rgb, 0, 255, 255, 255);
    assert_color(rgb, 1, 0, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_have_the_colours_of_voc),
        cmocka_unit_test(segmentation),
        cmocka_unit_test(depth),
        cmocka_unit_test(normals),
        cmocka_unit_test(edges),
        cmocka_unit_test(bars),
        cmocka_unit_test(inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
