/* Successive halving (Jamieson & Talwalkar 2016): how many train how long in each rung, and
 * who.
 *
 * From rung to rung candidates train choose.eta times as long anew, and one in choose.eta
 * of them goes on, or fewer where choose.shortest leaves too few rungs for that:
 * trainings that are too short say nothing, and a rung more is worth less than they. */
#include <math.h>

#include "search/choose.h"

/* Whether so many rungs, between which one of `factor` goes on, leave few enough of n. */
static bool is_enough(int64_t n, int32_t n_rung, int64_t factor)
{
    for (int32_t i = 1; i < n_rung; i++)
        n = (n + factor - 1) / factor;
    return n <= CHOOSE_LAST;
}

/* So many rungs of n candidates, of which the last one is so many steps long. */
static choose_rungs_t make_rungs(const pt_config_t *config, int64_t n, int32_t n_rung,
                                 int64_t last)
{
    choose_rungs_t r = {.n = n_rung, .seeds = config->choose.seeds};
    int64_t factor = config->choose.eta, size = n, steps = last;
    while (!is_enough(n, n_rung, factor))
        factor++;
    for (int32_t i = 0; i < n_rung; i++) {
        r.size[i] = size;
        size = (size + factor - 1) / factor;
    }
    for (int32_t i = n_rung - 1; i >= 0; i--) {
        r.steps[i] = steps;
        steps /= config->choose.eta;
    }
    return r;
}

/* Trainings in a rung; who is the reference goes on beside the better ones. */
static int64_t count_trainings(const choose_rungs_t *r, int32_t rung)
{
    return (r->size[rung] + (rung > 0)) * (rung == r->n - 1 ? r->seeds : 1);
}

double choose_rungs_price(const choose_price_t *price, const choose_rungs_t *r)
{
    double sum = 0;
    for (int32_t i = 0; i < r->n; i++)
        sum += (double)count_trainings(r, i) *
               ((double)r->steps[i] * price->step + price->look);
    return sum;
}

int64_t choose_rungs_length(const choose_rungs_t *r)
{
    int64_t sum = 0;
    for (int32_t i = 0; i < r->n; i++)
        sum += count_trainings(r, i) * (r->steps[i] + 1);
    return sum;
}

/* With the longest trainings for the price, none longer than that of the network found;
 * whether they are long enough. */
static bool find_longest(const pt_config_t *config, const choose_price_t *price, int64_t n,
                         int32_t n_rung, double samples, choose_rungs_t *out)
{
    int64_t low = 0, high = price->retrain;
    while (low < high) {
        int64_t middle = high - (high - low) / 2;
        choose_rungs_t r = make_rungs(config, n, n_rung, middle);
        if (choose_rungs_price(price, &r) <= samples)
            low = middle;
        else
            high = middle - 1;
    }
    *out = make_rungs(config, n, n_rung, low);
    double least = floor(config->choose.shortest * (double)price->retrain);
    return (double)out->steps[0] >= fmax(1, least);
}

void choose_plan_rungs(const pt_config_t *config, const choose_price_t *price, int64_t n,
                       double samples, choose_rungs_t *out)
{
    for (; n > 0; n--) {
        int32_t most = 1, least = n > CHOOSE_LAST ? 2 : 1;
        while (most < CHOOSE_RUNGS && !is_enough(n, most, config->choose.eta))
            most++;
        for (int32_t n_rung = most; n_rung >= least; n_rung--)
            if (find_longest(config, price, n, n_rung, samples, out))
                return;
    }
    *out = (choose_rungs_t){.n = 0};
}

void choose_plan_trainings(const pt_config_t *config, const choose_price_t *price,
                           int64_t n, double samples, choose_rungs_t *out)
{
    double steps = fmax(1, round(config->choose.length * (double)price->retrain));
    double most = floor(samples / (steps * price->step + price->look));
    *out = (choose_rungs_t){.n = 1, .seeds = 1, .steps = {(int64_t)steps}};
    out->size[0] = (int64_t)fmin((double)n, most);
    out->n = out->size[0] > 0;
}

int64_t choose_trainings(const choose_t *c, int64_t rung)
{
    return rung == c->rungs.n - 1 ? c->n_seed : 1;
}

/* All hand-made ones but the file's meet in the first rung, unless the supernet has said
 * what it thinks of them. */
static bool is_asked(const choose_t *c, int64_t i, int64_t rung)
{
    return i == 0 || (rung == 0 && !c->has_supernet && c->origin[i] < CHOOSE_FILE);
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

/* Each of the others as likely. */
void choose_enter_first(choose_t *c, const pt_rng_t *rng)
{
    int64_t half = (c->rungs.size[0] + 1) / 2, n_in = 0;
    for (int64_t i = 0; i < c->n && n_in < c->rungs.size[0]; i++) {
        c->reached[i] = is_asked(c, i, 0);
        n_in += c->reached[i];
    }
    for (; n_in < half; n_in++) {
        int64_t i = 0;
        double place = pt_rng_uniform(rng, (uint64_t)n_in) * (double)(c->n - n_in);
        for (int64_t left = (int64_t)place; c->reached[i] > 0 || left > 0; i++)
            left -= c->reached[i] == 0;
        c->reached[i] = 1;
    }
}

int64_t choose_enter_best(choose_t *c)
{
    int64_t at = 0;
    (void)choose_rank(c, 0);
    while (c->reached[c->order[at]] > 0)
        at++;
    c->reached[c->order[at]] = 1;
    return c->order[at];
}
