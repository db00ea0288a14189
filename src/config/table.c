#include "config/option.h"

#include <string.h>

#include "polytree/base/text.h"

#define AT(field) offsetof(pt_config_t, field), sizeof(((pt_config_t *)0)->field)
#define NUM PT_OPTION_NUMERICS
#define LAY PT_OPTION_LAYOUT
#define OUT PT_OPTION_OUTPUT

/* 2^53: the largest range in which every whole number is a double. */
#define WHOLE 9007199254740992.0

#define INT(name, field, initial, min, max, class, help)                                   \
    {                                                                                      \
        name, PT_OPTION_INT, AT(field), initial, min, max, NULL, class, help               \
    }
#define REAL(name, field, initial, min, max, class, help)                                  \
    {                                                                                      \
        name, PT_OPTION_REAL, AT(field), initial, min, max, NULL, class, help              \
    }
#define TIME(name, field, initial, min, max, class, help)                                  \
    {                                                                                      \
        name, PT_OPTION_TIME, AT(field), initial, min, max, NULL, class, help              \
    }
#define LENGTH(name, field, initial, min, class, help)                                     \
    {                                                                                      \
        name, PT_OPTION_LENGTH, AT(field), initial, min, 1e12, NULL, class, help           \
    }
#define INTS(name, field, initial, min, max, class, help)                                  \
    {                                                                                      \
        name, PT_OPTION_INTS, AT(field), initial, min, max, NULL, class, help              \
    }
#define BOOL(name, field, initial, class, help)                                            \
    {                                                                                      \
        name, PT_OPTION_BOOL, AT(field), initial, 0, 1, NULL, class, help                  \
    }
#define WORD(name, field, initial, words, class, help)                                     \
    {                                                                                      \
        name, PT_OPTION_WORD, AT(field), initial, 0, 0, words, class, help                 \
    }
#define LINE(name, field, initial, class, help)                                            \
    {                                                                                      \
        name, PT_OPTION_LINE, AT(field), initial, 0, 0, NULL, class, help                  \
    }
#define NAMES(name, field, initial, class, help)                                           \
    {                                                                                      \
        name, PT_OPTION_NAMES, AT(field), initial, 0, 0, NULL, class, help                 \
    }

/* Each list in the order of its enum; backend and isa: pt_backend_t and pt_isa_t. */
static const char *const cache_words[] = {"memory", "none", NULL};
static const char *const mode_words[] = {"auto", "manual", NULL};
static const char *const backend_words[] = {"auto", "ref", "blas", "onednn", NULL};
static const char *const isa_words[] = {"native", "generic", "avx2", "avx512", NULL};
static const char *const reduction_words[] = {"exact", "fast", NULL};
static const char *const mixed_words[] = {"warn", "refuse", NULL};
static const char *const space_words[] = {"dag", NULL};
static const char *const bundle_words[] = {"auto", "each", "all", NULL};
static const char *const flip_words[] = {"none", "horizontal", "vertical", "both", NULL};
static const char *const optimizer_words[] = {"sgd", "adam", NULL};
static const char *const schedule_words[] = {"constant", "cosine", "poly", NULL};
static const char *const method_words[] = {"search", "shared", "single", "random", NULL};
static const char *const gates_words[] = {"soft", "hard", NULL};
static const char *const run_words[] = {"all", "active", NULL};
static const char *const rule_words[] = {"flow", "p", "random", NULL};
static const char *const from_words[] = {"search", "scratch", NULL};

#define UPDATE(s, at, optimizer_, lr_, momentum_, nesterov_, decay_, schedule_, ramp_)     \
    WORD(s ".optimizer", at.optimizer, optimizer_, optimizer_words, NUM, "update rule"),   \
        REAL(s ".lr", at.lr, lr_, 0, 1e3, NUM, "learning rate"),                           \
        REAL(s ".momentum", at.momentum, momentum_, 0, 0.9999, NUM, "sgd: momentum"),      \
        BOOL(s ".nesterov", at.nesterov, nesterov_, NUM, "sgd: Nesterov momentum"),        \
        REAL(s ".beta1", at.beta1, "0.9", 0, 0.999999, NUM, "adam: decay of the mean"),    \
        REAL(s ".beta2", at.beta2, "0.999", 0, 0.999999, NUM,                              \
             "adam: decay of the mean square"),                                            \
        REAL(s ".epsilon", at.epsilon, "1e-8", 1e-20, 1, NUM,                              \
             "adam: added to the root mean square"),                                       \
        REAL(s ".decay", at.decay, decay_, 0, 1, NUM, "weight decay, added to gradients"), \
        WORD(s ".schedule", at.schedule, schedule_, schedule_words, NUM,                   \
             "course of the learning rate"),                                               \
        REAL(s ".poly_power", at.poly_power, "0.9", 0, 10, NUM, "poly: its exponent"),     \
        INT(s ".lr_warmup", at.lr_warmup, ramp_, 0, 1e12, NUM,                             \
            "steps of linear rise to the learning rate")

const pt_option_t pt_options[] = {
    LINE("data.file", data.file, "", OUT, "HDF5 data set; its digest is compared instead"),
    NAMES("data.tasks", data.tasks, "all", NUM, "all, or names in this order"),
    REAL("data.val_fraction", data.val_fraction, "0", 0, 0.9, NUM,
         "share of train taken for val where the file has no val"),
    WORD("data.cache", data.cache, "memory", cache_words, LAY,
         "one copy in memory per node, or read what a step needs; same bits"),

    INT("run.seed", run.seed, "1", 0, WHOLE, NUM, "seed of everything random"),
    INT("run.threads", run.threads, "1", 1, 1024, NUM, "threads per rank"),
    TIME("run.time_limit", run.time_limit, "0", 0, 1e9, OUT,
         "stop with a checkpoint after this time; 0 = none"),
    TIME("run.checkpoint_every", run.checkpoint_every, "600", 0, 1e9, OUT,
         "time between two checkpoints"),
    LENGTH("run.eval_every", run.eval_every, "5e", 0, NUM,
           "progress on val; 0 = only at the end of a stage"),
    TIME("run.log_every", run.log_every, "30", 0, 1e9, OUT,
         "time between two lines of a batch log"),
    INT("run.metrics_every", run.metrics_every, "10", 1, 1e12, NUM,
        "steps between two lines of metrics.jsonl"),

    WORD("layout.mode", layout.mode, "auto", mode_words, LAY,
         "how ranks are arranged: fastest predicted, or as given here"),
    INT("layout.stage", layout.stage, "1", 0, 1, LAY, "ranks along the stages: one"),
    INT("layout.task", layout.task, "0", 0, 1e6, LAY,
        "ranks along the tasks; 0 = whatever is left"),
    INT("layout.data", layout.data, "0", 0, 1e6, LAY,
        "ranks along the data; 0 = whatever is left"),
    BOOL("layout.strict", layout.strict, "0", LAY, "1: refuse surplus ranks"),

    WORD("kernel.backend", kernel.backend, "auto", backend_words, NUM,
         "auto: onednn where built, else blas"),
    WORD("kernel.isa", kernel.isa, "native", isa_words, NUM,
         "limit of the instruction set"),
    WORD("kernel.reduction", kernel.reduction, "exact", reduction_words, NUM,
         "exact: the layout never changes the result"),
    WORD("kernel.mixed", kernel.mixed, "warn", mixed_words, OUT,
         "when machines or libraries differ"),

    WORD("space.kind", space.kind, "dag", space_words, NUM, "kind of search space"),
    INT("space.nodes", space.nodes, "8", 2, 64, NUM, "N: nodes of the graph"),
    INT("space.flow", space.flow, "3", 1, 63, NUM,
        "M: farthest node an edge reaches; nodes - 1 = unrestricted"),
    INT("space.min_depth", space.min_depth, "3", 1, 63, NUM,
        "edges on every connection, at least"),
    LINE("space.op", space.op, "conv3x3_bn_relu", NUM, "operation of the edges"),
    LINE("space.stem", space.stem, "conv3x3_bn_relu", NUM, "operation of the stem"),
    INTS("space.channels", space.channels, "32 32 48 48 64 64 64 64", 1, 65536, NUM,
         "per node; the last one repeats"),
    INTS("space.stride", space.stride, "1 1 2 1 2 1 1 1", 1, 16, NUM,
         "per node, relative to the node before; the last one repeats"),
    INT("space.stem_channels", space.stem_channels, "32", 1, 65536, NUM,
        "channels of the stem's output"),

    LINE("head.kind", head.kind, "classifier", NUM, "operation of the heads"),
    REAL("head.dropout", head.dropout, "0.1", 0, 0.99, NUM, "share dropped before heads"),

    INT("train.batch", train.batch, "16", 1, 1e6, NUM, "samples per bundle and step"),
    INT("train.microbatch", train.microbatch, "16", 1, 65536, NUM,
        "samples that share batch-norm statistics; divides the batch"),
    INT("train.tasks_per_step", train.tasks_per_step, "5", 0, 65535, NUM,
        "bundles per step, in turn; 0 = all"),
    WORD("train.bundle", train.bundle, "auto", bundle_words, NUM,
         "which tasks run together; auto: those with the same inputs"),
    REAL("train.label_smoothing", train.label_smoothing, "0.1", 0, 0.99, NUM,
         "share of the target spread over all classes"),
    REAL("train.clip_norm", train.clip_norm, "5", 0, 1e12, NUM,
         "largest norm of the weights' gradient; 0 = off"),
    BOOL("train.decay_norm_bias", train.decay_norm_bias, "0", NUM,
         "1: decay norms and biases too"),

    REAL("augment.rotate", augment.rotate, "10", 0, 180, NUM, "+- degrees"),
    REAL("augment.scale", augment.scale, "0.1", 0, 0.9, NUM, "1 +- this"),
    REAL("augment.shear", augment.shear, "5", 0, 60, NUM, "+- degrees"),
    REAL("augment.shift", augment.shift, "0.08", 0, 1, NUM, "+- fraction of the size"),
    WORD("augment.flip", augment.flip, "none", flip_words, NUM, "random mirroring"),

    REAL("bn.eps", bn.eps, "1e-5", 1e-12, 1, NUM, "added to the variance"),
    INT("bn.calibrate", bn.calibrate, "16", 1, 1e6, NUM,
        "microbatches per bundle that give the statistics of an evaluation"),

    LENGTH("warmup.steps", warmup.steps, "400", 0, NUM, "length of the warm-up"),
    UPDATE("warmup", warmup.update, "sgd", "0.05", "0.9", "1", "5e-4", "constant", "100"),

    WORD("search.method", search.method, "search", method_words, NUM,
         "baselines: one chain for all tasks, one for each, a random subnet"),
    LENGTH("search.steps", search.steps, "1200", 0, NUM,
           "weight steps of the search; alpha steps come on top"),
    REAL("search.alpha_part", search.alpha_part, "0.5", 0.001, 0.999, NUM,
         "share of the training samples that alpha is trained on"),
    LENGTH("search.alternate", search.alternate, "1", 1, NUM,
           "an alpha step after so many weight steps; 1e = epoch by epoch"),
    BOOL("search.reset_states", search.reset_states, "0", NUM,
         "1: forget the optimisers' states at each change"),
    WORD("search.gates", search.gates, "soft", gates_words, NUM, "hard: straight-through"),
    WORD("search.run", search.run, "all", run_words, NUM,
         "active: weight steps run open candidates only; hard gates"),
    REAL("search.tau_begin", search.tau_begin, "5", 1e-3, 1e3, NUM,
         "temperature at the start"),
    REAL("search.tau_end", search.tau_end, "0.1", 1e-3, 1e3, NUM,
         "temperature at the end, reached linearly"),
    UPDATE("search", search.update, "sgd", "0.05", "0.9", "1", "5e-4", "cosine", "0"),

    UPDATE("alpha", alpha, "adam", "1e-2", "0", "0", "0", "constant", "0"),

    REAL("squeeze.kappa", squeeze.kappa, "7", 1, 1e6, NUM, "budget of edges per task"),
    REAL("squeeze.weight", squeeze.weight, "1", 0, 1e6, NUM, "weight of the squeeze loss"),

    WORD("derive.rule", derive.rule, "flow", rule_words, NUM,
         "what goes first: least flow, least p, or random"),
    REAL("derive.keep", derive.keep, "0.95", 0, 1, NUM,
         "share of the flow to keep once kappa is met"),

    WORD("retrain.from", retrain.from, "search", from_words, NUM,
         "weights that fine-tuning starts from"),
    LENGTH("retrain.steps", retrain.steps, "6000", 0, NUM, "length of fine-tuning"),
    UPDATE("retrain", retrain.update, "sgd", "0.05", "0.9", "1", "5e-4", "cosine", "200"),

    LINE("baseline.cost_of", baseline.cost_of, "", OUT,
         "run whose multiply-adds and samples a baseline is to match"),
    INT("baseline.madds", baseline.madds, "0", 0, WHOLE, NUM,
        "multiply-adds of all tasks to reach; 0 = those of baseline.cost_of"),
    REAL("baseline.width", baseline.width, "0", 0, 64, NUM,
         "chain: times space.channels and stem_channels; 0 = what reaches "
         "baseline.madds, at least 1"),
    INT("baseline.steps", baseline.steps, "0", 0, 1e12, NUM,
        "chain: length of its one stage; 0 = as many samples as baseline.cost_of drew, or "
        "a search of this config"),
    REAL("baseline.lr", baseline.lr, "0", 0, 1e3, NUM,
         "chain: learning rate; 0 = retrain.lr"),
    INT("baseline.random_index", baseline.random_index, "0", 0, 1e6, NUM,
        "random: number of the subnet to draw"),
    LINE("baseline.supernet", baseline.supernet, "", OUT,
         "random: run of another index whose trained supernet is taken; same result"),

    BOOL("report.svg", report.svg, "1", OUT, "1: draw architecture.svg"),
    LINE("report.single", report.single, "", OUT,
         "run of the single-task networks, for Delta_m"),
    LINE("report.shared", report.shared, "", OUT,
         "run of the shared chain to compare with"),
    LINE("report.random", report.random, "", OUT, "run of a random subnet to compare with"),

    NAMES("sweep.methods", sweep.methods, "search shared single random", OUT,
          "values of search.method to run"),
    INTS("sweep.seeds", sweep.seeds, "1 2 3", 0, WHOLE, OUT, "values of run.seed to run"),
    INT("sweep.single_seeds", sweep.single_seeds, "0", 0, 64, OUT,
        "run single on so many of the seeds; 0 = all"),
    INT("sweep.random_n", sweep.random_n, "1", 1, 1000, OUT,
        "random subnets for each seed"),
    WORD("sweep.reference", sweep.reference, "shared", method_words, OUT,
         "method that others are compared with, in its variant best on val"),
    NAMES("sweep.vary", sweep.vary, "none", OUT,
          "none, or `[METHOD: ...] section.key = value | value ...` again and again; "
          "without METHOD: for search alone"),
    BOOL("sweep.grid", sweep.grid, "0", OUT,
         "1: all combinations; 0: one option at a time, the others at their first value"),
};

const int32_t pt_n_options = (int32_t)(sizeof pt_options / sizeof pt_options[0]);

size_t pt_option_section_len(const pt_option_t *option)
{
    return (size_t)(strchr(option->name, '.') - option->name);
}

static bool in_section(const pt_option_t *option, const char *section, size_t section_len)
{
    return pt_option_section_len(option) == section_len &&
           strncmp(option->name, section, section_len) == 0;
}

const pt_option_t *pt_option_find(const char *section, size_t section_len, const char *key)
{
    for (int32_t i = 0; i < pt_n_options; i++) {
        if (in_section(&pt_options[i], section, section_len) &&
            strcmp(pt_options[i].name + section_len + 1, key) == 0) {
            return &pt_options[i];
        }
    }
    return NULL;
}

pt_status_t pt_option_unknown(const char *section, size_t section_len, const char *key)
{
    const pt_option_t *near_key = NULL, *near_section = NULL;
    int key_distance = INT32_MAX, section_distance = INT32_MAX;
    for (int32_t i = 0; i < pt_n_options; i++) {
        const pt_option_t *option = &pt_options[i];
        size_t len = pt_option_section_len(option);
        const char *option_key = option->name + len + 1;
        int to_section = pt_edit_distance(section, section_len, option->name, len);
        int to_key =
            to_section + pt_edit_distance(key, strlen(key), option_key, strlen(option_key));
        if (to_section < section_distance) {
            section_distance = to_section;
            near_section = option;
        }
        if (to_key < key_distance) {
            key_distance = to_key;
            near_key = option;
        }
    }
    if (section_distance > 0 && near_section != NULL &&
        !pt_is_near(section_distance, section_len, pt_option_section_len(near_section))) {
        PT_FAIL(CONFIG, "unknown section [%.*s]; `polytree help options` lists all",
                (int)section_len, section);
    }
    if (section_distance > 0 && near_section != NULL) {
        PT_FAIL(CONFIG, "unknown section [%.*s]; the nearest is [%.*s]", (int)section_len,
                section, (int)pt_option_section_len(near_section), near_section->name);
    }
    if (near_key == NULL ||
        !pt_is_near(key_distance, section_len + 1 + strlen(key), strlen(near_key->name))) {
        PT_FAIL(CONFIG, "unknown option %.*s.%s; `polytree help options` lists all",
                (int)section_len, section, key);
    }
    PT_FAIL(CONFIG, "unknown option %.*s.%s; the nearest is %s", (int)section_len, section,
            key, near_key->name);
}
