/** @file
 * What stands in the folder of a run or of a sweep: every name in it, and no other place
 * spells them.
 */
#ifndef PT_RECORD_RUN_FILE_H
#define PT_RECORD_RUN_FILE_H

#include <stdbool.h>

#include "polytree/base/status.h"
#include "polytree/io/file.h"

typedef enum pt_run_file {
    /* Of a run. */
    PT_FILE_CONFIG,            /**< every option as used, with defaults */
    PT_FILE_CHECKPOINT,        /**< all that is needed to go on */
    PT_FILE_CHECKPOINT_PREV,   /**< the checkpoint before it */
    PT_FILE_CHECKPOINT_BAD,    /**< one that could not be read, kept to look at */
    PT_FILE_METRICS,           /**< journal of numerics alone, the same on any layout */
    PT_FILE_TIMING,            /**< journal of what depends on the day */
    PT_FILE_ARCHITECTURE,      /**< the network found */
    PT_FILE_ARCHITECTURE_PLOT, /**< its picture */
    PT_FILE_PICTURES,          /**< folder: samples with labels and predictions */
    PT_FILE_REPORT,            /**< scores, cost, comparisons, where the time went */
    PT_FILE_CURVES,            /**< picture of the journal of numerics */
    PT_FILE_SUPERNET, /**< folder: the supernet that random networks are drawn from */
    PT_FILE_FAILED,   /**< why the sweep that the run is of has given it up */
    PT_FILE_LOCK,     /**< held by the job at work */
    PT_FILE_STOP,     /**< made by people: end with a checkpoint; of a sweep as well */
    /* Of a sweep. */
    PT_FILE_SWEEP_LIST,      /**< its runs, one a line, in their order */
    PT_FILE_SWEEP_TEXT,      /**< the table for people */
    PT_FILE_SWEEP_JSON,      /**< the table for programs */
    PT_FILE_SWEEP_PLOT,      /**< its picture */
    PT_FILE_SWEEP_COST_PLOT, /**< cost against what it gains */
    PT_N_FILE
} pt_run_file_t;

/** Its name inside the folder: "metrics.jsonl". */
const char *pt_run_file_name(pt_run_file_t file);

/** FOLDER/NAME; PT_E_RANGE where it is too long. */
PT_MUST_CHECK pt_status_t pt_run_file_path(const char *folder, pt_run_file_t file,
                                           char path[PT_PATH_MAX]);

/** Whether the folder has it; false where its path would be too long. */
bool pt_run_file_exists(const char *folder, pt_run_file_t file);

#endif
