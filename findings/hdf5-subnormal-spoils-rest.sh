#!/usr/bin/env bash
# HDF5 1.10.8 (Debian 12; here through h5py 3.7.0): writing float32 to a float16 data set, one
# value that is a subnormal of float16 makes the values behind it wrong by a factor of two.
#
# What one expects: every element is rounded by itself, whatever stands beside it.  0.9999 is
# 1 in float16, and values of 1e-6, which float16 has as a subnormal, are common in what is
# stored so.
# What happens: before the subnormal 0.9999 becomes 1, behind it 0.5: the carry from the
# rounded fraction into the exponent is lost, for the rest of the buffer.  There is no error.
# NumPy's own conversion before the writing is right.
#
# Seen:
#   written as float32: [1.0, 1.0, 1.01e-06, 0.5, 0.5]
#   converted before: [1.0, 1.0, 1.01e-06, 1.0, 1.0]
set -eu
apt-get install -y --no-install-recommends python3-h5py=3.7.0-8 libhdf5-103-1=1.10.8+repack1-1 >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >look.py <<'END'
import h5py, numpy as np
values = np.array([0.9999, 0.9999, 1e-6, 0.9999, 0.9999], "f4")
with h5py.File("half.h5", "w") as f:
    for name, given in ("written as float32", values), ("converted before", values.astype("f2")):
        stored = f.create_dataset(name, given.shape, "f2")
        stored[...] = given
        print(name + ":", [float("%.3g" % x) for x in stored[...]])
END
/usr/bin/python3 look.py | tee seen
diff seen - <<'END'
written as float32: [1.0, 1.0, 1.01e-06, 0.5, 0.5]
converted before: [1.0, 1.0, 1.01e-06, 1.0, 1.0]
END
