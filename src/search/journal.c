/* metrics.jsonl holds numerics only and is the same bytes on any layout; timing.jsonl has
 * everything that depends on the day. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "polytree/base/clock.h"
#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "polytree/par/reduce.h"
#include "search/run.h"

static pt_status_t open_file(const pt_search_t *s, const char *name, const char *mode,
                             FILE **file)
{
    char path[RUN_PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/%s", s->run, name);
    *file = fopen(path, mode);
    if (*file == NULL)
        PT_FAIL(IO, "%s: cannot open to write: %s", path, strerror(errno));
    /* Others read along. */
    setvbuf(*file, NULL, _IOLBF, 1 << 14);
    return PT_OK;
}

pt_status_t run_journal_open(pt_search_t *s)
{
    char path[RUN_PATH_MAX + 32];
    if (!s->is_root)
        return PT_OK;
    snprintf(path, sizeof path, "%s/metrics.jsonl", s->run);
    PT_TRY(open_file(s, "metrics.jsonl", "a", &s->metrics));
    /* A file that somebody has cut or removed is no reason not to go on training. */
    if (pt_file_cut(path, s->state.metrics_bytes) != PT_OK) {
        run_note(s, "earlier lines are missing: %s", pt_error_message());
        pt_error_clear();
    }
    return open_file(s, "timing.jsonl", "a", &s->timing);
}

void run_journal_close(pt_search_t *s)
{
    if (s->metrics != NULL)
        fclose(s->metrics);
    if (s->timing != NULL)
        fclose(s->timing);
    s->metrics = s->timing = NULL;
}

pt_status_t run_journal_sync(pt_search_t *s)
{
    long end = 0;
    if (!s->is_root)
        return PT_OK;
    if (s->metrics_error == 0 &&
        (fflush(s->metrics) != 0 || fsync(fileno(s->metrics)) != 0 ||
         fseek(s->metrics, 0, SEEK_END) != 0 || (end = ftell(s->metrics)) < 0))
        s->metrics_error = errno;
    if (s->metrics_error != 0)
        PT_FAIL(IO, "%s/metrics.jsonl: cannot write: %s", s->run,
                strerror(s->metrics_error));
    s->state.metrics_bytes = end;
    fflush(s->timing);
    return PT_OK;
}

/* JSON has no NaN. */
static void put_number(FILE *file, const char *key, double x)
{
    if (isfinite(x))
        fprintf(file, ",\"%s\":%.17g", key, x);
    else
        fprintf(file, ",\"%s\":null", key);
}

static void put_integer(FILE *file, const char *key, int64_t x)
{
    fprintf(file, ",\"%s\":%lld", key, (long long)x);
}

/* A name from the data set, or a message, as a JSON string. */
static void put_name(FILE *file, const char *name)
{
    fputc('"', file);
    for (; *name != '\0'; name++) {
        if (*name == '"' || *name == '\\')
            fprintf(file, "\\%c", *name);
        else if ((unsigned char)*name < 0x20)
            fprintf(file, "\\u%04x", (unsigned)(unsigned char)*name);
        else
            fputc(*name, file);
    }
    fputc('"', file);
}

/* Every event's end, so that what the disk refuses is known while errno tells why. */
static void end_line(pt_search_t *s, const char *end)
{
    fputs(end, s->metrics);
    if (ferror(s->metrics) && s->metrics_error == 0)
        s->metrics_error = errno;
}

static void begin_line(const pt_search_t *s, FILE *file, const char *event)
{
    fprintf(file, "{\"event\":\"%s\",\"stage\":\"%s\"", event,
            pt_phase_name((pt_phase_t)s->state.phase));
}

/* A number for each task of the step. */
static void put_tasks(const pt_search_t *s, const char *key, const double *value,
                      const double *task_loss)
{
    const char *between = "";
    fprintf(s->metrics, ",\"%s\":{", key);
    for (int32_t k = 0; k < s->space->n_task; k++) {
        if (isnan(task_loss[k]))
            continue;
        fputs(between, s->metrics);
        put_name(s->metrics, s->space->task[k].name);
        fprintf(s->metrics, ":%.17g", value[k]);
        between = ",";
    }
    fputc('}', s->metrics);
}

/* Loss terms of alpha alone; the cost as it was before this step. */
static void put_regularisers(const pt_search_t *s)
{
    if (s->space->kind == PT_SPACE_DAG)
        put_number(s->metrics, "squeeze",
                   pt_squeeze_loss(s->space, &s->alpha, s->config->squeeze.kappa));
    if (s->config->resource.weight > 0)
        put_number(s->metrics, "cost", s->cost);
}

void run_journal_step(pt_search_t *s, bool is_alpha, double lr,
                      const pt_step_result_t *result)
{
    const run_state_t *st = &s->state;
    int64_t step = (is_alpha ? st->alpha_step : st->step) + 1;
    FILE *file = s->metrics;
    if (!s->is_root || step % s->config->run.metrics_every != 0)
        return;
    begin_line(s, file, "step");
    fprintf(file, ",\"kind\":\"%s\"", is_alpha ? "alpha" : "weight");
    put_integer(file, "step", step);
    put_number(file, "loss", result->loss);
    if (is_alpha)
        put_regularisers(s);
    else if (s->config->train.clip_norm > 0)
        put_number(file, "grad_norm", result->grad_norm);
    put_number(file, "lr", lr);
    if (st->phase != PT_PHASE_RETRAIN)
        put_number(file, "tau", run_tau(s));
    if (s->space->kind == PT_SPACE_DAG)
        put_number(file, "edges", run_mean_edges(s));
    put_tasks(s, "task_loss", result->task_loss, result->task_loss);
    if (s->config->train.weighting != PT_WEIGHTING_FIXED)
        put_tasks(s, "task_weight", result->task_weight, result->task_loss);
    end_line(s, "}\n");
}

void run_journal_phase(pt_search_t *s)
{
    int64_t n = s->length.n_step[s->state.phase];
    if (!s->is_root)
        return;
    begin_line(s, s->metrics, "stage");
    put_integer(s->metrics, "steps", n);
    put_integer(s->metrics, "alpha_steps", run_alpha_due(s, n));
    end_line(s, "}\n");
}

static void put_other_metrics(FILE *file, const pt_objective_t *o,
                              const pt_task_score_t *score)
{
    const pt_task_metric_t *metric;
    int32_t n = pt_kind_metrics(o->info->kind, &metric);
    for (int32_t i = 0; i < n; i++)
        if (metric[i] != o->metric)
            put_number(file, pt_metric_name(metric[i]), score->value[i]);
}

void run_journal_scores(pt_search_t *s, const char *event, pt_part_t part)
{
    FILE *file = s->metrics;
    if (!s->is_root)
        return;
    begin_line(s, file, event);
    put_integer(file, "step", s->state.step);
    fprintf(file, ",\"part\":\"%s\"", run_part_name(part));
    put_number(file, "mean", run_mean_metric(s));
    if (s->space->kind == PT_SPACE_DAG)
        put_number(file, "edges", run_mean_edges(s));
    fputs(",\"tasks\":{", file);
    for (int32_t k = 0; k < s->space->n_task; k++) {
        const pt_objective_t *o = pt_trainer_objective(s->trainer, k);
        const pt_task_score_t *score = &s->score[k];
        fputs(k > 0 ? "," : "", file);
        put_name(file, s->space->task[k].name);
        fprintf(file, ":{\"n\":%lld", (long long)score->n);
        put_number(file, pt_metric_name(o->metric), score->metric);
        put_number(file, "loss", score->loss);
        put_other_metrics(file, o, score);
        fputc('}', file);
    }
    end_line(s, "}}\n");
}

static void put_cost(FILE *file, const pt_cost_t *cost)
{
    fprintf(file, "\"edges\":%d,\"madds\":%lld,\"encoder_madds\":%lld,\"parameters\":%lld",
            (int)cost->edges, (long long)cost->madds, (long long)cost->encoder_madds,
            (long long)cost->parameters);
}

void run_journal_derive(pt_search_t *s, const pt_cost_t *task_cost, const pt_cost_t *cost)
{
    FILE *file = s->metrics;
    if (!s->is_root)
        return;
    begin_line(s, file, "derive");
    fputc(',', file);
    put_cost(file, cost);
    fputs(",\"tasks\":{", file);
    for (int32_t k = 0; k < s->space->n_task; k++) {
        fputs(k > 0 ? "," : "", file);
        put_name(file, s->space->task[k].name);
        fputs(":{", file);
        put_cost(file, &task_cost[k]);
        fputc('}', file);
    }
    end_line(s, "}}\n");
}

static void put_times(const pt_search_t *s, FILE *file)
{
    pt_trainer_time_t t = pt_trainer_time(s->trainer);
    put_number(file, "step_seconds", t.step);
    put_number(file, "ops", t.ops);
    put_number(file, "loss", t.loss);
    put_number(file, "feed", t.feed);
    put_number(file, "compile", t.compile);
    put_number(file, "reduce", t.reduce);
    put_number(file, "transfer", t.transfer);
    put_number(file, "update", t.update);
    put_number(file, "evaluate", t.evaluate);
}

/* An event; `message` where there is one to tell. */
static void put_timing(pt_search_t *s, const char *event, const char *message)
{
    const pt_layout_t *layout = pt_trainer_layout(s->trainer);
    FILE *file = s->timing;
    begin_line(s, file, event);
    put_integer(file, "step", s->state.step);
    put_integer(file, "job", s->speed.job);
    put_number(file, "wall", pt_clock() - s->speed.start);
    put_number(file, "seconds_left", run_seconds_left(s));
    put_number(file, "samples_per_second", s->speed.samples / s->speed.seconds);
    fprintf(file, ",\"layout\":[%d,%d,%d]", (int)layout->extent[PT_AXIS_STAGE],
            (int)layout->extent[PT_AXIS_TASK], (int)layout->extent[PT_AXIS_DATA]);
    put_integer(file, "resident_peak", (int64_t)pt_memory_resident_peak());
    put_times(s, file);
    put_integer(file, "checkpoints", s->speed.checkpoints.n);
    put_number(file, "checkpoint", s->speed.checkpoints.seconds);
    fprintf(file, ",\"is_mixed\":%s,\"traffic\":{",
            s->state.mixed_phase < 0 ? "false" : "true");
    for (int32_t i = 0; i < PT_N_TRAFFIC; i++) {
        const pt_traffic_stat_t *stat = pt_traffic_stats((pt_traffic_t)i);
        fprintf(file, "%s\"%s\":{\"calls\":%lld,\"bytes\":%lld,\"seconds\":%.6g}",
                i > 0 ? "," : "", pt_traffic_name((pt_traffic_t)i), (long long)stat->calls,
                (long long)stat->bytes, stat->seconds);
    }
    fputc('}', file);
    if (message != NULL) {
        fputs(",\"message\":", file);
        put_name(file, message);
    }
    fputs("}\n", file);
    fflush(file);
}

void run_journal_timing(pt_search_t *s, const char *event)
{
    if (s->is_root)
        put_timing(s, event, NULL);
}

void run_journal_end(pt_search_t *s, pt_status_t status, pt_run_end_t end)
{
    if (!s->is_root || (status == PT_OK && end == PT_RUN_DONE))
        return;
    if (status == PT_OK)
        put_timing(s, "stopped", NULL);
    else
        put_timing(s, "failed", pt_error_message());
}
