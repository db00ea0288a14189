/* Rows of a stack as stored, from memory or from the file. */
#include "io/stack.h"

pt_status_t pt_stack_fetch(const pt_stack_t *stack, const pt_staging_t *staging,
                           const int64_t *row, int64_t n, const char **stored, int64_t *k)
{
    *k = 1;
    if (stack->rows) {
        *stored = stack->rows + (size_t)row[0] * stack->row_bytes;
        return PT_OK;
    }
    int64_t room = (int64_t)(staging->bytes / stack->row_bytes);
    while (*k < n && *k < room && row[*k] == row[0] + *k)
        ++*k;
    *stored = staging->room;
    return pt_schema_read_cells(&stack->array, row[0], *k, stack->cell, stack->scale,
                                staging->room);
}
