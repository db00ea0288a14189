/** @file
 * Pictures that other programs draw, where those are installed.
 */
#ifndef PT_PICTURE_PROGRAM_H
#define PT_PICTURE_PROGRAM_H

#include <stdbool.h>

#include "polytree/base/status.h"
#include "polytree/base/text.h"

/**
 * Run `argv`, feed it `script`, unless a piece of that failed, and let what it prints
 * replace `path`.
 *
 * @param[out] is_drawn  false where there is no such program
 * @return PT_E_LIBRARY if the program failed, PT_E_IO if the picture could not be written:
 *         what stood under `path` still does
 */
PT_MUST_CHECK pt_status_t pt_program_run(char *const argv[], const pt_text_t *script,
                                         const char *path, bool *is_drawn);

/** A chart as SVG from a script for gnuplot that does not set its output. */
PT_MUST_CHECK pt_status_t pt_program_plot(const pt_text_t *script, const char *path,
                                          bool *is_drawn);

#endif
