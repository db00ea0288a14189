/** @file
 * Tiny runs for the tests of search: three tasks in two bundles, all phases in some
 * twenty steps.
 */
#ifndef PT_TEST_SEARCH_RUN_H
#define PT_TEST_SEARCH_RUN_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "polytree/base/memory.h"
#include "polytree/base/rng.h"
#include "polytree/io/checkpoint.h"
#include "polytree/io/file.h"
#include "polytree/io/import.h"
#include "polytree/search/search.h"

enum { SIDE = 10, N_TRAIN = 40, N_VAL = 10, N_TEST = 14, N_TINY_TASK = 3 };

/** Stages that the smallest of the spaces, a chain, can be cut into. */
enum { TINY_STAGES = 7 };

/** Ends with NULL; applied over the defaults. */
typedef const char *const *tiny_options_t;

static const char *const tiny_base[] = {"space.nodes=4",          "space.flow=2",
                                        "space.min_depth=1",      "space.channels=4 4 6 6",
                                        "space.stride=1 2 1 1",   "space.stem_channels=4",
                                        "train.batch=8",          "train.microbatch=4",
                                        "train.tasks_per_step=0", "bn.calibrate=2",
                                        "run.eval_every=3",       "run.metrics_every=2",
                                        "warmup.steps=4",         "search.steps=8",
                                        "search.alternate=2",     "squeeze.kappa=2",
                                        "retrain.steps=5",        "warmup.lr_warmup=2",
                                        "retrain.lr_warmup=0",    NULL};

/** Options of a branch space, over five dense tasks that share their inputs. */
#define TINY_BRANCH                                                                        \
    "space.kind=branch", "encoder.stem=conv3x3_bn_relu out=8 stride=2",                    \
        "encoder.layers=inverted_residual out=8 expand=2\n"                                \
        "conv3x3_bn_relu out=8 stride=2",                                                  \
        "head.kind=deeplab", "head.width=8", "head.skip=l01", "search.gates=hard",         \
        "search.run=active", "search.alternate=1", "alpha.lr=0.3", "augment.rotate=0",     \
        "augment.scale=0", "augment.shear=0", "augment.shift=0"

/** Options of a dag over the same tasks. */
#define TINY_DENSE_DAG                                                                     \
    "space.op=inverted_residual expand=2", "space.stem=conv3x3_bn_relu6 stride=2",         \
        "space.adapter_norm=1", "head.kind=deeplab", "head.width=8", "head.skip=x",        \
        "search.gates=hard", "search.run=active", "search.alternate=1", "alpha.lr=0.3",    \
        "augment.rotate=0", "augment.scale=0", "augment.shear=0", "augment.shift=0"

/** A status is PT_OK, else the test says why it is not. */
static inline void assert_ok(pt_status_t status)
{
    if (status != PT_OK)
        fail_msg("%s", pt_error_message());
}

/** The folder that all ranks use, made by rank 0 of the world. */
static char tiny_folder[256];

static inline bool tiny_is_root(void)
{
    return pt_comm_rank(pt_comm_world()) == 0;
}

static inline void make_inputs(uint64_t seed, int64_t n, uint8_t *image, int32_t *a,
                               int32_t *b, int32_t *c, int64_t *row)
{
    pt_rng_t rng = {.seed = seed, .purpose = PT_RNG_DRAW};
    for (int64_t i = 0; i < n; i++) {
        uint32_t word[4];
        pt_rng_words(&rng, (uint64_t)i, word);
        a[i] = (int32_t)(word[0] % 3);
        b[i] = (int32_t)(word[1] % 2);
        c[i / 2] = (int32_t)(word[2] % 2);
        row[i / 2] = i / 2 * 2;
        for (int64_t p = 0; p < SIDE * SIDE; p++) {
            int64_t y = p / SIDE, x = p % SIDE;
            bool is_ink = y / 3 == a[i] || (b[i] && x < 4) || (c[i / 2] && x > 7);
            image[i * SIDE * SIDE + p] =
                (uint8_t)(is_ink ? 200 + (p + i) % 50 : (p * i) % 40);
        }
    }
}

/** Tasks a and b label every image, c every second one. */
static inline void tiny_data(const char *path)
{
    static const int64_t n[PT_N_SPLIT] = {N_TRAIN, N_VAL, N_TEST};
    static uint8_t image[PT_N_SPLIT][N_TRAIN * SIDE * SIDE];
    static int32_t label[PT_N_SPLIT][N_TINY_TASK][N_TRAIN];
    static int64_t row[PT_N_SPLIT][N_TRAIN];
    pt_task_source_t task[N_TINY_TASK] = {
        {.info = {.name = "a", .kind = PT_TASK_CLASSIFICATION, .classes = 3}},
        {.info = {.name = "b", .kind = PT_TASK_CLASSIFICATION, .classes = 2}},
        {.info = {.name = "c", .kind = PT_TASK_CLASSIFICATION, .classes = 2}}};
    pt_dataset_source_t source = {.height = SIDE,
                                  .width = SIDE,
                                  .channels = 1,
                                  .n_task = N_TINY_TASK,
                                  .task = task,
                                  .origin = "drawn by a test"};
    for (int s = 0; s < PT_N_SPLIT; s++) {
        make_inputs((uint64_t)s, n[s], image[s], label[s][0], label[s][1], label[s][2],
                    row[s]);
        source.n[s] = n[s];
        source.images[s] = image[s];
        for (int k = 0; k < N_TINY_TASK; k++)
            task[k].rows[s] = (pt_task_rows_t){k < 2 ? n[s] : n[s] / 2,
                                               k < 2 ? NULL : row[s], label[s][k]};
    }
    assert_ok(pt_dataset_write(path, &source));
}

/** cmocka's group set-up: the folder, and in it the data. */
static inline int tiny_set_up(void **state)
{
    const pt_draw_scenes_t scenes = {
        .size = 16, .n_train = 30, .n_val = 6, .n_test = 9, .seed = 1};
    char path[300];
    (void)state;
    if (tiny_is_root()) {
        const char *temp = getenv("TMPDIR");
        snprintf(tiny_folder, sizeof tiny_folder, "%s/polytree-search-XXXXXX",
                 temp == NULL ? "/tmp" : temp);
        if (mkdtemp(tiny_folder) == NULL)
            return 1;
        snprintf(path, sizeof path, "%s/data.h5", tiny_folder);
        tiny_data(path);
        snprintf(path, sizeof path, "%s/scenes.h5", tiny_folder);
        assert_ok(pt_draw_scenes(path, &scenes));
    }
    return pt_comm_bcast(pt_comm_world(), tiny_folder, sizeof tiny_folder, 0) != PT_OK;
}

static inline int tiny_tear_down(void **state)
{
    char command[300];
    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", tiny_folder);
    return tiny_is_root() && system(command) != 0;
}

/** What is asked for after which step, and what came of it. */
typedef struct tiny_hooks {
    int64_t stop_at, checkpoint_at; /**< number of the step; 0 = never */
    int64_t n_poll;
    uint64_t n_alloc;     /**< allocations when the step before ended */
    uint64_t n_new_alloc; /**< made between two steps of a phase, its first ones left out */
    int64_t in_phase;
    pt_phase_t phase;
    bool said_finished;
} tiny_hooks_t;

static inline unsigned tiny_poll(void *context)
{
    tiny_hooks_t *h = context;
    int64_t n = ++h->n_poll;
    return (n == h->stop_at ? PT_REQUEST_STOP : 0u) |
           (n == h->checkpoint_at ? PT_REQUEST_CHECKPOINT : 0u);
}

static inline void tiny_progress(void *context, const pt_progress_t *progress)
{
    tiny_hooks_t *h = context;
    h->in_phase = progress->phase == h->phase ? h->in_phase + 1 : 1;
    h->phase = progress->phase;
    /* The first steps of each kind compile plans that allocate what they hold. */
    if (h->in_phase > 6)
        h->n_new_alloc += pt_memory_n_alloc() - h->n_alloc;
    h->n_alloc = pt_memory_n_alloc();
}

static inline void tiny_note(void *context, const char *line)
{
    tiny_hooks_t *h = context;
    h->said_finished |= strcmp(line, "this run is finished") == 0;
}

static inline void tiny_config(tiny_options_t options, pt_config_t *config)
{
    pt_config_init(config);
    for (tiny_options_t o = tiny_base; *o != NULL; o++)
        assert_ok(pt_config_set(config, *o));
    for (tiny_options_t o = options; o != NULL && *o != NULL; o++)
        assert_ok(pt_config_set(config, *o));
    snprintf(config->data.file, sizeof config->data.file, "%s/%s.h5", tiny_folder,
             config->head.kind == PT_HEAD_DEEPLAB ? "scenes" : "data");
    assert_ok(pt_config_check(config));
}

static inline const char *tiny_path(const char *run, char path[400])
{
    snprintf(path, 400, "%s/%s", tiny_folder, run);
    return path;
}

/** One run from beginning or checkpoint to end or stop; `status` of pt_search_new(). */
typedef struct tiny_result {
    pt_status_t status;
    pt_run_end_t end;
    double mean_metric, score;
    pt_cost_t cost;
} tiny_result_t;

static inline tiny_result_t tiny_go(pt_comm_t *comm, const int32_t extent[PT_N_AXIS],
                                    tiny_options_t options, const char *run,
                                    tiny_hooks_t *context)
{
    pt_run_hooks_t hooks = {.context = context,
                            .poll = tiny_poll,
                            .progress = tiny_progress,
                            .note = tiny_note};
    tiny_result_t out = {.status = PT_OK};
    pt_config_t config;
    pt_layout_t layout;
    pt_kernel_t kernel;
    pt_machine_t machine; /* stages are cut as measured, differently each time */
    pt_dataset_t *dataset;
    pt_trainer_t *trainer;
    pt_search_t *search;
    pt_run_result_t result;
    char path[400];

    tiny_config(options, &config);
    assert_ok(pt_layout_init(&layout, comm, extent, true));
    assert_ok(pt_kernel_init(&kernel, (pt_backend_t)config.kernel.backend,
                             (pt_isa_t)config.kernel.isa, 1));
    assert_ok(pt_dataset_open(config.data.file, config.data.tasks, layout.world,
                              layout.node, true, &dataset));
    pt_machine_init(&machine);
    assert_ok(pt_trainer_new(&config, &layout, dataset, &kernel, &machine, &trainer));
    out.status = pt_search_new(&config, tiny_path(run, path), trainer, &hooks, &search);
    if (out.status == PT_OK) {
        assert_ok(pt_search_run(search, &result));
        out.end = result.end;
        out.mean_metric = result.mean_metric;
        out.score = result.score[0].metric;
        out.cost = result.cost;
        pt_search_free(search);
    }
    pt_trainer_free(trainer);
    pt_machine_release(&machine);
    pt_dataset_close(dataset);
    pt_kernel_release(&kernel);
    pt_layout_release(&layout);
    return out;
}

/** On rank 0 of the world alone; the others go on at once and wait where they meet it. */
static inline tiny_result_t tiny_go_alone(tiny_options_t options, const char *run,
                                          tiny_hooks_t *hooks)
{
    static const int32_t one[PT_N_AXIS] = {1, 1, 1};
    tiny_result_t result = {.status = PT_OK};
    pt_comm_t *self;
    assert_ok(pt_comm_split(pt_comm_world(), tiny_is_root() ? 0 : -1, 0, &self));
    if (self != NULL)
        result = tiny_go(self, one, options, run, hooks);
    pt_comm_free(self);
    return result;
}

/** Arrangement number `i` of all ranks as stage x task x data; false past the last. */
static inline bool tiny_arrangement(int32_t i, int32_t extent[PT_N_AXIS])
{
    int32_t size = pt_comm_size(pt_comm_world());
    for (int32_t stage = 1; stage <= size && stage <= TINY_STAGES; stage++)
        for (int32_t task = 1; task * stage <= size; task++)
            if (size % (stage * task) == 0 && i-- == 0) {
                extent[PT_AXIS_STAGE] = stage;
                extent[PT_AXIS_TASK] = task;
                extent[PT_AXIS_DATA] = size / (stage * task);
                return true;
            }
    return false;
}

/** What a run left: digest of the payload, then all of metrics.jsonl.  Rank 0. */
static inline char *tiny_outcome(const char *run)
{
    char folder[400], path[420], *metrics, *all;
    size_t bytes;
    pt_checkpoint_t c;
    snprintf(path, sizeof path, "%s/checkpoint.h5", tiny_path(run, folder));
    pt_checkpoint_init(&c);
    assert_ok(pt_checkpoint_read(&c, path));
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    assert_ok(pt_file_read(path, &metrics, &bytes));
    assert_ok(pt_alloc(&all, bytes + 64, 1));
    snprintf(all, bytes + 64, "%s\n%s", c.digest, metrics);
    pt_free(metrics);
    pt_checkpoint_release(&c);
    return all;
}

/** The lines of two outcomes where they part; the rest would fill the screen. */
static inline void tell_difference(const char *run, const char *ours, const char *theirs)
{
    size_t begin = 0;
    for (size_t i = 0; ours[i] == theirs[i] && ours[i] != '\0'; i++)
        if (ours[i] == '\n')
            begin = i + 1;
    print_error("%s differs:\n  %.*s\nexpected\n  %.*s\n", run,
                (int)strcspn(ours + begin, "\n"), ours + begin,
                (int)strcspn(theirs + begin, "\n"), theirs + begin);
}

/** The run left exactly what rank 0's `expected` says.  All ranks meet here. */
static inline void assert_outcome(const char *run, const char *expected)
{
    int32_t is_same = 1;
    if (tiny_is_root()) {
        char *outcome = tiny_outcome(run);
        const char *a = strchr(outcome, '\n'), *b = strchr(expected, '\n');
        is_same = strcmp(outcome, expected) == 0;
        if (!is_same && strcmp(a, b) != 0)
            tell_difference(run, a + 1, b + 1);
        else if (!is_same)
            tell_difference(run, outcome, expected);
        pt_free(outcome);
    }
    assert_ok(pt_comm_bcast(pt_comm_world(), &is_same, sizeof is_same, 0));
    assert_true(is_same);
}

#endif
