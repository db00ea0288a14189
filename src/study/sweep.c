/* What a sweep runs: the axes and rows of section [sweep], and the config of each run. */
#include "study/sweep.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"

enum { FOLDER_MAX = 200 };

/** The word for all methods that are opponents of a search in its space. */
static const char fair[] = "fair";

/* "search, shared, .., exhaustive", each with `end` behind it. */
static const char *name_methods(const char *end, char text[128])
{
    pt_text_t out = pt_text_in(text, 128);
    for (int32_t m = 0; m < PT_N_METHOD; m++)
        if (!pt_methods[m].is_extended)
            pt_text_add(&out, "%s%s%s", m == 0 ? "" : ", ", pt_methods[m].name, end);
    return text;
}

static int32_t find_method(const char *name, size_t len)
{
    for (int32_t m = 0; m < PT_N_METHOD; m++)
        if (!pt_methods[m].is_extended && strlen(pt_methods[m].name) == len &&
            strncmp(pt_methods[m].name, name, len) == 0)
            return m;
    return -1;
}

static const char *word_before(const char *text, const char *at)
{
    while (at > text && at[-1] == ' ')
        at--;
    while (at > text && at[-1] != ' ')
        at--;
    return at;
}

/* Where the axis begins whose '=' is given: at its key or at the methods before it. */
static const char *begin_of_axis(const char *text, const char *equals)
{
    const char *begin = word_before(text, equals);
    while (begin > text) {
        const char *before = word_before(text, begin);
        size_t len = strcspn(before, " ");
        if (len < 2 || before[len - 1] != ':')
            break;
        begin = before;
    }
    return begin;
}

static pt_status_t take_methods(const char **at, sweep_axis_t *axis)
{
    bool has_any = false;
    for (;;) {
        size_t len = strcspn(*at, " =");
        if (len == 0 || (*at)[len - 1] != ':')
            break;
        int32_t method = find_method(*at, len - 1);
        char names[128];
        if (method < 0)
            PT_FAIL(CONFIG, "sweep.vary: '%.*s': expected %s", (int)len, *at,
                    name_methods(":", names));
        axis->is_of[method] = has_any = true;
        *at += len + strspn(*at + len, " ");
    }
    axis->is_of[PT_METHOD_SEARCH] |= !has_any;
    axis->is_named = has_any;
    return PT_OK;
}

static void trim(const char **begin, const char **end)
{
    while (*begin < *end && **begin == ' ')
        (*begin)++;
    while (*end > *begin && (*end)[-1] == ' ')
        (*end)--;
}

static pt_status_t take_values(const char *begin, const char *end, sweep_axis_t *axis)
{
    while (begin <= end) {
        const char *bar = memchr(begin, '|', (size_t)(end - begin));
        const char *from = begin, *to = bar == NULL ? end : bar;
        begin = to + 1;
        trim(&from, &to);
        if (axis->n_value == SWEEP_VALUE || to == from ||
            (size_t)(to - from) >= sizeof axis->value[0])
            PT_FAIL(CONFIG, "sweep.vary: %s: expected at most %d values between '|'",
                    axis->key, SWEEP_VALUE);
        snprintf(axis->value[axis->n_value++], sizeof axis->value[0], "%.*s",
                 (int)(to - from), from);
    }
    return PT_OK;
}

/* What the sweep itself sets in the config of each run is not for its axes. */
static pt_status_t check_key(const char *key)
{
    static const struct {
        const char *key, *setter;
    } set[] = {{"run.seed", "sweep.seeds"},
               {"search.method", "sweep.methods"},
               {"baseline.random_index", "sweep.random_n"},
               {"baseline.branching", "method exhaustive"}};
    for (size_t i = 0; i < sizeof set / sizeof set[0]; i++)
        if (strcmp(key, set[i].key) == 0)
            PT_FAIL(CONFIG, "sweep.vary: %s is set by %s", key, set[i].setter);
    if (strncmp(key, "sweep.", 6) == 0)
        PT_FAIL(CONFIG, "sweep.vary: %s: expected an option of runs, not of the sweep",
                key);
    return PT_OK;
}

/* "[METHOD: ...] section.key = value | value ..." */
static pt_status_t take_axis(const char *begin, const char *end, sweep_axis_t *axis)
{
    const char *equals, *key_end;
    PT_TRY(take_methods(&begin, axis));
    equals = memchr(begin, '=', (size_t)(end - begin));
    key_end = equals;
    trim(&begin, &key_end);
    if (key_end == begin || (size_t)(key_end - begin) >= sizeof axis->key)
        PT_FAIL(CONFIG, "sweep.vary: '%.*s': expected section.key = value | value",
                (int)(end - begin), begin);
    snprintf(axis->key, sizeof axis->key, "%.*s", (int)(key_end - begin), begin);
    PT_TRY(check_key(axis->key));
    return take_values(equals + 1, end, axis);
}

static pt_status_t read_axes(pt_sweep_t *s)
{
    const char *text = s->config->sweep.vary, *equals = strchr(text, '=');
    if (strcmp(text, "none") == 0)
        return PT_OK;
    if (equals == NULL || begin_of_axis(text, equals) != text)
        PT_FAIL(CONFIG, "sweep.vary = '%s': expected section.key = value | value", text);
    while (equals != NULL) {
        const char *next = strchr(equals + 1, '=');
        const char *end =
            next == NULL ? text + strlen(text) : begin_of_axis(equals + 1, next);
        if (s->n_axis == SWEEP_AXIS)
            PT_FAIL(CONFIG, "sweep.vary: more than %d options", SWEEP_AXIS);
        PT_TRY(take_axis(begin_of_axis(text, equals), end, &s->axis[s->n_axis++]));
        equals = next;
    }
    return PT_OK;
}

static void make_label(const pt_sweep_t *s, sweep_row_t *row)
{
    pt_text_t label = pt_text_in(row->label, sizeof row->label);
    pt_text_add(&label, "%s", pt_methods[row->method].name);
    for (int32_t a = 0; a < s->n_axis; a++)
        if (row->value[a] > 0)
            pt_text_add(&label, " %s=%s", s->axis[a].key, s->axis[a].value[row->value[a]]);
}

static bool is_wanted(const pt_sweep_t *s, const sweep_row_t *row)
{
    int32_t n_changed = 0;
    for (int32_t a = 0; a < s->n_axis; a++)
        n_changed += row->value[a] > 0;
    return s->config->sweep.grid || n_changed <= 1;
}

/* Every combination of the values that concern the method, the first axis fastest. */
static pt_status_t add_rows(pt_sweep_t *s, pt_method_t method)
{
    sweep_row_t row = {.method = method};
    for (;;) {
        if (is_wanted(s, &row)) {
            if (s->n_row == SWEEP_ROW)
                PT_FAIL(CONFIG, "sweep.vary: more than %d variants", SWEEP_ROW);
            make_label(s, &row);
            s->row[s->n_row++] = row;
        }
        int32_t a = 0;
        for (; a < s->n_axis; a++) {
            int32_t n = s->axis[a].is_of[method] ? s->axis[a].n_value : 1;
            if (++row.value[a] < n)
                break;
            row.value[a] = 0;
        }
        if (a == s->n_axis)
            return PT_OK;
    }
}

/* As the operations say: linear ones take no images. */
static bool is_for_features(const pt_config_t *config)
{
    return strstr(config->space.kind == PT_SPACE_DAG ? config->space.op
                                                     : config->encoder.layers,
                  "linear") != NULL;
}

/* Branchings are all tried where that is asked for. */
static bool is_opponent(const pt_sweep_t *s, int32_t method)
{
    const pt_method_info_t *m = &pt_methods[method];
    pt_space_kind_t kind = s->config->space.kind;
    return !m->is_numbered && !m->is_extended &&
           (!m->is_of_branch || kind == PT_SPACE_BRANCH) &&
           (!m->is_of_dag || kind == PT_SPACE_DAG) &&
           (!m->is_linear || is_for_features(s->config));
}

static pt_status_t read_methods(pt_sweep_t *s, bool is_on[PT_N_METHOD])
{
    for (const char *at = s->config->sweep.methods; *at != '\0';) {
        size_t len = strcspn(at, " ");
        int32_t method = find_method(at, len);
        char names[128];
        if (len == strlen(fair) && strncmp(at, fair, len) == 0)
            s->is_fair = true;
        else if (method < 0)
            PT_FAIL(CONFIG, "sweep.methods: '%.*s': expected %s, %s", (int)len, at, fair,
                    name_methods("", names));
        else
            is_on[method] = true;
        at += len + strspn(at + len, " ");
    }
    for (int32_t m = 0; m < PT_N_METHOD; m++)
        is_on[m] |= s->is_fair && is_opponent(s, m);
    return PT_OK;
}

static bool has_axis(const pt_sweep_t *s, const char *key)
{
    for (int32_t a = 0; a < s->n_axis; a++)
        if (strcmp(s->axis[a].key, key) == 0)
            return true;
    return false;
}

/* What varies the search makes other networks to rebuild.  As wide as the space beside as
 * wide as the cost asks for, and from scratch beside from searched weights, unless the
 * config varies that otherwise. */
static pt_status_t add_fair_axes(pt_sweep_t *s)
{
    static const char width[] = "shared: single: full: baseline.match = cost | native",
                      pooled[] = "linear: linear.pooled = 0 | 1",
                      weights[] = "random: one_graph: retrain.from = search | scratch";
    const char *text[] = {
        has_axis(s, "baseline.match") ? NULL : width,
        has_axis(s, "linear.pooled") || !is_for_features(s->config) ? NULL : pooled,
        has_axis(s, "retrain.from") || s->config->retrain.from != PT_FROM_SEARCH ? NULL
                                                                                 : weights};
    for (int32_t a = 0; a < s->n_axis; a++)
        s->axis[a].is_of[PT_METHOD_REBUILT] |= s->axis[a].is_of[PT_METHOD_SEARCH];
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) {
        if (text[i] == NULL)
            continue;
        if (s->n_axis == SWEEP_AXIS)
            PT_FAIL(CONFIG, "sweep.vary: more than %d options", SWEEP_AXIS - 3);
        PT_TRY(take_axis(text[i], text[i] + strlen(text[i]), &s->axis[s->n_axis++]));
    }
    return PT_OK;
}

static pt_status_t read_rows(pt_sweep_t *s)
{
    bool is_on[PT_N_METHOD] = {false};
    PT_TRY(read_methods(s, is_on));
    if (s->is_fair)
        PT_TRY(add_fair_axes(s));
    for (int32_t m = 0; m < PT_N_METHOD; m++)
        if (is_on[m])
            PT_TRY(add_rows(s, (pt_method_t)m));
    return PT_OK;
}

int32_t sweep_n_run(const pt_sweep_t *sweep, int32_t row, int32_t seed)
{
    const pt_config_t *c = sweep->config;
    const pt_method_info_t *method = &pt_methods[sweep->row[row].method];
    if (method->is_drawn)
        return (int32_t)c->sweep.random_n;
    if (method->is_numbered)
        return sweep->row[row].n_branching;
    if (method->is_by_task && c->sweep.single_seeds > 0)
        return seed < c->sweep.single_seeds;
    return 1;
}

/* "-07-000,001,012": the number, which alone is always whole, and the groups. */
static void name_branching(const sweep_row_t *row, int32_t index, char *text, size_t size)
{
    char groups[64];
    int width = snprintf(NULL, 0, "%d", (int)row->n_branching - 1);
    (void)pt_branching_text(&row->branching[index], groups, sizeof groups);
    for (char *c = groups; *c != '\0'; c++)
        *c = *c == '/' ? ',' : *c;
    snprintf(text, size, "-%0*d-%s", width, (int)index, groups);
}

void sweep_path(const pt_sweep_t *sweep, int32_t row, int32_t seed, int32_t index,
                char path[PT_CONFIG_TEXT])
{
    const sweep_row_t *r = &sweep->row[row];
    size_t used = (size_t)snprintf(path, PT_CONFIG_TEXT, "%s/seed-%lld/", sweep->folder,
                                   (long long)sweep->config->sweep.seeds.value[seed]);
    for (const char *c = r->label; *c != '\0' && used < PT_CONFIG_TEXT - 16; c++)
        path[used++] = isalnum((unsigned char)*c) || strchr("._=-", *c) != NULL ? *c : ',';
    path[used] = '\0';
    if (pt_methods[r->method].is_drawn)
        snprintf(path + used, PT_CONFIG_TEXT - used, "-%d", (int)index);
    if (pt_methods[r->method].is_numbered)
        name_branching(r, index, path + used, PT_CONFIG_TEXT - used);
}

int32_t sweep_find_row(const pt_sweep_t *s, const sweep_row_t *row, pt_method_t method)
{
    for (int32_t r = 0; r < s->n_row; r++) {
        bool is_match = s->row[r].method == method;
        for (int32_t a = 0; a < s->n_axis; a++) {
            bool is_both = s->axis[a].is_of[method] && s->axis[a].is_of[row->method];
            is_match &= s->row[r].value[a] == (is_both ? row->value[a] : 0);
        }
        if (is_match)
            return r;
    }
    return -1;
}

static pt_status_t set_variant(const pt_sweep_t *s, const sweep_row_t *row,
                               pt_config_t *config)
{
    for (int32_t a = 0; a < s->n_axis; a++) {
        const sweep_axis_t *axis = &s->axis[a];
        if (!axis->is_of[row->method])
            continue;
        if (pt_config_set_key(config, axis->key, axis->value[row->value[a]]) != PT_OK)
            PT_FAIL(CONFIG, "sweep.vary: %s", pt_error_message());
    }
    return PT_OK;
}

/* The first that draws of a supernet has trained it for all that are drawn. */
static void name_supernet(const pt_sweep_t *sweep, int32_t row, int32_t seed, int32_t index,
                          pt_config_t *config)
{
    const sweep_row_t *r = &sweep->row[row];
    int32_t first = row;
    config->baseline.random_index = index;
    if (pt_config_is_at_once(config))
        return;
    if (pt_methods[r->method].is_one && sweep_find_row(sweep, r, PT_METHOD_RANDOM) >= 0)
        first = sweep_find_row(sweep, r, PT_METHOD_RANDOM);
    if (index > 0 || first != row)
        sweep_path(sweep, first, seed, 0, config->baseline.supernet);
}

pt_status_t sweep_config(const pt_sweep_t *sweep, int32_t row, int32_t seed, int32_t index,
                         pt_config_t *config)
{
    const sweep_row_t *r = &sweep->row[row];
    pt_config_t initial;
    int32_t search = sweep_find_row(sweep, r, PT_METHOD_SEARCH);
    *config = *sweep->config;
    PT_TRY(set_variant(sweep, r, config));
    pt_config_init(&initial);
    config->sweep = initial.sweep;
    config->search.method = r->method;
    config->run.seed = sweep->config->sweep.seeds.value[seed];
    if (r->method != PT_METHOD_SEARCH && search >= 0)
        sweep_path(sweep, search, seed, 0, config->baseline.cost_of);
    if (pt_methods[r->method].is_numbered)
        config->baseline.branching = index;
    if (pt_methods[r->method].is_drawn)
        name_supernet(sweep, row, seed, index, config);
    if (pt_config_check(config) == PT_OK)
        return PT_OK;
    bool is_varied = false;
    for (int32_t a = 0; a < sweep->n_axis; a++)
        is_varied |= sweep->axis[a].is_of[r->method];
    PT_FAIL(CONFIG, "sweep.%s: %s: %s", is_varied ? "vary" : "methods", r->label,
            pt_error_message());
}

/* As many as there are of as many tasks as there are. */
static pt_status_t list_branchings(const pt_config_t *config, int32_t n_task,
                                   sweep_row_t *row)
{
    int64_t n;
    int32_t n_copy = (int32_t)config->space.copies, n_layer = pt_config_n_layer(config);
    PT_TRY(pt_branching_count(n_layer, n_task, n_copy, &n));
    if (n > SWEEP_BRANCHING)
        PT_FAIL(RANGE, "%s: %lld branchings of %d tasks over %d layers: more than %d",
                row->label, (long long)n, (int)n_task, (int)n_layer, SWEEP_BRANCHING);
    PT_TRY(pt_alloc(&row->branching, (size_t)n, sizeof *row->branching));
    for (int32_t i = 0; i < n; i++) {
        PT_TRY(pt_branching_init(&row->branching[i], n_layer, n_task));
        row->n_branching++;
        if (i == 0)
            continue;
        pt_branching_copy(&row->branching[i], &row->branching[i - 1]);
        (void)pt_branching_next(n_copy, &row->branching[i]);
    }
    return PT_OK;
}

/* How many tasks there are the data set knows. */
static pt_status_t list_networks(pt_sweep_t *sweep)
{
    for (int32_t r = 0; r < sweep->n_row; r++) {
        pt_config_t config;
        pt_dataset_digest_t digest;
        int32_t n_task;
        if (!pt_methods[sweep->row[r].method].is_numbered)
            continue;
        PT_TRY(sweep_config(sweep, r, 0, 0, &config));
        PT_TRY(sweep->hooks.data(sweep->hooks.context, &config, &n_task, &digest));
        PT_TRY(list_branchings(&config, n_task, &sweep->row[r]));
    }
    return PT_OK;
}

static pt_status_t read_sweep(pt_sweep_t *sweep)
{
    pt_config_t one;
    if (strlen(sweep->folder) > FOLDER_MAX)
        PT_FAIL(RANGE, "-o: the folder's name has more than %d characters", FOLDER_MAX);
    PT_TRY(read_axes(sweep));
    PT_TRY(read_rows(sweep));
    PT_TRY(sweep_check(sweep));
    for (int32_t r = 0; r < sweep->n_row; r++)
        PT_TRY(sweep_config(sweep, r, 0, 0, &one));
    return list_networks(sweep);
}

pt_status_t pt_sweep_new(const pt_config_t *config, const char *folder,
                         const pt_sweep_hooks_t *hooks, pt_sweep_t **out)
{
    pt_sweep_t *sweep;
    PT_TRY(pt_alloc(&sweep, 1, sizeof *sweep));
    sweep->config = config;
    sweep->folder = folder;
    sweep->hooks = *hooks;
    pt_status_t status = read_sweep(sweep);
    if (status == PT_OK)
        *out = sweep;
    else
        pt_sweep_free(sweep);
    return status;
}

void pt_sweep_free(pt_sweep_t *sweep)
{
    for (int32_t r = 0; sweep != NULL && r < sweep->n_row; r++) {
        sweep_row_t *row = &sweep->row[r];
        for (int32_t i = 0; i < row->n_branching; i++)
            pt_branching_release(&row->branching[i]);
        pt_free(row->branching);
    }
    pt_free(sweep);
}
