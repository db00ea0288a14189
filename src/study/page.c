/* The page of a run, put together from its files. */
#include "study/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/picture/curves.h"
#include "polytree/record/run_file.h"
#include "polytree/study/standing.h"

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

static void put_fact(pt_text_t *out, const char *name, const char *value)
{
    pt_text_add(out, "<div>");
    page_put(out, "dt", NULL, name);
    page_put(out, "dd", NULL, value);
    pt_text_add(out, "</div>\n");
}

/* What one wants to know first. */
static void put_facts(const page_run_t *p, pt_text_t *out)
{
    const pt_summary_t *s = &p->columns.summary[REPORT_FOUND];
    char text[64], name[48];
    pt_text_add(out, "<dl class=\"facts\">\n");
    if (s->is_done && isfinite(s->mean)) {
        snprintf(text, sizeof text, pt_score_format(s->mean), s->mean);
        snprintf(name, sizeof name, "mean metric on %s", s->part);
        put_fact(out, name, text);
    }
    if (s->is_done && isfinite(report_delta(&p->columns, REPORT_FOUND))) {
        snprintf(text, sizeof text, "%+.2f %%", report_delta(&p->columns, REPORT_FOUND));
        put_fact(out, "Delta_m", text);
    }
    snprintf(text, sizeof text, "%d", (int)s->n_task);
    if (s->is_done)
        put_fact(out, "tasks", text);
    if (s->has_cost) {
        page_amount((double)s->cost.parameters, text);
        put_fact(out, "parameters", text);
        page_amount((double)s->cost.madds, text);
        put_fact(out, "multiply-adds", text);
    }
    if (s->has_cost && s->cost.edges > 0) {
        snprintf(text, sizeof text, "%d", (int)s->cost.edges);
        put_fact(out, "edges", text);
    }
    pt_text_add(out, "</dl>\n");
}

static void put_heading(const page_run_t *p, pt_text_t *out)
{
    const pt_config_t *c = p->config;
    char line[PT_CONFIG_TEXT + 256];
    snprintf(line, sizeof line, "method %s in a %s space, on %s, seed %lld",
             pt_methods[c->search.method].name,
             c->space.kind == PT_SPACE_DAG ? "dag" : "branch", last_name(c->data.file),
             (long long)c->run.seed);
    page_heading(out, "polytree run", last_name(p->run), line);
}

/* Of a run that is not finished. */
static pt_status_t put_state(const page_run_t *p, pt_text_t *out)
{
    pt_text_t state = {0};
    if (p->columns.summary[REPORT_FOUND].is_done)
        return PT_OK;
    pt_status_t status = pt_standing_describe(p->run, &state);
    page_section(out, "state", "State");
    pt_text_add(out, "<p>The run is not finished: this is what it has by now.</p>\n");
    page_details(out, "as polytree status says it", pt_text_get(&state));
    page_section_end(out);
    pt_text_release(&state);
    return status;
}

static pt_status_t put_curves(const page_run_t *p, pt_text_t *out)
{
    pt_text_t svg = {0};
    pt_status_t status = pt_curves_draw(p->run, &svg);
    if (status == PT_OK && svg.n > 0) {
        page_section(out, "curves", "Learning curves");
        page_figure(out, "chart", &svg, NULL);
        page_section_end(out);
    }
    pt_text_release(&svg);
    return status;
}

static void put_repeat(const page_run_t *p, pt_text_t *out)
{
    pt_text_t command = {0}, config = {0};
    char version[32], path[PT_PATH_MAX];
    page_section(out, "repeat", "Repeat");
    pt_summary_version(p->run, version);
    page_print(out, "p", NULL,
               "On any number of ranks, with version %s, libraries and instruction set the "
               "same, this gives the same bits:",
               version[0] != '\0' ? version : PT_VERSION);
    if (pt_run_file_path(p->run, PT_FILE_CONFIG, path) == PT_OK) {
        pt_text_add(&command, "polytree search ");
        page_quote_shell(path, &command);
        pt_text_add(&command, " -o NEW");
    }
    page_put(out, "pre tabindex=\"0\"", NULL, pt_text_get(&command));
    if (p->columns.data[0] != '\0')
        page_print(out, "p", "note", "Digest of the data set: %s", p->columns.data);
    pt_config_dump(p->config, &config);
    page_details(out, "config.ini, every option", pt_text_get(&config));
    page_section_end(out);
    pt_text_release(&command);
    pt_text_release(&config);
}

/* Links to the sections that there are. */
static void put_links(const pt_text_t *body, pt_text_t *out)
{
    static const char *const section[][2] = {
        {"state", "state"},       {"scores", "scores"}, {"network", "network"},
        {"examples", "examples"}, {"curves", "curves"}, {"choice", "choosing"},
        {"classes", "classes"},   {"time", "time"},     {"repeat", "repeat"}};
    enum { N = sizeof section / sizeof section[0] };
    const char *pair[N][2];
    int n = 0;
    for (int i = 0; i < N; i++) {
        char begin[64];
        snprintf(begin, sizeof begin, "<section id=\"%s\">", section[i][0]);
        if (strstr(pt_text_get(body), begin) != NULL) {
            pair[n][0] = section[i][0];
            pair[n++][1] = section[i][1];
        }
    }
    page_links(out, pair, n);
}

static pt_status_t put_body(const page_run_t *p, pt_text_t *out)
{
    const bool is_done = p->columns.summary[REPORT_FOUND].is_done;
    put_facts(p, out);
    PT_TRY(put_state(p, out));
    if (is_done)
        page_put_scores(p, out);
    PT_TRY(page_put_network(p, out));
    if (is_done)
        page_put_examples(p, out);
    PT_TRY(put_curves(p, out));
    PT_TRY(page_put_choice(p, out));
    if (is_done)
        page_put_classes(p, out);
    page_put_time(p, out);
    put_repeat(p, out);
    return PT_OK;
}

static pt_status_t put_page(const page_run_t *p, pt_text_t *out)
{
    pt_text_t body = {0};
    pt_status_t status = put_body(p, &body);
    if (status == PT_OK)
        status = body.status;
    if (status == PT_OK) {
        page_begin(out, last_name(p->run));
        put_heading(p, out);
        put_links(&body, out);
        pt_text_add_bytes(out, body.data, body.n);
        page_end(out);
    }
    pt_text_release(&body);
    return status;
}

/* A file that may be missing. */
static void read_text(const char *path, char **text)
{
    size_t bytes;
    *text = NULL;
    if (pt_path_exists(path) && pt_file_read(path, text, &bytes) != PT_OK)
        pt_error_clear();
}

/* A page does without one that cannot be read: who needs it says what is wrong with it. */
static pt_status_t read_network(page_run_t *p)
{
    char path[PT_PATH_MAX];
    PT_TRY(pt_run_file_path(p->run, PT_FILE_ARCHITECTURE, path));
    if (!pt_path_exists(path))
        return PT_OK;
    p->has_network = pt_architecture_open(p->config, path, &p->network) == PT_OK;
    if (!p->has_network)
        pt_error_clear();
    return PT_OK;
}

static pt_status_t check_run(const char *run)
{
    if (pt_run_file_exists(run, PT_FILE_METRICS))
        return PT_OK;
    PT_FAIL(IO, "%s is not the folder of a run: it has no %s", run,
            pt_run_file_name(PT_FILE_METRICS));
}

pt_status_t pt_page_write_run(const pt_config_t *config, const char *run,
                              const pt_kept_t *kept, const pt_examples_t *examples,
                              const char *path)
{
    page_run_t p = {.config = config, .run = run, .kept = kept, .examples = examples};
    char report[PT_PATH_MAX], *text = NULL, *earlier = NULL;
    pt_text_t out = {0};
    pt_status_t status;
    PT_TRY(check_run(run));
    PT_TRY(pt_run_file_path(run, PT_FILE_REPORT, report));
    read_text(report, &text);
    read_text(path, &earlier);
    p.text = text == NULL ? "" : text;
    p.earlier = earlier == NULL ? "" : earlier;
    report_columns_read(&p.columns, config, run);
    PT_TRY_OR(done, read_network(&p));
    PT_TRY_OR(done, put_page(&p, &out));
    status = pt_file_write_text(path, &out);
done:
    pt_text_release(&out);
    if (p.has_network)
        pt_architecture_release(&p.network);
    report_columns_release(&p.columns);
    pt_free(earlier);
    pt_free(text);
    return status;
}
