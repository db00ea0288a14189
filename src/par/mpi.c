/* Calls of MPI: its errors as ours, and counts that fit its int. */
#include "par/comm_private.h"

pt_status_t pt_mpi_status(int code, const char *function)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    if (code == MPI_SUCCESS)
        return PT_OK;
    MPI_Error_string(code, text, &length);
    PT_FAIL(LIBRARY, "%s: %s", function, text);
}

pt_status_t pt_mpi_count(int64_t n, int *out)
{
    if (n < 0 || n > INT32_MAX)
        PT_FAIL(RANGE, "%lld elements do not fit one MPI call", (long long)n);
    *out = (int)n;
    return PT_OK;
}
