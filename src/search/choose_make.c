/* Making candidates: those that anybody would try by hand, and generations of others. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "polytree/arch/front.h"
#include "polytree/base/memory.h"
#include "polytree/record/candidates.h"
#include "search/run.h"

/* Candidates that are tried for each that is wanted. */
enum { TRIES = 16 };

static pt_rng_t key(const pt_search_t *s, int64_t number)
{
    return (pt_rng_t){.seed = (uint64_t)s->config->run.seed,
                      .purpose = PT_RNG_CHOOSE,
                      .phase = (uint8_t)(2 * pt_phase_number(PT_PHASE_CHOOSE)),
                      .step = (uint32_t)number};
}

/* Cost uniform over what the budget allows, then a candidate of about that cost. */
static void draw(const pt_search_t *s, pt_rng_t rng, pt_subnet_t *subnet)
{
    pt_rng_t share = rng;
    share.task = UINT16_MAX;
    pt_breeder_draw(s->choose.breeder, &rng, pt_rng_uniform(&share, 0), false, subnet);
}

void run_choose_draw(pt_search_t *s, const pt_step_t *step)
{
    draw(s, pt_step_rng(s->config, step, PT_RNG_CHOOSE), &s->drawn);
    s->drawn.is_active_only = s->space->has_one_copy;
}

typedef struct from_file {
    choose_t *choose;
    uint64_t *bits;           /* scratch: of a candidate */
    int64_t n_dear, n_beyond; /* left out */
    int64_t n_changed;
} from_file_t;

static pt_status_t take_candidate(void *context, pt_subnet_t *subnet)
{
    from_file_t *f = context;
    size_t bytes = f->choose->words * sizeof *f->bits;
    memcpy(f->bits, subnet->bits, bytes);
    if (!pt_breeder_accepts(f->choose->breeder, subnet)) {
        f->n_dear++;
        return PT_OK;
    }
    if (f->choose->n == f->choose->capacity) {
        f->n_beyond++;
        return PT_OK;
    }
    f->n_changed += memcmp(f->bits, subnet->bits, bytes) != 0;
    (void)choose_add(f->choose, subnet, CHOOSE_FILE);
    return PT_OK;
}

static pt_status_t add_file(pt_search_t *s)
{
    const char *path = s->config->choose.candidates;
    from_file_t f = {.choose = &s->choose};
    if (path[0] == '\0')
        return PT_OK;
    PT_TRY(pt_alloc(&f.bits, s->choose.words, sizeof *f.bits));
    pt_status_t status = pt_candidates_read(path, s->space, take_candidate, &f);
    pt_free(f.bits);
    PT_TRY(status);
    if (f.n_dear > 0)
        run_note(s, "choose.candidates: %lld left out, as they exceed the budget",
                 (long long)f.n_dear);
    /* Which copy a group of tasks takes is none of its own business. */
    if (f.n_changed > 0 && s->space->kind == PT_SPACE_DAG)
        run_note(s,
                 "choose.candidates: %lld changed: pieces that lie on no way from stem to "
                 "head are left out",
                 (long long)f.n_changed);
    if (f.n_beyond > 0)
        run_note(s,
                 "choose.candidates: %lld left out, as no more than %lld candidates can be "
                 "judged (choose.budget, choose.population x choose.generations)",
                 (long long)f.n_beyond, (long long)s->choose.capacity);
    return PT_OK;
}

static pt_status_t leave_it(void *context, pt_subnet_t *subnet)
{
    (void)context, (void)subnet;
    return PT_OK;
}

pt_status_t run_choose_check(const pt_search_t *s)
{
    const char *path = s->config->choose.candidates;
    if (!s->choose.is_on || path[0] == '\0')
        return PT_OK;
    return pt_candidates_read(path, s->space, leave_it, NULL);
}

static pt_status_t add_handmade(pt_search_t *s)
{
    choose_t *c = &s->choose;
    pt_subnet_t *subnet = &c->subnet;
    (void)choose_add(c, &c->one, CHOOSE_SHARED);
    if (pt_breeder_apart(c->breeder, subnet))
        (void)choose_add(c, subnet, CHOOSE_APART);
    for (int32_t i = 0; i < CHOOSE_ONE_GRAPHS && s->space->kind == PT_SPACE_DAG; i++) {
        pt_rng_t rng = key(s, i);
        pt_breeder_draw(c->breeder, &rng, 1, true, subnet);
        (void)choose_add(c, subnet, CHOOSE_ONE_GRAPH);
    }
    return add_file(s);
}

/* Whether there is room for all networks; of some spaces there are too many to count. */
static pt_status_t is_small(const pt_search_t *s, bool *is)
{
    const pt_branching_t *b = &s->branching;
    int64_t count;
    *is = false;
    if (s->space->kind != PT_SPACE_BRANCH)
        return PT_OK;
    pt_status_t status =
        pt_branching_count(b->n_layer, b->n_task, (int32_t)s->config->space.copies, &count);
    *is = status == PT_OK && count <= s->choose.capacity;
    if (status != PT_E_RANGE)
        return status;
    pt_error_clear();
    return PT_OK;
}

static pt_status_t add_all(pt_search_t *s)
{
    choose_t *c = &s->choose;
    int32_t n_copy = (int32_t)s->config->space.copies;
    pt_branching_t b;
    bool is_left = true;
    PT_TRY(pt_branching_init(&b, s->branching.n_layer, s->branching.n_task));
    for (; is_left && c->n < c->capacity; is_left = pt_branching_next(n_copy, &b))
        if (pt_breeder_branching(c->breeder, &b, &c->subnet))
            (void)choose_add(c, &c->subnet, CHOOSE_ENUMERATED);
    c->is_closed = 1;
    pt_branching_release(&b);
    return PT_OK;
}

static pt_status_t make_first(pt_search_t *s)
{
    const pt_config_t *config = s->config;
    choose_t *c = &s->choose;
    PT_TRY(add_handmade(s));
    /* Who only trains candidates breeds none. */
    c->is_closed = !c->has_supernet;
    bool is_whole;
    PT_TRY(is_small(s, &is_whole));
    if (is_whole)
        return add_all(s);
    int64_t most = config->choose.population < c->capacity && !c->is_closed
                       ? config->choose.population
                       : c->capacity;
    for (int64_t i = 0; i < TRIES * most && c->n < most; i++) {
        draw(s, key(s, CHOOSE_ONE_GRAPHS + i), &c->subnet);
        (void)choose_add(c, &c->subnet, CHOOSE_RANDOM);
    }
    return PT_OK;
}

/* The first `most` in the order in which they live on are parents; of two the fitter one
 * has a child, changed. */
static pt_status_t make_next(pt_search_t *s)
{
    choose_t *c = &s->choose;
    int64_t n = c->n, room = c->capacity - n, population = s->config->choose.population;
    int64_t n_new = population < room ? population : room;
    int64_t n_parent = population < n ? population : n;
    for (int64_t i = 0; i < n; i++) {
        c->by_score[i] = choose_score(c, i, CHOOSE_PROPOSED);
        if (!isfinite(c->by_score[i]))
            c->by_score[i] = DBL_MAX / 4;
    }
    PT_TRY(pt_front_order((int32_t)n, c->cost, c->by_score, c->order));
    for (int64_t i = 0; i < TRIES * n_new && c->n < n + n_new; i++) {
        pt_rng_t rng = key(s, TRIES * n + i);
        double u[4];
        rng.task = UINT16_MAX;
        pt_rng_uniform4(&rng, 0, u);
        rng.task = 0;
        int64_t place = (int64_t)(fmin(u[0], u[1]) * (double)n_parent);
        choose_load(c, c->order[place]);
        if (pt_breeder_change(c->breeder, &rng, &c->subnet))
            (void)choose_add(c, &c->subnet, CHOOSE_EVOLVED);
    }
    if (c->n == n)
        c->is_closed = 1;
    return PT_OK;
}

pt_status_t run_choose_share(pt_search_t *s, int64_t first)
{
    choose_t *c = &s->choose;
    size_t at = (size_t)first, row = (size_t)(c->n_row * c->n_task);
    int64_t counter[CHOOSE_N_COUNTER];
    choose_get_counters(c, counter);
    PT_TRY(pt_comm_bcast(s->world, counter, sizeof counter, 0));
    choose_set_counters(c, counter);
    size_t n = (size_t)c->n - at;
    PT_TRY(pt_comm_bcast(s->world, c->bits + at * c->words, n * c->words * sizeof *c->bits,
                         0));
    PT_TRY(pt_comm_bcast(s->world, c->origin + at, n * sizeof *c->origin, 0));
    PT_TRY(pt_comm_bcast(s->world, c->reached + at, n * sizeof *c->reached, 0));
    PT_TRY(pt_comm_bcast(s->world, c->cost + at, n * sizeof *c->cost, 0));
    PT_TRY(pt_comm_bcast(s->world, c->loss + at * row, n * row * sizeof *c->loss, 0));
    if (c->trains && c->is_closed)
        run_choose_plan(s->config, &c->price, c->n, &c->rungs);
    run_choose_count(s);
    return PT_OK;
}

pt_status_t run_choose_grow(pt_search_t *s)
{
    choose_t *c = &s->choose;
    int64_t first = c->n;
    pt_status_t status = PT_OK;
    if (s->is_root)
        status = c->n == 0 ? make_first(s) : make_next(s);
    PT_AGREE(s->world, status);
    c->is_closed |= c->n == c->capacity;
    return run_choose_share(s, first);
}
