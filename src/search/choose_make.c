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
static void draw(const choose_width_t *width, pt_rng_t rng, pt_subnet_t *subnet)
{
    pt_rng_t share = rng;
    share.task = UINT16_MAX;
    pt_breeder_draw(width->breeder, &rng, pt_rng_uniform(&share, 0), false, subnet);
}

/* Steps before candidates are made train those of the space's own width. */
void run_choose_draw(pt_search_t *s, const pt_step_t *step)
{
    draw(&s->choose.width[0], pt_step_rng(s->config, step, PT_RNG_CHOOSE), &s->drawn);
    s->drawn.is_active_only = s->space->has_one_copy;
}

/* Each width as likely, if networks of it can be had. */
static const choose_width_t *draw_width(const choose_t *c, pt_rng_t rng)
{
    rng.task = UINT16_MAX;
    int32_t i = (int32_t)(pt_rng_uniform(&rng, 1) * c->n_width);
    return c->width[i].breeder != NULL ? &c->width[i] : &c->width[0];
}

typedef struct from_file {
    choose_t *choose;
    uint64_t *bits;           /* scratch: of a candidate */
    int64_t n_dear, n_beyond; /* left out */
    int64_t n_changed;
} from_file_t;

static pt_status_t find_width(const choose_t *c, double widening, int32_t *i)
{
    *i = choose_find_width(c, widening);
    if (*i < 0)
        PT_FAIL(FORMAT, "\"width\": %g is none of choose.widths", widening);
    return PT_OK;
}

static pt_status_t take_candidate(void *context, double widening, pt_subnet_t *subnet)
{
    from_file_t *f = context;
    size_t bytes = f->choose->words * sizeof *f->bits;
    int32_t i;
    PT_TRY(find_width(f->choose, widening, &i));
    const choose_width_t *width = &f->choose->width[i];
    memcpy(f->bits, subnet->bits, bytes);
    if (width->breeder == NULL || !pt_breeder_accepts(width->breeder, subnet)) {
        f->n_dear++;
        return PT_OK;
    }
    if (f->choose->n == f->choose->capacity) {
        f->n_beyond++;
        return PT_OK;
    }
    f->n_changed += memcmp(f->bits, subnet->bits, bytes) != 0;
    (void)choose_add(f->choose, width, subnet, CHOOSE_FILE);
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

static pt_status_t check_candidate(void *context, double widening, pt_subnet_t *subnet)
{
    int32_t i;
    (void)subnet;
    return find_width(context, widening, &i);
}

pt_status_t run_choose_check(pt_search_t *s)
{
    const char *path = s->config->choose.candidates;
    if (!s->choose.is_on || path[0] == '\0')
        return PT_OK;
    return pt_candidates_read(path, s->space, check_candidate, &s->choose);
}

/* The widest of which everything apart is a candidate. */
static const choose_width_t *widest_apart(choose_t *c)
{
    const choose_width_t *widest = NULL;
    for (const choose_width_t *w = c->width; w < c->width + c->n_width; w++)
        if (w->breeder != NULL && (widest == NULL || w->widening > widest->widening) &&
            pt_breeder_apart(w->breeder, &c->subnet))
            widest = w;
    return widest;
}

/* One network for all tasks as wide as can be, everything apart as wide as the budget
 * allows, and in dags graphs that all tasks have. */
static pt_status_t add_handmade(pt_search_t *s)
{
    choose_t *c = &s->choose;
    const choose_width_t *w;
    pt_subnet_t *subnet = &c->subnet;
    for (w = c->width; w < c->width + c->n_width; w++)
        if (w->breeder != NULL)
            (void)choose_add(c, w, &c->one, CHOOSE_SHARED);
    w = widest_apart(c);
    if (w != NULL && pt_breeder_apart(w->breeder, subnet))
        (void)choose_add(c, w, subnet, CHOOSE_APART);
    for (int32_t i = 0; i < CHOOSE_ONE_GRAPHS && s->space->kind == PT_SPACE_DAG; i++) {
        pt_rng_t rng = key(s, i);
        pt_breeder_draw(c->width[0].breeder, &rng, 1, true, subnet);
        (void)choose_add(c, &c->width[0], subnet, CHOOSE_ONE_GRAPH);
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
    *is = status == PT_OK && count <= s->choose.capacity / s->choose.n_width;
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
    for (; is_left; is_left = pt_branching_next(n_copy, &b))
        for (const choose_width_t *w = c->width; w < c->width + c->n_width; w++)
            if (c->n < c->capacity && w->breeder != NULL &&
                pt_breeder_branching(w->breeder, &b, &c->subnet))
                (void)choose_add(c, w, &c->subnet, CHOOSE_ENUMERATED);
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
        pt_rng_t rng = key(s, CHOOSE_ONE_GRAPHS + i);
        const choose_width_t *width = draw_width(c, rng);
        draw(width, rng, &c->subnet);
        (void)choose_add(c, width, &c->subnet, CHOOSE_RANDOM);
    }
    return PT_OK;
}

/* The first `most` in the order in which they live on are parents; of two the fitter one
 * has a child, changed.  With a supernet all are of its width. */
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
        if (pt_breeder_change(c->width[0].breeder, &rng, &c->subnet))
            (void)choose_add(c, &c->width[0], &c->subnet, CHOOSE_EVOLVED);
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
    PT_TRY(pt_comm_bcast(s->world, c->widening + at, n * sizeof *c->widening, 0));
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
