/* From the supernet to the network that is trained: what is derived, the form in which it
 * is built, and whose weights it begins with. */
#include <stdio.h>
#include <string.h>

#include "polytree/arch/copies.h"
#include "polytree/arch/derive.h"
#include "polytree/base/memory.h"
#include "polytree/graph/weights_match.h"
#include "polytree/io/weights.h"
#include "polytree/picture/outline.h"
#include "search/run.h"

static void note_budget(pt_search_t *s, const pt_derived_t *derived)
{
    const char *unit = pt_resource_unit(s->resource.kind);
    if (!(s->config->resource.budget.amount > 0))
        return;
    if (derived->is_cheapest)
        run_note(s, "budget: %.6g of %.6g %s: the cheapest network, as no other keeps it",
                 derived->cost, s->resource.budget, unit);
    else
        run_note(s, "budget: %.6g of %.6g %s, %d changes made to keep it", derived->cost,
                 s->resource.budget, unit, (int)derived->n_change);
}

pt_status_t run_derive(pt_search_t *s)
{
    pt_step_t last = {.phase = PT_PHASE_SEARCH, .step = s->length.n_step[PT_PHASE_SEARCH]};
    pt_rng_t rng = pt_step_rng(s->config, &last, PT_RNG_DERIVE);
    pt_derived_t derived;
    PT_TRY(
        pt_derive_network(s->config, &s->resource, &s->alpha, &rng, &s->subnet, &derived));
    note_budget(s, &derived);
    return PT_OK;
}

/* Where the tensors of the network come from. */
typedef struct origin {
    pt_checkpoint_t kept; /* tensors by name, on rank 0 */
    int32_t *copy;        /* [layer][task] that was derived; NULL for a dag */
    const pt_record_t **source;
} origin_t;

/* A group of tasks goes on with the copy that its tasks have. */
static void name_origin(const pt_search_t *s, const origin_t *origin,
                        const pt_candidate_t *candidate, char name[PT_GROUP_NAME])
{
    const pt_choice_t *choice =
        candidate->choice < 0 ? NULL : &s->space->choice[candidate->choice];
    int32_t k = 0;
    if (choice == NULL || choice->kind != PT_CHOICE_COPY) {
        snprintf(name, PT_GROUP_NAME, "%s", candidate->name);
        return;
    }
    size_t layer = (size_t)(choice->i - 1) * (size_t)s->space->n_task;
    while (s->branching.group[layer + (size_t)k] != choice->j)
        k++;
    snprintf(name, PT_GROUP_NAME, "l%02d_copy%d", (int)choice->i,
             (int)origin->copy[layer + (size_t)k]);
}

/* Tensors that the supernet lacks (the last scale of a candidate) stay as they begin. */
static void match_supernet(const pt_search_t *s, origin_t *origin)
{
    const pt_store_t *store = &s->space->store;
    for (int32_t c = 0; c < s->space->n_candidate; c++) {
        const pt_candidate_t *candidate = &s->space->candidate[c];
        char from[PT_GROUP_NAME], name[PT_RECORD_NAME];
        if (candidate->group < 0)
            continue;
        const pt_group_t *group = &store->group[candidate->group];
        name_origin(s, origin, candidate, from);
        for (int32_t p = group->first_param; p < group->first_param + group->n_param; p++) {
            snprintf(name, sizeof name, "weight/%s%s", from,
                     store->param[p].name + strlen(group->name));
            origin->source[p] = pt_checkpoint_find(&origin->kept, name);
        }
    }
}

/* On rank 0. */
static pt_status_t match_file(const pt_search_t *s, const char *path,
                              pt_weights_match_t *match, pt_checkpoint_t *weights)
{
    PT_TRY(pt_weights_read(path, weights));
    return pt_weights_match(s->space, weights, path, match);
}

static pt_status_t check_file(const pt_search_t *s, const char *path)
{
    pt_checkpoint_t weights;
    pt_weights_match_t match = {.source = NULL};
    pt_checkpoint_init(&weights);
    pt_status_t status = match_file(s, path, &match, &weights);
    pt_weights_match_release(&match);
    pt_checkpoint_release(&weights);
    return status;
}

pt_status_t run_check_weights(pt_search_t *s)
{
    bool begins = s->state.phase == PT_PHASE_WARMUP && s->state.step == 0;
    if (begins && s->config->warmup.from[0] != '\0')
        PT_TRY(check_file(s, s->config->warmup.from));
    return s->config->retrain.from == PT_FROM_FILE
               ? check_file(s, s->config->retrain.from_file)
               : PT_OK;
}

/* Weights of a file, and a word about them.  Collective. */
static pt_status_t take_file(pt_search_t *s, const char *path)
{
    pt_weights_match_t match = {.source = NULL};
    pt_checkpoint_t weights;
    pt_status_t status = PT_OK;
    pt_checkpoint_init(&weights);
    if (s->is_root)
        status = match_file(s, path, &match, &weights);
    PT_TRY_OR(done, pt_comm_agree(s->world, status));
    if (s->is_root)
        run_note(s, "%s", match.note);
    PT_TRY_OR(done, pt_trainer_take_weights(s->trainer, match.source));
done:
    pt_weights_match_release(&match);
    pt_checkpoint_release(&weights);
    return status;
}

pt_status_t run_warm_start(pt_search_t *s)
{
    const char *path = s->config->warmup.from;
    return path[0] == '\0' ? PT_OK : take_file(s, path);
}

static pt_status_t take_supernet(pt_search_t *s, origin_t *origin)
{
    size_t n = (size_t)s->space->store.n_param;
    PT_AGREE(s->world, pt_alloc(&origin->source, n, sizeof *origin->source));
    if (s->is_root)
        match_supernet(s, origin);
    return pt_trainer_take_weights(s->trainer, origin->source);
}

/* What is rebuilt has no supernet to go on from. */
static pt_from_t from_where(const pt_search_t *s)
{
    pt_from_t from = s->config->retrain.from;
    bool is_rebuilt = pt_methods[s->config->search.method].is_rebuilt;
    return is_rebuilt && from == PT_FROM_SEARCH ? PT_FROM_SCRATCH : from;
}

/* What must be had before the form changes. */
static pt_status_t keep(pt_search_t *s, origin_t *origin)
{
    size_t n = (size_t)s->branching.n_layer * (size_t)s->branching.n_task;
    bool is_rebuilt = pt_methods[s->config->search.method].is_rebuilt;
    if (s->space->kind == PT_SPACE_BRANCH && run_changes_form(s) && !is_rebuilt) {
        PT_AGREE(s->world, pt_alloc(&origin->copy, n, sizeof *origin->copy));
        pt_copies_of_subnet(s->space, &s->subnet, origin->copy);
        pt_branching_of_copies(origin->copy, &s->branching);
    }
    if (from_where(s) != PT_FROM_SEARCH)
        return PT_OK;
    PT_TRY(run_take_supernet(s));
    return run_changes_form(s) ? pt_trainer_keep_weights(s->trainer, &origin->kept) : PT_OK;
}

static pt_status_t take(pt_search_t *s, origin_t *origin)
{
    pt_from_t from = from_where(s);
    bool changes = run_changes_form(s);
    PT_TRY(keep(s, origin));
    if (changes)
        PT_TRY(run_change_form(s));
    else if (from != PT_FROM_SEARCH)
        pt_store_fill(&s->space->store, (uint64_t)s->config->run.seed);
    if (from == PT_FROM_FILE)
        return take_file(s, s->config->retrain.from_file);
    return from == PT_FROM_SEARCH && changes ? take_supernet(s, origin) : PT_OK;
}

pt_status_t run_take_network(pt_search_t *s)
{
    origin_t origin = {.copy = NULL};
    if (pt_methods[s->config->search.method].is_extended)
        return run_extend_take(s);
    pt_checkpoint_init(&origin.kept);
    pt_status_t status = take(s, &origin);
    pt_checkpoint_release(&origin.kept);
    pt_free(origin.source);
    pt_free(origin.copy);
    return status;
}

/* "derived: stem-l06 all | l07-l18 {a b} {c}" */
static pt_status_t note_branching(pt_search_t *s)
{
    pt_text_t text = {0};
    pt_status_t status = pt_outline_branching(s->space, &s->subnet, -1, &text);
    if (status == PT_OK)
        run_note(s, "derived: %s", pt_text_get(&text));
    pt_text_release(&text);
    return status;
}

static pt_status_t note_network(pt_search_t *s, const pt_cost_t *all)
{
    if (s->space->kind == PT_SPACE_DAG) {
        run_note(s, "derived: %.2f edges per task, %lld multiply-adds, %lld parameters",
                 (double)all->edges / s->space->n_task, (long long)all->madds,
                 (long long)all->parameters);
        return PT_OK;
    }
    PT_TRY(note_branching(s));
    run_note(s,
             "         %lld multiply-adds, %lld of them in the encoder (%.1f %% of the "
             "fully branched one), %lld parameters",
             (long long)all->madds, (long long)all->encoder_madds,
             100 * (double)all->encoder_madds / (double)pt_cost_full(s->space),
             (long long)all->parameters);
    return PT_OK;
}

pt_status_t run_report_network(pt_search_t *s)
{
    pt_cost_t all, *cost;
    pt_status_t status = PT_OK;
    PT_TRY(pt_alloc(&cost, (size_t)s->space->n_task, sizeof *cost));
    for (int32_t k = 0; k < s->space->n_task; k++)
        PT_TRY_OR(done, pt_cost_task(s->space, &s->subnet, k, &cost[k]));
    PT_TRY_OR(done, pt_cost_all(s->space, &s->subnet, &all));
    run_event_network(s, cost, &all);
    status = note_network(s, &all);
done:
    pt_free(cost);
    return status;
}
