/** @file
 * The lines of an INI file as settings of options, and where each was set.
 */
#ifndef CONFIG_INI_H
#define CONFIG_INI_H

#include "config/option.h"
#include "polytree/base/text.h"

/** How many options a file can set, those of all sections of tasks included: the length of
 * `set_at`, which keeps the line that set each (pt_option_at_t.index), or 0. */
int32_t ini_n_place(void);

/** The whole file; released where it cannot be read. */
PT_MUST_CHECK pt_status_t ini_load(const char *path, pt_text_t *text);

/**
 * Set what a text sets, and nothing besides: no preset, no file that it names.
 *
 * @param[in]  path    for messages
 * @param[out] set_at  [ini_n_place()]
 */
PT_MUST_CHECK pt_status_t ini_read(pt_config_t *config, const pt_text_t *text,
                                   const char *path, int *set_at);

/** The first line that set an option within [encoder], or outside of it; 0 where none did.
 */
int ini_first_set(const int *set_at, bool is_encoder);

#endif
