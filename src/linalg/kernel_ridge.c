/* Ridge regression by inner products.
 *
 * With K the centred and scaled products of what is known, m of them, A = K + lambda I and
 * u = y - mean(y): the coefficients are a = A^-1 u, what is left of u is lambda a, and one
 * that was left out misses its y by lambda a_i / (lambda (A^-1)_ii - 1/m). */
#include "polytree/linalg/kernel_ridge.h"

#include <math.h>

#include "linalg/lapack.h"
#include "polytree/base/memory.h"

/* From what trusts the features least. */
static const double penalty[] = {3, 1, 0.3, 0.1, 0.03};
/* Share by which an error has to be less: equal ones differ by rounding. */
#define BETTER 1e-9
enum { N_PENALTY = sizeof penalty / sizeof penalty[0] };

typedef struct ridge {
    int64_t n;
    int32_t m;
    const int32_t *known;
    const double *product;
    double *row_mean; /* [n] */
    double *u;        /* [m] */
    double *factor;   /* [m][m] */
    double *inverse;  /* [m][m] */
    double *a, *best; /* [m] */
    double mean, scale;
} ridge_t;

static double centred(const ridge_t *r, int64_t i, int32_t j)
{
    return r->product[i * r->m + j] - r->row_mean[i] - r->row_mean[r->known[j]] + r->mean;
}

static void centre(ridge_t *r, const double *y)
{
    int32_t m = r->m;
    double mean = 0;
    for (int64_t i = 0; i < r->n; i++)
        for (int32_t j = 0; j < m; j++)
            r->row_mean[i] += r->product[i * m + j] / m;
    for (int32_t j = 0; j < m; j++) {
        r->mean += r->row_mean[r->known[j]] / m;
        mean += y[j] / m;
    }
    for (int32_t j = 0; j < m; j++) {
        r->scale += centred(r, r->known[j], j) / m;
        r->u[j] = y[j] - mean;
    }
    if (!(r->scale > 0))
        r->scale = 1;
}

/* The coefficients, and the mean square error of those left out. */
static pt_status_t fit(ridge_t *r, double lambda, double *error)
{
    int m = r->m, info;
    for (int32_t i = 0; i < m; i++)
        for (int32_t j = 0; j < m; j++) {
            r->factor[i * m + j] =
                centred(r, r->known[i], j) / r->scale + (i == j ? lambda : 0);
            r->inverse[i * m + j] = i == j;
        }
    dpotrf_("L", &m, r->factor, &m, &info);
    if (info != 0)
        PT_FAIL(NUMERIC, "a ridge regression on products that are of no features");
    dpotrs_("L", &m, &m, r->factor, &m, r->inverse, &m, &info);
    *error = 0;
    for (int32_t i = 0; i < m; i++) {
        r->a[i] = 0;
        for (int32_t j = 0; j < m; j++)
            r->a[i] += r->inverse[i * m + j] * r->u[j];
        double left = lambda * r->inverse[i * m + i] - 1.0 / m;
        double miss = lambda * r->a[i] / left;
        *error += left > 0 ? miss * miss / m : INFINITY;
    }
    return PT_OK;
}

static pt_status_t fit_best(ridge_t *r)
{
    double least = INFINITY;
    for (int32_t p = 0; p < N_PENALTY; p++) {
        double error = INFINITY;
        PT_TRY(fit(r, penalty[p], &error));
        if (p > 0 && !(error < (1 - BETTER) * least))
            continue;
        least = error;
        for (int32_t j = 0; j < r->m; j++)
            r->best[j] = r->a[j];
    }
    return PT_OK;
}

static pt_status_t allocate(ridge_t *r)
{
    size_t m = (size_t)r->m;
    PT_TRY(pt_alloc(&r->row_mean, (size_t)r->n, sizeof *r->row_mean));
    PT_TRY(pt_alloc(&r->u, m, sizeof *r->u));
    PT_TRY(pt_alloc(&r->factor, m * m, sizeof *r->factor));
    PT_TRY(pt_alloc(&r->inverse, m * m, sizeof *r->inverse));
    PT_TRY(pt_alloc(&r->a, m, sizeof *r->a));
    return pt_alloc(&r->best, m, sizeof *r->best);
}

pt_status_t pt_kernel_ridge(int64_t n, int32_t n_known, const int32_t *known,
                            const double *product, const double *y, double *out)
{
    ridge_t r = {.n = n, .m = n_known, .known = known, .product = product};
    pt_status_t status;
    PT_TRY_OR(done, allocate(&r));
    centre(&r, y);
    PT_TRY_OR(done, fit_best(&r));
    for (int64_t i = 0; i < n; i++) {
        out[i] = y[0] - r.u[0];
        for (int32_t j = 0; j < n_known; j++)
            out[i] += centred(&r, i, j) / r.scale * r.best[j];
    }
done:
    pt_free(r.row_mean);
    pt_free(r.u);
    pt_free(r.factor);
    pt_free(r.inverse);
    pt_free(r.a);
    pt_free(r.best);
    return status;
}
