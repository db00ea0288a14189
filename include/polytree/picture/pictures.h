/** @file
 * Predictions as pictures: RUN/pictures/NNNN.png, of the first samples of a part.
 *
 *     input   label        label        ...
 *             prediction   prediction
 *
 * with a column for each task of the bundle, in its order, small images enlarged.  Where
 * several bundles have tasks with maps, NNNN-NAME.png has the name of the bundle's first
 * task; bundles without such a task have no pictures.
 */
#ifndef PT_PICTURE_PICTURES_H
#define PT_PICTURE_PICTURES_H

#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/train/trainer.h"

/**
 * Refuse what has no pictures.
 *
 * @return PT_E_CONFIG where no task has maps
 */
PT_MUST_CHECK pt_status_t pt_pictures_check(const pt_dataset_t *dataset);

/**
 * pt_trainer_evaluate(), with pictures of the first `n` samples of each bundle; n = 0:
 * none, whatever the tasks.  Whoever runs a microbatch writes its pictures; rank 0 takes
 * earlier ones away before.  Collective like it; same bytes on any layout.
 *
 * @param[in] run  folder of the run
 */
PT_MUST_CHECK pt_status_t pt_pictures_evaluate(pt_trainer_t *trainer,
                                               const pt_subnet_t *subnet, pt_part_t part,
                                               int64_t n, const char *run,
                                               pt_task_score_t *score);

#endif
