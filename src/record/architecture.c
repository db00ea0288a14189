/* Writing architecture.json: the network found, its space, costs and choices. */
#include "record/architecture.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/arch/copies.h"
#include "polytree/arch/cost.h"
#include "polytree/base/memory.h"
#include "polytree/graph/plan.h"
#include "polytree/io/file.h"

const char architecture_format[] = "polytree architecture";
const char *const architecture_choice[] = {
    [PT_CHOICE_IN] = "in", [PT_CHOICE_EDGE] = "edge", [PT_CHOICE_OUT] = "out"};

static const char *const act_name[] = {
    [PT_ACT_NONE] = "none", [PT_ACT_RELU] = "relu", [PT_ACT_RELU6] = "relu6"};

typedef struct architecture_writer {
    const pt_space_t *space;
    const pt_subnet_t *subnet;
    const pt_alpha_t *alpha;
    const pt_interface_t *interface; /* NULL: not known */
    uint8_t *candidate, *node;       /* alive for the task at work */
    double *p;
    int32_t *copy; /* branch: [n_layer][n_task] */
    pt_branching_t branching;
    bool has_failed;
} architecture_writer_t;

static void put(architecture_writer_t *w, json_t *object, const char *key, json_t *value)
{
    architecture_put(object, key, value, &w->has_failed);
}

static void append(architecture_writer_t *w, json_t *array, json_t *value)
{
    architecture_append(array, value, &w->has_failed);
}

/* A conv's kernel of 0 and the like are defaults: only what was set is written. */
static void put_number(architecture_writer_t *w, json_t *object, const char *key,
                       int64_t value)
{
    if (value != 0)
        put(w, object, key, json_integer(value));
}

static json_t *describe_attr(architecture_writer_t *w, const pt_op_attr_t *a)
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

/* The windows of an operation reach that far over each side of its input; an average leaves
 * out what is there. */
static void describe_pads(architecture_writer_t *w, const pt_op_inst_t *inst,
                          json_t *object)
{
    pt_op_pads_t pads;
    if (pt_op_pads(inst, &pads))
        put(w, object, "pads",
            json_pack("[I, I, I, I]", (json_int_t)pads.top, (json_int_t)pads.left,
                      (json_int_t)pads.bottom, (json_int_t)pads.right));
}

/* `in` counts operations within the candidate; -1 is the candidate's source, -2 its skip.
 */
static json_t *describe_op(architecture_writer_t *w, const pt_candidate_t *candidate,
                           const pt_space_op_t *op)
{
    json_t *object = json_object(), *in = json_array(), *param = json_array();
    put(w, object, "op", json_string(op->inst.op->name));
    put(w, object, "attr", describe_attr(w, &op->inst.attr));
    describe_pads(w, &op->inst, object);
    for (int32_t i = 0; i < op->inst.n_in; i++)
        append(w, in,
               json_integer(op->in[i] < 0 ? op->in[i] : op->in[i] - candidate->first_op));
    put(w, object, "in", in);
    for (int32_t i = 0; i < op->inst.n_param; i++)
        append(w, param, json_string(w->space->store.param[op->param[i]].name));
    put(w, object, "tensors", param);
    return object;
}

static json_t *describe_candidate(architecture_writer_t *w, const pt_candidate_t *c)
{
    const pt_space_t *s = w->space;
    json_t *object = json_object(), *ops = json_array();
    put(w, object, "name", json_string(c->name));
    put(w, object, "from", json_string(s->node[c->src].name));
    put(w, object, "to", json_string(s->node[c->dst].name));
    if (c->skip >= 0)
        put(w, object, "skip", json_string(s->node[c->skip].name));
    if (c->task >= 0)
        put(w, object, "task", json_string(s->task[c->task].name));
    for (int32_t i = 0; i < c->n_op; i++)
        append(w, ops, describe_op(w, c, &s->op[c->first_op + i]));
    put(w, object, "ops", ops);
    return object;
}

/* Who runs a layer together: a list of names for each group. */
static json_t *describe_groups(architecture_writer_t *w, int32_t layer)
{
    int32_t n_task = w->space->n_task;
    const int32_t *group = w->branching.group + (size_t)layer * (size_t)n_task;
    json_t *groups = json_array();
    for (int32_t g = 0; g < pt_branching_n_group(&w->branching, layer); g++) {
        json_t *names = json_array();
        append(w, groups, names);
        for (int32_t k = 0; k < n_task; k++)
            if (group[k] == g)
                append(w, names, json_string(w->space->task[k].name));
    }
    return groups;
}

/* The stem is layer 0, of which there are no copies to choose from. */
static json_t *describe_layer(architecture_writer_t *w, int32_t layer)
{
    const pt_space_t *s = w->space;
    const pt_space_layer_t *l = &s->layer[layer];
    int32_t choice = layer > 0 ? s->layer_choice[layer - 1] : 0;
    pt_cost_t cost = pt_cost_candidate(s, layer > 0 ? s->choice[choice].candidate : 0);
    json_t *object = json_object();
    put(w, object, "name", json_string(layer > 0 ? s->node[1 + layer].name : "stem"));
    put(w, object, "block", json_string(l->block));
    put(w, object, "stride", json_integer(l->stride));
    put(w, object, "dilation", json_integer(l->dilation));
    put(w, object, "madds", json_integer(cost.madds));
    put(w, object, "parameters", json_integer(cost.parameters));
    if (layer == 0)
        return object;
    put(w, object, "copies", json_integer(s->layer_choice[layer] - choice));
    put(w, object, "groups", describe_groups(w, layer - 1));
    return object;
}

static void describe_kind(architecture_writer_t *w, json_t *object)
{
    const pt_space_t *s = w->space;
    if (s->kind == PT_SPACE_DAG) {
        put(w, object, "kind", json_string("dag"));
        put(w, object, "nodes_of_dag", json_integer(s->n_dag_node));
        put(w, object, "min_depth", json_integer(s->min_depth));
        return;
    }
    json_t *layers = json_array();
    put(w, object, "kind", json_string("branch"));
    put(w, object, "layers", layers);
    for (int32_t l = 0; l <= s->n_layer; l++)
        append(w, layers, describe_layer(w, l));
}

static json_t *describe_space(architecture_writer_t *w)
{
    const pt_space_t *s = w->space;
    json_t *object = json_object(), *nodes = json_array(), *candidates = json_array();
    char hex[17];
    snprintf(hex, sizeof hex, "%016" PRIx64, s->fingerprint);
    put(w, object, "fingerprint", json_string(hex));
    if (s->widening != 1)
        put(w, object, "widening", json_real(s->widening));
    describe_kind(w, object);
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

static json_t *describe_cost(architecture_writer_t *w, const pt_cost_t *cost)
{
    json_t *object = json_pack("{s:I, s:I, s:I}", "madds", (json_int_t)cost->madds,
                               "encoder_madds", (json_int_t)cost->encoder_madds,
                               "parameters", (json_int_t)cost->parameters);
    if (w->space->kind == PT_SPACE_DAG)
        put(w, object, "edges", json_integer(cost->edges));
    return object;
}

static json_t *describe_choice(architecture_writer_t *w, int32_t task, int32_t number)
{
    const pt_choice_t *c = &w->space->choice[number];
    json_t *object = json_object();
    put(w, object, "kind", json_string(architecture_choice[c->kind]));
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

static void describe_choices(architecture_writer_t *w, int32_t task, json_t *object)
{
    const pt_space_t *s = w->space;
    json_t *choices = json_array();
    put(w, object, "choices", choices);
    pt_subnet_reach(s, w->subnet, task, w->candidate, w->node);
    for (int32_t c = 0; c < s->n_choice; c++)
        if (w->candidate[pt_space_choice_candidate(s, c, task)])
            append(w, choices, describe_choice(w, task, c));
}

static void describe_copies(architecture_writer_t *w, int32_t task, json_t *object)
{
    const pt_space_t *s = w->space;
    json_t *copies = json_array(), *p = json_array();
    put(w, object, "copies", copies);
    for (int32_t l = 0; l < s->n_layer; l++) {
        int32_t copy = w->copy[l * s->n_task + task];
        append(w, copies, json_integer(copy));
        append(w, p, json_real(w->p[s->layer_choice[l] + copy]));
    }
    if (w->alpha != NULL)
        put(w, object, "p", json_incref(p));
    json_decref(p);
}

/* What a task runs, in the order of the sums. */
static void describe_path(architecture_writer_t *w, int32_t task, json_t *object)
{
    const pt_space_t *s = w->space;
    json_t *names = json_array();
    put(w, object, "candidates", names);
    pt_subnet_reach(s, w->subnet, task, w->candidate, w->node);
    for (int32_t c = 0; c < s->n_candidate; c++)
        if (w->candidate[c])
            append(w, names, json_string(s->candidate[c].name));
}

/* Of each batch norm that the i-th task of a bundle runs, whose statistics serve. */
static void describe_owners(architecture_writer_t *w, const pt_plan_t *plan, int32_t i,
                            json_t *object)
{
    const pt_space_t *s = w->space;
    json_t *owners = json_object();
    put(w, object, "statistics", owners);
    for (int32_t v = 0; v < pt_plan_n_value(plan); v++) {
        pt_plan_value_t value = pt_plan_value(plan, v);
        if (value.op < 0 || !pt_plan_uses(plan, v, i) ||
            (s->op[value.op].inst.flags & PT_OP_HAS_STAT) == 0)
            continue;
        const pt_candidate_t *c = &s->candidate[s->op[value.op].candidate];
        char name[PT_GROUP_NAME + 16];
        snprintf(name, sizeof name, "%s.%d", c->name, (int)(value.op - c->first_op));
        put(w, owners, name, json_string(s->task[value.task].name));
    }
}

/* Tasks of a bundle, ascending; their number. */
static int32_t list_bundle(const pt_interface_t *interface, int32_t bundle, int32_t *task)
{
    int32_t n = 0;
    for (int32_t k = 0; k < interface->n_task; k++)
        if (interface->task[k].bundle == bundle)
            task[n++] = k;
    return n;
}

static pt_status_t describe_statistics(architecture_writer_t *w, json_t *tasks)
{
    int32_t n_task = w->space->n_task, *task = NULL;
    pt_plan_t *plan = NULL;
    pt_status_t status;
    PT_TRY_OR(done, pt_alloc(&task, (size_t)n_task, sizeof *task));
    PT_TRY_OR(done, pt_plan_new(w->space, n_task, &plan));
    for (int32_t b = 0; b < n_task; b++) {
        int32_t n = list_bundle(w->interface, b, task);
        if (n == 0)
            continue;
        PT_TRY_OR(done, pt_plan_compile(plan, w->subnet, PT_PASS_EVAL, task, n));
        for (int32_t i = 0; i < n; i++)
            describe_owners(w, plan, i, json_array_get(tasks, (size_t)task[i]));
    }
done:
    pt_plan_free(plan);
    pt_free(task);
    return status;
}

static pt_status_t describe_task(architecture_writer_t *w, int32_t task, json_t *tasks)
{
    const pt_space_t *s = w->space;
    json_t *object = json_object();
    pt_cost_t cost;
    append(w, tasks, object);
    put(w, object, "name", json_string(s->task[task].name));
    put(w, object, "outputs", json_integer(s->task[task].outputs));
    put(w, object, "map", json_boolean(s->task[task].is_map));
    if (w->interface != NULL)
        architecture_put_task(&w->interface->task[task], object, &w->has_failed);
    if (w->alpha != NULL)
        pt_alpha_p(s, w->alpha, task, w->p);
    if (s->kind == PT_SPACE_DAG)
        describe_choices(w, task, object);
    else
        describe_copies(w, task, object);
    describe_path(w, task, object);
    for (int32_t c = 0; c < s->n_candidate; c++)
        if (s->candidate[c].task == task)
            put(w, object, "head", json_string(s->candidate[c].name));
    PT_TRY(pt_cost_task(s, w->subnet, task, &cost));
    put(w, object, "cost", describe_cost(w, &cost));
    return PT_OK;
}

static pt_status_t describe(architecture_writer_t *w, json_t *root)
{
    json_t *tasks = json_array();
    pt_cost_t cost;
    put(w, root, "format", json_string(architecture_format));
    put(w, root, "version", json_integer(ARCHITECTURE_VERSION));
    if (w->interface != NULL)
        architecture_put_input(w->interface, root, &w->has_failed);
    put(w, root, "tasks", tasks);
    for (int32_t k = 0; k < w->space->n_task; k++)
        PT_TRY(describe_task(w, k, tasks));
    if (w->interface != NULL)
        PT_TRY(describe_statistics(w, tasks));
    PT_TRY(pt_cost_all(w->space, w->subnet, &cost));
    put(w, root, "cost", describe_cost(w, &cost));
    put(w, root, "space", describe_space(w));
    if (w->has_failed)
        PT_FAIL(MEMORY, "no memory for the description of the architecture");
    return PT_OK;
}

static pt_status_t find_branching(architecture_writer_t *w)
{
    const pt_space_t *s = w->space;
    PT_TRY(pt_alloc(&w->copy, (size_t)s->n_layer * (size_t)s->n_task, sizeof *w->copy));
    PT_TRY(pt_branching_init(&w->branching, s->n_layer, s->n_task));
    pt_copies_of_subnet(s, w->subnet, w->copy);
    return pt_copies_branching(s, w->subnet, &w->branching);
}

pt_status_t pt_architecture_text(const pt_space_t *space, const pt_subnet_t *subnet,
                                 const pt_alpha_t *alpha, const pt_interface_t *interface,
                                 pt_text_t *out)
{
    architecture_writer_t w = {
        .space = space, .subnet = subnet, .alpha = alpha, .interface = interface};
    json_t *root = json_object();
    char *text = NULL;
    pt_status_t status;
    PT_TRY_OR(done, pt_alloc(&w.candidate, (size_t)space->n_candidate, 1));
    PT_TRY_OR(done, pt_alloc(&w.node, (size_t)space->n_node, 1));
    PT_TRY_OR(done, pt_alloc(&w.p, (size_t)space->n_choice, sizeof *w.p));
    if (space->kind == PT_SPACE_BRANCH)
        PT_TRY_OR(done, find_branching(&w));
    PT_TRY_OR(done, describe(&w, root));
    text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    if (text == NULL)
        status = PT_ERROR(MEMORY, "no memory for the text of the architecture");
    else
        pt_text_add(out, "%s", text);
done:
    free(text);
    json_decref(root);
    pt_branching_release(&w.branching);
    pt_free(w.copy);
    pt_free(w.p);
    pt_free(w.node);
    pt_free(w.candidate);
    return status != PT_OK ? status : out->status;
}

pt_status_t pt_architecture_write(const pt_space_t *space, const pt_subnet_t *subnet,
                                  const pt_alpha_t *alpha, const pt_interface_t *interface,
                                  const char *path)
{
    pt_text_t text = {0};
    pt_status_t status = pt_architecture_text(space, subnet, alpha, interface, &text);
    if (status == PT_OK)
        return pt_file_write_text(path, &text);
    pt_text_release(&text);
    return status;
}
