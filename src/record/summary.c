/* What a run has come to, from its files. */
#include "polytree/record/summary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/io/checkpoint.h"
#include "polytree/record/journal.h"
#include "polytree/record/run_file.h"
#include "polytree/train/feed.h"
#include "polytree/train/metric.h"
#include "record/architecture.h"

static int64_t get_int(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static pt_cost_t get_cost(const json_t *object)
{
    return (pt_cost_t){.madds = get_int(object, "madds"),
                       .encoder_madds = get_int(object, "encoder_madds"),
                       .parameters = get_int(object, "parameters"),
                       .edges = (int32_t)get_int(object, "edges")};
}

typedef struct reader {
    pt_summary_t *summary;
    pt_summary_task_t *val; /**< what the tasks had in the last evaluation on val */
    size_t val_capacity;
    int32_t n_val;
} reader_t;

static pt_status_t take_confusion(const pt_event_score_t *score, pt_summary_task_t *task)
{
    size_t n = (size_t)score->n_class * (size_t)score->n_class;
    if (n == 0)
        return PT_OK;
    PT_TRY(pt_alloc(&task->confusion, n, sizeof *task->confusion));
    memcpy(task->confusion, score->confusion, n * sizeof *task->confusion);
    task->n_class = score->n_class;
    return PT_OK;
}

/* The first metric that has a relative change: rmse where r2 stands before it. */
static void take_judged(const pt_event_score_t *score, pt_summary_task_t *task)
{
    int32_t i = 0;
    while (i < score->n_metric && !pt_metric_is_relative(score->metric[i].name))
        i++;
    if (i == score->n_metric)
        return;
    snprintf(task->judged.name, sizeof task->judged.name, "%s", score->metric[i].name);
    task->judged.value = score->metric[i].value;
    task->judged.is_error = pt_metric_is_error(score->metric[i].name);
}

static void take_score(const pt_event_score_t *score, pt_summary_task_t *task)
{
    snprintf(task->name, sizeof task->name, "%s", score->task);
    task->n = score->n;
    task->loss = score->loss;
    task->metric = task->judged.value = NAN;
    take_judged(score, task);
    if (score->n_metric == 0)
        return;
    snprintf(task->metric_name, sizeof task->metric_name, "%s", score->metric[0].name);
    task->metric = score->metric[0].value;
    task->bound = score->metric[0].bound;
    task->is_error = pt_metric_is_error(score->metric[0].name);
    for (int32_t i = 1; i < score->n_metric && i <= PT_SUMMARY_OTHER; i++) {
        pt_summary_metric_t *other = &task->other[task->n_other++];
        snprintf(other->name, sizeof other->name, "%s", score->metric[i].name);
        other->value = score->metric[i].value;
        other->bound = score->metric[i].bound;
    }
}

/* Scores on val count where they are by the same metrics. */
static void find_val(const reader_t *reader, pt_summary_task_t *task)
{
    task->val = task->judged.val = NAN;
    for (int32_t k = 0; k < reader->n_val; k++) {
        const pt_summary_task_t *val = &reader->val[k];
        if (strcmp(val->name, task->name) != 0)
            continue;
        if (strcmp(val->metric_name, task->metric_name) == 0)
            task->val = val->metric;
        if (strcmp(val->judged.name, task->judged.name) == 0)
            task->judged.val = val->judged.value;
    }
}

static void free_tasks(pt_summary_t *s)
{
    for (int32_t k = 0; k < s->n_task; k++)
        pt_free(s->task[k].confusion);
    pt_free(s->task);
    s->task = NULL;
    s->n_task = 0;
}

static pt_status_t take_final(const pt_event_scores_t *e, const reader_t *reader)
{
    pt_summary_t *s = reader->summary;
    free_tasks(s);
    PT_TRY(pt_alloc(&s->task, (size_t)e->n_task, sizeof *s->task));
    for (int32_t k = 0; k < e->n_task; k++) {
        pt_summary_task_t *task = &s->task[s->n_task++];
        take_score(&e->task[k], task);
        PT_TRY(take_confusion(&e->task[k], task));
        find_val(reader, task);
    }
    snprintf(s->part, sizeof s->part, "%s", e->part);
    s->mean = e->mean;
    s->searching = e->samples.searching;
    s->training = e->samples.training;
    s->kept = e->kept;
    s->is_done = true;
    return PT_OK;
}

static pt_status_t take_val(const pt_event_scores_t *e, reader_t *reader)
{
    PT_TRY(pt_grow(&reader->val, &reader->val_capacity, (size_t)e->n_task,
                   sizeof *reader->val));
    reader->summary->val = e->mean;
    for (int32_t k = 0; k < e->n_task; k++) {
        reader->val[k] = (pt_summary_task_t){.n_other = 0};
        take_score(&e->task[k], &reader->val[k]);
    }
    reader->n_val = e->n_task;
    return PT_OK;
}

static void take_choice(const pt_event_choice_t *e, pt_summary_t *s)
{
    s->choice.n = e->n;
    s->choice.number = e->number;
    s->choice.n_final = e->n_final;
    s->choice.n_tied = e->n_tied;
    snprintf(s->choice.origin, sizeof s->choice.origin, "%s", e->origin);
    snprintf(s->choice.judge, sizeof s->choice.judge, "%s", e->judge);
    s->choice.score = e->score;
    s->choice.error = e->error;
    s->choice.worst = e->worst;
    s->choice.spent = e->spent;
    s->choice.supernet_samples = e->supernet_samples;
    s->choice.training_samples = e->training_samples;
}

static pt_status_t take_event(void *context, const pt_event_t *event)
{
    reader_t *reader = context;
    if (event->kind == PT_EVENT_CHOICE)
        take_choice(&event->choice, reader->summary);
    if (event->kind == PT_EVENT_FINAL)
        return take_final(&event->scores, context);
    if (event->kind == PT_EVENT_EVAL &&
        strcmp(event->scores.part, pt_part_name(PT_PART_VAL)) == 0)
        return take_val(&event->scores, context);
    return PT_OK;
}

static pt_status_t read_network(const char *path, pt_summary_t *s)
{
    json_t *root = NULL, *object;
    size_t i;
    PT_TRY(architecture_parse(path, &root));
    s->cost = get_cost(json_object_get(root, "cost"));
    s->has_cost = s->cost.madds > 0;
    json_array_foreach(json_object_get(root, "tasks"), i, object)
    {
        const char *name = json_string_value(json_object_get(object, "name"));
        for (int32_t k = 0; k < s->n_task && name != NULL; k++)
            if (strcmp(s->task[k].name, name) == 0)
                s->task[k].cost = get_cost(json_object_get(object, "cost"));
    }
    json_decref(root);
    return PT_OK;
}

pt_status_t pt_summary_read(const char *run, pt_summary_t *summary)
{
    char path[PT_PATH_MAX];
    reader_t reader = {.summary = summary};
    *summary = (pt_summary_t){.mean = NAN, .val = NAN, .searching = NAN, .training = NAN};
    if (!pt_run_file_exists(run, PT_FILE_METRICS))
        PT_FAIL(IO, "%s is not the folder of a run: it has no %s", run,
                pt_run_file_name(PT_FILE_METRICS));
    pt_status_t status = pt_journal_read(run, take_event, &reader);
    pt_free(reader.val);
    PT_TRY(status);
    PT_TRY(pt_run_file_path(run, PT_FILE_ARCHITECTURE, path));
    return pt_path_exists(path) ? read_network(path, summary) : PT_OK;
}

void pt_summary_release(pt_summary_t *summary)
{
    free_tasks(summary);
    *summary = (pt_summary_t){0};
}

/* A text of the run's checkpoint; "" where it has none. */
static void get_text(const char *run, const char *name, char *out, size_t size)
{
    char path[PT_PATH_MAX], *text;
    out[0] = '\0';
    if (!pt_run_file_exists(run, PT_FILE_CHECKPOINT))
        return;
    if (pt_run_file_path(run, PT_FILE_CHECKPOINT, path) != PT_OK ||
        pt_checkpoint_read_text(path, name, &text) != PT_OK) {
        pt_error_clear();
        return;
    }
    snprintf(out, size, "%s", text);
    pt_free(text);
}

void pt_summary_data(const char *run, char digest[33])
{
    get_text(run, "data", digest, 33);
}

void pt_summary_version(const char *run, char version[32])
{
    get_text(run, "version", version, 32);
}

const pt_summary_task_t *pt_summary_find(const pt_summary_t *summary, const char *name)
{
    for (int32_t k = 0; k < summary->n_task; k++)
        if (strcmp(summary->task[k].name, name) == 0)
            return &summary->task[k];
    return NULL;
}

/* (-1)^{lower is better} (M - S) / |S| of a task. */
static double find_gain(const pt_summary_task_t *m, const pt_summary_task_t *s, bool is_val,
                        char *why)
{
    double ours = is_val ? m->judged.val : m->judged.value;
    double theirs = is_val ? s->judged.val : s->judged.value;
    if (m->judged.name[0] == '\0')
        snprintf(why, PT_SUMMARY_WHY, "task %.64s: %.32s has no relative change", m->name,
                 m->metric_name);
    else if (strcmp(m->judged.name, s->judged.name) != 0)
        snprintf(why, PT_SUMMARY_WHY, "task %.64s: scored by %.32s here and by %.32s there",
                 m->name, m->judged.name, s->judged.name);
    else if (!isfinite(ours) || !isfinite(theirs) || theirs == 0)
        snprintf(why, PT_SUMMARY_WHY, "task %.64s: %.32s of %g against %g", m->name,
                 m->judged.name, ours, theirs);
    else
        return (m->judged.is_error ? -1 : 1) * (ours - theirs) / fabs(theirs);
    return NAN;
}

static double mean_gain(const pt_summary_t *run, const pt_summary_t *single, bool is_val,
                        char *why)
{
    double sum = 0;
    why[0] = '\0';
    if (run->n_task == 0)
        snprintf(why, PT_SUMMARY_WHY, "no task has been scored");
    for (int32_t k = 0; k < run->n_task && why[0] == '\0'; k++) {
        const pt_summary_task_t *m = &run->task[k], *s = pt_summary_find(single, m->name);
        if (s == NULL)
            snprintf(why, PT_SUMMARY_WHY,
                     "task %.64s is not among the single-task networks", m->name);
        else
            sum += find_gain(m, s, is_val, why);
    }
    return why[0] == '\0' ? sum / run->n_task : NAN;
}

double pt_summary_delta(const pt_summary_t *run, const pt_summary_t *single, char *why)
{
    char unread[PT_SUMMARY_WHY];
    return mean_gain(run, single, false, why != NULL ? why : unread);
}

double pt_summary_delta_val(const pt_summary_t *run, const pt_summary_t *single)
{
    char why[PT_SUMMARY_WHY];
    return mean_gain(run, single, true, why);
}
