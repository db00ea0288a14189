/** @file
 * What par's own files and io know about a communicator: the MPI handle inside.
 */
#ifndef PAR_COMM_PRIVATE_H
#define PAR_COMM_PRIVATE_H

#include <mpi.h>
#include <stdbool.h>

#include "polytree/par/comm.h"
#include "polytree/par/reduce.h"

struct pt_comm {
    MPI_Comm mpi;
    int32_t rank, size;
    int32_t world_rank; /**< named in messages: people know ranks by this number */
    int *count, *displ; /**< `size` each, so that no call allocates */
    uint64_t *word;     /**< `size` hashes of check_equal */
};

/**
 * Most elements that one MPI call is given; larger exchanges are cut.  MPI counts are
 * int.  Equal on all ranks; tests lower it.
 */
extern int64_t pt_comm_chunk;

/** The handle; borrowed. */
MPI_Comm pt_comm_mpi(const pt_comm_t *comm);

/** Make `mpi`, which it takes on success, what pt_comm_world() gives, and free that again.
 * Collective. */
PT_MUST_CHECK pt_status_t pt_comm_open_world(MPI_Comm mpi);
void pt_comm_close_world(void);

/** PT_OK for MPI_SUCCESS, else PT_E_LIBRARY with MPI's words for what `function` returned.
 */
PT_MUST_CHECK pt_status_t pt_mpi_status(int code, const char *function);

/** `n` as MPI's int; PT_E_RANGE where it does not fit. */
PT_MUST_CHECK pt_status_t pt_mpi_count(int64_t n, int *out);

/**
 * Put segment lengths and their running sums into comm->count and comm->displ.
 *
 * @param[out] fits  false, with the arrays unset, if the sum is above pt_comm_chunk
 */
PT_MUST_CHECK pt_status_t pt_comm_counts(pt_comm_t *comm, const int64_t *count, bool *fits);

/** Count a call that began at `begin`. */
void pt_traffic_count(pt_traffic_t kind, int64_t bytes, double begin);

#endif
