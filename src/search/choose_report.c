/* What a run leaves of the candidates that it has judged; rank 0. */
#include <math.h>

#include "polytree/arch/front.h"
#include "polytree/base/memory.h"
#include "polytree/par/log.h"
#include "polytree/picture/choice.h"
#include "search/run.h"

/* Numbers of a candidate that its entry borrows. */
typedef struct entry_room {
    double trained[CHOOSE_RUNGS];
    double task[]; /* [n_task] scores, then metrics */
} entry_room_t;

static size_t room_bytes(const choose_t *c)
{
    return sizeof(entry_room_t) + 2 * (size_t)c->n_task * sizeof(double);
}

static void fill_entry(const choose_t *c, int64_t i, entry_room_t *room,
                       pt_candidate_entry_t *e)
{
    int64_t view = c->is_final[i] ? CHOOSE_FINAL : CHOOSE_PROPOSED;
    int32_t n_trained = 0;
    for (int32_t k = 0; k < c->n_task; k++) {
        room->task[k] = choose_task_score(c, i, view, k);
        room->task[c->n_task + k] = choose_metric(c, i, k);
    }
    for (; n_trained < c->rungs.n - !c->has_regression && n_trained < c->reached[i];
         n_trained++)
        room->trained[n_trained] =
            choose_score(c, i, CHOOSE_BY_ROW + choose_rung_row(n_trained));
    *e = (pt_candidate_entry_t){
        .origin = choose_origin_name(c->origin[i]),
        .is_handmade = choose_is_handmade(c, i),
        .is_final = c->is_final[i],
        .is_chosen = i == c->chosen,
        .widening = c->widening[i],
        .cost = c->cost[i],
        .score = choose_score(c, i, view),
        .error = c->is_final[i] && i > 0 ? choose_error(c, i, 0) : (double)NAN,
        .worst = choose_worst(c, i, view),
        .supernet = c->has_supernet
                        ? choose_score(c, i, CHOOSE_BY_ROW + CHOOSE_SUPERNET_ROW)
                        : (double)NAN,
        .n_trained = n_trained,
        .steps = c->rungs.steps,
        .trained = room->trained,
        .delta = choose_delta(c, i),
        .task = room->task,
        .metric = room->task + c->n_task,
        .bits = c->bits + (size_t)i * c->words};
}

/* The front of finalists, whose scores are of the same samples. */
static pt_status_t mark_front(const choose_t *c, pt_candidate_entry_t *entry)
{
    int32_t n = 0, *rank;
    double *x;
    PT_TRY(pt_alloc(&x, 2 * (size_t)c->n, sizeof *x));
    double *y = x + c->n;
    for (int64_t i = 0; i < c->n; i++)
        if (c->is_final[i] && isfinite(choose_score(c, i, CHOOSE_FINAL))) {
            c->order[n] = (int32_t)i;
            x[n] = c->cost[i];
            y[n++] = choose_score(c, i, CHOOSE_FINAL);
        }
    pt_status_t status = pt_alloc(&rank, (size_t)c->n, sizeof *rank);
    if (status == PT_OK)
        status = pt_front_rank(n, x, y, rank);
    for (int32_t i = 0; i < n && status == PT_OK; i++)
        entry[c->order[i]].is_on_front = rank[i] == 0;
    pt_free(x);
    pt_free(rank);
    return status;
}

static pt_status_t write(pt_search_t *s, const pt_candidate_entry_t *entry)
{
    const choose_t *c = &s->choose;
    PT_TRY(pt_candidates_write(s->run, s->space, c->n, entry));
    return pt_picture_candidates(s->run, pt_resource_unit(s->resource.kind), c->n, entry);
}

pt_status_t run_choose_report(pt_search_t *s)
{
    const choose_t *c = &s->choose;
    size_t n = (size_t)c->n;
    pt_candidate_entry_t *entry = NULL;
    unsigned char *room = NULL;
    pt_status_t status;
    PT_TRY_OR(done, pt_alloc(&entry, n, sizeof *entry));
    PT_TRY_OR(done, pt_alloc(&room, n, room_bytes(c)));
    for (int64_t i = 0; i < c->n; i++)
        fill_entry(c, i, (entry_room_t *)(room + (size_t)i * room_bytes(c)), &entry[i]);
    PT_TRY_OR(done, mark_front(c, entry));
    status = write(s, entry);
done:
    pt_free(room);
    pt_free(entry);
    return status;
}
