/** @file
 * Ranks that judge candidates in groups, each another one at the same time.
 *
 * What is to be done comes in bouts (search/choose.h).  For each the ranks are one group,
 * the run's own, or several, which hand its items out among themselves as they come free:
 * whoever has nothing left asks in the next round of a sum that nobody waits for
 * (polytree/par/tally.h).  By a round all groups know alike that it is time to meet: as all
 * is done, a checkpoint or a stop was asked for, one of them has failed, or there is news
 * for the journal.  Between two meetings they have nothing to do with each other.
 *
 * Ranks without a place in the layout have no part in a run but this: they help.
 */
#ifndef SEARCH_GROUPS_H
#define SEARCH_GROUPS_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/io/checkpoint.h"
#include "polytree/par/layout.h"
#include "polytree/par/tally.h"
#include "polytree/search/search.h"
#include "polytree/train/predict.h"
#include "polytree/train/step.h"
#include "search/choose.h"

/** Numbers of a round: the first rank of each group brings its own, and sees their sums. */
enum {
    GROUP_REQUEST, /**< PT_REQUEST_* of rank 0, or GROUP_MEET */
    GROUP_FAILED,
    GROUP_AT_WORK, /**< it has something to do */
    GROUP_STEPS,   /**< that it has done of what is not told of: see choose_done() */
    GROUP_LOOKS,
    GROUP_WANTS /**< from here on one of each: whether it wants to be handed something */
};
enum { GROUP_MEET = 1 << PT_N_REQUEST };

/** One group of this rank's, and how its first rank meets those of the others. */
typedef struct run_group {
    pt_trainer_t *trainer; /**< of the space's own width */
    pt_trainer_t *wide;    /**< owned: of candidates of another; NULL: none so far */
    pt_comm_t *comm;       /**< its ranks */
    pt_tally_t *tally;     /**< of groups' first ranks; NULL on others */
} run_group_t;

typedef struct run_groups {
    pt_comm_t *all; /**< the run's ranks and those that help; borrowed */
    bool is_helper;
    run_group_t whole;  /**< all ranks of the run; none of a helper's */
    run_group_t apart;  /**< of several */
    int32_t n_apart;    /**< 0: there are none so far */
    pt_layout_t layout; /**< of `apart` */
    pt_comm_t *roots;   /**< first ranks of these groups; NULL on others */

    /* At the bout at work. */
    int32_t n, number; /**< groups, and which one this rank is in */
    run_group_t *group;
    pt_trainer_t *trainer; /**< of the group, that is as wide as the item at work */
    pt_comm_t *meeting;    /**< their ranks */
    int64_t *mine, *sum;   /**< of a round */

    bool is_open;
    int64_t item;     /**< that the group is at; -1: none */
    int64_t next;     /**< that it has been handed; -1: none */
    int64_t step;     /**< done of the training at work */
    int64_t n_handed; /**< items that have been handed out, the first ones */
    pt_checkpoint_t
        held;       /**< first rank: outcomes of trainings that the group goes on with */
    double samples; /**< rank 0: judged and trained with, as last told */
    double met;     /**< rank 0: when ranks last met */
} run_groups_t;

/* groups.c */

/** Stages of a group: as many as the run's, where these are for memory's sake or as the
 * config has them; those that are for speed's sake are none. */
int32_t run_group_stages(const pt_config_t *config, const int32_t extent[PT_N_AXIS]);
/** Groups that a bout of n items is worth: layout.groups, or the fastest as counted. */
int32_t run_groups_wanted(const pt_search_t *s, int64_t n_item);
/** The same of n_rank ranks, of which those of an arrangement take steps, and the share of
 * the time that these take which judge one after the other. */
int32_t run_groups_expect(const pt_config_t *config, const pt_feed_t *feed,
                          const pt_arrangement_t *a, int32_t n_rank, int64_t n_item,
                          double *share);
/** Let a bout be done by n groups.  Collective over the ranks that have part in it, which
 * all come with the same. */
pt_status_t run_groups_take(pt_search_t *s, int32_t n);
/** Let the group's trainer be so many times as wide as the space.  Collective over the
 * group. */
pt_status_t run_groups_widen(pt_search_t *s, double widening);
/** There will be no bout for long: give memory back.  Not collective. */
void run_groups_rest(pt_search_t *s);
/** Collective over the ranks of all bouts so far. */
void run_groups_release(pt_search_t *s);
static inline bool run_group_is_root(const run_groups_t *g)
{
    return pt_comm_rank(g->group->comm) == 0;
}

/* bout.c */

/** A step of this rank's group; once all is done and known to all `is_over`.  Collective
 * over the ranks of the bout. */
pt_status_t run_bout_step(pt_search_t *s, bool *is_over);
/** Add what a trainer's `state` is after so many steps of an item to a checkpoint, which
 * borrows both. */
pt_status_t run_bout_add_state(const choose_item_t *item, const int64_t *step,
                               const pt_checkpoint_t *state, pt_checkpoint_t *to);

/* bout_open.c */

/** List what is to be done, and begin with it, with those that help.  Collective. */
pt_status_t run_bout_begin(pt_search_t *s);
/** What a helper does of it: wait for a bout, and have part in it to its end; or be told
 * that there will be no more. */
pt_status_t run_bout_help(pt_search_t *s, bool *is_end);

#endif
