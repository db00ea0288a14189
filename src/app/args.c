/* Command lines read by the table of flags of their command, which gives the help, too. */
#include "app/args.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/text.h"

/* The flag of "--name", "--name=value" or "-l"; -1 where there is none. */
static int find_flag(const pt_flag_t *flags, const char *text, const char **value)
{
    const char *equals = strchr(text, '=');
    size_t len = equals != NULL ? (size_t)(equals - text) : strlen(text);
    *value = NULL;
    for (int i = 0; flags[i].name != NULL; i++) {
        if (text[1] != '-') {
            if (text[1] == flags[i].letter && text[2] == '\0')
                return i;
            continue;
        }
        if (len - 2 == strlen(flags[i].name) &&
            strncmp(text + 2, flags[i].name, len - 2) == 0) {
            *value = equals != NULL ? equals + 1 : NULL;
            return i;
        }
    }
    return -1;
}

static pt_status_t unknown_flag(const pt_flag_t *flags, const char *text)
{
    const char *near = "help", *name = text + strspn(text, "-");
    int32_t nearest = pt_edit_distance(name, strlen(name), near, strlen(near));
    for (int i = 0; flags[i].name != NULL; i++) {
        int32_t distance =
            pt_edit_distance(name, strlen(name), flags[i].name, strlen(flags[i].name));
        if (distance < nearest) {
            nearest = distance;
            near = flags[i].name;
        }
    }
    if (!pt_is_near(nearest, strlen(name), strlen(near)))
        PT_FAIL(USAGE, "unknown option '%s'; --help lists those there are", text);
    PT_FAIL(USAGE, "unknown option '%s'; the nearest is --%s", text, near);
}

static pt_status_t add_flag(const pt_flag_t *flag, int i, const char *value,
                            pt_args_t *args)
{
    if (strcmp(flag->name, "set") == 0) {
        if (args->n_set == PT_ARGS_MAX_SET)
            PT_FAIL(USAGE, "more than %d times --set", PT_ARGS_MAX_SET);
        args->set[args->n_set++] = value;
        return PT_OK;
    }
    if (args->flag[i] != NULL)
        PT_FAIL(USAGE, "--%s is given twice", flag->name);
    args->flag[i] = value;
    return PT_OK;
}

static bool is_list(const pt_flag_t *flag)
{
    return strstr(flag->value, " ...") != NULL;
}

/* Reads the flag at *at and its value; leaves *at on the last word used. */
static pt_status_t take_flag(int argc, char **argv, int *at, const pt_flag_t *flags,
                             pt_args_t *args)
{
    const char *value;
    int i = find_flag(flags, argv[*at], &value);
    if (i < 0)
        return unknown_flag(flags, argv[*at]);
    if (flags[i].value == NULL) {
        if (value != NULL)
            PT_FAIL(USAGE, "--%s takes no value, got '%s'", flags[i].name, value);
        return add_flag(&flags[i], i, "", args);
    }
    bool is_set = strcmp(flags[i].name, "set") == 0, is_inline = value != NULL;
    if (value == NULL) {
        if (*at + 1 >= argc)
            PT_FAIL(USAGE, "%s needs a value: %s", argv[*at], flags[i].value);
        value = argv[++*at];
    }
    PT_TRY(add_flag(&flags[i], i, value, args));
    if (is_list(&flags[i])) {
        args->list[i] = is_inline ? &args->flag[i] : (const char *const *)&argv[*at];
        args->n_list[i] = 1;
        while (!is_inline && *at + 1 < argc && argv[*at + 1][0] != '-') {
            args->n_list[i]++;
            ++*at;
        }
    }
    while (is_set && *at + 1 < argc && argv[*at + 1][0] != '-' &&
           strchr(argv[*at + 1], '=') != NULL)
        PT_TRY(add_flag(&flags[i], i, argv[++*at], args));
    return PT_OK;
}

/* "section.key=value", where the command takes such. */
static bool is_setting(const pt_flag_t *flags, const char *text)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || memchr(text, '.', (size_t)(equals - text)) == NULL)
        return false;
    for (; flags->name != NULL; flags++)
        if (strcmp(flags->name, "set") == 0)
            return true;
    return false;
}

pt_status_t pt_args_parse(int argc, char **argv, const pt_flag_t *flags, int max_word,
                          pt_args_t *args)
{
    bool only_words = false;
    memset(args, 0, sizeof *args);
    for (int at = 0; at < argc; at++) {
        if (!only_words && strcmp(argv[at], "--") == 0) {
            only_words = true;
        } else if (!only_words && argv[at][0] == '-' && argv[at][1] != '\0') {
            PT_TRY(take_flag(argc, argv, &at, flags, args));
        } else if (args->n_word == max_word) {
            PT_FAIL(USAGE, "unexpected argument '%s'%s", argv[at],
                    is_setting(flags, argv[at]) ? "; options of the config come after --set"
                                                : "");
        } else {
            args->word[args->n_word++] = argv[at];
        }
    }
    return PT_OK;
}

void pt_args_help(const pt_flag_t *flags, FILE *file)
{
    for (int i = 0; flags[i].name != NULL; i++) {
        char left[64], letter[8] = "";
        if (flags[i].letter != 0)
            snprintf(letter, sizeof letter, "-%c, ", flags[i].letter);
        snprintf(left, sizeof left, "%s--%s %s", letter, flags[i].name,
                 flags[i].value != NULL ? flags[i].value : "");
        fprintf(file, "  %-28s %s\n", left, flags[i].help);
    }
}

pt_status_t pt_args_int(const char *name, const char *text, int64_t min, int64_t max,
                        int64_t fallback, int64_t *out)
{
    char *end;
    if (text == NULL) {
        *out = fallback;
        return PT_OK;
    }
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < min || value > max)
        PT_FAIL(USAGE, "--%s %s: expected a whole number from %lld to %lld", name, text,
                (long long)min, (long long)max);
    *out = value;
    return PT_OK;
}

pt_status_t pt_args_share(const char *name, const char *text, double fallback, double *out)
{
    char *end;
    if (text == NULL) {
        *out = fallback;
        return PT_OK;
    }
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= 0 && value < 1))
        PT_FAIL(USAGE, "--%s %s: expected a share from 0 to below 1", name, text);
    *out = value;
    return PT_OK;
}

pt_status_t pt_args_split(const char *text, pt_split_t *out)
{
    for (*out = 0; *out < PT_N_SPLIT; (*out)++)
        if (text != NULL && strcmp(text, pt_split_name(*out)) == 0)
            return PT_OK;
    if (text != NULL)
        PT_FAIL(USAGE, "--split %s: expected test, val or train", text);
    return PT_OK;
}
