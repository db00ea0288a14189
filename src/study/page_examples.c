/* The part of a page on examples: samples, their labels, and what was put out. */
#include <string.h>

#include "study/page.h"

/* What an earlier page says is between these. */
static const char begin_mark[] = "<section id=\"examples\">";
static const char end_mark[] = "</section>\n";

static void put_image(pt_text_t *out, const char *classes, const pt_text_t *png,
                      const char *about)
{
    pt_text_add(out, "<img class=\"%s\" alt=\"%s\" src=\"data:image/png;base64,", classes,
                about);
    pt_text_add_base64(out, png->data, png->n);
    pt_text_add(out, "\">");
}

static const char *task_name(const page_run_t *p, int32_t task)
{
    return p->network.interface.task[task].info.name;
}

/* "yes" and "no" are said by more than colour. */
static void put_texts(const pt_example_answer_t *a, pt_text_t *out)
{
    const char *mark = !a->is_classified ? "" : a->is_right ? "right" : "wrong";
    page_put(out, "td", "word", a->label);
    page_put(out, "td",
             mark[0] == '\0' ? "word"
             : a->is_right   ? "word yes"
                             : "word no",
             a->answer);
    page_put(out, "td", "word", mark);
}

/* A picture, with a table of what has no map and maps beside it. */
static void put_card(const page_run_t *p, const pt_example_t *e, pt_text_t *out)
{
    bool has_texts = false;
    pt_text_add(out, "<article class=\"card\"><div class=\"maps\"><figure>");
    put_image(out, "input", &e->png, "input");
    page_print(out, "figcaption", NULL, "%s %lld", p->examples->split, (long long)e->row);
    pt_text_add(out, "</figure>\n");
    for (int32_t i = 0; i < e->n_answer; i++) {
        const pt_example_answer_t *a = &e->answer[i];
        has_texts |= !a->is_map;
        if (!a->is_map)
            continue;
        pt_text_add(out, "<figure>");
        put_image(out, "map", &a->label_png, "label");
        put_image(out, "map", &a->answer_png, "prediction");
        page_put(out, "figcaption", NULL, task_name(p, a->task));
        pt_text_add(out, "</figure>\n");
    }
    pt_text_add(out, "</div>\n");
    if (has_texts) {
        pt_text_add(out, "<table><thead><tr><th scope=\"col\">task</th><th scope=\"col\" "
                         "class=\"word\">label</th><th scope=\"col\" class=\"word\">put "
                         "out</th><th></th></tr></thead>\n<tbody>\n");
        for (int32_t i = 0; i < e->n_answer; i++)
            if (!e->answer[i].is_map) {
                pt_text_add(out, "<tr>");
                page_put(out, "th scope=\"row\"", NULL, task_name(p, e->answer[i].task));
                put_texts(&e->answer[i], out);
                pt_text_add(out, "</tr>\n");
            }
        pt_text_add(out, "</tbody></table>");
    }
    pt_text_add(out, "</article>\n");
}

/* Samples of a table, a row for each task. */
static void put_rows(const page_run_t *p, pt_text_t *out)
{
    const pt_examples_t *x = p->examples;
    page_table(out, "examples");
    pt_text_add(out, "<thead><tr>");
    page_print(out, "th scope=\"col\"", NULL, "row of %s", x->split);
    for (int32_t i = 0; i < x->n_feature; i++)
        page_put(out, "th scope=\"col\"", NULL, x->feature[i].text);
    pt_text_add(out,
                "<th scope=\"col\" class=\"word\">task</th><th scope=\"col\" "
                "class=\"word\">label</th><th scope=\"col\" class=\"word\">put out</th>"
                "<th></th></tr></thead>\n<tbody>\n");
    for (int32_t n = 0; n < x->n; n++) {
        const pt_example_t *e = &x->example[n];
        for (int32_t i = 0; i < e->n_answer; i++) {
            pt_text_add(out, i == 0 ? "<tr class=\"first\">" : "<tr>");
            if (i == 0)
                page_print(out, "th scope=\"row\"", NULL, "%lld", (long long)e->row);
            else
                pt_text_add(out, "<td></td>");
            for (int32_t f = 0; f < x->n_feature; f++)
                page_put(out, "td", NULL, i == 0 ? e->feature[f] : "");
            page_put(out, "td", "word", task_name(p, e->answer[i].task));
            put_texts(&e->answer[i], out);
            pt_text_add(out, "</tr>\n");
        }
    }
    pt_text_add(out, "</tbody>\n");
    page_table_end(out);
    if (x->n_feature_all > x->n_feature)
        page_print(out, "p", "note", "The first %d of %lld features.", (int)x->n_feature,
                   (long long)x->n_feature_all);
}

static bool has_maps(const pt_examples_t *x)
{
    for (int32_t n = 0; n < x->n; n++)
        for (int32_t i = 0; i < x->example[n].n_answer; i++)
            if (x->example[n].answer[i].is_map)
                return true;
    return false;
}

static void put_examples(const page_run_t *p, pt_text_t *out)
{
    const pt_examples_t *x = p->examples;
    if (x->n == 0) {
        page_print(out, "p", "note", "None are shown: %s", x->why);
        return;
    }
    page_print(out, "p", NULL,
               "The first labelled samples of %s, whatever the network makes of them.%s",
               x->split,
               has_maps(x) ? " Of maps the label stands above the prediction." : "");
    if (x->n_feature > 0) {
        put_rows(p, out);
        return;
    }
    pt_text_add(out, "<div class=\"cards%s\">\n", has_maps(x) ? " wide" : "");
    for (int32_t n = 0; n < x->n; n++)
        put_card(p, &x->example[n], out);
    pt_text_add(out, "</div>\n");
}

void page_put_examples(const page_run_t *p, pt_text_t *out)
{
    if (p->examples != NULL) {
        page_section(out, "examples", "Examples");
        put_examples(p, out);
        page_section_end(out);
        return;
    }
    /* It is this file that is written anew: nothing comes from elsewhere. */
    const char *at = strstr(p->earlier, begin_mark);
    const char *end = at == NULL ? NULL : strstr(at, end_mark);
    if (end != NULL)
        pt_text_add_bytes(out, at, (size_t)(end - at) + sizeof end_mark - 1);
}
