/* Cutting a space into stages of about the same cost. */
#include "polytree/graph/cut.h"

#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"

/** best[s][i]: slowest of s + 1 blocks that take the pieces 0..i-1; from: last begins. */
typedef struct cut_table {
    double *best, *sum; /**< sum[i]: cost of the pieces before i */
    int32_t *from;
} cut_table_t;

static void fill_row(const cut_table_t *t, int32_t n, const double *transfer,
                     int32_t n_free, int32_t s)
{
    for (int32_t i = 0; i <= n; i++) {
        double *best = &t->best[(int64_t)s * (n + 1) + i];
        double behind = i < n ? transfer[i] : 0;
        *best = INFINITY;
        for (int32_t j = s; j < i && (j < n_free || j == 0); j++) {
            if ((s == 0) != (j == 0))
                continue;
            double own = t->sum[i] - t->sum[j] + behind + (j > 0 ? transfer[j] : 0);
            double before = s > 0 ? t->best[(int64_t)(s - 1) * (n + 1) + j] : 0;
            double slowest = own > before ? own : before;
            if (slowest < *best) {
                *best = slowest;
                t->from[(int64_t)s * (n + 1) + i] = j;
            }
        }
    }
}

pt_status_t pt_cut_balance(int32_t n, const double *cost, const double *transfer,
                           int32_t n_free, int32_t n_stage, int32_t *first, double *slowest)
{
    size_t cells = (size_t)n_stage * ((size_t)n + 1);
    cut_table_t t = {0};
    pt_status_t status;

    if (n_stage > 1 && n_stage > n_free)
        PT_FAIL(CONFIG, "layout.stage = %d, but this space can be cut into %d stages only",
                (int)n_stage, n_free > 1 ? (int)n_free : 1);
    PT_TRY_OR(done, pt_alloc(&t.best, cells, sizeof *t.best));
    PT_TRY_OR(done, pt_alloc(&t.from, cells, sizeof *t.from));
    PT_TRY_OR(done, pt_alloc(&t.sum, (size_t)n + 1, sizeof *t.sum));
    for (int32_t i = 0; i < n; i++)
        t.sum[i + 1] = t.sum[i] + cost[i];
    for (int32_t s = 0; s < n_stage; s++)
        fill_row(&t, n, transfer, n_free, s);
    first[n_stage] = n;
    for (int32_t s = n_stage - 1; s >= 0; s--)
        first[s] = t.from[(int64_t)s * (n + 1) + first[s + 1]];
    *slowest = t.best[(int64_t)(n_stage - 1) * (n + 1) + n];
done:
    pt_free(t.best);
    pt_free(t.from);
    pt_free(t.sum);
    return status;
}

int32_t pt_cut_most(const pt_space_t *space)
{
    /* The heads are the last candidates, and stay together. */
    return space->n_candidate - space->n_task + 1;
}

pt_status_t pt_cut_init(pt_cut_t *cut, const pt_space_t *space, int32_t n_stage,
                        const pt_load_t *load)
{
    pt_cut_t made = {.n_stage = n_stage};
    double slowest;
    pt_status_t status;

    PT_TRY_OR(failed, pt_alloc(&made.first, (size_t)n_stage + 1, sizeof *made.first));
    PT_TRY_OR(failed,
              pt_alloc(&made.stage, (size_t)space->n_candidate, sizeof *made.stage));
    PT_TRY_OR(failed, pt_cut_balance(space->n_candidate, load->cost, load->transfer,
                                     pt_cut_most(space), n_stage, made.first, &slowest));
    for (int32_t s = 0; s < n_stage; s++)
        for (int32_t c = made.first[s]; c < made.first[s + 1]; c++)
            made.stage[c] = s;
    *cut = made;
    return PT_OK;
failed:
    pt_cut_release(&made);
    return status;
}

void pt_cut_release(pt_cut_t *cut)
{
    pt_free(cut->first);
    pt_free(cut->stage);
    *cut = (pt_cut_t){0};
}

bool pt_cut_reads_input(const pt_cut_t *cut, const pt_space_t *space, int32_t stage)
{
    for (int32_t i = cut->first[stage]; i < cut->first[stage + 1]; i++) {
        const pt_candidate_t *c = &space->candidate[i];
        if (space->node[c->src].is_input || (c->skip >= 0 && space->node[c->skip].is_input))
            return true;
    }
    return false;
}

void pt_cut_blocks(const pt_cut_t *cut, const pt_space_t *space, int32_t stage,
                   int64_t *begin, int64_t *end)
{
    *begin = *end = 0;
    for (int32_t c = cut->first[stage]; c < cut->first[stage + 1]; c++) {
        int32_t g = space->candidate[c].group;
        if (g < 0)
            continue;
        const pt_group_t *group = &space->store.group[g];
        if (*end == *begin)
            *begin = group->first_block;
        *end = group->first_block + group->n_block;
    }
}
