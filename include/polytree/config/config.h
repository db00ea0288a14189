/** @file
 * The configuration of a run: one struct per section, every field an option
 * `section.key` with the same name in the INI file, in --set and here.
 */
#ifndef PT_CONFIG_CONFIG_H
#define PT_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "polytree/base/hash.h"
#include "polytree/base/status.h"

#define PT_CONFIG_TEXT 512 /**< longest text value, with its NUL */
#define PT_CONFIG_LIST 64  /**< longest list of integers */

/** A number of steps, or of epochs where it was written `12e`. */
typedef struct pt_length {
    int64_t count;
    bool is_epochs;
} pt_length_t;

typedef struct pt_int_list {
    int32_t n;
    int64_t value[PT_CONFIG_LIST];
} pt_int_list_t;

typedef enum pt_cache { PT_CACHE_MEMORY, PT_CACHE_NONE } pt_cache_t;
typedef enum pt_layout_mode { PT_LAYOUT_AUTO, PT_LAYOUT_MANUAL } pt_layout_mode_t;
typedef enum pt_reduction { PT_REDUCTION_EXACT, PT_REDUCTION_FAST } pt_reduction_t;
typedef enum pt_mixed { PT_MIXED_WARN, PT_MIXED_REFUSE } pt_mixed_t;
typedef enum pt_space_kind { PT_SPACE_DAG } pt_space_kind_t;
typedef enum pt_bundling { PT_BUNDLE_AUTO, PT_BUNDLE_EACH, PT_BUNDLE_ALL } pt_bundling_t;
typedef enum pt_flip {
    PT_FLIP_NONE,
    PT_FLIP_HORIZONTAL,
    PT_FLIP_VERTICAL,
    PT_FLIP_BOTH
} pt_flip_t;
typedef enum pt_optimizer { PT_OPTIMIZER_SGD, PT_OPTIMIZER_ADAM } pt_optimizer_t;
typedef enum pt_schedule {
    PT_SCHEDULE_CONSTANT,
    PT_SCHEDULE_COSINE,
    PT_SCHEDULE_POLY
} pt_schedule_t;
typedef enum pt_method {
    PT_METHOD_SEARCH,
    PT_METHOD_SHARED, /**< one chain for all tasks */
    PT_METHOD_SINGLE, /**< a chain of its own for each task */
    PT_METHOD_RANDOM  /**< a subnet drawn at random from a trained supernet */
} pt_method_t;
typedef enum pt_gates { PT_GATES_SOFT, PT_GATES_HARD } pt_gates_t;
typedef enum pt_run { PT_RUN_ALL, PT_RUN_ACTIVE } pt_run_t;
typedef enum pt_rule { PT_RULE_FLOW, PT_RULE_P, PT_RULE_RANDOM } pt_rule_t;
typedef enum pt_from { PT_FROM_SEARCH, PT_FROM_SCRATCH } pt_from_t;

/** How weights or alpha are updated; part of several sections. */
typedef struct pt_update_config {
    pt_optimizer_t optimizer;
    double lr, momentum;
    bool nesterov;
    double beta1, beta2, epsilon;
    double decay;
    pt_schedule_t schedule;
    double poly_power;
    int64_t lr_warmup; /**< steps */
} pt_update_config_t;

typedef struct pt_config {
    struct {
        char file[PT_CONFIG_TEXT];
        char tasks[8 *
                   PT_CONFIG_TEXT]; /**< "all", or names separated by blanks or newlines */
        double val_fraction;
        pt_cache_t cache;
    } data;
    struct {
        int64_t seed;
        int64_t threads;
        double time_limit;       /**< seconds; 0 = none */
        double checkpoint_every; /**< seconds */
        pt_length_t eval_every;  /**< 0 = only at the end of a stage */
        double log_every;        /**< seconds */
        int64_t metrics_every;   /**< steps between two lines of metrics.jsonl */
    } run;
    struct {
        pt_layout_mode_t mode;
        int64_t stage, task, data; /**< 0 = whatever is left */
        bool strict;
    } layout;
    struct {
        int backend; /**< pt_backend_t */
        int isa;     /**< pt_isa_t */
        pt_reduction_t reduction;
        pt_mixed_t mixed;
    } kernel;
    struct {
        pt_space_kind_t kind;
        int64_t nodes, flow, min_depth;
        char op[64], stem[64];
        pt_int_list_t channels, stride; /**< per node; the last one repeats */
        int64_t stem_channels;
    } space;
    struct {
        char kind[64];
        double dropout;
    } head;
    struct {
        int64_t batch, microbatch, tasks_per_step;
        pt_bundling_t bundle;
        double label_smoothing, clip_norm;
        bool decay_norm_bias;
    } train;
    struct {
        double rotate, scale, shear, shift; /**< degrees, fraction, degrees, fraction */
        pt_flip_t flip;
    } augment;
    struct {
        double eps;
        int64_t calibrate;
    } bn;
    struct {
        pt_length_t steps;
        pt_update_config_t update;
    } warmup;
    struct {
        pt_method_t method;
        pt_length_t steps;
        double alpha_part;
        pt_length_t alternate;
        bool reset_states;
        pt_gates_t gates;
        pt_run_t run;
        double tau_begin, tau_end;
        pt_update_config_t update;
    } search;
    pt_update_config_t alpha;
    struct {
        double kappa, weight;
    } squeeze;
    struct {
        pt_rule_t rule;
        double keep;
    } derive;
    struct {
        pt_from_t from;
        pt_length_t steps;
        pt_update_config_t update;
    } retrain;
    struct {
        double width;         /**< of the chain, times the space's channels; 0 = auto */
        double lr;            /**< of the chain; 0 = auto */
        int64_t steps;        /**< of the chain; 0 = auto */
        int64_t madds;        /**< to reach; 0 = auto */
        int64_t random_index; /**< which subnet is drawn */
        char cost_of[PT_CONFIG_TEXT], supernet[PT_CONFIG_TEXT]; /**< runs */
    } baseline;
    struct {
        bool svg;
        char single[PT_CONFIG_TEXT], shared[PT_CONFIG_TEXT],
            random[PT_CONFIG_TEXT]; /**< runs to compare with */
    } report;
    struct {
        char methods[PT_CONFIG_TEXT]; /**< names */
        pt_int_list_t seeds;
        int64_t single_seeds; /**< 0 = all */
        int64_t random_n;
        pt_method_t reference;
        char vary[8 * PT_CONFIG_TEXT]; /**< "none", or axes */
        bool grid;
    } sweep;
} pt_config_t;

typedef enum pt_option_class {
    PT_OPTION_NUMERICS, /**< another value is another result: refused on resume */
    PT_OPTION_LAYOUT,   /**< free on resume */
    PT_OPTION_OUTPUT    /**< free on resume */
} pt_option_class_t;

/** Whether the network is a chain that is known beforehand: shared or single. */
static inline bool pt_method_is_chain(pt_method_t method)
{
    return method == PT_METHOD_SHARED || method == PT_METHOD_SINGLE;
}

/** Every option at its default. */
void pt_config_init(pt_config_t *config);

/**
 * Read an INI file over what `config` holds.  Unknown sections and keys, values of the
 * wrong type or out of range are errors that name file, line and what was expected, with
 * the nearest known name.  A relative data.file is taken from the current folder; where
 * it does not exist there but does beside the INI file, from there.
 */
PT_MUST_CHECK pt_status_t pt_config_read(pt_config_t *config, const char *path);

/** The same from a text, which `name` stands for in errors; data.file is left as it is. */
PT_MUST_CHECK pt_status_t pt_config_read_text(pt_config_t *config, const char *text,
                                              const char *name);

/** Set one option from "section.key=value". */
PT_MUST_CHECK pt_status_t pt_config_set(pt_config_t *config, const char *assignment);

/** Check what concerns several options at once (batch a multiple of microbatch, ...). */
PT_MUST_CHECK pt_status_t pt_config_check(const pt_config_t *config);

/** Write every option as an INI file that reads back to the same config. */
PT_MUST_CHECK pt_status_t pt_config_dump(const pt_config_t *config, FILE *file);

/** Write every option with default, range and help, for people. */
void pt_config_help(FILE *file);

/** Digest of all numerics options, in table order. */
void pt_config_digest(const pt_config_t *config, pt_digest_t *digest);

/**
 * Compare the numerics options of two configs: PT_E_MISMATCH naming every key that
 * differs with both values, in one line.
 */
PT_MUST_CHECK pt_status_t pt_config_compare(const pt_config_t *ours,
                                            const pt_config_t *theirs);

#endif
