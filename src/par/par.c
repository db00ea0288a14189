/* MPI in this process: started, stopped, given up, named. */
#include "polytree/par/par.h"

#include <stdlib.h>
#include <string.h>

#include "par/comm_private.h"

static bool has_started_mpi;
static bool has_threads; /* any thread may call MPI */

pt_status_t pt_par_start(int *argc, char ***argv)
{
    MPI_Comm copy;
    int is_running = 0, provided = 0;

    if (pt_comm_mpi(pt_comm_world()) != MPI_COMM_NULL)
        PT_FAIL(INTERNAL, "MPI is started already");
    PT_TRY(pt_mpi_status(MPI_Initialized(&is_running), "MPI_Initialized"));
    if (is_running) {
        PT_TRY(pt_mpi_status(MPI_Query_thread(&provided), "MPI_Query_thread"));
    } else {
        PT_TRY(pt_mpi_status(MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &provided),
                             "MPI_Init_thread"));
        has_started_mpi = true;
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    if (provided < MPI_THREAD_FUNNELED)
        PT_FAIL(LIBRARY, "this MPI library cannot be used together with threads "
                         "(MPI_THREAD_FUNNELED is wanted)");
    has_threads = provided == MPI_THREAD_MULTIPLE;
    PT_TRY(pt_mpi_status(MPI_Comm_dup(MPI_COMM_WORLD, &copy), "MPI_Comm_dup"));
    return pt_comm_open_world(copy);
}

void pt_par_stop(void)
{
    pt_comm_close_world();
    if (has_started_mpi)
        MPI_Finalize();
    has_started_mpi = false;
}

void pt_par_abort(int code)
{
    int is_running = 0, is_finalized = 0, is_main = 0;
    MPI_Initialized(&is_running);
    MPI_Finalized(&is_finalized);
    if (is_running && !is_finalized)
        MPI_Is_thread_main(&is_main);
    if (is_main || (is_running && !is_finalized && has_threads))
        MPI_Abort(MPI_COMM_WORLD, code);
    _Exit(code);
}

const char *pt_par_library(void)
{
    static char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length = 0;
    if (MPI_Get_library_version(text, &length) != MPI_SUCCESS)
        return "unknown";
    text[strcspn(text, ",\n")] = '\0';
    return text;
}
