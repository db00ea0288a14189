/* Layout: buffers to offsets, in the order of the tape.
 *
 *     arena = [ work of one call | parameter gradients of one call | buffers ... ]
 *
 * A buffer takes the smallest hole that fits, lowest offset first, else the end grows.
 * An output takes over the memory of an input that dies with the instruction where the
 * operation allows it.
 */
#include "graph/plan.h"

#include <string.h>

typedef struct heap {
    hole_t *hole; /**< by offset, never adjacent */
    int32_t n_hole;
    int64_t end, peak;
} heap_t;

static void remove_hole(heap_t *heap, int32_t i)
{
    memmove(&heap->hole[i], &heap->hole[i + 1],
            (size_t)(heap->n_hole - i - 1) * sizeof *heap->hole);
    heap->n_hole--;
}

static int64_t take(heap_t *heap, int64_t bytes)
{
    int32_t best = NONE;

    for (int32_t i = 0; i < heap->n_hole; i++)
        if (heap->hole[i].bytes >= bytes &&
            (best == NONE || heap->hole[i].bytes < heap->hole[best].bytes))
            best = i;
    if (best == NONE) {
        int64_t offset = heap->end;
        heap->end += bytes;
        if (heap->end > heap->peak)
            heap->peak = heap->end;
        return offset;
    }
    int64_t offset = heap->hole[best].offset;
    heap->hole[best].offset += bytes;
    heap->hole[best].bytes -= bytes;
    if (heap->hole[best].bytes == 0)
        remove_hole(heap, best);
    return offset;
}

static void give_back(heap_t *heap, int64_t offset, int64_t bytes)
{
    int32_t at = 0;

    while (at < heap->n_hole && heap->hole[at].offset < offset)
        at++;
    memmove(&heap->hole[at + 1], &heap->hole[at],
            (size_t)(heap->n_hole - at) * sizeof *heap->hole);
    heap->hole[at] = (hole_t){offset, bytes};
    heap->n_hole++;
    if (at + 1 < heap->n_hole && offset + bytes == heap->hole[at + 1].offset) {
        heap->hole[at].bytes += heap->hole[at + 1].bytes;
        remove_hole(heap, at + 1);
    }
    if (at > 0 && heap->hole[at - 1].offset + heap->hole[at - 1].bytes == offset) {
        heap->hole[at - 1].bytes += heap->hole[at].bytes;
        remove_hole(heap, at);
        at--;
    }
    if (heap->hole[at].offset + heap->hole[at].bytes == heap->end) {
        heap->end = heap->hole[at].offset;
        remove_hole(heap, at);
    }
}

/** An input whose memory the output y of instruction i may take over; NONE if none. */
static int32_t reusable(const pt_plan_t *plan, int32_t i)
{
    const instr_t *in = &plan->instr[i];
    int32_t n = 0;

    if (in->kind == INSTR_ADD)
        n = 2;
    else if (in->kind == INSTR_FORWARD && (in->inst->flags & PT_OP_IN_PLACE) != 0)
        n = 1;
    for (int32_t j = 0; j < n; j++)
        if (in->x[j] >= 0 && plan->buffer[in->x[j]].last == i &&
            plan->buffer[in->x[j]].bytes == plan->buffer[in->y].bytes)
            return (int32_t)in->x[j];
    return NONE;
}

static void place(pt_plan_t *plan, heap_t *heap, int64_t buffer, int32_t i)
{
    if (buffer < 0 || plan->buffer[buffer].first != i || plan->buffer[buffer].offset >= 0)
        return;
    plan->buffer[buffer].offset = take(heap, plan->buffer[buffer].bytes);
}

/** Free a buffer that dies at instruction i; `kept` has been taken over. */
static void retire(pt_plan_t *plan, heap_t *heap, int64_t buffer, int32_t kept, int32_t i)
{
    if (buffer < 0 || buffer == kept || plan->buffer[buffer].last != i)
        return;
    give_back(heap, plan->buffer[buffer].offset, plan->buffer[buffer].bytes);
    plan->buffer[buffer].last = INT32_MAX; /* once, also where it stands in two fields */
}

static void place_instr(pt_plan_t *plan, heap_t *heap, int32_t i)
{
    const instr_t *in = &plan->instr[i];
    int32_t kept = in->y >= 0 && plan->buffer[in->y].first == i ? reusable(plan, i) : NONE;

    if (kept != NONE)
        plan->buffer[in->y].offset = plan->buffer[kept].offset;
    place(plan, heap, in->y, i);
    place(plan, heap, in->saved, i);
    for (int32_t j = 0; j < PT_OP_MAX_IN; j++)
        place(plan, heap, in->dx[j], i);
    for (int32_t j = 0; j < PT_OP_MAX_IN; j++) {
        retire(plan, heap, in->x[j], kept, i);
        retire(plan, heap, in->dx[j], kept, i);
    }
    retire(plan, heap, in->y, kept, i);
    retire(plan, heap, in->dy, kept, i);
    retire(plan, heap, in->saved, kept, i);
}

static void size_scratch(pt_plan_t *plan)
{
    int64_t work = 0, params = 0;

    for (int32_t i = 0; i < plan->n_instr; i++) {
        const instr_t *in = &plan->instr[i];
        int64_t bytes = 0;
        if (in->inst == NULL)
            continue;
        if ((int64_t)in->inst->work_bytes > work)
            work = (int64_t)in->inst->work_bytes;
        for (int32_t p = 0; p < in->inst->n_param && in->forms_params; p++) {
            int32_t number = plan->space->op[in->op].param[p];
            bytes += (int64_t)pt_align_up((size_t)plan->space->store.param[number].count *
                                          sizeof(pt_real_t));
        }
        if (bytes > params)
            params = bytes;
    }
    plan->work_bytes = (int64_t)pt_align_up((size_t)work);
    plan->scratch_bytes = plan->work_bytes + params;
}

static void resolve(const pt_plan_t *plan, int64_t *field)
{
    if (*field >= 0)
        *field = plan->buffer[*field].offset;
}

void plan_layout(pt_plan_t *plan)
{
    size_scratch(plan);
    heap_t heap = {
        .hole = plan->hole, .end = plan->scratch_bytes, .peak = plan->scratch_bytes};
    for (int32_t b = 0; b < plan->n_buffer; b++)
        plan->buffer[b].offset = NONE;
    for (int32_t i = 0; i < plan->n_instr; i++)
        place_instr(plan, &heap, i);
    for (int32_t i = 0; i < plan->n_instr; i++) {
        instr_t *in = &plan->instr[i];
        for (int32_t j = 0; j < PT_OP_MAX_IN; j++) {
            resolve(plan, &in->x[j]);
            resolve(plan, &in->dx[j]);
        }
        resolve(plan, &in->y);
        resolve(plan, &in->dy);
        resolve(plan, &in->saved);
    }
    plan->arena_bytes = (size_t)heap.peak;
}
