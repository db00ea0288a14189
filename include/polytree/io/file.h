/** @file
 * Whole files, written so that a reader never sees half of one.
 */
#ifndef PT_IO_FILE_H
#define PT_IO_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "polytree/base/text.h"

enum { PT_PATH_MAX = 4096 };

/** FOLDER/NAME; PT_E_RANGE where it is too long. */
PT_MUST_CHECK pt_status_t pt_path_join(const char *folder, const char *name,
                                       char out[PT_PATH_MAX]);

/** Write `text` to a temporary name, flush, rename over `path`. */
PT_MUST_CHECK pt_status_t pt_file_write(const char *path, const char *text, size_t bytes);

/** The same of a text that was put together, which is released, also where a piece of it
 * or the writing failed. */
PT_MUST_CHECK pt_status_t pt_file_write_text(const char *path, pt_text_t *text);

/**
 * Let the last error, of writing to the temporary name `temp`, speak of `path`: the name
 * that people gave.  Returns `status`; nothing happens where it is PT_OK.
 */
PT_MUST_CHECK pt_status_t pt_file_blame(pt_status_t status, const char *temp,
                                        const char *path);

/** Read a whole file into counted memory, with a NUL behind it; free with pt_free(). */
PT_MUST_CHECK pt_status_t pt_file_read(const char *path, char **text, size_t *bytes);

/** Whether there is something of that name. */
bool pt_path_exists(const char *path);

/** Remove what was written of `path` by processes of this machine that are dead.  What
 * those of other machines are at stays. */
void pt_path_clear_stale(const char *path);

/** Make a folder and its parents. */
PT_MUST_CHECK pt_status_t pt_folder_make(const char *path);

/** Put the names in the folder of `path` on the disk. */
PT_MUST_CHECK pt_status_t pt_folder_sync(const char *path);

/** Cut a file to `bytes`; PT_E_FORMAT where it is shorter. */
PT_MUST_CHECK pt_status_t pt_file_cut(const char *path, int64_t bytes);

/** Remove the half of a data set that is being written, if any.  For a signal handler that
 * then ends the process. */
void pt_file_abandon(void);

/** Digest of what is in a file. */
PT_MUST_CHECK pt_status_t pt_file_digest(const char *path, char out[33]);

#endif
