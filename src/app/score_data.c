/* The network of a run on a data set that it need not know: polytree eval --data, and what
 * a fine-tuned one makes of tasks that were there before.
 *
 * Rank r of P scores the microbatches r, r + P, ..; sums are exact, so that it does not
 * matter whose they are.
 */
#include "app/score_data.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/console.h"
#include "app/print_scores.h"
#include "app/trained.h"
#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "polytree/io/inputs.h"
#include "polytree/par/comm.h"
#include "polytree/record/summary.h"
#include "polytree/train/scores.h"

typedef struct scoring {
    pt_trained_t trained;
    const char *path, *tasks; /* the data set, and which of its tasks are looked at */
    pt_comm_t *world, *node;
    pt_inputs_t *inputs;
    pt_dataset_t *dataset;
    int32_t *place; /* [n_task] of the network in the data set; -1: it has no labels */
    int32_t **ours; /* [n_task] the network's class of each there; NULL: the same */
    int64_t *n_row; /* [n_task] rows of labels */
    pt_scores_t *scores;
    pt_task_score_t *score;

    /* The microbatch at work. */
    int64_t microbatch, first, n;
    float *input;
    pt_label_t *label;  /* of one task */
    pt_label_t *rest;   /* what rounding has left of a regression's */
    pt_label_t *theirs; /* of a row, in the file's classes */
    pt_status_t status; /* the first failure to read labels */
} scoring_t;

static const pt_task_info_t *info_of(const scoring_t *s, int32_t task)
{
    return &s->trained.found.interface.task[task].info;
}

static int32_t n_task(const scoring_t *s)
{
    return s->trained.found.interface.n_task;
}

static bool is_root(const scoring_t *s)
{
    return pt_comm_rank(s->world) == 0;
}

static const pt_task_info_t *info_there(const scoring_t *s, int32_t task)
{
    return pt_dataset_task(s->dataset, s->place[task]);
}

static bool have_names(const scoring_t *s, int32_t task)
{
    return pt_dataset_class_names(s->dataset, s->place[task]) != NULL &&
           s->trained.found.interface.task[task].class_name != NULL;
}

/* What the network says of a task must be what is labelled there.  Names tell classes
 * apart, of which there may then be fewer. */
static pt_status_t check_task(const scoring_t *s, int32_t task)
{
    const pt_task_info_t *ours = info_of(s, task), *theirs = info_there(s, task);
    if (ours->kind == theirs->kind && pt_task_is_map(ours) == pt_task_is_map(theirs) &&
        (ours->classes == theirs->classes || have_names(s, task)))
        return PT_OK;
    PT_FAIL(MISMATCH, "%s: task '%s' is %s of %d, the network was trained for %s of %d",
            s->path, ours->name, pt_task_kind_name(theirs->kind), (int)theirs->classes,
            pt_task_kind_name(ours->kind), (int)ours->classes);
}

static int32_t find_class(const pt_interface_task_t *ours, const char *name)
{
    for (int32_t c = 0; c < ours->info.classes; c++)
        if (strcmp(ours->class_name[c].text, name) == 0)
            return c;
    return -1;
}

/* Labels are numbers: what they stand for, where both say it, is what they are known by.
 * Rank 0 knows the file's names. */
static pt_status_t match_classes(scoring_t *s, int32_t task, bool *is_other)
{
    const pt_interface_task_t *ours = &s->trained.found.interface.task[task];
    const pt_class_name_t *theirs = pt_dataset_class_names(s->dataset, s->place[task]);
    int32_t n = info_there(s, task)->classes, *match = s->ours[task];
    *is_other = false;
    for (int32_t c = 0; have_names(s, task) && c < n; c++) {
        match[c] = find_class(ours, theirs[c].text);
        *is_other = *is_other || match[c] != c;
        if (match[c] < 0)
            PT_FAIL(MISMATCH,
                    "%s: task '%s' has the class '%s', which the network was not "
                    "trained on",
                    s->path, ours->info.name, theirs[c].text);
        for (int32_t d = 0; d < c; d++)
            if (match[d] == match[c])
                PT_FAIL(MISMATCH, "%s: task '%s' has the class '%s' twice", s->path,
                        ours->info.name, theirs[c].text);
    }
    if (*is_other)
        pt_console_line(
            "note        task %s: classes of %s by their names, as they have other "
            "numbers than in the training",
            ours->info.name, s->path);
    *is_other = *is_other || n != ours->info.classes;
    return PT_OK;
}

/* Rank 0 says what the classes are.  Collective. */
static pt_status_t share_classes(scoring_t *s, int32_t task)
{
    pt_comm_t *world = s->world;
    size_t n = (size_t)info_there(s, task)->classes;
    bool is_other = false;
    PT_AGREE(world, pt_alloc(&s->ours[task], n, sizeof *s->ours[task]));
    pt_status_t status = is_root(s) ? check_task(s, task) : PT_OK;
    if (is_root(s) && status == PT_OK)
        status = match_classes(s, task, &is_other);
    PT_AGREE(world, status);
    PT_TRY(pt_comm_bcast(world, &is_other, sizeof is_other, 0));
    if (is_other)
        return pt_comm_bcast(world, s->ours[task], n * sizeof *s->ours[task], 0);
    pt_free(s->ours[task]);
    s->ours[task] = NULL;
    return PT_OK;
}

static void find_task(scoring_t *s, int32_t task)
{
    const pt_task_info_t *ours = info_of(s, task);
    pt_split_t split = pt_inputs_split(s->inputs);
    s->place[task] = -1;
    for (int32_t t = 0; t < pt_dataset_n_task(s->dataset); t++) {
        if (strcmp(pt_dataset_task(s->dataset, t)->name, ours->name) != 0)
            continue;
        if (pt_dataset_n_labelled(s->dataset, split, t) == 0)
            return;
        s->place[task] = t;
        s->n_row[task] = pt_dataset_rows(s->dataset, split, t).n;
        return;
    }
}

static pt_status_t find_tasks(scoring_t *s)
{
    int32_t n = 0;
    PT_TRY(pt_alloc(&s->place, (size_t)n_task(s), sizeof *s->place));
    PT_TRY(pt_alloc(&s->n_row, (size_t)n_task(s), sizeof *s->n_row));
    PT_TRY(pt_alloc(&s->ours, (size_t)n_task(s), sizeof *s->ours));
    for (int32_t k = 0; k < n_task(s); k++) {
        find_task(s, k);
        n += s->place[k] >= 0;
    }
    if (n == 0)
        PT_FAIL(MISMATCH, "%s: no task of the network has a label in %s", s->path,
                pt_split_name(pt_inputs_split(s->inputs)));
    return PT_OK;
}

/* Labels are read in the units of the network. */
static pt_status_t take_units(scoring_t *s)
{
    const pt_standard_t **unit;
    PT_TRY(pt_alloc(&unit, (size_t)pt_dataset_n_task(s->dataset), sizeof *unit));
    for (int32_t k = 0; k < n_task(s); k++)
        if (s->place[k] >= 0)
            unit[s->place[k]] = info_of(s, k)->standard;
    pt_status_t status = pt_dataset_set_standards(s->dataset, NULL, unit);
    pt_free(unit);
    return status;
}

static pt_status_t make_room(scoring_t *s)
{
    const int64_t *hwc = s->trained.found.interface.input.hwc;
    size_t rows = (size_t)s->microbatch, most = 0;
    for (int32_t k = 0; k < n_task(s); k++)
        if (s->place[k] >= 0 && (size_t)pt_task_labels(info_of(s, k)) > most)
            most = (size_t)pt_task_labels(info_of(s, k));
    PT_TRY(
        pt_alloc(&s->input, rows * (size_t)(hwc[0] * hwc[1] * hwc[2]), sizeof *s->input));
    PT_TRY(pt_alloc(&s->label, rows * most, sizeof *s->label));
    PT_TRY(pt_alloc(&s->rest, rows * most, sizeof *s->rest));
    PT_TRY(pt_alloc(&s->theirs, most, sizeof *s->theirs));
    PT_TRY(pt_alloc(&s->score, (size_t)n_task(s), sizeof *s->score));
    PT_TRY(pt_scores_new(n_task(s), s->trained.objective, hwc[0], hwc[1], &s->scores));
    return pt_scores_begin(s->scores, s->n_row);
}

static pt_status_t prepare(scoring_t *s, pt_split_t split)
{
    pt_comm_t *world = s->world;
    const pt_inputs_options_t options = {.split = split,
                                         .talk.say = is_root(s) ? pt_console_say : NULL};
    PT_AGREE(world, pt_inputs_open(s->path, &options, &s->trained.found.interface.input,
                                   &s->inputs));
    if (pt_inputs_split(s->inputs) == PT_N_SPLIT)
        PT_FAIL(FORMAT, "%s: no data set, so that it has no labels", s->path);
    PT_TRY(pt_comm_split_node(world, &s->node));
    PT_TRY(pt_dataset_open_labels(s->path, s->tasks, world, s->node, &s->dataset));
    PT_AGREE(world, find_tasks(s));
    for (int32_t k = 0; k < n_task(s); k++)
        if (s->place[k] >= 0)
            PT_TRY(share_classes(s, k));
    PT_AGREE(world, take_units(s));
    return pt_comm_agree(world, make_room(s));
}

/* A row of labels in the classes of the file, as those of the network. */
static void translate(scoring_t *s, int32_t task, pt_label_t *label)
{
    const pt_task_info_t *info = info_of(s, task);
    const int32_t *ours = s->ours[task];
    int64_t width = pt_task_labels(info), n = info_there(s, task)->classes;
    bool is_list = info->kind == PT_TASK_MULTILABEL;
    for (int64_t j = 0; ours != NULL && !is_list && j < width; j++)
        label[j].i = label[j].i == PT_LABEL_NONE ? PT_LABEL_NONE : ours[label[j].i];
    if (ours == NULL || !is_list)
        return;
    memcpy(s->theirs, label, (size_t)n * sizeof *label);
    for (int64_t c = 0; c < width; c++)
        label[c].i = PT_LABEL_NONE;
    for (int64_t c = 0; c < n; c++)
        label[ours[c]] = s->theirs[c];
}

/* Of the microbatch's inputs; none for what has none, and for padding. */
static pt_status_t read_labels(scoring_t *s, int32_t task)
{
    const pt_task_info_t *info = info_of(s, task);
    const pt_label_t none =
        pt_task_is_float(info) ? (pt_label_t){.f = NAN} : (pt_label_t){.i = PT_LABEL_NONE};
    pt_split_t split = pt_inputs_split(s->inputs);
    pt_task_rows_t rows = pt_dataset_rows(s->dataset, split, s->place[task]);
    int64_t width = pt_task_labels(info);
    for (int64_t i = 0; i < s->microbatch; i++) {
        int64_t at = i < s->n ? pt_task_rows_find(&rows, s->first + i) : -1;
        pt_label_t *to = s->label + i * width;
        for (int64_t j = 0; at < 0 && j < width; j++)
            to[j] = none;
        if (at < 0)
            continue;
        PT_TRY(pt_dataset_read_labels(s->dataset, split, s->place[task], &at, 1, to));
        if (info->kind == PT_TASK_REGRESSION)
            PT_TRY(pt_dataset_read_rests(s->dataset, split, s->place[task], &at, 1,
                                         s->rest + i * width));
        translate(s, task, to);
    }
    return PT_OK;
}

static void take_output(void *context, int32_t task, const pt_real_t *output)
{
    scoring_t *s = context;
    if (s->place[task] < 0 || s->status != PT_OK)
        return;
    s->status = read_labels(s, task);
    if (s->status == PT_OK)
        pt_scores_add(s->scores, task, s->microbatch, output, s->label,
                      info_of(s, task)->kind == PT_TASK_REGRESSION ? s->rest : NULL);
}

static pt_status_t run_own(scoring_t *s)
{
    const int64_t *hwc = s->trained.found.interface.input.hwc;
    int64_t values = hwc[0] * hwc[1] * hwc[2], end = pt_inputs_n(s->inputs);
    int64_t step = pt_comm_size(s->world) * s->microbatch;
    s->first = pt_comm_rank(s->world) * s->microbatch;
    for (; s->first < end; s->first += step) {
        int64_t left = end - s->first;
        s->n = left < s->microbatch ? left : s->microbatch;
        memset(s->input + s->n * values, 0,
               (size_t)((s->microbatch - s->n) * values) * sizeof *s->input);
        PT_TRY(pt_inputs_read(s->inputs, s->first, s->n, s->input));
        pt_inference_run(s->trained.network, s->input, take_output, s);
        PT_TRY(s->status);
    }
    return PT_OK;
}

static pt_status_t read_scores(scoring_t *s)
{
    for (int32_t k = 0; k < n_task(s); k++)
        if (!pt_scores_read(s->scores, k, &s->score[k]))
            PT_FAIL(NUMERIC,
                    "%s: task '%s': the network's outputs, or their loss, are not "
                    "finite",
                    s->path, info_of(s, k)->name);
    return PT_OK;
}

static void print_scores(const scoring_t *s)
{
    const pt_architecture_t *found = &s->trained.found;
    const char *split = pt_split_name(pt_inputs_split(s->inputs));
    for (int32_t k = 0; k < n_task(s); k++)
        if (s->place[k] < 0)
            pt_console_line("note        task %s has no labels in %s of %s, so no score",
                            info_of(s, k)->name, split, s->path);
    pt_print_scores(found->space, &found->subnet, s->trained.objective, s->score, split);
}

static void release(scoring_t *s)
{
    pt_scores_free(s->scores);
    pt_free(s->score);
    pt_free(s->label);
    pt_free(s->rest);
    pt_free(s->theirs);
    for (int32_t k = 0; s->ours != NULL && k < n_task(s); k++)
        pt_free(s->ours[k]);
    pt_free(s->ours);
    pt_free(s->input);
    pt_free(s->n_row);
    pt_free(s->place);
    pt_dataset_close(s->dataset);
    pt_comm_free(s->node);
    pt_inputs_close(s->inputs);
    pt_trained_close(&s->trained);
}

/* By s->trained, into s->score. */
static pt_status_t score(scoring_t *s, pt_split_t split)
{
    pt_comm_t *world = s->world;
    s->microbatch = s->trained.config.train.microbatch;
    PT_TRY(prepare(s, split));
    PT_AGREE(world, run_own(s));
    PT_TRY(pt_scores_sum(s->scores, world, world));
    return read_scores(s);
}

pt_status_t pt_score_data(const char *run, const pt_args_t *args, const char *path,
                          pt_split_t split)
{
    pt_comm_t *world = pt_comm_world();
    scoring_t *s = NULL;
    pt_status_t status = pt_alloc(&s, 1, sizeof *s);
    PT_AGREE(world, status);
    s->path = path;
    s->tasks = "all";
    s->world = world;
    PT_TRY_OR(done, pt_trained_open(run, args, &s->trained));
    PT_TRY_OR(done, score(s, split));
    if (is_root(s))
        print_scores(s);
done:
    release(s);
    pt_free(s);
    return status;
}

static pt_split_t split_of(const char *part)
{
    pt_split_t split = 0;
    while (split < PT_N_SPLIT && strcmp(pt_split_name(split), part) != 0)
        split++;
    return split;
}

/* The network says of an old task what it says of one of that name. */
static pt_status_t take_scores(const scoring_t *s, pt_kept_run_t *kept)
{
    PT_TRY(pt_alloc(&kept->now, (size_t)kept->before.n_task, sizeof *kept->now));
    for (int32_t k = 0; k < kept->before.n_task; k++) {
        kept->now[k] = (double)NAN;
        for (int32_t j = 0; j < n_task(s); j++)
            if (strcmp(info_of(s, j)->name, kept->before.task[k].name) == 0)
                kept->now[k] = s->score[j].metric;
    }
    return PT_OK;
}

static pt_status_t score_kept(scoring_t *s, const char *run, pt_kept_run_t *kept)
{
    char digest[33];
    s->path = kept->data;
    s->tasks = kept->tasks;
    s->world = pt_comm_alone();
    if (!pt_path_exists(s->path))
        PT_FAIL(IO, "the data set %s is not at hand", s->path);
    PT_TRY(pt_trained_read(run, s->world, &s->trained));
    PT_TRY(score(s, split_of(kept->before.part)));
    pt_summary_data(kept->run, digest);
    if (!pt_dataset_is_digest(pt_dataset_digest(s->dataset), digest))
        PT_FAIL(MISMATCH, "%s is not the data set that %s is of", s->path, kept->run);
    return take_scores(s, kept);
}

void pt_score_kept(const pt_config_t *config, const char *run, pt_kept_t *kept)
{
    for (int32_t i = 0; i < kept->n; i++) {
        scoring_t *s = NULL;
        if (!kept->run[i].has_changed)
            continue;
        pt_status_t status = pt_alloc(&s, 1, sizeof *s);
        if (status == PT_OK) {
            s->trained.config = *config;
            status = score_kept(s, run, &kept->run[i]);
            release(s);
            pt_free(s);
        }
        if (status == PT_OK)
            continue;
        pt_console_line("note        tasks of %s are not scored anew: %s", kept->run[i].run,
                        pt_error_message());
        pt_error_clear();
    }
}
