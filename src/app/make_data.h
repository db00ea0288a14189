/** @file
 * What the commands share that make a data set.
 */
#ifndef APP_MAKE_DATA_H
#define APP_MAKE_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include "app/args.h"

enum { PT_MAKE_MAX_SIZE = 4096, PT_MAKE_MAX_SAMPLES = 100000000 };

/** Help of their flag "force". */
#define PT_MAKE_FORCE "replace OUT.h5 where it is there already"

/** The whole number of flag number `flag`, or `fallback`. */
PT_MUST_CHECK pt_status_t pt_make_number(const pt_args_t *args, const pt_flag_t *flags,
                                         int flag, int64_t min, int64_t max,
                                         int64_t fallback, int64_t *out);
/** The seed that it gives; 1. */
PT_MUST_CHECK pt_status_t pt_make_seed(const pt_args_t *args, const pt_flag_t *flags,
                                       int flag, uint64_t *out);
/** Before the work: that it may be kept, and that nothing stays of it where a signal ends
 * it. */
PT_MUST_CHECK pt_status_t pt_make_begin(const char *out, bool has_force);
/** After it: say what was made. */
PT_MUST_CHECK pt_status_t pt_make_end(const char *path);

#endif
