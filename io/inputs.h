/** @file
 * What the kinds of inputs have in common.
 */
#ifndef IO_INPUTS_H
#define IO_INPUTS_H

#include <stdbool.h>

#include "polytree/io/file.h"
#include "polytree/io/inputs.h"
#include "io/number.h"

/** One kind of inputs. */
typedef struct inputs_kind {
    /** Whether `path`, which begins with those bytes, is of this kind. */
    bool (*fits)(const char *path, bool is_folder, const char head[8]);
    /** Sets n, state, and names where there are some. */
    pt_status_t (*open)(pt_inputs_t *inputs);
    /** Rows as the network reads them. */
    pt_status_t (*read)(pt_inputs_t *inputs, int64_t first, int64_t n, float *out);
    void (*close)(pt_inputs_t *inputs); /**< also after open() has failed */
} inputs_kind_t;

struct pt_inputs {
    const inputs_kind_t *kind;
    char path[PT_PATH_MAX];
    pt_inputs_options_t options;
    pt_split_t split;
    pt_input_info_t want;
    int64_t n;
    bool is_byte;    /**< they are bytes */
    int64_t *filled; /**< [channels]; NULL: nothing is */
    char (*name)[PT_INPUT_NAME];
    void *state; /**< the kind's */
};

extern const inputs_kind_t inputs_dataset, inputs_numpy, inputs_pictures, inputs_table;

/**
 * What numbers of a file that does not say it itself are multiplied with: as the training's
 * where those had a scale of their own, else what makes the largest of 16 bits 1.
 *
 * @param[in] bytes  of an integer; 0: a float or a boolean
 * @return PT_E_FORMAT for integers whose scale is not known
 */
PT_MUST_CHECK pt_status_t inputs_find_scale(const pt_inputs_t *inputs, const char *where,
                                            int32_t bytes, bool is_signed, double *scale);
/** Numbers, of whole inputs, as the network reads them. */
void inputs_take_numbers(const pt_inputs_t *inputs, int64_t n, const double *number,
                         double scale, float *out);

/** Names for a line of text, the first of many. */
typedef struct inputs_names {
    char text[1024];
    int64_t n, n_more; /**< all, and those that are not shown */
} inputs_names_t;

void inputs_names_add(inputs_names_t *names, const char *name);
/** "'a', 'b' and 3 more"; once, at the end. */
const char *inputs_names_text(inputs_names_t *names);
/** Tell what was made of them. */
void inputs_say(const pt_inputs_t *inputs, const char *format, ...) PT_PRINTF(2, 3);

/** Let them be bytes, which are 0 to 1; PT_E_FORMAT where the network was trained on
 * numbers that have units of their own. */
PT_MUST_CHECK pt_status_t inputs_take_bytes(pt_inputs_t *inputs, const char *where);

/** Tell where numbers of a file hardly tell apart what the network tells apart. */
void inputs_say_blur(const pt_inputs_t *inputs, const char *where, pt_number_t number,
                     double scale);

/** PT_E_SHAPE unless inputs of that shape are what is wanted. */
PT_MUST_CHECK pt_status_t inputs_check_shape(const pt_inputs_t *inputs, const char *where,
                                             bool is_image, const int64_t hwc[3]);

#endif
