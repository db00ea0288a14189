/** @file
 * Texts that are put together, and words that people type and read.
 */
#ifndef PT_BASE_TEXT_H
#define PT_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "polytree/base/status.h"

/**
 * A text that is put together piece by piece.  All zero it is empty, in counted memory, and
 * grows; what fails to grow is remembered in `status`, and what is added after that is left
 * out, so that one look at the end is enough.
 */
typedef struct pt_text {
    char *data;      /**< ends in NUL; NULL where nothing was added */
    size_t n;        /**< bytes, without the NUL */
    size_t capacity; /**< bytes, with it */
    bool is_in_place;
    pt_status_t status;
} pt_text_t;

/** An empty text in a buffer of the caller's, of `size` > 0 bytes: it cannot fail, and what
 * has no room is cut off between two characters.  Needs no release. */
pt_text_t pt_text_in(char *buffer, size_t size);

/** Add to the end, in the style of printf. */
void pt_text_add(pt_text_t *text, const char *format, ...) PT_PRINTF(2, 3);

/** Add bytes, which may be NUL. */
void pt_text_add_bytes(pt_text_t *text, const void *bytes, size_t n);

/** Add bytes in base64 (RFC 4648), without line breaks. */
void pt_text_add_base64(pt_text_t *text, const void *bytes, size_t n);

/** What there is; never NULL. */
const char *pt_text_get(const pt_text_t *text);

/** Take the text away, unless a piece of it failed; free with pt_free().  It is empty
 * after that. */
PT_MUST_CHECK pt_status_t pt_text_steal(pt_text_t *text, char **out);

void pt_text_release(pt_text_t *text);

/** Levenshtein's distance between two words; what is past 63 characters is left out. */
int32_t pt_edit_distance(const char *a, size_t a_len, const char *b, size_t b_len);

/** Whether words of that distance are so much alike that one may stand for the other. */
bool pt_is_near(int32_t distance, size_t a_len, size_t b_len);

/** Whether there is nothing in it that would not be seen: control characters but blanks. */
bool pt_is_text(const char *text, size_t bytes);

/** What is wrong with a text that people are to read, "is not in UTF-8" or "holds a control
 * character"; NULL: nothing. */
const char *pt_text_fault(const char *text, size_t bytes);

/** Longest name of a task or a layer, in bytes, with its NUL. */
#define PT_NAME 64

/**
 * What is wrong with a name that a task is to have, or NULL.
 *
 * A config names tasks in [task.NAME] and, between blanks or commas, in data.tasks, where
 * ';' begins a comment and 'all' stands for every task; JSON and pictures want UTF-8, and
 * arrays of a checkpoint are called by paths, where '.' and '..' are no names.
 */
const char *pt_name_fault(const char *name, size_t bytes);

/** Bytes of the character in UTF-8 that `text` begins with, and its code point; 0 where it
 * is none.  `bytes` > 0. */
size_t pt_utf8_decode(const char *text, size_t bytes, uint32_t *code);

/** Columns that a text takes on a terminal: two for each wide letter, none for a mark on
 * the one before. */
int32_t pt_columns(const char *text);

/** Bytes to which "%-*s" must pad a text for it to take so many columns at least. */
int pt_padded(const char *text, int32_t columns);

/** "s" unless n is 1: "%d task%s". */
const char *pt_plural(int64_t n);

/** The unit in which an amount of that size is readable: "G", "M", "k" or "", and what it
 * stands for. */
const char *pt_unit(double size, double *scale);

/** The format of printf, for one double, in which a score is read whatever its unit:
 * "%.4f", or "%.4g" where that would show few digits, or many.  At most 10 columns. */
const char *pt_score_format(double x);

/** "1:23" or "1:02:03"; what is not finite, or negative, is no time. */
const char *pt_duration(double seconds, char text[32]);

#endif
