/* Ridge and multinomial logistic regression.
 *
 * With z the standardised features and one column for each group, theta the coefficients
 * and intercepts [n_column][n_output], P = lambda on coefficients and 0 on intercepts:
 *
 *     ridge     (Z^T Z / n + P) theta = Z^T y / n
 *     logistic  gradient  g = Z^T (p - t) / n + P theta      p = softmax(Z theta), t
 * one-hot Hessian   H v = Z^T s / n + P v              s_ic = p_ic (u_ic - <p_i, u_i>), u =
 * Z v
 *
 * Newton's steps solve H v = -g by conjugate gradients, preconditioned by Z^T Z / (2n) + P,
 * which bounds each class's block of H (Boehning 1992), and are halved until they descend.
 */
#include "polytree/linalg/linear_model.h"

#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "linalg/lapack.h"
#include "polytree/base/hash.h"
#include "polytree/base/memory.h"

enum { NEWTON_STEPS = 100, CG_STEPS = 200, HALVINGS = 40 };

/* What counts as no gradient. */
#define GRADIENT_END 1e-9
/* Share of the objective that a step is to gain. */
#define GAIN_END 1e-13
/* On the diagonal of intercepts, for groups that have no rows. */
#define SMALLEST 1e-12

struct pt_linear_fit {
    const pt_rows_t *rows;
    int32_t n_column, n_output;
    double last;               /* lambda */
    double *z;                 /* [n][n_column] */
    double *mean, *deviation;  /* [n_feature] */
    pt_linear_gram_t own;      /* where none is given */
    pt_linear_gram_t *gram;    /* Z^T Z / n */
    double *factor;            /* its Cholesky factor with the penalty */
    double *theta;             /* [n_column][n_output] */
    double *out, *hessian_out; /* [n][n_output] scratch */
    double *gradient, *step, *residual, *solved, *direction, *product, *trial;
};

void pt_linear_model_release(pt_linear_model_t *model)
{
    pt_free(model->weight);
    pt_free(model->intercept);
    *model = (pt_linear_model_t){.weight = NULL};
}

/* dst[n_column][n_output] = Z^T src / n */
static void gather(const pt_linear_fit_t *f, const double *src, double *dst)
{
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, f->n_column, f->n_output,
                (int)f->rows->n, 1.0 / (double)f->rows->n, f->z, f->n_column, src,
                f->n_output, 0, dst, f->n_output);
}

/* dst[n][n_output] = Z theta */
static void spread(const pt_linear_fit_t *f, const double *theta, double *dst)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)f->rows->n, f->n_output,
                f->n_column, 1, f->z, f->n_column, theta, f->n_output, 0, dst, f->n_output);
}

static void find_units(pt_linear_fit_t *f)
{
    const pt_rows_t *r = f->rows;
    int32_t d = r->n_feature;
    for (int64_t i = 0; i < r->n; i++)
        for (int32_t j = 0; j < d; j++)
            f->mean[j] += r->x[i * d + j];
    for (int32_t j = 0; j < d; j++)
        f->mean[j] /= (double)r->n;
    for (int64_t i = 0; i < r->n; i++)
        for (int32_t j = 0; j < d; j++) {
            double off = r->x[i * d + j] - f->mean[j];
            f->deviation[j] += off * off;
        }
    for (int32_t j = 0; j < d; j++) {
        f->deviation[j] = sqrt(f->deviation[j] / (double)r->n);
        if (!(f->deviation[j] > 0))
            f->deviation[j] = 1;
    }
}

static void fill_columns(pt_linear_fit_t *f)
{
    const pt_rows_t *r = f->rows;
    for (int64_t i = 0; i < r->n; i++) {
        double *z = f->z + i * f->n_column;
        for (int32_t j = 0; j < r->n_feature; j++)
            z[j] = (r->x[i * r->n_feature + j] - f->mean[j]) / f->deviation[j];
        z[r->n_feature + r->group[i]] = 1;
    }
}

static pt_status_t find_gram(pt_linear_fit_t *f)
{
    pt_linear_gram_t *g = f->gram;
    size_t n = (size_t)f->rows->n, m = (size_t)f->n_column;
    uint64_t hash = pt_hash64(f->z, n * m * sizeof *f->z, 0);
    if (g->data != NULL && g->hash == hash && g->n == f->rows->n &&
        g->n_column == f->n_column)
        return PT_OK;
    pt_linear_gram_release(g);
    PT_TRY(pt_alloc(&g->data, m * m, sizeof *g->data));
    g->hash = hash;
    g->n = f->rows->n;
    g->n_column = f->n_column;
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, f->n_column, (int)n, 1.0 / (double)n,
                f->z, f->n_column, 0, g->data, f->n_column);
    return PT_OK;
}

static pt_status_t allocate(pt_linear_fit_t *f)
{
    size_t n = (size_t)f->rows->n, m = (size_t)f->n_column, k = (size_t)f->n_output;
    double **theta[] = {&f->theta,  &f->gradient,  &f->step,    &f->residual,
                        &f->solved, &f->direction, &f->product, &f->trial};
    PT_TRY(pt_alloc(&f->z, n * m, sizeof *f->z));
    PT_TRY(pt_alloc(&f->mean, (size_t)f->rows->n_feature, sizeof *f->mean));
    PT_TRY(pt_alloc(&f->deviation, (size_t)f->rows->n_feature, sizeof *f->deviation));
    PT_TRY(pt_alloc(&f->factor, m * m, sizeof *f->factor));
    PT_TRY(pt_alloc(&f->out, n * k, sizeof *f->out));
    PT_TRY(pt_alloc(&f->hessian_out, n * k, sizeof *f->hessian_out));
    for (size_t i = 0; i < sizeof theta / sizeof theta[0]; i++)
        PT_TRY(pt_alloc(theta[i], m * k, sizeof **theta[i]));
    return PT_OK;
}

void pt_linear_gram_release(pt_linear_gram_t *gram)
{
    pt_free(gram->data);
    *gram = (pt_linear_gram_t){.data = NULL};
}

pt_status_t pt_linear_fit_new(const pt_rows_t *rows, int32_t n_output,
                              pt_linear_gram_t *gram, pt_linear_fit_t **fit)
{
    pt_linear_fit_t *f;
    pt_status_t status;
    if (rows->n < 1 || rows->n > INT_MAX)
        PT_FAIL(RANGE, "a linear model of %lld rows, expected 1 to %d", (long long)rows->n,
                INT_MAX);
    PT_TRY(pt_alloc(&f, 1, sizeof *f));
    f->rows = rows;
    f->gram = gram != NULL ? gram : &f->own;
    f->n_column = rows->n_feature + rows->n_group;
    f->n_output = n_output;
    PT_TRY_OR(failed, allocate(f));
    find_units(f);
    fill_columns(f);
    PT_TRY_OR(failed, find_gram(f));
    if (rows->label == NULL)
        gather(f, rows->y, f->gradient); /* the same for all lambdas */
    *fit = f;
    return PT_OK;
failed:
    pt_linear_fit_free(f);
    return status;
}

void pt_linear_fit_free(pt_linear_fit_t *f)
{
    if (f == NULL)
        return;
    pt_linear_gram_release(&f->own);
    double *array[] = {f->z,      f->mean,        f->deviation, f->factor, f->theta,
                       f->out,    f->hessian_out, f->gradient,  f->step,   f->residual,
                       f->solved, f->direction,   f->product,   f->trial};
    for (size_t i = 0; i < sizeof array / sizeof array[0]; i++)
        pt_free(array[i]);
    pt_free(f);
}

/* Cholesky's factor of share * gram + P, whose rows to the right of the diagonal are what
 * Fortran takes for columns below it. */
static pt_status_t factorise(pt_linear_fit_t *f, double share, double lambda)
{
    int n = f->n_column, info;
    for (size_t i = 0; i < (size_t)n * (size_t)n; i++)
        f->factor[i] = share * f->gram->data[i];
    for (int i = 0; i < n; i++)
        f->factor[(size_t)i * (size_t)(n + 1)] +=
            i < f->rows->n_feature ? lambda : SMALLEST;
    dpotrf_("L", &n, f->factor, &n, &info);
    if (info != 0)
        PT_FAIL(NUMERIC, "features of a linear model cannot be told apart (column %d)",
                info);
    return PT_OK;
}

/* In place: rows of x are those of theta, which Fortran takes for columns. */
static void solve(const pt_linear_fit_t *f, const double *src, double *dst)
{
    int n = f->n_column, one = 1, info;
    for (int32_t k = 0; k < f->n_output; k++) {
        double *column = f->product; /* free while a system is solved */
        for (int i = 0; i < n; i++)
            column[i] = src[i * f->n_output + k];
        dpotrs_("L", &n, &one, f->factor, &n, column, &n, &info);
        for (int i = 0; i < n; i++)
            dst[i * f->n_output + k] = column[i];
    }
}

static void add_penalty(const pt_linear_fit_t *f, double lambda, const double *theta,
                        double *gradient)
{
    int32_t n = f->rows->n_feature * f->n_output;
    for (int32_t i = 0; i < n; i++)
        gradient[i] += lambda * theta[i];
}

static double dot(const pt_linear_fit_t *f, const double *a, const double *b)
{
    return cblas_ddot(f->n_column * f->n_output, a, 1, b, 1);
}

/* Softmax in place; its mean loss. */
static double find_chances(const pt_linear_fit_t *f, double *out)
{
    double loss = 0;
    for (int64_t i = 0; i < f->rows->n; i++) {
        double *p = out + i * f->n_output, most = p[0], sum = 0;
        double own = p[f->rows->label[i]];
        for (int32_t c = 1; c < f->n_output; c++)
            most = fmax(most, p[c]);
        for (int32_t c = 0; c < f->n_output; c++)
            sum += p[c] = exp(p[c] - most);
        for (int32_t c = 0; c < f->n_output; c++)
            p[c] /= sum;
        loss += log(sum) + most - own;
    }
    return loss / (double)f->rows->n;
}

/* With the penalty; f->out holds the chances after it. */
static double objective(pt_linear_fit_t *f, double lambda, const double *theta)
{
    spread(f, theta, f->out);
    double loss = find_chances(f, f->out);
    int n = f->rows->n_feature * f->n_output;
    return loss + lambda / 2 * cblas_ddot(n, theta, 1, theta, 1);
}

static void find_gradient(pt_linear_fit_t *f, double lambda)
{
    size_t n = (size_t)f->rows->n * (size_t)f->n_output;
    memcpy(f->hessian_out, f->out, n * sizeof *f->out);
    for (int64_t i = 0; i < f->rows->n; i++)
        f->hessian_out[i * f->n_output + f->rows->label[i]] -= 1;
    gather(f, f->hessian_out, f->gradient);
    add_penalty(f, lambda, f->theta, f->gradient);
}

static void apply_hessian(pt_linear_fit_t *f, double lambda, const double *v, double *dst)
{
    spread(f, v, f->hessian_out);
    for (int64_t i = 0; i < f->rows->n; i++) {
        double *u = f->hessian_out + i * f->n_output, mean = 0;
        const double *p = f->out + i * f->n_output;
        for (int32_t c = 0; c < f->n_output; c++)
            mean += p[c] * u[c];
        for (int32_t c = 0; c < f->n_output; c++)
            u[c] = p[c] * (u[c] - mean);
    }
    gather(f, f->hessian_out, dst);
    add_penalty(f, lambda, v, dst);
}

/* f->step = -H^-1 gradient, to a share of the gradient. */
static void find_step(pt_linear_fit_t *f, double lambda, double share)
{
    size_t bytes = (size_t)f->n_column * (size_t)f->n_output * sizeof(double);
    int n = f->n_column * f->n_output;
    double end = share * share * dot(f, f->gradient, f->gradient), product;
    memset(f->step, 0, bytes);
    for (int i = 0; i < n; i++)
        f->residual[i] = -f->gradient[i];
    solve(f, f->residual, f->solved);
    memcpy(f->direction, f->solved, bytes);
    product = dot(f, f->residual, f->solved);
    for (int t = 0; t < CG_STEPS && dot(f, f->residual, f->residual) > end; t++) {
        apply_hessian(f, lambda, f->direction, f->product);
        double bend = dot(f, f->direction, f->product);
        /* Where all is decided H is hardly there: what bounds it descends, too. */
        if (!(bend > 0) && t == 0)
            memcpy(f->step, f->direction, bytes);
        if (!(bend > 0))
            break;
        cblas_daxpy(n, product / bend, f->direction, 1, f->step, 1);
        cblas_daxpy(n, -product / bend, f->product, 1, f->residual, 1);
        solve(f, f->residual, f->solved);
        double next = dot(f, f->residual, f->solved);
        for (int i = 0; i < n; i++)
            f->direction[i] = f->solved[i] + next / product * f->direction[i];
        product = next;
    }
}

/* Halve the step until it descends enough; false: it does not. */
static bool descend(pt_linear_fit_t *f, double lambda, double *value)
{
    int n = f->n_column * f->n_output;
    double slope = dot(f, f->gradient, f->step), scale = 1;
    for (int i = 0; i < HALVINGS; i++, scale /= 2) {
        memcpy(f->trial, f->theta, (size_t)n * sizeof *f->trial);
        cblas_daxpy(n, scale, f->step, 1, f->trial, 1);
        double next = objective(f, lambda, f->trial);
        if (next <= *value + 1e-4 * scale * slope) {
            memcpy(f->theta, f->trial, (size_t)n * sizeof *f->theta);
            *value = next;
            return true;
        }
    }
    return false;
}

/* Until there is nothing to gain that double can tell. */
static pt_status_t run_newton(pt_linear_fit_t *f, double lambda)
{
    int n = f->n_column * f->n_output;
    /* A larger penalty is far from where a smaller one has led. */
    if (lambda > f->last)
        memset(f->theta, 0, (size_t)n * sizeof *f->theta);
    f->last = lambda;
    double value = objective(f, lambda, f->theta);
    PT_TRY(factorise(f, 0.5, lambda));
    for (int t = 0; t < NEWTON_STEPS; t++) {
        find_gradient(f, lambda);
        double size = fabs(f->gradient[cblas_idamax(n, f->gradient, 1)]);
        if (!isfinite(size))
            PT_FAIL(NUMERIC, "a logistic regression diverged");
        if (size <= GRADIENT_END)
            return PT_OK;
        find_step(f, lambda, fmin(0.1, sqrt(size)));
        if (-dot(f, f->gradient, f->step) <= GAIN_END * value ||
            !descend(f, lambda, &value))
            return PT_OK;
    }
    PT_FAIL(NUMERIC, "a logistic regression does not end after %d steps", NEWTON_STEPS);
}

static pt_status_t run_ridge(pt_linear_fit_t *f, double lambda)
{
    PT_TRY(factorise(f, 1, lambda));
    solve(f, f->gradient, f->theta);
    return PT_OK;
}

/* In the features' own units. */
static void set_model(const pt_linear_fit_t *f, pt_linear_model_t *m)
{
    int32_t d = f->rows->n_feature, n = f->n_output;
    for (int32_t g = 0; g < m->n_group; g++)
        for (int32_t c = 0; c < n; c++)
            m->intercept[g * n + c] = f->theta[(d + g) * n + c];
    for (int32_t j = 0; j < d; j++)
        for (int32_t c = 0; c < n; c++) {
            double w = f->theta[j * n + c] / f->deviation[j];
            m->weight[j * n + c] = w;
            for (int32_t g = 0; g < m->n_group; g++)
                m->intercept[g * n + c] -= w * f->mean[j];
        }
}

pt_status_t pt_linear_fit_run(pt_linear_fit_t *f, double lambda, pt_linear_model_t *model)
{
    pt_linear_model_t m = {.n_feature = f->rows->n_feature,
                           .n_group = f->rows->n_group,
                           .n_output = f->n_output};
    pt_status_t status;
    PT_TRY(f->rows->label != NULL ? run_newton(f, lambda) : run_ridge(f, lambda));
    PT_TRY_OR(failed, pt_alloc(&m.weight, (size_t)m.n_feature * (size_t)m.n_output,
                               sizeof *m.weight));
    PT_TRY_OR(failed, pt_alloc(&m.intercept, (size_t)m.n_group * (size_t)m.n_output,
                               sizeof *m.intercept));
    set_model(f, &m);
    *model = m;
    return PT_OK;
failed:
    pt_linear_model_release(&m);
    return status;
}

static double row_loss(const pt_linear_model_t *m, const pt_rows_t *r, int64_t i,
                       double *out)
{
    double most = -INFINITY, sum = 0;
    memcpy(out, m->intercept + r->group[i] * m->n_output,
           (size_t)m->n_output * sizeof *out);
    cblas_dgemv(CblasRowMajor, CblasTrans, m->n_feature, m->n_output, 1, m->weight,
                m->n_output, r->x + i * m->n_feature, 1, 1, out, 1);
    for (int32_t c = 0; c < m->n_output && r->label == NULL; c++) {
        double error = out[c] - r->y[i * m->n_output + c];
        sum += error * error / m->n_output;
    }
    if (r->label == NULL)
        return sum;
    for (int32_t c = 0; c < m->n_output; c++)
        most = fmax(most, out[c]);
    for (int32_t c = 0; c < m->n_output; c++)
        sum += exp(out[c] - most);
    return log(sum) + most - out[r->label[i]];
}

pt_status_t pt_linear_model_loss(const pt_linear_model_t *model, const pt_rows_t *rows,
                                 double *loss)
{
    double *out, sum = 0;
    PT_TRY(pt_alloc(&out, (size_t)model->n_output, sizeof *out));
    for (int64_t i = 0; i < rows->n; i++)
        sum += row_loss(model, rows, i, out);
    pt_free(out);
    *loss = rows->n > 0 ? sum / (double)rows->n : NAN;
    return PT_OK;
}
