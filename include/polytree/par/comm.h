/** @file
 * Communicators, agreement on errors, and the exchanges that are not sums.
 *
 * par and io alone call MPI; everybody else holds an opaque pt_comm_t.
 */
#ifndef PT_PAR_COMM_H
#define PT_PAR_COMM_H

#include <stddef.h>
#include <stdint.h>

#include "polytree/base/status.h"

typedef struct pt_comm pt_comm_t;

/** Have `hook` called on a rank that brings a failure to the others, before it waits for
 * them: they may be far from coming.  NULL (the default): nothing. */
void pt_comm_on_failure(void (*hook)(pt_status_t status));
/** Call that hook, unless `status` is PT_OK; pt_comm_agree() does it of itself. */
void pt_comm_failure(pt_status_t status);

/**
 * All ranks; lives from pt_par_start() to pt_par_stop().  Outside of that it is this
 * process alone, and what is collective works without MPI but for sums and shared memory.
 */
pt_comm_t *pt_comm_world(void);
/** This process alone, without MPI; nobody has to come along. */
pt_comm_t *pt_comm_alone(void);
int32_t pt_comm_rank(const pt_comm_t *comm);
int32_t pt_comm_size(const pt_comm_t *comm);
/** Its number in MPI's Fortran interface, for libraries that call MPI themselves; borrowed.
 */
int pt_comm_fortran(const pt_comm_t *comm);

/** Split by colour (-1: not a member, *out = NULL), ordered by key.  Collective. */
PT_MUST_CHECK pt_status_t pt_comm_split(pt_comm_t *comm, int32_t color, int32_t key,
                                        pt_comm_t **out);
/** From now on each `n` ranks of the run in turn are taken for a node, to rehearse many on
 * one; 0 (the default): as they are. */
void pt_comm_rehearse_nodes(int32_t n);
/** The ranks of `comm` that share memory with this one.  Collective. */
PT_MUST_CHECK pt_status_t pt_comm_split_node(pt_comm_t *comm, pt_comm_t **out);
/** Collective over its ranks; NULL is fine. */
void pt_comm_free(pt_comm_t *comm);

/**
 * All ranks get the same status: PT_OK if all brought PT_OK, else that of the lowest
 * failing rank, whose message and trace every rank then holds (prefixed "rank N: " where
 * there is more than one rank; N counts all ranks of the run, whatever `comm`).  A message
 * that names its rank already is passed on as it is.  Collective.
 */
PT_MUST_CHECK pt_status_t pt_comm_agree(pt_comm_t *comm, pt_status_t status);

/** Agree, and return the common status unless it is PT_OK. */
#define PT_AGREE(comm, status) PT_TRY(pt_comm_agree((comm), (status)))

/** Bytes from `root` to all.  Collective; any size. */
PT_MUST_CHECK pt_status_t pt_comm_bcast(pt_comm_t *comm, void *data, size_t bytes,
                                        int32_t root);

/**
 * Pieces of all ranks to `root`, by rank: bytes[r] from rank r (known to all).
 * `all` is needed at root only.  Collective.
 */
PT_MUST_CHECK pt_status_t pt_comm_gather(pt_comm_t *comm, const void *mine, void *all,
                                         const size_t *bytes, int32_t root);

/** Same piece size from every rank, to every rank, by rank.  Collective. */
PT_MUST_CHECK pt_status_t pt_comm_allgather(pt_comm_t *comm, const void *mine, void *all,
                                            size_t bytes);

PT_MUST_CHECK pt_status_t pt_comm_barrier(pt_comm_t *comm);

/**
 * Seconds of an allreduce of 8 bytes and of one of `bytes`, the least of several, as others
 * may use the machine; the same on all ranks.  Collective.
 */
PT_MUST_CHECK pt_status_t pt_comm_measure(pt_comm_t *comm, size_t bytes, double *small,
                                          double *large);

/**
 * PT_E_MISMATCH, naming `what` and the ranks, unless all ranks bring the same bytes.
 * Collective.
 */
PT_MUST_CHECK pt_status_t pt_comm_check_equal(pt_comm_t *comm, const char *what,
                                              const void *data, size_t bytes);

#endif
