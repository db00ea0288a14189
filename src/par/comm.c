/* Communicators: all ranks, parts of them; the agreement on errors. */
#include "par/comm_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/activity.h"
#include "polytree/base/hash.h"
#include "polytree/base/memory.h"
#include "polytree/base/text.h"

enum { TEXT_BYTES = 4096 };

/* What travels from the rank that failed to the others. */
typedef struct failure {
    char message[TEXT_BYTES], trace[TEXT_BYTES];
} failure_t;

int64_t pt_comm_chunk = (int64_t)1 << 28;

static pt_comm_t *world;

/* This process alone, without MPI. */
static int alone_count, alone_displ;
static uint64_t alone_word;
static pt_comm_t alone = {MPI_COMM_NULL, 0, 1, 0, &alone_count, &alone_displ, &alone_word};
static int32_t ranks_per_node; /* rehearsed; 0: as they are */
static void (*failure_hook)(pt_status_t status);

pt_status_t pt_comm_counts(pt_comm_t *comm, const int64_t *count, bool *fits)
{
    int64_t sum = 0;
    for (int32_t r = 0; r < comm->size; r++) {
        if (count[r] < 0 || count[r] > INT64_MAX - sum)
            PT_FAIL(RANGE, "rank %d's segment has %lld elements", (int)r,
                    (long long)count[r]);
        sum += count[r];
    }
    *fits = sum <= pt_comm_chunk;
    if (!*fits)
        return PT_OK;
    sum = 0;
    for (int32_t r = 0; r < comm->size; r++) {
        PT_TRY(pt_mpi_count(count[r], &comm->count[r]));
        PT_TRY(pt_mpi_count(sum, &comm->displ[r]));
        sum += count[r];
    }
    return PT_OK;
}

MPI_Comm pt_comm_mpi(const pt_comm_t *comm)
{
    return comm->mpi;
}

int pt_comm_fortran(const pt_comm_t *comm)
{
    return (int)MPI_Comm_c2f(comm->mpi);
}

int32_t pt_comm_rank(const pt_comm_t *comm)
{
    return comm->rank;
}

int32_t pt_comm_size(const pt_comm_t *comm)
{
    return comm->size;
}

pt_comm_t *pt_comm_world(void)
{
    return world != NULL ? world : &alone;
}

pt_comm_t *pt_comm_alone(void)
{
    return &alone;
}

void pt_comm_free(pt_comm_t *comm)
{
    int is_finalized = 0;
    if (comm == NULL || comm == &alone)
        return;
    MPI_Finalized(&is_finalized);
    if (comm->mpi != MPI_COMM_NULL && !is_finalized)
        MPI_Comm_free(&comm->mpi);
    pt_free(comm->count);
    pt_free(comm->displ);
    pt_free(comm->word);
    pt_free(comm);
}

/* Takes `mpi` on success; freeing it is collective, so on failure that is the caller's. */
static pt_status_t wrap(MPI_Comm mpi, pt_comm_t **out)
{
    pt_status_t status;
    pt_comm_t *comm = NULL;
    int rank, size, world_rank;

    PT_TRY_OR(fail, pt_mpi_status(MPI_Comm_rank(mpi, &rank), "MPI_Comm_rank"));
    PT_TRY_OR(fail, pt_mpi_status(MPI_Comm_size(mpi, &size), "MPI_Comm_size"));
    PT_TRY_OR(fail,
              pt_mpi_status(MPI_Comm_rank(MPI_COMM_WORLD, &world_rank), "MPI_Comm_rank"));
    PT_TRY_OR(fail, pt_alloc(&comm, 1, sizeof *comm));
    comm->mpi = MPI_COMM_NULL;
    comm->rank = rank;
    comm->size = size;
    comm->world_rank = world_rank;
    PT_TRY_OR(fail, pt_alloc(&comm->count, (size_t)size, sizeof *comm->count));
    PT_TRY_OR(fail, pt_alloc(&comm->displ, (size_t)size, sizeof *comm->displ));
    PT_TRY_OR(fail, pt_alloc(&comm->word, (size_t)size, sizeof *comm->word));
    comm->mpi = mpi;
    *out = comm;
    return PT_OK;
fail:
    pt_comm_free(comm);
    return status;
}

pt_status_t pt_comm_open_world(MPI_Comm mpi)
{
    return wrap(mpi, &world);
}

void pt_comm_close_world(void)
{
    pt_comm_free(world);
    world = NULL;
}

/* Wrap what a split gave and agree over the ranks that took part in it. */
static pt_status_t wrap_agreed(pt_comm_t *parent, int code, MPI_Comm mpi,
                               const char *function, pt_comm_t **out)
{
    pt_comm_t *made = NULL;
    pt_status_t status = pt_mpi_status(code, function);
    if (status == PT_OK && mpi != MPI_COMM_NULL)
        status = wrap(mpi, &made);
    status = pt_comm_agree(parent, status);
    if (status != PT_OK) {
        if (made == NULL && mpi != MPI_COMM_NULL)
            MPI_Comm_free(&mpi);
        pt_comm_free(made);
        return status;
    }
    *out = made;
    return PT_OK;
}

pt_status_t pt_comm_split(pt_comm_t *comm, int32_t color, int32_t key, pt_comm_t **out)
{
    MPI_Comm mpi = MPI_COMM_NULL;
    if (comm == &alone) {
        *out = color < 0 ? NULL : comm;
        return PT_OK;
    }
    int code = MPI_Comm_split(comm->mpi, color < 0 ? MPI_UNDEFINED : color, key, &mpi);
    return wrap_agreed(comm, code, mpi, "MPI_Comm_split", out);
}

void pt_comm_rehearse_nodes(int32_t n)
{
    ranks_per_node = n;
}

pt_status_t pt_comm_split_node(pt_comm_t *comm, pt_comm_t **out)
{
    MPI_Comm mpi = MPI_COMM_NULL;
    if (comm == &alone) {
        *out = comm;
        return PT_OK;
    }
    if (ranks_per_node > 0)
        return pt_comm_split(comm, comm->world_rank / ranks_per_node, comm->rank, out);
    int code = MPI_Comm_split_type(comm->mpi, MPI_COMM_TYPE_SHARED, comm->rank,
                                   MPI_INFO_NULL, &mpi);
    return wrap_agreed(comm, code, mpi, "MPI_Comm_split_type", out);
}

/* This rank's cause, with its number unless an inner agreement has put one there. */
static void write_failure(const pt_comm_t *comm, pt_status_t status, failure_t *failure)
{
    const char *cause = pt_error_message();
    int rank, length = 0;
    if (cause[0] == '\0')
        cause = pt_status_text(status);
    if (sscanf(cause, "rank %d: %n", &rank, &length) == 1 && length > 0)
        snprintf(failure->message, TEXT_BYTES, "%s", cause);
    else
        snprintf(failure->message, TEXT_BYTES, "rank %d: %s", (int)comm->world_rank, cause);
    snprintf(failure->trace, TEXT_BYTES, "%s", pt_error_trace());
}

/* Make the other rank's failure this rank's last one.  A trace line is "file:line text". */
static void adopt_failure(pt_status_t status, failure_t *failure)
{
    bool is_first = true;
    char *next = NULL;
    for (char *at = strtok_r(failure->trace, "\n", &next); at != NULL;
         at = strtok_r(NULL, "\n", &next)) {
        char *text = strchr(at, ' '), *colon;
        if (text == NULL)
            continue;
        *text++ = '\0';
        colon = strrchr(at, ':');
        if (colon == NULL)
            continue;
        *colon++ = '\0';
        if (is_first)
            pt_error_set(status, at, atoi(colon), "%s", failure->message);
        else
            pt_error_trace_add(status, at, atoi(colon), text);
        is_first = false;
    }
    if (is_first)
        pt_error_set(status, __FILE__, __LINE__, "%s", failure->message);
}

void pt_comm_on_failure(void (*hook)(pt_status_t status))
{
    failure_hook = hook;
}

void pt_comm_failure(pt_status_t status)
{
    if (status != PT_OK && failure_hook != NULL)
        failure_hook(status);
}

pt_status_t pt_comm_agree(pt_comm_t *comm, pt_status_t status)
{
    struct {
        int rank, status;
    } mine, worst;
    failure_t failure;

    if (comm->size == 1)
        return status;
    pt_comm_failure(status);
    pt_doing_t before = pt_activity_do(PT_DOING_WAIT);
    /* The lowest failing rank wins, and brings its status along as the "location". */
    mine.rank = status == PT_OK ? comm->size : comm->rank;
    mine.status = (int)status;
    PT_TRY(pt_mpi_status(MPI_Allreduce(&mine, &worst, 1, MPI_2INT, MPI_MINLOC, comm->mpi),
                         "MPI_Allreduce"));
    pt_activity_do(before);
    if (worst.rank == comm->size)
        return PT_OK;
    if (worst.rank == comm->rank)
        write_failure(comm, status, &failure);
    PT_TRY(pt_mpi_status(
        MPI_Bcast(&failure, sizeof failure, MPI_BYTE, worst.rank, comm->mpi), "MPI_Bcast"));
    adopt_failure((pt_status_t)worst.status, &failure);
    return (pt_status_t)worst.status;
}

pt_status_t pt_comm_check_equal(pt_comm_t *comm, const char *what, const void *data,
                                size_t bytes)
{
    enum { MOST_NAMED = 8 };
    uint64_t hash;
    char list[MOST_NAMED * 12 + 16] = "";
    size_t length = 0;
    int32_t n_other = 0;

    if (comm->size == 1)
        return PT_OK;
    hash = pt_hash64(data, bytes, bytes);
    PT_TRY(pt_comm_allgather(comm, &hash, comm->word, sizeof hash));
    for (int32_t r = 1; r < comm->size; r++) {
        if (comm->word[r] == comm->word[0])
            continue;
        if (n_other++ < MOST_NAMED)
            length += (size_t)snprintf(list + length, sizeof list - length, "%s%d",
                                       n_other > 1 ? ", " : "", (int)r);
    }
    if (n_other == 0)
        return PT_OK;
    PT_FAIL(MISMATCH, "%s must be equal on all ranks: rank%s %s%s differ%s from rank 0",
            what, pt_plural(n_other), list, n_other > MOST_NAMED ? ", ..." : "",
            n_other > 1 ? "" : "s");
}
