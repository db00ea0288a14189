/* What goes into a network and what comes out, in architecture.json and back. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "record/architecture.h"

/* A value x of the network's stands for mean + deviation x in the data's own units. */
static void put_standard(json_t *object, const pt_standard_t *standard, int64_t n,
                         bool *has_failed)
{
    json_t *all;
    if (standard == NULL)
        return;
    all = json_array();
    architecture_put(object, "standard", all, has_failed);
    for (int64_t c = 0; c < n; c++)
        architecture_append(all,
                            json_pack("{s:f, s:f}", "mean", standard[c].mean, "deviation",
                                      standard[c].deviation),
                            has_failed);
}

static void put_names(json_t *object, const char *key, const pt_class_name_t *name,
                      int64_t n, bool *has_failed)
{
    json_t *names;
    if (name == NULL)
        return;
    names = json_array();
    architecture_put(object, key, names, has_failed);
    for (int64_t i = 0; i < n; i++)
        architecture_append(names, json_string(name[i].text), has_failed);
}

void architecture_put_input(const pt_interface_t *interface, json_t *root, bool *has_failed)
{
    const pt_input_info_t *i = &interface->input;
    json_t *object = json_pack("{s:s, s:s}", "kind", i->is_image ? "images" : "features",
                               "type", i->is_byte ? "uint8" : "float32");
    architecture_put(root, "input", object, has_failed);
    if (i->is_byte)
        architecture_put(object, "divisor", json_integer(255), has_failed);
    else
        architecture_put(object, "scale", json_real(i->scale), has_failed);
    put_names(object, "names", i->name, i->hwc[2], has_failed);
    put_standard(object, i->standard, i->hwc[2], has_failed);
}

void architecture_put_task(const pt_interface_task_t *task, json_t *object,
                           bool *has_failed)
{
    const pt_task_info_t *info = &task->info;
    architecture_put(object, "kind", json_string(pt_task_kind_name(info->kind)),
                     has_failed);
    architecture_put(object, "bundle", json_integer(task->bundle), has_failed);
    if (info->is_inverse)
        architecture_put(object, "inverse", json_true(), has_failed);
    put_names(object, "class_names", task->class_name, info->classes, has_failed);
    put_standard(object, info->standard, info->channels, has_failed);
}

/* Values of one label, or of a pixel of one. */
static int64_t label_channels(const pt_task_info_t *info)
{
    bool is_one =
        info->kind == PT_TASK_CLASSIFICATION || info->kind == PT_TASK_SEGMENTATION;
    return is_one ? 1 : info->classes;
}

static pt_status_t read_standard(const char *path, json_t *object, int64_t n,
                                 const pt_standard_t **out)
{
    json_t *all = json_object_get(object, "standard"), *one;
    pt_standard_t *standard;
    size_t c;
    if (all == NULL)
        return PT_OK;
    if (json_array_size(all) != (size_t)n)
        PT_FAIL(FORMAT, "%s: %zu units, expected %" PRId64, path, json_array_size(all), n);
    PT_TRY(pt_alloc(&standard, (size_t)n, sizeof *standard));
    *out = standard;
    json_array_foreach(all, c, one)
    {
        standard[c] = (pt_standard_t){json_number_value(json_object_get(one, "mean")),
                                      json_number_value(json_object_get(one, "deviation"))};
        if (!isfinite(standard[c].mean) || !(standard[c].deviation > 0))
            PT_FAIL(FORMAT, "%s: a unit has a mean or a deviation that is none", path);
    }
    return PT_OK;
}

static pt_status_t read_names(const char *path, json_t *object, const char *key, int64_t n,
                              const pt_class_name_t **out)
{
    json_t *names = json_object_get(object, key), *name;
    pt_class_name_t *read;
    size_t i;
    if (names == NULL)
        return PT_OK;
    if (json_array_size(names) != (size_t)n)
        PT_FAIL(FORMAT, "%s: %zu %s, expected %" PRId64, path, json_array_size(names), key,
                n);
    PT_TRY(pt_alloc(&read, (size_t)n, sizeof *read));
    *out = read;
    json_array_foreach(names, i, name)
    {
        const char *text = json_string_value(name);
        snprintf(read[i].text, sizeof read[i].text, "%s", text != NULL ? text : "");
    }
    return PT_OK;
}

static pt_status_t read_input(const char *path, json_t *object, const pt_space_t *space,
                              pt_input_info_t *input)
{
    const char *kind = json_string_value(json_object_get(object, "kind"));
    const char *type = json_string_value(json_object_get(object, "type"));
    pt_shape_t shape = space->node[0].shape;
    json_t *scale = json_object_get(object, "scale");
    if (kind == NULL || type == NULL)
        PT_FAIL(FORMAT, "%s: the input lacks kind or type", path);
    *input = (pt_input_info_t){.hwc = {shape.h, shape.w, shape.c},
                               .is_image = strcmp(kind, "images") == 0,
                               .is_byte = strcmp(type, "uint8") == 0,
                               .scale = scale != NULL ? json_number_value(scale) : 1};
    if (!isfinite(input->scale) || input->scale == 0)
        PT_FAIL(FORMAT, "%s: the input has a scale that is none", path);
    PT_TRY(read_names(path, object, "names", shape.c, &input->name));
    return read_standard(path, object, shape.c, &input->standard);
}

static pt_status_t read_task(const char *path, json_t *object, const pt_space_t *space,
                             int32_t k, pt_interface_task_t *task)
{
    const char *kind = json_string_value(json_object_get(object, "kind"));
    pt_task_info_t *info = &task->info;
    json_int_t bundle = json_integer_value(json_object_get(object, "bundle"));
    int32_t number = 0;
    while (number < PT_N_TASK_KIND &&
           (kind == NULL || strcmp(kind, pt_task_kind_name((pt_task_kind_t)number)) != 0))
        number++;
    if (number == PT_N_TASK_KIND || bundle < 0 || bundle >= space->n_task)
        PT_FAIL(FORMAT, "%s: task '%s' lacks kind or bundle", path, space->task[k].name);
    task->bundle = (int32_t)bundle;
    memcpy(info->name, space->task[k].name, sizeof info->name);
    info->kind = (pt_task_kind_t)number;
    info->classes = space->task[k].outputs;
    info->is_inverse = json_is_true(json_object_get(object, "inverse"));
    info->height = space->task[k].is_map ? space->node[0].shape.h : 1;
    info->width = space->task[k].is_map ? space->node[0].shape.w : 1;
    info->channels = label_channels(info);
    PT_TRY(read_standard(path, object, info->channels, &info->standard));
    return read_names(path, object, "class_names", info->classes, &task->class_name);
}

pt_status_t architecture_read_interface(const char *path, json_t *root,
                                        const pt_space_t *space, pt_interface_t *out)
{
    json_t *tasks = json_object_get(root, "tasks");
    PT_TRY(read_input(path, json_object_get(root, "input"), space, &out->input));
    PT_TRY(pt_alloc(&out->task, (size_t)space->n_task, sizeof *out->task));
    for (int32_t k = 0; k < space->n_task; k++) {
        out->n_task = k + 1;
        PT_TRY(read_task(path, json_array_get(tasks, (size_t)k), space, k, &out->task[k]));
    }
    return PT_OK;
}
