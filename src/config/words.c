/* The words of the options that take one of several, each beside what it stands for; what
 * has no word, as a file, ends its list. */
#include "config/option.h"

const char *const pt_auto_words[] = {"auto", NULL};

const char *const pt_standardise_words[] = {
    [PT_STANDARDISE_AUTO] = "auto",
    [PT_STANDARDISE_NONE] = "none",
    [PT_N_STANDARDISE] = NULL,
};
_Static_assert(sizeof pt_standardise_words / sizeof pt_standardise_words[0] ==
                   PT_N_STANDARDISE + 1,
               "a word for each");

const char *const pt_cache_words[] = {
    [PT_CACHE_NONE] = "none",
    [PT_CACHE_MEMORY] = "memory",
    [PT_CACHE_DISK] = "disk",
    [PT_N_CACHE] = NULL,
};
_Static_assert(sizeof pt_cache_words / sizeof pt_cache_words[0] == PT_N_CACHE + 1,
               "a word for each");

const char *const pt_mode_words[] = {
    [PT_LAYOUT_AUTO] = "auto",
    [PT_LAYOUT_MANUAL] = "manual",
    [PT_N_LAYOUT_MODE] = NULL,
};
_Static_assert(sizeof pt_mode_words / sizeof pt_mode_words[0] == PT_N_LAYOUT_MODE + 1,
               "a word for each");

const char *const pt_cost_words[] = {
    [PT_COST_MEASURED] = "measured",
    [PT_COST_COUNTED] = "counted",
    [PT_COST_TABLE] = NULL,
};
_Static_assert(sizeof pt_cost_words / sizeof pt_cost_words[0] == PT_COST_TABLE + 1,
               "a word for each");

const char *const pt_backend_words[] = {
    [PT_BACKEND_AUTO] = "auto",     [PT_BACKEND_REF] = "ref", [PT_BACKEND_BLAS] = "blas",
    [PT_BACKEND_ONEDNN] = "onednn", [PT_N_BACKEND] = NULL,
};
_Static_assert(sizeof pt_backend_words / sizeof pt_backend_words[0] == PT_N_BACKEND + 1,
               "a word for each");

const char *const pt_isa_words[] = {
    [PT_ISA_NATIVE] = "native", [PT_ISA_GENERIC] = "generic",
    [PT_ISA_AVX2] = "avx2",     [PT_ISA_AVX512] = "avx512",
    [PT_N_ISA] = NULL,
};
_Static_assert(sizeof pt_isa_words / sizeof pt_isa_words[0] == PT_N_ISA + 1,
               "a word for each");

const char *const pt_reduction_words[] = {
    [PT_REDUCTION_EXACT] = "exact",
    [PT_REDUCTION_FAST] = "fast",
    [PT_N_REDUCTION] = NULL,
};
_Static_assert(sizeof pt_reduction_words / sizeof pt_reduction_words[0] ==
                   PT_N_REDUCTION + 1,
               "a word for each");

const char *const pt_mixed_words[] = {
    [PT_MIXED_WARN] = "warn",
    [PT_MIXED_REFUSE] = "refuse",
    [PT_N_MIXED] = NULL,
};
_Static_assert(sizeof pt_mixed_words / sizeof pt_mixed_words[0] == PT_N_MIXED + 1,
               "a word for each");

const char *const pt_preset_words[] = {
    [PT_PRESET_NONE] = "none",
    [PT_PRESET_BMTAS] = "bmtas",
    [PT_N_PRESET] = NULL,
};
_Static_assert(sizeof pt_preset_words / sizeof pt_preset_words[0] == PT_N_PRESET + 1,
               "a word for each");

const char *const pt_space_words[] = {
    [PT_SPACE_DAG] = "dag",
    [PT_SPACE_BRANCH] = "branch",
    [PT_N_SPACE_KIND] = NULL,
};
_Static_assert(sizeof pt_space_words / sizeof pt_space_words[0] == PT_N_SPACE_KIND + 1,
               "a word for each");

const char *const pt_head_words[] = {
    [PT_HEAD_AUTO] = "auto",
    [PT_HEAD_CLASSIFIER] = "classifier",
    [PT_HEAD_DEEPLAB] = "deeplab",
    [PT_HEAD_UPSAMPLE] = "upsample",
    [PT_N_HEAD] = NULL,
};
_Static_assert(sizeof pt_head_words / sizeof pt_head_words[0] == PT_N_HEAD + 1,
               "a word for each");

const char *const pt_turn_words[] = {
    [PT_TURN_BUNDLES] = "bundles",
    [PT_TURN_TASKS] = "tasks",
    [PT_N_TURN] = NULL,
};
_Static_assert(sizeof pt_turn_words / sizeof pt_turn_words[0] == PT_N_TURN + 1,
               "a word for each");

const char *const pt_weighting_words[] = {
    [PT_WEIGHTING_FIXED] = "fixed",
    [PT_WEIGHTING_UNCERTAINTY] = "uncertainty",
    [PT_WEIGHTING_DWA] = "dwa",
    [PT_WEIGHTING_RANDOM] = "random",
    [PT_WEIGHTING_GEOMETRIC] = "geometric",
    [PT_WEIGHTING_FAMO] = "famo",
    [PT_N_WEIGHTING] = NULL,
};
_Static_assert(sizeof pt_weighting_words / sizeof pt_weighting_words[0] ==
                   PT_N_WEIGHTING + 1,
               "a word for each");

const char *const pt_bundle_words[] = {
    [PT_BUNDLE_AUTO] = "auto",
    [PT_BUNDLE_EACH] = "each",
    [PT_BUNDLE_ALL] = "all",
    [PT_N_BUNDLING] = NULL,
};
_Static_assert(sizeof pt_bundle_words / sizeof pt_bundle_words[0] == PT_N_BUNDLING + 1,
               "a word for each");

const char *const pt_flip_words[] = {
    [PT_FLIP_NONE] = "none",
    [PT_FLIP_HORIZONTAL] = "horizontal",
    [PT_FLIP_VERTICAL] = "vertical",
    [PT_FLIP_BOTH] = "both",
    [PT_N_FLIP] = NULL,
};
_Static_assert(sizeof pt_flip_words / sizeof pt_flip_words[0] == PT_N_FLIP + 1,
               "a word for each");

const char *const pt_optimizer_words[] = {
    [PT_OPTIMIZER_SGD] = "sgd",
    [PT_OPTIMIZER_ADAM] = "adam",
    [PT_N_OPTIMIZER] = NULL,
};
_Static_assert(sizeof pt_optimizer_words / sizeof pt_optimizer_words[0] ==
                   PT_N_OPTIMIZER + 1,
               "a word for each");

const char *const pt_schedule_words[] = {
    [PT_SCHEDULE_CONSTANT] = "constant",
    [PT_SCHEDULE_COSINE] = "cosine",
    [PT_SCHEDULE_POLY] = "poly",
    [PT_N_SCHEDULE] = NULL,
};
_Static_assert(sizeof pt_schedule_words / sizeof pt_schedule_words[0] == PT_N_SCHEDULE + 1,
               "a word for each");

const char *const pt_gates_words[] = {
    [PT_GATES_SOFT] = "soft",
    [PT_GATES_HARD] = "hard",
    [PT_N_GATES] = NULL,
};
_Static_assert(sizeof pt_gates_words / sizeof pt_gates_words[0] == PT_N_GATES + 1,
               "a word for each");

const char *const pt_run_words[] = {
    [PT_RUN_ALL] = "all",
    [PT_RUN_ACTIVE] = "active",
    [PT_N_RUN] = NULL,
};
_Static_assert(sizeof pt_run_words / sizeof pt_run_words[0] == PT_N_RUN + 1,
               "a word for each");

const char *const pt_rule_words[] = {
    [PT_RULE_AUTO] = "auto",     [PT_RULE_FLOW] = "flow",     [PT_RULE_P] = "p",
    [PT_RULE_RANDOM] = "random", [PT_RULE_ARGMAX] = "argmax", [PT_N_RULE] = NULL,
};
_Static_assert(sizeof pt_rule_words / sizeof pt_rule_words[0] == PT_N_RULE + 1,
               "a word for each");

const char *const pt_judge_words[] = {
    [PT_JUDGE_ALPHA] = "alpha",
    [PT_JUDGE_SUPERNET] = "supernet",
    [PT_JUDGE_HALVING] = "halving",
    [PT_JUDGE_BOTH] = "supernet halving",
    [PT_JUDGE_REGRESSION] = "regression",
    [PT_JUDGE_AUTO] = "auto",
    [PT_N_JUDGE] = NULL,
};
_Static_assert(sizeof pt_judge_words / sizeof pt_judge_words[0] == PT_N_JUDGE + 1,
               "a word for each");

const char *const pt_judging_words[] = {
    [PT_JUDGING_VAL] = "val",
    [PT_JUDGING_ALPHA] = "alpha",
    [PT_N_JUDGING] = NULL,
};
_Static_assert(sizeof pt_judging_words / sizeof pt_judging_words[0] == PT_N_JUDGING + 1,
               "a word for each");

const char *const pt_resource_words[] = {
    [PT_RESOURCE_MADDS] = "madds",
    [PT_RESOURCE_PARAMETERS] = "parameters",
    [PT_RESOURCE_ACTIVATION] = "activation",
    [PT_RESOURCE_SECONDS] = "seconds",
    [PT_N_RESOURCE] = NULL,
};
_Static_assert(sizeof pt_resource_words / sizeof pt_resource_words[0] == PT_N_RESOURCE + 1,
               "a word for each");

const char *const pt_scale_words[] = {
    [PT_RESOURCE_SHARED] = "shared",
    [PT_RESOURCE_GFLOP] = "gflop",
    [PT_N_RESOURCE_SCALE] = NULL,
};
_Static_assert(sizeof pt_scale_words / sizeof pt_scale_words[0] == PT_N_RESOURCE_SCALE + 1,
               "a word for each");

const char *const pt_match_words[] = {
    [PT_MATCH_COST] = "cost",
    [PT_MATCH_NATIVE] = "native",
    [PT_N_MATCH] = NULL,
};
_Static_assert(sizeof pt_match_words / sizeof pt_match_words[0] == PT_N_MATCH + 1,
               "a word for each");

const char *const pt_keep_words[] = {
    [PT_KEEP_LAST] = "last",
    [PT_KEEP_BEST] = "best",
    [PT_N_KEEP] = NULL,
};
_Static_assert(sizeof pt_keep_words / sizeof pt_keep_words[0] == PT_N_KEEP + 1,
               "a word for each");

const char *const pt_from_words[] = {
    [PT_FROM_SEARCH] = "search",
    [PT_FROM_SCRATCH] = "scratch",
    [PT_FROM_FILE] = NULL,
};
_Static_assert(sizeof pt_from_words / sizeof pt_from_words[0] == PT_FROM_FILE + 1,
               "a word for each");

const char *const pt_loss_words[] = {
    [PT_LOSS_AUTO] = "auto",
    [PT_LOSS_CROSS_ENTROPY] = "cross_entropy",
    [PT_LOSS_BCE] = "bce",
    [PT_LOSS_BCE_BALANCED] = "bce_balanced",
    [PT_LOSS_L1] = "l1",
    [PT_LOSS_MSE] = "mse",
    [PT_LOSS_L1_NORMALS] = "l1_normals",
    [PT_LOSS_COSINE] = "cosine",
    [PT_N_TASK_LOSS] = NULL,
};
_Static_assert(sizeof pt_loss_words / sizeof pt_loss_words[0] == PT_N_TASK_LOSS + 1,
               "a word for each");

const char *const pt_metric_words[] = {
    [PT_METRIC_AUTO] = "auto",
    [PT_METRIC_ACCURACY] = "accuracy",
    [PT_METRIC_BALANCED_ACCURACY] = "balanced_accuracy",
    [PT_METRIC_MACRO_F1] = "macro_f1",
    [PT_METRIC_AUC] = "auc",
    [PT_METRIC_MIOU] = "miou",
    [PT_METRIC_PIXEL_ACCURACY] = "pixel_accuracy",
    [PT_METRIC_MAX_IOU] = "max_iou",
    [PT_METRIC_RMSE] = "rmse",
    [PT_METRIC_ABS_ERROR] = "abs_error",
    [PT_METRIC_REL_ERROR] = "rel_error",
    [PT_METRIC_MEAN_ANGLE] = "mean_angle",
    [PT_METRIC_MEDIAN_ANGLE] = "median_angle",
    [PT_METRIC_WITHIN_11] = "within_11",
    [PT_METRIC_WITHIN_22] = "within_22",
    [PT_METRIC_WITHIN_30] = "within_30",
    [PT_METRIC_EDGE_F] = "edge_f",
    [PT_METRIC_R2] = "r2",
    [PT_N_TASK_METRIC] = NULL,
};
_Static_assert(sizeof pt_metric_words / sizeof pt_metric_words[0] == PT_N_TASK_METRIC + 1,
               "a word for each");

const char *pt_backend_name(pt_backend_t backend)
{
    return pt_backend_words[backend];
}

const char *pt_isa_name(pt_isa_t isa)
{
    return pt_isa_words[isa];
}

const char *pt_judge_name(pt_judge_t judge)
{
    return pt_judge_words[judge];
}

const char *pt_judging_name(pt_judging_t judging)
{
    return pt_judging_words[judging];
}

const char *pt_loss_name(pt_task_loss_t loss)
{
    return pt_loss_words[loss];
}

const char *pt_metric_name(pt_task_metric_t metric)
{
    return pt_metric_words[metric];
}
