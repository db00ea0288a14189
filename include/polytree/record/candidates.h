/** @file
 * The networks that a run has judged, one JSON object a line in order of number
 * (PT_FILE_CANDIDATES):
 *
 *     {"number":0, "origin":"shared", "width":1, "cost":1e6, "chosen":false, "front":true,
 *      "score":0, "worst":0, "tasks":{"TASK":0, ...},  what is thought of it in the end
 *      "error":0, "delta_m":0,                         of those that might be chosen
 *      "metrics":{"TASK":0.5, ...},
 *      "supernet":0, "trained":{"30":0, ...},          by its weights; after so many steps
 *      "groups":{"l01":[0,0,1], ...}}                  branch: who runs a layer together
 *      "graphs":{"TASK":"in_1 edge_1_2 out_2", ...}}   dag: pieces of each task's graph
 *
 * A score is the mean over the tasks of the log of the loss over that of number 0.
 */
#ifndef PT_RECORD_CANDIDATES_H
#define PT_RECORD_CANDIDATES_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/graph/branching.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

/** A candidate; what is not known is NaN. */
typedef struct pt_candidate_entry {
    const char *origin;
    bool is_handmade, is_final, is_on_front, is_chosen; /**< final: it might be chosen */
    double widening; /**< times the channels of the space */
    double cost;
    double score, error, worst; /**< error: against number 0; of those that are final */
    double supernet;            /**< by its weights alone */
    int32_t n_trained;
    const int64_t *steps;  /**< [n_trained] after which a training was judged ... */
    const double *trained; /**< ... and the score */
    double delta;          /**< final: gain by metrics over number 0 */
    const double *metric;  /**< [n_task] final */
    const double *task;    /**< [n_task] scores */
    const uint64_t *bits;  /**< [n_task][words of a task] */
} pt_candidate_entry_t;

/** Write all candidates of a space.  Not collective. */
PT_MUST_CHECK pt_status_t pt_candidates_write(const char *run, const pt_space_t *space,
                                              int64_t n, const pt_candidate_entry_t *entry);

/** Write branchings that are worth judging, for `choose.candidates`.  Not collective. */
PT_MUST_CHECK pt_status_t pt_candidates_write_trees(const char *path, const char *origin,
                                                    int64_t n, const pt_branching_t *tree);

/** Takes one candidate, a hard subnet of so many times the space's channels; not PT_OK ends
 * the reading. */
typedef pt_status_t (*pt_candidate_taker_t)(void *context, double widening,
                                            pt_subnet_t *subnet);

/**
 * Hand every candidate of a file to `take`; of its lines only "groups" or "graphs" and
 * "width", without which it is 1, are read, empty ones are skipped.  Not collective.
 *
 * @return PT_E_FORMAT, naming the line, where one is of no network of the space
 */
PT_MUST_CHECK pt_status_t pt_candidates_read(const char *path, const pt_space_t *space,
                                             pt_candidate_taker_t take, void *context);

/** Takes one branching and its score; NaN where it has none. */
typedef pt_status_t (*pt_branching_taker_t)(void *context, const pt_branching_t *branching,
                                            double score);

/**
 * Hand every candidate of a branch space of so many layers and tasks that is as wide as the
 * space to `take`.  Not collective.
 *
 * @return PT_E_FORMAT, naming the line, where one is of another space
 */
PT_MUST_CHECK pt_status_t pt_candidates_read_scores(const char *path, int32_t n_layer,
                                                    int32_t n_task,
                                                    pt_branching_taker_t take,
                                                    void *context);

/**
 * Read what there is to tell of all candidates of a run: all but trainings, tasks and
 * networks.  Not collective.
 *
 * @param[out] entry  [n], of which origins are static texts; free with pt_free()
 * @return PT_E_FORMAT, naming the line, where one is of no candidate
 */
PT_MUST_CHECK pt_status_t pt_candidates_read_entries(const char *run, int64_t *n,
                                                     pt_candidate_entry_t **entry);

#endif
