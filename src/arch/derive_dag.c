/* The network of a dag space: the reduction of each task, then what the budget asks. */
#include "arch/resource.h"

#include <string.h>

#include "polytree/arch/connect.h"
#include "polytree/base/bitset.h"
#include "polytree/base/memory.h"

/** A piece that may go: from one task, or from all where its cost is shared. */
typedef struct piece {
    int32_t choice; /**< -1: none may */
    double ratio;   /**< score per cost saved */
    double lot;     /**< who pays where two are alike: drawn, so that all may */
} piece_t;

void derive_find_cheapest(const pt_resource_model_t *m, uint64_t *bits)
{
    double wish[PT_DAG_MAX_CHOICE];
    memset(bits, 0, pt_bitset_words(m->space->n_choice) * sizeof *bits);
    for (int32_t c = 0; c < m->space->n_choice; c++)
        wish[c] = -m->choice[c];
    pt_repair(m->space, wish, bits);
}

typedef struct keeper {
    const pt_resource_model_t *model;
    pt_rule_t rule;
    const pt_rng_t *rng;
    int32_t n_task, n_choice;
    int32_t n_unit, unit_tasks; /**< tasks that pay together: each for itself, or all */
    double *p, *score;          /**< [n_task][n_choice]; what is least goes first */
    pt_subnet_t *subnet;
    pt_subnet_t left; /**< scratch: without the piece at hand */
    piece_t *best;    /**< [n_unit] */
} keeper_t;

static double *of_task(const keeper_t *k, double *table, int32_t task)
{
    return table + (size_t)task * (size_t)k->n_choice;
}

static double unit_cost(const keeper_t *k, const pt_subnet_t *subnet, int32_t unit)
{
    double sum = 0;
    for (int32_t c = 0; c < k->n_choice; c++) {
        bool is_on = false;
        for (int32_t t = 0; t < k->unit_tasks; t++)
            is_on |= pt_bitset_get(pt_subnet_bits(subnet, unit * k->unit_tasks + t), c);
        sum += is_on ? k->model->choice[c] : 0;
    }
    return sum;
}

static double whole_cost(const keeper_t *k)
{
    double sum = k->model->fixed;
    for (int32_t u = 0; u < k->n_unit; u++)
        sum += unit_cost(k, k->subnet, u);
    return sum;
}

/* Take a piece from all tasks of a unit in `left`; what they score, or -1 where one of them
 * would be cut off. */
static double remove_piece(keeper_t *k, int32_t unit, int32_t choice)
{
    double score = 0;
    for (int32_t t = 0; t < k->unit_tasks; t++) {
        int32_t task = unit * k->unit_tasks + t;
        uint64_t *bits = pt_subnet_bits(&k->left, task);
        memcpy(bits, pt_subnet_bits(k->subnet, task), k->left.words * sizeof *bits);
        if (!pt_bitset_get(bits, choice))
            continue;
        pt_bitset_set(bits, choice, false);
        if (!pt_connected(k->model->space, bits))
            return -1;
        pt_prune(k->model->space, bits);
        score += of_task(k, k->score, task)[choice];
    }
    return score;
}

/* Flows as shares of the task's whole: a task whose graph has shrunk has less flow, and
 * must not lose the next piece for that. */
static void score_flow(keeper_t *k, int32_t task)
{
    double *score = of_task(k, k->score, task);
    double whole = pt_flow(k->model->space, of_task(k, k->p, task),
                           pt_subnet_bits(k->subnet, task), score);
    for (int32_t c = 0; c < k->n_choice && whole > 0; c++)
        score[c] /= whole;
}

static bool is_before(const piece_t *a, const piece_t *b)
{
    if (b->choice < 0 || a->ratio < b->ratio || a->ratio > b->ratio)
        return b->choice < 0 || a->ratio < b->ratio;
    return a->lot < b->lot;
}

static void find_best(keeper_t *k, int32_t unit)
{
    pt_rng_t lots = *k->rng;
    lots.task = (uint16_t)unit;
    double before = unit_cost(k, k->subnet, unit);
    piece_t best = {.choice = -1};
    for (int32_t t = 0; t < k->unit_tasks && k->rule == PT_RULE_FLOW; t++)
        score_flow(k, unit * k->unit_tasks + t);
    for (int32_t c = 0; c < k->n_choice; c++) {
        double score = remove_piece(k, unit, c);
        double saved = score < 0 ? 0 : before - unit_cost(k, &k->left, unit);
        piece_t piece = {c, score / saved, pt_rng_uniform(&lots, ARCH_LOTS + (uint64_t)c)};
        if (saved > 0 && is_before(&piece, &best))
            best = piece;
    }
    k->best[unit] = best;
}

static int32_t find_best_unit(const keeper_t *k)
{
    int32_t best = -1;
    for (int32_t u = 0; u < k->n_unit; u++)
        if (k->best[u].choice >= 0 && (best < 0 || is_before(&k->best[u], &k->best[best])))
            best = u;
    return best;
}

static void keep_budget(keeper_t *k, pt_derived_t *derived)
{
    for (int32_t u = 0; u < k->n_unit; u++)
        find_best(k, u);
    while ((derived->cost = whole_cost(k)) > k->model->budget) {
        int32_t u = find_best_unit(k);
        derived->is_cheapest = u < 0;
        if (u < 0)
            break;
        derived->n_change++;
        (void)remove_piece(k, u, k->best[u].choice);
        for (int32_t t = u * k->unit_tasks; t < (u + 1) * k->unit_tasks; t++)
            memcpy(pt_subnet_bits(k->subnet, t), pt_subnet_bits(&k->left, t),
                   k->left.words * sizeof *k->left.bits);
        find_best(k, u);
    }
    if (!derived->is_cheapest)
        return;
    for (int32_t t = 0; t < k->n_task; t++)
        derive_find_cheapest(k->model, pt_subnet_bits(k->subnet, t));
    derived->cost = whole_cost(k);
}

static void reduce(keeper_t *k, const pt_config_t *config, const pt_alpha_t *alpha,
                   const pt_rng_t *rng)
{
    const pt_space_t *space = k->model->space;
    pt_rng_t key = *rng;
    for (int32_t t = 0; t < k->n_task; t++) {
        double *p = of_task(k, k->p, t), *score = of_task(k, k->score, t);
        key.task = (uint16_t)t;
        pt_alpha_p(space, alpha, t, p);
        pt_derive(space, p, k->rule, config->squeeze.kappa, config->derive.keep, &key,
                  pt_subnet_bits(k->subnet, t));
        for (int32_t c = 0; c < k->n_choice; c++)
            score[c] = k->rule == PT_RULE_RANDOM ? pt_rng_uniform(&key, (uint64_t)c) : p[c];
    }
}

pt_status_t derive_dag(const pt_config_t *config, const pt_resource_model_t *model,
                       const pt_alpha_t *alpha, const pt_rng_t *rng, pt_subnet_t *subnet,
                       pt_derived_t *derived)
{
    const pt_space_t *s = model->space;
    size_t n = (size_t)s->n_task * (size_t)s->n_choice;
    keeper_t k = {.model = model,
                  .rule = pt_config_rule(config),
                  .rng = rng,
                  .n_task = s->n_task,
                  .n_choice = s->n_choice,
                  .n_unit = model->is_union ? 1 : s->n_task,
                  .unit_tasks = model->is_union ? s->n_task : 1,
                  .subnet = subnet};
    pt_status_t status;
    PT_TRY_OR(done, pt_subnet_init(&k.left, s->n_task, s->n_choice));
    PT_TRY_OR(done, pt_alloc(&k.p, n, sizeof *k.p));
    PT_TRY_OR(done, pt_alloc(&k.score, n, sizeof *k.score));
    PT_TRY_OR(done, pt_alloc(&k.best, (size_t)k.n_unit, sizeof *k.best));
    reduce(&k, config, alpha, rng);
    keep_budget(&k, derived);
    for (int32_t t = 0; t < k.n_task; t++)
        pt_subnet_harden(subnet, t);
done:
    pt_free(k.best);
    pt_free(k.score);
    pt_free(k.p);
    pt_subnet_release(&k.left);
    return status;
}
