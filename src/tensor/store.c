/* The table of tensors: building it, fixing it, looking names up. */
#include "polytree/tensor/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/memory.h"

/* Keeps every product below (elements, bytes of both arrays) within int64_t. */
#define MOST_ELEMENTS ((int64_t)1 << 50)

/* Of gradient sums, where nobody chooses one. */
#define FIRST_SCALE 0x1p40

void pt_store_init(pt_store_t *store)
{
    *store = (pt_store_t){0};
}

static size_t elements(const pt_store_t *store)
{
    return (size_t)store->n_block * PT_BLOCK;
}

void pt_store_release(pt_store_t *store)
{
    pt_free(store->param);
    pt_free(store->group);
    pt_reserve_release(store->value, elements(store) * sizeof *store->value);
    pt_reserve_release(store->grad_sum, elements(store) * sizeof *store->grad_sum);
    pt_free(store->by_name);
    pt_free(store->group_sum);
    *store = (pt_store_t){0};
}

pt_status_t pt_store_add_group(pt_store_t *store, const char *name, int32_t task,
                               int32_t *group)
{
    pt_group_t *added;
    if (store->is_frozen)
        PT_FAIL(INTERNAL, "group %s: the parameter store is frozen", name);
    if (name[0] == '\0' || strlen(name) >= sizeof added->name)
        PT_FAIL(CONFIG, "group name '%s' has %zu characters, wanted 1 to %zu", name,
                strlen(name), sizeof added->name - 1);
    if (task < -1)
        PT_FAIL(RANGE, "group %s: owner task %d, wanted -1 or more", name, (int)task);
    for (int32_t g = 0; g < store->n_group; g++)
        if (strcmp(store->group[g].name, name) == 0)
            PT_FAIL(CONFIG, "there are two groups of parameters named %s", name);
    PT_TRY(pt_grow(&store->group, &store->group_capacity, (size_t)store->n_group + 1,
                   sizeof *store->group));
    added = &store->group[store->n_group];
    *added = (pt_group_t){.first_block = store->n_block,
                          .first_param = store->n_param,
                          .task = task,
                          .rate = 1};
    memcpy(added->name, name, strlen(name) + 1);
    if (group != NULL)
        *group = store->n_group;
    store->n_group++;
    return PT_OK;
}

static pt_status_t check_tensor(const char *name, const int64_t *dim, int32_t n_dim,
                                pt_role_t role, int64_t fan_in, int64_t *count)
{
    int64_t product = 1;
    if (n_dim < 1 || n_dim > 4)
        PT_FAIL(SHAPE, "tensor %s has %d dimensions, wanted 1 to 4", name, (int)n_dim);
    for (int32_t d = 0; d < n_dim; d++) {
        if (dim[d] < 1)
            PT_FAIL(SHAPE, "tensor %s: dimension %d is %lld, wanted 1 or more", name,
                    (int)d, (long long)dim[d]);
        if (dim[d] > MOST_ELEMENTS / product)
            PT_FAIL(RANGE, "tensor %s has too many elements", name);
        product *= dim[d];
    }
    if ((role == PT_ROLE_WEIGHT || role == PT_ROLE_LINEAR) && fan_in < 1)
        PT_FAIL(RANGE, "tensor %s: fan-in is %lld, wanted 1 or more", name,
                (long long)fan_in);
    *count = product;
    return PT_OK;
}

/* First free element of the group, rounded up to where a tensor may begin. */
static int64_t next_offset(const pt_store_t *store, const pt_group_t *group)
{
    const pt_param_t *last;
    int64_t end;
    if (group->n_param == 0)
        return group->first_block * PT_BLOCK;
    last = &store->param[store->n_param - 1];
    end = last->offset + last->count;
    return (end + PT_PARAM_ALIGN - 1) / PT_PARAM_ALIGN * PT_PARAM_ALIGN;
}

pt_status_t pt_store_add(pt_store_t *store, const char *name, const int64_t *dim,
                         int32_t n_dim, pt_role_t role, int64_t fan_in, int32_t *param)
{
    pt_param_t made = {.n_dim = n_dim, .role = role, .fan_in = fan_in};
    pt_group_t *group;
    int length;

    if (store->is_frozen)
        PT_FAIL(INTERNAL, "tensor %s: the parameter store is frozen", name);
    if (store->n_group == 0)
        PT_FAIL(INTERNAL, "tensor %s: no group was begun", name);
    group = &store->group[store->n_group - 1];
    length = snprintf(made.name, sizeof made.name, "%s.%s", group->name, name);
    if (name[0] == '\0' || length < 0 || (size_t)length >= sizeof made.name)
        PT_FAIL(CONFIG, "tensor name '%s.%s' is empty or above %zu characters", group->name,
                name, sizeof made.name - 1);
    PT_TRY(check_tensor(made.name, dim, n_dim, role, fan_in, &made.count));
    for (int32_t p = group->first_param; p < store->n_param; p++)
        if (strcmp(store->param[p].name, made.name) == 0)
            PT_FAIL(CONFIG, "there are two tensors named %s", made.name);
    for (int32_t d = 0; d < 4; d++)
        made.dim[d] = d < n_dim ? dim[d] : 1;
    PT_TRY(pt_grow(&store->param, &store->param_capacity, (size_t)store->n_param + 1,
                   sizeof *store->param));
    made.group = store->n_group - 1;
    made.offset = next_offset(store, group);
    if (made.offset > MOST_ELEMENTS - made.count)
        PT_FAIL(RANGE, "tensor %s: the parameters have too many elements", made.name);
    group->n_block =
        (made.offset + made.count + PT_BLOCK - 1) / PT_BLOCK - group->first_block;
    group->n_param++;
    store->n_block = group->first_block + group->n_block;
    store->param[store->n_param] = made;
    if (param != NULL)
        *param = store->n_param;
    store->n_param++;
    return PT_OK;
}

static int compare_names(const void *a, const void *b, void *context)
{
    const pt_param_t *param = context;
    return strcmp(param[*(const int32_t *)a].name, param[*(const int32_t *)b].name);
}

static pt_status_t sort_names(const pt_store_t *store, int32_t *by_name)
{
    for (int32_t p = 0; p < store->n_param; p++)
        by_name[p] = p;
    qsort_r(by_name, (size_t)store->n_param, sizeof *by_name, compare_names, store->param);
    for (int32_t p = 1; p < store->n_param; p++)
        if (compare_names(&by_name[p - 1], &by_name[p], store->param) == 0)
            PT_FAIL(CONFIG, "there are two tensors named %s",
                    store->param[by_name[p]].name);
    return PT_OK;
}

pt_status_t pt_store_freeze(pt_store_t *store)
{
    pt_status_t status;
    int32_t *by_name = NULL;
    pt_group_sum_t *sum = NULL;
    void *value = NULL, *grad_sum = NULL;

    if (store->is_frozen)
        PT_FAIL(INTERNAL, "the parameter store is frozen already");
    PT_TRY_OR(fail, pt_alloc(&by_name, (size_t)store->n_param, sizeof *by_name));
    PT_TRY_OR(fail, sort_names(store, by_name));
    PT_TRY_OR(fail, pt_alloc(&sum, (size_t)store->n_group, sizeof *sum));
    PT_TRY_OR(fail, pt_reserve(elements(store) * sizeof *store->value, &value));
    PT_TRY_OR(fail, pt_reserve(elements(store) * sizeof *store->grad_sum, &grad_sum));
    for (int32_t g = 0; g < store->n_group; g++)
        sum[g].scale = FIRST_SCALE;
    store->by_name = by_name;
    store->group_sum = sum;
    store->value = value;
    store->grad_sum = grad_sum;
    store->own_end = store->n_block;
    store->is_frozen = 1;
    store->version++;
    return PT_OK;
fail:
    pt_free(by_name);
    pt_free(sum);
    pt_reserve_release(value, elements(store) * sizeof *store->value);
    return status;
}

void pt_store_keep(pt_store_t *store, int64_t own_begin, int64_t own_end)
{
    store->own_begin = own_begin;
    store->own_end = own_end;
}

int32_t pt_store_find(const pt_store_t *store, const char *name)
{
    int32_t low = 0, high = store->n_param;
    if (!store->is_frozen) {
        for (int32_t p = 0; p < store->n_param; p++)
            if (strcmp(store->param[p].name, name) == 0)
                return p;
        return -1;
    }
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        int order = strcmp(store->param[store->by_name[middle]].name, name);
        if (order == 0)
            return store->by_name[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

int64_t pt_group_extent(const pt_store_t *store, const pt_group_t *group, int64_t block)
{
    const pt_param_t *last = &store->param[group->first_param + group->n_param - 1];
    int64_t n = last->offset + last->count - block * PT_BLOCK;
    n += (PT_PARAM_ALIGN - n % PT_PARAM_ALIGN) % PT_PARAM_ALIGN;
    return n < PT_BLOCK ? n : PT_BLOCK;
}

int64_t pt_store_n_element(const pt_store_t *store)
{
    int64_t n = 0;
    for (int32_t p = 0; p < store->n_param; p++)
        n += store->param[p].count;
    return n;
}
