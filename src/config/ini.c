/* The lines of an INI file: [section], key = value, comments, values that go on indented.
 */
#include "config/ini.h"

#include <errno.h>
#include <string.h>

#include "polytree/base/text.h"

#define BLANKS " \t\v\f\r\n"

/* A file at work: its lines are cut apart in place. */
typedef struct ini_reader {
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
} ini_reader_t;

static pt_status_t located(const ini_reader_t *r, int line, pt_status_t status)
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
static char *next_line(ini_reader_t *r)
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

static pt_status_t finish_option(ini_reader_t *r)
{
    bool is_whole = r->is_gathering;
    r->is_gathering = false;
    return is_whole ? located(r, r->begun, pt_option_parse(&r->at, r->value)) : PT_OK;
}

static pt_status_t append_value(ini_reader_t *r, const char *text)
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

static pt_status_t begin_option(ini_reader_t *r, const char *key)
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

/* "[section]" or "key = value": only values of several lines go on like that, and axes of a
 * sweep, which name an option by section and key. */
static bool looks_like_a_beginning(const char *text)
{
    size_t len = strlen(text), word = strcspn(text, BLANKS "=:.");
    return (text[0] == '[' && text[len - 1] == ']') ||
           (word > 0 && strchr(BLANKS, text[word]) != NULL && text[word] != '\0' &&
            text[word + strspn(text + word, BLANKS)] == '=');
}

/* A line that says something, from its first letter on; what is indented below a key goes
 * on with its value.  The name of a task may have brackets: a section ends with its line.
 */
static pt_status_t take_line(ini_reader_t *r, char *text, bool is_indented)
{
    size_t len = strlen(text), key_len = strcspn(text, "=:");
    if (is_indented && r->is_gathering && r->at.option->type != PT_OPTION_LINES &&
        looks_like_a_beginning(text)) {
        PT_FAIL(
            CONFIG,
            "%s:%d: '%s' is indented and so goes on with %s: options and sections begin "
            "at the left",
            r->path, r->number, text, r->at.name);
    }
    if (is_indented && r->is_gathering) {
        return append_value(r, text);
    }
    PT_TRY(finish_option(r));
    if (text[0] == '[' && text[len - 1] == ']') {
        text[len - 1] = '\0';
        r->section = text + 1;
        return PT_OK;
    }
    if ((text[0] == '[' || key_len == len) && strstr(text, " #") != NULL) {
        PT_FAIL(CONFIG,
                "%s:%d: a '#' begins a comment at the start of a line only; behind "
                "something write ';'",
                r->path, r->number);
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

static pt_status_t read_lines(ini_reader_t *r)
{
    for (char *line; (line = next_line(r)) != NULL;) {
        size_t indent = strspn(line, BLANKS);
        if (line[indent] != '\0') {
            PT_TRY(take_line(r, line + indent, indent > 0));
        }
    }
    return finish_option(r);
}

int32_t ini_n_place(void)
{
    return pt_n_options + PT_CONFIG_TASKS * pt_n_task_options;
}

pt_status_t ini_read(pt_config_t *config, const pt_text_t *text, const char *path,
                     int *set_at)
{
    static const char mark[] = "\xef\xbb\xbf"; /* of byte order */
    pt_text_t copy = {0};
    pt_text_add_bytes(&copy, pt_text_get(text), text->n);
    PT_TRY(copy.status);
    ini_reader_t r = {.path = path,
                      .next = copy.data,
                      .end = copy.data + copy.n,
                      .config = config,
                      .set_at = set_at};
    if (copy.n >= 3 && memcmp(copy.data, mark, 3) == 0) {
        r.next += 3;
    }
    memset(set_at, 0, (size_t)ini_n_place() * sizeof *set_at);
    pt_status_t status = read_lines(&r);
    pt_text_release(&copy);
    return status;
}

pt_status_t ini_load(const char *path, pt_text_t *text)
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

int ini_first_set(const int *set_at, bool is_encoder)
{
    int first = 0;
    for (int32_t i = 0; i < ini_n_place(); i++) {
        bool is_in = i < pt_n_options && strncmp(pt_options[i].name, "encoder.", 8) == 0;
        if (is_in == is_encoder && set_at[i] > 0 && (first == 0 || set_at[i] < first)) {
            first = set_at[i];
        }
    }
    return first;
}
