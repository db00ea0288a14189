/* retrain.keep = best: the weights with the least loss on val are kept beside the run, as a
 * checkpoint of its own, until its end. */
#include <math.h>
#include <unistd.h>

#include "polytree/record/run_file.h"
#include "search/run.h"

bool run_best_is_on(const pt_search_t *s)
{
    return s->config->retrain.keep == PT_KEEP_BEST && s->state.phase == PT_PHASE_RETRAIN;
}

pt_status_t run_best_check(const pt_search_t *s)
{
    if (s->config->retrain.keep == PT_KEEP_BEST &&
        pt_feed_n_sample(pt_trainer_feed(s->trainer), PT_PART_VAL) == 0)
        PT_FAIL(CONFIG,
                "retrain.keep = best wants samples in val, and there are none with "
                "labels: retrain.keep=last does without, or data.val_fraction takes "
                "some of train where the file has no val");
    return PT_OK;
}

/* What training makes small: the mean over the tasks that have labels, by their weights. */
static double loss_on_val(const pt_search_t *s)
{
    double sum = 0, weights = 0;
    for (int32_t k = 0; k < s->space->n_task; k++) {
        double weight = pt_trainer_objective(s->trainer, k)->weight;
        if (isnan(s->score[k].loss) && s->score[k].n == 0)
            continue;
        sum += weight * s->score[k].loss;
        weights += weight;
    }
    return weights > 0 ? sum / weights : NAN;
}

/* By how much more likely, as a logarithm, a task's labels in val are than at the
 * beginning: cross entropies are that; of errors the scale is what makes them likeliest. */
static double evidence_of(const pt_search_t *s, int32_t task)
{
    double n = (double)s->score[task].n;
    double before = s->begin_loss[task], now = s->score[task].loss;
    switch (pt_trainer_objective(s->trainer, task)->loss) {
    case PT_LOSS_CROSS_ENTROPY:
    case PT_LOSS_BCE:
    case PT_LOSS_BCE_BALANCED:
        return n * (before - now);
    case PT_LOSS_MSE:
        return n / 2 * log(before / now);
    default:
        return n * log(before / now);
    }
}

/* By chance a step makes val e times as likely as the beginning does once in e times, at
 * most. */
static bool is_beyond_chance(const pt_search_t *s)
{
    double sum = 0;
    for (int32_t k = 0; k < s->space->n_task; k++) {
        double evidence = evidence_of(s, k);
        sum += s->score[k].n > 0 && !isnan(evidence) ? evidence : 0;
    }
    return sum > 1;
}

/* Of the evaluation just made. */
static bool is_best(const pt_search_t *s, double loss)
{
    const run_state_t *st = &s->state;
    if (!isfinite(loss) || (st->best_step >= 0 && loss >= st->best_loss))
        return false;
    return st->best_step != 0 || is_beyond_chance(s);
}

pt_status_t run_best_keep(pt_search_t *s)
{
    run_state_t *st = &s->state;
    char folder[PT_PATH_MAX];
    double loss = loss_on_val(s);
    if (!run_best_is_on(s) || !is_best(s, loss))
        return PT_OK;
    for (int32_t k = 0; k < s->space->n_task && st->step == 0; k++)
        s->begin_loss[k] = s->score[k].loss;
    st->best_step = st->step;
    st->best_loss = loss;
    /* What is best at the end needs no copy. */
    if (st->step == s->length.n_step[PT_PHASE_RETRAIN])
        return PT_OK;
    PT_TRY(pt_run_file_path(s->run, PT_FILE_BEST, folder));
    return run_state_copy(s, folder);
}

/* On rank 0. */
static pt_status_t read_best(const pt_search_t *s, pt_checkpoint_t *c)
{
    char folder[PT_PATH_MAX], path[PT_PATH_MAX];
    run_state_t kept = {.best_step = -1};
    PT_TRY(pt_run_file_path(s->run, PT_FILE_BEST, folder));
    PT_TRY(pt_run_file_path(folder, PT_FILE_CHECKPOINT, path));
    PT_TRY(pt_checkpoint_read(c, path));
    PT_TRY(run_state_check(s, c, false));
    PT_TRY(run_state_best(c, &kept));
    if (kept.best_step != s->state.best_step)
        PT_FAIL(MISMATCH, "%s: weights of step %lld, expected those of step %lld", path,
                (long long)kept.best_step, (long long)s->state.best_step);
    return PT_OK;
}

pt_status_t run_best_take(pt_search_t *s)
{
    const run_state_t *st = &s->state;
    pt_checkpoint_t c;
    pt_status_t status = PT_OK;
    if (!run_best_is_on(s) || st->best_step < 0)
        return PT_OK;
    pt_checkpoint_init(&c);
    if (st->best_step < st->step) {
        if (s->is_root)
            status = read_best(s, &c);
        PT_TRY_OR(done, pt_comm_agree(s->world, status));
        PT_TRY_OR(done, pt_trainer_load(s->trainer, &c));
    }
    if (st->best_step > 0)
        run_note(
            s,
            "kept: the weights of step %lld of %lld, whose loss on val is the least, %.4g",
            (long long)st->best_step, (long long)st->step, st->best_loss);
    else
        run_note(s,
                 "kept: the weights before the first of %lld steps, as none is better on "
                 "val beyond chance",
                 (long long)st->step);
done:
    pt_checkpoint_release(&c);
    return status;
}

void run_best_forget(const pt_search_t *s)
{
    static const pt_run_file_t kept[] = {PT_FILE_CHECKPOINT, PT_FILE_CHECKPOINT_PREV};
    char folder[PT_PATH_MAX], path[PT_PATH_MAX];
    if (!s->is_root || s->config->retrain.keep != PT_KEEP_BEST ||
        pt_run_file_path(s->run, PT_FILE_BEST, folder) != PT_OK)
        return;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (pt_run_file_path(folder, kept[i], path) == PT_OK)
            unlink(path);
    rmdir(folder);
}
