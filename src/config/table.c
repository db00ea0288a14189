/* The table of options: name, type, default, range and help of each. */
#include "config/option.h"

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
#define TIME_OR_AUTO(name, field, initial, min, max, class, help)                          \
    {                                                                                      \
        name, PT_OPTION_TIME, AT(field), initial, min, max, pt_auto_words, class, help     \
    }
#define LENGTH(name, field, initial, min, class, help)                                     \
    {                                                                                      \
        name, PT_OPTION_LENGTH, AT(field), initial, min, 1e12, NULL, class, help           \
    }
#define INTS(name, field, initial, min, max, class, help)                                  \
    {                                                                                      \
        name, PT_OPTION_INTS, AT(field), initial, min, max, NULL, class, help              \
    }
#define REALS_OR_AUTO(name, field, initial, min, max, class, help)                         \
    {                                                                                      \
        name, PT_OPTION_REALS, AT(field), initial, min, max, pt_auto_words, class, help    \
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
#define PATH(name, field, initial, class, help)                                            \
    {                                                                                      \
        name, PT_OPTION_PATH, AT(field), initial, 0, 0, NULL, class, help                  \
    }
#define NAMES(name, field, initial, class, help)                                           \
    {                                                                                      \
        name, PT_OPTION_NAMES, AT(field), initial, 0, 0, NULL, class, help                 \
    }

#define LINES(name, field, initial, class, help)                                           \
    {                                                                                      \
        name, PT_OPTION_LINES, AT(field), initial, 0, 0, NULL, class, help                 \
    }
#define BUDGET(name, field, initial, class, help)                                          \
    {                                                                                      \
        name, PT_OPTION_BUDGET, AT(field), initial, 0, 1e18, NULL, class, help             \
    }
/* A word and what stands behind it in one: the name of a file, or bytes. */
#define BOTH(field, behind)                                                                \
    offsetof(pt_config_t, field), offsetof(pt_config_t, behind) +                          \
                                      sizeof(((pt_config_t *)0)->behind) -                 \
                                      offsetof(pt_config_t, field)
#define FROM(name, field, file, initial, words, class, help)                               \
    {                                                                                      \
        name, PT_OPTION_FROM, BOTH(field, file), initial, 0, 0, words, class, help         \
    }
#define SIZE(name, field, bytes, initial, words, class, help)                              \
    {                                                                                      \
        name, PT_OPTION_SIZE, BOTH(field, bytes), initial, 0, 1e15, words, class, help     \
    }

#define UPDATE(s, at, optimizer_, lr_, momentum_, nesterov_, decay_, schedule_, ramp_)     \
    WORD(s ".optimizer", at.optimizer, optimizer_, pt_optimizer_words, NUM,                \
         "update rule"),                                                                   \
        REAL(s ".lr", at.lr, lr_, 0, 1e12, NUM, "learning rate"),                          \
        REAL(s ".momentum", at.momentum, momentum_, 0, 0.9999, NUM, "sgd: momentum"),      \
        BOOL(s ".nesterov", at.nesterov, nesterov_, NUM, "sgd: Nesterov momentum"),        \
        REAL(s ".beta1", at.beta1, "0.9", 0, 0.999999, NUM, "adam: decay of the mean"),    \
        REAL(s ".beta2", at.beta2, "0.999", 0, 0.999999, NUM,                              \
             "adam: decay of the mean square"),                                            \
        REAL(s ".epsilon", at.epsilon, "1e-8", 1e-20, 1, NUM,                              \
             "adam: added to the root mean square"),                                       \
        REAL(s ".decay", at.decay, decay_, 0, 1, NUM, "weight decay, added to gradients"), \
        WORD(s ".schedule", at.schedule, schedule_, pt_schedule_words, NUM,                \
             "course of the learning rate"),                                               \
        REAL(s ".poly_power", at.poly_power, "0.9", 0, 10, NUM, "poly: its exponent"),     \
        INT(s ".lr_warmup", at.lr_warmup, ramp_, 0, 1e12, NUM,                             \
            "steps of linear rise to the learning rate")

const pt_option_t pt_options[] = {
    PATH("data.file", data.file, "", OUT, "HDF5 data set; its digest is compared instead"),
    NAMES("data.tasks", data.tasks, "all", NUM, "all, or names in this order"),
    REAL("data.val_fraction", data.val_fraction, "0", 0, 0.9, NUM,
         "share of train taken for val where the file has no val"),
    INT("data.gap", data.gap, "0", 0, 1e12, NUM,
        "rows left out between parts of train, then cut in order, as overlapping samples "
        "want it; 0 = at random"),
    WORD("data.standardise", data.standardise, "auto", pt_standardise_words, NUM,
         "auto: train features, wide float images and regression at mean 0, deviation 1; "
         "scores are in the labels' units"),
    SIZE("data.cache", data.cache, data.cache_bytes, "memory", pt_cache_words, LAY,
         "one copy per node in memory, or unpacked in a file of TMPDIR, or as many bytes "
         "of it "
         "in memory and the rest in the file, or read what a step needs; same bits"),
    INT("data.search_size", data.search_size, "0", 0, 65536, NUM,
        "pixels a side of inputs and maps during warm-up and search; 0 = as stored"),

    WORD("run.preset", run.preset, "none", pt_preset_words, OUT,
         "applied before the file; bmtas: the settings of the authors of branch"),
    INT("run.seed", run.seed, "1", 0, WHOLE, NUM, "seed of everything random"),
    INT("run.threads", run.threads, "1", 1, 1024, NUM, "threads per rank"),
    TIME("run.time_limit", run.time_limit, "0", 0, 1e9, OUT,
         "stop with a checkpoint after this time; 0 = none"),
    TIME_OR_AUTO(
        "run.checkpoint_every", run.checkpoint_every, "auto", 0, 1e9, OUT,
        "time between two checkpoints, the first one after 10 s already; 0 = only "
        "at the end of a phase; auto: by what they cost and how often jobs of this "
        "run were lost, at most 1 % of the time"),
    LENGTH("run.eval_every", run.eval_every, "5e", 0, NUM,
           "progress on val; 0 = only at the end of a phase"),
    TIME("run.watchdog", run.watchdog, "120", 0, 1e9, OUT,
         "end the run where a step or evaluation stands still for this time and ten times "
         "the longest step; 0 = never"),
    TIME("run.log_every", run.log_every, "30", 0, 1e9, OUT,
         "time between two lines of a batch log"),
    INT("run.metrics_every", run.metrics_every, "10", 1, 1e12, NUM,
        "steps between two lines of metrics.jsonl"),

    WORD("layout.mode", layout.mode, "auto", pt_mode_words, LAY,
         "how ranks are arranged: fastest predicted, or as given here"),
    INT("layout.stage", layout.stage, "0", 0, 1e6, LAY,
        "ranks along the stages, each with a block of the graph; in mode auto too; 0 = "
        "one, "
        "or in mode auto the fastest"),
    INT("layout.task", layout.task, "0", 0, 1e6, LAY,
        "ranks along the tasks; 0 = whatever is left"),
    INT("layout.data", layout.data, "0", 0, 1e6, LAY,
        "ranks along the data; 0 = whatever is left"),
    FROM("layout.cost", layout.cost, layout.cost_table, "measured", pt_cost_words, LAY,
         "seconds by which ranks are arranged and graphs cut: measured at the start, "
         "counted, or a table that plan has written"),
    REAL("layout.latency", layout.latency, "0", 0, 1, LAY,
         "seconds of a message between nodes; 0 = measured, or of the table"),
    REAL("layout.bandwidth", layout.bandwidth, "0", 0, 1e15, LAY,
         "bytes a second between nodes; 0 = measured, or of the table"),
    REAL("layout.memory", layout.memory, "0", 0, 1e9, LAY,
         "MiB that a rank may take: mode auto cuts the graph into as many stages as that "
         "asks for; 0 = no limit"),
    INT("layout.ranks_per_node", layout.ranks_per_node, "0", 0, 1e6, LAY,
        "to rehearse many nodes on one: ranks taken for a node; 0 = as they are"),
    INT("layout.groups", layout.groups, "0", 0, 1e6, LAY,
        "groups of ranks that judge candidates, each another one at the same time, where "
        "choose.judge has some judged; 1 = all ranks share each; 0 = the fastest as "
        "counted"),
    BOOL("layout.strict", layout.strict, "0", LAY, "1: refuse surplus ranks"),

    WORD("kernel.backend", kernel.backend, "auto", pt_backend_words, NUM,
         "auto: onednn where built, else blas"),
    WORD("kernel.isa", kernel.isa, "native", pt_isa_words, NUM,
         "limit of the instruction set"),
    WORD("kernel.reduction", kernel.reduction, "exact", pt_reduction_words, NUM,
         "exact: the layout never changes the result"),
    WORD("kernel.mixed", kernel.mixed, "warn", pt_mixed_words, OUT,
         "when machines or libraries differ"),

    WORD("space.kind", space.kind, "dag", pt_space_words, NUM, "kind of search space"),
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
    BOOL("space.adapter_norm", space.adapter_norm, "0", NUM,
         "dag: 1: a batch norm behind the 1x1 convolutions of read-in and read-out"),
    INT("space.stem_channels", space.stem_channels, "32", 1, 65536, NUM,
        "channels of the stem's output"),
    PATH(
        "space.encoder", space.encoder, "", OUT,
        "branch: file whose [encoder] is read in place, relative to the one that names it"),
    REAL("space.width", space.width, "1", 0.01, 64, NUM,
         "times all channels, of branches rounded to 8 where not 1"),
    INT("space.copies", space.copies, "0", 0, PT_CONFIG_TASKS, NUM,
        "branch: copies of each layer; 0 = number of tasks"),
    INT("space.output_stride", space.output_stride, "0", 0, 64, NUM,
        "branch: later strides become dilation; 0 = as the strides say"),
    BOOL("space.affine_last", space.affine_last, "1", NUM,
         "branch: 0: no affine in a candidate's last batch norm during warm-up and search"),

    LINE("encoder.stem", encoder.stem, "conv3x3_bn_relu6 out=32 stride=2", NUM,
         "branch: operation of the stem, which all tasks share; none: the first layer that "
         "is searched reads the input"),
    LINES("encoder.layers", encoder.layers, "", NUM,
          "branch: the layers l01, l02, ..., one a line, such as "
          "`inverted_residual out=16 stride=1 expand=1`"),

    WORD(
        "head.kind", head.kind, "auto", pt_head_words, NUM,
        "operation of the heads; auto: classifier for labels of images, upsample for maps"),
    INT("head.width", head.width, "64", 1, 65536, NUM,
        "deeplab: channels, times space.width"),
    LINE("head.skip", head.skip, "", NUM,
         "deeplab: layer of the low-level features, as l03; dag: x, the stem's output; "
         "empty = none"),
    BOOL("head.separable", head.separable, "1", NUM, "deeplab: 1: separable convolutions"),
    BOOL("head.align_corners", head.align_corners, "0", NUM,
         "maps: 1: resizing keeps the corners' centres in place"),
    BOOL("head.norm", head.norm, "0", NUM,
         "classifier: 1: a batch norm before its pooling, so that a sum of many "
         "read-outs learns at the pace of one"),
    BOOL("head.linear", head.linear, "0", NUM,
         "features: 1: every head adds a linear model of the inputs, fitted like "
         "search.method = linear; beside it the network begins at zero"),
    REAL("head.dropout", head.dropout, "0.1", 0, 0.99, NUM, "share dropped before heads"),

    INT("train.batch", train.batch, "16", 1, 1e6, NUM, "samples per bundle and step"),
    INT("train.microbatch", train.microbatch, "16", 1, 65536, NUM,
        "samples that share batch-norm statistics; divides the batch"),
    INT("train.tasks_per_step", train.tasks_per_step, "5", 0, 65535, NUM,
        "bundles per step, in turn; 0 = all"),
    WORD("train.turn", train.turn, "bundles", pt_turn_words, NUM,
         "what takes turns in weight steps; tasks: each task alone, from its bundle's "
         "draws"),
    WORD("train.bundle", train.bundle, "auto", pt_bundle_words, NUM,
         "which tasks run together; auto: those with the same inputs"),
    WORD("train.weighting", train.weighting, "fixed", pt_weighting_words, NUM,
         "of the tasks' losses: as given, by learned uncertainty, by their descent (dwa), "
         "random ones, by their geometric mean, or so that all fall alike (famo)"),
    REAL("train.weighting_lr", train.weighting_lr, "1e-2", 0, 1e12, NUM,
         "uncertainty: learning rate of the weights"),
    REAL("train.dwa_temperature", train.dwa_temperature, "2", 1e-3, 1e6, NUM,
         "dwa: temperature of the softmax over the losses' descent"),
    REAL("train.famo_lr", train.famo_lr, "0.025", 0, 1e12, NUM,
         "famo: learning rate of the weights' logits"),
    REAL("train.famo_decay", train.famo_decay, "1e-3", 0, 1e6, NUM,
         "famo: what draws the logits back to 0"),
    REAL("train.label_smoothing", train.label_smoothing, "0.1", 0, 0.99, NUM,
         "share of the target spread over all classes; segmentation has none"),
    REAL("train.loss_scale", train.loss_scale, "1", 1e-12, 1e12, NUM,
         "factor on the losses of weight steps, and so on their gradients"),
    REAL("train.clip_norm", train.clip_norm, "5", 0, 1e12, NUM,
         "largest norm of the weights' gradient; 0 = off"),
    BOOL("train.decay_norm_bias", train.decay_norm_bias, "0", NUM,
         "1: decay norms and biases too"),

    REAL("augment.rotate", augment.rotate, "10", 0, 180, NUM, "+- degrees"),
    REAL("augment.scale", augment.scale, "0.1", 0, 0.9, NUM, "1 +- this"),
    REAL("augment.shear", augment.shear, "5", 0, 60, NUM,
         "+- degrees; 0 with tasks of depth or normals, which cannot follow"),
    REAL("augment.shift", augment.shift, "0.08", 0, 1, NUM, "+- fraction of the size"),
    REAL("augment.elastic", augment.elastic, "0", 0, 1, NUM,
         "elastic: +- fraction of the size by which points 1/4 of it apart move; 0 with "
         "tasks of depth or normals"),
    REAL("augment.cutout", augment.cutout, "0", 0, 1, NUM,
         "side of a square of zeros at a random place, as a fraction of the shorter side; "
         "labels stay"),
    WORD("augment.flip", augment.flip, "none", pt_flip_words, NUM, "random mirroring"),
    BOOL("augment.crop", augment.crop, "0", NUM,
         "1: with scale, the window's place in the scaled image is random"),
    BOOL("augment.thin", augment.thin, "0", NUM,
         "1: change inputs that are one pixel high or wide, too, such as signals, of which "
         "little is left where they are turned"),

    REAL("bn.eps", bn.eps, "1e-5", 1e-12, 1, NUM, "added to the variance"),
    INT("bn.calibrate", bn.calibrate, "16", 1, 1e6, NUM,
        "microbatches per bundle that give the statistics of an evaluation"),

    LENGTH("warmup.steps", warmup.steps, "400", 0, NUM, "length of the warm-up"),
    PATH("warmup.from", warmup.from, "", NUM,
         "weights file, or checkpoint, that all begins with: a layer's for each of its "
         "copies"),
    LINE("warmup.freeze", warmup.freeze, "", NUM,
         "parts that stay as they begin during the warm-up: names of their tensors, or how "
         "these begin (stem l01 l02); all = all but heads"),
    UPDATE("warmup", warmup.update, "sgd", "0.05", "0.9", "1", "5e-4", "constant", "100"),

    WORD(
        "search.method", search.method, "search", pt_method_words, NUM,
        "baselines: the network of baseline.cost_of rebuilt from scratch, one chain for "
        "all tasks, one for each, a random subnet, one of one graph for all tasks; branch: "
        "each task alone, the branching numbered baseline.branching; features: ridge or "
        "logistic regression; extended: new tasks on the network of extend.run"),
    LENGTH("search.steps", search.steps, "1200", 0, NUM,
           "weight steps of the search; alpha steps come on top"),
    REAL("search.alpha_part", search.alpha_part, "0.5", 0.001, 0.999, NUM,
         "share of the training samples that alpha is trained on"),
    LENGTH("search.alternate", search.alternate, "1", 1, NUM,
           "an alpha step after so many weight steps; 1e = epoch by epoch"),
    BOOL("search.reset_states", search.reset_states, "0", NUM,
         "1: forget the optimisers' states at each change"),
    WORD("search.gates", search.gates, "soft", pt_gates_words, NUM,
         "hard: straight-through"),
    WORD("search.run", search.run, "all", pt_run_words, NUM,
         "active: weight steps run open candidates only; hard gates"),
    REAL("search.tau_begin", search.tau_begin, "5", 1e-3, 1e3, NUM,
         "temperature at the start"),
    REAL("search.tau_end", search.tau_end, "0.1", 1e-3, 1e3, NUM,
         "temperature at the end, reached linearly"),
    UPDATE("search", search.update, "sgd", "0.05", "0.9", "1", "5e-4", "cosine", "0"),

    UPDATE("alpha", alpha, "adam", "1e-2", "0", "0", "0", "constant", "0"),
    REAL("alpha.pooling", alpha_pooling, "0", 0, 1, NUM,
         "how far tasks search together: 0 each for itself, 1 one architecture for all"),

    REAL("squeeze.kappa", squeeze.kappa, "7", 1, 1e6, NUM, "budget of edges per task"),
    REAL("squeeze.weight", squeeze.weight, "1", 0, 1e6, NUM, "weight of the squeeze loss"),

    WORD("resource.kind", resource.kind, "madds", pt_resource_words, NUM,
         "what costs: multiply-adds, parameters, activation bytes, or seconds of a table"),
    PATH("resource.table", resource.table, "", NUM,
         "seconds: file of lines NAME SECONDS, of `stem` and each layer or edge"),
    WORD("resource.scale", resource.scale, "shared", pt_scale_words, NUM,
         "unit of the loss: the cost of the network all tasks share, or GFLOP"),
    REAL("resource.weight", resource.weight, "0", 0, 1e6, NUM,
         "weight of the expected cost in alpha's loss"),
    BUDGET("resource.budget", resource.budget, "none", NUM,
           "the network found costs at most this; the share is of the fully branched "
           "encoder (dag: of all edges open)"),
    BOOL("resource.heads", resource.heads, "0", NUM, "1: heads count"),
    REAL("resource.tolerance", resource.tolerance, "1e-3", 0, 0.5, NUM,
         "branch: relative error of the expected cost that is allowed"),

    WORD("derive.rule", derive.rule, "auto", pt_rule_words, NUM,
         "dag: what goes first: least flow (auto), least p, or random; branch: argmax "
         "(auto) or random"),
    REAL("derive.keep", derive.keep, "0.95", 0, 1, NUM,
         "share of the flow to keep once kappa is met"),

    WORD(
        "choose.judge", choose.judge, "auto", pt_judge_words, NUM,
        "of networks: the published rule reads one off alpha; supernet: candidates by "
        "their loss with its weights, which are trained for that in place of alpha; "
        "halving: by their loss after short trainings, of which the better go on; supernet "
        "halving: the first thins out for the second; regression: by what trainings of "
        "some say of all; auto: regression for a branch space with retrain.from = scratch "
        "and resource.weight = 0, else alpha"),
    WORD("choose.part", choose.part, "val", pt_judging_words, NUM,
         "samples that judge candidates: val (where there is none, those that "
         "search.alpha_part keeps), or alpha, those always"),
    REAL("choose.budget", choose.budget, "4", 1e-3, 1e6, NUM,
         "what judging may cost, in trainings of the network found"),
    INT("choose.population", choose.population, "32", 2, 65536, NUM,
        "candidates of a generation"),
    INT("choose.generations", choose.generations, "8", 1, 65536, NUM,
        "generations of candidates, the budget allowing"),
    INT("choose.eta", choose.eta, "2", 2, 64, NUM,
        "halving: one of so many candidates goes on, to train so many times as long"),
    REAL("choose.shortest", choose.shortest, "0.25", 1e-6, 1, NUM,
         "halving: trainings are at least this share of training the network found; where "
         "the budget is short fewer candidates train"),
    REAL("choose.length", choose.length, "0.5", 1e-6, 1, NUM,
         "regression: trainings are this share of training the network found"),
    INT("choose.at_once", choose.at_once, "1", 1, 65536, NUM,
        "regression: so many of those expected to be best train before it says anew who "
        "is, "
        "as many groups of ranks at a time"),
    INT("choose.seeds", choose.seeds, "2", 1, 8, NUM,
        "halving: trainings of each candidate that is left at the end"),
    REAL("choose.floor", choose.floor, "0", 0, 1e6, NUM,
         "refuse candidates that raise any task's loss by more than this share, against "
         "one network for all tasks; 0 = none"),
    BOOL("choose.one_se", choose.one_se, "0", NUM,
         "1: the cheapest candidate within a standard error of the best; 0: the best"),
    REALS_OR_AUTO(
        "choose.widths", choose.widths, "1", 0.01, 64, NUM,
        "halving, regression: candidates are so many times as wide as the space, as far as "
        "resource.budget allows or, without one, what the dearest network of its own width "
        "costs; the first is 1; auto: 1, the widest of which everything shared may be, and "
        "one between"),
    PATH("choose.candidates", choose.candidates, "", NUM,
         "file of candidates to judge besides, lines like those of candidates.jsonl"),
    PATH("choose.supernet", choose.supernet, "", OUT,
         "run whose supernet and judged candidates are taken; of the options that choose, "
         "resource.budget, choose.floor and choose.one_se may be others"),

    FROM("retrain.from", retrain.from, retrain.from_file, "search", pt_from_words, NUM,
         "weights that fine-tuning starts from"),
    LENGTH("retrain.steps", retrain.steps, "6000", 0, NUM, "length of fine-tuning"),
    WORD("retrain.keep", retrain.keep, "last", pt_keep_words, NUM,
         "weights that are left: of the last step, or of the one whose loss on val is the "
         "least, of those with an evaluation (run.eval_every)"),
    REAL("retrain.ema", retrain.ema, "0", 0, 0.999999, NUM,
         "weights are averaged over steps, the average so far counting this much (0.99: "
         "over some 100 steps); it is evaluated and left; 0 = off"),
    UPDATE("retrain", retrain.update, "sgd", "0.05", "0.9", "1", "5e-4", "cosine", "200"),

    PATH("extend.run", extend.run, "", OUT,
         "extended: run whose network new tasks are added to; not needed once it is begun"),
    REAL(
        "extend.finetune", extend.finetune, "0", 0, 1, NUM,
        "extended: what of that network new tasks use is trained too, at this share of the "
        "learning rate, and its own tasks change; 0 = they keep their bits"),

    PATH("baseline.cost_of", baseline.cost_of, "", OUT,
         "run whose multiply-adds and samples a baseline is to match, and whose network is "
         "rebuilt"),
    WORD("baseline.match", baseline.match, "cost", pt_match_words, NUM,
         "shared, single, full: made wider or narrower until they reach baseline.madds, or "
         "as wide as the space"),
    INT("baseline.madds", baseline.madds, "0", 0, WHOLE, NUM,
        "multiply-adds of all tasks to reach; 0 = those of baseline.cost_of"),
    REAL("baseline.width", baseline.width, "0", 0, 64, NUM,
         "shared, single, full: times the channels of the space; 0 = by baseline.match"),
    INT("baseline.steps", baseline.steps, "0", 0, 1e12, NUM,
        "network trained from scratch in one phase: its length; 0 = as many samples as "
        "baseline.cost_of drew, or a search of this config"),
    REAL("baseline.lr", baseline.lr, "0", 0, 1e12, NUM,
         "network trained from scratch in one phase: learning rate; 0 = retrain.lr"),
    INT("baseline.random_index", baseline.random_index, "0", 0, 1e6, NUM,
        "random: number of the subnet to draw"),
    INT("baseline.branching", baseline.branching, "0", 0, WHOLE, NUM,
        "exhaustive: number of the branching in the enumeration of all"),
    PATH("baseline.supernet", baseline.supernet, "", OUT,
         "random: run of another index whose trained supernet is taken; same result"),

    BOOL("linear.pooled", linear.pooled, "0", NUM,
         "linear: 1: tasks of the same kind and outputs have the same coefficients, and "
         "intercepts of their own"),
    REAL(
        "linear.lambda", linear.lambda, "0", 0, 1e12, NUM,
        "linear: penalty on the coefficients of features at deviation 1; 0 = that which is "
        "best on val, or without val on search.alpha_part of train"),

    BOOL("report.svg", report.svg, "1", OUT, "1: draw architecture.svg"),
    BOOL("report.tensorboard", report.tensorboard, "0", OUT,
         "1: write losses and metrics as an event file of TensorBoard, too"),
    BOOL("report.html", report.html, "1", OUT, "1: write report.html"),
    INT("report.pictures", report.pictures, "0", 0, 1000, OUT,
        "so many test samples are drawn, with labels and predictions"),
    PATH("report.single", report.single, "", OUT,
         "run of the single-task networks, for Delta_m"),
    PATH("report.shared", report.shared, "", OUT,
         "run of the shared chain to compare with"),
    PATH("report.random", report.random, "", OUT, "run of a random subnet to compare with"),

    NAMES(
        "sweep.methods", sweep.methods, "fair", OUT,
        "values of search.method to run; fair: search and all its opponents in this space, "
        "at its cost and as wide as the space, from scratch and from searched weights; "
        "exhaustive: every branching"),
    INTS("sweep.seeds", sweep.seeds, "1 2 3", 0, WHOLE, OUT, "values of run.seed to run"),
    INT("sweep.single_seeds", sweep.single_seeds, "0", 0, 64, OUT,
        "run single on so many of the seeds; 0 = all"),
    INT("sweep.random_n", sweep.random_n, "1", 1, 1000, OUT,
        "random subnets for each seed"),
    WORD(
        "sweep.reference", sweep.reference, "shared", pt_method_words, OUT,
        "method that others are compared with: search as the config has it, another in its "
        "variant best on val"),
    NAMES("sweep.vary", sweep.vary, "none", OUT,
          "none, or `[METHOD: ...] section.key = value | value ...` again and again; "
          "without METHOD: for search alone; a first value goes before the config's own"),
    BOOL("sweep.grid", sweep.grid, "0", OUT,
         "1: all combinations; 0: one option at a time, the others at their first value"),
};

const int32_t pt_n_options = (int32_t)(sizeof pt_options / sizeof pt_options[0]);

#undef AT
#define AT(field) offsetof(pt_task_config_t, field), sizeof(((pt_task_config_t *)0)->field)

const pt_option_t pt_task_options[] = {
    WORD("task.NAME.loss", loss, "auto", pt_loss_words, NUM,
         "auto: by the kind of labels, classification cross_entropy, multilabel bce, "
         "segmentation cross_entropy, depth l1, normals l1_normals, edges bce, saliency "
         "bce_balanced, regression mse"),
    WORD("task.NAME.metric", metric, "auto", pt_metric_words, NUM,
         "auto: by the kind of labels, classification accuracy, multilabel auc, "
         "segmentation miou, depth rmse, normals mean_angle, edges edge_f, saliency "
         "max_iou, regression rmse"),
    REAL("task.NAME.weight", weight, "1", 0, 1e6, NUM,
         "of the task's loss; a step's weights are normalised"),
    REAL("task.NAME.positive_weight", positive_weight, "0", 0, 0.9999, NUM,
         "bce: weight of positives, the rest is that of negatives; 0 = 0.95 for edges, "
         "else alike"),
    LINE("task.NAME.class_weights", class_weights, "none", NUM,
         "cross_entropy: none, balanced (one over the class's share of the train labels), "
         "or a "
         "number for each class; the loss is divided by the sum of its labels' weights"),
    REAL("task.NAME.tolerance", tolerance, "0.0075", 0, 1, NUM,
         "edge_f: distance at which edges match, in diagonals of the image"),
};

const int32_t pt_n_task_options =
    (int32_t)(sizeof pt_task_options / sizeof pt_task_options[0]);
