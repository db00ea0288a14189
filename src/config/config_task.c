/* The sections of tasks in a config: what a task is given, and names that no task has. */
#include <string.h>

#include "config/option.h"
#include "polytree/base/text.h"

pt_task_config_t pt_config_task(const pt_config_t *config, const char *name)
{
    pt_task_config_t task;
    for (int32_t t = 0; t < config->n_task; t++) {
        if (strcmp(config->task[t].name, name) == 0) {
            return config->task[t];
        }
    }
    pt_option_init_task(name, strlen(name), &task);
    return task;
}

/* Whether run.preset brought the section and nothing changed it since. */
static bool is_of_preset(const pt_config_t *config, const pt_task_config_t *task)
{
    pt_config_t preset;
    pt_config_init(&preset);
    if (pt_preset_apply(config->run.preset, &preset) != PT_OK) {
        return false;
    }
    for (int32_t t = 0; t < preset.n_task; t++) {
        if (memcmp(&preset.task[t], task, sizeof *task) == 0) {
            return true;
        }
    }
    return false;
}

/* "are a, b, c", or "are 1000: a, b, c, ...". */
static const char *list_names(int32_t n, const char *const *names, char *text, size_t size)
{
    enum { LINE = 160 };
    pt_text_t list = pt_text_in(text, size);
    size_t bytes = 0;
    for (int32_t i = 0; i < n; i++) {
        bytes += strlen(names[i]) + 2;
    }
    pt_text_add(&list, n == 1 ? "is" : "are");
    if (bytes > LINE) {
        pt_text_add(&list, " %d:", (int)n);
    }
    for (int32_t i = 0; i < n && list.n < LINE; i++) {
        pt_text_add(&list, "%s %s", i > 0 ? "," : "", names[i]);
        if (list.n >= LINE && i < n - 1) {
            pt_text_add(&list, ", ...");
        }
    }
    return text;
}

pt_status_t pt_config_check_tasks(const pt_config_t *config, int32_t n,
                                  const char *const *names)
{
    for (int32_t t = 0; t < config->n_task; t++) {
        const char *name = config->task[t].name;
        int32_t distance = INT32_MAX, near = -1;
        for (int32_t i = 0; i < n; i++) {
            int32_t d = pt_edit_distance(name, strlen(name), names[i], strlen(names[i]));
            near = d < distance ? i : near;
            distance = d < distance ? d : distance;
        }
        if (distance == 0 || is_of_preset(config, &config->task[t])) {
            continue;
        }
        if (near >= 0 && pt_is_near(distance, strlen(name), strlen(names[near]))) {
            PT_FAIL(CONFIG, "[task.%s]: there is no such task; the nearest is %s", name,
                    names[near]);
        }
        char there[300];
        PT_FAIL(CONFIG, "[task.%s]: there is no such task; there %s", name,
                list_names(n, names, there, sizeof there));
    }
    return PT_OK;
}
