/* What the expected cost of a branch space and its gradient cost, on one core.
 *
 *     build/tests/bench/expect [tolerance]
 *
 * A row of JSON for each size and kind of logits: "zero", "random" (standard normal, five
 * seeds, the slowest told), "near" (all tasks for the same copies, with the given chance).
 * Every layer costs the same.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "polytree/arch/expect.h"
#include "polytree/base/clock.h"
#include "polytree/base/memory.h"
#include "polytree/base/rng.h"

enum { MAX_LAYER = 64, N_SEED = 5 };

typedef struct problem {
    int32_t n_task, n_copy, n_layer;
    pt_expect_t *expect;
    double *p, *dp;
    double seconds, gap, cost; /* of the slowest call */
    int64_t n_visited;
} problem_t;

static void fill(problem_t *b, uint64_t seed, double spread, double first)
{
    pt_rng_t rng = {.seed = seed, .purpose = PT_RNG_DRAW};
    uint64_t index = 0;

    for (int32_t row = 0; row < b->n_task * b->n_layer; row++) {
        double *p = b->p + (size_t)row * (size_t)b->n_copy, sum = 0;
        for (int32_t c = 0; c < b->n_copy; c++)
            sum += p[c] = exp(spread * pt_rng_normal(&rng, index++) + (c == 0 ? first : 0));
        for (int32_t c = 0; c < b->n_copy; c++)
            p[c] /= sum;
    }
}

static pt_status_t measure(problem_t *b, double tolerance)
{
    double f[MAX_LAYER], low[MAX_LAYER], high[MAX_LAYER], sum_low = 0, sum_gap = 0;

    for (int32_t l = 0; l < b->n_layer; l++)
        f[l] = 1;
    double begin = pt_clock();
    PT_TRY(pt_expect_groups(b->expect, b->p, f, tolerance, low, high, b->dp));
    double seconds = pt_clock() - begin;
    for (int32_t l = 0; l < b->n_layer; l++) {
        sum_low += low[l];
        sum_gap += high[l] - low[l];
    }
    if (seconds > b->seconds) {
        b->seconds = seconds;
        b->gap = sum_gap / sum_low;
        b->cost = sum_low;
        b->n_visited = pt_expect_n_visited(b->expect);
    }
    return PT_OK;
}

static pt_status_t run(int32_t n_task, int32_t n_copy, int32_t n_layer, const char *logits,
                       double chance, double tolerance)
{
    problem_t b = {.n_task = n_task, .n_copy = n_copy, .n_layer = n_layer};
    int32_t first[MAX_LAYER + 1];
    size_t n = (size_t)n_task * (size_t)n_copy * (size_t)n_layer;
    bool is_random = logits[0] == 'r';

    for (int32_t l = 0; l <= n_layer; l++)
        first[l] = l * n_copy;
    PT_TRY(pt_expect_new(n_task, n_layer, first, &b.expect));
    PT_TRY(pt_alloc(&b.p, n, sizeof *b.p));
    PT_TRY(pt_alloc(&b.dp, n, sizeof *b.dp));
    for (uint64_t seed = 0; seed < (is_random ? N_SEED : 1); seed++) {
        fill(&b, seed, is_random ? 1 : 0,
             chance > 0 ? log(chance / (1 - chance) * (n_copy - 1)) : 0);
        PT_TRY(measure(&b, tolerance));
    }
    printf(
        "{\"tasks\": %d, \"copies\": %d, \"layers\": %d, \"logits\": \"%s\", \"chance\": "
        "%g, \"ms\": %.3f, \"visited\": %ld, \"sum of groups\": %.6f, \"bound\": "
        "%.2e}\n",
        n_task, n_copy, n_layer, logits, chance, 1e3 * b.seconds, (long)b.n_visited, b.cost,
        b.gap);
    pt_free(b.dp);
    pt_free(b.p);
    pt_expect_free(b.expect);
    return PT_OK;
}

int main(int argc, char **argv)
{
    static const int32_t size[][3] = {{5, 5, 18}, {20, 8, 18}, {50, 8, 18}, {200, 8, 18}};
    static const double chance[] = {0.5, 0.7, 0.9, 0.97};
    double tolerance = argc > 1 ? atof(argv[1]) : 1e-3;
    pt_status_t status = PT_OK;

    for (size_t s = 0; s < sizeof size / sizeof *size && status == PT_OK; s++) {
        const int32_t *of = size[s];
        status = run(of[0], of[1], of[2], "zero", 0, tolerance);
        if (status == PT_OK)
            status = run(of[0], of[1], of[2], "random", 0, tolerance);
        for (size_t c = 0; c < sizeof chance / sizeof *chance && status == PT_OK; c++)
            status = run(of[0], of[1], of[2], "near", chance[c], tolerance);
    }
    if (status != PT_OK)
        fprintf(stderr, "%s\n", pt_error_message());
    return status != PT_OK;
}
