/** @file
 * What writing and reading the description of a network agree on.
 */
#ifndef RECORD_ARCHITECTURE_H
#define RECORD_ARCHITECTURE_H

#include <jansson.h>

#include "polytree/record/architecture.h"

/** Those of version 1 do not say what goes in and comes out. */
enum { ARCHITECTURE_FIRST = 1, ARCHITECTURE_VERSION = 2 };

extern const char architecture_format[];
/** Names of the kinds of choices of a dag. */
extern const char *const architecture_choice[];

/** Read such a file, whatever stands in it, or the text of one; free with json_decref(). */
PT_MUST_CHECK pt_status_t architecture_parse(const char *path, json_t **root);
PT_MUST_CHECK pt_status_t architecture_parse_text(const char *path, const char *text,
                                                  size_t bytes, json_t **root);

/** Add to an object of JSON, or to an array; what could not be made is NULL, and
 * *has_failed remembers it, so that one look at the end finds every lack of memory. */
static inline void architecture_put(json_t *object, const char *key, json_t *value,
                                    bool *has_failed)
{
    *has_failed |= json_object_set_new(object, key, value) != 0;
}

static inline void architecture_append(json_t *array, json_t *value, bool *has_failed)
{
    *has_failed |= json_array_append_new(array, value) != 0;
}

/* architecture_interface.c */

/** Add "input" to the root, and what is known of a task to its object. */
void architecture_put_input(const pt_interface_t *interface, json_t *root,
                            bool *has_failed);
void architecture_put_task(const pt_interface_task_t *task, json_t *object,
                           bool *has_failed);

/** What a file of version 2 says of it, for a network whose input is of that shape. */
PT_MUST_CHECK pt_status_t architecture_read_interface(const char *path, json_t *root,
                                                      const pt_space_t *space,
                                                      pt_interface_t *out);

#endif
