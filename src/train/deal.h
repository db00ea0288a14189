/** @file
 * Deals: which data rank has which units of a turn, for those who run and those who
 * predict.
 */
#ifndef TRAIN_DEAL_H
#define TRAIN_DEAL_H

#include <stddef.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/train/deal.h"
#include "polytree/train/feed.h"
#include "train/turn.h"

/** Units of a turn at one task coordinate, in canonical order. */
typedef struct deal {
    int32_t n;
    struct {
        int32_t at;    /**< its bundle's place in the turn */
        int32_t index; /**< microbatch within the bundle's batch */
    } * unit;
    double *cost;
    int32_t *rank; /**< data rank that runs it */
    double *work;  /**< [data ranks] */
    size_t rank_room;
} deal_t;

PT_MUST_CHECK pt_status_t deal_init(const pt_config_t *config, int32_t n_task,
                                    deal_t *deal);
void deal_release(deal_t *deal);

/**
 * Deal out the units that task coordinate `coord` of n_coord has.
 *
 * @param[in] cost  [n_bundle of the turn] of a unit, where the coordinate has the bundle
 */
PT_MUST_CHECK pt_status_t deal_turn(deal_t *deal, const turn_t *turn,
                                    const pt_config_t *config, const pt_feed_t *feed,
                                    const double *cost, int32_t n_coord, int32_t coord,
                                    int32_t n_data);

#endif
