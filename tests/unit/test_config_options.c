/* The table of options row by row, and what config files can name beside plain options:
 * encoders, sections of tasks, presets. */
#include <glob.h>
#include <math.h>
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

#define assert_message(part)                                                               \
    do {                                                                                   \
        if (strstr(pt_error_message(), part) == NULL) {                                    \
            fail_msg("'%s' is not in '%s'", part, pt_error_message());                     \
        }                                                                                  \
    } while (0)

static char folder[] = "/tmp/polytree-options-XXXXXX";
static char run_path[64], encoder_path[64];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(run_path, sizeof run_path, "%s/run.ini", folder);
    snprintf(encoder_path, sizeof encoder_path, "%s/some.ini", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(run_path);
    unlink(encoder_path);
    return rmdir(folder);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static pt_status_t read_text(pt_config_t *config, const char *text)
{
    write_text(run_path, text);
    return pt_config_read(config, run_path);
}

static pt_config_t config_of(const char *text)
{
    pt_config_t config;
    pt_config_init(&config);
    if (read_text(&config, text) != PT_OK) {
        fail_msg("%s", pt_error_message());
    }
    return config;
}

/* Every row of both tables, by the name that a user writes. */
static int32_t n_rows(void)
{
    return pt_n_options + pt_n_task_options;
}

static const pt_option_t *row(int32_t i, char name[PT_OPTION_NAME])
{
    bool is_task = i >= pt_n_options;
    const pt_option_t *o = is_task ? &pt_task_options[i - pt_n_options] : &pt_options[i];
    snprintf(name, PT_OPTION_NAME, "%s%s", is_task ? "task.depth" : "",
             is_task ? strrchr(o->name, '.') : o->name);
    return o;
}

static void set(const char *name, const char *text)
{
    static char assignment[2 * PT_OPTION_TEXT];
    pt_config_t config;
    pt_config_init(&config);
    snprintf(assignment, sizeof assignment, "%s=%s", name, text);
    if (pt_config_set(&config, assignment) != PT_OK) {
        fail_msg("%s was refused: %s", assignment, pt_error_message());
    }
}

/* Refused in one line with key, value and what was expected; the config is as it was. */
static void refuse(const pt_option_t *option, const char *name, const char *text)
{
    static char assignment[2 * PT_OPTION_TEXT];
    pt_config_t config, before;
    char expected[PT_CONFIG_TEXT];
    pt_config_init(&config);
    before = config;
    snprintf(assignment, sizeof assignment, "%s=%s", name, text);
    if (pt_config_set(&config, assignment) != PT_E_CONFIG) {
        fail_msg("%s was taken", assignment);
    }
    pt_option_expected(option, expected, sizeof expected);
    assert_message(name);
    assert_message(expected);
    if (strlen(text) < 64 && strchr(text, '\n') == NULL) {
        snprintf(assignment, sizeof assignment, "%s = '%s': expected ", name, text);
        assert_message(assignment);
    }
    assert_null(strpbrk(pt_error_message(), "\r\n"));
    assert_memory_equal(&config, &before, sizeof config);
}

static bool is_whole(const pt_option_t *o)
{
    return o->type == PT_OPTION_INT || o->type == PT_OPTION_LENGTH ||
           o->type == PT_OPTION_INTS;
}

static bool has_range(const pt_option_t *o)
{
    return is_whole(o) || o->type == PT_OPTION_REAL || o->type == PT_OPTION_REALS ||
           o->type == PT_OPTION_TIME;
}

static bool is_text(const pt_option_t *o)
{
    return o->type == PT_OPTION_LINE || o->type == PT_OPTION_PATH ||
           o->type == PT_OPTION_NAMES || o->type == PT_OPTION_LINES;
}

static void every_bound_is_taken_and_what_is_next_to_it_refused(void **state)
{
    (void)state;
    for (int32_t i = 0; i < n_rows(); i++) {
        char name[PT_OPTION_NAME], text[64];
        const pt_option_t *o = row(i, name);
        if (!has_range(o)) {
            continue;
        }
        assert_true(o->min < o->max);
        snprintf(text, sizeof text, "%.17g", o->min);
        set(name, text);
        snprintf(text, sizeof text, is_whole(o) ? "%.0f" : "%.17g", o->max);
        set(name, text);
        snprintf(text, sizeof text, "%.17g",
                 is_whole(o) ? o->min - 1 : nextafter(o->min, -INFINITY));
        refuse(o, name, text);
        if (is_whole(o)) {
            snprintf(text, sizeof text, "%lld", (long long)o->max + 1);
        } else {
            snprintf(text, sizeof text, "%.17g", nextafter(o->max, INFINITY));
        }
        refuse(o, name, text);
        if (is_whole(o)) {
            snprintf(text, sizeof text, "%.0f.5", o->min);
            refuse(o, name, text);
        }
    }
}

static void every_option_refuses_other_types_words_and_nothing(void **state)
{
    static const char *const bad[] = {"",    "nonsense", "nan",   "inf",  "1x",
                                      "--1", "1e999",    "1,000", "true", "0x1p9999"};
    (void)state;
    for (int32_t i = 0; i < n_rows(); i++) {
        char name[PT_OPTION_NAME];
        const pt_option_t *o = row(i, name);
        for (size_t b = 0; !is_text(o) && b < sizeof bad / sizeof bad[0]; b++) {
            refuse(o, name, bad[b]);
        }
        if (o->type == PT_OPTION_NAMES) {
            refuse(o, name, "");
        }
    }
}

static void every_text_has_a_longest(void **state)
{
    (void)state;
    for (int32_t i = 0; i < n_rows(); i++) {
        char name[PT_OPTION_NAME], text[PT_OPTION_TEXT + 1];
        const pt_option_t *o = row(i, name);
        if (is_text(o) && strcmp(name, "space.encoder") != 0) {
            memset(text, 'x', o->size);
            text[o->size] = '\0';
            refuse(o, name, text);
            text[o->size - 1] = '\0';
            set(name, text);
        }
        if (o->type == PT_OPTION_LINE || o->type == PT_OPTION_PATH) {
            refuse(o, name, "two\nlines");
        }
    }
}

/* Each word is taken, written down as itself, and one that is cut short is refused. */
static void every_word_is_taken_and_no_other(void **state)
{
    (void)state;
    for (int32_t i = 0; i < n_rows(); i++) {
        char name[PT_OPTION_NAME], text[64];
        const pt_option_t *o = row(i, name);
        if (o->words == NULL) {
            continue;
        }
        for (int w = 0; o->words[w] != NULL; w++) {
            set(name, o->words[w]);
            snprintf(text, sizeof text, "%sx", o->words[w]);
            refuse(o, name, text);
        }
    }
}

static void budgets_are_none_a_share_or_an_amount(void **state)
{
    static const struct {
        const char *text, *dumped;
        double amount;
        bool is_share;
    } good[] = {
        {"none", "none", 0, false},   {"60%", "60%", 0.6, true},
        {"100%", "100%", 1, true},    {"12.3%", "12.3%", 0.123, true},
        {"2e9", "2e+09", 2e9, false}, {"0.5", "0.5", 0.5, false},
    };
    static const char *const bad[] = {"0", "0%", "101%", "-1", "60 %", "60%%", "%", "all"};
    pt_config_t c;
    pt_option_at_t at;
    (void)state;
    pt_config_init(&c);
    assert_int_equal(pt_option_find(&c, "resource", 8, "budget", &at), PT_OK);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char text[PT_OPTION_TEXT];
        assert_int_equal(pt_option_parse(&at, good[i].text), PT_OK);
        assert_true(fabs(c.resource.budget.amount - good[i].amount) < 1e-15);
        assert_int_equal(c.resource.budget.is_share, good[i].is_share);
        pt_option_format(at.option, &c, text);
        assert_string_equal(text, good[i].dumped);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        refuse(at.option, at.name, bad[i]);
    }
    /* Any share is dumped so that the same double is read. */
    for (int i = 1; i <= 1000; i++) {
        char text[PT_OPTION_TEXT];
        snprintf(text, sizeof text, "%.17g%%", 100 * i / 1001.0);
        assert_int_equal(pt_option_parse(&at, text), PT_OK);
        double share = c.resource.budget.amount;
        pt_option_format(at.option, &c, text);
        assert_int_equal(pt_option_parse(&at, text), PT_OK);
        assert_true(c.resource.budget.amount == share);
    }
}

static void retraining_starts_from_a_word_or_a_file(void **state)
{
    pt_config_t c;
    (void)state;
    pt_config_init(&c);
    assert_int_equal(pt_config_set(&c, "retrain.from=runs/a.h5"), PT_OK);
    assert_int_equal(c.retrain.from, PT_FROM_FILE);
    assert_string_equal(c.retrain.from_file, "runs/a.h5");
    assert_int_equal(pt_config_set(&c, "retrain.from=scrach"), PT_E_CONFIG);
    assert_message("expected one of search, scratch, or a file");
    assert_string_equal(c.retrain.from_file, "runs/a.h5");
    assert_int_equal(pt_config_set(&c, "retrain.from=scratch"), PT_OK);
    assert_int_equal(c.retrain.from, PT_FROM_SCRATCH);
    assert_string_equal(c.retrain.from_file, "");
}

static void a_cache_is_a_word_or_bytes(void **state)
{
    static const struct {
        const char *text, *back;
        int64_t bytes;
    } size[] = {{"0", "0", 0},           {"1000", "1000", 1000},
                {"2G", "2G", 2LL << 30}, {"2048M", "2G", 2LL << 30},
                {"3K", "3K", 3 << 10},   {"2000000M", "2000000M", 2000000LL << 20}};
    static const char *const wrong[] = {"2Q",  "-1", "2 G",   "1.5G",
                                        "2GB", "G",  "1000T", "99999999999T"};
    pt_config_t c;
    char text[PT_OPTION_TEXT], set[64];
    pt_option_at_t at;
    (void)state;
    pt_config_init(&c);
    assert_int_equal(pt_option_find(&c, "data", 4, "cache", &at), PT_OK);
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
        assert_int_equal(pt_option_parse(&at, size[i].text), PT_OK);
        assert_int_equal(c.data.cache, PT_CACHE_BOUND);
        assert_int_equal(c.data.cache_bytes, size[i].bytes);
        pt_option_format(at.option, &c, text);
        assert_string_equal(text, size[i].back);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(set, sizeof set, "data.cache=%s", wrong[i]);
        assert_int_equal(pt_config_set(&c, set), PT_E_CONFIG);
        assert_message("expected one of none, memory, disk, or bytes as in 500M or 2G");
    }
    assert_int_equal(pt_config_set(&c, "data.cache=disk"), PT_OK);
    assert_int_equal(c.data.cache, PT_CACHE_DISK);
}

static void sections_of_tasks_are_kept_by_name(void **state)
{
    (void)state;
    pt_config_t c = config_of("[task.a_rather_long_name_of_more_than_fifty_characters]\n"
                              "weight = 3\n[task.depth]\nloss = l1\n");
    pt_config_t same = config_of("[task.depth]\nloss = l1\nweight = 1\n[task.edges]\n"
                                 "metric = auto\n"
                                 "[task.a_rather_long_name_of_more_than_fifty_characters]\n"
                                 "weight = 3\n");
    assert_int_equal(c.n_task, 2);
    assert_string_equal(c.task[1].name, "depth");
    assert_int_equal(pt_config_task(&c, "depth").loss, PT_LOSS_L1);
    assert_int_equal(pt_config_task(&c, "edges").loss, PT_LOSS_AUTO);
    assert_true(pt_config_task(&c, "edges").weight == 1);
    assert_string_equal(pt_config_task(&c, "edges").name, "edges");
    assert_int_equal(pt_config_compare(&c, &same), PT_OK);
    assert_int_equal(pt_config_compare(&same, &c), PT_OK);
    assert_int_equal(pt_config_set(&same, "task.edges.weight=2"), PT_OK);
    assert_int_equal(pt_config_compare(&c, &same), PT_E_MISMATCH);
    assert_message("task.edges.weight = 1, not 2");
    assert_int_equal(pt_config_compare(&same, &c), PT_E_MISMATCH);
}

/* A name may hold what stands between the parts of an assignment. */
static void every_name_of_a_task_can_be_set(void **state)
{
    static const char *const name[] = {"a=b", "a.weight=1", "[k]=v;", "gr\u00f6\u00dfe",
                                       "#\"`'\\$.="};
    (void)state;
    for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
        pt_config_t c;
        char text[128];
        pt_config_init(&c);
        snprintf(text, sizeof text, "task.%s.weight = 2", name[i]);
        assert_int_equal(pt_config_set(&c, text), PT_OK);
        assert_int_equal(c.n_task, 1);
        assert_string_equal(c.task[0].name, name[i]);
        assert_true(c.task[0].weight == 2);
        assert_int_equal(pt_config_set(&c, "data.file=/of.weight=3/x.h5"), PT_OK);
        assert_string_equal(c.data.file, "/of.weight=3/x.h5");
    }
}

static void wrong_sections_of_tasks_are_refused(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[task.depth]\nlos = l1\n", ":2: unknown option task.depth.los; the nearest is "
                                     "task.depth.loss"},
        {"[task.depth]\nloss = l2\n", ":2: task.depth.loss = 'l2': expected one of auto"},
        {"[task.depth]\nloss = l1\nloss = l1\n", ":3: task.depth.loss was already set in"},
        {"[task.]\nloss = l1\n",
         ":2: [task.]: no task can be called that: expected 1 to 63 bytes"},
        {"[task.a b]\nloss = l1\n",
         ":2: [task.a b]: no task can be called that: blanks and commas"},
        {"[task]\nloss = l1\n", ":2: unknown section [task]"},
    };
    pt_config_t c, before;
    (void)state;
    pt_config_init(&c);
    before = c;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(read_text(&c, cases[i].text), PT_E_CONFIG);
        assert_message(cases[i].message);
        assert_memory_equal(&c, &before, sizeof c);
    }
    for (int i = 0; i < PT_CONFIG_TASKS; i++) {
        char text[64];
        snprintf(text, sizeof text, "task.t%d.weight=2", i);
        assert_int_equal(pt_config_set(&c, text), PT_OK);
    }
    assert_int_equal(pt_config_set(&c, "task.one_more.weight=2"), PT_E_CONFIG);
    assert_message("at most 256 sections");
}

static void tasks_that_the_data_lacks_are_refused(void **state)
{
    static const char *const names[] = {"depth", "edges"};
    (void)state;
    pt_config_t c = config_of("[task.depth]\nweight = 2\n");
    assert_int_equal(pt_config_check_tasks(&c, 2, names), PT_OK);
    c = config_of("[task.detph]\nweight = 2\n");
    assert_int_equal(pt_config_check_tasks(&c, 2, names), PT_E_CONFIG);
    assert_message("[task.detph]: there is no such task; the nearest is depth");
    c = config_of("[task.saliency]\nweight = 2\n");
    assert_int_equal(pt_config_check_tasks(&c, 2, names), PT_E_CONFIG);
    assert_message("there are depth, edges");
    c = config_of("[run]\npreset = bmtas\n");
    assert_int_equal(pt_config_check_tasks(&c, 2, names), PT_OK);
    c = config_of("[run]\npreset = bmtas\n[task.saliency]\nweight = 2\n");
    assert_int_equal(pt_config_check_tasks(&c, 2, names), PT_E_CONFIG);
}

static void an_encoder_is_read_in_place(void **state)
{
    pt_text_t text = {0};
    pt_config_t again;
    (void)state;
    write_text(encoder_path, "[encoder]\nstem = conv3x3_bn_relu out=8 stride=2\n"
                             "layers =   ; from the input on\n"
                             "    basic out=8 stride=1   ; l01\n\n"
                             "    basic out=16 stride=2\n");
    pt_config_t c = config_of("[space]\nkind = branch\nencoder = some.ini\n");
    assert_string_equal(c.space.encoder, "");
    assert_string_equal(c.encoder.stem, "conv3x3_bn_relu out=8 stride=2");
    assert_string_equal(c.encoder.layers, "basic out=8 stride=1\nbasic out=16 stride=2");
    pt_config_dump(&c, &text);
    unlink(encoder_path);
    pt_config_init(&again);
    assert_int_equal(pt_config_read_text(&again, pt_text_get(&text), "dump"), PT_OK);
    assert_memory_equal(&c, &again, sizeof c);
    pt_text_release(&text);
}

static void wrong_encoders_are_refused(void **state)
{
    static const struct {
        const char *encoder, *run, *message;
    } cases[] = {
        {"[encoder]\nstem = a\n", "", "expected an [encoder] section with layers"},
        {"[encoder]\nlayers = a\n[run]\nseed = 3\n", "",
         "some.ini:4: expected an [encoder]"},
        {"[encoder]\nlayer = a\n", "",
         "some.ini:2: unknown option encoder.layer; the "
         "nearest is encoder.layers"},
        {"[encoder]\nlayers = a\n", "[encoder]\nlayers = b\n",
         "run.ini:4: expected either"},
    };
    pt_config_t c, before;
    (void)state;
    pt_config_init(&c);
    before = c;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        write_text(encoder_path, cases[i].encoder);
        snprintf(text, sizeof text, "[space]\nencoder = some.ini\n%s", cases[i].run);
        assert_int_equal(read_text(&c, text), PT_E_CONFIG);
        assert_message(cases[i].message);
        assert_memory_equal(&c, &before, sizeof c);
    }
    assert_int_equal(read_text(&c, "[space]\nencoder = nowhere.ini\n"), PT_E_IO);
    assert_message("nowhere.ini: No such file");
}

/* A preset goes before the file, and the command line's before what the file says too. */
static void a_preset_goes_before_the_file(void **state)
{
    (void)state;
    pt_config_t c = config_of("[search]\nlr = 0.5\n[run]\npreset = bmtas\n"
                              "[task.edges]\nweight = 7\n");
    assert_int_equal(c.run.preset, PT_PRESET_BMTAS);
    assert_true(c.search.update.lr == 0.5 && c.warmup.update.lr == 1e-3);
    assert_int_equal(c.train.turn, PT_TURN_TASKS);
    assert_true(pt_config_task(&c, "edges").weight == 7);
    assert_true(pt_config_task(&c, "normals").weight == 10);

    pt_config_init(&c);
    assert_int_equal(pt_config_set(&c, "run.preset=bmtas"), PT_OK);
    assert_int_equal(read_text(&c, "[search]\nlr = 0.5\n"), PT_OK);
    assert_int_equal(pt_config_set(&c, "run.preset=bmtas"), PT_OK);
    assert_true(c.search.update.lr == 0.5 && c.warmup.update.lr == 1e-3);
    assert_int_equal(pt_config_set(&c, "run.preset=none"), PT_E_CONFIG);
    assert_message("run.preset: another was applied before");
}

static void every_preset_changes_what_it_says(void **state)
{
    (void)state;
    for (const char *const *s = pt_preset_settings(PT_PRESET_BMTAS); *s != NULL; s++) {
        pt_config_t c, set_twice;
        pt_config_init(&c);
        assert_int_equal(pt_config_set(&c, "run.preset=bmtas"), PT_OK);
        set_twice = c;
        assert_int_equal(pt_config_set(&set_twice, *s), PT_OK);
        assert_int_equal(pt_config_compare(&c, &set_twice), PT_OK);
    }
}

static void help_names_every_option(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    assert_true(pt_config_help(NULL, file));
    fclose(file);
    for (int32_t i = 0; i < n_rows(); i++) {
        char name[PT_OPTION_NAME], line[PT_CONFIG_TEXT];
        const pt_option_t *o = row(i, name);
        snprintf(line, sizeof line, "%s = %s\n", o->name, o->initial);
        assert_non_null(strstr(text, line));
    }
    free(text);
}

static void check_file(const char *path)
{
    pt_config_t c;
    char text[PT_CONFIG_TEXT];
    pt_config_init(&c);
    if (strstr(path, "/encoders/") != NULL) {
        snprintf(text, sizeof text, "space.encoder=%s", path);
        assert_int_equal(pt_config_set(&c, "space.kind=branch"), PT_OK);
        assert_int_equal(pt_config_set(&c, "data.file=some.h5"), PT_OK);
        if (pt_config_set(&c, text) != PT_OK || pt_config_check(&c) != PT_OK) {
            fail_msg("%s", pt_error_message());
        }
    } else if (pt_config_read(&c, path) != PT_OK || pt_config_check(&c) != PT_OK) {
        fail_msg("%s: %s", path, pt_error_message());
    }
}

static void the_configs_that_come_along_are_valid(void **state)
{
    (void)state;
    glob_t found;
    if (glob("configs/*.ini", 0, NULL, &found) != 0) {
        print_message("no configs/ in the current folder\n");
        skip();
    }
    assert_int_equal(glob("configs/encoders/*.ini", GLOB_APPEND, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        check_file(found.gl_pathv[i]);
    }
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bound_is_taken_and_what_is_next_to_it_refused),
        cmocka_unit_test(every_option_refuses_other_types_words_and_nothing),
        cmocka_unit_test(every_text_has_a_longest),
        cmocka_unit_test(every_word_is_taken_and_no_other),
        cmocka_unit_test(budgets_are_none_a_share_or_an_amount),
        cmocka_unit_test(retraining_starts_from_a_word_or_a_file),
        cmocka_unit_test(a_cache_is_a_word_or_bytes),
        cmocka_unit_test(sections_of_tasks_are_kept_by_name),
        cmocka_unit_test(every_name_of_a_task_can_be_set),
        cmocka_unit_test(wrong_sections_of_tasks_are_refused),
        cmocka_unit_test(tasks_that_the_data_lacks_are_refused),
        cmocka_unit_test(an_encoder_is_read_in_place),
        cmocka_unit_test(wrong_encoders_are_refused),
        cmocka_unit_test(a_preset_goes_before_the_file),
        cmocka_unit_test(every_preset_changes_what_it_says),
        cmocka_unit_test(help_names_every_option),
        cmocka_unit_test(the_configs_that_come_along_are_valid),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
