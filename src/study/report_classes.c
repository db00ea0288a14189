/* The part of a report on classes: what each was taken for, and IoU. */
#include <math.h>
#include <string.h>

#include "study/report.h"

/* Classes whose whole matrix is shown; of more the largest entries off its diagonal. */
enum { WHOLE = 12, LARGEST = REPORT_LARGEST };

int64_t report_entry(const pt_summary_task_t *t, int32_t label, int32_t class)
{
    return t->confusion[label * t->n_class + class];
}

int64_t report_labelled(const pt_summary_task_t *t, int32_t label)
{
    int64_t n = 0;
    for (int32_t c = 0; c < t->n_class; c++)
        n += report_entry(t, label, c);
    return n;
}

int64_t report_put_out(const pt_summary_task_t *t, int32_t class)
{
    int64_t n = 0;
    for (int32_t l = 0; l < t->n_class; l++)
        n += report_entry(t, l, class);
    return n;
}

static void put_matrix(pt_text_t *out, const pt_summary_task_t *t)
{
    pt_text_add(out, "    %10s", "put out");
    for (int32_t c = 0; c < t->n_class; c++)
        pt_text_add(out, " %8d", (int)c);
    for (int32_t l = 0; l < t->n_class; l++) {
        pt_text_add(out, "\n    %5s %4d", l == 0 ? "label" : "", (int)l);
        for (int32_t c = 0; c < t->n_class; c++)
            pt_text_add(out, " %8lld", (long long)report_entry(t, l, c));
    }
    pt_text_add(out, "\n");
}

int64_t report_next_largest(const pt_summary_task_t *t, int64_t at)
{
    int64_t n = (int64_t)t->n_class * t->n_class, best = -1;
    for (int64_t i = 0; i < n; i++) {
        bool is_right = i / t->n_class == i % t->n_class;
        bool is_past = at >= 0 && (t->confusion[i] > t->confusion[at] ||
                                   (t->confusion[i] == t->confusion[at] && i <= at));
        if (!is_right && !is_past && t->confusion[i] > 0 &&
            (best < 0 || t->confusion[i] > t->confusion[best]))
            best = i;
    }
    return best;
}

static void put_largest(pt_text_t *out, const pt_summary_task_t *t)
{
    int64_t at = report_next_largest(t, -1);
    pt_text_add(out, "    most often:");
    for (int32_t i = 0; i < LARGEST && at >= 0; i++, at = report_next_largest(t, at)) {
        int32_t label = (int32_t)(at / t->n_class), class = (int32_t)(at % t->n_class);
        pt_text_add(out, "%s %d put out as %d (%lld of %lld)", i == 0 ? "" : ";",
                    (int)label, (int)class, (long long)t->confusion[at],
                    (long long)report_labelled(t, label));
    }
    pt_text_add(out, "\n");
}

double report_iou(const pt_summary_task_t *t, int32_t class)
{
    int64_t both = report_entry(t, class, class);
    int64_t either = report_labelled(t, class) + report_put_out(t, class) - both;
    return either > 0 ? (double)both / (double)either : (double)NAN;
}

static void put_iou(pt_text_t *out, const pt_summary_task_t *t)
{
    const char *separator = "";
    pt_text_add(out, "    IoU of classes:");
    for (int32_t c = 0; c < t->n_class; c++) {
        if (isnan(report_iou(t, c)))
            continue;
        pt_text_add(out, "%s %d %.4f", separator, (int)c, report_iou(t, c));
        separator = ";";
    }
    pt_text_add(out, "\n");
}

bool report_has_iou(const pt_summary_task_t *t)
{
    bool is = strcmp(t->metric_name, "miou") == 0;
    for (int32_t i = 0; i < t->n_other; i++)
        is |= strcmp(t->other[i].name, "miou") == 0;
    return is;
}

void report_put_classes(pt_text_t *out, const pt_summary_t *summary)
{
    for (int32_t k = 0; k < summary->n_task; k++) {
        const pt_summary_task_t *t = &summary->task[k];
        if (t->n_class == 0)
            continue;
        pt_text_add(out, "\n  %s, classes\n", t->name);
        if (report_has_iou(t))
            put_iou(out, t);
        if (t->n_class <= WHOLE)
            put_matrix(out, t);
        else if (report_next_largest(t, -1) >= 0)
            put_largest(out, t);
    }
}
