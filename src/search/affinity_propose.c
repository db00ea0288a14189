/* Branchings that the groups of an affinity suggest. */
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "search/affinity_parts.h"

typedef struct proposals {
    int32_t n_layer, n_task;
    int32_t *group; /* [n_layer][n_task] for the number of groups at work */
    int64_t n;
    size_t room;
    pt_branching_t *tree;
} proposals_t;

/* Levels behind the stem, in order; 0 where they are nodes of a dag. */
static int32_t count_layers(const pt_affinity_t *a)
{
    int32_t n = 0;
    for (int32_t l = 0; l < a->n_level; l++) {
        char name[24];
        snprintf(name, sizeof name, "l%02d", (int)n + 1);
        if (strcmp(a->level[l].name, name) == 0)
            n++;
        else if (n > 0)
            return 0;
    }
    return n;
}

/* All layers grouped anew, into as many groups. */
static pt_status_t group_layers(const pt_grid_t *grid, const pt_affinity_t *a,
                                int32_t groups, proposals_t *p)
{
    pt_affinity_level_t level;
    double *spectrum;
    PT_TRY(pt_alloc(&spectrum, (size_t)p->n_task, sizeof *spectrum));
    pt_status_t status = PT_OK;
    for (int32_t l = 0; l < p->n_layer && status == PT_OK; l++) {
        level = a->level[a->n_level - p->n_layer + l];
        level.group = p->group + l * p->n_task;
        level.spectrum = spectrum;
        status = affinity_group(grid, p->n_task, groups, &level);
    }
    pt_free(spectrum);
    return status;
}

/* Take over the last branching that was made, unless it is there already. */
static void keep_new(proposals_t *p)
{
    for (int64_t i = 0; i < p->n; i++)
        if (pt_branching_equal(&p->tree[i], &p->tree[p->n])) {
            pt_branching_release(&p->tree[p->n]);
            return;
        }
    p->n++;
}

/* Tasks part at layer `first`; copies that differ there keep tasks apart from then on. */
static pt_status_t add_tree(proposals_t *p, int32_t first, bool is_refined)
{
    size_t n = (size_t)p->n_task;
    int32_t *copy;
    PT_TRY(pt_grow(&p->tree, &p->room, (size_t)p->n + 1, sizeof *p->tree));
    PT_TRY(pt_alloc(&copy, n * (size_t)p->n_layer, sizeof *copy));
    for (int32_t l = first; l < p->n_layer; l++)
        memcpy(copy + (size_t)l * n, p->group + (size_t)(is_refined ? l : first) * n,
               n * sizeof *copy);
    pt_status_t status = pt_branching_init(&p->tree[p->n], p->n_layer, p->n_task);
    if (status == PT_OK) {
        pt_branching_of_copies(copy, &p->tree[p->n]);
        keep_new(p);
    }
    pt_free(copy);
    return status;
}

static pt_status_t propose(const pt_grid_t *grid, const pt_affinity_t *a, int32_t most,
                           proposals_t *p)
{
    for (int32_t groups = 2; groups <= most && groups <= p->n_task; groups++) {
        PT_TRY(group_layers(grid, a, groups, p));
        for (int32_t first = 0; first < p->n_layer; first++) {
            PT_TRY(add_tree(p, first, false));
            PT_TRY(add_tree(p, first, true));
        }
    }
    return PT_OK;
}

pt_status_t pt_affinity_propose(pt_comm_t *comm, const pt_affinity_t *affinity,
                                int32_t most, int64_t *n, pt_branching_t **tree)
{
    proposals_t p = {.n_layer = count_layers(affinity), .n_task = affinity->n_task};
    pt_grid_t *grid = NULL;
    if (p.n_layer == 0)
        PT_FAIL(SHAPE,
                "the network has no layers that tasks could share or not (space.kind "
                "= branch), so no branching of its tasks");
    PT_TRY(pt_grid_new(comm, false, &grid));
    pt_status_t status =
        pt_alloc(&p.group, (size_t)(p.n_layer * p.n_task), sizeof *p.group);
    if (status == PT_OK)
        status = propose(grid, affinity, most, &p);
    status = pt_comm_agree(comm, status);
    pt_grid_free(grid);
    pt_free(p.group);
    *n = p.n;
    *tree = p.tree;
    return status;
}
