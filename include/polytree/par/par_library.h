/** @file
 * Which MPI library this is.
 */
#ifndef PT_PAR_PAR_LIBRARY_H
#define PT_PAR_PAR_LIBRARY_H

/** Name and version, one line; also before pt_par_start(). */
const char *pt_par_library(void);

#endif
