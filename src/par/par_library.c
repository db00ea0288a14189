/* The name and version of the MPI library. */
#include "polytree/par/par_library.h"

#include <mpi.h>
#include <string.h>

const char *pt_par_library(void)
{
    static char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length = 0;
    if (MPI_Get_library_version(text, &length) != MPI_SUCCESS)
        return "unknown";
    text[strcspn(text, ",\n")] = '\0';
    return text;
}
