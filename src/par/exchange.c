/* Exchanges that are not sums.  What is too large for one call goes in chunks. */
#include "par/comm_private.h"

#include <string.h>

enum { GATHER_TAG = 71 };

static int64_t chunk_at(int64_t done, int64_t total)
{
    int64_t left = total - done;
    return left < pt_comm_chunk ? left : pt_comm_chunk;
}

pt_status_t pt_comm_bcast(pt_comm_t *comm, void *data, size_t bytes, int32_t root)
{
    int64_t total = (int64_t)bytes;
    if (comm->size == 1)
        return PT_OK;
    for (int64_t done = 0; done < total;) {
        int n;
        PT_TRY(pt_mpi_count(chunk_at(done, total), &n));
        PT_TRY(pt_mpi_status(MPI_Bcast((char *)data + done, n, MPI_BYTE, root, comm->mpi),
                             "MPI_Bcast"));
        done += n;
    }
    return PT_OK;
}

static pt_status_t send_chunks(pt_comm_t *comm, const char *data, int64_t total,
                               int32_t dst)
{
    for (int64_t done = 0; done < total;) {
        int n;
        PT_TRY(pt_mpi_count(chunk_at(done, total), &n));
        PT_TRY(pt_mpi_status(MPI_Send(data + done, n, MPI_BYTE, dst, GATHER_TAG, comm->mpi),
                             "MPI_Send"));
        done += n;
    }
    return PT_OK;
}

static pt_status_t receive_chunks(pt_comm_t *comm, char *data, int64_t total, int32_t src)
{
    for (int64_t done = 0; done < total;) {
        int n;
        PT_TRY(pt_mpi_count(chunk_at(done, total), &n));
        PT_TRY(pt_mpi_status(MPI_Recv(data + done, n, MPI_BYTE, src, GATHER_TAG, comm->mpi,
                                      MPI_STATUS_IGNORE),
                             "MPI_Recv"));
        done += n;
    }
    return PT_OK;
}

/* One sender after another, for pieces that are too large for one MPI_Gatherv. */
static pt_status_t gather_in_turn(pt_comm_t *comm, const void *mine, char *all,
                                  const size_t *bytes, int32_t root)
{
    if (comm->rank != root)
        return send_chunks(comm, mine, (int64_t)bytes[comm->rank], root);
    for (int32_t r = 0; r < comm->size; r++) {
        if (r != root)
            PT_TRY(receive_chunks(comm, all, (int64_t)bytes[r], r));
        else if (bytes[r] > 0)
            memcpy(all, mine, bytes[r]);
        all += bytes[r];
    }
    return PT_OK;
}

pt_status_t pt_comm_gather(pt_comm_t *comm, const void *mine, void *all,
                           const size_t *bytes, int32_t root)
{
    size_t total = 0;
    if (comm->size == 1) {
        if (bytes[0] > 0)
            memcpy(all, mine, bytes[0]);
        return PT_OK;
    }
    for (int32_t r = 0; r < comm->size; r++) {
        if (bytes[r] > (size_t)INT64_MAX - total)
            PT_FAIL(RANGE, "rank %d's piece has %zu bytes", (int)r, bytes[r]);
        total += bytes[r];
    }
    if ((int64_t)total > pt_comm_chunk)
        return gather_in_turn(comm, mine, all, bytes, root);
    total = 0;
    for (int32_t r = 0; r < comm->size; r++) {
        PT_TRY(pt_mpi_count((int64_t)bytes[r], &comm->count[r]));
        PT_TRY(pt_mpi_count((int64_t)total, &comm->displ[r]));
        total += bytes[r];
    }
    return pt_mpi_status(MPI_Gatherv(mine, comm->count[comm->rank], MPI_BYTE, all,
                                     comm->count, comm->displ, MPI_BYTE, root, comm->mpi),
                         "MPI_Gatherv");
}

pt_status_t pt_comm_allgather(pt_comm_t *comm, const void *mine, void *all, size_t bytes)
{
    char *at = all;
    int n;
    if (bytes == 0)
        return PT_OK;
    if (comm->size == 1) {
        memcpy(all, mine, bytes);
        return PT_OK;
    }
    if (bytes <= (size_t)(pt_comm_chunk / comm->size)) {
        PT_TRY(pt_mpi_count((int64_t)bytes, &n));
        return pt_mpi_status(MPI_Allgather(mine, n, MPI_BYTE, all, n, MPI_BYTE, comm->mpi),
                             "MPI_Allgather");
    }
    memcpy(at + (size_t)comm->rank * bytes, mine, bytes);
    for (int32_t r = 0; r < comm->size; r++)
        PT_TRY(pt_comm_bcast(comm, at + (size_t)r * bytes, bytes, r));
    return PT_OK;
}

pt_status_t pt_comm_barrier(pt_comm_t *comm)
{
    if (comm->size == 1)
        return PT_OK;
    return pt_mpi_status(MPI_Barrier(comm->mpi), "MPI_Barrier");
}
