/** @file
 * Predictions: what a step takes on ranks that need not be there.
 *
 * A predictor goes through the first steps of a run as the trainer does: the same bundles,
 * gates drawn as at the beginning of the search, the same cut into stages, units dealt to
 * the same ranks, sections in the order of graph/exec.h.  What falls to a rank in a step is
 * its *share*; a prediction plays the shares of all ranks against each other.  All of it
 * follows from the config and a machine's costs, so that ranks that know the same agree.
 */
#ifndef PT_TRAIN_PREDICT_H
#define PT_TRAIN_PREDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/graph/cut.h"
#include "polytree/graph/machine.h"
#include "polytree/graph/plan.h"
#include "polytree/par/layout.h"
#include "polytree/train/feed.h"

/** Steps that a predictor looks at. */
enum { PT_PREDICT_STEPS = 16 };

/** Where ranks might be. */
typedef struct pt_arrangement {
    int32_t extent[PT_N_AXIS];
    int32_t ranks_per_node; /**< 0: all share one */
} pt_arrangement_t;

/** What separates neighbouring stages of an arrangement. */
pt_wire_t pt_arrangement_wire(const pt_arrangement_t *arrangement);

typedef struct pt_predictor pt_predictor_t;

/**
 * Borrows everything.  Not collective.
 *
 * @param[in] branching  branch: what the space was built for; NULL: as searched
 */
PT_MUST_CHECK pt_status_t pt_predictor_new(const pt_config_t *config, const pt_feed_t *feed,
                                           const pt_space_t *space,
                                           const pt_branching_t *branching,
                                           const pt_machine_t *machine,
                                           pt_predictor_t **out);
void pt_predictor_free(pt_predictor_t *predictor);

/** Extents beyond which further ranks of an arrangement would have nothing to do. */
void pt_predictor_most(const pt_predictor_t *predictor, int32_t extent[PT_N_AXIS]);

/** Whether the machine has the seconds of every operation of the steps looked at; else
 * those of some are counted. */
bool pt_predictor_is_known(pt_predictor_t *predictor);
/** Let `counted` learn the names of all that the machine has no seconds of, data and
 * updates too, as they are counted. */
PT_MUST_CHECK pt_status_t pt_predictor_unknown(pt_predictor_t *predictor,
                                               pt_machine_t *counted);

/**
 * The cut into stages whose slowest is fastest, over the steps looked at, of both kinds.
 *
 * @param[out] cut  set on success only; release with pt_cut_release()
 * @return PT_E_CONFIG where the space has fewer places to cut
 */
PT_MUST_CHECK pt_status_t pt_predictor_cut(pt_predictor_t *predictor, int32_t n_stage,
                                           pt_wire_t wire, pt_cut_t *cut);

/** The small sums of a step, one message each, in their order. */
typedef enum pt_share_sum {
    PT_SHARE_COUNTS,
    PT_SHARE_CONTROL,
    PT_SHARE_LOSSES,
    PT_SHARE_GATES,
    PT_SHARE_NORMS,
    PT_N_SHARE_SUM
} pt_share_sum_t;

/** What one rank does in a step. */
typedef struct pt_share {
    /** Segments of its units, in order; both streams run as graph/exec.h has it. */
    int32_t n_segment;
    pt_section_t *forward, *backward; /**< [n_segment] */
    /** Sums over all ranks, in int64: of labels counted before the units, of maxima and the
     * control block behind them, of losses; of gates (alpha steps), of norms (clipping), */
    int64_t sum[PT_N_SHARE_SUM];
    /** and of gradients (weight steps), in elements: int64 to the owners, each an equal
     * share, and float32 back from them; of what all task x data ranks of the stage share,
     * and of the heads of its data ranks. */
    int64_t shared, heads;
    int64_t shared_blocks, heads_blocks; /**< that these are in: owners have whole ones */
    double update;                       /**< seconds of its part of the update */
    size_t room;                         /**< of the arrays; internal */
} pt_share_t;

/**
 * The share of the rank at `coord` in a step.  Not collective.
 *
 * @param[in]     pass  PT_PASS_WEIGHT or PT_PASS_ALPHA (of a search)
 * @param[in]     step   0..PT_PREDICT_STEPS - 1
 * @param[in,out] share  all zero at first; taken again as often as wanted; release it with
 *                       pt_share_release()
 * @return PT_E_CONFIG where the space cannot be cut into so many stages
 */
PT_MUST_CHECK pt_status_t pt_predictor_share(pt_predictor_t *predictor,
                                             const pt_arrangement_t *arrangement,
                                             const int32_t coord[PT_N_AXIS], pt_pass_t pass,
                                             int32_t step, pt_share_t *share);
void pt_share_release(pt_share_t *share);

/** Means over the steps looked at. */
typedef struct pt_prediction {
    double seconds;     /**< of a step */
    double finish;      /**< of them sums and the update, once the units are done */
    double bubble;      /**< share of the units' time in which the fullest rank waits */
    double balance;     /**< work of the mean rank by that of the fullest */
    double stage_bytes; /**< a step, over the busiest link between two stages, both ways */
    double sum_bytes;   /**< a step, that a rank brings into sums and gathers, at most */
} pt_prediction_t;

/** A step of that pass; all zero where the run has no such steps.  Errors as
 * pt_predictor_share(). */
PT_MUST_CHECK pt_status_t pt_predict(pt_predictor_t *predictor,
                                     const pt_arrangement_t *arrangement, pt_pass_t pass,
                                     pt_prediction_t *out);

/** Memory of a rank by what holds it, in bytes; program, kernels and data are not here. */
typedef struct pt_rank_memory {
    size_t weights, sums, moments, plans, feed, buffers;
    size_t arena; /**< of all units in flight */
} pt_rank_memory_t;

size_t pt_rank_memory_sum(const pt_rank_memory_t *memory);

/** What the rank at `coord` holds in the steps looked at; a retraining of the network found
 * takes less.  Errors as pt_predictor_share(). */
PT_MUST_CHECK pt_status_t pt_predictor_memory(pt_predictor_t *predictor,
                                              const pt_arrangement_t *arrangement,
                                              const int32_t coord[PT_N_AXIS],
                                              pt_rank_memory_t *out);

/** The same of the fullest rank. */
PT_MUST_CHECK pt_status_t pt_predict_memory(pt_predictor_t *predictor,
                                            const pt_arrangement_t *arrangement,
                                            pt_rank_memory_t *out);

/**
 * Seconds of a chain of stages until its segments are done, in the order of graph/exec.h: a
 * stage begins its next section when it is free and what it needs has arrived.
 *
 * @param[in] share  [n_stage]; all have the same segments
 */
PT_MUST_CHECK pt_status_t pt_predict_chain(const pt_share_t *share, int32_t n_stage,
                                           const pt_machine_t *machine, pt_wire_t wire,
                                           double *seconds);

#endif
