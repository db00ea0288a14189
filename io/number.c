/* Numbers of files, whatever their width, sign and byte order, as numbers of memory. */
#include "io/number.h"

#include <math.h>
#include <string.h>

#define HOST_IS_BIG (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

static const struct {
    size_t bytes;
    bool is_float;
    pt_number_kind_t kind;
    const char *name;
} cells[] = {
    [PT_CELL_U8] = {1, false, PT_NUMBER_UNSIGNED, "an unsigned integer of 8 bits"},
    [PT_CELL_I32] = {4, false, PT_NUMBER_SIGNED, "a signed integer of 32 bits"},
    [PT_CELL_I64] = {8, false, PT_NUMBER_SIGNED, "a signed integer of 64 bits"},
    [PT_CELL_U64] = {8, false, PT_NUMBER_UNSIGNED, "an unsigned integer of 64 bits"},
    [PT_CELL_F32] = {4, true, PT_NUMBER_FLOAT, "a float of 32 bits"},
    [PT_CELL_F64] = {8, true, PT_NUMBER_FLOAT, "a float of 64 bits"}};

size_t pt_cell_bytes(pt_cell_t cell)
{
    return cells[cell].bytes;
}

bool pt_cell_is_float(pt_cell_t cell)
{
    return cells[cell].is_float;
}

const char *pt_cell_name(pt_cell_t cell)
{
    return cells[cell].name;
}

bool pt_number_is_cell(pt_number_t stored, pt_cell_t cell)
{
    return (size_t)stored.bytes == cells[cell].bytes && stored.kind == cells[cell].kind &&
           (stored.bytes == 1 || stored.is_big == HOST_IS_BIG);
}

const char *pt_number_name(pt_number_t number)
{
    static const char *const name[][4] = {
        [PT_NUMBER_UNSIGNED] = {"uint8", "uint16", "uint32", "uint64"},
        [PT_NUMBER_SIGNED] = {"int8", "int16", "int32", "int64"},
        [PT_NUMBER_FLOAT] = {"float8", "float16", "float32", "float64"}};
    return name[number.kind][number.bytes == 8 ? 3 : number.bytes / 2];
}

bool pt_number_is_wide(pt_number_t number)
{
    return number.bytes > (number.kind == PT_NUMBER_FLOAT ? 4 : 2);
}

double pt_number_step(pt_number_t number, double value)
{
    int bits = number.bytes == 2 ? 10 : number.bytes == 4 ? 23 : 52, exponent;
    (void)frexp(value, &exponent);
    double step = ldexp(0.5, exponent - bits);
    if (number.kind != PT_NUMBER_FLOAT)
        return number.bytes == 8 && step > 1 ? step : 0;
    return step;
}

/* The bits, most significant first. */
static uint64_t load(const char *stored, pt_number_t number)
{
    uint16_t b16;
    uint32_t b32;
    uint64_t b64;
    bool is_swapped = number.is_big != HOST_IS_BIG;
    switch (number.bytes) {
    case 1:
        return *(const unsigned char *)stored;
    case 2:
        memcpy(&b16, stored, sizeof b16);
        return is_swapped ? __builtin_bswap16(b16) : b16;
    case 4:
        memcpy(&b32, stored, sizeof b32);
        return is_swapped ? __builtin_bswap32(b32) : b32;
    default:
        memcpy(&b64, stored, sizeof b64);
        return is_swapped ? __builtin_bswap64(b64) : b64;
    }
}

/* Sign, exponent of 5 bits with a bias of 15, fraction of 10. */
static double half(uint64_t bits)
{
    int exponent = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
    double size = exponent == 0    ? ldexp(fraction, -24)
                  : exponent == 31 ? (fraction ? (double)NAN : (double)INFINITY)
                                   : ldexp(1024 + fraction, exponent - 25);
    return bits >> 15 ? -size : size;
}

static double float_of(uint64_t bits, int32_t bytes)
{
    uint32_t low = (uint32_t)bits;
    float single;
    double value;
    if (bytes == 2)
        return half(bits);
    memcpy(&single, &low, sizeof single);
    memcpy(&value, &bits, sizeof value);
    return bytes == 4 ? (double)single : value;
}

static int64_t extend_sign(uint64_t bits, int32_t bytes)
{
    int shift = 64 - 8 * bytes;
    return (int64_t)(bits << shift) >> shift;
}

/* An integer that is below 0, as two's complement, or not. */
static bool store_integer(bool is_negative, uint64_t bits, pt_cell_t cell, char *out)
{
    int64_t value = (int64_t)bits;
    int32_t narrow = (int32_t)value;
    switch (cell) {
    case PT_CELL_U8:
        *(unsigned char *)out = (unsigned char)bits;
        return !is_negative && bits <= UINT8_MAX;
    case PT_CELL_I32:
        memcpy(out, &narrow, sizeof narrow);
        return is_negative ? value >= INT32_MIN : bits <= INT32_MAX;
    case PT_CELL_I64:
        memcpy(out, &value, sizeof value);
        return is_negative || bits <= INT64_MAX;
    default:
        memcpy(out, &bits, sizeof bits);
        return !is_negative;
    }
}

static void store_float(double value, pt_cell_t cell, char *out)
{
    float single = (float)value;
    if (cell == PT_CELL_F32)
        memcpy(out, &single, sizeof single);
    else
        memcpy(out, &value, sizeof value);
}

static bool convert_float(double value, pt_cell_t cell, char *out)
{
    if (pt_cell_is_float(cell)) {
        store_float(value, cell, out);
        return true;
    }
    if (!(value == floor(value)) || value < -0x1p63 || value >= 0x1p64)
        return false;
    return value < 0 ? store_integer(true, (uint64_t)(int64_t)value, cell, out)
                     : store_integer(false, (uint64_t)value, cell, out);
}

static bool convert_integer(uint64_t bits, pt_number_t number, pt_cell_t cell, char *out)
{
    int64_t value =
        number.kind == PT_NUMBER_SIGNED ? extend_sign(bits, number.bytes) : (int64_t)bits;
    bool is_negative = number.kind == PT_NUMBER_SIGNED && value < 0;
    if (!pt_cell_is_float(cell))
        return store_integer(is_negative, (uint64_t)value, cell, out);
    /* Through double an integer of 64 bits would be rounded twice. */
    float single = is_negative ? (float)value : (float)(uint64_t)value;
    if (cell == PT_CELL_F32)
        memcpy(out, &single, sizeof single);
    else
        store_float(is_negative ? (double)value : (double)(uint64_t)value, cell, out);
    return true;
}

int64_t pt_number_convert(pt_number_t number, const void *stored, int64_t n, pt_cell_t cell,
                          void *out)
{
    const char *from = stored;
    char *to = out;
    size_t bytes = pt_cell_bytes(cell);
    for (int64_t i = 0; i < n; i++, from += number.bytes, to += bytes) {
        uint64_t bits = load(from, number);
        if (number.kind == PT_NUMBER_FLOAT
                ? !convert_float(float_of(bits, number.bytes), cell, to)
                : !convert_integer(bits, number, cell, to))
            return i;
    }
    return -1;
}
