/* The names in the folder of a run or of a sweep. */
#include "polytree/record/run_file.h"

static const struct {
    const char *name, *about;
} table[] = {
    [PT_FILE_CONFIG] = {"config.ini", "every option as used, with defaults"},
    [PT_FILE_CHECKPOINT] = {"checkpoint.h5", "all that is needed to go on; the trained "
                                             "weights at the end"},
    [PT_FILE_CHECKPOINT_PREV] = {"checkpoint.prev.h5", "the checkpoint before it"},
    [PT_FILE_CHECKPOINT_BAD] = {"checkpoint.bad.h5",
                                "a checkpoint that could not be read, kept to look at"},
    [PT_FILE_METRICS] = {"metrics.jsonl",
                         "losses, metrics and counts by step, one JSON object a line; the "
                         "same bytes on any number of ranks"},
    [PT_FILE_TIMING] = {"timing.jsonl",
                        "seconds, throughput, resident memory, and how a job ended"},
    [PT_FILE_TENSORBOARD] = {"events.out.tfevents.polytree",
                             "with report.tensorboard = 1: the losses and metrics of "
                             "metrics.jsonl for TensorBoard"},
    [PT_FILE_ARCHITECTURE] = {"architecture.json",
                              "the network found: with the checkpoint's tensors enough to "
                              "rebuild it elsewhere"},
    [PT_FILE_ARCHITECTURE_PLOT] = {"architecture.svg", "its picture (with Graphviz)"},
    [PT_FILE_CANDIDATES] = {"candidates.jsonl",
                            "every network that was judged, with its scores; the same "
                            "bytes on any number of ranks"},
    [PT_FILE_FRONT] = {"front.txt", "the best of them by cost, and what anybody would try"},
    [PT_FILE_FRONT_PLOT] = {"front.svg", "its picture"},
    [PT_FILE_PICTURES] = {"pictures",
                          "samples with the labels and predictions of tasks with maps: "
                          "NNNN.png, or NNNN-NAME.png where several bundles have such "
                          "tasks"},
    [PT_FILE_REPORT] = {"report.txt",
                        "scores by task, cost, comparisons, where the time went"},
    [PT_FILE_PAGE] = {"report.html",
                      "all there is to look at, on one page; of a sweep too"},
    [PT_FILE_CURVES] = {"curves.svg", "learning curves"},
    [PT_FILE_SUPERNET] = {"supernet",
                          "the trained supernet of a run of method random, or of "
                          "one that judges candidates, for others to draw or "
                          "choose from"},
    [PT_FILE_BEST] = {"best",
                      "while it is trained with retrain.keep = best: the weights with "
                      "the least loss on val so far"},
    [PT_FILE_COSTS] = {"costs.txt",
                       "the least seconds that the parts of a step were measured to take, "
                       "by which ranks are arranged"},
    [PT_FILE_LOCK] = {"lock", "holds off a second process on the same run"},
    [PT_FILE_STOP] = {"STOP",
                      "made by the user while the run is at work, or the sweep in "
                      "whose folder it is: all jobs write a checkpoint and end, the "
                      "last one takes the file away"},
    [PT_FILE_HELD] = {"HELD", "made by a run that waits where POLYTREE_HOLD wants it to"},
    [PT_FILE_FAILED] = {"failed.txt", "why the sweep that the run is of has given it up"},
    [PT_FILE_SWEEP_LIST] = {"runs.txt", "the runs of a sweep in their order, for `polytree "
                                        "status`"},
    [PT_FILE_SWEEP_TEXT] = {"sweep.txt", "the table of a sweep"},
    [PT_FILE_SWEEP_JSON] = {"sweep.json", "the same for programs"},
    [PT_FILE_SWEEP_PLOT] = {"sweep.svg", "its picture"},
    [PT_FILE_SWEEP_COST_PLOT] = {"sweep-cost.svg",
                                 "multiply-adds against Delta_m, or the metric"},
};

_Static_assert(sizeof table / sizeof table[0] == PT_N_FILE, "a row for each file");

const char *pt_run_file_name(pt_run_file_t file)
{
    return table[file].name;
}

const char *pt_run_file_about(pt_run_file_t file)
{
    return table[file].about;
}

bool pt_run_file_is_of_sweep(pt_run_file_t file)
{
    return file >= PT_FILE_SWEEP_LIST;
}

pt_status_t pt_run_file_path(const char *folder, pt_run_file_t file, char path[PT_PATH_MAX])
{
    return pt_path_join(folder, table[file].name, path);
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

void pt_run_clear_stale(const char *folder)
{
    char path[PT_PATH_MAX];
    for (int i = 0; i < PT_N_FILE; i++)
        if (pt_run_file_path(folder, (pt_run_file_t)i, path) == PT_OK)
            pt_path_clear_stale(path);
        else
            pt_error_clear();
}
