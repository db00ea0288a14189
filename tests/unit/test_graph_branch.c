/* Branch spaces: encoders against the published sizes of their networks, what methods make
 * of them, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "polytree/base/memory.h"
#include "polytree/graph/block.h"
#include "polytree/graph/plan.h"
#include "polytree/graph/space.h"

enum { N_TASK = 3 };

static const pt_space_task_t tasks[N_TASK] = {
    {"classes", 5, false}, {"parts", 3, true}, {"depth", 1, true}};

static pt_config_t config;

/** The space of these options, NULL-terminated; NULL where it is refused. */
static pt_space_t *make(const char *const *option, int64_t size,
                        const pt_branching_t *branching)
{
    pt_space_spec_t spec = {size, size, 3, N_TASK, tasks, branching, 0};
    pt_space_t *space = NULL;

    pt_config_init(&config);
    assert_int_equal(pt_config_set(&config, "space.kind=branch"), PT_OK);
    assert_int_equal(pt_config_set(&config, "space.affine_last=1"), PT_OK);
    for (; *option != NULL; option++)
        if (pt_config_set(&config, *option) != PT_OK)
            fail_msg("%s", pt_error_message());
    return pt_space_new(&config, &spec, NULL, &space) == PT_OK ? space : NULL;
}

static pt_space_t *make_well(const char *const *option, int64_t size)
{
    pt_space_t *space = make(option, size, NULL);

    if (space == NULL)
        fail_msg("%s", pt_error_message());
    return space;
}

/** Parameters and multiply-adds of stem and layers 1..n of one copy. */
static void measure(const pt_space_t *s, int32_t n, int64_t *parameters, int64_t *madds)
{
    *parameters = *madds = 0;
    for (int32_t i = 0; i <= n; i++) {
        const pt_candidate_t *c = &s->candidate[i];
        for (int32_t o = c->first_op; o < c->first_op + c->n_op; o++) {
            *madds += s->op[o].inst.madds;
            for (int32_t p = 0; p < s->op[o].inst.n_param; p++)
                *parameters += s->store.param[s->op[o].param[p]].count;
        }
    }
}

/* The encoders that come with polytree have the sizes that torchvision's models have
 * without their last layers: parameters 3504872 less 412160 and 1281000 (MobileNetV2),
 * 11689512 less 513000 (ResNet-18), 25557032 less 2049000 (ResNet-50); multiply-adds alike,
 * on 224 x 224.
 */
static void known_networks(void **state)
{
    static const struct {
        const char *encoder;
        int32_t n_layer;
        int64_t parameters, madds;
    } known[] = {
        {"space.encoder=configs/encoders/mobilenetv2.ini", 17, 1811712, 279423872},
        {"space.encoder=configs/encoders/resnet18.ini", 8, 11176512, 1813561344},
        {"space.encoder=configs/encoders/resnet50.ini", 16, 23508032, 4087136256},
    };
    (void)state;

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const char *const option[] = {known[i].encoder, "space.copies=1", NULL};
        pt_space_t *s = make_well(option, 224);
        int64_t parameters, madds;
        measure(s, known[i].n_layer, &parameters, &madds);
        assert_int_equal(parameters, known[i].parameters);
        assert_int_equal(madds, known[i].madds);
        assert_int_equal(s->node[1 + known[i].n_layer].shape.h, 7);
        pt_space_free(s);
    }
}

/* Strides stop at space.output_stride, and nothing else changes: parameters are the same,
 * the layer that would have had the stride keeps its dilation, those behind have more. */
static void output_stride(void **state)
{
    static const struct {
        const char *option;
        int32_t side, at13, at14, last;
    } stops[] = {{"space.output_stride=0", 2, 1, 1, 1},
                 {"space.output_stride=32", 2, 1, 1, 1},
                 {"space.output_stride=16", 4, 1, 1, 2},
                 {"space.output_stride=8", 8, 2, 2, 4}};
    (void)state;

    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        const char *const option[] = {"space.encoder=configs/encoders/mobilenetv2.ini",
                                      "space.copies=1", stops[i].option, NULL};
        const int32_t layer[] = {13, 14, 17};
        const int32_t want[] = {stops[i].at13, stops[i].at14, stops[i].last};
        pt_space_t *s = make_well(option, 64);
        int64_t parameters, madds;
        measure(s, 17, &parameters, &madds);
        assert_int_equal(parameters, 1811712);
        assert_int_equal(s->node[18].shape.h, stops[i].side);
        for (int j = 0; j < 3; j++) {
            const pt_candidate_t *c = &s->candidate[layer[j]];
            assert_int_equal(s->op[c->first_op + 2].inst.attr.dilation, want[j]);
            assert_int_equal(s->layer[layer[j]].dilation, want[j]);
        }
        pt_space_free(s);
    }
}

/* The pyramid's rates cover as much of the input at every stride. */
static void pyramid_rates(void **state)
{
    static const char *const stop[] = {"space.output_stride=16", "space.output_stride=8"};
    (void)state;

    for (int i = 0; i < 2; i++) {
        const char *const option[] = {"space.encoder=configs/encoders/resnet50.ini",
                                      "space.copies=1", stop[i], NULL};
        pt_space_t *s = make_well(option, 64);
        const pt_candidate_t *aspp = &s->candidate[17];
        int32_t n = 0;
        for (int32_t o = aspp->first_op; o < aspp->first_op + aspp->n_op; o++)
            if (s->op[o].inst.attr.dilation > 1)
                assert_int_equal(s->op[o].inst.attr.dilation, ++n * 6 * (i + 1));
        assert_int_equal(n, 3);
        assert_int_equal(s->node[18].shape.c, 256);
        pt_space_free(s);
    }
}

/* Widths are multiples of 8 and at least 90 % of what was asked for; the decoder's too. */
static void width(void **state)
{
    static const char *const option[] = {"space.encoder=configs/encoders/mobilenetv2.ini",
                                         "space.width=0.35",
                                         "head.kind=deeplab",
                                         "head.skip=l03",
                                         "head.separable=0",
                                         NULL};
    static const int64_t channels[] = {16, 8, 8, 8, 16, 16, 16, 24, 24, 24};
    (void)state;
    pt_space_t *s = make_well(option, 64);
    const pt_candidate_t *head = &s->candidate[s->n_candidate - 1];

    for (int32_t l = 0; l < 10; l++)
        assert_int_equal(s->node[1 + l].shape.c, channels[l]);
    assert_int_equal(s->op[head->first_op].inst.out.c, 16);
    assert_int_equal(s->op[head->first_op + 4].inst.out.c, 24);
    pt_space_free(s);
}

/* A space that is wider than its config is so to a channel, stem and head too; what all
 * tasks share costs the square of it. */
static void widening(void **state)
{
    static const char *const option[] = {
        "encoder.stem=conv3x3_bn_relu out=8",
        "encoder.layers=conv3x3_bn_relu out=10\nconv1x1_bn_relu", "head.width=10", NULL};
    pt_space_t *native = make_well(option, 8), *wide = NULL;
    const pt_space_spec_t spec = {8, 8, 3, N_TASK, tasks, NULL, 1.26};
    (void)state;
    assert_int_equal(pt_space_new(&config, &spec, NULL, &wide), PT_OK);
    assert_true(native->widening == 1 && wide->widening == spec.widening);
    assert_int_equal(wide->node[1].shape.c, 10);
    for (int32_t l = 1; l <= 2; l++) {
        assert_int_equal(wide->node[1 + l].shape.c, 13);
        int32_t at = native->choice[native->layer_choice[l - 1]].candidate;
        int64_t narrow = native->op[native->candidate[at].first_op].inst.madds;
        int64_t madds = wide->op[wide->candidate[at].first_op].inst.madds;
        assert_int_equal(madds * native->node[l].shape.c * 10,
                         narrow * wide->node[l].shape.c * 13);
    }
    assert_int_equal(wide->n_choice, native->n_choice);
    assert_true(wide->fingerprint != native->fingerprint);
    pt_space_free(native);
    pt_space_free(wide);
}

#define SMALL                                                                              \
    "encoder.stem=conv3x3_bn_relu out=8", "encoder.layers=basic out=8\nbasic out=16 "      \
                                          "stride=2\nconv1x1_bn_relu"

/* Without a stem the first layer reads the input, and every weight is a copy's or a head's.
 */
static void without_a_stem(void **state)
{
    static const char *const option[] = {SMALL, "encoder.stem=none", NULL};
    pt_space_t *s = make_well(option, 8);
    (void)state;
    assert_true(pt_shape_equal(s->node[1].shape, s->node[0].shape));
    for (int32_t g = 0; g < s->store.n_group; g++)
        assert_string_not_equal(s->store.group[g].name, "stem");
    assert_int_equal(s->op[s->candidate[1].first_op].inst.in[0].c, s->node[0].shape.c);
    assert_int_equal(s->layer[0].stride, 1);
    pt_space_free(s);
}

/* Copies, choices and names of each method; the order is canonical; heads have the shapes
 * of their tasks. */
static void methods(void **state)
{
    static const struct {
        const char *method, *copies;
        int32_t n_choice, n_candidate;
        const char *last; /**< name of the last candidate before the heads */
    } want[] = {{"search.method=search", "space.copies=0", 9, 13, "l03_copy2"},
                {"search.method=search", "space.copies=2", 6, 10, "l03_copy1"},
                {"search.method=random", "space.copies=2", 6, 10, "l03_copy1"},
                {"search.method=full", "space.copies=2", 9, 13, "l03_copy2"},
                {"search.method=shared", "space.copies=2", 3, 7, "l03_copy0"},
                {"search.method=single", "space.copies=2", 3, 15, "task2_l03_copy0"}};
    (void)state;

    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const char *const option[] = {SMALL, want[i].method, want[i].copies, NULL};
        pt_space_t *s = make_well(option, 8);
        assert_int_equal(s->n_choice, want[i].n_choice);
        assert_int_equal(s->n_candidate, want[i].n_candidate);
        assert_string_equal(s->candidate[s->n_candidate - N_TASK - 1].name, want[i].last);
        assert_int_equal(s->n_layer, 3);
        for (int32_t l = 0; l < 3; l++)
            for (int32_t c = s->layer_choice[l]; c < s->layer_choice[l + 1]; c++) {
                const pt_choice_t *choice = &s->choice[c];
                assert_int_equal(choice->kind, PT_CHOICE_COPY);
                assert_int_equal(choice->i, l + 1);
                assert_int_equal(choice->j, c - s->layer_choice[l]);
                assert_int_equal(s->candidate[choice->candidate].choice, c);
            }
        assert_int_equal(s->layer_choice[3], s->n_choice);
        for (int32_t k = 0; k < N_TASK; k++) {
            pt_shape_t shape = s->node[s->n_node - N_TASK + k].shape;
            assert_int_equal(shape.h, tasks[k].is_map ? 8 : 1);
            assert_int_equal(shape.c, tasks[k].outputs);
        }
        pt_space_free(s);
    }
}

/* With a branching a layer has one copy for each group; one of other sizes is refused. */
static void branching(void **state)
{
    static const char *const option[] = {SMALL, NULL};
    static const int32_t copy[] = {0, 0, 0, 0, 1, 1, 0, 1, 2};
    pt_branching_t b, small;
    (void)state;

    assert_int_equal(pt_branching_init(&b, 3, N_TASK), PT_OK);
    assert_int_equal(pt_branching_init(&small, 2, N_TASK), PT_OK);
    pt_branching_of_copies(copy, &b);
    pt_space_t *s = make(option, 8, &b);
    assert_non_null(s);
    for (int32_t l = 0; l < 3; l++)
        assert_int_equal(s->layer_choice[l + 1] - s->layer_choice[l], l + 1);
    pt_space_free(s);
    assert_null(make(option, 8, &small));
    pt_branching_release(&b);
    pt_branching_release(&small);
}

/** Number of tensors of normalisation without affine in a layer of one copy. */
static int32_t count_bare(const pt_space_t *s, int32_t candidate)
{
    const pt_candidate_t *c = &s->candidate[candidate];
    int32_t n = 0;

    for (int32_t o = c->first_op; o < c->first_op + c->n_op; o++)
        n += s->op[o].inst.attr.no_affine;
    return n;
}

/* The last batch norm of a searched candidate has no affine, unless it is asked for: that
 * of the residual, not of the shortcut.  What is trained at once has all. */
static void last_affine(void **state)
{
    static const char *const searched[] = {SMALL, "space.affine_last=0", NULL};
    static const char *const full[] = {SMALL, "space.affine_last=0", "search.method=full",
                                       NULL};
    pt_branching_t b;
    (void)state;

    assert_int_equal(pt_branching_init(&b, 3, N_TASK), PT_OK);
    for (int i = 0; i < 3; i++) {
        pt_space_t *s = make(i == 1 ? full : searched, 8, i == 2 ? &b : NULL);
        assert_non_null(s);
        assert_int_equal(count_bare(s, 0), 0);
        for (int32_t l = 0; l < 3; l++)
            assert_int_equal(count_bare(s, s->choice[s->layer_choice[l]].candidate),
                             i == 0);
        if (i == 0) { /* conv, bn of the shortcut; conv, bn, conv, bn; add, relu */
            const pt_candidate_t *c = &s->candidate[s->choice[3].candidate];
            assert_int_equal(c->n_op, 8);
            assert_int_equal(s->op[c->first_op + 5].inst.attr.no_affine, 1);
        }
        pt_space_free(s);
    }
    pt_branching_release(&b);
}

/* What is wrong with a layer, a head or an encoder is said. */
static void refused(void **state)
{
    static const struct {
        const char *option[4], *message;
    } bad[] = {
        {{"encoder.stem=conv3x3 out=8", NULL}, "expected space.encoder"},
        {{SMALL, "encoder.stem=conv3x3_no out=8"}, "unknown operation 'no'"},
        {{SMALL, "encoder.stem=conv3x3 wide=8"}, "unknown key 'wide'"},
        {{SMALL, "encoder.stem=conv3x3 out=0"}, "expected out=N with N in 1 to 65536"},
        {{SMALL, "encoder.stem=conv3x3 out=8x"}, "got 'out=8x'"},
        {{SMALL, "encoder.layers=basic out=8 expand=2"}, "a key of inverted_residual"},
        {{SMALL, "encoder.layers=inverted_residual kernel=4"}, "kernel must be odd"},
        {{SMALL, "encoder.layers=basic out=8 out=9"},
         "l01: layer 'basic out=8 out=9': out"},
        {{SMALL, "encoder.layers=raspp out=8 stride=2"}, "takes no stride"},
        {{SMALL, "encoder.stem=none out=8"}, "none takes what it gets: neither out nor"},
        {{SMALL, "encoder.layers=bn stride=2"}, "could take stride 2"},
        {{SMALL, "encoder.layers=bn out=16"}, "makes 8 channels, its node has 16"},
        {{SMALL, "space.output_stride=1", NULL}, NULL},
        {{"encoder.stem=conv3x3 out=8 stride=2", "encoder.layers=basic out=8 stride=3",
          "space.output_stride=4", NULL},
         "cannot stop at"},
        {{"encoder.stem=conv3x3 out=8 stride=2", "encoder.layers=basic out=8 stride=2",
          "space.output_stride=3", NULL},
         "cannot stop at"},
        {{SMALL, "head.kind=deeplab"}, "head.skip"},
        {{SMALL, "head.skip=l04"}, "one of l01 to l03"},
        {{SMALL, "head.kind=classifier"}, "one for every pixel"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *option[5] = {bad[i].option[0], bad[i].option[1], bad[i].option[2],
                                 bad[i].option[3], NULL};
        pt_space_t *s = make(option, 8, NULL);
        if (bad[i].message == NULL) {
            assert_non_null(s);
            assert_int_equal(s->node[4].shape.h, 8);
        } else if (s != NULL || strstr(pt_error_message(), bad[i].message) == NULL) {
            fail_msg("case %zu says '%s', expected '%s'", i,
                     s != NULL ? "nothing" : pt_error_message(), bad[i].message);
        }
        pt_space_free(s);
    }
}

/* Edges of a dag are any layers, without out and stride, which the nodes say. */
static void dag_edges(void **state)
{
    static const char *const good[] = {"space.kind=dag",
                                       "space.nodes=4",
                                       "space.flow=2",
                                       "space.op=inverted_residual expand=2",
                                       "space.channels=8 8 16 16",
                                       "space.stride=1 1 2 1",
                                       "head.kind=deeplab",
                                       "head.skip=x",
                                       NULL};
    static const char *const bad[] = {"space.kind=dag", "space.op=basic out=8", NULL};
    (void)state;
    pt_space_t *s = make_well(good, 8);
    int32_t choice = pt_space_find_choice(s, PT_CHOICE_EDGE, 1, 2);
    const pt_candidate_t *c = &s->candidate[s->choice[choice].candidate];
    const pt_candidate_t *head = &s->candidate[s->n_candidate - 1];

    assert_string_equal(s->op[c->first_op + c->n_op - 1].inst.op->name, "add");
    assert_int_equal(head->skip, 1);
    pt_space_free(s);
    assert_null(make(bad, 8, NULL));
    assert_non_null(strstr(pt_error_message(), "follow from space.channels"));
}

/* Where one copy of a layer is run at a time, a plan has as much room for eight copies as
 * for one, however many tasks there are; a subnet that runs two is refused. */
static void room_for_one_copy(void **state)
{
    static const char *const run[] = {"search.run=active", "search.run=all"};
    static const char *const copies[] = {"space.copies=1", "space.copies=8"};
    size_t arena[2][2];
    int64_t stats[2][2];
    pt_plan_t *plan;
    pt_subnet_t subnet;
    (void)state;

    for (int a = 0; a < 2; a++)
        for (int c = 0; c < 2; c++) {
            const char *const option[] = {
                "encoder.stem=conv3x3_bn_relu out=8",
                "encoder.layers=conv3x3_bn_relu out=8\nconv3x3_bn_relu out=8",
                "search.gates=hard",
                run[a],
                copies[c],
                NULL};
            const int32_t all[N_TASK] = {0, 1, 2};
            pt_space_t *s = make_well(option, 8);
            assert_int_equal(pt_plan_new(s, N_TASK, &plan), PT_OK);
            arena[a][c] = pt_plan_arena_bound(plan);
            stats[a][c] = pt_plan_stat_bound(plan);
            assert_int_equal(pt_subnet_init(&subnet, N_TASK, s->n_choice), PT_OK);
            for (int32_t k = 0; k < N_TASK; k++)
                for (int32_t n = 0; n < s->n_choice; n++)
                    pt_subnet_switch(&subnet, k, n, true);
            assert_int_equal(pt_plan_compile(plan, &subnet, PT_PASS_EVAL, all, N_TASK),
                             a == 0 && c == 1 ? PT_E_INTERNAL : PT_OK);
            pt_subnet_release(&subnet);
            pt_plan_free(plan);
            pt_space_free(s);
        }
    assert_int_equal(arena[0][0], arena[0][1]);
    assert_int_equal(stats[0][0], stats[0][1]);
    assert_true(arena[1][1] > 3 * arena[1][0]);
    assert_true(stats[1][1] > 3 * stats[1][0]);
}

int main(void)
{
    const struct CMUnitTest list[] = {
        cmocka_unit_test(known_networks), cmocka_unit_test(output_stride),
        cmocka_unit_test(pyramid_rates),  cmocka_unit_test(width),
        cmocka_unit_test(widening),       cmocka_unit_test(without_a_stem),
        cmocka_unit_test(methods),        cmocka_unit_test(branching),
        cmocka_unit_test(last_affine),    cmocka_unit_test(refused),
        cmocka_unit_test(dag_edges),      cmocka_unit_test(room_for_one_copy),
    };
    return cmocka_run_group_tests(list, NULL, NULL);
}
