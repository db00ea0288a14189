/* Cuts: the balance against brute force, and stages against the whole, bit for bit.
 *
 * The stages of a cut run here in one process, their sections in the order of the times
 * that graph/exec.h gives them; a message that is not there by then fails the test. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "polytree/base/memory.h"
#include "polytree/base/rng.h"
#include "polytree/graph/cut.h"
#include "polytree/graph/exec.h"

enum { N_TASK = 3, N_UNIT = 3, MICROBATCH = 3, MOST_STAGES = 6, QUEUE = 64 };

static double uniform(uint64_t seed, uint64_t index)
{
    pt_rng_t rng = {.seed = seed, .purpose = PT_RNG_DRAW};
    return pt_rng_uniform(&rng, index);
}

static void assert_ok(pt_status_t status)
{
    if (status != PT_OK)
        fail_msg("%s", pt_error_message());
}

/* ---- Balance ---- */

enum { MOST_PIECES = 9 };

static double slowest_of(int32_t n, const double *cost, const double *transfer,
                         int32_t n_stage, const int32_t *first)
{
    double slowest = 0;

    for (int32_t s = 0; s < n_stage; s++) {
        double sum = first[s] > 0 ? transfer[first[s]] : 0;
        sum += first[s + 1] < n ? transfer[first[s + 1]] : 0;
        for (int32_t i = first[s]; i < first[s + 1]; i++)
            sum += cost[i];
        slowest = sum > slowest ? sum : slowest;
    }
    return slowest;
}

/** Try every cut whose first s blocks begin at first[0..s-1]. */
static double try_all(int32_t n, const double *cost, const double *transfer, int32_t n_free,
                      int32_t n_stage, int32_t *first, int32_t s)
{
    double best = INFINITY;

    first[0] = 0;
    first[n_stage] = n;
    if (s == n_stage)
        return slowest_of(n, cost, transfer, n_stage, first);
    for (first[s] = first[s - 1] + 1; first[s] < n_free; first[s]++) {
        int32_t mine = first[s];
        double one = try_all(n, cost, transfer, n_free, n_stage, first, s + 1);
        first[s] = mine;
        best = one < best ? one : best;
    }
    return best;
}

/* No cut of the pieces is better than the one found, and it costs what is said. */
static void balance_is_exact(void **state)
{
    int32_t checked = 0;
    (void)state;
    for (uint64_t trial = 0; trial < 200; trial++) {
        double cost[MOST_PIECES], transfer[MOST_PIECES], slowest;
        int32_t first[MOST_STAGES + 1], tried[MOST_STAGES + 1];
        int32_t n = 2 + (int32_t)(uniform(trial, 0) * (MOST_PIECES - 1));
        int32_t n_free = 2 + (int32_t)(uniform(trial, 1) * (n - 1));
        /* Integers, so that sums do not depend on their order. */
        for (int32_t i = 0; i < n; i++) {
            cost[i] = (double)(int)(uniform(trial, 10 + (uint64_t)i) * 100);
            transfer[i] = (double)(int)(uniform(trial, 50 + (uint64_t)i) * 60);
        }
        for (int32_t s = 1; s <= MOST_STAGES && s <= n_free; s++, checked++) {
            assert_ok(pt_cut_balance(n, cost, transfer, n_free, s, first, &slowest));
            assert_int_equal(first[0], 0);
            assert_int_equal(first[s], n);
            for (int32_t b = 1; b < s; b++)
                assert_true(first[b] > first[b - 1] && first[b] < n_free);
            assert_true(slowest == slowest_of(n, cost, transfer, s, first));
            assert_true(slowest == try_all(n, cost, transfer, n_free, s, tried, 1));
        }
    }
    assert_true(checked > 400);
}

static void too_many_stages_are_refused(void **state)
{
    double cost[4] = {1, 1, 1, 1}, transfer[4] = {0}, slowest;
    int32_t first[5];
    (void)state;
    assert_int_equal(pt_cut_balance(4, cost, transfer, 3, 4, first, &slowest), PT_E_CONFIG);
    assert_non_null(strstr(pt_error_message(), "into 3 stages only"));
}

/* ---- Stages ---- */

/** Messages from a stage to a neighbour. */
typedef struct queue {
    pt_real_t *message[QUEUE];
    int64_t n[QUEUE];
    int32_t begin, end;
} queue_t;

/** All queues of a cut, and the link of each stage. */
typedef struct wire {
    queue_t queue[MOST_STAGES][2]; /**< out of a stage, down and up */
    int32_t n_message;
} wire_t;

typedef struct port {
    wire_t *wire;
    int32_t stage;
    pt_real_t *outgoing;
} port_t;

static const pt_real_t *receive(void *context, bool is_back, int64_t n)
{
    port_t *p = context;
    queue_t *q = &p->wire->queue[is_back ? p->stage + 1 : p->stage - 1][is_back];

    assert_true(q->begin < q->end); /* else the schedule would have blocked */
    assert_int_equal(q->n[q->begin % QUEUE], n);
    return q->message[q->begin % QUEUE];
}

static void done(void *context, bool is_back)
{
    port_t *p = context;
    queue_t *q = &p->wire->queue[is_back ? p->stage + 1 : p->stage - 1][is_back];

    free(q->message[q->begin++ % QUEUE]);
}

static pt_real_t *room(void *context, bool is_back, int64_t n)
{
    port_t *p = context;
    (void)is_back;
    if (p->outgoing == NULL)
        p->outgoing = malloc((size_t)n * sizeof(pt_real_t));
    return p->outgoing;
}

static void send(void *context, bool is_back, int64_t n)
{
    port_t *p = context;
    queue_t *q = &p->wire->queue[p->stage][is_back];

    assert_true(q->end - q->begin < QUEUE);
    q->message[q->end % QUEUE] = p->outgoing;
    q->n[q->end++ % QUEUE] = n;
    p->outgoing = NULL;
    p->wire->n_message++;
}

static void progress(void *context)
{
    (void)context;
}

typedef struct fixture {
    pt_config_t config;
    pt_kernel_t kernel;
    pt_space_t *space;
    pt_subnet_t subnet;
    pt_plan_t *plan[MOST_STAGES];
    pt_exec_t *exec[MOST_STAGES];
    port_t port[MOST_STAGES];
    pt_link_t link[MOST_STAGES];
    wire_t wire;
    pt_cut_t cut;
    pt_load_t load;
    pt_real_t *input; /**< [N_UNIT] */
    double *stat;
} fixture_t;

/** Everything that a run of the units leaves. */
typedef struct outcome {
    int64_t *grad_sum;
    double *dgate;     /**< [N_UNIT][N_TASK][n_choice]: of all stages together */
    double *unit_stat; /**< of all stages together */
    int64_t n_stat;
    double output[N_UNIT][N_TASK];
    int64_t madds;
} outcome_t;

typedef struct loss {
    fixture_t *f;
    outcome_t *outcome;
    int32_t unit;
} loss_t;

static void linear_loss(void *context, int32_t task, const pt_real_t *output,
                        pt_real_t *doutput)
{
    loss_t *l = context;
    const pt_space_t *s = l->f->space;
    int64_t n = pt_shape_count(s->node[s->n_node - N_TASK + task].shape);
    double sum = 0;

    for (int64_t i = 0; i < n; i++) {
        pt_real_t c = (pt_real_t)(uniform(99, (uint64_t)(task * 1000 + i)) - 0.5);
        sum += (double)(c * output[i]);
        if (doutput != NULL)
            doutput[i] = c;
    }
    l->outcome->output[l->unit][task] += sum;
}

static fixture_t *make_fixture(const char *const *option)
{
    static const pt_space_task_t maps[N_TASK] = {
        {"one", 2, true}, {"two", 3, false}, {"three", 1, true}};
    fixture_t *f = calloc(1, sizeof *f);
    pt_space_spec_t spec = {7, 6, 2, N_TASK, maps, NULL, 0};

    pt_config_init(&f->config);
    for (; *option != NULL; option++)
        assert_ok(pt_config_set(&f->config, *option));
    f->config.train.microbatch = MICROBATCH;
    assert_ok(pt_kernel_init(&f->kernel, PT_BACKEND_BLAS, PT_ISA_NATIVE, 1));
    assert_ok(pt_space_new(&f->config, &spec, &f->kernel, &f->space));
    pt_store_fill(&f->space->store, 3);
    for (int64_t i = 0; i < f->space->store.n_block * PT_BLOCK; i++)
        f->space->store.value[i] += (pt_real_t)(0.2 * (uniform(5, (uint64_t)i) - 0.5));
    assert_ok(pt_subnet_init(&f->subnet, N_TASK, f->space->n_choice));
    size_t n = (size_t)pt_shape_count(f->space->node[0].shape);
    assert_ok(pt_alloc(&f->input, n * N_UNIT, sizeof *f->input));
    for (size_t i = 0; i < n * N_UNIT; i++)
        f->input[i] = (pt_real_t)(uniform(6, i) - 0.5);
    size_t candidates = (size_t)f->space->n_candidate;
    assert_ok(pt_alloc(&f->load.cost, candidates, sizeof(double)));
    assert_ok(pt_alloc(&f->load.transfer, candidates, sizeof(double)));
    return f;
}

static void free_fixture(fixture_t *f)
{
    pt_subnet_release(&f->subnet);
    pt_space_free(f->space);
    pt_kernel_release(&f->kernel);
    pt_free(f->input);
    pt_free(f->stat);
    pt_free(f->load.cost);
    pt_free(f->load.transfer);
    free(f);
    assert_int_equal(pt_memory_bytes(), 0);
}

/** Soft gates spread over (0, 1), or hard ones drawn with one way through for sure. */
static void draw_subnet(fixture_t *f, bool is_soft, uint64_t seed)
{
    const pt_space_t *s = f->space;

    f->subnet.is_soft = is_soft;
    for (int32_t k = 0; k < N_TASK; k++)
        for (int32_t c = 0; c < s->n_choice; c++) {
            /* Every second choice is made alike, so that tasks share prefixes. */
            uint64_t row = c % 2 == 0 ? 0 : (uint64_t)k * 1000;
            double u = uniform(seed, row + (uint64_t)c);
            const pt_choice_t *choice = &s->choice[c];
            bool is_on = is_soft || u < 0.6;
            is_on |= choice->kind == PT_CHOICE_IN && choice->j == 1;
            is_on |= choice->kind == PT_CHOICE_OUT && choice->i == 1;
            is_on |= choice->kind == PT_CHOICE_COPY && choice->j == 0;
            is_on |= pt_methods[f->config.search.method].is_chain;
            pt_subnet_switch(&f->subnet, k, c, is_on);
            if (is_soft)
                pt_subnet_gates(&f->subnet, k)[c] = (pt_real_t)u;
        }
}

static void open_stages(fixture_t *f, int32_t n_stage)
{
    memset(&f->wire, 0, sizeof f->wire);
    for (int32_t s = 0; s < n_stage; s++) {
        assert_ok(pt_plan_new(f->space, N_TASK, &f->plan[s]));
        if (n_stage > 1)
            pt_plan_place(f->plan[s], &f->cut, s);
        f->port[s] = (port_t){&f->wire, s, NULL};
        f->link[s] = (pt_link_t){&f->port[s], receive, done, room, send, progress};
        assert_ok(pt_exec_new_staged(f->space, pt_plan_arena_bound(f->plan[s]),
                                     pt_cut_ahead(n_stage, 0), &f->link[s], &f->exec[s]));
    }
}

static void close_stages(fixture_t *f, int32_t n_stage)
{
    for (int32_t s = 0; s < n_stage; s++) {
        pt_exec_free(f->exec[s]);
        pt_plan_free(f->plan[s]);
    }
}

/** A unit as a stage runs it; the loss is its last stage's. */
static pt_unit_t make_unit(fixture_t *f, loss_t *loss, double *dgate)
{
    int64_t n = pt_shape_count(f->space->node[0].shape);

    return (pt_unit_t){.input = f->input + loss->unit * n,
                       .subnet = &f->subnet,
                       .rng = {.seed = 11, .step = 5},
                       .index = (uint32_t)loss->unit,
                       .stat = f->stat,
                       .unit_stat = loss->outcome->unit_stat,
                       .dgate = dgate,
                       .loss = linear_loss,
                       .loss_context = loss};
}

/** When stage s has F(0) or B(0) in the times of graph/exec.h. */
static int32_t first_time(int32_t n_stage, int32_t s, bool is_back)
{
    if (n_stage == 1)
        return is_back;
    if (s == n_stage - 1)
        return n_stage + is_back;
    return is_back ? 2 * n_stage + 1 - s : s;
}

/** What stage s does at a time; segments are 2 apart. */
static void act(fixture_t *f, int32_t n_stage, int32_t s, int32_t time, bool is_back,
                loss_t loss[][N_UNIT], double *dgate)
{
    int64_t row = (int64_t)N_TASK * f->space->n_choice;
    int32_t twice = time - first_time(n_stage, s, is_back), g = twice / 2;
    int32_t unit = g / N_TASK, flight = unit % pt_cut_ahead(n_stage, 0);

    if (twice < 0 || twice % 2 != 0 || unit >= N_UNIT)
        return;
    if (!is_back && g % N_TASK == 0) {
        pt_unit_t made = make_unit(f, &loss[s][unit], dgate + (s * N_UNIT + unit) * row);
        pt_exec_begin(f->exec[s], flight, f->plan[s], &made);
    }
    pt_exec_advance(f->exec[s], flight);
}

/** Run all units over the stages; forward segments alone stream with w = all. */
static void stream(fixture_t *f, pt_pass_t pass, int32_t n_stage, outcome_t *out)
{
    int32_t task[N_TASK] = {0, 1, 2};
    bool has_backward = pass == PT_PASS_WEIGHT || pass == PT_PASS_ALPHA;
    pt_store_t *store = &f->space->store;
    size_t elements = (size_t)store->n_block * PT_BLOCK;
    size_t row = N_TASK * (size_t)f->space->n_choice;
    loss_t loss[MOST_STAGES][N_UNIT];
    double *dgate;

    open_stages(f, n_stage);
    if (f->stat == NULL)
        assert_ok(
            pt_alloc(&f->stat, (size_t)pt_plan_stat_bound(f->plan[0]), sizeof *f->stat));
    for (int64_t i = 0; i < pt_plan_stat_bound(f->plan[0]); i++)
        f->stat[i] = 0.5 + uniform(8, (uint64_t)i);
    assert_ok(pt_alloc(&out->grad_sum, elements, sizeof *out->grad_sum));
    assert_ok(pt_alloc(&out->dgate, N_UNIT * row, sizeof *out->dgate));
    assert_ok(pt_alloc(&out->unit_stat, (size_t)pt_plan_stat_bound(f->plan[0]),
                       sizeof *out->unit_stat));
    assert_ok(pt_alloc(&dgate, (size_t)n_stage * N_UNIT * row, sizeof *dgate));
    memset(store->grad_sum, 0, elements * sizeof *store->grad_sum);
    for (int32_t s = 0; s < n_stage; s++) {
        assert_ok(pt_plan_compile(f->plan[s], &f->subnet, pass, task, N_TASK));
        assert_true(pt_plan_arena_bytes(f->plan[s]) <= pt_plan_arena_bound(f->plan[s]));
        assert_int_equal(pt_plan_madds_executed(f->plan[s]),
                         pt_plan_madds_executed(f->plan[0]));
        for (int32_t u = 0; u < N_UNIT; u++)
            loss[s][u] = (loss_t){f, out, u};
    }
    for (int32_t time = 0; time <= 2 * N_UNIT * N_TASK + 2 * n_stage + 1; time++)
        for (int32_t s = 0; s < n_stage; s++)
            for (int32_t back = 0; back <= has_backward; back++)
                act(f, n_stage, s, time, back, loss, dgate);
    out->n_stat = pt_plan_stat_doubles(f->plan[0]);
    memcpy(out->grad_sum, store->grad_sum, elements * sizeof *out->grad_sum);
    for (int32_t s = 0; s < n_stage; s++) {
        out->madds += pt_exec_madds(f->exec[s]);
        for (size_t i = 0; i < N_UNIT * row; i++)
            out->dgate[i] += dgate[(size_t)s * N_UNIT * row + i];
        for (int back = 0; back < 2; back++)
            assert_int_equal(f->wire.queue[s][back].begin, f->wire.queue[s][back].end);
    }
    pt_free(dgate);
    close_stages(f, n_stage);
}

static void release_outcome(outcome_t *o)
{
    pt_free(o->grad_sum);
    pt_free(o->dgate);
    pt_free(o->unit_stat);
    *o = (outcome_t){0};
}

static void compare(fixture_t *f, pt_pass_t pass, int32_t n_stage, const outcome_t *want)
{
    outcome_t got = {0};
    size_t elements = (size_t)f->space->store.n_block * PT_BLOCK;
    size_t gates = N_UNIT * N_TASK * (size_t)f->space->n_choice;

    stream(f, pass, n_stage, &got);
    assert_true(f->wire.n_message > 0);
    assert_int_equal(got.madds, want->madds);
    assert_memory_equal(got.output, want->output, sizeof got.output);
    assert_memory_equal(got.grad_sum, want->grad_sum, elements * sizeof *got.grad_sum);
    assert_memory_equal(got.dgate, want->dgate, gates * sizeof *got.dgate);
    assert_memory_equal(got.unit_stat, want->unit_stat,
                        (size_t)want->n_stat * sizeof(double));
    release_outcome(&got);
}

/** Cut by costs drawn at random, so that cuts fall anywhere. */
static void cut_somewhere(fixture_t *f, int32_t n_stage, uint64_t seed)
{
    for (int32_t c = 0; c < f->space->n_candidate; c++)
        f->load.cost[c] = uniform(seed, (uint64_t)c) < 0.3;
    assert_ok(pt_cut_init(&f->cut, f->space, n_stage, &f->load));
}

static void check_subnet(fixture_t *f, uint64_t seed)
{
    static const pt_pass_t pass[] = {PT_PASS_WEIGHT, PT_PASS_ALPHA, PT_PASS_LOSS,
                                     PT_PASS_CALIBRATE, PT_PASS_EVAL};

    for (size_t p = 0; p < sizeof pass / sizeof pass[0]; p++) {
        outcome_t want = {0};
        stream(f, pass[p], 1, &want);
        for (int32_t n = 2; n <= MOST_STAGES; n++) {
            cut_somewhere(f, n, seed * 10 + (uint64_t)n);
            compare(f, pass[p], n, &want);
            pt_cut_release(&f->cut);
        }
        release_outcome(&want);
    }
}

/* Any cut gives the bits of the whole: outputs, sums of gradients and of gates' gradients,
 * batch-norm sums; soft gates, and hard ones with shared prefixes, closed gates and dead
 * ends. */
static void stages_equal_the_whole(void **state)
{
    fixture_t *f = make_fixture(*state);

    draw_subnet(f, true, 1);
    check_subnet(f, 1);
    for (uint64_t seed = 2; seed < 6; seed++) {
        draw_subnet(f, false, seed);
        f->subnet.is_active_only = seed % 2;
        check_subnet(f, seed);
    }
    free_fixture(f);
}

/* Counted loads are of one unit: their sum does not depend on where one would cut, and all
 * that is computed costs something. */
static void loads_are_counted(void **state)
{
    fixture_t *f = make_fixture(*state);
    pt_machine_t machine = {.rates = {1, INFINITY, {0, 0}, {1, 1}}};
    int32_t task[N_TASK] = {0, 1, 2};
    double sum = 0;

    draw_subnet(f, true, 1);
    open_stages(f, 1);
    assert_ok(pt_plan_compile(f->plan[0], &f->subnet, PT_PASS_WEIGHT, task, N_TASK));
    pt_plan_load(f->plan[0], 2, &machine, PT_WIRE_NODE, &f->load);
    for (int32_t c = 0; c < f->space->n_candidate; c++)
        sum += f->load.cost[c];
    assert_true(sum == 2.0 * MICROBATCH * (double)pt_plan_madds_executed(f->plan[0]));
    assert_true(f->load.transfer[0] == 0);
    for (int32_t c = 1; c < f->space->n_candidate - N_TASK; c++)
        assert_true(f->load.transfer[c] > 0);
    close_stages(f, 1);
    free_fixture(f);
}

#define DAG                                                                                \
    "space.kind=dag", "space.nodes=4", "space.flow=2", "space.min_depth=1",                \
        "space.channels=3 3 4 4", "space.stride=1 1 2 1", "space.stem_channels=3"
static const char *dag[] = {DAG, "head.dropout=0.25", "space.adapter_norm=1", NULL};
static const char *skips[] = {DAG, "head.kind=deeplab", "head.skip=x", "head.width=2",
                              NULL};
static const char *single[] = {DAG, "search.method=single", NULL};
static const char *branch[] = {
    "space.kind=branch",
    "encoder.stem=conv3x3_bn_relu out=3 stride=2",
    "encoder.layers=basic out=3\ninverted_residual out=4 stride=2 expand=2\nbasic out=4",
    "space.output_stride=4",
    "space.copies=3",
    "head.kind=deeplab",
    "head.skip=l01",
    "head.width=3",
    "head.dropout=0.25",
    NULL};

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(balance_is_exact),
        cmocka_unit_test(too_many_stages_are_refused),
        {"dag", stages_equal_the_whole, NULL, NULL, dag},
        {"dag with low-level features", stages_equal_the_whole, NULL, NULL, skips},
        {"a chain for each task", stages_equal_the_whole, NULL, NULL, single},
        {"branch", stages_equal_the_whole, NULL, NULL, branch},
        {"loads of a dag", loads_are_counted, NULL, NULL, dag},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
