/* Weights of classes in cross entropies. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/train/objective.h"

static void count_label(const pt_objective_t *o, int32_t label, double *count)
{
    if (label != PT_LABEL_NONE && label >= 0 && label < o->outputs)
        count[label]++;
}

static pt_status_t count_maps(pt_dataset_t *dataset, int32_t index, const pt_objective_t *o,
                              double *count)
{
    int64_t n = pt_task_labels(o->info);
    pt_task_rows_t rows = pt_dataset_rows(dataset, PT_SPLIT_TRAIN, index);
    pt_label_t *label;
    pt_status_t status = PT_OK;

    PT_TRY(pt_alloc(&label, (size_t)n, sizeof *label));
    for (int64_t row = 0; row < rows.n && status == PT_OK; row++) {
        status = pt_dataset_read_labels(dataset, PT_SPLIT_TRAIN, index, &row, 1, label);
        for (int64_t i = 0; i < n && status == PT_OK; i++)
            count_label(o, label[i].i, count);
    }
    pt_free(label);
    return status;
}

/* One over the labels of a class; what train lacks is as dear as the rarest that it has. */
static pt_status_t balance(pt_dataset_t *dataset, int32_t index, const pt_objective_t *o,
                           double *weight)
{
    pt_task_rows_t rows = pt_dataset_rows(dataset, PT_SPLIT_TRAIN, index);

    if (rows.labels == NULL)
        PT_TRY(count_maps(dataset, index, o, weight));
    for (int64_t row = 0; row < rows.n && rows.labels != NULL; row++)
        count_label(o, rows.labels[row], weight);
    double least = (double)INFINITY;
    for (int32_t c = 0; c < o->outputs; c++)
        least = weight[c] > 0 ? fmin(least, weight[c]) : least;
    for (int32_t c = 0; c < o->outputs; c++)
        weight[c] = 1 / (weight[c] > 0 ? weight[c] : fmin(least, 1e300));
    return PT_OK;
}

static pt_status_t read_list(const char *text, const pt_objective_t *o, double *weight)
{
    const char *at = text;
    char *end = NULL;
    int32_t n = 0;

    for (; *at != '\0'; at = end, n++) {
        double x = strtod(at, &end);
        if (end == at || !isfinite(x) || x <= 0)
            PT_FAIL(
                CONFIG,
                "task %s: class_weights: expected none, balanced or positive numbers, got "
                "'%s'",
                o->info->name, text);
        if (n < o->outputs)
            weight[n] = x;
        end += strspn(end, " \t,");
    }
    if (n != o->outputs)
        PT_FAIL(CONFIG, "task %s: class_weights has %d numbers, the task %d classes",
                o->info->name, (int)n, (int)o->outputs);
    return PT_OK;
}

static void scale(int32_t n, const double *weight, int64_t *out)
{
    double most = 0;

    for (int32_t c = 0; c < n; c++)
        most = fmax(most, weight[c]);
    for (int32_t c = 0; c < n; c++) {
        int64_t x = llrint(weight[c] / most * (double)PT_CLASS_WEIGHT);
        out[c] = x > 0 ? x : 1;
    }
}

pt_status_t pt_class_weights_make(const pt_config_t *config, pt_dataset_t *dataset,
                                  int32_t index, const pt_objective_t *objective,
                                  int64_t **weight)
{
    pt_task_config_t c = pt_config_task(config, objective->info->name);
    const pt_objective_t *o = objective;
    double *real;
    int64_t *fixed = NULL;
    pt_status_t status;

    *weight = NULL;
    if (strcmp(c.class_weights, "none") == 0)
        return PT_OK;
    if (o->loss != PT_LOSS_CROSS_ENTROPY)
        PT_FAIL(CONFIG, "task %s: class_weights is for loss cross_entropy, not for %s",
                o->info->name, pt_loss_name(o->loss));
    PT_TRY(pt_alloc(&real, (size_t)o->outputs, sizeof *real));
    if (strcmp(c.class_weights, "balanced") == 0)
        PT_TRY_OR(done, balance(dataset, index, o, real));
    else
        PT_TRY_OR(done, read_list(c.class_weights, o, real));
    PT_TRY_OR(done, pt_alloc(&fixed, (size_t)o->outputs, sizeof *fixed));
    scale(o->outputs, real, fixed);
    *weight = fixed;
done:
    pt_free(real);
    return status;
}
