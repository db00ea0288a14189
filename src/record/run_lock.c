/* The lock on the folder of a run: a lock of the whole lock file, which ends with the
 * process, and in the file who has it.
 *
 * Locks of the file's open description serve, as who looks at such a lock does not take it.
 * Where the file system has none, or the other one's has not, the lines tell: whether that
 * process is there, and is the one that wrote them. */
#include "polytree/record/run_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polytree/par/log.h"
#include "polytree/record/run_file.h"

/* What the lock file says: for people "pid 12 on HOST", and below it what tells this
 * process from a later one of its number. */
typedef struct holder {
    char text[256]; /* "": nothing */
    long pid;
    char host[128];
    unsigned long long
        start;      /* of the process, in ticks since the machine's; 0: not known */
    bool is_locked; /* not where its file system had no locks */
} holder_t;

static void name_host(char host[128])
{
    host[127] = '\0';
    if (gethostname(host, 127) != 0)
        strcpy(host, "unknown");
}

/* Field 22 of what Linux tells of a process; its name may have blanks and brackets. */
static unsigned long long start_of(long pid)
{
    char path[64], text[1024], *at;
    unsigned long long start = 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 22; field++)
        at = strchr(at + 1, ' ');
    if (at == NULL || sscanf(at, "%llu", &start) != 1)
        return 0;
    return start;
}

static void read_holder(int fd, holder_t *h)
{
    char text[512];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    int is_locked = 1;
    *h = (holder_t){.is_locked = true};
    text[n > 0 ? (size_t)n : 0] = '\0';
    if (sscanf(text, "pid %ld on %127[^\n]\nstart %llu locked %d", &h->pid, h->host,
               &h->start, &is_locked) == 4)
        h->is_locked = is_locked != 0;
    snprintf(h->text, sizeof h->text, "%.*s", (int)strcspn(text, "\n"), text);
}

static pt_status_t write_holder(int fd, const char *path, bool is_locked)
{
    char host[128];
    long pid = (long)getpid();
    name_host(host);
    if (ftruncate(fd, 0) != 0 || dprintf(fd, "pid %ld on %s\nstart %llu locked %d\n", pid,
                                         host, start_of(pid), is_locked) < 0)
        PT_FAIL(IO, "%s: cannot write: %s", path, strerror(errno));
    return PT_OK;
}

/* What the lines tell where locks do not. */
static pt_run_hold_t ask_process(const holder_t *h)
{
    char host[128];
    name_host(host);
    if (h->pid <= 0)
        return PT_RUN_ABANDONED;
    if (strcmp(h->host, host) != 0)
        return PT_RUN_UNKNOWN;
    if (kill((pid_t)h->pid, 0) != 0 && errno != EPERM)
        return PT_RUN_ABANDONED;
    return h->start == start_of(h->pid) ? PT_RUN_HELD : PT_RUN_ABANDONED;
}

/* Whether `fd` is still what stands under `path`: its last holder may have removed it. */
static bool is_current(int fd, const char *path)
{
    struct stat mine, named;
    return fstat(fd, &mine) == 0 && stat(path, &named) == 0 &&
           mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
}

/* Take the lock of an open file, or find that there are none. */
static pt_status_t take(int fd, const char *path)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    bool is_locked = fcntl(fd, F_OFD_SETLK, &lock) == 0;
    int why = is_locked ? 0 : errno;
    holder_t other;
    read_holder(fd, &other);
    if (why == EAGAIN || why == EACCES ||
        ((why != 0 || !other.is_locked) && ask_process(&other) == PT_RUN_HELD))
        PT_FAIL(BUSY, "%s: another job has this run%s%s", path, other.text[0] ? ": " : "",
                other.text);
    if (why != 0)
        pt_log(PT_LOG_WARNING,
               "%s: this file system has no locks (%s): nothing holds off a second job on "
               "this run from another machine",
               path, strerror(why));
    /* Removed meanwhile: the caller tries the next one. */
    return is_current(fd, path) ? write_holder(fd, path, is_locked) : PT_OK;
}

pt_status_t pt_run_lock(const char *run, int *fd)
{
    char path[PT_PATH_MAX];
    PT_TRY(pt_run_file_path(run, PT_FILE_LOCK, path));
    for (;;) {
        int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (lock < 0)
            PT_FAIL(IO, "%s: cannot open: %s", path, strerror(errno));
        pt_status_t status = take(lock, path);
        if (status == PT_OK && is_current(lock, path)) {
            *fd = lock;
            return PT_OK;
        }
        close(lock);
        PT_TRY(status);
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
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char path[PT_PATH_MAX];
    holder_t h;
    holder[0] = '\0';
    if (pt_run_file_path(run, PT_FILE_LOCK, path) != PT_OK) {
        pt_error_clear();
        return PT_RUN_FREE;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return PT_RUN_FREE;
    bool has_locks = fcntl(fd, F_OFD_GETLK, &lock) == 0;
    read_holder(fd, &h);
    close(fd);
    memcpy(holder, h.text, sizeof h.text);
    if (has_locks && lock.l_type != F_UNLCK)
        return PT_RUN_HELD;
    if (h.text[0] == '\0') /* somebody is about to take it */
        return PT_RUN_FREE;
    return has_locks && h.is_locked ? PT_RUN_ABANDONED : ask_process(&h);
}
