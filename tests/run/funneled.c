/* To be preloaded: an MPI that only one thread of a process may call. */
#include <mpi.h>

int MPI_Init_thread(int *argc, char ***argv, int wanted, int *provided)
{
    (void)wanted;
    return PMPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, provided);
}
