/* What it costs to read samples that memory has no room for: weight steps on a large data
 * set against the same on a small one in memory.
 *
 *     mpirun -n 2 build/tests/bench/reading CONFIG.ini SMALL.h5 LARGE.h5 CACHE [seconds] \
 *         [key=value ...]
 *
 * Two trainers take turns, so that what else the machine does is met by both; figures are
 * medians over steps, and first deciles, which other work disturbs less.  CACHE is a value
 * of data.cache, with which LARGE.h5 is read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/clock.h"
#include "polytree/par/par.h"
#include "tests/bench/steps.h"

enum { MOST = 20000, WARM = 3, MOST_SETTING = 32 };

/** Seconds of each step. */
typedef struct sample {
    int32_t n;
    double step[MOST];
} sample_t;

static sample_t small, large;

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static pt_status_t take(bench_t *b, sample_t *s, int64_t number)
{
    int64_t samples = 0;

    PT_TRY(pt_comm_barrier(b->layout.world));
    double begin = pt_clock();
    PT_TRY(run_step(b, false, number, &samples));
    PT_TRY(pt_comm_barrier(b->layout.world));
    if (number >= WARM && s->n < MOST)
        s->step[s->n++] = pt_clock() - begin;
    return PT_OK;
}

/** Rank 0's clock decides for all when to end. */
static pt_status_t run(bench_t *in_memory, bench_t *read, double limit)
{
    double begin = pt_clock(), seconds = 0;

    for (int64_t i = 0; i < WARM + 3 || seconds < limit; i++) {
        PT_TRY(take(in_memory, &small, i));
        PT_TRY(take(read, &large, i));
        seconds = pt_clock() - begin;
        PT_TRY(pt_comm_bcast(read->layout.world, &seconds, sizeof seconds, 0));
    }
    return PT_OK;
}

static void report(const char *cache)
{
    qsort(small.step, (size_t)small.n, sizeof small.step[0], compare);
    qsort(large.step, (size_t)large.n, sizeof large.step[0], compare);
    int32_t half = small.n / 2, tenth = small.n / 10;
    printf("memory %.4f (%.4f) s, %s %.4f (%.4f) s, ratio %.3f (%.3f) of %d steps\n",
           small.step[half], small.step[tenth], cache, large.step[half], large.step[tenth],
           large.step[half] / small.step[half], large.step[tenth] / small.step[tenth],
           (int)small.n);
}

/** A bench on that file, with the settings and that cache. */
static pt_status_t open_on(bench_t *b, char **argv, int argc, const char *file,
                           const char *cache)
{
    char name[PT_CONFIG_TEXT + 16], last[64], *setting[MOST_SETTING] = {name};
    int n = 1;

    for (int i = 6; i < argc && n < MOST_SETTING; i++)
        setting[n++] = argv[i];
    snprintf(name, sizeof name, "data.file=%s", file);
    snprintf(last, sizeof last, "data.cache=%s", cache);
    return open_bench(b, argv[1], n, setting, last);
}

int main(int argc, char **argv)
{
    static bench_t in_memory, read;
    pt_status_t status = pt_par_start(&argc, &argv);

    if (argc < 5) {
        fprintf(stderr, "usage: reading CONFIG.ini SMALL.h5 LARGE.h5 CACHE [seconds] "
                        "[key=value ...]\n");
        pt_par_abort(2);
    }
    if (status == PT_OK)
        status = open_on(&in_memory, argv, argc, argv[2], "memory");
    if (status == PT_OK)
        status = open_on(&read, argv, argc, argv[3], argv[4]);
    if (status == PT_OK)
        status = run(&in_memory, &read, argc > 5 ? atof(argv[5]) : 10);
    if (status != PT_OK) {
        fprintf(stderr, "reading: %s\n", pt_error_message());
        pt_par_abort(1);
    }
    if (pt_comm_rank(pt_comm_world()) == 0)
        report(argv[4]);
    close_bench(&in_memory);
    close_bench(&read);
    pt_par_stop();
    return 0;
}
