/* Groups of ranks: how many, and what each of them judges with. */
#include "search/run.h"

#include "polytree/base/memory.h"
#include "polytree/train/step.h"

static int64_t ceil_of(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

int32_t run_group_stages(const pt_config_t *config, const int32_t extent[PT_N_AXIS])
{
    bool is_asked_for = config->layout.stage > 0 || config->layout.memory > 0;
    return is_asked_for ? extent[PT_AXIS_STAGE] : 1;
}

/* Helpers are there where a rank can do it alone. */
static int32_t n_stage(const pt_search_t *s)
{
    return s->groups.is_helper
               ? 1
               : run_group_stages(s->config, pt_trainer_layout(s->trainer)->extent);
}

/* Rounds of units that the last group needs: each item is as many units as a step of
 * training has, which the ranks of its group share. */
static int64_t rounds(int64_t n_item, int64_t n_unit, int32_t n_place, int32_t n_group)
{
    return ceil_of(n_item, n_group) * ceil_of(n_unit, n_place / n_group);
}

static int64_t units_of(const pt_config_t *c, const pt_feed_t *feed)
{
    return ceil_of((int64_t)pt_step_samples(c, feed, false), c->train.microbatch);
}

static int32_t wanted(const pt_config_t *c, const pt_feed_t *feed, int32_t n_place,
                      int64_t n_item)
{
    bool is_given = c->layout.groups > 0;
    int32_t most =
        c->layout.groups < n_place && is_given ? (int32_t)c->layout.groups : n_place;
    int32_t best = 1;
    int64_t n_unit = units_of(c, feed);
    for (int32_t n = is_given && most > 1 ? most : 2; n <= most; n++)
        if (rounds(n_item, n_unit, n_place, n) <= rounds(n_item, n_unit, n_place, best))
            best = n;
    return best;
}

int32_t run_groups_wanted(const pt_search_t *s, int64_t n_item)
{
    return wanted(s->config, pt_trainer_feed(s->trainer),
                  pt_comm_size(s->groups.all) / n_stage(s), n_item);
}

int32_t run_groups_expect(const pt_config_t *config, const pt_feed_t *feed,
                          const pt_arrangement_t *a, int32_t n_rank, int64_t n_item,
                          double *share)
{
    int32_t n_place = n_rank / run_group_stages(config, a->extent);
    int32_t n = wanted(config, feed, n_place, n_item);
    int64_t n_unit = units_of(config, feed);
    int64_t alone = n_item * ceil_of(n_unit, (int64_t)a->extent[PT_AXIS_TASK] *
                                                 a->extent[PT_AXIS_DATA]);
    *share = n > 1 ? (double)rounds(n_item, n_unit, n_place, n) / (double)alone : 1;
    return n;
}

/* A helper's own trainer is not of these. */
void run_groups_rest(pt_search_t *s)
{
    run_groups_t *g = &s->groups;
    if (g->apart.trainer != NULL && g->apart.trainer != s->trainer)
        pt_trainer_free(g->apart.trainer);
    pt_trainer_free(g->apart.wide);
    pt_trainer_free(g->whole.wide);
    pt_tally_free(g->apart.tally);
    pt_checkpoint_release(&g->held);
    g->apart.trainer = g->apart.wide = g->whole.wide = g->trainer = NULL;
    g->apart.tally = NULL;
    g->n_apart = 0;
}

static void release_apart(pt_search_t *s)
{
    run_groups_t *g = &s->groups;
    run_groups_rest(s);
    pt_comm_free(g->roots);
    pt_layout_release(&g->layout);
    g->apart.comm = g->roots = NULL;
}

/* A helper of a group of its own judges with the trainer that it has. */
static pt_status_t make_trainer(pt_search_t *s)
{
    run_groups_t *g = &s->groups;
    if (g->is_helper && pt_comm_size(g->apart.comm) == 1) {
        g->apart.trainer = s->trainer;
        return PT_OK;
    }
    const pt_form_t form = pt_form_first(s->config);
    return pt_trainer_like(s->trainer, &g->layout, &form, &g->apart.trainer);
}

/* Neighbours are of one group. */
static int32_t number_of(const pt_search_t *s, int32_t n)
{
    int32_t stages = n_stage(s), n_place = pt_comm_size(s->groups.all) / stages;
    return (int32_t)((int64_t)(pt_comm_rank(s->groups.all) / stages) * n / n_place);
}

static pt_status_t make_apart(pt_search_t *s, int32_t n)
{
    run_groups_t *g = &s->groups;
    const int32_t extent[PT_N_AXIS] = {n_stage(s), 1, 0};
    int32_t rank = pt_comm_rank(g->all);
    pt_comm_t *comm = NULL;
    pt_status_t status;
    release_apart(s);
    int32_t number = number_of(s, n);
    PT_TRY(pt_comm_split(g->all, number, rank, &comm));
    status = pt_layout_init(&g->layout, comm, extent, false);
    pt_comm_free(comm);
    PT_AGREE(g->all, status);
    g->apart.comm = g->layout.world;
    PT_AGREE(g->all, make_trainer(s));
    bool is_root = pt_comm_rank(g->apart.comm) == 0;
    PT_TRY(pt_comm_split(g->all, is_root ? 0 : -1, number, &g->roots));
    PT_AGREE(g->all,
             is_root ? pt_tally_new(g->roots, GROUP_WANTS + n, &g->apart.tally) : PT_OK);
    g->n_apart = n;
    return run_compare_machines(s, g->all);
}

/* All ranks of the run, whose first one has nobody to meet. */
static pt_status_t make_whole(pt_search_t *s)
{
    run_groups_t *g = &s->groups;
    if (g->whole.trainer != NULL || g->is_helper)
        return PT_OK;
    g->whole = (run_group_t){.trainer = s->trainer, .comm = s->world};
    return s->is_root ? pt_tally_new(pt_comm_alone(), GROUP_WANTS + 1, &g->whole.tally)
                      : PT_OK;
}

static pt_status_t make_rounds(run_groups_t *g, int32_t n)
{
    size_t words = (size_t)(GROUP_WANTS + n);
    pt_free(g->mine);
    pt_free(g->sum);
    g->mine = g->sum = NULL;
    PT_TRY(pt_alloc(&g->mine, words, sizeof *g->mine));
    return pt_alloc(&g->sum, words, sizeof *g->sum);
}

pt_status_t run_groups_take(pt_search_t *s, int32_t n)
{
    run_groups_t *g = &s->groups;
    g->meeting = n > 1 ? g->all : s->world;
    PT_AGREE(g->meeting, make_whole(s));
    PT_AGREE(g->meeting, make_rounds(g, n));
    if (n > 1 && g->n_apart != n) {
        PT_TRY(make_apart(s, n));
        run_note(s, "choose: %d groups of ranks judge candidates", (int)n);
    }
    g->n = n;
    g->number = n > 1 ? number_of(s, n) : 0;
    g->group = n > 1 ? &g->apart : &g->whole;
    g->trainer = g->group->trainer;
    return PT_OK;
}

pt_status_t run_groups_widen(pt_search_t *s, double widening)
{
    run_groups_t *g = &s->groups;
    run_group_t *own = g->group;
    pt_form_t form = pt_form_first(s->config);
    form.widening = widening;
    pt_trainer_pass_time(g->trainer, own->trainer);
    g->trainer = own->trainer;
    if (widening == 1)
        return PT_OK;
    if (own->wide == NULL)
        PT_TRY(pt_trainer_like(own->trainer, pt_trainer_layout(own->trainer), &form,
                               &own->wide));
    else if (pt_trainer_space(own->wide)->widening != widening)
        PT_TRY(pt_trainer_reform(own->wide, &form));
    g->trainer = own->wide;
    return PT_OK;
}

void run_groups_release(pt_search_t *s)
{
    run_groups_t *g = &s->groups;
    release_apart(s);
    pt_tally_free(g->whole.tally);
    pt_free(g->mine);
    pt_free(g->sum);
    *g = (run_groups_t){.all = g->all, .is_helper = g->is_helper};
}
