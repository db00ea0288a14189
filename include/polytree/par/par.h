/** @file
 * This process as one of an MPI program: its start, its end, and the library.
 */
#ifndef PT_PAR_PAR_H
#define PT_PAR_PAR_H

#include "polytree/base/status.h"

/** Start and stop MPI.  One thread calls it, but for pt_par_abort(): MPI_THREAD_MULTIPLE is
 * asked for and MPI_THREAD_FUNNELED needed.  Collective over all ranks. */
PT_MUST_CHECK pt_status_t pt_par_start(int *argc, char ***argv);
void pt_par_stop(void);
/** End all ranks now with that exit code; for errors that cannot be agreed on.  Any thread
 * may: where MPI does not bear that, this process alone ends, and its launcher the rest. */
void pt_par_abort(int code);

/** Name and version of the MPI library, one line; also before pt_par_start(). */
const char *pt_par_library(void);

#endif
