/** @file
 * Texts numbered in the order in which they first come.
 */
#ifndef IO_DICTIONARY_H
#define IO_DICTIONARY_H

#include <stddef.h>
#include <stdint.h>

#include "polytree/base/status.h"

/** All zero it is empty. */
typedef struct pt_dictionary {
    int32_t n;
    size_t *begin; /**< of each text in `text`, where a NUL ends it */
    char *text;
    size_t text_bytes, text_capacity, begin_capacity;
    int32_t *slot; /**< by hash: number + 1, or 0 */
    size_t n_slot; /**< a power of 2 */
} pt_dictionary_t;

/** The number of a text without NUL, which is new where it is the dictionary's n before. */
PT_MUST_CHECK pt_status_t pt_dictionary_add(pt_dictionary_t *dictionary, const char *text,
                                            size_t bytes, int32_t *number);
/** -1: it is not there. */
int32_t pt_dictionary_find(const pt_dictionary_t *dictionary, const char *text,
                           size_t bytes);
/** Valid until the next text is added. */
const char *pt_dictionary_text(const pt_dictionary_t *dictionary, int32_t number);
void pt_dictionary_release(pt_dictionary_t *dictionary);

#endif
