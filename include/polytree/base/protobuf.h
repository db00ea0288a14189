/** @file
 * Messages in the wire format of Protocol Buffers, put together as texts of bytes.
 *
 * A field is its number and the way its value is written, then the value; a message within
 * a message is a field of bytes.  What fails to grow is remembered in the text's status.
 */
#ifndef PT_BASE_PROTOBUF_H
#define PT_BASE_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>

#include "polytree/base/text.h"

/** An integer, also of 64 bits and of an enumeration. */
void pt_protobuf_int(pt_text_t *message, int field, int64_t value);
void pt_protobuf_float(pt_text_t *message, int field, float value);
void pt_protobuf_bytes(pt_text_t *message, int field, const void *bytes, size_t n);
void pt_protobuf_text(pt_text_t *message, int field, const char *text);
/** Another message, which is released, also where a piece of it failed. */
void pt_protobuf_message(pt_text_t *message, int field, pt_text_t *inner);

#endif
