/** @file
 * What writing and reading architecture.json agree on.
 */
#ifndef SEARCH_ARCHITECTURE_H
#define SEARCH_ARCHITECTURE_H

#include "polytree/search/architecture.h"

enum { ARCHITECTURE_VERSION = 1 };

extern const char architecture_format[];
/** Names of the kinds of choices of a dag. */
extern const char *const architecture_choice[];

#endif
