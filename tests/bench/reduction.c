/* What sums over ranks cost: a weight step with exact ones against the same with fast ones,
 * and what each kind of sum takes of a step.
 *
 *     mpirun -n 2 --bind-to core build/tests/bench/reduction CONFIG.ini [seconds] \
 *         [key=value ...]
 *
 * Two trainers on one data set take turns, and figures are medians over steps, and first
 * deciles, which other work on the machine disturbs less.  The first sum of a step,
 * "control", is where ranks wait for each other; what follows it is not waiting.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/clock.h"
#include "polytree/par/par.h"
#include "polytree/par/reduce.h"
#include "tests/bench/steps.h"

enum { MOST = 20000, WARM = 3, N_KIND = PT_TRAFFIC_EVALUATE };

typedef enum turn { EXACT, FAST, ALPHA, N_TURN } turn_t;

/** Seconds of each step, and of its sums by kind. */
typedef struct sample {
    int32_t n;
    double step[MOST], kind[N_KIND][MOST];
} sample_t;

static sample_t sample[N_TURN];

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

typedef struct figure {
    double median, decile;
} figure_t;

static figure_t figure_of(double *x, int32_t n)
{
    qsort(x, (size_t)n, sizeof *x, compare);
    return (figure_t){.median = (x[(n - 1) / 2] + x[n / 2]) / 2, .decile = x[n / 10]};
}

static pt_status_t take(bench_t *b, turn_t turn, int64_t number)
{
    sample_t *s = &sample[turn];
    double before[N_KIND];
    int64_t samples = 0;

    PT_TRY(pt_comm_barrier(b->layout.world));
    for (int32_t i = 0; i < N_KIND; i++)
        before[i] = pt_traffic_stats((pt_traffic_t)i)->seconds;
    double begin = pt_clock();
    PT_TRY(run_step(b, turn == ALPHA, number, &samples));
    PT_TRY(pt_comm_barrier(b->layout.world));
    if (number < WARM || s->n == MOST)
        return PT_OK;
    s->step[s->n] = pt_clock() - begin;
    for (int32_t i = 0; i < N_KIND; i++)
        s->kind[i][s->n] = pt_traffic_stats((pt_traffic_t)i)->seconds - before[i];
    s->n++;
    return PT_OK;
}

/** Rank 0's clock decides for all when to end. */
static pt_status_t run(bench_t *exact, bench_t *fast, double limit)
{
    double begin = pt_clock(), seconds = 0;

    for (int64_t i = 0; i < 4 * (WARM + 3) || seconds < limit; i++) {
        PT_TRY(take(i % 2 == 0 ? exact : fast, i % 2 == 0 ? EXACT : FAST, i / 2));
        if (i % 4 == 0)
            PT_TRY(take(exact, ALPHA, i / 4));
        seconds = pt_clock() - begin;
        PT_TRY(pt_comm_bcast(exact->layout.world, &seconds, sizeof seconds, 0));
    }
    return PT_OK;
}

static figure_t report_turn(const char *title, turn_t turn)
{
    sample_t *s = &sample[turn];
    figure_t step = figure_of(s->step, s->n);

    printf("%-18s %.5f (%.5f) s, %d steps;", title, step.median, step.decile, (int)s->n);
    for (int32_t i = 0; i < N_KIND; i++) {
        figure_t kind = figure_of(s->kind[i], s->n);
        printf(" %s %.2f (%.2f) %%", pt_traffic_name((pt_traffic_t)i),
               100 * kind.median / step.median, 100 * kind.decile / step.decile);
    }
    printf("\n");
    return step;
}

static void report(int32_t n_rank)
{
    printf("%d ranks, medians (and first deciles)\n", (int)n_rank);
    figure_t exact = report_turn("weight step, exact", EXACT);
    figure_t fast = report_turn("weight step, fast", FAST);
    report_turn("alpha step", ALPHA);
    printf("exact / fast       %.3f (%.3f)\n", exact.median / fast.median,
           exact.decile / fast.decile);
}

int main(int argc, char **argv)
{
    static bench_t exact, fast;
    pt_status_t status = pt_par_start(&argc, &argv);
    int n = argc > 3 ? argc - 3 : 0;

    if (argc < 2) {
        fprintf(stderr, "usage: reduction CONFIG.ini [seconds] [key=value ...]\n");
        pt_par_abort(2);
    }
    if (status == PT_OK)
        status = open_bench(&exact, argv[1], n, argv + 3, "kernel.reduction=exact");
    if (status == PT_OK)
        status = open_bench(&fast, argv[1], n, argv + 3, "kernel.reduction=fast");
    if (status == PT_OK)
        status = run(&exact, &fast, argc > 2 ? atof(argv[2]) : 10);
    if (status != PT_OK) {
        fprintf(stderr, "reduction: %s\n", pt_error_message());
        pt_par_abort(1);
    }
    if (pt_comm_rank(pt_comm_world()) == 0)
        report(pt_comm_size(exact.layout.world));
    close_bench(&exact);
    close_bench(&fast);
    pt_par_stop();
    return 0;
}
