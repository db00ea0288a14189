/* One copy per node of a large array, in an MPI shared window held by node rank 0. */
#include "polytree/par/shared.h"

#include "par/comm_private.h"
#include "polytree/base/memory.h"

struct pt_shared {
    pt_comm_t *node;
    MPI_Win win; /**< MPI_WIN_NULL where the node has one rank: plain memory then */
    void *plain;
};

static pt_status_t open_window(pt_shared_t *shared, size_t bytes, void **data)
{
    const pt_comm_t *node = shared->node;
    MPI_Aint held = node->rank == 0 ? (MPI_Aint)(bytes + PT_ALIGN) : 0, size;
    char *base = NULL;
    int unit;

    pt_status_t status = pt_mpi_status(
        MPI_Win_allocate_shared(held, 1, MPI_INFO_NULL, node->mpi, &base, &shared->win),
        "MPI_Win_allocate_shared");
    if (status != PT_OK) {
        shared->win = MPI_WIN_NULL;
        PT_FAIL(LIBRARY, "no %zu bytes of memory shared by the node's %d ranks: %s", bytes,
                (int)node->size, pt_error_message());
    }
    MPI_Win_set_errhandler(shared->win, MPI_ERRORS_RETURN);
    PT_TRY(pt_mpi_status(MPI_Win_shared_query(shared->win, 0, &size, &unit, &base),
                         "MPI_Win_shared_query"));
    PT_TRY(
        pt_mpi_status(MPI_Win_lock_all(MPI_MODE_NOCHECK, shared->win), "MPI_Win_lock_all"));
    /* Mappings begin on pages everywhere, so the ranks round to the same byte. */
    *data = (void *)(((uintptr_t)base + PT_ALIGN - 1) & ~(uintptr_t)(PT_ALIGN - 1));
    return PT_OK;
}

pt_status_t pt_shared_new(pt_comm_t *node, size_t bytes, pt_shared_t **out, void **data)
{
    pt_shared_t *shared = NULL;
    void *address = NULL;
    pt_status_t status = pt_alloc(&shared, 1, sizeof *shared);

    PT_AGREE(node, status);
    shared->node = node;
    shared->win = MPI_WIN_NULL;
    if (node->size == 1) {
        status = pt_alloc(&shared->plain, bytes, 1);
        address = shared->plain;
    } else {
        status = open_window(shared, bytes, &address);
    }
    PT_TRY_OR(fail, pt_comm_agree(node, status));
    *out = shared;
    *data = address;
    return PT_OK;
fail:
    pt_shared_free(shared);
    return status;
}

pt_status_t pt_shared_ready(pt_shared_t *shared)
{
    if (shared->win == MPI_WIN_NULL)
        return PT_OK;
    PT_TRY(pt_mpi_status(MPI_Win_sync(shared->win), "MPI_Win_sync"));
    PT_TRY(pt_comm_barrier(shared->node));
    return pt_mpi_status(MPI_Win_sync(shared->win), "MPI_Win_sync");
}

void pt_shared_free(pt_shared_t *shared)
{
    if (shared == NULL)
        return;
    if (shared->win != MPI_WIN_NULL) {
        MPI_Win_unlock_all(shared->win);
        MPI_Win_free(&shared->win);
    }
    pt_free(shared->plain);
    pt_free(shared);
}
