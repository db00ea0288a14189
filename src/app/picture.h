/** @file
 * The picture of a network.
 */
#ifndef APP_PICTURE_H
#define APP_PICTURE_H

#include <stdbool.h>

#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

/**
 * Draw the graph of one task, or of all (-1), as SVG with Graphviz' dot.
 *
 * @param[out] is_drawn  false where dot is not installed
 */
PT_MUST_CHECK pt_status_t pt_picture_write(const pt_space_t *space,
                                           const pt_subnet_t *subnet, int32_t task,
                                           const char *path, bool *is_drawn);

#endif
