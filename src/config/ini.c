/* Reading of configs: [section], key = value, comments, values that go on when indented. */
#include "polytree/config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/option.h"
#include "polytree/base/memory.h"
#include "polytree/base/text.h"

#define BLANKS " \t\v\f\r\n"

/* A file at work: its lines are cut apart in place. */
typedef struct reader {
    const char *path;
    char *next; /**< where the next line begins */
    char *end;
    int number;          /**< of the line at work */
    const char *section; /**< what stands between its brackets; NULL: none yet */
    pt_config_t *config;
    bool is_gathering;
    pt_option_at_t at; /**< whose value is being gathered */
    int begun;         /**< its first line */
    char value[PT_OPTION_TEXT];
    int *set_at; /**< per pt_option_at_t.index: the line that set it, or 0 */
} reader_t;

static pt_status_t located(const reader_t *r, int line, pt_status_t status)
{
    return status == PT_OK
               ? PT_OK
               : PT_ERROR(CONFIG, "%s:%d: %s", r->path, line, pt_error_message());
}

/* A comment begins a line, or stands after a blank. */
static void strip_comment(char *line)
{
    size_t indent = strspn(line, BLANKS);
    if (line[indent] == '#') {
        line[indent] = '\0';
    }
    for (char *c = line; *c != '\0'; c++) {
        if (*c == ';' && (c == line || strchr(BLANKS, c[-1]) != NULL)) {
            *c = '\0';
        }
    }
}

/* A file of something else is told to be so, whatever its first line looks like. */
static pt_status_t check_text(const char *path, const char *text, size_t bytes)
{
    int number = 1;
    for (size_t i = 0; i < bytes; i++) {
        if (!pt_is_text(text + i, 1)) {
            PT_FAIL(CONFIG, "%s:%d: no text, expected a file of [section] and key = value",
                    path, number);
        }
        bool is_pair = text[i] == '\r' && i + 1 < bytes && text[i + 1] == '\n';
        number += text[i] == '\n' || (text[i] == '\r' && !is_pair);
    }
    return PT_OK;
}

/* The next line without its end, a comment, and blanks behind; NULL after the last. */
static char *next_line(reader_t *r)
{
    char *line = r->next, *end = line;
    if (line >= r->end) {
        return NULL;
    }
    while (end < r->end && *end != '\n' && *end != '\r') {
        end++;
    }
    r->next = end + (end + 1 < r->end && end[0] == '\r' && end[1] == '\n' ? 2 : 1);
    r->number++;
    *end = '\0';
    strip_comment(line);
    for (end = line + strlen(line); end > line && strchr(BLANKS, end[-1]) != NULL;) {
        *--end = '\0';
    }
    return line;
}

static pt_status_t finish_option(reader_t *r)
{
    bool is_whole = r->is_gathering;
    r->is_gathering = false;
    return is_whole ? located(r, r->begun, pt_option_parse(&r->at, r->value)) : PT_OK;
}

static pt_status_t append_value(reader_t *r, const char *text)
{
    size_t used = strlen(r->value), len = strlen(text);
    if (used + len + 2 > sizeof r->value) {
        PT_FAIL(CONFIG, "%s:%d: the value of %s is longer than %zu characters", r->path,
                r->number, r->at.name, sizeof r->value - 1);
    }
    if (used > 0) {
        r->value[used++] = '\n';
    }
    memcpy(r->value + used, text, len + 1);
    return PT_OK;
}

static pt_status_t begin_option(reader_t *r, const char *key)
{
    if (r->section == NULL) {
        PT_FAIL(CONFIG, "%s:%d: '%s' stands before any [section]", r->path, r->number, key);
    }
    PT_TRY(located(r, r->number,
                   pt_option_find(r->config, r->section, strlen(r->section), key, &r->at)));
    int *set_at = &r->set_at[r->at.index];
    if (*set_at > 0) {
        PT_FAIL(CONFIG, "%s:%d: %s was already set in line %d", r->path, r->number,
                r->at.name, *set_at);
    }
    *set_at = r->begun = r->number;
    r->is_gathering = true;
    r->value[0] = '\0';
    return PT_OK;
}

/* A line that says something, from its first letter on; what is indented below a key goes
 * on with its value.  The name of a task may have brackets: a section ends with its line.
 */
static pt_status_t take_line(reader_t *r, char *text, bool is_indented)
{
    size_t len = strlen(text), key_len = strcspn(text, "=:");
    if (is_indented && r->is_gathering) {
        return append_value(r, text);
    }
    PT_TRY(finish_option(r));
    if (text[0] == '[' && text[len - 1] == ']') {
        text[len - 1] = '\0';
        r->section = text + 1;
        return PT_OK;
    }
    if (text[0] == '[' || key_len == len) {
        PT_FAIL(CONFIG, "%s:%d: expected [section], key = value or a comment", r->path,
                r->number);
    }
    const char *value = text + key_len + 1;
    while (key_len > 0 && strchr(BLANKS, text[key_len - 1]) != NULL) {
        key_len--;
    }
    text[key_len] = '\0';
    PT_TRY(begin_option(r, text));
    return append_value(r, value + strspn(value, BLANKS));
}

static pt_status_t read_lines(reader_t *r)
{
    for (char *line; (line = next_line(r)) != NULL;) {
        size_t indent = strspn(line, BLANKS);
        if (line[indent] != '\0') {
            PT_TRY(take_line(r, line + indent, indent > 0));
        }
    }
    return finish_option(r);
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

static int32_t n_places(void)
{
    return pt_n_options + PT_CONFIG_TASKS * pt_n_task_options;
}

static pt_status_t read_once(pt_config_t *config, const pt_text_t *text, const char *path,
                             int *set_at)
{
    static const char mark[] = "\xef\xbb\xbf"; /* of byte order */
    pt_text_t copy = {0};
    pt_text_add_bytes(&copy, pt_text_get(text), text->n);
    PT_TRY(copy.status);
    reader_t r = {.path = path,
                  .next = copy.data,
                  .end = copy.data + copy.n,
                  .config = config,
                  .set_at = set_at};
    if (copy.n >= 3 && memcmp(copy.data, mark, 3) == 0) {
        r.next += 3;
    }
    memset(set_at, 0, (size_t)n_places() * sizeof *set_at);
    pt_status_t status = read_lines(&r);
    pt_text_release(&copy);
    return status;
}

static pt_status_t load(const char *path, pt_text_t *text)
{
    char piece[4096];
    size_t n;
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        PT_FAIL(IO, "%s: %s", path, strerror(errno));
    }
    while ((n = fread(piece, 1, sizeof piece, file)) > 0) {
        pt_text_add_bytes(text, piece, n);
    }
    pt_status_t status =
        ferror(file) ? PT_ERROR(IO, "%s: %s", path, strerror(errno)) : text->status;
    fclose(file);
    if (status == PT_OK) {
        status = check_text(path, pt_text_get(text), text->n);
    }
    if (status != PT_OK) {
        pt_text_release(text);
    }
    return status;
}

/* A preset that the file names goes before the file, which is then read again. */
static pt_status_t read_after_preset(pt_config_t *config, const pt_text_t *text,
                                     const char *path, int *set_at)
{
    pt_config_t before = *config;
    PT_TRY(read_once(config, text, path, set_at));
    pt_preset_t preset = config->run.preset;
    config->run.preset = before.run.preset;
    if (preset == PT_PRESET_NONE || before.run.preset != PT_PRESET_NONE) {
        return PT_OK;
    }
    *config = before;
    PT_TRY(pt_preset_apply(preset, config));
    return read_once(config, text, path, set_at);
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
    pt_text_t text = {0};
    if (load(path, &text) != PT_OK) {
        PT_FAIL(IO, "space.encoder = %s", pt_error_message());
    }
    read.encoder.layers[0] = '\0';
    pt_status_t status = read_once(&read, &text, path, set_at);
    pt_text_release(&text);
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

static pt_status_t read_whole(pt_config_t *config, const pt_text_t *text, const char *path,
                              const char *beside, int *set_at)
{
    pt_option_at_t data;
    PT_TRY(read_after_preset(config, text, path, set_at));
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

/* Names in it are relative to `beside`. */
static pt_status_t read_text(pt_config_t *config, const pt_text_t *text, const char *path,
                             const char *beside)
{
    pt_config_t changed = *config;
    int *set_at;
    PT_TRY(pt_alloc(&set_at, (size_t)n_places(), sizeof *set_at));
    pt_status_t status = read_whole(&changed, text, path, beside, set_at);
    pt_free(set_at);
    if (status == PT_OK) {
        *config = changed;
    }
    return status;
}

pt_status_t pt_config_read(pt_config_t *config, const char *path)
{
    pt_text_t text = {0};
    PT_TRY(load(path, &text));
    pt_status_t status = read_text(config, &text, path, path);
    pt_text_release(&text);
    return status;
}

pt_status_t pt_config_read_text(pt_config_t *config, const char *text, const char *name)
{
    pt_text_t whole = {0};
    pt_text_add_bytes(&whole, text, strlen(text));
    PT_TRY(whole.status);
    pt_status_t status = read_text(config, &whole, name, "");
    pt_text_release(&whole);
    return status;
}
