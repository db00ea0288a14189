/** @file
 * Which libraries read and write files.
 */
#ifndef PT_IO_IO_LIBRARY_H
#define PT_IO_IO_LIBRARY_H

#include <stdint.h>

/** Name and version of a library; NULL past the last. */
const char *pt_io_library(int32_t i);

#endif
