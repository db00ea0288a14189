/* Setting options of a config, and finding those that contradict each other. */
#include "polytree/config/config.h"

#include <string.h>
#include <unistd.h>

#include "polytree/base/text.h"
#include "config/option.h"

void pt_config_init(pt_config_t *config)
{
    /* Padding and the ends of texts are zero, so equal configs are equal bytes. */
    memset(config, 0, sizeof *config);
    for (int32_t i = 0; i < pt_n_options; i++) {
        pt_option_at_t at = pt_option_at(config, i);
        pt_status_t status = pt_option_parse(&at, pt_options[i].initial);
        (void)status; /* a test parses every default */
    }
}

/* `end`: of the key. */
static pt_status_t no_section(const char *assignment, const char *end)
{
    char key[PT_OPTION_NAME] = "";
    size_t len = end == NULL ? strlen(assignment) : (size_t)(end - assignment);
    if (len > 0 && len < sizeof key) {
        memcpy(key, assignment, len);
    }
    const pt_option_t *near = pt_option_nearest_key(key);
    if (key[0] == '\0' || near == NULL) {
        PT_FAIL(CONFIG, "'%s': expected section.key=value", assignment);
    }
    PT_FAIL(CONFIG, "'%s': expected section.key=value; the nearest is %s", assignment,
            near->name);
}

/* The last '.' before `end`, or NULL; `*len` of what is between them, blanks at its end
 * left out. */
static const char *key_before(const char *assignment, const char *end, size_t *len)
{
    const char *dot = end;
    while (dot > assignment && *dot != '.') {
        dot--;
    }
    if (*dot != '.') {
        return NULL;
    }
    *len = (size_t)(end - dot) - 1;
    while (*len > 0 && dot[*len] == ' ') {
        --*len;
    }
    return dot;
}

/* The '=' before the value, or NULL.  A task's name may have some, too: what counts is the
 * last that follows a key of tasks. */
static const char *find_equals(const char *assignment)
{
    const char *equals = strchr(assignment, '='), *next = equals;
    bool is_task = strncmp(assignment, "task.", 5) == 0;
    while (is_task && next != NULL) {
        size_t len;
        const char *dot = key_before(assignment, next, &len);
        if (dot != NULL && pt_option_is_of_task(dot + 1, len)) {
            equals = next;
        }
        next = strchr(next + 1, '=');
    }
    return equals;
}

static pt_status_t set(pt_config_t *config, const char *assignment)
{
    const char *equals = find_equals(assignment);
    size_t key_len;
    const char *dot = equals == NULL ? NULL : key_before(assignment, equals, &key_len);
    if (dot == NULL) {
        return no_section(assignment, equals);
    }
    char key[PT_OPTION_NAME];
    key_len = key_len < sizeof key ? key_len : sizeof key - 1;
    memcpy(key, dot + 1, key_len);
    key[key_len] = '\0';
    pt_option_at_t at;
    PT_TRY(pt_option_find(config, assignment, (size_t)(dot - assignment), key, &at));
    return pt_option_parse(&at, equals + 1);
}

pt_status_t pt_preset_apply(pt_preset_t preset, pt_config_t *config)
{
    if (preset == config->run.preset) {
        return PT_OK;
    }
    if (config->run.preset != PT_PRESET_NONE) {
        PT_FAIL(CONFIG, "run.preset: another was applied before, which cannot be undone");
    }
    for (const char *const *s = pt_preset_settings(preset); *s != NULL; s++) {
        PT_TRY(pt_config_set(config, *s));
    }
    config->run.preset = preset;
    return PT_OK;
}

pt_status_t pt_config_set(pt_config_t *config, const char *assignment)
{
    pt_config_t changed = *config;
    PT_TRY(set(&changed, assignment));
    if (changed.run.preset != config->run.preset) {
        pt_preset_t preset = changed.run.preset;
        changed.run.preset = config->run.preset;
        PT_TRY(pt_preset_apply(preset, &changed));
    }
    PT_TRY(pt_encoder_read(&changed, "", 0));
    *config = changed;
    return PT_OK;
}

pt_status_t pt_config_set_key(pt_config_t *config, const char *key, const char *value)
{
    pt_text_t text = {0};
    pt_text_add(&text, "%s=%s", key, value);
    pt_status_t status = text.status;
    if (status == PT_OK)
        status = pt_config_set(config, pt_text_get(&text));
    pt_text_release(&text);
    return status;
}

void pt_config_anchor(pt_config_t *config)
{
    char here[PT_CONFIG_TEXT];
    if (getcwd(here, sizeof here) == NULL) {
        return;
    }
    for (int32_t i = 0; i < pt_n_options; i++) {
        char *file = pt_option_file(&pt_options[i], config), path[2 * PT_CONFIG_TEXT];
        if (file == NULL || file[0] == '/') {
            continue;
        }
        int n = snprintf(path, sizeof path, "%s/%s", here, file);
        if (n > 0 && n < PT_CONFIG_TEXT) {
            memcpy(file, path, (size_t)n + 1);
        }
    }
}

const char *pt_config_next_file(const pt_config_t *config, int32_t *at, const char **option)
{
    while (*at < pt_n_options) {
        const pt_option_t *o = &pt_options[(*at)++];
        const char *file = pt_option_file(o, (void *)(uintptr_t)config);
        if (o->class == PT_OPTION_NUMERICS && file != NULL) {
            *option = o->name;
            return file;
        }
    }
    return NULL;
}

static pt_status_t check_space(const pt_config_t *c)
{
    int64_t edges = c->space.nodes - 1;
    if (edges > 0 && c->space.flow > edges) {
        PT_FAIL(CONFIG, "space.flow = %lld: %lld nodes have edges of length %lld at most",
                (long long)c->space.flow, (long long)c->space.nodes, (long long)edges);
    }
    if (c->space.min_depth > edges) {
        PT_FAIL(CONFIG,
                "space.min_depth = %lld: a path through %lld nodes has %lld edges at most",
                (long long)c->space.min_depth, (long long)c->space.nodes, (long long)edges);
    }
    if (c->squeeze.kappa < (double)c->space.min_depth) {
        PT_FAIL(CONFIG,
                "squeeze.kappa = %g: a connection needs space.min_depth = %lld edges",
                c->squeeze.kappa, (long long)c->space.min_depth);
    }
    return PT_OK;
}

int32_t pt_config_n_layer(const pt_config_t *config)
{
    int32_t n_layer = config->encoder.layers[0] != '\0';
    for (const char *l = config->encoder.layers; *l != '\0'; l++) {
        n_layer += *l == '\n';
    }
    return n_layer;
}

static pt_status_t check_branch(const pt_config_t *c)
{
    int32_t n_layer = pt_config_n_layer(c);
    if (n_layer == 0) {
        PT_FAIL(CONFIG, "space.kind = branch: name a file in space.encoder, or write "
                        "encoder.layers");
    }
    if (n_layer > PT_CONFIG_LIST) {
        PT_FAIL(CONFIG, "encoder.layers has %d lines, expected at most %d", (int)n_layer,
                PT_CONFIG_LIST);
    }
    if (pt_methods[c->search.method].is_of_dag) {
        PT_FAIL(CONFIG,
                "search.method = %s needs space.kind = dag: of branches, all tasks "
                "together are search.method = shared",
                pt_methods[c->search.method].name);
    }
    if (c->derive.rule == PT_RULE_FLOW || c->derive.rule == PT_RULE_P) {
        PT_FAIL(CONFIG, "derive.rule: space.kind = branch has argmax and random, neither "
                        "flow nor p");
    }
    return PT_OK;
}

static pt_status_t check_dag(const pt_config_t *c)
{
    if (c->encoder.layers[0] != '\0') {
        PT_FAIL(CONFIG, "an [encoder] needs space.kind = branch");
    }
    if (pt_methods[c->search.method].is_of_branch) {
        PT_FAIL(CONFIG, "search.method = %s needs space.kind = branch",
                pt_methods[c->search.method].name);
    }
    if (c->derive.rule == PT_RULE_ARGMAX) {
        PT_FAIL(CONFIG, "derive.rule = argmax needs space.kind = branch");
    }
    return check_space(c);
}

static pt_status_t check_resource(const pt_config_t *c)
{
    if (c->resource.kind == PT_RESOURCE_SECONDS && c->resource.table[0] == '\0') {
        PT_FAIL(CONFIG, "resource.kind = seconds: name the file of seconds in "
                        "resource.table");
    }
    if (c->resource.scale == PT_RESOURCE_GFLOP && c->resource.kind != PT_RESOURCE_MADDS) {
        PT_FAIL(CONFIG, "resource.scale = gflop needs resource.kind = madds");
    }
    return PT_OK;
}

static pt_status_t check_judge(const pt_config_t *c)
{
    if (pt_config_is_judged(c) && !pt_config_has_judge(c, PT_JUDGE_SUPERNET) &&
        c->retrain.from == PT_FROM_SEARCH) {
        PT_FAIL(CONFIG,
                "choose.judge = %s searches no weights to begin with: set "
                "retrain.from = scratch, or a file",
                pt_judge_name(pt_config_judge(c)));
    }
    return PT_OK;
}

/* Of several widths each network needs weights of its own. */
static pt_status_t check_widths(const pt_config_t *c)
{
    const pt_real_list_t *widths = &c->choose.widths;
    if (widths->n > 0 && widths->value[0] != 1) {
        PT_FAIL(CONFIG, "choose.widths begins with %g: expected 1, the width of the space",
                widths->value[0]);
    }
    for (int32_t i = 1; i < widths->n; i++) {
        for (int32_t j = 0; j < i; j++) {
            if (widths->value[i] == widths->value[j]) {
                PT_FAIL(CONFIG, "choose.widths has %g twice", widths->value[i]);
            }
        }
    }
    if (pt_config_n_width(c) == 1 || !pt_methods[c->search.method].is_learned) {
        return PT_OK;
    }
    if (!pt_config_has_judge(c, PT_JUDGE_TRAINS) ||
        pt_config_has_judge(c, PT_JUDGE_SUPERNET)) {
        PT_FAIL(CONFIG,
                "choose.widths wants several, but choose.judge = %s trains no network of "
                "its own width: expected halving or regression",
                pt_judge_name(pt_config_judge(c)));
    }
    if (c->retrain.from != PT_FROM_SCRATCH) {
        PT_FAIL(CONFIG, "choose.widths wants several: there are weights of one width to "
                        "go on from, set retrain.from = scratch");
    }
    if (c->resource.kind == PT_RESOURCE_SECONDS) {
        PT_FAIL(CONFIG, "choose.widths wants several, but resource.table has the seconds "
                        "of one: expected another resource.kind");
    }
    return PT_OK;
}

static pt_status_t check_update(const char *section, const pt_update_config_t *update)
{
    if (update->optimizer == PT_OPTIMIZER_SGD && update->nesterov &&
        !(update->momentum > 0)) {
        PT_FAIL(CONFIG, "%s.nesterov = 1 needs %s.momentum above 0", section, section);
    }
    return PT_OK;
}

pt_status_t pt_config_check(const pt_config_t *config)
{
    if (config->data.file[0] == '\0') {
        PT_FAIL(CONFIG, "data.file is not set: name an HDF5 data set");
    }
    if (config->layout.mode == PT_LAYOUT_AUTO &&
        (config->layout.task > 0 || config->layout.data > 0)) {
        PT_FAIL(CONFIG, "layout.task and layout.data need layout.mode = manual: auto finds "
                        "its own");
    }
    if (config->train.batch % config->train.microbatch != 0) {
        PT_FAIL(CONFIG,
                "train.batch = %lld: expected a multiple of train.microbatch = %lld",
                (long long)config->train.batch, (long long)config->train.microbatch);
    }
    if (config->search.tau_end > config->search.tau_begin) {
        PT_FAIL(CONFIG, "search.tau_end = %g: expected at most search.tau_begin = %g",
                config->search.tau_end, config->search.tau_begin);
    }
    if (config->search.run == PT_RUN_ACTIVE && config->search.gates != PT_GATES_HARD) {
        PT_FAIL(CONFIG, "search.run = active needs search.gates = hard");
    }
    if (config->head.skip[0] != '\0' && config->head.kind != PT_HEAD_DEEPLAB) {
        PT_FAIL(CONFIG, "head.skip = %s needs head.kind = deeplab", config->head.skip);
    }
    PT_TRY(config->space.kind == PT_SPACE_BRANCH ? check_branch(config)
                                                 : check_dag(config));
    PT_TRY(check_resource(config));
    PT_TRY(check_judge(config));
    PT_TRY(check_widths(config));
    PT_TRY(check_update("warmup", &config->warmup.update));
    PT_TRY(check_update("search", &config->search.update));
    PT_TRY(check_update("alpha", &config->alpha));
    PT_TRY(check_update("retrain", &config->retrain.update));
    return PT_OK;
}
