/* Turns: bundles, tasks and groups of a step. */
#include "train/turn.h"

#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/train/deal.h"

pt_status_t turn_init(const pt_config_t *config, const pt_space_t *space, turn_t *turn)
{
    size_t n = (size_t)space->n_task;

    PT_TRY(pt_alloc(&turn->bundle, (size_t)pt_step_most(config, space->n_task),
                    sizeof *turn->bundle));
    PT_TRY(pt_alloc(&turn->task, n, sizeof *turn->task));
    return pt_alloc(&turn->is_used, (size_t)space->store.n_group, sizeof *turn->is_used);
}

void turn_release(turn_t *turn)
{
    pt_free(turn->bundle);
    pt_free(turn->task);
    pt_free(turn->is_used);
    *turn = (turn_t){0};
}

int32_t turn_tasks(const pt_feed_t *feed, const int32_t *bundle, int32_t n, int32_t *task)
{
    int32_t n_task = 0;

    for (int32_t i = 0; i < n; i++) {
        const pt_bundle_t *b = pt_feed_bundle(feed, bundle[i]);
        for (int32_t j = 0; j < b->n_task; j++) {
            int32_t at = n_task++;
            for (; at > 0 && task[at - 1] > b->task[j]; at--)
                task[at] = task[at - 1];
            task[at] = b->task[j];
        }
    }
    return n_task;
}

void turn_take(turn_t *turn, const pt_config_t *config, const pt_feed_t *feed,
               const pt_step_t *step)
{
    int64_t round;

    turn->n_bundle = pt_step_bundles(config, feed, step, turn->bundle, &round);
    turn->n_task = turn_tasks(feed, turn->bundle, turn->n_bundle, turn->task);
    turn->first = round * config->train.batch;
}

pt_status_t turn_reach_init(const pt_space_t *space, turn_reach_t *reach)
{
    PT_TRY(pt_alloc(&reach->candidate, (size_t)space->n_candidate, 1));
    return pt_alloc(&reach->node, (size_t)space->n_node, 1);
}

void turn_reach_release(turn_reach_t *reach)
{
    pt_free(reach->candidate);
    pt_free(reach->node);
    *reach = (turn_reach_t){0};
}

void turn_mark_groups(turn_t *turn, const pt_space_t *s, const pt_subnet_t *subnet,
                      const int32_t *task, int32_t n, turn_reach_t *reach)
{
    memset(turn->is_used, 0, (size_t)s->store.n_group * sizeof *turn->is_used);
    for (int32_t i = 0; i < n; i++) {
        pt_subnet_reach(s, subnet, task[i], reach->candidate, reach->node);
        for (int32_t c = 0; c < s->n_candidate; c++)
            if (reach->candidate[c] && s->candidate[c].group >= 0 &&
                s->store.group[s->candidate[c].group].rate > 0)
                turn->is_used[s->candidate[c].group] = true;
    }
}

bool turn_has(const pt_feed_t *feed, int32_t bundle, int32_t n_coord, int32_t coord)
{
    return pt_deal_bundle(pt_feed_bundle(feed, bundle)->home, n_coord) == coord;
}
