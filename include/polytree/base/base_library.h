/** @file
 * Which libraries make hashes and random numbers.
 */
#ifndef PT_BASE_BASE_LIBRARY_H
#define PT_BASE_BASE_LIBRARY_H

#include <stdint.h>

/** Name and version of a library; NULL past the last. */
const char *pt_base_library(int32_t i);

#endif
