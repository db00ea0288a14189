/* The part of a page on choosing among candidates: what was chosen, and the front. */
#include <math.h>
#include <stdlib.h>

#include "polytree/arch/resource.h"
#include "polytree/base/memory.h"
#include "polytree/picture/choice.h"
#include "polytree/record/candidates.h"
#include "polytree/record/run_file.h"
#include "study/page.h"

static double percent(double score)
{
    return 100 * expm1(score);
}

static void put_entry(const pt_candidate_entry_t *e, int64_t number, bool has_widths,
                      pt_text_t *out)
{
    pt_text_add(out, e->is_chosen ? "<tr class=\"chosen\">" : "<tr>");
    page_print(out, "th scope=\"row\"", NULL, "%lld", (long long)number);
    page_put(out, "td", "word", e->origin);
    if (has_widths)
        page_number(out, NULL, "%g", e->widening);
    page_number(out, NULL, "%.6g", e->cost);
    page_number(out, NULL, "%+.2f", percent(e->score));
    page_number(out, NULL, "%.2f", 100 * e->error);
    page_number(out, NULL, "%+.2f", percent(e->worst));
    page_print(out, "td", "word", "%s%s", e->is_on_front ? "front " : "",
               e->is_chosen ? "chosen" : "");
    pt_text_add(out, "</tr>\n");
}

static bool is_told(const pt_candidate_entry_t *e)
{
    return e->is_on_front || e->is_handmade || e->is_final || e->is_chosen;
}

/* The one after `last` by cost; -1 at the end. */
static int64_t next_told(int64_t n, const pt_candidate_entry_t *entry, int64_t last)
{
    int64_t next = -1;
    for (int64_t i = 0; i < n; i++) {
        bool is_past = last < 0 || entry[i].cost > entry[last].cost ||
                       (entry[i].cost >= entry[last].cost && i > last);
        if (is_told(&entry[i]) && is_past && (next < 0 || entry[i].cost < entry[next].cost))
            next = i;
    }
    return next;
}

static void put_table(const char *unit, int64_t n, const pt_candidate_entry_t *entry,
                      pt_text_t *out)
{
    bool has_widths = pt_candidates_have_widths(n, entry);
    page_table(out, "candidates");
    pt_text_add(out,
                "<thead><tr><th scope=\"col\">number</th><th scope=\"col\" "
                "class=\"word\">origin</th>%s",
                has_widths ? "<th scope=\"col\">width</th>" : "");
    page_put(out, "th scope=\"col\"", NULL, unit);
    pt_text_add(out, "<th scope=\"col\">losses, %%</th>"
                     "<th scope=\"col\">\u00b1</th><th scope=\"col\">worst task, %%</th>"
                     "<th></th></tr></thead>\n<tbody>\n");
    for (int64_t i = -1; (i = next_told(n, entry, i)) >= 0;)
        put_entry(&entry[i], i, has_widths, out);
    pt_text_add(out, "</tbody>\n");
    page_table_end(out);
    page_put(out, "p", "note",
             "Losses against number 0, one network for all tasks; less is better. Of the "
             "others only the chart tells.");
}

pt_status_t page_put_choice(const page_run_t *p, pt_text_t *out)
{
    const char *unit = pt_resource_unit(p->config->resource.kind);
    pt_candidate_entry_t *entry = NULL;
    pt_text_t words = {0}, svg = {0};
    int64_t n;
    pt_status_t status;
    if (!pt_run_file_exists(p->run, PT_FILE_CANDIDATES))
        return PT_OK;
    PT_TRY(pt_candidates_read_entries(p->run, &n, &entry));
    PT_TRY_OR(done, pt_candidates_draw(unit, n, entry, &svg));
    page_section(out, "choice", "Choosing");
    report_put_choice(&words, &p->columns.summary[REPORT_FOUND]);
    page_prose(out, pt_text_get(&words));
    page_figure(out, "chart", &svg, NULL);
    put_table(unit, n, entry, out);
    page_section_end(out);
done:
    pt_text_release(&svg);
    pt_text_release(&words);
    pt_free(entry);
    return status;
}
