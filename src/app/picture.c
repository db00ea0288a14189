#include "app/picture.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "polytree/search/architecture.h"

extern char **environ;

/* Start `dot`, its input at the end of a pipe; `*pid` is 0 where there is no such
 * program. */
static pt_status_t start_dot(const char *out, pid_t *pid, FILE **input)
{
    char *argv[] = {(char[]){"dot"}, (char[]){"-Tsvg"}, (char[]){"-o"},
                    (char *)(uintptr_t)out, NULL};
    posix_spawn_file_actions_t actions;
    int end[2], code;
    if (pipe(end) != 0)
        PT_FAIL(IO, "pipe: %s", strerror(errno));
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, end[0], STDIN_FILENO);
    posix_spawn_file_actions_addclose(&actions, end[0]);
    posix_spawn_file_actions_addclose(&actions, end[1]);
    code = posix_spawnp(pid, "dot", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(end[0]);
    if (code != 0) {
        close(end[1]);
        *pid = 0;
        return PT_OK;
    }
    *input = fdopen(end[1], "w");
    if (*input == NULL) {
        close(end[1]);
        PT_FAIL(IO, "fdopen: %s", strerror(errno));
    }
    return PT_OK;
}

static pt_status_t wait_for_dot(pid_t pid)
{
    int how = 0;
    while (waitpid(pid, &how, 0) < 0)
        if (errno != EINTR)
            PT_FAIL(IO, "waiting for dot: %s", strerror(errno));
    if (!WIFEXITED(how) || WEXITSTATUS(how) != 0)
        PT_FAIL(IO, "dot failed with %s %d", WIFEXITED(how) ? "exit code" : "signal",
                WIFEXITED(how) ? WEXITSTATUS(how) : WTERMSIG(how));
    return PT_OK;
}

pt_status_t pt_picture_write(const pt_space_t *space, const pt_subnet_t *subnet,
                             int32_t task, const char *path, bool *is_drawn)
{
    char temporary[4200];
    pid_t pid = 0;
    FILE *input = NULL;
    pt_status_t status, waited;
    void (*old)(int) = signal(SIGPIPE, SIG_IGN);
    snprintf(temporary, sizeof temporary, "%s.tmp.%ld", path, (long)getpid());
    PT_TRY_OR(done, start_dot(temporary, &pid, &input));
    *is_drawn = pid != 0;
    if (pid == 0)
        goto done;
    status = pt_architecture_dot(space, subnet, task, input);
    if (fclose(input) != 0 && status == PT_OK)
        status = PT_ERROR(IO, "writing to dot: %s", strerror(errno));
    waited = wait_for_dot(pid);
    status = status != PT_OK ? status : waited;
    if (status == PT_OK && rename(temporary, path) != 0)
        status = PT_ERROR(IO, "%s: %s", path, strerror(errno));
    if (status != PT_OK)
        unlink(temporary);
done:
    signal(SIGPIPE, old);
    return status;
}
