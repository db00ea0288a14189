/* What the layout of a data set's arrays costs whoever reads them row by row. */
#include <string.h>

#include "polytree/io/dataset_file.h"
#include "io/dataset.h"

/* Chunks that bring little are small beside what a step computes. */
enum { COSTLY = 4, LEAST_BYTES = 1 << 16 };

bool pt_schema_add_layout_note(const pt_h5_array_t *array, pt_text_t *text)
{
    double row = (double)array->item_bytes, cost = pt_h5_row_cost(array);
    for (int32_t i = 1; i < array->n_dim; i++)
        row *= (double)array->dim[i];
    if (array->chunk[0] == 0 || cost < COSTLY * row || cost < LEAST_BYTES)
        return false;
    pt_text_add(text, "%s is in chunks of ", array->where);
    for (int32_t i = 0; i < array->n_dim; i++)
        pt_text_add(text, "%s%lld", i > 0 ? " x " : "", (long long)array->chunk[i]);
    pt_text_add(text,
                ", so that with data.cache = none each row costs %.0f times its bytes: "
                "data.cache = disk unpacks it once, `polytree data repack` for good",
                cost / row);
    return true;
}

bool pt_dataset_add_layout_note(const pt_dataset_t *dataset, pt_text_t *text)
{
    if (dataset->file < 0)
        return false;
    if (dataset->input[PT_SPLIT_TRAIN].n > 0 &&
        pt_schema_add_layout_note(&dataset->input[PT_SPLIT_TRAIN].array, text))
        return true;
    for (int32_t t = 0; t < dataset->schema.n_task; t++) {
        const pt_stack_t *stack = &dataset->label[t][PT_SPLIT_TRAIN];
        if (stack->n > 0 && pt_schema_add_layout_note(&stack->array, text))
            return true;
    }
    return false;
}
