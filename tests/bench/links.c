/* What messages between ranks take: from the first rank to the next one of its node, and to
 * the first one of each other node.
 *
 *     mpirun -n P build/tests/bench/links [ranks-per-node]
 *
 * A line for each: "within" or "between", the node's number, microseconds of a message of 8
 * bytes (half of its way there and back), and MB/s of messages of 4 MiB; then "sums", all
 * ranks, and microseconds of a sum over them of 8 bytes and of 4 MiB.  Each is the least of
 * several, as others may use nodes and links.  With ranks-per-node each so many ranks in
 * turn are taken for a node, to rehearse many on one.
 */
#include <math.h>
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL = 8, LARGE = 1 << 22, TURNS = 20, AT_ONCE = 50 };

/* Seconds of a message between rank 0 and `peer`, which both call this. */
static double time_message(int rank, int peer, void *data, int bytes)
{
    int at_once = bytes == SMALL ? AT_ONCE : 1, other = rank == 0 ? peer : 0;
    double least = INFINITY;
    for (int turn = 0; turn < TURNS; turn++) {
        double begin = MPI_Wtime();
        for (int i = 0; i < at_once; i++) {
            if (rank == 0)
                MPI_Send(data, bytes, MPI_BYTE, other, 0, MPI_COMM_WORLD);
            MPI_Recv(data, bytes, MPI_BYTE, other, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            if (rank != 0)
                MPI_Send(data, bytes, MPI_BYTE, other, 0, MPI_COMM_WORLD);
        }
        least = fmin(least, (MPI_Wtime() - begin) / at_once / 2);
    }
    return least;
}

static double time_sum(int64_t *data, int bytes)
{
    double least = INFINITY;
    for (int turn = 0; turn < TURNS; turn++) {
        MPI_Barrier(MPI_COMM_WORLD);
        double begin = MPI_Wtime();
        MPI_Allreduce(MPI_IN_PLACE, data, bytes / (int)sizeof *data, MPI_INT64_T, MPI_SUM,
                      MPI_COMM_WORLD);
        least = fmin(least, MPI_Wtime() - begin);
    }
    return least;
}

/* The lowest rank of this rank's node. */
static int find_first(int rank, int ranks_per_node)
{
    MPI_Comm node;
    int first = rank;
    if (ranks_per_node > 0)
        return rank / ranks_per_node * ranks_per_node;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &node);
    MPI_Bcast(&first, 1, MPI_INT, 0, node);
    MPI_Comm_free(&node);
    return first;
}

static void measure(int rank, int peer, const char *where, int number, void *data)
{
    double seconds[2] = {0, 0};
    if (rank == 0 || rank == peer) {
        seconds[0] = time_message(rank, peer, data, SMALL);
        seconds[1] = time_message(rank, peer, data, LARGE);
    }
    if (rank == 0)
        printf("%s %d %.2f %.0f\n", where, number, seconds[0] * 1e6,
               LARGE / seconds[1] / 1e6);
    MPI_Barrier(MPI_COMM_WORLD);
}

int main(int argc, char **argv)
{
    int rank, size, number = 1;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    int *first = calloc((size_t)size, sizeof *first);
    int64_t *data = calloc(1, LARGE);
    if (first == NULL || data == NULL)
        MPI_Abort(MPI_COMM_WORLD, 1);
    first[rank] = find_first(rank, argc > 1 ? atoi(argv[1]) : 0);
    MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, first, 1, MPI_INT, MPI_COMM_WORLD);
    for (int r = 1, is_met = 0; r < size; r++)
        if (first[r] == first[0] && !is_met) {
            is_met = 1;
            measure(rank, r, "within", 1, data);
        } else if (first[r] == r) {
            measure(rank, r, "between", ++number, data);
        }
    double small = time_sum(data, SMALL), large = time_sum(data, LARGE);
    if (rank == 0)
        printf("sums %d %.2f %.0f\n", size, small * 1e6, large * 1e6);
    free(first);
    free(data);
    MPI_Finalize();
    return 0;
}
