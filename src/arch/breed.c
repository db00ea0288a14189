/* Candidates: what both kinds of space have in common. */
#include "arch/breed.h"

#include <math.h>

#include "polytree/base/memory.h"

/* Changes that are tried before none is found. */
enum { MOST_TRIES = 32, MOST_MOVES = 2 };

static pt_status_t init(pt_breeder_t *b)
{
    const pt_space_t *s = b->space;
    PT_TRY(pt_subnet_init(&b->trial, s->n_task, s->n_choice));
    if (s->kind == PT_SPACE_DAG)
        return pt_alloc(&b->n_user, (size_t)s->n_choice, sizeof *b->n_user);
    PT_TRY(pt_alloc(&b->before, (size_t)s->n_layer * (size_t)s->n_task, sizeof *b->before));
    return merger_init(&b->merger, s, b->model->layer, NULL);
}

pt_status_t pt_breeder_new(const pt_config_t *config, const pt_resource_model_t *model,
                           pt_breeder_t **out)
{
    const pt_space_t *s = model->space;
    pt_breeder_t *b;
    PT_TRY(pt_alloc(&b, 1, sizeof *b));
    b->kind = s->kind == PT_SPACE_BRANCH ? &breeding_branch : &breeding_dag;
    b->model = model;
    b->space = s;
    b->most_edges = (int32_t)fmin(floor(config->squeeze.kappa), s->n_edge);
    for (int32_t d = s->min_depth; d <= b->most_edges && d < 64; d++)
        b->lengths |= (uint64_t)1 << d;
    pt_status_t status = init(b);
    if (status == PT_OK)
        *out = b;
    else
        pt_breeder_free(b);
    return status;
}

void pt_breeder_free(pt_breeder_t *breeder)
{
    if (breeder == NULL)
        return;
    pt_subnet_release(&breeder->trial);
    if (breeder->before != NULL)
        merger_release(&breeder->merger);
    pt_free(breeder->before);
    pt_free(breeder->n_user);
    pt_free(breeder);
}

double pt_breeder_cost(pt_breeder_t *breeder, const pt_subnet_t *subnet)
{
    return breeder->kind->cost(breeder, subnet);
}

bool pt_breeder_accepts(pt_breeder_t *breeder, pt_subnet_t *subnet)
{
    subnet->is_soft = false;
    return breeder->kind->accept(breeder, subnet);
}

void pt_breeder_one(pt_breeder_t *breeder, pt_subnet_t *subnet)
{
    subnet->is_soft = false;
    breeder->kind->one(breeder, subnet);
}

bool pt_breeder_apart(pt_breeder_t *breeder, pt_subnet_t *subnet)
{
    subnet->is_soft = false;
    return breeder->kind->apart(breeder, subnet);
}

void pt_breeder_draw(pt_breeder_t *breeder, const pt_rng_t *key, double share, bool is_one,
                     pt_subnet_t *subnet)
{
    const pt_resource_model_t *m = breeder->model;
    breed_dice_t dice = {.key = *key};
    double most = fmin(m->budget, m->full);
    subnet->is_soft = false;
    breeder->kind->draw(breeder, &dice, m->least + share * (most - m->least), is_one,
                        subnet);
}

static bool is_equal(const pt_subnet_t *a, const pt_subnet_t *b)
{
    for (size_t i = 0; i < (size_t)a->n_task * a->words; i++)
        if (a->bits[i] != b->bits[i])
            return false;
    return true;
}

bool pt_breeder_change(pt_breeder_t *breeder, const pt_rng_t *key, pt_subnet_t *subnet)
{
    breed_dice_t dice = {.key = *key};
    for (int32_t i = 0; i < MOST_TRIES; i++) {
        bool is_made = true;
        pt_subnet_copy(&breeder->trial, subnet);
        for (int32_t n = 1 + dice_below(&dice, MOST_MOVES); n > 0 && is_made; n--)
            is_made = breeder->kind->move(breeder, &dice, &breeder->trial);
        if (!is_made || is_equal(&breeder->trial, subnet))
            continue;
        pt_subnet_copy(subnet, &breeder->trial);
        return true;
    }
    return false;
}
