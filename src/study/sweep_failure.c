/* A run that has ended in an error of its own is left behind with a file that says why. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "study/sweep_failure.h"
#include "polytree/base/memory.h"
#include "polytree/record/run_file.h"

bool sweep_failure(const char *folder, char why[PT_SWEEP_WHY])
{
    char path[PT_PATH_MAX], *text;
    size_t bytes;
    why[0] = '\0';
    if (!pt_run_file_exists(folder, PT_FILE_FAILED) ||
        pt_run_file_path(folder, PT_FILE_FAILED, path) != PT_OK)
        return false;
    if (pt_file_read(path, &text, &bytes) != PT_OK) {
        pt_error_clear();
        return true;
    }
    snprintf(why, PT_SWEEP_WHY, "%.*s", (int)strcspn(text, "\n"), text);
    pt_free(text);
    return true;
}

bool sweep_failure_stands(const char *folder)
{
    char why[PT_SWEEP_WHY];
    return sweep_failure(folder, why) && pt_run_file_exists(folder, PT_FILE_CONFIG);
}

pt_status_t sweep_failure_write(const char *folder, const char *why)
{
    char path[PT_PATH_MAX], line[PT_SWEEP_WHY];
    PT_TRY(pt_run_file_path(folder, PT_FILE_FAILED, path));
    if (why != NULL) {
        PT_TRY(pt_folder_make(folder));
        int n = snprintf(line, sizeof line, "%.*s\n", PT_SWEEP_WHY - 2, why);
        return pt_file_write(path, line, (size_t)n);
    }
    if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR)
        PT_FAIL(IO, "%s: %s", path, strerror(errno));
    return PT_OK;
}

static bool has_first_network(const char *run)
{
    char supernet[PT_PATH_MAX];
    return pt_run_file_path(run, PT_FILE_SUPERNET, supernet) == PT_OK &&
           pt_run_file_exists(supernet, PT_FILE_CHECKPOINT);
}

const char *sweep_missing_need(const pt_config_t *config)
{
    const pt_method_info_t *method = &pt_methods[config->search.method];
    bool needs_cost = method->matches_cost && config->baseline.madds == 0;
    bool needs_length = method->is_fixed && config->baseline.steps == 0;
    const char *search = config->baseline.cost_of, *first = config->baseline.supernet;
    if (search[0] != '\0' &&
        ((needs_cost && !pt_run_file_exists(search, PT_FILE_ARCHITECTURE)) ||
         (needs_length && !pt_run_file_exists(search, PT_FILE_CONFIG))))
        return search;
    return method->is_drawn && first[0] != '\0' && !has_first_network(first) ? first : NULL;
}
