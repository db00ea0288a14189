/** @file
 * Plans: a subnet compiled for one bundle of tasks into a tape with every buffer placed.
 *
 * A plan depends on the bits of the subnet, never on its gates.  A value is numbered by
 * (operation, inputs): tasks whose choices agree share work without any code for
 * branching.  The tape is emitted in segments,
 *
 *     shared forward | task 1: forward, loss, backward | task 2: ... | shared backward
 *
 * so that one task's private activations live at a time.  In the alpha pass forwards
 * are shared alike, but each task's backward runs through all of its values, because
 * every gate wants that task's own adjoint.
 */
#ifndef PT_GRAPH_PLAN_H
#define PT_GRAPH_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "polytree/base/status.h"
#include "polytree/graph/machine.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

typedef enum pt_pass {
    PT_PASS_WEIGHT,    /**< forward, backward to all weights */
    PT_PASS_ALPHA,     /**< forward, backward to all gates, closed ones included */
    PT_PASS_LOSS,      /**< forward as that of weights, to the losses alone */
    PT_PASS_CALIBRATE, /**< forward on microbatch statistics, which are collected */
    PT_PASS_EVAL       /**< forward on stored statistics */
} pt_pass_t;

typedef struct pt_plan pt_plan_t;
typedef struct pt_cut pt_cut_t;

/**
 * Room for any plan of at most `n_task` tasks of `space` (borrowed), which is compiled
 * into it as often as wanted without allocating: addresses for the largest, memory only as
 * far as plans need it.
 */
PT_MUST_CHECK pt_status_t pt_plan_new(const pt_space_t *space, int32_t n_task,
                                      pt_plan_t **out);
void pt_plan_free(pt_plan_t *plan);

/** From now on plans are those of one stage of a cut (borrowed); NULL, 0, as at first: of
 * everything. */
void pt_plan_place(pt_plan_t *plan, const pt_cut_t *cut, int32_t stage);

/**
 * Compile the active candidates of these tasks (ascending) into one tape.
 *
 * Not collective.  Deterministic: equal bits give equal tapes on all ranks.
 *
 * @return PT_E_RANGE where a task has no path from input to head
 */
PT_MUST_CHECK pt_status_t pt_plan_compile(pt_plan_t *plan, const pt_subnet_t *subnet,
                                          pt_pass_t pass, const int32_t *task,
                                          int32_t n_task);

/** What the plan was compiled from: pt_subnet_key() mixed with the pass; 0 at first. */
uint64_t pt_plan_key(const pt_plan_t *plan);
uint64_t pt_plan_make_key(const pt_subnet_t *subnet, pt_pass_t pass, const int32_t *task,
                          int32_t n_task);

/** Exact bytes of the arena that running the plan takes. */
size_t pt_plan_arena_bytes(const pt_plan_t *plan);
/** Bytes that no plan of this room can exceed. */
size_t pt_plan_arena_bound(const pt_plan_t *plan);
/** Bytes of the plan itself, as it was compiled last. */
size_t pt_plan_bytes(const pt_plan_t *plan);
int32_t pt_plan_n_instr(const pt_plan_t *plan);
/** Segments that stream through the stages: one per task. */
int32_t pt_plan_n_segment(const pt_plan_t *plan);
/** Elements of the largest message that a plan of this room can have. */
int64_t pt_plan_message_bound(const pt_plan_t *plan);

/** What a space's parts cost, in seconds: see pt_plan_load(). */
typedef struct pt_load {
    double *cost;     /**< [n_candidate] of its operations */
    double *transfer; /**< [n_candidate] of what crosses a cut right before it */
} pt_load_t;

/** Add `units` times what one unit of a plan of everything costs, where stages exchange
 * over `wire`.  Not collective. */
void pt_plan_load(const pt_plan_t *plan, double units, const pt_machine_t *machine,
                  pt_wire_t wire, pt_load_t *load);

/** Whether a machine has the seconds of all that the plan runs. */
bool pt_plan_is_known(const pt_plan_t *plan, const pt_machine_t *machine);
/** Let `counted` learn the names of what it has no seconds of, as they are counted. */
PT_MUST_CHECK pt_status_t pt_plan_unknown(const pt_plan_t *plan,
                                          const pt_machine_t *machine,
                                          pt_machine_t *counted);

/** A section of a plan: what it takes, and then sends to the neighbouring stage. */
typedef struct pt_section {
    double seconds;
    int64_t bytes; /**< forward: to the stage behind; backward: to the one before */
} pt_section_t;

/**
 * Sections of one unit of a plan as placed, receiving over `wire` included.  Not
 * collective.
 *
 * @param[out] forward, backward  [pt_plan_n_segment()]; backward is left alone where the
 * pass has none
 */
void pt_plan_sections(const pt_plan_t *plan, const pt_machine_t *machine, pt_wire_t wire,
                      pt_section_t *forward, pt_section_t *backward);

/** Multiply-adds per sample, over all stages: one forward, and all that one unit executes.
 */
int64_t pt_plan_madds(const pt_plan_t *plan);
int64_t pt_plan_madds_executed(const pt_plan_t *plan);

/** The batch norms of a plan: one set of statistics per value, in the same order for every
 * pass of the same tasks; read in eval plans and of frozen candidates. */
typedef struct pt_plan_stat {
    int32_t op;     /**< in space->op */
    int32_t task;   /**< first task that uses it */
    int64_t count;  /**< elements a microbatch adds per channel */
    int64_t offset; /**< of mean[c], then variance[c] (sum, sum of squares) in doubles */
    int32_t channels;
} pt_plan_stat_t;
int32_t pt_plan_n_stat(const pt_plan_t *plan);
const pt_plan_stat_t *pt_plan_stat(const pt_plan_t *plan, int32_t i);
/** A value that the network of a plan has: an operation on others, numbered once however
 * many tasks use it, after its inputs. */
typedef struct pt_plan_value {
    int32_t op;                     /**< in space->op; -1: the sum of its two inputs */
    int32_t n_in, in[PT_OP_MAX_IN]; /**< values, or PT_PLAN_INPUT */
    int32_t task;                   /**< first task that uses it */
    int32_t candidate;              /**< whose operation it is, or whose term is added */
} pt_plan_value_t;
/** The network's input. */
enum { PT_PLAN_INPUT = -2 };
/** Of an eval plan with hard gates. */
int32_t pt_plan_n_value(const pt_plan_t *plan);
pt_plan_value_t pt_plan_value(const pt_plan_t *plan, int32_t value);
/** Whether the i-th task of the plan uses a value; and the value that it puts out. */
bool pt_plan_uses(const pt_plan_t *plan, int32_t value, int32_t i);
int32_t pt_plan_output(const pt_plan_t *plan, int32_t i);
/** The value that the i-th task of the plan has at a node, PT_PLAN_INPUT, or -1. */
int32_t pt_plan_at_node(const pt_plan_t *plan, int32_t i, int32_t node);
/** Doubles of all statistics together, and a bound for every plan of this room. */
int64_t pt_plan_stat_doubles(const pt_plan_t *plan);
int64_t pt_plan_stat_bound(const pt_plan_t *plan);

#endif
