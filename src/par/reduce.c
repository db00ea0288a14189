/* Sums over ranks, their scatter, and the gather of what was updated. */
#include "polytree/par/reduce.h"

#include <string.h>

#include "par/comm_private.h"
#include "polytree/base/activity.h"
#include "polytree/base/clock.h"

static pt_traffic_stat_t stats[PT_N_TRAFFIC];

static const char *const names[PT_N_TRAFFIC] = {
    [PT_TRAFFIC_CONTROL] = "control", [PT_TRAFFIC_GRADIENT] = "gradient",
    [PT_TRAFFIC_CLIP] = "clip",       [PT_TRAFFIC_WEIGHT] = "weight",
    [PT_TRAFFIC_ALPHA] = "alpha",     [PT_TRAFFIC_EVALUATE] = "evaluate",
    [PT_TRAFFIC_STAGE] = "stage",
};

const pt_traffic_stat_t *pt_traffic_stats(pt_traffic_t kind)
{
    return &stats[kind];
}

const char *pt_traffic_name(pt_traffic_t kind)
{
    return names[kind];
}

void pt_traffic_count(pt_traffic_t kind, int64_t bytes, double begin)
{
    stats[kind].calls++;
    stats[kind].bytes += bytes;
    stats[kind].seconds += pt_clock() - begin;
}

static int64_t chunk_at(int64_t done, int64_t total)
{
    int64_t left = total - done;
    return left < pt_comm_chunk ? left : pt_comm_chunk;
}

static pt_status_t reduce_all(pt_comm_t *comm, pt_traffic_t kind, void *data, int64_t total,
                              MPI_Datatype type, int64_t element_bytes, MPI_Op op)
{
    double begin = pt_clock();
    if (comm->size == 1)
        return PT_OK;
    pt_doing_t before = pt_activity_do(PT_DOING_WAIT);
    for (int64_t done = 0; done < total;) {
        int n;
        PT_TRY(pt_mpi_count(chunk_at(done, total), &n));
        PT_TRY(
            pt_mpi_status(MPI_Allreduce(MPI_IN_PLACE, (char *)data + done * element_bytes,
                                        n, type, op, comm->mpi),
                          "MPI_Allreduce"));
        done += n;
    }
    pt_activity_do(before);
    pt_traffic_count(kind, total * element_bytes, begin);
    return PT_OK;
}

pt_status_t pt_sum_i64(pt_comm_t *comm, pt_traffic_t kind, int64_t *sum, size_t n)
{
    return reduce_all(comm, kind, sum, (int64_t)n, MPI_INT64_T, sizeof *sum, MPI_SUM);
}

pt_status_t pt_sum_f32(pt_comm_t *comm, pt_traffic_t kind, float *sum, size_t n)
{
    return reduce_all(comm, kind, sum, (int64_t)n, MPI_FLOAT, sizeof *sum, MPI_SUM);
}

pt_status_t pt_max_i64(pt_comm_t *comm, pt_traffic_t kind, int64_t *most, size_t n)
{
    return reduce_all(comm, kind, most, (int64_t)n, MPI_INT64_T, sizeof *most, MPI_MAX);
}

pt_status_t pt_or_bits(pt_comm_t *comm, pt_traffic_t kind, uint8_t *bits, size_t n)
{
    return reduce_all(comm, kind, bits, (int64_t)n, MPI_UINT8_T, 1, MPI_BOR);
}

/* Segment after segment, for sums that are too large for one MPI_Reduce_scatter. */
static pt_status_t sum_segments(pt_comm_t *comm, const int64_t *all, const int64_t *count,
                                int64_t *mine)
{
    for (int32_t r = 0; r < comm->size; r++) {
        for (int64_t done = 0; done < count[r];) {
            int n;
            PT_TRY(pt_mpi_count(chunk_at(done, count[r]), &n));
            PT_TRY(
                pt_mpi_status(MPI_Reduce(all + done, r == comm->rank ? mine + done : NULL,
                                         n, MPI_INT64_T, MPI_SUM, r, comm->mpi),
                              "MPI_Reduce"));
            done += n;
        }
        all += count[r];
    }
    return PT_OK;
}

static int64_t total_count(const pt_comm_t *comm, const int64_t *count)
{
    int64_t total = 0;
    for (int32_t r = 0; r < comm->size; r++)
        total += count[r];
    return total;
}

pt_status_t pt_sum_scatter_i64(pt_comm_t *comm, pt_traffic_t kind, int64_t *all,
                               const int64_t *count, int64_t *mine)
{
    double begin = pt_clock();
    bool fits;

    if (comm->size == 1) {
        if (count[0] > 0 && mine != all)
            memcpy(mine, all, (size_t)count[0] * sizeof *mine);
        return PT_OK;
    }
    PT_TRY(pt_comm_counts(comm, count, &fits));
    pt_doing_t before = pt_activity_do(PT_DOING_WAIT);
    if (fits)
        PT_TRY(pt_mpi_status(
            MPI_Reduce_scatter(all, mine, comm->count, MPI_INT64_T, MPI_SUM, comm->mpi),
            "MPI_Reduce_scatter"));
    else
        PT_TRY(sum_segments(comm, all, count, mine));
    pt_activity_do(before);
    pt_traffic_count(kind, total_count(comm, count) * (int64_t)sizeof *all, begin);
    return PT_OK;
}

/* Segment after segment, for arrays that are too large for one MPI_Allgatherv. */
static pt_status_t gather_segments(pt_comm_t *comm, char *all, const int64_t *count,
                                   int64_t element_bytes)
{
    for (int32_t r = 0; r < comm->size; r++) {
        size_t bytes = (size_t)(count[r] * element_bytes);
        PT_TRY(pt_comm_bcast(comm, all, bytes, r));
        all += bytes;
    }
    return PT_OK;
}

static pt_status_t gather_all(pt_comm_t *comm, pt_traffic_t kind, void *all,
                              const int64_t *count, MPI_Datatype type,
                              int64_t element_bytes)
{
    double begin = pt_clock();
    bool fits;

    if (comm->size == 1)
        return PT_OK;
    PT_TRY(pt_comm_counts(comm, count, &fits));
    pt_doing_t before = pt_activity_do(PT_DOING_WAIT);
    if (fits)
        PT_TRY(pt_mpi_status(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all,
                                            comm->count, comm->displ, type, comm->mpi),
                             "MPI_Allgatherv"));
    else
        PT_TRY(gather_segments(comm, all, count, element_bytes));
    pt_activity_do(before);
    pt_traffic_count(kind, count[comm->rank] * element_bytes, begin);
    return PT_OK;
}

pt_status_t pt_gather_f32(pt_comm_t *comm, pt_traffic_t kind, float *all,
                          const int64_t *count)
{
    return gather_all(comm, kind, all, count, MPI_FLOAT, sizeof *all);
}
