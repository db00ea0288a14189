#include "train/trainer.h"

#include <math.h>
#include <string.h>

#include "polytree/base/activity.h"
#include "polytree/base/clock.h"
#include "polytree/base/memory.h"
#include "train/stream.h"

pt_status_t trainer_plan(pt_trainer_t *trainer, const pt_subnet_t *subnet, pt_pass_t pass,
                         int32_t bundle, pt_plan_t **plan)
{
    const pt_bundle_t *b = pt_feed_bundle(trainer->feed, bundle);
    int32_t slot = bundle % trainer->n_plan_slot;
    double begin = pt_clock();

    pt_activity_do(PT_DOING_PLANS);
    switch (pass) {
    case PT_PASS_WEIGHT:
        *plan = trainer->weight_plan[slot];
        break;
    case PT_PASS_ALPHA:
        *plan = trainer->alpha_plan[slot];
        break;
    case PT_PASS_CALIBRATE:
        *plan = trainer->calibrate_plan;
        break;
    case PT_PASS_EVAL:
        *plan = trainer->eval_plan;
        break;
    }
    if (pt_plan_key(*plan) != pt_plan_make_key(subnet, pass, b->task, b->n_task))
        PT_TRY(pt_plan_compile(*plan, subnet, pass, b->task, b->n_task));
    trainer->time.compile += pt_clock() - begin;
    return PT_OK;
}

/** Add a microbatch's loss and metrics to the sums of an evaluation. */
static void collect_scores(loss_context_t *c, int32_t task, double loss, int64_t h,
                           int64_t w, const pt_real_t *output)
{
    pt_trainer_t *t = c->trainer;
    const pt_objective_t *o = &t->objective[task];
    const pt_label_t *label = t->label[t->task_slot[task]];
    int64_t *sum = t->score_sum + t->score_offset[task];
    int64_t n = t->config->train.microbatch, fixed;
    int64_t labelled = pt_loss_labelled(o, n, h, w, label);

    /* The mean over a part wants sums: a unit's mean times its labelled elements. */
    if (!fine_fixed(loss * (double)labelled, c->limit, &fixed))
        *c->is_bad = true;
    sum[0] += fixed;
    sum[1] += labelled;
    if (!pt_metric_add(o, n, h, w, output, label, c->limit, t->scratch, sum + 2))
        *c->is_bad = true;
}

void trainer_loss(void *context, int32_t task, const pt_real_t *output, pt_real_t *doutput)
{
    loss_context_t *c = context;
    pt_trainer_t *t = c->trainer;
    pt_objective_t o = t->objective[task];
    const pt_label_t *label = t->label[t->task_slot[task]];
    pt_shape_t input = t->space->node[0].shape;
    bool is_map = t->space->task[task].is_map;
    int64_t n = t->config->train.microbatch, h = is_map ? input.h : 1,
            w = is_map ? input.w : 1, fixed;
    double scale = 0;

    if (c->collects_metric)
        o.smoothing = 0;
    else
        scale = t->task_weight[task] / c->divisor;
    double loss = pt_loss(&o, n, h, w, output, label, scale, doutput);
    if (!fine_fixed(loss, c->limit, &fixed))
        *c->is_bad = true;
    if (c->collects_metric)
        collect_scores(c, task, loss, h, w, output);
    else
        c->loss_sum[task] += fixed;
}

/** Names that [task.NAME] sections may have are those of the data set; tasks that
 * data.tasks leaves out may have theirs. */
static pt_status_t check_sections(const pt_config_t *config, const pt_dataset_t *dataset)
{
    int32_t n = pt_dataset_n_task(dataset);
    const char **name;

    if (strcmp(config->data.tasks, "all") != 0)
        return PT_OK;
    PT_TRY(pt_alloc(&name, (size_t)n, sizeof *name));
    for (int32_t k = 0; k < n; k++)
        name[k] = pt_dataset_task(dataset, k)->name;
    pt_status_t status = pt_config_check_tasks(config, n, name);
    pt_free(name);
    return status;
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
    bool is_searched = !pt_method_is_fixed(config->search.method);

    return (pt_form_t){.size = is_searched ? config->data.search_size : 0};
}

pt_status_t pt_space_of_data(const pt_config_t *config, pt_dataset_t *dataset,
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
    pt_space_spec_t spec = {hwc[0], hwc[1], hwc[2], n, task, form->branching};
    pt_space_t *space = NULL;
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

/** Bundles that can take turns, ordinary ones and single tasks. */
static int32_t n_turn(const pt_trainer_t *t)
{
    return t->n_bundle + (t->config->train.turn == PT_TURN_TASKS ? t->n_task : 0);
}

static pt_status_t make_tables(pt_trainer_t *t)
{
    int32_t most = 0;

    t->n_bundle = pt_feed_n_bundle(t->feed);
    t->units = (int32_t)(t->config->train.batch / t->config->train.microbatch);
    PT_TRY(pt_alloc(&t->task_coord, (size_t)t->n_task, sizeof *t->task_coord));
    PT_TRY(pt_alloc(&t->task_slot, (size_t)t->n_task, sizeof *t->task_slot));
    for (int32_t b = 0; b < t->n_bundle; b++) {
        const pt_bundle_t *bundle = pt_feed_bundle(t->feed, b);
        most = bundle->n_task > most ? bundle->n_task : most;
        for (int32_t i = 0; i < bundle->n_task; i++) {
            t->task_coord[bundle->task[i]] =
                pt_deal_bundle(b, t->layout->extent[PT_AXIS_TASK]);
            t->task_slot[bundle->task[i]] = i;
        }
    }
    t->n_bundle_task = most;
    return PT_OK;
}

static pt_status_t make_plans(pt_trainer_t *t)
{
    t->n_plan_slot = n_turn(t) < PLAN_SLOTS ? n_turn(t) : PLAN_SLOTS;
    PT_TRY(pt_alloc(&t->weight_plan, (size_t)t->n_plan_slot, sizeof *t->weight_plan));
    PT_TRY(pt_alloc(&t->alpha_plan, (size_t)t->n_plan_slot, sizeof *t->alpha_plan));
    for (int32_t i = 0; i < t->n_plan_slot; i++) {
        PT_TRY(pt_plan_new(t->space, t->n_bundle_task, &t->weight_plan[i]));
        PT_TRY(pt_plan_new(t->space, t->n_bundle_task, &t->alpha_plan[i]));
    }
    PT_TRY(pt_plan_new(t->space, t->n_bundle_task, &t->calibrate_plan));
    PT_TRY(pt_plan_new(t->space, t->n_bundle_task, &t->eval_plan));
    return stream_open(t);
}

static pt_status_t make_step_buffers(pt_trainer_t *t)
{
    const pt_space_t *s = t->space;
    size_t tasks = (size_t)t->n_task, choices = (size_t)s->n_choice;
    int64_t width = 1;

    for (int32_t k = 0; k < t->n_task; k++) {
        int64_t n = pt_feed_labels(t->feed, k);
        width = n > width ? n : width;
    }
    int64_t most = t->config->train.tasks_per_step;
    if (most == 0 || most > t->n_task)
        most = t->n_task;
    size_t units = (size_t)most * (size_t)t->units;
    PT_TRY(pt_alloc(&t->unit, units, sizeof *t->unit));
    PT_TRY(pt_alloc(&t->unit_cost, units, sizeof *t->unit_cost));
    PT_TRY(pt_alloc(&t->unit_rank, units, sizeof *t->unit_rank));
    PT_TRY(pt_alloc(&t->data_work, (size_t)t->layout->extent[PT_AXIS_DATA],
                    sizeof *t->data_work));
    PT_TRY(pt_alloc(&t->bundle, tasks, sizeof *t->bundle));
    PT_TRY(pt_alloc(&t->task, tasks, sizeof *t->task));
    PT_TRY(pt_alloc(&t->is_used, (size_t)s->store.n_group, sizeof *t->is_used));
    PT_TRY(pt_alloc(&t->alive_candidate, (size_t)s->n_candidate, 1));
    PT_TRY(pt_alloc(&t->alive_node, (size_t)s->n_node, 1));
    PT_TRY(pt_alloc(&t->label, (size_t)t->n_bundle_task, sizeof *t->label));
    for (int32_t i = 0; i < t->n_bundle_task; i++)
        PT_TRY(pt_alloc(&t->label[i], (size_t)(t->config->train.microbatch * width),
                        sizeof **t->label));
    PT_TRY(pt_alloc(&t->gate_sum, tasks * choices, sizeof *t->gate_sum));
    PT_TRY(pt_alloc(&t->control, tasks + 4, sizeof *t->control));
    PT_TRY(pt_alloc(&t->task_weight, tasks, sizeof *t->task_weight));
    return pt_alloc(&t->task_loss, tasks, sizeof *t->task_loss);
}

static pt_status_t make_score_buffers(pt_trainer_t *t)
{
    size_t stats = (size_t)pt_plan_stat_bound(t->eval_plan), scratch = 0;
    int64_t hwc[3];

    t->stat_bound = (int64_t)stats;
    PT_TRY(pt_alloc(&t->stat, (size_t)t->n_bundle * stats, sizeof *t->stat));
    PT_TRY(pt_alloc(&t->stat_sum, stats, sizeof *t->stat_sum));
    PT_TRY(pt_alloc(&t->stat_fixed, (size_t)t->n_bundle * stats, sizeof *t->stat_fixed));
    PT_TRY(pt_alloc(&t->score_offset, (size_t)t->n_task + 1, sizeof *t->score_offset));
    pt_feed_input(t->feed, hwc);
    for (int32_t k = 0; k < t->n_task; k++) {
        const pt_objective_t *o = &t->objective[k];
        size_t bytes = pt_metric_scratch(o, hwc[0], hwc[1]);
        scratch = bytes > scratch ? bytes : scratch;
        t->score_offset[k + 1] = t->score_offset[k] + 2 + pt_metric_count(o);
    }
    PT_TRY(pt_alloc(&t->scratch, scratch / sizeof *t->scratch, sizeof *t->scratch));
    return pt_alloc(&t->score_sum, (size_t)t->score_offset[t->n_task] + 1,
                    sizeof *t->score_sum);
}

static pt_status_t make_objectives(pt_trainer_t *t)
{
    PT_TRY(check_sections(t->config, t->dataset));
    PT_TRY(pt_alloc(&t->objective, (size_t)t->n_task, sizeof *t->objective));
    for (int32_t k = 0; k < t->n_task; k++)
        PT_TRY(
            pt_objective_make(t->config, pt_dataset_task(t->dataset, k), &t->objective[k]));
    return pt_task_weights_init(t->config, t->n_task, t->objective, &t->weights);
}

/** What is to be cut, and whom it belongs to. */
static pt_status_t build_space(pt_trainer_t *t, const pt_form_t *form)
{
    PT_TRY(make_objectives(t));
    PT_TRY(pt_feed_new(t->config, t->dataset, form->size, &t->feed));
    PT_TRY(pt_space_of_data(t->config, t->dataset, form, t->kernel, &t->space));
    return make_tables(t);
}

/** All that works on this rank's part of it. */
static pt_status_t build(pt_trainer_t *t)
{
    pt_store_fill(&t->space->store, (uint64_t)t->config->run.seed);
    shard_tasks_t tasks = {t->n_task, t->task_coord};
    bool has_adam = t->config->warmup.update.optimizer == PT_OPTIMIZER_ADAM ||
                    t->config->search.update.optimizer == PT_OPTIMIZER_ADAM ||
                    t->config->retrain.update.optimizer == PT_OPTIMIZER_ADAM;
    PT_TRY(shard_init(&t->shard, &t->space->store, t->kernel, t->layout, &tasks, has_adam));
    t->shard.decay_norm_bias = t->config->train.decay_norm_bias;
    t->shard.is_fast = t->config->kernel.reduction == PT_REDUCTION_FAST;
    PT_TRY(make_plans(t));
    PT_TRY(make_step_buffers(t));
    return make_score_buffers(t);
}

/** Everything that build_space() and build() have made. */
static void release(pt_trainer_t *t)
{
    for (int32_t i = 0; i < t->n_plan_slot; i++) {
        if (t->weight_plan != NULL)
            pt_plan_free(t->weight_plan[i]);
        if (t->alpha_plan != NULL)
            pt_plan_free(t->alpha_plan[i]);
    }
    for (int32_t i = 0; i < t->n_bundle_task && t->label != NULL; i++)
        pt_free(t->label[i]);
    void *const plain[] = {
        t->unit,         t->unit_cost,       t->unit_rank,  t->data_work, t->weight_plan,
        t->alpha_plan,   t->task_coord,      t->task_slot,  t->bundle,    t->task,
        t->is_used,      t->alive_candidate, t->alive_node, t->label,     t->gate_sum,
        t->control,      t->task_loss,       t->stat,       t->stat_sum,  t->stat_fixed,
        t->score_offset, t->score_sum,       t->gathered,   t->piece,     t->saved_stat,
        t->objective,    t->scratch,         t->task_weight};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        pt_free(plain[i]);
    pt_plan_free(t->calibrate_plan);
    pt_plan_free(t->eval_plan);
    stream_close(t);
    shard_release(&t->shard);
    pt_task_weights_release(&t->weights);
    pt_space_free(t->space);
    pt_feed_free(t->feed);
}

pt_status_t pt_trainer_reform(pt_trainer_t *t, const pt_form_t *form)
{
    pt_trainer_t fresh = {.config = t->config,
                          .layout = t->layout,
                          .dataset = t->dataset,
                          .kernel = t->kernel,
                          .machine = t->machine,
                          .n_task = t->n_task,
                          .time = t->time};

    release(t);
    *t = fresh;
    PT_AGREE(t->layout->world, build_space(t, form));
    PT_TRY(pt_comm_check_equal(t->layout->world, "the search space", &t->space->fingerprint,
                               sizeof(uint64_t)));
    PT_TRY(stream_cut(t, form));
    PT_AGREE(t->layout->world, build(t));
    return stream_connect(t);
}

pt_status_t pt_trainer_new(const pt_config_t *config, const pt_layout_t *layout,
                           pt_dataset_t *dataset, const pt_kernel_t *kernel,
                           pt_machine_t *machine, pt_trainer_t **out)
{
    pt_form_t form = pt_form_first(config);
    pt_trainer_t *t = NULL;
    pt_status_t status;

    PT_TRY(pt_alloc(&t, 1, sizeof *t));
    t->config = config;
    t->layout = layout;
    t->dataset = dataset;
    t->kernel = kernel;
    t->machine = machine;
    t->n_task = pt_dataset_n_task(dataset);
    PT_TRY_OR(failed, pt_trainer_reform(t, &form));
    *out = t;
    return PT_OK;
failed:
    pt_trainer_free(t);
    return status;
}

void pt_trainer_free(pt_trainer_t *trainer)
{
    if (trainer != NULL)
        release(trainer);
    pt_free(trainer);
}

pt_space_t *pt_trainer_space(const pt_trainer_t *trainer)
{
    return trainer->space;
}

const pt_feed_t *pt_trainer_feed(const pt_trainer_t *trainer)
{
    return trainer->feed;
}

const pt_layout_t *pt_trainer_layout(const pt_trainer_t *trainer)
{
    return trainer->layout;
}

pt_dataset_t *pt_trainer_dataset(const pt_trainer_t *trainer)
{
    return trainer->dataset;
}

const pt_objective_t *pt_trainer_objective(const pt_trainer_t *trainer, int32_t task)
{
    return &trainer->objective[task];
}

bool pt_trainer_has_common_metric(const pt_trainer_t *trainer)
{
    for (int32_t k = 1; k < trainer->n_task; k++)
        if (trainer->objective[k].metric != trainer->objective[0].metric)
            return false;
    return true;
}

void pt_trainer_reset_moments(pt_trainer_t *trainer)
{
    shard_reset(&trainer->shard);
}

void pt_trainer_reset_weights(pt_trainer_t *trainer)
{
    pt_task_weights_reset(&trainer->weights);
}

pt_trainer_time_t pt_trainer_time(const pt_trainer_t *trainer)
{
    return trainer->time;
}
