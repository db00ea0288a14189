/* The part of a report on tasks that a network had before others were added to it. */
#include <math.h>
#include <stdio.h>

#include "study/report.h"

static void put_score(pt_text_t *out, double score)
{
    char text[32] = "";
    if (isfinite(score))
        snprintf(text, sizeof text, pt_score_format(score), score);
    pt_text_add(out, " %8s", text);
}

static void put_run(pt_text_t *out, const pt_kept_run_t *r)
{
    pt_text_add(out, "\nas in %s%s:\n", r->run,
                !r->has_changed  ? ""
                : r->now != NULL ? ", and as fine-tuned since"
                                 : ", before they were fine-tuned");
    for (int32_t k = 0; k < r->before.n_task; k++) {
        const pt_summary_task_t *task = &r->before.task[k];
        char metric[48];
        snprintf(metric, sizeof metric, "%s%s", task->metric_name,
                 task->is_error ? ", lower" : "");
        pt_text_add(out, "  %-*s %-17s", pt_padded(task->name, 32), task->name, metric);
        put_score(out, task->n > 0 ? task->metric : (double)NAN);
        if (r->now != NULL)
            put_score(out, r->now[k]);
        pt_text_add(out, "\n");
    }
}

void report_put_kept(pt_text_t *out, const pt_kept_t *kept)
{
    for (int32_t i = 0; kept != NULL && i < kept->n; i++)
        put_run(out, &kept->run[i]);
}
