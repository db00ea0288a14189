/** @file
 * Networks as Graphviz reads them, by the kind of their space.
 */
#ifndef PICTURE_DOT_H
#define PICTURE_DOT_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/base/text.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

/** Colours that are told apart; more tasks share them. */
enum { DOT_N_COLOR = 24 };

/** "#1f77b4" */
const char *dot_color(int32_t task);

/** Whether what is drawn of all tasks says whose it is, as classes t0, t1, ... of SVG. */
static inline bool dot_has_classes(int32_t n_task)
{
    return n_task > 1 && n_task <= DOT_N_COLOR;
}

/** pt_diagram_dot() of a dag space. */
PT_MUST_CHECK pt_status_t dot_dag(const pt_space_t *space, const pt_subnet_t *subnet,
                                  int32_t task, pt_text_t *out);

/** pt_diagram_dot() of a branch space. */
PT_MUST_CHECK pt_status_t dot_tree(const pt_space_t *space, const pt_subnet_t *subnet,
                                   int32_t task, pt_text_t *out);

#endif
