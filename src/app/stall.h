/** @file
 * Whether the work of a process stands still, as a watching thread sees it that counts
 * beats of its own.
 *
 * A step or an evaluation gives signs of life (polytree/base/activity.h) at every piece of
 * work.  Without one it stands still after the option's time, or ten times the longest step
 * where that is more.  Who waits for others gives no sign while these work, which may be as
 * long as the longest step or evaluation of its kind; and it gives who is at fault a
 * quarter more, to say so itself.
 */
#ifndef APP_STALL_H
#define APP_STALL_H

#include <stdbool.h>
#include <stddef.h>

#include "polytree/base/activity.h"

typedef enum stall_state {
    STALL_NO_PART, /**< nothing so far to be missed */
    STALL_PAUSED,
    STALL_AT_WORK,
    STALL_WAITING
} stall_state_t;

typedef struct stall {
    pt_activity_t seen;
    long span_since, sign_since; /**< beats */
    long longest[PT_N_SPAN];     /**< beats, of those seen to end */
} stall_t;

/** Look at this process; `now` in beats. */
stall_state_t stall_look(stall_t *stall, long now);

/** Has it been longer without a sign of life than it may be, `least` being the option's
 * time? */
bool stall_is_overdue(const stall_t *stall, long now, long least);

/** "reading samples in search, weight step 17". */
void stall_describe(const stall_t *stall, char *text, size_t size);

#endif
