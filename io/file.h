/** @file
 * Paths, temporary names and durable renames, for the files of this module.
 */
#ifndef IO_FILE_H
#define IO_FILE_H

#include "polytree/io/file.h"

/** The name under which `path` is written until it is whole: PATH.tmp.HOST.PID. */
PT_MUST_CHECK pt_status_t pt_path_temp(const char *path, char out[PT_PATH_MAX]);

/** What pt_file_abandon() is to remove from now on; NULL: nothing. */
void pt_file_expose(const char *temp);

/** Put a file's bytes on the disk. */
PT_MUST_CHECK pt_status_t pt_file_sync(const char *path);

/** Sync `temp`, rename it over `path`, remove what the dead left of it, sync the folder. */
PT_MUST_CHECK pt_status_t pt_file_publish(const char *temp, const char *path);

#endif
