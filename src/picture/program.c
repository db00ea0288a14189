/* Pictures that other programs draw. */
#include "polytree/picture/program.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Start a program with its input and output in files; 0 where there is none. */
static pid_t start(char *const argv[], int input, int output)
{
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    /* Its remarks are of no use to who runs a search; that it failed is told. */
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int code = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return code == 0 ? pid : 0;
}

static pt_status_t wait_for(const char *name, pid_t pid)
{
    int how = 0;
    while (waitpid(pid, &how, 0) < 0)
        if (errno != EINTR)
            PT_FAIL(IO, "waiting for %s: %s", name, strerror(errno));
    if (!WIFEXITED(how) || WEXITSTATUS(how) != 0)
        PT_FAIL(LIBRARY, "%s failed with %s %d", name,
                WIFEXITED(how) ? "exit code" : "signal",
                WIFEXITED(how) ? WEXITSTATUS(how) : WTERMSIG(how));
    return PT_OK;
}

/* A file in memory with a text in it, to be read from its begin. */
static pt_status_t hold(const char *text, size_t bytes, int *fd)
{
    *fd = memfd_create("polytree", MFD_CLOEXEC);
    if (*fd < 0)
        PT_FAIL(IO, "a file in memory: %s", strerror(errno));
    for (size_t at = 0; at < bytes;) {
        ssize_t n = pwrite(*fd, text + at, bytes - at, (off_t)at);
        if (n < 0 && errno != EINTR)
            PT_FAIL(IO, "a file in memory: %s", strerror(errno));
        at += n < 0 ? 0 : (size_t)n;
    }
    return PT_OK;
}

static pt_status_t keep(const char *name, int output, pt_text_t *out)
{
    struct stat info;
    if (fstat(output, &info) != 0)
        PT_FAIL(IO, "a file in memory: %s", strerror(errno));
    if (info.st_size == 0)
        PT_FAIL(LIBRARY, "%s drew nothing", name);
    size_t bytes = (size_t)info.st_size;
    void *drawn = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, output, 0);
    if (drawn == MAP_FAILED)
        PT_FAIL(IO, "a file in memory: %s", strerror(errno));
    pt_text_add_bytes(out, drawn, bytes);
    munmap(drawn, bytes);
    return out->status;
}

/* Drawn in memory: that a disk was full is no news that such programs tell. */
pt_status_t pt_program_run(char *const argv[], const pt_text_t *script, pt_text_t *out,
                           bool *is_drawn)
{
    int input = -1, output = -1;
    pt_status_t status;
    pid_t pid;
    PT_TRY(script->status);
    PT_TRY_OR(done, hold(pt_text_get(script), script->n, &input));
    PT_TRY_OR(done, hold("", 0, &output));
    pid = start(argv, input, output);
    *is_drawn = pid != 0;
    if (pid == 0)
        goto done;
    PT_TRY_OR(done, wait_for(argv[0], pid));
    status = keep(argv[0], output, out);
done:
    if (input >= 0)
        close(input);
    if (output >= 0)
        close(output);
    return status;
}
