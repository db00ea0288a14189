/* Pictures that other programs draw. */
#include "polytree/picture/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "polytree/io/file.h"

extern char **environ;

/* Start a program, its input at the end of a pipe, its output in a file; `*pid` is 0 where
 * there is no such program. */
static pt_status_t start(char *const argv[], const char *out, pid_t *pid, FILE **input)
{
    posix_spawn_file_actions_t actions;
    int end[2], code, file = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0)
        PT_FAIL(IO, "%s: %s", out, strerror(errno));
    if (pipe(end) != 0) {
        close(file);
        PT_FAIL(IO, "pipe: %s", strerror(errno));
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, end[0], STDIN_FILENO);
    posix_spawn_file_actions_addclose(&actions, end[0]);
    posix_spawn_file_actions_addclose(&actions, end[1]);
    posix_spawn_file_actions_adddup2(&actions, file, STDOUT_FILENO);
    /* Its remarks are of no use to who runs a search; that it failed is told. */
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    code = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(end[0]);
    close(file);
    if (code != 0) {
        close(end[1]);
        unlink(out);
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

static pt_status_t wait_for(const char *name, pid_t pid)
{
    int how = 0;
    while (waitpid(pid, &how, 0) < 0)
        if (errno != EINTR)
            PT_FAIL(IO, "waiting for %s: %s", name, strerror(errno));
    if (!WIFEXITED(how) || WEXITSTATUS(how) != 0)
        PT_FAIL(IO, "%s failed with %s %d", name, WIFEXITED(how) ? "exit code" : "signal",
                WIFEXITED(how) ? WEXITSTATUS(how) : WTERMSIG(how));
    return PT_OK;
}

pt_status_t pt_program_run(char *const argv[], const pt_text_t *script, const char *path,
                           bool *is_drawn)
{
    char temporary[4200];
    pid_t pid = 0;
    FILE *input = NULL;
    pt_status_t status, waited;
    PT_TRY(script->status);
    void (*old)(int) = signal(SIGPIPE, SIG_IGN);
    snprintf(temporary, sizeof temporary, "%s.tmp.%ld", path, (long)getpid());
    PT_TRY_OR(done, pt_file_blame(start(argv, temporary, &pid, &input), temporary, path));
    *is_drawn = pid != 0;
    if (pid == 0)
        goto done;
    fwrite(pt_text_get(script), 1, script->n, input);
    bool is_read = !ferror(input);
    if (fclose(input) != 0 || !is_read)
        status = PT_ERROR(IO, "writing to %s: %s", argv[0], strerror(errno));
    waited = wait_for(argv[0], pid);
    status = status != PT_OK ? status : waited;
    status = pt_file_blame(status, temporary, path);
    if (status == PT_OK && rename(temporary, path) != 0)
        status = PT_ERROR(IO, "%s: %s", path, strerror(errno));
    if (status != PT_OK)
        unlink(temporary);
done:
    signal(SIGPIPE, old);
    return status;
}

pt_status_t pt_program_plot(const pt_text_t *script, const char *path, bool *is_drawn)
{
    char *argv[] = {(char[]){"gnuplot"}, NULL};
    return pt_program_run(argv, script, path, is_drawn);
}
