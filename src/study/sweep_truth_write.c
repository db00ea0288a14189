/* The truth of an exhaustive row, as text and JSON. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "study/sweep_truth.h"

enum { GROUPS = 64 };

typedef struct writer {
    const sweep_table_t *t;
    const sweep_truth_t *truth;
    const sweep_row_t *row; /* exhaustive */
    pt_text_t *out;
    int width; /* of groups as text */
} writer_t;

static bool is_delta(const writer_t *w)
{
    return w->truth->value == SWEEP_DELTA;
}

static const char *label(const writer_t *w, int32_t row)
{
    return w->t->sweep->row[row].label;
}

static long long seed_of(const writer_t *w, int32_t seed)
{
    return (long long)w->t->sweep->config->sweep.seeds.value[seed];
}

static const char *groups(const writer_t *w, int32_t branching, char text[GROUPS])
{
    (void)pt_branching_text(&w->row->branching[branching], text, GROUPS);
    return text;
}

/* "+1.23 +-0.45" in percent, or "0.9512 +-0.0012". */
static const char *value_text(const writer_t *w, sweep_estimate_t e, char text[64])
{
    pt_text_t out = pt_text_in(text, 64);
    pt_text_add(&out, is_delta(w) ? "%+.2f" : "%.4f", e.mean * (is_delta(w) ? 100 : 1));
    if (isfinite(e.error))
        pt_text_add(&out, " +-%.*f", is_delta(w) ? 2 : 4,
                    e.error * (is_delta(w) ? 100 : 1));
    return text;
}

/* "search: 1 3, search space.flow=2: 1", the seeds behind each search. */
static void put_finders(const writer_t *w, int32_t branching)
{
    int32_t last = -1;
    for (int32_t i = 0; i < w->truth->n_found; i++) {
        const sweep_found_t *f = &w->truth->found[i];
        if (f->branching != branching)
            continue;
        if (f->row != last)
            pt_text_add(w->out, "%s%s:", last < 0 ? "" : ", ", label(w, f->row));
        pt_text_add(w->out, " %lld", seed_of(w, f->seed));
        last = f->row;
    }
}

static double most_cost(const writer_t *w)
{
    double most = NAN;
    for (int32_t b = 0; b < w->row->n_branching; b++)
        most = fmax(most, w->truth->cost[b]);
    return most;
}

static void put_branchings(const writer_t *w)
{
    const pt_branching_t *b = w->row->branching;
    pt_text_add(w->out,
                "\n%s: %d branchings of %d tasks over %d layers, trained in %d of %d runs\n"
                "%4s %6s %-*s %-18s %9s %7s  %s\n",
                w->row->label, (int)w->row->n_branching, (int)b->n_task, (int)b->n_layer,
                (int)w->truth->n_run, (int)(w->row->n_branching * w->t->n_seed), "rank",
                "number", w->width, "branching", is_delta(w) ? "Delta_m, %" : "metric",
                "M encoder", "of most", "found by, seeds");
    for (int32_t i = 0; i < w->row->n_branching; i++) {
        int32_t branching = w->truth->order[i];
        double cost = w->truth->cost[branching];
        char text[64], value[64];
        if (w->truth->mean[branching].n == 0)
            return;
        pt_text_add(w->out, "%4d %6d %-*s %-18s", (int)i + 1, (int)branching, w->width,
                    groups(w, branching, text),
                    value_text(w, w->truth->mean[branching], value));
        if (isfinite(cost))
            pt_text_add(w->out, " %9.3f %5.1f %%  ", cost * 1e-6,
                        100 * cost / most_cost(w));
        else
            pt_text_add(w->out, " %9s %7s  ", "", "");
        put_finders(w, branching);
        pt_text_add(w->out, "\n");
    }
}

static int label_width(const writer_t *w)
{
    int32_t width = 6;
    for (int32_t i = 0; i < w->truth->n_found; i++) {
        int32_t columns = pt_columns(label(w, w->truth->found[i].row));
        width = columns > width ? columns : width;
    }
    return (int)width;
}

static const char *answer(const sweep_found_t *f, bool is_so)
{
    return f->rank == 0 ? "" : is_so ? "yes" : "no";
}

static void put_found(const writer_t *w, const sweep_found_t *f)
{
    char found[64], best[64] = "", ahead[64] = "";
    if (f->rank > 0) {
        groups(w, f->best, best);
        value_text(w, f->behind, ahead);
    }
    pt_text_add(w->out, "%-*s %4lld %-*s %4d %-*s %-18s %-6s %-6s",
                pt_padded(label(w, f->row), label_width(w)), label(w, f->row),
                seed_of(w, f->seed), w->width, groups(w, f->branching, found), (int)f->rank,
                w->width, best, ahead, answer(f, f->is_within),
                answer(f, f->is_within_paired));
    if (isfinite(f->correlation))
        pt_text_add(w->out, " %+11.3f", f->correlation);
    pt_text_add(w->out, "\n");
}

static void put_correlation(pt_text_t *out, sweep_estimate_t e)
{
    pt_text_add(out, "%+.3f", e.mean);
    if (isfinite(e.error))
        pt_text_add(out, " +-%.3f", e.error);
    pt_text_add(out, "\n");
}

/* Of all seeds of a search. */
static void put_sum(const writer_t *w, int32_t row)
{
    sweep_estimate_t e = sweep_truth_correlation(w->truth, row);
    int32_t n = 0, n_within = 0, n_paired = 0;
    for (int32_t i = 0; i < w->truth->n_found; i++) {
        const sweep_found_t *f = &w->truth->found[i];
        if (f->row != row || f->rank == 0)
            continue;
        n++;
        n_within += f->is_within;
        n_paired += f->is_within_paired;
    }
    pt_text_add(w->out, "%s: %d of %d within, %d paired", label(w, row), (int)n_within,
                (int)n, (int)n_paired);
    if (e.n > 0) {
        pt_text_add(w->out, "; rank correlation ");
        put_correlation(w->out, e);
    } else {
        pt_text_add(w->out, "\n");
    }
}

static void put_searches(const writer_t *w)
{
    int32_t last = -1;
    pt_text_add(w->out, "\n%-*s %4s %-*s %4s %-*s %-18s %-6s %-6s %11s\n", label_width(w),
                "search", "seed", w->width, "found", "rank", w->width, "best there",
                "is ahead by", "within", "paired", "correlation");
    for (int32_t i = 0; i < w->truth->n_found; i++)
        put_found(w, &w->truth->found[i]);
    for (int32_t i = 0; i < w->truth->n_found; i++) {
        if (w->truth->found[i].row != last)
            put_sum(w, w->truth->found[i].row);
        last = w->truth->found[i].row;
    }
    pt_text_add(
        w->out,
        "best there: of the branchings at the found one's cost or less; within: the found "
        "one's mean\nis within the best's standard error; paired: the difference is within "
        "its own, which lacks what\nseeds do to both alike; correlation: Spearman's, of "
        "log P(branching) under the search's alpha\nwith the trained means\n");
}

void sweep_truth_put(const sweep_table_t *table, const sweep_truth_t *truth, pt_text_t *out)
{
    writer_t w = {table, truth, &table->sweep->row[truth->row], out, 9};
    char text[GROUPS];
    for (int32_t b = 0; b < w.row->n_branching; b++)
        if ((int)strlen(groups(&w, b, text)) > w.width)
            w.width = (int)strlen(text);
    put_branchings(&w);
    if (truth->n_found > 0)
        put_searches(&w);
    if (truth->agreement.n > 0) {
        pt_text_add(out, "rank correlation of a seed's trained truth with the mean of the "
                         "others': ");
        put_correlation(out, truth->agreement);
    }
}

static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *describe_branching(const writer_t *w, int32_t branching)
{
    const sweep_truth_t *truth = w->truth;
    json_t *seeds = json_array();
    char text[GROUPS];
    for (int32_t i = 0; i < w->t->n_seed; i++)
        json_array_append_new(
            seeds,
            number(truth->trained[(size_t)branching * (size_t)w->t->n_seed + (size_t)i]));
    return json_pack(
        "{s:i, s:s, s:i, s:o, s:o, s:o, s:o}", "branching", (int)branching, "groups",
        groups(w, branching, text), "n", (int)truth->mean[branching].n, "mean",
        number(truth->mean[branching].mean), "error", number(truth->mean[branching].error),
        "encoder_madds", number(truth->cost[branching]), "seeds", seeds);
}

static json_t *describe_found(const writer_t *w, const sweep_found_t *f)
{
    json_t *object = json_pack("{s:s, s:I, s:i, s:o}", "label", label(w, f->row), "seed",
                               (json_int_t)seed_of(w, f->seed), "branching",
                               (int)f->branching, "correlation", number(f->correlation));
    if (f->rank == 0)
        return object;
    json_object_set_new(object, "rank", json_integer(f->rank));
    json_object_set_new(object, "best", json_integer(f->best));
    json_object_set_new(object, "behind", number(f->behind.mean));
    json_object_set_new(object, "behind_error", number(f->behind.error));
    json_object_set_new(object, "is_within", json_boolean(f->is_within));
    json_object_set_new(object, "is_within_paired", json_boolean(f->is_within_paired));
    return object;
}

static json_t *describe_sums(const writer_t *w)
{
    json_t *sums = json_array();
    int32_t last = -1;
    for (int32_t i = 0; i < w->truth->n_found; i++) {
        int32_t row = w->truth->found[i].row;
        if (row == last)
            continue;
        last = row;
        sweep_estimate_t e = sweep_truth_correlation(w->truth, row);
        json_array_append_new(sums, json_pack("{s:s, s:o, s:o}", "label", label(w, row),
                                              "correlation", number(e.mean), "error",
                                              number(e.error)));
    }
    return sums;
}

json_t *sweep_truth_describe(const sweep_table_t *table, const sweep_truth_t *truth)
{
    writer_t w = {table, truth, &table->sweep->row[truth->row], NULL, 0};
    json_t *branchings = json_array(), *found = json_array();
    for (int32_t i = 0; i < w.row->n_branching; i++)
        json_array_append_new(branchings, describe_branching(&w, truth->order[i]));
    for (int32_t i = 0; i < truth->n_found; i++)
        json_array_append_new(found, describe_found(&w, &truth->found[i]));
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "label", w.row->label, "value",
                     is_delta(&w) ? "delta" : "metric", "branchings", branchings, "found",
                     found, "searches", describe_sums(&w), "agreement",
                     number(truth->agreement.mean), "agreement_error",
                     number(truth->agreement.error));
}
