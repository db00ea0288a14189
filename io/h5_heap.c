/*
 * Strings of variable size, as h5py writes attributes.
 *
 * The library keeps them in a global heap of the file, whose sizes and numbers it believes
 * (1.10.8): damaged ones make it copy from anywhere, or look for an object for ever.  So it
 * hands over the reference alone, through a conversion of ours from such a string to 16
 * bytes, and the heap is read here:
 *
 *     reference  length u32, address of the collection u64, number of the object u32
 *     collection "GCOL", version u8, 3 bytes, its size u64;  objects
 *     object     number u16, uses u16, 4 bytes, size u64;  bytes, padded to a multiple of 8
 *
 * Number 0 is free space, whose size is that of all of it.  (HDF5 File Format
 * Specification, III.E; integers are little endian.)
 */
#include <string.h>

#include "polytree/base/memory.h"
#include "io/h5.h"

enum { REFERENCE_BYTES = 16, HEAD_BYTES = 16 };

typedef struct reference {
    uint64_t length, address, object;
} reference_t;

static uint64_t decode(const uint8_t *bytes, int n)
{
    uint64_t value = 0;
    for (int i = n - 1; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

static bool is_reference(hid_t type)
{
    return H5Tget_class(type) == H5T_OPAQUE && H5Tget_size(type) == REFERENCE_BYTES;
}

/* The 16 bytes of a string of the file are there already. */
static herr_t convert(hid_t from, hid_t to, H5T_cdata_t *data, size_t n, size_t stride,
                      size_t background_stride, void *values, void *background, hid_t list)
{
    (void)n;
    (void)stride;
    (void)background_stride;
    (void)values;
    (void)background;
    (void)list;
    data->need_bkg = H5T_BKG_NO;
    return data->command != H5T_CONV_INIT ||
                   (H5Tis_variable_str(from) > 0 && is_reference(to))
               ? 0
               : -1;
}

/* Registered once, as paths between types stay in the library. */
static hid_t reference_type(void)
{
    static hid_t type = H5I_INVALID_HID;
    hid_t text;
    if (type >= 0)
        return type;
    text = H5Tcopy(H5T_C_S1);
    type = H5Tcreate(H5T_OPAQUE, REFERENCE_BYTES);
    H5Tset_tag(type, "reference to a string");
    H5Tset_size(text, H5T_VARIABLE);
    if (H5Tregister(H5T_PERS_SOFT, "polytree string", text, type, convert) < 0) {
        pt_h5_close(type);
        type = H5I_INVALID_HID;
    }
    pt_h5_close(text);
    return type;
}

/* Whether addresses and sizes have the 8 bytes that all files of today have, and where in
 * the file they count from. */
static bool has_known_sizes(hid_t file, hsize_t *base)
{
    size_t address_bytes = 0, size_bytes = 0;
    hid_t list = H5Fget_create_plist(file);
    bool is_known = H5Pget_sizes(list, &address_bytes, &size_bytes) >= 0 &&
                    H5Pget_userblock(list, base) >= 0 && address_bytes == 8 &&
                    size_bytes == 8;
    pt_h5_close(list);
    return is_known;
}

/* Where in the file the object's bytes are. */
static bool find_object(hid_t file, haddr_t base, const reference_t *r, haddr_t *at)
{
    uint8_t head[HEAD_BYTES];
    if (!pt_h5_read_bytes(file, base + r->address, HEAD_BYTES, head) ||
        memcmp(head, "GCOL\1", 5) != 0)
        return false;
    uint64_t left = decode(head + 8, 8), next = base + r->address + HEAD_BYTES;
    if (left < HEAD_BYTES)
        return false;
    left -= HEAD_BYTES;
    while (left >= HEAD_BYTES && pt_h5_read_bytes(file, next, HEAD_BYTES, head)) {
        uint64_t number = decode(head, 2), size = decode(head + 8, 8);
        if (number == 0 || size > left - HEAD_BYTES)
            return false;
        if (number == r->object) {
            *at = next + HEAD_BYTES;
            return r->length <= size;
        }
        size = HEAD_BYTES + (size + 7) / 8 * 8;
        if (size > left)
            return false;
        left -= size;
        next += size;
    }
    return false;
}

/* The string that a reference of the file leads to; `size` of its bytes. */
static bool read_string(hid_t file, hsize_t base, const uint8_t *raw, char *out,
                        size_t bytes, size_t *size)
{
    haddr_t at = 0;
    reference_t r = {decode(raw, 4), decode(raw + 4, 8), decode(raw + 12, 4)};
    bool is_read = r.length == 0 || find_object(file, base, &r, &at);
    if (is_read && r.length < bytes) {
        is_read = r.length == 0 || pt_h5_read_bytes(file, at, r.length, out);
        out[r.length] = '\0';
    }
    *size = is_read && r.length < bytes ? strlen(out) : r.length;
    return is_read;
}

bool pt_h5_attr_variable_texts(hid_t attr, int64_t n, char *out, size_t bytes, size_t *size)
{
    uint8_t *raw = NULL;
    hsize_t base = 0;
    hid_t type = reference_type();
    *size = 0;
    if (type < 0 || pt_alloc(&raw, (size_t)n, REFERENCE_BYTES) != PT_OK)
        return false;
    hid_t file = H5Iget_file_id(attr);
    bool is_read = H5Aread(attr, type, raw) >= 0 && has_known_sizes(file, &base);
    for (int64_t i = 0; is_read && *size < bytes && i < n; i++)
        is_read = read_string(file, base, raw + i * REFERENCE_BYTES,
                              out + (size_t)i * bytes, bytes, size);
    pt_h5_close(file);
    pt_free(raw);
    return is_read;
}
