#!/usr/bin/env bash
# HDF5 1.10.8 (Debian 12; here through h5py 3.7.0): a virtual data set whose source file is not
# there, or is no HDF5 file at all, is read without an error, as fill values.
#
# What one expects: an error, as for a missing external file or an external link.
# What happens: the rows that the lost file should give are zeros (or whatever the fill value
# is), so that a training set with a shard that was not copied trains on black images.  The
# same opening says nothing either; only the list of sources and a look at each shows it.
#
# Seen:
#   both there: [1, 1, 2, 2]
#   b.h5 missing: [1, 1, 0, 0]
#   b.h5 is text: [1, 1, 0, 0]
set -eu
apt-get install -y --no-install-recommends python3-h5py=3.7.0-8 libhdf5-103-1=1.10.8+repack1-1 >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >look.py <<'END'
import h5py, os
layout = h5py.VirtualLayout(shape=(4,), dtype="i4")
for i, name in enumerate("ab"):
    with h5py.File(name + ".h5", "w") as f:
        f["x"] = [i + 1, i + 1]
    layout[2 * i : 2 * i + 2] = h5py.VirtualSource(name + ".h5", "x", shape=(2,))
with h5py.File("all.h5", "w") as f:
    f.create_virtual_dataset("x", layout)
def look(what):
    with h5py.File("all.h5", "r") as f:
        print(what + ":", f["x"][...].tolist())
look("both there")
os.remove("b.h5")
look("b.h5 missing")
with open("b.h5", "w") as f:
    f.write("this is no HDF5 file\n")
look("b.h5 is text")
END
/usr/bin/python3 look.py | tee seen
diff seen - <<'END'
both there: [1, 1, 2, 2]
b.h5 missing: [1, 1, 0, 0]
b.h5 is text: [1, 1, 0, 0]
END
