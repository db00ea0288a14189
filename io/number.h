/** @file
 * Numbers as files hold them, and their conversion to what memory holds: the only one there
 * is.  Nothing is clipped and nothing wraps.
 */
#ifndef IO_NUMBER_H
#define IO_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum pt_number_kind {
    PT_NUMBER_UNSIGNED,
    PT_NUMBER_SIGNED,
    PT_NUMBER_FLOAT /**< IEEE's of 2, 4 or 8 bytes */
} pt_number_kind_t;

/** How a file holds a number. */
typedef struct pt_number {
    pt_number_kind_t kind;
    int32_t bytes; /**< 1 (integers), 2, 4 or 8 */
    bool is_big;   /**< the most significant byte is the first */
} pt_number_t;

/** "float64", "uint8" and so on. */
const char *pt_number_name(pt_number_t number);
/** Whether there are such numbers that float32 does not hold. */
bool pt_number_is_wide(pt_number_t number);
/** How far a float of the file at about `value` is from the next one; 0 for integers. */
double pt_number_step(pt_number_t number, double value);

/** How memory holds one. */
typedef enum pt_cell {
    PT_CELL_U8,
    PT_CELL_I32,
    PT_CELL_I64,
    PT_CELL_U64,
    PT_CELL_F32,
    PT_CELL_F64
} pt_cell_t;

size_t pt_cell_bytes(pt_cell_t cell);
bool pt_cell_is_float(pt_cell_t cell);
/** Of a message: "a number of 32 bits" and the like. */
const char *pt_cell_name(pt_cell_t cell);

/** Whether a stored number has the very bytes that memory holds. */
bool pt_number_is_cell(pt_number_t stored, pt_cell_t cell);

/**
 * Convert `n` numbers.  Floats are rounded to nearest, and are infinite where they are too
 * large.  `out` may overlap `stored` where `stored` ends no earlier than `out` and has no
 * larger numbers.
 *
 * @return the first element that an integer cell cannot hold: too large, of another sign,
 *         not whole, NaN; -1 where all were converted
 */
int64_t pt_number_convert(pt_number_t number, const void *stored, int64_t n, pt_cell_t cell,
                          void *out);

#endif
