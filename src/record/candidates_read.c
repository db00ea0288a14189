/* Reading candidates, of other runs or written by hand. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/arch/copies.h"
#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "polytree/record/candidates.h"
#include "polytree/record/run_file.h"

typedef struct candidates_reader {
    const pt_space_t *space;
    pt_subnet_t subnet;
    pt_branching_t tree; /* branch */
    pt_candidate_taker_t take;
    void *context;
} candidates_reader_t;

static pt_status_t read_layer(pt_branching_t *b, int32_t layer, const json_t *groups)
{
    int32_t n_task = b->n_task;
    if (!json_is_array(groups) || json_array_size(groups) != (size_t)n_task)
        PT_FAIL(FORMAT, "layer l%02d wants a group for each of %d tasks", (int)layer + 1,
                (int)n_task);
    for (int32_t k = 0; k < n_task; k++) {
        const json_t *group = json_array_get(groups, (size_t)k);
        json_int_t g = json_integer_value(group);
        if (!json_is_integer(group) || g < 0 || g >= n_task)
            PT_FAIL(FORMAT, "layer l%02d: groups are whole numbers from 0 to %d",
                    (int)layer + 1, (int)n_task - 1);
        b->group[layer * n_task + k] = (int32_t)g;
    }
    return PT_OK;
}

/* Number the groups of a layer by their first task. */
static void number_groups(int32_t *group, int32_t n_task)
{
    int32_t n = n_task; /* numbers from here on are new */
    for (int32_t k = 0; k < n_task; k++) {
        int32_t old = group[k];
        for (int32_t j = k; j < n_task && old < n_task; j++)
            if (group[j] == old)
                group[j] = n;
        n += old < n_task;
    }
    for (int32_t k = 0; k < n_task; k++)
        group[k] -= n_task;
}

/* A branching of more groups than there are copies is taken for the candidate that it
 * would be: whoever takes it finds that it is none. */
static pt_status_t read_groups(pt_branching_t *b, const json_t *groups)
{
    char name[16];
    if (json_object_size(groups) != (size_t)b->n_layer)
        PT_FAIL(FORMAT, "\"groups\" wants a list for each of %d layers", (int)b->n_layer);
    for (int32_t l = 0; l < b->n_layer; l++) {
        snprintf(name, sizeof name, "l%02d", (int)l + 1);
        PT_TRY(read_layer(b, l, json_object_get(groups, name)));
        number_groups(b->group + l * b->n_task, b->n_task);
    }
    if (!pt_branching_is_valid(b))
        PT_FAIL(FORMAT, "no branching: tasks that have parted are in one group again in a "
                        "later layer");
    return PT_OK;
}

static int32_t find_choice(const pt_space_t *s, const char *name, size_t n)
{
    int32_t c = 0;
    while (c < s->n_choice &&
           (strncmp(s->candidate[s->choice[c].candidate].name, name, n) != 0 ||
            s->candidate[s->choice[c].candidate].name[n] != '\0'))
        c++;
    return c;
}

static pt_status_t read_graph(candidates_reader_t *r, int32_t task, const json_t *graph)
{
    const char *text = json_string_value(graph);
    if (text == NULL)
        PT_FAIL(FORMAT, "\"graphs\" has no text of pieces for task %s",
                r->space->task[task].name);
    for (int32_t c = 0; c < r->space->n_choice; c++)
        pt_subnet_switch(&r->subnet, task, c, false);
    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        size_t n = strcspn(text, " ");
        int32_t c = find_choice(r->space, text, n);
        if (c == r->space->n_choice)
            PT_FAIL(FORMAT, "'%.*s': no piece of this space", (int)(n < 40 ? n : 40), text);
        pt_subnet_switch(&r->subnet, task, c, true);
        text += n;
    }
    return PT_OK;
}

/* Those of 0.3.0 are as wide as the space. */
static pt_status_t read_width(const json_t *line, double *widening)
{
    const json_t *width = json_object_get(line, "width");
    *widening = width == NULL ? 1 : json_number_value(width);
    if (!(*widening > 0))
        PT_FAIL(FORMAT, "\"width\" wants a number above 0");
    return PT_OK;
}

static pt_status_t read_line(candidates_reader_t *r, const json_t *line)
{
    bool is_branch = r->space->kind == PT_SPACE_BRANCH;
    const char *key = is_branch ? "groups" : "graphs";
    const json_t *network = json_object_get(line, key);
    if (!json_is_object(network))
        PT_FAIL(FORMAT, "no candidate of this space: it has no \"%s\"", key);
    if (is_branch) {
        PT_TRY(read_groups(&r->tree, network));
        pt_copies_switch(r->space, r->tree.group, &r->subnet);
        return PT_OK;
    }
    for (int32_t k = 0; k < r->space->n_task; k++)
        PT_TRY(read_graph(r, k, json_object_get(network, r->space->task[k].name)));
    return PT_OK;
}

static pt_status_t take_candidate(void *context, const json_t *line)
{
    candidates_reader_t *r = context;
    double widening;
    PT_TRY(read_line(r, line));
    PT_TRY(read_width(line, &widening));
    return r->take(r->context, widening, &r->subnet);
}

typedef pt_status_t (*line_taker_t)(void *context, const json_t *line);

static pt_status_t take_line(const char *text, size_t bytes, line_taker_t take,
                             void *context)
{
    json_error_t error;
    json_t *line = json_loadb(text, bytes, 0, &error);
    pt_status_t status = json_is_object(line)
                             ? take(context, line)
                             : PT_ERROR(FORMAT, "not a JSON object: %.40s", error.text);
    json_decref(line);
    return status;
}

static pt_status_t read_lines(const char *path, line_taker_t take, void *context)
{
    char *text;
    size_t bytes;
    int number = 0;
    pt_status_t status = PT_OK;
    PT_TRY(pt_file_read(path, &text, &bytes));
    for (size_t at = 0, n; at < bytes && status == PT_OK; at += n + 1) {
        const char *end = memchr(text + at, '\n', bytes - at);
        n = end == NULL ? bytes - at : (size_t)(end - text) - at;
        number++;
        if (strspn(text + at, " \t\r") < n)
            status = take_line(text + at, n, take, context);
    }
    pt_free(text);
    if (status == PT_E_FORMAT)
        return PT_ERROR(FORMAT, "%s:%d: %s", path, number, pt_error_message());
    return status;
}

pt_status_t pt_candidates_read(const char *path, const pt_space_t *space,
                               pt_candidate_taker_t take, void *context)
{
    candidates_reader_t r = {.space = space, .take = take, .context = context};
    pt_status_t status;
    PT_TRY_OR(done, pt_subnet_init(&r.subnet, space->n_task, space->n_choice));
    if (space->kind == PT_SPACE_BRANCH)
        PT_TRY_OR(done, pt_branching_init(&r.tree, space->n_layer, space->n_task));
    status = read_lines(path, take_candidate, &r);
done:
    pt_branching_release(&r.tree);
    pt_subnet_release(&r.subnet);
    return status;
}

typedef struct scores_reader {
    pt_branching_t tree;
    pt_branching_taker_t take;
    void *context;
} scores_reader_t;

static double read_score(const json_t *line)
{
    const json_t *score = json_object_get(line, "score");
    return json_is_number(score) ? json_number_value(score) : (double)NAN;
}

static pt_status_t take_score(void *context, const json_t *line)
{
    scores_reader_t *r = context;
    const json_t *groups = json_object_get(line, "groups");
    double widening;
    if (!json_is_object(groups))
        PT_FAIL(FORMAT, "no candidate of a branch space: it has no \"groups\"");
    PT_TRY(read_groups(&r->tree, groups));
    PT_TRY(read_width(line, &widening));
    return widening == 1 ? r->take(r->context, &r->tree, read_score(line)) : PT_OK;
}

pt_status_t pt_candidates_read_scores(const char *path, int32_t n_layer, int32_t n_task,
                                      pt_branching_taker_t take, void *context)
{
    scores_reader_t r = {.take = take, .context = context};
    pt_status_t status;
    PT_TRY_OR(done, pt_branching_init(&r.tree, n_layer, n_task));
    status = read_lines(path, take_score, &r);
done:
    pt_branching_release(&r.tree);
    return status;
}

typedef struct entries_reader {
    int64_t n;
    size_t capacity;
    pt_candidate_entry_t *entry;
} entries_reader_t;

static double number_in(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

/* Those that somebody would try by hand come first. */
static const char *find_origin(const json_t *line, bool *is_handmade)
{
    static const char *const known[] = {"shared", "apart",   "one-graph", "file",
                                        "random", "evolved", "enumerated"};
    enum { N_HANDMADE = 4 };
    const char *text = json_string_value(json_object_get(line, "origin"));
    for (size_t i = 0; text != NULL && i < sizeof known / sizeof known[0]; i++)
        if (strcmp(text, known[i]) == 0) {
            *is_handmade = i < N_HANDMADE;
            return known[i];
        }
    return "unknown";
}

static pt_status_t take_entry(void *context, const json_t *line)
{
    entries_reader_t *r = context;
    pt_candidate_entry_t e = {.is_final = json_object_get(line, "metrics") != NULL,
                              .is_on_front = json_is_true(json_object_get(line, "front")),
                              .is_chosen = json_is_true(json_object_get(line, "chosen")),
                              .cost = number_in(line, "cost"),
                              .score = number_in(line, "score"),
                              .error = number_in(line, "error"),
                              .worst = number_in(line, "worst"),
                              .supernet = number_in(line, "supernet"),
                              .delta = number_in(line, "delta_m")};
    if (isnan(e.cost))
        PT_FAIL(FORMAT, "no candidate: it has no \"cost\"");
    PT_TRY(read_width(line, &e.widening));
    e.origin = find_origin(line, &e.is_handmade);
    PT_TRY(pt_grow(&r->entry, &r->capacity, (size_t)r->n + 1, sizeof *r->entry));
    r->entry[r->n++] = e;
    return PT_OK;
}

pt_status_t pt_candidates_read_entries(const char *run, int64_t *n,
                                       pt_candidate_entry_t **entry)
{
    entries_reader_t r = {.n = 0};
    char path[PT_PATH_MAX];
    PT_TRY(pt_run_file_path(run, PT_FILE_CANDIDATES, path));
    pt_status_t status = read_lines(path, take_entry, &r);
    if (status != PT_OK) {
        pt_free(r.entry);
        return status;
    }
    *n = r.n;
    *entry = r.entry;
    return PT_OK;
}
