/** @file
 * An event file of TensorBoard beside the journal: losses, metrics and rates as scalars.
 *
 * It is a function of the journal alone, so the same bytes on any layout, and holds no
 * times of day.  A scalar's tag is PHASE/WHAT/WHERE or PHASE/TASK/WHAT/WHERE, where WHERE
 * is the kind of step (weight, alpha) or the part that was scored (train, val, test); its
 * step is that of the phase.
 */
#ifndef PT_RECORD_TENSORBOARD_H
#define PT_RECORD_TENSORBOARD_H

#include "polytree/record/journal.h"

typedef struct pt_tensorboard pt_tensorboard_t;

/** Write the file of folder `run` anew from the journal that is there, and keep it open for
 * more.  Free with pt_tensorboard_free(). */
PT_MUST_CHECK pt_status_t pt_tensorboard_open(const char *run, pt_tensorboard_t **out);
void pt_tensorboard_free(pt_tensorboard_t *board);

/** Add an event; those that have no scalars are passed over.  Whoever reads along has it
 * then.  What cannot be written is known to pt_tensorboard_check(). */
void pt_tensorboard_put(pt_tensorboard_t *board, const pt_event_t *event);

/** PT_E_IO where an event could not be written. */
PT_MUST_CHECK pt_status_t pt_tensorboard_check(const pt_tensorboard_t *board);

/** Write the whole file of folder `run`, as of a run that is over. */
PT_MUST_CHECK pt_status_t pt_tensorboard_write(const char *run);

#endif
