/* Which record of a weights file feeds which tensor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "polytree/base/memory.h"
#include "polytree/graph/weights_match.h"

enum { N_TASK = 3 };

static const pt_space_task_t tasks[N_TASK] = {
    {"classes", 5, false}, {"parts", 3, true}, {"depth", 1, true}};

/* Stem, two convolutions and a residual block: few tensors of different shapes. */
#define STEM "encoder.stem=conv3x3_bn_relu out=8"
#define LAYERS "encoder.layers=conv3x3_bn_relu out=16 stride=2\nbasic out=16"

static const char *const branch[] = {"space.kind=branch", "space.affine_last=1", STEM,
                                     LAYERS, NULL};

static pt_space_t *make(const char *const *option, const char *more,
                        const pt_branching_t *branching)
{
    pt_space_spec_t spec = {16, 16, 3, N_TASK, tasks, branching, 0};
    pt_space_t *space = NULL;
    pt_config_t config;

    pt_config_init(&config);
    for (; *option != NULL; option++)
        assert_int_equal(pt_config_set(&config, *option), PT_OK);
    if (more != NULL)
        assert_int_equal(pt_config_set(&config, more), PT_OK);
    if (pt_space_new(&config, &spec, NULL, &space) != PT_OK)
        fail_msg("%s", pt_error_message());
    return space;
}

typedef struct named {
    const char *name;
    int32_t n_dim;
    int64_t dim[4];
} named_t;

/** Records of these names, in this order; their values are never looked at. */
static pt_checkpoint_t make_weights(const named_t *named, int32_t n)
{
    static const float none[1] = {0};
    pt_checkpoint_t weights;

    pt_checkpoint_init(&weights);
    for (int32_t i = 0; i < n; i++)
        assert_int_equal(pt_checkpoint_add(&weights, named[i].name, PT_DTYPE_F32,
                                           named[i].dim, named[i].n_dim, none, true),
                         PT_OK);
    return weights;
}

typedef struct fed {
    const char *tensor;
    int32_t record;
} fed_t;

/** These tensors are fed by these records (-1: none), and the counts are right. */
static void assert_fed(pt_space_t *space, const named_t *named, int32_t n, const fed_t *fed,
                       int32_t n_fed)
{
    pt_checkpoint_t weights = make_weights(named, n);
    pt_weights_match_t match;
    int32_t n_matched = 0;

    if (pt_weights_match(space, &weights, "FILE", &match) != PT_OK)
        fail_msg("%s", pt_error_message());
    for (int32_t i = 0; i < n_fed; i++) {
        int32_t p = pt_store_find(&space->store, fed[i].tensor);
        if (p < 0)
            fail_msg("the space has no tensor %s", fed[i].tensor);
        const pt_record_t *from = match.source[p];
        int32_t got = from == NULL ? -1 : (int32_t)(from - weights.record);
        if (got != fed[i].record)
            fail_msg("%s is fed by record %d, expected %d", fed[i].tensor, (int)got,
                     (int)fed[i].record);
    }
    assert_int_equal(match.n_param, space->store.n_param);
    for (int32_t p = 0; p < match.n_param; p++)
        n_matched += match.source[p] != NULL;
    assert_int_equal(match.n_matched, n_matched);
    assert_int_equal(match.n_unused, 0);
    pt_weights_match_release(&match);
    pt_checkpoint_release(&weights);
    pt_space_free(space);
}

/* A layer's record feeds every copy but the one that has a record of its own. */
static void layers_feed_all_copies(void **state)
{
    static const named_t named[] = {{"stem.0.conv.weight", 4, {8, 3, 3, 3}},
                                    {"l01.0.conv.weight", 4, {16, 3, 3, 8}},
                                    {"l01_copy1.0.conv.weight", 4, {16, 3, 3, 8}},
                                    {"l02.1.batch_norm.scale", 1, {16}},
                                    {"head_classes.2.linear.bias", 1, {5}}};
    static const fed_t fed[] = {
        {"stem.0.conv.weight", 0},           {"stem.1.batch_norm.scale", -1},
        {"l01_copy0.0.conv.weight", 1},      {"l01_copy1.0.conv.weight", 2},
        {"l01_copy2.0.conv.weight", 1},      {"l01_copy2.1.batch_norm.shift", -1},
        {"l02_copy0.1.batch_norm.scale", 3}, {"l02_copy0.3.batch_norm.scale", -1},
        {"l02_copy2.1.batch_norm.scale", 3}, {"head_classes.2.linear.bias", 4},
        {"head_classes.2.linear.weight", -1}};
    (void)state;
    assert_fed(make(branch, "space.copies=3", NULL), named, 5, fed, 11);
}

/* A network with a copy per group of tasks is fed as the supernet is. */
static void groups_are_fed(void **state)
{
    static const named_t named[] = {{"l01.0.conv.weight", 4, {16, 3, 3, 8}},
                                    {"l02_copy1.0.conv.weight", 4, {16, 3, 3, 16}}};
    static const fed_t fed[] = {{"l01_copy0.0.conv.weight", 0},
                                {"l02_copy0.0.conv.weight", -1},
                                {"l02_copy1.0.conv.weight", 1}};
    static const int32_t group[] = {0, 0, 0, 0, 0, 1};
    pt_branching_t branching;
    (void)state;

    assert_int_equal(pt_branching_init(&branching, 2, N_TASK), PT_OK);
    memcpy(branching.group, group, sizeof group);
    assert_fed(make(branch, NULL, &branching), named, 2, fed, 3);
    pt_branching_release(&branching);
}

/* Where every task has a network, all of them are fed, and one alone by its full name. */
static void tasks_networks_are_fed(void **state)
{
    static const named_t named[] = {{"stem.0.conv.weight", 4, {8, 3, 3, 3}},
                                    {"l01.0.conv.weight", 4, {16, 3, 3, 8}},
                                    {"l02_copy0.0.conv.weight", 4, {16, 3, 3, 16}},
                                    {"task1_l01_copy0.0.conv.weight", 4, {16, 3, 3, 8}},
                                    {"task2_stem.0.conv.weight", 4, {8, 3, 3, 3}}};
    static const fed_t fed[] = {
        {"task0_stem.0.conv.weight", 0},      {"task1_stem.0.conv.weight", 0},
        {"task2_stem.0.conv.weight", 4},      {"task0_l01_copy0.0.conv.weight", 1},
        {"task1_l01_copy0.0.conv.weight", 3}, {"task2_l01_copy0.0.conv.weight", 1},
        {"task0_l02_copy0.0.conv.weight", 2}, {"task2_l02_copy0.0.conv.weight", 2},
        {"task2_l02_copy0.2.conv.weight", -1}};
    (void)state;
    assert_fed(make(branch, "search.method=single", NULL), named, 5, fed, 9);
}

/* In a dag there are no copies: names are its edges'. */
static void dags_are_fed_by_name(void **state)
{
    static const char *const dag[] = {"space.nodes=2",
                                      "space.flow=1",
                                      "space.min_depth=1",
                                      "space.channels=8",
                                      "space.stride=1",
                                      "space.stem_channels=8",
                                      "space.stem=conv3x3_bn_relu",
                                      "head.kind=upsample",
                                      NULL};
    static const named_t named[] = {{"stem.0.conv.weight", 4, {8, 3, 3, 3}},
                                    {"edge_1_2.0.conv.weight", 4, {8, 3, 3, 8}}};
    static const fed_t fed[] = {{"stem.0.conv.weight", 0},
                                {"edge_1_2.0.conv.weight", 1},
                                {"edge_1_2.1.batch_norm.scale", -1}};
    static const fed_t single[] = {{"task0_stem.0.conv.weight", 0},
                                   {"task2_edge_1_2.0.conv.weight", 1}};
    (void)state;
    assert_fed(make(dag, NULL, NULL), named, 2, fed, 3);
    assert_fed(make(dag, "search.method=single", NULL), named, 2, single, 2);
}

/* The note says how many, which groups lack all and which tensors alone, and what the file
 * has besides. */
static void the_note_names_the_rest(void **state)
{
    static const named_t named[] = {{"stem.0.conv.weight", 4, {8, 3, 3, 3}},
                                    {"l01.0.conv.weight", 4, {16, 3, 3, 8}},
                                    {"stem.1.batch_norm.scale", 1, {8}},
                                    {"l01_copy3.0.conv.weight", 4, {1, 1, 1, 1}},
                                    {"l03.0.conv.weight", 4, {16, 3, 3, 16}}};
    pt_space_t *space = make(branch, "space.copies=1", NULL);
    pt_checkpoint_t weights = make_weights(named, 5);
    pt_weights_match_t match;
    (void)state;

    assert_int_equal(pt_weights_match(space, &weights, "FILE", &match), PT_OK);
    assert_int_equal(match.n_matched, 3);
    assert_int_equal(match.n_unused, 2);
    assert_string_equal(
        match.note,
        "3 of 18 tensors from FILE; not in it: stem.1.batch_norm.shift, "
        "l01_copy0.1.batch_norm.scale, l01_copy0.1.batch_norm.shift and 4 more; of no use: "
        "l01_copy3.0.conv.weight, l03.0.conv.weight");
    pt_weights_match_release(&match);
    pt_checkpoint_release(&weights);
    pt_space_free(space);
}

static void other_shapes_are_refused(void **state)
{
    static const struct {
        named_t named;
        const char *says;
    } bad[] = {
        {{"l01.0.conv.weight", 4, {16, 8, 3, 3}},
         "FILE: 'l01.0.conv.weight' has the shape 16x8x3x3, expected 16x3x3x8 for "
         "l01_copy0.0.conv.weight"},
        {{"stem.1.batch_norm.scale", 2, {8, 1}}, "the shape 8x1, expected 8 for stem.1"},
        {{"stem.1.batch_norm.scale", 0, {0}}, "the shape no dimension, expected 8"}};
    pt_space_t *space = make(branch, NULL, NULL);
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pt_checkpoint_t weights = make_weights(&bad[i].named, 1);
        pt_weights_match_t match = {.n_param = -1};
        assert_int_equal(pt_weights_match(space, &weights, "FILE", &match), PT_E_SHAPE);
        if (strstr(pt_error_message(), bad[i].says) == NULL)
            fail_msg("expected '%s', got '%s'", bad[i].says, pt_error_message());
        assert_int_equal(match.n_param, -1);
        pt_checkpoint_release(&weights);
    }
    pt_space_free(space);
}

static void a_file_of_no_use_is_refused(void **state)
{
    static const named_t named = {"features.0.0.weight", 4, {8, 3, 3, 3}};
    static const char *const says[] = {
        "FILE: there are no tensors in it",
        "FILE: none of its tensors (1) has a place in this network: expected names like "
        "'stem.0.conv.weight', got 'features.0.0.weight'"};
    pt_space_t *space = make(branch, NULL, NULL);
    (void)state;

    for (int32_t n = 0; n < 2; n++) {
        pt_checkpoint_t weights = make_weights(&named, n);
        pt_weights_match_t match;
        assert_int_equal(pt_weights_match(space, &weights, "FILE", &match), PT_E_MISMATCH);
        assert_string_equal(pt_error_message(), says[n]);
        pt_checkpoint_release(&weights);
    }
    pt_space_free(space);
}

static int all_is_given_back(void **state)
{
    (void)state;
    return pt_memory_bytes() != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_feed_all_copies),
        cmocka_unit_test(groups_are_fed),
        cmocka_unit_test(tasks_networks_are_fed),
        cmocka_unit_test(dags_are_fed_by_name),
        cmocka_unit_test(the_note_names_the_rest),
        cmocka_unit_test(other_shapes_are_refused),
        cmocka_unit_test(a_file_of_no_use_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, all_is_given_back);
}
