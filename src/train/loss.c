/* Losses of every kind of task and their gradients. */
#include "polytree/train/loss.h"

#include <math.h>

/* Added to |z|^2 of a vector that is to be normalised. */
#define SMALL_SQUARE 1e-6

/* Everything about one call; n counts samples or pixels. */
typedef struct loss_work {
    const pt_objective_t *o;
    int64_t n;
    const pt_real_t *z;
    const pt_label_t *y;
    pt_loss_terms_t weight;
    double scale; /* of the gradient */
    pt_real_t *dz;
} loss_work_t;

static void set_zero(int64_t n, pt_real_t *x)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = 0;
}

/* Does the vector of `width` floats have a label? */
static bool has_vector(int32_t width, const pt_label_t *y)
{
    for (int32_t c = 0; c < width; c++)
        if (isnan(y[c].f))
            return false;
    return true;
}

static bool is_of_vectors(pt_task_loss_t loss)
{
    return loss == PT_LOSS_L1_NORMALS || loss == PT_LOSS_COSINE;
}

static int64_t count_labelled(const pt_objective_t *o, int64_t n, const pt_label_t *y)
{
    int64_t count = 0;

    if (is_of_vectors(o->loss)) {
        for (int64_t i = 0; i < n; i++)
            count += has_vector(o->labels, y + i * o->labels);
        return o->loss == PT_LOSS_COSINE ? count : count * o->labels;
    }
    bool is_float = pt_task_is_float(o->info);
    for (int64_t i = 0; i < n * o->labels; i++)
        count += is_float ? !isnan(y[i].f) : y[i].i != PT_LABEL_NONE;
    return count;
}

/* t_c, with the weight of the label's class.  PyTorch has that of class c: one of few
 * labels, which is dear, would then pull at every element through the smoothing. */
static double target_of(const pt_objective_t *o, int32_t label, int32_t c)
{
    double t = o->smoothing / o->outputs + (c == label ? 1.0 - o->smoothing : 0.0);

    return o->class_weight == NULL
               ? t
               : t * ((double)o->class_weight[label] / (double)PT_CLASS_WEIGHT);
}

/*
 * One element of label y: t_c = w_y ((1 - eps) [c = y] + eps / C)
 *
 *     L = -sum_c t_c log p_c = sum_c t_c lse(z) - sum_c t_c z_c
 *     dL/dz_c = p_c sum_j t_j - t_c
 *
 * with everything relative to max z, so that no exponential overflows.
 */
static double softmax_entropy(const pt_objective_t *o, const pt_real_t *z, int32_t label,
                              double scale, pt_real_t *dz)
{
    const int32_t n_class = o->outputs;
    double top = (double)z[0];
    for (int32_t c = 1; c < n_class; c++)
        top = (double)z[c] > top ? (double)z[c] : top;
    double sum_exp = 0, sum_target = 0, sum_z = 0;
    for (int32_t c = 0; c < n_class; c++) {
        double shifted = (double)z[c] - top, t = target_of(o, label, c);
        sum_exp += exp(shifted);
        sum_target += t;
        sum_z += t * shifted;
    }
    for (int32_t c = 0; c < n_class && dz; c++) {
        double p = exp((double)z[c] - top) / sum_exp;
        dz[c] = (pt_real_t)(scale * (sum_target * p - target_of(o, label, c)));
    }
    return sum_target * log(sum_exp) - sum_z;
}

static pt_loss_terms_t cross_entropy(const loss_work_t *w)
{
    int32_t n_class = w->o->outputs;
    double sum = 0;

    for (int64_t i = 0; i < w->n; i++) {
        pt_real_t *dz = w->dz ? w->dz + i * n_class : NULL;
        if (w->y[i].i != PT_LABEL_NONE)
            sum += softmax_entropy(w->o, w->z + i * n_class, w->y[i].i,
                                   w->scale * w->weight.positive, dz);
        else if (dz)
            set_zero(n_class, dz);
    }
    return (pt_loss_terms_t){sum, 0};
}

/*
 * With weights w of positives and v of negatives:
 *
 *     L = w t s(-z) + v (1 - t) s(z),  s(z) = log(1 + e^z) = max(z, 0) + log(1 + e^-|z|)
 *     dL/dz = a sigmoid(z) - b,  a = w t + v (1 - t),  b = w t
 */
static pt_loss_terms_t binary_entropy(const loss_work_t *w)
{
    double smoothing = w->o->smoothing;
    pt_loss_terms_t sum = {0, 0};

    for (int64_t i = 0; i < w->n * w->o->labels; i++) {
        if (w->y[i].i == PT_LABEL_NONE) {
            if (w->dz)
                w->dz[i] = 0;
            continue;
        }
        double z = (double)w->z[i];
        double target = (1.0 - smoothing) * w->y[i].i + 0.5 * smoothing;
        double e = exp(-fabs(z)), rest = log1p(e);
        sum.positive += target * ((z < 0 ? -z : 0.0) + rest);
        sum.negative += (1.0 - target) * ((z > 0 ? z : 0.0) + rest);
        if (w->dz) {
            double b = w->weight.positive * target;
            double a = b + w->weight.negative * (1.0 - target);
            double p = (z >= 0 ? 1.0 : e) / (1.0 + e);
            w->dz[i] = (pt_real_t)(w->scale * (a * p - b));
        }
    }
    return sum;
}

/* How far output i is from its label; 0 where there is none. */
static double distance(const loss_work_t *w, int64_t i)
{
    double y = (double)w->y[i].f;

    return isnan(y) ? 0 : (double)w->z[i] - y;
}

static pt_loss_terms_t l1(const loss_work_t *w)
{
    double sum = 0;

    for (int64_t i = 0; i < w->n * w->o->labels; i++) {
        double d = distance(w, i);
        sum += fabs(d);
        if (w->dz)
            w->dz[i] = (pt_real_t)(d > 0 ? w->scale : d < 0 ? -w->scale : 0);
    }
    return (pt_loss_terms_t){sum, 0};
}

static pt_loss_terms_t mse(const loss_work_t *w)
{
    double sum = 0;

    for (int64_t i = 0; i < w->n * w->o->labels; i++) {
        double d = distance(w, i);
        sum += d * d;
        if (w->dz)
            w->dz[i] = (pt_real_t)(w->scale * 2 * d);
    }
    return (pt_loss_terms_t){sum, 0};
}

/*
 * Vectors: with g = dL/dn, L any function of n = z / r, r^2 = |z|^2 + const,
 *
 *     dL/dz = (g - n <n, g>) / r
 *
 * l1_normals: g = sign(n - m);  cosine: g = -m.
 */
static double vector_loss(const loss_work_t *w, int64_t at)
{
    const bool is_cosine = w->o->loss == PT_LOSS_COSINE;
    const int32_t width = w->o->labels;
    const pt_real_t *z = w->z + at * width;
    const pt_label_t *y = w->y + at * width;
    double square = SMALL_SQUARE, label_square = 0, sum = 0, along = 0;

    for (int32_t c = 0; c < width; c++) {
        square += (double)z[c] * (double)z[c];
        label_square += (double)y[c].f * (double)y[c].f;
    }
    double r = sqrt(square), s = label_square > 0 ? sqrt(label_square) : 1;
    for (int pass = 0; pass < (w->dz ? 2 : 1); pass++)
        for (int32_t c = 0; c < width; c++) {
            double n = (double)z[c] / r, m = (double)y[c].f / s;
            double g = is_cosine ? -m : (double)((n > m) - (n < m));
            if (pass == 0) {
                sum += is_cosine ? -n * m : fabs(n - m);
                along += n * g;
            } else {
                w->dz[at * width + c] = (pt_real_t)(w->scale * (g - n * along) / r);
            }
        }
    return is_cosine ? 1 + sum : sum;
}

static pt_loss_terms_t vectors(const loss_work_t *w)
{
    int32_t width = w->o->labels;
    double sum = 0;

    for (int64_t i = 0; i < w->n; i++) {
        if (has_vector(width, w->y + i * width))
            sum += vector_loss(w, i);
        else if (w->dz)
            set_zero(width, w->dz + i * width);
    }
    return (pt_loss_terms_t){sum, 0};
}

static pt_loss_terms_t (*const losses[])(const loss_work_t *) = {
    [PT_LOSS_CROSS_ENTROPY] = cross_entropy,
    [PT_LOSS_BCE] = binary_entropy,
    [PT_LOSS_BCE_BALANCED] = binary_entropy,
    [PT_LOSS_L1] = l1,
    [PT_LOSS_MSE] = mse,
    [PT_LOSS_L1_NORMALS] = vectors,
    [PT_LOSS_COSINE] = vectors,
};

pt_label_count_t pt_loss_count(const pt_objective_t *objective, int64_t n, int64_t h,
                               int64_t w, const pt_label_t *label)
{
    pt_label_count_t count = {count_labelled(objective, n * h * w, label), 0};

    if (objective->loss == PT_LOSS_BCE_BALANCED)
        for (int64_t i = 0; i < n * h * w * objective->labels; i++)
            count.positive += label[i].i != PT_LABEL_NONE && label[i].i != 0;
    if (objective->class_weight != NULL)
        for (int64_t i = 0; i < n * h * w; i++)
            if (label[i].i != PT_LABEL_NONE)
                count.positive += objective->class_weight[label[i].i];
    return count;
}

pt_loss_terms_t pt_loss_weights(const pt_objective_t *objective,
                                const pt_label_count_t *count)
{
    double positive = objective->positive_weight;

    if (objective->loss == PT_LOSS_BCE_BALANCED && count->labelled > 0) {
        double share = (double)count->positive / (double)count->labelled;
        return (pt_loss_terms_t){1 - share, share};
    }
    if (objective->class_weight != NULL && count->labelled > 0)
        return (pt_loss_terms_t){
            (double)count->labelled * (double)PT_CLASS_WEIGHT / (double)count->positive, 1};
    if (objective->loss == PT_LOSS_BCE && positive != 0)
        return (pt_loss_terms_t){positive, 1 - positive};
    return (pt_loss_terms_t){1, 1};
}

double pt_loss_mean(pt_loss_terms_t weight, pt_loss_terms_t sum, int64_t labelled)
{
    return (weight.positive * sum.positive + weight.negative * sum.negative) /
           (double)labelled;
}

pt_loss_terms_t pt_loss(const pt_objective_t *objective, int64_t n, int64_t h, int64_t w,
                        const pt_real_t *output, const pt_label_t *label,
                        pt_loss_terms_t weight, double scale, pt_real_t *doutput)
{
    const loss_work_t work = {.o = objective,
                              .n = n * h * w,
                              .z = output,
                              .y = label,
                              .weight = weight,
                              .scale = scale,
                              .dz = doutput};

    return losses[objective->loss](&work);
}
