/* The steps that a predictor looks at: bundles, gates, cut, sections, and who has them. */
#include "train/predict.h"

#include <stdio.h>
#include <string.h>

#include "polytree/arch/copies.h"
#include "polytree/base/memory.h"
#include "polytree/train/deal.h"
#include "polytree/train/trainer.h"

/** The phase of a run whose gates are drawn. */
enum { SEARCH_PHASE = 1 };

/** Copies of a method that knows its network: one of each layer, as far as is known. */
static bool may_run(const pt_space_t *s, int32_t choice, int32_t task)
{
    const pt_choice_t *c = &s->choice[choice];

    if (c->kind != PT_CHOICE_COPY)
        return true;
    return c->j == task % (s->layer_choice[c->i] - s->layer_choice[c->i - 1]);
}

static void switch_all(pt_predictor_t *p, int32_t task, bool confines)
{
    for (int32_t c = 0; c < p->space->n_choice; c++)
        pt_subnet_switch(&p->subnet, task, c, !confines || may_run(p->space, c, task));
}

static pt_pass_t pass_of(int32_t kind)
{
    return kind == KIND_WEIGHT ? PT_PASS_WEIGHT : PT_PASS_ALPHA;
}

static pt_step_t step_of(int32_t kind, int32_t step)
{
    return (pt_step_t){.phase = SEARCH_PHASE, .is_alpha = kind == KIND_ALPHA, .step = step};
}

/** Gates of n of a step's bundles: the same bits as in a search at its beginning. */
static void draw(pt_predictor_t *p, int32_t kind, int32_t step, int32_t n,
                 const int32_t *bundle)
{
    const pt_config_t *c = p->config;
    bool is_hard = c->search.gates == PT_GATES_HARD;
    bool opens_all = !is_hard || (kind == KIND_WEIGHT && c->search.run == PT_RUN_ALL);
    pt_step_t id = step_of(kind, step);
    pt_rng_t rng = pt_step_rng(c, &id, PT_RNG_GATE);

    if (p->branching != NULL) {
        pt_copies_switch(p->space, p->branching->group, &p->subnet);
        return;
    }
    p->subnet.is_soft = opens_all && !pt_method_is_fixed(c->search.method);
    p->subnet.is_active_only = p->space->has_one_copy;
    for (int32_t i = 0; i < n; i++) {
        const pt_bundle_t *b = pt_feed_bundle(p->feed, bundle[i]);
        for (int32_t j = 0; j < b->n_task; j++) {
            if (opens_all || pt_method_is_fixed(c->search.method))
                switch_all(p, b->task[j], pt_method_is_fixed(c->search.method));
            else
                pt_alpha_sample(p->space, &p->alpha, b->task[j], &rng, c->search.tau_begin,
                                true, &p->subnet, p->g);
        }
    }
}

static void mark_groups(pt_predictor_t *p, turn_t *turn)
{
    const pt_space_t *s = p->space;

    for (int32_t i = 0; i < turn->n; i++) {
        const pt_bundle_t *b = pt_feed_bundle(p->feed, turn->bundle[i]);
        for (int32_t j = 0; j < b->n_task; j++) {
            pt_subnet_reach(s, &p->subnet, b->task[j], p->alive_candidate, p->alive_node);
            for (int32_t c = 0; c < s->n_candidate; c++)
                if (p->alive_candidate[c] && s->candidate[c].group >= 0)
                    turn->is_used[s->candidate[c].group] = true;
        }
    }
}

pt_status_t predict_compile(pt_predictor_t *p, int32_t i)
{
    const unit_plan_t *u = &p->unit_plan[i];
    const pt_bundle_t *b = pt_feed_bundle(p->feed, u->bundle);

    draw(p, u->kind, u->step, 1, &u->bundle);
    return pt_plan_compile(p->plan, &p->subnet, pass_of(u->kind), b->task, b->n_task);
}

/** The plan of a bundle with the gates drawn last; a new one unless there is one. */
static pt_status_t find_plan(pt_predictor_t *p, int32_t kind, int32_t step, int32_t bundle,
                             int32_t *number)
{
    const pt_bundle_t *b = pt_feed_bundle(p->feed, bundle);
    unit_plan_t fresh = {.kind = kind, .step = step, .bundle = bundle};
    int32_t i = 0;

    fresh.key = pt_plan_make_key(&p->subnet, pass_of(kind), b->task, b->n_task);
    while (i < p->n_plan && p->unit_plan[i].key != fresh.key)
        i++;
    if (i == p->n_plan) {
        PT_TRY(pt_grow(&p->unit_plan, &p->plan_room, (size_t)i + 1, sizeof *p->unit_plan));
        PT_TRY(pt_plan_compile(p->plan, &p->subnet, pass_of(kind), b->task, b->n_task));
        fresh.madds = (double)pt_plan_madds_executed(p->plan);
        p->unit_plan[p->n_plan++] = fresh;
    }
    p->unit_plan[i].times += p->units;
    *number = i;
    return PT_OK;
}

static pt_status_t make_turn(pt_predictor_t *p, int32_t kind, int32_t step, turn_t *turn)
{
    const pt_config_t *c = p->config;
    int32_t n = pt_feed_n_bundle(p->feed), first = 0;
    pt_step_t id = step_of(kind, step);

    if (kind == KIND_WEIGHT && c->train.turn == PT_TURN_TASKS && p->branching == NULL) {
        first = n;
        n = pt_feed_n_task(p->feed);
    }
    PT_TRY(pt_alloc(&turn->bundle, (size_t)p->per_step, sizeof *turn->bundle));
    PT_TRY(pt_alloc(&turn->plan, (size_t)p->per_step, sizeof *turn->plan));
    PT_TRY(
        pt_alloc(&turn->is_used, (size_t)p->space->store.n_group, sizeof *turn->is_used));
    turn->n = pt_step_bundles(c, n, &id, turn->bundle);
    for (int32_t i = 0; i < turn->n; i++)
        turn->bundle[i] += first;
    draw(p, kind, step, turn->n, turn->bundle);
    for (int32_t i = 0; i < turn->n; i++)
        PT_TRY(find_plan(p, kind, step, turn->bundle[i], &turn->plan[i]));
    mark_groups(p, turn);
    return PT_OK;
}

static pt_status_t make_room(pt_predictor_t *p)
{
    const pt_space_t *s = p->space;
    int64_t per_step = p->config->train.tasks_per_step;

    p->per_step = per_step == 0 || per_step > s->n_task ? s->n_task : (int32_t)per_step;
    p->units = (int32_t)(p->config->train.batch / p->config->train.microbatch);
    PT_TRY(pt_alloc(&p->task_bundle, (size_t)s->n_task, sizeof *p->task_bundle));
    for (int32_t i = 0; i < pt_feed_n_bundle(p->feed); i++) {
        const pt_bundle_t *b = pt_feed_bundle(p->feed, i);
        p->n_segment = b->n_task > p->n_segment ? b->n_task : p->n_segment;
        for (int32_t j = 0; j < b->n_task; j++)
            p->task_bundle[b->task[j]] = i;
    }
    size_t units = (size_t)p->per_step * (size_t)p->units;
    PT_TRY(pt_subnet_init(&p->subnet, s->n_task, s->n_choice));
    PT_TRY(pt_alpha_init(&p->alpha, s->n_task, s->n_choice));
    PT_TRY(pt_alloc(&p->g, (size_t)s->n_choice, sizeof *p->g));
    PT_TRY(pt_alloc(&p->alive_candidate, (size_t)s->n_candidate, 1));
    PT_TRY(pt_alloc(&p->alive_node, (size_t)s->n_node, 1));
    PT_TRY(pt_alloc(&p->unit_turn, units, sizeof *p->unit_turn));
    PT_TRY(pt_alloc(&p->unit_cost, units, sizeof *p->unit_cost));
    PT_TRY(pt_alloc(&p->unit_rank, units, sizeof *p->unit_rank));
    return pt_alloc(&p->rank_unit, units, sizeof *p->rank_unit);
}

pt_status_t pt_predictor_new(const pt_config_t *config, const pt_feed_t *feed,
                             const pt_space_t *space, const pt_branching_t *branching,
                             const pt_machine_t *machine, pt_predictor_t **out)
{
    pt_predictor_t *p;
    pt_status_t status;

    PT_TRY(pt_alloc(&p, 1, sizeof *p));
    p->config = config;
    p->feed = feed;
    p->space = space;
    p->branching = branching;
    p->machine = machine;
    p->n_kind = config->search.method == PT_METHOD_SEARCH && branching == NULL ? N_KIND : 1;
    PT_TRY_OR(failed, make_room(p));
    PT_TRY_OR(failed, pt_plan_new(space, p->n_segment, &p->plan));
    for (int32_t kind = 0; kind < p->n_kind; kind++)
        for (int32_t step = 0; step < PT_PREDICT_STEPS; step++)
            PT_TRY_OR(failed, make_turn(p, kind, step, &p->turn[kind][step]));
    *out = p;
    return PT_OK;
failed:
    pt_predictor_free(p);
    return status;
}

void pt_predictor_free(pt_predictor_t *p)
{
    if (p == NULL)
        return;
    for (int32_t kind = 0; kind < N_KIND; kind++)
        for (int32_t step = 0; step < PT_PREDICT_STEPS; step++) {
            pt_free(p->turn[kind][step].bundle);
            pt_free(p->turn[kind][step].plan);
            pt_free(p->turn[kind][step].is_used);
        }
    void *const plain[] = {p->g,           p->alive_candidate, p->alive_node, p->section,
                           p->unit_turn,   p->unit_cost,       p->unit_rank,  p->rank_work,
                           p->task_bundle, p->unit_plan,       p->arena,      p->tape,
                           p->rank_unit,   p->rank_first};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        pt_free(plain[i]);
    pt_cut_release(&p->cut);
    pt_plan_free(p->plan);
    pt_alpha_release(&p->alpha);
    pt_subnet_release(&p->subnet);
    pt_free(p);
}

void predict_feed_name(const pt_predictor_t *p, char name[PT_MACHINE_NAME])
{
    int64_t hwc[3];

    pt_feed_input(p->feed, hwc);
    snprintf(name, PT_MACHINE_NAME, "input %lldx%lldx%lldx%lld",
             (long long)p->config->train.microbatch, (long long)hwc[0], (long long)hwc[1],
             (long long)hwc[2]);
}

static int64_t n_label(const pt_predictor_t *p, int32_t bundle)
{
    const pt_bundle_t *b = pt_feed_bundle(p->feed, bundle);
    int64_t n = 0;

    for (int32_t i = 0; i < b->n_task; i++)
        n += pt_feed_labels(p->feed, b->task[i]);
    return n;
}

void predict_label_name(const pt_predictor_t *p, int32_t bundle, char name[PT_MACHINE_NAME])
{
    snprintf(name, PT_MACHINE_NAME, "labels %lldx%lld",
             (long long)p->config->train.microbatch, (long long)n_label(p, bundle));
}

void predict_update_name(const pt_predictor_t *p, char name[PT_MACHINE_NAME])
{
    snprintf(name, PT_MACHINE_NAME, "update a block, %s",
             p->config->search.update.optimizer == PT_OPTIMIZER_ADAM ? "adam" : "sgd");
}

double predict_known(const pt_machine_t *m, const char *name, double bytes)
{
    double seconds = pt_machine_find(m, name);

    return seconds >= 0 ? seconds : bytes / m->rates.memory;
}

/** Bytes that are read and written until a unit has its input, or its labels. */
static double feed_bytes(const pt_predictor_t *p, int32_t bundle, bool is_input)
{
    const pt_shape_t *shape = &p->space->node[0].shape;
    int64_t n = is_input ? pt_shape_count(*shape) / shape->n : n_label(p, bundle);

    return 2 * (double)(n * p->config->train.microbatch) * sizeof(pt_real_t);
}

/** Seconds of the same. */
static double feed_seconds(const pt_predictor_t *p, int32_t bundle, bool is_input)
{
    char name[PT_MACHINE_NAME];

    if (is_input)
        predict_feed_name(p, name);
    else
        predict_label_name(p, bundle, name);
    return predict_known(p->machine, name, feed_bytes(p, bundle, is_input));
}

/** Loads of all steps; the plan is one of everything. */
static pt_status_t add_loads(pt_predictor_t *p, pt_wire_t wire, pt_load_t *load)
{
    for (int32_t i = 0; i < p->n_plan; i++) {
        const unit_plan_t *u = &p->unit_plan[i];
        PT_TRY(predict_compile(p, i));
        pt_plan_load(p->plan, u->times, p->machine, wire, load);
        load->cost[0] += u->times * feed_seconds(p, u->bundle, true);
        load->cost[p->space->n_candidate - 1] +=
            u->times * feed_seconds(p, u->bundle, false);
    }
    return PT_OK;
}

void pt_predictor_most(const pt_predictor_t *p, int32_t extent[PT_N_AXIS])
{
    extent[PT_AXIS_STAGE] = pt_cut_most(p->space);
    extent[PT_AXIS_TASK] = pt_feed_n_bundle(p->feed);
    extent[PT_AXIS_DATA] = p->per_step * p->units;
}

bool pt_predictor_is_known(pt_predictor_t *p)
{
    pt_plan_place(p->plan, NULL, 0);
    for (int32_t i = 0; i < p->n_plan; i++)
        if (predict_compile(p, i) != PT_OK || !pt_plan_is_known(p->plan, p->machine))
            return false;
    return true;
}

/** What predict_known() takes for it, where the machine has no such name. */
static pt_status_t learn_unknown(const pt_predictor_t *p, const char *name, double bytes,
                                 pt_machine_t *counted)
{
    if (pt_machine_find(p->machine, name) >= 0)
        return PT_OK;
    return pt_machine_learn(counted, name, predict_known(p->machine, name, bytes));
}

pt_status_t pt_predictor_unknown(pt_predictor_t *p, pt_machine_t *counted)
{
    char name[PT_MACHINE_NAME];

    pt_plan_place(p->plan, NULL, 0);
    for (int32_t i = 0; i < p->n_plan; i++) {
        int32_t bundle = p->unit_plan[i].bundle;
        PT_TRY(predict_compile(p, i));
        PT_TRY(pt_plan_unknown(p->plan, p->machine, counted));
        predict_feed_name(p, name);
        PT_TRY(learn_unknown(p, name, feed_bytes(p, bundle, true), counted));
        predict_label_name(p, bundle, name);
        PT_TRY(learn_unknown(p, name, feed_bytes(p, bundle, false), counted));
    }
    PT_TRY(learn_unknown(p, PREDICT_SUM, PREDICT_SUM_BYTES, counted));
    predict_update_name(p, name);
    return learn_unknown(p, name, PREDICT_UPDATE_BYTES, counted);
}

pt_status_t pt_predictor_cut(pt_predictor_t *p, int32_t n_stage, pt_wire_t wire,
                             pt_cut_t *cut)
{
    size_t n = (size_t)p->space->n_candidate;
    pt_load_t load = {0};
    pt_status_t status;

    pt_plan_place(p->plan, NULL, 0);
    PT_TRY_OR(done, pt_alloc(&load.cost, n, sizeof *load.cost));
    PT_TRY_OR(done, pt_alloc(&load.transfer, n, sizeof *load.transfer));
    PT_TRY_OR(done, add_loads(p, wire, &load));
    PT_TRY_OR(done, pt_cut_init(cut, p->space, n_stage, &load));
done:
    pt_free(load.cost);
    pt_free(load.transfer);
    return status;
}

static pt_status_t cost_sections(pt_predictor_t *p, int32_t stage)
{
    bool is_last = stage == p->cut.n_stage - 1;

    pt_plan_place(p->plan, &p->cut, stage);
    p->arena[stage] = p->tape[stage] = 0;
    for (int32_t i = 0; i < p->n_plan; i++) {
        pt_section_t *section = predict_section(p, i, stage);
        PT_TRY(predict_compile(p, i));
        size_t arena = pt_plan_arena_bytes(p->plan), tape = pt_plan_bytes(p->plan);
        p->arena[stage] = arena > p->arena[stage] ? arena : p->arena[stage];
        p->tape[stage] = tape > p->tape[stage] ? tape : p->tape[stage];
        pt_plan_sections(p->plan, p->machine, p->wire, section, section + p->n_segment);
        if (pt_cut_reads_input(&p->cut, p->space, stage))
            section[0].seconds += feed_seconds(p, p->unit_plan[i].bundle, true);
        if (is_last)
            section[0].seconds += feed_seconds(p, p->unit_plan[i].bundle, false);
    }
    return PT_OK;
}

pt_status_t predict_stage(pt_predictor_t *p, int32_t n_stage, pt_wire_t wire)
{
    size_t n = (size_t)p->n_plan * (size_t)n_stage * 2 * (size_t)p->n_segment;

    if (p->cut.n_stage == n_stage && p->wire == wire)
        return PT_OK;
    pt_cut_release(&p->cut);
    PT_TRY(pt_grow(&p->section, &p->section_room, n, sizeof *p->section));
    PT_TRY(pt_grow(&p->arena, &p->arena_room, (size_t)n_stage, sizeof *p->arena));
    PT_TRY(pt_grow(&p->tape, &p->tape_room, (size_t)n_stage, sizeof *p->tape));
    p->wire = wire;
    PT_TRY(pt_predictor_cut(p, n_stage, wire, &p->cut));
    for (int32_t stage = 0; stage < n_stage; stage++)
        PT_TRY(cost_sections(p, stage));
    return PT_OK;
}

static void list_by_rank(pt_predictor_t *p, int32_t n_data)
{
    int32_t *first = p->rank_first;

    memset(first, 0, ((size_t)n_data + 1) * sizeof *first);
    for (int32_t u = 0; u < p->n_unit; u++)
        first[p->unit_rank[u] + 1]++;
    for (int32_t d = 0; d < n_data; d++)
        first[d + 1] += first[d];
    for (int32_t u = p->n_unit - 1; u >= 0; u--)
        p->rank_unit[--first[p->unit_rank[u] + 1]] = u;
    /* first[d + 1] is where those of d begin by now. */
    memmove(first, first + 1, (size_t)n_data * sizeof *first);
    first[n_data] = p->n_unit;
}

pt_status_t predict_deal(pt_predictor_t *p, int32_t kind, int32_t step, int32_t n_task,
                         int32_t task, int32_t n_data)
{
    const turn_t *turn = &p->turn[kind][step];

    PT_TRY(pt_grow(&p->rank_work, &p->rank_room, (size_t)n_data, sizeof *p->rank_work));
    PT_TRY(
        pt_grow(&p->rank_first, &p->first_room, (size_t)n_data + 1, sizeof *p->rank_first));
    p->n_unit = 0;
    for (int32_t i = 0; i < turn->n; i++) {
        int32_t home = pt_feed_bundle(p->feed, turn->bundle[i])->home;
        for (int32_t u = 0; u < p->units && pt_deal_bundle(home, n_task) == task; u++) {
            p->unit_turn[p->n_unit] = i;
            p->unit_cost[p->n_unit++] = p->unit_plan[turn->plan[i]].madds;
        }
    }
    pt_deal_units(p->n_unit, p->unit_cost, n_data, p->unit_rank, p->rank_work);
    list_by_rank(p, n_data);
    return PT_OK;
}
