/** @file
 * Stacks: rows of one size, in memory or in the file, as a data set stores them.
 */
#ifndef IO_STACK_H
#define IO_STACK_H

#include "io/schema.h"

/** Inputs of a split, or labels of a task in one that are no table. */
typedef struct pt_stack {
    pt_cell_t cell;
    double scale;                  /**< what floats of the file are multiplied with */
    const pt_standard_t *standard; /**< [n_channel] units of floats; NULL: their own */
    int64_t n_channel;
    int64_t n_value; /**< of a row */
    size_t row_bytes;
    int64_t n;           /**< rows; 0: there is nothing */
    pt_h5_array_t array; /**< open on ranks that read from it */
    char *rows;          /**< the first n_held of them, in those units ... */
    int64_t n_held;
    char *rest; /**< ... and the others; both NULL: they are read from the file */
} pt_stack_t;

static inline bool pt_stack_is_loaded(const pt_stack_t *stack)
{
    return stack->rows || stack->rest;
}

/** A row of one that is. */
static inline char *pt_stack_row(const pt_stack_t *stack, int64_t row)
{
    return row < stack->n_held
               ? stack->rows + (size_t)row * stack->row_bytes
               : stack->rest + (size_t)(row - stack->n_held) * stack->row_bytes;
}

/** Room for rows that are not in memory. */
typedef struct pt_staging {
    char *room;
    size_t bytes; /**< at least pt_stack_room() of each stack */
} pt_staging_t;

/** Bytes that a row takes while it is read: floats come as doubles. */
size_t pt_stack_room(const pt_stack_t *stack);

/** Rows first..first+n-1 of a stack of floats in their own units, in all the precision that
 * the file has. */
PT_MUST_CHECK pt_status_t pt_stack_read_exact(const pt_stack_t *stack, int64_t first,
                                              int64_t n, double *out);
/**
 * The same in other units, as the stack's cells, each value rounded once.
 *
 * @param[out] out  [n, values of a row], in room for as many doubles
 * @return PT_E_RANGE for a value that float32 has as infinite then
 */
PT_MUST_CHECK pt_status_t pt_stack_read_units(const pt_stack_t *stack,
                                              const pt_standard_t *standard, int64_t first,
                                              int64_t n, void *out);

/** Have what is on disk of these rows read, all at once; who fetches many calls it first.
 */
void pt_stack_expect(const pt_stack_t *stack, const int64_t *row, int64_t n);
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
