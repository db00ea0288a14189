/** @file
 * Inputs to apply a network to, without labels: of a data set, an array of NumPy's, a
 * folder of pictures or a table.
 */
#ifndef PT_IO_INPUTS_H
#define PT_IO_INPUTS_H

#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/io/dataset.h"
#include "polytree/io/import.h"

typedef struct pt_inputs pt_inputs_t;

/** Room for a row's name, with its NUL. */
enum { PT_INPUT_NAME = 256 };

/** How to take them; what it points to is borrowed. */
typedef struct pt_inputs_options {
    pt_split_t split;   /**< of a data set; PT_N_SPLIT: test, else val, else train */
    bool may_resize;    /**< pictures are brought to the network's size */
    bool fills_mean;    /**< a feature without a value is its mean in the training */
    pt_words_t missing; /**< words of a table that hold no value, beside the usual ones */
    const char *array;  /**< of a .npz; NULL: see pt_inputs_open() */
    pt_import_talk_t talk;
} pt_inputs_options_t;

/**
 * Open them, and see that they are what a network takes.
 *
 * A data set has the inputs of a split; a .npy has its array, a .npz the one called
 * "images", "inputs" or "x", or its only one; a folder has its pictures and those below it,
 * by name; a table has the columns that are called as the features, or, where these have no
 * names, all.  Features of a data set are taken by name too where both name them; what is
 * not taken, and that their order is another, is told.
 *
 * Not collective: every rank opens them and reads the rows that it wants, ascending.
 *
 * @param[in] want  what the network was trained on; copied, its units and names are
 *                  borrowed
 * @return PT_E_SHAPE where inputs have another shape, PT_E_MISMATCH, naming them, where
 *         features are not there, PT_E_FORMAT, PT_E_IO
 */
PT_MUST_CHECK pt_status_t pt_inputs_open(const char *path,
                                         const pt_inputs_options_t *options,
                                         const pt_input_info_t *want, pt_inputs_t **out);
/** NULL is fine. */
void pt_inputs_close(pt_inputs_t *inputs);

int64_t pt_inputs_n(const pt_inputs_t *inputs);

/** [channels] values of each feature that were filled in, of the rows read here; NULL where
 * none may be. */
const int64_t *pt_inputs_filled(const pt_inputs_t *inputs);

/** Which split of a data set they are; PT_N_SPLIT: of none. */
pt_split_t pt_inputs_split(const pt_inputs_t *inputs);

/** Bytes of the longest name of a row, without its NUL; 0: rows have numbers alone. */
int64_t pt_inputs_name_bytes(const pt_inputs_t *inputs);
/** What a row is called: the file that it is of. */
const char *pt_inputs_name(const pt_inputs_t *inputs, int64_t row);

/**
 * Rows first .. first + n - 1 as the network reads them, [n, h, w, c].
 *
 * @return PT_E_FORMAT, naming the row, for a value that is not finite; of features NaN may
 *         be filled in
 */
PT_MUST_CHECK pt_status_t pt_inputs_read(pt_inputs_t *inputs, int64_t first, int64_t n,
                                         float *out);

#endif
