/* The feed on label maps: sizes, and labels that are missing.  Images tell the place of
 * each pixel, and so do the labels. */
#include "polytree/train/feed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/train/augment.h"
#include "tests/unit/mean_loss.h"
#include "polytree/train/metric.h"
#include "tests/mpi/main.h"
#include "train/rescale.h"

enum {
    HEIGHT = 12,
    WIDTH = 16,
    PIXELS = HEIGHT * WIDTH,
    CHANNELS = 3,
    MOST = 20 * 27, /* pixels of the largest size that is asked for */
    BATCH = 4,
    N_TRAIN = 10,
    N_TEST = 3,
    N_TASK = 7
};

/*
 * task     kind            labels                     rows of train
 * parts    PIXELS classes  the pixel's number         all
 * depth                    1 + row + number / 100     3, 4, 8
 * normals                  (x, y, row) + 1            all
 * edges                    number % 3 == 0            all
 * salient  saliency        number / 2 % 2             odd
 * values   regression, 2   -row, number               all
 * kind     3 classes       row % 3                    all
 *
 * Every 7th pixel, beginning with the row's number, has no label, in any map.
 */
enum { PARTS, DEPTH, NORMALS, EDGES, SALIENT, VALUES, KIND };
static const char *const NAMES[N_TASK] = {"parts",   "depth",  "normals", "edges",
                                          "salient", "values", "kind"};
static const pt_task_kind_t KINDS[N_TASK] = {
    PT_TASK_SEGMENTATION, PT_TASK_DEPTH,      PT_TASK_NORMALS,       PT_TASK_EDGES,
    PT_TASK_SALIENCY,     PT_TASK_REGRESSION, PT_TASK_CLASSIFICATION};
static const int64_t DEPTH_ROWS[3] = {3, 4, 8}, ODD_ROWS[5] = {1, 3, 5, 7, 9};

static pt_config_t config;
static pt_comm_t *node;
static pt_dataset_t *dataset;
static char path[64];

static float image_of(int64_t row, int at, int channel)
{
    return channel == 0   ? (float)(at % WIDTH)
           : channel == 1 ? (float)(at / WIDTH)
                          : (float)(row + 1);
}

static int channels_of(int task)
{
    return task == NORMALS ? 3 : task == VALUES ? 2 : 1;
}

static bool is_float(int task)
{
    return task == DEPTH || task == NORMALS || task == VALUES;
}

static bool has_row(int task, int64_t row)
{
    return task == DEPTH ? row == 3 || row == 4 || row == 8
                         : task != SALIENT || row % 2 == 1;
}

/* Without a label: NaN, as a number. */
static double label_of(int task, int64_t row, int at, int channel)
{
    if (task == KIND)
        return (double)(row % 3);
    if (!has_row(task, row) || (at + row) % 7 == 0)
        return NAN;
    switch (task) {
    case PARTS:
        return at;
    case DEPTH:
        return 1.0 + (double)row + at / 100.0;
    case NORMALS:
        return 1.0 + (channel == 0 ? at % WIDTH : channel == 1 ? at / WIDTH : (double)row);
    case EDGES:
        return at % 3 == 0;
    case SALIENT:
        return at / 2 % 2;
    default:
        return channel == 0 ? -(double)row : at;
    }
}

static pt_status_t fill_row(void *context, pt_split_t split, int64_t row, void *image,
                            pt_label_t *const *label)
{
    (void)context, (void)split;
    for (int at = 0; at < PIXELS; at++)
        for (int c = 0; c < CHANNELS; c++)
            ((float *)image)[at * CHANNELS + c] = image_of(row, at, c);
    for (int t = 0; t < KIND; t++)
        for (int i = 0, n = channels_of(t); label[t] && i < PIXELS * n; i++) {
            double y = label_of(t, row, i / n, i % n);
            if (is_float(t))
                label[t][i].f = (float)y;
            else
                label[t][i].i = isnan(y) ? PT_LABEL_NONE : (int32_t)y;
        }
    return PT_OK;
}

static pt_task_rows_t rows_of(int task, int64_t n)
{
    static int32_t kinds[N_TRAIN];
    for (int i = 0; i < N_TRAIN; i++)
        kinds[i] = i % 3;
    if (task == DEPTH)
        return (pt_task_rows_t){.n = n == N_TRAIN ? 3 : 0, .index = DEPTH_ROWS};
    if (task == SALIENT)
        return (pt_task_rows_t){.n = n / 2, .index = ODD_ROWS};
    return (pt_task_rows_t){.n = n, .labels = task == KIND ? kinds : NULL};
}

static void write_data(void)
{
    pt_task_source_t tasks[N_TASK] = {0};
    pt_dataset_source_t source = {.height = HEIGHT,
                                  .width = WIDTH,
                                  .channels = CHANNELS,
                                  .is_float = true,
                                  .n = {N_TRAIN, 0, N_TEST},
                                  .fill = fill_row,
                                  .n_task = N_TASK,
                                  .task = tasks,
                                  .origin = "made by the test of the feed"};
    for (int t = 0; t < N_TASK; t++) {
        pt_task_info_t *info = &tasks[t].info;
        info->kind = KINDS[t];
        memcpy(info->name, NAMES[t], strlen(NAMES[t]));
        info->classes = t == PARTS ? PIXELS : t == KIND ? 3 : 1;
        info->has_ignore = !is_float(t) && t != KIND;
        info->ignore = -1;
        info->height = HEIGHT, info->width = WIDTH, info->channels = channels_of(t);
        tasks[t].rows[PT_SPLIT_TRAIN] = rows_of(t, N_TRAIN);
        tasks[t].rows[PT_SPLIT_TEST] = rows_of(t, N_TEST);
    }
    assert_int_equal(pt_dataset_write(path, &source), PT_OK);
}

static int open_data(void **state)
{
    (void)state;
    if (pt_comm_split_node(pt_comm_world(), &node) != PT_OK)
        return -1;
    name_path("feed-maps", path);
    if (pt_comm_rank(pt_comm_world()) == 0)
        write_data();
    return pt_comm_barrier(pt_comm_world()) == PT_OK &&
                   pt_dataset_open(path, "all", pt_comm_world(), node, false, &dataset) ==
                       PT_OK
               ? 0
               : -1;
}

static int close_data(void **state)
{
    (void)state;
    pt_dataset_close(dataset);
    if (pt_comm_barrier(pt_comm_world()) != PT_OK)
        return -1;
    if (pt_comm_rank(pt_comm_world()) == 0)
        unlink(path);
    pt_comm_free(node);
    return 0;
}

static int set_config(void **state)
{
    (void)state;
    memset(&config, 0, sizeof config);
    config.run.seed = 3;
    config.train.microbatch = BATCH;
    config.train.bundle = PT_BUNDLE_ALL;
    return 0;
}

static pt_feed_t *open_feed(int64_t size)
{
    pt_feed_t *feed = NULL;
    assert_int_equal(pt_feed_new(&config, dataset, size, &feed), PT_OK);
    return feed;
}

typedef struct filled {
    float input[BATCH * MOST * CHANNELS];
    pt_label_t label[N_TASK][BATCH * MOST * 3];
} filled_t;

static void fill(pt_feed_t *feed, const pt_draw_t *draw, filled_t *out)
{
    pt_label_t *label[N_TASK];
    memset(out, 0x55, sizeof *out);
    for (int t = 0; t < N_TASK; t++)
        label[t] = out->label[t];
    assert_int_equal(pt_feed_fill(feed, draw, out->input, label), PT_OK);
}

static void assert_label(int task, pt_label_t label, double y)
{
    if (!is_float(task))
        assert_int_equal(label.i, isnan(y) ? PT_LABEL_NONE : (int32_t)y);
    else
        assert_true(isnan(y) ? isnan(label.f) : label.f == (float)y);
}

/* As stored: every value of every row, in order and then padding without labels. */
static void maps_come_as_stored(void **state)
{
    (void)state;
    static filled_t filled;
    pt_feed_t *feed = open_feed(0);
    for (pt_draw_t draw = {0}; draw.first < N_TRAIN + BATCH; draw.first += BATCH) {
        fill(feed, &draw, &filled);
        for (int64_t i = 0; i < BATCH; i++)
            for (int t = 0; t < N_TASK; t++)
                for (int64_t j = 0, n = pt_feed_labels(feed, t); j < n; j++) {
                    int64_t row = draw.first + i, c = channels_of(t);
                    double y =
                        row < N_TRAIN ? label_of(t, row, (int)(j / c), (int)(j % c)) : NAN;
                    assert_label(t, filled.label[t][i * n + j], y);
                }
    }
    pt_feed_free(feed);
}

/* The shorter side as asked for, the other rounded; inputs as rescale_image() has them,
 * maps the stored pixel that the middle lies in, labels that are no map as they are. */
static void sizes_are_as_asked_for(void **state)
{
    (void)state;
    static filled_t plain, filled;
    static float expected[MOST * CHANNELS];
    const int64_t sizes[][3] = {{0, 12, 16}, {12, 12, 16}, {6, 6, 8},
                                {5, 5, 7},   {20, 20, 27}, {1, 1, 1}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const int64_t *size = sizes[s], in[2] = {HEIGHT, WIDTH};
        pt_feed_t *as_stored = open_feed(0), *feed = open_feed(size[0]);
        int64_t hwc[3], shape[3], n = size[1] * size[2];
        rescale_t r = {0};
        pt_feed_input(feed, hwc);
        pt_feed_shape(dataset, size[0], shape);
        assert_memory_equal(hwc, shape, sizeof hwc);
        assert_memory_equal(hwc, size + 1, 2 * sizeof *hwc);
        assert_int_equal(hwc[2], CHANNELS);
        assert_int_equal(rescale_init(in, hwc, CHANNELS, &r), PT_OK);
        pt_draw_t draw = {.first = 2, .is_shuffled = true};
        fill(as_stored, &draw, &plain);
        fill(feed, &draw, &filled);
        for (int i = 0; i < BATCH; i++) {
            const float *input = plain.input + i * PIXELS * CHANNELS;
            int64_t row = (int64_t)input[2] - 1;
            rescale_image(&r, input, expected);
            assert_memory_equal(filled.input + i * n * CHANNELS, expected,
                                (size_t)(n * CHANNELS) * sizeof *expected);
            for (int t = 0; t < N_TASK; t++) {
                int c = channels_of(t);
                int64_t count = t == KIND ? 1 : n * c;
                assert_int_equal(pt_feed_labels(feed, t), count);
                for (int64_t j = 0; j < count; j++) {
                    int64_t y = (2 * (j / c / hwc[1]) + 1) * HEIGHT / (2 * hwc[0]);
                    int64_t x = (2 * (j / c % hwc[1]) + 1) * WIDTH / (2 * hwc[1]);
                    assert_label(t, filled.label[t][i * count + j],
                                 label_of(t, row, (int)(y * WIDTH + x), (int)(j % c)));
                }
            }
        }
        rescale_release(&r);
        pt_feed_free(as_stored);
        pt_feed_free(feed);
    }
}

static void augment(void)
{
    config.augment.rotate = 25;
    config.augment.scale = 0.3;
    config.augment.shift = 0.1;
    config.augment.flip = PT_FLIP_BOTH;
    config.augment.crop = true;
}

/* Labels of one pixel of an augmented sample, all of them of the stored pixel `at`, or
 * none where that is -1. */
static void check_pixel(const filled_t *filled, int64_t i, const pt_warp_t *a, int64_t row,
                        int at)
{
    for (int t = 0; t < KIND; t++) {
        double y[3] = {NAN, NAN, NAN};
        int n = channels_of(t);
        for (int c = 0; at >= 0 && c < n; c++)
            y[c] = label_of(t, row, at, c);
        if (t == DEPTH)
            y[0] = (double)((float)y[0] / (float)a->zoom);
        if (t == NORMALS) {
            float x[2] = {(float)y[0], (float)y[1]};
            for (int c = 0; c < 2; c++)
                y[c] = (double)((float)a->turn[2 * c] * x[0] +
                                (float)a->turn[2 * c + 1] * x[1]);
        }
        for (int c = 0; c < n; c++)
            assert_label(t, filled->label[t][i * n + c], y[c]);
    }
}

/* Is a stored pixel away from the borders, where what shrinks is weighted unlike a ramp? */
static bool is_far_in(int at)
{
    int x = at % WIDTH, y = at / WIDTH;
    return x >= 2 && x <= WIDTH - 3 && y >= 2 && y <= HEIGHT - 3;
}

typedef struct tally {
    int64_t labelled, compared, outside;
} tally_t;

/* Pixel i of the augmented samples that are filled in, of the row `row`. */
static void compare_pixel(const filled_t *filled, int64_t i, const pt_warp_t *a,
                          int64_t row, double step, tally_t *tally)
{
    const float *pixel = filled->input + i * CHANNELS;
    /* From a pixel's middle to where the image is read, and to the stored middle. */
    const double near = step / 2 + (step == 1 ? 0 : 0.5) + 0.01;
    int at = filled->label[PARTS][i].i;
    if (at == PT_LABEL_NONE)
        at = -1;
    check_pixel(filled, i, a, row, at);
    tally->labelled += at >= 0;
    tally->outside += pixel[2] == 0;
    assert_true(pixel[2] != 0 || at < 0);
    if (at < 0 || (double)pixel[2] / (double)(row + 1) < 1 - 1e-5 ||
        (step > 1 && !is_far_in(at)))
        return;
    tally->compared++;
    assert_true(fabs((double)pixel[0] - at % WIDTH) < near);
    assert_true(fabs((double)pixel[1] - at / WIDTH) < near);
}

/* The image tells where each of its pixels was, `parts` where each of its labels was: the
 * same place, but for half a pixel of either size.  All other maps are of that place.  What
 * is outside has no label, nor what had none before. */
static void labels_move_with_the_image(void **state)
{
    (void)state;
    static filled_t plain, filled;
    const int64_t sizes[] = {0, 6, 20};
    augment();
    for (int s = 0; s < 3; s++) {
        pt_feed_t *feed = open_feed(sizes[s]);
        int64_t hwc[3];
        pt_feed_input(feed, hwc);
        const int64_t n = hwc[0] * hwc[1];
        const pt_rng_t rng = {.seed = 3, .purpose = PT_RNG_AUGMENT, .phase = 1};
        pt_draw_t draw = {.phase = 1, .is_shuffled = true};
        tally_t tally = {0};
        for (; draw.first < 40; draw.first += BATCH) {
            draw.is_augmented = false;
            fill(feed, &draw, &plain);
            draw.is_augmented = true;
            fill(feed, &draw, &filled);
            for (int64_t i = 0; i < BATCH; i++) {
                pt_warp_t a =
                    pt_warp_draw(&config, &rng, (uint64_t)(draw.first + i), hwc[0], hwc[1]);
                int64_t row = lrintf(plain.input[i * n * CHANNELS + 2]) - 1;
                assert_int_equal(filled.label[KIND][i].i, row % 3);
                for (int64_t j = i * n; j < (i + 1) * n; j++)
                    compare_pixel(&filled, j, &a, row, HEIGHT / (double)hwc[0], &tally);
            }
        }
        assert_true(tally.labelled > 20 * n);
        assert_true(tally.compared > 10 * n);
        assert_true(tally.outside > n);
        pt_feed_free(feed);
    }
}

/* Images alone may be sheared, and maps of classes and values; depth and normals not. */
static void shears_are_refused_with_depth(void **state)
{
    (void)state;
    const char *const tasks[] = {"parts edges salient values kind", "depth kind",
                                 "normals"};
    config.augment.shear = 5;
    for (int i = 0; i < 3; i++) {
        pt_dataset_t *some;
        pt_feed_t *feed = NULL;
        assert_int_equal(
            pt_dataset_open(path, tasks[i], pt_comm_world(), node, false, &some), PT_OK);
        pt_status_t status = pt_feed_new(&config, some, 0, &feed);
        assert_int_equal(status, i == 0 ? PT_OK : PT_E_CONFIG);
        if (i > 0)
            assert_non_null(strstr(pt_error_message(), i == 1 ? "task depth" : "normals"));
        pt_feed_free(feed);
        pt_dataset_close(some);
    }
}

enum { N_OUTPUT = BATCH * PIXELS * PIXELS };

/* Outputs that say nothing anywhere; where a label is missing: not a number, or `fill`. */
static void make_outputs(const pt_objective_t *o, const pt_label_t *label, float fill_in,
                         float *output)
{
    const int64_t n = (int64_t)BATCH * PIXELS;
    for (int64_t i = 0; i < n; i++) {
        bool is_none = true;
        for (int32_t c = 0; c < o->labels; c++)
            is_none &= pt_task_is_float(o->info) ? isnan(label[i * o->labels + c].f)
                                                 : label[i * o->labels + c].i < 0;
        for (int64_t j = i * o->outputs; j < (i + 1) * o->outputs; j++)
            output[j] = is_none ? fill_in : (float)sin(1.0 + (double)j);
    }
}

/* Labelled pixels with their outputs, moved together; their number. */
static int64_t drop_unlabelled(const pt_objective_t *o, pt_label_t *label, float *output)
{
    int64_t n = 0;
    for (int64_t i = 0; i < (int64_t)BATCH * PIXELS; i++) {
        if (isnan(output[i * o->outputs]))
            continue;
        memmove(label + n * o->labels, label + i * o->labels,
                (size_t)o->labels * sizeof *label);
        memmove(output + n * o->outputs, output + i * o->outputs,
                (size_t)o->outputs * sizeof *output);
        n++;
    }
    return n;
}

/* The metric of a microbatch of one task. */
static double metric_of(const pt_objective_t *o, const pt_label_t *label,
                        const float *output)
{
    const int64_t n = BATCH;
    pt_comm_t *alone;
    pt_metrics_t *m;
    assert_int_equal(
        pt_comm_split(pt_comm_world(), pt_comm_rank(pt_comm_world()), 0, &alone), PT_OK);
    assert_int_equal(pt_metrics_new(1, o, HEIGHT, WIDTH, &m), PT_OK);
    assert_int_equal(pt_metrics_begin(m, &n, PT_METRIC_EXACT), PT_OK);
    pt_metrics_add(m, 0, BATCH, output, label, NULL);
    assert_int_equal(pt_metrics_sum(m, alone, alone), PT_OK);
    double value = pt_metrics_value(m, 0, o->metric, NULL);
    pt_metrics_free(m);
    pt_comm_free(alone);
    return value;
}

/* One task's microbatch, of which `n_labelled` pixels have labels. */
static void check_missing(const pt_objective_t *o, int64_t n_labelled, pt_label_t *label)
{
    static float output[N_OUTPUT], other[N_OUTPUT], gradient[N_OUTPUT], packed[N_OUTPUT];
    const int64_t n = (int64_t)BATCH * PIXELS;
    int64_t n_zero = 0;
    make_outputs(o, label, NAN, output);
    make_outputs(o, label, 100, other);
    double loss = mean_loss(o, BATCH, HEIGHT, WIDTH, output, label, 1, gradient);
    assert_true(loss == mean_loss(o, BATCH, HEIGHT, WIDTH, other, label, 1, NULL));
    for (int64_t i = 0; i < n * o->outputs; i++) {
        assert_true(isfinite(gradient[i]));
        assert_true(!isnan(output[i]) || gradient[i] == 0);
        n_zero += gradient[i] == 0;
    }
    assert_true(n_zero >= (n - n_labelled) * o->outputs && n_zero < n * o->outputs);
    double value = metric_of(o, label, output);
    assert_true(isfinite(value) && value == metric_of(o, label, other));
    /* Without the pixels that have no label the mean is the same. */
    assert_int_equal(drop_unlabelled(o, label, output), n_labelled);
    assert_true(loss == mean_loss(o, 1, 1, n_labelled, output, label, 1, packed));
}

/* Rows 2 to 5, of which depth has two and saliency has two, and in all of them single
 * pixels without labels: what a network puts out there is in no loss, metric or gradient,
 * and the mean is over the rest.  Without labels there is neither loss nor metric. */
static void missing_labels_count_nowhere(void **state)
{
    (void)state;
    static filled_t filled, none;
    static float output[N_OUTPUT], gradient[N_OUTPUT];
    pt_feed_t *feed = open_feed(0);
    pt_draw_t draw = {.first = 2}, past = {.first = N_TRAIN};
    fill(feed, &draw, &filled);
    fill(feed, &past, &none);
    pt_config_init(&config);
    for (int t = 0; t < KIND; t++) {
        pt_objective_t o;
        int64_t n_labelled = 0;
        assert_int_equal(pt_objective_make(&config, pt_dataset_task(dataset, t), &o),
                         PT_OK);
        for (int64_t row = 2; row < 2 + BATCH; row++)
            for (int at = 0; at < PIXELS; at++)
                n_labelled += !isnan(label_of(t, row, at, 0));
        int64_t values = o.loss == PT_LOSS_COSINE ? 1 : o.labels;
        assert_int_equal(pt_loss_count(&o, BATCH, HEIGHT, WIDTH, filled.label[t]).labelled,
                         n_labelled * values);
        check_missing(&o, n_labelled, filled.label[t]);

        memset(gradient, 1, sizeof gradient);
        assert_true(
            isnan(mean_loss(&o, BATCH, HEIGHT, WIDTH, output, none.label[t], 1, gradient)));
        for (int64_t i = 0; i < (int64_t)BATCH * PIXELS * o.outputs; i++)
            assert_true(gradient[i] == 0);
        assert_true(isnan(metric_of(&o, none.label[t], output)));
    }
    pt_feed_free(feed);
}

/* Also where each sample has to be resized and mapped. */
static void filling_allocates_nothing(void **state)
{
    (void)state;
    static filled_t filled;
    augment();
    size_t before = pt_memory_bytes();
    pt_feed_t *feed = open_feed(6);
    uint64_t n_alloc = pt_memory_n_alloc();
    pt_draw_t draw = {.is_shuffled = true, .is_augmented = true};
    fill(feed, &draw, &filled);
    assert_int_equal(pt_memory_n_alloc(), n_alloc);
    assert_int_equal(pt_feed_bytes(feed), pt_memory_bytes() - before);
    pt_feed_free(feed);
    assert_int_equal(pt_memory_bytes(), before);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(maps_come_as_stored, set_config),
        cmocka_unit_test_setup(sizes_are_as_asked_for, set_config),
        cmocka_unit_test_setup(labels_move_with_the_image, set_config),
        cmocka_unit_test_setup(shears_are_refused_with_depth, set_config),
        cmocka_unit_test_setup(missing_labels_count_nowhere, set_config),
        cmocka_unit_test_setup(filling_allocates_nothing, set_config),
    };
    return run_on_ranks(argc, argv, tests, open_data, close_data);
}
