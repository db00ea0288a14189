#include "polytree/base/text.h"

enum { WORD_MAX = 64 };

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
