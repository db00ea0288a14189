/* Scores of candidates, their errors, and what follows from them. */
#include <math.h>

#include "search/choose.h"

/* Of a task; NaN where one of both losses is none, or not above 0. */
static double log_ratio(const choose_t *c, int64_t i, int32_t which, int32_t task)
{
    double loss = choose_loss(c, i, which)[task], one = choose_loss(c, 0, which)[task];
    return loss > 0 && one > 0 ? log(loss / one) : (double)NAN;
}

double choose_score(const choose_t *c, int64_t i, int32_t which)
{
    double sum = 0;
    int32_t n = 0;
    for (int32_t k = 0; k < c->n_task; k++) {
        double x = log_ratio(c, i, which, k);
        if (isnan(x))
            continue;
        sum += x;
        n++;
    }
    return n > 0 ? sum / n : (double)NAN;
}

double choose_worst(const choose_t *c, int64_t i, int32_t which)
{
    double worst = NAN;
    for (int32_t k = 0; k < c->n_task; k++)
        worst = fmax(worst, log_ratio(c, i, which, k));
    return worst;
}

double choose_error(const choose_t *c, int64_t i, int64_t j)
{
    double x[CHOOSE_BLOCKS], mean = 0, sum = 0;
    for (int32_t b = 0; b < CHOOSE_BLOCKS; b++) {
        x[b] =
            choose_score(c, i, CHOOSE_WITHOUT + b) - choose_score(c, j, CHOOSE_WITHOUT + b);
        mean += x[b] / CHOOSE_BLOCKS;
    }
    for (int32_t b = 0; b < CHOOSE_BLOCKS; b++)
        sum += (x[b] - mean) * (x[b] - mean);
    return sqrt(sum * (CHOOSE_BLOCKS - 1) / CHOOSE_BLOCKS);
}

int64_t choose_finalists(const choose_t *c)
{
    int64_t n = 0;
    for (int64_t i = 0; i < c->n; i++)
        c->by_score[i] = choose_score(c, i, CHOOSE_PROPOSE);
    for (int64_t i = 0; i < c->n; i++) {
        int64_t n_better = 0;
        for (int64_t j = 0; j < c->n; j++)
            n_better += c->by_score[j] < c->by_score[i] ||
                        (c->by_score[j] <= c->by_score[i] && j < i);
        c->is_final[i] = choose_is_handmade(c, i) || n_better < CHOOSE_FINALISTS;
        n += c->is_final[i];
    }
    return n;
}

/* What is within the budget and harms no task too much; the reference never does. */
static bool is_allowed(const pt_config_t *config, double budget, const choose_t *c,
                       int64_t i)
{
    double floor = config->choose.floor;
    return c->is_final[i] && c->cost[i] <= budget &&
           (i == 0 || !(floor > 0) || choose_worst(c, i, CHOOSE_CONFIRM) <= log1p(floor));
}

/* By x, then y, then number. */
static bool is_before(double xi, double xj, double yi, double yj, int64_t i, int64_t j)
{
    if (xi < xj || xi > xj)
        return xi < xj;
    return yi < yj || yi > yj ? yi < yj : i < j;
}

int64_t choose_best(const pt_config_t *config, double budget, const choose_t *c)
{
    int64_t best = -1, chosen;
    for (int64_t i = 0; i < c->n; i++)
        if (is_allowed(config, budget, c, i) &&
            (best < 0 || is_before(choose_score(c, i, CHOOSE_CONFIRM),
                                   choose_score(c, best, CHOOSE_CONFIRM), c->cost[i],
                                   c->cost[best], i, best)))
            best = i;
    chosen = best;
    for (int64_t i = 0; i < c->n && best >= 0 && config->choose.one_se; i++) {
        double score = choose_score(c, i, CHOOSE_CONFIRM);
        double behind = score - choose_score(c, best, CHOOSE_CONFIRM);
        if (is_allowed(config, budget, c, i) && behind < choose_error(c, i, best) &&
            is_before(c->cost[i], c->cost[chosen], score,
                      choose_score(c, chosen, CHOOSE_CONFIRM), i, chosen))
            chosen = i;
    }
    return chosen;
}
