/* Values of options to text and back, type by type. */
#include "config/option.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/text.h"

static bool in_range(const pt_option_t *option, double value)
{
    return isfinite(value) && value >= option->min && value <= option->max;
}

/* Not by way of double, which takes 2^53 + 1 for 2^53. */
static bool in_whole_range(const pt_option_t *option, int64_t value)
{
    return value >= (int64_t)option->min && value <= (int64_t)option->max;
}

/* A whole number at `*text`, which moves behind it. */
static bool take_whole(const char **text, int64_t *out)
{
    char *end;
    errno = 0;
    long long value = strtoll(*text, &end, 10);
    if (end == *text || errno != 0) {
        return false;
    }
    *text = end;
    *out = value;
    return true;
}

static bool parse_int(const pt_option_t *option, const char *text, void *field)
{
    int64_t value;
    if (!take_whole(&text, &value) || *text != '\0' || !in_whole_range(option, value)) {
        return false;
    }
    *(int64_t *)field = value;
    return true;
}

/* The same of a number that is in range. */
static bool take_real(const pt_option_t *option, const char **text, double *out)
{
    char *end;
    double value = strtod(*text, &end);
    if (end == *text || !in_range(option, value)) {
        return false;
    }
    *text = end;
    *out = value;
    return true;
}

static bool parse_real(const pt_option_t *option, const char *text, void *field)
{
    double value;
    if (!take_real(option, &text, &value) || *text != '\0') {
        return false;
    }
    *(double *)field = value;
    return true;
}

static bool parse_time(const pt_option_t *option, const char *text, void *field)
{
    if (option->words != NULL && strcmp(text, option->words[0]) == 0) {
        *(double *)field = PT_TIME_AUTO;
        return true;
    }
    if (strchr(text, ':') == NULL) {
        return parse_real(option, text, field);
    }
    int64_t part[3];
    for (int i = 0; i < 3; i++) {
        if (!isdigit((unsigned char)*text) || !take_whole(&text, &part[i]) ||
            *text != (i < 2 ? ':' : '\0') || (i > 0 && part[i] > 59)) {
            return false;
        }
        text += i < 2;
    }
    double seconds = 3600.0 * (double)part[0] + (double)(60 * part[1] + part[2]);
    if (!in_range(option, seconds)) {
        return false;
    }
    *(double *)field = seconds;
    return true;
}

static bool parse_bool(const pt_option_t *option, const char *text, void *field)
{
    (void)option;
    if ((text[0] != '0' && text[0] != '1') || text[1] != '\0') {
        return false;
    }
    *(bool *)field = text[0] == '1';
    return true;
}

static bool parse_word(const pt_option_t *option, const char *text, void *field)
{
    for (unsigned i = 0; option->words[i] != NULL; i++) {
        if (strcmp(text, option->words[i]) == 0) {
            memcpy(field, &i, sizeof i);
            return true;
        }
    }
    return false;
}

static bool parse_length(const pt_option_t *option, const char *text, void *field)
{
    int64_t count;
    if (!take_whole(&text, &count) || !in_whole_range(option, count)) {
        return false;
    }
    bool is_epochs = *text == 'e';
    if (text[is_epochs] != '\0') {
        return false;
    }
    pt_length_t *length = field;
    length->count = count;
    length->is_epochs = is_epochs;
    return true;
}

static bool parse_ints(const pt_option_t *option, const char *text, void *field)
{
    pt_int_list_t list = {0};
    while (*text != '\0') {
        int64_t value;
        if (list.n == PT_CONFIG_LIST || !take_whole(&text, &value) ||
            !in_whole_range(option, value) ||
            (*text != '\0' && !isspace((unsigned char)*text))) {
            return false;
        }
        list.value[list.n++] = value;
        text += strspn(text, " \t\n");
    }
    if (list.n == 0) {
        return false;
    }
    *(pt_int_list_t *)field = list;
    return true;
}

static bool parse_reals(const pt_option_t *option, const char *text, void *field)
{
    pt_real_list_t list = {0};
    if (option->words != NULL && strcmp(text, option->words[0]) == 0) {
        *(pt_real_list_t *)field = list;
        return true;
    }
    while (*text != '\0') {
        double value;
        if (list.n == PT_CONFIG_REALS || !take_real(option, &text, &value) ||
            (*text != '\0' && !isspace((unsigned char)*text))) {
            return false;
        }
        list.value[list.n++] = value;
        text += strspn(text, " \t\n");
    }
    if (list.n == 0) {
        return false;
    }
    *(pt_real_list_t *)field = list;
    return true;
}

static bool parse_line(const pt_option_t *option, const char *text, void *field)
{
    size_t len = strlen(text);
    if (len >= option->size || strpbrk(text, "\n\r") != NULL) {
        return false;
    }
    memset(field, 0, option->size);
    memcpy(field, text, len);
    return true;
}

/* Put `len` bytes after what the field has, with `between`; false where they do not fit. */
static bool append(pt_text_t *field, const char *between, const char *text, size_t len)
{
    size_t n = field->n > 0 ? strlen(between) : 0;
    if (field->n + n + len >= field->capacity) {
        return false;
    }
    pt_text_add_bytes(field, between, n);
    pt_text_add_bytes(field, text, len);
    return true;
}

static bool parse_names(const pt_option_t *option, const char *text, void *field)
{
    memset(field, 0, option->size);
    pt_text_t names = pt_text_in(field, option->size);
    while (*text != '\0') {
        size_t len = strcspn(text, " \t\r\n");
        if (len > 0 && !append(&names, " ", text, len)) {
            return false;
        }
        text += len + strspn(text + len, " \t\r\n");
    }
    return names.n > 0;
}

static bool parse_lines(const pt_option_t *option, const char *text, void *field)
{
    memset(field, 0, option->size);
    pt_text_t lines = pt_text_in(field, option->size);
    for (text += strspn(text, " \t\r\n"); *text != '\0'; text += strspn(text, " \t\r\n")) {
        size_t len = strcspn(text, "\r\n"), next = len;
        while (isblank((unsigned char)text[len - 1])) {
            len--;
        }
        if (!append(&lines, "\n", text, len)) {
            return false;
        }
        text += next;
    }
    return true;
}

static bool parse_budget(const pt_option_t *option, const char *text, void *field)
{
    pt_budget_t budget = {0};
    if (strcmp(text, "none") != 0) {
        char *end;
        budget.amount = strtod(text, &end);
        budget.is_share = *end == '%';
        if (end == text || end[budget.is_share] != '\0' ||
            !in_range(option, budget.amount) || !(budget.amount > 0) ||
            (budget.is_share && budget.amount > 100)) {
            return false;
        }
        budget.amount /= budget.is_share ? 100 : 1;
    }
    pt_budget_t *out = field;
    out->amount = budget.amount;
    out->is_share = budget.is_share;
    return true;
}

/* A file is told from a misspelt word by the . or / that its name or path has. */
static bool parse_from(const pt_option_t *option, const char *text, void *field)
{
    memset(field, 0, option->size);
    if (parse_word(option, text, field)) {
        return true;
    }
    unsigned n_word = 0;
    while (option->words[n_word] != NULL) {
        n_word++;
    }
    size_t len = strlen(text);
    if (len >= option->size - sizeof n_word || strpbrk(text, "./") == NULL ||
        strpbrk(text, "\r\n") != NULL) {
        return false;
    }
    memcpy(field, &n_word, sizeof n_word);
    memcpy((char *)field + sizeof n_word, text, len);
    return true;
}

static const char size_letters[] = "KMGT"; /* each 1024 of the one before */

static bool parse_size(const pt_option_t *option, const char *text, void *field)
{
    int64_t bytes, unit = 1;
    memset(field, 0, option->size);
    if (parse_word(option, text, field)) {
        return true;
    }
    unsigned n_word = 0;
    while (option->words[n_word] != NULL) {
        n_word++;
    }
    if (!isdigit((unsigned char)*text) || !take_whole(&text, &bytes)) {
        return false;
    }
    const char *letter = *text != '\0' ? strchr(size_letters, *text) : NULL;
    for (const char *c = size_letters; letter != NULL && c <= letter; c++) {
        unit *= 1024;
    }
    if (text[letter != NULL] != '\0' || __builtin_mul_overflow(bytes, unit, &bytes) ||
        !in_whole_range(option, bytes)) {
        return false;
    }
    memcpy(field, &n_word, sizeof n_word);
    memcpy((char *)field + option->size - sizeof bytes, &bytes, sizeof bytes);
    return true;
}

static bool (*const parse[])(const pt_option_t *option, const char *text, void *field) = {
    [PT_OPTION_INT] = parse_int,       [PT_OPTION_REAL] = parse_real,
    [PT_OPTION_TIME] = parse_time,     [PT_OPTION_BOOL] = parse_bool,
    [PT_OPTION_WORD] = parse_word,     [PT_OPTION_LENGTH] = parse_length,
    [PT_OPTION_INTS] = parse_ints,     [PT_OPTION_REALS] = parse_reals,
    [PT_OPTION_LINE] = parse_line,     [PT_OPTION_PATH] = parse_line,
    [PT_OPTION_NAMES] = parse_names,   [PT_OPTION_LINES] = parse_lines,
    [PT_OPTION_BUDGET] = parse_budget, [PT_OPTION_FROM] = parse_from,
    [PT_OPTION_SIZE] = parse_size,
};

/* Does the mark stand where a comment might begin? */
static bool holds_comment(const char *text, char mark)
{
    for (const char *c = strchr(text, mark); c != NULL; c = strchr(c + 1, mark)) {
        if (c == text || isspace((unsigned char)c[-1])) {
            return true;
        }
    }
    return false;
}

/* In a file " ;" begins a comment: such a value could not be written and read back.  " #"
 * begins one to many who write it: it must not become part of a file's name. */
static pt_status_t check_comment(const char *name, const char *value)
{
    if (holds_comment(value, ';')) {
        PT_FAIL(CONFIG, "%s = '%s': a ';' at the start or after a blank begins a comment",
                name, value);
    }
    if (holds_comment(value, '#')) {
        PT_FAIL(CONFIG,
                "%s = '%s': a '#' begins a comment at the start of a line only; behind a "
                "value write ';'",
                name, value);
    }
    return PT_OK;
}

pt_status_t pt_option_parse(const pt_option_at_t *at, const char *text)
{
    const pt_option_t *option = at->option;
    char value[PT_OPTION_TEXT];
    text += strspn(text, " \t\r\n");
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1])) {
        len--;
    }
    char expected[PT_CONFIG_TEXT];
    pt_option_expected(option, expected, sizeof expected);
    if (len >= sizeof value) {
        PT_FAIL(CONFIG, "%s: a value of %zu characters; expected %s", at->name, len,
                expected);
    }
    memcpy(value, text, len);
    value[len] = '\0';
    if (!pt_is_text(value, len)) {
        PT_FAIL(CONFIG, "%s: its value is no text; expected %s", at->name, expected);
    }
    PT_TRY(check_comment(at->name, value));
    /* A refused value leaves the field as it was. */
    union {
        pt_int_list_t list;
        pt_real_list_t reals;
        pt_budget_t budget;
        char text[PT_OPTION_TEXT];
    } field = {.text = ""};
    if (!parse[option->type](option, value, &field)) {
        PT_FAIL(CONFIG, "%s = '%s': expected %s", at->name, value, expected);
    }
    memcpy((char *)at->base + option->offset, &field, option->size);
    return PT_OK;
}

/* The shortest text that reads back to `value`; no exponent while that stays short. */
static void format_real(double value, char *text, size_t size)
{
    enum { PLAIN = 8 };
    char other[32];
    text[0] = '\0';
    for (int digits = 1; digits <= 17; digits++) {
        size_t len = (size_t)snprintf(other, sizeof other, "%.*g", digits, value);
        bool is_plain = len <= PLAIN && strchr(other, 'e') == NULL;
        if (strtod(other, NULL) == value &&
            (text[0] == '\0' || len < strlen(text) || is_plain)) {
            snprintf(text, size, "%s", other);
        }
    }
}

static void format_ints(const pt_int_list_t *list, char *text, size_t size)
{
    pt_text_t out = pt_text_in(text, size);
    for (int32_t i = 0; i < list->n; i++) {
        pt_text_add(&out, "%s%lld", i > 0 ? " " : "", (long long)list->value[i]);
    }
}

static void format_reals(const pt_option_t *option, const pt_real_list_t *list, char *text,
                         size_t size)
{
    char value[32];
    pt_text_t out = pt_text_in(text, size);
    if (list->n == 0) {
        pt_text_add(&out, "%s", option->words[0]);
    }
    for (int32_t i = 0; i < list->n; i++) {
        format_real(list->value[i], value, sizeof value);
        pt_text_add(&out, "%s%s", i > 0 ? " " : "", value);
    }
}

static void format_budget(const pt_budget_t *budget, char *text, size_t size)
{
    if (budget->amount == 0) {
        snprintf(text, size, "none");
        return;
    }
    /* The percentage that is read as this share: a hundred times it may be off by one bit.
     */
    double amount = budget->amount * (budget->is_share ? 100 : 1);
    for (int i = 0; budget->is_share && i < 4 && amount / 100 != budget->amount; i++) {
        amount = nextafter(amount, amount / 100 < budget->amount ? INFINITY : 0);
    }
    format_real(amount, text, size);
    strcat(text, budget->is_share ? "%" : "");
}

static void format_size(int64_t bytes, char *text, size_t size)
{
    int letter = -1;
    while (bytes > 0 && bytes % 1024 == 0 && size_letters[letter + 1] != '\0') {
        bytes /= 1024;
        letter++;
    }
    snprintf(text, size, "%lld%.*s", (long long)bytes, letter >= 0,
             size_letters + (letter >= 0 ? letter : 0));
}

void pt_option_format(const pt_option_t *option, const void *base,
                      char text[PT_OPTION_TEXT])
{
    const void *field = (const char *)base + option->offset;
    const pt_length_t *length = field;
    int64_t bytes;
    unsigned word;
    switch (option->type) {
    case PT_OPTION_INT:
        snprintf(text, PT_OPTION_TEXT, "%lld", (long long)*(const int64_t *)field);
        break;
    case PT_OPTION_REAL:
    case PT_OPTION_TIME:
        if (option->words != NULL && *(const double *)field == PT_TIME_AUTO) {
            snprintf(text, PT_OPTION_TEXT, "%s", option->words[0]);
        } else {
            format_real(*(const double *)field, text, PT_OPTION_TEXT);
        }
        break;
    case PT_OPTION_BOOL:
        snprintf(text, PT_OPTION_TEXT, "%d", *(const bool *)field);
        break;
    case PT_OPTION_WORD:
        memcpy(&word, field, sizeof word);
        snprintf(text, PT_OPTION_TEXT, "%s", option->words[word]);
        break;
    case PT_OPTION_LENGTH:
        snprintf(text, PT_OPTION_TEXT, "%lld%s", (long long)length->count,
                 length->is_epochs ? "e" : "");
        break;
    case PT_OPTION_INTS:
        format_ints(field, text, PT_OPTION_TEXT);
        break;
    case PT_OPTION_REALS:
        format_reals(option, field, text, PT_OPTION_TEXT);
        break;
    case PT_OPTION_LINE:
    case PT_OPTION_PATH:
    case PT_OPTION_NAMES:
    case PT_OPTION_LINES:
        snprintf(text, PT_OPTION_TEXT, "%s", (const char *)field);
        break;
    case PT_OPTION_BUDGET:
        format_budget(field, text, PT_OPTION_TEXT);
        break;
    case PT_OPTION_FROM:
        memcpy(&word, field, sizeof word);
        snprintf(text, PT_OPTION_TEXT, "%s",
                 option->words[word] != NULL ? option->words[word]
                                             : (const char *)field + sizeof word);
        break;
    case PT_OPTION_SIZE:
        memcpy(&word, field, sizeof word);
        memcpy(&bytes, (const char *)field + option->size - sizeof bytes, sizeof bytes);
        if (option->words[word] != NULL) {
            snprintf(text, PT_OPTION_TEXT, "%s", option->words[word]);
        } else {
            format_size(bytes, text, PT_OPTION_TEXT);
        }
        break;
    }
}

static const char *const kind_text[] = {
    [PT_OPTION_INT] = "a whole number",
    [PT_OPTION_REAL] = "a number",
    [PT_OPTION_TIME] = "seconds or h:m:s",
    [PT_OPTION_BOOL] = "0 or 1",
    [PT_OPTION_WORD] = "one of",
    [PT_OPTION_LENGTH] = "a number of steps, or of epochs as in 12e,",
    [PT_OPTION_INTS] = "whole numbers separated by blanks, each",
    [PT_OPTION_REALS] = "numbers separated by blanks, each",
    [PT_OPTION_LINE] = "one line of text",
    [PT_OPTION_PATH] = "the name of a file",
    [PT_OPTION_NAMES] = "names separated by blanks",
    [PT_OPTION_LINES] = "lines of text",
    [PT_OPTION_BUDGET] = "none, a share as in 60%, at most 100%, or an amount above 0,",
    [PT_OPTION_FROM] = "one of",
    [PT_OPTION_SIZE] = "one of",
};

void pt_option_expected(const pt_option_t *option, char *text, size_t size)
{
    pt_text_t out = pt_text_in(text, size);
    char min[32], max[32];
    pt_text_add(&out, "%s", kind_text[option->type]);
    switch (option->type) {
    case PT_OPTION_WORD:
    case PT_OPTION_FROM:
    case PT_OPTION_SIZE:
        for (int i = 0; option->words[i] != NULL; i++) {
            pt_text_add(&out, "%s%s", i > 0 ? ", " : " ", option->words[i]);
        }
        if (option->type == PT_OPTION_FROM) {
            pt_text_add(&out, ", or a file, with a . or / in its name");
        } else if (option->type == PT_OPTION_SIZE) {
            pt_text_add(&out, ", or bytes as in 500M or 2G");
        }
        break;
    case PT_OPTION_LINE:
    case PT_OPTION_PATH:
    case PT_OPTION_NAMES:
    case PT_OPTION_LINES:
        pt_text_add(&out, ", at most %zu characters", option->size - 1);
        break;
    case PT_OPTION_BOOL:
        break;
    default:
        format_real(option->min, min, sizeof min);
        format_real(option->max, max, sizeof max);
        pt_text_add(&out, " from %s to %s", min, max);
        if (option->words != NULL) {
            pt_text_add(&out, ", or %s", option->words[0]);
        }
    }
}

void pt_option_explain(const pt_option_t *option, char *text, size_t size)
{
    char min[32];
    switch (option->type) {
    case PT_OPTION_LINE:
    case PT_OPTION_PATH:
    case PT_OPTION_NAMES:
    case PT_OPTION_LINES:
        snprintf(text, size, "%s", kind_text[option->type]);
        return;
    case PT_OPTION_BUDGET:
        snprintf(text, size, "%.*s", (int)strlen(kind_text[option->type]) - 1,
                 kind_text[option->type]);
        return;
    case PT_OPTION_WORD:
    case PT_OPTION_FROM:
    case PT_OPTION_SIZE:
    case PT_OPTION_BOOL:
        break;
    default:
        if (option->max < 1e6)
            break;
        format_real(option->min, min, sizeof min);
        snprintf(text, size, "%s from %s on%s%s", kind_text[option->type], min,
                 option->words != NULL ? ", or " : "",
                 option->words != NULL ? option->words[0] : "");
        return;
    }
    pt_option_expected(option, text, size);
}
