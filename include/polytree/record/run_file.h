/** @file
 * What stands in the folder of a run or of a sweep: every name in it, and no other place
 * spells them.
 */
#ifndef PT_RECORD_RUN_FILE_H
#define PT_RECORD_RUN_FILE_H

#include <stdbool.h>

#include "polytree/base/status.h"
#include "polytree/io/file.h"

/** pt_run_file_about() says what each is. */
typedef enum pt_run_file {
    /* Of a run. */
    PT_FILE_CONFIG,
    PT_FILE_CHECKPOINT,
    PT_FILE_CHECKPOINT_PREV,
    PT_FILE_CHECKPOINT_BAD,
    PT_FILE_METRICS,
    PT_FILE_TIMING,
    PT_FILE_TENSORBOARD,
    PT_FILE_ARCHITECTURE,
    PT_FILE_ARCHITECTURE_PLOT,
    PT_FILE_CANDIDATES,
    PT_FILE_FRONT,
    PT_FILE_FRONT_PLOT,
    PT_FILE_PICTURES, /**< a folder */
    PT_FILE_REPORT,
    PT_FILE_PAGE, /**< of a sweep as well */
    PT_FILE_CURVES,
    PT_FILE_SUPERNET, /**< a folder, with checkpoints like a run's */
    PT_FILE_BEST,     /**< a folder, with checkpoints like a run's */
    PT_FILE_COSTS,
    PT_FILE_LOCK,
    PT_FILE_STOP, /**< of a sweep as well */
    PT_FILE_HELD,
    PT_FILE_FAILED,
    /* Of a sweep. */
    PT_FILE_SWEEP_LIST,
    PT_FILE_SWEEP_TEXT,
    PT_FILE_SWEEP_JSON,
    PT_FILE_SWEEP_PLOT,
    PT_FILE_SWEEP_COST_PLOT,
    PT_N_FILE
} pt_run_file_t;

/** Its name inside the folder: "metrics.jsonl". */
const char *pt_run_file_name(pt_run_file_t file);

/** What it is, for people. */
const char *pt_run_file_about(pt_run_file_t file);

/** Whether it stands in the folder of a sweep and in no run's. */
bool pt_run_file_is_of_sweep(pt_run_file_t file);

/** FOLDER/NAME; PT_E_RANGE where it is too long. */
PT_MUST_CHECK pt_status_t pt_run_file_path(const char *folder, pt_run_file_t file,
                                           char path[PT_PATH_MAX]);

/** Whether the folder has it; false where its path would be too long. */
bool pt_run_file_exists(const char *folder, pt_run_file_t file);

/** Remove the halves of files in a run's folder that processes of this machine were at when
 * they were killed.  Not collective. */
void pt_run_clear_stale(const char *folder);

#endif
