/** @file
 * A JSON object of one line that is written from left to right.
 *
 * Not jansson's, which writes trees: numbers stand as C prints them with 17 digits, and
 * journals are compared by their bytes, those of earlier versions among them; and a step
 * may not allocate, which a tree of it would.
 */
#ifndef RECORD_LINE_H
#define RECORD_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/text.h"

/** Text of the line so far; its memory is kept for the next one. */
typedef struct line {
    pt_text_t text;
    bool has_entry; /**< in the object at work */
} line_t;

/** Begin anew, with an open object. */
void line_begin(line_t *line);
/** Close the object, and the line. */
void line_end(line_t *line);

/** An object inside. */
void line_open(line_t *line, const char *key);
void line_close(line_t *line);

void line_text(line_t *line, const char *key, const char *value);
void line_integer(line_t *line, const char *key, int64_t value);
void line_boolean(line_t *line, const char *key, bool value);
/** What is not finite is null. */
void line_real(line_t *line, const char *key, double value);
/** With six digits. */
void line_short_real(line_t *line, const char *key, double value);
/** Rows of n numbers. */
void line_matrix(line_t *line, const char *key, const int64_t *value, int32_t n);
void line_integers(line_t *line, const char *key, const int32_t *value, int32_t n);

#endif
