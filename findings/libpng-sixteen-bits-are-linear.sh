#!/usr/bin/env bash
# libpng 1.6.39 (Debian 12), simplified API (png_image_*): a grey PNG of 16 bits, read as 8 bits,
# is not divided by 257: it is taken for linear light and encoded with a power of 1 / 2.2.
#
# What one expects: half of white (32768 of 65535) becomes 128, as from png_set_scale_16 of the
# same library; a file of 8 bits, which says as little of its gamma, does come as it is.
# What happens: 32768 becomes 186 and 1000 becomes 38 instead of 4.  Maps of depth or of heat that
# are stored with 16 bits are bent so without a word; PNG_IMAGE_FLAG_16BIT_sRGB, set between
# png_image_begin_read_* and png_image_finish_read, prevents it.
#
# Seen, values stored and values read:
#   8 bits: 128 -> 128
#   16 bits: 1000 -> 38, 32768 -> 186
#   16 bits with PNG_IMAGE_FLAG_16BIT_sRGB: 1000 -> 4, 32768 -> 128
set -eu
apt-get install -y --no-install-recommends libpng-dev=1.6.39-2+deb12u4 gcc libc6-dev python3 >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
/usr/bin/python3 - <<'END'
import struct, zlib

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

def write(name, bits, row):
    head = struct.pack(">IIBBBBB", len(row) * 8 // bits, 1, bits, 0, 0, 0, 0)
    with open(name, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
                + chunk(b"IDAT", zlib.compress(b"\0" + row)) + chunk(b"IEND", b""))

write("8.png", 8, bytes([128]))
write("16.png", 16, struct.pack(">2H", 1000, 32768))
END
cat >read.c <<'END'
#include <png.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    unsigned char row[8];

    if (!png_image_begin_read_from_file(&image, argv[1]))
        return 1;
    image.format = PNG_FORMAT_GRAY;
    if (argc > 2)
        image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
    if (!png_image_finish_read(&image, NULL, row, 0, NULL))
        return 1;
    for (unsigned i = 0; i < image.width; i++)
        printf(" %d", row[i]);
    puts("");
    return 0;
}
END
gcc -o read read.c -lpng
{
    echo "8 bits:$(./read 8.png)"
    echo "16 bits:$(./read 16.png)"
    echo "16 bits with the flag:$(./read 16.png flag)"
} | tee seen
diff seen - <<'END'
8 bits: 128
16 bits: 38 186
16 bits with the flag: 4 128
END
