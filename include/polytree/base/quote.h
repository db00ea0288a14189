/** @file
 * Texts of strangers, such as the names of a data set's tasks, made harmless for the
 * programs that read our files: one function for each language.
 *
 * JSON is quoted by jansson, and in a run's journals by record; a config needs no quotes,
 * for it takes whatever a task may be called (pt_name_fault()).
 */
#ifndef PT_BASE_QUOTE_H
#define PT_BASE_QUOTE_H

#include "polytree/base/text.h"

/** Add a text to stand within a double-quoted label or tooltip of Graphviz. */
void pt_quote_dot(const char *text, pt_text_t *out);

/** Add a text to stand within an HTML-like label of Graphviz. */
void pt_quote_dot_html(const char *text, pt_text_t *out);

/** Add a text to stand in HTML or SVG, between tags or in a quoted attribute. */
void pt_quote_html(const char *text, pt_text_t *out);

#endif
