/* polytree data import csv, npz and images: data of one's own. */
#include <string.h>

#include "app/command.h"
#include "app/console.h"
#include "app/make_data.h"
#include "polytree/base/clock.h"
#include "polytree/io/import.h"

/* The live line, a few times a second. */
typedef struct talk {
    bool is_live;
    double last;
} talk_t;

static void show_progress(void *context, const char *what, double share)
{
    talk_t *talk = context;
    char line[128];
    pt_text_t text = pt_text_in(line, sizeof line);
    double now = pt_clock();
    if (!talk->is_live || now - talk->last < 0.2)
        return;
    talk->last = now;
    pt_text_add(&text, "%s: %.0f %%", what, 100 * share);
    pt_console_live(line);
}

static pt_import_talk_t begin_talk(talk_t *talk)
{
    *talk = (talk_t){.is_live = pt_console_is_live()};
    return (pt_import_talk_t){
        .say = pt_console_say, .progress = show_progress, .context = talk};
}

static pt_words_t words_of(const pt_args_t *args, int flag)
{
    return (pt_words_t){args->list[flag], args->n_list[flag]};
}

/* What the flags of all end with, behind their own. */
enum { VAL, TEST, SEED, FORCE };

/* Shares of the parts, where the source has none of its own, and whether OUT may be made.
 * `ending` is the first of these flags. */
static pt_status_t begin(const pt_args_t *args, const pt_flag_t *flags, int ending,
                         bool has_own, pt_import_share_t *share)
{
    const char *const *flag = args->flag + ending;
    if (has_own && (flag[VAL] || flag[TEST]))
        PT_FAIL(USAGE, "--val and --test do not go with --split");
    PT_TRY(pt_args_share("val", flag[VAL], 0.1, &share->val));
    PT_TRY(pt_args_share("test", flag[TEST], 0.2, &share->test));
    if (share->val + share->test >= 1)
        PT_FAIL(USAGE, "--val %g and --test %g leave nothing for train", share->val,
                share->test);
    PT_TRY(pt_make_seed(args, flags, ending + SEED, &share->seed));
    return pt_make_begin(args->word[1], flag[FORCE] != NULL);
}

enum {
    CSV_TASKS,
    CSV_INPUTS,
    CSV_LEAVE_OUT,
    CSV_KINDS,
    CSV_MISSING,
    CSV_FILL,
    CSV_SPLIT,
    CSV_TIME,
    CSV_GROUP,
    CSV_SEPARATOR,
    CSV_ENDING
};
const pt_flag_t pt_flags_import_csv[] = {
    {"tasks", 0, "COLUMN ...", "columns to predict; NAME=COLUMN gives another name"},
    {"inputs", 0, "COLUMN ...", "columns to predict from, * for any letters (all others)"},
    {"leave-out", 0, "COLUMN ...", "columns that are no inputs (none)"},
    {"kinds", 0, "COLUMN=KIND ...",
     "classification or regression, number or category (guessed)"},
    {"missing", 0, "WORD ...",
     "what holds no value, beside empty cells, NA, NaN and so on"},
    {"fill", 0, "mean", "what a missing number of an input becomes (it is an error)"},
    {"split", 0, "COLUMN", "that says train, val or test of each row (none)"},
    {"time", 0, "COLUMN", "the latest rows are test, those before them val (at random)"},
    {"group", 0, "COLUMN", "rows of one value stay together (none)"},
    {"separator", 0, "C", "between cells; tab for a tabulator (the first line's)"},
    {"val", 0, "SHARE", "of the rows, for progress and tuning (0.1)"},
    {"test", 0, "SHARE", "of the rows, for the end (0.2)"},
    {"seed", 0, "N", "of the parts (1)"},
    {"force", 0, NULL, PT_MAKE_FORCE},
    {0}};

static pt_status_t take_separator(const char *text, char *separator)
{
    *separator = text == NULL ? '\0' : strcmp(text, "tab") == 0 ? '\t' : text[0];
    if (text && ((strlen(text) != 1 && *separator != '\t') || strchr("\"\r\n", *separator)))
        PT_FAIL(USAGE, "--separator %s: expected one character, or tab", text);
    return PT_OK;
}

pt_status_t pt_cmd_import_csv(const pt_args_t *args, int *code)
{
    const char *fill = args->flag[CSV_FILL];
    talk_t talk;
    pt_import_csv_t options = {.tasks = words_of(args, CSV_TASKS),
                               .inputs = words_of(args, CSV_INPUTS),
                               .leave_out = words_of(args, CSV_LEAVE_OUT),
                               .kinds = words_of(args, CSV_KINDS),
                               .missing = words_of(args, CSV_MISSING),
                               .split = args->flag[CSV_SPLIT],
                               .time = args->flag[CSV_TIME],
                               .group = args->flag[CSV_GROUP],
                               .fills_mean = fill != NULL,
                               .talk = begin_talk(&talk)};
    (void)code;
    if (fill && strcmp(fill, "mean") != 0)
        PT_FAIL(USAGE, "--fill %s: expected mean", fill);
    if (options.split && options.time)
        PT_FAIL(USAGE, "--split and --time are two ways to the parts: give one");
    PT_TRY(take_separator(args->flag[CSV_SEPARATOR], &options.separator));
    PT_TRY(begin(args, pt_flags_import_csv, CSV_ENDING, options.split, &options.share));
    PT_TRY(pt_import_csv(args->word[0], args->word[1], &options));
    return pt_make_end(args->word[1]);
}

enum {
    IMAGES_SIZE,
    IMAGES_GREY,
    IMAGES_LABELS,
    IMAGES_FILES,
    IMAGES_TASKS,
    IMAGES_KINDS,
    IMAGES_MAPS,
    IMAGES_SPLIT,
    IMAGES_GROUP,
    IMAGES_ENDING
};
const pt_flag_t pt_flags_import_images[] = {
    {"size", 0, "S|HxW", "pixels that all are brought to (all have one size)"},
    {"grey", 0, NULL, "one channel (red, green, blue)"},
    {"labels", 0, "TABLE.csv", "labels of each picture (its folder is its class)"},
    {"files", 0, "COLUMN", "of the table, with the pictures' paths below SRC (file)"},
    {"tasks", 0, "COLUMN ...", "of the table (all but --files, --split, --group)"},
    {"kinds", 0, "COLUMN=KIND ...", "classification or regression (guessed)"},
    {"maps", 0, "NAME=KIND ...", "SRC/NAME has a PNG for each picture in SRC/images"},
    {"split", 0, "COLUMN", "of the table: train, val or test (folders so called)"},
    {"group", 0, "COLUMN", "of the table: what stays together (none)"},
    {"val", 0, "SHARE", "of the pictures, for progress and tuning (0.1)"},
    {"test", 0, "SHARE", "of the pictures, for the end (0.2)"},
    {"seed", 0, "N", "of the parts (1)"},
    {"force", 0, NULL, PT_MAKE_FORCE},
    {0}};

/* "64", "48x64", or NULL. */
static pt_status_t take_size(const char *text, int64_t *height, int64_t *width)
{
    char first[16] = "";
    const char *cross = text ? strchr(text, 'x') : NULL;
    size_t n = cross ? (size_t)(cross - text) : 0;
    if (cross && n < sizeof first)
        memcpy(first, text, n);
    PT_TRY(pt_args_int("size", cross ? first : text, 1, PT_MAKE_MAX_SIZE, 0, height));
    return pt_args_int("size", cross ? cross + 1 : text, 1, PT_MAKE_MAX_SIZE, 0, width);
}

pt_status_t pt_cmd_import_images(const pt_args_t *args, int *code)
{
    const char *files = args->flag[IMAGES_FILES];
    static const int of_table[] = {IMAGES_FILES, IMAGES_TASKS, IMAGES_KINDS, IMAGES_SPLIT,
                                   IMAGES_GROUP};
    talk_t talk;
    pt_import_images_t options = {.is_grey = args->flag[IMAGES_GREY] != NULL,
                                  .labels = args->flag[IMAGES_LABELS],
                                  .file_column = files ? files : "file",
                                  .tasks = words_of(args, IMAGES_TASKS),
                                  .kinds = words_of(args, IMAGES_KINDS),
                                  .maps = words_of(args, IMAGES_MAPS),
                                  .split = args->flag[IMAGES_SPLIT],
                                  .group = args->flag[IMAGES_GROUP],
                                  .talk = begin_talk(&talk)};
    (void)code;
    for (size_t i = 0; !options.labels && i < sizeof of_table / sizeof of_table[0]; i++)
        if (args->flag[of_table[i]])
            PT_FAIL(USAGE, "--%s goes with --labels only",
                    pt_flags_import_images[of_table[i]].name);
    PT_TRY(take_size(args->flag[IMAGES_SIZE], &options.height, &options.width));
    PT_TRY(
        begin(args, pt_flags_import_images, IMAGES_ENDING, options.split, &options.share));
    PT_TRY(pt_import_images(args->word[0], args->word[1], &options));
    return pt_make_end(args->word[1]);
}

enum { NPZ_INPUTS, NPZ_TASKS, NPZ_KINDS, NPZ_GROUP, NPZ_ENDING };
const pt_flag_t pt_flags_import_npz[] = {
    {"inputs", 0, "NAME", "array of the inputs (x)"},
    {"tasks", 0, "NAME ...", "arrays of labels, one a task"},
    {"kinds", 0, "NAME=KIND ...", "classification, depth and so on (guessed)"},
    {"group", 0, "NAME", "array of integers: rows of one number stay together (none)"},
    {"val", 0, "SHARE", "of the rows, for progress and tuning (0.1)"},
    {"test", 0, "SHARE", "of the rows, for the end (0.2)"},
    {"seed", 0, "N", "of the parts (1)"},
    {"force", 0, NULL, PT_MAKE_FORCE},
    {0}};

pt_status_t pt_cmd_import_npz(const pt_args_t *args, int *code)
{
    const char *inputs = args->flag[NPZ_INPUTS];
    talk_t talk;
    pt_import_npz_t options = {.inputs = inputs ? inputs : "x",
                               .group = args->flag[NPZ_GROUP],
                               .tasks = words_of(args, NPZ_TASKS),
                               .kinds = words_of(args, NPZ_KINDS),
                               .talk = begin_talk(&talk)};
    (void)code;
    PT_TRY(begin(args, pt_flags_import_npz, NPZ_ENDING, false, &options.share));
    PT_TRY(pt_import_npz(args->word[0], args->word[1], &options));
    return pt_make_end(args->word[1]);
}
