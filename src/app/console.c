/* All that the program says: a live line on a terminal, whole lines elsewhere, errors. */
#include "app/console.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "polytree/par/log.h"

static size_t live_width;

/* What stdout of the process that started this one is. */
static const char *launcher_output(char path[64])
{
    snprintf(path, 64, "/proc/%ld/fd/1", (long)getppid());
    return path;
}

/* mpirun gives its processes a terminal of their own, wherever its output goes: so look
 * at where its output goes. */
static bool launcher_has_terminal(void)
{
    char path[64], target[256];
    ssize_t n = readlink(launcher_output(path), target, sizeof target - 1);
    if (n <= 0)
        return false;
    target[n] = '\0';
    return strncmp(target, "/dev/pts/", 9) == 0 || strncmp(target, "/dev/tty", 8) == 0;
}

bool pt_console_is_live(void)
{
    if (!isatty(STDOUT_FILENO))
        return false;
    return getenv("OMPI_COMM_WORLD_RANK") == NULL || launcher_has_terminal();
}

static size_t columns_of(int fd)
{
    struct winsize size = {0};
    return fd >= 0 && ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

size_t pt_console_width(void)
{
    char path[64];
    const char *text = getenv("COLUMNS");
    size_t n = columns_of(STDOUT_FILENO);
    /* The terminal that mpirun gives its processes has no size. */
    if (n == 0) {
        int fd = open(launcher_output(path), O_WRONLY | O_NOCTTY | O_CLOEXEC);
        n = columns_of(fd);
        if (fd >= 0)
            close(fd);
    }
    if (n == 0 && text != NULL)
        n = strtoul(text, NULL, 10);
    return n > 0 ? n : 80;
}

static void clear_live(void)
{
    if (live_width > 0)
        printf("\r%*s\r", (int)live_width, "");
    live_width = 0;
}

void pt_console_live(const char *line)
{
    /* In the last column many terminals go on to the next line. */
    size_t width = strlen(line), most = pt_console_width() - 1;
    width = width < most ? width : most;
    live_width = live_width < most ? live_width : most;
    int rest = live_width > width ? (int)(live_width - width) : 0;
    printf("\r%.*s%*s", (int)width, line, rest, "");
    fflush(stdout);
    live_width = width;
}

void pt_console_line(const char *format, ...)
{
    va_list args;
    clear_live();
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

void pt_console_say(void *context, const char *line)
{
    (void)context;
    pt_console_line("%s", line);
}

void pt_console_text(const pt_text_t *text)
{
    clear_live();
    fputs(pt_text_get(text), stdout);
    fflush(stdout);
}

void pt_console_error(const char *format, ...)
{
    va_list args;
    clear_live();
    fflush(stdout);
    fputs("polytree: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

static void take_message(pt_log_level_t level, const char *message, void *context)
{
    (void)context;
    if (level == PT_LOG_WARNING)
        pt_console_error("warning: %s", message);
    else
        pt_console_line("%s", message);
}

void pt_console_take_log(void)
{
    pt_log_set_sink(take_message, NULL);
}
