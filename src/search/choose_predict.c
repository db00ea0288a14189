/* Regression: what trainings of some candidates say of all; on rank 0. */
#include <math.h>

#include "polytree/arch/likeness.h"
#include "polytree/base/memory.h"
#include "polytree/linalg/kernel_ridge.h"
#include "search/run.h"

/* What a regression is of. */
typedef struct regression {
    choose_t *c;
    int32_t n_known;
    int32_t *known;  /* [n] trained, to an end */
    double *product; /* [n][n_known] */
    double *y;       /* [n] of those known */
    double *said;    /* [n] */
} regression_t;

static double own(const choose_t *c, int64_t i, int32_t task)
{
    return choose_task_score(c, i, CHOOSE_BY_ROW + choose_rung_row(0), task);
}

static void find_known(regression_t *r)
{
    for (int64_t i = 0; i < r->c->n; i++)
        if (isfinite(choose_score(r->c, i, CHOOSE_BY_ROW + choose_rung_row(0))))
            r->known[r->n_known++] = (int32_t)i;
}

/* Of those trained half is what is said of them: the noise of a training is their own.  The
 * losses are of a reference whose own would be 1. */
static void expect(const regression_t *r, int32_t task)
{
    const choose_t *c = r->c;
    for (int64_t i = 0; i < c->n; i++)
        choose_row(c, i, CHOOSE_EXPECTED_ROW)[task] =
            isinf(choose_row(c, i, choose_rung_row(0))[task]) ? (double)INFINITY
                                                              : exp(r->said[i]);
    for (int32_t j = 0; j < r->n_known; j++)
        choose_row(c, r->known[j], CHOOSE_EXPECTED_ROW)[task] =
            exp((r->said[r->known[j]] + r->y[j]) / 2);
}

/* A task that some have no loss above 0 of says nothing. */
static pt_status_t predict_task(regression_t *r, int32_t task)
{
    for (int32_t j = 0; j < r->n_known; j++) {
        r->y[j] = own(r->c, r->known[j], task);
        if (!isfinite(r->y[j]))
            return PT_OK;
    }
    PT_TRY(pt_kernel_ridge(r->c->n, r->n_known, r->known, r->product, r->y, r->said));
    expect(r, task);
    return PT_OK;
}

pt_status_t run_choose_predict(pt_search_t *s)
{
    regression_t r = {.c = &s->choose};
    size_t n = (size_t)r.c->n;
    pt_status_t status;
    PT_TRY_OR(done, pt_alloc(&r.known, n, sizeof *r.known));
    PT_TRY_OR(done, pt_alloc(&r.y, n, sizeof *r.y));
    PT_TRY_OR(done, pt_alloc(&r.said, n, sizeof *r.said));
    find_known(&r);
    PT_TRY_OR(done, pt_alloc(&r.product, n * (size_t)r.n_known, sizeof *r.product));
    PT_TRY_OR(done, pt_likeness(s->space, r.c->n, r.c->bits, r.c->widening, r.n_known,
                                r.known, r.product));
    for (int32_t k = 0; k < r.c->n_task && status == PT_OK; k++)
        status = predict_task(&r, k);
done:
    pt_free(r.known);
    pt_free(r.product);
    pt_free(r.y);
    pt_free(r.said);
    return status;
}
