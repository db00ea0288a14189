#include "polytree/config/config.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/option.h"
#include "polytree/base/memory.h"
#include "polytree/base/text.h"

/* What inih does not tell its handler: the line's number, its full text, and whether it
 * continues the value of the line before. */
typedef struct reader {
    FILE *file;
    const char *path;
    char *line;
    size_t capacity;
    int number;
    bool is_binary;    /**< this line is no text: none is read after it */
    bool is_cut;       /**< inih was given only the beginning */
    bool is_continued; /**< begins with a blank, after a key */

    char section[PT_CONFIG_TEXT]; /**< of any length, unlike inih's */
    pt_config_t *config;
    bool is_gathering;
    pt_option_at_t at; /**< whose value is being gathered */
    int begun;         /**< its first line */
    char value[PT_OPTION_TEXT];
    int *set_at; /**< per pt_option_at_t.index: the line that set it, or 0 */
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
    if (r->is_gathering && r->status == PT_OK &&
        pt_option_parse(&r->at, r->value) != PT_OK) {
        r->status = located(r, r->begun);
    }
    r->is_gathering = false;
}

static void note_section(reader_t *r)
{
    const char *begin = r->line + strspn(r->line, " \t");
    size_t len = strcspn(begin, "]");
    if (begin[0] == '[' && begin[len] == ']' && !r->is_continued) {
        snprintf(r->section, sizeof r->section, "%.*s", (int)len - 1, begin + 1);
    }
}

static char *read_line(char *text, int size, void *stream)
{
    reader_t *r = stream;
    ssize_t got = getline(&r->line, &r->capacity, r->file);
    if (got < 0) {
        return NULL;
    }
    r->number++;
    r->is_binary = !pt_is_text(r->line, (size_t)got);
    if (r->is_binary) {
        return NULL;
    }
    strip_comment(r->line);
    if (r->line[0] == '[') {
        finish_option(r);
    }
    r->is_continued = r->is_gathering && isspace((unsigned char)r->line[0]);
    note_section(r);
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
        r->status = PT_ERROR(CONFIG, "%s:%d: the value of %s is longer than %zu characters",
                             r->path, r->number, r->at.name, sizeof r->value - 1);
        return;
    }
    if (used > 0) {
        r->value[used++] = '\n';
    }
    memcpy(r->value + used, text, len + 1);
}

static void begin_option(reader_t *r, const char *key)
{
    finish_option(r);
    if (r->status != PT_OK) {
        return;
    }
    if (r->section[0] == '\0') {
        r->status = PT_ERROR(CONFIG, "%s:%d: '%s' stands before any [section]", r->path,
                             r->number, key);
        return;
    }
    if (pt_option_find(r->config, r->section, strlen(r->section), key, &r->at) != PT_OK) {
        r->status = located(r, r->number);
        return;
    }
    r->is_gathering = true;
    int *set_at = &r->set_at[r->at.index];
    if (*set_at > 0) {
        r->status = PT_ERROR(CONFIG, "%s:%d: %s was already set in line %d", r->path,
                             r->number, r->at.name, *set_at);
        return;
    }
    *set_at = r->number;
    r->begun = r->number;
    r->value[0] = '\0';
}

static int take_value(void *user, const char *section, const char *key, const char *value)
{
    reader_t *r = user;
    (void)section;
    if (r->status != PT_OK) {
        return 1;
    }
    bool is_continued = r->is_continued;
    if (!is_continued) {
        begin_option(r, key);
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
    if (r->is_binary) {
        PT_FAIL(CONFIG, "%s:%d: no text, expected a file of [section] and key = value",
                r->path, r->number);
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

static int32_t n_places(void)
{
    return pt_n_options + PT_CONFIG_TASKS * pt_n_task_options;
}

static pt_status_t read_once(pt_config_t *config, FILE *file, const char *path, int *set_at)
{
    reader_t r = {.file = file, .path = path, .config = config, .set_at = set_at};
    memset(set_at, 0, (size_t)n_places() * sizeof *set_at);
    rewind(file);
    pt_status_t status = read_open_file(&r);
    free(r.line);
    return status;
}

/* A preset that the file names goes before the file, which is then read again. */
static pt_status_t read_after_preset(pt_config_t *config, FILE *file, const char *path,
                                     int *set_at)
{
    pt_config_t before = *config;
    PT_TRY(read_once(config, file, path, set_at));
    pt_preset_t preset = config->run.preset;
    config->run.preset = before.run.preset;
    if (preset == PT_PRESET_NONE || before.run.preset != PT_PRESET_NONE) {
        return PT_OK;
    }
    *config = before;
    PT_TRY(pt_preset_apply(preset, config));
    return read_once(config, file, path, set_at);
}

/* The first line that set an option within [encoder], or outside of it; 0 where none did.
 */
static int first_set(const int *set_at, bool is_encoder)
{
    int first = 0;
    for (int32_t i = 0; i < n_places(); i++) {
        bool is_in = i < pt_n_options && strncmp(pt_options[i].name, "encoder.", 8) == 0;
        if (is_in == is_encoder && set_at[i] > 0 && (first == 0 || set_at[i] < first)) {
            first = set_at[i];
        }
    }
    return first;
}

static pt_status_t read_encoder(pt_config_t *config, const char *path, int *set_at)
{
    pt_config_t read = *config;
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        PT_FAIL(IO, "space.encoder = %s: %s", path, strerror(errno));
    }
    read.encoder.layers[0] = '\0';
    pt_status_t status = read_once(&read, file, path, set_at);
    fclose(file);
    PT_TRY(status);
    if (first_set(set_at, false) > 0) {
        PT_FAIL(CONFIG, "%s:%d: expected an [encoder] section alone", path,
                first_set(set_at, false));
    }
    if (read.encoder.layers[0] == '\0') {
        PT_FAIL(CONFIG, "space.encoder = %s: expected an [encoder] section with layers",
                path);
    }
    config->encoder = read.encoder;
    memset(config->space.encoder, 0, sizeof config->space.encoder);
    return PT_OK;
}

pt_status_t pt_encoder_read(pt_config_t *config, const char *folder, size_t folder_len)
{
    const char *name = config->space.encoder;
    char path[2 * PT_CONFIG_TEXT];
    int *set_at;
    if (name[0] == '\0') {
        return PT_OK;
    }
    folder_len = name[0] == '/' ? 0 : folder_len;
    int n = snprintf(path, sizeof path, "%.*s%s", (int)folder_len, folder, name);
    if (n < 0 || (size_t)n >= sizeof path) {
        PT_FAIL(CONFIG, "space.encoder = %s: the path is longer than %zu characters", name,
                sizeof path - 1);
    }
    PT_TRY(pt_alloc(&set_at, (size_t)n_places(), sizeof *set_at));
    pt_status_t status = read_encoder(config, path, set_at);
    pt_free(set_at);
    return status;
}

static pt_status_t read_open(pt_config_t *config, FILE *file, const char *path,
                             const char *beside, int *set_at)
{
    pt_option_at_t data;
    PT_TRY(read_after_preset(config, file, path, set_at));
    PT_TRY(pt_option_find(config, "data", 4, "file", &data));
    if (set_at[data.index] > 0) {
        PT_TRY(find_data_beside(config, beside));
    }
    if (config->space.encoder[0] != '\0' && first_set(set_at, true) > 0) {
        PT_FAIL(CONFIG, "%s:%d: expected either an [encoder] or space.encoder = %s", path,
                first_set(set_at, true), config->space.encoder);
    }
    const char *slash = strrchr(beside, '/');
    return pt_encoder_read(config, beside,
                           slash == NULL ? 0 : (size_t)(slash - beside) + 1);
}

/* Takes `file`; names in it are relative to `beside`. */
static pt_status_t read_stream(pt_config_t *config, FILE *file, const char *path,
                               const char *beside)
{
    pt_config_t changed = *config;
    int *set_at;
    pt_status_t status = pt_alloc(&set_at, (size_t)n_places(), sizeof *set_at);
    if (status == PT_OK) {
        status = read_open(&changed, file, path, beside, set_at);
        pt_free(set_at);
    }
    fclose(file);
    if (status == PT_OK) {
        *config = changed;
    }
    return status;
}

pt_status_t pt_config_read(pt_config_t *config, const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        PT_FAIL(IO, "%s: %s", path, strerror(errno));
    }
    return read_stream(config, file, path, path);
}

pt_status_t pt_config_read_text(pt_config_t *config, const char *text, const char *name)
{
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    if (file == NULL) {
        PT_FAIL(IO, "%s: %s", name, strerror(errno));
    }
    return read_stream(config, file, name, "");
}
