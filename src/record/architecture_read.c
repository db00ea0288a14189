/* architecture.json back into a network. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "polytree/arch/copies.h"
#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "record/architecture.h"

static pt_status_t read_choice(const pt_space_t *space, const char *path, json_t *choice,
                               int32_t *number)
{
    const char *kind = json_string_value(json_object_get(choice, "kind"));
    int32_t i = (int32_t)json_integer_value(json_object_get(choice, "i"));
    int32_t j = (int32_t)json_integer_value(json_object_get(choice, "j"));
    for (int32_t k = PT_CHOICE_IN; kind != NULL && k <= PT_CHOICE_OUT; k++) {
        if (strcmp(kind, architecture_choice[k]) != 0)
            continue;
        *number = pt_space_find_choice(space, (pt_choice_kind_t)k, i, j);
        if (*number < 0)
            PT_FAIL(MISMATCH, "%s: the space has no choice %s (%d, %d)", path, kind, i, j);
        return PT_OK;
    }
    PT_FAIL(FORMAT, "%s: a choice has kind '%s', expected in, edge or out", path,
            kind == NULL ? "" : kind);
}

static pt_status_t read_choices(const pt_space_t *space, const char *path, json_t *object,
                                int32_t task, pt_subnet_t *subnet)
{
    json_t *choices = json_object_get(object, "choices"), *choice;
    size_t i;
    if (!json_is_array(choices))
        PT_FAIL(FORMAT, "%s: task '%s' has no list of choices", path,
                space->task[task].name);
    json_array_foreach(choices, i, choice)
    {
        int32_t number = -1;
        PT_TRY(read_choice(space, path, choice, &number));
        pt_subnet_switch(subnet, task, number, true);
    }
    return PT_OK;
}

/* The copy that a task has of a layer, of which there are n; -1: it does not say. */
static int32_t read_copy(json_t *object, int32_t layer, int32_t n)
{
    json_t *copy = json_array_get(json_object_get(object, "copies"), (size_t)layer);
    json_int_t value = json_is_integer(copy) ? json_integer_value(copy) : -1;
    return value < n ? (int32_t)value : -1;
}

static pt_status_t read_copies(const pt_space_t *space, const char *path, json_t *object,
                               int32_t task, pt_subnet_t *subnet)
{
    for (int32_t l = 0; l < space->n_layer; l++) {
        int32_t first = space->layer_choice[l], n = space->layer_choice[l + 1] - first;
        int32_t copy = read_copy(object, l, n);
        if (copy < 0)
            PT_FAIL(MISMATCH, "%s: task '%s' has none of the %d copies of layer %s", path,
                    space->task[task].name, (int)n, space->node[2 + l].name);
        pt_subnet_switch(subnet, task, first + copy, true);
    }
    return PT_OK;
}

static pt_status_t read_tasks(const pt_space_t *space, const char *path, json_t *root,
                              pt_subnet_t *subnet)
{
    json_t *tasks = json_object_get(root, "tasks");
    for (int32_t k = 0; k < space->n_task; k++)
        PT_TRY((space->kind == PT_SPACE_DAG ? read_choices : read_copies)(
            space, path, json_array_get(tasks, (size_t)k), k, subnet));
    return PT_OK;
}

static pt_status_t check_format(const char *path, json_t *root)
{
    const char *format = json_string_value(json_object_get(root, "format"));
    json_int_t version = json_integer_value(json_object_get(root, "version"));
    if (format == NULL || strcmp(format, architecture_format) != 0)
        PT_FAIL(FORMAT, "%s: not a %s", path, architecture_format);
    if (version < ARCHITECTURE_FIRST || version > ARCHITECTURE_VERSION)
        PT_FAIL(FORMAT, "%s: version %lld, expected %d to %d", path, (long long)version,
                ARCHITECTURE_FIRST, ARCHITECTURE_VERSION);
    return PT_OK;
}

pt_status_t architecture_parse_text(const char *path, const char *text, size_t bytes,
                                    json_t **root)
{
    json_error_t error;
    *root = json_loadb(text, bytes, 0, &error);
    if (*root == NULL)
        PT_FAIL(FORMAT, "%s:%d: %s", path, error.line, error.text);
    return PT_OK;
}

pt_status_t architecture_parse(const char *path, json_t **root)
{
    char *text;
    size_t bytes;
    PT_TRY(pt_file_read(path, &text, &bytes));
    pt_status_t status = architecture_parse_text(path, text, bytes, root);
    pt_free(text);
    return status;
}

/* Input and tasks. */
static pt_status_t read_spec(const char *path, json_t *root, pt_space_task_t **task,
                             pt_space_spec_t *spec)
{
    json_t *tasks = json_object_get(root, "tasks"), *object;
    json_t *space = json_object_get(root, "space");
    json_t *input = json_array_get(json_object_get(space, "nodes"), 0);
    double widening = json_number_value(json_object_get(space, "widening"));
    size_t k;
    if (json_array_size(tasks) == 0 || input == NULL)
        PT_FAIL(FORMAT, "%s: no tasks or no nodes in it", path);
    if (!(widening >= 0 && widening <= PT_WIDENING_MAX))
        PT_FAIL(FORMAT, "%s: a widening of %g, expected at most %g", path, widening,
                PT_WIDENING_MAX);
    PT_TRY(pt_alloc(task, json_array_size(tasks), sizeof **task));
    json_array_foreach(tasks, k, object)
    {
        pt_space_task_t *t = &(*task)[k];
        const char *name = json_string_value(json_object_get(object, "name"));
        t->outputs = (int32_t)json_integer_value(json_object_get(object, "outputs"));
        t->is_map = json_is_true(json_object_get(object, "map"));
        if (name == NULL || t->outputs < 1)
            PT_FAIL(FORMAT, "%s: task %d lacks name or outputs", path, (int)k);
        snprintf(t->name, sizeof t->name, "%s", name);
    }
    *spec = (pt_space_spec_t){
        .height = json_integer_value(json_object_get(input, "height")),
        .width = json_integer_value(json_object_get(input, "width")),
        .channels = json_integer_value(json_object_get(input, "channels")),
        .n_task = (int32_t)json_array_size(tasks),
        .task = *task,
        .widening = widening};
    return PT_OK;
}

/* Whether layers have just the copies that tasks use, each group its own: the space was
 * built of the branching. */
static bool is_of_branching(json_t *layers, const int32_t *copy, const pt_branching_t *b)
{
    for (int32_t l = 0; l < b->n_layer; l++) {
        json_t *layer = json_array_get(layers, (size_t)l + 1);
        if (json_integer_value(json_object_get(layer, "copies")) !=
            pt_branching_n_group(b, l))
            return false;
    }
    return memcmp(copy, b->group, (size_t)b->n_layer * (size_t)b->n_task * sizeof *copy) ==
           0;
}

/* The branching of a branch space that was built of one; NULL for others. */
static pt_status_t read_branching(json_t *root, int32_t n_task, pt_branching_t *b,
                                  const pt_branching_t **found)
{
    json_t *layers = json_object_get(json_object_get(root, "space"), "layers");
    json_t *tasks = json_object_get(root, "tasks");
    int32_t n_layer = (int32_t)json_array_size(layers) - 1, *copy;
    if (n_layer < 1)
        return PT_OK;
    PT_TRY(pt_branching_init(b, n_layer, n_task));
    PT_TRY(pt_alloc(&copy, (size_t)n_layer * (size_t)n_task, sizeof *copy));
    for (int32_t l = 0; l < n_layer; l++)
        for (int32_t k = 0; k < n_task; k++)
            copy[l * n_task + k] =
                read_copy(json_array_get(tasks, (size_t)k), l, INT32_MAX);
    pt_branching_of_copies(copy, b);
    if (is_of_branching(layers, copy, b))
        *found = b;
    pt_free(copy);
    return PT_OK;
}

static pt_status_t read_network(const pt_config_t *config, const char *path, json_t *root,
                                const pt_kernel_t *kernel, pt_architecture_t *to)
{
    pt_space_task_t *task = NULL;
    pt_space_spec_t spec;
    pt_branching_t branching = {0};
    pt_status_t status;
    PT_TRY_OR(done, check_format(path, root));
    PT_TRY_OR(done, read_spec(path, root, &task, &spec));
    PT_TRY_OR(done, read_branching(root, spec.n_task, &branching, &spec.branching));
    PT_TRY_OR(done, pt_space_new(config, &spec, kernel, &to->space));
    PT_TRY_OR(done, pt_subnet_init(&to->subnet, to->space->n_task, to->space->n_choice));
    PT_TRY_OR(done, read_tasks(to->space, path, root, &to->subnet));
    if (json_object_get(root, "input") != NULL)
        PT_TRY_OR(done, architecture_read_interface(path, root, to->space, &to->interface));
done:
    pt_branching_release(&branching);
    pt_free(task);
    return status;
}

pt_status_t pt_architecture_read(const pt_config_t *config, const char *path,
                                 const char *text, size_t bytes, const pt_kernel_t *kernel,
                                 pt_architecture_t *out)
{
    pt_architecture_t read = {.space = NULL};
    json_t *root;
    PT_TRY(architecture_parse_text(path, text, bytes, &root));
    pt_status_t status = read_network(config, path, root, kernel, &read);
    json_decref(root);
    if (status == PT_OK)
        *out = read;
    else
        pt_architecture_release(&read);
    return status;
}

pt_status_t pt_architecture_open(const pt_config_t *config, const char *path,
                                 pt_architecture_t *out)
{
    char *text;
    size_t bytes;
    PT_TRY(pt_file_read(path, &text, &bytes));
    pt_status_t status = pt_architecture_read(config, path, text, bytes, NULL, out);
    pt_free(text);
    return status;
}

void pt_architecture_release(pt_architecture_t *architecture)
{
    pt_interface_release(&architecture->interface);
    pt_subnet_release(&architecture->subnet);
    pt_space_free(architecture->space);
    *architecture = (pt_architecture_t){.space = NULL};
}
