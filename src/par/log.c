/* Messages go to the program's sink; without one they are dropped. */
#include "polytree/par/log.h"

#include <stdarg.h>
#include <stdio.h>

static pt_log_sink_t log_sink;
static void *log_context;

void pt_log_set_sink(pt_log_sink_t sink, void *context)
{
    log_sink = sink;
    log_context = context;
}

void pt_log(pt_log_level_t level, const char *format, ...)
{
    char message[1024];
    va_list args;
    if (log_sink == NULL)
        return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    log_sink(level, message, log_context);
}
