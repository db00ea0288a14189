#include "app/watch.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"
#include "app/console.h"
#include "polytree/par/comm.h"

/* Seconds that a failed rank waits for the others to fail too before it ends them all. */
enum { PATIENCE = 20 };

static char last_words[1200];
static bool is_watching;

void pt_print_failure(void)
{
    /* That rank 0 found it is of no interest: mostly it was the one to look. */
    const char *message = pt_error_message(), *trace = getenv("POLYTREE_TRACE");
    if (strncmp(message, "rank 0: ", 8) == 0)
        message += 8;
    pt_console_error("%s", message);
    if (trace != NULL && strcmp(trace, "0") != 0)
        fputs(pt_error_trace(), stderr);
}

static void end_all(int number)
{
    (void)number;
    if (write(STDERR_FILENO, last_words, strlen(last_words)) < 0)
        pt_par_abort(PT_EXIT_ERROR); /* nobody to tell */
    pt_par_abort(PT_EXIT_ERROR);
}

void pt_watch_failure(pt_status_t status)
{
    int32_t rank = pt_comm_rank(pt_comm_world());
    if (status == PT_OK || is_watching)
        return;
    is_watching = true;
    if (rank == 0)
        pt_print_failure();
    else
        snprintf(last_words, sizeof last_words, "polytree: rank %d ends the run: %s\n",
                 (int)rank, pt_error_message());
    signal(SIGALRM, end_all);
    alarm(PATIENCE);
}

int pt_watch_finish(pt_status_t status, int code)
{
    pt_watch_failure(status);
    status = pt_comm_agree(pt_comm_world(), status);
    alarm(0);
    if (status != PT_OK && !is_watching && pt_comm_rank(pt_comm_world()) == 0)
        pt_print_failure();
    if (status == PT_OK)
        status = pt_comm_bcast(pt_comm_world(), &code, sizeof code, 0);
    pt_par_stop();
    if (status == PT_E_USAGE)
        return PT_EXIT_USAGE;
    return status != PT_OK ? PT_EXIT_ERROR : code;
}
