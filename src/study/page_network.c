/* The part of a page on the network: its picture, and the tasks' graphs in words. */
#include "polytree/base/memory.h"
#include "polytree/base/quote.h"
#include "polytree/picture/diagram.h"
#include "polytree/picture/outline.h"
#include "study/page.h"

enum { MOST_SWITCHED = 24 }; /* tasks, each of its own colour in the picture */

/* Shown by the script alone, which they need. */
static void put_switches(const pt_space_t *s, pt_text_t *out)
{
    if (s->n_task < 2 || s->n_task > MOST_SWITCHED)
        return;
    pt_text_add(out,
                "<div class=\"switches\" role=\"group\" aria-label=\"tasks shown in the "
                "picture\" hidden>\n");
    for (int32_t k = 0; k < s->n_task; k++) {
        pt_text_add(out,
                    "<button type=\"button\" aria-pressed=\"true\" data-task=\"%d\"><svg "
                    "viewBox=\"0 0 10 10\" width=\"10\" height=\"10\" aria-hidden=\"true\">"
                    "<rect width=\"10\" height=\"10\" rx=\"2\" fill=\"%s\"/></svg> ",
                    (int)k, pt_diagram_color(k));
        pt_quote_html(s->task[k].name, out);
        pt_text_add(out, "</button>\n");
    }
    pt_text_add(out, "<button type=\"button\" data-all=\"1\">all</button>\n"
                     "<button type=\"button\" data-all=\"0\">none</button>\n</div>\n");
}

static pt_status_t put_picture(const pt_space_t *s, const pt_subnet_t *subnet,
                               pt_text_t *out)
{
    pt_text_t svg = {0};
    bool is_drawn = false;
    pt_status_t status = pt_diagram_draw(s, subnet, &svg, &is_drawn);
    if (status == PT_E_LIBRARY) {
        page_print(out, "p", "note", "The picture was not drawn: %s", pt_error_message());
        pt_error_clear();
        status = PT_OK;
    } else if (status == PT_OK && !is_drawn) {
        page_put(out, "p", "note",
                 "The picture was not drawn: Graphviz's program dot is not installed.");
    } else if (status == PT_OK) {
        put_switches(s, out);
        page_figure(out, "network", &svg, NULL);
    }
    pt_text_release(&svg);
    return status;
}

static pt_status_t add_outline(const pt_space_t *s, const pt_subnet_t *subnet, int32_t task,
                               pt_text_t *text)
{
    uint8_t *candidate;
    if (s->kind == PT_SPACE_BRANCH)
        return pt_outline_branching(s, subnet, task, text);
    PT_TRY(pt_alloc(&candidate, (size_t)(s->n_candidate + s->n_node), 1));
    pt_subnet_reach(s, subnet, task, candidate, candidate + s->n_candidate);
    pt_outline_dag(s, candidate, task, text);
    pt_free(candidate);
    return PT_OK;
}

static pt_status_t put_words(const pt_space_t *s, const pt_subnet_t *subnet, pt_text_t *out)
{
    pt_status_t status = PT_OK;
    pt_text_add(out, "<details><summary>the same in words, and what it costs</summary>\n");
    page_table(out, "the tasks' graphs");
    pt_text_add(out, "<thead><tr><th scope=\"col\">task</th><th scope=\"col\" "
                     "class=\"word\">graph</th><th scope=\"col\">parameters</th>"
                     "<th scope=\"col\">multiply-adds</th></tr></thead>\n<tbody>\n");
    for (int32_t k = 0; k < s->n_task && status == PT_OK; k++) {
        pt_text_t words = {0};
        pt_cost_t cost = {0};
        status = add_outline(s, subnet, k, &words);
        if (status == PT_OK)
            status = pt_cost_task(s, subnet, k, &cost);
        pt_text_add(out, "<tr>");
        page_put(out, "th scope=\"row\"", NULL, s->task[k].name);
        page_put(out, "td", "word", pt_text_get(&words));
        page_number(out, NULL, "%.0f", (double)cost.parameters);
        page_number(out, NULL, "%.0f", (double)cost.madds);
        pt_text_add(out, "</tr>\n");
        pt_text_release(&words);
    }
    pt_text_add(out, "</tbody>\n");
    page_table_end(out);
    pt_text_add(out, "</details>\n");
    return status;
}

pt_status_t page_put_network(const page_run_t *p, pt_text_t *out)
{
    const pt_space_t *s = p->network.space;
    if (!p->has_network)
        return PT_OK;
    page_section(out, "network", "Network");
    PT_TRY(put_picture(s, &p->network.subnet, out));
    PT_TRY(put_words(s, &p->network.subnet, out));
    page_section_end(out);
    return PT_OK;
}
