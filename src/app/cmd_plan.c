/* polytree plan: what a search will cost, without running it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"
#include "app/console.h"
#include "app/outlook.h"
#include "app/session.h"
#include "app/watch.h"
#include "polytree/arch/cost.h"
#include "polytree/arch/derive.h"
#include "polytree/base/memory.h"
#include "polytree/base/text.h"
#include "polytree/search/baseline.h"
#include "polytree/search/helper.h"
#include "polytree/search/search.h"

enum { PLAN_RANKS, PLAN_NODES, PLAN_TABLE, PLAN_SET };
const pt_flag_t pt_flags_plan[] = {
    {"ranks", 0, "P", "how many ranks the run will have"},
    {"nodes", 0, "Q", "on how many nodes; default 1"},
    {"table", 0, "FILE", "write the costs to FILE, for layout.cost"},
    {"set", 0, "key=value", "options over those of the config"},
    {0}};

#define MIB (1.0 / (1 << 20))

/* Work of one kind of step: multiply-adds of a sample in it, mean over the bundles. */
typedef struct plan_work {
    double forward, executed;
    size_t arena;
} plan_work_t;

/* What this process has taken before the trainer is made. */
typedef struct base {
    size_t program, kernels;
} base_t;

/* What libraries keep for the kernels of a space cannot be reckoned: make them once. */
static pt_status_t measure_kernels(const pt_session_t *s, size_t *bytes)
{
    const pt_config_t *c = &s->config;
    size_t before = pt_memory_resident();
    pt_kernel_t kernel;
    pt_space_t *space = NULL;
    pt_status_t status;
    PT_TRY(pt_kernel_init(&kernel, (pt_backend_t)c->kernel.backend, (pt_isa_t)c->kernel.isa,
                          (int32_t)c->run.threads));
    const pt_form_t form = pt_form_first(c);
    PT_TRY_OR(done, pt_form_space(c, s->dataset, &form, &kernel, &space));
    *bytes = pt_memory_resident() - before;
done:
    pt_space_free(space);
    pt_kernel_release(&kernel);
    return status;
}

static pt_status_t count_work(const pt_session_t *s, const pt_subnet_t *subnet,
                              pt_pass_t pass, plan_work_t *work)
{
    const pt_feed_t *feed = pt_trainer_feed(s->trainer);
    int32_t n = pt_feed_n_bundle(feed), most = 0;
    pt_plan_t *plan = NULL;
    pt_status_t status;
    *work = (plan_work_t){0};
    for (int32_t b = 0; b < n; b++)
        most =
            pt_feed_bundle(feed, b)->n_task > most ? pt_feed_bundle(feed, b)->n_task : most;
    PT_TRY_OR(done, pt_plan_new(pt_trainer_space(s->trainer), most, &plan));
    for (int32_t b = 0; b < n; b++) {
        const pt_bundle_t *bundle = pt_feed_bundle(feed, b);
        PT_TRY_OR(done, pt_plan_compile(plan, subnet, pass, bundle->task, bundle->n_task));
        work->forward += (double)pt_plan_madds(plan) / n;
        work->executed += (double)pt_plan_madds_executed(plan) / n;
        if (pt_plan_arena_bytes(plan) > work->arena)
            work->arena = pt_plan_arena_bytes(plan);
    }
done:
    pt_plan_free(plan);
    return status;
}

static pt_status_t print_work(const pt_session_t *s, const char *title,
                              const pt_subnet_t *subnet, pt_pass_t pass, int64_t n_step)
{
    double samples = pt_step_samples(&s->config, pt_trainer_feed(s->trainer), false);
    plan_work_t w;
    PT_TRY(count_work(s, subnet, pass, &w));
    pt_console_line("  %-24s %8lld %10.3f %10.3f %12.1f %14zu", title, (long long)n_step,
                    w.forward * 1e-6, w.executed * 1e-6,
                    w.executed * samples * (double)n_step * 1e-9, w.arena);
    return PT_OK;
}

/* What the stages run, as nothing has been learnt yet. */
typedef struct examples {
    pt_subnet_t warmup, search; /* of the supernet */
    pt_subnet_t found;          /* has the size, if not the form, of what will be found */
} examples_t;

/* Samples, steps and work of every stage. */
static pt_status_t print_stages(const pt_session_t *s, const examples_t *e)
{
    pt_run_length_t n;
    pt_run_length(&s->config, pt_trainer_feed(s->trainer), &n);
    pt_console_line("work, in millions of multiply-adds a sample:");
    pt_console_line("  %-24s %8s %10s %10s %12s %14s", "", "steps", "forward", "executed",
                    "total, 1e9", "arena, bytes");
    if (!pt_methods[s->config.search.method].is_fixed) {
        PT_TRY(print_work(s, "warm-up", &e->warmup, PT_PASS_WEIGHT,
                          n.n_step[PT_PHASE_WARMUP]));
        PT_TRY(print_work(s, "search, weights", &e->search, PT_PASS_WEIGHT,
                          n.n_step[PT_PHASE_SEARCH]));
        PT_TRY(print_work(s, "search, alpha", &e->search, PT_PASS_ALPHA, n.n_alpha));
    }
    if (n.choose_steps > 0)
        PT_TRY(print_work(s, "choose, as training", &e->found, PT_PASS_WEIGHT,
                          (int64_t)n.choose_steps));
    PT_TRY(print_work(s, "retrain (example)", &e->found, PT_PASS_WEIGHT,
                      n.n_step[PT_PHASE_RETRAIN]));
    return print_work(s, "evaluation (example)", &e->found, PT_PASS_EVAL, 1);
}

/* What every rank holds, whatever the layout. */
static size_t held_bytes(const pt_session_t *s, const base_t *base)
{
    return base->program + base->kernels + pt_dataset_bytes(s->dataset);
}

static void print_memory(const pt_session_t *s, const pt_outlook_t *o, const base_t *base)
{
    const pt_rank_memory_t *m = &o->memory;
    bool is_drawn =
        s->config.search.run == PT_RUN_ACTIVE || s->config.search.gates == PT_GATES_HARD;
    const struct {
        const char *name;
        size_t bytes;
    } part[] = {{"program and libraries", base->program},
                {"kernels", base->kernels},
                {"data, once a node", pt_dataset_bytes(s->dataset)},
                {"weights", m->weights},
                {"gradient sums", m->sums},
                {"moments, own share", m->moments},
                {"plans", m->plans},
                {"feed", m->feed},
                {"exchange buffers", m->buffers}};
    pt_console_line("resident memory of the fullest rank, MiB");
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++)
        pt_console_line("  %-24s %10.2f", part[i].name, (double)part[i].bytes * MIB);
    pt_console_line("  %-24s %10.2f", "at the end of start-up",
                    (double)(held_bytes(s, base) + pt_rank_memory_sum(m) - m->arena) * MIB);
    pt_console_line("  %-24s %10.2f  %s", "arena on top", (double)m->arena * MIB,
                    is_drawn ? "(of the gates drawn first)" : "(exact)");
    if (pt_config_is_judged(&s->config) && pt_config_judge(&s->config) == PT_JUDGE_BOTH &&
        s->config.retrain.from == PT_FROM_SEARCH)
        pt_console_line("  %-24s %10.2f  %s", "the supernet's weights",
                        (double)pt_store_n_element(&pt_trainer_space(s->trainer)->store) *
                            sizeof(float) * MIB,
                        "(rank 0, while candidates train)");
}

static void switch_all(pt_subnet_t *subnet)
{
    for (int32_t k = 0; k < subnet->n_task; k++)
        for (int32_t c = 0; c < subnet->n_choice; c++)
            pt_subnet_switch(subnet, k, c, true);
}

static pt_status_t make_fixed(const pt_session_t *s, pt_subnet_t *found)
{
    const pt_space_t *space = pt_trainer_space(s->trainer);
    pt_branching_t branching = {0};
    if (space->kind == PT_SPACE_BRANCH)
        PT_TRY(pt_branching_init(&branching, space->n_layer, space->n_task));
    pt_status_t status = pt_baseline_network(&s->config, space, &branching, found);
    pt_branching_release(&branching);
    return status;
}

/* At logits of 0; a branch space of as many branches as chance and the budget leave. */
static pt_status_t derive_example(const pt_session_t *s, pt_subnet_t *found)
{
    const pt_space_t *space = pt_trainer_space(s->trainer);
    pt_rng_t rng = {.seed = (uint64_t)s->config.run.seed, .purpose = PT_RNG_DERIVE};
    pt_config_t *config = NULL;
    pt_resource_model_t model = {.space = NULL};
    pt_alpha_t alpha = {.n_task = 0};
    pt_status_t status;
    PT_TRY_OR(done, pt_alloc(&config, 1, sizeof *config));
    *config = s->config;
    if (space->kind == PT_SPACE_BRANCH)
        config->derive.rule = PT_RULE_RANDOM;
    PT_TRY_OR(done, pt_resource_init(&model, config, space));
    PT_TRY_OR(done, pt_alpha_init(&alpha, space->n_task, space->n_choice));
    PT_TRY_OR(done, pt_derive_network(config, &model, &alpha, &rng, found, NULL));
done:
    pt_alpha_release(&alpha);
    pt_resource_release(&model);
    pt_free(config);
    return status;
}

/* What a step of the supernet runs: all, or a path of each task. */
static pt_status_t make_supernet(const pt_session_t *s, examples_t *e)
{
    const pt_space_t *space = pt_trainer_space(s->trainer);
    const pt_rng_t unused = {0};
    pt_alpha_t none;
    if (space->kind == PT_SPACE_DAG)
        return PT_OK;
    PT_TRY(pt_alpha_init(&none, space->n_task, space->n_choice));
    for (int32_t k = 0; k < space->n_task; k++)
        pt_alpha_warmup(space, &none, k, &unused, 1, true, &e->warmup, none.m);
    pt_alpha_release(&none);
    if (space->has_one_copy)
        pt_subnet_copy(&e->search, &e->found);
    e->search.is_active_only = space->has_one_copy;
    return PT_OK;
}

static pt_status_t make_examples(const pt_session_t *s, examples_t *e)
{
    const pt_space_t *space = pt_trainer_space(s->trainer);
    pt_subnet_t *all[] = {&e->warmup, &e->search, &e->found};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        PT_TRY(pt_subnet_init(all[i], space->n_task, space->n_choice));
        switch_all(all[i]);
        all[i]->is_soft = s->config.search.gates == PT_GATES_SOFT && all[i] != &e->found;
    }
    if (pt_methods[s->config.search.method].is_fixed)
        return make_fixed(s, &e->found);
    PT_TRY(derive_example(s, &e->found));
    return make_supernet(s, e);
}

static void print_space(const pt_session_t *s, const pt_cost_t *cost)
{
    const pt_space_t *space = pt_trainer_space(s->trainer);
    int n_bundle = (int)pt_feed_n_bundle(pt_trainer_feed(s->trainer));
    if (space->kind == PT_SPACE_DAG) {
        pt_console_line(
            "space: %d nodes, %d edge%s, %d task%s in %d bundle%s, %lld parameters",
            (int)space->n_dag_node, (int)space->n_edge, pt_plural(space->n_edge),
            (int)space->n_task, pt_plural(space->n_task), n_bundle, pt_plural(n_bundle),
            (long long)pt_store_n_element(&space->store));
        pt_console_line("example, derived before any search: %lld parameters, %lld "
                        "multiply-adds a sample for all tasks, %d edge%s, %d distinct",
                        (long long)cost->parameters, (long long)cost->madds,
                        (int)cost->edges, pt_plural(cost->edges),
                        (int)cost->distinct_edges);
        return;
    }
    pt_console_line("space: %d layer%s, %d choice%s a task, %d task%s in %d bundle%s, %lld "
                    "parameters",
                    (int)space->n_layer, pt_plural(space->n_layer), (int)space->n_choice,
                    pt_plural(space->n_choice), (int)space->n_task,
                    pt_plural(space->n_task), n_bundle, pt_plural(n_bundle),
                    (long long)pt_store_n_element(&space->store));
    pt_console_line("%s: %lld parameters, %lld multiply-adds a "
                    "sample for all tasks, %lld of them in the encoder",
                    pt_methods[s->config.search.method].is_fixed
                        ? "network"
                        : "example, branches at random",
                    (long long)cost->parameters, (long long)cost->madds,
                    (long long)cost->encoder_madds);
}

/* Of the supernet's work in a step, what the network that is retrained has. */
static pt_status_t find_share(const pt_session_t *s, const examples_t *e, double *share)
{
    plan_work_t searched, found;
    *share = 1;
    if (pt_methods[s->config.search.method].is_fixed) /* there is no supernet */
        return PT_OK;
    PT_TRY(count_work(s, &e->search, PT_PASS_WEIGHT, &searched));
    PT_TRY(count_work(s, &e->found, PT_PASS_WEIGHT, &found));
    *share = found.executed / searched.executed;
    return PT_OK;
}

static pt_status_t print_time(const pt_session_t *s, const examples_t *e, int32_t n_rank,
                              const pt_outlook_t *o)
{
    double share, in_groups;
    int32_t n_group = pt_helper_outlook(&s->config, pt_trainer_feed(s->trainer),
                                        &o->arrangement, n_rank, &in_groups);
    pt_run_length_t n;
    char warmup[32], search[32], choose[32], retrain[32], sum[32];
    double all = 0;
    pt_run_length(&s->config, pt_trainer_feed(s->trainer), &n);
    PT_TRY(find_share(s, e, &share));
    const double seconds[PT_N_PHASE] = {
        [PT_PHASE_WARMUP] = (double)n.n_step[PT_PHASE_WARMUP] * o->weight.seconds,
        [PT_PHASE_SEARCH] = (double)n.n_step[PT_PHASE_SEARCH] * o->weight.seconds +
                            (double)n.n_alpha * o->alpha.seconds,
        [PT_PHASE_CHOOSE] = n.choose_steps * o->weight.seconds * share * in_groups,
        [PT_PHASE_RETRAIN] =
            (double)n.n_step[PT_PHASE_RETRAIN] * o->weight.seconds * share};
    for (int32_t i = 0; i < PT_N_PHASE; i++)
        all += seconds[i];
    pt_console_line("predicted time, without evaluations and checkpoints: warm-up %s, "
                    "search %s%s%s, retrain %s%s, all %s",
                    pt_duration(seconds[PT_PHASE_WARMUP], warmup),
                    pt_duration(seconds[PT_PHASE_SEARCH], search),
                    n.choose_steps > 0 ? ", choose " : "",
                    n.choose_steps > 0 ? pt_duration(seconds[PT_PHASE_CHOOSE], choose) : "",
                    pt_duration(seconds[PT_PHASE_RETRAIN], retrain),
                    pt_methods[s->config.search.method].is_fixed ? ""
                                                                 : " (by multiply-adds)",
                    pt_duration(all, sum));
    if (n_group > 1)
        pt_console_line("choose: up to %d groups of ranks judge candidates, in %.0f %% of "
                        "the time of one after the other (layout.groups)",
                        (int)n_group, 100 * in_groups);
    return PT_OK;
}

/* The ranks may be meant for another machine; of this one it is a warning. */
static void print_cores(const pt_session_t *s, const pt_resources_t *r)
{
    int64_t n_thread = r->ranks_per_node * s->config.run.threads;
    int32_t n_core = s->n_core;
    if (n_thread > n_core)
        pt_console_line("note: %lld threads a node, this machine gives them %d core%s: "
                        "where ranks share cores, small steps take many times as long",
                        (long long)n_thread, (int)n_core, pt_plural(n_core));
}

static pt_status_t print_plan(const pt_session_t *s, int64_t n_rank, int64_t n_node,
                              const base_t *base)
{
    const pt_resources_t resources = {
        (int32_t)n_rank, (int32_t)((n_rank + n_node - 1) / n_node), held_bytes(s, base)};
    examples_t e = {.warmup = {0}};
    pt_cost_t cost;
    pt_outlook_t outlook;
    pt_status_t status;
    PT_TRY_OR(done, make_examples(s, &e));
    PT_TRY_OR(done, pt_cost_all(pt_trainer_space(s->trainer), &e.found, &cost));
    print_space(s, &cost);
    PT_TRY_OR(done, print_stages(s, &e));
    PT_TRY_OR(done, pt_outlook_print(s, &resources, &outlook));
    PT_TRY_OR(done, print_time(s, &e, (int32_t)n_rank, &outlook));
    print_cores(s, &resources);
    print_memory(s, &outlook, base);
done:
    pt_subnet_release(&e.warmup);
    pt_subnet_release(&e.search);
    pt_subnet_release(&e.found);
    return status;
}

/* Before all that is measured for it.  A table that is there stays until the end. */
static pt_status_t check_table(const char *path)
{
    bool was_there = access(path, F_OK) == 0;
    FILE *file = fopen(path, "a");
    if (file == NULL)
        PT_FAIL(IO, "--table: cannot write %s: %s", path, strerror(errno));
    fclose(file);
    if (!was_there)
        unlink(path);
    return PT_OK;
}

pt_status_t pt_cmd_plan(const pt_args_t *args, int *code)
{
    pt_session_t session = {0};
    const char *table = args->flag[PLAN_TABLE];
    int64_t n_rank, n_node = 1;
    base_t base = {0};
    pt_status_t status;
    (void)code;
    if (pt_comm_size(pt_comm_world()) > 1)
        PT_FAIL(USAGE, "plan is one process; --ranks says how many the run will have");
    if (args->flag[PLAN_RANKS] == NULL)
        PT_FAIL(USAGE, "--ranks P is missing");
    PT_TRY(pt_args_int("ranks", args->flag[PLAN_RANKS], 1, 1000000, 1, &n_rank));
    if (args->flag[PLAN_NODES] != NULL)
        PT_TRY(pt_args_int("nodes", args->flag[PLAN_NODES], 1, n_rank, 1, &n_node));
    PT_TRY(pt_session_config(args->word[0], args, &session.config));
    if (table != NULL)
        PT_TRY(check_table(table));
    /* The session is that of one rank; the run's layout is only reckoned. */
    pt_config_t asked = session.config;
    session.config.layout.mode = PT_LAYOUT_AUTO;
    session.config.layout.stage = 1;
    PT_TRY_OR(done, pt_session_open_data(&session));
    /* With what HDF5 and its code have taken, but without the data. */
    base.program = pt_memory_resident();
    base.program -= base.program > pt_dataset_bytes(session.dataset)
                        ? pt_dataset_bytes(session.dataset)
                        : 0;
    PT_TRY_OR(done, measure_kernels(&session, &base.kernels));
    PT_TRY_OR(done, pt_session_open(&session));
    session.config.layout = asked.layout;
    PT_TRY_OR(done, pt_session_know_costs(&session));
    PT_TRY_OR(done, print_plan(&session, n_rank, n_node, &base));
    if (table != NULL)
        PT_TRY_OR(done, pt_machine_write(&session.machine, table));
done:
    pt_watch_failure(status);
    pt_session_close(&session);
    return status;
}
