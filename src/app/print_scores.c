/* A table of scores on the console. */
#include "app/print_scores.h"

#include <math.h>
#include <stdio.h>

#include "app/console.h"
#include "polytree/arch/cost.h"
#include "polytree/base/text.h"

static const char *number(double x, char text[32])
{
    if (isnan(x))
        return "-";
    snprintf(text, 32, pt_score_format(x), x);
    return text;
}

/* What a task's graph is like: edges of a dag, multiply-adds of a branch's path. */
static void describe_task(const pt_space_t *space, const pt_subnet_t *subnet, int32_t task,
                          char text[32])
{
    pt_cost_t cost;
    if (pt_cost_task(space, subnet, task, &cost) != PT_OK) {
        pt_error_clear();
        snprintf(text, 32, "-");
    } else if (space->kind == PT_SPACE_DAG) {
        snprintf(text, 32, "%d", (int)cost.edges);
    } else {
        snprintf(text, 32, "%.3f", (double)cost.madds * 1e-6);
    }
}

/* In a line of their own, with bounds of what is not exact. */
static void print_other_metrics(const pt_objective_t *o, const pt_task_score_t *score,
                                int32_t width)
{
    const pt_task_metric_t *metric;
    int32_t n = pt_kind_metrics(o->info->kind, &metric);
    char line[512], value[32];
    pt_text_t text = pt_text_in(line, sizeof line);
    for (int32_t i = 0; i < n; i++) {
        if (metric[i] == o->metric && score->bound[i] == 0)
            continue;
        pt_text_add(&text, "%s%s %s", text.n == 0 ? "" : "; ", pt_metric_name(metric[i]),
                    number(score->value[i], value));
        if (score->bound[i] > 0)
            pt_text_add(&text, " +- %.2g", score->bound[i]);
    }
    if (text.n > 0)
        pt_console_line("  %-*s %8s %8s  %s", (int)width, "", "", "", line);
}

void pt_print_scores(const pt_space_t *space, const pt_subnet_t *subnet,
                     const pt_objective_t *objective, const pt_task_score_t *score,
                     const char *title)
{
    double sum = 0;
    int32_t n = 0;
    int32_t width = pt_space_name_columns(space, NAME_COLUMNS);
    pt_console_line("%-*s %8s %8s  %-10s %6s", (int)width + 2, title, "samples", "loss",
                    "metric", space->kind == PT_SPACE_DAG ? "edges" : "M madds");
    for (int32_t k = 0; k < space->n_task; k++) {
        const pt_objective_t *o = &objective[k];
        char loss[32], metric[32], graph[32];
        describe_task(space, subnet, k, graph);
        pt_console_line("  %-*s %8lld %8s  %-8s %6s %2s", pt_padded(o->info->name, width),
                        o->info->name, (long long)score[k].n, number(score[k].loss, loss),
                        pt_metric_name(o->metric), number(score[k].metric, metric), graph);
        print_other_metrics(o, &score[k], width);
        if (!isnan(score[k].metric)) {
            sum += score[k].metric;
            n++;
        }
    }
    char mean[64] = "mean", text[32];
    if (n < space->n_task)
        snprintf(mean, sizeof mean, "mean of %d of %d tasks", (int)n, (int)space->n_task);
    if (n > 0 && pt_have_common_metric(objective, space->n_task))
        pt_console_line("  %-*s %8s %8s  %-8s %s", (int)width, mean, "", "", "",
                        number(sum / n, text));
}
