/* A config as text, and as help, and how two of them differ. */
#include <string.h>

#include "config/option.h"

/* Whether option `i` is the first of its section. */
static bool begins_section(int32_t i)
{
    size_t len = pt_option_section_len(&pt_options[i]);
    return i == 0 || pt_option_section_len(&pt_options[i - 1]) != len ||
           strncmp(pt_options[i].name, pt_options[i - 1].name, len) != 0;
}

/* One option as "key = value", with its default where that is another. */
static void dump_option(const pt_option_t *option, const void *base, const void *initial,
                        pt_text_t *text)
{
    const char *key = option->name + pt_option_section_len(option) + 1;
    char value[PT_OPTION_TEXT], default_value[PT_OPTION_TEXT];
    pt_option_format(option, base, value);
    pt_option_format(option, initial, default_value);
    bool is_default = strcmp(value, default_value) == 0;
    if (option->type != PT_OPTION_LINES || is_default) {
        pt_text_add(text, "%s = %s%s%s\n", key, value, is_default ? "" : "  ; default: ",
                    is_default         ? ""
                    : default_value[0] ? default_value
                                       : "empty");
        return;
    }
    pt_text_add(text, "%s =\n", key);
    for (const char *line = value; *line != '\0'; line += line[0] == '\n') {
        size_t len = strcspn(line, "\n");
        pt_text_add(text, "    %.*s\n", (int)len, line);
        line += len;
    }
}

void pt_config_dump(const pt_config_t *config, pt_text_t *text)
{
    pt_config_t initial;
    pt_config_init(&initial);
    for (int32_t i = 0; i < pt_n_options; i++) {
        if (begins_section(i)) {
            pt_text_add(text, "%s[%.*s]\n", i > 0 ? "\n" : "",
                        (int)pt_option_section_len(&pt_options[i]), pt_options[i].name);
        }
        dump_option(&pt_options[i], config, &initial, text);
    }
    for (int32_t t = 0; t < config->n_task; t++) {
        pt_task_config_t task;
        pt_option_init_task(config->task[t].name, strlen(config->task[t].name), &task);
        pt_text_add(text, "\n[task.%s]\n", task.name);
        for (int32_t i = 0; i < pt_n_task_options; i++) {
            dump_option(&pt_task_options[i], &config->task[t], &task, text);
        }
    }
}

bool pt_config_option(int32_t i, pt_option_help_t *help)
{
    int32_t of_task = i - pt_n_options;
    if (of_task >= pt_n_task_options) {
        return false;
    }
    const pt_option_t *option = of_task < 0 ? &pt_options[i] : &pt_task_options[of_task];
    *help = (pt_option_help_t){
        .name = option->name,
        .section_len = (int32_t)pt_option_section_len(option),
        .begins_section = of_task < 0 ? begins_section(i) : of_task == 0,
        .initial = option->initial,
        .help = option->help,
        .class = option->class,
    };
    pt_option_explain(option, help->expected, sizeof help->expected);
    return true;
}

static bool is_called(const pt_option_help_t *o, const char *name)
{
    size_t len = strlen(name);
    return strncmp(o->name, name, len) == 0 &&
           (o->name[len] == '\0' || len == (size_t)o->section_len);
}

bool pt_config_help(const char *which, FILE *file)
{
    pt_option_help_t o;
    bool is_known = false;
    for (int32_t i = 0; pt_config_option(i, &o); i++) {
        if (which != NULL && !is_called(&o, which))
            continue;
        fprintf(file, "%s%s = %s\n    %s (%s%s)\n",
                o.begins_section && is_known ? "\n" : "", o.name, o.initial, o.help,
                o.expected, o.class == PT_OPTION_NUMERICS ? "" : "; free on resume");
        is_known = true;
    }
    return is_known;
}

/* What is in a file counts, not what it is called. */
static bool names_file(const pt_option_t *option, const void *base)
{
    return pt_option_file(option, (void *)(uintptr_t)base) != NULL;
}

static void compare_option(const pt_option_t *option, const char *task, const void *ours,
                           const void *theirs, pt_text_t *difference)
{
    char our_text[PT_OPTION_TEXT], their_text[PT_OPTION_TEXT];
    pt_option_format(option, ours, our_text);
    pt_option_format(option, theirs, their_text);
    if (option->class != PT_OPTION_NUMERICS || strcmp(our_text, their_text) == 0 ||
        (names_file(option, ours) && names_file(option, theirs))) {
        return;
    }
    pt_text_add(difference, "%s", difference->n > 0 ? "; " : "");
    if (task == NULL) {
        pt_text_add(difference, "%s", option->name);
    } else {
        pt_text_add(difference, "task.%s.%s", task,
                    option->name + pt_option_section_len(option) + 1);
    }
    pt_text_add(difference, " = %s, not %s", our_text, their_text);
}

static void compare_task(const pt_config_t *ours, const pt_config_t *theirs,
                         const char *name, pt_text_t *difference)
{
    pt_task_config_t our_task = pt_config_task(ours, name);
    pt_task_config_t their_task = pt_config_task(theirs, name);
    for (int32_t i = 0; i < pt_n_task_options; i++) {
        compare_option(&pt_task_options[i], name, &our_task, &their_task, difference);
    }
}

static bool has_task(const pt_config_t *config, const char *name)
{
    for (int32_t t = 0; t < config->n_task; t++) {
        if (strcmp(config->task[t].name, name) == 0) {
            return true;
        }
    }
    return false;
}

pt_status_t pt_config_compare(const pt_config_t *ours, const pt_config_t *theirs)
{
    char text[2 * PT_OPTION_TEXT];
    pt_text_t difference = pt_text_in(text, sizeof text);
    for (int32_t i = 0; i < pt_n_options; i++) {
        compare_option(&pt_options[i], NULL, ours, theirs, &difference);
    }
    for (int32_t t = 0; t < ours->n_task; t++) {
        compare_task(ours, theirs, ours->task[t].name, &difference);
    }
    for (int32_t t = 0; t < theirs->n_task; t++) {
        if (!has_task(ours, theirs->task[t].name)) {
            compare_task(ours, theirs, theirs->task[t].name, &difference);
        }
    }
    if (difference.n > 0) {
        PT_FAIL(MISMATCH, "options differ: %s", text);
    }
    return PT_OK;
}
