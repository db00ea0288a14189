/** @file
 * The tape of a plan: its instructions and the buffers that they read and write, in order.
 */
#ifndef GRAPH_TAPE_H
#define GRAPH_TAPE_H

#include "polytree/graph/plan.h"

/** Where a buffer number is expected; REMOTE: there is one, on another stage. */
enum { NONE = -1, NETWORK_INPUT = PT_PLAN_INPUT, REMOTE = -3 };

typedef enum instr_kind {
    INSTR_FORWARD,
    INSTR_BACKWARD,
    INSTR_ADD,
    INSTR_LOSS,
    INSTR_TAKE, /**< y out of a message from a neighbouring stage */
    INSTR_GIVE, /**< x[0] into a message to one */
    INSTR_PAUSE /**< a section ends: others may run before the next */
} instr_kind_t;

/** One step of the tape.  Buffers are numbers first, byte offsets once laid out. */
typedef struct instr {
    instr_kind_t kind;
    const pt_op_inst_t *inst; /**< NULL: add and loss */
    int32_t op;
    int32_t candidate; /**< whose operation it is, or whose value is added up or judged; or
                          NONE */
    int32_t slot;      /**< task of the gate, its gradient, the loss or dropout */
    int32_t choice;    /**< gate read (soft) or whose gradient is formed; or NONE */
    int32_t stat;      /**< number of the statistics; or NONE */
    bool is_soft;      /**< the gate is read from the subnet, else it is 1 */
    bool forms_params, forms_gate;
    int64_t n;           /**< add, loss, take, give: elements */
    int64_t at, message; /**< take, give: place in the message, and its elements */
    bool is_back;        /**< take, give: an adjoint; pause: of a backward section */
    int64_t x[PT_OP_MAX_IN], y, dy, dx[PT_OP_MAX_IN], saved;
} instr_t;

typedef struct buffer {
    int64_t bytes;
    int64_t offset;
    int32_t first, last; /**< instructions */
} buffer_t;

typedef struct hole {
    int64_t offset, bytes;
} hole_t;

/** Does it have a name in a machine's table?  Messages and pauses have none. */
static inline bool tape_is_measured(const instr_t *in)
{
    return in->kind == INSTR_FORWARD || in->kind == INSTR_BACKWARD ||
           in->kind == INSTR_ADD || in->kind == INSTR_LOSS;
}

/** An instruction that touches nothing yet. */
instr_t tape_instr(instr_kind_t kind);

/** A buffer that lives from the next instruction on; its number. */
int32_t tape_buffer(pt_plan_t *plan, int64_t bytes);

/** Append an instruction: its buffers live at least until here. */
void tape_push(pt_plan_t *plan, instr_t in);

#endif
