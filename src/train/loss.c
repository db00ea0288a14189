#include "polytree/train/loss.h"

#include <math.h>

int32_t pt_loss_outputs(const pt_task_info_t *task)
{
    return task->classes;
}

int32_t pt_loss_labels(const pt_task_info_t *task)
{
    return task->kind == PT_TASK_MULTILABEL ? task->classes : 1;
}

static int64_t labelled(int64_t n, const int32_t *label)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        count += label[i] != PT_LABEL_NONE;
    return count;
}

static void set_zero(int64_t n, pt_real_t *x)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = 0;
}

/*
 * One sample: t_c = (1 - eps) [c = label] + eps / C
 *
 *     L = -sum_c t_c log p_c = lse(z) - (1 - eps) z_label - eps / C sum_c z_c
 *     dL/dz_c = p_c - t_c
 *
 * with everything relative to max z, so that no exponential overflows.
 */
static double softmax_entropy(int32_t n_class, double smoothing, const pt_real_t *z,
                              int32_t label, double scale, pt_real_t *dz)
{
    double top = (double)z[0];
    for (int32_t c = 1; c < n_class; c++)
        top = (double)z[c] > top ? (double)z[c] : top;
    double sum_exp = 0, sum_z = 0;
    for (int32_t c = 0; c < n_class; c++) {
        double shifted = (double)z[c] - top;
        sum_exp += exp(shifted);
        sum_z += shifted;
    }
    double rest = smoothing / n_class;
    if (dz) {
        for (int32_t c = 0; c < n_class; c++) {
            double target = rest + (c == label ? 1.0 - smoothing : 0.0);
            dz[c] = (pt_real_t)(scale * (exp((double)z[c] - top) / sum_exp - target));
        }
    }
    return log(sum_exp) - (1.0 - smoothing) * ((double)z[label] - top) - rest * sum_z;
}

static double cross_entropy(int32_t n_class, double smoothing, int64_t n,
                            const pt_real_t *output, const int32_t *label, double scale,
                            pt_real_t *doutput)
{
    int64_t count = labelled(n, label);
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        pt_real_t *dz = doutput ? doutput + i * n_class : NULL;
        if (label[i] != PT_LABEL_NONE)
            sum += softmax_entropy(n_class, smoothing, output + i * n_class, label[i],
                                   scale / (double)count, dz);
        else if (dz)
            set_zero(n_class, dz);
    }
    return count ? sum / (double)count : 0.0;
}

/* L = max(z, 0) - t z + log(1 + e^-|z|),  dL/dz = sigmoid(z) - t,  t = (1-eps) y + eps/2 */
static double binary_entropy(double smoothing, int64_t n, const pt_real_t *output,
                             const int32_t *label, double scale, pt_real_t *doutput)
{
    int64_t count = labelled(n, label);
    double sum = 0;
    if (doutput)
        set_zero(n, doutput);
    for (int64_t i = 0; i < n; i++) {
        if (label[i] == PT_LABEL_NONE)
            continue;
        double z = (double)output[i];
        double target = (1.0 - smoothing) * label[i] + 0.5 * smoothing;
        double e = exp(-fabs(z));
        sum += (z > 0 ? z : 0.0) - target * z + log1p(e);
        if (doutput) {
            double p = (z >= 0 ? 1.0 : e) / (1.0 + e);
            doutput[i] = (pt_real_t)(scale / (double)count * (p - target));
        }
    }
    return count ? sum / (double)count : 0.0;
}

double pt_loss(const pt_task_info_t *task, double smoothing, int64_t n,
               const pt_real_t *output, const int32_t *label, double scale,
               pt_real_t *doutput)
{
    if (task->kind == PT_TASK_MULTILABEL)
        return binary_entropy(smoothing, n * task->classes, output, label, scale, doutput);
    return cross_entropy(task->classes, smoothing, n, output, label, scale, doutput);
}
