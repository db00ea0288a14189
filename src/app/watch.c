/*
 * The thread by which a process sees that another rank is gone or stands still.
 *
 * A rank that waits in MPI for one that will not come waits for ever.  So each process has
 * a thread that counts its own beats into memory which the ranks of a node share, and looks
 * at the next rank's: it ends all ranks where that one is gone or does not run, and where
 * this one has failed and the others do not come to hear of it.
 *
 * It also looks at what the work of its own process gives of signs of life (app/stall.h).
 *
 * Time is counted in beats of one's own.  What halts a whole node, as a suspended job or a
 * laptop's sleep, halts them all; and a rank that computes or writes for long still beats.
 */
#include "app/watch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/command.h"
#include "app/console.h"
#include "app/stall.h"
#include "polytree/base/memory.h"
#include "polytree/config/config.h"
#include "polytree/par/comm.h"
#include "polytree/par/par.h"
#include "polytree/par/shared.h"

/* Beats a second; the seconds that nobody waits longer for, of the ten within which all
 * ranks are to end, launchers taking one or two more; and beats without one of another's
 * after which it does not run. */
enum { BEATS = 5, PATIENCE = 6, SILENCE = 2 * BEATS, LINE_BYTES = 1200 };

typedef struct pulse {
    atomic_long beats;
    atomic_long pid;  /* 0: no longer to be watched */
    atomic_int state; /* stall_state_t of its work */
    int rank;         /* of all */
} pulse_t;

/* What this process has felt of another's. */
typedef struct felt {
    long beats, since; /* since when it has them, in beats of one's own */
} felt_t;

/* What the ranks of a node share. */
typedef struct board {
    atomic_bool is_told; /* one line is enough */
    int n_pulse;
    pulse_t pulse[];
} board_t;

static pulse_t alone;

static struct {
    pt_comm_t *node;
    pt_shared_t *shared;
    board_t *board; /* NULL: this process has nobody to wait for */
    pulse_t *mine, *next;
    felt_t *felt; /* [n_pulse] */
    pthread_t thread;
    bool has_thread;
    bool sees_next;       /* false where containers hide processes from each other */
    long patience;        /* in beats; 0: for ever */
    atomic_long deadline; /* in beats; 0: none */
    atomic_long stall;    /* beats that work may stand still; 0: for ever */
    stall_t work;
    char about[PT_CONFIG_TEXT]; /* a run; empty: none */
    char last_words[LINE_BYTES];
} watch = {.mine = &alone, .next = &alone};

const char *pt_failure_message(void)
{
    /* That rank 0 found it is of no interest: mostly it was the one to look. */
    const char *message = pt_error_message();
    return strncmp(message, "rank 0: ", 8) == 0 ? message + 8 : message;
}

void pt_print_failure(void)
{
    const char *message = pt_failure_message(), *trace = getenv("POLYTREE_TRACE");
    bool is_named = watch.about[0] == '\0' || strstr(message, watch.about) != NULL;
    pt_console_error("%s%s%s", is_named ? "" : watch.about, is_named ? "" : ": ", message);
    if (trace != NULL && strcmp(trace, "0") != 0)
        fputs(pt_error_trace(), stderr);
}

bool pt_watch_may_tell(void)
{
    static atomic_bool is_told;
    return !atomic_exchange(watch.board != NULL ? &watch.board->is_told : &is_told, true);
}

#define NO_PULSE "does not run (is it stopped, or out of memory?)"

static void end_now(int signal)
{
    (void)signal;
    _exit(PT_EXIT_ERROR);
}

static void end_all(const char *line)
{
    /* Should MPI itself be stuck, this process's end still ends the others. */
    signal(SIGALRM, end_now);
    alarm(2);
    if (pt_watch_may_tell() && write(STDERR_FILENO, line, strlen(line)) < 0)
        pt_par_abort(PT_EXIT_ERROR); /* nobody to tell */
    pt_par_abort(PT_EXIT_ERROR);
}

static void end_for(const pulse_t *other, const char *what)
{
    char line[LINE_BYTES];
    snprintf(line, sizeof line,
             "polytree: rank %d %s: all ranks end; a run goes on from its last checkpoint "
             "with the same command\n",
             other->rank, what);
    end_all(line);
}

static bool is_there(long pid)
{
    return kill((pid_t)pid, 0) == 0 || errno == EPERM;
}

static void feel_all(long now)
{
    for (int i = 0; watch.board != NULL && i < watch.board->n_pulse; i++) {
        const pulse_t *p = &watch.board->pulse[i];
        long beats = atomic_load(&p->beats);
        if (atomic_load(&p->pid) == 0 || beats != watch.felt[i].beats)
            watch.felt[i] = (felt_t){beats, now};
    }
}

/* One that has not run for a while, and is not just gone; NULL: all do. */
static const pulse_t *find_silent(long now)
{
    for (int i = 0; watch.board != NULL && i < watch.board->n_pulse; i++)
        if (now - watch.felt[i].since >= SILENCE)
            return &watch.board->pulse[i];
    return NULL;
}

/* Somebody at work will either give a sign of life or tell of himself. */
static bool all_wait(void)
{
    for (int i = 0; watch.board != NULL && i < watch.board->n_pulse; i++) {
        const pulse_t *p = &watch.board->pulse[i];
        int state = atomic_load(&p->state);
        if (state == STALL_PAUSED || state == STALL_AT_WORK)
            return false;
    }
    return true;
}

static void watch_work(long now)
{
    char at[256], what[512];
    stall_state_t state = stall_look(&watch.work, now);
    long most = atomic_load(&watch.stall);
    bool is_waiting = state == STALL_WAITING;
    atomic_store(&watch.mine->state, (int)state);
    if (most == 0 || !stall_is_overdue(&watch.work, now, most) ||
        (is_waiting && !all_wait()))
        return;
    const pulse_t *silent = is_waiting ? find_silent(now) : NULL;
    if (silent != NULL)
        end_for(silent, NO_PULSE);
    stall_describe(&watch.work, at, sizeof at);
    snprintf(what, sizeof what, "stands still: %ld s %s%s (run.watchdog = %g)",
             (now - watch.work.sign_since) / BEATS, at,
             is_waiting && watch.board != NULL ? ", as all ranks of its node do" : "",
             (double)(most - 1) / BEATS);
    end_for(watch.mine, what);
}

static void watch_next(long now)
{
    long pid = atomic_load(&watch.next->pid);
    if (pid != 0 && watch.sees_next && !is_there(pid) && atomic_load(&watch.next->pid) != 0)
        end_for(watch.next, "was killed or has crashed");
    if (now - watch.felt[watch.next - watch.board->pulse].since >= watch.patience)
        end_for(watch.next, NO_PULSE);
}

static void *keep_watch(void *unused)
{
    const struct timespec pause = {0, 1000000000 / BEATS};
    for (long now = 1;; now++) {
        nanosleep(&pause, NULL); /* where the thread is cancelled */
        atomic_store(&watch.mine->beats, now);
        long deadline = atomic_load(&watch.deadline);
        if (deadline > 0 && now >= deadline)
            end_all(watch.last_words);
        feel_all(now);
        if (watch.patience > 0)
            watch_next(now);
        watch_work(now);
    }
    return unused;
}

static void start_thread(void)
{
    sigset_t all, before;
    /* Signals are for the thread that does the work. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    watch.has_thread = pthread_create(&watch.thread, NULL, keep_watch, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static pt_status_t open_board(void)
{
    pt_comm_t *world = pt_comm_world();
    void *memory;
    PT_TRY(pt_comm_split_node(world, &watch.node));
    int32_t size = pt_comm_size(watch.node), rank = pt_comm_rank(watch.node);
    size_t bytes = sizeof(board_t) + (size_t)size * sizeof(pulse_t);
    pt_status_t status = pt_alloc(&watch.felt, (size_t)size, sizeof *watch.felt);
    PT_AGREE(watch.node, status);
    PT_TRY(pt_shared_new(watch.node, bytes, &watch.shared, &memory));
    if (rank == 0) {
        memset(memory, 0, bytes);
        ((board_t *)memory)->n_pulse = size;
    }
    PT_TRY(pt_shared_ready(watch.shared));
    watch.board = memory;
    watch.mine = &watch.board->pulse[rank];
    watch.next = &watch.board->pulse[(rank + 1) % size];
    watch.mine->rank = pt_comm_rank(world);
    atomic_store(&watch.mine->pid, (long)getpid());
    PT_TRY(pt_comm_barrier(watch.node));
    watch.sees_next = is_there(atomic_load(&watch.next->pid));
    return PT_OK;
}

pt_status_t pt_watch_begin(void)
{
    const char *text = getenv("POLYTREE_PATIENCE");
    double seconds = text != NULL ? strtod(text, NULL) : PATIENCE;
    if (pt_comm_size(pt_comm_world()) == 1)
        return PT_OK;
    PT_AGREE(pt_comm_world(), open_board());
    pt_comm_on_failure(pt_watch_failure);
    watch.patience = seconds > 0 && seconds < 1e6 ? (long)(seconds * BEATS) + 1 : 0;
    if (watch.patience > 0)
        start_thread();
    return PT_OK;
}

void pt_watch_stalls(double seconds)
{
    atomic_store(&watch.stall, seconds > 0 ? (long)(seconds * BEATS) + 1 : 0);
    if (seconds > 0 && !watch.has_thread)
        start_thread();
}

void pt_watch_about(const char *run)
{
    snprintf(watch.about, sizeof watch.about, "%s", run == NULL ? "" : run);
}

static void tell(pt_status_t status)
{
    if (status != PT_OK && pt_comm_rank(pt_comm_world()) == 0 && pt_watch_may_tell())
        pt_print_failure();
}

void pt_watch_failure(pt_status_t status)
{
    int32_t rank = pt_comm_rank(pt_comm_world());
    if (status == PT_OK || watch.last_words[0] != '\0')
        return;
    snprintf(watch.last_words, sizeof watch.last_words,
             "polytree: rank %d ends the run%s%s: %s\n", (int)rank,
             watch.about[0] == '\0' ? "" : " ", watch.about, pt_error_message());
    if (watch.about[0] == '\0')
        tell(status);
    if (watch.patience > 0)
        atomic_store(&watch.deadline, atomic_load(&watch.mine->beats) + watch.patience);
}

void pt_watch_forgive(void)
{
    atomic_store(&watch.deadline, 0);
    watch.last_words[0] = '\0';
    pt_error_clear();
}

/* From here on nobody is missed. */
static void end_watch(void)
{
    pt_comm_on_failure(NULL);
    atomic_store(&watch.mine->pid, 0);
    if (watch.has_thread && pthread_cancel(watch.thread) == 0)
        pthread_join(watch.thread, NULL);
    watch.board = NULL;
    pt_shared_free(watch.shared);
    pt_comm_free(watch.node);
    pt_free(watch.felt);
}

int pt_watch_finish(pt_status_t status, int code)
{
    pt_watch_failure(status);
    status = pt_comm_agree(pt_comm_world(), status);
    pt_watch_failure(status);
    tell(status);
    if (status == PT_OK)
        status = pt_comm_bcast(pt_comm_world(), &code, sizeof code, 0);
    end_watch();
    pt_par_stop();
    if (status == PT_E_USAGE)
        return PT_EXIT_USAGE;
    return status != PT_OK ? PT_EXIT_ERROR : code;
}
