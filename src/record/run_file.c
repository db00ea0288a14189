/* The names in the folder of a run or of a sweep. */
#include "polytree/record/run_file.h"

static const char *const file_name[] = {
    [PT_FILE_CONFIG] = "config.ini",
    [PT_FILE_CHECKPOINT] = "checkpoint.h5",
    [PT_FILE_CHECKPOINT_PREV] = "checkpoint.prev.h5",
    [PT_FILE_CHECKPOINT_BAD] = "checkpoint.bad.h5",
    [PT_FILE_METRICS] = "metrics.jsonl",
    [PT_FILE_TIMING] = "timing.jsonl",
    [PT_FILE_ARCHITECTURE] = "architecture.json",
    [PT_FILE_ARCHITECTURE_PLOT] = "architecture.svg",
    [PT_FILE_PICTURES] = "pictures",
    [PT_FILE_REPORT] = "report.txt",
    [PT_FILE_CURVES] = "curves.svg",
    [PT_FILE_SUPERNET] = "supernet",
    [PT_FILE_FAILED] = "failed.txt",
    [PT_FILE_LOCK] = "lock",
    [PT_FILE_STOP] = "STOP",
    [PT_FILE_SWEEP_LIST] = "runs.txt",
    [PT_FILE_SWEEP_TEXT] = "sweep.txt",
    [PT_FILE_SWEEP_JSON] = "sweep.json",
    [PT_FILE_SWEEP_PLOT] = "sweep.svg",
    [PT_FILE_SWEEP_COST_PLOT] = "sweep-cost.svg",
};

_Static_assert(sizeof file_name / sizeof file_name[0] == PT_N_FILE, "a name for each file");

const char *pt_run_file_name(pt_run_file_t file)
{
    return file_name[file];
}

pt_status_t pt_run_file_path(const char *folder, pt_run_file_t file, char path[PT_PATH_MAX])
{
    return pt_path_join(folder, file_name[file], path);
}

bool pt_run_file_exists(const char *folder, pt_run_file_t file)
{
    char path[PT_PATH_MAX];
    if (pt_run_file_path(folder, file, path) != PT_OK) {
        pt_error_clear();
        return false;
    }
    return pt_path_exists(path);
}
