/* Forms: the space of a config for a data set, as searched or as retrained. */
#include "polytree/train/form.h"

#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/train/feed.h"

/** Of an image a head sees the mean of its pixels alone. */
static pt_status_t check_linear(const pt_config_t *config, const int64_t hwc[3])
{
    bool is_linear = pt_methods[config->search.method].is_linear;
    if ((is_linear || config->head.linear) && hwc[0] * hwc[1] > 1)
        PT_FAIL(CONFIG, "%s is for features, the data set has images of %lld x %lld",
                is_linear ? "search.method = linear" : "head.linear = 1", (long long)hwc[0],
                (long long)hwc[1]);
    return PT_OK;
}

/** Every head must put out what its task's loss reads. */
static pt_status_t check_heads(const pt_space_t *s)
{
    pt_shape_t input = s->node[0].shape;

    for (int32_t i = 0; i < s->n_candidate; i++) {
        const pt_candidate_t *c = &s->candidate[i];
        bool is_last = c->task >= 0;
        for (int32_t j = i + 1; j < s->n_candidate && is_last; j++)
            is_last = s->candidate[j].task != c->task;
        if (!is_last)
            continue;
        const pt_space_task_t *task = &s->task[c->task];
        pt_shape_t is = s->node[c->dst].shape;
        int64_t h = task->is_map ? input.h : 1, w = task->is_map ? input.w : 1;
        if (is.h != h || is.w != w || is.c != task->outputs)
            PT_FAIL(CONFIG,
                    "the head of task %s puts out %lld x %lld x %lld, its labels want "
                    "%lld x %lld x %d: see head.kind",
                    task->name, (long long)is.h, (long long)is.w, (long long)is.c,
                    (long long)h, (long long)w, (int)task->outputs);
    }
    return PT_OK;
}

static const char *stem_option(pt_space_kind_t kind)
{
    return kind == PT_SPACE_DAG ? "space.stem" : "encoder.stem";
}

static const char *op_option(pt_space_kind_t kind)
{
    return kind == PT_SPACE_DAG ? "space.op" : "encoder.layers";
}

/** Of a window around a feature all but its middle is padding. */
static pt_status_t check_windows(const pt_space_t *s)
{
    if (s->node[0].shape.h * s->node[0].shape.w > 1)
        return PT_OK;
    for (int32_t i = 0; i < s->n_op; i++) {
        const pt_candidate_t *c = &s->candidate[s->op[i].candidate];
        bool is_stem = strcmp(c->name, "stem") == 0;
        if (s->op[i].inst.attr.kernel > 1 && (is_stem || c->choice >= 0))
            PT_FAIL(CONFIG,
                    "%s has a window of %d x %d (%s), but the data set has features, no "
                    "images: use linear_bn_relu in %s and %s",
                    is_stem ? stem_option(s->kind) : op_option(s->kind),
                    (int)s->op[i].inst.attr.kernel, (int)s->op[i].inst.attr.kernel, c->name,
                    stem_option(s->kind), op_option(s->kind));
    }
    return PT_OK;
}

/** A linear operation makes one pixel of an image, which the next node cannot take. */
static pt_status_t make_space(const pt_config_t *config, const pt_space_spec_t *spec,
                              const pt_kernel_t *kernel, pt_space_t **space)
{
    pt_space_kind_t kind = config->space.kind;
    bool is_dag = kind == PT_SPACE_DAG;
    const char *stem = is_dag ? config->space.stem : config->encoder.stem;
    const char *op = is_dag ? config->space.op : config->encoder.layers;
    pt_status_t status = pt_space_new(config, spec, kernel, space);
    if (status != PT_E_SHAPE ||
        (strstr(stem, "linear") == NULL && strstr(op, "linear") == NULL))
        return status;
    PT_FAIL(SHAPE, "%s; linear in %s or %s is for features: for images use conv3x3_bn_relu",
            pt_error_message(), stem_option(kind), op_option(kind));
}

pt_form_t pt_form_first(const pt_config_t *config)
{
    bool is_searched = !pt_methods[config->search.method].is_fixed;

    return (pt_form_t){.size = is_searched ? config->data.search_size : 0};
}

pt_status_t pt_form_space(const pt_config_t *config, pt_dataset_t *dataset,
                          const pt_form_t *form, const pt_kernel_t *kernel,
                          pt_space_t **out)
{
    int32_t n = pt_dataset_n_task(dataset);
    pt_space_task_t *task;
    int64_t hwc[3];
    pt_status_t status;

    if (n > UINT16_MAX)
        PT_FAIL(RANGE, "the data set has %d tasks, the most is %d", (int)n, UINT16_MAX);
    PT_TRY(pt_alloc(&task, (size_t)n, sizeof *task));
    for (int32_t k = 0; k < n; k++) {
        const pt_task_info_t *info = pt_dataset_task(dataset, k);
        memcpy(task[k].name, info->name, sizeof task[k].name);
        task[k].outputs = info->classes;
        task[k].is_map = pt_task_is_map(info);
    }
    pt_feed_shape(dataset, form->size, hwc);
    pt_space_spec_t spec = {hwc[0], hwc[1],          hwc[2],        n,
                            task,   form->branching, form->widening};
    pt_space_t *space = NULL;
    PT_TRY_OR(done, check_linear(config, hwc));
    PT_TRY_OR(done, make_space(config, &spec, kernel, &space));
    PT_TRY_OR(done, check_windows(space));
    PT_TRY_OR(done, check_heads(space));
    *out = space;
    space = NULL;
done:
    pt_space_free(space);
    pt_free(task);
    return status;
}
