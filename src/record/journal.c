/* Writing the two journals of a run. */
#include "polytree/record/journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "polytree/record/run_file.h"
#include "polytree/record/tensorboard.h"
#include "record/event.h"
#include "record/line.h"

struct pt_journal {
    char metrics_path[PT_PATH_MAX];
    FILE *metrics, *timing;
    int error; /* errno of the first line of metrics that could not be written, or 0 */
    line_t line;
    pt_tensorboard_t *board; /* NULL: none is wanted */
};

const char *const event_word[PT_N_EVENT] = {
    [PT_EVENT_PHASE] = EVENT_PHASE, [PT_EVENT_STEP] = "step",
    [PT_EVENT_EVAL] = "eval",       [PT_EVENT_CANDIDATE] = "candidate",
    [PT_EVENT_CHOICE] = "choice",   [PT_EVENT_NETWORK] = "derive",
    [PT_EVENT_FINAL] = "final",
};

const char *const event_moment_word[PT_N_MOMENT] = {
    [PT_MOMENT_PHASE] = EVENT_PHASE, [PT_MOMENT_EVAL] = "eval",
    [PT_MOMENT_FINAL] = "final",     [PT_MOMENT_CHECKPOINT] = "checkpoint",
    [PT_MOMENT_STOPPED] = "stopped", [PT_MOMENT_FAILED] = "failed",
};

static pt_status_t open_file(const char *path, FILE **file)
{
    *file = fopen(path, "a+");
    if (*file == NULL)
        PT_FAIL(IO, "%s: cannot open to write: %s", path, strerror(errno));
    /* Others read along. */
    setvbuf(*file, NULL, _IOLBF, 1 << 14);
    return PT_OK;
}

static pt_status_t open_all(const char *run, const pt_journal_spec_t *spec,
                            char notice[512], pt_journal_t *j)
{
    char path[PT_PATH_MAX];
    PT_TRY(pt_run_file_path(run, PT_FILE_METRICS, j->metrics_path));
    PT_TRY(pt_run_file_path(run, PT_FILE_TIMING, path));
    PT_TRY(open_file(j->metrics_path, &j->metrics));
    if (pt_file_cut(j->metrics_path, spec->metrics_bytes) != PT_OK) {
        snprintf(notice, 512, "earlier lines are missing: %s", pt_error_message());
        pt_error_clear();
    }
    PT_TRY(open_file(path, &j->timing));
    return spec->has_tensorboard ? pt_tensorboard_open(run, &j->board) : PT_OK;
}

pt_status_t pt_journal_open(const char *run, const pt_journal_spec_t *spec,
                            char notice[512], pt_journal_t **out)
{
    pt_journal_t *j;
    notice[0] = '\0';
    PT_TRY(pt_alloc(&j, 1, sizeof *j));
    pt_status_t status = open_all(run, spec, notice, j);
    if (status == PT_OK)
        *out = j;
    else
        pt_journal_free(j);
    return status;
}

void pt_journal_free(pt_journal_t *j)
{
    if (j == NULL)
        return;
    if (j->metrics != NULL)
        fclose(j->metrics);
    if (j->timing != NULL)
        fclose(j->timing);
    pt_tensorboard_free(j->board);
    pt_text_release(&j->line.text);
    pt_free(j);
}

static void begin(line_t *line, const char *event, pt_phase_t phase)
{
    line_begin(line);
    line_text(line, "event", event);
    line_text(line, EVENT_PHASE, pt_phase_name(phase));
}

static void put_phase(line_t *line, const pt_event_phase_t *e)
{
    line_integer(line, "steps", e->n_step);
    line_integer(line, "alpha_steps", e->n_alpha_step);
}

/* A number for each task of the step, null where it has no label in it. */
static void put_shares(line_t *line, const char *key, const pt_event_step_t *e,
                       bool is_weight)
{
    line_open(line, key);
    for (int32_t k = 0; k < e->n_task; k++)
        line_real(line, e->task[k].task, is_weight ? e->task[k].weight : e->task[k].loss);
    line_close(line);
}

static void put_step(line_t *line, const pt_event_step_t *e)
{
    line_text(line, "kind", e->is_alpha ? "alpha" : "weight");
    line_integer(line, "step", e->step);
    line_real(line, "loss", e->loss);
    if (e->has_squeeze)
        line_real(line, "squeeze", e->squeeze);
    if (e->has_cost)
        line_real(line, "cost", e->cost);
    if (e->has_grad_norm)
        line_real(line, "grad_norm", e->grad_norm);
    line_real(line, "lr", e->lr);
    if (e->has_tau)
        line_real(line, "tau", e->tau);
    if (e->has_edges)
        line_real(line, "edges", e->edges);
    put_shares(line, "task_loss", e, false);
    if (e->has_weights)
        put_shares(line, "task_weight", e, true);
}

/* The judging metric first, then the loss, then the others. */
static void put_score(line_t *line, const pt_event_score_t *score)
{
    line_open(line, score->task);
    line_integer(line, "n", score->n);
    for (int32_t i = 0; i < score->n_metric; i++) {
        line_real(line, score->metric[i].name, score->metric[i].value);
        if (i == 0)
            line_real(line, "loss", score->loss);
        if (score->metric[i].bound > 0) {
            char key[64];
            snprintf(key, sizeof key, "%s_bound", score->metric[i].name);
            line_real(line, key, score->metric[i].bound);
        }
    }
    if (score->n_class > 0)
        line_matrix(line, "confusion", score->confusion, score->n_class);
    line_close(line);
}

static void put_scores(line_t *line, const pt_event_scores_t *e, bool is_final)
{
    line_integer(line, "step", e->step);
    line_text(line, "part", e->part);
    line_real(line, "mean", e->mean);
    if (e->has_edges)
        line_real(line, "edges", e->edges);
    if (is_final) {
        line_open(line, "samples");
        line_real(line, "searching", e->samples.searching);
        line_real(line, "training", e->samples.training);
        line_close(line);
    }
    if (e->kept >= 0)
        line_integer(line, "kept", e->kept);
    line_open(line, "tasks");
    for (int32_t k = 0; k < e->n_task; k++)
        put_score(line, &e->task[k]);
    line_close(line);
}

static void put_candidate(line_t *line, const pt_event_candidate_t *e)
{
    line_integer(line, "step", e->step);
    line_integer(line, "number", e->number);
    line_text(line, "origin", e->origin);
    line_integer(line, "trained", e->trained);
    line_text(line, "part", e->part);
    line_real(line, "cost", e->cost);
    line_real(line, "score", e->score);
    line_real(line, "worst", e->worst);
}

static void put_choice(line_t *line, const pt_event_choice_t *e)
{
    line_integer(line, "number", e->number);
    line_text(line, "origin", e->origin);
    line_integer(line, "candidates", e->n);
    line_integer(line, "finalists", e->n_final);
    line_integer(line, "tied", e->n_tied);
    line_real(line, "score", e->score);
    line_real(line, "error", e->error);
    line_real(line, "worst", e->worst);
    line_text(line, "judge", e->judge);
    line_real(line, "samples", e->samples);
    line_real(line, "spent", e->spent);
    line_real(line, "supernet_samples", e->supernet_samples);
    line_real(line, "training_samples", e->training_samples);
}

static void put_cost(line_t *line, const pt_cost_t *cost)
{
    line_integer(line, "edges", cost->edges);
    line_integer(line, "madds", cost->madds);
    line_integer(line, "encoder_madds", cost->encoder_madds);
    line_integer(line, "parameters", cost->parameters);
}

static void put_network(line_t *line, const pt_event_network_t *e)
{
    put_cost(line, &e->cost);
    line_open(line, "tasks");
    for (int32_t k = 0; k < e->n_task; k++) {
        line_open(line, e->task[k].task);
        put_cost(line, &e->task[k].cost);
        line_close(line);
    }
    line_close(line);
}

/* 0, or errno of what failed. */
static int write_line(line_t *line, FILE *file)
{
    line_end(line);
    if (line->text.status != PT_OK) {
        pt_error_clear();
        return ENOMEM;
    }
    size_t n = fwrite(line->text.data, 1, line->text.n, file);
    return n == line->text.n && !ferror(file) ? 0 : errno;
}

void pt_journal_put(pt_journal_t *j, const pt_event_t *event)
{
    line_t *line = &j->line;
    begin(line, event_word[event->kind], event->phase);
    switch (event->kind) {
    case PT_EVENT_PHASE:
        put_phase(line, &event->begun);
        break;
    case PT_EVENT_STEP:
        put_step(line, &event->step);
        break;
    case PT_EVENT_CANDIDATE:
        put_candidate(line, &event->candidate);
        break;
    case PT_EVENT_CHOICE:
        put_choice(line, &event->choice);
        break;
    case PT_EVENT_NETWORK:
        put_network(line, &event->network);
        break;
    default:
        put_scores(line, &event->scores, event->kind == PT_EVENT_FINAL);
    }
    int error = write_line(line, j->metrics);
    if (j->error == 0)
        j->error = error;
    if (j->board != NULL)
        pt_tensorboard_put(j->board, event);
}

static void put_times(line_t *line, const pt_trainer_time_t *t)
{
    line_real(line, "step_seconds", t->step);
    line_real(line, "ops", t->ops);
    line_real(line, "loss", t->loss);
    line_real(line, "feed", t->feed);
    line_real(line, "compile", t->compile);
    line_real(line, "reduce", t->reduce);
    line_real(line, "transfer", t->transfer);
    line_real(line, "update", t->update);
    line_real(line, "evaluate", t->evaluate);
}

static void put_traffic(line_t *line, const pt_traffic_stat_t *traffic)
{
    line_open(line, "traffic");
    for (int32_t i = 0; i < PT_N_TRAFFIC; i++) {
        line_open(line, pt_traffic_name((pt_traffic_t)i));
        line_integer(line, "calls", traffic[i].calls);
        line_integer(line, "bytes", traffic[i].bytes);
        line_short_real(line, "seconds", traffic[i].seconds);
        line_close(line);
    }
    line_close(line);
}

/* A job that was killed, or a full disk, may have left a line without its end. */
static void end_torn_line(FILE *file)
{
    bool is_torn = fseek(file, -1, SEEK_END) == 0 && fgetc(file) != '\n';
    fseek(file, 0, SEEK_END);
    if (is_torn)
        putc('\n', file);
}

/* What cannot be written is no loss for the run. */
void pt_journal_put_timing(pt_journal_t *j, const pt_timing_t *t)
{
    line_t *line = &j->line;
    end_torn_line(j->timing);
    begin(line, event_moment_word[t->moment], t->phase);
    line_integer(line, "step", t->step);
    line_integer(line, "job", t->job);
    line_real(line, "wall", t->wall);
    line_real(line, "seconds_left", t->seconds_left);
    line_real(line, "samples_per_second", t->samples_per_second);
    line_integers(line, "layout", t->extent, PT_N_AXIS);
    line_integer(line, "resident_peak", t->resident_peak);
    put_times(line, &t->time);
    line_integer(line, "checkpoints", t->n_checkpoint);
    line_real(line, "checkpoint", t->checkpoint_seconds);
    line_boolean(line, "is_mixed", t->is_mixed);
    put_traffic(line, t->traffic);
    if (t->message != NULL)
        line_text(line, "message", t->message);
    (void)write_line(line, j->timing);
    fflush(j->timing);
}

bool pt_journal_has_failed(const pt_journal_t *j)
{
    return j->error != 0;
}

pt_status_t pt_journal_sync(pt_journal_t *j, int64_t *metrics_bytes)
{
    long end = 0;
    if (j->error == 0 &&
        (fflush(j->metrics) != 0 || fsync(fileno(j->metrics)) != 0 ||
         fseek(j->metrics, 0, SEEK_END) != 0 || (end = ftell(j->metrics)) < 0))
        j->error = errno;
    if (j->error != 0)
        PT_FAIL(IO, "%s: cannot write: %s", j->metrics_path, strerror(j->error));
    if (j->board != NULL)
        PT_TRY(pt_tensorboard_check(j->board));
    *metrics_bytes = end;
    fflush(j->timing);
    return PT_OK;
}
