/* Samples for the page of a run: read, run through its network, and put into words and
 * pictures. */
#include "app/examples.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/trained.h"
#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "polytree/par/comm.h"
#include "polytree/record/summary.h"

enum { FEW = 8, MOST = 24 }; /* samples */

typedef struct collection {
    pt_examples_t *out;
    pt_trained_t trained;
    pt_dataset_t *dataset;
    bool is_own; /* opened here */
    pt_split_t split;
    int32_t
        *place; /* [n_task] of the network in the data set; -1: no labels in the split */
    int64_t row[MOST];

    /* The microbatch at work. */
    int32_t first, n;
    float *input;
    pt_label_t *label;
    pt_status_t status; /* the first failure to take an output */
} collection_t;

static int32_t n_task(const collection_t *c)
{
    return c->trained.found.interface.n_task;
}

static pt_status_t open_data(collection_t *c, const char *run)
{
    const char *path = c->trained.config.data.file, *tasks = c->trained.config.data.tasks;
    char digest[33];
    if (!pt_path_exists(path))
        PT_FAIL(IO, "the data set %s is not at hand", path);
    PT_TRY(
        pt_dataset_open_labels(path, tasks, pt_comm_alone(), pt_comm_alone(), &c->dataset));
    c->is_own = true;
    pt_summary_data(run, digest);
    if (digest[0] != '\0' && !pt_dataset_is_digest(pt_dataset_digest(c->dataset), digest))
        PT_FAIL(MISMATCH, "%s is not the data set that the run is of", path);
    return PT_OK;
}

static void find_places(collection_t *c)
{
    for (int32_t k = 0; k < n_task(c); k++) {
        c->place[k] = -1;
        for (int32_t t = 0; t < pt_dataset_n_task(c->dataset); t++)
            if (strcmp(pt_dataset_task(c->dataset, t)->name,
                       c->trained.found.interface.task[k].info.name) == 0 &&
                pt_dataset_n_labelled(c->dataset, c->split, t) > 0)
                c->place[k] = t;
    }
}

/* Labels and inputs are read in the units of the network. */
static pt_status_t take_units(collection_t *c)
{
    const pt_interface_t *i = &c->trained.found.interface;
    const pt_standard_t **unit;
    PT_TRY(pt_alloc(&unit, (size_t)pt_dataset_n_task(c->dataset), sizeof *unit));
    for (int32_t k = 0; k < n_task(c); k++)
        if (c->place[k] >= 0)
            unit[c->place[k]] = i->task[k].info.standard;
    pt_status_t status = pt_dataset_set_standards(c->dataset, i->input.standard, unit);
    pt_free(unit);
    return status;
}

static bool has_row(const collection_t *c, int64_t row)
{
    for (int32_t i = 0; i < c->out->n; i++)
        if (c->row[i] == row)
            return true;
    return false;
}

/* The next labelled row of a task that is not among them yet. */
static bool take_row(collection_t *c, int32_t task)
{
    pt_task_rows_t rows = pt_dataset_rows(c->dataset, c->split, c->place[task]);
    for (int64_t i = 0; i < rows.n; i++) {
        int64_t row = rows.index != NULL ? rows.index[i] : i;
        if (has_row(c, row))
            continue;
        c->row[c->out->n++] = row;
        return true;
    }
    return false;
}

/* A few, or as many as it takes for each task to have one: from task after task in turn,
 * then in order. */
static void pick_rows(collection_t *c)
{
    bool is_any = true;
    int32_t n = n_task(c) > FEW ? n_task(c) : FEW;
    n = n < MOST ? n : MOST;
    while (is_any && c->out->n < n) {
        is_any = false;
        for (int32_t k = 0; k < n_task(c) && c->out->n < n; k++)
            is_any |= c->place[k] >= 0 && take_row(c, k);
    }
    for (int32_t i = 1; i < c->out->n; i++)
        for (int32_t j = i; j > 0 && c->row[j] < c->row[j - 1]; j--) {
            int64_t row = c->row[j];
            c->row[j] = c->row[j - 1];
            c->row[j - 1] = row;
        }
}

static pt_status_t make_room(collection_t *c)
{
    const pt_interface_t *i = &c->trained.found.interface;
    const int64_t *hwc = i->input.hwc;
    size_t most = 0;
    for (int32_t k = 0; k < n_task(c); k++)
        if ((size_t)pt_task_labels(&i->task[k].info) > most)
            most = (size_t)pt_task_labels(&i->task[k].info);
    PT_TRY(pt_alloc(&c->label, most, sizeof *c->label));
    PT_TRY(pt_alloc(&c->input,
                    (size_t)(c->trained.config.train.microbatch * hwc[0] * hwc[1] * hwc[2]),
                    sizeof *c->input));
    PT_TRY(pt_alloc(&c->out->example, (size_t)c->out->n, sizeof *c->out->example));
    for (int32_t e = 0; e < c->out->n; e++)
        PT_TRY(pt_alloc(&c->out->example[e].answer, (size_t)n_task(c),
                        sizeof *c->out->example[e].answer));
    return PT_OK;
}

static bool is_labelled(const pt_task_info_t *info, const pt_label_t *label)
{
    for (int64_t i = 0; i < pt_task_labels(info); i++)
        if (pt_task_is_float(info) ? !isnan(label[i].f) : label[i].i != PT_LABEL_NONE)
            return true;
    return false;
}

static pt_status_t take_sample(collection_t *c, int32_t task, int32_t i,
                               const pt_real_t *output)
{
    const pt_interface_task_t *known = &c->trained.found.interface.task[task];
    const int64_t *hwc = c->trained.found.interface.input.hwc;
    pt_example_t *e = &c->out->example[c->first + i];
    pt_task_rows_t rows = pt_dataset_rows(c->dataset, c->split, c->place[task]);
    int64_t at = pt_task_rows_find(&rows, c->row[c->first + i]);
    if (at < 0)
        return PT_OK;
    PT_TRY(pt_dataset_read_labels(c->dataset, c->split, c->place[task], &at, 1, c->label));
    if (!is_labelled(&known->info, c->label))
        return PT_OK;
    pt_example_answer_t *answer = &e->answer[e->n_answer];
    answer->task = task;
    e->n_answer++;
    return pt_example_answer(known, &c->trained.objective[task], hwc[0], hwc[1], c->label,
                             output, answer);
}

static void take_output(void *context, int32_t task, const pt_real_t *output)
{
    collection_t *c = context;
    const pt_task_info_t *info = &c->trained.found.interface.task[task].info;
    int64_t width = c->trained.objective[task].outputs;
    if (pt_task_is_map(info))
        width *= info->height * info->width;
    for (int32_t i = 0; i < c->n && c->place[task] >= 0 && c->status == PT_OK; i++)
        c->status = take_sample(c, task, i, output + i * width);
}

static pt_status_t run_all(collection_t *c)
{
    const pt_input_info_t *info = &c->trained.found.interface.input;
    const int64_t values = info->hwc[0] * info->hwc[1] * info->hwc[2];
    const int32_t microbatch = (int32_t)c->trained.config.train.microbatch;
    for (; c->first < c->out->n; c->first += microbatch) {
        int32_t left = c->out->n - c->first;
        c->n = left < microbatch ? left : microbatch;
        memset(c->input, 0, (size_t)(microbatch * values) * sizeof *c->input);
        PT_TRY(pt_dataset_read(c->dataset, c->split, c->row + c->first, c->n, c->input));
        for (int32_t i = 0; i < c->n; i++) {
            pt_example_t *e = &c->out->example[c->first + i];
            e->row = c->row[c->first + i];
            PT_TRY(pt_example_input(info, c->input + i * values, e));
        }
        pt_inference_run(c->trained.network, c->input, take_output, c);
        PT_TRY(c->status);
    }
    return PT_OK;
}

/* What features are called, by number where they have no names. */
static void name_features(collection_t *c)
{
    const pt_input_info_t *info = &c->trained.found.interface.input;
    pt_examples_t *out = c->out;
    if (info->is_image)
        return;
    out->n_feature_all = info->hwc[2];
    while (out->n_feature < out->n_feature_all && out->n_feature < PT_EXAMPLE_FEATURES) {
        int32_t i = out->n_feature++;
        if (info->name != NULL)
            out->feature[i] = info->name[i];
        else
            snprintf(out->feature[i].text, sizeof out->feature[i].text, "x%d", (int)i);
    }
}

static pt_status_t collect(collection_t *c, const char *run)
{
    static const pt_split_t split[] = {PT_SPLIT_TEST, PT_SPLIT_VAL, PT_SPLIT_TRAIN};
    PT_TRY(pt_trained_read(run, pt_comm_alone(), &c->trained));
    if (c->dataset == NULL)
        PT_TRY(open_data(c, run));
    for (size_t i = 0; i < sizeof split / sizeof split[0]; i++) {
        c->split = split[i];
        if (pt_dataset_n_input(c->dataset, c->split) > 0)
            break;
    }
    snprintf(c->out->split, sizeof c->out->split, "%s", pt_split_name(c->split));
    PT_TRY(pt_alloc(&c->place, (size_t)n_task(c), sizeof *c->place));
    find_places(c);
    if (c->is_own)
        PT_TRY(take_units(c));
    pick_rows(c);
    if (c->out->n == 0)
        PT_FAIL(CONFIG, "no sample of %s has a label", c->out->split);
    PT_TRY(make_room(c));
    name_features(c);
    return run_all(c);
}

static void release(collection_t *c)
{
    pt_free(c->label);
    pt_free(c->input);
    pt_free(c->place);
    if (c->is_own)
        pt_dataset_close(c->dataset);
    pt_trained_close(&c->trained);
}

void pt_examples_collect(const pt_config_t *config, const char *run, pt_dataset_t *dataset,
                         pt_examples_t *examples)
{
    collection_t *c;
    *examples = (pt_examples_t){.n = 0};
    pt_status_t status = pt_alloc(&c, 1, sizeof *c);
    if (status == PT_OK) {
        c->out = examples;
        c->trained.config = *config;
        c->dataset = dataset;
        status = collect(c, run);
        release(c);
        pt_free(c);
    }
    if (status == PT_OK)
        return;
    pt_examples_release(examples);
    snprintf(examples->why, sizeof examples->why, "%s", pt_error_message());
    pt_error_clear();
}
