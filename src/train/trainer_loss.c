/* What a unit's loss callback does: loss and gradient of a step, scores of an evaluation.
 */
#include "train/trainer.h"

/** Add a microbatch's loss and metrics to the sums of an evaluation. */
static void collect_scores(loss_context_t *c, int32_t task, double loss, int64_t h,
                           int64_t w, const pt_real_t *output)
{
    pt_trainer_t *t = c->trainer;
    const pt_objective_t *o = &t->objective[task];
    const pt_label_t *label = t->label[t->task_slot[task]];
    int64_t *sum = t->score.sum + 2 * task;
    int64_t n = t->config->train.microbatch, fixed;
    int64_t labelled = pt_loss_labelled(o, n, h, w, label);

    /* The mean over a part wants sums: a unit's mean times its labelled elements. */
    if (!fine_fixed(loss * (double)labelled, c->limit, &fixed))
        *c->is_bad = true;
    sum[0] += fixed;
    sum[1] += labelled;
    pt_metrics_add(t->score.metrics, task, n, output, label);
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
        scale = t->step.task_weight[task] / c->divisor;
    double loss = pt_loss(&o, n, h, w, output, label, scale, doutput);
    if (!fine_fixed(loss, c->limit, &fixed))
        *c->is_bad = true;
    if (c->collects_metric)
        collect_scores(c, task, loss, h, w, output);
    else
        c->loss_sum[task] += fixed;
}
