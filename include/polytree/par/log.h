/** @file
 * Messages for people, through a sink that the program sets; libraries never print.
 */
#ifndef PT_PAR_LOG_H
#define PT_PAR_LOG_H

#include "polytree/base/status.h"

typedef enum pt_log_level { PT_LOG_INFO, PT_LOG_WARNING } pt_log_level_t;
typedef void (*pt_log_sink_t)(pt_log_level_t level, const char *message, void *context);

/** Where messages of this rank go; NULL drops them (the default). */
void pt_log_set_sink(pt_log_sink_t sink, void *context);

/** One line, printf style, without newline. */
void pt_log(pt_log_level_t level, const char *format, ...) PT_PRINTF(2, 3);

#endif
