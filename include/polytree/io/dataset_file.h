/** @file
 * What is done to the file of a data set: sealed, repacked, judged by its layout.
 */
#ifndef PT_IO_DATASET_FILE_H
#define PT_IO_DATASET_FILE_H

#include "polytree/io/dataset.h"

/**
 * Seal a data set: from then on every byte that is read of it is held against sums behind
 * its end, and one that is other than now is an error.  It is copied, and the copy takes
 * its name.  One that is sealed is left as it is, as is all that pt_dataset_write() writes.
 * Not collective.
 */
PT_MUST_CHECK pt_status_t pt_dataset_seal(const char *path, bool *was_sealed);

/**
 * Write a data set anew, sealed, with its samples one by one: without chunks, or in chunks
 * of one sample (of as many as have 4096 bytes, where they are smaller).  What the schema
 * does not know is left out.  Not collective.
 *
 * @param[in] gzip  level, 1 to 9; 0: not packed; -1: arrays stay packed that are
 */
PT_MUST_CHECK pt_status_t pt_dataset_repack(const char *from, const char *to, int32_t gzip);

/** Add what the layout of a file that is read row by row costs; false, and nothing is
 * added, where it costs nothing, or where this rank does not read it so. */
bool pt_dataset_add_layout_note(const pt_dataset_t *dataset, pt_text_t *text);

#endif
