#include "polytree/config/config.h"

#include <string.h>

#include "config/option.h"

void pt_config_init(pt_config_t *config)
{
    /* Padding and the ends of texts are zero, so equal configs are equal bytes. */
    memset(config, 0, sizeof *config);
    for (int32_t i = 0; i < pt_n_options; i++) {
        pt_status_t status = pt_option_parse(&pt_options[i], pt_options[i].initial, config);
        (void)status; /* a test parses every default */
    }
}

pt_status_t pt_config_set(pt_config_t *config, const char *assignment)
{
    const char *equals = strchr(assignment, '=');
    const char *dot = strchr(assignment, '.');
    if (equals == NULL || dot == NULL || dot > equals) {
        PT_FAIL(CONFIG, "'%s': expected section.key=value", assignment);
    }
    char key[PT_CONFIG_TEXT];
    size_t section_len = (size_t)(dot - assignment);
    size_t key_len = (size_t)(equals - dot) - 1;
    while (key_len > 0 && dot[key_len] == ' ') {
        key_len--;
    }
    key_len = key_len < sizeof key ? key_len : sizeof key - 1;
    memcpy(key, dot + 1, key_len);
    key[key_len] = '\0';
    const pt_option_t *option = pt_option_find(assignment, section_len, key);
    if (option == NULL) {
        return pt_option_unknown(assignment, section_len, key);
    }
    return pt_option_parse(option, equals + 1, config);
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
    PT_TRY(check_space(config));
    PT_TRY(check_update("warmup", &config->warmup.update));
    PT_TRY(check_update("search", &config->search.update));
    PT_TRY(check_update("alpha", &config->alpha));
    PT_TRY(check_update("retrain", &config->retrain.update));
    return PT_OK;
}

/* Whether option `i` is the first of its section. */
static bool begins_section(int32_t i)
{
    size_t len = pt_option_section_len(&pt_options[i]);
    return i == 0 || pt_option_section_len(&pt_options[i - 1]) != len ||
           strncmp(pt_options[i].name, pt_options[i - 1].name, len) != 0;
}

pt_status_t pt_config_dump(const pt_config_t *config, FILE *file)
{
    pt_config_t initial;
    pt_config_init(&initial);
    for (int32_t i = 0; i < pt_n_options; i++) {
        const pt_option_t *option = &pt_options[i];
        size_t len = pt_option_section_len(option);
        char text[PT_OPTION_TEXT], default_text[PT_OPTION_TEXT];
        pt_option_format(option, config, text);
        pt_option_format(option, &initial, default_text);
        if (begins_section(i)) {
            fprintf(file, "%s[%.*s]\n", i > 0 ? "\n" : "", (int)len, option->name);
        }
        fprintf(file, "%s = %s", option->name + len + 1, text);
        if (strcmp(text, default_text) != 0) {
            fprintf(file, "  ; default: %s", default_text[0] ? default_text : "empty");
        }
        fputc('\n', file);
    }
    if (fflush(file) != 0 || ferror(file)) {
        PT_FAIL(IO, "the config cannot be written");
    }
    return PT_OK;
}

void pt_config_help(FILE *file)
{
    for (int32_t i = 0; i < pt_n_options; i++) {
        const pt_option_t *option = &pt_options[i];
        char expected[PT_CONFIG_TEXT];
        pt_option_expected(option, expected, sizeof expected);
        fprintf(file, "%s%s = %s\n    %s (%s%s)\n", begins_section(i) && i > 0 ? "\n" : "",
                option->name, option->initial, option->help, expected,
                option->class == PT_OPTION_NUMERICS ? "" : "; free on resume");
    }
}

void pt_config_digest(const pt_config_t *config, pt_digest_t *digest)
{
    for (int32_t i = 0; i < pt_n_options; i++) {
        if (pt_options[i].class == PT_OPTION_NUMERICS) {
            char text[PT_OPTION_TEXT];
            pt_option_format(&pt_options[i], config, text);
            pt_digest_add(digest, pt_options[i].name, strlen(pt_options[i].name) + 1);
            pt_digest_add(digest, text, strlen(text) + 1);
        }
    }
}

pt_status_t pt_config_compare(const pt_config_t *ours, const pt_config_t *theirs)
{
    char list[2 * PT_OPTION_TEXT] = "";
    size_t used = 0;
    for (int32_t i = 0; i < pt_n_options && used < sizeof list; i++) {
        char our_text[PT_OPTION_TEXT], their_text[PT_OPTION_TEXT];
        pt_option_format(&pt_options[i], ours, our_text);
        pt_option_format(&pt_options[i], theirs, their_text);
        if (pt_options[i].class == PT_OPTION_NUMERICS &&
            strcmp(our_text, their_text) != 0) {
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s = %s, not %s",
                                     used > 0 ? "; " : "", pt_options[i].name, our_text,
                                     their_text);
        }
    }
    if (used > 0) {
        PT_FAIL(MISMATCH, "options differ: %s", list);
    }
    return PT_OK;
}
