/** @file
 * Stacks: rows of one size, in memory or in the file, as a data set stores them.
 */
#ifndef IO_STACK_H
#define IO_STACK_H

#include "io/schema.h"

/** Inputs of a split, or labels of a task in one that are no table. */
typedef struct pt_stack {
    pt_cell_t cell;
    double scale; /**< what floats of the file are multiplied with */
    size_t row_bytes;
    int64_t n;           /**< rows; 0: there is nothing */
    pt_h5_array_t array; /**< open on ranks that read from it */
    const char *rows;    /**< as stored; NULL where they are not in memory */
} pt_stack_t;

/** Room for rows that are not in memory. */
typedef struct pt_staging {
    char *room;
    size_t bytes; /**< at least those of a row */
} pt_staging_t;

/**
 * Bring rows row[0..k-1], which follow each other in the file, to memory; k <= n is what
 * of them fits the staging room.
 *
 * @param[out] stored  the first of them; valid until the room is used again
 */
PT_MUST_CHECK pt_status_t pt_stack_fetch(const pt_stack_t *stack,
                                         const pt_staging_t *staging, const int64_t *row,
                                         int64_t n, const char **stored, int64_t *k);

#endif
