/* Arranging ranks: rank among the active = (stage * n_task + task) * n_data + data. */
#include "polytree/par/layout.h"

#include "polytree/base/memory.h"
#include "polytree/par/log.h"

pt_status_t pt_layout_extents(const int32_t wanted[PT_N_AXIS], int32_t size,
                              int32_t extent[PT_N_AXIS])
{
    int64_t product = 1;
    for (int32_t a = 0; a < PT_N_AXIS; a++) {
        if (wanted[a] < 0)
            PT_FAIL(CONFIG,
                    "layout has %d ranks along %s, wanted 0 (whatever is left) or "
                    "more",
                    (int)wanted[a],
                    a == PT_AXIS_STAGE  ? "stage"
                    : a == PT_AXIS_TASK ? "task"
                                        : "data");
        extent[a] = wanted[a] > 0 ? wanted[a] : 1;
        /* Clamped just above the number of ranks, so that it cannot overflow. */
        product *= extent[a];
        product = product > size ? (int64_t)size + 1 : product;
    }
    if (product > size)
        PT_FAIL(CONFIG, "layout wants %d stage x %d task x %d data ranks, but there %s %d",
                (int)extent[PT_AXIS_STAGE], (int)extent[PT_AXIS_TASK],
                (int)extent[PT_AXIS_DATA], size == 1 ? "is only" : "are only", (int)size);
    if (wanted[PT_AXIS_DATA] == 0)
        extent[PT_AXIS_DATA] = (int32_t)(size / product);
    else if (wanted[PT_AXIS_TASK] == 0)
        extent[PT_AXIS_TASK] = (int32_t)(size / product);
    return PT_OK;
}

static pt_status_t make_comms(pt_layout_t *layout)
{
    pt_comm_t *world = layout->world;
    int32_t rank = pt_comm_rank(world);
    int32_t n_task = layout->extent[PT_AXIS_TASK], n_data = layout->extent[PT_AXIS_DATA];

    layout->coord[PT_AXIS_DATA] = rank % n_data;
    layout->coord[PT_AXIS_TASK] = rank / n_data % n_task;
    layout->coord[PT_AXIS_STAGE] = rank / n_data / n_task;
    PT_TRY(pt_comm_split_node(world, &layout->node));
    PT_TRY(pt_comm_split(world, layout->coord[PT_AXIS_STAGE], rank, &layout->replica));
    PT_TRY(pt_comm_split(world, rank / n_data, rank, &layout->data));
    return pt_comm_split(world, rank % (n_data * n_task), rank, &layout->chain);
}

/* Number of this rank when they are counted node after node, nodes by their lowest rank. */
static pt_status_t find_place(pt_comm_t *comm, int32_t *place)
{
    int32_t size = pt_comm_size(comm), rank = pt_comm_rank(comm), lowest = rank;
    int32_t *all = NULL;
    pt_comm_t *node = NULL;
    pt_status_t status;

    PT_TRY(pt_comm_split_node(comm, &node));
    status = pt_comm_bcast(node, &lowest, sizeof lowest, 0);
    pt_comm_free(node);
    if (status == PT_OK)
        status = pt_alloc(&all, (size_t)size, sizeof *all);
    PT_TRY_OR(done, pt_comm_agree(comm, status));
    PT_TRY_OR(done, pt_comm_allgather(comm, &lowest, all, sizeof lowest));
    *place = 0;
    for (int32_t r = 0; r < size; r++)
        *place += all[r] < lowest || (all[r] == lowest && r < rank);
done:
    pt_free(all);
    return status;
}

pt_status_t pt_layout_init(pt_layout_t *layout, pt_comm_t *comm,
                           const int32_t extent[PT_N_AXIS], bool strict)
{
    const int32_t asked[] = {extent[0], extent[1], extent[2], strict};
    int32_t size = pt_comm_size(comm), rank = pt_comm_rank(comm), n_active = 1, place = 0;
    pt_status_t status;
    pt_layout_t made = {.coord = {-1, -1, -1}};

    PT_TRY(pt_comm_check_equal(comm, "the layout asked for", asked, sizeof asked));
    PT_TRY(pt_layout_extents(extent, size, made.extent));
    for (int32_t a = 0; a < PT_N_AXIS; a++)
        n_active *= made.extent[a];
    if (n_active < size && strict)
        PT_FAIL(CONFIG,
                "layout of %d stage x %d task x %d data ranks leaves %d of %d ranks idle "
                "(layout.strict)",
                (int)made.extent[PT_AXIS_STAGE], (int)made.extent[PT_AXIS_TASK],
                (int)made.extent[PT_AXIS_DATA], (int)(size - n_active), (int)size);
    if (n_active < size && rank == 0)
        pt_log(PT_LOG_WARNING,
               "layout of %d stage x %d task x %d data ranks: %d of %d idle",
               (int)made.extent[PT_AXIS_STAGE], (int)made.extent[PT_AXIS_TASK],
               (int)made.extent[PT_AXIS_DATA], (int)(size - n_active), (int)size);

    PT_TRY(find_place(comm, &place));
    made.is_active = place < n_active;
    PT_TRY(pt_comm_split(comm, 0, place, &made.all));
    PT_TRY_OR(fail, pt_comm_split(comm, made.is_active ? 0 : -1, place, &made.world));
    status = made.is_active ? make_comms(&made) : PT_OK;
    PT_TRY_OR(fail, pt_comm_agree(comm, status));
    *layout = made;
    return PT_OK;
fail:
    pt_layout_release(&made);
    return status;
}

void pt_layout_release(pt_layout_t *layout)
{
    pt_comm_free(layout->chain);
    pt_comm_free(layout->data);
    pt_comm_free(layout->replica);
    pt_comm_free(layout->node);
    pt_comm_free(layout->world);
    pt_comm_free(layout->all);
    *layout = (pt_layout_t){.coord = {-1, -1, -1}};
}
