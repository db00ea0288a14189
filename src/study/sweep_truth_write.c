/* The truth of an exhaustive row, as text and JSON. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "study/interval.h"
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

/* "+0.412", blanks for what is not known. */
static void put_number(pt_text_t *out, int width, const char *format, double x)
{
    char text[32] = "";
    if (isfinite(x))
        snprintf(text, sizeof text, format, x);
    pt_text_add(out, " %*s", width, text);
}

static double scale(const writer_t *w)
{
    return is_delta(w) ? 100 : 1;
}

static const char *regret_format(const writer_t *w)
{
    return is_delta(w) ? "%.2f" : "%.4f";
}

static void put_found(const writer_t *w, const sweep_found_t *f)
{
    char text[GROUPS];
    pt_text_add(w->out, "%-*s %4lld %-*s %4d %6d",
                pt_padded(label(w, f->row), label_width(w)), label(w, f->row),
                seed_of(w, f->seed), w->width, groups(w, f->branching, text), (int)f->rank,
                (int)f->n_judged);
    put_number(w->out, 11, "%+.3f", f->correlation);
    put_number(w->out, 7, "%+.3f", w->truth->repeat[f->seed]);
    put_number(w->out, 7, regret_format(w), f->regret * scale(w));
    put_number(w->out, 7, regret_format(w), f->behind * scale(w));
    put_number(w->out, 6, "%.2f", f->spent);
    pt_text_add(w->out, "\n");
}

/* Half of a 95 % interval. */
static double half_width(sweep_estimate_t e)
{
    return study_t_factor(e.n - 1) * e.error;
}

/* "+0.412 +-0.050". */
static void put_interval(const writer_t *w, const char *format, double times,
                         sweep_estimate_t e)
{
    char text[64] = "";
    pt_text_t out = pt_text_in(text, sizeof text);
    if (isfinite(e.mean))
        pt_text_add(&out, format, e.mean * times);
    if (isfinite(half_width(e))) {
        pt_text_add(&out, " +-");
        pt_text_add(&out, format[1] == '+' ? "%.3f" : format, half_width(e) * times);
    }
    pt_text_add(w->out, " %-16s", text);
}

static void put_verdict(const writer_t *w, const sweep_verdict_t *v)
{
    pt_text_add(w->out, "%-*s", pt_padded(label(w, v->row), label_width(w)),
                label(w, v->row));
    put_interval(w, "%+.3f", 1, v->correlation);
    put_interval(w, "%+.3f", 1, v->lead);
    put_number(w->out, 6, "%.4f", v->lead_level);
    pt_text_add(w->out, " ");
    put_interval(w, regret_format(w), scale(w), v->regret);
    put_number(w->out, 7, "%.1f %%", 100 * v->regret.mean / w->truth->range.mean);
    put_number(w->out, 7, "%.1f %%", 100 * v->behind.mean / w->truth->range.mean);
    put_number(w->out, 7, regret_format(w), v->less.mean * scale(w));
    put_number(w->out, 6, "%.4f", v->less_level);
    put_number(w->out, 6, "%.2f", v->spent.mean);
    pt_text_add(w->out, "\n");
}

static void put_searches(const writer_t *w)
{
    const char *unit = is_delta(w) ? ", %" : "";
    char regret[32];
    snprintf(regret, sizeof regret, "regret%s", unit);
    pt_text_add(w->out, "\n%-*s %4s %-*s %4s %6s %11s %7s %7s %7s %6s\n", label_width(w),
                "search", "seed", w->width, "found", "rank", "judged", "correlation",
                "repeat", "regret", "behind", "spent");
    for (int32_t i = 0; i < w->truth->n_found; i++)
        put_found(w, &w->truth->found[i]);
    pt_text_add(w->out, "\n%-*s %-16s %-16s %6s  %-16s %7s %7s %7s %6s %6s\n",
                label_width(w), "all seeds", "correlation", "less repeat", "p", regret,
                "share", "behind", "less", "p", "spent");
    for (int32_t i = 0; i < w->truth->n_verdict; i++)
        put_verdict(w, &w->truth->verdict[i]);
    pt_text_add(
        w->out,
        "correlation: Spearman's, of what the search thinks of the branchings\n"
        "(alpha: log P, else the last scores) with their means over the other seeds;\n"
        "repeat: that of one training of its own seed; regret: what the best at the\n"
        "found one's cost or less has more, found on all seeds but the one it is\n"
        "measured on, itself another than the search's; behind: the same of the best\n"
        "at any cost; share, and behind below: of best less worst; less: regret less\n"
        "that of %s, paired by seed; spent: on judging, in trainings of the\n"
        "network found; +-: half of a 95 %% interval (t); p: by Holm over the searches\n",
        label(w, w->truth->found[0].row));
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
    if (truth->range.n > 0) {
        pt_text_add(out, "best less worst, found on other seeds:");
        put_interval(&w, is_delta(&w) ? "%.2f" : "%.4f", scale(&w), truth->range);
        pt_text_add(out,
                    "\nrank correlation of a seed's trained truth with the mean of the "
                    "others':");
        put_interval(&w, "%+.3f", 1, sweep_estimate(truth->repeat, table->n_seed));
        pt_text_add(out, "\n");
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
    return json_pack("{s:s, s:I, s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:o}", "label",
                     label(w, f->row), "seed", (json_int_t)seed_of(w, f->seed), "branching",
                     (int)f->branching, "rank", (int)f->rank, "judged", (int)f->n_judged,
                     "correlation", number(f->correlation), "repeat",
                     number(w->truth->repeat[f->seed]), "regret", number(f->regret),
                     "behind", number(f->behind), "spent", number(f->spent));
}

static json_t *describe_estimate(sweep_estimate_t e)
{
    return json_pack("{s:i, s:o, s:o, s:o}", "n", (int)e.n, "mean", number(e.mean), "error",
                     number(e.error), "half_width", number(half_width(e)));
}

static json_t *describe_verdict(const writer_t *w, const sweep_verdict_t *v)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "label",
                     label(w, v->row), "correlation", describe_estimate(v->correlation),
                     "lead", describe_estimate(v->lead), "lead_p", number(v->lead_level),
                     "regret", describe_estimate(v->regret), "behind",
                     describe_estimate(v->behind), "less", describe_estimate(v->less),
                     "less_p", number(v->less_level), "spent", describe_estimate(v->spent));
}

json_t *sweep_truth_describe(const sweep_table_t *table, const sweep_truth_t *truth)
{
    writer_t w = {table, truth, &table->sweep->row[truth->row], NULL, 0};
    json_t *branchings = json_array(), *found = json_array(), *searches = json_array();
    for (int32_t i = 0; i < w.row->n_branching; i++)
        json_array_append_new(branchings, describe_branching(&w, truth->order[i]));
    for (int32_t i = 0; i < truth->n_found; i++)
        json_array_append_new(found, describe_found(&w, &truth->found[i]));
    for (int32_t i = 0; i < truth->n_verdict; i++)
        json_array_append_new(searches, describe_verdict(&w, &truth->verdict[i]));
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "label", w.row->label, "value",
                     is_delta(&w) ? "delta" : "metric", "branchings", branchings, "found",
                     found, "searches", searches, "range", describe_estimate(truth->range),
                     "repeat",
                     describe_estimate(sweep_estimate(truth->repeat, table->n_seed)));
}
