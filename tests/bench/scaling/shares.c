/* What each rank of a described cluster does in the first steps of a search, by the
 * program's own predictor: a schedule for the replay, and the prediction beside it.
 *
 *     build/tests/bench/scaling/shares CONFIG.ini OUT.schedule NODES RANKS CORES
 *         [stage=S] [task=T] [steps=K] [section.key=value ...]
 *
 * RANKS ranks on each of the nodes, each as fast as CORES cores of the machine that
 * layout.cost names: a table of `polytree plan --table`, by default this one as measured
 * now.  Without task=T the fastest predicted split into task x data ranks is taken, of
 * those that use all ranks.  Of more than 16 steps until all tasks have had their turn the
 * schedule has the first alone, else all, or K.  One line of JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/train/measure.h"
#include "polytree/train/predict.h"
#include "polytree/train/trainer.h"
#include "schedule.h"

/** Of a node's link, as in cluster.xml. */
#define LINK_BANDWIDTH 12.5e9

typedef struct bench {
    pt_config_t config;
    pt_kernel_t kernel;
    pt_dataset_t *dataset;
    pt_feed_t *feed;
    pt_space_t *space;
    pt_machine_t machine;
    double memory; /**< of one core */
    pt_predictor_t *predictor;
    pt_arrangement_t arrangement;
    int32_t nodes, n_step, n_kind;
    pt_prediction_t prediction[SCHEDULE_N_KIND];
} bench_t;

/** The steps in which every bundle has its turn, and how many have it in one: the last step
 * takes what is left. */
typedef struct turns {
    int64_t n_step, full, last;
} turns_t;

static turns_t turns_of(const bench_t *b)
{
    int64_t per_step = b->config.train.tasks_per_step, n = pt_feed_n_bundle(b->feed);
    int64_t full = per_step > 0 && per_step < n ? per_step : n, rounds = (n - 1) / full;

    return (turns_t){rounds + 1, full, n - rounds * full};
}

static pt_pass_t pass_of(int32_t kind)
{
    return kind == SCHEDULE_WEIGHT ? PT_PASS_WEIGHT : PT_PASS_ALPHA;
}

/** An option of this program, or else one of the config. */
static pt_status_t set(bench_t *b, const char *option)
{
    if (strncmp(option, "stage=", 6) == 0)
        b->arrangement.extent[PT_AXIS_STAGE] = atoi(option + 6);
    else if (strncmp(option, "task=", 5) == 0)
        b->arrangement.extent[PT_AXIS_TASK] = atoi(option + 5);
    else if (strncmp(option, "steps=", 6) == 0)
        b->n_step = atoi(option + 6);
    else
        return pt_config_set(&b->config, option);
    return PT_OK;
}

/** Of so many cores. */
static pt_status_t know_machine(bench_t *b, double cores)
{
    pt_machine_t *m = &b->machine;

    pt_machine_init(m);
    PT_TRY(pt_machine_know(&b->config, b->dataset, &b->kernel, m));
    b->memory = m->rates.memory;
    for (size_t i = 0; i < m->n_known; i++)
        m->known[i].seconds /= cores;
    m->rates.madds *= cores;
    m->rates.memory *= cores;
    /* Its ranks come to sums and messages together. */
    m->rates.bandwidth[PT_WIRE_NETWORK] = LINK_BANDWIDTH / b->arrangement.ranks_per_node;
    return PT_OK;
}

/** Nothing is counted where all else is measured. */
static pt_status_t check_costs(bench_t *b, const char *config)
{
    pt_machine_t lacking = {.n_known = 0};
    pt_status_t status = pt_predictor_unknown(b->predictor, &lacking);

    if (status == PT_OK && lacking.n_known > 0)
        status =
            PT_ERROR(CONFIG, "%s lacks '%s' and %zu more of %s: make it of this config",
                     b->config.layout.cost_table, lacking.known[0].name,
                     lacking.n_known - 1, config);
    pt_machine_release(&lacking);
    return status;
}

static pt_status_t open_bench(bench_t *b, int argc, char **argv)
{
    pt_form_t form;

    b->nodes = atoi(argv[3]);
    b->arrangement =
        (pt_arrangement_t){.extent = {0, 0, 0}, .ranks_per_node = atoi(argv[4])};
    pt_config_init(&b->config);
    PT_TRY(pt_config_read(&b->config, argv[1]));
    for (int i = 6; i < argc; i++)
        PT_TRY(set(b, argv[i]));
    PT_TRY(pt_config_check(&b->config));
    PT_TRY(pt_kernel_init(&b->kernel, (pt_backend_t)b->config.kernel.backend,
                          (pt_isa_t)b->config.kernel.isa, (int32_t)b->config.run.threads));
    PT_TRY(pt_dataset_open(b->config.data.file, b->config.data.tasks, pt_comm_world(),
                           pt_comm_world(), false, &b->dataset));
    form = pt_form_first(&b->config);
    PT_TRY(pt_feed_new(&b->config, b->dataset, form.size, &b->feed));
    if (b->n_step == 0)
        b->n_step =
            turns_of(b).n_step <= PT_PREDICT_STEPS ? (int32_t)turns_of(b).n_step : 1;
    PT_TRY(pt_form_space(&b->config, b->dataset, &form, &b->kernel, &b->space));
    PT_TRY(know_machine(b, atof(argv[5])));
    b->n_kind =
        pt_methods[b->config.search.method].is_learned ? SCHEDULE_N_KIND : SCHEDULE_ALPHA;
    PT_TRY(
        pt_predictor_new(&b->config, b->feed, b->space, NULL, &b->machine, &b->predictor));
    return b->config.layout.cost == PT_COST_COUNTED ? PT_OK : check_costs(b, argv[1]);
}

static void close_bench(bench_t *b)
{
    pt_predictor_free(b->predictor);
    pt_machine_release(&b->machine);
    pt_space_free(b->space);
    pt_feed_free(b->feed);
    pt_dataset_close(b->dataset);
    pt_kernel_release(&b->kernel);
}

static pt_status_t predict(bench_t *b, const pt_arrangement_t *a, pt_prediction_t *out)
{
    for (int32_t kind = 0; kind < b->n_kind; kind++)
        PT_TRY(pt_predict(b->predictor, a, pass_of(kind), &out[kind]));
    return PT_OK;
}

static double seconds_of(const bench_t *b, const pt_prediction_t *p)
{
    return p[SCHEDULE_WEIGHT].seconds +
           (b->n_kind > SCHEDULE_ALPHA ? p[SCHEDULE_ALPHA].seconds : 0);
}

/** Keep the fastest so far, of those with that many stages. */
static pt_status_t try_stages(bench_t *b, int32_t n_stage, int32_t given_task, double *best)
{
    int32_t ranks = b->nodes * b->arrangement.ranks_per_node;
    pt_arrangement_t a = b->arrangement;
    pt_prediction_t p[SCHEDULE_N_KIND];

    for (int32_t t = 1; t <= ranks / n_stage && t <= pt_feed_n_bundle(b->feed); t++) {
        if (ranks % (n_stage * t) != 0 || (given_task > 0 && t != given_task))
            continue;
        memcpy(a.extent, (int32_t[]){n_stage, t, ranks / n_stage / t}, sizeof a.extent);
        PT_TRY(predict(b, &a, p));
        if (*best > 0 && seconds_of(b, p) >= *best)
            continue;
        *best = seconds_of(b, p);
        b->arrangement = a;
        memcpy(b->prediction, p, sizeof p);
    }
    return PT_OK;
}

/** Fix extents that are left open. */
static pt_status_t arrange(bench_t *b)
{
    int32_t stage = b->arrangement.extent[PT_AXIS_STAGE];
    int32_t task = b->arrangement.extent[PT_AXIS_TASK];
    double best = 0;

    if (stage > 0)
        PT_TRY(try_stages(b, stage, task, &best));
    for (int32_t s = 1; s <= 8 && stage == 0; s *= 2)
        PT_TRY(try_stages(b, s, task, &best));
    if (best == 0)
        PT_FAIL(CONFIG, "%d x %d ranks cannot be split like that", (int)b->nodes,
                (int)b->arrangement.ranks_per_node);
    return PT_OK;
}

/** The tables of a schedule while it is made. */
typedef struct tables {
    schedule_head_t head;
    schedule_share_t *share;
    schedule_segment_t *segment;
    size_t n_segment, room;
} tables_t;

static pt_status_t add_share(tables_t *t, const pt_share_t *from, schedule_share_t *to)
{
    *to = (schedule_share_t){.first = (int64_t)t->n_segment,
                             .n_segment = from->n_segment,
                             .shared = from->shared,
                             .heads = from->heads,
                             .shared_blocks = from->shared_blocks,
                             .heads_blocks = from->heads_blocks,
                             .update = from->update};
    memcpy(to->sum, from->sum, sizeof to->sum);
    PT_TRY(pt_grow(&t->segment, &t->room, t->n_segment + (size_t)from->n_segment,
                   sizeof *t->segment));
    for (int32_t i = 0; i < from->n_segment; i++) {
        const pt_section_t *section[2] = {&from->forward[i], &from->backward[i]};
        schedule_segment_t *made = &t->segment[t->n_segment++];
        for (int32_t back = 0; back < 2; back++) {
            made->seconds[back] = section[back]->seconds;
            made->elements[back] = section[back]->bytes / (int64_t)sizeof(float);
            if (made->elements[back] > t->head.message_bound)
                t->head.message_bound = made->elements[back];
        }
    }
    return PT_OK;
}

static pt_status_t add_shares(bench_t *b, tables_t *t)
{
    const pt_arrangement_t *a = &b->arrangement;
    pt_share_t share = {0};
    pt_status_t status = PT_OK;
    int32_t c[PT_N_AXIS];

    for (int32_t kind = 0; kind < b->n_kind; kind++)
        for (int32_t step = 0; step < b->n_step; step++)
            for (c[0] = 0; c[0] < a->extent[0]; c[0]++)
                for (c[1] = 0; c[1] < a->extent[1]; c[1]++)
                    for (c[2] = 0; c[2] < a->extent[2]; c[2]++) {
                        PT_TRY_OR(done, pt_predictor_share(b->predictor, a, c,
                                                           pass_of(kind), step, &share));
                        PT_TRY_OR(done,
                                  add_share(t, &share,
                                            &t->share[schedule_index(&t->head, kind, step,
                                                                     c[0], c[1], c[2])]));
                    }
done:
    pt_share_release(&share);
    return status;
}

static pt_status_t write_tables(const tables_t *t, size_t n_share, const char *path)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL)
        PT_FAIL(IO, "%s cannot be written", path);
    bool is_good =
        fwrite(&t->head, sizeof t->head, 1, file) == 1 &&
        fwrite(t->share, sizeof *t->share, n_share, file) == n_share &&
        fwrite(t->segment, sizeof *t->segment, t->n_segment, file) == t->n_segment;
    if (fclose(file) != 0 || !is_good)
        PT_FAIL(IO, "%s cannot be written", path);
    return PT_OK;
}

static pt_status_t write_schedule(bench_t *b, const char *path)
{
    const int32_t *extent = b->arrangement.extent;
    size_t n_share = (size_t)b->n_kind * (size_t)b->n_step * (size_t)extent[0] *
                     (size_t)extent[1] * (size_t)extent[2];
    tables_t t = {.head = {.stage = extent[PT_AXIS_STAGE],
                           .task = extent[PT_AXIS_TASK],
                           .data = extent[PT_AXIS_DATA],
                           .n_kind = b->n_kind,
                           .n_step = b->n_step,
                           .memory = b->memory}};
    pt_status_t status;

    memcpy(t.head.magic, SCHEDULE_MAGIC, sizeof t.head.magic);
    PT_TRY_OR(done, pt_alloc(&t.share, n_share, sizeof *t.share));
    PT_TRY_OR(done, add_shares(b, &t));
    status = write_tables(&t, n_share, path);
done:
    pt_free(t.share);
    pt_free(t.segment);
    return status;
}

/** In the mean over the first n steps. */
static double samples(const bench_t *b, int32_t n)
{
    const turns_t turns = turns_of(b);
    int64_t sum = 0;

    for (int32_t step = 0; step < n; step++)
        sum += step % turns.n_step == turns.n_step - 1 ? turns.last : turns.full;
    return (double)(sum * b->config.train.batch) / n;
}

static void report(const bench_t *b)
{
    static const char *const name[] = {"weight", "alpha"};
    const int32_t *extent = b->arrangement.extent;

    printf("{\"nodes\": %d, \"ranks\": %d, \"stage\": %d, \"task\": %d, \"data\": %d, "
           "\"steps\": %d, \"samples\": %.1f, \"model_samples\": %.1f",
           (int)b->nodes, (int)(b->nodes * b->arrangement.ranks_per_node), (int)extent[0],
           (int)extent[1], (int)extent[2], (int)b->n_step, samples(b, b->n_step),
           samples(b, PT_PREDICT_STEPS));
    for (int32_t kind = 0; kind < b->n_kind; kind++) {
        const pt_prediction_t *p = &b->prediction[kind];
        double units = (p->seconds - p->finish) / p->seconds;
        printf(", \"%s\": {\"seconds\": %.6g, \"bubble\": %.4f, \"imbalance\": %.4f, "
               "\"reduction\": %.4f}",
               name[kind], p->seconds, units * p->bubble,
               units * (1 - p->bubble) * (1 - p->balance), 1 - units);
    }
    printf("}\n");
}

int main(int argc, char **argv)
{
    bench_t b = {0};
    pt_status_t status;

    if (argc < 6) {
        fprintf(stderr, "usage: shares CONFIG.ini OUT.schedule NODES RANKS CORES "
                        "[stage=S] [task=T] [steps=K] [section.key=value ...]\n");
        return 2;
    }
    status = open_bench(&b, argc, argv);
    if (status == PT_OK)
        status = arrange(&b);
    if (status == PT_OK)
        status = write_schedule(&b, argv[2]);
    if (status == PT_OK)
        report(&b);
    else
        fprintf(stderr, "shares: %s\n", pt_error_message());
    close_bench(&b);
    return status == PT_OK ? 0 : 1;
}
