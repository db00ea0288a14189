/* Importers: every sample arrives in its place, and a seed gives the same file anywhere. */
#include <math.h>
#include <zlib.h>

#include "import_files.h"

enum { SIDE = 4, N_IDX = 60 };

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

/* Pairs of two groups have no sample in common; a group is of one split. */
static void idx_pairs_of_groups_share_nothing(void **state)
{
    enum { BIG = 2 * SIDE, N_GROUP = 4 };
    pt_import_idx_t options = {
        .pair = true, .size = BIG, .n_group = N_GROUP, .n_val = 10, .n_train = 300};
    (void)state;
    write_idx(true);
    assert_int_equal(pt_import_idx(root, out, &options), PT_OK);
    assert_sound(out);
    for (int s = 0; s < 3; s++) {
        int64_t n, n_pair;
        int32_t of_sample[256], n_of[N_GROUP] = {0};
        char name[64];
        snprintf(name, sizeof name, "%s/images", pt_split_name((pt_split_t)s));
        int32_t *image = read_array(out, name, &n);
        snprintf(name, sizeof name, "%s/group", pt_split_name((pt_split_t)s));
        int32_t *group = read_array(out, name, &n_pair);
        assert_int_equal(n, n_pair * BIG * BIG);
        for (int i = 0; i < 256; i++)
            of_sample[i] = -1;
        for (int64_t i = 0; i < n_pair; i++) {
            const int32_t *im = image + i * BIG * BIG;
            const int32_t sample[2] = {im[0], im[BIG * BIG - 1]};
            assert_int_equal(group[i] / N_GROUP, s);
            n_of[group[i] % N_GROUP]++;
            assert_int_not_equal(sample[0], sample[1]);
            for (int t = 0; t < 2; t++) {
                int32_t *known = &of_sample[sample[t]];
                assert_true(*known < 0 || *known == group[i]);
                *known = group[i];
            }
        }
        for (int g = 0; g < N_GROUP; g++)
            assert_true(n_of[g] > 0);
        free(image);
        free(group);
    }
    options.n_group = 6;
    assert_int_equal(pt_import_idx(root, out, &options), PT_E_USAGE);
    assert_non_null(
        strstr(pt_error_message(), "6 groups of samples, of which a split has 10"));
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
        cmocka_unit_test_setup(idx_samples_keep_their_labels, empty_root),
        cmocka_unit_test_setup(idx_pairs_are_overlaid, empty_root),
        cmocka_unit_test_setup(idx_pairs_of_groups_share_nothing, empty_root),
        cmocka_unit_test_setup(broken_idx_is_refused, empty_root),
        cmocka_unit_test_setup(shapes_show_what_labels_say, empty_root),
    };
    return run_in_root(tests, sizeof tests / sizeof tests[0]);
}
