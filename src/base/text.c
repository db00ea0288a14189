/* Texts that are put together, and words that people type and read. */
#include "polytree/base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"

enum { WORD_MAX = 64 };

pt_text_t pt_text_in(char *buffer, size_t size)
{
    buffer[0] = '\0';
    return (pt_text_t){.data = buffer, .capacity = size, .is_in_place = true};
}

/* Room for `n` more bytes and a NUL: as many of them as there is. */
static size_t make_room(pt_text_t *text, size_t n)
{
    if (text->is_in_place) {
        size_t left = text->capacity - text->n - 1;
        return n < left ? n : left;
    }
    if (text->status == PT_OK)
        text->status = pt_grow(&text->data, &text->capacity, text->n + n + 1, 1);
    return text->status == PT_OK ? n : 0;
}

/* Nothing of a character in UTF-8 whose rest was cut off. */
static void end(pt_text_t *text, size_t n, bool is_cut)
{
    while (is_cut && n > text->n && ((unsigned char)text->data[n] & 0xc0) == 0x80)
        n--;
    text->data[n] = '\0';
    text->n = n;
    if (is_cut)
        text->capacity = n + 1;
}

void pt_text_add_bytes(pt_text_t *text, const void *bytes, size_t n)
{
    size_t room = make_room(text, n);
    if (text->status != PT_OK)
        return;
    memcpy(text->data + text->n, bytes, room);
    if (room < n)
        text->data[text->n + room] = ((const char *)bytes)[room];
    end(text, text->n + room, room < n);
}

void pt_text_add(pt_text_t *text, const char *format, ...)
{
    char piece[256], *whole = piece;
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(piece, sizeof piece, format, args);
    va_end(args);
    if (n >= (int)sizeof piece && text->status == PT_OK) {
        text->status = pt_alloc(&whole, (size_t)n + 1, 1);
        if (text->status == PT_OK)
            vsnprintf(whole, (size_t)n + 1, format, again);
    }
    va_end(again);
    if (n > 0)
        pt_text_add_bytes(text, whole, (size_t)n);
    if (whole != piece)
        pt_free(whole);
}

void pt_text_add_base64(pt_text_t *text, const void *bytes, size_t n)
{
    static const char digit[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *b = bytes;
    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i < 3 ? n - i : 3;
        unsigned long word = 0;
        char four[4];
        for (size_t j = 0; j < 3; j++)
            word = word << 8 | (j < left ? b[i + j] : 0);
        for (size_t j = 0; j < 4; j++)
            four[j] = (char)(j <= left ? digit[word >> (18 - 6 * j) & 63] : '=');
        pt_text_add_bytes(text, four, 4);
    }
}

const char *pt_text_get(const pt_text_t *text)
{
    return text->data == NULL ? "" : text->data;
}

pt_status_t pt_text_steal(pt_text_t *text, char **out)
{
    pt_text_add_bytes(text, "", 0);
    PT_TRY(text->status);
    *out = text->data;
    *text = (pt_text_t){.data = NULL};
    return PT_OK;
}

void pt_text_release(pt_text_t *text)
{
    if (!text->is_in_place)
        pt_free(text->data);
    *text = (pt_text_t){.data = NULL};
}

int32_t pt_edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int32_t row[WORD_MAX];

    a_len = a_len < WORD_MAX - 1 ? a_len : WORD_MAX - 1;
    b_len = b_len < WORD_MAX - 1 ? b_len : WORD_MAX - 1;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = (int32_t)j;
    for (size_t i = 1; i <= a_len; i++) {
        int32_t corner = row[0];
        row[0] = (int32_t)i;
        for (size_t j = 1; j <= b_len; j++) {
            int32_t best = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            row[j] = best;
        }
    }
    return row[b_len];
}

bool pt_is_near(int32_t distance, size_t a_len, size_t b_len)
{
    size_t longer = a_len > b_len ? a_len : b_len;
    /* Two letters exchanged in a word of five are near: a distance of 2. */
    return 3 * (size_t)distance <= longer + 1;
}

bool pt_is_text(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        bool is_blank = c == ' ' || (c >= '\t' && c <= '\r');
        if ((c < 0x20 && !is_blank) || c == 0x7f)
            return false;
    }
    return true;
}

size_t pt_utf8_decode(const char *text, size_t bytes, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char c = (unsigned char)text[0];
    size_t n = c < 0x80 ? 1 : c < 0xc0 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf8 ? 4 : 0;
    if (n == 0 || n > bytes)
        return 0;
    *code = n == 1 ? c : c & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | ((unsigned char)text[i] & 0x3f);
    }
    bool is_surrogate = *code >= 0xd800 && *code < 0xe000;
    return *code < least[n] || *code > 0x10ffff || is_surrogate ? 0 : n;
}

typedef struct code_range {
    uint32_t first, last;
} code_range_t;

static bool is_in(const code_range_t *range, size_t n, uint32_t code)
{
    size_t i = 0;
    while (i < n && code > range[i].last)
        i++;
    return i < n && code >= range[i].first;
}

/* Controls, spaces, all that Unicode 15 has as Default_Ignorable_Code_Point (hyphens that
 * show at an end of line, fillers, marks of direction, variants and tags), anchors of
 * annotations, the blank pattern of Braille, and what is no character. */
static bool is_unseen(uint32_t code)
{
    static const code_range_t unseen[] = {
        {0, 0x20},          {0x7f, 0xa0},       {0xad, 0xad},       {0x34f, 0x34f},
        {0x61c, 0x61c},     {0x115f, 0x1160},   {0x1680, 0x1680},   {0x17b4, 0x17b5},
        {0x180b, 0x180f},   {0x2000, 0x200f},   {0x2028, 0x202f},   {0x205f, 0x206f},
        {0x2800, 0x2800},   {0x3000, 0x3000},   {0x3164, 0x3164},   {0xfdd0, 0xfdef},
        {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
        {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};
    return is_in(unseen, sizeof unseen / sizeof *unseen, code) || (code & 0xfffe) == 0xfffe;
}

const char *pt_text_fault(const char *text, size_t bytes)
{
    uint32_t code = 0;
    for (size_t i = 0, n; i < bytes; i += n) {
        n = pt_utf8_decode(text + i, bytes - i, &code);
        if (n == 0)
            return "is not in UTF-8";
        if (code < 0x20 || (code >= 0x7f && code < 0xa0))
            return "holds a control character";
    }
    return NULL;
}

const char *pt_name_fault(const char *name, size_t bytes)
{
    uint32_t code = 0;
    if (bytes == 0 || bytes >= PT_NAME)
        return "expected 1 to 63 bytes";
    if (bytes == 3 && memcmp(name, "all", 3) == 0)
        return "'all' stands for every task";
    if (name[0] == '.' && (bytes == 1 || (bytes == 2 && name[1] == '.')))
        return "'.' and '..' are places in a file";
    if (name[0] == ';')
        return "a config takes what ';' begins for a comment";
    for (size_t i = 0, n; i < bytes; i += n) {
        n = pt_utf8_decode(name + i, bytes - i, &code);
        if (n == 0)
            return "expected UTF-8";
        if (code == ' ' || code == ',')
            return "blanks and commas stand between names";
        if (is_unseen(code))
            return "it holds a character that cannot be seen";
    }
    return NULL;
}

int32_t pt_columns(const char *text)
{
    /* Of Unicode's East Asian widths and combining marks, the blocks that names have. */
    static const code_range_t wide[] = {{0x1100, 0x115f},   {0x2e80, 0xa4cf},
                                        {0xac00, 0xd7a3},   {0xf900, 0xfaff},
                                        {0xfe30, 0xfe6f},   {0xff00, 0xff60},
                                        {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
                                        {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}},
                              mark[] = {{0x300, 0x36f},
                                        {0x200b, 0x200f},
                                        {0x20d0, 0x20ff},
                                        {0xfe00, 0xfe0f}};
    int32_t columns = 0;
    for (size_t left = strlen(text), n; left > 0; text += n, left -= n) {
        uint32_t code = 0;
        n = pt_utf8_decode(text, left, &code);
        n = n == 0 ? 1 : n;
        columns += is_in(wide, sizeof wide / sizeof *wide, code)   ? 2
                   : is_in(mark, sizeof mark / sizeof *mark, code) ? 0
                                                                   : 1;
    }
    return columns;
}

int pt_padded(const char *text, int32_t columns)
{
    return columns + (int)strlen(text) - (int)pt_columns(text);
}

const char *pt_plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

const char *pt_unit(double size, double *scale)
{
    static const struct {
        const char *name;
        double scale;
    } unit[] = {{"G", 1e9}, {"M", 1e6}, {"k", 1e3}, {"", 1}};
    size_t i = 0;
    while (unit[i].scale > 1 && size < 0.9995 * unit[i].scale)
        i++;
    *scale = unit[i].scale;
    return unit[i].name;
}

const char *pt_score_format(double x)
{
    return x == 0 || (fabs(x) >= 1e-3 && fabs(x) < 1e5) ? "%.4f" : "%.4g";
}

const char *pt_duration(double seconds, char text[32])
{
    long s = isfinite(seconds) && seconds > 0 ? lround(fmin(seconds, 1e9)) : 0;
    if (s < 3600)
        snprintf(text, 32, "%ld:%02ld", s / 60, s % 60);
    else
        snprintf(text, 32, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    return text;
}
