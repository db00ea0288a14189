/* Task affinity: level by level, which features tasks have there, and how alike they are.
 */
#include "polytree/search/affinity.h"

#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/graph/plan.h"
#include "polytree/par/reduce.h"
#include "search/affinity_parts.h"

/* False where a task computes nothing for a node. */
static bool find_value(const affinity_work_t *w, int32_t task, int32_t node,
                       pt_plan_value_t *out)
{
    bool is_there = false;
    for (int32_t b = 0; b < pt_inference_n_bundle(w->spec->network); b++) {
        const pt_plan_t *plan = pt_inference_plan(w->spec->network, b);
        const int32_t *own;
        int32_t n = pt_inference_tasks(w->spec->network, b, &own);
        for (int32_t i = 0; i < n; i++) {
            int32_t value = own[i] == task ? pt_plan_at_node(plan, i, node) : -1;
            if (value < 0)
                continue;
            *out = pt_plan_value(plan, value);
            is_there = true;
        }
    }
    return is_there;
}

/* What each task has at a node, once for all that share it. */
static void list_points(affinity_work_t *w, int32_t node)
{
    const pt_space_t *space = w->spec->space;
    w->n_point = 0;
    for (int32_t k = 0; k < space->n_task; k++) {
        pt_plan_value_t v;
        int32_t p = 0;
        w->of_task[k] = -1;
        if (!find_value(w, k, node, &v))
            continue;
        while (p < w->n_point &&
               (w->point[p].op != v.op || w->point[p].candidate != v.candidate ||
                w->point[p].task != v.task))
            p++;
        if (p == w->n_point)
            w->point[w->n_point++] = (affinity_point_t){
                .op = v.op,
                .candidate = v.candidate,
                .task = v.task,
                .n_feature = pt_shape_count(space->node[node].shape) / w->microbatch};
        w->of_task[k] = p;
    }
}

/* Levels lie between the input and the first head: nodes that a task computes something
 * for.  The first is `node` or behind it; 0: there is none. */
static int32_t find_level(affinity_work_t *w, int32_t node)
{
    const pt_space_t *space = w->spec->space;
    int32_t end = space->candidate[pt_space_head(space, 0)].dst;
    for (; node < end; node++) {
        list_points(w, node);
        if (w->n_point > 0)
            return node;
    }
    return 0;
}

static int32_t count_levels(affinity_work_t *w)
{
    int32_t n = 0;
    for (int32_t node = find_level(w, 1); node > 0; node = find_level(w, node + 1))
        n++;
    return n;
}

static void describe_level(const affinity_work_t *w, int32_t node,
                           pt_affinity_level_t *level)
{
    memcpy(level->name, w->spec->space->node[node].name, sizeof level->name);
    level->n_feature = pt_shape_count(w->spec->space->node[node].shape) / w->microbatch;
    level->n_distinct = w->n_point;
}

static pt_status_t measure_level(affinity_work_t *w, int32_t node,
                                 pt_affinity_level_t *level)
{
    int32_t n_task = w->spec->space->n_task;
    double *rho = NULL;
    if (w->spec->at != NULL)
        w->spec->at(w->spec->context, w->spec->space->node[node].name);
    describe_level(w, node, level);
    size_t n = (size_t)w->n_point;
    pt_status_t status = pt_alloc(&rho, n * n, sizeof *rho);
    PT_TRY_OR(done, pt_comm_agree(w->comm, status));
    w->n_constant = 0;
    PT_TRY_OR(done, affinity_correlate(w, rho));
    PT_TRY_OR(done, pt_sum_i64(w->comm, PT_TRAFFIC_CONTROL, &w->n_constant, 1));
    level->n_constant = w->n_constant;
    for (int32_t i = 0; i < n_task; i++)
        for (int32_t j = 0; j < n_task; j++) {
            int32_t a = w->of_task[i], b = w->of_task[j];
            level->value[(size_t)i * (size_t)n_task + (size_t)j] =
                a < 0 || b < 0 ? (double)NAN : rho[(size_t)a * n + (size_t)b];
        }
    PT_TRY_OR(done, affinity_group(w->square, n_task, w->spec->groups, level));
done:
    pt_free(rho);
    return status;
}

static pt_status_t open_work(affinity_work_t *w)
{
    const pt_space_t *space = w->spec->space;
    size_t n = (size_t)space->n_task;
    PT_TRY(pt_grid_new(w->comm, true, &w->row));
    PT_TRY(pt_grid_new(w->comm, false, &w->square));
    pt_status_t status = pt_alloc(&w->point, n, sizeof *w->point);
    if (status == PT_OK)
        status = pt_alloc(&w->of_task, n, sizeof *w->of_task);
    if (status == PT_OK)
        status = pt_alloc(&w->input, (size_t)pt_shape_count(space->node[0].shape),
                          sizeof *w->input);
    return pt_comm_agree(w->comm, status);
}

static void close_work(affinity_work_t *w)
{
    pt_free(w->input);
    pt_free(w->of_task);
    pt_free(w->point);
    pt_grid_free(w->square);
    pt_grid_free(w->row);
}

pt_status_t pt_affinity_measure(pt_comm_t *comm, const pt_affinity_spec_t *spec,
                                pt_affinity_t *out)
{
    affinity_work_t w = {.spec = spec, .comm = comm, .microbatch = spec->space->microbatch};
    int64_t n = pt_inputs_n(spec->inputs);
    pt_status_t status = PT_OK;
    *out = (pt_affinity_t){.n_task = 0};
    w.n_probe = n < spec->n_probe ? n : spec->n_probe;
    if (spec->groups > spec->space->n_task)
        PT_FAIL(CONFIG, "%lld groups of %d tasks", (long long)spec->groups,
                (int)spec->space->n_task);
    if (w.n_probe < 3)
        PT_FAIL(SHAPE, "%lld probes: affinity takes 3 or more", (long long)w.n_probe);
    PT_TRY_OR(done, open_work(&w));
    if (count_levels(&w) == 0)
        status =
            PT_ERROR(SHAPE, "the network has no features between its inputs and its heads");
    if (status == PT_OK)
        status = pt_affinity_init(out, spec->space->n_task, count_levels(&w));
    PT_TRY_OR(done, pt_comm_agree(comm, status));
    int32_t node = 0;
    for (int32_t l = 0; l < out->n_level; l++) {
        node = find_level(&w, node + 1);
        PT_TRY_OR(done, measure_level(&w, node, &out->level[l]));
    }
done:
    close_work(&w);
    if (status != PT_OK)
        pt_affinity_release(out);
    return status;
}
