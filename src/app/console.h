/** @file
 * What the program says: one live line on a terminal, whole lines else, errors.
 */
#ifndef APP_CONSOLE_H
#define APP_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "polytree/base/text.h"

/** Columns that tables have for the names of tasks, at least. */
enum { NAME_COLUMNS = 34 };

/** Whether stdout ends at a terminal, also through mpirun. */
bool pt_console_is_live(void);

/** Columns of the terminal that stdout ends at: as it says, else COLUMNS, else 80. */
size_t pt_console_width(void);

/** Replace the live line, cut to the terminal's width. */
void pt_console_live(const char *line);

/** A whole line on stdout; the live line goes. */
void pt_console_line(const char *format, ...) PT_PRINTF(1, 2);

/** The same of a line, for who calls back (pt_import_talk_t). */
void pt_console_say(void *context, const char *line);

/** Whole lines on stdout, each with its newline; what failed to be put together is left
 * out. */
void pt_console_text(const pt_text_t *text);

/** "polytree: ..." on stderr, one line. */
void pt_console_error(const char *format, ...) PT_PRINTF(1, 2);

/** Send the libraries' messages here (one rank does). */
void pt_console_take_log(void);

#endif
