/* Raw outputs of a network as classes, probabilities and numbers in their own units. */
#include "polytree/train/answer.h"

#include <math.h>
#include <stddef.h>

static bool is_sigmoid(pt_task_kind_t kind)
{
    return kind == PT_TASK_MULTILABEL || kind == PT_TASK_EDGES || kind == PT_TASK_SALIENCY;
}

int32_t pt_answers(const pt_objective_t *objective, bool is_raw,
                   pt_answer_t answer[PT_TASK_ANSWERS])
{
    static const pt_answer_t number = {.name = "class", .is_class = true, .values = 1};
    int64_t n = objective->outputs;

    if (is_raw) {
        answer[0] = (pt_answer_t){.name = "logits", .values = n, .is_list = true};
        return 1;
    }
    switch (objective->info->kind) {
    case PT_TASK_CLASSIFICATION:
        answer[0] = number;
        answer[1] = (pt_answer_t){.name = "probability", .values = n, .is_list = true};
        return 2;
    case PT_TASK_SEGMENTATION:
        answer[0] = number;
        answer[1] = (pt_answer_t){.name = "confidence", .values = 1};
        return 2;
    default:
        answer[0] = (pt_answer_t){
            .name = is_sigmoid(objective->info->kind) ? "probability" : "value",
            .is_double = objective->info->kind == PT_TASK_REGRESSION,
            .values = n,
            .is_list = n > 1 || objective->info->kind == PT_TASK_MULTILABEL};
        return 1;
    }
}

/** The first of the largest. */
static int32_t largest(int32_t n, const pt_real_t *output)
{
    int32_t best = 0;

    for (int32_t c = 1; c < n; c++)
        if (output[c] > output[best])
            best = c;
    return best;
}

/** exp(z_c - z_best) of all classes add up to one over the best one's probability. */
static double sum_exp(int32_t n, const pt_real_t *output, int32_t best)
{
    double sum = 0;

    for (int32_t c = 0; c < n; c++)
        sum += exp((double)output[c] - (double)output[best]);
    return sum;
}

static void answer_class(int32_t n, const pt_real_t *output, bool has_all, int32_t *class,
                         float *probability)
{
    int32_t best = largest(n, output);
    double sum = sum_exp(n, output, best);

    *class = best;
    if (!has_all)
        *probability = (float)(1 / sum);
    for (int32_t c = 0; c < n && has_all; c++)
        probability[c] = (float)(exp((double)output[c] - (double)output[best]) / sum);
}

static void answer_normal(const pt_real_t *output, float *value)
{
    double square = 0;

    for (int c = 0; c < 3; c++)
        square += (double)output[c] * (double)output[c];
    for (int c = 0; c < 3; c++)
        value[c] = (float)(square > 0 ? (double)output[c] / sqrt(square) : 0);
}

static void answer_number(const pt_objective_t *o, const pt_real_t *output, double *value)
{
    const pt_standard_t *unit = o->info->standard;

    for (int32_t c = 0; c < o->outputs; c++)
        value[c] = unit == NULL ? (double)output[c]
                                : unit[c].mean + unit[c].deviation * (double)output[c];
}

/** Of a depth, a normal, or what is so or not. */
static void answer_each(const pt_objective_t *o, const pt_real_t *output, float *value)
{
    if (o->info->kind == PT_TASK_NORMALS)
        answer_normal(output, value);
    else if (is_sigmoid(o->info->kind))
        for (int32_t c = 0; c < o->outputs; c++)
            value[c] = (float)(1 / (1 + exp(-(double)output[c])));
    else
        *value = (float)*output;
}

void pt_answer(const pt_objective_t *objective, bool is_raw, int64_t n,
               const pt_real_t *output, void *const to[PT_TASK_ANSWERS])
{
    int32_t outputs = objective->outputs;
    pt_task_kind_t kind = objective->info->kind;
    bool is_all = kind == PT_TASK_CLASSIFICATION;
    bool is_class = is_all || kind == PT_TASK_SEGMENTATION;

    for (int64_t i = 0; i < n; i++, output += outputs) {
        float *value = (float *)to[0] + i * outputs;
        if (is_raw)
            for (int32_t c = 0; c < outputs; c++)
                value[c] = (float)output[c];
        else if (is_class)
            answer_class(outputs, output, is_all, (int32_t *)to[0] + i,
                         (float *)to[1] + (is_all ? i * outputs : i));
        else if (kind == PT_TASK_REGRESSION)
            answer_number(objective, output, (double *)to[0] + i * outputs);
        else
            answer_each(objective, output, value);
    }
}
