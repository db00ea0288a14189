/** @file
 * What the pictures of both kinds of space have in common.
 */
#ifndef SEARCH_DOT_H
#define SEARCH_DOT_H

#include <stdio.h>

#include "polytree/base/status.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

/** Colours that are told apart; more tasks share them. */
enum { DOT_N_COLOR = 24 };

/** "#1f77b4" */
const char *dot_color(int32_t task);

/** pt_architecture_dot() of a branch space. */
PT_MUST_CHECK pt_status_t dot_tree(const pt_space_t *space, const pt_subnet_t *subnet,
                                   int32_t task, FILE *file);

#endif
