/** @file
 * Importers: well-known layouts to the data set schema.  Not collective.
 */
#ifndef PT_IO_IMPORT_H
#define PT_IO_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"

typedef struct pt_import_omniglot {
    int64_t size;  /**< pixels; area-averaged from 105 x 105, ink = 1 */
    bool shuffled; /**< 10/4/6 drawings of each character by seed; else by drawer */
    uint64_t seed;
    const char *tasks; /**< NULL: the 20 alphabets of the literature; or names */
} pt_import_omniglot_t;

/**
 * `src`: a folder of alphabets (ALPHABET/characterNN/IIII_DD.png), a tar or tar.gz of one,
 * a folder that holds one such archive and no alphabets, or the upstream pair of folders
 * images_background / images_evaluation.
 */
PT_MUST_CHECK pt_status_t pt_import_omniglot(const char *src, const char *out,
                                             const pt_import_omniglot_t *options);

typedef struct pt_import_idx {
    bool pair;    /**< two samples in opposite corners, tasks left and right */
    int64_t size; /**< of the paired image; 36 */
    int64_t n_train, n_val, n_test; /**< 0 = as many as the files hold (val: from train) */
    uint64_t seed;
} pt_import_idx_t;

/** `src`: a folder with {train,t10k}-{images-idx3,labels-idx1}-ubyte, .gz allowed. */
PT_MUST_CHECK pt_status_t pt_import_idx(const char *src, const char *out,
                                        const pt_import_idx_t *options);

typedef struct pt_draw_shapes {
    int64_t size, n_train, n_val, n_test;
    uint64_t seed;
} pt_draw_shapes_t;

/** Small drawings with three classification tasks that share their inputs. */
PT_MUST_CHECK pt_status_t pt_draw_shapes(const char *out, const pt_draw_shapes_t *options);

#endif
