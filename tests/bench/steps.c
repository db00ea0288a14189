/* What a step costs: samples a second and where the time goes.
 *
 *     mpirun -n P build/tests/bench/steps CONFIG.ini [weight|alpha|both] [seconds] \
 *         [key=value ...]
 *
 * Steps of the search are run as the program runs them (gates drawn anew each step) on the
 * data set of the config.  One line of JSON on rank 0, with the bytes that it brings in;
 * the first three steps do not count.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/clock.h"
#include "polytree/base/memory.h"
#include "polytree/par/par.h"
#include "polytree/train/predict.h"
#include "tests/bench/bytes.h"
#include "tests/bench/steps.h"

typedef struct outlook {
    pt_prediction_t predicted[2]; /**< of a weight step and of an alpha step */
    double segments;              /**< that a chain has in a weight step */
} outlook_t;

/** What a step of this layout should take. */
static pt_status_t predict(bench_t *b, outlook_t *o)
{
    static const int32_t first[PT_N_AXIS] = {0, 0, 0};
    pt_arrangement_t a = {.ranks_per_node = pt_comm_size(b->layout.node)};
    pt_share_t share = {0};
    pt_predictor_t *p;
    pt_status_t status;

    memcpy(a.extent, b->layout.extent, sizeof a.extent);
    PT_TRY(pt_predictor_new(&b->config, pt_trainer_feed(b->trainer),
                            pt_trainer_space(b->trainer), NULL, &b->machine, &p));
    PT_TRY_OR(done, pt_predict(p, &a, PT_PASS_WEIGHT, &o->predicted[0]));
    PT_TRY_OR(done, pt_predict(p, &a, PT_PASS_ALPHA, &o->predicted[1]));
    for (int32_t step = 0; step < PT_PREDICT_STEPS; step++) {
        PT_TRY_OR(done, pt_predictor_share(p, &a, first, PT_PASS_WEIGHT, step, &share));
        o->segments += (double)share.n_segment / PT_PREDICT_STEPS;
    }
done:
    pt_share_release(&share);
    pt_predictor_free(p);
    return status;
}

static void report(const bench_t *b, const outlook_t *o, const char *kind, int64_t steps,
                   int64_t samples, double seconds, uint64_t allocations,
                   pt_trainer_time_t before, const int64_t *bytes_before)
{
    pt_trainer_time_t t = pt_trainer_time(b->trainer);
    double step = t.step - before.step, ops = t.ops - before.ops,
           loss = t.loss - before.loss;
    double feed = t.feed - before.feed, compile = t.compile - before.compile;
    double reduce = t.reduce - before.reduce, update = t.update - before.update;
    double transfer = t.transfer - before.transfer;
    const pt_prediction_t *p = o->predicted;
    double predicted = strcmp(kind, "weight") == 0  ? p[0].seconds
                       : strcmp(kind, "alpha") == 0 ? p[1].seconds
                                                    : (p[0].seconds + p[1].seconds) / 2;

    if (pt_comm_rank(b->layout.world) != 0)
        return;
    printf("{\"kind\": \"%s\", \"ranks\": %d, \"steps\": %lld, \"seconds_per_step\": %.5f, "
           "\"predicted\": %.5f, \"segments\": %.2f, \"balance\": %.4f, "
           "\"samples_per_second\": %.1f, \"ops\": %.4f, \"loss\": %.4f, \"feed\": %.4f, "
           "\"compile\": %.4f, \"reduce\": %.4f, \"transfer\": %.4f, \"update\": %.4f, "
           "\"other\": %.4f, "
           "\"allocations\": %llu, ",
           kind, pt_comm_size(b->layout.world), (long long)steps, seconds / (double)steps,
           predicted, o->segments, p[0].balance, (double)samples / seconds, ops / step,
           loss / step, feed / step, compile / step, reduce / step, transfer / step,
           update / step,
           1 - (ops + loss + feed + compile + reduce + transfer + update) / step,
           (unsigned long long)allocations);
    print_bytes(bytes_before, steps);
    printf("}\n");
}

/** Rank 0's clock decides for all when to end: it rides in the step's requests. */
static pt_status_t run_bench(bench_t *b, const char *kind, double limit)
{
    bool has_weight = strcmp(kind, "alpha") != 0, has_alpha = strcmp(kind, "weight") != 0;
    pt_trainer_time_t before = {0};
    uint64_t allocations = 0;
    int64_t samples = 0, steps = 0, bytes[PT_N_TRAFFIC];
    double begin = 0, seconds = 0;
    outlook_t o = {.segments = 0};

    for (int64_t i = 0; i < 3 || seconds < limit; i++) {
        if (i == 3) {
            PT_TRY(pt_comm_barrier(b->layout.world));
            before = pt_trainer_time(b->trainer);
            allocations = pt_memory_n_alloc();
            read_bytes(bytes);
            begin = pt_clock();
            samples = steps = 0;
        }
        if (has_weight)
            PT_TRY(run_step(b, false, i, &samples));
        if (has_alpha)
            PT_TRY(run_step(b, true, i, &samples));
        steps += has_weight + has_alpha;
        seconds = i >= 3 ? pt_clock() - begin : 0;
        PT_TRY(pt_comm_bcast(b->layout.world, &seconds, sizeof seconds, 0));
    }
    PT_TRY(predict(b, &o));
    report(b, &o, kind, steps, samples, seconds, pt_memory_n_alloc() - allocations, before,
           bytes);
    return PT_OK;
}

int main(int argc, char **argv)
{
    bench_t b = {0};
    pt_status_t status = pt_par_start(&argc, &argv);

    if (argc < 2) {
        fprintf(stderr,
                "usage: steps CONFIG.ini [weight|alpha|both] [seconds] [key=value ...]\n");
        pt_par_abort(2);
    }
    if (status == PT_OK)
        status = open_bench(&b, argv[1], argc > 4 ? argc - 4 : 0, argv + 4, NULL);
    if (status == PT_OK)
        status = run_bench(&b, argc > 2 ? argv[2] : "both", argc > 3 ? atof(argv[3]) : 5);
    if (status != PT_OK) {
        fprintf(stderr, "steps: %s\n", pt_error_message());
        pt_par_abort(1);
    }
    close_bench(&b);
    pt_par_stop();
    return 0;
}
