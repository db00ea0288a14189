/* Writing the wire format of Protocol Buffers. */
#include "polytree/base/protobuf.h"

#include <string.h>

/* How a value is written. */
enum { VARINT = 0, LENGTH = 2, FIXED32 = 5 };

/* Seven bits a byte, the lowest first; the highest bit says that more follow. */
static void put_varint(pt_text_t *message, uint64_t value)
{
    uint8_t byte[10];
    size_t n = 0;
    do {
        byte[n] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
        n++;
    } while (value > 0);
    pt_text_add_bytes(message, byte, n);
}

static void put_key(pt_text_t *message, int field, int how)
{
    put_varint(message, (uint64_t)field << 3 | (uint64_t)how);
}

void pt_protobuf_int(pt_text_t *message, int field, int64_t value)
{
    put_key(message, field, VARINT);
    put_varint(message, (uint64_t)value);
}

void pt_protobuf_float(pt_text_t *message, int field, float value)
{
    uint32_t bits;
    uint8_t byte[4];
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 4; i++)
        byte[i] = (uint8_t)(bits >> (8 * i));
    put_key(message, field, FIXED32);
    pt_text_add_bytes(message, byte, sizeof byte);
}

void pt_protobuf_bytes(pt_text_t *message, int field, const void *bytes, size_t n)
{
    put_key(message, field, LENGTH);
    put_varint(message, n);
    pt_text_add_bytes(message, bytes, n);
}

void pt_protobuf_text(pt_text_t *message, int field, const char *text)
{
    pt_protobuf_bytes(message, field, text, strlen(text));
}

void pt_protobuf_message(pt_text_t *message, int field, pt_text_t *inner)
{
    pt_protobuf_bytes(message, field, pt_text_get(inner), inner->n);
    if (message->status == PT_OK)
        message->status = inner->status;
    pt_text_release(inner);
}
