/** @file
 * Words that people type and read.
 */
#ifndef PT_BASE_TEXT_H
#define PT_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Levenshtein's distance between two words; what is past 63 characters is left out. */
int32_t pt_edit_distance(const char *a, size_t a_len, const char *b, size_t b_len);

/** Whether words of that distance are so much alike that one may stand for the other. */
bool pt_is_near(int32_t distance, size_t a_len, size_t b_len);

/** Whether there is nothing in it that would not be seen: control characters but blanks. */
bool pt_is_text(const char *text, size_t bytes);

/** "s" unless n is 1: "%d task%s". */
const char *pt_plural(int64_t n);

/** The unit in which an amount of that size is readable: "G", "M", "k" or "", and what it
 * stands for. */
const char *pt_unit(double size, double *scale);

#endif
