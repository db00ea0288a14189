/* Whole files read and written, temporary names, and renames that outlive a crash. */
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polytree/base/hash.h"
#include "polytree/base/memory.h"

pt_status_t pt_path_join(const char *folder, const char *name, char out[PT_PATH_MAX])
{
    int n = snprintf(out, PT_PATH_MAX, "%s/%s", folder, name);
    if (n < 0 || n >= PT_PATH_MAX)
        PT_FAIL(RANGE, "%.64s...: path longer than %d bytes", folder, PT_PATH_MAX - 1);
    return PT_OK;
}

/* Processes have numbers of their machine: both tell who writes. */
static void name_host(char host[65])
{
    host[64] = '\0';
    if (gethostname(host, 64) != 0)
        strcpy(host, "unknown");
}

pt_status_t pt_path_temp(const char *path, char out[PT_PATH_MAX])
{
    char host[65];
    name_host(host);
    int n = snprintf(out, PT_PATH_MAX, "%s.tmp.%s.%ld", path, host, (long)getpid());
    if (n < 0 || n >= PT_PATH_MAX)
        PT_FAIL(RANGE, "%.64s...: path longer than %d bytes", path, PT_PATH_MAX - 1);
    return PT_OK;
}

static bool is_of_dead(const char *pid)
{
    char *end;
    long number = strtol(pid, &end, 10);
    return number > 0 && *end == '\0' && kill((pid_t)number, 0) != 0 && errno == ESRCH;
}

void pt_path_clear_stale(const char *path)
{
    char folder[PT_PATH_MAX], prefix[PT_PATH_MAX + 80], stale[2 * PT_PATH_MAX], host[65];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    name_host(host);
    size_t bytes = (size_t)snprintf(prefix, sizeof prefix, "%s.tmp.%s.", name, host);
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(name - path) : 2,
             slash ? path : "./");
    DIR *list = opendir(folder);
    for (struct dirent *e = list ? readdir(list) : NULL; e; e = readdir(list))
        if (strncmp(e->d_name, prefix, bytes) == 0 && is_of_dead(e->d_name + bytes)) {
            snprintf(stale, sizeof stale, "%s%s", folder, e->d_name);
            unlink(stale);
        }
    if (list)
        closedir(list);
}

/* Read by a signal handler: set only when its text is whole. */
static char exposed[PT_PATH_MAX];
static volatile sig_atomic_t is_exposed;

void pt_file_expose(const char *temp)
{
    is_exposed = 0;
    if (temp == NULL)
        return;
    snprintf(exposed, sizeof exposed, "%s", temp);
    is_exposed = 1;
}

void pt_file_abandon(void)
{
    if (is_exposed)
        unlink(exposed);
}

bool pt_path_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

pt_status_t pt_file_sync(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        PT_FAIL(IO, "%s: cannot open: %s", path, strerror(errno));
    int failed = fsync(fd) ? errno : 0;
    close(fd);
    if (failed)
        PT_FAIL(IO, "%s: cannot write to the disk: %s", path, strerror(failed));
    return PT_OK;
}

pt_status_t pt_folder_sync(const char *path)
{
    char folder[PT_PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t bytes = slash ? (size_t)(slash - path) : 0;
    if (bytes >= sizeof folder)
        PT_FAIL(RANGE, "%.64s...: path longer than %d bytes", path, PT_PATH_MAX - 1);
    memcpy(folder, path, bytes);
    folder[bytes] = '\0';
    const char *name = !slash ? "." : bytes ? folder : "/";

    int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        PT_FAIL(IO, "%s: cannot open folder: %s", name, strerror(errno));
    int failed = fsync(fd) ? errno : 0;
    close(fd);
    /* Some file systems have nothing to sync in a folder and say so with these. */
    if (failed && failed != EINVAL && failed != ENOTSUP && failed != ENOSYS)
        PT_FAIL(IO, "%s: cannot write folder to the disk: %s", name, strerror(failed));
    return PT_OK;
}

pt_status_t pt_file_publish(const char *temp, const char *path)
{
    PT_TRY(pt_file_sync(temp));
    if (rename(temp, path))
        PT_FAIL(IO, "%s: cannot rename to this name: %s", path, strerror(errno));
    pt_path_clear_stale(path);
    return pt_folder_sync(path);
}

static pt_status_t write_all(int fd, const char *path, const char *text, size_t bytes)
{
    while (bytes > 0) {
        ssize_t n = write(fd, text, bytes < (1u << 30) ? bytes : (1u << 30));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            PT_FAIL(IO, "%s: cannot write: %s", path, strerror(errno));
        text += n;
        bytes -= (size_t)n;
    }
    return PT_OK;
}

static pt_status_t put(const char *path, const void *data, size_t bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        PT_FAIL(IO, "%s: cannot create: %s", path, strerror(errno));
    pt_status_t status = write_all(fd, path, data, bytes);
    if (close(fd) && status == PT_OK)
        status = PT_ERROR(IO, "%s: cannot write: %s", path, strerror(errno));
    return status;
}

pt_status_t pt_file_write(const char *path, const char *text, size_t bytes)
{
    char temp[PT_PATH_MAX];
    PT_TRY(pt_path_temp(path, temp));
    pt_status_t status = put(temp, text, bytes);
    if (status == PT_OK)
        status = pt_file_publish(temp, path);
    if (status != PT_OK)
        unlink(temp);
    return pt_file_blame(status, temp, path);
}

pt_status_t pt_file_write_text(const char *path, pt_text_t *text)
{
    pt_status_t status = text->status;
    if (status == PT_OK)
        status = pt_file_write(path, pt_text_get(text), text->n);
    pt_text_release(text);
    return status;
}

pt_status_t pt_file_blame(pt_status_t status, const char *temp, const char *path)
{
    const char *message = pt_error_message(), *at = strstr(message, temp);
    if (status == PT_OK || at == NULL)
        return status;
    return pt_error_set(status, __FILE__, __LINE__, "%.*s%s%s", (int)(at - message),
                        message, path, at + strlen(temp));
}

static pt_status_t read_all(int fd, const char *path, char *text, size_t want, size_t *got)
{
    *got = 0;
    while (*got < want) {
        ssize_t n = read(fd, text + *got, want - *got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            PT_FAIL(IO, "%s: cannot read: %s", path, strerror(errno));
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return PT_OK;
}

pt_status_t pt_file_read(const char *path, char **text, size_t *bytes)
{
    pt_status_t status = PT_OK;
    char *buffer = NULL;
    struct stat info;
    size_t got = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        PT_FAIL(IO, "%s: cannot open: %s", path, strerror(errno));
    if (fstat(fd, &info)) {
        status = PT_ERROR(IO, "%s: %s", path, strerror(errno));
        goto done;
    }
    if (!S_ISREG(info.st_mode)) {
        status = PT_ERROR(IO, "%s: not a regular file", path);
        goto done;
    }
    PT_TRY_OR(done, pt_alloc(&buffer, (size_t)info.st_size + 1, 1));
    PT_TRY_OR(done, read_all(fd, path, buffer, (size_t)info.st_size, &got));
    buffer[got] = '\0';
    *text = buffer;
    *bytes = got;
    buffer = NULL;
done:
    pt_free(buffer);
    close(fd);
    return status;
}

pt_status_t pt_folder_make(const char *path)
{
    char part[PT_PATH_MAX];
    size_t bytes = strlen(path);
    if (bytes == 0 || bytes >= sizeof part)
        PT_FAIL(RANGE, "'%.64s': not a folder name of 1 to %d bytes", path,
                PT_PATH_MAX - 1);
    for (size_t i = 1; i <= bytes; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) && errno != EEXIST && errno != EISDIR)
            PT_FAIL(IO, "%s: cannot make folder: %s", part, strerror(errno));
    }
    struct stat info;
    if (stat(path, &info) || !S_ISDIR(info.st_mode))
        PT_FAIL(IO, "%s: not a folder", path);
    return PT_OK;
}

pt_status_t pt_file_cut(const char *path, int64_t bytes)
{
    struct stat info;
    if (stat(path, &info))
        PT_FAIL(IO, "%s: %s", path, strerror(errno));
    if (bytes < 0 || (int64_t)info.st_size < bytes)
        PT_FAIL(FORMAT, "%s: holds %lld bytes, expected at least %lld", path,
                (long long)info.st_size, (long long)bytes);
    if (truncate(path, (off_t)bytes))
        PT_FAIL(IO, "%s: cannot cut to %lld bytes: %s", path, (long long)bytes,
                strerror(errno));
    return PT_OK;
}

pt_status_t pt_file_digest(const char *path, char out[33])
{
    char piece[1 << 14];
    size_t n;
    pt_digest_t *digest;
    FILE *file = fopen(path, "r");
    if (file == NULL)
        PT_FAIL(IO, "%s: cannot open: %s", path, strerror(errno));
    pt_status_t status = pt_digest_new(&digest);
    if (status == PT_OK) {
        while ((n = fread(piece, 1, sizeof piece, file)) > 0)
            pt_digest_add(digest, piece, n);
        if (ferror(file))
            status = PT_ERROR(IO, "%s: %s", path, strerror(errno));
        else
            pt_digest_hex(digest, out);
        pt_digest_free(digest);
    }
    fclose(file);
    return status;
}
