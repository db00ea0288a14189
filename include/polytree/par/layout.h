/** @file
 * How ranks are arranged: world = stage x task x data, data innermost.
 *
 * Ranks take their places node after node, whatever their numbers: data ranks, which
 * exchange most, then share a node, and stages, which exchange least, lie on different
 * ones.
 */
#ifndef PT_PAR_LAYOUT_H
#define PT_PAR_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/par/comm.h"

typedef enum pt_axis { PT_AXIS_STAGE, PT_AXIS_TASK, PT_AXIS_DATA, PT_N_AXIS } pt_axis_t;

typedef struct pt_layout {
    int32_t extent[PT_N_AXIS];
    int32_t coord[PT_N_AXIS]; /**< of this rank; -1 on a surplus rank */
    bool is_active; /**< false on a surplus rank: it has none of the communicators below */
    pt_comm_t *all; /**< all ranks, the active ones first; of surplus ranks too; owned */
    pt_comm_t *world; /**< active ranks; owned */
    pt_comm_t *node;  /**< active ranks of this node; owned */
    pt_comm_t
        *replica; /**< this stage's task x data ranks: they share edges' weights; owned */
    pt_comm_t *data;  /**< this (stage, task)'s data ranks: they share heads; owned */
    pt_comm_t *chain; /**< this (task, data)'s stages: units stream through them; owned */
} pt_layout_t;

/**
 * Extents of so many ranks, where those that are 0 are left open: see pt_layout_init(). Not
 * collective.
 */
PT_MUST_CHECK pt_status_t pt_layout_extents(const int32_t wanted[PT_N_AXIS], int32_t size,
                                            int32_t extent[PT_N_AXIS]);

/**
 * Arrange the ranks of `comm`.  Extent 0 means: one stage; along task or data, whatever
 * ranks are left; along both, one task and the rest data.  Where extents do not multiply to
 * the number of ranks, the surplus idles; `strict` refuses that.  Collective over `comm`.
 *
 * @param[out] layout  set on success only; release with pt_layout_release()
 * @return PT_E_CONFIG when the extents ask for more ranks than there are
 */
PT_MUST_CHECK pt_status_t pt_layout_init(pt_layout_t *layout, pt_comm_t *comm,
                                         const int32_t extent[PT_N_AXIS], bool strict);
/** Collective over all ranks. */
void pt_layout_release(pt_layout_t *layout);

#endif
