/** @file
 * Pictures of architectures by Graphviz.
 */
#ifndef APP_PICTURE_H
#define APP_PICTURE_H

#include <stdbool.h>

#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

/**
 * Draw a network as SVG with the program `dot`, replacing `path` at once.
 *
 * @param[in]  task      one task alone, or -1 for all
 * @param[out] is_drawn  false where there is no `dot`
 */
PT_MUST_CHECK pt_status_t pt_picture_write(const pt_space_t *space,
                                           const pt_subnet_t *subnet, int32_t task,
                                           const char *path, bool *is_drawn);

#endif
