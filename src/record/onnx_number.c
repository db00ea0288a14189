/* Values of a network's plans numbered once for all bundles, as ONNX wants them. */
#include "record/onnx.h"

#include "polytree/base/hash.h"
#include "polytree/base/memory.h"

/* What makes two values one: operation, inputs, statistics. */
static int32_t find_or_make(onnx_writer_t *w, const onnx_value_t *v)
{
    int32_t key[4] = {v->op, v->in[0], v->n_in > 1 ? v->in[1] : -1, v->owner};
    uint32_t at = (uint32_t)pt_hash64(key, sizeof key, 0) & w->mask;
    for (; w->table[at] != 0; at = (at + 1) & w->mask) {
        const onnx_value_t *old = &w->value[w->table[at] - 1];
        if (old->op == v->op && old->n_in == v->n_in && old->in[0] == v->in[0] &&
            (v->n_in < 2 || old->in[1] == v->in[1]) && old->owner == v->owner)
            return w->table[at] - 1;
    }
    w->value[w->n] = *v;
    for (int32_t i = 0; i < v->n_in; i++) {
        if (v->in[i] < 0)
            continue;
        w->value[v->in[i]].n_use++;
        w->value[v->in[i]].user = w->n;
    }
    w->table[at] = ++w->n;
    return w->n - 1;
}

/* Statistics of a value of a plan: those of its operation and first task. */
static const double *find_statistics(const onnx_writer_t *w, int32_t bundle,
                                     const pt_plan_value_t *value)
{
    const pt_plan_t *plan = pt_inference_plan(w->network, bundle);
    for (int32_t i = 0; i < pt_plan_n_stat(plan); i++)
        if (pt_plan_stat(plan, i)->op == value->op &&
            pt_plan_stat(plan, i)->task == value->task)
            return pt_inference_statistics(w->network, bundle) +
                   pt_plan_stat(plan, i)->offset;
    return NULL;
}

static void number_bundle(onnx_writer_t *w, int32_t bundle, int32_t *number)
{
    const pt_plan_t *plan = pt_inference_plan(w->network, bundle);
    const int32_t *task;
    int32_t n_task = pt_inference_tasks(w->network, bundle, &task);
    for (int32_t i = 0; i < pt_plan_n_value(plan); i++) {
        pt_plan_value_t value = pt_plan_value(plan, i);
        onnx_value_t v = {.op = value.op, .n_in = value.n_in, .owner = -1};
        for (int32_t j = 0; j < value.n_in; j++)
            v.in[j] = value.in[j] < 0 ? PT_PLAN_INPUT : number[value.in[j]];
        if (value.op >= 0 && (w->space->op[value.op].inst.flags & PT_OP_HAS_STAT) != 0) {
            v.owner = value.task;
            v.stat = find_statistics(w, bundle, &value);
        }
        number[i] = find_or_make(w, &v);
    }
    for (int32_t i = 0; i < n_task; i++) {
        w->output[task[i]] = number[pt_plan_output(plan, i)];
        w->value[w->output[task[i]]].n_use++;
    }
}

pt_status_t onnx_number(onnx_writer_t *w)
{
    int32_t *number = NULL;
    size_t most = 0, n = 0, slots = 16;
    for (int32_t b = 0; b < pt_inference_n_bundle(w->network); b++) {
        size_t m = (size_t)pt_plan_n_value(pt_inference_plan(w->network, b));
        most = m > most ? m : most;
        n += m;
    }
    while (slots < 2 * n)
        slots *= 2;
    w->mask = (uint32_t)slots - 1;
    PT_TRY(pt_alloc(&w->value, n, sizeof *w->value));
    PT_TRY(pt_alloc(&w->table, slots, sizeof *w->table));
    PT_TRY(pt_alloc(&w->output, (size_t)w->space->n_task, sizeof *w->output));
    PT_TRY(pt_alloc(&number, most, sizeof *number));
    for (int32_t b = 0; b < pt_inference_n_bundle(w->network); b++)
        number_bundle(w, b, number);
    pt_free(number);
    return PT_OK;
}
