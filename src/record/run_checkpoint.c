/* Checkpoints in the folder of a run: which one to go on from. */
#include "polytree/record/run_checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "polytree/record/run_file.h"

static void remove_leftovers(const char *run)
{
    char prefix[64], path[PT_PATH_MAX];
    size_t bytes = (size_t)snprintf(prefix, sizeof prefix, "%s.tmp.",
                                    pt_run_file_name(PT_FILE_CHECKPOINT));
    DIR *folder = opendir(run);
    for (struct dirent *e = folder ? readdir(folder) : NULL; e; e = readdir(folder))
        if (strncmp(e->d_name, prefix, bytes) == 0 &&
            pt_path_join(run, e->d_name, path) == PT_OK)
            unlink(path);
    if (folder)
        closedir(folder);
}

/* PT_OK with *is_there false where there is no such file. */
static pt_status_t try_read(pt_checkpoint_t *checkpoint, const char *path, bool *is_there)
{
    *is_there = pt_path_exists(path);
    if (*is_there)
        PT_TRY(pt_checkpoint_read(checkpoint, path));
    return PT_OK;
}

/* The current one is known bad and `why` says so.  It is moved away only when the previous
 * one has been loaded: with neither, a later start must not find an empty run. */
static pt_status_t load_previous(pt_checkpoint_t *checkpoint, const char *current,
                                 const char *prev, const char *bad, const char *why)
{
    bool is_there;
    pt_status_t status = try_read(checkpoint, prev, &is_there);
    if (status == PT_OK && !is_there)
        PT_FAIL(FORMAT, "%.256s; there is no %s", why,
                pt_run_file_name(PT_FILE_CHECKPOINT_PREV));
    if (status == PT_E_FORMAT) {
        char also[256];
        snprintf(also, sizeof also, "%s", pt_error_message());
        PT_FAIL(FORMAT, "no loadable checkpoint: %.200s; %.200s", why, also);
    }
    PT_TRY(status);
    if (bad == NULL)
        return PT_OK;
    if (rename(current, bad))
        PT_FAIL(IO, "%s: cannot rename to %s: %s", current, bad, strerror(errno));
    return pt_folder_sync(current);
}

static void note_bad(const char *why, bool repairs, char notice[512])
{
    const char *prev = pt_run_file_name(PT_FILE_CHECKPOINT_PREV);
    if (repairs)
        snprintf(notice, 512, "skipped %.380s; renamed to %s, went on from %s", why,
                 pt_run_file_name(PT_FILE_CHECKPOINT_BAD), prev);
    else
        snprintf(notice, 512, "skipped %.380s; read %s", why, prev);
}

static pt_status_t load(const char *run, bool repairs, pt_checkpoint_t *checkpoint,
                        bool *is_found, char notice[512])
{
    char current[PT_PATH_MAX], prev[PT_PATH_MAX], bad[PT_PATH_MAX], why[400];
    bool is_there;
    notice[0] = '\0';
    PT_TRY(pt_run_file_path(run, PT_FILE_CHECKPOINT, current));
    PT_TRY(pt_run_file_path(run, PT_FILE_CHECKPOINT_PREV, prev));
    PT_TRY(pt_run_file_path(run, PT_FILE_CHECKPOINT_BAD, bad));

    pt_status_t status = try_read(checkpoint, current, &is_there);
    if (status == PT_E_FORMAT) {
        snprintf(why, sizeof why, "%s", pt_error_message());
        PT_TRY(load_previous(checkpoint, current, prev, repairs ? bad : NULL, why));
        note_bad(why, repairs, notice);
    } else {
        PT_TRY(status);
        if (!is_there) {
            PT_TRY(try_read(checkpoint, prev, &is_there));
            if (is_there)
                snprintf(notice, 512, "no %s in %.380s, %s %s",
                         pt_run_file_name(PT_FILE_CHECKPOINT), run,
                         repairs ? "went on from" : "read",
                         pt_run_file_name(PT_FILE_CHECKPOINT_PREV));
        }
    }
    *is_found = is_there;
    if (is_there && repairs)
        remove_leftovers(run);
    return PT_OK;
}

pt_status_t pt_run_checkpoint_write(const char *run, pt_checkpoint_t *checkpoint)
{
    char current[PT_PATH_MAX], prev[PT_PATH_MAX];
    PT_TRY(pt_run_file_path(run, PT_FILE_CHECKPOINT, current));
    PT_TRY(pt_run_file_path(run, PT_FILE_CHECKPOINT_PREV, prev));
    return pt_checkpoint_write(checkpoint, current, prev);
}

pt_status_t pt_run_checkpoint_load(const char *run, pt_checkpoint_t *checkpoint,
                                   bool *is_found, char notice[512])
{
    return load(run, true, checkpoint, is_found, notice);
}

pt_status_t pt_run_checkpoint_peek(const char *run, pt_checkpoint_t *checkpoint,
                                   bool *is_found, char notice[512])
{
    return load(run, false, checkpoint, is_found, notice);
}

pt_status_t pt_run_check_version(const char *run, const char *version)
{
    if (strcmp(version, PT_VERSION) != 0)
        PT_FAIL(MISMATCH,
                "%s was begun with polytree %s and is not finished: polytree %s cannot go "
                "on with it (give another folder to start anew)",
                run, version, PT_VERSION);
    return PT_OK;
}
