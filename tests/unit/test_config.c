/* Options: read, dumped, compared; files, and what is said of faults in them. */
#include <float.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "config/option.h"
#include "polytree/base/memory.h"
#include "polytree/config/config.h"
#include "polytree/io/file.h"

#define assert_message(part)                                                               \
    do {                                                                                   \
        if (strstr(pt_error_message(), part) == NULL) {                                    \
            fail_msg("'%s' is not in '%s'", part, pt_error_message());                     \
        }                                                                                  \
    } while (0)

static char folder[] = "/tmp/polytree-config-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/run.ini", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static pt_status_t read_text(pt_config_t *config, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return pt_config_read(config, path);
}

static pt_status_t parse(int32_t i, const char *text, pt_config_t *config)
{
    pt_option_at_t at = pt_option_at(config, i);
    return pt_option_parse(&at, text);
}

/* These are acted on where they are set: see the tests of each. */
static bool is_action(const pt_option_t *option)
{
    return strcmp(option->name, "space.encoder") == 0 ||
           strcmp(option->name, "run.preset") == 0;
}

/* A valid value of the option that is not its default. */
static void another_value(const pt_option_t *option, char *text, size_t size)
{
    switch (option->type) {
    case PT_OPTION_INT:
    case PT_OPTION_REAL:
    case PT_OPTION_TIME:
        snprintf(text, size, "%.17g",
                 strtod(option->initial, NULL) == option->max ? option->min : option->max);
        break;
    case PT_OPTION_BOOL:
        snprintf(text, size, "%d", option->initial[0] == '0');
        break;
    case PT_OPTION_WORD:
        snprintf(text, size, "%s",
                 option->words[strcmp(option->initial, option->words[0]) == 0 &&
                               option->words[1] != NULL]);
        break;
    case PT_OPTION_LENGTH:
        snprintf(text, size, "12345%s", strchr(option->initial, 'e') ? "" : "e");
        break;
    case PT_OPTION_INTS:
        snprintf(text, size, "3 2 1");
        break;
    case PT_OPTION_REALS:
        snprintf(text, size, "1 0.75 2");
        break;
    case PT_OPTION_LINE:
    case PT_OPTION_PATH:
        memset(text, 'x', option->size - 1);
        text[option->size - 1] = '\0';
        text[option->size / 2] = ' ';
        break;
    case PT_OPTION_NAMES:
        snprintf(text, size, "first second");
        while (strlen(text) + 16 < option->size) {
            strcat(text, " another");
        }
        break;
    case PT_OPTION_LINES:
        snprintf(text, size, "first out=1\nsecond out=2");
        while (strlen(text) + 16 < option->size) {
            strcat(text, "\nanother = 3");
        }
        break;
    case PT_OPTION_BUDGET:
        snprintf(text, size, "12.3%%");
        break;
    case PT_OPTION_SIZE:
        snprintf(text, size, "3000M");
        break;
    case PT_OPTION_FROM:
        memset(text, '/', option->size - sizeof(int) - 1);
        text[option->size - sizeof(int) - 1] = '\0';
        break;
    }
}

static void all_other(pt_config_t *config)
{
    for (int32_t i = 0; i < pt_n_options; i++) {
        char text[PT_OPTION_TEXT];
        if (!is_action(&pt_options[i])) {
            another_value(&pt_options[i], text, sizeof text);
            assert_int_equal(parse(i, text, config), PT_OK);
        }
    }
    assert_int_equal(pt_config_set(config, "task.a_(b).weight=3"), PT_OK);
    assert_int_equal(pt_config_set(config, "task.other.loss=l1"), PT_OK);
    for (int32_t i = 0; i < pt_n_task_options; i++) {
        pt_option_at_t at = {.option = &pt_task_options[i], .base = &config->task[0]};
        char text[PT_OPTION_TEXT];
        another_value(at.option, text, sizeof text);
        assert_int_equal(pt_option_parse(&at, text), PT_OK);
    }
}

static void every_default_is_valid_and_set(void **state)
{
    (void)state;
    pt_config_t config, again;
    pt_config_init(&config);
    pt_config_init(&again);
    assert_memory_equal(&config, &again, sizeof config);
    for (int32_t i = 0; i < pt_n_options; i++) {
        char text[PT_OPTION_TEXT];
        assert_int_equal(parse(i, pt_options[i].initial, &again), PT_OK);
        pt_option_format(&pt_options[i], &config, text);
        assert_int_equal(parse(i, text, &again), PT_OK);
    }
    assert_memory_equal(&config, &again, sizeof config);
    assert_true(config.bn.eps == 1e-5 && config.alpha.lr == 1e-2);
    assert_int_equal(config.alpha.optimizer, PT_OPTIMIZER_ADAM);
    assert_int_equal(config.search.update.schedule, PT_SCHEDULE_COSINE);
    assert_int_equal(config.space.channels.n, 8);
}

/* Bytes of the struct that no option covers would be lost by dump, digest and compare. */
static void options_cover_the_struct_without_overlap(void **state)
{
    (void)state;
    static unsigned char covered[sizeof(pt_config_t)];
    size_t n = 0;
    for (int32_t i = 0; i < pt_n_options; i++) {
        for (size_t b = 0; b < pt_options[i].size; b++) {
            assert_int_equal(covered[pt_options[i].offset + b]++, 0);
            n++;
        }
    }
    memset(covered + offsetof(pt_config_t, task), 1,
           sizeof covered - offsetof(pt_config_t, task));
    n += sizeof covered - offsetof(pt_config_t, task);
    /* The rest is padding: fewer than 8 bytes in a gap. */
    for (size_t b = 0, gap = 0; b < sizeof covered; b++) {
        gap = covered[b] ? 0 : gap + 1;
        assert_true(gap < 8);
    }
    assert_true(n > sizeof(pt_config_t) * 9 / 10);
}

static void every_value_is_dumped_and_read_back(void **state)
{
    (void)state;
    pt_config_t config, again;
    pt_config_init(&config);
    pt_config_init(&again);
    for (int round = 0; round < 2; round++) {
        pt_text_t text = {0};
        pt_config_dump(&config, &text);
        assert_int_equal(pt_file_write_text(path, &text), PT_OK);
        assert_int_equal(pt_config_read(&again, path), PT_OK);
        assert_memory_equal(&config, &again, sizeof config);
        all_other(&config);
    }
}

static void a_text_reads_like_a_file(void **state)
{
    (void)state;
    pt_config_t config;
    pt_config_init(&config);
    assert_int_equal(
        pt_config_read_text(&config, "[run]\nseed = 12\n[data]\nfile = x.h5", "it"), PT_OK);
    assert_int_equal(config.run.seed, 12);
    assert_string_equal(config.data.file, "x.h5");
    assert_int_equal(pt_config_read_text(&config, "[run]\nseed = 13\nsede = 1\n", "it"),
                     PT_E_CONFIG);
    assert_non_null(strstr(pt_error_message(), "it:3: "));
    assert_int_equal(config.run.seed, 12);
    assert_int_equal(pt_config_read_text(&config, "", "it"), PT_OK);
}

static void numbers_are_dumped_exactly(void **state)
{
    (void)state;
    pt_config_t config;
    pt_config_init(&config);
    pt_option_at_t lr;
    assert_int_equal(pt_option_find(&config, "search", 6, "lr", &lr), PT_OK);
    const double values[] = {0.1, 1.0 / 3, 5e-324, 0.05, 1e-5, 123.456, DBL_MIN};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char text[PT_OPTION_TEXT];
        config.search.update.lr = values[i];
        pt_option_format(lr.option, &config, text);
        config.search.update.lr = -1;
        assert_int_equal(pt_option_parse(&lr, text), PT_OK);
        assert_true(config.search.update.lr == values[i]);
    }
}

/* 600 seconds are not 6e+02 of them. */
static void numbers_are_dumped_plainly(void **state)
{
    static const struct {
        double value;
        const char *text;
    } known[] = {{600, "600"},       {30000, "30000"},    {0.5, "0.5"},
                 {0, "0"},           {1e-8, "1e-08"},     {1e12, "1e+12"},
                 {0.0001, "0.0001"}, {123.456, "123.456"}};
    pt_option_at_t lr;
    pt_config_t config;
    (void)state;
    pt_config_init(&config);
    assert_int_equal(pt_option_find(&config, "search", 6, "lr", &lr), PT_OK);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char text[PT_OPTION_TEXT];
        config.search.update.lr = known[i].value;
        pt_option_format(lr.option, &config, text);
        assert_string_equal(text, known[i].text);
    }
}

static void every_misspelt_key_is_answered_with_the_right_one(void **state)
{
    (void)state;
    pt_config_t config;
    pt_config_init(&config);
    for (int32_t i = 0; i < pt_n_options; i++) {
        char text[PT_CONFIG_TEXT], nearest[PT_CONFIG_TEXT];
        snprintf(text, sizeof text, "%sx=1", pt_options[i].name);
        assert_int_equal(pt_config_set(&config, text), PT_E_CONFIG);
        snprintf(nearest, sizeof nearest, "the nearest is %s", pt_options[i].name);
        assert_message(nearest);
    }
    assert_int_equal(pt_config_set(&config, "serach.lr=1"), PT_E_CONFIG);
    assert_message("unknown section [serach]; the nearest is [search]");
    assert_int_equal(pt_config_set(&config, "search.lr"), PT_E_CONFIG);
    assert_message("section.key=value");
    assert_int_equal(pt_config_set(&config, "kapa=5"), PT_E_CONFIG);
    assert_message("expected section.key=value; the nearest is squeeze.kappa");
    assert_int_equal(pt_config_set(&config, "lr=0.1"), PT_E_CONFIG);
    assert_message("section.key=value");
}

static void enum_errors_list_the_words(void **state)
{
    (void)state;
    pt_config_t config;
    pt_config_init(&config);
    assert_int_equal(pt_config_set(&config, "kernel.backend=cuda"), PT_E_CONFIG);
    assert_message("kernel.backend = 'cuda': expected one of auto, ref, blas, onednn");
}

static void times_lengths_and_lists_have_their_notations(void **state)
{
    (void)state;
    pt_config_t c;
    pt_config_init(&c);
    assert_int_equal(pt_config_set(&c, "run.time_limit=3:50:07"), PT_OK);
    assert_true(c.run.time_limit == 3 * 3600 + 50 * 60 + 7);
    assert_int_equal(pt_config_set(&c, "run.time_limit = 90.5 "), PT_OK);
    assert_true(c.run.time_limit == 90.5);
    const char *const bad[] = {
        "run.time_limit=3:50",    "run.time_limit=1:60:00",   "run.time_limit=1:00:60",
        "run.time_limit=1:-1:00", "run.time_limit=1:00:00:0", "run.time_limit=::",
        "search.steps=1.5",       "search.steps=5ee",         "search.steps=5E",
        "space.stride=1,2",       "space.stride=1 0 2"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(pt_config_set(&c, bad[i]), PT_E_CONFIG);
    }
    assert_int_equal(pt_config_set(&c, "search.steps=12e"), PT_OK);
    assert_true(c.search.steps.count == 12 && c.search.steps.is_epochs);
    assert_int_equal(pt_config_set(&c, "space.stride= 2  1\t4"), PT_OK);
    assert_int_equal(c.space.stride.n, 3);
    assert_int_equal(c.space.stride.value[2], 4);
    assert_int_equal(pt_config_set(&c, "data.tasks=a\n  b   c"), PT_OK);
    assert_string_equal(c.data.tasks, "a b c");
    assert_int_equal(pt_config_set(&c, "data.file=a ; b"), PT_E_CONFIG);
    assert_int_equal(pt_config_set(&c, "data.file=a;b.h5"), PT_OK);
    assert_string_equal(c.data.file, "a;b.h5");
}

static void files_may_have_comments_and_values_of_several_lines(void **state)
{
    (void)state;
    pt_config_t c;
    pt_config_init(&c);
    assert_int_equal(read_text(&c, "; a comment = no\n"
                                   "# another\n"
                                   "[data]\n"
                                   "tasks = left ; the first\n"
                                   "    right    ; the second\n"
                                   "    ; nothing here\n"
                                   "\n"
                                   "    middle\n"
                                   "[search]\n"
                                   "  lr: 0.25\n"
                                   "[data]\n"
                                   "cache=none"),
                     PT_OK);
    assert_string_equal(c.data.tasks, "left right middle");
    assert_true(c.search.update.lr == 0.25);
    assert_int_equal(c.data.cache, PT_CACHE_NONE);
}

static void file_errors_name_file_and_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *line, *message;
    } cases[] = {
        {"[search]\n\nlr = fast\n", ":3: ", "search.lr = 'fast': expected a number"},
        {"[search]\nlr = 1\nmomentom = 1\n", ":3: ", "the nearest is search.momentum"},
        {"[serach]\nlr = 1\n", ":2: ", "the nearest is [search]"},
        {"lr = 1\n", ":1: ", "before any [section]"},
        {"[search]\nlr = 1\nlr = 2\n", ":3: ", "already set in line 2"},
        {"[search]\nlr = 1\n\nwhat\n", ":4: ", "expected [section], key = value"},
        {"[search\nlr = 1\n", ":1: ", "expected [section]"},
        {"[search]\nlr = 1\n  and more\n", ":2: ", "search.lr = '1 and more'"},
        {"[search]\nlr = 1\n  momentum = 2\n", ":3: ", "so goes on with search.lr"},
        {"[search]\nlr = 1\n\n  [space]\n", ":4: ", "so goes on with search.lr"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pt_config_t c, before;
        pt_config_init(&c);
        before = c;
        assert_int_equal(read_text(&c, cases[i].text), PT_E_CONFIG);
        assert_message(path);
        assert_message(cases[i].line);
        assert_message(cases[i].message);
        assert_memory_equal(&c, &before, sizeof c);
    }
    pt_config_t c;
    pt_config_init(&c);
    assert_int_equal(pt_config_read(&c, "/nowhere/run.ini"), PT_E_IO);
    assert_message("/nowhere/run.ini: No such file");
    assert_int_equal(pt_config_read(&c, folder), PT_E_IO);
    assert_message(folder);
}

static void a_relative_data_file_is_found_beside_the_config(void **state)
{
    (void)state;
    pt_config_t c;
    pt_config_init(&c);
    assert_int_equal(read_text(&c, "[data]\nfile = run.ini\n"), PT_OK);
    assert_string_equal(c.data.file, path);
    assert_int_equal(read_text(&c, "[data]\nfile = nowhere.h5\n"), PT_OK);
    assert_string_equal(c.data.file, "nowhere.h5");
}

/* Exactly the numerics options are named by compare. */
static void compare_sees_numerics_alone(void **state)
{
    (void)state;
    pt_config_t ours, theirs;
    pt_config_init(&ours);
    for (int32_t i = 0; i < pt_n_options; i++) {
        const pt_option_t *option = &pt_options[i];
        char text[PT_OPTION_TEXT];
        if (is_action(option)) {
            continue;
        }
        theirs = ours;
        another_value(option, text, sizeof text);
        assert_int_equal(parse(i, text, &theirs), PT_OK);
        bool differs = memcmp(&ours, &theirs, sizeof ours) != 0;
        assert_true(differs || option->words != NULL);
        bool seen = differs && option->class == PT_OPTION_NUMERICS;
        assert_int_equal(pt_config_compare(&ours, &theirs), seen ? PT_E_MISMATCH : PT_OK);
        if (seen) {
            assert_message(option->name);
        }
    }
    theirs = ours;
    theirs.run.seed = 5;
    theirs.space.nodes = 9;
    assert_int_equal(pt_config_compare(&ours, &theirs), PT_E_MISMATCH);
    assert_message("run.seed = 1, not 5; space.nodes = 8, not 9");
}

static void options_that_contradict_each_other_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"data.file=", "data.file is not set"},
        {"train.microbatch=5", "multiple of train.microbatch = 5"},
        {"space.flow=8", "space.flow = 8"},
        {"space.min_depth=8", "space.min_depth = 8"},
        {"squeeze.kappa=2", "squeeze.kappa = 2"},
        {"search.tau_end=6", "at most search.tau_begin = 5"},
        {"search.run=active", "needs search.gates = hard"},
        {"space.kind=branch", "name a file in space.encoder"},
        {"search.method=full", "search.method = full needs space.kind = branch"},
        {"derive.rule=argmax", "derive.rule = argmax needs space.kind = branch"},
        {"encoder.layers=basic out=8", "an [encoder] needs space.kind = branch"},
        {"resource.kind=seconds", "resource.table"},
        {"head.skip=x", "head.skip = x needs head.kind = deeplab"},
        {"retrain.momentum=0", "retrain.nesterov = 1 needs retrain.momentum"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pt_config_t c;
        pt_config_init(&c);
        assert_int_equal(pt_config_set(&c, "data.file=some.h5"), PT_OK);
        assert_int_equal(pt_config_check(&c), PT_OK);
        assert_int_equal(pt_config_set(&c, cases[i][0]), PT_OK);
        assert_int_equal(pt_config_check(&c), PT_E_CONFIG);
        assert_message(cases[i][1]);
    }
}

/* A hole in a list would end it before its last words. */
static void every_method_is_a_row_and_every_word_has_a_meaning(void **state)
{
    (void)state;
    for (int32_t m = 0; m < PT_N_METHOD; m++) {
        assert_string_equal(pt_method_words[m], pt_methods[m].name);
        assert_non_null(pt_methods[m].column);
        assert_non_null(pt_methods[m].colour);
    }
    assert_null(pt_method_words[PT_N_METHOD]);
    const struct {
        const char *const *words;
        int32_t n;
    } list[] = {{pt_metric_words, PT_N_TASK_METRIC}, {pt_loss_words, PT_N_TASK_LOSS},
                {pt_backend_words, PT_N_BACKEND},    {pt_isa_words, PT_N_ISA},
                {pt_resource_words, PT_N_RESOURCE},  {pt_rule_words, PT_N_RULE},
                {pt_head_words, PT_N_HEAD},          {pt_from_words, PT_FROM_FILE},
                {pt_cost_words, PT_COST_TABLE}};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        for (int32_t n = 0; n < list[i].n; n++)
            assert_non_null(list[i].words[n]);
}

/* What editors leave in files, of any length. */
static void lines_are_read_whole_whatever_ends_them(void **state)
{
    static const char *const end[] = {"\n", "\r\n", "\r"};
    char blanks[400];
    (void)state;
    memset(blanks, ' ', sizeof blanks);
    blanks[sizeof blanks - 1] = '\0';
    for (size_t e = 0; e < sizeof end / sizeof end[0]; e++) {
        pt_config_t c;
        char text[4096];
        snprintf(text, sizeof text,
                 "\xef\xbb\xbf[search]%s# %s lr = 5%s\tlr = 0.5%s; %s steps = 7%s%s%s"
                 "[space]%s;[search]%schannels = 8%s%s16 ; %s nodes = 9%s%s  24",
                 end[e], blanks, end[e], end[e], blanks, end[e], blanks, end[e], end[e],
                 end[e], end[e], blanks, blanks, end[e], end[e]);
        pt_config_init(&c);
        assert_int_equal(pt_config_read_text(&c, text, "text"), PT_OK);
        assert_true(c.search.update.lr == 0.5);
        assert_int_equal(c.space.channels.n, 3);
        assert_int_equal(c.space.channels.value[1], 16);
    }
}

/* Many who write a comment behind a value begin it with '#'. */
static void a_number_sign_behind_something_is_refused(void **state)
{
    static const char *const text[] = {
        "[space] # yes\nnodes = 8\n", "[space]\nnodes = 8 # eight\n",
        "[data]\nfile = s.h5 # here\n", "[data]\nfile = s.h5\t# here\n",
        "[data]\nfile = # none\n"};
    pt_config_t c;
    (void)state;
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) {
        pt_config_init(&c);
        assert_int_equal(pt_config_read_text(&c, text[i], "text"), PT_E_CONFIG);
        assert_message("a '#' begins a comment at the start of a line only");
        assert_message(i == 0 ? "text:1: " : "text:2: ");
    }
    assert_int_equal(pt_config_read_text(&c, "  # none\n[data]\nfile=s#1.h5\n", "text"),
                     PT_OK);
    assert_string_equal(c.data.file, "s#1.h5");
}

static void brackets_may_stand_in_names_of_tasks_alone(void **state)
{
    pt_config_t c;
    (void)state;
    pt_config_init(&c);
    assert_int_equal(pt_config_read_text(&c,
                                         "[task.[k]=v;#]]   ; a comment\nweight = 2\n"
                                         "[task.gr\u00f6\u00dfe]\nweight = 3\n",
                                         "text"),
                     PT_OK);
    assert_string_equal(c.task[0].name, "[k]=v;#]");
    assert_string_equal(c.task[1].name, "gr\u00f6\u00dfe");
    assert_true(c.task[0].weight == 2 && c.task[1].weight == 3);
    assert_int_equal(pt_config_read_text(&c, "[space] junk\n", "text"), PT_E_CONFIG);
    assert_string_equal(pt_error_message(),
                        "text:1: expected [section], key = value or a comment");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_is_valid_and_set),
        cmocka_unit_test(options_cover_the_struct_without_overlap),
        cmocka_unit_test(every_value_is_dumped_and_read_back),
        cmocka_unit_test(a_text_reads_like_a_file),
        cmocka_unit_test(numbers_are_dumped_exactly),
        cmocka_unit_test(numbers_are_dumped_plainly),
        cmocka_unit_test(every_misspelt_key_is_answered_with_the_right_one),
        cmocka_unit_test(enum_errors_list_the_words),
        cmocka_unit_test(times_lengths_and_lists_have_their_notations),
        cmocka_unit_test(files_may_have_comments_and_values_of_several_lines),
        cmocka_unit_test(file_errors_name_file_and_line),
        cmocka_unit_test(a_relative_data_file_is_found_beside_the_config),
        cmocka_unit_test(compare_sees_numerics_alone),
        cmocka_unit_test(options_that_contradict_each_other_are_refused),
        cmocka_unit_test(every_method_is_a_row_and_every_word_has_a_meaning),
        cmocka_unit_test(lines_are_read_whole_whatever_ends_them),
        cmocka_unit_test(a_number_sign_behind_something_is_refused),
        cmocka_unit_test(brackets_may_stand_in_names_of_tasks_alone),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
