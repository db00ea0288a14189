/* Widths of candidates: at each a space, what its networks cost, and their breeder. */
#include <math.h>

#include "polytree/base/memory.h"
#include "search/run.h"

/* As auto takes them. */
#define WIDTH_STEP (1.0 / 64)

double run_choose_dearest(const pt_search_t *s)
{
    bool is_any = pt_config_n_width(s->config) == 1 || isfinite(s->resource.budget);
    return is_any ? s->resource.budget : s->resource.full;
}

/* A space with what its networks cost, of which some keep the budget; that is the same
 * amount at any width. */
static pt_status_t price(const pt_search_t *s, const pt_branching_t *branching,
                         choose_width_t *w, bool *is_any)
{
    const pt_form_t form = {.branching = branching, .widening = w->widening};
    pt_config_t *config;
    *is_any = false;
    PT_TRY(
        pt_form_space(s->config, pt_trainer_dataset(s->trainer), &form, NULL, &w->space));
    PT_TRY(pt_alloc(&config, 1, sizeof *config));
    *config = *s->config;
    config->resource.budget = (pt_budget_t){.amount = run_choose_dearest(s)};
    pt_status_t status = pt_resource_init(&w->model, config, w->space);
    pt_free(config);
    if (status == PT_E_RANGE) {
        pt_error_clear();
        return PT_OK;
    }
    *is_any = status == PT_OK;
    return status;
}

static void close(choose_width_t *w)
{
    pt_breeder_free(w->breeder);
    pt_resource_release(&w->model);
    pt_space_free(w->space);
    *w = (choose_width_t){.widening = w->widening};
}

/* Whether everything shared is a candidate. */
static pt_status_t may_share(const pt_search_t *s, const pt_branching_t *one, int64_t steps,
                             bool *may)
{
    choose_width_t w = {.widening = (double)steps * WIDTH_STEP};
    pt_status_t status = price(s, one->n_layer > 0 ? one : NULL, &w, may);
    *may = *may && w.model.shared <= w.model.budget;
    close(&w);
    return status;
}

/* Wider never costs less. */
static pt_status_t find_widest(const pt_search_t *s, const pt_branching_t *one,
                               double *widest)
{
    int64_t low = (int64_t)(1 / WIDTH_STEP), high = 2 * low,
            most = (int64_t)(PT_WIDENING_MAX / WIDTH_STEP);
    bool may = true;
    while (may && high <= most) {
        PT_TRY(may_share(s, one, high, &may));
        low = may ? high : low;
        high = may ? 2 * high : high;
    }
    while (high - low > 1 && high <= most) {
        int64_t middle = (low + high) / 2;
        PT_TRY(may_share(s, one, middle, &may));
        low = may ? middle : low;
        high = may ? high : middle;
    }
    *widest = (double)low * WIDTH_STEP;
    return PT_OK;
}

/* 1, the widest that may be, and one between. */
static pt_status_t find_widths(const pt_search_t *s, choose_t *c)
{
    pt_branching_t one = {0};
    double widest = 1;
    pt_status_t status = PT_OK;
    if (s->space->kind == PT_SPACE_BRANCH)
        PT_TRY(pt_branching_init(&one, s->branching.n_layer, s->branching.n_task));
    status = find_widest(s, &one, &widest);
    pt_branching_release(&one);
    double between = round(sqrt(widest) / WIDTH_STEP) * WIDTH_STEP;
    if (between > 1 && between < widest)
        c->width[c->n_width++].widening = between;
    if (widest > 1)
        c->width[c->n_width++].widening = widest;
    return status;
}

pt_status_t run_choose_open_widths(pt_search_t *s)
{
    const pt_real_list_t *widths = &s->config->choose.widths;
    choose_t *c = &s->choose;
    c->width[c->n_width++].widening = 1;
    PT_TRY(pt_breeder_new(s->config, &s->resource, &c->width[0].breeder));
    for (int32_t i = 1; i < widths->n; i++)
        c->width[c->n_width++].widening = widths->value[i];
    if (widths->n == 0)
        PT_TRY(find_widths(s, c));
    for (int32_t i = 1; i < c->n_width; i++) {
        bool is_any;
        PT_TRY(price(s, NULL, &c->width[i], &is_any));
        if (is_any)
            PT_TRY(pt_breeder_new(s->config, &c->width[i].model, &c->width[i].breeder));
    }
    return PT_OK;
}

void choose_close_widths(choose_t *c)
{
    for (int32_t i = 0; i < c->n_width; i++)
        close(&c->width[i]);
}

int32_t choose_find_width(const choose_t *c, double widening)
{
    int32_t i = 0;
    while (i < c->n_width &&
           (c->width[i].widening < widening || c->width[i].widening > widening))
        i++;
    return i < c->n_width ? i : -1;
}
