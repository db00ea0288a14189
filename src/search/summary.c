#include "polytree/search/summary.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/io/checkpoint.h"
#include "polytree/io/file.h"
#include "polytree/search/jsonl.h"
#include "polytree/train/metric.h"

enum { PATH_BYTES = 4200 };

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

static void take_score(json_t *scores, pt_summary_task_t *task)
{
    const char *name = pt_json_metric(scores, &task->metric), *key;
    json_t *value;
    task->n = get_int(scores, "n");
    task->loss = pt_json_real(scores, "loss");
    if (name == NULL)
        return;
    snprintf(task->metric_name, sizeof task->metric_name, "%s", name);
    task->is_error = pt_metric_is_error(name);
    json_object_foreach(scores, key, value)
    {
        if (strcmp(key, "n") == 0 || strcmp(key, "loss") == 0 || key == name ||
            task->n_other == PT_SUMMARY_OTHER)
            continue;
        pt_summary_metric_t *other = &task->other[task->n_other++];
        snprintf(other->name, sizeof other->name, "%s", key);
        other->value = pt_json_real(scores, key);
    }
}

typedef struct reader {
    pt_summary_t *summary;
    json_t *val; /* tasks of the last evaluation on val */
} reader_t;

static pt_status_t take_final(json_t *line, const reader_t *reader)
{
    pt_summary_t *s = reader->summary;
    json_t *tasks = json_object_get(line, "tasks"), *scores;
    const char *name;
    pt_free(s->task);
    s->task = NULL;
    s->n_task = 0;
    PT_TRY(pt_alloc(&s->task, json_object_size(tasks), sizeof *s->task));
    json_object_foreach(tasks, name, scores)
    {
        pt_summary_task_t *task = &s->task[s->n_task++];
        snprintf(task->name, sizeof task->name, "%s", name);
        take_score(scores, task);
        task->val = pt_json_real(json_object_get(reader->val, name), task->metric_name);
    }
    snprintf(s->part, sizeof s->part, "%s", pt_json_text(line, "part"));
    s->mean = pt_json_real(line, "mean");
    s->is_done = true;
    return PT_OK;
}

static pt_status_t take_line(void *context, json_t *line)
{
    reader_t *reader = context;
    const char *event = pt_json_text(line, "event");
    if (strcmp(event, "final") == 0)
        return take_final(line, reader);
    if (strcmp(event, "eval") != 0 || strcmp(pt_json_text(line, "part"), "val") != 0)
        return PT_OK;
    reader->summary->val = pt_json_real(line, "mean");
    json_decref(reader->val);
    reader->val = json_incref(json_object_get(line, "tasks"));
    return PT_OK;
}

static pt_status_t read_network(const char *path, pt_summary_t *s)
{
    char *text;
    size_t bytes, i;
    json_error_t error;
    json_t *root, *object;
    PT_TRY(pt_file_read(path, &text, &bytes));
    root = json_loadb(text, bytes, 0, &error);
    pt_free(text);
    if (root == NULL)
        PT_FAIL(FORMAT, "%s:%d: %s", path, error.line, error.text);
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
    char path[PATH_BYTES];
    *summary = (pt_summary_t){.mean = NAN, .val = NAN};
    snprintf(path, sizeof path, "%s/metrics.jsonl", run);
    if (!pt_path_exists(path))
        PT_FAIL(IO, "%s is not the folder of a run: it has no metrics.jsonl", run);
    reader_t reader = {.summary = summary};
    pt_status_t status = pt_jsonl_read(path, take_line, &reader);
    json_decref(reader.val);
    PT_TRY(status);
    snprintf(path, sizeof path, "%s/architecture.json", run);
    return pt_path_exists(path) ? read_network(path, summary) : PT_OK;
}

void pt_summary_release(pt_summary_t *summary)
{
    pt_free(summary->task);
    *summary = (pt_summary_t){0};
}

void pt_summary_data(const char *run, char digest[33])
{
    char path[PATH_BYTES], *text;
    digest[0] = '\0';
    snprintf(path, sizeof path, "%s/checkpoint.h5", run);
    if (!pt_path_exists(path))
        return;
    if (pt_checkpoint_read_text(path, "data", &text) != PT_OK) {
        pt_error_clear();
        return;
    }
    snprintf(digest, 33, "%s", text);
    pt_free(text);
}

const pt_summary_task_t *pt_summary_find(const pt_summary_t *summary, const char *name)
{
    for (int32_t k = 0; k < summary->n_task; k++)
        if (strcmp(summary->task[k].name, name) == 0)
            return &summary->task[k];
    return NULL;
}

static double mean_gain(const pt_summary_t *run, const pt_summary_t *single, bool is_val)
{
    double sum = 0;
    if (run->n_task == 0)
        return NAN;
    for (int32_t k = 0; k < run->n_task; k++) {
        const pt_summary_task_t *m = &run->task[k], *s = pt_summary_find(single, m->name);
        if (s == NULL)
            return NAN;
        double ours = is_val ? m->val : m->metric, theirs = is_val ? s->val : s->metric;
        if (!isfinite(theirs) || theirs == 0)
            return NAN;
        sum += (m->is_error ? -1 : 1) * (ours - theirs) / theirs;
    }
    return sum / run->n_task;
}

double pt_summary_delta(const pt_summary_t *run, const pt_summary_t *single)
{
    return mean_gain(run, single, false);
}

double pt_summary_delta_val(const pt_summary_t *run, const pt_summary_t *single)
{
    return mean_gain(run, single, true);
}
