/** @file
 * Pictures that other programs draw, where those are installed.
 */
#ifndef PT_PICTURE_PROGRAM_H
#define PT_PICTURE_PROGRAM_H

#include <stdbool.h>

#include "polytree/base/status.h"
#include "polytree/base/text.h"

/**
 * Run `argv`, feed it `script`, unless a piece of that failed, and add what it prints to
 * `out`.
 *
 * @param[out] is_drawn  false where there is no such program
 * @return PT_E_LIBRARY if the program failed
 */
PT_MUST_CHECK pt_status_t pt_program_run(char *const argv[], const pt_text_t *script,
                                         pt_text_t *out, bool *is_drawn);

#endif
