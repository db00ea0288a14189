/* Running units of a step through stages, several of them under way at once. */
#include "train/stream.h"

#include "polytree/base/activity.h"
#include "polytree/base/clock.h"
#include "polytree/base/memory.h"
#include "polytree/train/measure.h"
#include "polytree/train/predict.h"
#include "train/alternate.h"

static int32_t n_stage(const pt_trainer_t *t)
{
    return t->layout->extent[PT_AXIS_STAGE];
}

/** Rank 0 measures what the predictor asks for, and all know it. */
static pt_status_t learn_costs(pt_trainer_t *t, const pt_form_t *form,
                               pt_predictor_t *predictor)
{
    pt_comm_t *world = t->layout->world;
    pt_status_t status = PT_OK;

    if (t->machine == NULL || t->config->layout.cost != PT_COST_MEASURED)
        return PT_OK;
    if (pt_comm_rank(world) == 0 && !pt_predictor_is_known(predictor))
        status = pt_measure_steps(t->config, t->dataset, t->kernel, form, t->machine);
    PT_AGREE(world, status);
    return pt_machine_share(t->machine, world);
}

pt_status_t stream_cut(pt_trainer_t *t, const pt_form_t *form)
{
    const pt_layout_t *l = t->layout;
    bool is_one_node = pt_comm_size(l->node) == pt_comm_size(l->world);
    pt_wire_t wire = is_one_node ? PT_WIRE_NODE : PT_WIRE_NETWORK;
    pt_predictor_t *predictor = NULL;
    pt_machine_t counted;
    int64_t begin, end;
    pt_status_t status;

    if (n_stage(t) == 1)
        return PT_OK;
    pt_machine_init(&counted);
    PT_AGREE(l->world,
             pt_predictor_new(t->config, t->feed, t->space, form->branching,
                              t->machine != NULL ? t->machine : &counted, &predictor));
    PT_TRY_OR(done, learn_costs(t, form, predictor));
    status = pt_predictor_cut(predictor, n_stage(t), wire, &t->pipeline.cut);
    PT_TRY_OR(done, pt_comm_agree(l->world, status));
    PT_TRY_OR(done, pt_comm_check_equal(
                        l->world, "the cut into stages", t->pipeline.cut.first,
                        ((size_t)n_stage(t) + 1) * sizeof *t->pipeline.cut.first));
    pt_cut_blocks(&t->pipeline.cut, t->space, l->coord[PT_AXIS_STAGE], &begin, &end);
    pt_store_keep(&t->space->store, begin, end);
done:
    pt_predictor_free(predictor);
    return status;
}

static const pt_real_t *receive(void *context, bool is_back, int64_t n)
{
    return pt_pipe_receive(context, is_back, n);
}

static void done(void *context, bool is_back)
{
    pt_pipe_done(context, is_back);
}

static pt_real_t *room(void *context, bool is_back, int64_t n)
{
    (void)n;
    return pt_pipe_room(context, is_back);
}

static void send(void *context, bool is_back, int64_t n)
{
    pt_pipe_send(context, is_back, n);
}

static void progress(void *context)
{
    pt_pipe_progress(context);
}

static void place_plans(pt_trainer_t *t)
{
    int32_t stage = t->layout->coord[PT_AXIS_STAGE];

    for (int32_t i = 0; i < t->plans.n_slot; i++) {
        pt_plan_place(t->plans.weight[i], &t->pipeline.cut, stage);
        pt_plan_place(t->plans.alpha[i], &t->pipeline.cut, stage);
        if (t->plans.loss != NULL)
            pt_plan_place(t->plans.loss[i], &t->pipeline.cut, stage);
    }
    pt_plan_place(t->plans.calibrate, &t->pipeline.cut, stage);
    pt_plan_place(t->plans.eval, &t->pipeline.cut, stage);
    for (int32_t i = 0; i < t->pipeline.n_flight && t->pipeline.flight[i].plan != NULL; i++)
        pt_plan_place(t->pipeline.flight[i].plan, &t->pipeline.cut, stage);
}

pt_status_t stream_open(pt_trainer_t *t)
{
    int32_t stage = t->layout->coord[PT_AXIS_STAGE];
    int64_t input = pt_shape_count(t->space->node[0].shape);
    size_t gates = (size_t)t->n_bundle_task * (size_t)t->space->n_choice;
    size_t bound = pt_plan_arena_bound(t->plans.eval);

    t->pipeline.reads_input =
        n_stage(t) == 1 || pt_cut_reads_input(&t->pipeline.cut, t->space, stage);
    t->pipeline.n_flight = pt_cut_ahead(n_stage(t), stage);
    PT_TRY(pt_alloc(&t->pipeline.flight, (size_t)t->pipeline.n_flight,
                    sizeof *t->pipeline.flight));
    for (int32_t i = 0; i < t->pipeline.n_flight; i++) {
        flight_t *f = &t->pipeline.flight[i];
        f->unit = -1;
        if (t->pipeline.reads_input || stream_is_last(t))
            PT_TRY(pt_alloc(&f->input, (size_t)input, sizeof *f->input));
        PT_TRY(pt_alloc(&f->dgate, gates, sizeof *f->dgate));
        /* A plan that bundles share must not be compiled anew while one is in flight. */
        if (n_stage(t) > 1 && t->plans.n_slot == PLAN_SLOTS)
            PT_TRY(pt_plan_new(t->space, t->n_bundle_task, &f->plan));
    }
    if (n_stage(t) == 1)
        return pt_exec_new(t->space, bound, &t->pipeline.exec);
    place_plans(t);
    t->pipeline.link = (pt_link_t){NULL, receive, done, room, send, progress};
    return pt_exec_new_staged(t->space, bound, t->pipeline.n_flight, &t->pipeline.link,
                              &t->pipeline.exec);
}

pt_status_t stream_connect(pt_trainer_t *t)
{
    if (n_stage(t) == 1)
        return PT_OK;
    PT_TRY(pt_pipe_new(t->layout->chain, pt_plan_message_bound(t->plans.eval),
                       &t->pipeline.pipe));
    t->pipeline.link.context = t->pipeline.pipe;
    return PT_OK;
}

void stream_close(pt_trainer_t *t)
{
    pt_pipe_free(t->pipeline.pipe);
    pt_exec_free(t->pipeline.exec);
    for (int32_t i = 0; i < t->pipeline.n_flight && t->pipeline.flight != NULL; i++) {
        pt_free(t->pipeline.flight[i].input);
        pt_free(t->pipeline.flight[i].dgate);
        pt_plan_free(t->pipeline.flight[i].plan);
    }
    pt_free(t->pipeline.flight);
    pt_cut_release(&t->pipeline.cut);
}

/** Where a stage stands in the segments of a stream. */
typedef struct cursor {
    int32_t unit, segment;
    int64_t n_done; /**< segments */
} cursor_t;

static int32_t find_flight(const pt_trainer_t *t, int32_t unit)
{
    int32_t i = 0;

    while (t->pipeline.flight[i].unit != unit)
        i++;
    return i;
}

static pt_status_t plan_of(pt_trainer_t *t, const stream_t *s, int32_t bundle,
                           flight_t *flight, pt_plan_t **plan)
{
    const pt_bundle_t *b = pt_feed_bundle(t->feed, bundle);
    double begin = pt_clock();

    pt_activity_do(PT_DOING_PLANS);
    if (flight->plan == NULL)
        return trainer_plan(t, s->subnet, s->pass, bundle, plan);
    *plan = flight->plan;
    if (pt_plan_key(*plan) != pt_plan_make_key(s->subnet, s->pass, b->task, b->n_task))
        PT_TRY(pt_plan_compile(*plan, s->subnet, s->pass, b->task, b->n_task));
    t->time.compile += pt_clock() - begin;
    return PT_OK;
}

/** @param[out] status  what failed, unless something has before */
static pt_status_t begin_unit(pt_trainer_t *t, const stream_t *s, int32_t unit,
                              pt_status_t *status)
{
    int32_t at = find_flight(t, -1);
    flight_t *f = &t->pipeline.flight[at];
    pt_unit_t made = {.input = f->input, .subnet = s->subnet, .dgate = f->dgate};
    pt_plan_t *plan;

    /* Plans depend on the subnet alone: where one fails it does on all stages. */
    PT_TRY(plan_of(t, s, s->bundle(s->context, unit), f, &plan));
    pt_activity_do(PT_DOING_DATA);
    pt_status_t filled = s->begin(s->context, unit, &made);
    if (filled != PT_OK && n_stage(t) == 1)
        return filled;
    *status = *status != PT_OK ? *status : filled;
    f->unit = unit;
    f->made = made;
    f->n_segment = pt_plan_n_segment(plan);
    pt_exec_begin(t->pipeline.exec, at, plan, &made);
    return PT_OK;
}

static void end_unit(const stream_t *s, flight_t *f)
{
    s->end(s->context, f->unit, &f->made);
    f->unit = -1;
}

/** Run a cursor's section; does it end the unit's part of that direction? */
static bool advance(pt_trainer_t *t, cursor_t *c, int32_t *flight)
{
    *flight = find_flight(t, c->unit);
    pt_exec_advance(t->pipeline.exec, *flight);
    c->n_done++;
    if (++c->segment < t->pipeline.flight[*flight].n_segment)
        return false;
    c->segment = 0;
    c->unit++;
    return true;
}

pt_status_t stream_run(pt_trainer_t *t, const stream_t *s)
{
    bool has_backward = s->pass == PT_PASS_WEIGHT || s->pass == PT_PASS_ALPHA;
    cursor_t forward = {0}, backward = {0};
    pt_status_t status = PT_OK;

    while (forward.unit < s->n || (has_backward && backward.unit < s->n)) {
        bool is_forward =
            forward.unit < s->n &&
            (!has_backward ||
             alternate_goes_forward(forward.n_done, backward.n_done, t->pipeline.n_flight));
        int32_t flight;
        if (is_forward && forward.segment == 0)
            PT_TRY(begin_unit(t, s, forward.unit, &status));
        bool is_end = advance(t, is_forward ? &forward : &backward, &flight);
        if (is_end && is_forward != has_backward)
            end_unit(s, &t->pipeline.flight[flight]);
    }
    if (status == PT_OK && t->pipeline.pipe != NULL)
        status = pt_pipe_status(t->pipeline.pipe);
    return status;
}
