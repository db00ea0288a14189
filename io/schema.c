/* Reading a data set's tables: header, splits, inputs, and the tasks that are wanted. */
#include "io/schema.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/base/text.h"

pt_status_t pt_findings_take(pt_findings_t *findings, pt_status_t status)
{
    if (status == PT_OK || !findings->report || status == PT_E_MEMORY)
        return status;
    fprintf(findings->report, "%s\n", pt_error_message());
    findings->n++;
    pt_error_clear();
    return PT_OK;
}

hid_t pt_cell_type(pt_cell_t cell)
{
    return cell == PT_CELL_U8    ? H5T_NATIVE_UINT8
           : cell == PT_CELL_I32 ? H5T_NATIVE_INT32
           : cell == PT_CELL_F64 ? H5T_NATIVE_DOUBLE
                                 : H5T_NATIVE_FLOAT;
}

int64_t pt_schema_input_values(const pt_schema_input_t *input)
{
    return input->hwc[0] * input->hwc[1] * input->hwc[2];
}

int64_t pt_schema_find_not_finite(const pt_schema_input_t *input, const void *data,
                                  int64_t n)
{
    int64_t values = pt_schema_input_values(input);
    const float *value = data;
    for (int64_t i = 0; input->cell == PT_CELL_F32 && i < n * values; i++)
        if (!isfinite(value[i]))
            return i / values;
    return -1;
}

bool pt_schema_convert_input(const pt_schema_input_t *input, const void *stored, float *out)
{
    int64_t n = pt_schema_input_values(input);
    if (input->cell == PT_CELL_U8) {
        const uint8_t *u8 = stored;
        for (int64_t i = 0; i < n; i++)
            out[i] = (float)u8[i] / 255.0f;
        return true;
    }
    memcpy(out, stored, (size_t)n * sizeof *out);
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(out[i]))
            return false;
    return true;
}

pt_status_t pt_schema_check_header(hid_t file, const char *path)
{
    char format[64];
    int64_t version;
    if (H5Aexists(file, "format") <= 0)
        PT_FAIL(FORMAT,
                "%s: an HDF5 file, but no data set of polytree's: it has no "
                "attribute 'format'",
                path);
    PT_TRY(pt_h5_attr_text(file, path, "format", format, sizeof format));
    if (strcmp(format, PT_SCHEMA_FORMAT) != 0)
        PT_FAIL(FORMAT, "%s: its format is '%s', expected '%s'", path, format,
                PT_SCHEMA_FORMAT);
    PT_TRY(pt_h5_attr_int(file, path, "version", &version));
    if (version != PT_SCHEMA_VERSION)
        PT_FAIL(FORMAT, "%s: data set version %lld, expected %d", path, (long long)version,
                PT_SCHEMA_VERSION);
    return PT_OK;
}

pt_status_t pt_schema_read_cells(const pt_h5_array_t *array, int64_t first, int64_t n,
                                 pt_cell_t cell, double scale, void *out)
{
    float *value = out;
    PT_TRY(pt_h5_array_read(array, first, n, cell, out));
    if (cell != PT_CELL_F32 || scale == 1 || n == 0)
        return PT_OK;
    for (int64_t i = 0, end = n * (array->count / array->dim[0]); i < end; i++)
        value[i] = (float)((double)value[i] * scale);
    return PT_OK;
}

/* What stored values are multiplied with: the attribute `scale`, else what makes the
 * largest value of 16 bits 1; floats and booleans are as they are. */
static pt_status_t find_scale(const pt_h5_array_t *array, double *scale)
{
    bool is_16 = array->type == H5T_INTEGER && array->item_bytes == 2;
    *scale = 1;
    if (pt_h5_attr_has(array->id, "scale")) {
        PT_TRY(pt_h5_attr_real(array->id, array->where, "scale", scale));
        if (!isfinite(*scale) || *scale == 0)
            PT_FAIL(FORMAT, "%s: scale is %g, expected a finite number other than 0",
                    array->where, *scale);
    } else if (is_16 && !array->is_bool) {
        *scale = 1.0 / (array->number.kind == PT_NUMBER_SIGNED ? INT16_MAX : UINT16_MAX);
    } else if (array->type == H5T_INTEGER && !array->is_bool) {
        PT_FAIL(FORMAT,
                "%s: integers of %zu bits, expected uint8, uint16, int16, floats, or an "
                "attribute 'scale' by which they are multiplied",
                array->where, 8 * array->item_bytes);
    }
    return PT_OK;
}

static pt_status_t look_at_input(pt_schema_input_t *seen, const pt_h5_array_t *array,
                                 bool is_image)
{
    bool is_u8 = array->is_number && !array->is_bool &&
                 pt_number_is_cell(array->number, PT_CELL_U8) &&
                 !pt_h5_attr_has(array->id, "scale");
    double scale = 1;
    if (!array->is_number)
        PT_FAIL(FORMAT, "%s: neither integers of 8 or 16 bits nor floats of 16 to 64",
                array->where);
    if (!is_u8)
        PT_TRY(find_scale(array, &scale));
    if (array->n_dim != (is_image ? 4 : 2))
        PT_FAIL(FORMAT, "%s: %d dimensions, expected %s", array->where, array->n_dim,
                is_image ? "n, height, width, channels" : "n, features");
    if (array->count == 0)
        PT_FAIL(FORMAT, "%s: holds nothing; leave an empty split out", array->where);
    *seen = (pt_schema_input_t){
        .is_image = is_image, .cell = is_u8 ? PT_CELL_U8 : PT_CELL_F32, .scale = scale};
    for (int i = 0; i < 3; i++)
        seen->hwc[i] = is_image ? array->dim[i + 1] : i < 2 ? 1 : array->dim[1];
    if (array->count / array->dim[0] > INT32_MAX)
        PT_FAIL(FORMAT, "%s: %lld values in one input are too many", array->where,
                (long long)(array->count / array->dim[0]));
    return PT_OK;
}

static pt_status_t check_agrees(const pt_schema_input_t *known,
                                const pt_schema_input_t *seen, const char *where)
{
    if (known->is_image == seen->is_image && known->cell == seen->cell &&
        memcmp(known->hwc, seen->hwc, sizeof seen->hwc) == 0) {
        if (known->scale != seen->scale)
            PT_FAIL(FORMAT, "%s: a scale of %g, expected %g as in another split", where,
                    seen->scale, known->scale);
        return PT_OK;
    }
    PT_FAIL(FORMAT, "%s: %s inputs %lld x %lld x %lld, expected %s %lld x %lld x %lld",
            where, seen->cell == PT_CELL_U8 ? "uint8" : "float", (long long)seen->hwc[0],
            (long long)seen->hwc[1], (long long)seen->hwc[2],
            known->cell == PT_CELL_U8 ? "uint8" : "float", (long long)known->hwc[0],
            (long long)known->hwc[1], (long long)known->hwc[2]);
}

pt_status_t pt_schema_open_input(pt_schema_input_t *input, hid_t file, const char *path,
                                 pt_split_t split, pt_h5_array_t *array)
{
    char images[32], inputs[32];
    pt_schema_input_t seen;
    *array = (pt_h5_array_t){
        .id = H5I_INVALID_HID, .space = H5I_INVALID_HID, .stored = H5I_INVALID_HID};
    if (!pt_h5_has(file, pt_split_name(split)))
        return PT_OK;
    snprintf(images, sizeof images, "%s/images", pt_split_name(split));
    snprintf(inputs, sizeof inputs, "%s/inputs", pt_split_name(split));
    bool is_image = pt_h5_has(file, images);
    if (is_image == pt_h5_has(file, inputs))
        PT_FAIL(FORMAT, "%s: /%s has %s, expected one of 'images' and 'inputs'", path,
                pt_split_name(split), is_image ? "both" : "neither");
    PT_TRY(pt_h5_array_open(file, path, is_image ? images : inputs, array));
    pt_status_t status = look_at_input(&seen, array, is_image);
    if (status == PT_OK && input->hwc[0] > 0)
        status = check_agrees(input, &seen, array->where);
    if (status != PT_OK) {
        pt_h5_array_close(array);
        return status;
    }
    memcpy(seen.n, input->n, sizeof seen.n);
    memcpy(seen.number, input->number, sizeof seen.number);
    seen.n[split] = array->dim[0];
    seen.number[split] = array->number;
    seen.is_bool = input->is_bool || array->is_bool;
    *input = seen;
    return PT_OK;
}

typedef struct names {
    char (*name)[PT_NAME];
    size_t capacity;
    int32_t n;
    const char *where;
    bool is_of_split; /* what is wrong with names that /tasks has too was said there */
    pt_findings_t *findings;
    pt_status_t status;
} names_t;

static pt_status_t check_name(const char *where, const char *name)
{
    const char *fault = pt_name_fault(name, strlen(name));
    if (fault != NULL)
        PT_FAIL(FORMAT, "%s: '%.80s' is no task name: %s", where, name, fault);
    return PT_OK;
}

static bool is_in_tasks(hid_t file, const char *name)
{
    pt_text_t link = {0};
    pt_text_add(&link, "/tasks/%s", name);
    bool is_there =
        pt_h5_has(file, "/tasks") && H5Lexists(file, pt_text_get(&link), H5P_DEFAULT) > 0;
    pt_text_release(&link);
    return is_there;
}

static herr_t take_name(hid_t group, const char *name, const H5L_info_t *info,
                        void *context)
{
    names_t *names = context;
    (void)info;
    if (names->is_of_split && pt_name_fault(name, strlen(name)) != NULL &&
        is_in_tasks(group, name))
        return 0;
    names->status = check_name(names->where, name);
    if (names->status != PT_OK) {
        names->status = pt_findings_take(names->findings, names->status);
        return names->status != PT_OK;
    }
    names->status = pt_grow(&names->name, &names->capacity, (size_t)names->n + 1,
                            sizeof names->name[0]);
    if (names->status != PT_OK)
        return 1;
    strcpy(names->name[names->n++], name);
    return 0;
}

/* In the order of creation where the file knows it, else by name. */
static pt_status_t list_tasks(hid_t file, const char *path, const char *group_name,
                              names_t *names)
{
    char cause[128];
    hid_t group = H5I_INVALID_HID;
    unsigned order = 0;
    PT_TRY(pt_h5_group_open(file, path, group_name, &group));
    hid_t list = H5Gget_create_plist(group);
    H5Pget_link_creation_order(list, &order);
    pt_h5_close(list);
    names->where = path;
    /* Where one link cannot be read the library (1.10.8) frees others that it has not read
     * yet.  The search for a name that no task can have reads them all. */
    herr_t failed = H5Lexists(group, ",", H5P_DEFAULT) >= 0 ? 0 : -1;
    if (failed >= 0)
        failed = H5Literate(
            group, order & H5P_CRT_ORDER_INDEXED ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME,
            H5_ITER_INC, NULL, take_name, names);
    pt_h5_cause(cause);
    pt_h5_close(group);
    PT_TRY(names->status);
    if (failed < 0)
        PT_FAIL(FORMAT, "%s: /%s: cannot list its tasks: %s", path, group_name, cause);
    return PT_OK;
}

static int32_t find_name(const names_t *names, const char *name, size_t bytes)
{
    for (int32_t i = 0; i < names->n; i++)
        if (strlen(names->name[i]) == bytes && strncmp(names->name[i], name, bytes) == 0)
            return i;
    return -1;
}

static pt_status_t fail_unknown(const char *path, const names_t *names, const char *name,
                                size_t bytes)
{
    char known[400];
    pt_text_t text = pt_text_in(known, sizeof known);
    int32_t n = 0;
    for (; n < names->n && text.n < sizeof known - 80; n++)
        pt_text_add(&text, "%s%s", n > 0 ? ", " : "", names->name[n]);
    if (n < names->n)
        pt_text_add(&text, ", ...");
    PT_FAIL(FORMAT, "%s: no task '%.*s'; it has %s", path, (int)bytes, name, known);
}

/* The wanted names of `all`, in the order wanted. */
static pt_status_t pick_tasks(const char *path, const names_t *all, const char *tasks,
                              names_t *picked)
{
    static const char between[] = " \t\r\n,";
    for (const char *t = tasks + strspn(tasks, between); *t; t += strspn(t, between)) {
        size_t bytes = strcspn(t, between);
        if (find_name(all, t, bytes) < 0)
            return fail_unknown(path, all, t, bytes);
        if (find_name(picked, t, bytes) >= 0)
            PT_FAIL(CONFIG, "task '%.*s' is named twice", (int)bytes, t);
        PT_TRY(pt_grow(&picked->name, &picked->capacity, (size_t)picked->n + 1,
                       sizeof picked->name[0]));
        memcpy(picked->name[picked->n++], t, bytes);
        t += bytes;
    }
    if (picked->n == 0)
        PT_FAIL(CONFIG, "no task is named, expected 'all' or names");
    return PT_OK;
}

static pt_status_t read_one(pt_schema_t *schema, hid_t file, const char *path,
                            const char *name, pt_findings_t *findings)
{
    pt_schema_task_t *task = &schema->task[schema->n_task++];
    int32_t n_before = findings->n;
    PT_TRY(pt_findings_take(findings, pt_schema_read_task(task, file, path, name)));
    if (findings->n > n_before)
        return PT_OK;
    for (int s = 0; s < PT_N_SPLIT; s++) {
        if (schema->input.n[s] == 0)
            continue;
        PT_TRY(
            pt_findings_take(findings, pt_schema_read_rows(task, file, path, (pt_split_t)s,
                                                           &schema->input)));
    }
    if (!findings->takes_gaps && findings->n == n_before &&
        schema->input.n[PT_SPLIT_TRAIN] > 0 && task->tally[PT_SPLIT_TRAIN].n_row == 0)
        PT_TRY(pt_findings_take(
            findings, PT_ERROR(FORMAT, "%s: task '%s' has no labelled samples in train",
                               path, name)));
    return PT_OK;
}

/* A task that only a split has would be passed over in silence. */
static pt_status_t check_strays(hid_t file, const char *path, const names_t *all,
                                pt_findings_t *findings)
{
    for (int s = 0; s < PT_N_SPLIT; s++) {
        char group[32];
        pt_status_t status = PT_OK;
        names_t here = {.is_of_split = true, .findings = findings};
        snprintf(group, sizeof group, "%s/tasks", pt_split_name((pt_split_t)s));
        if (pt_h5_has(file, group))
            status = pt_findings_take(findings, list_tasks(file, path, group, &here));
        for (int32_t i = 0; status == PT_OK && i < here.n; i++)
            if (find_name(all, here.name[i], strlen(here.name[i])) < 0)
                status = pt_findings_take(
                    findings, PT_ERROR(FORMAT,
                                       "%s: /%s/%s: no group '/tasks/%s' says what "
                                       "kind of task it is",
                                       path, group, here.name[i], here.name[i]));
        pt_free(here.name);
        PT_TRY(status);
    }
    return PT_OK;
}

static pt_status_t read_inputs(pt_schema_t *schema, hid_t file, const char *path,
                               pt_findings_t *findings)
{
    for (int s = 0; s < PT_N_SPLIT; s++) {
        pt_h5_array_t array;
        PT_TRY(pt_findings_take(findings, pt_schema_open_input(&schema->input, file, path,
                                                               (pt_split_t)s, &array)));
        pt_h5_array_close(&array);
    }
    if (!findings->takes_gaps && !pt_h5_has(file, pt_split_name(PT_SPLIT_TRAIN)))
        PT_TRY(pt_findings_take(findings, PT_ERROR(FORMAT, "%s: no group 'train'", path)));
    return PT_OK;
}

static pt_status_t read_group(pt_schema_t *schema, hid_t file, const char *path,
                              pt_split_t split)
{
    char name[32];
    pt_h5_array_t array;
    int64_t n = schema->input.n[split];
    pt_status_t status = PT_OK;
    snprintf(name, sizeof name, "%s/group", pt_split_name(split));
    if (n == 0 || !pt_h5_has(file, name))
        return PT_OK;
    PT_TRY(pt_h5_array_open(file, path, name, &array));
    if (array.type != H5T_INTEGER || array.n_dim != 1 || array.dim[0] != n)
        status = PT_ERROR(FORMAT, "%s: expected %lld integers, one for each input",
                          array.where, (long long)n);
    if (status == PT_OK)
        status = pt_alloc(&schema->group[split], (size_t)n, sizeof(int64_t));
    if (status == PT_OK)
        status = pt_h5_array_read(&array, 0, n, PT_CELL_I64, schema->group[split]);
    pt_h5_array_close(&array);
    return status;
}

pt_status_t pt_schema_read_input_names(const pt_schema_input_t *input, hid_t file,
                                       const char *path, pt_class_name_t **out)
{
    int64_t n = 0;
    *out = NULL;
    if (input->is_image || !pt_h5_attr_has(file, "input_names"))
        return PT_OK;
    PT_TRY(pt_h5_attr_count(file, path, "input_names", &n));
    if (n != input->hwc[2])
        PT_FAIL(FORMAT, "%s: %lld input_names, expected one for each of the %lld features",
                path, (long long)n, (long long)input->hwc[2]);
    PT_TRY(pt_alloc(out, (size_t)n, sizeof **out));
    pt_status_t status =
        pt_h5_attr_texts(file, path, "input_names", n, (*out)->text, sizeof **out);
    if (status != PT_OK) {
        pt_free(*out);
        *out = NULL;
    }
    return status;
}

pt_status_t pt_schema_read(pt_schema_t *schema, hid_t file, const char *path,
                           const char *tasks, pt_findings_t *findings)
{
    pt_status_t status = PT_OK;
    names_t all = {.findings = findings}, picked = {.findings = findings};
    bool is_all = strcmp(tasks, "all") == 0;
    const names_t *wanted = is_all ? &all : &picked;
    *schema = (pt_schema_t){.n_task = 0};

    int32_t n_before = findings->n;
    status = pt_h5_judge(pt_schema_check_header(file, path), file, path);
    PT_TRY(pt_findings_take(findings, status));
    if (findings->n > n_before)
        return PT_OK;
    PT_TRY_OR(done, read_inputs(schema, file, path, findings));
    PT_TRY_OR(done, pt_findings_take(findings,
                                     pt_schema_read_input_names(&schema->input, file, path,
                                                                &schema->input_name)));
    for (int s = 0; s < PT_N_SPLIT; s++)
        PT_TRY_OR(done, pt_findings_take(findings,
                                         read_group(schema, file, path, (pt_split_t)s)));
    PT_TRY_OR(done, pt_findings_take(findings, list_tasks(file, path, "tasks", &all)));
    if (all.n == 0 && findings->n == n_before)
        PT_TRY_OR(done, pt_findings_take(
                            findings, PT_ERROR(FORMAT, "%s: /tasks holds no task", path)));
    if (!is_all)
        PT_TRY_OR(done, pick_tasks(path, &all, tasks, &picked));
    PT_TRY_OR(done, pt_alloc(&schema->task, (size_t)wanted->n, sizeof schema->task[0]));
    for (int32_t i = 0; i < wanted->n; i++)
        PT_TRY_OR(done, read_one(schema, file, path, wanted->name[i], findings));
    if (findings->report)
        PT_TRY_OR(done, check_strays(file, path, &all, findings));
done:
    status = pt_h5_judge(status, file, path);
    pt_free(picked.name);
    schema->name = all.name;
    schema->n_name = all.n;
    if (status != PT_OK)
        pt_schema_release(schema);
    return status;
}

void pt_schema_release(pt_schema_t *schema)
{
    for (int32_t t = 0; t < schema->n_task; t++) {
        pt_free(schema->task[t].class_name);
        for (int s = 0; s < PT_N_SPLIT; s++) {
            pt_free(schema->task[t].index[s]);
            pt_free(schema->task[t].labels[s]);
        }
    }
    for (int s = 0; s < PT_N_SPLIT; s++)
        pt_free(schema->group[s]);
    pt_free(schema->input_name);
    pt_free(schema->task);
    pt_free(schema->name);
    *schema = (pt_schema_t){.n_task = 0};
}

bool pt_schema_add_shape_note(const int64_t hwc[3], pt_text_t *text)
{
    enum { FEW = 3, MANY = 8 };
    if (hwc[0] > FEW || hwc[1] < MANY || hwc[2] < MANY)
        return false;
    pt_text_add(text,
                "note: images are %lld pixel%s high and %lld wide with %lld channels; if "
                "the first are channels, store them as n x height x width x channels",
                (long long)hwc[0], pt_plural(hwc[0]), (long long)hwc[1], (long long)hwc[2]);
    return true;
}
