/* What went wrong: the message of a failure, and the calls through which it came. */
#include "polytree/base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char message[4096];
static _Thread_local char trace[4096];

const char *pt_status_text(pt_status_t status)
{
    static const char *const text[] = {
#define PT_STATUS_TEXT(code, words) [PT_E_##code] = words,
        PT_STATUS_LIST(PT_STATUS_TEXT)
#undef PT_STATUS_TEXT
    };
    return (unsigned)status < PT_N_STATUS ? text[status] : "unknown status";
}

/* A line that does not fit is dropped whole: the innermost calls say most. */
static void append_trace(const char *file, int line, const char *text)
{
    size_t used = strlen(trace);
    size_t left = sizeof trace - used;
    int n = snprintf(trace + used, left, "%s%s:%d %s", used ? "\n" : "", file, line, text);
    if (n < 0 || (size_t)n >= left) {
        trace[used] = '\0';
    }
}

pt_status_t pt_error_set(pt_status_t status, const char *file, int line, const char *format,
                         ...)
{
    /* An argument may be the last message itself. */
    char text[sizeof message];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            *c = ' ';
        }
    }
    memcpy(message, text, strlen(text) + 1);
    trace[0] = '\0';
    append_trace(file, line, pt_status_text(status));
    return status;
}

pt_status_t pt_error_trace_add(pt_status_t status, const char *file, int line,
                               const char *expression)
{
    append_trace(file, line, expression);
    return status;
}

const char *pt_error_message(void)
{
    return message;
}

const char *pt_error_trace(void)
{
    return trace;
}

void pt_error_clear(void)
{
    message[0] = '\0';
    trace[0] = '\0';
}
