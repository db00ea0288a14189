#!/usr/bin/env bash
# Data sets are drawn, imported, described and checked; broken ones are found out.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"

expect 0 "$POLYTREE" data shapes a.h5 --size 16 --train 50 --val 10 --test 20 --seed 3
says out "wrote a.h5"
expect 0 "$POLYTREE" data info a.h5
says out "inputs: 16 x 16 x 1 uint8"
says out "^train +50 inputs"
[ "$(grep -c classification out)" = 3 ] || fail "shapes has not three tasks"
expect 0 "$POLYTREE" data check a.h5
says out "a.h5 is a sound data set"

expect 0 "$POLYTREE" data scenes s.h5 --size 16 --train 5 --val 2 --test 3 --seed 3
says out "^parts +segmentation +6 +5 +2 +3  all, 16 x 16 x 1"
says out "^normals +normals +- +5 +2 +3  all, 16 x 16 x 3"
expect 0 "$POLYTREE" data check s.h5
refuses 2 "size" data scenes t.h5 --size 4

# What is there stays, unless told otherwise.
before=$(cksum <a.h5)
refuses 1 "a.h5 is there already: --force replaces it" data shapes a.h5 --size 16
[ "$before" = "$(cksum <a.h5)" ] || fail "a refused drawing changes the file"
cp a.h5 d.h5
expect 0 "$POLYTREE" data shapes d.h5 --size 16 --train 20 --force
says out "^train +20 inputs"

# Ended while it writes, it leaves nothing.
# writing FILE: one that is drawn, halted at the first of its samples.
writing() {
    stall 0 H5Dwrite 200
    touch now
    start 1 data shapes "$1" --size 16 --train 20
    stalling=()
    wait_until is_stalled
    part=$1.tmp.$(uname -n).$job
    [ -e "$part" ] || fail "there is no part of $1"
}
writing big.h5
send TERM
ended 143
[ -z "$(find . -name 'big.h5*')" ] || fail "an ended drawing leaves a file"

# Killed, it leaves a part, which the next one removes; those at work keep theirs.
mkdir k kk
for path in k/k.h5 k.h5; do
    writing $path
    send KILL
    ended 137
    [ "$(ls $path.tmp.*)" = "$part" ] || fail "no part is left to remove"
    kept="$path.tmp.$(uname -n).$$ $path.tmp.$(uname -n).old $path.tmp.elsewhere.$job k$part"
    # shellcheck disable=SC2086  # several names
    touch $kept
    expect 0 "$POLYTREE" data shapes $path --size 16 --train 20
    [ ! -e "$part" ] || fail "the part of a dead process is left"
    # shellcheck disable=SC2086
    rm $kept || fail "more is removed than that"
done

# The same seed gives the same file, another one another.
"$POLYTREE" data shapes b.h5 --size 16 --train 50 --val 10 --test 20 --seed 3 >/dev/null
"$POLYTREE" data shapes c.h5 --size 16 --train 50 --val 10 --test 20 --seed 4 >/dev/null
pixels() { h5dump -d /train/images -o "$1.txt" "$1" >/dev/null && cat "$1.txt"; }
if command -v h5dump >/dev/null; then
    [ "$(pixels a.h5)" = "$(pixels b.h5)" ] || fail "equal seeds, other drawings"
    [ "$(pixels a.h5)" != "$(pixels c.h5)" ] || fail "other seeds, equal drawings"
fi

refuses 1 "no.h5" data info no.h5
echo "no HDF5 file" >bad.h5
refuses 1 "bad.h5" data info bad.h5
refuses 1 "bad.h5" data check bad.h5
head -c 3000 a.h5 >cut.h5
refuses 1 "cut.h5" data check cut.h5
if "$PYTHON" -c "import h5py" 2>/dev/null; then
    "$PYTHON" - <<'PY'
import h5py
with h5py.File("c.h5", "r+") as f:
    task = list(f["tasks"])[0]
    f["train/tasks/" + task + "/labels"][7] = 99
PY
    expect 1 "$POLYTREE" data check c.h5
    says out "99"
    says err "^polytree: c.h5: 1 finding"
fi
refuses 1 "folder" data import omniglot no-such-folder o.h5
refuses 1 "" data import idx no-such-folder i.h5
refuses 1 "" data shapes no/such/folder/s.h5

if "$PYTHON" -c "import numpy" 2>/dev/null; then
    "$PYTHON" - <<'PY'
import os
import numpy as np

rng = np.random.default_rng(1)
for split, n in {"train": 3, "val": 2}.items():
    for i in range(n):
        depth = rng.random((1, 8, 10)) * 9 + 0.5
        sample = {
            "image": rng.random((8, 10, 3), dtype="float32"),
            "label": np.asfortranarray(rng.integers(-1, 13, (8, 10)).astype("float32")),
            "depth": np.moveaxis(depth, 0, -1),
            "normal": rng.normal(size=(8, 10, 3)),
        }
        sample["normal"] /= np.linalg.norm(sample["normal"], axis=2, keepdims=True)
        for what, value in sample.items():
            os.makedirs(f"mtan/{split}/{what}", exist_ok=True)
            np.save(f"mtan/{split}/{what}/{i}.npy", value)
PY
    expect 0 "$POLYTREE" data import nyuv2 mtan n.h5 --val 1
    says out "^train +2 inputs"
    says out "^segmentation +segmentation +13 +2 +1 +2"
    says out "^normals +normals +- +2 +1 +2  all, 8 x 10 x 3"
    expect 0 "$POLYTREE" data check n.h5
    says out "n.h5 is a sound data set"
    refuses 1 "label/.*npy: has a label of .*, expected -1 to 6" data import cityscapes mtan c2.h5
else
    echo "no numpy: the import of what it writes is not tested"
fi

fashion=/usr/share/datasets/fashion-mnist
if [ -e $fashion ]; then
    expect 0 "$POLYTREE" data import idx $fashion f.h5 --pair --train 40 --val 10 --test 10
    says out "^left +classification +10"
    says out "^right +classification +10"
    expect 0 "$POLYTREE" data check f.h5
else
    echo "no $fashion: its import is not tested"
fi
omniglot=$POLYTREE_TEST_DATA/omniglot20/omniglot20.tar.gz
if [ -e "$omniglot" ]; then
    expect 0 "$POLYTREE" data import omniglot "$omniglot" o.h5 --size 12 --tasks "Angelic Keble"
    says out "^Angelic +classification +20 +200 +80 +120"
    says out "^Keble +classification +26 +260 +104 +156"
    expect 0 "$POLYTREE" data check o.h5
else
    echo "no $omniglot: its import is not tested"
fi
[ -z "$(find . -name '*.tmp*' -o -name 'i.h5')" ] || fail "a partial file is left"
