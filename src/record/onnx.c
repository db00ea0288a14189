/* A trained network as a graph of ONNX: its values, numbered once for all bundles, become
 * nodes.
 *
 * Windows have explicit padding, for ONNX's own ways of "same" put it elsewhere where the
 * stride is 2.  A resize is told its output's sizes, as a scale would be rounded.
 */
#include "record/onnx.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"

static const pt_op_inst_t *inst_of(const onnx_writer_t *w, const onnx_value_t *v)
{
    return &w->space->op[v->op].inst;
}

static bool is_op(const onnx_writer_t *w, const onnx_value_t *v, const char *name)
{
    return v->op >= 0 && strcmp(inst_of(w, v)->op->name, name) == 0;
}

static const char *name_value(int32_t value, char name[ONNX_NAME])
{
    if (value == PT_PLAN_INPUT)
        snprintf(name, ONNX_NAME, "value/input");
    else
        snprintf(name, ONNX_NAME, "value/%d", (int)value);
    return name;
}

/* Tasks' names have no '/', so that nothing else is called like an output. */
static const char *input_name(const onnx_writer_t *w)
{
    for (int32_t k = 0; k < w->space->n_task; k++)
        if (strcmp(w->space->task[k].name, "input") == 0)
            return "value/fed";
    return "input";
}

static const pt_param_t *param_of(const onnx_writer_t *w, const onnx_value_t *v, int32_t i)
{
    return &w->space->store.param[w->space->op[v->op].param[i]];
}

static const float *tensor_of(const onnx_writer_t *w, const onnx_value_t *v, int32_t i)
{
    return w->space->store.value + param_of(w, v, i)->offset;
}

/* A channel of a batch norm is scale x + shift. */
static void norm_of(const onnx_writer_t *w, const onnx_value_t *norm, int64_t c,
                    double *scale, double *shift)
{
    const pt_op_inst_t *inst = inst_of(w, norm);
    *scale = 1 / sqrt(norm->stat[inst->out.c + c] + inst->attr.eps);
    if (inst->n_param > 0)
        *scale *= (double)tensor_of(w, norm, 0)[c];
    *shift = -norm->stat[c] * *scale;
    if (inst->n_param > 0)
        *shift += (double)tensor_of(w, norm, 1)[c];
}

/* Weights [out][place][in] as [out][in][place], and a bias where there is one, with the
 * batch norm behind them or NULL. */
static pt_status_t arrange(onnx_writer_t *w, const onnx_value_t *v, int64_t n_place,
                           const onnx_value_t *norm)
{
    const float *weight = tensor_of(w, v, 0);
    int64_t n_out = param_of(w, v, 0)->dim[0];
    int64_t n_in = param_of(w, v, 0)->count / n_out / n_place;
    bool has_bias = inst_of(w, v)->n_param > 1;
    PT_TRY(pt_grow(&w->room, &w->n_room, (size_t)(n_out * n_in * n_place), sizeof(float)));
    PT_TRY(pt_grow(&w->bias, &w->n_bias, (size_t)n_out, sizeof(float)));
    for (int64_t o = 0; o < n_out; o++) {
        double scale = 1, shift = 0;
        if (norm != NULL)
            norm_of(w, norm, o, &scale, &shift);
        if (has_bias)
            shift += scale * (double)tensor_of(w, v, 1)[o];
        w->bias[o] = (float)shift;
        for (int64_t p = 0; p < n_place; p++)
            for (int64_t i = 0; i < n_in; i++)
                w->room[(o * n_in + i) * n_place + p] =
                    (float)(scale * (double)weight[(o * n_place + p) * n_in + i]);
    }
    return PT_OK;
}

/* Weights and bias of a layer, as arranged, and its node.  Folded ones are called as the
 * value, of which there may be several with those weights. */
static void put_layer(onnx_writer_t *w, const char *op, const onnx_value_t *v,
                      const onnx_value_t *norm, int32_t n_dim, const int64_t *dim,
                      const char *in, const char *out, pt_text_t *list)
{
    char weight[ONNX_NAME], bias[ONNX_NAME + 8];
    bool has_bias = norm != NULL || inst_of(w, v)->n_param > 1;
    snprintf(weight, sizeof weight, "%s/%s", norm != NULL ? "folded" : "weight",
             norm != NULL ? out : param_of(w, v, 0)->name);
    snprintf(bias, sizeof bias, "%s/bias", weight);
    uint8_t *has_put = &w->has_put[w->space->op[v->op].param[0]];
    if (norm != NULL || !*has_put) {
        onnx_floats(&w->graph, weight, n_dim, dim, w->room);
        if (has_bias)
            onnx_floats(&w->graph, bias, 1, dim, w->bias);
    }
    *has_put |= norm == NULL;
    onnx_node(&w->graph, op, out, has_bias ? 3 : 2, (const char *[]){in, weight, bias},
              list);
}

static pt_status_t put_conv(onnx_writer_t *w, const onnx_value_t *v,
                            const onnx_value_t *norm, const char *in, const char *out)
{
    const pt_op_attr_t *a = &inst_of(w, v)->attr;
    const pt_param_t *weight = param_of(w, v, 0);
    const int64_t dim[4] = {weight->dim[0], weight->dim[3], a->kernel, a->kernel};
    const int64_t dilation[2] = {a->dilation, a->dilation};
    const int64_t stride[2] = {a->stride, a->stride};
    pt_op_pads_t p = {0};
    pt_text_t list = {0};
    (void)pt_op_pads(inst_of(w, v), &p);
    PT_TRY(arrange(w, v, (int64_t)a->kernel * a->kernel, norm));
    onnx_attr_ints(&list, "dilations", 2, dilation);
    onnx_attr_int(&list, "group", a->groups);
    onnx_attr_ints(&list, "kernel_shape", 2, dim + 2);
    onnx_attr_ints(&list, "pads", 4, (const int64_t[]){p.top, p.left, p.bottom, p.right});
    onnx_attr_ints(&list, "strides", 2, stride);
    put_layer(w, "Conv", v, norm, 4, dim, in, out, &list);
    return PT_OK;
}

static void put_scalar(pt_text_t *graph, const char *name, float value)
{
    onnx_floats(graph, name, 0, NULL, &value);
}

/* [n, c] to [n, c, 1, 1]. */
static void put_unsqueeze(onnx_writer_t *w, const char *in, const char *out)
{
    const int64_t pixel[2] = {2, 3};
    if (!w->has_pixel)
        onnx_integers(&w->graph, "axes/pixel", 2, pixel);
    w->has_pixel = true;
    onnx_node(&w->graph, "Unsqueeze", out, 2, (const char *[]){in, "axes/pixel"}, NULL);
}

/* [n, c, h, w] to [n, c h w], for which its weights are arranged, and back. */
static pt_status_t put_linear(onnx_writer_t *w, const onnx_value_t *v,
                              const onnx_value_t *norm, const char *in, const char *out)
{
    pt_shape_t shape = inst_of(w, v)->in[0];
    const int64_t dim[2] = {inst_of(w, v)->out.c, shape.h * shape.w * shape.c};
    char flat[ONNX_NAME], row[ONNX_NAME];
    pt_text_t list = {0};
    snprintf(flat, sizeof flat, "%s/flat", out);
    snprintf(row, sizeof row, "%s/row", out);
    PT_TRY(arrange(w, v, shape.h * shape.w, norm));
    onnx_attr_int(&list, "transB", 1);
    onnx_node(&w->graph, "Flatten", flat, 1, &in, NULL);
    put_layer(w, "Gemm", v, norm, 2, dim, flat, row, &list);
    put_unsqueeze(w, row, out);
    return PT_OK;
}

/* A convolution or linear layer, with what is folded into it. */
static pt_status_t put_weighted(onnx_writer_t *w, const onnx_value_t *v,
                                const onnx_value_t *norm, const char *out)
{
    char in[ONNX_NAME];
    name_value(v->in[0], in);
    return is_op(w, v, "conv") ? put_conv(w, v, norm, in, out)
                               : put_linear(w, v, norm, in, out);
}

static void put_act(onnx_writer_t *w, pt_act_t act, const char *in, const char *out)
{
    if (act != PT_ACT_RELU6) {
        onnx_node(&w->graph, "Relu", out, 1, &in, NULL);
        return;
    }
    if (!w->has_bounds) {
        put_scalar(&w->graph, "zero", 0);
        put_scalar(&w->graph, "six", 6);
    }
    w->has_bounds = true;
    onnx_node(&w->graph, "Clip", out, 3, (const char *[]){in, "zero", "six"}, NULL);
}

/* The batch norm that goes into a value, and there alone; NULL: none does. */
static const onnx_value_t *folded_into(const onnx_writer_t *w, const onnx_value_t *v)
{
    const onnx_value_t *user = v->n_use == 1 ? &w->value[v->user] : NULL;
    bool is_weighted = is_op(w, v, "conv") || is_op(w, v, "linear");
    return w->options->is_folded && is_weighted && user != NULL &&
                   is_op(w, user, "batch_norm")
               ? user
               : NULL;
}

static pt_status_t put_norm(onnx_writer_t *w, const onnx_value_t *v, const char *out)
{
    enum { N_TENSOR = 4 };
    static const char *const what[N_TENSOR] = {"scale", "shift", "mean", "variance"};
    const pt_op_inst_t *inst = inst_of(w, v);
    int64_t n = inst->out.c;
    char in[ONNX_NAME], tensor[N_TENSOR][ONNX_NAME + 16];
    pt_text_t list = {0};
    PT_TRY(pt_grow(&w->bias, &w->n_bias, (size_t)n, sizeof(float)));
    for (int i = 0; i < N_TENSOR; i++) {
        snprintf(tensor[i], sizeof tensor[i], "%s/%s", out, what[i]);
        for (int64_t c = 0; c < n; c++)
            w->bias[c] = i >= 2              ? (float)v->stat[(i - 2) * n + c]
                         : inst->n_param > 0 ? tensor_of(w, v, i)[c]
                                             : (float)(1 - i);
        onnx_floats(&w->graph, tensor[i], 1, &n, w->bias);
    }
    onnx_attr_float(&list, "epsilon", (float)inst->attr.eps);
    onnx_node(&w->graph, "BatchNormalization", out, 1 + N_TENSOR,
              (const char *[]){name_value(v->in[0], in), tensor[0], tensor[1], tensor[2],
                               tensor[3]},
              &list);
    return PT_OK;
}

/* Of a batch norm: the activation comes behind it. */
static pt_status_t put_batch_norm(onnx_writer_t *w, const onnx_value_t *v, const char *out)
{
    pt_act_t act = inst_of(w, v)->attr.act;
    const onnx_value_t *before = v->in[0] < 0 ? NULL : &w->value[v->in[0]];
    char norm[ONNX_NAME];
    snprintf(norm, sizeof norm, "%s%s", out, act == PT_ACT_NONE ? "" : "/norm");
    if (before != NULL && folded_into(w, before) == v)
        PT_TRY(put_weighted(w, before, v, norm));
    else
        PT_TRY(put_norm(w, v, norm));
    if (act != PT_ACT_NONE)
        put_act(w, act, norm, out);
    return PT_OK;
}

static pt_status_t put_layer_alone(onnx_writer_t *w, const onnx_value_t *v, const char *out)
{
    return put_weighted(w, v, NULL, out);
}

static pt_status_t put_relu(onnx_writer_t *w, const onnx_value_t *v, const char *out)
{
    char in[ONNX_NAME];
    put_act(w, inst_of(w, v)->attr.act, name_value(v->in[0], in), out);
    return PT_OK;
}

static pt_status_t put_add(onnx_writer_t *w, const onnx_value_t *v, const char *out)
{
    char a[ONNX_NAME], b[ONNX_NAME];
    onnx_node(&w->graph, "Add", out, 2,
              (const char *[]){name_value(v->in[0], a), name_value(v->in[1], b)}, NULL);
    return PT_OK;
}

static pt_status_t put_concat(onnx_writer_t *w, const onnx_value_t *v, const char *out)
{
    char a[ONNX_NAME], b[ONNX_NAME];
    pt_text_t list = {0};
    onnx_attr_int(&list, "axis", 1);
    onnx_node(&w->graph, "Concat", out, 2,
              (const char *[]){name_value(v->in[0], a), name_value(v->in[1], b)}, &list);
    return PT_OK;
}

/* Explicit padding on both sides also where sizes are odd; what is outside counts in no
 * average. */
static pt_status_t put_pool(onnx_writer_t *w, const onnx_value_t *v, const char *out)
{
    const pt_op_inst_t *inst = inst_of(w, v);
    const int64_t kernel[2] = {inst->attr.kernel, inst->attr.kernel};
    const int64_t stride[2] = {inst->attr.stride, inst->attr.stride};
    bool is_max = is_op(w, v, "pool_max");
    char in[ONNX_NAME];
    pt_op_pads_t p = {0};
    pt_text_t list = {0};
    const char *from = name_value(v->in[0], in);
    (void)pt_op_pads(inst, &p);
    if (!is_max)
        onnx_attr_int(&list, "count_include_pad", 0);
    onnx_attr_ints(&list, "kernel_shape", 2, kernel);
    onnx_attr_ints(&list, "pads", 4, (const int64_t[]){p.top, p.left, p.bottom, p.right});
    onnx_attr_ints(&list, "strides", 2, stride);
    onnx_node(&w->graph, is_max ? "MaxPool" : "AveragePool", out, 1, &from, &list);
    return PT_OK;
}

static pt_status_t put_global_pool(onnx_writer_t *w, const onnx_value_t *v, const char *out)
{
    char in[ONNX_NAME];
    const char *from = name_value(v->in[0], in);
    onnx_node(&w->graph, "GlobalAveragePool", out, 1, &from, NULL);
    return PT_OK;
}

/* The number of samples, once. */
static void put_samples(onnx_writer_t *w)
{
    const int64_t begin = 0, end = 1;
    const char *input = input_name(w);
    if (w->has_samples)
        return;
    w->has_samples = true;
    onnx_integers(&w->graph, "samples/begin", 1, &begin);
    onnx_integers(&w->graph, "samples/end", 1, &end);
    onnx_node(&w->graph, "Shape", "samples/shape", 1, &input, NULL);
    onnx_node(&w->graph, "Slice", "samples", 3,
              (const char *[]){"samples/shape", "samples/begin", "samples/end"}, NULL);
}

static pt_status_t put_resize(onnx_writer_t *w, const onnx_value_t *v, const char *out)
{
    const pt_op_inst_t *inst = inst_of(w, v);
    const int64_t size[3] = {inst->out.c, inst->out.h, inst->out.w};
    char in[ONNX_NAME], rest[ONNX_NAME], sizes[ONNX_NAME];
    pt_text_t list = {0};
    snprintf(rest, sizeof rest, "%s/size", out);
    snprintf(sizes, sizeof sizes, "%s/sizes", out);
    put_samples(w);
    onnx_integers(&w->graph, rest, 3, size);
    onnx_attr_int(&list, "axis", 0);
    onnx_node(&w->graph, "Concat", sizes, 2, (const char *[]){"samples", rest}, &list);
    list = (pt_text_t){0};
    onnx_attr_text(&list, "coordinate_transformation_mode",
                   inst->attr.align_corners ? "align_corners" : "half_pixel");
    onnx_attr_text(&list, "mode", "linear");
    onnx_node(&w->graph, "Resize", out, 4,
              (const char *[]){name_value(v->in[0], in), "", "", sizes}, &list);
    return PT_OK;
}

static pt_status_t put_value(onnx_writer_t *w, const onnx_value_t *v, const char *out)
{
    static const struct {
        const char *op;
        pt_status_t (*put)(onnx_writer_t *w, const onnx_value_t *v, const char *out);
    } known[] = {{"conv", put_layer_alone},
                 {"linear", put_layer_alone},
                 {"batch_norm", put_batch_norm},
                 {"relu", put_relu},
                 {"add", put_add},
                 {"concat", put_concat},
                 {"pool_max", put_pool},
                 {"pool_avg", put_pool},
                 {"global_pool", put_global_pool},
                 {"resize", put_resize}};
    if (v->op < 0)
        return put_add(w, v, out);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].op, inst_of(w, v)->op->name) == 0)
            return known[i].put(w, v, out);
    PT_FAIL(MISSING, "operation %s has no form in ONNX", inst_of(w, v)->op->name);
}

/* One step of what happens to stored numbers: x `op` number; the name of what comes out. */
static const char *put_step(onnx_writer_t *w, const char *op, const char *x,
                            const char *name, int64_t n, const double *number)
{
    char tensor[ONNX_NAME + 4];
    snprintf(tensor, sizeof tensor, "%s/by", name);
    onnx_rounded(&w->graph, tensor, n, number);
    onnx_node(&w->graph, op, name, 2, (const char *[]){x, tensor}, NULL);
    return name;
}

/* Units of n channels, as arrays. */
static pt_status_t take_units(onnx_writer_t *w, const pt_standard_t *unit, int64_t n)
{
    PT_TRY(pt_grow(&w->mean, &w->n_mean, (size_t)n, sizeof(double)));
    PT_TRY(pt_grow(&w->deviation, &w->n_deviation, (size_t)n, sizeof(double)));
    for (int64_t c = 0; c < n; c++) {
        w->mean[c] = unit[c].mean;
        w->deviation[c] = unit[c].deviation;
    }
    return PT_OK;
}

/* Floats would lose what tells such numbers apart: a thousandth of their deviation. */
static bool needs_double(const pt_input_info_t *info)
{
    bool is_needed = false;
    if (info->standard == NULL || info->scale != 1)
        return false;
    for (int64_t c = 0; c < info->hwc[2]; c++)
        is_needed |= fabs(info->standard[c].mean) * FLT_EPSILON / 2 >
                     info->standard[c].deviation / 1000;
    return is_needed;
}

/* Numbers of a data set, which may be far from 0 for their deviation, at mean 0 and
 * deviation 1. */
static pt_status_t put_standard(onnx_writer_t *w, const pt_input_info_t *info,
                                const char **x)
{
    const int64_t n = info->hwc[2];
    pt_text_t list = {0};
    PT_TRY(take_units(w, info->standard, n));
    if (needs_double(info)) {
        onnx_doubles(&w->graph, "value/centred/by", n, w->mean);
        onnx_node(&w->graph, "Sub", "value/centred/double", 2,
                  (const char *[]){*x, "value/centred/by"}, NULL);
        onnx_attr_int(&list, "to", ONNX_FLOAT);
        *x = "value/centred/double";
        onnx_node(&w->graph, "Cast", "value/centred", 1, x, &list);
        *x = "value/centred";
    } else {
        *x = put_step(w, "Sub", *x, "value/centred", n, w->mean);
    }
    *x = put_step(w, "Div", *x, "value/standard", n, w->deviation);
    return PT_OK;
}

/* As it is stored, to [n, channels, height, width] as the network reads it. */
static pt_status_t put_input(onnx_writer_t *w)
{
    const pt_input_info_t *info = &w->found->interface.input;
    const char *name = input_name(w), *x = name;
    const double most = 255;
    const int64_t order[4] = {0, 3, 1, 2};
    pt_text_t list = {0};
    onnx_input(&w->graph, name,
               w->options->takes_bytes ? ONNX_UINT8
               : needs_double(info)    ? ONNX_DOUBLE
                                       : ONNX_FLOAT,
               info->is_image ? 3 : 1, info->is_image ? info->hwc : info->hwc + 2);
    if (w->options->takes_bytes) {
        onnx_attr_int(&list, "to", ONNX_FLOAT);
        onnx_node(&w->graph, "Cast", "value/float", 1, &x, &list);
        x = put_step(w, "Div", "value/float", "value/unit", 0, &most);
    } else if (!info->is_byte && info->scale != 1) {
        x = put_step(w, "Mul", x, "value/scaled", 0, &info->scale);
    }
    if (info->standard != NULL)
        PT_TRY(put_standard(w, info, &x));
    list = (pt_text_t){0};
    if (info->is_image) {
        onnx_attr_ints(&list, "perm", 4, order);
        onnx_node(&w->graph, "Transpose", "value/input", 1, &x, &list);
    } else {
        put_unsqueeze(w, x, "value/input");
    }
    return PT_OK;
}

/* Of a regression in the units of its labels. */
static pt_status_t put_output(onnx_writer_t *w, int32_t task)
{
    const pt_space_task_t *t = &w->space->task[task];
    const pt_standard_t *unit = w->found->interface.task[task].info.standard;
    pt_shape_t input = w->space->node[0].shape;
    const int64_t dim[3] = {input.h, input.w, t->outputs}, order[4] = {0, 2, 3, 1};
    char in[ONNX_NAME], raw[ONNX_NAME], scaled[ONNX_NAME];
    const char *from = name_value(w->output[task], in);
    pt_text_t list = {0};
    snprintf(raw, sizeof raw, "output/%d/raw", (int)task);
    snprintf(scaled, sizeof scaled, "output/%d/scaled", (int)task);
    onnx_output(&w->graph, t->name, t->is_map ? 3 : 1, t->is_map ? dim : dim + 2);
    if (t->is_map)
        onnx_attr_ints(&list, "perm", 4, order);
    onnx_node(&w->graph, t->is_map ? "Transpose" : "Flatten", unit ? raw : t->name, 1,
              &from, &list);
    if (unit == NULL)
        return PT_OK;
    PT_TRY(take_units(w, unit, t->outputs));
    put_step(w, "Mul", raw, scaled, t->outputs, w->deviation);
    put_step(w, "Add", scaled, t->name, t->outputs, w->mean);
    return PT_OK;
}

static void put_properties(const pt_interface_task_t *task, pt_text_t *properties)
{
    char key[PT_NAME + 16];
    pt_text_t names = {0};
    snprintf(key, sizeof key, "%s/kind", task->info.name);
    onnx_property(properties, key, pt_task_kind_name(task->info.kind));
    if (task->class_name == NULL)
        return;
    for (int32_t c = 0; c < task->info.classes; c++)
        pt_text_add(&names, "%s%s", c > 0 ? "\n" : "", task->class_name[c].text);
    snprintf(key, sizeof key, "%s/class_names", task->info.name);
    onnx_property(properties, key, pt_text_get(&names));
    if (properties->status == PT_OK)
        properties->status = names.status;
    pt_text_release(&names);
}

static pt_status_t put_all(onnx_writer_t *w, pt_text_t *properties)
{
    char out[ONNX_NAME];
    PT_TRY(pt_alloc(&w->has_put, (size_t)w->space->store.n_param, 1));
    PT_TRY(onnx_number(w));
    PT_TRY(put_input(w));
    for (int32_t i = 0; i < w->n; i++)
        if (folded_into(w, &w->value[i]) == NULL)
            PT_TRY(put_value(w, &w->value[i], name_value(i, out)));
    for (int32_t k = 0; k < w->space->n_task; k++) {
        PT_TRY(put_output(w, k));
        put_properties(&w->found->interface.task[k], properties);
    }
    return w->graph.status;
}

pt_status_t pt_onnx_text(const pt_architecture_t *found, const pt_inference_t *network,
                         const pt_onnx_options_t *options, pt_text_t *out)
{
    onnx_writer_t w = {
        .found = found, .space = found->space, .network = network, .options = options};
    pt_text_t properties = {0};
    pt_status_t status = put_all(&w, &properties);
    if (status == PT_OK)
        onnx_model(out, &w.graph, &properties);
    pt_text_release(&w.graph);
    pt_text_release(&properties);
    pt_free(w.value);
    pt_free(w.table);
    pt_free(w.output);
    pt_free(w.has_put);
    pt_free(w.room);
    pt_free(w.bias);
    pt_free(w.mean);
    pt_free(w.deviation);
    PT_TRY(status != PT_OK ? status : out->status);
    if (out->n > INT32_MAX)
        PT_FAIL(RANGE, "a model of %zu bytes, but ONNX ends at 2 GiB", out->n);
    return PT_OK;
}
