/* Omniglot: every drawing arrives in its place, and a seed gives the same file anywhere. */
#include <math.h>
#include <png.h>

#include "import_files.h"
#include "io/image.h"

enum { FULL = 105, SIZE = 15, N_DRAWER = 20 };

static void average_keeps_area(void **state)
{
    static uint8_t src[FULL * FULL], dst[256 * 256];
    (void)state;
    for (int i = 0; i < FULL * FULL; i++)
        src[i] = (uint8_t)(i * 7919 >> 3);
    assert_int_equal(pt_image_average(src, FULL, FULL, 1, dst, FULL, FULL), PT_OK);
    assert_memory_equal(src, dst, sizeof src);
    /* 105 to 35 and to 2 by the definition, in double. */
    for (int to = 35; to > 0; to = to == 35 ? 2 : 0) {
        double step = (double)FULL / to;
        assert_int_equal(pt_image_average(src, FULL, FULL, 1, dst, to, to), PT_OK);
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
        assert_int_equal(pt_image_average(src, FULL, FULL, 1, dst, to, to), PT_OK);
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
        snprintf(name, sizeof name, "%s/group", pt_split_name((pt_split_t)s));
        int32_t *group = read_array(out, name, &n);
        assert_int_equal(n, 4 * n_drawer[s]);
        for (int i = 0; i < n; i++)
            assert_int_equal(group[i], drawers[s][i % n_drawer[s]]);
        free(group);
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

/* Tasks of two characters, and three where one is left over: every drawing in the split it
 * has in the uncut alphabet, labels from 0, no drawing twice. */
static void omniglot_is_cut_by_character(void **state)
{
    pt_import_omniglot_t options = two;
    int64_t n;
    (void)state;
    options.shuffled = true;
    options.seed = 3;
    write_alphabets(under("src"), under("src"));
    for (int c = 2; c < 5; c++) {
        char folder[224];
        snprintf(folder, sizeof folder, "%s/src/Zulu/character%02d", root, c + 1);
        assert_int_equal(pt_folder_make(folder), PT_OK);
        for (int d = 1; d <= N_DRAWER; d++)
            write_drawing(folder, c + 1, d, c * N_DRAWER + d);
    }
    assert_int_equal(pt_import_omniglot(under("src"), again, &options), PT_OK);
    options.characters = 2;
    assert_int_equal(pt_import_omniglot(under("src"), out, &options), PT_OK);
    assert_sound(out);
    for (int s = 0; s < 3; s++) {
        static const char *const task[3] = {"Zulu_01", "Zulu_02", "Alpha_01"};
        static const int classes[3] = {2, 3, 2}, each[3] = {10, 4, 6};
        char name[64];
        snprintf(name, sizeof name, "%s/images", pt_split_name((pt_split_t)s));
        int32_t *cut = read_array(out, name, &n), *whole = read_array(again, name, &n);
        assert_memory_equal(cut, whole, (size_t)n * sizeof *cut);
        free(whole);
        free(cut);
        for (int t = 0, row = 0; t < 3; t++) {
            snprintf(name, sizeof name, "%s/tasks/%s/labels", pt_split_name((pt_split_t)s),
                     task[t]);
            int32_t *label = read_array(out, name, &n);
            memcpy(strrchr(name, '/'), "/index", 7);
            int32_t *index = read_array(out, name, &n);
            assert_int_equal(n, classes[t] * each[s]);
            for (int i = 0; i < n; i++) {
                assert_int_equal(label[i], i / each[s]);
                assert_int_equal(index[i], row++);
            }
            free(index);
            free(label);
        }
    }
    options.characters = 6; /* more than there are: one task all the same */
    assert_int_equal(pt_import_omniglot(under("src"), out, &options), PT_OK);
    free(read_array(out, "test/tasks/Alpha_01/labels", &n));
    assert_int_equal(n, 2 * 6);
    options.characters = 1;
    assert_int_equal(pt_import_omniglot(under("src"), out, &options), PT_E_USAGE);
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
    assert_non_null(
        strstr(pt_error_message(), "2 archives (*.tar, *.tar.gz, *.zip and so on)"));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(average_keeps_area),
        cmocka_unit_test_setup(omniglot_goes_by_drawer, empty_root),
        cmocka_unit_test_setup(omniglot_layouts_agree, empty_root),
        cmocka_unit_test_setup(omniglot_shuffles_by_seed, empty_root),
        cmocka_unit_test_setup(omniglot_is_cut_by_character, empty_root),
        cmocka_unit_test_setup(broken_omniglot_is_refused, empty_root),
        cmocka_unit_test_setup(all_of_omniglot_arrives, empty_root),
    };
    return run_in_root(tests, sizeof tests / sizeof tests[0]);
}
