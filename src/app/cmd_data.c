/* polytree data ...: importers, drawn data, info and check. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/console.h"
#include "polytree/base/text.h"
#include "polytree/io/dataset.h"
#include "polytree/io/file.h"
#include "polytree/io/import.h"

enum { MAX_SIZE = 4096, MAX_SAMPLES = 100000000 };

static const char replaces[] = "replace OUT.h5 where it is there already";

enum {
    OMNIGLOT_SIZE,
    OMNIGLOT_SPLIT,
    OMNIGLOT_TASKS,
    OMNIGLOT_CHARACTERS,
    OMNIGLOT_SEED,
    OMNIGLOT_FORCE
};
const pt_flag_t pt_flags_import_omniglot[] = {
    {"size", 0, "S", "pixels of a side, area-averaged from 105 (35)"},
    {"split", 0, "fixed|shuffled", "by drawer, or drawings at random by seed (fixed)"},
    {"tasks", 0, "NAMES", "alphabets in this order (the 20 of the literature)"},
    {"characters", 0, "N",
     "cut alphabets into tasks of N characters (a task is an alphabet)"},
    {"seed", 0, "N", "of the shuffled split (1)"},
    {"force", 0, NULL, replaces},
    {0}};

enum { IDX_PAIR, IDX_SIZE, IDX_TRAIN, IDX_VAL, IDX_TEST, IDX_SEED, IDX_FORCE };
const pt_flag_t pt_flags_import_idx[] = {
    {"pair", 0, NULL, "two samples in opposite corners, tasks left and right"},
    {"size", 0, "S", "pixels of a side of a pair (36)"},
    {"train", 0, "N", "training samples (all there are)"},
    {"val", 0, "N", "validation samples, taken from train (none)"},
    {"test", 0, "N", "test samples (all there are)"},
    {"seed", 0, "N", "of the pairs and of val (1)"},
    {"force", 0, NULL, replaces},
    {0}};

enum { MTAN_CLASSES, MTAN_VAL, MTAN_UINT8, MTAN_SEED, MTAN_FORCE };
static const char is_8_bits[] = "round images to 8 bits (float32 is kept)";
static const char of_train[] = "samples of train for validation (none)";
const pt_flag_t pt_flags_import_nyuv2[] = {
    {"classes", 0, "N", "classes of the labels (13)"},
    {"val", 0, "N", of_train},
    {"uint8", 0, NULL, is_8_bits},
    {"seed", 0, "N", "of val (1)"},
    {"force", 0, NULL, replaces},
    {0}};
const pt_flag_t pt_flags_import_cityscapes[] = {
    {"classes", 0, "N", "classes of the labels: 2, 7 or 19 (7)"},
    {"val", 0, "N", of_train},
    {"uint8", 0, NULL, is_8_bits},
    {"seed", 0, "N", "of val (1)"},
    {"force", 0, NULL, replaces},
    {0}};

enum { SHAPES_SIZE, SHAPES_TRAIN, SHAPES_VAL, SHAPES_TEST, SHAPES_SEED, SHAPES_FORCE };
const pt_flag_t pt_flags_shapes[] = {{"size", 0, "S", "pixels of a side (24)"},
                                     {"train", 0, "N", "samples (2000)"},
                                     {"val", 0, "N", "validation samples (400)"},
                                     {"test", 0, "N", "test samples (600)"},
                                     {"seed", 0, "N", "seed of the drawings (1)"},
                                     {"force", 0, NULL, replaces},
                                     {0}};

enum { SCENES_SIZE, SCENES_TRAIN, SCENES_VAL, SCENES_TEST, SCENES_SEED, SCENES_FORCE };
const pt_flag_t pt_flags_scenes[] = {{"size", 0, "S", "pixels of a side (64)"},
                                     {"train", 0, "N", "samples (2000)"},
                                     {"val", 0, "N", "validation samples (400)"},
                                     {"test", 0, "N", "test samples (600)"},
                                     {"seed", 0, "N", "seed of the scenes (1)"},
                                     {"force", 0, NULL, replaces},
                                     {0}};

static pt_status_t number(const pt_args_t *args, const pt_flag_t *flags, int flag,
                          int64_t min, int64_t max, int64_t fallback, int64_t *out)
{
    return pt_args_int(flags[flag].name, args->flag[flag], min, max, fallback, out);
}

static pt_status_t seed_of(const pt_args_t *args, const pt_flag_t *flags, int flag,
                           uint64_t *out)
{
    int64_t seed;
    PT_TRY(number(args, flags, flag, 0, (int64_t)1 << 53, 1, &seed));
    *out = (uint64_t)seed;
    return PT_OK;
}

static void end_by_signal(int number)
{
    pt_file_abandon();
    signal(number, SIG_DFL);
    raise(number);
}

/* Before the work: that it may be kept, and that nothing stays of it where it is ended. */
static pt_status_t begin_writing(const char *out, bool has_force)
{
    static const int ends[] = {SIGTERM, SIGINT, SIGHUP};
    const struct sigaction action = {.sa_handler = end_by_signal};
    struct sigaction before;
    if (!has_force && pt_path_exists(out))
        PT_FAIL(IO, "%s is there already: --force replaces it", out);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (sigaction(ends[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(ends[i], &action, NULL);
    return PT_OK;
}

static pt_status_t say_written(const char *path)
{
    pt_console_line("wrote %s", path);
    return pt_dataset_info(path, stdout);
}

pt_status_t pt_cmd_import_omniglot(const pt_args_t *args, int *code)
{
    const pt_flag_t *flags = pt_flags_import_omniglot;
    const char *split = args->flag[OMNIGLOT_SPLIT];
    pt_import_omniglot_t options = {.tasks = args->flag[OMNIGLOT_TASKS]};
    (void)code;
    PT_TRY(number(args, flags, OMNIGLOT_SIZE, 4, 105, 35, &options.size));
    PT_TRY(number(args, flags, OMNIGLOT_CHARACTERS, 2, 1000, 0, &options.characters));
    PT_TRY(seed_of(args, flags, OMNIGLOT_SEED, &options.seed));
    options.shuffled = split != NULL && strcmp(split, "shuffled") == 0;
    if (split != NULL && !options.shuffled && strcmp(split, "fixed") != 0)
        PT_FAIL(USAGE, "--split %s: expected fixed or shuffled", split);
    PT_TRY(begin_writing(args->word[1], args->flag[OMNIGLOT_FORCE] != NULL));
    PT_TRY(pt_import_omniglot(args->word[0], args->word[1], &options));
    return say_written(args->word[1]);
}

pt_status_t pt_cmd_import_idx(const pt_args_t *args, int *code)
{
    const pt_flag_t *flags = pt_flags_import_idx;
    pt_import_idx_t options = {.pair = args->flag[IDX_PAIR] != NULL};
    (void)code;
    if (!options.pair && args->flag[IDX_SIZE] != NULL)
        PT_FAIL(USAGE, "--size goes with --pair only");
    PT_TRY(number(args, flags, IDX_SIZE, 4, MAX_SIZE, 36, &options.size));
    PT_TRY(number(args, flags, IDX_TRAIN, 1, MAX_SAMPLES, 0, &options.n_train));
    PT_TRY(number(args, flags, IDX_VAL, 0, MAX_SAMPLES, 0, &options.n_val));
    PT_TRY(number(args, flags, IDX_TEST, 1, MAX_SAMPLES, 0, &options.n_test));
    PT_TRY(seed_of(args, flags, IDX_SEED, &options.seed));
    PT_TRY(begin_writing(args->word[1], args->flag[IDX_FORCE] != NULL));
    PT_TRY(pt_import_idx(args->word[0], args->word[1], &options));
    return say_written(args->word[1]);
}

static pt_status_t import_mtan(const pt_args_t *args, const pt_flag_t *flags,
                               pt_import_mtan_t options)
{
    int64_t classes;
    PT_TRY(number(args, flags, MTAN_CLASSES, 2, 255, options.classes, &classes));
    PT_TRY(number(args, flags, MTAN_VAL, 0, MAX_SAMPLES, 0, &options.n_val));
    PT_TRY(seed_of(args, flags, MTAN_SEED, &options.seed));
    options.classes = (int32_t)classes;
    options.as_bytes = args->flag[MTAN_UINT8] != NULL;
    PT_TRY(begin_writing(args->word[1], args->flag[MTAN_FORCE] != NULL));
    PT_TRY(pt_import_mtan(args->word[0], args->word[1], &options));
    return say_written(args->word[1]);
}

pt_status_t pt_cmd_import_nyuv2(const pt_args_t *args, int *code)
{
    (void)code;
    return import_mtan(args, pt_flags_import_nyuv2,
                       (pt_import_mtan_t){.has_normals = true, .classes = 13});
}

pt_status_t pt_cmd_import_cityscapes(const pt_args_t *args, int *code)
{
    (void)code;
    return import_mtan(args, pt_flags_import_cityscapes, (pt_import_mtan_t){.classes = 7});
}

pt_status_t pt_cmd_shapes(const pt_args_t *args, int *code)
{
    const pt_flag_t *flags = pt_flags_shapes;
    pt_draw_shapes_t options;
    (void)code;
    PT_TRY(number(args, flags, SHAPES_SIZE, 8, MAX_SIZE, 24, &options.size));
    PT_TRY(number(args, flags, SHAPES_TRAIN, 1, MAX_SAMPLES, 2000, &options.n_train));
    PT_TRY(number(args, flags, SHAPES_VAL, 0, MAX_SAMPLES, 400, &options.n_val));
    PT_TRY(number(args, flags, SHAPES_TEST, 0, MAX_SAMPLES, 600, &options.n_test));
    PT_TRY(seed_of(args, flags, SHAPES_SEED, &options.seed));
    PT_TRY(begin_writing(args->word[0], args->flag[SHAPES_FORCE] != NULL));
    PT_TRY(pt_draw_shapes(args->word[0], &options));
    return say_written(args->word[0]);
}

pt_status_t pt_cmd_scenes(const pt_args_t *args, int *code)
{
    const pt_flag_t *flags = pt_flags_scenes;
    pt_draw_scenes_t options;
    (void)code;
    PT_TRY(number(args, flags, SCENES_SIZE, 8, 1024, 64, &options.size));
    PT_TRY(number(args, flags, SCENES_TRAIN, 1, MAX_SAMPLES, 2000, &options.n_train));
    PT_TRY(number(args, flags, SCENES_VAL, 0, MAX_SAMPLES, 400, &options.n_val));
    PT_TRY(number(args, flags, SCENES_TEST, 0, MAX_SAMPLES, 600, &options.n_test));
    PT_TRY(seed_of(args, flags, SCENES_SEED, &options.seed));
    PT_TRY(begin_writing(args->word[0], args->flag[SCENES_FORCE] != NULL));
    PT_TRY(pt_draw_scenes(args->word[0], &options));
    return say_written(args->word[0]);
}

pt_status_t pt_cmd_data_info(const pt_args_t *args, int *code)
{
    (void)code;
    return pt_dataset_info(args->word[0], stdout);
}

pt_status_t pt_cmd_data_check(const pt_args_t *args, int *code)
{
    int32_t n_finding;
    (void)code;
    PT_TRY(pt_dataset_check(args->word[0], stdout, &n_finding));
    if (n_finding > 0)
        PT_FAIL(FORMAT, "%s: %d finding%s, see above", args->word[0], (int)n_finding,
                pt_plural(n_finding));
    pt_console_line("%s is a sound data set", args->word[0]);
    return PT_OK;
}
