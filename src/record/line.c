/* Writing a JSON object of one line. */
#include "record/line.h"

#include <math.h>
#include <string.h>

/* Messages may name files, whose names are of any bytes; those that are no UTF-8 become the
 * character that stands for such. */
static void put_text(line_t *line, const char *value)
{
    size_t left = strlen(value), n;
    uint32_t code;
    pt_text_add(&line->text, "\"");
    for (; left > 0; value += n, left -= n) {
        n = pt_utf8_decode(value, left, &code);
        if (n == 0) {
            pt_text_add(&line->text, "\\ufffd");
            n = 1;
        } else if (*value == '"' || *value == '\\') {
            pt_text_add(&line->text, "\\%c", *value);
        } else if (code < 0x20) {
            pt_text_add(&line->text, "\\u%04x", (unsigned)code);
        } else {
            pt_text_add_bytes(&line->text, value, n);
        }
    }
    pt_text_add(&line->text, "\"");
}

static void put_key(line_t *line, const char *key)
{
    if (line->has_entry)
        pt_text_add(&line->text, ",");
    put_text(line, key);
    pt_text_add(&line->text, ":");
    line->has_entry = true;
}

void line_begin(line_t *line)
{
    line->text.n = 0;
    line->text.status = PT_OK;
    line->has_entry = false;
    pt_text_add(&line->text, "{");
}

void line_end(line_t *line)
{
    pt_text_add(&line->text, "}\n");
}

void line_open(line_t *line, const char *key)
{
    put_key(line, key);
    pt_text_add(&line->text, "{");
    line->has_entry = false;
}

void line_close(line_t *line)
{
    pt_text_add(&line->text, "}");
    line->has_entry = true;
}

void line_text(line_t *line, const char *key, const char *value)
{
    put_key(line, key);
    put_text(line, value);
}

void line_integer(line_t *line, const char *key, int64_t value)
{
    put_key(line, key);
    pt_text_add(&line->text, "%lld", (long long)value);
}

void line_boolean(line_t *line, const char *key, bool value)
{
    put_key(line, key);
    pt_text_add(&line->text, value ? "true" : "false");
}

static void put_real(line_t *line, const char *key, int digits, double value)
{
    put_key(line, key);
    if (isfinite(value))
        pt_text_add(&line->text, "%.*g", digits, value);
    else
        pt_text_add(&line->text, "null");
}

void line_real(line_t *line, const char *key, double value)
{
    put_real(line, key, 17, value);
}

void line_short_real(line_t *line, const char *key, double value)
{
    put_real(line, key, 6, value);
}

void line_integers(line_t *line, const char *key, const int32_t *value, int32_t n)
{
    put_key(line, key);
    for (int32_t i = 0; i < n; i++)
        pt_text_add(&line->text, "%s%d", i == 0 ? "[" : ",", (int)value[i]);
    pt_text_add(&line->text, n == 0 ? "[]" : "]");
}

void line_matrix(line_t *line, const char *key, const int64_t *value, int32_t n)
{
    put_key(line, key);
    for (int32_t i = 0; i < n * n; i++)
        pt_text_add(&line->text, "%s%lld",
                    i == 0       ? "[["
                    : i % n == 0 ? "],["
                                 : ",",
                    (long long)value[i]);
    pt_text_add(&line->text, n == 0 ? "[]" : "]]");
}
