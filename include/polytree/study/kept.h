/** @file
 * The runs whose tasks a network had before others were added to it, the last one first.
 */
#ifndef PT_STUDY_KEPT_H
#define PT_STUDY_KEPT_H

#include "polytree/config/config.h"
#include "polytree/record/summary.h"

typedef struct pt_kept_run {
    char run[PT_CONFIG_TEXT];
    char data[PT_CONFIG_TEXT], tasks[8 * PT_CONFIG_TEXT]; /**< data.file, data.tasks */
    pt_summary_t before;                                  /**< what it came to */
    bool has_changed; /**< its network was fine-tuned since */
    double *now;      /**< [before.n_task] metrics after that; NULL: not known */
} pt_kept_run_t;

typedef struct pt_kept {
    int32_t n;
    size_t room;
    pt_kept_run_t *run;
} pt_kept_t;

/** Read what there is of them still; none where no tasks were added.  Not collective;
 * release it, also after a failure. */
PT_MUST_CHECK pt_status_t pt_kept_read(const pt_config_t *config, pt_kept_t *kept);
void pt_kept_release(pt_kept_t *kept);

#endif
