/* Evaluation: batch-norm statistics from training samples, then scores on a part.
 *
 * A bundle is its task coordinate's; its microbatches are dealt out to the data ranks.
 * Statistics are exact sums of x and x^2 over the calibration microbatches, so they do not
 * depend on who ran which (DESIGN 2.3).
 */
#include "train/stream.h"

#include <math.h>
#include <string.h>

#include "polytree/base/activity.h"
#include "polytree/base/clock.h"
#include "polytree/base/memory.h"

pt_status_t trainer_open_scores(pt_trainer_t *t)
{
    size_t stats = (size_t)pt_plan_stat_bound(t->plans.eval);
    int64_t hwc[3];

    t->score.stat_bound = (int64_t)stats;
    PT_TRY(pt_alloc(&t->score.stat, (size_t)t->n_bundle * stats, sizeof *t->score.stat));
    PT_TRY(pt_alloc(&t->score.stat_sum, stats, sizeof *t->score.stat_sum));
    PT_TRY(pt_alloc(&t->score.stat_fixed, (size_t)t->n_bundle * stats,
                    sizeof *t->score.stat_fixed));
    PT_TRY(pt_alloc(&t->score.sum, 2 * (size_t)t->n_task + 1, sizeof *t->score.sum));
    PT_TRY(pt_alloc(&t->score.n_sample, (size_t)t->n_task, sizeof *t->score.n_sample));
    pt_feed_input(t->feed, hwc);
    return pt_metrics_new(t->n_task, t->objective, hwc[0], hwc[1], &t->score.metrics);
}

void trainer_close_scores(pt_trainer_t *t)
{
    score_room_t *s = &t->score;
    void *const plain[] = {s->stat, s->stat_sum, s->stat_fixed, s->sum, s->n_sample};

    for (size_t n = 0; n < sizeof plain / sizeof plain[0]; n++)
        pt_free(plain[n]);
    pt_metrics_free(s->metrics);
}

typedef struct evaluation {
    pt_trainer_t *t;
    const pt_subnet_t *subnet;
    pt_part_t part;
    loss_context_t loss;
    bool is_bad;
    const pt_observer_t *observer; /**< NULL: none, or it has failed */
    pt_status_t observed;
    pt_observation_t seen; /**< samples of the microbatch at work */

    /* The stream at work. */
    pt_pass_t pass;
    pt_draw_t draw;
    int64_t n_microbatch; /**< of all data ranks */
    int64_t *sum;         /**< of statistics */
} evaluation_t;

/** Calibration wants no scores. */
static void ignore_loss(void *context, int32_t task, const pt_real_t *output,
                        pt_real_t *doutput)
{
    (void)context, (void)task, (void)output, (void)doutput;
}

/** Take a task's scores, and show what they are of. */
static void take_output(void *context, int32_t task, const pt_real_t *output,
                        pt_real_t *doutput)
{
    evaluation_t *e = context;

    trainer_loss(&e->loss, task, output, doutput);
    if (e->observer == NULL)
        return;
    e->seen.task = task;
    e->seen.slot = e->t->task_slot[task];
    e->seen.output = output;
    e->seen.label = e->t->label[e->seen.slot];
    e->observed = e->observer->see(e->observer->context, &e->seen);
    if (e->observed != PT_OK)
        e->observer = NULL;
}

/** Quantise and add the sums of one of `microbatches` units, so that it does not matter
 * which of them a rank has. */
static void collect_stats(evaluation_t *e, int64_t microbatches, int64_t *sum)
{
    pt_trainer_t *t = e->t;
    double limit = 0x1p62 / (double)microbatches;
    int64_t n = pt_plan_stat_doubles(t->plans.calibrate), fixed;

    for (int64_t i = 0; i < n; i++) {
        if (!fine_fixed(t->score.stat_sum[i], limit, &fixed))
            e->is_bad = true;
        sum[i] += fixed;
    }
}

static int32_t unit_bundle(void *context, int32_t i)
{
    const evaluation_t *e = context;

    (void)i;
    return e->draw.bundle;
}

static pt_status_t begin_unit(void *context, int32_t i, pt_unit_t *unit)
{
    evaluation_t *e = context;
    pt_trainer_t *t = e->t;
    const pt_layout_t *layout = t->layout;
    int64_t m = layout->coord[PT_AXIS_DATA] + (int64_t)i * layout->extent[PT_AXIS_DATA];
    int64_t microbatch = t->config->train.microbatch;
    int64_t left =
        pt_feed_bundle(t->feed, e->draw.bundle)->n_sample[e->draw.part] - m * microbatch;

    unit->stat = t->score.stat + e->draw.bundle * t->score.stat_bound;
    unit->stat_sum = t->score.stat_sum;
    unit->loss = e->pass == PT_PASS_EVAL ? take_output : ignore_loss;
    unit->loss_context = e;
    e->draw.first = m * microbatch;
    e->seen = (pt_observation_t){.bundle = e->draw.bundle,
                                 .first = e->draw.first,
                                 .n = left < microbatch ? left : microbatch,
                                 .input = unit->input};
    if (e->pass == PT_PASS_CALIBRATE)
        memset(t->score.stat_sum, 0,
               (size_t)t->score.stat_bound * sizeof *t->score.stat_sum);
    return trainer_fill(t, &e->draw, unit, e->observer != NULL);
}

static void end_unit(void *context, int32_t i, const pt_unit_t *unit, int32_t bad)
{
    evaluation_t *e = context;

    (void)i, (void)unit, (void)bad;
    if (e->pass == PT_PASS_CALIBRATE)
        collect_stats(e, e->n_microbatch, e->sum);
}

/** Run the microbatches 0..n-1 of a draw that are this data rank's; calibrating, add their
 * statistics to `sum`. */
static pt_status_t run_microbatches(evaluation_t *e, pt_pass_t pass, pt_draw_t draw,
                                    int64_t n, int64_t *sum)
{
    pt_trainer_t *t = e->t;
    int32_t extent = t->layout->extent[PT_AXIS_DATA];
    stream_t stream = {
        .n = (int32_t)((n - t->layout->coord[PT_AXIS_DATA] + extent - 1) / extent),
        .pass = pass,
        .subnet = e->subnet,
        .context = e,
        .bundle = unit_bundle,
        .begin = begin_unit,
        .end = end_unit};
    pt_plan_t *plan;

    e->pass = pass;
    e->draw = draw;
    e->n_microbatch = n;
    e->sum = sum;
    PT_TRY(trainer_plan(t, e->subnet, pass, draw.bundle, &plan));
    return stream_run(t, &stream);
}

/** Sums over all data ranks to mean and variance. */
static pt_status_t finish_stats(evaluation_t *e, int32_t bundle, int64_t microbatches,
                                const int64_t *sum)
{
    pt_trainer_t *t = e->t;
    double *stat = t->score.stat + bundle * t->score.stat_bound;
    pt_plan_t *plan;

    PT_TRY(trainer_plan(t, e->subnet, PT_PASS_CALIBRATE, bundle, &plan));
    for (int32_t s = 0; s < pt_plan_n_stat(plan); s++) {
        const pt_plan_stat_t *p = pt_plan_stat(plan, s);
        double count = (double)(p->count * microbatches);
        for (int64_t c = p->offset; c < p->offset + p->channels; c++) {
            double mean = (double)sum[c] / PT_FINE_SCALE / count;
            double square = (double)sum[c + p->channels] / PT_FINE_SCALE / count;
            stat[c] = mean;
            stat[c + p->channels] = fmax(0, square - mean * mean);
        }
    }
    return PT_OK;
}

/** Add up the statistics of a bundle's first training samples. */
static pt_status_t calibrate(evaluation_t *e, int32_t bundle, int64_t *sum)
{
    pt_draw_t train = {.part = PT_PART_TRAIN, .bundle = bundle, .is_shuffled = true};

    return run_microbatches(e, PT_PASS_CALIBRATE, train, e->t->config->bn.calibrate, sum);
}

static pt_status_t score(evaluation_t *e, int32_t bundle, const int64_t *sum)
{
    pt_trainer_t *t = e->t;
    int64_t samples = pt_feed_bundle(t->feed, bundle)->n_sample[e->part];
    int64_t microbatch = t->config->train.microbatch;
    pt_draw_t test = {.part = e->part, .bundle = bundle};

    e->loss.limit = 0x1p62 / (double)(samples + microbatch);
    PT_TRY(finish_stats(e, bundle, t->config->bn.calibrate, sum));
    return run_microbatches(e, PT_PASS_EVAL, test, (samples + microbatch - 1) / microbatch,
                            NULL);
}

/** All bundles of this task coordinate, whose data ranks meet once: many small bundles
 * would have them wait for each other at each.  Collective over them, whatever fails. */
static pt_status_t evaluate_bundles(evaluation_t *e)
{
    pt_trainer_t *t = e->t;
    int64_t *sum = t->score.stat_fixed;
    pt_status_t status = PT_OK, s;

    memset(sum, 0, (size_t)(t->n_bundle * t->score.stat_bound) * sizeof *sum);
    for (int32_t b = 0; b < t->n_bundle; b++)
        if (trainer_has(t, b)) {
            s = calibrate(e, b, sum);
            status = status == PT_OK ? s : status;
            sum += t->score.stat_bound;
        }
    PT_TRY(pt_sum_i64(t->layout->data, PT_TRAFFIC_EVALUATE, t->score.stat_fixed,
                      (size_t)(sum - t->score.stat_fixed)));
    sum = t->score.stat_fixed;
    /* Stages keep in step, also where one of them has failed. */
    for (int32_t b = 0; b < t->n_bundle && (status == PT_OK || t->pipeline.pipe != NULL);
         b++)
        if (trainer_has(t, b)) {
            s = score(e, b, sum);
            status = status == PT_OK ? s : status;
            sum += t->score.stat_bound;
        }
    return status;
}

/** Room for the scores of a part, on all ranks.  Collective. */
static pt_status_t begin_metrics(pt_trainer_t *t, pt_part_t part)
{
    for (int32_t b = 0; b < t->n_bundle; b++) {
        const pt_bundle_t *bundle = pt_feed_bundle(t->feed, b);
        for (int32_t i = 0; i < bundle->n_task; i++)
            t->score.n_sample[bundle->task[i]] = bundle->n_sample[part];
    }
    return pt_comm_agree(
        t->layout->world,
        pt_metrics_begin(t->score.metrics, t->score.n_sample, PT_METRIC_EXACT));
}

static void read_scores(const pt_trainer_t *t, pt_task_score_t *score)
{
    for (int32_t k = 0; k < t->n_task; k++) {
        const int64_t *sum = t->score.sum + 2 * k;
        const pt_objective_t *o = &t->objective[k];
        const pt_task_metric_t *metric;
        int32_t n_metric = pt_kind_metrics(o->info->kind, &metric);
        score[k].loss = sum[1] > 0 ? (double)sum[0] / PT_FINE_SCALE / (double)sum[1] : NAN;
        for (int32_t j = 0; j < PT_KIND_METRICS; j++) {
            score[k].value[j] = NAN;
            score[k].bound[j] = 0;
            if (j < n_metric)
                score[k].value[j] =
                    pt_metrics_value(t->score.metrics, k, metric[j], &score[k].bound[j]);
            if (j < n_metric && metric[j] == o->metric)
                score[k].metric = score[k].value[j];
        }
        score[k].n = t->score.n_sample[k];
    }
}

/** The error of a task whose metrics have met what is not finite. */
static pt_status_t diverged(const pt_trainer_t *t, pt_part_t part)
{
    int32_t bad = pt_metrics_bad(t->score.metrics);

    PT_FAIL(
        NUMERIC,
        "%s%s is not finite or too large in an evaluation on %s: the run diverged, try a "
        "smaller learning rate",
        bad >= 0 ? "what is put out for task " : "a loss or batch-norm sum",
        bad >= 0 ? t->space->task[bad].name : "",
        part == PT_PART_TEST  ? "test"
        : part == PT_PART_VAL ? "val"
                              : "train");
}

pt_status_t pt_trainer_evaluate(pt_trainer_t *trainer, const pt_subnet_t *subnet,
                                pt_part_t part, const pt_observer_t *observer,
                                pt_task_score_t *score)
{
    pt_trainer_t *t = trainer;
    evaluation_t e = {
        .t = t, .subnet = subnet, .part = part, .observer = observer, .observed = PT_OK};
    size_t n = 2 * (size_t)t->n_task;
    pt_status_t status;
    double begin = pt_clock();

    e.loss = (loss_context_t){.trainer = t, .is_bad = &e.is_bad, .collects_metric = true};
    pt_activity_evaluation();
    memset(t->score.sum, 0, (n + 1) * sizeof *t->score.sum);
    PT_TRY(begin_metrics(t, part));
    status = evaluate_bundles(&e);
    t->score.sum[n] = e.is_bad;
    PT_AGREE(t->layout->world, status != PT_OK ? status : e.observed);
    PT_TRY(pt_sum_i64(t->layout->world, PT_TRAFFIC_EVALUATE, t->score.sum, n + 1));
    PT_TRY(pt_metrics_sum(t->score.metrics, t->layout->data, t->layout->world));
    if (t->score.sum[n] != 0 || pt_metrics_bad(t->score.metrics) >= 0)
        return diverged(t, part);
    read_scores(t, score);
    t->time.evaluate += pt_clock() - begin;
    pt_activity_pause();
    return PT_OK;
}
