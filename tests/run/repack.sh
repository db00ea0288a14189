#!/usr/bin/env bash
# A data set in chunks that fit no reading sample by sample: what that costs is said, and
# `data repack` mends it with the same bits.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
"$PYTHON" -c "import h5py" 2>/dev/null || skip "no h5py"

small_data
"$PYTHON" - <<'PY'
import h5py, numpy as np

def copy(name, **layout):
    with h5py.File("shapes.h5", "r") as old, h5py.File(name, "w") as new:
        def put(path, item):
            if isinstance(item, h5py.Group):
                made = new.require_group(path)
            elif path.endswith("images"):
                made = new.create_dataset(path, data=item[:], **layout)
            else:
                made = new.create_dataset(path, data=item[:])
            made.attrs.update(item.attrs)
        new.attrs.update(old.attrs)
        old.visititems(put)

copy("bands.h5", chunks=(48, 4, 4, 1), compression="gzip")
copy("single.h5", chunks=(1, 16, 16, 1), compression="gzip")
# All that a data set may hold: floats of 64 bits with a scale, groups, names, an index.
rng = np.random.default_rng(3)
with h5py.File("rich.h5", "w") as f:
    f.attrs.update(format="polytree dataset", version=1, input_names=["a", "b", "c é"])
    f.create_group("tasks", track_order=True)
    f.create_group("tasks/z").attrs.update(kind="classification", classes=3, ignore=9, class_names=["x", "y", "z"])
    f.create_group("tasks/a").attrs.update(kind="regression")
    for split, n in {"train": 300, "test": 50}.items():
        x = f.create_dataset(split + "/inputs", data=rng.normal(size=(n, 3)), chunks=(n, 1), compression="gzip")
        x.attrs["scale"] = 0.5
        f[split + "/group"] = np.arange(n) // 4
        f[split + "/tasks/z/labels"] = (np.arange(n) % 3).astype(">i2")
        f[split + "/tasks/a/index"] = np.arange(0, n, 2)
        f[split + "/tasks/a/labels"] = rng.normal(size=(n // 2, 1))
        f[split + "/unknown"] = np.arange(5)
PY

# What it costs is said where it costs something, and only there.
cost="/train/images is in chunks of 60 x 8 x 8 x 1, so that with data.cache = none each row costs 60 times its bytes"
expect 0 "$POLYTREE" data check bands.h5
! grep -q "in chunks of" out || fail "12 KiB a row are called costly"
"$PYTHON" - <<'PY'
import h5py
with h5py.File("bands.h5", "r+") as f:
    for split in "train", "val", "test":
        x = f[split + "/images"][:].repeat(6, 1).repeat(6, 2)
        del f[split + "/images"]
        f.create_dataset(split + "/images", data=x, chunks=(min(60, len(x)), 8, 8, 1), compression="gzip")
PY
expect 0 "$POLYTREE" data check bands.h5
says out "^note: bands.h5: $cost"
expect 0 "$POLYTREE" plan "$SMALL" --ranks 2 --set data.file=bands.h5 data.cache=none
says err "^polytree: warning: bands.h5: $cost"
expect 0 "$POLYTREE" plan "$SMALL" --ranks 2 --set data.file=bands.h5
! grep -q "in chunks of" err || fail "what is in memory is called costly"
short=(warmup.steps=4 search.steps=4 retrain.steps=4)
expect 0 "$POLYTREE" search "$SMALL" -o BANDS --set data.file=bands.h5 data.cache=none "${short[@]}"
says err "^polytree: warning: bands.h5: $cost"

# Unpacked once, in a file that nobody sees: the same bits, and nothing is left.
mkdir scratch
for n in 1 2 3; do
    TMPDIR=$PWD/scratch OMPI_MCA_orte_tmpdir_base=/tmp expect 0 ranks $n search "$SMALL" -o "DISK-$n" \
        --set data.file=bands.h5 data.cache=disk "${short[@]}"
    ! grep -q "in chunks of" err || fail "what is unpacked once is called costly"
    same_result BANDS "DISK-$n"
done
# Or some in memory and the rest there: 113 of 348 images of 9 KiB.
for n in 1 2 3; do
    TMPDIR=$PWD/scratch OMPI_MCA_orte_tmpdir_base=/tmp expect 0 ranks $n search "$SMALL" -o "BOUND-$n" \
        --set data.file=bands.h5 data.cache=1M "${short[@]}"
    same_result BANDS "BOUND-$n"
done
[ -z "$(ls scratch)" ] || fail "files are left in TMPDIR"
# What fits needs no disk.
TMPDIR=$PWD/nowhere expect 0 "$POLYTREE" search "$SMALL" -o FITS --set data.file=bands.h5 data.cache=1G "${short[@]}"
same_result BANDS FITS
TMPDIR=$PWD/nowhere refuses 1 "no file of [0-9]+ MiB in $PWD/nowhere \\(TMPDIR\\): No such file" search "$SMALL" -o none \
    --set data.file=bands.h5 data.cache=1M
refuses 2 "data.cache = '2Q': expected one of none, memory, disk, or bytes as in 500M or 2G" search "$SMALL" -o none \
    --set data.cache=2Q
TMPDIR=$PWD/nowhere refuses 1 "no file of [0-9]+ MiB in $PWD/nowhere \\(TMPDIR\\): No such file" search "$SMALL" -o none \
    --set data.file=bands.h5 data.cache=disk
[ ! -e none ] || fail "a refused run leaves a folder"

refuses 2 "gzip" data repack bands.h5 packed.h5 --gzip 12
refuses 1 "bands.h5 is there already" data repack shapes.h5 bands.h5

# The same numbers: a run ends with the same bits, and goes on where one with the other began.
expect 0 "$POLYTREE" data repack bands.h5 packed.h5
says out "^sealed: yes"
expect 0 "$POLYTREE" data check packed.h5
! grep -q "in chunks of" out || fail "repacked it is costly still"
expect 0 "$POLYTREE" data repack bands.h5 plain.h5 --gzip 0
"$PYTHON" - <<'PY'
import h5py
with h5py.File("packed.h5") as f:
    assert f["train/images"].chunks == (1, 96, 96, 1) and f["train/images"].compression == "gzip"
    assert f["train/tasks/shape/labels"].chunks is None
with h5py.File("plain.h5") as f:
    assert f["train/images"].chunks is None
PY
for file in packed plain; do
    expect 0 "$POLYTREE" search "$SMALL" -o RUN-$file --set data.file=$file.h5 data.cache=none "${short[@]}"
    [ ! -s err ] || fail "$file.h5 is warned of"
    same_result BANDS RUN-$file
done
held ON "search 2" 1 search "$SMALL" -o ON --set data.file=bands.h5 "${short[@]}"
send TERM
ended 75
expect 0 "$POLYTREE" search "$SMALL" -o ON --set data.file=packed.h5 data.cache=none "${short[@]}"
same_result BANDS ON

# All that the schema knows comes along.
expect 0 "$POLYTREE" data repack rich.h5 rich2.h5 --gzip 1
"$PYTHON" - <<'PY'
import h5py, numpy as np
with h5py.File("rich.h5") as a, h5py.File("rich2.h5") as b:
    assert list(b["tasks"]) == ["z", "a"], list(b["tasks"])
    assert list(b.attrs["input_names"]) == ["a", "b", "c é"]
    assert list(b["tasks/z"].attrs["class_names"]) == ["x", "y", "z"] and b["tasks/z"].attrs["ignore"] == 9
    for split in "train", "test":
        for name in "inputs", "group", "tasks/z/labels", "tasks/a/index", "tasks/a/labels":
            x, y = a[f"{split}/{name}"], b[f"{split}/{name}"]
            assert x.dtype == y.dtype and np.array_equal(x[:], y[:]), name
        assert b[split + "/inputs"].attrs["scale"] == 0.5
        assert "unknown" not in b[split]
PY
flags=(--set data.standardise=auto space.op=linear_bn_relu space.stem=linear_bn_relu space.stride=1 "${short[@]}")
for file in rich rich2; do
    expect 0 "$POLYTREE" search "$SMALL" -o RUN-$file "${flags[@]}" data.file=$file.h5
done
same_result RUN-rich RUN-rich2
cp rich2.h5 bad.h5
printf '\377' | dd of=bad.h5 bs=1 seek=9000 conv=notrunc status=none
refuses 1 "damaged" data repack bad.h5 worse.h5
[ ! -e worse.h5 ] || fail "a damaged data set is repacked"
