/* Rows of a stack as memory has them, from there or from the file. */
#include "io/stack.h"

#include <math.h>
#include <string.h>

#include "polytree/par/shared.h"

size_t pt_stack_room(const pt_stack_t *stack)
{
    return pt_cell_is_float(stack->cell) ? (size_t)stack->n_value * sizeof(double)
                                         : stack->row_bytes;
}

/* Values of the file that float32 holds, and memory has as they are. */
static bool is_in_memory(const pt_stack_t *stack)
{
    const pt_number_t *number = &stack->array.number;
    return pt_stack_is_loaded(stack) && stack->cell == PT_CELL_F32 && !stack->standard &&
           stack->scale == 1 && number->kind == PT_NUMBER_FLOAT &&
           number->bytes <= (int32_t)sizeof(float);
}

pt_status_t pt_stack_read_exact(const pt_stack_t *stack, int64_t first, int64_t n,
                                double *out)
{
    int64_t values = stack->n_value;
    if (is_in_memory(stack)) {
        for (int64_t i = 0; i < n; i++) {
            const float *row = (const float *)(const void *)pt_stack_row(stack, first + i);
            for (int64_t j = 0; j < values; j++)
                *out++ = (double)row[j];
        }
        return PT_OK;
    }
    PT_TRY(pt_h5_array_read(&stack->array, first, n, PT_CELL_F64, out));
    for (int64_t i = 0; stack->scale != 1 && i < n * values; i++)
        out[i] *= stack->scale;
    return PT_OK;
}

pt_status_t pt_stack_read_units(const pt_stack_t *stack, const pt_standard_t *standard,
                                int64_t first, int64_t n, void *out)
{
    int64_t values = stack->n_value, c = 0;
    bool is_double = stack->cell == PT_CELL_F64;
    char *to = out;
    PT_TRY(pt_stack_read_exact(stack, first, n, out));
    for (int64_t i = 0; i < n * values; i++, c = c + 1 < stack->n_channel ? c + 1 : 0) {
        double x, own;
        memcpy(&x, (char *)out + (size_t)i * sizeof x, sizeof x);
        own = (x - standard[c].mean) / standard[c].deviation;
        float z = (float)own;
        if (isinf(z))
            PT_FAIL(RANGE,
                    "%s: row %lld has %g, which float32 cannot hold in units of the "
                    "training samples, whose deviation is %g",
                    stack->array.where, (long long)(first + i / values), x,
                    standard[c].deviation);
        if (is_double)
            memcpy(to + (size_t)i * sizeof own, &own, sizeof own);
        else
            memcpy(to + (size_t)i * sizeof z, &z, sizeof z);
    }
    return PT_OK;
}

void pt_stack_expect(const pt_stack_t *stack, const int64_t *row, int64_t n)
{
    for (int64_t i = 0; stack->rest && i < n; i++)
        if (row[i] >= stack->n_held)
            pt_shared_expect(pt_stack_row(stack, row[i]), stack->row_bytes);
}

pt_status_t pt_stack_fetch(const pt_stack_t *stack, const pt_staging_t *staging,
                           const int64_t *row, int64_t n, const char **stored, int64_t *k)
{
    *k = 1;
    if (pt_stack_is_loaded(stack)) {
        *stored = pt_stack_row(stack, row[0]);
        return PT_OK;
    }
    int64_t room = (int64_t)(staging->bytes / pt_stack_room(stack));
    while (*k < n && *k < room && row[*k] == row[0] + *k)
        ++*k;
    *stored = staging->room;
    return stack->standard
               ? pt_stack_read_units(stack, stack->standard, row[0], *k, staging->room)
               : pt_schema_read_cells(&stack->array, row[0], *k, stack->cell, stack->scale,
                                      staging->room);
}
