/* The parts of a page on where time went, and on how to repeat a run. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "polytree/record/jobs.h"
#include "study/page.h"

enum { WIDTH = 720, BAR = 26 };

static double seconds_of(const pt_trainer_time_t *time, const report_time_part_t *part)
{
    return *(const double *)(const void *)((const char *)time + part->offset);
}

static const char *const shade[] = {"#4c78a8", "#f58518", "#e45756", "#72b7b2", "#54a24b",
                                    "#eeca3b", "#b279a2", "#ff9da6", "#9d755d"};

/* Parts of a step, then evaluation, as lengths of one bar. */
static void put_bar(const pt_trainer_time_t *t, pt_text_t *svg)
{
    double all = t->step + t->evaluate, x = 0;
    pt_text_add(svg,
                "<svg viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
                "aria-label=\"shares of the time\">",
                WIDTH, BAR, WIDTH, BAR);
    for (int i = 1; i < report_n_time_part; i++) {
        double width = WIDTH * seconds_of(t, &report_time_part[i]) / all;
        pt_text_add(svg,
                    "<rect x=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"><title>%s"
                    "</title></rect>",
                    x, width, BAR, shade[i], report_time_part[i].name);
        x += width;
    }
    pt_text_add(svg, "</svg>");
}

static void put_parts(const pt_trainer_time_t *t, pt_text_t *out)
{
    double all = t->step + t->evaluate;
    page_table(out, "parts of the time");
    pt_text_add(out, "<thead><tr><th scope=\"col\">part</th><th scope=\"col\">seconds</th>"
                     "<th scope=\"col\">share</th></tr></thead>\n<tbody>\n");
    for (int i = 1; i < report_n_time_part; i++) {
        double seconds = seconds_of(t, &report_time_part[i]);
        if (seconds <= 0)
            continue;
        pt_text_add(out,
                    "<tr><th scope=\"row\"><svg viewBox=\"0 0 10 10\" width=\"10\" "
                    "height=\"10\" aria-hidden=\"true\"><rect width=\"10\" height=\"10\" "
                    "rx=\"2\" fill=\"%s\"/></svg> %s</th>",
                    shade[i], report_time_part[i].name);
        page_number(out, NULL, "%.2f", seconds);
        page_number(out, NULL, "%.1f %%", 100 * seconds / all);
        pt_text_add(out, "</tr>\n");
    }
    pt_text_add(out, "</tbody>\n");
    page_table_end(out);
}

static void put_jobs(const pt_jobs_t *j, pt_text_t *out)
{
    char wall[32], date[32] = "";
    time_t begun = (time_t)(j->job / 1000);
    struct tm tm;
    if (gmtime_r(&begun, &tm) != NULL)
        strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &tm);
    page_print(out, "p", NULL,
               "%d job%s, %s in all, the last one begun at %s; rank 0 held %.0f MiB at "
               "most. Time of rank 0:",
               (int)j->n, pt_plural(j->n), pt_duration(j->wall, wall), date,
               (double)j->resident_peak / (1 << 20));
}

void page_put_time(const page_run_t *p, pt_text_t *out)
{
    pt_jobs_t j;
    pt_text_t svg = {0}, more = {0};
    pt_jobs_read(p->run, &j);
    if (j.n == 0)
        return;
    page_section(out, "time", "Time");
    put_jobs(&j, out);
    if (j.time.step + j.time.evaluate > 0) {
        put_bar(&j.time, &svg);
        page_figure(out, "bar", &svg, NULL);
        put_parts(&j.time, out);
    }
    report_put_earlier(&more, p->text, report_time_heading, false);
    page_details(out, "all ranks, and what was sent", pt_text_get(&more));
    page_section_end(out);
    pt_text_release(&svg);
    pt_text_release(&more);
}
