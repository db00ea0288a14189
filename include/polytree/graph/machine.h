/** @file
 * Machines: what the parts of a step cost in seconds.
 *
 * A machine knows seconds by name, as they were measured or read from a table; what it has
 * no name for is counted, in multiply-adds and bytes.  Never enters the numerics: costs say
 * how ranks are arranged and where spaces are cut.
 */
#ifndef PT_GRAPH_MACHINE_H
#define PT_GRAPH_MACHINE_H

#include <stddef.h>
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

enum { PT_MACHINE_NAME = 120 };

/** Something whose seconds are known. */
typedef struct pt_known {
    double seconds;
    char name[PT_MACHINE_NAME];
} pt_known_t;

typedef struct pt_machine {
    char about[PT_MACHINE_NAME]; /**< what its seconds were measured on; empty: unknown */
    pt_rates_t rates;
    size_t n_known, room, table_size;
    pt_known_t *known; /**< [n_known] */
    int32_t *table;    /**< by name: open addressing, numbers in known[] + 1 */
} pt_machine_t;

/** A core of today, in a cluster of them, by rates alone. */
void pt_machine_init(pt_machine_t *machine);
void pt_machine_release(pt_machine_t *machine);

/** Seconds of what has that name; negative where nothing has. */
double pt_machine_find(const pt_machine_t *machine, const char *name);
/** Names are cut to their first PT_MACHINE_NAME - 1 bytes, and have no line breaks. */
PT_MUST_CHECK pt_status_t pt_machine_learn(pt_machine_t *machine, const char *name,
                                           double seconds);

/** Of all that `other` knows the least: what else a machine does meanwhile adds to what is
 * measured. */
PT_MUST_CHECK pt_status_t pt_machine_least(pt_machine_t *machine,
                                           const pt_machine_t *other);

/** Seconds from the sending of a message until its receiver can begin to read it.  Within a
 * node that is latency alone: receivers copy it themselves (pt_machine_receive()). */
double pt_machine_message(const pt_machine_t *machine, pt_wire_t wire, double bytes);

/** Seconds that its receiver spends on a message. */
double pt_machine_receive(const pt_machine_t *machine, pt_wire_t wire, double bytes);

/**
 * As a table: how many lines there are, what they were measured on, rates, then a line of
 * seconds and name each.
 * Reading adds to what is known; a first line that says how many follow may be left out.
 *
 * @return PT_E_IO, or PT_E_FORMAT with the number of the line, or where lines are missing
 */
PT_MUST_CHECK pt_status_t pt_machine_write(const pt_machine_t *machine, const char *path);
PT_MUST_CHECK pt_status_t pt_machine_read(pt_machine_t *machine, const char *path);

#endif
