/* architecture.json of a branch space brings back space and network, and says what each
 * layer is and who shares it; words and picture show the branching and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <jansson.h>

#include "polytree/arch/copies.h"
#include "polytree/arch/cost.h"
#include "polytree/base/memory.h"
#include "polytree/base/rng.h"
#include "polytree/io/file.h"
#include "polytree/picture/outline.h"
#include "polytree/picture/diagram.h"
#include "polytree/record/architecture.h"

enum { N_TASK = 4, MANY = 200, N_LAYER = 3 };

static const pt_space_task_t tasks[N_TASK] = {
    {"a", 5, false}, {"b <&> \"c\"", 3, true}, {"depth", 1, true}, {"d", 2, false}};

/* Groups by layer: all, {0 1 3} {2}, {0 3} {1} {2}. */
static const int32_t groups[N_LAYER * N_TASK] = {0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 0};

typedef struct world {
    pt_config_t config;
    pt_space_t *space;
    pt_subnet_t subnet;
    char path[64];
} world_t;

static void set(world_t *w, const char *const *option)
{
    pt_config_init(&w->config);
    assert_int_equal(pt_config_set(&w->config, "space.kind=branch"), PT_OK);
    assert_int_equal(pt_config_set(&w->config, "space.encoder=configs/encoders/plain.ini"),
                     PT_OK);
    for (; *option != NULL; option++)
        assert_int_equal(pt_config_set(&w->config, *option), PT_OK);
}

static void build(world_t *w, int32_t n_task, const pt_space_task_t *task,
                  const pt_branching_t *branching)
{
    pt_space_spec_t spec = {16, 16, 3, n_task, task, branching};
    if (pt_space_new(&w->config, &spec, NULL, &w->space) != PT_OK)
        fail_msg("%s", pt_error_message());
    assert_int_equal(pt_subnet_init(&w->subnet, n_task, w->space->n_choice), PT_OK);
}

static void drop(world_t *w)
{
    pt_subnet_release(&w->subnet);
    pt_space_free(w->space);
    w->space = NULL;
}

/* The space of the branching `groups`, and its network. */
static void build_derived(world_t *w)
{
    const char *const option[] = {"space.affine_last=0", "head.skip=l01",
                                  "head.kind=deeplab", NULL};
    pt_branching_t b = {N_LAYER, N_TASK, (int32_t *)(uintptr_t)groups};
    set(w, option);
    build(w, N_TASK, tasks, &b);
    pt_copies_switch(w->space, groups, &w->subnet);
}

static int set_up(void **state)
{
    static world_t w;
    strcpy(w.path, "/tmp/polytree-branch-XXXXXX");
    int fd = mkstemp(w.path);
    assert_true(fd >= 0);
    close(fd);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    world_t *w = *state;
    unlink(w->path);
    return pt_memory_bytes() != 0;
}

static void assert_opens_alike(world_t *w)
{
    pt_space_t *space;
    pt_subnet_t subnet;
    if (pt_architecture_open(&w->config, w->path, &space, &subnet) != PT_OK)
        fail_msg("%s", pt_error_message());
    assert_true(space->fingerprint == w->space->fingerprint);
    for (int32_t k = 0; k < space->n_task; k++) {
        assert_string_equal(space->task[k].name, w->space->task[k].name);
        assert_int_equal(space->task[k].is_map, w->space->task[k].is_map);
    }
    assert_memory_equal(subnet.bits, w->subnet.bits,
                        (size_t)subnet.n_task * subnet.words * sizeof *subnet.bits);
    pt_subnet_release(&subnet);
    pt_space_free(space);
}

/* Without affine_last the space of a branching has more parameters than the one searched:
 * equal fingerprints mean that the right one is built again. */
static void a_derived_network_is_opened(void **state)
{
    world_t *w = *state;
    build_derived(w);
    assert_int_equal(pt_architecture_write(w->space, &w->subnet, NULL, NULL, w->path),
                     PT_OK);
    assert_opens_alike(w);
    drop(w);
}

/* Copies that are no numbers of groups, in a space that has more of them. */
static void a_choice_in_a_supernet_is_opened(void **state)
{
    static const int32_t copy[N_LAYER * N_TASK] = {2, 2, 2, 2, 0, 0, 1, 1, 0, 2, 1, 0};
    const char *const option[] = {"space.affine_last=0", "space.copies=3", NULL};
    world_t *w = *state;
    pt_alpha_t alpha;
    set(w, option);
    build(w, N_TASK, tasks, NULL);
    pt_copies_switch(w->space, copy, &w->subnet);
    assert_int_equal(pt_alpha_init(&alpha, N_TASK, w->space->n_choice), PT_OK);
    assert_int_equal(pt_architecture_write(w->space, &w->subnet, &alpha, NULL, w->path),
                     PT_OK);
    assert_opens_alike(w);
    pt_alpha_release(&alpha);
    drop(w);
}

/* Chains, and a copy of everything for each task; a dag with maps. */
static void other_networks_are_opened(void **state)
{
    const char *const method[] = {"search.method=shared", "search.method=single",
                                  "search.method=full", "space.kind=dag"};
    world_t *w = *state;
    for (int i = 0; i < 4; i++) {
        const char *const option[] = {method[i], NULL};
        set(w, option);
        build(w, N_TASK, tasks, NULL);
        for (int32_t k = 0; k < N_TASK; k++)
            for (int32_t c = 0; c < w->space->n_choice; c++)
                pt_subnet_switch(&w->subnet, k, c, i != 2 || w->space->choice[c].j == k);
        assert_int_equal(pt_architecture_write(w->space, &w->subnet, NULL, NULL, w->path),
                         PT_OK);
        assert_opens_alike(w);
        drop(w);
    }
}

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    assert_non_null(text);
    return text;
}

static int64_t number_at(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

/* The cost of all copies of the layers is the cost of the encoder. */
static void layers_and_groups_are_written(void **state)
{
    world_t *w = *state;
    json_error_t error;
    int64_t madds = 0;
    build_derived(w);
    assert_int_equal(pt_architecture_write(w->space, &w->subnet, NULL, NULL, w->path),
                     PT_OK);
    json_t *root = json_load_file(w->path, 0, &error), *layer = NULL;
    assert_non_null(root);
    json_t *layers = json_object_get(json_object_get(root, "space"), "layers");
    assert_int_equal(json_array_size(layers), N_LAYER + 1);
    for (int32_t l = 0; l <= N_LAYER; l++) {
        layer = json_array_get(layers, (size_t)l);
        madds += number_at(layer, "madds") * (l > 0 ? number_at(layer, "copies") : 1);
        assert_int_equal(number_at(layer, "stride"), l == 1 || l == 2 ? 2 : 1);
    }
    assert_int_equal(madds, number_at(json_object_get(root, "cost"), "encoder_madds"));
    assert_string_equal(text_at(layer, "name"), "l03");
    assert_string_equal(text_at(layer, "block"), "conv3x3_bn_relu out=64 stride=1");
    char *text = json_dumps(json_object_get(layer, "groups"), JSON_COMPACT);
    assert_string_equal(text, "[[\"a\",\"d\"],[\"b <&> \\\"c\\\"\"],[\"depth\"]]");
    free(text);
    json_decref(root);
    drop(w);
}

static void assert_refused(world_t *w, const char *old, const char *fresh,
                           pt_status_t expected, const char *word)
{
    char *text, *at;
    size_t bytes;
    pt_space_t *space;
    pt_subnet_t subnet;
    assert_int_equal(pt_architecture_write(w->space, &w->subnet, NULL, NULL, w->path),
                     PT_OK);
    assert_int_equal(pt_file_read(w->path, &text, &bytes), PT_OK);
    at = strstr(text, old);
    assert_non_null(at);
    assert_int_equal(strlen(old), strlen(fresh));
    memcpy(at, fresh, strlen(fresh));
    assert_int_equal(pt_file_write(w->path, text, bytes), PT_OK);
    pt_free(text);
    assert_int_equal(pt_architecture_open(&w->config, w->path, &space, &subnet), expected);
    assert_non_null(strstr(pt_error_message(), word));
}

static void bad_files_are_refused(void **state)
{
    world_t *w = *state;
    build_derived(w);
    assert_refused(w, "\"copies\": [\n    0", "\"copies\": [\n    7", PT_E_MISMATCH,
                   "layer l01");
    assert_refused(w, "\"copies\": [\n    0", "\"copies\": [\n   -1", PT_E_MISMATCH,
                   "'a' has none");
    assert_refused(w, "\"copies\"", "\"copied\"", PT_E_MISMATCH, "layer l01");
    assert_refused(w, "\"nodes\"", "\"knots\"", PT_E_FORMAT, "no nodes");
    assert_refused(w, "\"outputs\": 5", "\"outputs\": 0", PT_E_FORMAT, "outputs");
    drop(w);
}

static void assert_words(const world_t *w, int32_t task, const char *expected)
{
    pt_text_t text = {0};
    assert_int_equal(pt_outline_branching(w->space, &w->subnet, task, &text), PT_OK);
    assert_string_equal(pt_text_get(&text), expected);
    pt_text_release(&text);
}

static void branchings_are_put_into_words(void **state)
{
    const char *const open[] = {"space.copies=3", NULL};
    const char *const single[] = {"search.method=single", NULL};
    world_t *w = *state;
    build_derived(w);
    assert_words(w, -1,
                 "stem-l01 all | l02 {a b <&> \"c\" d} {depth} | l03 {a d} {b <&> \"c\"} "
                 "{depth}");
    assert_words(w, 3, "stem-l01 with all | l02 with a b <&> \"c\" | l03 with a");
    assert_words(w, 2, "stem-l01 with all | l02-l03 alone");
    drop(w);
    set(w, open);
    build(w, N_TASK, tasks, NULL);
    for (int32_t k = 0; k < N_TASK; k++)
        for (int32_t c = 0; c < w->space->n_choice; c++)
            pt_subnet_switch(&w->subnet, k, c, true);
    assert_words(w, -1, "stem all | l01-l03 3 copies of each");
    drop(w);
    set(w, single);
    build(w, N_TASK, tasks, NULL);
    assert_words(w, -1, "stem-l03 each alone");
    drop(w);
}

static char *drawing(const world_t *w, int32_t task)
{
    char *text;
    size_t bytes;
    FILE *file = open_memstream(&text, &bytes);
    assert_non_null(file);
    assert_int_equal(pt_diagram_dot(w->space, &w->subnet, task, file), PT_OK);
    fclose(file);
    return text;
}

static int count(const char *text, const char *word)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at += strlen(word))
        n++;
    return n;
}

/* Nodes by layer, then task: 0 stem-l01, 1 l02 {0 1 3}, 2 l02-l03 {2}, 3 l03 {0 3}, 4 l03
 * {1}. */
static void the_picture_is_the_tree(void **state)
{
    world_t *w = *state;
    build_derived(w);
    char *all = drawing(w, -1), *one = drawing(w, 1);
    /* Boxes, edges to boxes, edges to tasks, and the line that says what nodes look like.
     */
    assert_int_equal(count(all, "\n  n"), 5 + 4 + N_TASK + 1);
    assert_non_null(strstr(all, "<B>stem-l01</B>"));
    assert_non_null(strstr(all, "<B>l02-l03</B>"));
    assert_non_null(strstr(all, "l01 also goes to the heads"));
    assert_int_equal(count(all, "also goes"), 1);
    assert_non_null(strstr(all, "input -> n0 [color=gray"));
    assert_non_null(
        strstr(all, "n0 -> n1 [penwidth=2, color=\"#1f77b4:#d62728:#ff7f0e\"]"));
    assert_non_null(strstr(all, "n0 -> n2 [penwidth=2, color=\"#2ca02c\"]"));
    assert_non_null(strstr(all, "n1 -> n3 ["));
    assert_non_null(strstr(all, "n1 -> n4 ["));
    assert_non_null(strstr(all, "n3 -> t0 ["));
    assert_non_null(strstr(all, "n4 -> t1 ["));
    assert_non_null(strstr(all, "n2 -> t2 ["));
    assert_non_null(strstr(all, "n3 -> t3 ["));
    assert_non_null(strstr(all, "<B>b &#60;&#38;&#62; &#34;c&#34;</B>"));
    assert_int_equal(count(one, "\n  n"), 3 + 2 + 1 + 1);
    assert_non_null(strstr(one, "n4 -> t1 ["));
    assert_null(strstr(one, "t0"));
    free(all);
    free(one);
    assert_int_equal(pt_diagram_dot(w->space, &w->subnet, N_TASK, stdout), PT_E_RANGE);
    drop(w);
}

/* Sum of the numbers behind `word`. */
static int sum_behind(const char *text, const char *word)
{
    int sum = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at += strlen(word))
        sum += atoi(at + strlen(word));
    return sum;
}

/* However 200 tasks branch, the picture has boxes for no more than can be seen at once,
 * and each task hangs at one of them: by its name, or counted. */
static void the_picture_of_many_tasks_is_bounded(void **state)
{
    static const int32_t n_copy[][N_LAYER] = {{1, 1, 1}, {200, 1, 1}, {1, 1, 200},
                                              {8, 8, 8}, {3, 20, 2},  {60, 2, 1}};
    const char *const option[] = {NULL};
    world_t *w = *state;
    pt_space_task_t task[MANY];
    pt_branching_t b;
    int32_t copy[N_LAYER * MANY];
    assert_int_equal(pt_branching_init(&b, N_LAYER, MANY), PT_OK);
    for (int32_t k = 0; k < MANY; k++) {
        task[k] = (pt_space_task_t){"", 2, false};
        snprintf(task[k].name, sizeof task[k].name, "task%d", (int)k);
    }
    for (uint32_t i = 0; i < sizeof n_copy / sizeof *n_copy; i++) {
        pt_rng_t rng = {.seed = 5, .purpose = PT_RNG_DRAW, .step = i};
        for (int32_t j = 0; j < N_LAYER * MANY; j++) {
            int32_t n = n_copy[i][j / MANY];
            copy[j] =
                n == MANY ? j % MANY : (int32_t)(pt_rng_uniform(&rng, (uint64_t)j) * n);
        }
        pt_branching_of_copies(copy, &b);
        set(w, option);
        build(w, MANY, task, &b);
        pt_copies_switch(w->space, b.group, &w->subnet);
        char *text = drawing(w, -1);
        int n_box = count(text, "<B>"), n_name = count(text, "\"LEFT\">task");
        assert_true(n_box >= 1 && n_box <= 40);
        assert_int_equal(n_name + sum_behind(text, "\"LEFT\">and "), MANY);
        free(text);
        drop(w);
    }
    pt_branching_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_derived_network_is_opened),
        cmocka_unit_test(a_choice_in_a_supernet_is_opened),
        cmocka_unit_test(other_networks_are_opened),
        cmocka_unit_test(layers_and_groups_are_written),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(branchings_are_put_into_words),
        cmocka_unit_test(the_picture_is_the_tree),
        cmocka_unit_test(the_picture_of_many_tasks_is_bounded),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
