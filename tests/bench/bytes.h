/** @file
 * Bytes that a rank brings in, by kind, as JSON: of steps that are run and of those that
 * are simulated, so that the two can be compared.
 */
#ifndef PT_BENCH_BYTES_H
#define PT_BENCH_BYTES_H

#include <stdio.h>

#include "polytree/par/reduce.h"

/** Counted by this rank since the start. */
static inline void read_bytes(int64_t bytes[PT_N_TRAFFIC])
{
    for (int i = 0; i < PT_N_TRAFFIC; i++)
        bytes[i] = pt_traffic_stats((pt_traffic_t)i)->bytes;
}

/** A step of those since `before`: "bytes": {...}. */
static inline void print_bytes(const int64_t before[PT_N_TRAFFIC], int64_t n_step)
{
    int64_t now[PT_N_TRAFFIC];

    read_bytes(now);
    printf("\"bytes\": {");
    for (int i = 0; i < PT_N_TRAFFIC; i++)
        printf("%s\"%s\": %lld", i > 0 ? ", " : "", pt_traffic_name((pt_traffic_t)i),
               (long long)((now[i] - before[i]) / n_step));
    printf("}");
}

#endif
