/* How much sooner judging ends where groups of ranks share it out. */
#include "polytree/search/helper.h"
#include "search/run.h"

/* Judging so far, in the time of the layout's ranks: one after the other, and in groups. */
typedef struct judging {
    const pt_config_t *config;
    const pt_feed_t *feed;
    const pt_arrangement_t *arrangement;
    int32_t n_rank, n_group;
    double alone, together;
} judging_t;

static void add_bout(judging_t *o, int64_t n_item, double price)
{
    double share;
    int32_t n =
        run_groups_expect(o->config, o->feed, o->arrangement, o->n_rank, n_item, &share);
    o->n_group = n > o->n_group ? n : o->n_group;
    o->alone += (double)n_item * price;
    o->together += (double)n_item * price * share;
}

/* Regression trains the first half of them before it is asked who is best. */
static void add_trainings(judging_t *o, const choose_price_t *price, int64_t n)
{
    choose_rungs_t r;
    bool is_one = pt_config_judge(o->config) == PT_JUDGE_REGRESSION;
    run_choose_plan(o->config, price, n, &r);
    for (int32_t i = 0; i < r.n; i++) {
        double one = (double)r.steps[i] * price->step + price->look;
        int64_t left = (r.size[i] + (i > 0)) * (i == r.n - 1 ? r.seeds : 1);
        int64_t now = is_one ? (left + 1) / 2 : left;
        for (; left > 0; left -= now, now = o->config->choose.at_once) {
            now = now < left ? now : left;
            add_bout(o, now, one);
        }
    }
}

int32_t pt_helper_outlook(const pt_config_t *config, const pt_feed_t *feed,
                          const pt_arrangement_t *arrangement, int32_t n_rank,
                          double *share)
{
    judging_t o = {config, feed, arrangement, n_rank, 1, 0, 0};
    pt_run_length_t length;
    pt_run_length(config, feed, &length);
    *share = 1;
    if (!(length.choose_steps > 0))
        return 1;
    choose_price_t price =
        run_choose_price(config, feed, run_step_samples(config, feed, false),
                         length.n_step[PT_PHASE_RETRAIN]);
    int64_t n = run_choose_most(config, &price);
    int64_t n_look = pt_config_has_judge(config, PT_JUDGE_SUPERNET) ? n : 0;
    for (int64_t now; n_look > 0; n_look -= now) {
        now = n_look < config->choose.population ? n_look : config->choose.population;
        add_bout(&o, now, price.look);
    }
    if (pt_config_has_judge(config, PT_JUDGE_TRAINS))
        add_trainings(&o, &price, n);
    *share = o.together / o.alone;
    return o.n_group;
}
