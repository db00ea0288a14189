/* The parameter store: its table, its blocks, its initial values. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "polytree/base/memory.h"
#include "polytree/tensor/shape.h"
#include "polytree/tensor/store.h"

static int32_t add(pt_store_t *store, const char *name, int64_t count, pt_role_t role,
                   int64_t fan_in)
{
    int32_t param = -1;
    assert_int_equal(pt_store_add(store, name, &count, 1, role, fan_in, &param), PT_OK);
    return param;
}

static void begin(pt_store_t *store, const char *name, int32_t task)
{
    int32_t group = -1;
    assert_int_equal(pt_store_add_group(store, name, task, &group), PT_OK);
    assert_int_equal(group, store->n_group - 1);
}

/* Groups begin on blocks and own whole ones; tensors do not overlap and are aligned;
 * everything else is zero. */
static void groups_own_whole_blocks(void **state)
{
    pt_store_t store;
    int64_t n_set = 0, end = 0;
    (void)state;
    pt_store_init(&store);
    begin(&store, "stem", -1);
    add(&store, "w", 5, PT_ROLE_NORM_SCALE, 0);
    add(&store, "v", 7, PT_ROLE_NORM_SCALE, 0);
    begin(&store, "edge", -1);
    add(&store, "w", PT_BLOCK, PT_ROLE_NORM_SCALE, 0);
    begin(&store, "bare", -1);
    begin(&store, "head", 3);
    add(&store, "w", PT_BLOCK, PT_ROLE_NORM_SCALE, 0);
    add(&store, "b", 1, PT_ROLE_NORM_SCALE, 0);
    assert_int_equal(pt_store_freeze(&store), PT_OK);
    pt_store_fill(&store, 1);

    assert_int_equal(store.n_block, 4);
    for (int32_t g = 0; g < 4; g++) {
        static const int64_t first[] = {0, 1, 2, 2}, n[] = {1, 1, 0, 2};
        assert_int_equal(store.group[g].first_block, first[g]);
        assert_int_equal(store.group[g].n_block, n[g]);
    }
    assert_int_equal(store.group[3].task, 3);
    assert_int_equal(store.group[3].first_param, 3);
    assert_int_equal(store.group[3].n_param, 2);
    for (int32_t p = 0; p < store.n_param; p++) {
        const pt_param_t *param = &store.param[p];
        const pt_group_t *group = &store.group[param->group];
        assert_true(param->offset >= end);
        assert_int_equal(param->offset % PT_PARAM_ALIGN, 0);
        end = param->offset + param->count;
        assert_true(param->offset >= group->first_block * PT_BLOCK);
        assert_true(end <= (group->first_block + group->n_block) * PT_BLOCK);
        for (int64_t i = param->offset; i < end; i++)
            assert_true(store.value[i] == 1);
    }
    for (int64_t i = 0; i < store.n_block * PT_BLOCK; i++) {
        n_set += store.value[i] != 0;
        assert_int_equal(store.grad_sum[i], 0);
    }
    assert_int_equal(n_set, 5 + 7 + PT_BLOCK + PT_BLOCK + 1);
    assert_int_equal(pt_store_n_element(&store), n_set);
    pt_store_release(&store);
}

/* Names are found before and after freezing, in any order of adding. */
static void names_are_found(void **state)
{
    static const char *const tensor[] = {"w", "b", "zeta", "alpha"};
    pt_store_t store;
    (void)state;
    pt_store_init(&store);
    assert_int_equal(pt_store_find(&store, "n0.w"), -1);
    for (int32_t g = 0; g < 30; g++) {
        char name[8] = {'n', (char)('0' + g % 10), (char)('0' + g / 10), '\0'};
        begin(&store, name, -1);
        for (int32_t t = 0; t < 4; t++)
            add(&store, tensor[t], 3, PT_ROLE_BIAS, 0);
    }
    for (int32_t round = 0; round < 2; round++) {
        for (int32_t p = 0; p < store.n_param; p++)
            assert_int_equal(pt_store_find(&store, store.param[p].name), p);
        assert_int_equal(pt_store_find(&store, "n00"), -1);
        assert_int_equal(pt_store_find(&store, "n00.x"), -1);
        assert_int_equal(pt_store_find(&store, ""), -1);
        assert_int_equal(pt_store_find(&store, "zzz"), -1);
        if (round == 0)
            assert_int_equal(pt_store_freeze(&store), PT_OK);
    }
    pt_store_release(&store);
}

/* What must not enter the table does not, and leaves it as it was. */
static void bad_tensors_are_refused(void **state)
{
    char long_name[PT_PARAM_NAME + 1] = "";
    const int64_t good[] = {2, 3}, zero[] = {2, 0}, huge[] = {INT64_MAX, INT64_MAX};
    pt_store_t store;
    (void)state;
    memset(long_name, 'x', PT_PARAM_NAME);
    pt_store_init(&store);
    assert_int_equal(pt_store_add(&store, "w", good, 2, PT_ROLE_BIAS, 0, NULL),
                     PT_E_INTERNAL);
    begin(&store, "a", -1);
    add(&store, "b.c", 2, PT_ROLE_BIAS, 0);
    assert_int_equal(pt_store_add_group(&store, "a", -1, NULL), PT_E_CONFIG);
    assert_int_equal(pt_store_add_group(&store, "", -1, NULL), PT_E_CONFIG);
    assert_int_equal(pt_store_add_group(&store, long_name, -1, NULL), PT_E_CONFIG);
    assert_int_equal(pt_store_add_group(&store, "x", -2, NULL), PT_E_RANGE);
    assert_int_equal(pt_store_add(&store, "b.c", good, 2, PT_ROLE_BIAS, 0, NULL),
                     PT_E_CONFIG);
    assert_int_equal(pt_store_add(&store, "", good, 2, PT_ROLE_BIAS, 0, NULL), PT_E_CONFIG);
    assert_int_equal(pt_store_add(&store, long_name, good, 2, PT_ROLE_BIAS, 0, NULL),
                     PT_E_CONFIG);
    assert_int_equal(pt_store_add(&store, "w", zero, 2, PT_ROLE_BIAS, 0, NULL), PT_E_SHAPE);
    assert_int_equal(pt_store_add(&store, "w", good, 0, PT_ROLE_BIAS, 0, NULL), PT_E_SHAPE);
    assert_int_equal(pt_store_add(&store, "w", good, 5, PT_ROLE_BIAS, 0, NULL), PT_E_SHAPE);
    assert_int_equal(pt_store_add(&store, "w", huge, 2, PT_ROLE_BIAS, 0, NULL), PT_E_RANGE);
    assert_int_equal(pt_store_add(&store, "w", good, 2, PT_ROLE_WEIGHT, 0, NULL),
                     PT_E_RANGE);
    assert_int_equal(pt_store_add(&store, "w", good, 2, PT_ROLE_LINEAR, -1, NULL),
                     PT_E_RANGE);
    assert_int_equal(store.n_group, 1);
    assert_int_equal(store.n_param, 1);
    /* The same full name by another cut of it is noticed when the table is fixed. */
    begin(&store, "a.b", -1);
    add(&store, "c", 2, PT_ROLE_BIAS, 0);
    assert_int_equal(pt_store_freeze(&store), PT_E_CONFIG);
    assert_int_equal(store.is_frozen, 0);
    assert_null(store.value);
    pt_store_release(&store);
}

static void frozen_stays_frozen(void **state)
{
    const int64_t dim[] = {2};
    pt_store_t store;
    (void)state;
    pt_store_init(&store);
    begin(&store, "a", -1);
    add(&store, "w", 2, PT_ROLE_BIAS, 0);
    assert_int_equal(pt_store_freeze(&store), PT_OK);
    assert_int_equal(pt_store_add(&store, "b", dim, 1, PT_ROLE_BIAS, 0, NULL),
                     PT_E_INTERNAL);
    assert_int_equal(pt_store_add_group(&store, "b", -1, NULL), PT_E_INTERNAL);
    assert_int_equal(pt_store_freeze(&store), PT_E_INTERNAL);
    pt_store_release(&store);
}

static const pt_param_t *tensor_named(const pt_store_t *store, const char *name)
{
    int32_t p = pt_store_find(store, name);
    assert_true(p >= 0);
    return &store->param[p];
}

static void build(pt_store_t *store, int has_more, uint64_t seed)
{
    pt_store_init(store);
    if (has_more) {
        begin(store, "before", -1);
        add(store, "w", 9001, PT_ROLE_WEIGHT, 10);
    }
    begin(store, "edge", -1);
    if (has_more)
        add(store, "first", 33, PT_ROLE_LINEAR, 10);
    add(store, "w", 1001, PT_ROLE_WEIGHT, 10);
    add(store, "v", 1001, PT_ROLE_WEIGHT, 10);
    assert_int_equal(pt_store_freeze(store), PT_OK);
    pt_store_fill(store, seed);
}

static int equal_values(const pt_store_t *a, const char *name_a, const pt_store_t *b,
                        const char *name_b)
{
    const pt_param_t *p = tensor_named(a, name_a), *q = tensor_named(b, name_b);
    assert_int_equal(p->count, q->count);
    return memcmp(a->value + p->offset, b->value + q->offset,
                  (size_t)p->count * sizeof *a->value) == 0;
}

/* A tensor starts the same whatever else there is; by another name or seed, otherwise. */
static void initial_values_depend_on_name_and_seed(void **state)
{
    pt_store_t alone, amid, other;
    uint64_t version;
    (void)state;
    build(&alone, 0, 7);
    build(&amid, 1, 7);
    build(&other, 0, 8);
    assert_true(equal_values(&alone, "edge.w", &amid, "edge.w"));
    assert_true(equal_values(&alone, "edge.v", &amid, "edge.v"));
    assert_false(equal_values(&alone, "edge.w", &alone, "edge.v"));
    assert_false(equal_values(&alone, "edge.w", &other, "edge.w"));
    version = other.version;
    pt_store_fill(&other, 7);
    assert_true(other.version > version);
    assert_true(equal_values(&alone, "edge.w", &other, "edge.w"));
    pt_store_release(&alone);
    pt_store_release(&amid);
    pt_store_release(&other);
}

/* Mean, variance, fourth moment and greatest size over n values. */
static void moments(const pt_real_t *x, int64_t n, double out[4])
{
    memset(out, 0, 4 * sizeof *out);
    for (int64_t i = 0; i < n; i++) {
        double v = (double)x[i];
        out[0] += v / (double)n;
        out[1] += v * v / (double)n;
        out[2] += v * v * v * v / (double)n;
        out[3] = fmax(out[3], fabs(v));
    }
}

/* Moments lie within five standard errors of those of the role's distribution. */
static void initial_values_have_the_roles_distribution(void **state)
{
    enum { N = 200000, FAN_IN = 50 };
    pt_store_t store;
    double m[4], root = 5.0 / sqrt((double)N), variance = 2.0 / FAN_IN;
    (void)state;
    pt_store_init(&store);
    begin(&store, "edge", -1);
    add(&store, "w", N, PT_ROLE_WEIGHT, FAN_IN);
    add(&store, "l", N, PT_ROLE_LINEAR, FAN_IN);
    add(&store, "b", 10, PT_ROLE_BIAS, 0);
    add(&store, "s", 10, PT_ROLE_NORM_SHIFT, 0);
    assert_int_equal(pt_store_freeze(&store), PT_OK);
    pt_store_fill(&store, 3);

    moments(store.value + tensor_named(&store, "edge.w")->offset, N, m);
    assert_true(fabs(m[0]) < root * sqrt(variance));
    assert_true(fabs(m[1] / variance - 1.0) < root * sqrt(2.0));
    assert_true(fabs(m[2] / (3.0 * variance * variance) - 1.0) < root * sqrt(96.0 / 9.0));
    assert_true(m[3] > 4.0 * sqrt(variance));

    variance = 1.0 / (3.0 * FAN_IN);
    moments(store.value + tensor_named(&store, "edge.l")->offset, N, m);
    assert_true(fabs(m[0]) < root * sqrt(variance));
    assert_true(fabs(m[1] / variance - 1.0) < root * sqrt(0.8));
    assert_true(m[3] <= (double)(pt_real_t)(1.0 / sqrt(FAN_IN)));
    assert_true(m[3] > 0.999 / sqrt(FAN_IN));

    moments(store.value + tensor_named(&store, "edge.b")->offset, 10, m);
    assert_true(m[3] == 0.0);
    moments(store.value + tensor_named(&store, "edge.s")->offset, 10, m);
    assert_true(m[3] == 0.0);
    pt_store_release(&store);
}

static void shapes_have_text(void **state)
{
    char text[64];
    (void)state;
    assert_string_equal(pt_shape_text((pt_shape_t){8, 35, 36, 3}, text), "8 x 35 x 36 x 3");
    assert_int_equal(pt_shape_count((pt_shape_t){8, 35, 36, 3}), 30240);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_own_whole_blocks),
        cmocka_unit_test(names_are_found),
        cmocka_unit_test(bad_tensors_are_refused),
        cmocka_unit_test(frozen_stays_frozen),
        cmocka_unit_test(initial_values_depend_on_name_and_seed),
        cmocka_unit_test(initial_values_have_the_roles_distribution),
        cmocka_unit_test(shapes_have_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) + (pt_memory_bytes() != 0);
}
