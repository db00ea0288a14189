/* Scores of candidates, their errors, and what follows from them. */
#include <math.h>

#include "search/choose.h"

/* NaN where one of both losses is none, or not above 0. */
static double by_row(const choose_t *c, int64_t i, int64_t row, int32_t task)
{
    double loss = choose_row(c, i, row)[task], one = choose_row(c, 0, row)[task];
    return loss > 0 && one > 0 ? log(loss / one) : (double)NAN;
}

/* Longer trainings say more. */
static double proposed(const choose_t *c, int64_t i, int32_t task)
{
    double sum = 0, weight = 0;
    for (int32_t r = 0; !c->has_regression && r < c->rungs.n && r < c->reached[i]; r++) {
        double x = by_row(c, i, choose_rung_row(r), task);
        double w = isnan(x) ? 0 : (double)c->rungs.steps[r];
        sum += w > 0 ? w * x : 0;
        weight += w;
    }
    return weight > 0 ? sum / weight : by_row(c, i, CHOOSE_SUPERNET_ROW, task);
}

/* Mean over the trainings. */
static double final(const choose_t *c, int64_t i, int64_t which, int32_t task)
{
    double sum = 0;
    for (int64_t s = 0; s < c->n_seed; s++)
        sum += by_row(c, i, choose_final_row(c, s, which), task) / (double)c->n_seed;
    return sum;
}

double choose_task_score(const choose_t *c, int64_t i, int64_t view, int32_t task)
{
    if (view >= CHOOSE_BY_ROW)
        return by_row(c, i, view - CHOOSE_BY_ROW, task);
    if (view == CHOOSE_PROPOSED || (view == CHOOSE_FINAL && c->has_regression))
        return proposed(c, i, task);
    return final(c, i,
                 view == CHOOSE_FINAL ? CHOOSE_LOSS
                                      : CHOOSE_WITHOUT + (view - CHOOSE_LEFT_OUT),
                 task);
}

/* Mean of what is there. */
typedef struct score_mean {
    double sum;
    int32_t n;
} score_mean_t;

static void add(score_mean_t *m, double x)
{
    m->sum += isnan(x) ? 0 : x;
    m->n += !isnan(x);
}

static double value(score_mean_t m)
{
    return m.n > 0 ? m.sum / m.n : (double)NAN;
}

double choose_score(const choose_t *c, int64_t i, int64_t view)
{
    score_mean_t m = {0, 0};
    for (int32_t k = 0; k < c->n_task; k++)
        add(&m, choose_task_score(c, i, view, k));
    return value(m);
}

double choose_worst(const choose_t *c, int64_t i, int64_t view)
{
    double worst = NAN;
    for (int32_t k = 0; k < c->n_task; k++)
        worst = fmax(worst, choose_task_score(c, i, view, k));
    return worst;
}

double choose_metric(const choose_t *c, int64_t i, int32_t task)
{
    double sum = 0;
    for (int64_t s = 0; s < c->n_seed; s++)
        sum += choose_row(c, i, choose_final_row(c, s, CHOOSE_METRIC))[task] /
               (double)c->n_seed;
    return sum;
}

double choose_delta(const choose_t *c, int64_t i)
{
    double sum = 0;
    for (int32_t k = 0; k < c->n_task; k++) {
        double ours = choose_metric(c, i, k), theirs = choose_metric(c, 0, k);
        double gain = (ours - theirs) / fabs(theirs);
        sum += (c->metric[k].is_error ? -gain : gain) / c->n_task;
    }
    return isfinite(sum) ? sum : (double)NAN;
}

/* Variance of a candidate's score between trainings: what neither the candidate nor the
 * training, which all have in common, explains of the finalists' scores. */
static double training_variance(const choose_t *c)
{
    double sum = 0;
    int64_t n = 0;
    for (int64_t s = 0; s < c->n_seed && c->n_seed > 1; s++) {
        score_mean_t column = {0, 0};
        double square = 0;
        for (int pass = 0; pass < 2; pass++)
            for (int64_t i = 0; i < c->n; i++) {
                int64_t view = CHOOSE_BY_ROW + choose_final_row(c, s, CHOOSE_LOSS);
                double x = c->is_final[i]
                               ? choose_score(c, i, view) - choose_score(c, i, CHOOSE_FINAL)
                               : (double)NAN;
                if (!isfinite(x))
                    continue;
                if (pass == 0)
                    add(&column, x);
                else
                    square += (x - value(column)) * (x - value(column));
            }
        sum += square;
        n = column.n;
    }
    return n > 1 ? sum / (double)((n - 1) * (c->n_seed - 1)) : 0;
}

double choose_error(const choose_t *c, int64_t i, int64_t j)
{
    double x[CHOOSE_BLOCKS], mean = 0, sum = 0;
    for (int32_t b = 0; b < CHOOSE_BLOCKS; b++) {
        x[b] = choose_score(c, i, CHOOSE_LEFT_OUT + b) -
               choose_score(c, j, CHOOSE_LEFT_OUT + b);
        mean += x[b] / CHOOSE_BLOCKS;
    }
    for (int32_t b = 0; b < CHOOSE_BLOCKS; b++)
        sum += (x[b] - mean) * (x[b] - mean);
    sum *= (CHOOSE_BLOCKS - 1.0) / CHOOSE_BLOCKS;
    if (i != j)
        sum += 2 * training_variance(c) / (double)c->n_seed;
    return sqrt(sum);
}

/* By x, then y, then number. */
static bool is_before(double xi, double xj, double yi, double yj, int64_t i, int64_t j)
{
    if (xi < xj || xi > xj)
        return xi < xj;
    return yi < yj || yi > yj ? yi < yj : i < j;
}

int64_t choose_rank(const choose_t *c, int64_t n_rung)
{
    int64_t n = 0;
    for (int64_t i = 0; i < c->n; i++) {
        double score = choose_score(c, i, CHOOSE_PROPOSED);
        int64_t at = n;
        if (c->reached[i] < n_rung)
            continue;
        c->by_score[i] = isnan(score) ? INFINITY : score;
        for (; at > 0 && c->by_score[i] < c->by_score[c->order[at - 1]]; at--)
            c->order[at] = c->order[at - 1];
        c->order[at] = (int32_t)i;
        n++;
    }
    return n;
}

int64_t choose_finalists(const choose_t *c)
{
    int64_t n_final = 0;
    for (int64_t i = 0; i < c->n; i++) {
        c->is_final[i] = !c->trains || (c->rungs.n > 0 && c->reached[i] == c->rungs.n);
        n_final += c->is_final[i];
    }
    return n_final;
}

/* What is within the budget and harms no task too much; the reference never does. */
static bool is_allowed(const pt_config_t *config, double budget, const choose_t *c,
                       int64_t i)
{
    double floor = config->choose.floor;
    return c->is_final[i] && c->cost[i] <= budget &&
           (i == 0 || !(floor > 0) || choose_worst(c, i, CHOOSE_FINAL) <= log1p(floor));
}

static int64_t find_best(const pt_config_t *config, double budget, const choose_t *c)
{
    int64_t best = -1;
    for (int64_t i = 0; i < c->n; i++)
        if (is_allowed(config, budget, c, i) &&
            (best < 0 || is_before(choose_score(c, i, CHOOSE_FINAL),
                                   choose_score(c, best, CHOOSE_FINAL), c->cost[i],
                                   c->cost[best], i, best)))
            best = i;
    return best;
}

choose_verdict_t choose_decide(const pt_config_t *config, double budget, const choose_t *c)
{
    int64_t best = find_best(config, budget, c);
    choose_verdict_t v = {.chosen = best};
    for (int64_t i = 0; i < c->n && best >= 0; i++) {
        double score = choose_score(c, i, CHOOSE_FINAL);
        double behind = score - choose_score(c, best, CHOOSE_FINAL);
        if (!is_allowed(config, budget, c, i))
            continue;
        bool is_tied = i == best || behind < choose_error(c, i, best);
        v.n_final++;
        v.n_tied += is_tied;
        if (config->choose.one_se && is_tied &&
            is_before(c->cost[i], c->cost[v.chosen], score,
                      choose_score(c, v.chosen, CHOOSE_FINAL), i, v.chosen))
            v.chosen = i;
    }
    return v;
}
