/* Branchings: which tasks share which layer, as the number of each task's group. */
#include "polytree/graph/branching.h"

#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"

static size_t n_entry(const pt_branching_t *b)
{
    return (size_t)b->n_layer * (size_t)b->n_task;
}

static int32_t *layer_of(const pt_branching_t *b, int32_t layer)
{
    return b->group + (size_t)layer * (size_t)b->n_task;
}

pt_status_t pt_branching_init(pt_branching_t *b, int32_t n_layer, int32_t n_task)
{
    pt_branching_t fresh = {.n_layer = n_layer, .n_task = n_task};

    PT_TRY(pt_alloc(&fresh.group, n_entry(&fresh), sizeof *fresh.group));
    *b = fresh;
    return PT_OK;
}

void pt_branching_release(pt_branching_t *b)
{
    pt_free(b->group);
    *b = (pt_branching_t){0};
}

void pt_branching_copy(pt_branching_t *dst, const pt_branching_t *src)
{
    memcpy(dst->group, src->group, n_entry(src) * sizeof *src->group);
}

void pt_branching_full(pt_branching_t *b)
{
    for (int32_t l = 0; l < b->n_layer; l++)
        for (int32_t k = 0; k < b->n_task; k++)
            layer_of(b, l)[k] = k;
}

void pt_branching_of_copies(const int32_t *copy, pt_branching_t *b)
{
    for (int32_t l = 0; l < b->n_layer; l++) {
        const int32_t *chosen = copy + (size_t)l * (size_t)b->n_task;
        const int32_t *before = l > 0 ? layer_of(b, l - 1) : NULL;
        int32_t *group = layer_of(b, l), n = 0;

        for (int32_t k = 0; k < b->n_task; k++) {
            int32_t j = 0;
            while (j < k &&
                   !(chosen[j] == chosen[k] && (before == NULL || before[j] == before[k])))
                j++;
            group[k] = j < k ? group[j] : n++;
        }
    }
}

bool pt_branching_is_valid(const pt_branching_t *b)
{
    for (int32_t l = 0; l < b->n_layer; l++) {
        const int32_t *group = layer_of(b, l);
        int32_t n = 0;

        for (int32_t k = 0; k < b->n_task; k++) {
            if (group[k] < 0 || group[k] > n)
                return false;
            n += group[k] == n;
            for (int32_t j = 0; j < k && l > 0; j++)
                if (group[j] == group[k] && layer_of(b, l - 1)[j] != layer_of(b, l - 1)[k])
                    return false;
        }
    }
    return true;
}

int32_t pt_branching_n_group(const pt_branching_t *b, int32_t layer)
{
    int32_t n = 0;

    for (int32_t k = 0; k < b->n_task; k++)
        if (layer_of(b, layer)[k] >= n)
            n = layer_of(b, layer)[k] + 1;
    return n;
}

bool pt_branching_equal(const pt_branching_t *a, const pt_branching_t *b)
{
    return a->n_layer == b->n_layer && a->n_task == b->n_task &&
           memcmp(a->group, b->group, n_entry(a) * sizeof *a->group) == 0;
}

size_t pt_branching_text(const pt_branching_t *b, char *out, size_t size)
{
    size_t n = 0;

    if (size > 0)
        out[0] = '\0';
    for (int32_t l = 0; l < b->n_layer; l++)
        for (int32_t k = 0; k < b->n_task; k++) {
            const char *before = k > 0 && b->n_task > 10 ? "." : "";
            if (k == 0 && l > 0)
                before = "/";
            n += (size_t)snprintf(n < size ? out + n : NULL, n < size ? size - n : 0,
                                  "%s%d", before, (int)layer_of(b, l)[k]);
        }
    return n;
}
