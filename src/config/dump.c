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
                        FILE *file)
{
    const char *key = option->name + pt_option_section_len(option) + 1;
    char text[PT_OPTION_TEXT], default_text[PT_OPTION_TEXT];
    pt_option_format(option, base, text);
    pt_option_format(option, initial, default_text);
    bool is_default = strcmp(text, default_text) == 0;
    if (option->type != PT_OPTION_LINES || is_default) {
        fprintf(file, "%s = %s%s%s\n", key, text, is_default ? "" : "  ; default: ",
                is_default        ? ""
                : default_text[0] ? default_text
                                  : "empty");
        return;
    }
    fprintf(file, "%s =\n", key);
    for (const char *line = text; *line != '\0'; line += line[0] == '\n') {
        size_t len = strcspn(line, "\n");
        fprintf(file, "    %.*s\n", (int)len, line);
        line += len;
    }
}

pt_status_t pt_config_dump(const pt_config_t *config, FILE *file)
{
    pt_config_t initial;
    pt_config_init(&initial);
    for (int32_t i = 0; i < pt_n_options; i++) {
        if (begins_section(i)) {
            fprintf(file, "%s[%.*s]\n", i > 0 ? "\n" : "",
                    (int)pt_option_section_len(&pt_options[i]), pt_options[i].name);
        }
        dump_option(&pt_options[i], config, &initial, file);
    }
    for (int32_t t = 0; t < config->n_task; t++) {
        pt_task_config_t task;
        pt_option_init_task(config->task[t].name, strlen(config->task[t].name), &task);
        fprintf(file, "\n[task.%s]\n", task.name);
        for (int32_t i = 0; i < pt_n_task_options; i++) {
            dump_option(&pt_task_options[i], &config->task[t], &task, file);
        }
    }
    if (fflush(file) != 0 || ferror(file)) {
        PT_FAIL(IO, "the config cannot be written");
    }
    return PT_OK;
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

static void add(pt_digest_t *digest, const char *name, const char *text)
{
    pt_digest_add(digest, name, strlen(name) + 1);
    pt_digest_add(digest, text, strlen(text) + 1);
}

/* Sections in any order, and those that say nothing new, are the same config. */
static void add_tasks(const pt_config_t *config, pt_digest_t *digest)
{
    const char *last = "";
    for (;;) {
        const pt_task_config_t *next = NULL;
        for (int32_t t = 0; t < config->n_task; t++) {
            const pt_task_config_t *task = &config->task[t];
            if (strcmp(task->name, last) > 0 &&
                (next == NULL || strcmp(task->name, next->name) < 0)) {
                next = task;
            }
        }
        if (next == NULL) {
            return;
        }
        last = next->name;
        for (int32_t i = 0; i < pt_n_task_options; i++) {
            char text[PT_OPTION_TEXT], default_text[PT_OPTION_TEXT];
            pt_task_config_t initial;
            pt_option_init_task(last, strlen(last), &initial);
            pt_option_format(&pt_task_options[i], next, text);
            pt_option_format(&pt_task_options[i], &initial, default_text);
            if (strcmp(text, default_text) != 0) {
                add(digest, last, pt_task_options[i].name);
                add(digest, "", text);
            }
        }
    }
}

void pt_config_digest(const pt_config_t *config, pt_digest_t *digest)
{
    for (int32_t i = 0; i < pt_n_options; i++) {
        if (pt_options[i].class == PT_OPTION_NUMERICS) {
            char text[PT_OPTION_TEXT];
            pt_option_format(&pt_options[i], config, text);
            add(digest, pt_options[i].name, text);
        }
    }
    add_tasks(config, digest);
}

/* The options that differ, as one line. */
typedef struct difference {
    char text[2 * PT_OPTION_TEXT];
    size_t used;
} difference_t;

static void compare_option(const pt_option_t *option, const char *task, const void *ours,
                           const void *theirs, difference_t *d)
{
    char our_text[PT_OPTION_TEXT], their_text[PT_OPTION_TEXT];
    pt_option_format(option, ours, our_text);
    pt_option_format(option, theirs, their_text);
    if (option->class != PT_OPTION_NUMERICS || strcmp(our_text, their_text) == 0 ||
        d->used >= sizeof d->text) {
        return;
    }
    const char *key = option->name + pt_option_section_len(option) + 1;
    size_t left = sizeof d->text - d->used;
    const char *between = d->used > 0 ? "; " : "";
    d->used += (size_t)(task == NULL
                            ? snprintf(d->text + d->used, left, "%s%s = %s, not %s",
                                       between, option->name, our_text, their_text)
                            : snprintf(d->text + d->used, left, "%stask.%s.%s = %s, not %s",
                                       between, task, key, our_text, their_text));
}

static void compare_task(const pt_config_t *ours, const pt_config_t *theirs,
                         const char *name, difference_t *d)
{
    pt_task_config_t our_task = pt_config_task(ours, name);
    pt_task_config_t their_task = pt_config_task(theirs, name);
    for (int32_t i = 0; i < pt_n_task_options; i++) {
        compare_option(&pt_task_options[i], name, &our_task, &their_task, d);
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
    difference_t d = {.used = 0};
    for (int32_t i = 0; i < pt_n_options; i++) {
        compare_option(&pt_options[i], NULL, ours, theirs, &d);
    }
    for (int32_t t = 0; t < ours->n_task; t++) {
        compare_task(ours, theirs, ours->task[t].name, &d);
    }
    for (int32_t t = 0; t < theirs->n_task; t++) {
        if (!has_task(ours, theirs->task[t].name)) {
            compare_task(ours, theirs, theirs->task[t].name, &d);
        }
    }
    if (d.used > 0) {
        PT_FAIL(MISMATCH, "options differ: %s", d.text);
    }
    return PT_OK;
}
