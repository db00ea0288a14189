/* The jobs of a run, from its journal of times. */
#include "polytree/record/jobs.h"

#include "polytree/record/run_file.h"

/* Each line says how far its job is: the last one of a job counts. */
typedef struct jobs_reader {
    pt_jobs_t *jobs;
    pt_timing_t last;
} jobs_reader_t;

static void add_time(pt_trainer_time_t *sum, const pt_trainer_time_t *t)
{
    *sum = (pt_trainer_time_t){.step = sum->step + t->step,
                               .ops = sum->ops + t->ops,
                               .loss = sum->loss + t->loss,
                               .feed = sum->feed + t->feed,
                               .compile = sum->compile + t->compile,
                               .reduce = sum->reduce + t->reduce,
                               .transfer = sum->transfer + t->transfer,
                               .update = sum->update + t->update,
                               .evaluate = sum->evaluate + t->evaluate};
}

static void end_job(jobs_reader_t *r)
{
    pt_jobs_t *j = r->jobs;
    const pt_timing_t *t = &r->last;
    bool is_open = t->moment != PT_MOMENT_STOPPED && t->moment != PT_MOMENT_FAILED;
    if (j->n == 0)
        return;
    j->n_stopped += t->moment == PT_MOMENT_STOPPED;
    j->n_failed += t->moment == PT_MOMENT_FAILED;
    j->n_open += is_open;
    j->is_last_open = is_open;
    j->job = t->job;
    j->wall += t->wall;
    j->n_checkpoint += t->n_checkpoint;
    if (t->n_checkpoint > 0)
        j->checkpoint_seconds += t->checkpoint_seconds;
    add_time(&j->time, &t->time);
}

static pt_status_t take_timing(void *context, const pt_timing_t *t)
{
    jobs_reader_t *r = context;
    pt_jobs_t *j = r->jobs;
    if (j->n == 0 || t->job != r->last.job) {
        end_job(r);
        j->n++;
    }
    if (t->resident_peak > j->resident_peak)
        j->resident_peak = t->resident_peak;
    r->last = *t;
    return PT_OK;
}

void pt_jobs_read(const char *run, pt_jobs_t *jobs)
{
    jobs_reader_t r = {.jobs = jobs};
    *jobs = (pt_jobs_t){.n = 0};
    if (!pt_run_file_exists(run, PT_FILE_TIMING))
        return;
    if (pt_journal_read_timing(run, take_timing, &r) == PT_OK) {
        end_job(&r);
        return;
    }
    pt_error_clear();
    *jobs = (pt_jobs_t){.n = 0};
}
