/* layout.mode = auto: tries arrangements of the ranks on paper and takes the fastest. */
#include "app/arrange.h"

#include "app/console.h"

#define MIB (1.0 / (1 << 20))

/* Stages beyond are looked at only where memory wants them. */
enum { FEW_STAGES = 8 };

pt_status_t pt_arrange_check_costs(const pt_config_t *config, pt_predictor_t *predictor,
                                   const pt_machine_t *machine)
{
    pt_machine_t counted = {.n_known = 0};
    pt_status_t status = PT_OK;
    if (config->layout.cost == PT_COST_TABLE)
        status = pt_predictor_unknown(predictor, &counted);
    if (status == PT_OK && counted.n_known > 0)
        pt_console_error("warning: layout.cost = %s has no seconds for %zu of the things "
                         "that steps do, such as '%s': they are counted, at %.3g "
                         "multiply-adds and %.3g bytes a second",
                         config->layout.cost_table, counted.n_known, counted.known[0].name,
                         machine->rates.madds, machine->rates.memory);
    pt_machine_release(&counted);
    return status;
}

pt_status_t pt_arrange_look(pt_predictor_t *predictor, const pt_arrangement_t *arrangement,
                            pt_outlook_t *out)
{
    pt_outlook_t o = {.arrangement = *arrangement};
    PT_TRY(pt_predict_memory(predictor, arrangement, &o.memory));
    PT_TRY(pt_predict(predictor, arrangement, PT_PASS_WEIGHT, &o.weight));
    PT_TRY(pt_predict(predictor, arrangement, PT_PASS_ALPHA, &o.alpha));
    o.seconds = o.weight.seconds + o.alpha.seconds;
    *out = o;
    return PT_OK;
}

/* What is sought, and what has been found so far. */
typedef struct search {
    const pt_config_t *config;
    pt_predictor_t *predictor;
    const pt_resources_t *resources;
    int32_t most[PT_N_AXIS]; /* ranks along an axis that can have work */
    bool has_best;
    pt_outlook_t best;
    double least_bytes; /* that an arrangement takes */
} search_t;

static int32_t n_stage_of(const pt_outlook_t *o)
{
    return o->arrangement.extent[PT_AXIS_STAGE];
}

static int64_t n_rank_of(const pt_outlook_t *o)
{
    const int32_t *e = o->arrangement.extent;
    return (int64_t)e[PT_AXIS_STAGE] * e[PT_AXIS_TASK] * e[PT_AXIS_DATA];
}

static void consider(search_t *s, const pt_outlook_t *o)
{
    double limit = s->config->layout.memory / MIB;
    double bytes = (double)(s->resources->held + pt_rank_memory_sum(&o->memory));
    double gain = 1 + 1e-9;
    if (s->least_bytes == 0 || bytes < s->least_bytes)
        s->least_bytes = bytes;
    if (limit > 0 && bytes > limit)
        return;
    if (s->has_best &&
        (n_stage_of(o) > n_stage_of(&s->best) || n_rank_of(o) < n_rank_of(&s->best)))
        gain = PT_ARRANGE_WORTH_IT;
    if (s->has_best && s->best.seconds < gain * o->seconds)
        return;
    s->best = *o;
    s->has_best = true;
}

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* Ranks along the data: as many as there are, then half as many, and so on. */
static pt_status_t try_data(search_t *s, int32_t n_stage, int32_t n_task)
{
    int32_t most = s->resources->n_rank / n_stage / n_task;
    for (int32_t n = least(most, s->most[PT_AXIS_DATA]); n >= 1; n /= 2) {
        pt_arrangement_t a = {{n_stage, n_task, n}, s->resources->ranks_per_node};
        pt_outlook_t o;
        PT_TRY(pt_arrange_look(s->predictor, &a, &o));
        consider(s, &o);
    }
    return PT_OK;
}

static pt_status_t try_stages(search_t *s)
{
    int32_t set = (int32_t)s->config->layout.stage;
    int32_t most = least(s->resources->n_rank, s->most[PT_AXIS_STAGE]);
    for (int32_t n = set > 0 ? set : 1; n <= (set > 0 ? set : most); n++) {
        int32_t most_task = least(s->resources->n_rank / n, s->most[PT_AXIS_TASK]);
        if (n > FEW_STAGES && s->has_best && set == 0)
            break;
        for (int32_t task = 1; task <= most_task; task++)
            PT_TRY(try_data(s, n, task));
    }
    return PT_OK;
}

pt_status_t pt_arrange(const pt_config_t *config, pt_predictor_t *predictor,
                       const pt_resources_t *resources, pt_outlook_t *out)
{
    search_t s = {.config = config, .predictor = predictor, .resources = resources};
    if (config->layout.mode != PT_LAYOUT_AUTO) {
        const int32_t wanted[PT_N_AXIS] = {(int32_t)config->layout.stage,
                                           (int32_t)config->layout.task,
                                           (int32_t)config->layout.data};
        pt_arrangement_t a = {.ranks_per_node = resources->ranks_per_node};
        PT_TRY(pt_layout_extents(wanted, resources->n_rank, a.extent));
        return pt_arrange_look(predictor, &a, out);
    }
    pt_predictor_most(predictor, s.most);
    PT_TRY(try_stages(&s));
    if (!s.has_best && s.least_bytes > 0)
        PT_FAIL(CONFIG,
                "layout.memory = %g MiB: on %d ranks no arrangement takes less than %.1f "
                "MiB a rank",
                config->layout.memory, (int)resources->n_rank, s.least_bytes * MIB);
    if (!s.has_best)
        PT_FAIL(CONFIG, "layout.stage = %lld needs as many ranks, but there %s %d",
                (long long)config->layout.stage, resources->n_rank == 1 ? "is" : "are",
                (int)resources->n_rank);
    *out = s.best;
    return PT_OK;
}
