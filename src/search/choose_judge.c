/* Judging candidates: their losses on what judges, and with blocks of that left out.
 *
 * For each block and task: the sums of the loss's positive and negative terms,
 * and the numbers of labelled and of positive elements (polytree/train/loss.h).  They are
 * exact, so that a loss without some block is the same on any layout. */
#include <math.h>

#include "polytree/par/exact_sum.h"
#include "polytree/train/loss.h"
#include "search/run.h"

enum { POSITIVE, NEGATIVE, N_LABELLED, N_POSITIVE, N_SUM };

static int64_t sum_at(const pt_search_t *s, int32_t block, int32_t task)
{
    return ((int64_t)block * s->choose.n_task + task) * N_SUM;
}

static pt_objective_t plain_objective(const pt_search_t *s, int32_t task)
{
    pt_objective_t objective = *pt_trainer_objective(s->trainer, task);
    objective.smoothing = 0;
    return objective;
}

/* Blocks are of neighbours: samples of a part ascend by row. */
static pt_status_t add_block(void *context, const pt_observation_t *o)
{
    pt_search_t *s = context;
    const pt_feed_t *feed = pt_trainer_feed(s->trainer);
    int64_t n = s->config->train.microbatch;
    pt_part_t part = pt_feed_judging_part(feed);
    int64_t n_sample = pt_feed_bundle(feed, o->bundle)->n_sample[part];
    int64_t n_unit = (n_sample + n - 1) / n;
    int32_t block = (int32_t)(o->first / n * CHOOSE_BLOCKS / n_unit);
    pt_shape_t map = s->space->node[0].shape;
    bool is_map = s->space->task[o->task].is_map;
    int64_t h = is_map ? map.h : 1, w = is_map ? map.w : 1;
    pt_objective_t objective = plain_objective(s, o->task);
    pt_label_count_t count = pt_loss_count(&objective, n, h, w, o->label);
    pt_loss_terms_t loss =
        pt_loss(&objective, n, h, w, o->output, o->label, (pt_loss_terms_t){1, 1}, 0, NULL);
    const double addend[N_SUM] = {loss.positive, loss.negative, (double)count.labelled,
                                  (double)count.positive};
    pt_exact_add_all(&s->choose.sum, sum_at(s, block, o->task), N_SUM, addend);
    return PT_OK;
}

/* A task's loss without one block. */
static double loss_without(const pt_search_t *s, int32_t task, int32_t left_out)
{
    const pt_objective_t objective = plain_objective(s, task);
    double sum[N_SUM] = {0};
    for (int32_t b = 0; b < CHOOSE_BLOCKS; b++)
        for (int32_t i = 0; i < N_SUM && b != left_out; i++)
            sum[i] += pt_exact_value(&s->choose.sum, sum_at(s, b, task) + i);
    pt_label_count_t count = {(int64_t)sum[N_LABELLED], (int64_t)sum[N_POSITIVE]};
    pt_loss_terms_t terms = {sum[POSITIVE], sum[NEGATIVE]};
    return pt_loss_mean(pt_loss_weights(&objective, &count), terms, count.labelled);
}

/* A candidate that diverges is none; without the reference there is nothing to compare. */
bool run_choose_has_diverged(int64_t i, pt_status_t status)
{
    if (status != PT_E_NUMERIC || i == 0)
        return false;
    pt_error_clear();
    return true;
}

static pt_status_t evaluate(pt_search_t *s, int64_t i, const pt_observer_t *observer,
                            int64_t row)
{
    choose_t *c = &s->choose;
    pt_trainer_t *trainer = s->groups.trainer;
    choose_load(c, i);
    pt_part_t part = pt_feed_judging_part(pt_trainer_feed(trainer));
    PT_TRY(run_swap_average(s, trainer));
    pt_status_t status = pt_trainer_evaluate(trainer, &c->subnet, part, observer, c->score);
    bool is_bad = run_choose_has_diverged(i, status);
    if (!is_bad)
        PT_TRY(status);
    PT_TRY(run_swap_average(s, trainer));
    for (int32_t k = 0; k < c->n_task; k++)
        choose_row(c, i, row)[k] = is_bad ? INFINITY : c->score[k].loss;
    return PT_OK;
}

/* Nobody is compared with a reference that has no loss anywhere. */
static pt_status_t check_reference(const choose_t *c, int64_t row)
{
    bool is_any = false;
    for (int32_t k = 0; k < c->n_task; k++)
        is_any |= choose_row(c, 0, row)[k] > 0;
    if (!is_any)
        PT_FAIL(NUMERIC, "candidates cannot be judged: no task has a loss above 0 on the "
                         "samples that are there for it");
    return PT_OK;
}

/* What a judgement leaves by which one is chosen; the trainer's last evaluation was it. */
static pt_status_t keep_final(pt_search_t *s, int64_t i, int64_t row, int64_t seed)
{
    choose_t *c = &s->choose;
    int64_t to = choose_final_row(c, seed, 0);
    PT_TRY(pt_exact_sum(s->groups.group->comm, PT_TRAFFIC_EVALUATE, &c->sum));
    for (int32_t k = 0; k < c->n_task; k++) {
        double loss = choose_row(c, i, row)[k];
        choose_row(c, i, to + CHOOSE_LOSS)[k] = loss;
        choose_row(c, i, to + CHOOSE_METRIC)[k] =
            isinf(loss) || c->metric[k].index < 0 ? (double)NAN
                                                  : c->score[k].value[c->metric[k].index];
        for (int32_t b = 0; b < CHOOSE_BLOCKS; b++)
            choose_row(c, i, to + CHOOSE_WITHOUT + b)[k] =
                isinf(loss) ? loss : loss_without(s, k, b);
    }
    return PT_OK;
}

pt_status_t run_choose_judge(pt_search_t *s, const choose_item_t *item)
{
    choose_t *c = &s->choose;
    const pt_observer_t observer = {add_block, s};
    int64_t row = choose_item_row(c, item);
    bool decides = choose_item_decides(c);
    pt_exact_clear(&c->sum, (int64_t)CHOOSE_BLOCKS * c->n_task * N_SUM);
    PT_TRY(evaluate(s, item->number, decides ? &observer : NULL, row));
    if (item->number == 0)
        PT_TRY(check_reference(c, row));
    return decides ? keep_final(s, item->number, row, item->seed) : PT_OK;
}

void run_choose_give_up(choose_t *c, const choose_item_t *item)
{
    for (int32_t k = 0; k < c->n_task; k++) {
        choose_row(c, item->number, choose_item_row(c, item))[k] = INFINITY;
        for (int32_t w = 0; w < CHOOSE_N_FINAL && choose_item_decides(c); w++)
            choose_row(c, item->number, choose_final_row(c, item->seed, w))[k] =
                w == CHOOSE_METRIC ? (double)NAN : INFINITY;
    }
}
