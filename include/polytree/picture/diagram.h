/** @file
 * A network drawn as a graph.
 */
#ifndef PT_PICTURE_DIAGRAM_H
#define PT_PICTURE_DIAGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/base/text.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

/**
 * Add the graph as Graphviz dot text: what is alive for the tasks, one graph for all.
 *
 * An edge of up to three tasks has one line in the colour of each, an edge of more is
 * grey, as wide as it is shared, and says "all", "all but" whom, or how many.  Where tasks
 * are too many for boxes of their own, a table below says which have which graph.
 *
 * A branch space is a tree: a box for the layers that the same tasks run together, the
 * tasks at its leaves; where they are many, boxes stand for branches that are alike, or for
 * all that is below.
 *
 * @param[in] task  one task alone, or -1 for all
 * @return PT_E_RANGE where there is no such task
 */
PT_MUST_CHECK pt_status_t pt_diagram_dot(const pt_space_t *space, const pt_subnet_t *subnet,
                                         int32_t task, pt_text_t *out);

/**
 * Add the graph of all tasks as SVG to stand in a page, where there are few of them with
 * the classes t0, t1, ... of the tasks that a node or an edge is of; several lines of one
 * edge are in the order of its classes.
 *
 * @param[out] is_drawn  false where dot is not installed
 */
PT_MUST_CHECK pt_status_t pt_diagram_draw(const pt_space_t *space,
                                          const pt_subnet_t *subnet, pt_text_t *svg,
                                          bool *is_drawn);

/** Colour of a task there: "#1f77b4". */
const char *pt_diagram_color(int32_t task);

/**
 * Draw the graph of one task, or of all (-1), as SVG with Graphviz' dot.
 *
 * @param[out] is_drawn  false where dot is not installed
 */
PT_MUST_CHECK pt_status_t pt_diagram_write(const pt_space_t *space,
                                           const pt_subnet_t *subnet, int32_t task,
                                           const char *path, bool *is_drawn);

#endif
