/** @file
 * Which samples of a table, or of a folder, become train, val and test.
 */
#ifndef IO_PARTS_H
#define IO_PARTS_H

#include "polytree/io/import.h"
#include "polytree/io/dataset.h"

/** The split of each sample, in the order of the source. */
typedef struct pt_parts {
    uint8_t *split; /**< [n], of pt_split_t */
    int64_t n, n_of[PT_N_SPLIT];
} pt_parts_t;

/**
 * Split `n` samples by share: at random by seed, whole groups where there are such, or the
 * latest for test and those before them for val where there are times, none of which is
 * cut.  Release with pt_parts_release().
 *
 * @param[in] group  [n] or NULL: the same number for what belongs together
 * @param[in] time   [n] or NULL
 * @return PT_E_USAGE where a part would be empty, naming `src`
 */
PT_MUST_CHECK pt_status_t pt_parts_by_share(const char *src, const pt_import_share_t *share,
                                            int64_t n, const int64_t *group,
                                            const double *time, pt_parts_t *parts);

/** Take splits that the source names, [n], which become those of `parts`; PT_E_FORMAT where
 * nothing is in train. */
PT_MUST_CHECK pt_status_t pt_parts_take(const char *src, uint8_t **split, int64_t n,
                                        pt_parts_t *parts);

/** The split of a word of a table: train, training, val, valid, validation, dev, test, in
 * letters of any size; false where it is none. */
bool pt_parts_named(const char *word, size_t bytes, pt_split_t *split);

void pt_parts_release(pt_parts_t *parts);

#endif
