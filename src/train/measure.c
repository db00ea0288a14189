/* Timing operations, feed and messages, so that a run's cost can be predicted. */
#include "polytree/train/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/clock.h"
#include "polytree/base/memory.h"
#include "polytree/graph/exec.h"
#include "polytree/train/loss.h"
#include "train/predict.h"

enum { TIMES = 5 };

/** What is measured: a network of its own, and what a unit of it reads. */
typedef struct bench {
    const pt_config_t *config;
    pt_dataset_t *dataset;
    pt_feed_t *feed;
    pt_space_t *space;
    pt_predictor_t *predictor;
    pt_machine_t *machine;
    pt_machine_t counted;      /**< by which the predictor cuts: the same for all stages */
    pt_objective_t *objective; /**< [n_task] */
    float *input;
    pt_label_t **label; /**< [n_segment] of the predictor */
    const pt_bundle_t *bundle;
    double *dgate;
} bench_t;

static void run_loss(void *context, int32_t task, const pt_real_t *output,
                     pt_real_t *doutput)
{
    const bench_t *b = context;
    pt_shape_t shape = b->space->node[0].shape;
    bool is_map = b->space->task[task].is_map;
    int32_t slot = 0;

    while (b->bundle->task[slot] != task)
        slot++;
    pt_loss(&b->objective[task], shape.n, is_map ? shape.h : 1, is_map ? shape.w : 1,
            output, b->label[slot], (pt_loss_terms_t){1, 1}, 1 / (double)shape.n, doutput);
}

static pt_status_t open_bench(bench_t *b, const pt_kernel_t *kernel, const pt_form_t *form)
{
    int64_t most = 1;

    PT_TRY(pt_feed_new(b->config, b->dataset, form->size, &b->feed));
    PT_TRY(pt_form_space(b->config, b->dataset, form, kernel, &b->space));
    PT_TRY(pt_predictor_new(b->config, b->feed, b->space, form->branching, &b->counted,
                            &b->predictor));
    const pt_space_t *s = b->space;
    size_t n = (size_t)b->predictor->n_segment;
    PT_TRY(pt_alloc(&b->objective, (size_t)s->n_task, sizeof *b->objective));
    for (int32_t k = 0; k < s->n_task; k++) {
        int64_t labels = pt_feed_labels(b->feed, k) * s->microbatch;
        PT_TRY(
            pt_objective_make(b->config, pt_dataset_task(b->dataset, k), &b->objective[k]));
        most = labels > most ? labels : most;
    }
    PT_TRY(pt_alloc(&b->dgate, n * (size_t)s->n_choice, sizeof *b->dgate));
    PT_TRY(pt_alloc(&b->input, (size_t)pt_shape_count(s->node[0].shape), sizeof *b->input));
    PT_TRY(pt_alloc(&b->label, n, sizeof *b->label));
    for (size_t i = 0; i < n; i++)
        PT_TRY(pt_alloc(&b->label[i], (size_t)most, sizeof **b->label));
    return PT_OK;
}

static void close_bench(bench_t *b)
{
    for (int32_t i = 0; b->label != NULL && i < b->predictor->n_segment; i++)
        pt_free(b->label[i]);
    pt_free(b->label);
    pt_free(b->input);
    pt_free(b->dgate);
    pt_free(b->objective);
    pt_predictor_free(b->predictor);
    pt_space_free(b->space);
    pt_feed_free(b->feed);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double time[TIMES])
{
    qsort(time, TIMES, sizeof *time, compare);
    return time[TIMES / 2];
}

/** Fill a unit's input or its labels: with several draws, unless what that takes is known.
 */
static pt_status_t measure_fill(bench_t *b, int32_t bundle, const char *name, bool is_input)
{
    bool is_known = pt_machine_find(b->machine, name) >= 0;
    bool is_searched = !pt_methods[b->config->search.method].is_fixed;
    double time[TIMES];

    for (int32_t i = -1; i < (is_known ? 0 : TIMES); i++) {
        pt_draw_t draw = {.part = is_searched ? PT_PART_WEIGHT : PT_PART_TRAIN,
                          .bundle = bundle,
                          .first = (i + 1) * b->config->train.microbatch,
                          .is_shuffled = true,
                          .is_augmented = true};
        double begin = pt_clock();
        PT_TRY(pt_feed_fill(b->feed, &draw, is_input ? b->input : NULL,
                            is_input ? NULL : b->label));
        if (i >= 0)
            time[i] = pt_clock() - begin;
    }
    return is_known ? PT_OK : pt_machine_learn(b->machine, name, median(time));
}

static pt_status_t measure_feed(bench_t *b, int32_t bundle)
{
    char name[PT_MACHINE_NAME];

    predict_feed_name(b->predictor, name);
    PT_TRY(measure_fill(b, bundle, name, true));
    predict_label_name(b->predictor, bundle, name);
    return measure_fill(b, bundle, name, false);
}

/* Messages come from nowhere and go nowhere. */

static const pt_real_t *receive(void *context, bool is_back, int64_t n)
{
    (void)is_back;
    (void)n;
    return context;
}

static pt_real_t *room(void *context, bool is_back, int64_t n)
{
    (void)is_back;
    (void)n;
    return context;
}

static void forget(void *context, bool is_back)
{
    (void)context;
    (void)is_back;
}

static void forget_message(void *context, bool is_back, int64_t n)
{
    (void)n;
    forget(context, is_back);
}

static void wait_for_nothing(void *context)
{
    (void)context;
}

static pt_status_t measure_plans(bench_t *b, pt_exec_t *exec)
{
    pt_predictor_t *p = b->predictor;
    pt_unit_t unit = {.input = b->input,
                      .subnet = &p->subnet,
                      .dgate = b->dgate,
                      .loss = run_loss,
                      .loss_context = b};

    for (int32_t i = 0; i < p->n_plan; i++) {
        int32_t bundle = p->unit_plan[i].bundle;
        PT_TRY(predict_compile(p, i));
        if (pt_plan_is_known(p->plan, b->machine))
            continue;
        PT_TRY(measure_feed(b, bundle));
        b->bundle = pt_feed_bundle(b->feed, bundle);
        PT_TRY(pt_exec_measure(exec, p->plan, &unit, b->machine));
    }
    return PT_OK;
}

/** Run what a stage of so many runs. */
static pt_status_t measure_stage(bench_t *b, int32_t n_stage, int32_t stage)
{
    pt_predictor_t *p = b->predictor;
    size_t bytes = (size_t)pt_plan_message_bound(p->plan) * sizeof(pt_real_t);
    pt_exec_t *exec = NULL;
    void *message;
    pt_status_t status;

    PT_TRY(predict_stage(p, n_stage, PT_WIRE_NODE));
    pt_plan_place(p->plan, &p->cut, stage);
    PT_TRY(pt_reserve(bytes, &message));
    const pt_link_t link = {message, receive,        forget,
                            room,    forget_message, wait_for_nothing};
    PT_TRY_OR(done,
              pt_exec_new_staged(b->space, pt_plan_arena_bound(p->plan), 1, &link, &exec));
    PT_TRY_OR(done, measure_plans(b, exec));
done:
    pt_exec_free(exec);
    pt_reserve_release(message, bytes);
    return status;
}

/** In how many stages a rank can hold the network, one after the other: those of the run,
 * or as many as layout.memory asks for. */
static pt_status_t count_stages(const bench_t *b, int32_t *n_stage)
{
    double limit = b->config->layout.memory * (1 << 20);
    int32_t n = (int32_t)b->config->layout.stage, most = pt_cut_most(b->space);

    n = n < 1 ? 1 : n;
    for (; limit > 0 && n < most; n++) {
        const pt_arrangement_t a = {{n, 1, 1}, 0};
        pt_rank_memory_t m;
        PT_TRY(pt_predict_memory(b->predictor, &a, &m));
        if ((double)pt_rank_memory_sum(&m) <= limit)
            break;
    }
    *n_stage = n < most ? n : most;
    return PT_OK;
}

/** What a step does with a block of the store that it uses, and with one that is its own.
 */
static pt_status_t measure_blocks(const bench_t *b, const pt_kernel_t *kernel)
{
    enum { N = 64 * PT_BLOCK };
    pt_update_t update = pt_update_make(&b->config->search.update, 1e-3);
    char name[PT_MACHINE_NAME];
    double sum[TIMES], own[TIMES];
    int64_t *fixed = NULL;
    float *x = NULL; /* weights, gradient and moments */
    pt_status_t status;

    PT_TRY_OR(done, pt_alloc(&fixed, 2 * (size_t)N, sizeof *fixed));
    PT_TRY_OR(done, pt_alloc(&x, 4 * (size_t)N, sizeof *x));
    for (int32_t i = 0; i < TIMES; i++) {
        double begin = pt_clock();
        memcpy(fixed + N, fixed, N * sizeof *fixed);
        kernel->fixed_get(N, fixed + N, 0x1p40, x);
        memset(fixed, 0, N * sizeof *fixed);
        double middle = pt_clock();
        for (int32_t k = 0; k < N; k += PT_BLOCK)
            pt_update_f32(&update, PT_BLOCK, x + k, x + N + k, x + 2 * N + k,
                          x + 3 * N + k);
        sum[i] = (middle - begin) * PT_BLOCK / N;
        own[i] = (pt_clock() - middle) * PT_BLOCK / N;
    }
    PT_TRY_OR(done, pt_machine_learn(b->machine, PREDICT_SUM, median(sum)));
    predict_update_name(b->predictor, name);
    PT_TRY_OR(done, pt_machine_learn(b->machine, name, median(own)));
done:
    pt_free(fixed);
    pt_free(x);
    return status;
}

/** One stage, in a network of its own: what it has touched is given back. */
static pt_status_t measure_part(const bench_t *part, const pt_kernel_t *kernel,
                                const pt_form_t *form, int32_t stage, int32_t *n_stage)
{
    bench_t b = *part;
    pt_status_t status;

    pt_machine_init(&b.counted);
    PT_TRY_OR(done, open_bench(&b, kernel, form));
    if (stage == 0)
        PT_TRY_OR(done, count_stages(&b, n_stage));
    PT_TRY_OR(done, measure_stage(&b, *n_stage, stage));
    if (stage == 0)
        PT_TRY_OR(done, measure_blocks(&b, kernel));
done:
    close_bench(&b);
    return status;
}

pt_status_t pt_measure_steps(const pt_config_t *config, pt_dataset_t *dataset,
                             const pt_kernel_t *kernel, const pt_form_t *form,
                             pt_machine_t *machine)
{
    const bench_t part = {.config = config, .dataset = dataset, .machine = machine};
    int32_t n_stage = 1;

    for (int32_t stage = 0; stage < n_stage; stage++)
        PT_TRY(measure_part(&part, kernel, form, stage, &n_stage));
    return PT_OK;
}

pt_status_t pt_machine_know(const pt_config_t *config, pt_dataset_t *dataset,
                            const pt_kernel_t *kernel, pt_machine_t *machine)
{
    const pt_form_t form = pt_form_first(config);

    if (config->layout.cost == PT_COST_TABLE)
        return pt_machine_read(machine, config->layout.cost_table);
    if (config->layout.cost == PT_COST_MEASURED)
        return pt_measure_steps(config, dataset, kernel, &form, machine);
    return PT_OK;
}

pt_status_t pt_machine_share(pt_machine_t *machine, pt_comm_t *comm)
{
    pt_machine_t fresh = {.rates = machine->rates, .n_known = machine->n_known};
    bool is_root = pt_comm_rank(comm) == 0;
    pt_known_t *known = machine->known;
    pt_status_t status = PT_OK;

    if (pt_comm_size(comm) == 1)
        return PT_OK;
    PT_TRY(pt_comm_bcast(comm, &fresh, sizeof fresh, 0));
    size_t n = fresh.n_known;
    if (!is_root) {
        known = NULL;
        status = pt_alloc(&known, n, sizeof *known);
    }
    PT_TRY_OR(done, pt_comm_agree(comm, status));
    PT_TRY_OR(done, pt_comm_bcast(comm, known, n * sizeof *known, 0));
    if (!is_root) {
        pt_machine_release(machine);
        machine->rates = fresh.rates;
    }
    for (size_t i = 0; !is_root && i < n && status == PT_OK; i++)
        status = pt_machine_learn(machine, known[i].name, known[i].seconds);
    status = pt_comm_agree(comm, status);
done:
    if (!is_root)
        pt_free(known);
    return status;
}

/** An allreduce is two rounds of ceil(log2 n) messages, with (n - 1) / n of the bytes each:
 * what predict_step.c makes of a sum. */
static pt_status_t measure_wire(pt_comm_t *comm, pt_wire_t wire, pt_rates_t *rates)
{
    /* What is slower is no wire, but others at work on the same cores. */
    static const struct {
        double latency, bandwidth;
    } slowest[PT_N_WIRE] = {{1e-5, 1e9}, {2e-4, 1e8}};
    enum { BYTES = 1 << 20 };
    int32_t n = pt_comm_size(comm);
    double small, large;

    if (n < 2)
        return PT_OK;
    PT_TRY(pt_comm_measure(comm, BYTES, &small, &large));
    rates->latency[wire] = fmin(small / (2 * ceil(log2(n))), slowest[wire].latency);
    if (large > small)
        rates->bandwidth[wire] =
            fmax(2.0 * (n - 1) / n * BYTES / (large - small), slowest[wire].bandwidth);
    return PT_OK;
}

pt_status_t pt_measure_wires(pt_comm_t *comm, pt_comm_t *node, pt_machine_t *machine)
{
    PT_AGREE(comm, measure_wire(node, PT_WIRE_NODE, &machine->rates));
    if (pt_comm_size(node) < pt_comm_size(comm))
        PT_TRY(measure_wire(comm, PT_WIRE_NETWORK, &machine->rates));
    return pt_machine_share(machine, comm);
}
