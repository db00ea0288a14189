/* Importer of NumPy's arrays: inputs and tasks by the names that they have in a .npz. */
#include "polytree/io/import.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "io/csv_tasks.h"
#include "io/npz.h"
#include "io/schema.h"

enum { MAX_GUESSED = 1000, IGNORE = 255 };

/* An array of all samples, or one for each split. */
typedef struct source {
    char name[PT_N_SPLIT][2 * PT_NAME];
    pt_npz_t *npz[PT_N_SPLIT];
    int32_t n_dim;
    int64_t dim[PT_NPY_MAX_DIM]; /* of the first; rows of all */
    int64_t n[PT_N_SPLIT];
    pt_number_t number;
    bool is_bool;
} source_t;

typedef struct npz_task {
    source_t source;
    int64_t width;
    int32_t *row;  /* [width] of integers */
    double *value; /* ... or of floats */
    int32_t *labels[PT_N_SPLIT];
    double *values[PT_N_SPLIT];
    int64_t *index[PT_N_SPLIT];
    size_t label_capacity[PT_N_SPLIT], index_capacity[PT_N_SPLIT];
    int64_t seen[PT_N_SPLIT]; /* samples of each split */
} npz_task_t;

typedef struct npz_import {
    const pt_import_npz_t *options;
    const char *src;
    pt_dictionary_t names;
    bool is_by_split;
    source_t inputs;
    double scale;   /* of inputs that are integers of 16 bits */
    int64_t *group; /* [samples] or NULL */
    int64_t *group_of[PT_N_SPLIT];
    pt_parts_t parts;
    npz_task_t *task;
    pt_task_source_t *out;
    int64_t next;
} npz_import_t;

static pt_status_t add_name(void *context, const char *name)
{
    npz_import_t *m = context;
    int32_t number;
    return pt_dictionary_add(&m->names, name, strlen(name), &number);
}

static bool has(const npz_import_t *m, const char *name)
{
    return pt_dictionary_find(&m->names, name, strlen(name)) >= 0;
}

/* NAME, or NAME_train, NAME_val and NAME_test as far as they are there. */
static pt_status_t name_parts(const npz_import_t *m, const char *name, source_t *s)
{
    if (strlen(name) > PT_NAME + 32)
        PT_FAIL(USAGE, "%.64s...: too long a name of an array", name);
    for (int k = 0; k < PT_N_SPLIT; k++) {
        if (!m->is_by_split)
            snprintf(s->name[k], sizeof s->name[k], "%s", k == 0 ? name : "");
        else
            snprintf(s->name[k], sizeof s->name[k], "%s_%s", name,
                     pt_split_name((pt_split_t)k));
        if (!has(m, s->name[k]))
            s->name[k][0] = '\0';
    }
    if (s->name[0][0] == '\0')
        PT_FAIL(USAGE, "%s: no array '%.128s'%s; the first of its %d is '%.128s'", m->src,
                name, m->is_by_split ? "_train" : "", m->names.n,
                m->names.n > 0 ? pt_dictionary_text(&m->names, 0) : "");
    return PT_OK;
}

static void close_source(source_t *s)
{
    for (int k = 0; k < PT_N_SPLIT; k++) {
        pt_npz_close(s->npz[k]);
        s->npz[k] = NULL;
    }
}

/* From the first row on, whether it was open before or not. */
static pt_status_t open_source(const npz_import_t *m, source_t *s)
{
    close_source(s);
    for (int k = 0; k < PT_N_SPLIT; k++) {
        int64_t dim[PT_NPY_MAX_DIM] = {0};
        bool is_bool;
        if (s->name[k][0] == '\0')
            continue;
        PT_TRY(pt_npz_open(m->src, s->name[k], &s->npz[k]));
        int32_t n_dim = pt_npz_shape(s->npz[k], dim);
        pt_number_t number = pt_npz_number(s->npz[k], &is_bool);
        if (k > 0 && (n_dim != s->n_dim || number.kind != s->number.kind ||
                      memcmp(dim + 1, s->dim + 1, 3 * sizeof dim[0]) != 0))
            PT_FAIL(FORMAT, "%s: rows of another shape or type than those of train",
                    pt_npz_where(s->npz[k]));
        s->n[k] = dim[0];
        s->n_dim = n_dim;
        memcpy(s->dim, dim, sizeof dim);
        s->number = number;
        s->is_bool = is_bool;
    }
    return PT_OK;
}

static int64_t extent(const source_t *s, int32_t d)
{
    return d < s->n_dim ? s->dim[d] : 1;
}

/* What a name is followed by in NAME=KIND, or NULL. */
static const char *kind_asked(const npz_import_t *m, const char *name)
{
    size_t n = strlen(name);
    for (int32_t i = 0; i < m->options->kinds.n; i++) {
        const char *word = m->options->kinds.word[i];
        if (strncmp(word, name, n) == 0 && word[n] == '=')
            return word + n + 1;
    }
    return NULL;
}

static pt_status_t take_kind(const npz_import_t *m, const char *name, pt_task_info_t *info)
{
    const char *asked = kind_asked(m, name);
    for (int k = 0; asked && k < PT_N_TASK_KIND; k++)
        if (strcmp(asked, pt_task_kind_name((pt_task_kind_t)k)) == 0) {
            info->kind = (pt_task_kind_t)k;
            return PT_OK;
        }
    PT_FAIL(USAGE, "--kinds %.64s=%.64s: no such kind of task", name, asked ? asked : "");
}

/* Floats are regression; integers are classes, or 0 and 1 for each of several. */
static pt_status_t find_kind(const npz_import_t *m, const char *name, const source_t *s,
                             pt_task_info_t *info)
{
    bool is_float = s->number.kind == PT_NUMBER_FLOAT;
    bool is_map = s->n_dim >= 3;
    info->kind = is_float     ? PT_TASK_REGRESSION
                 : !is_map    ? s->n_dim == 2 ? PT_TASK_MULTILABEL : PT_TASK_CLASSIFICATION
                 : s->is_bool ? PT_TASK_SALIENCY
                              : PT_TASK_SEGMENTATION;
    if (kind_asked(m, name))
        PT_TRY(take_kind(m, name, info));
    bool wants_map = info->kind != PT_TASK_CLASSIFICATION &&
                     info->kind != PT_TASK_MULTILABEL &&
                     (info->kind != PT_TASK_REGRESSION || is_map);
    int64_t channels = info->kind == PT_TASK_REGRESSION ? extent(s, is_map ? 3 : 1)
                       : info->kind == PT_TASK_NORMALS  ? 3
                                                        : 1;
    bool fits = wants_map
                    ? is_map && s->dim[1] == extent(&m->inputs, 1) &&
                          s->dim[2] == extent(&m->inputs, 2) && extent(s, 3) == channels
                : info->kind == PT_TASK_MULTILABEL     ? s->n_dim == 2
                : info->kind == PT_TASK_CLASSIFICATION ? s->n_dim == 1
                                                       : s->n_dim <= 2;
    if (!fits || (m->inputs.n_dim < 3 && wants_map))
        PT_FAIL(FORMAT, "%s: array '%.128s': its shape is no %s's of these inputs", m->src,
                s->name[0], pt_task_kind_name(info->kind));
    info->height = wants_map ? s->dim[1] : 1;
    info->width = wants_map ? s->dim[2] : 1;
    info->channels = channels;
    info->classes = info->kind == PT_TASK_MULTILABEL ? (int32_t)s->dim[1] : 0;
    return PT_OK;
}

static pt_status_t fail_label(const npz_task_t *task, int k, const pt_task_info_t *info,
                              double value)
{
    PT_FAIL(FORMAT, "%s: row %lld holds %g, which is no label of %s",
            pt_npz_where(task->source.npz[k]),
            (long long)pt_npz_row(task->source.npz[k]) - 1, value,
            pt_task_kind_name(info->kind));
}

static bool is_table(const pt_task_info_t *info)
{
    return info->kind == PT_TASK_CLASSIFICATION || info->kind == PT_TASK_MULTILABEL;
}

static bool is_numbers(const pt_task_info_t *info)
{
    return info->kind == PT_TASK_REGRESSION && info->height * info->width == 1;
}

/* A sample's labels, as stored, into `row` or `value`; false where it has none at all. */
static pt_status_t read_labels(npz_task_t *task, int k, pt_task_info_t *info,
                               bool *has_label)
{
    bool is_yes_no = info->kind == PT_TASK_MULTILABEL || info->kind == PT_TASK_EDGES ||
                     info->kind == PT_TASK_SALIENCY;
    *has_label = false;
    if (pt_task_is_float(info)) {
        PT_TRY(pt_npz_next(task->source.npz[k], PT_CELL_F64, task->value));
        for (int64_t i = 0; i < task->width; i++) {
            *has_label = *has_label || !isnan(task->value[i]);
            if (isinf(task->value[i]))
                return fail_label(task, k, info, task->value[i]);
        }
        return PT_OK;
    }
    bool has_255 = info->kind == PT_TASK_SEGMENTATION && task->source.number.bytes == 1;
    PT_TRY(pt_npz_next(task->source.npz[k], PT_CELL_I32, task->row));
    for (int64_t i = 0; i < task->width; i++) {
        task->row[i] = has_255 && task->row[i] == IGNORE ? -1 : task->row[i];
        int32_t label = task->row[i];
        *has_label = *has_label || label >= 0;
        if (label > (is_yes_no ? 1 : 1 << 20))
            return fail_label(task, k, info, label);
        if (!is_yes_no && label >= info->classes)
            info->classes = label + 1;
    }
    return PT_OK;
}

/* Those of maps are read again as they are written. */
static pt_status_t keep_labels(npz_task_t *task, int split, pt_task_source_t *out)
{
    pt_task_rows_t *rows = &out->rows[split];
    size_t n = (size_t)rows->n, width = (size_t)task->width, end = (n + 1) * width;
    PT_TRY(
        pt_grow(&task->index[split], &task->index_capacity[split], n + 1, sizeof(int64_t)));
    task->index[split][n] = task->seen[split];
    if (is_table(&out->info)) {
        PT_TRY(pt_grow(&task->labels[split], &task->label_capacity[split], end,
                       sizeof(int32_t)));
        for (size_t i = 0; i < width; i++)
            task->labels[split][n * width + i] = task->row[i] < 0 ? -1 : task->row[i];
    }
    if (is_numbers(&out->info)) {
        PT_TRY(pt_grow(&task->values[split], &task->label_capacity[split], end,
                       sizeof(double)));
        memcpy(task->values[split] + n * width, task->value, width * sizeof(double));
    }
    rows->n++;
    return PT_OK;
}

static int split_of(const npz_import_t *m, int64_t i)
{
    return m->parts.split[i];
}

static pt_status_t scan_task(npz_import_t *m, int32_t t)
{
    npz_task_t *task = &m->task[t];
    pt_task_source_t *out = &m->out[t];
    for (int64_t i = 0; i < m->parts.n; i++) {
        int split = split_of(m, i);
        bool has_label = false;
        PT_TRY(read_labels(task, m->is_by_split ? split : 0, &out->info, &has_label));
        if (has_label)
            PT_TRY(keep_labels(task, split, out));
        task->seen[split]++;
    }
    for (int s = 0; s < PT_N_SPLIT; s++) {
        out->rows[s].labels = out->rows[s].n > 0 ? task->labels[s] : NULL;
        out->values[s] = task->values[s];
        out->rows[s].index =
            out->rows[s].n > 0 && out->rows[s].n < m->parts.n_of[s] ? task->index[s] : NULL;
    }
    if (out->rows[PT_SPLIT_TRAIN].n == 0)
        PT_FAIL(FORMAT, "%s: task '%s' has no label in train", m->src, out->info.name);
    if (out->info.kind == PT_TASK_CLASSIFICATION &&
        (out->info.classes < 2 ||
         (out->info.classes > MAX_GUESSED && !kind_asked(m, out->info.name))))
        PT_FAIL(FORMAT,
                "%s: task '%s': %d classes: --kinds %s=regression, or "
                "=classification if so many are meant",
                m->src, out->info.name, out->info.classes, out->info.name);
    /* No label within one that there is. */
    out->info.has_ignore =
        !pt_task_is_float(&out->info) && out->info.kind != PT_TASK_CLASSIFICATION;
    out->info.ignore = is_table(&out->info) || out->info.classes > IGNORE ? -1 : IGNORE;
    return open_source(m, &task->source);
}

static void say_task(const npz_import_t *m, const pt_task_info_t *info)
{
    pt_text_t line = {0};
    pt_text_add(&line, "task        %s: %s", info->name, pt_task_kind_name(info->kind));
    if (info->classes > 0)
        pt_text_add(&line, ", %d classes", info->classes);
    pt_import_say(&m->options->talk, &line);
}

static pt_status_t find_task(npz_import_t *m, int32_t t)
{
    const char *name = m->options->tasks.word[t],
               *fault = pt_name_fault(name, strlen(name));
    npz_task_t *task = &m->task[t];
    if (fault)
        PT_FAIL(USAGE, "%s: '%.128s' cannot name a task: %s", m->src, name, fault);
    if (strcmp(name, m->options->inputs) == 0)
        PT_FAIL(USAGE, "%s: array '%.128s' cannot be both a task and the inputs", m->src,
                name);
    for (int32_t i = 0; i < t; i++)
        if (strcmp(name, m->out[i].info.name) == 0)
            PT_FAIL(USAGE, "%s: array '%.128s' is named twice by --tasks", m->src, name);
    strcpy(m->out[t].info.name, name);
    PT_TRY(name_parts(m, name, &task->source));
    PT_TRY(open_source(m, &task->source));
    for (int k = 0; k < PT_N_SPLIT; k++)
        if (task->source.n[k] != m->inputs.n[k])
            PT_FAIL(FORMAT, "%s: array '%.128s' has %lld rows, the inputs %lld", m->src,
                    task->source.name[k][0] ? task->source.name[k] : name,
                    (long long)task->source.n[k], (long long)m->inputs.n[k]);
    PT_TRY(find_kind(m, name, &task->source, &m->out[t].info));
    task->width = pt_npz_width(task->source.npz[0]);
    PT_TRY(pt_alloc(&task->row, (size_t)task->width, sizeof *task->row));
    PT_TRY(pt_alloc(&task->value, (size_t)task->width, sizeof *task->value));
    PT_TRY(scan_task(m, t));
    say_task(m, &m->out[t].info);
    return PT_OK;
}

/* What belongs together, of all samples. */
static pt_status_t find_groups(npz_import_t *m)
{
    const char *name = m->options->group;
    source_t s = {.n_dim = 0};
    int64_t n = 0;
    pt_status_t status = PT_OK;
    if (name == NULL)
        return PT_OK;
    PT_TRY(name_parts(m, name, &s));
    PT_TRY_OR(done, open_source(m, &s));
    for (int k = 0; k < PT_N_SPLIT; k++) {
        if (s.n_dim != 1 || s.number.kind == PT_NUMBER_FLOAT || s.n[k] != m->inputs.n[k])
            status = PT_ERROR(FORMAT,
                              "%s: array '%.128s': expected an integer for each row of "
                              "the inputs",
                              m->src, name);
        PT_TRY_OR(done, status);
        n += s.n[k];
    }
    PT_TRY_OR(done, pt_alloc(&m->group, (size_t)n, sizeof(int64_t)));
    n = 0;
    for (int k = 0; k < PT_N_SPLIT; k++)
        for (int64_t i = 0; i < s.n[k]; i++, n++)
            PT_TRY_OR(done, pt_npz_next(s.npz[k], PT_CELL_I64, m->group + n));
done:
    close_source(&s);
    return status;
}

/* Splits one after the other where arrays are of splits, else by share. */
static pt_status_t find_parts(npz_import_t *m)
{
    uint8_t *split;
    int64_t n = 0, at = 0;
    if (!m->is_by_split)
        return pt_parts_by_share(m->src, &m->options->share, m->inputs.n[0], m->group, NULL,
                                 &m->parts);
    for (int k = 0; k < PT_N_SPLIT; k++)
        n += m->inputs.n[k];
    PT_TRY(pt_alloc(&split, (size_t)n, 1));
    for (int k = 0; k < PT_N_SPLIT; at += m->inputs.n[k++])
        memset(split + at, k, (size_t)m->inputs.n[k]);
    return pt_parts_take(m->src, &split, n, &m->parts);
}

static pt_status_t find_inputs(npz_import_t *m)
{
    const char *name = m->options->inputs;
    char train[2 * PT_NAME];
    snprintf(train, sizeof train, "%.64s_train", name);
    PT_TRY(pt_npz_list(m->src, add_name, m));
    m->is_by_split = !has(m, name) && has(m, train);
    PT_TRY(name_parts(m, name, &m->inputs));
    PT_TRY(open_source(m, &m->inputs));
    bool is_16 = m->inputs.n_dim >= 3 && m->inputs.number.bytes == 2;
    m->scale = !is_16 || m->inputs.number.kind == PT_NUMBER_FLOAT ? 1
               : m->inputs.number.kind == PT_NUMBER_SIGNED        ? 1.0 / INT16_MAX
                                                                  : 1.0 / UINT16_MAX;
    PT_TRY(find_groups(m));
    PT_TRY(find_parts(m));
    return m->group ? pt_parts_deal(&m->parts, m->group, m->group_of) : PT_OK;
}

/* Features that float32 may not hold. */
static bool is_double(const npz_import_t *m)
{
    return m->inputs.n_dim < 3 && !m->inputs.is_bool &&
           m->inputs.number.bytes > (m->inputs.number.kind == PT_NUMBER_FLOAT ? 4 : 2);
}

static pt_status_t fill_features(pt_npz_t *npz, double *value)
{
    PT_TRY(pt_npz_next(npz, PT_CELL_F64, value));
    for (int64_t i = 0; i < pt_npz_width(npz); i++)
        if (!isfinite(value[i]))
            PT_FAIL(FORMAT, "%s: row %lld holds a value that is not finite",
                    pt_npz_where(npz), (long long)pt_npz_row(npz) - 1);
    return PT_OK;
}

static pt_status_t fill_input(const npz_import_t *m, pt_npz_t *npz, void *image)
{
    float *value = image;
    if (is_double(m))
        return fill_features(npz, image);
    if (pt_number_is_cell(m->inputs.number, PT_CELL_U8) && !m->inputs.is_bool)
        return pt_npz_next(npz, PT_CELL_U8, image);
    PT_TRY(pt_npz_next(npz, PT_CELL_F32, value));
    for (int64_t i = 0; i < pt_npz_width(npz); i++) {
        if (!isfinite(value[i]))
            PT_FAIL(FORMAT, "%s: row %lld holds a value that is not finite",
                    pt_npz_where(npz), (long long)pt_npz_row(npz) - 1);
        value[i] = (float)((double)value[i] * m->scale);
    }
    return PT_OK;
}

static pt_status_t fill(void *context, pt_split_t split, int64_t i, void *image,
                        pt_label_t *const *label)
{
    npz_import_t *m = context;
    const pt_import_talk_t *talk = &m->options->talk;
    int k = m->is_by_split ? (int)split : 0;
    bool has_label;
    (void)i;
    PT_TRY(fill_input(m, m->inputs.npz[k], image));
    for (int32_t t = 0; t < m->options->tasks.n; t++) {
        npz_task_t *task = &m->task[t];
        if (!label[t])
            continue;
        PT_TRY(read_labels(task, k, &m->out[t].info, &has_label));
        for (int64_t v = 0; v < task->width; v++)
            if (pt_task_is_float(&m->out[t].info))
                label[t][v].f = (float)task->value[v];
            else
                label[t][v].i = task->row[v] < 0 ? PT_LABEL_NONE : task->row[v];
    }
    if (talk->progress)
        talk->progress(talk->context, "rows", (double)++m->next / (double)m->parts.n);
    return PT_OK;
}

static void say_shape(const npz_import_t *m, bool is_image)
{
    const source_t *in = &m->inputs;
    const int64_t hwc[3] = {extent(in, 1), extent(in, 2), extent(in, 3)};
    pt_text_t line = {0};
    if (is_image && pt_schema_add_shape_note(hwc, &line))
        pt_import_say(&m->options->talk, &line);
}

static pt_status_t import(npz_import_t *m, const char *out)
{
    const pt_import_npz_t *options = m->options;
    size_t n = (size_t)options->tasks.n;
    if (n == 0)
        PT_FAIL(USAGE, "no task is named: --tasks NAME ...");
    PT_TRY(find_inputs(m));
    PT_TRY(pt_alloc(&m->task, n, sizeof *m->task));
    PT_TRY(pt_alloc(&m->out, n, sizeof *m->out));
    for (int32_t t = 0; t < options->tasks.n; t++)
        PT_TRY(find_task(m, t));
    pt_parts_say(&m->parts, m->is_by_split ? "by array" : "at random by seed",
                 &options->talk);
    const source_t *in = &m->inputs;
    bool is_image = in->n_dim >= 3;
    say_shape(m, is_image);
    pt_dataset_source_t source = {.height = is_image ? in->dim[1] : 1,
                                  .width = is_image ? in->dim[2] : 1,
                                  .channels = is_image ? extent(in, 3) : extent(in, 1),
                                  .is_float = in->is_bool ||
                                              !pt_number_is_cell(in->number, PT_CELL_U8),
                                  .is_double = is_double(m),
                                  .is_features = !is_image,
                                  .fill = fill,
                                  .order = m->parts.split,
                                  .context = m,
                                  .n_task = options->tasks.n,
                                  .task = m->out,
                                  .origin = "arrays of NumPy's"};
    memcpy(source.n, m->parts.n_of, sizeof source.n);
    memcpy(source.group, m->group_of, sizeof source.group);
    return pt_dataset_write(out, &source);
}

pt_status_t pt_import_npz(const char *src, const char *out, const pt_import_npz_t *options)
{
    npz_import_t m = {.options = options, .src = src};
    pt_status_t status = import(&m, out);
    for (int32_t t = 0; m.task && t < options->tasks.n; t++) {
        close_source(&m.task[t].source);
        pt_free(m.task[t].row);
        pt_free(m.task[t].value);
        for (int s = 0; s < PT_N_SPLIT; s++) {
            pt_free(m.task[t].labels[s]);
            pt_free(m.task[t].values[s]);
            pt_free(m.task[t].index[s]);
        }
    }
    for (int s = 0; s < PT_N_SPLIT; s++)
        pt_free(m.group_of[s]);
    pt_free(m.group);
    close_source(&m.inputs);
    pt_free(m.task);
    pt_free(m.out);
    pt_dictionary_release(&m.names);
    pt_parts_release(&m.parts);
    return status;
}
