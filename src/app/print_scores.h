/** @file
 * Printing the scores of a network's tasks.
 */
#ifndef APP_PRINT_SCORES_H
#define APP_PRINT_SCORES_H

#include "polytree/graph/subnet.h"
#include "polytree/train/objective.h"
#include "polytree/train/scores.h"

/** A table of the tasks' scores, of a network and what its tasks are judged by; `title`
 * says what they are on. */
void pt_print_scores(const pt_space_t *space, const pt_subnet_t *subnet,
                     const pt_objective_t *objective, const pt_task_score_t *score,
                     const char *title);

#endif
