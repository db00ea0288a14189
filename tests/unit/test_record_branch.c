/* architecture.json of a branch space brings back space and network, and says what each
 * layer is and who shares it. */
#include <jansson.h>

#include "polytree/arch/cost.h"
#include "polytree/io/file.h"
#include "polytree/record/architecture.h"
#include "tests/unit/tree_network.h"

static void assert_opens_alike(world_t *w)
{
    pt_architecture_t back;
    if (pt_architecture_open(&w->config, w->path, &back) != PT_OK)
        fail_msg("%s", pt_error_message());
    assert_true(back.space->fingerprint == w->space->fingerprint);
    for (int32_t k = 0; k < back.space->n_task; k++) {
        assert_string_equal(back.space->task[k].name, w->space->task[k].name);
        assert_int_equal(back.space->task[k].is_map, w->space->task[k].is_map);
    }
    assert_memory_equal(back.subnet.bits, w->subnet.bits,
                        (size_t)back.subnet.n_task * back.subnet.words *
                            sizeof *back.subnet.bits);
    pt_architecture_release(&back);
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
    pt_architecture_t back;
    assert_int_equal(pt_architecture_write(w->space, &w->subnet, NULL, NULL, w->path),
                     PT_OK);
    assert_int_equal(pt_file_read(w->path, &text, &bytes), PT_OK);
    at = strstr(text, old);
    assert_non_null(at);
    assert_int_equal(strlen(old), strlen(fresh));
    memcpy(at, fresh, strlen(fresh));
    assert_int_equal(pt_file_write(w->path, text, bytes), PT_OK);
    pt_free(text);
    assert_int_equal(pt_architecture_open(&w->config, w->path, &back), expected);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_derived_network_is_opened),
        cmocka_unit_test(a_choice_in_a_supernet_is_opened),
        cmocka_unit_test(other_networks_are_opened),
        cmocka_unit_test(layers_and_groups_are_written),
        cmocka_unit_test(bad_files_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
