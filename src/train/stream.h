/** @file
 * Streaming units through the stages of a trainer.
 */
#ifndef TRAIN_STREAM_H
#define TRAIN_STREAM_H

#include "train/trainer.h"

/** Units to run, in the same order on all stages of a chain. */
typedef struct stream {
    int32_t n;
    pt_pass_t pass;
    const pt_subnet_t *subnet;
    void *context;
    int32_t (*bundle)(void *context, int32_t i); /**< of unit i */
    /** Complete a unit, whose input, gates' gradients and rest have places: fill them. */
    pt_status_t (*begin)(void *context, int32_t i, pt_unit_t *unit);
    /** It has run: collect what it left. */
    void (*end)(void *context, int32_t i, const pt_unit_t *unit);
} stream_t;

/** Cut the space, and keep this stage's part.  Collective over the layout's active ranks.
 */
PT_MUST_CHECK pt_status_t stream_cut(pt_trainer_t *trainer, const pt_form_t *form);

/** Flights and exec, once there are plans.  Not collective. */
PT_MUST_CHECK pt_status_t stream_open(pt_trainer_t *trainer);

/** Connect the stages.  Collective over the layout's active ranks. */
PT_MUST_CHECK pt_status_t stream_connect(pt_trainer_t *trainer);

void stream_close(pt_trainer_t *trainer);

/**
 * Run the units: one forward, one backward where there is a backward (graph/exec.h).  Where
 * there are several stages a unit whose begin() fails is run as it is, so that no stage
 * waits for it; the first failure is returned.
 */
PT_MUST_CHECK pt_status_t stream_run(pt_trainer_t *trainer, const stream_t *stream);

/** Is this stage the one of the heads, labels and losses? */
static inline bool stream_is_last(const pt_trainer_t *trainer)
{
    return trainer->layout->coord[PT_AXIS_STAGE] ==
           trainer->layout->extent[PT_AXIS_STAGE] - 1;
}

#endif
