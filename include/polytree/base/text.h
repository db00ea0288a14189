/** @file
 * Words that people type.
 */
#ifndef PT_BASE_TEXT_H
#define PT_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/** Levenshtein's distance between two words; what is past 63 characters is left out. */
int32_t pt_edit_distance(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
