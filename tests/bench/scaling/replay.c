/* Replay a schedule under SimGrid's SMPI: kernels are waited for in simulated time, and all
 * that goes between the ranks goes through the program's own code (src/par), in the order
 * in which the trainer does it (src/train/stream.c, trainer_step.c, shard.c).
 *
 *     smpirun ... replay FILE.schedule
 *
 * Prints a line of JSON for each kind of step, with means over its steps: the bytes that
 * rank 0 brings in, and where the time goes, in the mean over the ranks: compute kernels
 *     bubble      waiting for other stages
 *     imbalance   waiting for the rank that is last to end its units
 *     reduction   sums, gathers, and the additions in them
 *     update      of the weights
 */
#include <fcntl.h>
#include <mpi.h>
#include <smpi/smpi.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polytree/base/clock.h"
#include "polytree/base/memory.h"
#include "polytree/par/layout.h"
#include "polytree/par/par.h"
#include "polytree/par/pipe.h"
#include "polytree/par/reduce.h"
#include "schedule.h"
#include "tests/bench/bytes.h"
#include "train/alternate.h"

typedef struct replay {
    const schedule_head_t *head;
    const schedule_share_t *share;
    const schedule_segment_t *segment;
    pt_layout_t layout;
    pt_pipe_t *pipe;
    int64_t *sum; /**< room for the largest; shared by all ranks, as are the others */
    int64_t *mine;
    float *weight;
    int64_t *count; /**< [ranks] */
    double compute; /**< seconds of the step at work */
} replay_t;

typedef enum part { COMPUTE, BUBBLE, IMBALANCE, REDUCTION, UPDATE, N_PART } part_t;
static const char *const part_name[] = {"compute", "bubble", "imbalance", "reduction",
                                        "update"};

static const void *map_file(const char *path)
{
    struct stat info;
    int file = open(path, O_RDONLY);

    if (file < 0 || fstat(file, &info) != 0)
        return NULL;
    void *data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    return data == MAP_FAILED ? NULL : data;
}

static const schedule_share_t *share_at(const replay_t *r, int32_t kind, int32_t step,
                                        int32_t stage)
{
    return &r->share[schedule_index(r->head, kind, step, stage,
                                    r->layout.coord[PT_AXIS_TASK],
                                    r->layout.coord[PT_AXIS_DATA])];
}

static pt_status_t open_replay(replay_t *r, const char *path)
{
    const char *file = map_file(path);
    int64_t most = 1, ranks;

    if (file == NULL || memcmp(file, SCHEDULE_MAGIC, 8) != 0)
        PT_FAIL(IO, "%s is no schedule", path);
    r->head = (const void *)file;
    const int32_t extent[] = {r->head->stage, r->head->task, r->head->data};
    ranks = (int64_t)extent[0] * extent[1] * extent[2];
    r->share = (const void *)(file + sizeof *r->head);
    int64_t n_share = ranks * r->head->n_kind * r->head->n_step;
    r->segment = (const void *)(r->share + n_share);
    PT_TRY(pt_layout_init(&r->layout, pt_comm_world(), extent, true));
    PT_TRY(pt_pipe_new(r->layout.chain, r->head->message_bound, &r->pipe));
    for (int64_t i = 0; i < n_share; i++) {
        const schedule_share_t *s = &r->share[i];
        for (int32_t j = 0; j < SCHEDULE_N_SUM; j++)
            most = s->sum[j] > most ? s->sum[j] : most;
        most = s->shared > most ? s->shared : most;
        most = s->heads > most ? s->heads : most;
    }
    r->sum = SMPI_SHARED_MALLOC((size_t)most * sizeof *r->sum);
    r->mine = SMPI_SHARED_MALLOC((size_t)most * sizeof *r->mine);
    r->weight = SMPI_SHARED_MALLOC((size_t)most * sizeof *r->weight);
    return pt_alloc(&r->count, (size_t)ranks, sizeof *r->count);
}

static void close_replay(replay_t *r)
{
    pt_pipe_free(r->pipe);
    pt_layout_release(&r->layout);
    pt_free(r->count);
    SMPI_SHARED_FREE(r->sum);
    SMPI_SHARED_FREE(r->mine);
    SMPI_SHARED_FREE(r->weight);
}

static void run_section(replay_t *r, int32_t kind, int32_t step, int32_t g, int32_t back)
{
    int32_t stage = r->layout.coord[PT_AXIS_STAGE], from = back ? stage + 1 : stage - 1;
    const schedule_segment_t *own = &r->segment[share_at(r, kind, step, stage)->first + g];
    int64_t n = 0;

    if (from >= 0 && from < r->head->stage)
        n = r->segment[share_at(r, kind, step, from)->first + g].elements[back];
    if (n > 0) {
        (void)pt_pipe_receive(r->pipe, back, n);
        pt_pipe_done(r->pipe, back);
    }
    smpi_execute(own->seconds[back]);
    r->compute += own->seconds[back];
    if (own->elements[back] > 0) {
        (void)pt_pipe_room(r->pipe, back);
        pt_pipe_send(r->pipe, back, own->elements[back]);
    }
}

static pt_status_t run_units(replay_t *r, int32_t kind, int32_t step)
{
    int32_t stage = r->layout.coord[PT_AXIS_STAGE], n_flight = r->head->stage - stage;
    int32_t n = share_at(r, kind, step, stage)->n_segment, forward = 0, backward = 0;

    r->compute = 0;
    while (backward < n) {
        bool goes_forward =
            forward < n && alternate_goes_forward(forward, backward, n_flight);
        if (goes_forward)
            run_section(r, kind, step, forward++, 0);
        else
            run_section(r, kind, step, backward++, 1);
    }
    return pt_pipe_status(r->pipe);
}

/** The additions of a sum of n int64 over `size` ranks, of which MPI simulates none. */
static void add_up(const replay_t *r, int64_t n, int32_t size)
{
    smpi_execute((double)(3 * n) * sizeof(int64_t) * (size - 1) / size / r->head->memory);
}

/** One of a step's small sums; of nothing there is none. */
static pt_status_t sum_all(replay_t *r, const schedule_share_t *share, int32_t which)
{
    static const pt_traffic_t kind[SCHEDULE_N_SUM] = {
        [SCHEDULE_COUNTS] = PT_TRAFFIC_CONTROL,
        [SCHEDULE_CONTROL] = PT_TRAFFIC_CONTROL,
        [SCHEDULE_LOSSES] = PT_TRAFFIC_CONTROL,
        [SCHEDULE_GATES] = PT_TRAFFIC_ALPHA,
        [SCHEDULE_NORMS] = PT_TRAFFIC_CLIP};
    int64_t n = share->sum[which];

    if (n == 0)
        return PT_OK;
    PT_TRY(which == SCHEDULE_CONTROL
               ? pt_max_i64(r->layout.world, kind[which], r->sum, (size_t)n)
               : pt_sum_i64(r->layout.world, kind[which], r->sum, (size_t)n));
    add_up(r, n, pt_comm_size(r->layout.world));
    return PT_OK;
}

/** Whole blocks in equal shares, ascending (src/train/shard.c); of n elements each block
 * is taken to have as many. */
static void count_blocks(replay_t *r, int64_t n, int64_t n_block, int32_t size)
{
    memset(r->count, 0, (size_t)size * sizeof *r->count);
    for (int64_t b = 0; b < n_block; b++)
        r->count[b * size / n_block] += (b + 1) * n / n_block - b * n / n_block;
}

static pt_status_t reduce(replay_t *r, pt_comm_t *comm, int64_t n, int64_t n_block)
{
    if (n == 0 || pt_comm_size(comm) == 1)
        return PT_OK;
    count_blocks(r, n, n_block, pt_comm_size(comm));
    PT_TRY(pt_sum_scatter_i64(comm, PT_TRAFFIC_GRADIENT, r->sum, r->count, r->mine));
    add_up(r, n, pt_comm_size(comm));
    return PT_OK;
}

static pt_status_t gather(replay_t *r, pt_comm_t *comm, int64_t n, int64_t n_block)
{
    if (n == 0 || pt_comm_size(comm) == 1)
        return PT_OK;
    count_blocks(r, n, n_block, pt_comm_size(comm));
    return pt_gather_f32(comm, PT_TRAFFIC_WEIGHT, r->weight, r->count);
}

/** What follows the units. */
static pt_status_t finish_step(replay_t *r, int32_t kind, const schedule_share_t *share)
{
    PT_TRY(sum_all(r, share, SCHEDULE_CONTROL));
    PT_TRY(sum_all(r, share, SCHEDULE_LOSSES));
    if (kind == SCHEDULE_ALPHA)
        return sum_all(r, share, SCHEDULE_GATES);
    PT_TRY(reduce(r, r->layout.replica, share->shared, share->shared_blocks));
    PT_TRY(reduce(r, r->layout.data, share->heads, share->heads_blocks));
    PT_TRY(sum_all(r, share, SCHEDULE_NORMS));
    smpi_execute(share->update);
    PT_TRY(gather(r, r->layout.replica, share->shared, share->shared_blocks));
    return gather(r, r->layout.data, share->heads, share->heads_blocks);
}

/** Add a step's parts and its seconds; all ranks leave at one time. */
static pt_status_t run_step(replay_t *r, int32_t kind, int32_t step, double *seconds,
                            double part[N_PART])
{
    const schedule_share_t *share = share_at(r, kind, step, r->layout.coord[PT_AXIS_STAGE]);
    int ranks = pt_comm_size(r->layout.world);
    double mine[4], sum[4], last[4];

    MPI_Barrier(MPI_COMM_WORLD);
    double begin = pt_clock();
    PT_TRY(sum_all(r, share, SCHEDULE_COUNTS));
    double counted = pt_clock() - begin;
    PT_TRY(run_units(r, kind, step));
    mine[0] = pt_clock() - begin - counted;
    PT_TRY(finish_step(r, kind, share));
    mine[1] = pt_clock() - begin;
    mine[2] = r->compute;
    mine[3] = kind == SCHEDULE_WEIGHT ? share->update : 0;
    MPI_Allreduce(mine, sum, 4, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(mine, last, 4, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    *seconds += last[1];
    part[COMPUTE] += sum[2] / ranks;
    part[BUBBLE] += (sum[0] - sum[2]) / ranks;
    part[IMBALANCE] += last[0] - sum[0] / ranks;
    part[REDUCTION] += last[1] - last[0] - sum[3] / ranks;
    part[UPDATE] += sum[3] / ranks;
    return PT_OK;
}

static pt_status_t run_kind(replay_t *r, int32_t kind)
{
    double seconds = 0, part[N_PART] = {0};
    int64_t bytes[PT_N_TRAFFIC];

    read_bytes(bytes);
    for (int32_t step = 0; step < r->head->n_step; step++)
        PT_TRY(run_step(r, kind, step, &seconds, part));
    if (pt_comm_rank(pt_comm_world()) != 0)
        return PT_OK;
    printf("{\"kind\": \"%s\", \"seconds\": %.6g",
           kind == SCHEDULE_WEIGHT ? "weight" : "alpha", seconds / r->head->n_step);
    for (int i = 0; i < N_PART; i++)
        printf(", \"%s\": %.4f", part_name[i], part[i] / seconds);
    printf(", ");
    print_bytes(bytes, r->head->n_step);
    printf("}\n");
    fflush(stdout);
    return PT_OK;
}

/** By MPI's profiling interface: SMPI knows of no threads, and ranks have none here. */
int MPI_Init_thread(int *argc, char ***argv, int required, int *provided)
{
    *provided = required;
    return PMPI_Init(argc, argv);
}

int main(int argc, char **argv)
{
    replay_t r = {0};
    pt_status_t status = pt_par_start(&argc, &argv);

    if (status == PT_OK)
        status = argc == 2 ? open_replay(&r, argv[1])
                           : PT_ERROR(USAGE, "usage: replay FILE.schedule");
    for (int32_t kind = 0; status == PT_OK && kind < r.head->n_kind; kind++)
        status = run_kind(&r, kind);
    if (status != PT_OK) {
        fprintf(stderr, "replay: %s\n", pt_error_message());
        pt_par_abort(1);
    }
    close_replay(&r);
    pt_par_stop();
    return 0;
}
