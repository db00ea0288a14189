/** @file
 * A schedule: what every rank of an arrangement does in some steps, as a file for the
 * replay.  It is
 *
 *     head | share [n_kind][n_step][ranks] | segments of the shares, one after the other
 *
 * in this machine's bytes, ranks numbered as in src/par/layout.c.
 */
#ifndef SCALING_SCHEDULE_H
#define SCALING_SCHEDULE_H

#include <stdint.h>

#define SCHEDULE_MAGIC "PTSCHED2"

enum { SCHEDULE_WEIGHT, SCHEDULE_ALPHA, SCHEDULE_N_KIND };

/** As pt_share_sum_t. */
enum {
    SCHEDULE_COUNTS,
    SCHEDULE_CONTROL,
    SCHEDULE_LOSSES,
    SCHEDULE_GATES,
    SCHEDULE_NORMS,
    SCHEDULE_N_SUM
};

typedef struct schedule_head {
    char magic[8];
    int32_t stage, task, data; /**< extents */
    int32_t n_kind, n_step;
    int64_t message_bound; /**< elements of the largest message between stages */
    double memory;         /**< bytes a second that one core reads and writes */
} schedule_head_t;

/** As pt_share_t. */
typedef struct schedule_share {
    int64_t first; /**< segment in the file */
    int32_t n_segment;
    int32_t padding;
    int64_t sum[SCHEDULE_N_SUM], shared, heads, shared_blocks, heads_blocks;
    double update;
} schedule_share_t;

/** [0] forward, [1] backward. */
typedef struct schedule_segment {
    double seconds[2];
    int64_t elements[2]; /**< sent to the neighbouring stage afterwards */
} schedule_segment_t;

/** Number of a share in the file. */
static inline int64_t schedule_index(const schedule_head_t *head, int32_t kind,
                                     int32_t step, int32_t stage, int32_t task,
                                     int32_t data)
{
    int64_t ranks = (int64_t)head->stage * head->task * head->data;

    return ((int64_t)kind * head->n_step + step) * ranks +
           ((int64_t)stage * head->task + task) * head->data + data;
}

#endif
