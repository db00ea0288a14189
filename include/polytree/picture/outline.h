/** @file
 * A network in a line of words.
 */
#ifndef PT_PICTURE_OUTLINE_H
#define PT_PICTURE_OUTLINE_H

#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/base/text.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

/**
 * Add a task's graph in a dag space: "in 1 3 | edges 1-2 2-4 | out 4".
 *
 * @param[in] candidate  alive, as pt_subnet_reach() gives them
 */
void pt_outline_dag(const pt_space_t *space, const uint8_t *candidate, int32_t task,
                    pt_text_t *text);

/**
 * Add which tasks run which layers of a branch space together, in one line, "stem-l06 all
 * | l07-l12 {a b} {c d e}", or with whom one task does, "stem-l06 with all | l07-l12 with
 * b"; many tasks are counted.
 *
 * @param[in] task  one task alone, or -1 for all
 */
PT_MUST_CHECK pt_status_t pt_outline_branching(const pt_space_t *space,
                                               const pt_subnet_t *subnet, int32_t task,
                                               pt_text_t *text);

#endif
