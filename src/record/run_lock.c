/* The lock on the folder of a run. */
#include "polytree/record/run_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polytree/par/log.h"
#include "polytree/record/run_file.h"

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
    PT_TRY(pt_run_file_path(run, PT_FILE_LOCK, path));
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
    if (pt_run_file_path(run, PT_FILE_LOCK, path) == PT_OK && is_current(fd, path))
        unlink(path);
    close(fd);
}

pt_run_hold_t pt_run_holder(const char *run, char holder[256])
{
    char path[PT_PATH_MAX];
    holder[0] = '\0';
    if (pt_run_file_path(run, PT_FILE_LOCK, path) != PT_OK) {
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
