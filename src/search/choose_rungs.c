/* Successive halving (Jamieson & Talwalkar 2016): how many train how long in each rung, and
 * who.
 *
 * Of n candidates the better 1/eta go on from rung to rung and train eta times as long
 * anew; there are as many rungs as leave CHOOSE_LAST candidates for the last one, or as
 * choose.shortest leaves steps for. */
#include <math.h>

#include "search/choose.h"

static int32_t count_rungs(const pt_config_t *config, int64_t retrain, int64_t n)
{
    double eta = (double)config->choose.eta, power = 1;
    double most = fmin(1 / config->choose.shortest, (double)retrain);
    int32_t rungs = 1;
    while (rungs < CHOOSE_RUNGS && (double)n > CHOOSE_LAST * power && eta * power <= most) {
        power *= eta;
        rungs++;
    }
    return rungs;
}

/* Rungs of n candidates, of which the last one is so many steps long. */
static choose_rungs_t make_rungs(const pt_config_t *config, int64_t retrain, int64_t n,
                                 int64_t last)
{
    choose_rungs_t r = {.n = count_rungs(config, retrain, n)};
    int64_t eta = config->choose.eta, steps = last, size = n;
    for (int32_t i = 0; i < r.n; i++) {
        r.size[i] = size;
        size = (size + eta - 1) / eta;
    }
    for (int32_t i = r.n - 1; i >= 0; i--) {
        r.steps[i] = steps;
        steps /= eta;
    }
    return r;
}

/* Trainings in a rung; who is the reference goes on beside the better ones. */
static int64_t count_trainings(const choose_rungs_t *r, int64_t seeds, int32_t rung)
{
    return (r->size[rung] + (rung > 0)) * (rung == r->n - 1 ? seeds : 1);
}

double choose_rungs_price(const pt_config_t *config, const choose_price_t *price,
                          const choose_rungs_t *r)
{
    double sum = 0;
    for (int32_t i = 0; i < r->n; i++)
        sum += (double)count_trainings(r, config->choose.seeds, i) *
               ((double)r->steps[i] * price->step + price->look);
    return sum;
}

int64_t choose_rungs_length(const choose_rungs_t *r, int64_t seeds)
{
    int64_t sum = 0;
    for (int32_t i = 0; i < r->n; i++)
        sum += count_trainings(r, seeds, i) * (r->steps[i] + 1);
    return sum;
}

/* With the longest last rung for the price, at most a training of the network found. */
static choose_rungs_t longest(const pt_config_t *config, const choose_price_t *price,
                              int64_t n, double samples)
{
    int64_t low = 0, high = price->retrain;
    while (low < high) {
        int64_t middle = high - (high - low) / 2;
        choose_rungs_t r = make_rungs(config, price->retrain, n, middle);
        if (choose_rungs_price(config, price, &r) <= samples)
            low = middle;
        else
            high = middle - 1;
    }
    choose_rungs_t r = make_rungs(config, price->retrain, n, low);
    double least = fmax(1, floor(config->choose.shortest * (double)price->retrain));
    return (double)r.steps[0] >= least ? r : (choose_rungs_t){.n = 0};
}

void choose_plan_rungs(const pt_config_t *config, const choose_price_t *price, int64_t n,
                       double samples, choose_rungs_t *out)
{
    *out = (choose_rungs_t){.n = 0};
    for (int64_t i = n; i > 0 && out->n == 0; i--)
        *out = longest(config, price, i, samples);
}

int64_t choose_trainings(const choose_t *c, int64_t rung)
{
    return rung == c->rungs.n - 1 ? c->n_seed : 1;
}

/* All hand-made ones but the file's meet in the first rung. */
static bool is_asked(const choose_t *c, int64_t i, int64_t rung)
{
    return i == 0 || (rung == 0 && c->origin[i] < CHOOSE_FILE);
}

void choose_enter_rung(choose_t *c, int64_t rung)
{
    int64_t n = choose_rank(c, rung), n_in = 0;
    for (int64_t i = 0; i < n; i++)
        if (is_asked(c, c->order[i], rung)) {
            c->reached[c->order[i]] = rung + 1;
            n_in += rung == 0;
        }
    for (int64_t i = 0; i < n; i++)
        if (c->reached[c->order[i]] <= rung && n_in < c->rungs.size[rung]) {
            c->reached[c->order[i]] = rung + 1;
            n_in++;
        }
}

int64_t choose_next_in_rung(const choose_t *c, int64_t rung, int64_t i)
{
    while (i < c->n && c->reached[i] <= rung)
        i++;
    return i < c->n ? i : -1;
}
