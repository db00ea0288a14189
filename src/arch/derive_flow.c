/* Deriving the network of a dag: the flow through each piece, and dropping the least. */
#include "polytree/arch/derive.h"

#include <math.h>
#include <string.h>

#include "polytree/arch/connect.h"
#include "polytree/base/bitset.h"

#define MAX_DEPTH PT_DAG_MAX_NODE

/**
 * F_in(j)[d]: flow from the stem to j over d edges, the last entry over min_depth or
 * more.  F_out(i)[r]: flow from i to the head over at least r edges, so that no product
 * below needs a second sum.
 */
typedef struct flows {
    double in[PT_DAG_MAX_NODE + 1][MAX_DEPTH];
    double out[PT_DAG_MAX_NODE + 1][MAX_DEPTH];
} flows_t;

static void find_in(const pt_space_t *space, const double *p, const uint64_t *bits,
                    flows_t *f)
{
    int32_t depth = space->min_depth;
    for (int32_t c = 0; c < space->n_choice; c++) {
        int32_t i = space->choice[c].i, j = space->choice[c].j;
        if (!pt_bitset_get(bits, c))
            continue;
        if (space->choice[c].kind == PT_CHOICE_IN)
            f->in[j][0] += p[c];
        else if (space->choice[c].kind == PT_CHOICE_EDGE)
            for (int32_t d = 0; d <= depth; d++)
                f->in[j][d < depth ? d + 1 : depth] += f->in[i][d] * p[c];
    }
}

static void find_out(const pt_space_t *space, const double *p, const uint64_t *bits,
                     flows_t *f)
{
    for (int32_t c = space->n_choice - 1; c >= 0; c--) {
        int32_t i = space->choice[c].i, j = space->choice[c].j;
        if (!pt_bitset_get(bits, c))
            continue;
        if (space->choice[c].kind == PT_CHOICE_OUT)
            f->out[i][0] += p[c];
        else if (space->choice[c].kind == PT_CHOICE_EDGE)
            for (int32_t r = 0; r <= space->min_depth; r++)
                f->out[i][r] += p[c] * f->out[j][r > 0 ? r - 1 : 0];
    }
}

double pt_flow(const pt_space_t *space, const double *p, const uint64_t *bits, double *flow)
{
    flows_t f;
    int32_t depth = space->min_depth;
    double whole = 0;
    memset(flow, 0, (size_t)space->n_choice * sizeof *flow);
    if (depth >= space->n_dag_node)
        return 0;
    memset(&f, 0, sizeof f);
    find_in(space, p, bits, &f);
    find_out(space, p, bits, &f);
    for (int32_t c = 0; c < space->n_choice; c++) {
        int32_t i = space->choice[c].i, j = space->choice[c].j;
        if (!pt_bitset_get(bits, c))
            continue;
        switch (space->choice[c].kind) {
        case PT_CHOICE_IN:
            flow[c] = p[c] * f.out[j][depth];
            whole += flow[c];
            break;
        case PT_CHOICE_EDGE:
            for (int32_t d = 0; d <= depth; d++)
                flow[c] += f.in[i][d] * f.out[j][d < depth ? depth - 1 - d : 0];
            flow[c] *= p[c];
            break;
        case PT_CHOICE_OUT:
            flow[c] = f.in[i][depth] * p[c];
            break;
        case PT_CHOICE_COPY: /* of branch spaces alone */
            break;
        }
    }
    return whole;
}

typedef struct reduction {
    const pt_space_t *space;
    const double *p;
    pt_rule_t rule;
    double score[PT_DAG_MAX_CHOICE]; /**< what is least goes first */
    uint64_t keep[PT_DAG_MAX_WORD];  /**< pieces that the last connection needs */
    uint64_t lengths;                /**< a path of one of these must remain */
} reduction_t;

static bool is_before(const reduction_t *r, int32_t a, int32_t b)
{
    const pt_choice_t *x = &r->space->choice[a], *y = &r->space->choice[b];
    if (r->score[a] < r->score[b] || r->score[a] > r->score[b])
        return r->score[a] < r->score[b];
    if (x->kind != y->kind)
        return x->kind < y->kind;
    return x->i != y->i ? x->i < y->i : x->j < y->j;
}

static int32_t find_least(const reduction_t *r, const uint64_t *bits)
{
    int32_t least = -1;
    for (int32_t c = 0; c < r->space->n_choice; c++)
        if (pt_bitset_get(bits, c) && !pt_bitset_get(r->keep, c) &&
            (least < 0 || is_before(r, c, least)))
            least = c;
    return least;
}

/**
 * Remove the least piece that may go and what hangs loose then.  A piece that every
 * counted connection needs is needed for ever: there will only be fewer of them.
 */
static bool remove_least(reduction_t *r, uint64_t *bits)
{
    int32_t c;
    if (r->rule == PT_RULE_FLOW)
        (void)pt_flow(r->space, r->p, bits, r->score);
    while ((c = find_least(r, bits)) >= 0) {
        pt_bitset_set(bits, c, false);
        if (pt_path_lengths(r->space, bits) & r->lengths) {
            pt_prune(r->space, bits);
            return true;
        }
        pt_bitset_set(bits, c, true);
        pt_bitset_set(r->keep, c, true);
    }
    return false;
}

static int32_t count_edges(const pt_space_t *space, const uint64_t *bits)
{
    int32_t n = 0;
    for (int32_t c = 0; c < space->n_choice; c++)
        n += space->choice[c].kind == PT_CHOICE_EDGE && pt_bitset_get(bits, c);
    return n;
}

/** Lengths of connections that keep to kappa, or the least length where none does. */
static uint64_t find_lengths(const pt_space_t *space, const uint64_t *bits, double kappa)
{
    uint64_t all = pt_path_lengths(space, bits), fitting = 0;
    for (int32_t d = space->min_depth; d < MAX_DEPTH; d++) {
        uint64_t bit = all & (uint64_t)1 << d;
        if (d <= kappa || fitting == 0)
            fitting |= bit;
    }
    return fitting;
}

void pt_derive(const pt_space_t *space, const double *p, pt_rule_t rule, double kappa,
               double keep, const pt_rng_t *rng, uint64_t *bits)
{
    reduction_t r = {.space = space, .p = p, .rule = rule};
    size_t bytes = pt_bitset_words(space->n_choice) * sizeof *bits;
    uint64_t before[PT_DAG_MAX_WORD];
    double flow[PT_DAG_MAX_CHOICE], floor_of_flow;

    memset(bits, 0, bytes);
    for (int32_t c = 0; c < space->n_choice; c++) {
        pt_bitset_set(bits, c, true);
        r.score[c] = rule == PT_RULE_RANDOM ? pt_rng_uniform(rng, (uint64_t)c) : p[c];
    }
    pt_prune(space, bits);
    r.lengths = find_lengths(space, bits, kappa);

    while (count_edges(space, bits) > kappa && remove_least(&r, bits))
        ;
    floor_of_flow = keep * pt_flow(space, p, bits, flow);
    for (;;) {
        memcpy(before, bits, bytes);
        if (!remove_least(&r, bits))
            break;
        if (!(pt_flow(space, p, bits, flow) >= floor_of_flow)) {
            memcpy(bits, before, bytes);
            break;
        }
    }
}
