/* Where the time of a job went, as a report says it. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "polytree/record/jobs.h"
#include "polytree/record/run_file.h"
#include "study/report.h"

const char report_time_heading[] = "\ntime of the last job that trained, seconds";

void pt_rank_cost_begin(pt_rank_cost_t *cost)
{
    *cost = (pt_rank_cost_t){.time = {0}};
    for (int32_t i = 0; i < PT_N_TRAFFIC; i++)
        cost->traffic[i] = *pt_traffic_stats((pt_traffic_t)i);
}

pt_status_t pt_rank_cost_gather(const pt_trainer_t *trainer, const pt_rank_cost_t *begin,
                                pt_rank_cost_t *all)
{
    pt_rank_cost_t mine;
    pt_rank_cost_begin(&mine);
    mine.time = pt_trainer_time(trainer);
    for (int32_t i = 0; i < PT_N_TRAFFIC; i++) {
        mine.traffic[i].calls -= begin->traffic[i].calls;
        mine.traffic[i].bytes -= begin->traffic[i].bytes;
        mine.traffic[i].seconds -= begin->traffic[i].seconds;
    }
    return pt_comm_allgather(pt_trainer_layout(trainer)->world, &mine, all, sizeof mine);
}

/* Minimum, mean and maximum over ranks of what lies at `offset` in their costs. */
typedef struct spread {
    double min, mean, max;
} spread_t;

static spread_t spread_of(int32_t n_rank, const pt_rank_cost_t *rank, size_t offset)
{
    spread_t s = {INFINITY, 0, 0};
    for (int32_t r = 0; r < n_rank; r++) {
        double x;
        memcpy(&x, (const char *)&rank[r] + offset, sizeof x);
        s.min = fmin(s.min, x);
        s.max = fmax(s.max, x);
        s.mean += x / n_rank;
    }
    return s;
}

#define TIME(field) offsetof(pt_rank_cost_t, time.field)

/* Work is what a rank does between two sums: a step waits for the one with the most. */
static double imbalance(int32_t n_rank, const pt_rank_cost_t *rank)
{
    double most = 0, sum = 0;
    for (int32_t r = 0; r < n_rank; r++) {
        const pt_trainer_time_t *t = &rank[r].time;
        double work = t->ops + t->loss + t->feed + t->compile + t->update;
        most = fmax(most, work);
        sum += work;
    }
    return sum > 0 ? most * n_rank / sum : 1;
}

const report_time_part_t report_time_part[] = {
    {"step", offsetof(pt_trainer_time_t, step), false},
    {"operations", offsetof(pt_trainer_time_t, ops), true},
    {"losses", offsetof(pt_trainer_time_t, loss), true},
    {"data", offsetof(pt_trainer_time_t, feed), true},
    {"plans", offsetof(pt_trainer_time_t, compile), true},
    {"sums over ranks, waiting", offsetof(pt_trainer_time_t, reduce), true},
    {"between stages, waiting", offsetof(pt_trainer_time_t, transfer), true},
    {"update", offsetof(pt_trainer_time_t, update), true},
    {"evaluation", offsetof(pt_trainer_time_t, evaluate), false},
};
const int report_n_time_part = (int)(sizeof report_time_part / sizeof report_time_part[0]);

static void put_times(pt_text_t *out, int32_t n_rank, const pt_rank_cost_t *rank)
{
    const size_t evaluate = offsetof(pt_trainer_time_t, evaluate);
    double step = spread_of(n_rank, rank, TIME(step)).mean;
    pt_text_add(out, "%s, %d rank%s\n  %-28s %10s %10s %10s %10s\n", report_time_heading,
                (int)n_rank, pt_plural(n_rank), "", "min", "mean", "max", "of a step");
    for (int i = 0; i < report_n_time_part; i++) {
        const report_time_part_t *part = &report_time_part[i];
        spread_t s = spread_of(n_rank, rank, offsetof(pt_rank_cost_t, time) + part->offset);
        pt_text_add(out, "  %s%-*s %10.3f %10.3f %10.3f", part->is_in_step ? "  " : "",
                    part->is_in_step ? 26 : 28, part->name, s.min, s.mean, s.max);
        if (part->offset != evaluate && step > 0)
            pt_text_add(out, " %8.1f %%", 100 * s.mean / step);
        pt_text_add(out, "\n");
    }
    pt_text_add(out, "  load imbalance, most work of a rank / mean: %.3f\n",
                imbalance(n_rank, rank));
}

/* The first sum of a step is where its ranks wait for each other; the others move data. */
static void put_traffic(pt_text_t *out, int32_t n_rank, const pt_rank_cost_t *rank)
{
    static const char *const name[PT_N_TRAFFIC] = {
        [PT_TRAFFIC_CONTROL] = "losses, after waiting",
        [PT_TRAFFIC_GRADIENT] = "gradients to owners",
        [PT_TRAFFIC_CLIP] = "norms",
        [PT_TRAFFIC_WEIGHT] = "weights to users",
        [PT_TRAFFIC_ALPHA] = "architecture parameters",
        [PT_TRAFFIC_EVALUATE] = "evaluation",
        [PT_TRAFFIC_STAGE] = "between stages",
    };
    double step = spread_of(n_rank, rank, TIME(step)).mean;
    double transfer = spread_of(n_rank, rank, TIME(transfer)).mean;
    pt_text_add(out,
                "\nbytes sent into sums and messages, mean of the ranks\n"
                "  %-28s %10s %10s %10s %10s\n",
                "", "calls", "MB", "seconds", "of a step");
    for (int32_t i = 0; i < PT_N_TRAFFIC; i++) {
        double calls = 0, bytes = 0, seconds = 0;
        for (int32_t r = 0; r < n_rank; r++) {
            calls += (double)rank[r].traffic[i].calls / n_rank;
            bytes += (double)rank[r].traffic[i].bytes / n_rank;
            seconds += rank[r].traffic[i].seconds / n_rank;
        }
        pt_text_add(out, "  %-28s %10.0f %10.2f %10.3f", name[i], calls, bytes * 1e-6,
                    seconds);
        /* Stages pass messages in evaluations too. */
        if (i != PT_TRAFFIC_EVALUATE)
            pt_text_add(out, " %8.2f %%",
                        100 * (i == PT_TRAFFIC_STAGE ? transfer : seconds) / step);
        pt_text_add(out, "\n");
    }
}

static void put_checkpoints(pt_text_t *out, const pt_run_result_t *result)
{
    const pt_run_pauses_t *p = &result->checkpoints;
    if (p->n == 0)
        return;
    double mean = p->seconds / (double)p->n, every = result->checkpoint_every;
    pt_text_add(
        out,
        "\n%lld checkpoint%s: all ranks stand still for %.3f s in the mean, %.3f s at "
        "most",
        (long long)p->n, pt_plural(p->n), mean, p->longest);
    if (isfinite(every))
        pt_text_add(out, ",\n  %.4f %% of the time at one in %.4g s",
                    100 * mean / (every + mean), every);
    pt_text_add(out, "\n");
}

static void put_jobs(pt_text_t *out, const char *run)
{
    pt_jobs_t j;
    pt_jobs_read(run, &j);
    if (j.n > 1)
        pt_text_add(out, "  all %d jobs, rank 0: steps %.3f s, evaluation %.3f s\n",
                    (int)j.n, j.time.step, j.time.evaluate);
}

void report_put_journalled_time(pt_text_t *out, const char *run)
{
    pt_jobs_t j;
    pt_jobs_read(run, &j);
    if (j.time.step > 0)
        pt_text_add(
            out,
            "\ntime of %d job%s that trained, rank 0: steps %.3f s, evaluation %.3f "
            "s; the report that said more is gone\n",
            (int)j.n, pt_plural(j.n), j.time.step, j.time.evaluate);
}

/* What `plan` would have said, and what came of it. */
static void put_pace(pt_text_t *out, const pt_job_t *job)
{
    const struct {
        const char *name;
        double predicted;
        pt_run_pace_t pace;
    } kind[] = {{"weight step", job->predicted->weight, job->result->weight},
                {"alpha step", job->predicted->alpha, job->result->alpha}};
    pt_text_add(out,
                "\nbefore retraining, as predicted at the start for the layout, ms\n"
                "  %-28s %10s %10s %10s\n",
                "", "predicted", "measured", "steps");
    for (size_t i = 0; i < sizeof kind / sizeof kind[0]; i++)
        if (kind[i].pace.n > 0)
            pt_text_add(out, "  %-28s %10.3f %10.3f %10lld\n", kind[i].name,
                        kind[i].predicted * 1e3,
                        kind[i].pace.seconds / (double)kind[i].pace.n * 1e3,
                        (long long)kind[i].pace.n);
}

void report_put_time(pt_text_t *out, const char *run, const pt_job_t *job)
{
    put_times(out, job->n_rank, job->rank);
    put_jobs(out, run);
    if (job->predicted != NULL && job->result->weight.n + job->result->alpha.n > 0)
        put_pace(out, job);
    put_traffic(out, job->n_rank, job->rank);
    put_checkpoints(out, job->result);
}

void report_put_shares(pt_text_t *out, const pt_job_t *job)
{
    const int32_t n_rank = job->n_rank;
    const pt_rank_cost_t *rank = job->rank;
    double step = spread_of(n_rank, rank, TIME(step)).mean;
    if (step > 0)
        pt_text_add(out,
                    "time        of a step: %.1f %% operations, %.1f %% sums over ranks; "
                    "load imbalance %.3f\n",
                    100 * spread_of(n_rank, rank, TIME(ops)).mean / step,
                    100 * spread_of(n_rank, rank, TIME(reduce)).mean / step,
                    imbalance(n_rank, rank));
}
