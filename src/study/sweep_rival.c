/* The opponents that are best on val. */
#include "study/sweep_rival.h"

#include <math.h>

#include "study/interval.h"

const char *const sweep_rival_name[SWEEP_N_RIVAL] = {
    [SWEEP_AS_LEFT] = "as runs end",
    [SWEEP_SCRATCH] = "from scratch",
};

/* All branchings are the truth, and no opponent. */
static bool is_opponent(const sweep_table_t *t, int32_t row, sweep_rival_kind_t kind)
{
    const pt_method_info_t *method = &pt_methods[t->sweep->row[row].method];
    return !method->is_learned && !method->is_rebuilt && !method->is_numbered &&
           sweep_table_is_affordable(t, row) &&
           (kind == SWEEP_AS_LEFT || t->line[row].is_at_once);
}

static bool is_own(const sweep_table_t *t, int32_t row, sweep_rival_kind_t kind)
{
    const pt_method_t own[SWEEP_N_RIVAL] = {PT_METHOD_SEARCH, PT_METHOD_REBUILT};
    return t->sweep->row[row].method == own[kind] && sweep_table_is_affordable(t, row);
}

/* Without val the first. */
static int32_t best_on_val(const sweep_table_t *t, sweep_rival_kind_t kind,
                           bool (*is_of)(const sweep_table_t *, int32_t,
                                         sweep_rival_kind_t))
{
    double most = -INFINITY;
    int32_t best = -1;
    for (int32_t r = 0; r < t->n_row; r++) {
        double val = t->line[r].value[t->judged_val].mean;
        if (is_of(t, r, kind) && t->line[r].n_done > 0 && (best < 0 || val > most)) {
            most = isfinite(val) ? val : -INFINITY;
            best = r;
        }
    }
    return best;
}

void sweep_rivals_find(const sweep_table_t *t, sweep_rival_t rival[SWEEP_N_RIVAL])
{
    for (int32_t i = 0; i < SWEEP_N_RIVAL; i++) {
        sweep_rival_t *r = &rival[i];
        sweep_rival_kind_t kind = (sweep_rival_kind_t)i;
        *r = (sweep_rival_t){.ours = best_on_val(t, kind, is_own),
                             .theirs = best_on_val(t, kind, is_opponent),
                             .half = NAN};
        if (!sweep_table_has(t, t->judged_val) || r->ours < 0)
            r->theirs = -1;
        if (r->theirs < 0)
            continue;
        r->less = sweep_table_less(t, r->ours, r->theirs, t->judged);
        r->half = r->less.error * study_t_factor(r->less.n - 1);
    }
}

static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

json_t *sweep_rivals_describe(const sweep_table_t *t,
                              const sweep_rival_t rival[SWEEP_N_RIVAL])
{
    json_t *all = json_array();
    for (int32_t i = 0; i < SWEEP_N_RIVAL; i++) {
        const sweep_rival_t *r = &rival[i];
        if (r->theirs < 0)
            continue;
        json_array_append_new(
            all, json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:o}", "kind",
                           sweep_rival_name[i], "row", t->sweep->row[r->ours].label, "best",
                           t->sweep->row[r->theirs].label, "n_paired", (int)r->less.n,
                           "difference", number(r->less.mean), "low",
                           number(r->less.mean - r->half), "high",
                           number(r->less.mean + r->half)));
    }
    return all;
}
