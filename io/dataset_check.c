/* `polytree data check` and `data info`: defects, oddities and contents of a data set. */
#include "polytree/io/dataset.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "io/moments.h"
#include "io/schema.h"

enum { SCAN_BYTES = 1 << 20 };

/* All values once: that they can be read, and floats that they are finite. */
static pt_status_t scan(const pt_h5_array_t *array, const pt_schema_input_t *input,
                        int64_t n)
{
    void *buffer = NULL;
    pt_status_t status = PT_OK;
    size_t row_bytes = (size_t)pt_schema_input_values(input) * pt_cell_bytes(input->cell);
    int64_t rows = (int64_t)(SCAN_BYTES / row_bytes) + 1;
    rows = rows < n ? rows : n;
    PT_TRY(pt_alloc(&buffer, (size_t)rows, row_bytes));
    for (int64_t first = 0; first < n; first += rows) {
        int64_t now = rows < n - first ? rows : n - first;
        PT_TRY_OR(done, pt_schema_read_cells(array, first, now, input->cell, input->scale,
                                             buffer));
        int64_t bad = pt_schema_find_not_finite(input, buffer, now);
        if (bad >= 0)
            PT_TRY_OR(done, PT_ERROR(FORMAT,
                                     "%s: row %" PRId64 " has a value that is not finite "
                                     "as float32",
                                     array->where, first + bad));
    }
done:
    pt_free(buffer);
    return status;
}

static pt_status_t scan_inputs(hid_t file, const char *path, const pt_schema_t *schema,
                               pt_findings_t *findings)
{
    for (int s = 0; s < PT_N_SPLIT; s++) {
        pt_h5_array_t array;
        pt_schema_input_t input = schema->input;
        if (input.n[s] == 0)
            continue;
        PT_TRY(pt_schema_open_input(&input, file, path, (pt_split_t)s, &array));
        pt_status_t status = scan(&array, &input, input.n[s]);
        pt_h5_array_close(&array);
        PT_TRY(pt_findings_take(findings, status));
    }
    return PT_OK;
}

/* Of floats in train, for all channels: what their scale is. */
typedef struct range {
    double least, most, mean[2], deviation[2]; /* of the channels' from .. to .. */
    bool is_coarse;   /* float32 cannot tell the values of a channel apart well */
    int64_t n, n_odd; /* values that are finite, and those that are not */
    pt_blur_t blur;
    double whole; /* of integers of 16 bits without a `scale`: their type's largest */
} range_t;

static range_t range_of(const pt_moments_t *m)
{
    range_t r = {.least = INFINITY,
                 .most = -INFINITY,
                 .mean = {INFINITY, -INFINITY},
                 .deviation = {INFINITY, -INFINITY}};
    for (int64_t c = 0; c < m->n_channel; c++) {
        double deviation = pt_moment_deviation(&m->channel[c]);
        if (m->channel[c].n == 0)
            continue;
        r.n += m->channel[c].n;
        r.is_coarse = r.is_coarse || pt_moment_is_coarse(&m->channel[c]);
        r.least = fmin(r.least, m->channel[c].least);
        r.most = fmax(r.most, m->channel[c].most);
        r.mean[0] = fmin(r.mean[0], pt_moment_mean(&m->channel[c]));
        r.mean[1] = fmax(r.mean[1], pt_moment_mean(&m->channel[c]));
        r.deviation[0] = fmin(r.deviation[0], deviation);
        r.deviation[1] = fmax(r.deviation[1], deviation);
    }
    return r;
}

static pt_status_t measure(const pt_h5_array_t *array, const pt_schema_input_t *input,
                           range_t *range)
{
    int64_t n = input->n[PT_SPLIT_TRAIN],
            values = input->hwc[0] * input->hwc[1] * input->hwc[2];
    int64_t rows = SCAN_BYTES / (values * (int64_t)sizeof(double)) + 1, n_odd = 0;
    bool is_16 = array->type == H5T_INTEGER && array->item_bytes == 2;
    pt_moments_t moments;
    double *buffer = NULL;
    pt_status_t status;
    rows = rows < n ? rows : n;
    PT_TRY_OR(done, pt_moments_init(&moments, input->hwc[2]));
    PT_TRY_OR(done, pt_alloc(&buffer, (size_t)(rows * values), sizeof *buffer));
    for (int64_t first = 0; first < n; first += rows) {
        int64_t now = rows < n - first ? rows : n - first;
        PT_TRY_OR(done, pt_h5_array_read(array, first, now, PT_CELL_F64, buffer));
        for (int64_t i = 0; i < now * values; i++) {
            double x = buffer[i] * input->scale;
            bool is_finite = isfinite((float)x);
            n_odd += !is_finite;
            if (is_finite)
                pt_moment_add(&moments.channel[i % input->hwc[2]], x);
        }
    }
    *range = range_of(&moments);
    range->n_odd = n_odd;
    range->blur = pt_moments_find_blur(&moments, array->number, input->scale);
    if (is_16 && !array->is_bool && !pt_h5_attr_has(array->id, "scale"))
        range->whole = 1 / input->scale;
done:
    pt_free(buffer);
    pt_moments_release(&moments);
    return status;
}

/* The scale of inputs that are floats; *is_there says whether they are. */
static pt_status_t measure_inputs(hid_t file, const char *path, const pt_schema_t *schema,
                                  range_t *range, bool *is_there)
{
    pt_h5_array_t array;
    pt_schema_input_t input = schema->input;
    *is_there = input.cell == PT_CELL_F32 && input.n[PT_SPLIT_TRAIN] > 0;
    if (!*is_there)
        return PT_OK;
    PT_TRY(pt_schema_open_input(&input, file, path, PT_SPLIT_TRAIN, &array));
    pt_status_t status = measure(&array, &input, range);
    pt_h5_array_close(&array);
    return status;
}

static bool is_raw(double mean_from, double mean_to, double deviation_from,
                   double deviation_to)
{
    return fmax(fabs(mean_from), fabs(mean_to)) > 10 || deviation_to > 10 ||
           (deviation_to > 0 && deviation_to < 0.1) ||
           (deviation_from > 0 && deviation_from < 0.1);
}

static const char rounded[] = ", before float32 rounds their differences away";

/* Scales that train badly unless something is done about them. */
static void print_raw_inputs(const range_t *r, FILE *out)
{
    if (is_raw(r->mean[0], r->mean[1], r->deviation[0], r->deviation[1]))
        fprintf(
            out,
            "note: inputs in train have means of %.4g to %.4g and deviations of %.4g to "
            "%.4g: runs bring them to 0 and 1, unless data.standardise = none%s\n",
            r->mean[0], r->mean[1], r->deviation[0], r->deviation[1],
            r->is_coarse ? rounded : "");
}

/* Pixels of fewer bits in integers of 16 are nearly black. */
static void print_dark_images(const range_t *r, FILE *out)
{
    enum { LEAST_BITS = 8, FEW = 10 };
    double most = r->most * r->whole, white = 1 << LEAST_BITS;
    if (r->whole == 0 || r->least < 0 || most < 0.5 || FEW * r->most > 1)
        return;
    while (white - 1 < most)
        white *= 2;
    fprintf(out,
            "note: images in train hold integers up to %.0f, which are divided by %.0f; if "
            "%.0f is white, give 'images' of each split the attribute scale = 1 / %.0f\n",
            most, r->whole, white - 1, white - 1);
}

static void print_raw_labels(const pt_schema_task_t *task, FILE *out)
{
    const pt_tally_t *t = &task->tally[PT_SPLIT_TRAIN];
    double mean = pt_moment_mean(&t->value), deviation = pt_moment_deviation(&t->value);
    bool is_coarse = t->coarse[0] > 0;
    if (task->info.kind == PT_TASK_REGRESSION && t->n_element > 0 && deviation == 0) {
        bool is_one = t->value.least == t->value.most;
        fprintf(
            out, "note: task '%s': all labels in train are %.4g%s\n", task->info.name, mean,
            is_one ? ": there is nothing to learn"
                   : ", but for differences whose squares are 0: expected a unit in which "
                     "they are nearer to 1");
        return;
    }
    if (task->info.kind == PT_TASK_REGRESSION &&
        (is_raw(mean, mean, deviation, deviation) || is_coarse))
        fprintf(out,
                "note: task '%s': labels in train have a mean of %.4g and a deviation of "
                "%.4g: they are trained at 0 and 1, unless data.standardise = none%s\n",
                task->info.name, mean, deviation, is_coarse ? rounded : "");
    if (task->info.kind == PT_TASK_DEPTH && t->n_element > 0 && (mean > 100 || mean < 0.01))
        fprintf(
            out,
            "note: task '%s': depths in train have a mean of %.4g and are trained as they "
            "are: better a unit in which they are near 1\n",
            task->info.name, mean);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The groups of each split, ascending, each once. */
static pt_status_t list_groups(const pt_schema_t *schema, int64_t *group[PT_N_SPLIT],
                               int64_t n[PT_N_SPLIT])
{
    for (int s = 0; s < PT_N_SPLIT; s++) {
        size_t n_row = (size_t)schema->input.n[s];
        if (!schema->group[s])
            continue;
        PT_TRY(pt_alloc(&group[s], n_row, sizeof(int64_t)));
        memcpy(group[s], schema->group[s], n_row * sizeof(int64_t));
        qsort(group[s], n_row, sizeof(int64_t), by_value);
        for (size_t i = 0; i < n_row; i++)
            if (n[s] == 0 || group[s][n[s] - 1] != group[s][i])
                group[s][n[s]++] = group[s][i];
    }
    return PT_OK;
}

/* What is in chunks that fit no reading sample by sample. */
static pt_status_t print_layout(hid_t file, const char *path, const pt_schema_t *schema,
                                FILE *out)
{
    for (int32_t t = -1; t < schema->n_task; t++) {
        pt_h5_array_t array;
        pt_schema_input_t input = schema->input;
        pt_text_t text = {0};
        if (t < 0)
            PT_TRY(pt_schema_open_input(&input, file, path, PT_SPLIT_TRAIN, &array));
        else if (schema->task[t].n[PT_SPLIT_TRAIN] > 0 &&
                 !pt_schema_has_table(&schema->task[t].info))
            PT_TRY(pt_schema_open_labels(&schema->task[t], file, path, PT_SPLIT_TRAIN,
                                         &array));
        else
            continue;
        if (array.id >= 0 && pt_schema_add_layout_note(&array, &text))
            fprintf(out, "note: %s\n", pt_text_get(&text));
        pt_text_release(&text);
        pt_h5_array_close(&array);
    }
    return PT_OK;
}

/* How many groups there are, and whether those of the file's splits are strangers. */
static pt_status_t print_groups(const pt_schema_t *schema, FILE *out, bool with_counts)
{
    int64_t *group[PT_N_SPLIT] = {NULL}, n[PT_N_SPLIT] = {0};
    pt_status_t status = list_groups(schema, group, n);
    for (int s = 0; status == PT_OK && s < PT_N_SPLIT; s++) {
        int64_t n_train = 0;
        if (n[s] > 0 && with_counts)
            fprintf(out, "%-7s %" PRId64 " groups\n", pt_split_name((pt_split_t)s), n[s]);
        for (int64_t i = 0; s != PT_SPLIT_TRAIN && n[0] > 0 && i < n[s]; i++)
            n_train +=
                bsearch(&group[s][i], group[PT_SPLIT_TRAIN], (size_t)n[PT_SPLIT_TRAIN],
                        sizeof(int64_t), by_value) != NULL;
        if (n_train > 0)
            fprintf(out, "note: %" PRId64 " of %" PRId64 " groups of %s are in train too\n",
                    n_train, n[s], pt_split_name((pt_split_t)s));
    }
    for (int s = 0; s < PT_N_SPLIT; s++)
        pt_free(group[s]);
    return status;
}

static void print_blur(const pt_schema_t *schema, int32_t task, const pt_blur_t *blur,
                       FILE *out)
{
    char text[PT_COARSE_TEXT];
    if (pt_schema_is_blurred(schema, task, blur, text))
        fprintf(out, "note: %s\n", text);
}

static void print_shape_note(const pt_schema_input_t *input, FILE *out)
{
    char note[256];
    pt_text_t text = pt_text_in(note, sizeof note);
    if (input->is_image && pt_schema_add_shape_note(input->hwc, &text))
        fprintf(out, "%s\n", note);
}

/* What is no defect, but leaves a gap in what a run reports, or is unusual. */
static void print_notes(const pt_schema_t *schema, FILE *out)
{
    print_shape_note(&schema->input, out);
    for (int32_t t = 0; t < schema->n_task; t++)
        print_raw_labels(&schema->task[t], out);
    for (int32_t t = 0; t < schema->n_task; t++)
        print_blur(schema, t, &schema->task[t].tally[PT_SPLIT_TRAIN].blur, out);
    for (int32_t t = 0; t < schema->n_task; t++)
        for (int s = 0; s < PT_N_SPLIT; s++) {
            const pt_schema_task_t *task = &schema->task[t];
            const pt_tally_t *tally = &task->tally[s];
            if (schema->input.n[s] > 0 && tally->n_row == 0)
                fprintf(out, "note: task '%s' has no labelled samples in %s\n",
                        task->info.name, pt_split_name((pt_split_t)s));
            if (tally->n_odd > 0)
                fprintf(out,
                        "note: task '%s': %" PRId64 " of %" PRId64
                        " normals in %s are not of length 1\n",
                        task->info.name, tally->n_odd, tally->n_element,
                        pt_split_name((pt_split_t)s));
        }
}

pt_status_t pt_dataset_check(const char *path, FILE *report, int32_t *n_finding)
{
    pt_findings_t findings = {.report = report};
    pt_schema_t schema = {.n_task = 0};
    hid_t file = H5I_INVALID_HID;
    PT_TRY(pt_seal_verify(path, report, &findings.n));
    if (findings.n > 0) { /* nothing that it says can be relied on */
        *n_finding = findings.n;
        return PT_OK;
    }
    pt_status_t status = pt_h5_open(path, &file);
    if (status == PT_E_FORMAT) {
        PT_TRY(pt_findings_take(&findings, status));
        *n_finding = findings.n;
        return PT_OK;
    }
    PT_TRY(status);
    PT_TRY_OR(done, pt_schema_read(&schema, file, path, "all", &findings));
    PT_TRY_OR(done, scan_inputs(file, path, &schema, &findings));
    if (findings.n == 0) {
        range_t range;
        bool is_there = false;
        PT_TRY_OR(done, measure_inputs(file, path, &schema, &range, &is_there));
        /* Images within 0 to 1 are as those of bytes are. */
        if (is_there && !(schema.input.is_image && range.least >= 0 && range.most <= 1))
            print_raw_inputs(&range, report);
        else if (is_there)
            print_dark_images(&range, report);
        if (is_there)
            print_blur(&schema, -1, &range.blur, report);
        print_notes(&schema, report);
        PT_TRY_OR(done, print_layout(file, path, &schema, report));
        PT_TRY_OR(done, print_groups(&schema, report, false));
    }
    *n_finding = findings.n;
done:
    pt_schema_release(&schema);
    pt_h5_close(file);
    return status;
}

/* Which rows, and of labels that are no table what they look like. */
static void print_rows(const pt_schema_task_t *task, FILE *out)
{
    const pt_task_info_t *info = &task->info;
    int64_t n = 0, n_labelled = 0, width = pt_task_labels(info);
    bool has_index = false, has_range = false;
    bool has_scale = pt_task_is_float(info) && info->kind != PT_TASK_NORMALS;
    double least = 0, most = 0;
    const pt_tally_t *train = &task->tally[PT_SPLIT_TRAIN];
    for (int s = 0; s < PT_N_SPLIT; s++) {
        const pt_tally_t *tally = &task->tally[s];
        has_index = has_index || task->index[s];
        n += task->n[s] * (info->kind == PT_TASK_NORMALS ? width / 3 : width);
        n_labelled += tally->n_element;
        if (tally->n_element == 0)
            continue;
        least = has_range ? fmin(least, tally->value.least) : tally->value.least;
        most = has_range ? fmax(most, tally->value.most) : tally->value.most;
        has_range = true;
    }
    fprintf(out, "  %s", has_index ? "own" : "all");
    if (pt_task_is_map(info))
        fprintf(out, ", %" PRId64 " x %" PRId64 " x %" PRId64, info->height, info->width,
                info->channels);
    if (has_scale && has_range)
        fprintf(out, ", %.4g to %.4g", least, most);
    if (has_scale && train->n_element > 0)
        fprintf(out, " (train: mean %.4g, deviation %.4g)", pt_moment_mean(&train->value),
                pt_moment_deviation(&train->value));
    if (n_labelled < n)
        fprintf(out, ", %.1f %% labelled", 100.0 * (double)n_labelled / (double)n);
    fputc('\n', out);
}

static void print_tasks(const pt_schema_t *schema, FILE *out)
{
    int32_t width = 4;
    for (int32_t t = 0; t < schema->n_task; t++) {
        int32_t n = pt_columns(schema->task[t].info.name);
        width = n > width ? n : width;
    }
    fprintf(out, "%-*s  %-14s %7s %8s %8s %8s  %s\n", (int)width, "task", "kind", "classes",
            "train", "val", "test", "rows");
    for (int32_t t = 0; t < schema->n_task; t++) {
        const pt_schema_task_t *task = &schema->task[t];
        const pt_task_info_t *info = &task->info;
        fprintf(out, "%-*s  %-14s", pt_padded(info->name, width), info->name,
                pt_task_kind_name(info->kind));
        if (pt_schema_has_classes(info))
            fprintf(out, " %7d", info->classes);
        else
            fprintf(out, " %7s", "-");
        for (int s = 0; s < PT_N_SPLIT; s++)
            fprintf(out, " %8" PRId64, task->n[s]);
        print_rows(task, out);
    }
}

static void print_range(const range_t *r, FILE *out)
{
    if (r->n > 0)
        fprintf(out,
                "scale: %.4g to %.4g; means of channels in train %.4g to %.4g, deviations "
                "%.4g to %.4g\n",
                r->least, r->most, r->mean[0], r->mean[1], r->deviation[0],
                r->deviation[1]);
    if (r->n_odd > 0)
        fprintf(out, "scale: %" PRId64 " values in train are not finite as float32%s\n",
                r->n_odd, r->n > 0 ? " and not counted" : "");
}

/* Of the splits that are there, each type once. */
static void print_types(const pt_schema_input_t *input, FILE *out)
{
    const char *last = "";
    for (int s = 0; s < PT_N_SPLIT; s++) {
        const char *name = input->is_bool ? "bool" : pt_number_name(input->number[s]);
        if (input->n[s] > 0 && strcmp(name, last) != 0) {
            fprintf(out, "%s%s", last[0] == '\0' ? " " : ", ", name);
            last = name;
        }
    }
    if (input->scale != 1)
        fprintf(out, ", times %.6g", input->scale);
    fputc('\n', out);
}

static void print_inputs(const pt_schema_input_t *input, FILE *out)
{
    if (input->is_image)
        fprintf(out, "inputs: %" PRId64 " x %" PRId64 " x %" PRId64, input->hwc[0],
                input->hwc[1], input->hwc[2]);
    else
        fprintf(out, "inputs: %" PRId64 " feature%s", input->hwc[2],
                pt_plural(input->hwc[2]));
    print_types(input, out);
}

pt_status_t pt_dataset_info(const char *path, FILE *out)
{
    static const char unknown[] = "not stated";
    char origin[1024];
    pt_findings_t findings = {.takes_gaps = true};
    pt_schema_t schema = {.n_task = 0};
    hid_t file = H5I_INVALID_HID;
    range_t range;
    bool has_range = false;
    PT_TRY(pt_h5_open(path, &file));
    bool is_sealed = pt_h5_seal(file)->bytes > 0;
    pt_status_t status = pt_schema_read(&schema, file, path, "all", &findings);
    if (status == PT_OK)
        status = measure_inputs(file, path, &schema, &range, &has_range);
    if (status == PT_OK &&
        (!pt_h5_attr_has(file, "origin") ||
         pt_h5_attr_text(file, path, "origin", origin, sizeof origin) != PT_OK))
        memcpy(origin, unknown, sizeof unknown);
    status = pt_h5_judge(status, file, path);
    pt_h5_close(file);
    if (status != PT_OK) {
        pt_schema_release(&schema);
        return status;
    }
    const pt_schema_input_t *input = &schema.input;
    fprintf(out, "%s: polytree dataset, version %d\n", path, PT_SCHEMA_VERSION);
    fprintf(out, "origin: %s\n", origin);
    fprintf(out, "sealed: %s\n",
            is_sealed ? "yes" : "no, so that damage to its bytes goes unnoticed");
    print_inputs(input, out);
    if (has_range)
        print_range(&range, out);
    for (int s = 0; s < PT_N_SPLIT; s++)
        if (input->n[s] > 0)
            fprintf(out, "%-7s %" PRId64 " inputs\n", pt_split_name((pt_split_t)s),
                    input->n[s]);
    status = print_groups(&schema, out, true);
    print_tasks(&schema, out);
    print_notes(&schema, out);
    pt_schema_release(&schema);
    return status;
}
