/* Our half of peer.py: steps of one kind, or predictions, as many as it is told to.
 *
 *     [mpirun -n P] ours CONFIG.ini weight|alpha|retrain|predict FOLDER
 *
 * FOLDER gets what another program needs to do the same: architecture.json, and start.h5
 * with the tasks' gates, the first weights, every bundle's samples and, of predictions,
 * what comes out.  Samples can be handed over because a bundle has just as many as a step
 * takes of it.  Then rank R reads lines of the pipe FOLDER/todo.R, numbers of steps, and
 * rank 0 answers each with a line of JSON: the time that they took, multiply-adds executed,
 * and for each step its tasks and what must agree.
 *
 * weight, alpha: the supernet with gates drawn once.  retrain, predict: the network
 * that the method knows beforehand, else one drawn at random that costs half of all edges.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/arch/cost.h"
#include "polytree/arch/draw.h"
#include "polytree/base/clock.h"
#include "polytree/graph/branching.h"
#include "polytree/graph/plan.h"
#include "polytree/io/file.h"
#include "polytree/par/par.h"
#include "polytree/record/architecture.h"
#include "polytree/search/baseline.h"
#include "polytree/train/inference.h"
#include "tests/bench/peer/fma.h"
#include "tests/bench/steps.h"

typedef struct ours {
    bench_t bench;
    pt_step_t step;
    bool is_predict;
    double
        *madds; /**< [n_task] that a sample of its bundle has executed, at its first task */
    pt_inference_t *network;
    pt_checkpoint_t start; /**< rank 0 */
    const float *input;    /**< of predictions: of the first bundle */
} ours_t;

/** The tasks' gates, once for all steps. */
static void draw_gates(bench_t *b, const pt_step_t *step)
{
    const pt_space_t *s = pt_trainer_space(b->trainer);
    pt_rng_t rng = pt_step_rng(&b->config, step, PT_RNG_GATE);

    for (int32_t k = 0; k < s->n_task; k++)
        pt_alpha_sample(s, &b->alpha, k, &rng, 1, b->config.search.gates == PT_GATES_HARD,
                        &b->subnet, b->g);
}

/** A network that costs half of all that there is, at random. */
static pt_status_t draw_network(bench_t *b)
{
    const pt_space_t *s = pt_trainer_space(b->trainer);
    pt_rng_t rng = {.seed = (uint64_t)b->config.run.seed, .purpose = PT_RNG_DERIVE};
    pt_cost_t cost;

    for (int32_t k = 0; k < s->n_task; k++)
        for (int32_t c = 0; c < s->n_choice; c++)
            pt_subnet_switch(&b->subnet, k, c, true);
    PT_TRY(pt_cost_all(s, &b->subnet, &cost));
    return pt_draw_subnet(s, cost.madds * 9 / 20, cost.madds / 2, false, &rng, &b->subnet);
}

static pt_status_t take_network(bench_t *b)
{
    const pt_space_t *s = pt_trainer_space(b->trainer);
    pt_branching_t branching;

    if (!pt_methods[b->config.search.method].is_fixed)
        return draw_network(b);
    PT_TRY(pt_branching_init(&branching, s->n_layer, s->n_task));
    pt_status_t status = pt_baseline_network(&b->config, s, &branching, &b->subnet);
    pt_branching_release(&branching);
    return status;
}

static pt_status_t count_madds(ours_t *o, pt_pass_t pass)
{
    const pt_space_t *s = pt_trainer_space(o->bench.trainer);
    const pt_feed_t *feed = pt_trainer_feed(o->bench.trainer);
    pt_plan_t *plan;
    pt_status_t status = PT_OK;

    PT_TRY(pt_alloc(&o->madds, (size_t)s->n_task, sizeof *o->madds));
    PT_TRY(pt_plan_new(s, s->n_task, &plan));
    for (int32_t i = 0; i < pt_feed_n_bundle(feed); i++) {
        const pt_bundle_t *b = pt_feed_bundle(feed, i);
        PT_TRY_OR(done, pt_plan_compile(plan, &o->bench.subnet, pass, b->task, b->n_task));
        o->madds[b->task[0]] = (double)pt_plan_madds_executed(plan);
    }
done:
    pt_plan_free(plan);
    return status;
}

/** Add an array of n samples' values to what is handed over, which owns it then. */
static pt_status_t hand_over(ours_t *o, const char *kind, const char *name, int64_t n,
                             int64_t values, void **data)
{
    char path[PT_RECORD_NAME];
    int64_t dim[2] = {n, values};

    snprintf(path, sizeof path, "%s/%s", kind, name);
    PT_TRY(pt_alloc(data, (size_t)(n * values), sizeof(float)));
    return pt_checkpoint_add(&o->start, path, PT_DTYPE_F32, dim, 2, *data, false);
}

/** Inputs under the name of the bundle's first task, and each task's labels, as bits. */
static pt_status_t hand_over_batch(ours_t *o, pt_feed_t *feed, int32_t bundle)
{
    const pt_space_t *s = pt_trainer_space(o->bench.trainer);
    const pt_bundle_t *b = pt_feed_bundle(feed, bundle);
    pt_draw_t draw = {.part = o->step.part, .bundle = bundle};
    int64_t n = o->bench.config.train.microbatch, hwc[3];
    pt_label_t **label;
    void *input, *data;
    pt_status_t status = PT_OK;

    if (b->n_sample[draw.part] != n)
        PT_FAIL(CONFIG, "%lld samples, not those of one microbatch of %lld",
                (long long)b->n_sample[draw.part], (long long)n);
    pt_feed_input(feed, hwc);
    PT_TRY(hand_over(o, "input", s->task[b->task[0]].name, n, hwc[0] * hwc[1] * hwc[2],
                     &input));
    o->input = o->input != NULL ? o->input : input;
    PT_TRY(pt_alloc(&label, (size_t)b->n_task, sizeof(pt_label_t *)));
    for (int32_t i = 0; i < b->n_task; i++) {
        PT_TRY_OR(done, hand_over(o, "label", s->task[b->task[i]].name, n,
                                  pt_feed_labels(feed, b->task[i]), &data));
        label[i] = data;
    }
    PT_TRY_OR(done, pt_feed_fill(feed, &draw, input, label));
done:
    pt_free(label);
    return status;
}

/** Of a soft subnet each task's gates, by candidate; NaN where there is no choice. */
static pt_status_t hand_over_gates(ours_t *o)
{
    const pt_space_t *s = pt_trainer_space(o->bench.trainer);
    void *data;

    for (int32_t k = 0; o->bench.subnet.is_soft && k < s->n_task; k++) {
        PT_TRY(hand_over(o, "gate", s->task[k].name, 1, s->n_candidate, &data));
        for (int32_t c = 0; c < s->n_candidate; c++) {
            int32_t choice = s->candidate[c].choice;
            ((float *)data)[c] =
                choice < 0 ? NAN : pt_subnet_gates(&o->bench.subnet, k)[choice];
        }
    }
    return PT_OK;
}

static void take_output(void *context, int32_t task, const pt_real_t *output)
{
    const ours_t *o = context;
    const pt_space_t *s = pt_trainer_space(o->bench.trainer);
    char name[PT_RECORD_NAME];

    snprintf(name, sizeof name, "output/%s", s->task[task].name);
    const pt_record_t *record = pt_checkpoint_find(&o->start, name);
    if (record != NULL)
        memcpy(record->data, output, (size_t)(record->dim[0] * record->dim[1]) * 4);
}

/** The batch norms' statistics, copied. */
static pt_status_t hand_over_statistics(ours_t *o)
{
    pt_checkpoint_t borrowed;
    pt_status_t status;
    void *data;

    pt_checkpoint_init(&borrowed);
    PT_TRY_OR(done, pt_trainer_save_stats(o->bench.trainer, &o->bench.subnet, &borrowed));
    for (int32_t i = 0; i < borrowed.n_record; i++) {
        const pt_record_t *r = &borrowed.record[i];
        size_t n = (size_t)(r->dim[0] * r->dim[1]);
        PT_TRY_OR(done, pt_alloc(&data, n, sizeof(double)));
        memcpy(data, r->data, n * sizeof(double));
        PT_TRY_OR(done, pt_checkpoint_add(&o->start, r->name, r->dtype, r->dim, r->n_dim,
                                          data, false));
    }
done:
    pt_checkpoint_release(&borrowed);
    return status;
}

/** As `polytree predict` has it: weights and statistics by their names.  Of one rank. */
static pt_status_t open_network(ours_t *o)
{
    bench_t *b = &o->bench;
    pt_space_t *s = pt_trainer_space(b->trainer);
    pt_task_score_t *score = NULL;
    int32_t *bundle = NULL;
    void *data;
    pt_status_t status;

    PT_TRY_OR(done, pt_alloc(&score, (size_t)s->n_task, sizeof *score));
    PT_TRY_OR(done, pt_alloc(&bundle, (size_t)s->n_task, sizeof *bundle));
    PT_TRY_OR(done, pt_trainer_evaluate(b->trainer, &b->subnet, PT_PART_TEST, NULL, score));
    PT_TRY_OR(done, hand_over_statistics(o));
    for (int32_t i = 0; i < pt_feed_n_bundle(pt_trainer_feed(b->trainer)); i++) {
        const pt_bundle_t *t = pt_feed_bundle(pt_trainer_feed(b->trainer), i);
        for (int32_t j = 0; j < t->n_task; j++)
            bundle[t->task[j]] = i;
    }
    PT_TRY_OR(done, pt_inference_new(s, &b->subnet, bundle, &o->network));
    PT_TRY_OR(done, pt_inference_load(o->network, pt_comm_world(), &o->start));
    for (int32_t k = 0; k < s->n_task; k++)
        PT_TRY_OR(done, hand_over(o, "output", s->task[k].name, b->config.train.microbatch,
                                  s->task[k].outputs, &data));
    pt_inference_run(o->network, o->input, take_output, o);
done:
    pt_free(score);
    pt_free(bundle);
    return status;
}

static pt_status_t write_start(ours_t *o, const char *folder)
{
    bench_t *b = &o->bench;
    pt_feed_t *feed;
    char path[PT_PATH_MAX], before[PT_PATH_MAX];
    pt_interface_t interface;
    pt_status_t status = PT_OK;

    PT_TRY(pt_feed_new(&b->config, b->dataset, 0, &feed));
    for (int32_t i = 0; i < pt_feed_n_bundle(feed); i++)
        PT_TRY_OR(done, hand_over_batch(o, feed, i));
    PT_TRY_OR(done, hand_over_gates(o));
    if (o->is_predict)
        PT_TRY_OR(done, open_network(o));
    PT_TRY_OR(done, pt_interface_of(b->dataset, feed, &interface));
    snprintf(path, sizeof path, "%s/architecture.json", folder);
    status = pt_architecture_write(pt_trainer_space(b->trainer), &b->subnet, NULL,
                                   &interface, path);
    pt_interface_release(&interface);
    PT_TRY_OR(done, status);
    snprintf(path, sizeof path, "%s/start.h5", folder);
    snprintf(before, sizeof before, "%s/before.h5", folder);
    PT_TRY_OR(done, pt_checkpoint_write(&o->start, path, before));
done:
    pt_feed_free(feed);
    return status;
}

static pt_status_t open_ours(ours_t *o, const char *config, const char *kind,
                             const char *folder)
{
    bench_t *b = &o->bench;
    bool is_search = strcmp(kind, "weight") == 0 || strcmp(kind, "alpha") == 0;
    pt_comm_t *world;

    PT_TRY(open_bench(b, config, 0, NULL, NULL));
    world = b->layout.world;
    o->is_predict = strcmp(kind, "predict") == 0;
    o->step = (pt_step_t){.phase = 1, .is_alpha = strcmp(kind, "alpha") == 0};
    o->step.part = o->is_predict      ? PT_PART_TEST
                   : o->step.is_alpha ? PT_PART_ALPHA
                                      : PT_PART_WEIGHT;
    if (is_search)
        draw_gates(b, &o->step);
    else
        PT_TRY(take_network(b));
    PT_TRY(count_madds(o, o->is_predict      ? PT_PASS_EVAL
                          : o->step.is_alpha ? PT_PASS_ALPHA
                                             : PT_PASS_WEIGHT));
    PT_TRY(pt_trainer_keep_weights(b->trainer, &o->start));
    pt_status_t status = pt_comm_rank(world) == 0 ? write_start(o, folder) : PT_OK;
    PT_AGREE(world, status);
    return PT_OK;
}

static void close_ours(ours_t *o)
{
    pt_inference_free(o->network);
    pt_checkpoint_release(&o->start);
    pt_free(o->madds);
    close_bench(&o->bench);
}

/** Length of the gates' gradient, of the step's tasks. */
static double gate_norm(const bench_t *b, int32_t n)
{
    int32_t n_choice = b->subnet.n_choice;
    double sum = 0;

    for (int32_t i = 0; i < n; i++)
        for (int32_t c = 0; c < n_choice; c++) {
            double g = b->dgate[(size_t)b->task[i] * (size_t)n_choice + (size_t)c];
            sum += g * g;
        }
    return sqrt(sum);
}

/** One step of training; what is said of it is added to `line`. */
static pt_status_t train(ours_t *o, double *madds, pt_text_t *line)
{
    bench_t *b = &o->bench;
    pt_update_t update =
        pt_update_make(&b->config.search.update, b->config.search.update.lr);
    pt_step_result_t result;
    int32_t n;

    pt_trainer_turn(b->trainer, &o->step, b->task, &n);
    if (o->step.is_alpha)
        PT_TRY(pt_trainer_alpha_step(b->trainer, &o->step, &b->subnet, b->dgate, &result));
    else
        PT_TRY(pt_trainer_weight_step(b->trainer, &o->step, &b->subnet, &update, &result));
    o->step.step++;
    pt_text_add(line, "{\"loss\": %.17g, ", result.loss);
    if (o->step.is_alpha)
        pt_text_add(line, "\"gates\": %.17g, ", gate_norm(b, n));
    pt_text_add(line, "\"tasks\": [");
    for (int32_t i = 0; i < n; i++) {
        pt_text_add(line, "%s%d", i > 0 ? ", " : "", (int)b->task[i]);
        *madds += o->madds[b->task[i]] * (double)b->config.train.microbatch;
    }
    pt_text_add(line, "]}");
    return PT_OK;
}

static void forget_output(void *context, int32_t task, const pt_real_t *output)
{
    (void)context, (void)task, (void)output;
}

static pt_status_t run_one(ours_t *o, double *madds, pt_text_t *line)
{
    if (!o->is_predict)
        return train(o, madds, line);
    for (int32_t k = 0; k < o->bench.subnet.n_task; k++)
        *madds += o->madds[k] * (double)o->bench.config.train.microbatch;
    pt_inference_run(o->network, o->input, forget_output, NULL);
    pt_text_add(line, "{}");
    return PT_OK;
}

/** Peak of all ranks, what they share counted for each. */
static pt_status_t sum_memory(pt_comm_t *world, double *mib)
{
    int64_t mine = (int64_t)pt_memory_resident_peak(), *all;

    PT_TRY(pt_alloc(&all, (size_t)pt_comm_size(world), sizeof *all));
    pt_status_t status = pt_comm_allgather(world, &mine, all, sizeof mine);
    for (int32_t r = 0; r < pt_comm_size(world); r++)
        *mib += (double)all[r] / (1 << 20);
    pt_free(all);
    return status;
}

static pt_status_t run_some(ours_t *o, int n)
{
    pt_text_t line = {0};
    double madds = 0, mib = 0, fma = fma_peak(), wall = pt_clock(), cpu = cpu_clock();
    pt_status_t status = PT_OK;

    for (int i = 0; i < n; i++) {
        pt_text_add(&line, "%s", i > 0 ? ", " : "");
        PT_TRY_OR(done, run_one(o, &madds, &line));
    }
    cpu = cpu_clock() - cpu;
    wall = pt_clock() - wall;
    PT_TRY_OR(done, sum_memory(o->bench.layout.world, &mib));
    if (pt_comm_rank(o->bench.layout.world) == 0)
        printf("{\"cpu\": %.9f, \"wall\": %.9f, \"madds\": %.0f, \"fma\": %.2f, "
               "\"mib\": %.1f, \"steps\": [%s]}\n",
               cpu, wall, madds, fma, mib, pt_text_get(&line));
    fflush(stdout);
done:
    pt_text_release(&line);
    return status;
}

/** Every rank reads what all are to do: one that waited for another to tell it would take
 * the processor from the other program. */
static pt_status_t answer(ours_t *o, const char *folder)
{
    char line[PT_PATH_MAX];
    pt_status_t status = PT_OK;

    snprintf(line, sizeof line, "%s/todo.%d", folder,
             (int)pt_comm_rank(o->bench.layout.world));
    FILE *todo = fopen(line, "r");
    if (todo == NULL)
        PT_FAIL(IO, "%s: %s", line, strerror(errno));
    while (status == PT_OK && fgets(line, sizeof line, todo) != NULL)
        status = run_some(o, atoi(line));
    fclose(todo);
    return status;
}

int main(int argc, char **argv)
{
    ours_t ours = {.madds = NULL};
    pt_status_t status = pt_par_start(&argc, &argv);

    if (argc != 4) {
        fprintf(stderr, "usage: ours CONFIG.ini weight|alpha|retrain|predict FOLDER\n");
        pt_par_abort(2);
    }
    pt_checkpoint_init(&ours.start);
    if (status == PT_OK)
        status = open_ours(&ours, argv[1], argv[2], argv[3]);
    if (status == PT_OK)
        status = answer(&ours, argv[3]);
    if (status != PT_OK) {
        fprintf(stderr, "ours: %s\n", pt_error_message());
        pt_par_abort(1);
    }
    close_ours(&ours);
    pt_par_stop();
    return 0;
}
