/* polytree data shapes, scenes, info, check, seal and repack. */
#include "app/command.h"
#include "app/console.h"
#include "app/make_data.h"
#include "polytree/base/text.h"
#include "polytree/io/dataset.h"
#include "polytree/io/dataset_file.h"
#include "polytree/io/import.h"

enum { SHAPES_SIZE, SHAPES_TRAIN, SHAPES_VAL, SHAPES_TEST, SHAPES_SEED, SHAPES_FORCE };
const pt_flag_t pt_flags_shapes[] = {{"size", 0, "S", "pixels of a side (24)"},
                                     {"train", 0, "N", "samples (2000)"},
                                     {"val", 0, "N", "validation samples (400)"},
                                     {"test", 0, "N", "test samples (600)"},
                                     {"seed", 0, "N", "seed of the drawings (1)"},
                                     {"force", 0, NULL, PT_MAKE_FORCE},
                                     {0}};

enum { SCENES_SIZE, SCENES_TRAIN, SCENES_VAL, SCENES_TEST, SCENES_SEED, SCENES_FORCE };
const pt_flag_t pt_flags_scenes[] = {{"size", 0, "S", "pixels of a side (64)"},
                                     {"train", 0, "N", "samples (2000)"},
                                     {"val", 0, "N", "validation samples (400)"},
                                     {"test", 0, "N", "test samples (600)"},
                                     {"seed", 0, "N", "seed of the scenes (1)"},
                                     {"force", 0, NULL, PT_MAKE_FORCE},
                                     {0}};

enum { REPACK_GZIP, REPACK_FORCE };
const pt_flag_t pt_flags_repack[] = {
    {"gzip", 0, "LEVEL", "1 to 9, or 0 for none (what is packed stays so)"},
    {"force", 0, NULL, PT_MAKE_FORCE},
    {0}};

pt_status_t pt_cmd_shapes(const pt_args_t *args, int *code)
{
    const pt_flag_t *flags = pt_flags_shapes;
    pt_draw_shapes_t options;
    (void)code;
    PT_TRY(
        pt_make_number(args, flags, SHAPES_SIZE, 8, PT_MAKE_MAX_SIZE, 24, &options.size));
    PT_TRY(pt_make_number(args, flags, SHAPES_TRAIN, 1, PT_MAKE_MAX_SAMPLES, 2000,
                          &options.n_train));
    PT_TRY(pt_make_number(args, flags, SHAPES_VAL, 0, PT_MAKE_MAX_SAMPLES, 400,
                          &options.n_val));
    PT_TRY(pt_make_number(args, flags, SHAPES_TEST, 0, PT_MAKE_MAX_SAMPLES, 600,
                          &options.n_test));
    PT_TRY(pt_make_seed(args, flags, SHAPES_SEED, &options.seed));
    PT_TRY(pt_make_begin(args->word[0], args->flag[SHAPES_FORCE] != NULL));
    PT_TRY(pt_draw_shapes(args->word[0], &options));
    return pt_make_end(args->word[0]);
}

pt_status_t pt_cmd_scenes(const pt_args_t *args, int *code)
{
    const pt_flag_t *flags = pt_flags_scenes;
    pt_draw_scenes_t options;
    (void)code;
    PT_TRY(pt_make_number(args, flags, SCENES_SIZE, 8, 1024, 64, &options.size));
    PT_TRY(pt_make_number(args, flags, SCENES_TRAIN, 1, PT_MAKE_MAX_SAMPLES, 2000,
                          &options.n_train));
    PT_TRY(pt_make_number(args, flags, SCENES_VAL, 0, PT_MAKE_MAX_SAMPLES, 400,
                          &options.n_val));
    PT_TRY(pt_make_number(args, flags, SCENES_TEST, 0, PT_MAKE_MAX_SAMPLES, 600,
                          &options.n_test));
    PT_TRY(pt_make_seed(args, flags, SCENES_SEED, &options.seed));
    PT_TRY(pt_make_begin(args->word[0], args->flag[SCENES_FORCE] != NULL));
    PT_TRY(pt_draw_scenes(args->word[0], &options));
    return pt_make_end(args->word[0]);
}

pt_status_t pt_cmd_data_info(const pt_args_t *args, int *code)
{
    (void)code;
    return pt_dataset_info(args->word[0], stdout);
}

static pt_status_t check(const char *path)
{
    int32_t n_finding;
    PT_TRY(pt_dataset_check(path, stdout, &n_finding));
    if (n_finding > 0)
        PT_FAIL(FORMAT, "%s: %d finding%s, see above", path, (int)n_finding,
                pt_plural(n_finding));
    return PT_OK;
}

pt_status_t pt_cmd_data_check(const pt_args_t *args, int *code)
{
    (void)code;
    PT_TRY(check(args->word[0]));
    pt_console_line("%s is a sound data set", args->word[0]);
    return PT_OK;
}

pt_status_t pt_cmd_data_seal(const pt_args_t *args, int *code)
{
    const char *path = args->word[0];
    bool was_sealed;
    (void)code;
    PT_TRY(check(path));
    PT_TRY(pt_make_begin(path, true));
    PT_TRY(pt_dataset_seal(path, &was_sealed));
    pt_console_line("%s %s", path, was_sealed ? "was sealed already" : "is sealed");
    return PT_OK;
}

pt_status_t pt_cmd_data_repack(const pt_args_t *args, int *code)
{
    int64_t gzip;
    (void)code;
    PT_TRY(pt_make_number(args, pt_flags_repack, REPACK_GZIP, 0, 9, -1, &gzip));
    PT_TRY(pt_make_begin(args->word[1], args->flag[REPACK_FORCE] != NULL));
    PT_TRY(pt_dataset_repack(args->word[0], args->word[1], (int32_t)gzip));
    return pt_make_end(args->word[1]);
}
