/*
 * The drawn data set of shapes.
 *
 * One drawing: a figure (task `shape`) filled in one of four ways (task `fill`), turned by
 * any angle, with its centre in one of four quadrants (task `place`), on a noisy ground.
 * 4 x 4 points a pixel; IEEE operations only, so that a seed gives the same bytes anywhere.
 */
#include "polytree/io/import.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/base/rng.h"
#include "polytree/io/dataset.h"

enum { CIRCLE, SQUARE, TRIANGLE, CROSS, STAR, N_SHAPE };
enum { SOLID, OUTLINE, STRIPES, CHECKS, N_FILL };
enum { N_PLACE = 4, N_TASK = 3, GRID = 4, MAX_POINT = 12, MIN_SIZE = 16, MAX_SIZE = 256 };

static const char *const shape_name[] = {"circle", "square", "triangle", "cross", "star"};
static const char *const fill_name[] = {"solid", "outline", "stripes", "checks"};
static const char *const place_name[] = {"upper_left", "upper_right", "lower_left",
                                         "lower_right"};

typedef struct polygon {
    int n;
    double point[MAX_POINT][2];
} polygon_t;

/* Corners of the figures, all within the unit circle; the circle has none. */
static const polygon_t polygon[N_SHAPE] = {
    [SQUARE] = {4, {{-0.7, -0.7}, {0.7, -0.7}, {0.7, 0.7}, {-0.7, 0.7}}},
    [TRIANGLE] = {3, {{0, 1}, {-0.866, -0.5}, {0.866, -0.5}}},
    [CROSS] = {12,
               {{-0.3, -0.95},
                {0.3, -0.95},
                {0.3, -0.3},
                {0.95, -0.3},
                {0.95, 0.3},
                {0.3, 0.3},
                {0.3, 0.95},
                {-0.3, 0.95},
                {-0.3, 0.3},
                {-0.95, 0.3},
                {-0.95, -0.3},
                {-0.3, -0.3}}},
    [STAR] = {10,
              {{0, 1},
               {-0.247, 0.340},
               {-0.951, 0.309},
               {-0.400, -0.130},
               {-0.588, -0.809},
               {0, -0.42},
               {0.588, -0.809},
               {0.400, -0.130},
               {0.951, 0.309},
               {0.247, 0.340}}},
};

/* What one drawing shows. */
typedef struct figure {
    int32_t label[N_TASK];
    double centre[2], radius, turn[2]; /* turn: cosine and sine */
    double ink, paper;
} figure_t;

static bool is_inside(int32_t shape, double x, double y)
{
    const polygon_t *p = &polygon[shape];
    bool inside = false;
    if (shape == CIRCLE)
        return x * x + y * y < 0.81;
    for (int i = 0, j = p->n - 1; i < p->n; j = i++) {
        const double *a = p->point[i], *b = p->point[j];
        if ((a[1] > y) != (b[1] > y) &&
            x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0])
            inside = !inside;
    }
    return inside;
}

static bool is_odd(double x)
{
    return ((int64_t)floor(x) & 1) != 0;
}

/* Whether there is ink at a point in the figure's own coordinates. */
static bool is_inked(const figure_t *figure, double x, double y)
{
    if (!is_inside(figure->label[0], x, y))
        return false;
    switch (figure->label[1]) {
    case OUTLINE:
        return !is_inside(figure->label[0], x * 1.6, y * 1.6);
    case STRIPES:
        return is_odd(y * 2.5 + 0.5);
    case CHECKS:
        return is_odd(x * 2.2) != is_odd(y * 2.2);
    default:
        return true;
    }
}

static figure_t draw_figure(const pt_rng_t *rng, double size)
{
    static const int32_t n[N_TASK] = {N_SHAPE, N_FILL, N_PLACE};
    double u[3][4];
    figure_t figure;
    for (uint64_t i = 0; i < 3; i++)
        pt_rng_uniform4(rng, i, u[i]);
    for (int t = 0; t < N_TASK; t++)
        figure.label[t] = (int32_t)(u[0][t] * n[t]);
    figure.radius = size * (0.19 + 0.05 * u[0][3]);

    /* In its quadrant, wholly in the image, and clear of the middle. */
    for (int i = 0; i < 2; i++) {
        double from = figure.radius, to = size * 0.46;
        bool is_far = i == 0 ? figure.label[2] % 2 : figure.label[2] / 2;
        double at = from + (to - from) * u[1][i];
        figure.centre[i] = is_far ? size - at : at;
    }
    /* Rational points of the circle are all angles, without a library's cosine. */
    double t = 2.0 * u[1][2] - 1.0, sign = u[1][3] < 0.5 ? -1.0 : 1.0;
    figure.turn[0] = sign * (1.0 - t * t) / (1.0 + t * t);
    figure.turn[1] = sign * 2.0 * t / (1.0 + t * t);
    figure.paper = 0.05 + 0.25 * u[2][0];
    figure.ink = figure.paper + 0.3 + 0.35 * u[2][1];
    return figure;
}

/* Share of a pixel's points that have ink. */
static double coverage(const figure_t *figure, int64_t px, int64_t py)
{
    int n = 0;
    if (fabs((double)px - figure->centre[0]) > figure->radius + 1 ||
        fabs((double)py - figure->centre[1]) > figure->radius + 1)
        return 0;
    for (int i = 0; i < GRID * GRID; i++) {
        double dx = (double)px + (i % GRID + 0.5) / GRID - figure->centre[0];
        double dy = (double)py + (i / GRID + 0.5) / GRID - figure->centre[1];
        double x = (figure->turn[0] * dx + figure->turn[1] * dy) / figure->radius;
        double y = (figure->turn[0] * dy - figure->turn[1] * dx) / figure->radius;
        n += is_inked(figure, x, y);
    }
    return (double)n / (GRID * GRID);
}

static uint8_t to_byte(double v)
{
    return v <= 0 ? 0 : v >= 1 ? 255 : (uint8_t)floor(v * 255.0 + 0.5);
}

static void paint(const figure_t *figure, pt_rng_t rng, int64_t size, uint8_t *image)
{
    rng.task = 1;
    for (int64_t i = 0; i < size * size; i++) {
        double u[4];
        pt_rng_uniform4(&rng, (uint64_t)i, u);
        double noise = 0.12 * (u[0] + u[1] + u[2] + u[3] - 2.0);
        double ink = coverage(figure, i % size, i / size);
        image[i] = to_byte(figure->paper + (figure->ink - figure->paper) * ink + noise);
    }
}

static void draw_split(const pt_draw_shapes_t *options, pt_split_t split, int64_t n,
                       uint8_t *images, int32_t *labels)
{
    for (int64_t i = 0; i < n; i++) {
        pt_rng_t rng = {.seed = options->seed,
                        .purpose = PT_RNG_DRAW,
                        .phase = (uint8_t)split,
                        .step = (uint32_t)i};
        figure_t figure = draw_figure(&rng, (double)options->size);
        paint(&figure, rng, options->size, images + i * options->size * options->size);
        for (int t = 0; t < N_TASK; t++)
            labels[t * n + i] = figure.label[t];
    }
}

static pt_status_t check_options(const pt_draw_shapes_t *options)
{
    const int64_t n[PT_N_SPLIT] = {options->n_train, options->n_val, options->n_test};
    if (options->size < MIN_SIZE || options->size > MAX_SIZE)
        PT_FAIL(USAGE, "size is %lld, expected %d to %d", (long long)options->size,
                MIN_SIZE, MAX_SIZE);
    for (int s = 0; s < PT_N_SPLIT; s++)
        if (n[s] < (s == PT_SPLIT_TRAIN) || n[s] > INT32_MAX)
            PT_FAIL(USAGE, "%lld %s drawings, expected %d to %d", (long long)n[s],
                    pt_split_name((pt_split_t)s), s == PT_SPLIT_TRAIN, INT32_MAX);
    return PT_OK;
}

pt_status_t pt_draw_shapes(const char *out, const pt_draw_shapes_t *options)
{
    pt_status_t status = PT_OK;
    uint8_t *images[PT_N_SPLIT] = {NULL};
    int32_t *labels[PT_N_SPLIT] = {NULL};
    char origin[64];
    pt_task_source_t task[N_TASK] = {
        {.info = {.name = "shape", .classes = N_SHAPE}, .class_names = shape_name},
        {.info = {.name = "fill", .classes = N_FILL}, .class_names = fill_name},
        {.info = {.name = "place", .classes = N_PLACE}, .class_names = place_name}};
    pt_dataset_source_t source = {.height = options->size,
                                  .width = options->size,
                                  .channels = 1,
                                  .n = {options->n_train, options->n_val, options->n_test},
                                  .n_task = N_TASK,
                                  .task = task,
                                  .origin = origin};
    PT_TRY(check_options(options));
    snprintf(origin, sizeof origin, "polytree's drawn shapes, seed %llu",
             (unsigned long long)options->seed);
    for (int s = 0; s < PT_N_SPLIT; s++) {
        size_t n = (size_t)source.n[s], values = (size_t)(options->size * options->size);
        PT_TRY_OR(done, pt_alloc(&images[s], n, values));
        PT_TRY_OR(done, pt_alloc(&labels[s], n, N_TASK * sizeof(int32_t)));
        draw_split(options, (pt_split_t)s, source.n[s], images[s], labels[s]);
        source.images[s] = images[s];
        for (int t = 0; t < N_TASK; t++)
            task[t].rows[s] =
                (pt_task_rows_t){.n = source.n[s], .labels = labels[s] + (size_t)t * n};
    }
    PT_TRY_OR(done, pt_dataset_write(out, &source));
done:
    for (int s = 0; s < PT_N_SPLIT; s++) {
        pt_free(images[s]);
        pt_free(labels[s]);
    }
    return status;
}
