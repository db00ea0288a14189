/* What a cell of a table says: nothing, a number, true or false, a time. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "polytree/base/text.h"
#include "io/csv.h"

enum { MAX_NUMBER = 1000 };

const char *pt_csv_show(pt_csv_cell_t cell, char text[PT_CSV_SHOWN])
{
    pt_text_t shown = pt_text_in(text, PT_CSV_SHOWN);
    uint32_t code;
    for (size_t i = 0, n; i < cell.bytes && shown.n + 8 < PT_CSV_SHOWN; i += n) {
        n = pt_utf8_decode(cell.text + i, cell.bytes - i, &code);
        bool is_seen = n > 0 && code >= 0x20 && code != 0x7f;
        n = n > 0 ? n : 1;
        pt_text_add_bytes(&shown, is_seen ? cell.text + i : "?", is_seen ? n : 1);
        if (shown.n + 8 >= PT_CSV_SHOWN && i + n < cell.bytes)
            pt_text_add(&shown, "...");
    }
    return text;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

pt_csv_cell_t pt_csv_trim(pt_csv_cell_t cell)
{
    while (cell.bytes > 0 && is_blank(cell.text[0])) {
        cell.text++;
        cell.bytes--;
    }
    while (cell.bytes > 0 && is_blank(cell.text[cell.bytes - 1]))
        cell.bytes--;
    return cell;
}

static bool is_one_of(pt_csv_cell_t cell, const char *const *word, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(word[i]) == cell.bytes && memcmp(word[i], cell.text, cell.bytes) == 0)
            return true;
    return false;
}

bool pt_csv_is_missing(pt_csv_cell_t cell)
{
    static const char *const word[] = {"#N/A", "#N/A N/A", "#NA",    "-1.#IND", "-1.#QNAN",
                                       "-NaN", "-nan",     "1.#IND", "1.#QNAN", "<NA>",
                                       "N/A",  "NA",       "NULL",   "NaN",     "None",
                                       "n/a",  "nan",      "null"};
    if (cell.bytes == 0)
        return true;
    /* Most cells are numbers, which none of the words begins with but two. */
    if (cell.bytes > 9 || (cell.text[0] >= '2' && cell.text[0] <= '9'))
        return false;
    return is_one_of(cell, word, sizeof word / sizeof word[0]);
}

bool pt_csv_bool(pt_csv_cell_t cell, double *value)
{
    static const char *const yes[] = {"true", "True", "TRUE"}, *const no[] = {"false",
                                                                              "False",
                                                                              "FALSE"};
    *value = is_one_of(cell, yes, 3);
    return *value == 1 || is_one_of(cell, no, 3);
}

/* A number as it is written: mantissa * 10^exponent, digits beyond 19 left out. */
typedef struct decimal {
    bool is_negative, has_more;
    uint64_t mantissa;
    int32_t exponent;
} decimal_t;

/* Digits at `p`: into the mantissa, and into the exponent where they are behind the point,
 * or beyond what the mantissa takes before it. */
static const char *take_digits(const char *p, const char *end, bool is_fraction,
                               decimal_t *d)
{
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        if (d->mantissa < UINT64_MAX / 10 - 1) {
            d->mantissa = 10 * d->mantissa + (uint64_t)(*p - '0');
            d->exponent -= is_fraction;
        } else {
            d->has_more = d->has_more || *p != '0';
            d->exponent += !is_fraction;
        }
    }
    return p;
}

static bool parse_decimal(pt_csv_cell_t cell, decimal_t *d)
{
    const char *p = cell.text, *end = p + cell.bytes, *begin;
    int32_t exponent = 0;
    *d = (decimal_t){.is_negative = *p == '-'};
    p += *p == '-' || *p == '+';
    begin = p;
    p = take_digits(p, end, false, d);
    int64_t n_digit = p - begin;
    if (p < end && *p == '.') {
        begin = ++p;
        p = take_digits(p, end, true, d);
        n_digit += p - begin;
    }
    if (n_digit == 0)
        return false;
    if (p < end && (*p == 'e' || *p == 'E')) {
        bool is_negative = ++p < end && *p == '-';
        p += p < end && (*p == '-' || *p == '+');
        begin = p;
        for (; p < end && *p >= '0' && *p <= '9'; p++)
            exponent = exponent < 100000 ? 10 * exponent + (*p - '0') : exponent;
        if (p == begin)
            return false;
        d->exponent += is_negative ? -exponent : exponent;
    }
    return p == end;
}

/* Rounded once, or to 64 bits first where that is sure to be the same; false where it is
 * not.  Powers of 10 up to 27 are exact in 64 bits, and up to 22 in 53. */
static bool form_quickly(const decimal_t *d, double *value)
{
#if LDBL_MANT_DIG == 64
    static const long double power[] = {1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,
                                        1e7L,  1e8L,  1e9L,  1e10L, 1e11L, 1e12L, 1e13L,
                                        1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L, 1e20L,
                                        1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};
    int32_t size = d->exponent < 0 ? -d->exponent : d->exponent;
    uint64_t bits;
    if (d->has_more || size > 27)
        return false;
    long double x = (long double)d->mantissa;
    x = d->exponent < 0 ? x / power[size] : x * power[size];
    memcpy(&bits, &x, sizeof bits);
    /* Half way between two doubles it may be by the first rounding. */
    if ((bits & 0x7ff) == 0x400)
        return false;
    *value = d->is_negative ? -(double)x : (double)x;
    return true;
#else
    (void)d;
    (void)value;
    return false;
#endif
}

static bool is_infinity(pt_csv_cell_t cell, double *value)
{
    bool has_sign = cell.text[0] == '-' || cell.text[0] == '+';
    const char *word = cell.text + has_sign;
    size_t n = cell.bytes - has_sign;
    if (!(n == 3 && strncasecmp(word, "inf", 3) == 0) &&
        !(n == 8 && strncasecmp(word, "infinity", 8) == 0))
        return false;
    *value = cell.text[0] == '-' ? -INFINITY : INFINITY;
    return true;
}

bool pt_csv_number(pt_csv_cell_t cell, double *value)
{
    char text[MAX_NUMBER + 1];
    double formed = 0;
    decimal_t d;
    if (cell.bytes == 0 || cell.bytes > MAX_NUMBER)
        return false;
    if (!parse_decimal(cell, &d)) {
        if (!is_infinity(cell, &formed))
            return false;
    } else if (value && !form_quickly(&d, &formed)) {
        memcpy(text, cell.text, cell.bytes);
        text[cell.bytes] = '\0';
        formed = strtod(text, NULL);
    }
    if (value)
        *value = formed;
    return true;
}

/* `n` digits at *p, which moves behind them. */
static bool take_fixed(const char **p, const char *end, int n, int64_t *value)
{
    *value = 0;
    for (int i = 0; i < n; i++, ++*p) {
        if (*p == end || **p < '0' || **p > '9')
            return false;
        *value = 10 * *value + (**p - '0');
    }
    return true;
}

static bool take_char(const char **p, const char *end, const char *of)
{
    if (*p == end || !strchr(of, **p))
        return false;
    ++*p;
    return true;
}

/* Days since 1970-01-01 in the Gregorian calendar (Hinnant, days_from_civil): years begin
 * in March, so that a leap day is the last of one; there are 146097 days in 400 years. */
static int64_t count_days(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400, of_era = year % 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* hh:mm, and where they are there ss and a fraction. */
static bool take_clock(const char **p, const char *end, double *seconds)
{
    int64_t hour, minute, second = 0;
    double digit = 0.1, fraction = 0;
    if (!take_fixed(p, end, 2, &hour) || !take_char(p, end, ":") ||
        !take_fixed(p, end, 2, &minute))
        return false;
    if (take_char(p, end, ":")) {
        if (!take_fixed(p, end, 2, &second))
            return false;
        if (take_char(p, end, ".,"))
            for (; *p < end && **p >= '0' && **p <= '9'; ++*p, digit /= 10)
                fraction += digit * (**p - '0');
    }
    *seconds = (double)(3600 * hour + 60 * minute + second) + fraction;
    return hour < 24 && minute < 60 && second <= 60;
}

/* Z, or hours and minutes east of Greenwich. */
static bool take_zone(const char **p, const char *end, double *seconds)
{
    int64_t hour, minute = 0;
    if (*p == end || take_char(p, end, "Z"))
        return true;
    double sign = **p == '-' ? -1 : 1;
    if (!take_char(p, end, "+-") || !take_fixed(p, end, 2, &hour))
        return false;
    take_char(p, end, ":");
    if (*p < end && !take_fixed(p, end, 2, &minute))
        return false;
    *seconds -= sign * (double)(3600 * hour + 60 * minute);
    return true;
}

bool pt_csv_time(pt_csv_cell_t cell, double *value)
{
    const char *p = cell.text, *end = p + cell.bytes;
    int64_t year, month, day;
    double seconds = 0;
    if (pt_csv_number(cell, value))
        return isfinite(*value);
    if (!take_fixed(&p, end, 4, &year) || !take_char(&p, end, "-/") ||
        !take_fixed(&p, end, 2, &month) || !take_char(&p, end, "-/") ||
        !take_fixed(&p, end, 2, &day) || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    if (take_char(&p, end, "T "))
        if (!take_clock(&p, end, &seconds) || !take_zone(&p, end, &seconds))
            return false;
    *value = (double)(86400 * count_days(year, month, day)) + seconds;
    return p == end;
}
