/* Painting one label or output as a little picture. */
#include "picture/tile.h"

#include <math.h>
#include <string.h>

static void paint(uint8_t *rgb, int red, int green, int blue)
{
    rgb[0] = (uint8_t)red;
    rgb[1] = (uint8_t)green;
    rgb[2] = (uint8_t)blue;
}

/* 0 to 1 as 0 to 255. */
static int byte_of(double x)
{
    return (int)lrint(255 * fmin(1, fmax(0, x)));
}

static void paint_grey(uint8_t *rgb, double x)
{
    int grey = byte_of(x);
    paint(rgb, grey, grey, grey);
}

static void paint_none(uint8_t *rgb, int64_t i, int64_t w)
{
    int grey = ((i / w) / 2 + (i % w) / 2) % 2 == 0 ? 150 : 200;
    paint(rgb, grey, grey, grey);
}

/* The map of the PASCAL VOC development kit: three bits of the class for each bit, from the
 * highest. */
void tile_class_color(int32_t class, uint8_t rgb[3])
{
    unsigned c = (unsigned)class;
    paint(rgb, 0, 0, 0);
    for (int bit = 7; bit >= 0; bit--, c >>= 3)
        for (int j = 0; j < 3; j++)
            rgb[j] = (uint8_t)(rgb[j] | ((c >> j) & 1) << bit);
}

/* Viridis of van der Walt and Smith (CC0), at tenths of nine. */
static void paint_scale(uint8_t *rgb, double x)
{
    static const uint8_t at[][3] = {
        {68, 1, 84},    {72, 40, 120},  {62, 74, 137},  {49, 104, 142}, {38, 130, 142},
        {31, 158, 137}, {53, 183, 121}, {109, 205, 89}, {180, 222, 44}, {253, 231, 37}};
    const int n = (int)(sizeof at / sizeof *at) - 1;
    double place = isnan(x) ? 0 : fmin(1, fmax(0, x)) * n;
    int i = place < n ? (int)place : n - 1;
    for (int j = 0; j < 3; j++)
        rgb[j] = (uint8_t)lrint(at[i][j] + (place - i) * (at[i + 1][j] - at[i][j]));
}

static void paint_in_range(uint8_t *rgb, tile_range_t range, double x)
{
    paint_scale(rgb,
                range.high > range.low ? (x - range.low) / (range.high - range.low) : 0.5);
}

static void paint_normal(uint8_t *rgb, const double n[3])
{
    double length = sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    for (int j = 0; j < 3; j++)
        rgb[j] = (uint8_t)byte_of(0.5 + 0.5 * (length > 0 ? n[j] / length : 0));
}

static double sigmoid(double z)
{
    return 1 / (1 + exp(-z));
}

/* The first of the largest outputs, as the metrics take it. */
static int32_t likeliest(const pt_real_t *output, int32_t n)
{
    int32_t best = 0;
    for (int32_t c = 1; c < n; c++)
        if (output[c] > output[best])
            best = c;
    return best;
}

static void paint_label(const pt_objective_t *o, tile_range_t range, const pt_label_t *y,
                        int64_t i, int64_t w, uint8_t *rgb)
{
    bool is_float = pt_task_is_float(o->info);
    bool is_none = is_float ? isnan(y->f) : y->i == PT_LABEL_NONE;
    if (is_none) {
        paint_none(rgb, i, w);
    } else if (o->info->kind == PT_TASK_NORMALS) {
        paint_normal(rgb, (double[]){(double)y[0].f, (double)y[1].f, (double)y[2].f});
    } else if (is_float) {
        paint_in_range(rgb, range, (double)y->f);
    } else if (o->info->kind == PT_TASK_SEGMENTATION) {
        tile_class_color(y->i, rgb);
    } else {
        paint_grey(rgb, y->i);
    }
}

static void paint_output(const pt_objective_t *o, tile_range_t range, const pt_real_t *z,
                         uint8_t *rgb)
{
    if (o->info->kind == PT_TASK_NORMALS)
        paint_normal(rgb, (double[]){(double)z[0], (double)z[1], (double)z[2]});
    else if (pt_task_is_float(o->info))
        paint_in_range(rgb, range, (double)z[0]);
    else if (o->info->kind == PT_TASK_SEGMENTATION)
        tile_class_color(likeliest(z, o->outputs), rgb);
    else
        paint_grey(rgb, sigmoid((double)z[0]));
}

/* How probable a class is by the label, NaN: not said. */
static double label_bar(const pt_objective_t *o, const void *label, int32_t class)
{
    const pt_label_t *y = label;
    if (o->info->kind == PT_TASK_MULTILABEL)
        return y[class].i == PT_LABEL_NONE ? (double)NAN : y[class].i;
    return y->i == PT_LABEL_NONE ? (double)NAN : y->i == class;
}

static double output_bar(const pt_objective_t *o, const void *output, int32_t class)
{
    const pt_real_t *z = output;
    double most = (double)z[likeliest(z, o->outputs)], sum = 0;
    if (o->info->kind == PT_TASK_MULTILABEL)
        return sigmoid((double)z[class]);
    for (int32_t c = 0; c < o->outputs; c++)
        sum += exp((double)z[c] - most);
    return exp((double)z[class] - most) / sum;
}

typedef double (*bar_t)(const pt_objective_t *o, const void *values, int32_t class);

/* Classes side by side; the highest of those that share a column of pixels. */
static void draw_bars(const pt_objective_t *o, int64_t h, int64_t w, bar_t bar,
                      const void *values, uint8_t *rgb)
{
    int64_t n = o->info->classes;
    for (int64_t x = 0; x < w; x++) {
        int32_t first = (int32_t)(x * n / w), end = (int32_t)((x + 1) * n / w);
        double most = bar(o, values, first);
        for (int32_t c = first + 1; c < end; c++)
            most = fmax(most, bar(o, values, c));
        int64_t height = isnan(most) ? 0 : llrint(most * (double)h);
        for (int64_t y = 0; y < h; y++) {
            uint8_t *pixel = rgb + 3 * (y * w + x);
            int grey = h - y <= height ? 60 : 235;
            if (isnan(most))
                paint_none(pixel, y * w + x, w);
            else
                paint(pixel, grey, grey, grey);
        }
    }
}

bool tile_can_draw(const pt_objective_t *o)
{
    return pt_task_is_map(o->info) || o->info->kind == PT_TASK_CLASSIFICATION ||
           o->info->kind == PT_TASK_MULTILABEL;
}

static void extend(tile_range_t *range, double x)
{
    if (isfinite(x)) {
        range->low = fmin(range->low, x);
        range->high = fmax(range->high, x);
    }
}

tile_range_t tile_range(const pt_objective_t *o, int64_t n_pixel, const pt_label_t *label,
                        const pt_real_t *output)
{
    tile_range_t range = {INFINITY, -INFINITY};
    if (!pt_task_is_float(o->info) || o->info->kind == PT_TASK_NORMALS)
        return (tile_range_t){0, 1};
    for (int64_t i = 0; i < n_pixel; i++)
        extend(&range, (double)label[i * o->labels].f);
    if (range.low <= range.high)
        return range;
    for (int64_t i = 0; i < n_pixel; i++)
        extend(&range, (double)output[i * o->outputs]);
    return range;
}

void tile_label(const pt_objective_t *o, int64_t h, int64_t w, tile_range_t range,
                const pt_label_t *label, uint8_t *rgb)
{
    if (!pt_task_is_map(o->info)) {
        draw_bars(o, h, w, label_bar, label, rgb);
        return;
    }
    for (int64_t i = 0; i < h * w; i++)
        paint_label(o, range, label + i * o->labels, i, w, rgb + 3 * i);
}

void tile_output(const pt_objective_t *o, int64_t h, int64_t w, tile_range_t range,
                 const pt_real_t *output, uint8_t *rgb)
{
    if (!pt_task_is_map(o->info)) {
        draw_bars(o, h, w, output_bar, output, rgb);
        return;
    }
    for (int64_t i = 0; i < h * w; i++)
        paint_output(o, range, output + i * o->outputs, rgb + 3 * i);
}

/* Value `i` as the file has it. */
static double own_value(int64_t c, const pt_standard_t *standard, const float *input,
                        int64_t i)
{
    double x = (double)input[i];
    return standard ? standard[i % c].mean + standard[i % c].deviation * x : x;
}

void tile_input(int64_t h, int64_t w, int64_t c, const pt_standard_t *standard,
                const float *input, uint8_t *rgb)
{
    tile_range_t seen = {0, 1};
    for (int64_t i = 0; i < h * w * c; i++)
        extend(&seen, own_value(c, standard, input, i));
    if (seen.low < 0 || seen.high > 1) {
        seen = (tile_range_t){INFINITY, -INFINITY};
        for (int64_t i = 0; i < h * w * c; i++)
            extend(&seen, own_value(c, standard, input, i));
    }
    for (int64_t i = 0; i < h * w; i++)
        for (int64_t j = 0; j < 3; j++) {
            double x = own_value(c, standard, input, i * c + (c == 3 ? j : 0));
            rgb[3 * i + j] = (uint8_t)byte_of((x - seen.low) / (seen.high - seen.low));
        }
}
