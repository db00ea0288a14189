#include "polytree/config/config.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/option.h"
#include "polytree/base/memory.h"

/* What inih does not tell its handler: the line's number, its full text, and whether it
 * continues the value of the line before. */
typedef struct reader {
    FILE *file;
    const char *path;
    char *line;
    size_t capacity;
    int number;
    bool is_cut;       /**< inih was given only the beginning */
    bool is_continued; /**< begins with a blank, after a key */

    pt_config_t *config;
    int32_t option; /**< whose value is being gathered, or -1 */
    int begun;      /**< its first line */
    char value[PT_OPTION_TEXT];
    int *set_at; /**< per option: the line that set it, or 0 */
    pt_status_t status;
    int failed_at; /**< the last line taken: where `status` was set */
} reader_t;

static void strip_comment(char *line)
{
    for (char *c = line; *c != '\0'; c++) {
        if (*c == ';' && (c == line || isspace((unsigned char)c[-1]))) {
            strcpy(c, "\n");
            return;
        }
    }
}

static pt_status_t located(const reader_t *r, int line)
{
    return PT_ERROR(CONFIG, "%s:%d: %s", r->path, line, pt_error_message());
}

static void finish_option(reader_t *r)
{
    if (r->option >= 0 && r->status == PT_OK &&
        pt_option_parse(&pt_options[r->option], r->value, r->config) != PT_OK) {
        r->status = located(r, r->begun);
    }
    r->option = -1;
}

static char *read_line(char *text, int size, void *stream)
{
    reader_t *r = stream;
    ssize_t got = getline(&r->line, &r->capacity, r->file);
    if (got < 0) {
        return NULL;
    }
    r->number++;
    strip_comment(r->line);
    if (r->line[0] == '[') {
        finish_option(r);
    }
    r->is_continued = r->option >= 0 && isspace((unsigned char)r->line[0]);
    size_t len = strlen(r->line);
    r->is_cut = len >= (size_t)size;
    if (r->is_cut) {
        memcpy(text, r->line, (size_t)size - 2);
        text[size - 2] = '\n';
        text[size - 1] = '\0';
    } else {
        memcpy(text, r->line, len + 1);
    }
    return text;
}

static void append_value(reader_t *r, const char *text)
{
    size_t used = strlen(r->value), len = strlen(text);
    if (used + len + 2 > sizeof r->value) {
        r->status =
            PT_ERROR(CONFIG, "%s:%d: the value of %s is longer than %zu characters",
                     r->path, r->number, pt_options[r->option].name, sizeof r->value - 1);
        return;
    }
    if (used > 0) {
        r->value[used++] = '\n';
    }
    memcpy(r->value + used, text, len + 1);
}

static void begin_option(reader_t *r, const char *section, const char *key)
{
    finish_option(r);
    const pt_option_t *option = pt_option_find(section, strlen(section), key);
    if (r->status != PT_OK) {
        return;
    }
    if (option == NULL) {
        if (section[0] == '\0') {
            r->status = PT_ERROR(CONFIG, "%s:%d: '%s' stands before any [section]", r->path,
                                 r->number, key);
        } else if (pt_option_unknown(section, strlen(section), key) != PT_OK) {
            r->status = located(r, r->number);
        }
        return;
    }
    r->option = (int32_t)(option - pt_options);
    if (r->set_at[r->option] > 0) {
        r->status = PT_ERROR(CONFIG, "%s:%d: %s was already set in line %d", r->path,
                             r->number, option->name, r->set_at[r->option]);
        return;
    }
    r->set_at[r->option] = r->number;
    r->begun = r->number;
    r->value[0] = '\0';
}

static int take_value(void *user, const char *section, const char *key, const char *value)
{
    reader_t *r = user;
    if (r->status != PT_OK) {
        return 1;
    }
    bool is_continued = r->is_continued;
    if (!is_continued) {
        begin_option(r, section, key);
    }
    if (r->status == PT_OK) {
        const char *text = value;
        if (r->is_cut) {
            text = is_continued ? r->line : r->line + strcspn(r->line, "=:") + 1;
            text += strspn(text, " \t");
        }
        append_value(r, text);
    }
    r->failed_at = r->number;
    return 1;
}

/* A relative data.file that is not in the current folder but beside the INI file. */
static pt_status_t find_data_beside(pt_config_t *config, const char *path)
{
    const char *file = config->data.file;
    const char *slash = strrchr(path, '/');
    if (slash == NULL || file[0] == '\0' || file[0] == '/' || access(file, F_OK) == 0) {
        return PT_OK;
    }
    char beside[2 * PT_CONFIG_TEXT];
    int n = snprintf(beside, sizeof beside, "%.*s/%s", (int)(slash - path), path, file);
    if (n < 0 || (size_t)n >= sizeof beside || access(beside, F_OK) != 0) {
        return PT_OK;
    }
    if ((size_t)n >= sizeof config->data.file) {
        PT_FAIL(CONFIG, "data.file: the path %s is longer than %zu characters", beside,
                sizeof config->data.file - 1);
    }
    memcpy(config->data.file, beside, (size_t)n + 1);
    return PT_OK;
}

static pt_status_t read_open_file(reader_t *r)
{
    int bad_line = ini_parse_stream(read_line, r, take_value, r);
    finish_option(r);
    if (ferror(r->file)) {
        PT_FAIL(IO, "%s: %s", r->path, strerror(errno));
    }
    if (bad_line < 0) {
        PT_FAIL(MEMORY, "%s: no memory to read it", r->path);
    }
    /* inih goes on after its first error, to which later ones may be due. */
    if (bad_line > 0 && (r->status == PT_OK || bad_line < r->failed_at)) {
        PT_FAIL(CONFIG, "%s:%d: expected [section], key = value or a comment", r->path,
                bad_line);
    }
    return r->status;
}

/* Takes `file`; `sets_data` says whether it set data.file. */
static pt_status_t read_stream(pt_config_t *config, FILE *file, const char *path,
                               bool *sets_data)
{
    reader_t r = {.file = file, .path = path, .config = config, .option = -1};
    pt_status_t status = pt_alloc(&r.set_at, (size_t)pt_n_options, sizeof *r.set_at);
    if (status == PT_OK) {
        status = read_open_file(&r);
        *sets_data = r.set_at[pt_option_find("data", 4, "file") - pt_options] > 0;
    }
    fclose(file);
    free(r.line);
    pt_free(r.set_at);
    return status;
}

pt_status_t pt_config_read(pt_config_t *config, const char *path)
{
    pt_config_t changed = *config;
    bool sets_data = false;
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        PT_FAIL(IO, "%s: %s", path, strerror(errno));
    }
    PT_TRY(read_stream(&changed, file, path, &sets_data));
    if (sets_data) {
        PT_TRY(find_data_beside(&changed, path));
    }
    *config = changed;
    return PT_OK;
}

pt_status_t pt_config_read_text(pt_config_t *config, const char *text, const char *name)
{
    pt_config_t changed = *config;
    bool sets_data;
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    if (file == NULL) {
        PT_FAIL(IO, "%s: %s", name, strerror(errno));
    }
    PT_TRY(read_stream(&changed, file, name, &sets_data));
    *config = changed;
    return PT_OK;
}
