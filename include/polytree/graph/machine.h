/** @file
 * Machines: what instructions and messages cost in seconds.
 *
 * Never enters the numerics: costs say how ranks are arranged and where spaces are cut.
 */
#ifndef PT_GRAPH_MACHINE_H
#define PT_GRAPH_MACHINE_H

#include <stdint.h>

#include "polytree/base/status.h"

/** What lies between two ranks. */
typedef enum pt_wire { PT_WIRE_NODE, PT_WIRE_NETWORK, PT_N_WIRE } pt_wire_t;

/** Rates by which counts become seconds. */
typedef struct pt_rates {
    double madds;                /**< multiply-adds a second */
    double memory;               /**< bytes a second that operations read and write */
    double latency[PT_N_WIRE];   /**< seconds of a message without bytes */
    double bandwidth[PT_N_WIRE]; /**< bytes a second of a message */
} pt_rates_t;

typedef struct pt_machine {
    pt_rates_t rates;
} pt_machine_t;

/** A core of today, in a cluster of them. */
void pt_machine_init(pt_machine_t *machine);

/** Seconds of a message. */
double pt_machine_message(const pt_machine_t *machine, pt_wire_t wire, double bytes);

#endif
