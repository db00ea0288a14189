/** @file
 * The configuration of a run: one struct per section, every field an option
 * `section.key` with the same name in the INI file, in --set and here.
 */
#ifndef PT_CONFIG_CONFIG_H
#define PT_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "polytree/base/status.h"
#include "polytree/base/text.h"
#include "polytree/config/method.h"
#include "polytree/config/words.h"

#define PT_CONFIG_TEXT 512  /**< longest text value, with its NUL */
#define PT_CONFIG_LIST 64   /**< longest list of integers */
#define PT_CONFIG_REALS 16  /**< longest list of numbers */
#define PT_CONFIG_TASKS 256 /**< most [task.NAME] sections */

/** A number of steps, or of epochs where it was written `12e`. */
typedef struct pt_length {
    int64_t count;
    bool is_epochs;
} pt_length_t;

typedef struct pt_int_list {
    int32_t n;
    int64_t value[PT_CONFIG_LIST];
} pt_int_list_t;

typedef struct pt_real_list {
    int32_t n;
    double value[PT_CONFIG_REALS];
} pt_real_list_t;

/** A bound of cost: an amount in the kind's unit, or a share of the most there can be. */
typedef struct pt_budget {
    double amount; /**< 0 = none; of a share 0.6 for "60%" */
    bool is_share;
} pt_budget_t;

/** A section [task.NAME]. */
typedef struct pt_task_config {
    char name[PT_NAME];
    pt_task_loss_t loss;
    pt_task_metric_t metric;
    double weight;                      /**< of its loss, before they are normalised */
    double positive_weight;             /**< bce; 0 = by the kind of labels */
    double tolerance;                   /**< edge_f: of the diagonal */
    char class_weights[PT_CONFIG_TEXT]; /**< none, balanced, or a number for each class */
} pt_task_config_t;

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

/** A time that is found by the program. */
#define PT_TIME_AUTO (-1.0)

typedef struct pt_config {
    struct {
        char file[PT_CONFIG_TEXT];
        char tasks[8 *
                   PT_CONFIG_TEXT]; /**< "all", or names separated by blanks or newlines */
        double val_fraction;
        int64_t gap; /**< rows left out between parts that are cut in order; 0: at random */
        pt_standardise_t standardise;
        pt_cache_t cache;
        int64_t cache_bytes; /**< a node; behind its word in one option, as files are */
        int64_t search_size; /**< pixels a side during warm-up and search; 0 = as stored */
    } data;
    struct {
        pt_preset_t preset;
        int64_t seed;
        int64_t threads;
        double time_limit;       /**< seconds; 0 = none */
        double checkpoint_every; /**< seconds; 0 = at the end of phases; PT_TIME_AUTO */
        double watchdog;         /**< seconds; 0 = never */
        pt_length_t eval_every;  /**< 0 = only at the end of a phase */
        double log_every;        /**< seconds */
        int64_t metrics_every;   /**< steps between two lines of metrics.jsonl */
    } run;
    struct {
        pt_layout_mode_t mode;
        int64_t stage, task, data; /**< 0 = whatever is left */
        pt_cost_from_t cost;       /**< one option with cost_table, which follows it */
        char cost_table[PT_CONFIG_TEXT];
        double latency;         /**< seconds between nodes; 0 = measured */
        double bandwidth;       /**< bytes a second between nodes; 0 = measured */
        double memory;          /**< MiB of a rank; 0 = as it takes */
        int64_t ranks_per_node; /**< rehearsed; 0 = as they are */
        int64_t groups;         /**< that judge candidates; 0 = the fastest */
        bool strict;
    } layout;
    struct {
        pt_backend_t backend;
        pt_isa_t isa;
        pt_reduction_t reduction;
        pt_mixed_t mixed;
    } kernel;
    struct {
        pt_space_kind_t kind;
        int64_t nodes, flow, min_depth;
        char op[64], stem[64];
        pt_int_list_t channels, stride; /**< per node; the last one repeats */
        int64_t stem_channels;
        bool adapter_norm;
        char encoder[PT_CONFIG_TEXT]; /**< empty: the file was read into `encoder` */
        double width;                 /**< times the encoder's channels */
        int64_t copies;               /**< of a layer; 0 = number of tasks */
        int64_t output_stride;        /**< 0 = as the strides say */
        bool affine_last;             /**< 0: none in a candidate's last batch norm */
    } space;
    struct {
        char stem[PT_CONFIG_TEXT];       /**< block out=N stride=N */
        char layers[8 * PT_CONFIG_TEXT]; /**< one a line, of which none is empty */
    } encoder;
    struct {
        pt_head_t kind;
        int64_t width;
        char skip[PT_NAME]; /**< layer of the low-level features; empty = none */
        bool separable, align_corners, norm;
        bool linear; /**< features: heads add a fitted linear model of the inputs */
        double dropout;
    } head;
    struct {
        int64_t batch, microbatch, tasks_per_step;
        pt_turn_t turn;
        pt_bundling_t bundle;
        pt_weighting_t weighting;
        double weighting_lr, dwa_temperature, famo_lr, famo_decay;
        double label_smoothing, loss_scale, clip_norm;
        bool decay_norm_bias;
    } train;
    struct {
        double rotate, scale, shear, shift; /**< degrees, fraction, degrees, fraction */
        double elastic;                     /**< fraction of the size */
        double cutout;                      /**< fraction of the shorter side */
        pt_flip_t flip;
        bool crop; /**< the window's place in the scaled image is random */
        bool thin; /**< inputs of one row or one column, too */
    } augment;
    struct {
        double eps;
        int64_t calibrate;
    } bn;
    struct {
        pt_length_t steps;
        pt_update_config_t update;
        char from[PT_CONFIG_TEXT];   /**< weights file */
        char freeze[PT_CONFIG_TEXT]; /**< names of parts */
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
    double alpha_pooling;
    struct {
        double kappa, weight;
    } squeeze;
    struct {
        pt_resource_t kind;
        char table[PT_CONFIG_TEXT]; /**< file of seconds */
        pt_resource_scale_t scale;
        double weight;
        pt_budget_t budget;
        bool heads;
        double tolerance; /**< relative, of the expected cost */
    } resource;
    struct {
        pt_rule_t rule;
        double keep;
    } derive;
    struct {
        pt_judge_t judge;
        pt_judging_t part;
        double budget; /**< trainings of the last phase */
        int64_t population, generations;
        int64_t eta, seeds; /**< of halving */
        double shortest;    /**< training of a candidate, as a share of the last phase */
        int64_t at_once;    /**< that train before it is asked anew who is best */
        double length;      /**< the same of regression */
        double floor;       /**< 0 = none */
        bool one_se;
        pt_real_list_t widths; /**< of candidates, times space.width; n = 0: auto */
        char candidates[PT_CONFIG_TEXT]; /**< file */
        char supernet[PT_CONFIG_TEXT];   /**< run */
    } choose;
    struct {
        pt_from_t from; /**< one option with from_file, which follows it */
        char from_file[PT_CONFIG_TEXT];
        pt_length_t steps;
        pt_keep_t keep;
        double ema; /**< of the weights' running average; 0 = none */
        pt_update_config_t update;
    } retrain;
    struct {
        char run[PT_CONFIG_TEXT];
        double finetune; /**< share of the learning rate; 0: what is there stays */
    } extend;
    struct {
        pt_match_t match;
        double width;         /**< times the space's channels; 0 = auto */
        double lr;            /**< of what is trained at once; 0 = auto */
        int64_t steps;        /**< of what is trained at once; 0 = auto */
        int64_t madds;        /**< to reach; 0 = auto */
        int64_t random_index; /**< which subnet is drawn */
        int64_t branching;    /**< exhaustive: index in the canonical enumeration */
        char cost_of[PT_CONFIG_TEXT], supernet[PT_CONFIG_TEXT]; /**< runs */
    } baseline;
    struct {
        bool pooled;
        double lambda; /**< 0 = picked */
    } linear;
    struct {
        bool svg, tensorboard, html;
        int64_t pictures; /**< test samples to draw */
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
    pt_task_config_t task[PT_CONFIG_TASKS]; /**< in the order they were named */
    int32_t n_task;
} pt_config_t;

typedef enum pt_option_class {
    PT_OPTION_NUMERICS, /**< another value is another result: refused on resume */
    PT_OPTION_LAYOUT,   /**< free on resume */
    PT_OPTION_OUTPUT    /**< free on resume */
} pt_option_class_t;

/** derive.rule, where auto is flow for a dag and argmax for branches. */
static inline pt_rule_t pt_config_rule(const pt_config_t *config)
{
    return config->derive.rule != PT_RULE_AUTO     ? config->derive.rule
           : config->space.kind == PT_SPACE_BRANCH ? PT_RULE_ARGMAX
                                                   : PT_RULE_FLOW;
}

/** choose.judge, where auto is regression for a branching that is retrained from scratch
 * and whose cost is not in alpha's loss, else alpha. */
static inline pt_judge_t pt_config_judge(const pt_config_t *config)
{
    bool is_regression = config->space.kind == PT_SPACE_BRANCH &&
                         config->retrain.from == PT_FROM_SCRATCH &&
                         !(config->resource.weight > 0);
    return config->choose.judge != PT_JUDGE_AUTO ? config->choose.judge
           : is_regression                       ? PT_JUDGE_REGRESSION
                                                 : PT_JUDGE_ALPHA;
}

/** Whether candidates are judged, in place of a network being read off alpha. */
static inline bool pt_config_is_judged(const pt_config_t *config)
{
    return pt_methods[config->search.method].is_learned &&
           pt_config_judge(config) != PT_JUDGE_ALPHA;
}

/** Whether the network is trained from scratch in one phase: it is known beforehand, or its
 * weights go on from no supernet's. */
static inline bool pt_config_is_at_once(const pt_config_t *config)
{
    const pt_method_info_t *method = &pt_methods[config->search.method];
    return method->is_fixed || method->is_rebuilt ||
           (method->is_drawn && config->retrain.from == PT_FROM_SCRATCH);
}

/** Whether a judge is among those that judge candidates. */
static inline bool pt_config_has_judge(const pt_config_t *config, pt_judge_t judge)
{
    return pt_config_is_judged(config) && (pt_config_judge(config) & judge) != 0;
}

/** Widths that candidates may have, at most. */
enum { PT_CONFIG_AUTO_WIDTHS = 3 };
static inline int32_t pt_config_n_width(const pt_config_t *config)
{
    return config->choose.widths.n > 0 ? config->choose.widths.n : PT_CONFIG_AUTO_WIDTHS;
}

/** Every option at its default. */
void pt_config_init(pt_config_t *config);

/**
 * Read an INI file over what `config` holds.  Unknown sections and keys, values of the
 * wrong type or out of range are errors that name file, line and what was expected, with
 * the nearest known name.  A relative data.file is taken from the current folder; where
 * it does not exist there but does beside the INI file, from there.  The [encoder] of the
 * file that space.encoder names, relative to the INI file, is read in its place.  The
 * preset that run.preset names is applied before the file; one that `config` holds stays.
 */
PT_MUST_CHECK pt_status_t pt_config_read(pt_config_t *config, const char *path);

/**
 * The same from a text, which `name` stands for in errors; data.file is left as it is, and
 * space.encoder is relative to the current folder.
 */
PT_MUST_CHECK pt_status_t pt_config_read_text(pt_config_t *config, const char *text,
                                              const char *name);

/**
 * Set one option from "section.key=value".  The file that space.encoder names, relative to
 * the current folder, is read at once; a preset is applied at once, over what was set.
 */
PT_MUST_CHECK pt_status_t pt_config_set(pt_config_t *config, const char *assignment);
/** The same of a key and its value. */
PT_MUST_CHECK pt_status_t pt_config_set_key(pt_config_t *config, const char *key,
                                            const char *value);

/** Check what concerns several options at once (batch a multiple of microbatch, ...). */
PT_MUST_CHECK pt_status_t pt_config_check(const pt_config_t *config);

/** Lines of encoder.layers. */
int32_t pt_config_n_layer(const pt_config_t *config);

/** The section [task.NAME], or the defaults where there is none. */
pt_task_config_t pt_config_task(const pt_config_t *config, const char *name);

/**
 * Refuse sections [task.NAME] of tasks that are not among the `n` known `names`, naming
 * the nearest; those that a preset brought may be.
 */
PT_MUST_CHECK pt_status_t pt_config_check_tasks(const pt_config_t *config, int32_t n,
                                                const char *const *names);

/** Add every option as an INI file that reads back to the same config. */
void pt_config_dump(const pt_config_t *config, pt_text_t *text);

/** What documents say of an option. */
typedef struct pt_option_help {
    const char *name; /**< "section.key"; of a task's section "task.NAME.key" */
    int32_t section_len;
    bool begins_section;
    const char *initial; /**< the default, as text */
    const char *help;
    pt_option_class_t class;
    char expected[PT_CONFIG_TEXT]; /**< "a whole number from 1 to 64" */
} pt_option_help_t;

/** Describe option `i` of all, in the order of the dump; false behind the last. */
bool pt_config_option(int32_t i, pt_option_help_t *help);

/** Write every option, those of a section or one (`which`; NULL: all) with default, range
 * and help, for people; false where none is called so. */
bool pt_config_help(const char *which, FILE *file);

/** Make the names of files absolute: who reads them next may be in another folder. */
void pt_config_anchor(pt_config_t *config);

/** The next file, from `*at` = 0 on, whose content the numbers of a run depend on, beside
 * its data, and the option that names it; NULL behind the last. */
const char *pt_config_next_file(const pt_config_t *config, int32_t *at,
                                const char **option);

/**
 * Compare the numerics options of two configs: PT_E_MISMATCH naming every key that
 * differs with both values, in one line.  Where both name a file, its content is for the
 * caller to compare.
 */
PT_MUST_CHECK pt_status_t pt_config_compare(const pt_config_t *ours,
                                            const pt_config_t *theirs);

#endif
