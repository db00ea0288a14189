/* Shares of a step, and what comes of them when all ranks do theirs. */
#include "train/predict.h"

#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/train/deal.h"
#include "polytree/train/task_weights.h"

/** Limbs of an exact sum that are in use, about. */
enum { LIMBS = 4 };

pt_wire_t pt_arrangement_wire(const pt_arrangement_t *a)
{
    int64_t ranks = (int64_t)a->extent[PT_AXIS_STAGE] * a->extent[PT_AXIS_TASK] *
                    a->extent[PT_AXIS_DATA];

    return a->ranks_per_node > 0 && ranks > a->ranks_per_node ? PT_WIRE_NETWORK
                                                              : PT_WIRE_NODE;
}

/** What lies between `n` ranks in a row. */
static pt_wire_t wire_among(const pt_arrangement_t *a, int64_t n)
{
    return a->ranks_per_node > 0 && n > a->ranks_per_node ? PT_WIRE_NETWORK : PT_WIRE_NODE;
}

/** Elements used in a step on a stage, and the blocks that they are in: of what is shared,
 * or of the heads of a task coordinate. */
static int64_t used_elements(const pt_predictor_t *p, int32_t step, int32_t stage,
                             bool is_heads, int32_t n_task, int32_t task, int64_t *n_block)
{
    const pt_store_t *store = &p->space->store;
    const turn_t *turn = &p->outlook[KIND_WEIGHT][step].turn;
    int64_t begin, end, n = 0;

    pt_cut_blocks(&p->cut, p->space, stage, &begin, &end);
    *n_block = 0;
    for (int32_t g = 0; g < store->n_group; g++) {
        const pt_group_t *group = &store->group[g];
        bool is_here = group->first_block >= begin && group->first_block < end;
        if (!is_here || !turn->is_used[g] || is_heads != (group->task >= 0))
            continue;
        if (is_heads && pt_deal_bundle(p->task_bundle[group->task], n_task) != task)
            continue;
        *n_block += group->n_block;
        for (int64_t b = 0; b < group->n_block; b++)
            n += pt_group_extent(store, group, group->first_block + b);
    }
    return n;
}

static void add_sums(const pt_predictor_t *p, const pt_arrangement_t *a,
                     const int32_t coord[PT_N_AXIS], int32_t kind, int32_t step,
                     pt_share_t *share)
{
    const pt_space_t *s = p->space;
    const turn_t *turn = &p->outlook[kind][step].turn;
    int32_t n_task = a->extent[PT_AXIS_TASK], n_data = a->extent[PT_AXIS_DATA];

    int64_t *sum = share->sum;
    sum[PT_SHARE_COUNTS] = turn_counts(turn->n_task);
    sum[PT_SHARE_CONTROL] = CONTROL_LARGEST;
    sum[PT_SHARE_LOSSES] = LIMBS * turn->n_task;
    if (kind == KIND_ALPHA) {
        sum[PT_SHARE_GATES] = LIMBS * (int64_t)turn->n_task * s->n_choice;
        return;
    }
    for (int32_t g = 0; g < s->store.n_group; g++)
        sum[PT_SHARE_CONTROL] += turn->is_used[g];
    sum[PT_SHARE_NORMS] = p->config->train.clip_norm > 0 ? s->store.n_block : 0;
    share->shared =
        used_elements(p, step, coord[PT_AXIS_STAGE], false, 0, 0, &share->shared_blocks);
    share->heads = used_elements(p, step, coord[PT_AXIS_STAGE], true, n_task,
                                 coord[PT_AXIS_TASK], &share->heads_blocks);
    /* Sums are packed, fetched and cleared; own blocks have moments. */
    double used = (double)(share->shared + share->heads) / PT_BLOCK;
    double own = (double)share->shared / (n_task * n_data) + (double)share->heads / n_data;
    char name[PT_MACHINE_NAME];
    predict_update_name(p, name);
    share->update = used * predict_known(p->machine, PREDICT_SUM, PREDICT_SUM_BYTES) +
                    own / PT_BLOCK * predict_known(p->machine, name, PREDICT_UPDATE_BYTES);
}

/** Forward passes of a step: losses may be wanted before it, and after it. */
static int32_t forward_times(const pt_predictor_t *p, int32_t kind)
{
    pt_weighting_t weighting = p->config->train.weighting;

    return 1 + pt_weighting_is_by_loss(weighting) +
           (kind == KIND_WEIGHT && pt_weighting_looks_back(weighting));
}

static pt_status_t make_share(pt_predictor_t *p, const pt_arrangement_t *a,
                              const int32_t coord[PT_N_AXIS], int32_t kind, int32_t step,
                              pt_share_t *share)
{
    const outlook_t *o = &p->outlook[kind][step];
    const int32_t *first = p->rank_first + coord[PT_AXIS_DATA];
    size_t most = (size_t)(first[1] - first[0]) * (size_t)p->n_segment;
    int32_t stage = coord[PT_AXIS_STAGE], n = 0, times = forward_times(p, kind);

    if (most > share->room) {
        pt_share_release(share);
        PT_TRY(pt_alloc(&share->forward, most, sizeof *share->forward));
        PT_TRY(pt_alloc(&share->backward, most, sizeof *share->backward));
        share->room = most;
    }
    for (int32_t at = first[0]; at < first[1]; at++) {
        int32_t i = p->deal.unit[p->rank_unit[at]].at;
        const pt_section_t *section = predict_section(p, o->plan[i], stage);
        const pt_bundle_t *b = pt_feed_bundle(p->feed, o->turn.bundle[i]);
        for (int32_t segment = 0; segment < b->n_task; segment++, n++) {
            share->forward[n] = section[segment];
            share->forward[n].seconds *= times;
            share->forward[n].bytes *= times;
            share->backward[n] = section[p->n_segment + segment];
        }
    }
    share->n_segment = n;
    memset(share->sum, 0, sizeof share->sum);
    share->shared = share->heads = 0;
    share->shared_blocks = share->heads_blocks = 0;
    share->update = 0;
    add_sums(p, a, coord, kind, step, share);
    return PT_OK;
}

void pt_share_release(pt_share_t *share)
{
    pt_free(share->forward);
    pt_free(share->backward);
    *share = (pt_share_t){0};
}

pt_status_t pt_predictor_share(pt_predictor_t *p, const pt_arrangement_t *a,
                               const int32_t coord[PT_N_AXIS], pt_pass_t pass, int32_t step,
                               pt_share_t *share)
{
    int32_t kind = pass == PT_PASS_WEIGHT ? KIND_WEIGHT : KIND_ALPHA;

    PT_TRY(predict_stage(p, a->extent[PT_AXIS_STAGE], pt_arrangement_wire(a)));
    PT_TRY(predict_deal(p, kind, step, a->extent[PT_AXIS_TASK], coord[PT_AXIS_TASK],
                        a->extent[PT_AXIS_DATA]));
    return make_share(p, a, coord, kind, step, share);
}

/** Where a stage stands: sections run, forward and backward, when they were done, and when
 * it is free. */
typedef struct place {
    int32_t n[2];
    double *done[2]; /**< [n_segment] */
    double free_at;
} place_t;

/** Run a stage's next section if what it needs has been sent; else there is none now. */
static bool run_next(place_t *place, const pt_share_t *share, int32_t n_stage, int32_t s,
                     const pt_machine_t *machine, pt_wire_t wire)
{
    place_t *own = &place[s];
    int32_t n = share[s].n_segment;
    bool is_back = own->n[0] == n || own->n[0] == own->n[1] + pt_cut_ahead(n_stage, s);
    int32_t g = own->n[is_back], from = is_back ? s + 1 : s - 1;
    double begin = own->free_at;

    if (g == n || (is_back && own->n[0] <= g))
        return false;
    if (from >= 0 && from < n_stage) {
        const pt_section_t *sent = is_back ? share[from].backward : share[from].forward;
        if (place[from].n[is_back] <= g)
            return false;
        double arrival = place[from].done[is_back][g];
        if (sent[g].bytes > 0)
            arrival += pt_machine_message(machine, wire, (double)sent[g].bytes);
        begin = fmax(begin, arrival);
    }
    own->free_at = begin + (is_back ? share[s].backward : share[s].forward)[g].seconds;
    own->done[is_back][g] = own->free_at;
    own->n[is_back]++;
    return true;
}

pt_status_t pt_predict_chain(const pt_share_t *share, int32_t n_stage,
                             const pt_machine_t *machine, pt_wire_t wire, double *seconds)
{
    size_t n = (size_t)share[0].n_segment, stages = (size_t)n_stage;
    place_t *place = NULL;
    double *times = NULL;
    bool has_run = true;
    pt_status_t status;

    PT_TRY_OR(done, pt_alloc(&place, stages, sizeof *place));
    PT_TRY_OR(done, pt_alloc(&times, 2 * stages * n, sizeof *times));
    for (size_t s = 0; s < stages; s++) {
        place[s].done[0] = times + 2 * s * n;
        place[s].done[1] = times + (2 * s + 1) * n;
    }
    while (has_run) {
        has_run = false;
        for (int32_t s = 0; s < n_stage; s++)
            while (run_next(place, share, n_stage, s, machine, wire))
                has_run = true;
    }
    *seconds = 0;
    for (size_t s = 0; s < stages; s++)
        *seconds = fmax(*seconds, place[s].free_at);
done:
    pt_free(place);
    pt_free(times);
    return status;
}

/** Sums and gathers of a step over `n` ranks: log n messages, (n - 1) / n of the bytes. */
static double sum_seconds(const pt_machine_t *m, pt_wire_t wire, int64_t n, double bytes)
{
    if (n < 2)
        return 0;
    return ceil(log2((double)n)) * m->rates.latency[wire] +
           (double)(n - 1) / (double)n * bytes / m->rates.bandwidth[wire];
}

/** Seconds of a step once the units are done; the bytes that the rank brings in. */
static double finish_seconds(const pt_predictor_t *p, const pt_arrangement_t *a,
                             const pt_share_t *share, double *bytes)
{
    const pt_machine_t *m = p->machine;
    int64_t data = a->extent[PT_AXIS_DATA];
    int64_t replicas = data * a->extent[PT_AXIS_TASK];
    int64_t world = replicas * a->extent[PT_AXIS_STAGE];
    double control = 0, seconds = 0;
    const double element = sizeof(int64_t) + sizeof(float);

    for (int32_t i = 0; i < PT_N_SHARE_SUM; i++) {
        double size = (double)share->sum[i] * sizeof(int64_t);
        control += size;
        if (size > 0)
            seconds += 2 * sum_seconds(m, wire_among(a, world), world, size);
    }
    seconds +=
        sum_seconds(m, wire_among(a, replicas), replicas, element * (double)share->shared);
    seconds += sum_seconds(m, wire_among(a, data), data, element * (double)share->heads);
    *bytes = world > 1 ? control : 0;
    *bytes += replicas > 1 ? element * (double)share->shared : 0;
    *bytes += data > 1 ? element * (double)share->heads : 0;
    return seconds + share->update;
}

/** What a step of an arrangement comes to. */
typedef struct outcome {
    double units, finish; /**< seconds of the slowest */
    double fullest, all;  /**< seconds of work: of the fullest rank, and of all */
    double link_bytes, sum_bytes;
} outcome_t;

static void look_at(const pt_predictor_t *p, const pt_arrangement_t *a,
                    const pt_share_t *share, outcome_t *o)
{
    for (int32_t s = 0; s < a->extent[PT_AXIS_STAGE]; s++) {
        double work = 0, link = 0, sums;
        for (int32_t g = 0; g < share[s].n_segment; g++) {
            work += share[s].forward[g].seconds + share[s].backward[g].seconds;
            link += (double)share[s].forward[g].bytes;
            if (s + 1 < a->extent[PT_AXIS_STAGE])
                link += (double)share[s + 1].backward[g].bytes;
        }
        double finish = finish_seconds(p, a, &share[s], &sums);
        o->all += work;
        o->fullest = fmax(o->fullest, work);
        o->link_bytes = fmax(o->link_bytes, link);
        o->finish = fmax(o->finish, finish);
        o->sum_bytes = fmax(o->sum_bytes, sums);
    }
}

static pt_status_t run_step(pt_predictor_t *p, const pt_arrangement_t *a, int32_t kind,
                            int32_t step, pt_share_t *share, outcome_t *o)
{
    pt_wire_t wire = pt_arrangement_wire(a);
    int32_t coord[PT_N_AXIS], n_stage = a->extent[PT_AXIS_STAGE];
    double seconds;

    *o = (outcome_t){0};
    for (int32_t t = 0; t < a->extent[PT_AXIS_TASK]; t++) {
        PT_TRY(predict_deal(p, kind, step, a->extent[PT_AXIS_TASK], t,
                            a->extent[PT_AXIS_DATA]));
        for (int32_t d = 0; d < a->extent[PT_AXIS_DATA]; d++) {
            coord[PT_AXIS_TASK] = t;
            coord[PT_AXIS_DATA] = d;
            for (int32_t s = 0; s < n_stage; s++) {
                coord[PT_AXIS_STAGE] = s;
                PT_TRY(make_share(p, a, coord, kind, step, &share[s]));
            }
            PT_TRY(pt_predict_chain(share, n_stage, p->machine, wire, &seconds));
            o->units = fmax(o->units, seconds);
            look_at(p, a, share, o);
        }
    }
    return PT_OK;
}

pt_status_t pt_predict(pt_predictor_t *p, const pt_arrangement_t *a, pt_pass_t pass,
                       pt_prediction_t *out)
{
    int32_t kind = pass == PT_PASS_WEIGHT ? KIND_WEIGHT : KIND_ALPHA;
    int32_t n_stage = a->extent[PT_AXIS_STAGE];
    double ranks = (double)n_stage * a->extent[PT_AXIS_TASK] * a->extent[PT_AXIS_DATA];
    pt_share_t *share = NULL;
    outcome_t sum = {0}, o;
    pt_status_t status;

    *out = (pt_prediction_t){.seconds = 0};
    if (kind >= p->n_kind)
        return PT_OK;
    PT_TRY(predict_stage(p, n_stage, pt_arrangement_wire(a)));
    PT_TRY(pt_alloc(&share, (size_t)n_stage, sizeof *share));
    for (int32_t step = 0; step < PT_PREDICT_STEPS; step++) {
        PT_TRY_OR(done, run_step(p, a, kind, step, share, &o));
        sum.units += o.units;
        sum.finish += o.finish;
        sum.fullest += o.fullest;
        sum.all += o.all;
        sum.link_bytes += o.link_bytes;
        sum.sum_bytes += o.sum_bytes;
    }
    *out = (pt_prediction_t){.seconds = (sum.units + sum.finish) / PT_PREDICT_STEPS,
                             .finish = sum.finish / PT_PREDICT_STEPS,
                             .bubble = fmax(0, 1 - sum.fullest / sum.units),
                             .balance = sum.all / ranks / sum.fullest,
                             .stage_bytes = sum.link_bytes / PT_PREDICT_STEPS,
                             .sum_bytes = sum.sum_bytes / PT_PREDICT_STEPS};
done:
    for (int32_t s = 0; s < n_stage; s++)
        pt_share_release(&share[s]);
    pt_free(share);
    return status;
}
