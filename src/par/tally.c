/* A sum over ranks that are not in step. */
#include "polytree/par/tally.h"

#include <string.h>

#include "par/comm_private.h"
#include "polytree/base/memory.h"

struct pt_tally {
    pt_comm_t *comm;
    int32_t n;
    bool is_open; /* a round that this rank has brought its numbers to */
    MPI_Request request;
    int64_t *mine, *sum; /* of that round */
};

pt_status_t pt_tally_new(pt_comm_t *comm, int32_t n, pt_tally_t **out)
{
    pt_tally_t *t = NULL;
    pt_status_t status;
    PT_TRY_OR(fail, pt_alloc(&t, 1, sizeof *t));
    t->comm = comm;
    t->n = n;
    PT_TRY_OR(fail, pt_alloc(&t->mine, (size_t)n, sizeof *t->mine));
    PT_TRY_OR(fail, pt_alloc(&t->sum, (size_t)n, sizeof *t->sum));
    *out = t;
    return PT_OK;
fail:
    pt_tally_free(t);
    return status;
}

void pt_tally_free(pt_tally_t *tally)
{
    if (tally == NULL)
        return;
    pt_free(tally->mine);
    pt_free(tally->sum);
    pt_free(tally);
}

pt_status_t pt_tally_come_by(pt_tally_t *t, const int64_t *mine, int64_t *sum,
                             bool *is_over)
{
    size_t bytes = (size_t)t->n * sizeof *mine;
    int is_done = 1;
    *is_over = false;
    if (!t->is_open) {
        memcpy(t->mine, mine, bytes);
        memcpy(t->sum, mine, bytes);
    }
    if (t->comm->size > 1 && !t->is_open)
        PT_TRY(pt_mpi_status(MPI_Iallreduce(t->mine, t->sum, t->n, MPI_INT64_T, MPI_SUM,
                                            t->comm->mpi, &t->request),
                             "MPI_Iallreduce"));
    t->is_open = true;
    if (t->comm->size > 1)
        PT_TRY(
            pt_mpi_status(MPI_Test(&t->request, &is_done, MPI_STATUS_IGNORE), "MPI_Test"));
    if (is_done == 0)
        return PT_OK;
    memcpy(sum, t->sum, bytes);
    t->is_open = false;
    *is_over = true;
    return PT_OK;
}
