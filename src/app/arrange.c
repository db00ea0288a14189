#include "app/arrange.h"

#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/graph/plan.h"
#include "polytree/train/deal.h"
#include "polytree/train/trainer.h"

enum { N_STEP = 64 };

/* The first steps of a run: which bundles they take, and what a unit of each costs. */
typedef struct course {
    int32_t n_bundle, per_step, units;
    double *cost;      /* [n_bundle] of one unit */
    int32_t *bundle;   /* [N_STEP][per_step]; -1 past the end of a round */
    double *work;      /* [ranks] */
    double *unit_cost; /* [per_step * units] */
    int32_t *unit_rank;
} course_t;

static void release(course_t *course)
{
    pt_free(course->cost);
    pt_free(course->bundle);
    pt_free(course->work);
    pt_free(course->unit_cost);
    pt_free(course->unit_rank);
}

/* What is known beforehand: all of a dag, of a branch space what warm-up runs. */
static bool is_run(const pt_space_t *space, int32_t choice, int32_t task)
{
    const pt_choice_t *c = &space->choice[choice];
    if (c->kind != PT_CHOICE_COPY)
        return true;
    int32_t n_copy = space->layer_choice[c->i] - space->layer_choice[c->i - 1];
    return c->j == task % n_copy;
}

static pt_status_t count_costs(const pt_feed_t *feed, const pt_space_t *space,
                               course_t *course)
{
    pt_subnet_t subnet = {0};
    pt_plan_t *plan = NULL;
    int32_t most = 0;
    pt_status_t status;
    for (int32_t b = 0; b < course->n_bundle; b++) {
        int32_t n = pt_feed_bundle(feed, b)->n_task;
        most = n > most ? n : most;
    }
    PT_TRY_OR(done, pt_subnet_init(&subnet, space->n_task, space->n_choice));
    for (int32_t k = 0; k < space->n_task; k++)
        for (int32_t c = 0; c < space->n_choice; c++)
            pt_subnet_switch(&subnet, k, c, is_run(space, c, k));
    PT_TRY_OR(done, pt_plan_new(space, most, &plan));
    for (int32_t b = 0; b < course->n_bundle; b++) {
        const pt_bundle_t *bundle = pt_feed_bundle(feed, b);
        PT_TRY_OR(done, pt_plan_compile(plan, &subnet, PT_PHASE_WEIGHT, bundle->task,
                                        bundle->n_task));
        course->cost[b] = (double)pt_plan_madds_executed(plan);
    }
done:
    pt_plan_free(plan);
    pt_subnet_release(&subnet);
    return status;
}

static pt_status_t prepare(const pt_config_t *config, const pt_feed_t *feed,
                           const pt_space_t *space, int32_t n_rank, course_t *course)
{
    memset(course, 0, sizeof *course);
    course->n_bundle = pt_feed_n_bundle(feed);
    course->per_step = (int32_t)config->train.tasks_per_step;
    if (course->per_step == 0 || course->per_step > course->n_bundle)
        course->per_step = course->n_bundle;
    course->units = (int32_t)(config->train.batch / config->train.microbatch);
    PT_TRY(pt_alloc(&course->cost, (size_t)course->n_bundle, sizeof *course->cost));
    PT_TRY(pt_alloc(&course->bundle, (size_t)N_STEP * (size_t)course->per_step,
                    sizeof *course->bundle));
    PT_TRY(pt_alloc(&course->work, (size_t)n_rank, sizeof *course->work));
    size_t n_unit = (size_t)course->per_step * (size_t)course->units;
    PT_TRY(pt_alloc(&course->unit_cost, n_unit, sizeof *course->unit_cost));
    PT_TRY(pt_alloc(&course->unit_rank, n_unit, sizeof *course->unit_rank));
    for (int64_t s = 0; s < N_STEP; s++) {
        pt_step_t step = {.part = PT_PART_TRAIN, .step = s};
        int32_t n = pt_step_bundles(config, course->n_bundle, &step,
                                    course->bundle + s * course->per_step);
        for (; n < course->per_step; n++)
            course->bundle[s * course->per_step + n] = -1;
    }
    return count_costs(feed, space, course);
}

/* Work of the slowest rank in step s, units dealt out as the trainer does. */
static double slowest(course_t *course, int64_t s, int32_t n_task, int32_t n_data)
{
    double most = 0;
    for (int32_t t = 0; t < n_task; t++) {
        int32_t n = 0;
        for (int32_t i = 0; i < course->per_step; i++) {
            int32_t b = course->bundle[s * course->per_step + i];
            if (b < 0 || pt_deal_bundle(b, n_task) != t)
                continue;
            for (int32_t u = 0; u < course->units; u++)
                course->unit_cost[n++] = course->cost[b];
        }
        pt_deal_units(n, course->unit_cost, n_data, course->unit_rank, course->work);
        for (int32_t d = 0; d < n_data; d++)
            most = course->work[d] > most ? course->work[d] : most;
    }
    return most;
}

static void judge(course_t *course, int32_t n_rank, int32_t n_task, int32_t n_data,
                  pt_arrangement_t *out)
{
    double slow = 0, all = 0;
    for (int64_t s = 0; s < N_STEP; s++)
        slow += slowest(course, s, n_task, n_data);
    for (int64_t i = 0; i < (int64_t)N_STEP * course->per_step; i++)
        all += course->bundle[i] < 0 ? 0 : course->cost[course->bundle[i]] * course->units;
    *out = (pt_arrangement_t){.extent = {1, n_task, n_data},
                              .balance = all / (slow * n_rank),
                              .speedup = all / slow};
}

pt_status_t pt_arrange(const pt_config_t *config, const pt_feed_t *feed,
                       const pt_space_t *space, int32_t n_rank, pt_arrangement_t *out)
{
    course_t course;
    pt_arrangement_t best = {.speedup = -1}, next;
    pt_status_t status;
    PT_TRY_OR(done, prepare(config, feed, space, n_rank, &course));
    int32_t most_data = course.per_step * course.units;
    for (int32_t n_task = 1; n_task <= n_rank && n_task <= course.n_bundle; n_task++)
        for (int32_t n_data = n_rank / n_task; n_data >= 1; n_data--) {
            if (n_data > most_data)
                continue;
            judge(&course, n_rank, n_task, n_data, &next);
            if (next.speedup > best.speedup * (1 + 1e-9))
                best = next;
        }
    *out = best;
done:
    release(&course);
    return status;
}

pt_status_t pt_arrange_judge(const pt_config_t *config, const pt_feed_t *feed,
                             const pt_space_t *space, int32_t n_rank,
                             pt_arrangement_t *inout)
{
    course_t course;
    pt_status_t status;
    PT_TRY_OR(done, prepare(config, feed, space, n_rank, &course));
    judge(&course, n_rank, inout->extent[PT_AXIS_TASK], inout->extent[PT_AXIS_DATA], inout);
done:
    release(&course);
    return status;
}
