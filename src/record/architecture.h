/** @file
 * What writing and reading the description of a network agree on.
 */
#ifndef RECORD_ARCHITECTURE_H
#define RECORD_ARCHITECTURE_H

#include <jansson.h>

#include "polytree/record/architecture.h"

enum { ARCHITECTURE_VERSION = 1 };

extern const char architecture_format[];
/** Names of the kinds of choices of a dag. */
extern const char *const architecture_choice[];

/** Read such a file, whatever stands in it; free with json_decref(). */
PT_MUST_CHECK pt_status_t architecture_parse(const char *path, json_t **root);

#endif
