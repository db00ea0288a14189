/** @file
 * Messages between neighbouring stages: values down the chain, adjoints up.
 *
 * Nothing waits but who has nothing else to do.  Sends and receives are non-blocking; a
 * side holds PT_PIPE_DEPTH messages of each direction, and receives are posted before they
 * are wanted, so that transfers run while the ranks compute.
 *
 * A sender waits for room until the receiver has read the message 2 PT_PIPE_DEPTH before:
 * PT_PIPE_DEPTH of them lie with either.  A section (see polytree/graph/exec.h) sends at
 * most two in one direction, its own and the shared one, so what is waited for is at least
 * two sections back.  In the times there, F(g) at 2g + s waits for a section of the next
 * stage at 2(g - 2) + s + 2 or before, B(g) for one of the stage before at less than its
 * own likewise: time grows here too, and no circle of ranks can wait for one another,
 * whatever their number and that of the units.
 */
#ifndef PT_PAR_PIPE_H
#define PT_PAR_PIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/real.h"
#include "polytree/base/status.h"
#include "polytree/par/comm.h"

#define PT_PIPE_DEPTH 2

typedef struct pt_pipe pt_pipe_t;

/**
 * Ends of the pipe to the ranks before and behind this one in `chain`, beside which there
 * may be others.  Collective over it.
 *
 * @param[in] message_bound  elements that no message exceeds; memory is taken only as far
 *                           as messages need it
 */
PT_MUST_CHECK pt_status_t pt_pipe_new(pt_comm_t *chain, int64_t message_bound,
                                      pt_pipe_t **out);
/** Not before all messages have been read; collective over the chain. */
void pt_pipe_free(pt_pipe_t *pipe);

/* Not collective.  `is_back`: up, to the stage before; else down.  What goes wrong is kept
 * for pt_pipe_status(), and the pipe then gives what it has. */

/** The next message, which has n elements; waits for it.  The same until done. */
const pt_real_t *pt_pipe_receive(pt_pipe_t *pipe, bool is_back, int64_t n);
void pt_pipe_done(pt_pipe_t *pipe, bool is_back);
/** Where to write the next message; the same until sent.  May wait, see above. */
pt_real_t *pt_pipe_room(pt_pipe_t *pipe, bool is_back);
void pt_pipe_send(pt_pipe_t *pipe, bool is_back, int64_t n);
/** Let transfers go on: MPI does so only while it is called. */
void pt_pipe_progress(pt_pipe_t *pipe);

/** The first thing that went wrong. */
PT_MUST_CHECK pt_status_t pt_pipe_status(const pt_pipe_t *pipe);

#endif
