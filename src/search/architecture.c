#include "polytree/search/architecture.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/arch/cost.h"
#include "polytree/base/memory.h"
#include "polytree/io/file.h"

enum { VERSION = 1 };
static const char format_name[] = "polytree architecture";

static const char *const kind_name[] = {[PT_CHOICE_IN] = "in",
                                        [PT_CHOICE_EDGE] = "edge",
                                        [PT_CHOICE_OUT] = "out",
                                        [PT_CHOICE_COPY] = "copy"};
static const char *const act_name[] = {
    [PT_ACT_NONE] = "none", [PT_ACT_RELU] = "relu", [PT_ACT_RELU6] = "relu6"};

/* A JSON value that could not be made is NULL, and adding NULL fails: one look at the end
 * finds every lack of memory. */
typedef struct writer {
    const pt_space_t *space;
    const pt_subnet_t *subnet;
    const pt_alpha_t *alpha;
    uint8_t *candidate, *node; /* alive for the task at work */
    double *p;
    bool has_failed;
} writer_t;

static void put(writer_t *w, json_t *object, const char *key, json_t *value)
{
    w->has_failed |= json_object_set_new(object, key, value) != 0;
}

static void append(writer_t *w, json_t *array, json_t *value)
{
    w->has_failed |= json_array_append_new(array, value) != 0;
}

/* A conv's kernel of 0 and the like are defaults: only what was set is written. */
static void put_number(writer_t *w, json_t *object, const char *key, int64_t value)
{
    if (value != 0)
        put(w, object, key, json_integer(value));
}

static json_t *describe_attr(writer_t *w, const pt_op_attr_t *a)
{
    json_t *attr = json_object();
    put_number(w, attr, "channels", a->channels);
    put_number(w, attr, "kernel", a->kernel);
    put_number(w, attr, "stride", a->stride);
    put_number(w, attr, "dilation", a->dilation);
    put_number(w, attr, "groups", a->groups);
    put_number(w, attr, "no_bias", a->no_bias);
    put_number(w, attr, "bias", a->bias);
    put_number(w, attr, "no_affine", a->no_affine);
    put_number(w, attr, "out_h", a->out_h);
    put_number(w, attr, "out_w", a->out_w);
    put_number(w, attr, "align_corners", a->align_corners);
    if (a->act != PT_ACT_NONE)
        put(w, attr, "act", json_string(act_name[a->act]));
    if (a->eps != 0)
        put(w, attr, "eps", json_real(a->eps));
    if (a->rate != 0)
        put(w, attr, "rate", json_real(a->rate));
    return attr;
}

/* `in` counts operations within the candidate; -1 is the candidate's source. */
static json_t *describe_op(writer_t *w, const pt_candidate_t *candidate,
                           const pt_space_op_t *op)
{
    json_t *object = json_object(), *in = json_array(), *param = json_array();
    put(w, object, "op", json_string(op->inst.op->name));
    put(w, object, "attr", describe_attr(w, &op->inst.attr));
    for (int32_t i = 0; i < op->inst.n_in; i++)
        append(w, in,
               json_integer(op->in[i] < 0 ? op->in[i] : op->in[i] - candidate->first_op));
    put(w, object, "in", in);
    for (int32_t i = 0; i < op->inst.n_param; i++)
        append(w, param, json_string(w->space->store.param[op->param[i]].name));
    put(w, object, "tensors", param);
    return object;
}

static json_t *describe_candidate(writer_t *w, const pt_candidate_t *c)
{
    const pt_space_t *s = w->space;
    json_t *object = json_object(), *ops = json_array();
    put(w, object, "name", json_string(c->name));
    put(w, object, "from", json_string(s->node[c->src].name));
    put(w, object, "to", json_string(s->node[c->dst].name));
    if (c->task >= 0)
        put(w, object, "task", json_string(s->task[c->task].name));
    for (int32_t i = 0; i < c->n_op; i++)
        append(w, ops, describe_op(w, c, &s->op[c->first_op + i]));
    put(w, object, "ops", ops);
    return object;
}

static json_t *describe_space(writer_t *w)
{
    const pt_space_t *s = w->space;
    json_t *object = json_object(), *nodes = json_array(), *candidates = json_array();
    char hex[17];
    snprintf(hex, sizeof hex, "%016" PRIx64, s->fingerprint);
    put(w, object, "kind", json_string("dag"));
    put(w, object, "fingerprint", json_string(hex));
    put(w, object, "nodes_of_dag", json_integer(s->n_dag_node));
    put(w, object, "min_depth", json_integer(s->min_depth));
    for (int32_t i = 0; i < s->n_node; i++) {
        const pt_node_t *n = &s->node[i];
        append(w, nodes,
               json_pack("{s:s, s:I, s:I, s:I}", "name", n->name, "height",
                         (json_int_t)n->shape.h, "width", (json_int_t)n->shape.w,
                         "channels", (json_int_t)n->shape.c));
    }
    put(w, object, "nodes", nodes);
    for (int32_t i = 0; i < s->n_candidate; i++)
        append(w, candidates, describe_candidate(w, &s->candidate[i]));
    put(w, object, "candidates", candidates);
    return object;
}

static json_t *describe_cost(const pt_cost_t *cost)
{
    return json_pack("{s:I, s:I, s:i}", "madds", (json_int_t)cost->madds, "parameters",
                     (json_int_t)cost->parameters, "edges", (int)cost->edges);
}

static json_t *describe_choice(writer_t *w, int32_t task, int32_t number)
{
    const pt_choice_t *c = &w->space->choice[number];
    json_t *object = json_object();
    put(w, object, "kind", json_string(kind_name[c->kind]));
    if (c->kind != PT_CHOICE_IN)
        put(w, object, "i", json_integer(c->i));
    if (c->kind != PT_CHOICE_OUT)
        put(w, object, "j", json_integer(c->j));
    int32_t candidate = pt_space_choice_candidate(w->space, number, task);
    put(w, object, "candidate", json_string(w->space->candidate[candidate].name));
    if (w->subnet->is_soft)
        put(w, object, "gate", json_real((double)pt_subnet_gates(w->subnet, task)[number]));
    if (w->alpha != NULL)
        put(w, object, "p", json_real(w->p[number]));
    return object;
}

static pt_status_t describe_task(writer_t *w, int32_t task, json_t *tasks)
{
    const pt_space_t *s = w->space;
    json_t *object = json_object(), *choices = json_array();
    pt_cost_t cost;
    append(w, tasks, object);
    put(w, object, "name", json_string(s->task[task].name));
    put(w, object, "outputs", json_integer(s->task[task].outputs));
    put(w, object, "choices", choices);
    pt_subnet_reach(s, w->subnet, task, w->candidate, w->node);
    if (w->alpha != NULL)
        pt_alpha_p(s, w->alpha, task, w->p);
    for (int32_t c = 0; c < s->n_choice; c++)
        if (w->candidate[pt_space_choice_candidate(s, c, task)])
            append(w, choices, describe_choice(w, task, c));
    for (int32_t c = 0; c < s->n_candidate; c++)
        if (s->candidate[c].task == task)
            put(w, object, "head", json_string(s->candidate[c].name));
    PT_TRY(pt_cost_task(s, w->subnet, task, &cost));
    put(w, object, "cost", describe_cost(&cost));
    return PT_OK;
}

static pt_status_t describe(writer_t *w, json_t *root)
{
    json_t *tasks = json_array();
    pt_cost_t cost;
    put(w, root, "format", json_string(format_name));
    put(w, root, "version", json_integer(VERSION));
    put(w, root, "tasks", tasks);
    for (int32_t k = 0; k < w->space->n_task; k++)
        PT_TRY(describe_task(w, k, tasks));
    PT_TRY(pt_cost_all(w->space, w->subnet, &cost));
    put(w, root, "cost", describe_cost(&cost));
    put(w, root, "space", describe_space(w));
    if (w->has_failed)
        PT_FAIL(MEMORY, "no memory for the description of the architecture");
    return PT_OK;
}

pt_status_t pt_architecture_write(const pt_space_t *space, const pt_subnet_t *subnet,
                                  const pt_alpha_t *alpha, const char *path)
{
    writer_t w = {.space = space, .subnet = subnet, .alpha = alpha};
    json_t *root = json_object();
    char *text = NULL;
    pt_status_t status;
    PT_TRY_OR(done, pt_alloc(&w.candidate, (size_t)space->n_candidate, 1));
    PT_TRY_OR(done, pt_alloc(&w.node, (size_t)space->n_node, 1));
    PT_TRY_OR(done, pt_alloc(&w.p, (size_t)space->n_choice, sizeof *w.p));
    PT_TRY_OR(done, describe(&w, root));
    text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    if (text == NULL)
        status = PT_ERROR(MEMORY, "%s: no memory for its text", path);
    else
        PT_TRY_OR(done, pt_file_write(path, text, strlen(text)));
done:
    free(text);
    json_decref(root);
    pt_free(w.p);
    pt_free(w.node);
    pt_free(w.candidate);
    return status;
}

static json_t *find_task(json_t *tasks, const char *name)
{
    size_t i;
    json_t *task;
    json_array_foreach(tasks, i, task)
    {
        const char *theirs = json_string_value(json_object_get(task, "name"));
        if (theirs != NULL && strcmp(theirs, name) == 0)
            return task;
    }
    return NULL;
}

static pt_status_t read_choice(const pt_space_t *space, const char *path, json_t *choice,
                               int32_t *number)
{
    const char *kind = json_string_value(json_object_get(choice, "kind"));
    int32_t i = (int32_t)json_integer_value(json_object_get(choice, "i"));
    int32_t j = (int32_t)json_integer_value(json_object_get(choice, "j"));
    for (int32_t k = PT_CHOICE_IN; kind != NULL && k <= PT_CHOICE_COPY; k++) {
        if (strcmp(kind, kind_name[k]) != 0)
            continue;
        *number = pt_space_find_choice(space, (pt_choice_kind_t)k, i, j);
        if (*number < 0)
            PT_FAIL(MISMATCH, "%s: the space has no choice %s (%d, %d)", path, kind, i, j);
        return PT_OK;
    }
    PT_FAIL(FORMAT, "%s: a choice has kind '%s', expected in, edge or out", path,
            kind == NULL ? "" : kind);
}

static pt_status_t read_task(const pt_space_t *space, const char *path, json_t *tasks,
                             int32_t task, pt_subnet_t *subnet)
{
    json_t *object = find_task(tasks, space->task[task].name), *choice;
    json_t *choices = json_object_get(object, "choices");
    size_t i;
    if (object == NULL)
        PT_FAIL(MISMATCH, "%s: has no task '%s'", path, space->task[task].name);
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

static pt_status_t read_tasks(const pt_space_t *space, const char *path, json_t *root,
                              pt_subnet_t *subnet)
{
    const char *format = json_string_value(json_object_get(root, "format"));
    json_int_t version = json_integer_value(json_object_get(root, "version"));
    if (format == NULL || strcmp(format, format_name) != 0)
        PT_FAIL(FORMAT, "%s: not a %s", path, format_name);
    if (version != VERSION)
        PT_FAIL(FORMAT, "%s: version %lld, expected %d", path, (long long)version, VERSION);
    for (int32_t k = 0; k < space->n_task; k++)
        PT_TRY(read_task(space, path, json_object_get(root, "tasks"), k, subnet));
    return PT_OK;
}

pt_status_t pt_architecture_read(const pt_space_t *space, const char *path,
                                 pt_subnet_t *subnet)
{
    pt_subnet_t found = {0};
    char *text = NULL;
    size_t bytes;
    json_error_t error;
    json_t *root = NULL;
    pt_status_t status;
    PT_TRY_OR(done, pt_file_read(path, &text, &bytes));
    root = json_loadb(text, bytes, 0, &error);
    if (root == NULL) {
        status = PT_ERROR(FORMAT, "%s:%d: %s", path, error.line, error.text);
        goto done;
    }
    PT_TRY_OR(done, pt_subnet_init(&found, space->n_task, space->n_choice));
    PT_TRY_OR(done, read_tasks(space, path, root, &found));
    pt_subnet_copy(subnet, &found);
done:
    pt_subnet_release(&found);
    json_decref(root);
    pt_free(text);
    return status;
}
