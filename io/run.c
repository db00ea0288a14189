/*
 * The run folder's side of checkpoints: which one to go on from, and whose run it is.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polytree/par/log.h"
#include "io/checkpoint.h"
#include "io/file.h"

static void remove_leftovers(const char *run)
{
    static const char prefix[] = PT_CHECKPOINT_NAME ".tmp.";
    char path[PT_PATH_MAX];
    DIR *folder = opendir(run);
    for (struct dirent *e = folder ? readdir(folder) : NULL; e; e = readdir(folder))
        if (strncmp(e->d_name, prefix, sizeof prefix - 1) == 0 &&
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
        PT_FAIL(FORMAT, "%.256s; there is no " PT_CHECKPOINT_PREV, why);
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

static pt_status_t load(pt_checkpoint_t *checkpoint, const char *run, bool repairs,
                        bool *is_found, char notice[512])
{
    char current[PT_PATH_MAX], prev[PT_PATH_MAX], bad[PT_PATH_MAX], why[400];
    bool is_there;
    notice[0] = '\0';
    PT_TRY(pt_path_join(run, PT_CHECKPOINT_NAME, current));
    PT_TRY(pt_path_join(run, PT_CHECKPOINT_PREV, prev));
    PT_TRY(pt_path_join(run, PT_CHECKPOINT_BAD, bad));

    pt_status_t status = try_read(checkpoint, current, &is_there);
    if (status == PT_E_FORMAT) {
        snprintf(why, sizeof why, "%s", pt_error_message());
        PT_TRY(load_previous(checkpoint, current, prev, repairs ? bad : NULL, why));
        snprintf(notice, 512, "skipped %.380s; %s" PT_CHECKPOINT_PREV, why,
                 repairs ? "renamed to " PT_CHECKPOINT_BAD ", went on from " : "read ");
    } else {
        PT_TRY(status);
        if (!is_there) {
            PT_TRY(try_read(checkpoint, prev, &is_there));
            if (is_there)
                snprintf(notice, 512, "no " PT_CHECKPOINT_NAME " in %.380s, %s %s", run,
                         repairs ? "went on from" : "read", PT_CHECKPOINT_PREV);
        }
    }
    *is_found = is_there;
    if (is_there && repairs)
        remove_leftovers(run);
    return PT_OK;
}

pt_status_t pt_checkpoint_load(pt_checkpoint_t *checkpoint, const char *run, bool *is_found,
                               char notice[512])
{
    return load(checkpoint, run, true, is_found, notice);
}

pt_status_t pt_checkpoint_peek(pt_checkpoint_t *checkpoint, const char *run, bool *is_found,
                               char notice[512])
{
    return load(checkpoint, run, false, is_found, notice);
}

static void read_holder(int fd, char text[256])
{
    ssize_t n = pread(fd, text, 255, 0);
    text[n > 0 ? (size_t)n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
}

static pt_status_t lock_holder(int fd, const char *path)
{
    char text[256];
    read_holder(fd, text);
    PT_FAIL(IO, "%s: another job has this run%s%s", path, text[0] ? ": " : "", text);
}

/* Whether `fd` is still what stands under `path`: its last holder may have removed it. */
static bool is_current(int fd, const char *path)
{
    struct stat mine, named;
    return fstat(fd, &mine) == 0 && stat(path, &named) == 0 &&
           mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
}

pt_status_t pt_run_lock(const char *run, int *fd)
{
    char path[PT_PATH_MAX], host[128] = "unknown";
    PT_TRY(pt_path_join(run, "lock", path));
    for (;;) {
        int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (lock < 0)
            PT_FAIL(IO, "%s: cannot open: %s", path, strerror(errno));
        if (flock(lock, LOCK_EX | LOCK_NB)) {
            int why = errno;
            if (why == EWOULDBLOCK) {
                pt_status_t status = lock_holder(lock, path);
                close(lock);
                return status;
            }
            pt_log(PT_LOG_WARNING,
                   "%s: this file system has no locks (%s): "
                   "nothing holds off a second job on this run",
                   path, strerror(why));
        }
        if (!is_current(lock, path)) {
            close(lock);
            continue;
        }
        gethostname(host, sizeof host - 1);
        if (ftruncate(lock, 0) ||
            dprintf(lock, "pid %ld on %s\n", (long)getpid(), host) < 0) {
            int why = errno;
            close(lock);
            PT_FAIL(IO, "%s: cannot write: %s", path, strerror(why));
        }
        *fd = lock;
        return PT_OK;
    }
}

void pt_run_unlock(const char *run, int fd)
{
    char path[PT_PATH_MAX];
    if (fd < 0)
        return;
    if (pt_path_join(run, "lock", path) == PT_OK && is_current(fd, path))
        unlink(path);
    close(fd);
}

pt_run_hold_t pt_run_holder(const char *run, char holder[256])
{
    char path[PT_PATH_MAX];
    holder[0] = '\0';
    if (pt_path_join(run, "lock", path) != PT_OK) {
        pt_error_clear();
        return PT_RUN_FREE;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return PT_RUN_FREE;
    read_holder(fd, holder);
    bool is_held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return is_held ? PT_RUN_HELD : PT_RUN_ABANDONED;
}
