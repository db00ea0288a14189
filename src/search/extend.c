/* New tasks on a trained network: which network they have, and its weights. */
#include "search/extend.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/arch/copies.h"
#include "polytree/base/memory.h"
#include "search/run.h"
#include "search/standard.h"

void extend_init(extend_t *e)
{
    *e = (extend_t){.n_old = 0};
    pt_checkpoint_init(&e->kept);
    e->kept.owns_data = true;
    pt_checkpoint_init(&e->start);
    e->start.owns_data = true;
}

void extend_release_old(extend_t *e)
{
    pt_inference_free(e->network);
    e->network = NULL;
    pt_architecture_release(&e->old);
}

void extend_release(extend_t *e)
{
    extend_release_old(e);
    pt_checkpoint_release(&e->kept);
    pt_checkpoint_release(&e->start);
    pt_free(e->used);
    pt_free(e->donor);
    pt_free(e->shared);
}

/* Inputs are read in the units that the old network was trained in. */
static pt_status_t take_units(pt_search_t *s)
{
    pt_dataset_t *dataset = pt_trainer_dataset(s->trainer);
    size_t n = 2 * (size_t)standard_count(dataset);
    double *pair = NULL;
    pt_status_t status = pt_alloc(&pair, n, sizeof *pair);
    PT_TRY_OR(done, pt_comm_agree(s->world, status));
    if (s->is_root) {
        const pt_input_info_t *input = &s->extend.old.interface.input;
        standard_pack(dataset, pair);
        for (int64_t c = 0; c < input->hwc[2]; c++) {
            bool has_unit = input->standard != NULL;
            pair[2 * c] = has_unit ? input->standard[c].mean : (double)NAN;
            pair[2 * c + 1] = has_unit ? input->standard[c].deviation : (double)NAN;
        }
    }
    PT_TRY_OR(done, pt_comm_bcast(s->world, pair, n * sizeof *pair, 0));
    status = standard_take(dataset, pair);
    PT_TRY_OR(done, pt_comm_agree(s->world, status));
done:
    pt_free(pair);
    return status;
}

/* The branching of all tasks: behind the layers that it shares a new one is alone. */
static pt_status_t join(const pt_search_t *s, pt_branching_t *b)
{
    const extend_t *e = &s->extend;
    int32_t n_task = b->n_task, *old, *copy = NULL;
    size_t n = (size_t)b->n_layer * (size_t)n_task;
    pt_status_t status;
    PT_TRY(pt_alloc(&old, n, sizeof *old));
    PT_TRY_OR(done, pt_alloc(&copy, n, sizeof *copy));
    pt_copies_of_subnet(e->old.space, &e->old.subnet, old);
    for (int32_t l = 0; l < b->n_layer; l++)
        for (int32_t k = 0; k < n_task; k++) {
            int32_t donor = k < e->n_old ? k : e->donor[k - e->n_old];
            bool is_alone = k >= e->n_old && l >= e->shared[k - e->n_old];
            copy[l * n_task + k] = is_alone ? n_task + k : old[l * e->n_old + donor];
        }
    pt_branching_of_copies(copy, b);
done:
    pt_free(copy);
    pt_free(old);
    return status;
}

/* Rank 0's to all. */
static pt_status_t share(pt_search_t *s)
{
    pt_branching_t *b = &s->branching;
    pt_subnet_t *n = &s->subnet;
    size_t words = (size_t)n->n_task * n->words;
    PT_TRY(pt_comm_bcast(s->world, b->group,
                         (size_t)b->n_layer * (size_t)b->n_task * sizeof *b->group, 0));
    PT_TRY(pt_comm_bcast(s->world, n->bits, words * sizeof *n->bits, 0));
    PT_TRY(pt_comm_bcast(s->world, s->extend.used, n->words * sizeof *n->bits, 0));
    for (int32_t k = 0; k < n->n_task; k++)
        pt_subnet_harden(n, k);
    n->is_soft = false;
    return PT_OK;
}

static pt_status_t make_used(pt_search_t *s)
{
    return s->extend.used != NULL
               ? PT_OK
               : pt_alloc(&s->extend.used, s->subnet.words, sizeof *s->extend.used);
}

/* On rank 0. */
static void find_used(extend_t *e)
{
    for (int32_t k = 0; k < e->n_old; k++)
        for (size_t w = 0; w < e->old.subnet.words; w++)
            e->used[w] |= pt_subnet_bits(&e->old.subnet, k)[w];
}

static pt_status_t make_room(pt_search_t *s)
{
    size_t n = (size_t)s->space->n_task;
    PT_TRY(make_used(s));
    PT_TRY(pt_alloc(&s->extend.donor, n, sizeof *s->extend.donor));
    return pt_alloc(&s->extend.shared, n, sizeof *s->extend.shared);
}

pt_status_t run_extend_room(pt_search_t *s, int32_t n_task)
{
    pt_branching_t *b = &s->branching;
    int32_t n_layer = b->n_layer;
    if (n_layer == 0 || b->n_task == n_task)
        return PT_OK;
    pt_branching_release(b);
    return pt_branching_init(b, n_layer, n_task);
}

static void note_old(pt_search_t *s)
{
    int32_t n = s->extend.n_old;
    double share = s->config->extend.finetune;
    if (share > 0)
        run_note(s,
                 "the network of %s is fine-tuned, at %g times the learning rate: its %d "
                 "task%s will change",
                 s->config->extend.run, share, (int)n, pt_plural(n));
    else
        run_note(s, "the network of %s: its %d task%s %s", s->config->extend.run, (int)n,
                 pt_plural(n), n == 1 ? "stays as it is" : "stay as they are");
}

/* What new tasks begin at has the width of the old network. */
static pt_status_t widen(pt_search_t *s)
{
    pt_form_t form = pt_form_first(s->config);
    if (s->is_root)
        s->widening = s->extend.old.space->widening;
    PT_TRY(pt_comm_bcast(s->world, &s->widening, sizeof s->widening, 0));
    if (!(s->widening < 1 || s->widening > 1))
        return PT_OK;
    form.widening = s->widening;
    PT_TRY(pt_trainer_reform(s->trainer, &form));
    s->space = pt_trainer_space(s->trainer);
    return PT_OK;
}

pt_status_t run_extend(pt_search_t *s)
{
    extend_t *e = &s->extend;
    pt_status_t status = PT_OK;
    PT_TRY(pt_comm_bcast(s->world, &e->n_old, sizeof e->n_old, 0));
    PT_TRY(widen(s));
    PT_TRY(take_units(s));
    PT_AGREE(s->world, make_room(s));
    PT_AGREE(s->world, run_extend_room(s, e->n_old + s->space->n_task));
    if (s->is_root) {
        note_old(s);
        if (s->space->kind == PT_SPACE_DAG)
            find_used(e);
        status = extend_choose(s);
    }
    if (s->is_root && status == PT_OK && s->space->kind == PT_SPACE_BRANCH)
        status = join(s, &s->branching);
    PT_AGREE(s->world, status);
    return share(s);
}

/* Copies of the old network come before those of new tasks. */
static int32_t count_old(const pt_search_t *s, int32_t layer)
{
    const pt_branching_t *b = &s->branching;
    int32_t n = 0;
    for (int32_t k = 0; k < b->n_task - s->space->n_task; k++) {
        int32_t group = b->group[(layer - 1) * b->n_task + k];
        n = group >= n ? group + 1 : n;
    }
    return n;
}

static bool is_old_choice(const pt_search_t *s, int32_t c)
{
    const pt_choice_t *choice = &s->space->choice[c];
    return choice->kind == PT_CHOICE_COPY ? choice->j < count_old(s, choice->i)
                                          : pt_bitset_get(s->extend.used, c);
}

static void freeze(pt_search_t *s)
{
    for (int32_t i = 0; i < s->space->n_candidate; i++) {
        pt_candidate_t *c = &s->space->candidate[i];
        c->is_frozen = c->task < 0 && (c->choice < 0 || is_old_choice(s, c->choice));
        if (c->is_frozen && c->group >= 0)
            s->space->store.group[c->group].rate = s->config->extend.finetune;
    }
}

/* A copy that is a new task's own goes on from that which it would have shared. */
static void name_origin(const pt_search_t *s, const pt_candidate_t *c,
                        char name[PT_GROUP_NAME])
{
    const pt_branching_t *b = &s->branching;
    int32_t n_old = b->n_task - s->space->n_task, k = 0;
    snprintf(name, PT_GROUP_NAME, "%s", c->name);
    if (c->is_frozen || c->choice < 0 || s->space->kind != PT_SPACE_BRANCH)
        return;
    const pt_choice_t *choice = &s->space->choice[c->choice];
    const int32_t *group = b->group + (choice->i - 1) * b->n_task;
    while (group[n_old + k] != choice->j)
        k++;
    snprintf(name, PT_GROUP_NAME, "l%02d_copy%d", (int)choice->i,
             (int)group[s->extend.donor[k]]);
}

static const pt_record_t *find_start(const pt_search_t *s, const pt_param_t *param)
{
    char name[PT_RECORD_NAME];
    snprintf(name, sizeof name, "weight/%s", param->name);
    return pt_checkpoint_find(&s->extend.start, name);
}

/* On rank 0.  What of heads is not found begins anew. */
static pt_status_t find_sources(const pt_search_t *s, const pt_record_t **source)
{
    const pt_store_t *store = &s->space->store;
    for (int32_t i = 0; i < s->space->n_candidate; i++) {
        const pt_candidate_t *c = &s->space->candidate[i];
        char from[PT_GROUP_NAME], name[PT_RECORD_NAME];
        if (c->group < 0)
            continue;
        const pt_group_t *group = &store->group[c->group];
        name_origin(s, c, from);
        for (int32_t p = group->first_param; p < group->first_param + group->n_param; p++) {
            const pt_param_t *param = &store->param[p];
            const void *data;
            snprintf(name, sizeof name, "weight/%s%s", from,
                     param->name + strlen(group->name));
            source[p] = find_start(s, param);
            if (source[p] != NULL || c->task >= 0)
                continue;
            PT_TRY(pt_checkpoint_get(&s->extend.kept, name, PT_DTYPE_F32, param->count,
                                     &data));
            source[p] = pt_checkpoint_find(&s->extend.kept, name);
        }
    }
    return PT_OK;
}

static int32_t find_candidate(const pt_space_t *s, const char *name)
{
    for (int32_t i = 0; i < s->n_candidate; i++)
        if (strcmp(s->candidate[i].name, name) == 0)
            return i;
    return -1;
}

/* Statistics of what a new task shares with the old one of a plan's slot, under its name.
 */
static pt_status_t copy_statistics(pt_search_t *s, const pt_plan_t *plan, int32_t slot,
                                   int32_t task)
{
    const pt_space_t *old = s->extend.old.space;
    pt_subnet_reach(s->space, &s->subnet, task, s->alive_candidate, s->alive_node);
    for (int32_t v = 0; v < pt_plan_n_value(plan); v++) {
        const pt_plan_value_t value = pt_plan_value(plan, v);
        char name[PT_RECORD_NAME], own[PT_RECORD_NAME];
        if (value.op < 0 || !pt_plan_uses(plan, v, slot) ||
            (old->op[value.op].inst.flags & PT_OP_HAS_STAT) == 0)
            continue;
        const pt_candidate_t *c = &old->candidate[value.candidate];
        int32_t here = find_candidate(s->space, c->name), op = value.op - c->first_op;
        if (here < 0 || !s->alive_candidate[here] || !s->space->candidate[here].is_frozen)
            continue;
        snprintf(name, sizeof name, "statistics/%s.%d/%s", c->name, (int)op,
                 old->task[value.task].name);
        snprintf(own, sizeof own, "statistics/%s.%d/%s", c->name, (int)op,
                 s->space->task[task].name);
        const pt_record_t *record = pt_checkpoint_find(&s->extend.kept, name);
        if (record == NULL)
            PT_FAIL(FORMAT, "%s: the checkpoint has no %s", s->config->extend.run, name);
        PT_TRY(pt_checkpoint_keep(&s->extend.kept, record, own));
    }
    return PT_OK;
}

/* On rank 0. */
static pt_status_t find_statistics(pt_search_t *s)
{
    const extend_t *e = &s->extend;
    for (int32_t b = 0; b < pt_inference_n_bundle(e->network); b++) {
        const int32_t *task;
        int32_t n = pt_inference_tasks(e->network, b, &task);
        for (int32_t slot = 0; slot < n; slot++)
            for (int32_t k = 0; k < s->space->n_task; k++)
                if (e->donor[k] == task[slot])
                    PT_TRY(copy_statistics(s, pt_inference_plan(e->network, b), slot, k));
    }
    return PT_OK;
}

/* The trainer's form may have candidates that the one before had not. */
static pt_status_t grow_reach(pt_search_t *s)
{
    pt_free(s->alive_candidate);
    s->alive_candidate = NULL;
    return pt_alloc(&s->alive_candidate, (size_t)s->space->n_candidate, 1);
}

pt_status_t run_extend_take(pt_search_t *s)
{
    const pt_record_t **source = NULL;
    pt_status_t status;
    if (run_changes_form(s))
        PT_TRY(run_change_form(s));
    else
        pt_store_fill(&s->space->store, (uint64_t)s->config->run.seed);
    freeze(s);
    PT_TRY_OR(agree, pt_alloc(&source, (size_t)s->space->store.n_param, sizeof *source));
    PT_TRY_OR(agree, grow_reach(s));
    /* Statistics first: records move as others are added. */
    if (s->is_root)
        PT_TRY_OR(agree, find_statistics(s));
    if (s->is_root)
        PT_TRY_OR(agree, find_sources(s, source));
agree:
    PT_TRY_OR(done, pt_comm_agree(s->world, status));
    PT_TRY_OR(done, pt_trainer_take_weights(s->trainer, source));
    PT_TRY_OR(done, pt_trainer_take_stats(s->trainer, &s->subnet, &s->extend.kept));
done:
    pt_free(source);
    return status;
}

/* On rank 0. */
static pt_status_t load(pt_search_t *s, const pt_checkpoint_t *c)
{
    extend_t *e = &s->extend;
    PT_TRY(pt_checkpoint_copy(c, EXTEND_OF_ALL, PT_DTYPE_U64, 1, &e->network_of_all));
    PT_TRY(pt_checkpoint_copy(c, EXTEND_USED, PT_DTYPE_U64, (int64_t)s->subnet.words,
                              e->used));
    return s->is_view ? PT_OK : extend_keep(c, &e->kept);
}

pt_status_t run_extend_load(pt_search_t *s, const pt_checkpoint_t *c)
{
    if (!extend_is_on(s->config) || !run_has_network(&s->state))
        return PT_OK;
    PT_AGREE(s->world, make_used(s));
    PT_AGREE(s->world, s->is_root ? load(s, c) : PT_OK);
    PT_TRY(pt_comm_bcast(s->world, s->extend.used, s->subnet.words * sizeof *s->extend.used,
                         0));
    freeze(s);
    return pt_trainer_take_stats(s->trainer, &s->subnet, c);
}
