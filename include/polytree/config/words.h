/** @file
 * What options stand for that take one word of several: an enum each, and the words of
 * those that are also named elsewhere.  The last of each is their number.
 */
#ifndef PT_CONFIG_WORDS_H
#define PT_CONFIG_WORDS_H

typedef enum pt_backend {
    PT_BACKEND_AUTO,
    PT_BACKEND_REF,
    PT_BACKEND_BLAS,
    PT_BACKEND_ONEDNN,
    PT_N_BACKEND
} pt_backend_t;
typedef enum pt_isa {
    PT_ISA_NATIVE,
    PT_ISA_GENERIC,
    PT_ISA_AVX2,
    PT_ISA_AVX512,
    PT_N_ISA
} pt_isa_t;
typedef enum pt_standardise {
    PT_STANDARDISE_AUTO,
    PT_STANDARDISE_NONE,
    PT_N_STANDARDISE
} pt_standardise_t;
typedef enum pt_cache {
    PT_CACHE_NONE,
    PT_CACHE_MEMORY,
    PT_CACHE_DISK,
    PT_N_CACHE,
    PT_CACHE_BOUND = PT_N_CACHE /**< what fits so many bytes in memory, the rest on disk */
} pt_cache_t;
typedef enum pt_layout_mode {
    PT_LAYOUT_AUTO,
    PT_LAYOUT_MANUAL,
    PT_N_LAYOUT_MODE
} pt_layout_mode_t;
typedef enum pt_reduction {
    PT_REDUCTION_EXACT,
    PT_REDUCTION_FAST,
    PT_N_REDUCTION
} pt_reduction_t;
typedef enum pt_mixed { PT_MIXED_WARN, PT_MIXED_REFUSE, PT_N_MIXED } pt_mixed_t;
typedef enum pt_preset { PT_PRESET_NONE, PT_PRESET_BMTAS, PT_N_PRESET } pt_preset_t;
typedef enum pt_space_kind {
    PT_SPACE_DAG,
    PT_SPACE_BRANCH,
    PT_N_SPACE_KIND
} pt_space_kind_t;
typedef enum pt_head {
    PT_HEAD_AUTO, /**< classifier for one label an image, upsample for maps */
    PT_HEAD_CLASSIFIER,
    PT_HEAD_DEEPLAB,
    PT_HEAD_UPSAMPLE,
    PT_N_HEAD
} pt_head_t;
typedef enum pt_turn {
    PT_TURN_BUNDLES,
    PT_TURN_TASKS, /**< in weight steps each task is a bundle of its own */
    PT_N_TURN
} pt_turn_t;
typedef enum pt_weighting {
    PT_WEIGHTING_FIXED,
    PT_WEIGHTING_UNCERTAINTY,
    PT_WEIGHTING_DWA,
    PT_WEIGHTING_RANDOM,
    PT_WEIGHTING_GEOMETRIC,
    PT_WEIGHTING_FAMO,
    PT_N_WEIGHTING
} pt_weighting_t;
typedef enum pt_bundling {
    PT_BUNDLE_AUTO,
    PT_BUNDLE_EACH,
    PT_BUNDLE_ALL,
    PT_N_BUNDLING
} pt_bundling_t;
typedef enum pt_flip {
    PT_FLIP_NONE,
    PT_FLIP_HORIZONTAL,
    PT_FLIP_VERTICAL,
    PT_FLIP_BOTH,
    PT_N_FLIP
} pt_flip_t;
typedef enum pt_optimizer {
    PT_OPTIMIZER_SGD,
    PT_OPTIMIZER_ADAM,
    PT_N_OPTIMIZER
} pt_optimizer_t;
typedef enum pt_schedule {
    PT_SCHEDULE_CONSTANT,
    PT_SCHEDULE_COSINE,
    PT_SCHEDULE_POLY,
    PT_N_SCHEDULE
} pt_schedule_t;
typedef enum pt_gates { PT_GATES_SOFT, PT_GATES_HARD, PT_N_GATES } pt_gates_t;
typedef enum pt_run { PT_RUN_ALL, PT_RUN_ACTIVE, PT_N_RUN } pt_run_t;
typedef enum pt_rule {
    PT_RULE_AUTO, /**< see pt_config_rule() */
    PT_RULE_FLOW,
    PT_RULE_P,
    PT_RULE_RANDOM,
    PT_RULE_ARGMAX,
    PT_N_RULE
} pt_rule_t;
/** Bits: where there are two, the first thins out for the second. */
typedef enum pt_judge {
    PT_JUDGE_ALPHA = 0,    /**< none: the network that is read off alpha */
    PT_JUDGE_SUPERNET = 1, /**< the loss with the supernet's weights */
    PT_JUDGE_HALVING = 2,  /**< the loss after a short training */
    PT_JUDGE_BOTH = 3,
    PT_JUDGE_REGRESSION = 4, /**< a regression on the loss after long trainings of some */
    PT_JUDGE_AUTO,           /**< see pt_config_judge() */
    PT_N_JUDGE,
    PT_JUDGE_TRAINS = PT_JUDGE_HALVING | PT_JUDGE_REGRESSION /**< by training candidates */
} pt_judge_t;
/** The samples that judge candidates. */
typedef enum pt_judging {
    PT_JUDGING_VAL,   /**< val; where there is none, the alpha part */
    PT_JUDGING_ALPHA, /**< the alpha part */
    PT_N_JUDGING
} pt_judging_t;
/** How wide a baseline is whose network is known beforehand. */
typedef enum pt_match {
    PT_MATCH_COST,   /**< as wide or narrow as the cost to match asks for */
    PT_MATCH_NATIVE, /**< as the space is */
    PT_N_MATCH
} pt_match_t;
typedef enum pt_resource {
    PT_RESOURCE_MADDS,
    PT_RESOURCE_PARAMETERS,
    PT_RESOURCE_ACTIVATION, /**< bytes */
    PT_RESOURCE_SECONDS,
    PT_N_RESOURCE
} pt_resource_t;
typedef enum pt_resource_scale {
    PT_RESOURCE_SHARED, /**< relative to the network that all tasks share */
    PT_RESOURCE_GFLOP,  /**< two operations for a multiply-add */
    PT_N_RESOURCE_SCALE
} pt_resource_scale_t;
/** Where the costs come from by which ranks are arranged and spaces cut. */
typedef enum pt_cost_from {
    PT_COST_MEASURED,
    PT_COST_COUNTED,
    PT_COST_TABLE,
    PT_N_COST_FROM
} pt_cost_from_t;
/** Whose weights a run leaves. */
typedef enum pt_keep { PT_KEEP_LAST, PT_KEEP_BEST, PT_N_KEEP } pt_keep_t;
typedef enum pt_from { PT_FROM_SEARCH, PT_FROM_SCRATCH, PT_FROM_FILE, PT_N_FROM } pt_from_t;

/** What a task is trained on and judged by; AUTO follows from the kind of its labels. */
typedef enum pt_task_loss {
    PT_LOSS_AUTO,
    PT_LOSS_CROSS_ENTROPY,
    PT_LOSS_BCE,
    PT_LOSS_BCE_BALANCED,
    PT_LOSS_L1,
    PT_LOSS_MSE,
    PT_LOSS_L1_NORMALS,
    PT_LOSS_COSINE,
    PT_N_TASK_LOSS
} pt_task_loss_t;
typedef enum pt_task_metric {
    PT_METRIC_AUTO,
    PT_METRIC_ACCURACY,
    PT_METRIC_BALANCED_ACCURACY,
    PT_METRIC_MACRO_F1,
    PT_METRIC_AUC,
    PT_METRIC_MIOU,
    PT_METRIC_PIXEL_ACCURACY,
    PT_METRIC_MAX_IOU,
    PT_METRIC_RMSE,
    PT_METRIC_ABS_ERROR,
    PT_METRIC_REL_ERROR,
    PT_METRIC_MEAN_ANGLE,
    PT_METRIC_MEDIAN_ANGLE,
    PT_METRIC_WITHIN_11,
    PT_METRIC_WITHIN_22,
    PT_METRIC_WITHIN_30,
    PT_METRIC_EDGE_F,
    PT_METRIC_R2,
    PT_N_TASK_METRIC
} pt_task_metric_t;

/* The words by which options take them. */
const char *pt_backend_name(pt_backend_t backend);
const char *pt_isa_name(pt_isa_t isa);
const char *pt_judge_name(pt_judge_t judge);
const char *pt_judging_name(pt_judging_t judging);
const char *pt_loss_name(pt_task_loss_t loss);
const char *pt_metric_name(pt_task_metric_t metric);

#endif
