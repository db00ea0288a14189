#!/usr/bin/env bash
# Arrays of NumPy's become data sets: every value as NumPy has it, whole or by split, packed
# or not, and what is wrong said in one line with array and row.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"

"$PYTHON" -c "import numpy, h5py" 2>/dev/null || skip "$PYTHON has no numpy or h5py"
import() { "$POLYTREE" data import npz "$@" --force; }
wrong() { refuses "$1" "$2" data import npz "${@:3}" --force; }

"$PYTHON" - <<'PY'
import numpy as np

rng = np.random.default_rng(3)
n = 50
x = rng.integers(0, 256, (n, 6, 5, 3)).astype("uint8")
tasks = {
    "kind": np.where(rng.random(n) < 0.2, -1, rng.integers(0, 4, n)),
    "signs": rng.random((n, 3)) < 0.5,
    "cost": np.where(rng.random((n, 2)) < 0.3, np.nan, rng.normal(size=(n, 2))),
    "parts": np.where(rng.random((n, 6, 5)) < 0.2, 255, rng.integers(0, 3, (n, 6, 5))).astype("uint8"),
    "far": rng.random((n, 6, 5)).astype(">f4"),
}
np.savez_compressed("whole.npz", x=x, **tasks)
cut = {"train": slice(0, 30), "val": slice(30, 35), "test": slice(35, n)}
np.savez("split.npz", **{f"{name}_{s}": a[c] for s, c in cut.items() for name, a in {"x": x, **tasks}.items()})
np.savez("odd.npz", x=x, short=tasks["kind"][:9], far=np.full(n, np.inf), wide=rng.integers(0, 9, (n, 2)),
         text=np.array(["a"] * n), turned=np.asfortranarray(rng.normal(size=(n, 2))))
np.savez("torch.npz", x=rng.normal(size=(40, 3, 16, 16)).astype("f4"), y=np.arange(40) % 2)
np.savez("one.npz", x=np.arange(40.0)[:, None], y=np.arange(40) % 2)
np.savez("nan.npz", x=np.where(np.arange(40).reshape(20, 2) == 7, np.nan, 1.0), y=np.arange(20) % 2)
PY
# What belongs together stays together, and numbers keep their digits.
"$PYTHON" - <<'PY'
import numpy as np
rng = np.random.default_rng(1)
np.savez("drawers.npz", x=1.7e9 + rng.normal(size=(60, 2)), y=1e12 + rng.normal(size=60),
         n=np.arange(60) + (1 << 40), who=np.arange(60) // 4 - 3, half=np.zeros(60))
PY
expect 0 import drawers.npz drawers.h5 --tasks y n --kinds n=regression --group who
"$PYTHON" - <<'PY'
import h5py, numpy as np
with np.load("drawers.npz") as a, h5py.File("drawers.h5") as f:
    number = {tuple(x): i for i, x in enumerate(a["x"])}
    seen = []
    for s in "train", "val", "test":
        rows = [number[tuple(x)] for x in f[s + "/inputs"][:]]
        assert (f[s + "/group"][:] == a["who"][rows]).all()
        assert (f[s + "/tasks/y/labels"][:].ravel() == a["y"][rows]).all()
        assert (f[s + "/tasks/n/labels"][:].ravel() == a["n"][rows]).all()
        seen += [set(f[s + "/group"][:])]
    assert len(set.union(*seen)) == sum(map(len, seen)) == 15, seen
PY
wrong 1 "drawers.npz: array 'half': expected an integer for each row" drawers.npz no.h5 --tasks y --group half
wrong 2 "drawers.npz: no array 'whose'" drawers.npz no.h5 --tasks y --group whose

all="kind signs cost parts far"
# shellcheck disable=SC2086
{
    expect 0 import split.npz split.h5 --tasks $all --kinds far=depth
    says out "task +kind: classification, 4 classes"
    says out "task +parts: segmentation, 3 classes"
    expect 0 "$POLYTREE" data check split.h5
    expect 0 import whole.npz whole.h5 --tasks $all --kinds far=depth
    expect 0 "$POLYTREE" data check whole.h5
}
"$PYTHON" - <<'PY'
import h5py, numpy as np

with np.load("split.npz") as a, h5py.File("split.h5") as f:
    for s in "train", "val", "test":
        assert np.array_equal(f[s + "/images"][:], a["x_" + s])
        for task in "kind", "signs", "cost", "parts", "far":
            want, group = a[f"{task}_{s}"], f[f"{s}/tasks/{task}"]
            none = np.isnan(want).all(axis=1) if task == "cost" else want < 0 if task == "kind" else np.zeros(len(want), bool)
            index = np.flatnonzero(~none)
            assert np.array_equal(group["index"][:] if "index" in group else np.arange(len(want)), index)
            assert np.array_equal(group["labels"][:], want[index].astype("float32") if task == "far" else want[index],
                                  equal_nan=want.dtype.kind == "f")
with np.load("whole.npz") as a, h5py.File("whole.h5") as f:
    number = {x.tobytes(): i for i, x in enumerate(a["x"])}
    for s in "train", "val", "test":
        rows = [number.pop(x.tobytes()) for x in f[s + "/images"][:]]
        assert np.array_equal(f[s + "/tasks/signs/labels"][:], a["signs"][rows])
        assert np.array_equal(f[s + "/tasks/far/labels"][:], a["far"][rows])
    assert not number
PY

# Channels that come first are seen, and one feature is one.
expect 0 import torch.npz torch.h5 --tasks y
says out "^note: images are 3 pixels high and 16 wide with 16 channels; if the first are channels, store"
expect 0 import whole.npz whole.h5 --tasks kind
! grep -q "^note: images" out || fail "a note on images in order"
expect 0 import one.npz one.h5 --tasks y
expect 0 "$POLYTREE" data info one.h5
says out "^inputs: 1 feature float64"

wrong 2 "array 'x' cannot be both a task and the inputs" whole.npz w.h5 --tasks x
wrong 2 "array 'x' cannot be both a task and the inputs" split.npz w.h5 --tasks x
wrong 2 "array 'kind' is named twice by --tasks" whole.npz w.h5 --tasks kind kind
wrong 2 "no task is named" whole.npz w.h5
wrong 2 "no array 'y'; the first of its 6 is" whole.npz w.h5 --tasks y
wrong 2 "--kinds far=distance: no such kind" whole.npz w.h5 --tasks far --kinds far=distance
wrong 1 "array 'short' has 9 rows, the inputs 50" odd.npz w.h5 --tasks short
wrong 1 "array 'far': row 0 holds inf, which is no label of regression" odd.npz w.h5 --tasks far
wrong 1 "array 'wide': row [0-9]+ holds [2-8], which is no label of multilabel" odd.npz w.h5 --tasks wide
wrong 1 "array 'text': numbers of type '<U1', expected" odd.npz w.h5 --tasks text
wrong 1 "array 'turned': in Fortran order" odd.npz w.h5 --tasks turned
wrong 1 "array 'x': row 3 holds a value that is not finite" nan.npz w.h5 --tasks y --val 0
head -c 2000 whole.npz >cut.npz
wrong 1 "cut.npz" cut.npz w.h5 --tasks kind
wrong 1 "none.npz" none.npz w.h5 --tasks kind
[ -z "$(find . -name 'w.h5*')" ] || fail "a refused import leaves a file"
