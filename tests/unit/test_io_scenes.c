/* Rendered scenes: their labels agree with each other as those of solid bodies must. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "polytree/base/memory.h"
#include "polytree/io/dataset.h"
#include "polytree/io/import.h"

enum { SIZE = 48, PIXELS = SIZE * SIZE, N = 40 };
enum { PARTS, DEPTH, NORMALS, EDGES, SALIENCY, N_TASK };
enum { FIRST_BODY = 3 }; /* parts below it are the room's */

static char path[64];
static pt_label_t label[N_TASK][3 * PIXELS];

static pt_dataset_t *render(uint64_t seed)
{
    const pt_draw_scenes_t options = {SIZE, N, 0, 3, seed};
    pt_dataset_t *dataset = NULL;
    if (pt_draw_scenes(path, &options) != PT_OK ||
        pt_dataset_open(path, "all", pt_comm_world(), pt_comm_world(), false, &dataset) !=
            PT_OK)
        fail_msg("%s", pt_error_message());
    return dataset;
}

static void read_scene(pt_dataset_t *dataset, int64_t row)
{
    for (int32_t t = 0; t < N_TASK; t++)
        assert_int_equal(
            pt_dataset_read_labels(dataset, PT_SPLIT_TRAIN, t, &row, 1, label[t]), PT_OK);
}

/* The point that a pixel shows, in the camera's frame: a field of view of 2 atan 0.7. */
static void point_of(int i, double p[3])
{
    double depth = (double)label[DEPTH][i].f;
    p[0] = depth * 0.7 * ((2.0 * (i % SIZE) + 1) / SIZE - 1);
    p[1] = depth * 0.7 * ((2.0 * (i / SIZE) + 1) / SIZE - 1);
    p[2] = depth;
}

/* On planes, spheres and cylinders the chord between two points is at right angles to the
 * sum of their normals. */
static bool may_be_one_surface(int i, int j)
{
    double a[3], b[3], across = 0, length = 0;
    point_of(i, a);
    point_of(j, b);
    for (int c = 0; c < 3; c++) {
        double chord = a[c] - b[c];
        across +=
            chord * (double)(label[NORMALS][3 * i + c].f + label[NORMALS][3 * j + c].f);
        length += chord * chord;
    }
    return fabs(across) < 1e-5 * (1 + sqrt(length)) &&
           label[PARTS][i].i == label[PARTS][j].i;
}

static int list_neighbours(int i, int out[4])
{
    int n = 0;
    if (i % SIZE > 0)
        out[n++] = i - 1;
    if (i % SIZE < SIZE - 1)
        out[n++] = i + 1;
    if (i >= SIZE)
        out[n++] = i - SIZE;
    if (i < PIXELS - SIZE)
        out[n++] = i + SIZE;
    return n;
}

/* Depth, normals, parts and edges describe one geometry: without an edge between them
 * neighbours are on one surface, and at an edge there is another one. */
static void labels_describe_one_geometry(void **state)
{
    int next[4], n_edge = 0;
    (void)state;
    pt_dataset_t *dataset = render(1);
    for (int64_t row = 0; row < N; row++) {
        read_scene(dataset, row);
        for (int i = 0; i < PIXELS; i++) {
            double p[3], facing = 0;
            bool has_other = false;
            point_of(i, p);
            for (int c = 0; c < 3; c++)
                facing += p[c] * (double)label[NORMALS][3 * i + c].f;
            assert_true(facing < 0);
            for (int k = list_neighbours(i, next) - 1; k >= 0; k--) {
                bool is_one = may_be_one_surface(i, next[k]);
                has_other = has_other || !is_one;
                if (!is_one && !label[EDGES][i].i && !label[EDGES][next[k]].i)
                    fail_msg("scene %d: no edge at %d, %d", (int)row, i % SIZE, i / SIZE);
            }
            n_edge += label[EDGES][i].i;
            if (label[EDGES][i].i && !has_other)
                fail_msg("scene %d: an edge at %d, %d", (int)row, i % SIZE, i / SIZE);
        }
    }
    assert_in_range(n_edge, N * PIXELS / 50, N * PIXELS / 8);
    pt_dataset_close(dataset);
}

/* Every scene has a salient body, a whole one, and every part is seen in some scene. */
static void something_is_salient(void **state)
{
    int seen[6] = {0};
    (void)state;
    pt_dataset_t *dataset = render(2);
    for (int64_t row = 0; row < N; row++) {
        int n = 0, part = -1;
        read_scene(dataset, row);
        for (int i = 0; i < PIXELS; i++) {
            seen[label[PARTS][i].i] = 1;
            if (!label[SALIENCY][i].i)
                continue;
            part = n++ == 0 ? label[PARTS][i].i : part;
            assert_int_equal(label[PARTS][i].i, part);
        }
        assert_true(part >= FIRST_BODY);
        assert_true(n * 200 >= PIXELS);
    }
    for (int k = 0; k < 6; k++)
        assert_true(seen[k]);
    pt_dataset_close(dataset);
}

static void the_file_is_sound(void **state)
{
    char *report = NULL;
    size_t bytes = 0;
    int32_t n_finding = -1;
    (void)state;
    pt_dataset_close(render(3));
    FILE *out = open_memstream(&report, &bytes);
    assert_int_equal(pt_dataset_check(path, out, &n_finding), PT_OK);
    fclose(out);
    assert_string_equal(report, "");
    assert_int_equal(n_finding, 0);
    free(report);
}

/* The promise of the same bytes on every machine: this digest was taken on one of them. */
static void a_seed_is_a_data_set(void **state)
{
    char digest[33];
    (void)state;
    pt_dataset_t *dataset = render(1);
    strcpy(digest, pt_dataset_digest(dataset)->text);
    pt_dataset_close(dataset);
    assert_string_equal(digest, "296f13b2af7fd7279e08fe4f2166ef1c");
    dataset = render(2);
    assert_string_not_equal(digest, pt_dataset_digest(dataset)->text);
    pt_dataset_close(dataset);
}

static void impossible_options_are_refused(void **state)
{
    const pt_draw_scenes_t wrong[] = {{4, 1, 0, 0, 1}, {64, 0, 0, 0, 1}, {64, 1, -1, 0, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(pt_draw_scenes(path, &wrong[i]), PT_E_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_describe_one_geometry),
        cmocka_unit_test(something_is_salient),
        cmocka_unit_test(the_file_is_sound),
        cmocka_unit_test(a_seed_is_a_data_set),
        cmocka_unit_test(impossible_options_are_refused),
    };
    snprintf(path, sizeof path, "/tmp/polytree-test-scenes-%ld.h5", (long)getpid());
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return n_failed || pt_memory_bytes() != 0; /* all that was taken was given back */
}
