/* Messages between neighbouring stages, sent and received while both go on computing. */
#include "polytree/par/pipe.h"

#include <limits.h>
#include <time.h>

#include "par/comm_private.h"
#include "polytree/base/activity.h"
#include "polytree/base/clock.h"
#include "polytree/base/memory.h"
#include "polytree/par/reduce.h"

enum { DOWN_TAG = 81, UP_TAG = 82 };

/* Between two looks at transfers under way. */
#define PROGRESS_SECONDS 250e-6

/** Messages one way from or to one neighbour, in a ring. */
typedef struct channel {
    int32_t peer; /**< rank in the chain; -1: there is none */
    int tag;
    bool is_ready; /**< the one at `next` has been waited for */
    int32_t next;
    MPI_Request request[PT_PIPE_DEPTH];
    pt_real_t *buffer[PT_PIPE_DEPTH];
} channel_t;

struct pt_pipe {
    pt_comm_t *chain; /**< its own: receives wait for what another pipe's ranks may send */
    int64_t bound;
    int capacity;            /**< elements that a receive is posted for */
    channel_t in[2], out[2]; /**< [is_back] */
    double last_progress;
    pt_status_t status;
};

static void keep(pt_pipe_t *pipe, pt_status_t status)
{
    if (pipe->status == PT_OK)
        pipe->status = status;
}

static void post_receive(pt_pipe_t *pipe, channel_t *c, int32_t i)
{
    keep(pipe, pt_mpi_status(MPI_Irecv(c->buffer[i], pipe->capacity, MPI_FLOAT, c->peer,
                                       c->tag, pt_comm_mpi(pipe->chain), &c->request[i]),
                             "MPI_Irecv"));
}

static pt_status_t open_channel(pt_pipe_t *pipe, channel_t *c, int32_t peer, int tag)
{
    c->peer = peer >= 0 && peer < pt_comm_size(pipe->chain) ? peer : -1;
    c->tag = tag;
    for (int32_t i = 0; i < PT_PIPE_DEPTH; i++)
        c->request[i] = MPI_REQUEST_NULL;
    for (int32_t i = 0; i < PT_PIPE_DEPTH && c->peer >= 0; i++) {
        void *p;
        PT_TRY(pt_reserve((size_t)pipe->bound * sizeof(pt_real_t), &p));
        c->buffer[i] = p;
    }
    return PT_OK;
}

pt_status_t pt_pipe_new(pt_comm_t *chain, int64_t message_bound, pt_pipe_t **out)
{
    int32_t rank = pt_comm_rank(chain);
    pt_pipe_t *pipe = NULL;
    pt_status_t status = pt_alloc(&pipe, 1, sizeof *pipe);

    PT_AGREE(chain, status);
    status = pt_comm_split(chain, 0, rank, &pipe->chain);
    if (status != PT_OK) {
        pt_free(pipe);
        return status;
    }
    pipe->bound = message_bound;
    pipe->capacity = message_bound < INT_MAX ? (int)message_bound : INT_MAX;
    PT_TRY_OR(agree, open_channel(pipe, &pipe->in[0], rank - 1, DOWN_TAG));
    PT_TRY_OR(agree, open_channel(pipe, &pipe->out[0], rank + 1, DOWN_TAG));
    PT_TRY_OR(agree, open_channel(pipe, &pipe->in[1], rank + 1, UP_TAG));
    PT_TRY_OR(agree, open_channel(pipe, &pipe->out[1], rank - 1, UP_TAG));
    for (int32_t back = 0; back < 2; back++)
        for (int32_t i = 0; i < PT_PIPE_DEPTH && pipe->in[back].peer >= 0; i++)
            post_receive(pipe, &pipe->in[back], i);
    status = pipe->status;
agree:
    PT_TRY_OR(failed, pt_comm_agree(chain, status));
    *out = pipe;
    return PT_OK;
failed:
    pt_pipe_free(pipe);
    return status;
}

static void close_channel(pt_pipe_t *pipe, channel_t *c, bool is_in)
{
    for (int32_t i = 0; i < PT_PIPE_DEPTH; i++) {
        if (c->request[i] != MPI_REQUEST_NULL) {
            if (is_in)
                MPI_Cancel(&c->request[i]);
            MPI_Wait(&c->request[i], MPI_STATUS_IGNORE);
        }
        pt_reserve_release(c->buffer[i], (size_t)pipe->bound * sizeof(pt_real_t));
    }
}

void pt_pipe_free(pt_pipe_t *pipe)
{
    if (pipe == NULL)
        return;
    for (int32_t back = 0; back < 2; back++) {
        close_channel(pipe, &pipe->in[back], true);
        close_channel(pipe, &pipe->out[back], false);
    }
    pt_comm_free(pipe->chain);
    pt_free(pipe);
}

/** Whoever waits for long lets others have the core, where ranks share one. */
static void pause_after(double begin)
{
    static const struct timespec nap = {.tv_nsec = 20000};

    if (pt_clock() - begin > 200e-6)
        nanosleep(&nap, NULL);
}

/** Wait for a channel's next request to end; `got`: elements of what was received. */
static void wait_next(pt_pipe_t *pipe, channel_t *c, int *got)
{
    double begin = pt_clock();
    MPI_Status message;
    int is_there = 0;
    pt_doing_t before = pt_activity_do(PT_DOING_WAIT);

    while (!is_there && pipe->status == PT_OK) {
        keep(pipe, pt_mpi_status(MPI_Test(&c->request[c->next], &is_there, &message),
                                 "MPI_Test"));
        if (!is_there)
            pause_after(begin);
    }
    if (got != NULL && pipe->status == PT_OK)
        MPI_Get_count(&message, MPI_FLOAT, got);
    pt_activity_do(before);
    pt_traffic_count(PT_TRAFFIC_STAGE, 0, begin);
    c->is_ready = true;
}

const pt_real_t *pt_pipe_receive(pt_pipe_t *pipe, bool is_back, int64_t n)
{
    channel_t *c = &pipe->in[is_back];
    int got = 0;

    if (c->is_ready)
        return c->buffer[c->next];
    wait_next(pipe, c, &got);
    if (pipe->status == PT_OK && got != n)
        keep(pipe, PT_ERROR(INTERNAL, "a stage sent %d elements, the next wants %lld", got,
                            (long long)n));
    return c->buffer[c->next];
}

static void advance(channel_t *c)
{
    c->is_ready = false;
    c->next = (c->next + 1) % PT_PIPE_DEPTH;
}

void pt_pipe_done(pt_pipe_t *pipe, bool is_back)
{
    channel_t *c = &pipe->in[is_back];

    post_receive(pipe, c, c->next);
    advance(c);
}

pt_real_t *pt_pipe_room(pt_pipe_t *pipe, bool is_back)
{
    channel_t *c = &pipe->out[is_back];

    if (!c->is_ready)
        wait_next(pipe, c, NULL);
    return c->buffer[c->next];
}

void pt_pipe_send(pt_pipe_t *pipe, bool is_back, int64_t n)
{
    channel_t *c = &pipe->out[is_back];
    double begin = pt_clock();
    int count = 0;

    keep(pipe, pt_mpi_count(n, &count));
    keep(pipe,
         pt_mpi_status(MPI_Isend(c->buffer[c->next], count, MPI_FLOAT, c->peer, c->tag,
                                 pt_comm_mpi(pipe->chain), &c->request[c->next]),
                       "MPI_Isend"));
    pt_traffic_count(PT_TRAFFIC_STAGE, n * (int64_t)sizeof(pt_real_t), begin);
    advance(c);
}

void pt_pipe_progress(pt_pipe_t *pipe)
{
    double now = pt_clock();

    /* MPI gives the core away where it finds nothing to do and ranks share cores. */
    if (now - pipe->last_progress < PROGRESS_SECONDS)
        return;
    pipe->last_progress = now;
    for (int32_t back = 0; back < 2; back++) {
        int flag;
        for (int32_t i = 0; i < PT_PIPE_DEPTH; i++)
            if (pipe->out[back].request[i] != MPI_REQUEST_NULL)
                MPI_Test(&pipe->out[back].request[i], &flag, MPI_STATUS_IGNORE);
        const channel_t *in = &pipe->in[back];
        if (in->request[in->next] != MPI_REQUEST_NULL)
            MPI_Request_get_status(in->request[in->next], &flag, MPI_STATUS_IGNORE);
    }
}

pt_status_t pt_pipe_status(const pt_pipe_t *pipe)
{
    return pipe->status;
}
