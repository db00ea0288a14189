/* A run that has ended in an error of its own is left behind with a file that says why. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/sweep.h"
#include "polytree/base/memory.h"
#include "polytree/io/file.h"

enum { PATH_BYTES = PT_CONFIG_TEXT + 64 };

static const char *path_of(const char *folder, const char *name, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%s", folder, name);
    return path;
}

bool sweep_failure(const char *folder, char why[SWEEP_WHY])
{
    char path[PATH_BYTES], *text;
    size_t bytes;
    why[0] = '\0';
    if (!pt_path_exists(path_of(folder, "failed.txt", path)))
        return false;
    if (pt_file_read(path, &text, &bytes) != PT_OK) {
        pt_error_clear();
        return true;
    }
    snprintf(why, SWEEP_WHY, "%.*s", (int)strcspn(text, "\n"), text);
    pt_free(text);
    return true;
}

bool sweep_failure_stands(const char *folder)
{
    char path[PATH_BYTES], why[SWEEP_WHY];
    return sweep_failure(folder, why) &&
           pt_path_exists(path_of(folder, "config.ini", path));
}

pt_status_t sweep_failure_write(const char *folder, const char *why)
{
    char path[PATH_BYTES], line[SWEEP_WHY];
    path_of(folder, "failed.txt", path);
    if (why != NULL) {
        PT_TRY(pt_folder_make(folder));
        int n = snprintf(line, sizeof line, "%.*s\n", SWEEP_WHY - 2, why);
        return pt_file_write(path, line, (size_t)n);
    }
    if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR)
        PT_FAIL(IO, "%s: %s", path, strerror(errno));
    return PT_OK;
}

static bool has_failed_without(const char *run, const char *name)
{
    char path[PATH_BYTES], why[SWEEP_WHY];
    return run[0] != '\0' && sweep_failure(run, why) &&
           !pt_path_exists(path_of(run, name, path));
}

const char *sweep_failed_need(const pt_config_t *config)
{
    pt_method_t method = config->search.method;
    bool is_random = method == PT_METHOD_RANDOM;
    bool needs_cost =
        (is_random || pt_method_is_chain(method)) && config->baseline.madds == 0;
    bool needs_length = pt_method_is_fixed(method) && config->baseline.steps == 0;
    const char *search = config->baseline.cost_of, *first = config->baseline.supernet;
    if ((needs_cost && has_failed_without(search, "architecture.json")) ||
        (needs_length && has_failed_without(search, "config.ini")))
        return search;
    return is_random && has_failed_without(first, "supernet/checkpoint.h5") ? first : NULL;
}
