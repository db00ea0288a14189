/* How fast ranks exchange. */
#include <math.h>
#include <stdbool.h>

#include "par/comm_private.h"
#include "polytree/base/clock.h"
#include "polytree/base/memory.h"

/* Ranks that share cores with others are rarely at work all at once: the least time counts
 * once it has come often. */
enum { LEAST_TIMES = 11, OFTEN = 5 };
#define NEAR 1.5
#define LONG_ENOUGH 0.3

/* Rank 0's clock ends it: the sum tells all. */
static pt_status_t time_sums(pt_comm_t *comm, int64_t *sum, int n, double *seconds)
{
    double least = INFINITY, first = pt_clock();
    int n_near = 0;
    bool is_over = false;

    for (int i = 0; !is_over; i++) {
        PT_TRY(pt_comm_barrier(comm));
        double begin = pt_clock();
        bool is_sure = i >= LEAST_TIMES && n_near >= OFTEN;
        sum[0] = comm->rank == 0 && (is_sure || begin - first > LONG_ENOUGH);
        PT_TRY(pt_mpi_status(
            MPI_Allreduce(MPI_IN_PLACE, sum, n, MPI_INT64_T, MPI_SUM, comm->mpi),
            "MPI_Allreduce"));
        double time = pt_clock() - begin;
        is_over = sum[0] > 0;
        n_near = time * NEAR < least ? 0 : n_near;
        least = fmin(least, time);
        n_near += time <= NEAR * least;
    }
    *seconds = least;
    return PT_OK;
}

pt_status_t pt_comm_measure(pt_comm_t *comm, size_t bytes, double *small, double *large)
{
    double seconds[2] = {0};
    int64_t *sum = NULL;
    int n;
    pt_status_t status;

    PT_TRY(pt_mpi_count((int64_t)(bytes / sizeof *sum), &n));
    status = pt_alloc(&sum, (size_t)n, sizeof *sum);
    PT_AGREE(comm, status);
    PT_TRY_OR(done, time_sums(comm, sum, 1, &seconds[0]));
    PT_TRY_OR(done, time_sums(comm, sum, n, &seconds[1]));
    PT_TRY_OR(done, pt_comm_bcast(comm, seconds, sizeof seconds, 0));
    *small = seconds[0];
    *large = seconds[1];
done:
    pt_free(sum);
    return status;
}
