/* The trainer: what it is built of, and building it anew in another form. */
#include "train/trainer.h"

#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/train/deal.h"
#include "train/stream.h"

/** Names that [task.NAME] sections may have are those of the data set; tasks that
 * data.tasks leaves out may have theirs, and those of a network that is extended. */
static pt_status_t check_sections(const pt_config_t *config, const pt_dataset_t *dataset)
{
    int32_t n = pt_dataset_n_task(dataset);
    const char **name;

    if (strcmp(config->data.tasks, "all") != 0 ||
        pt_methods[config->search.method].is_extended)
        return PT_OK;
    PT_TRY(pt_alloc(&name, (size_t)n, sizeof *name));
    for (int32_t k = 0; k < n; k++)
        name[k] = pt_dataset_task(dataset, k)->name;
    pt_status_t status = pt_config_check_tasks(config, n, name);
    pt_free(name);
    return status;
}

static pt_status_t make_tables(pt_trainer_t *t)
{
    int32_t most = 0;

    t->n_bundle = pt_feed_n_bundle(t->feed);
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

static pt_status_t make_objectives(pt_trainer_t *t)
{
    PT_TRY(check_sections(t->config, t->dataset));
    PT_TRY(pt_alloc(&t->objective, (size_t)t->n_task, sizeof *t->objective));
    PT_TRY(pt_alloc(&t->class_weight, (size_t)t->n_task, sizeof *t->class_weight));
    for (int32_t k = 0; k < t->n_task; k++) {
        pt_objective_t *o = &t->objective[k];
        PT_TRY(pt_objective_make(t->config, pt_dataset_task(t->dataset, k), o));
        PT_TRY(pt_class_weights_make(t->config, t->dataset, k, o, &t->class_weight[k]));
        o->class_weight = t->class_weight[k];
    }
    return pt_task_weights_init(t->config, t->n_task, t->objective, &t->weights);
}

/** What is to be cut, and whom it belongs to. */
static pt_status_t build_space(pt_trainer_t *t, const pt_form_t *form)
{
    PT_TRY(make_objectives(t));
    PT_TRY(pt_feed_new(t->config, t->dataset, form->size, &t->feed));
    PT_TRY(pt_form_space(t->config, t->dataset, form, t->kernel, &t->space));
    return make_tables(t);
}

/** All that works on this rank's part of it. */
static pt_status_t build(pt_trainer_t *t)
{
    pt_store_fill(&t->space->store, (uint64_t)t->config->run.seed);
    shard_tasks_t tasks = {t->n_task, t->task_coord};
    shard_extra_t extra = {.second_moment =
                               t->config->warmup.update.optimizer == PT_OPTIMIZER_ADAM ||
                               t->config->search.update.optimizer == PT_OPTIMIZER_ADAM ||
                               t->config->retrain.update.optimizer == PT_OPTIMIZER_ADAM,
                           .average = t->config->retrain.ema > 0};
    PT_TRY(shard_init(&t->shard, &t->space->store, t->kernel, t->layout, &tasks, extra));
    t->shard.decay_norm_bias = t->config->train.decay_norm_bias;
    t->shard.is_fast = t->config->kernel.reduction == PT_REDUCTION_FAST;
    PT_TRY(trainer_open_labels(t));
    PT_TRY(trainer_open_plans(t));
    PT_TRY(stream_open(t));
    PT_TRY(trainer_open_step(t));
    return trainer_open_scores(t);
}

/** Everything that build_space() and build() have made. */
static void release(pt_trainer_t *t)
{
    trainer_close_labels(t);
    pt_free(t->task_coord);
    pt_free(t->task_slot);
    for (int32_t k = 0; k < t->n_task && t->class_weight != NULL; k++)
        pt_free(t->class_weight[k]);
    pt_free(t->class_weight);
    pt_free(t->objective);
    trainer_close_gather(t);
    trainer_close_scores(t);
    trainer_close_step(t);
    stream_close(t);
    trainer_close_plans(t);
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
    return pt_comm_agree(t->layout->world, stream_connect(t));
}

/** One that was never built is `like`. */
static pt_status_t make(const pt_trainer_t *like, const pt_form_t *form, pt_trainer_t **out)
{
    pt_trainer_t *t = NULL;
    pt_status_t status = pt_alloc(&t, 1, sizeof *t);

    PT_TRY_OR(failed, pt_comm_agree(like->layout->world, status));
    *t = *like;
    PT_TRY_OR(failed, pt_trainer_reform(t, form));
    *out = t;
    return PT_OK;
failed:
    pt_trainer_free(t);
    return status;
}

pt_status_t pt_trainer_new(const pt_config_t *config, const pt_layout_t *layout,
                           pt_dataset_t *dataset, const pt_kernel_t *kernel,
                           pt_machine_t *machine, pt_trainer_t **out)
{
    const pt_form_t form = pt_form_first(config);
    const pt_trainer_t like = {.config = config,
                               .layout = layout,
                               .dataset = dataset,
                               .kernel = kernel,
                               .machine = machine,
                               .n_task = pt_dataset_n_task(dataset)};

    return make(&like, &form, out);
}

pt_status_t pt_trainer_like(const pt_trainer_t *t, const pt_layout_t *layout,
                            const pt_form_t *form, pt_trainer_t **out)
{
    const pt_trainer_t like = {.config = t->config,
                               .layout = layout,
                               .dataset = t->dataset,
                               .kernel = t->kernel,
                               .machine = t->machine,
                               .n_task = t->n_task};

    return make(&like, form, out);
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
    return pt_have_common_metric(trainer->objective, trainer->n_task);
}

void pt_trainer_reset_moments(pt_trainer_t *trainer)
{
    shard_reset(&trainer->shard);
}

pt_status_t pt_trainer_swap_average(pt_trainer_t *trainer)
{
    return shard_swap_average(&trainer->shard);
}

void pt_trainer_reset_weights(pt_trainer_t *trainer)
{
    pt_task_weights_reset(&trainer->weights);
}

void pt_trainer_restart(pt_trainer_t *trainer, uint64_t seed)
{
    quanta_t *quanta = &trainer->step.quanta;

    pt_store_fill(&trainer->space->store, seed);
    pt_trainer_reset_moments(trainer);
    pt_trainer_reset_weights(trainer);
    quanta_reset(quanta);
    /* A step that has failed leaves its sums. */
    shard_clear(&trainer->shard, trainer->step.turn.is_used);
}

pt_trainer_time_t pt_trainer_time(const pt_trainer_t *trainer)
{
    return trainer->time;
}

void pt_trainer_pass_time(pt_trainer_t *from, pt_trainer_t *to)
{
    pt_trainer_time_t *a = &from->time, *b = &to->time;

    if (from == to)
        return;
    b->step += a->step;
    b->ops += a->ops;
    b->loss += a->loss;
    b->feed += a->feed;
    b->compile += a->compile;
    b->reduce += a->reduce;
    b->transfer += a->transfer;
    b->update += a->update;
    b->evaluate += a->evaluate;
    *a = (pt_trainer_time_t){.step = 0};
}
