/* Finding options by name, those of a task included, and what a misspelt one means. */
#include <string.h>

#include "config/option.h"
#include "polytree/base/text.h"

#define TASK "task."

size_t pt_option_section_len(const pt_option_t *option)
{
    return (size_t)(strrchr(option->name, '.') - option->name);
}

void pt_option_init_task(const char *name, size_t len, pt_task_config_t *task)
{
    memset(task, 0, sizeof *task);
    memcpy(task->name, name, len < sizeof task->name ? len : sizeof task->name - 1);
    for (int32_t i = 0; i < pt_n_task_options; i++) {
        pt_option_at_t at = {.option = &pt_task_options[i], .base = task};
        pt_status_t status = pt_option_parse(&at, at.option->initial);
        (void)status; /* a test parses every default */
    }
}

pt_option_at_t pt_option_at(pt_config_t *config, int32_t i)
{
    pt_option_at_t at = {&pt_options[i], config, i, ""};
    snprintf(at.name, sizeof at.name, "%s", pt_options[i].name);
    return at;
}

static bool is_key(const pt_option_t *option, const char *key)
{
    return strcmp(option->name + pt_option_section_len(option) + 1, key) == 0;
}

char *pt_option_file(const pt_option_t *option, void *base)
{
    char *field = (char *)base + option->offset;
    int word;
    if (option->type == PT_OPTION_PATH) {
        return field[0] != '\0' ? field : NULL;
    }
    if (option->type != PT_OPTION_FROM) {
        return NULL;
    }
    memcpy(&word, field, sizeof word);
    return option->words[word] == NULL ? field + sizeof word : NULL;
}

bool pt_option_is_of_task(const char *key, size_t len)
{
    for (int32_t i = 0; i < pt_n_task_options; i++) {
        const char *its = pt_task_options[i].name;
        its += pt_option_section_len(&pt_task_options[i]) + 1;
        if (strlen(its) == len && strncmp(its, key, len) == 0) {
            return true;
        }
    }
    return false;
}

static bool in_section(const pt_option_t *option, const char *section, size_t len)
{
    return pt_option_section_len(option) == len && strncmp(option->name, section, len) == 0;
}

/* The option of a table whose key is most like `key`; NULL: whose section is. */
static const pt_option_t *nearest(const pt_option_t *table, int32_t n, const char *section,
                                  size_t section_len, const char *key, int32_t *distance)
{
    const pt_option_t *best = NULL;
    *distance = INT32_MAX;
    for (int32_t i = 0; i < n; i++) {
        size_t len = pt_option_section_len(&table[i]);
        const char *its_key = table[i].name + len + 1;
        int32_t d =
            pt_edit_distance(section, section_len, table[i].name, len) +
            (key == NULL ? 0
                         : pt_edit_distance(key, strlen(key), its_key, strlen(its_key)));
        if (d < *distance) {
            *distance = d;
            best = &table[i];
        }
    }
    return best;
}

static pt_status_t unknown_key(const pt_option_t *near, int32_t distance,
                               const char *section, size_t section_len, const char *key)
{
    size_t near_len = pt_option_section_len(near);
    bool is_task = in_section(near, TASK "NAME", sizeof TASK "NAME" - 1);
    if (!pt_is_near(distance, section_len + 1 + strlen(key), strlen(near->name))) {
        PT_FAIL(CONFIG, "unknown option %.*s.%s; `polytree help options` lists all",
                (int)section_len, section, key);
    }
    PT_FAIL(CONFIG, "unknown option %.*s.%s; the nearest is %.*s.%s", (int)section_len,
            section, key, is_task ? (int)section_len : (int)near_len,
            is_task ? section : near->name, near->name + near_len + 1);
}

static pt_status_t unknown(const char *section, size_t section_len, const char *key)
{
    int32_t to_section, to_key;
    const pt_option_t *near =
        nearest(pt_options, pt_n_options, section, section_len, NULL, &to_section);
    size_t near_len = pt_option_section_len(near);
    if (to_section > 0 && !pt_is_near(to_section, section_len, near_len)) {
        PT_FAIL(CONFIG, "unknown section [%.*s]; `polytree help options` lists all",
                (int)section_len, section);
    }
    if (to_section > 0) {
        PT_FAIL(CONFIG, "unknown section [%.*s]; the nearest is [%.*s]", (int)section_len,
                section, (int)near_len, near->name);
    }
    near = nearest(pt_options, pt_n_options, section, section_len, key, &to_key);
    return unknown_key(near, to_key, section, section_len, key);
}

const pt_option_t *pt_option_nearest_key(const char *key)
{
    const pt_option_t *best = NULL;
    size_t best_len = 0;
    int32_t least = INT32_MAX;
    for (int32_t i = 0; i < pt_n_options; i++) {
        const char *its = pt_options[i].name + pt_option_section_len(&pt_options[i]) + 1;
        int32_t d = pt_edit_distance(key, strlen(key), its, strlen(its));
        if (d < least) {
            least = d;
            best = &pt_options[i];
            best_len = strlen(its);
        }
    }
    return pt_is_near(least, strlen(key), best_len) ? best : NULL;
}

static pt_status_t find_task(pt_config_t *config, const char *name, size_t len,
                             int32_t *index)
{
    for (int32_t t = 0; t < config->n_task; t++) {
        if (strlen(config->task[t].name) == len &&
            strncmp(config->task[t].name, name, len) == 0) {
            *index = t;
            return PT_OK;
        }
    }
    const char *fault = pt_name_fault(name, len);
    if (fault != NULL) {
        PT_FAIL(CONFIG, "[" TASK "%.*s]: no task can be called that: %s", (int)len, name,
                fault);
    }
    if (config->n_task == PT_CONFIG_TASKS) {
        PT_FAIL(CONFIG, "[" TASK "%.*s]: expected at most %d sections of tasks", (int)len,
                name, PT_CONFIG_TASKS);
    }
    *index = config->n_task++;
    pt_option_init_task(name, len, &config->task[*index]);
    return PT_OK;
}

static pt_status_t find_of_task(pt_config_t *config, const char *section,
                                size_t section_len, const char *key, pt_option_at_t *at)
{
    const size_t prefix = sizeof TASK - 1;
    for (int32_t i = 0; i < pt_n_task_options; i++) {
        if (is_key(&pt_task_options[i], key)) {
            int32_t t = -1;
            PT_TRY(find_task(config, section + prefix, section_len - prefix, &t));
            *at = (pt_option_at_t){.option = &pt_task_options[i],
                                   .base = &config->task[t],
                                   .index = pt_n_options + t * pt_n_task_options + i};
            snprintf(at->name, sizeof at->name, "%.*s.%s", (int)section_len, section, key);
            return PT_OK;
        }
    }
    int32_t distance;
    const pt_option_t *near = nearest(pt_task_options, pt_n_task_options, TASK "NAME",
                                      sizeof TASK "NAME" - 1, key, &distance);
    return unknown_key(near, distance, section, section_len, key);
}

pt_status_t pt_option_find(pt_config_t *config, const char *section, size_t section_len,
                           const char *key, pt_option_at_t *at)
{
    if (section_len >= sizeof TASK - 1 && strncmp(section, TASK, sizeof TASK - 1) == 0) {
        return find_of_task(config, section, section_len, key, at);
    }
    for (int32_t i = 0; i < pt_n_options; i++) {
        if (in_section(&pt_options[i], section, section_len) &&
            is_key(&pt_options[i], key)) {
            *at = pt_option_at(config, i);
            return PT_OK;
        }
    }
    return unknown(section, section_len, key);
}
