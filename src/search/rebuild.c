/* The network that another run has found, to be trained anew: search.method = rebuilt. */
#include "polytree/arch/copies.h"
#include "polytree/base/memory.h"
#include "polytree/record/architecture.h"
#include "polytree/record/run_config.h"
#include "polytree/record/run_file.h"
#include "search/run.h"

/** What has been read; on rank 0. */
typedef struct given {
    pt_config_t *config;
    pt_architecture_t network;
} given_t;

static void release(given_t *given)
{
    pt_architecture_release(&given->network);
    pt_free(given->config);
}

static pt_status_t read_given(const char *run, given_t *given)
{
    char path[PT_PATH_MAX];
    PT_TRY(pt_alloc(&given->config, 1, sizeof *given->config));
    PT_TRY(pt_run_config_read(run, given->config));
    PT_TRY(pt_run_file_path(run, PT_FILE_ARCHITECTURE, path));
    return pt_architecture_open(given->config, path, &given->network);
}

/* Each group of tasks has copies of its own, however many the supernet has. */
static pt_status_t take_branching(pt_search_t *s, const given_t *given)
{
    int32_t *copy;
    size_t n = (size_t)given->network.space->n_layer * (size_t)given->network.space->n_task;
    PT_TRY(pt_alloc(&copy, n, sizeof *copy));
    pt_copies_of_subnet(given->network.space, &given->network.subnet, copy);
    pt_branching_of_copies(copy, &s->branching);
    pt_free(copy);
    return PT_OK;
}

static bool is_same_space(const pt_space_t *a, const pt_space_t *b)
{
    return a->kind == b->kind && a->n_task == b->n_task && a->n_layer == b->n_layer &&
           (a->kind == PT_SPACE_BRANCH || a->n_choice == b->n_choice);
}

/* What it costs here. */
static pt_status_t count_madds(const pt_search_t *s, int64_t *madds)
{
    bool is_branch = s->space->kind == PT_SPACE_BRANCH;
    const pt_form_t form = {.branching = is_branch ? &s->branching : NULL,
                            .widening = s->widening};
    pt_space_t *space;
    pt_subnet_t network = {0};
    pt_cost_t cost;
    pt_status_t status;
    PT_TRY(pt_form_space(s->config, pt_trainer_dataset(s->trainer), &form, NULL, &space));
    PT_TRY_OR(done, pt_subnet_init(&network, space->n_task, space->n_choice));
    if (is_branch)
        pt_copies_switch_groups(space, &s->branching, &network);
    else
        pt_subnet_copy(&network, &s->subnet);
    PT_TRY_OR(done, pt_cost_all(space, &network, &cost));
    *madds = cost.madds;
done:
    pt_subnet_release(&network);
    pt_space_free(space);
    return status;
}

static pt_status_t take(pt_search_t *s, const given_t *given)
{
    const char *run = s->config->baseline.cost_of;
    pt_cost_t theirs;
    int64_t madds = 0;
    if (!is_same_space(given->network.space, s->space))
        PT_FAIL(MISMATCH, "baseline.cost_of = %s: a network of another space", run);
    if (s->space->kind == PT_SPACE_BRANCH)
        PT_TRY(take_branching(s, given));
    else
        pt_subnet_copy(&s->subnet, &given->network.subnet);
    s->subnet.is_soft = false;
    s->widening = given->network.space->widening;
    PT_TRY(pt_cost_all(given->network.space, &given->network.subnet, &theirs));
    PT_TRY(count_madds(s, &madds));
    if (madds != theirs.madds)
        PT_FAIL(
            MISMATCH,
            "baseline.cost_of = %s: its network costs %lld multiply-adds there and %lld "
            "in this space",
            run, (long long)theirs.madds, (long long)madds);
    return PT_OK;
}

static pt_status_t share(pt_search_t *s)
{
    const pt_branching_t *b = &s->branching;
    size_t n_group = (size_t)b->n_layer * (size_t)b->n_task;
    size_t n_word = (size_t)s->subnet.n_task * s->subnet.words;
    PT_TRY(pt_comm_bcast(s->world, b->group, n_group * sizeof *b->group, 0));
    PT_TRY(pt_comm_bcast(s->world, s->subnet.bits, n_word * sizeof *s->subnet.bits, 0));
    PT_TRY(pt_comm_bcast(s->world, &s->widening, sizeof s->widening, 0));
    for (int32_t k = 0; k < s->subnet.n_task; k++)
        pt_subnet_harden(&s->subnet, k);
    s->subnet.is_soft = false;
    return PT_OK;
}

pt_status_t run_rebuild(pt_search_t *s)
{
    given_t given = {.config = NULL};
    pt_status_t status = PT_OK;
    if (s->is_root)
        status = read_given(s->config->baseline.cost_of, &given);
    if (s->is_root && status == PT_OK)
        status = take(s, &given);
    release(&given);
    PT_AGREE(s->world, status);
    return share(s);
}
