/** @file
 * Pictures that other programs draw, where those are installed.
 */
#ifndef PT_PICTURE_PROGRAM_H
#define PT_PICTURE_PROGRAM_H

#include <stdbool.h>
#include <stdio.h>

#include "polytree/base/status.h"

/** Write what the program is to read. */
typedef pt_status_t (*pt_program_source_t)(const void *context, FILE *input);

/**
 * Run `argv`, feed it `source`, and let what it prints replace `path`.
 *
 * @param[out] is_drawn  false where there is no such program
 */
PT_MUST_CHECK pt_status_t pt_program_run(char *const argv[], pt_program_source_t source,
                                         const void *context, const char *path,
                                         bool *is_drawn);

/** A chart as SVG from a script for gnuplot that does not set its output. */
PT_MUST_CHECK pt_status_t pt_program_plot(pt_program_source_t source, const void *context,
                                          const char *path, bool *is_drawn);

#endif
