/* Importers: every sample arrives in its place, and a seed gives the same file anywhere. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>
#include <hdf5.h>
#include <png.h>

#include "io/image.h"
#include "polytree/base/memory.h"
#include "polytree/io/dataset.h"
#include "polytree/io/file.h"
#include "polytree/io/import.h"

enum { FULL = 105, SIZE = 15, N_DRAWER = 20, SIDE = 4, N_IDX = 60 };

static char root[64], out[96], again[96];

static const char *under(const char *name)
{
    static char path[4][192];
    static int next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", root, name);
    return p;
}

static void run(const char *format, ...) PT_PRINTF(1, 2);
static void run(const char *format, ...)
{
    char command[512];
    va_list list;
    va_start(list, format);
    vsnprintf(command, sizeof command, format, list);
    va_end(list);
    assert_int_equal(system(command), 0);
}

static int empty_root(void **state)
{
    (void)state;
    run("rm -rf '%s' && mkdir '%s'", root, root);
    return 0;
}

/* All of an array as 32-bit integers; the caller frees it. */
static int32_t *read_array(const char *path, const char *name, int64_t *n)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_true(file >= 0);
    hid_t array = H5Dopen2(file, name, H5P_DEFAULT), space = H5Dget_space(array);
    assert_true(array >= 0);
    *n = H5Sget_simple_extent_npoints(space);
    int32_t *data = malloc((size_t)*n * sizeof *data);
    assert_non_null(data);
    assert_true(H5Dread(array, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Sclose(space);
    H5Dclose(array);
    H5Fclose(file);
    return data;
}

static void assert_sound(const char *path)
{
    int32_t n_finding = -1;
    assert_int_equal(pt_dataset_check(path, stdout, &n_finding), PT_OK);
    assert_int_equal(n_finding, 0);
}

static bool same_bytes(const char *a, const char *b)
{
    char *text[2];
    size_t bytes[2];
    assert_int_equal(pt_file_read(a, &text[0], &bytes[0]), PT_OK);
    assert_int_equal(pt_file_read(b, &text[1], &bytes[1]), PT_OK);
    bool same = bytes[0] == bytes[1] && memcmp(text[0], text[1], bytes[0]) == 0;
    pt_free(text[0]);
    pt_free(text[1]);
    return same;
}

static void average_keeps_area(void **state)
{
    static uint8_t src[FULL * FULL], dst[256 * 256];
    (void)state;
    for (int i = 0; i < FULL * FULL; i++)
        src[i] = (uint8_t)(i * 7919 >> 3);
    pt_image_average(src, FULL, dst, FULL);
    assert_memory_equal(src, dst, sizeof src);
    /* 105 to 35 and to 2 by the definition, in double. */
    for (int to = 35; to > 0; to = to == 35 ? 2 : 0) {
        double step = (double)FULL / to;
        pt_image_average(src, FULL, dst, to);
        for (int o = 0; o < to * to; o++) {
            double sum = 0;
            for (int i = 0; i < FULL * FULL; i++) {
                double y = fmin(i / FULL + 1, (o / to + 1) * step) -
                           fmax(i / FULL, (o / to) * step);
                double x = fmin(i % FULL + 1, (o % to + 1) * step) -
                           fmax(i % FULL, (o % to) * step);
                sum += x > 0 && y > 0 ? x * y * src[i] : 0;
            }
            assert_true(fabs(dst[o] - sum / (step * step)) <= 0.5 + 1e-9);
        }
    }
    memset(src, 200, sizeof src);
    for (int to = 1; to <= 256; to += 17) {
        pt_image_average(src, FULL, dst, to);
        for (int i = 0; i < to * to; i++)
            assert_int_equal(dst[i], 200);
    }
}

/* Ink on `level` full rows of the drawing, so that its mean says which one it is. */
static void write_drawing(const char *folder, int id, int drawer, int level)
{
    static uint8_t pixels[FULL * FULL];
    char path[256];
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = FULL,
                       .height = FULL,
                       .format = PNG_FORMAT_GRAY};
    memset(pixels, 255, sizeof pixels);
    memset(pixels, 0, (size_t)level * FULL);
    snprintf(path, sizeof path, "%s/%04d_%02d.png", folder, id, drawer);
    assert_true(png_image_write_to_file(&image, path, 0, pixels, 0, NULL));
}

/* Two alphabets of two characters; drawer d of character c of all four: row c * 20 + d. */
static void write_alphabets(const char *first, const char *second)
{
    const char *parent[2] = {first, second};
    static const char *const alphabet[2] = {"Zulu", "Alpha"};
    for (int c = 0; c < 4; c++) {
        char folder[224];
        snprintf(folder, sizeof folder, "%s/%s/character%02d", parent[c / 2],
                 alphabet[c / 2], c % 2 + 1);
        assert_int_equal(pt_folder_make(folder), PT_OK);
        for (int d = 1; d <= N_DRAWER; d++)
            write_drawing(folder, c + 1, d, c * N_DRAWER + d);
    }
}

static const pt_import_omniglot_t two = {.size = SIZE, .tasks = "Zulu,Alpha"};

/* The drawing's number back from its pixels. */
static int level_of(const int32_t *image)
{
    int64_t sum = 0;
    for (int i = 0; i < SIZE * SIZE; i++)
        sum += image[i];
    return (int)((sum * FULL + SIZE * SIZE * 255 / 2) / (SIZE * SIZE * 255));
}

static void omniglot_goes_by_drawer(void **state)
{
    static const int drawers[3][10] = {
        {1, 2, 3, 4, 5, 6, 12, 13, 14, 16}, {7, 9, 11, 20}, {8, 10, 15, 17, 18, 19}};
    static const int n_drawer[3] = {10, 4, 6};
    (void)state;
    write_alphabets(under("src"), under("src"));
    assert_int_equal(pt_import_omniglot(under("src"), out, &two), PT_OK);
    assert_sound(out);
    for (int s = 0; s < 3; s++) {
        char name[64];
        int64_t n, n_label;
        snprintf(name, sizeof name, "%s/images", pt_split_name((pt_split_t)s));
        int32_t *images = read_array(out, name, &n);
        assert_int_equal(n, 4 * n_drawer[s] * SIZE * SIZE);
        for (int i = 0; i < 4 * n_drawer[s]; i++)
            assert_int_equal(level_of(images + i * SIZE * SIZE),
                             i / n_drawer[s] * N_DRAWER + drawers[s][i % n_drawer[s]]);
        free(images);
        for (int t = 0; t < 2; t++) {
            snprintf(name, sizeof name, "%s/tasks/%s/labels", pt_split_name((pt_split_t)s),
                     t == 0 ? "Zulu" : "Alpha");
            int32_t *label = read_array(out, name, &n_label);
            memcpy(strrchr(name, '/'), "/index", 7);
            int32_t *index = read_array(out, name, &n);
            assert_int_equal(n, 2 * n_drawer[s]);
            assert_int_equal(n_label, n);
            for (int i = 0; i < n; i++) {
                assert_int_equal(label[i], i / n_drawer[s]);
                assert_int_equal(index[i], t * n + i);
            }
            free(label);
            free(index);
        }
    }
}

/* Folder, upstream's pair of folders, tar, tar.gz and a folder of one are the same data. */
static void omniglot_layouts_agree(void **state)
{
    (void)state;
    write_alphabets(under("src"), under("src"));
    write_alphabets(under("pair/images_background"), under("pair/images_evaluation"));
    run("tar -C '%s' -cf '%s/a.tar' src && gzip -k '%s/a.tar'", root, root, root);
    assert_int_equal(pt_import_omniglot(under("src"), out, &two), PT_OK);
    run("cd '%s' && mkdir packed && cp a.tar.gz packed && touch packed/README", root);
    static const char *const other[] = {"pair", "a.tar", "a.tar.gz", "packed"};
    for (int i = 0; i < 4; i++) {
        if (pt_import_omniglot(under(other[i]), again, &two) != PT_OK)
            fail_msg("%s", pt_error_message());
        assert_true(same_bytes(out, again));
    }
    /* Without a list: by name. */
    pt_import_omniglot_t all = {.size = SIZE, .tasks = "all"},
                         named = {.size = SIZE, .tasks = "Alpha Zulu"};
    assert_int_equal(pt_import_omniglot(under("src"), out, &all), PT_OK);
    assert_int_equal(pt_import_omniglot(under("src"), again, &named), PT_OK);
    assert_true(same_bytes(out, again));
}

/* Each character has 10, 4 and 6 drawings, all different; another seed, other ones. */
static void omniglot_shuffles_by_seed(void **state)
{
    pt_import_omniglot_t options = two;
    int seen[2][81] = {{0}};
    (void)state;
    options.shuffled = true;
    write_alphabets(under("src"), under("src"));
    for (int k = 0; k < 2; k++) {
        options.seed = (uint64_t)k;
        assert_int_equal(pt_import_omniglot(under("src"), out, &options), PT_OK);
        assert_int_equal(pt_import_omniglot(under("src"), again, &options), PT_OK);
        assert_true(same_bytes(out, again));
        for (int s = 0; s < 3; s++) {
            static const int each[3] = {10, 4, 6};
            char name[64];
            int64_t n;
            snprintf(name, sizeof name, "%s/images", pt_split_name((pt_split_t)s));
            int32_t *images = read_array(out, name, &n);
            for (int i = 0; i < 4 * each[s]; i++) {
                int level = level_of(images + i * SIZE * SIZE);
                assert_int_equal((level - 1) / N_DRAWER, i / each[s]);
                assert_int_equal(seen[k][level], 0);
                seen[k][level] = s + 1;
            }
            free(images);
        }
    }
    assert_memory_not_equal(seen[0], seen[1], sizeof seen[0]);
}

static void broken_omniglot_is_refused(void **state)
{
    pt_import_omniglot_t options = two;
    (void)state;
    assert_int_equal(pt_import_omniglot(under("none"), out, &two), PT_E_IO);
    write_alphabets(under("src"), under("src"));
    run("tar -C '%s' -cf '%s/a.tar' src && head -c 40000 '%s/a.tar' >'%s/cut.tar' && gzip "
        "-k '%s/cut.tar'",
        root, root, root, root, root);
    assert_int_equal(pt_import_omniglot(under("cut.tar"), out, &two), PT_E_FORMAT);
    assert_int_equal(pt_import_omniglot(under("cut.tar.gz"), out, &two), PT_E_FORMAT);
    run("cd '%s' && mkdir more && cp a.tar more/1.tar && cp a.tar more/2.tar", root);
    assert_int_equal(pt_import_omniglot(under("more"), out, &two), PT_E_FORMAT);
    assert_non_null(strstr(pt_error_message(), "2 archives (*.tar, *.tar.gz, *.tgz)"));
    options.tasks = "Zulu,Beta";
    assert_int_equal(pt_import_omniglot(under("src"), out, &options), PT_E_FORMAT);
    assert_non_null(strstr(pt_error_message(), "no drawings of alphabet 'Beta'"));
    options = two;
    options.size = 0;
    assert_int_equal(pt_import_omniglot(under("src"), out, &options), PT_E_USAGE);

    run("cd '%s' && mv src/Zulu/character01/0001_07.png .", root);
    assert_int_equal(pt_import_omniglot(under("src"), out, &two), PT_E_FORMAT);
    assert_non_null(strstr(pt_error_message(), "Zulu/character01: expected one drawing"));
    run("cd '%s' && head -c 60 0001_07.png >src/Zulu/character01/0001_07.png", root);
    assert_int_equal(pt_import_omniglot(under("src"), out, &two), PT_E_FORMAT);
    assert_non_null(strstr(pt_error_message(), "0001_07.png: not a readable PNG"));
    assert_int_equal(access(out, F_OK), -1);
}

static int32_t count_rows(const char *path, const char *task, pt_split_t split,
                          int32_t *classes, int32_t *rows_of)
{
    char name[128];
    int64_t n;
    snprintf(name, sizeof name, "%s/tasks/%s/labels", pt_split_name(split), task);
    int32_t *label = read_array(path, name, &n);
    *classes = 0;
    memset(rows_of, 0, 64 * sizeof *rows_of);
    for (int64_t i = 0; i < n; i++) {
        *classes = label[i] + 1 > *classes ? label[i] + 1 : *classes;
        rows_of[label[i]]++;
    }
    free(label);
    return (int32_t)n;
}

/* The real drawings: 13,360 of them, the classes of the 20 tasks, 10/4/6 of each. */
static void all_of_omniglot_arrives(void **state)
{
    static const struct {
        const char *name;
        int32_t classes;
    } table[20] = {
        {"Gujarati", 48},
        {"Sylheti", 28},
        {"Arcadian", 26},
        {"Tibetan", 42},
        {"Old_Church_Slavonic_(Cyrillic)", 45},
        {"Angelic", 20},
        {"Malay_(Jawi_-_Arabic)", 40},
        {"Sanskrit", 42},
        {"Cyrillic", 33},
        {"Anglo-Saxon_Futhorc", 29},
        {"Syriac_(Estrangelo)", 23},
        {"Ge_ez", 26},
        {"Japanese_(katakana)", 47},
        {"Keble", 26},
        {"Manipuri", 40},
        {"Alphabet_of_the_Magi", 20},
        {"Gurmukhi", 45},
        {"Korean", 40},
        {"Early_Aramaic", 22},
        {"Atemayar_Qelisayer", 26},
    };
    static const int32_t each[3] = {10, 4, 6};
    const pt_import_omniglot_t options = {.size = 5};
    const char *data = getenv("POLYTREE_TEST_DATA");
    char src[512];
    int32_t total = 0, rows_of[64];
    (void)state;
    snprintf(src, sizeof src, "%s/omniglot20/omniglot20.tar.gz",
             data ? data : "../shared/data");
    if (access(src, R_OK)) {
        print_message("no %s: set POLYTREE_TEST_DATA\n", src);
        skip();
    }
    assert_int_equal(pt_import_omniglot(src, out, &options), PT_OK);
    assert_sound(out);
    for (int t = 0; t < 20; t++)
        for (int s = 0; s < 3; s++) {
            int32_t classes;
            total += count_rows(out, table[t].name, (pt_split_t)s, &classes, rows_of);
            assert_int_equal(classes, table[t].classes);
            for (int c = 0; c < classes; c++)
                assert_int_equal(rows_of[c], each[s]);
        }
    assert_int_equal(total, 13360);
}

/* Sample i of the train file: all pixels i + 1, label i % 10; of the test file 200 - i. */
static void write_idx(bool is_zipped)
{
    for (int p = 0; p < 2; p++)
        for (int k = 0; k < 2; k++) {
            char name[64];
            snprintf(name, sizeof name, "%s-%s-ubyte%s", p ? "t10k" : "train",
                     k ? "labels-idx1" : "images-idx3", is_zipped ? ".gz" : "");
            gzFile file = gzopen(under(name), is_zipped ? "wb" : "wbT");
            const uint8_t head[16] = {
                0, 0, 8,   (uint8_t)(k ? 1 : 3), 0, 0, 0, N_IDX, 0, 0, 0, SIDE, 0,
                0, 0, SIDE};
            assert_int_equal(gzwrite(file, head, k ? 8 : 16), k ? 8 : 16);
            for (int i = 0; i < N_IDX; i++)
                for (int j = 0; j < (k ? 1 : SIDE * SIDE); j++)
                    assert_int_not_equal(gzputc(file, k   ? i % 10
                                                      : p ? 200 - i
                                                          : i + 1),
                                         -1);
            assert_int_equal(gzclose(file), Z_OK);
        }
}

static void idx_samples_keep_their_labels(void **state)
{
    const pt_import_idx_t options = {.n_val = 10, .n_train = 30, .seed = 5};
    static const int64_t n_expected[3] = {30, 10, N_IDX};
    int seen[N_IDX + 1] = {0};
    (void)state;
    write_idx(false);
    assert_int_equal(pt_import_idx(root, out, &options), PT_OK);
    assert_sound(out);
    for (int s = 0; s < 3; s++) {
        int64_t n, n_label;
        char name[64];
        snprintf(name, sizeof name, "%s/images", pt_split_name((pt_split_t)s));
        int32_t *image = read_array(out, name, &n);
        snprintf(name, sizeof name, "%s/tasks/class/labels", pt_split_name((pt_split_t)s));
        int32_t *label = read_array(out, name, &n_label);
        assert_int_equal(n_label, n_expected[s]);
        assert_int_equal(n, n_label * SIDE * SIDE);
        for (int i = 0; i < n_label; i++) {
            int row = image[i * SIDE * SIDE] - 1;
            row = s == 2 ? 199 - row : row;
            assert_int_equal(label[i], row % 10);
            assert_true(s == 2 || seen[row]++ == 0);
        }
        free(image);
        free(label);
    }
    run("rm '%s'/*ubyte", root);
    write_idx(true);
    assert_int_equal(pt_import_idx(root, again, &options), PT_OK);
    assert_true(same_bytes(out, again));
}

/* The one at the upper left and the one at the lower right are two different samples,
 * overlaid by their maximum, with their labels; val's samples are not train's. */
static void idx_pairs_are_overlaid(void **state)
{
    enum { BIG = 6 };
    const pt_import_idx_t options = {
        .pair = true, .size = BIG, .n_val = 10, .n_train = 150, .n_test = 20, .seed = 9};
    static const int n_expected[3] = {150, 10, 20};
    int used[3][N_IDX] = {{0}};
    (void)state;
    write_idx(true);
    assert_int_equal(pt_import_idx(root, out, &options), PT_OK);
    assert_int_equal(pt_import_idx(root, again, &options), PT_OK);
    assert_sound(out);
    assert_true(same_bytes(out, again));
    for (int s = 0; s < 3; s++) {
        int64_t n, n_label;
        char name[64];
        snprintf(name, sizeof name, "%s/images", pt_split_name((pt_split_t)s));
        int32_t *image = read_array(out, name, &n), *label[2];
        for (int t = 0; t < 2; t++) {
            snprintf(name, sizeof name, "%s/tasks/%s/labels", pt_split_name((pt_split_t)s),
                     t ? "right" : "left");
            label[t] = read_array(out, name, &n_label);
            assert_int_equal(n_label, n_expected[s]);
        }
        for (int i = 0; i < n_label; i++) {
            const int32_t *im = image + i * BIG * BIG;
            int32_t a = im[0], b = im[BIG * BIG - 1], most = a > b ? a : b;
            int row[2] = {s == 2 ? 200 - a : a - 1, s == 2 ? 200 - b : b - 1};
            assert_int_not_equal(a, b);
            for (int y = 0; y < BIG; y++)
                for (int x = 0; x < BIG; x++) {
                    bool in_a = x < SIDE && y < SIDE;
                    bool in_b = x >= BIG - SIDE && y >= BIG - SIDE;
                    assert_int_equal(im[y * BIG + x], in_a && in_b ? most
                                                      : in_a       ? a
                                                      : in_b       ? b
                                                                   : 0);
                }
            for (int t = 0; t < 2; t++) {
                assert_int_equal(label[t][i], row[t] % 10);
                used[s][row[t]]++;
            }
        }
        free(image);
        free(label[0]);
        free(label[1]);
    }
    for (int i = 0; i < N_IDX; i++) {
        assert_false(used[PT_SPLIT_TRAIN][i] && used[PT_SPLIT_VAL][i]);
        assert_true(used[PT_SPLIT_TRAIN][i] == 0 || used[PT_SPLIT_TRAIN][i] >= 3);
    }
}

static void broken_idx_is_refused(void **state)
{
    const pt_import_idx_t options = {.n_val = 10};
    static const uint8_t huge[] = {0, 0, 8, 3, 255, 255, 255, 255, 0, 0, 4, 0, 0, 0, 4, 0};
    const pt_import_idx_t greedy[] = {{.n_val = N_IDX},
                                      {.n_train = N_IDX + 1},
                                      {.n_test = N_IDX + 1},
                                      {.n_val = -1},
                                      {.pair = true, .size = SIDE - 1}};
    (void)state;
    assert_int_equal(pt_import_idx(root, out, &options), PT_E_IO);
    write_idx(false);
    for (size_t i = 0; i < sizeof greedy / sizeof greedy[0]; i++)
        assert_int_equal(pt_import_idx(root, out, &greedy[i]), PT_E_USAGE);
    assert_int_equal(pt_file_cut(under("train-images-idx3-ubyte"), 500), PT_OK);
    assert_int_equal(pt_import_idx(root, out, &options), PT_E_FORMAT);
    assert_non_null(strstr(pt_error_message(), "ends early"));
    assert_int_equal(
        pt_file_write(under("train-images-idx3-ubyte"), (const char *)huge, sizeof huge),
        PT_OK);
    assert_int_equal(pt_import_idx(root, out, &options), PT_E_FORMAT);
    assert_non_null(strstr(pt_error_message(), "too small"));
    assert_int_equal(pt_file_write(under("train-images-idx3-ubyte"), "GIF89a", 6), PT_OK);
    assert_int_equal(pt_import_idx(root, out, &options), PT_E_FORMAT);
    assert_non_null(strstr(pt_error_message(), "expected 00000803"));
    assert_int_equal(access(out, F_OK), -1);
}

/* A seed names the drawings; `place` is where the ink is; all classes occur. */
static void shapes_show_what_labels_say(void **state)
{
    enum { S = 24, N = 400 };
    pt_draw_shapes_t options = {.size = S, .n_train = N, .n_test = 10, .seed = 3};
    static const int32_t classes[3] = {5, 4, 4};
    static const char *const task[3] = {"shape", "fill", "place"};
    int64_t n;
    (void)state;
    assert_int_equal(pt_draw_shapes(out, &options), PT_OK);
    assert_int_equal(pt_draw_shapes(again, &options), PT_OK);
    assert_true(same_bytes(out, again));
    assert_sound(out);
    for (int t = 0; t < 3; t++) {
        int32_t rows_of[64], found;
        assert_int_equal(count_rows(out, task[t], PT_SPLIT_TRAIN, &found, rows_of), N);
        assert_int_equal(found, classes[t]);
        /* 5 standard deviations of a count of N draws. */
        double p = 1.0 / classes[t];
        for (int c = 0; c < classes[t]; c++)
            assert_true(fabs(rows_of[c] - N * p) < 5 * sqrt(N * p * (1 - p)));
    }
    int32_t *image = read_array(out, "train/images", &n);
    int32_t *place = read_array(out, "train/tasks/place/labels", &n);
    int n_right = 0;
    for (int i = 0; i < N; i++) {
        int64_t sum[4] = {0};
        int best = 0;
        for (int j = 0; j < S * S; j++)
            sum[(j / S >= S / 2) * 2 + (j % S >= S / 2)] += image[i * S * S + j];
        for (int q = 1; q < 4; q++)
            best = sum[q] > sum[best] ? q : best;
        n_right += best == place[i];
    }
    assert_true(n_right > N * 0.95);
    free(image);
    free(place);
    options.seed = 4;
    assert_int_equal(pt_draw_shapes(again, &options), PT_OK);
    assert_false(same_bytes(out, again));
    options.size = 2;
    assert_int_equal(pt_draw_shapes(again, &options), PT_E_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(average_keeps_area),
        cmocka_unit_test_setup(omniglot_goes_by_drawer, empty_root),
        cmocka_unit_test_setup(omniglot_layouts_agree, empty_root),
        cmocka_unit_test_setup(omniglot_shuffles_by_seed, empty_root),
        cmocka_unit_test_setup(broken_omniglot_is_refused, empty_root),
        cmocka_unit_test_setup(all_of_omniglot_arrives, empty_root),
        cmocka_unit_test_setup(idx_samples_keep_their_labels, empty_root),
        cmocka_unit_test_setup(idx_pairs_are_overlaid, empty_root),
        cmocka_unit_test_setup(broken_idx_is_refused, empty_root),
        cmocka_unit_test_setup(shapes_show_what_labels_say, empty_root),
    };
    snprintf(root, sizeof root, "/tmp/polytree-test-import-%ld", (long)getpid());
    snprintf(out, sizeof out, "%s/out.h5", root);
    snprintf(again, sizeof again, "%s/again.h5", root);
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    run("rm -rf '%s'", root);
    return n_failed || pt_memory_bytes() != 0; /* all that was taken was given back */
}
