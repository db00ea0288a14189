/* The steps that a predictor looks at: bundles, gates, cut, sections, and who has them. */
#include "train/predict.h"

#include <stdio.h>
#include <string.h>

#include "polytree/arch/copies.h"
#include "polytree/base/memory.h"
#include "polytree/train/gates.h"

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

static pt_pass_t pass_of(int32_t kind)
{
    return kind == KIND_WEIGHT ? PT_PASS_WEIGHT : PT_PASS_ALPHA;
}

static pt_step_t step_of(const pt_predictor_t *p, int32_t kind, int32_t step)
{
    bool is_weight = kind == KIND_WEIGHT;

    return (pt_step_t){.phase = SEARCH_PHASE,
                       .is_alpha = !is_weight,
                       .is_by_task = is_weight && p->branching == NULL &&
                                     p->config->train.turn == PT_TURN_TASKS,
                       .step = step};
}

/** Gates of a step's tasks: the same bits as in a search at its beginning. */
static void draw(pt_predictor_t *p, int32_t kind, int32_t step, const int32_t *task,
                 int32_t n)
{
    const pt_config_t *c = p->config;
    pt_step_t id = step_of(p, kind, step);
    const pt_gate_draw_t gates = {.config = c,
                                  .space = p->space,
                                  .alpha = &p->alpha,
                                  .step = &id,
                                  .tau = c->search.tau_begin,
                                  .alive_candidate = p->reach.candidate,
                                  .alive_node = p->reach.node};

    if (p->branching != NULL) {
        pt_copies_switch_groups(p->space, p->branching, &p->subnet);
    } else if (pt_methods[c->search.method].is_fixed) {
        p->subnet.is_soft = false;
        p->subnet.is_active_only = p->space->has_one_copy;
        for (int32_t i = 0; i < n; i++)
            for (int32_t j = 0; j < p->space->n_choice; j++)
                pt_subnet_switch(&p->subnet, task[i], j, may_run(p->space, j, task[i]));
    } else {
        pt_gates_draw(&gates, task, n, &p->subnet, p->g);
    }
}

pt_status_t predict_compile(pt_predictor_t *p, int32_t i)
{
    const unit_plan_t *u = &p->unit_plan[i];
    const pt_bundle_t *b = pt_feed_bundle(p->feed, u->bundle);

    draw(p, u->kind, u->step, b->task, b->n_task);
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
    p->unit_plan[i].times += turn_units(p->config);
    *number = i;
    return PT_OK;
}

static pt_status_t look_ahead(pt_predictor_t *p, int32_t kind, int32_t step, outlook_t *o)
{
    turn_t *turn = &o->turn;
    pt_step_t id = step_of(p, kind, step);

    PT_TRY(turn_init(p->config, p->space, turn));
    turn_take(turn, p->config, p->feed, &id);
    PT_TRY(pt_alloc(&o->plan, (size_t)turn->n_bundle, sizeof *o->plan));
    draw(p, kind, step, turn->task, turn->n_task);
    for (int32_t i = 0; i < turn->n_bundle; i++)
        PT_TRY(find_plan(p, kind, step, turn->bundle[i], &o->plan[i]));
    turn_mark_groups(turn, p->space, &p->subnet, turn->task, turn->n_task, &p->reach);
    return PT_OK;
}

static pt_status_t make_room(pt_predictor_t *p)
{
    const pt_space_t *s = p->space;
    size_t bundles = (size_t)pt_step_most(p->config, s->n_task);

    PT_TRY(pt_alloc(&p->task_bundle, (size_t)s->n_task, sizeof *p->task_bundle));
    for (int32_t i = 0; i < pt_feed_n_bundle(p->feed); i++) {
        const pt_bundle_t *b = pt_feed_bundle(p->feed, i);
        p->n_segment = b->n_task > p->n_segment ? b->n_task : p->n_segment;
        for (int32_t j = 0; j < b->n_task; j++)
            p->task_bundle[b->task[j]] = i;
    }
    PT_TRY(pt_subnet_init(&p->subnet, s->n_task, s->n_choice));
    PT_TRY(pt_alpha_init(&p->alpha, s->n_task, s->n_choice));
    PT_TRY(pt_alloc(&p->g, (size_t)s->n_task * (size_t)s->n_choice, sizeof *p->g));
    PT_TRY(turn_reach_init(s, &p->reach));
    PT_TRY(pt_alloc(&p->cost, bundles, sizeof *p->cost));
    PT_TRY(deal_init(p->config, s->n_task, &p->deal));
    return pt_alloc(&p->rank_unit, bundles * (size_t)turn_units(p->config),
                    sizeof *p->rank_unit);
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
    p->n_kind =
        pt_methods[config->search.method].is_learned && branching == NULL ? N_KIND : 1;
    PT_TRY_OR(failed, make_room(p));
    PT_TRY_OR(failed, pt_plan_new(space, p->n_segment, &p->plan));
    for (int32_t kind = 0; kind < p->n_kind; kind++)
        for (int32_t step = 0; step < PT_PREDICT_STEPS; step++)
            PT_TRY_OR(failed, look_ahead(p, kind, step, &p->outlook[kind][step]));
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
            turn_release(&p->outlook[kind][step].turn);
            pt_free(p->outlook[kind][step].plan);
        }
    void *const plain[] = {p->g,    p->section,   p->task_bundle, p->unit_plan, p->arena,
                           p->tape, p->rank_unit, p->rank_first,  p->cost};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        pt_free(plain[i]);
    deal_release(&p->deal);
    turn_reach_release(&p->reach);
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

int64_t predict_n_label(const pt_predictor_t *p, int32_t bundle)
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
             (long long)p->config->train.microbatch, (long long)predict_n_label(p, bundle));
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
    int64_t n = is_input ? pt_shape_count(*shape) / shape->n : predict_n_label(p, bundle);

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
    extent[PT_AXIS_DATA] =
        pt_step_most(p->config, p->space->n_task) * turn_units(p->config);
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
    for (int32_t u = 0; u < p->deal.n; u++)
        first[p->deal.rank[u] + 1]++;
    for (int32_t d = 0; d < n_data; d++)
        first[d + 1] += first[d];
    for (int32_t u = p->deal.n - 1; u >= 0; u--)
        p->rank_unit[--first[p->deal.rank[u] + 1]] = u;
    /* first[d + 1] is where those of d begin by now. */
    memmove(first, first + 1, (size_t)n_data * sizeof *first);
    first[n_data] = p->deal.n;
}

pt_status_t predict_deal(pt_predictor_t *p, int32_t kind, int32_t step, int32_t n_task,
                         int32_t task, int32_t n_data)
{
    const outlook_t *o = &p->outlook[kind][step];

    PT_TRY(
        pt_grow(&p->rank_first, &p->first_room, (size_t)n_data + 1, sizeof *p->rank_first));
    for (int32_t i = 0; i < o->turn.n_bundle; i++)
        p->cost[i] = p->unit_plan[o->plan[i]].madds;
    PT_TRY(
        deal_turn(&p->deal, &o->turn, p->config, p->feed, p->cost, n_task, task, n_data));
    list_by_rank(p, n_data);
    return PT_OK;
}
