/** @file
 * Command lines: a table of flags per command gives parser and help.
 */
#ifndef APP_ARGS_H
#define APP_ARGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "polytree/base/status.h"
#include "polytree/io/dataset.h"

#define PT_ARGS_MAX_FLAG 16
#define PT_ARGS_MAX_WORD 4
#define PT_ARGS_MAX_SET 256

/** "--name VALUE", or a switch where `value` is NULL. */
typedef struct pt_flag {
    const char *name;  /**< without dashes; "set" may be given often */
    char letter;       /**< short form, or 0 */
    const char *value; /**< what the value is, for help; "WORD ...": a list, to which all
                          words up to the next flag belong */
    const char *help;
} pt_flag_t;

/** What was given, in the order of the command's table of flags. */
typedef struct pt_args {
    const char *word[PT_ARGS_MAX_WORD]; /**< positional arguments */
    int n_word;
    const char *flag[PT_ARGS_MAX_FLAG]; /**< value; "" for a switch; NULL where not given */
    const char *const *list[PT_ARGS_MAX_FLAG]; /**< values of a flag that is a list */
    int n_list[PT_ARGS_MAX_FLAG];
    const char *set[PT_ARGS_MAX_SET]; /**< values of "--set" */
    int n_set;
} pt_args_t;

/**
 * Parse the words behind a command's name.
 *
 * @param[in] flags  ends with a NULL name; at most PT_ARGS_MAX_FLAG
 * @return PT_E_USAGE, naming the nearest flag where one is unknown
 */
PT_MUST_CHECK pt_status_t pt_args_parse(int argc, char **argv, const pt_flag_t *flags,
                                        int max_word, pt_args_t *args);

/** Write the table of flags for people. */
void pt_args_help(const pt_flag_t *flags, FILE *file);

/** A whole number from min to max; `fallback` where `text` is NULL. */
PT_MUST_CHECK pt_status_t pt_args_int(const char *name, const char *text, int64_t min,
                                      int64_t max, int64_t fallback, int64_t *out);

/** A number from 0 to 1, 1 excluded; `fallback` where `text` is NULL. */
PT_MUST_CHECK pt_status_t pt_args_share(const char *name, const char *text, double fallback,
                                        double *out);

/** The split of that name; PT_N_SPLIT where `text` is NULL. */
PT_MUST_CHECK pt_status_t pt_args_split(const char *text, pt_split_t *out);

#endif
