/** @file
 * Heat maps of task affinity, as SVG.
 */
#ifndef PT_PICTURE_HEAT_H
#define PT_PICTURE_HEAT_H

#include "polytree/base/status.h"
#include "polytree/io/affinity_file.h"

/**
 * Draw a map for each level, its tasks ordered by their group there and groups parted by
 * lines; blue is 1, white 0, red -1, grey what is not known.  Of more than 120 tasks those
 * that follow each other are drawn as their mean.
 *
 * @param[in] task  [n_task] names
 */
PT_MUST_CHECK pt_status_t pt_heat_write(const char *path, const pt_affinity_t *affinity,
                                        const char *const *task);

#endif
