/* The part of a report on tasks that a network had before others were added to it. */
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/record/run_config.h"
#include "study/report.h"

enum { MOST_RUNS = 64 }; /* one extended after the other */

static void put_tasks(pt_text_t *out, const char *run, const pt_summary_t *summary)
{
    pt_text_add(out, "\nas in %s:\n", run);
    for (int32_t k = 0; k < summary->n_task; k++) {
        const pt_summary_task_t *task = &summary->task[k];
        char metric[48], score[32];
        snprintf(metric, sizeof metric, "%s%s", task->metric_name,
                 task->is_error ? ", lower" : "");
        snprintf(score, sizeof score, pt_score_format(task->metric), task->metric);
        pt_text_add(out, "  %-*s %-17s %8s\n", pt_padded(task->name, 32), task->name,
                    metric, task->n > 0 ? score : "");
    }
}

/* A run that is gone has left its tasks, but not their scores. */
static bool put_run(pt_text_t *out, const char *run)
{
    pt_summary_t summary;
    bool is_done = pt_summary_read(run, &summary) == PT_OK && summary.is_done;
    if (is_done)
        put_tasks(out, run, &summary);
    else
        pt_error_clear();
    pt_summary_release(&summary);
    return is_done && out->status == PT_OK;
}

void report_put_kept(pt_text_t *out, const pt_config_t *config)
{
    pt_config_t *at;
    if (!pt_methods[config->search.method].is_extended || out->status != PT_OK)
        return;
    out->status = pt_alloc(&at, 1, sizeof *at);
    if (out->status != PT_OK)
        return;
    *at = *config;
    for (int i = 0; i < MOST_RUNS && pt_methods[at->search.method].is_extended; i++) {
        char run[PT_CONFIG_TEXT];
        memcpy(run, at->extend.run, sizeof run);
        if (!put_run(out, run))
            break;
        if (pt_run_config_read(run, at) != PT_OK) {
            pt_error_clear();
            break;
        }
    }
    pt_free(at);
}
