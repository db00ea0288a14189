/* polytree data import ...: well-known data sets. */
#include <string.h>

#include "app/command.h"
#include "app/make_data.h"
#include "polytree/io/import.h"

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
    {"force", 0, NULL, PT_MAKE_FORCE},
    {0}};

enum { IDX_PAIR, IDX_SIZE, IDX_GROUPS, IDX_TRAIN, IDX_VAL, IDX_TEST, IDX_SEED, IDX_FORCE };
const pt_flag_t pt_flags_import_idx[] = {
    {"pair", 0, NULL, "two samples in opposite corners, tasks left and right"},
    {"size", 0, "S", "pixels of a side of a pair (36)"},
    {"groups", 0, "N", "pair samples within one of N groups only, which no part cuts (1)"},
    {"train", 0, "N", "training samples (all there are)"},
    {"val", 0, "N", "validation samples, taken from train (none)"},
    {"test", 0, "N", "test samples (all there are)"},
    {"seed", 0, "N", "of the pairs and of val (1)"},
    {"force", 0, NULL, PT_MAKE_FORCE},
    {0}};

enum { MTAN_CLASSES, MTAN_VAL, MTAN_UINT8, MTAN_SEED, MTAN_FORCE };
static const char is_8_bits[] = "round images to 8 bits (float32 is kept)";
static const char of_train[] = "samples of train for validation (none)";
const pt_flag_t pt_flags_import_nyuv2[] = {
    {"classes", 0, "N", "classes of the labels (13)"},
    {"val", 0, "N", of_train},
    {"uint8", 0, NULL, is_8_bits},
    {"seed", 0, "N", "of val (1)"},
    {"force", 0, NULL, PT_MAKE_FORCE},
    {0}};
const pt_flag_t pt_flags_import_cityscapes[] = {
    {"classes", 0, "N", "classes of the labels: 2, 7 or 19 (7)"},
    {"val", 0, "N", of_train},
    {"uint8", 0, NULL, is_8_bits},
    {"seed", 0, "N", "of val (1)"},
    {"force", 0, NULL, PT_MAKE_FORCE},
    {0}};

pt_status_t pt_cmd_import_omniglot(const pt_args_t *args, int *code)
{
    const pt_flag_t *flags = pt_flags_import_omniglot;
    const char *split = args->flag[OMNIGLOT_SPLIT];
    pt_import_omniglot_t options = {.tasks = args->flag[OMNIGLOT_TASKS]};
    (void)code;
    PT_TRY(pt_make_number(args, flags, OMNIGLOT_SIZE, 4, 105, 35, &options.size));
    PT_TRY(
        pt_make_number(args, flags, OMNIGLOT_CHARACTERS, 2, 1000, 0, &options.characters));
    PT_TRY(pt_make_seed(args, flags, OMNIGLOT_SEED, &options.seed));
    options.shuffled = split != NULL && strcmp(split, "shuffled") == 0;
    if (split != NULL && !options.shuffled && strcmp(split, "fixed") != 0)
        PT_FAIL(USAGE, "--split %s: expected fixed or shuffled", split);
    PT_TRY(pt_make_begin(args->word[1], args->flag[OMNIGLOT_FORCE] != NULL));
    PT_TRY(pt_import_omniglot(args->word[0], args->word[1], &options));
    return pt_make_end(args->word[1]);
}

pt_status_t pt_cmd_import_idx(const pt_args_t *args, int *code)
{
    const pt_flag_t *flags = pt_flags_import_idx;
    pt_import_idx_t options = {.pair = args->flag[IDX_PAIR] != NULL};
    (void)code;
    if (!options.pair && args->flag[IDX_SIZE] != NULL)
        PT_FAIL(USAGE, "--size goes with --pair only");
    if (!options.pair && args->flag[IDX_GROUPS] != NULL)
        PT_FAIL(USAGE, "--groups goes with --pair only");
    PT_TRY(pt_make_number(args, flags, IDX_GROUPS, 1, PT_MAKE_MAX_SAMPLES, 1,
                          &options.n_group));
    PT_TRY(pt_make_number(args, flags, IDX_SIZE, 4, PT_MAKE_MAX_SIZE, 36, &options.size));
    PT_TRY(pt_make_number(args, flags, IDX_TRAIN, 1, PT_MAKE_MAX_SAMPLES, 0,
                          &options.n_train));
    PT_TRY(pt_make_number(args, flags, IDX_VAL, 0, PT_MAKE_MAX_SAMPLES, 0, &options.n_val));
    PT_TRY(
        pt_make_number(args, flags, IDX_TEST, 1, PT_MAKE_MAX_SAMPLES, 0, &options.n_test));
    PT_TRY(pt_make_seed(args, flags, IDX_SEED, &options.seed));
    PT_TRY(pt_make_begin(args->word[1], args->flag[IDX_FORCE] != NULL));
    PT_TRY(pt_import_idx(args->word[0], args->word[1], &options));
    return pt_make_end(args->word[1]);
}

static pt_status_t import_mtan(const pt_args_t *args, const pt_flag_t *flags,
                               pt_import_mtan_t options)
{
    int64_t classes;
    PT_TRY(pt_make_number(args, flags, MTAN_CLASSES, 2, 255, options.classes, &classes));
    PT_TRY(
        pt_make_number(args, flags, MTAN_VAL, 0, PT_MAKE_MAX_SAMPLES, 0, &options.n_val));
    PT_TRY(pt_make_seed(args, flags, MTAN_SEED, &options.seed));
    options.classes = (int32_t)classes;
    options.as_bytes = args->flag[MTAN_UINT8] != NULL;
    PT_TRY(pt_make_begin(args->word[1], args->flag[MTAN_FORCE] != NULL));
    PT_TRY(pt_import_mtan(args->word[0], args->word[1], &options));
    return pt_make_end(args->word[1]);
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
