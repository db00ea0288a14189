#!/usr/bin/env bash
# HDF5 1.10.8 (Debian 12; here through h5py 3.7.0): whether an unsigned integer that is too
# large for the signed type it is read as is clipped or wraps depends on the file's byte order.
#
# What one expects: the same numbers give the same result, however their bytes lie.
# What happens: little-endian uint16 read as int16 clips at 32767; big-endian uint16 wraps to
# negative numbers.  So it is for 32 and 64 bits.  Neither is an error.
#
# Seen:
#   <u2 as int16: [5, 32767, 32767]
#   >u2 as int16: [5, -1, -32760]
#   <u4 as int32: [5, 2147483647, 2147483647]
#   >u4 as int32: [5, -1, -2147483640]
#   <u8 as int64: [5, 9223372036854775807, 9223372036854775807]
#   >u8 as int64: [5, -1, -9223372036854775800]
set -eu
apt-get install -y --no-install-recommends python3-h5py=3.7.0-8 libhdf5-103-1=1.10.8+repack1-1 >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >look.py <<'END'
import h5py, numpy as np
with h5py.File("integers.h5", "w") as f:
    for size in 2, 4, 8:
        largest = 2 ** (8 * size) - 1
        for order in "<", ">":
            stored = "%su%d" % (order, size)
            f[stored] = np.array([5, largest, largest // 2 + 9], stored)
            print(stored, "as int%d:" % (8 * size), f[stored].astype("i%d" % size)[...].tolist())
END
/usr/bin/python3 look.py | tee seen
diff seen - <<'END'
<u2 as int16: [5, 32767, 32767]
>u2 as int16: [5, -1, -32760]
<u4 as int32: [5, 2147483647, 2147483647]
>u4 as int32: [5, -1, -2147483640]
<u8 as int64: [5, 9223372036854775807, 9223372036854775807]
>u8 as int64: [5, -1, -9223372036854775800]
END
