/* The last line of a process that crashes.
 *
 * Whatever it crashed in, the allocator or MPI, may hold locks: the handler calls nothing
 * but what may be called from a signal's. */
#include "app/crash.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/watch.h"

enum { STACK_BYTES = 1 << 16 };

static struct {
    const int number;
    const char *const name;
    char line[160];
} fatal[] = {
    {SIGSEGV, "SIGSEGV", ""}, {SIGABRT, "SIGABRT", ""}, {SIGBUS, "SIGBUS", ""},
    {SIGFPE, "SIGFPE", ""},   {SIGILL, "SIGILL", ""},
};

enum { N_FATAL = sizeof fatal / sizeof fatal[0] };

/* The signal is neither blocked here nor caught again: raise() does not return. */
static void die(int number)
{
    for (int i = 0; i < N_FATAL; i++)
        if (fatal[i].number == number && pt_watch_may_tell() &&
            write(STDERR_FILENO, fatal[i].line, strlen(fatal[i].line)) < 0)
            break; /* nobody to tell */
    raise(number);
}

static void make_lines(const char *who, const char *what_follows)
{
    for (int i = 0; i < N_FATAL; i++)
        snprintf(fatal[i].line, sizeof fatal[i].line,
                 "polytree: %scrashed (%s): %sa run goes on from its last checkpoint with "
                 "the same command\n",
                 who, fatal[i].name, what_follows);
}

void crash_catch(void)
{
    /* Of its own, as the usual one may be what has run out. */
    static char memory[STACK_BYTES];
    const stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    const int on_stack = sigaltstack(&stack, NULL) == 0 ? SA_ONSTACK : 0;
    struct sigaction before, action = {.sa_handler = die};
    action.sa_flags = (int)SA_RESETHAND | SA_NODEFER | on_stack;
    make_lines("", "");
    for (int i = 0; i < N_FATAL; i++)
        if (sigaction(fatal[i].number, NULL, &before) == 0 &&
            (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN))
            sigaction(fatal[i].number, &action, NULL);
}

void crash_name(int32_t rank)
{
    char who[32];
    snprintf(who, sizeof who, "rank %d has ", (int)rank);
    make_lines(who, "all ranks end; ");
}
