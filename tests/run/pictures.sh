#!/usr/bin/env bash
# Pictures of predictions: of maps that are easily learned, labels have the colours that they
# must have and predictions are near them; the same bytes on any number of ranks.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
"$PYTHON" -c 'import h5py, PIL' 2>/dev/null || skip "python3-h5py or python3-pil is not here"

cat >make.py <<'END'
import h5py, numpy as np

rng = np.random.default_rng(2)
N, S = {"train": 128, "val": 5, "test": 13}, 16
with h5py.File("maps.h5", "w") as f:
    f.attrs["format"] = "polytree dataset"
    f.attrs["version"] = 1
    for task, attrs in {
        "parts": {"kind": "segmentation", "classes": 3},
        "far": {"kind": "depth", "classes": 1},
        "mark": {"kind": "saliency", "classes": 1, "ignore": 9},
        "face": {"kind": "normals", "classes": 3},
        "which": {"kind": "classification", "classes": 2},
    }.items():
        f.create_group("tasks/" + task).attrs.update(attrs)
    for split, n in N.items():
        # Two vertical stripes or two horizontal ones, of three brightnesses.
        parts = np.zeros((n, S, S), int)
        which = rng.integers(0, 2, n)
        for i in range(n):
            a, b = rng.choice(3, 2, replace=False)
            cut = rng.integers(5, 12)
            parts[i] = a
            if which[i]:
                parts[i, cut:] = b
            else:
                parts[i, :, cut:] = b
        image = 40 + 80 * parts + rng.integers(0, 20, parts.shape)
        far = (1.0 + 2.0 * parts).astype("float32")
        far[:, :2, :3] = np.nan
        mark = (parts == 2).astype("int32")
        mark[:, -2:] = 9
        face = np.zeros((n, S, S, 3), "float32")
        face[..., 0] = parts == 0
        face[..., 2] = parts != 0
        f[split + "/images"] = np.repeat(image[..., None], 3, 3).astype("uint8")
        for task, labels in dict(parts=parts.astype("int32"), far=far, mark=mark, face=face,
                                 which=which.astype("int32")).items():
            f[f"{split}/tasks/{task}/labels"] = labels
END
"$PYTHON" make.py
"$POLYTREE" data check maps.h5 >/dev/null
OFF=(--set augment.rotate=0 --set augment.scale=0 --set augment.shear=0 --set augment.shift=0)
LEARN=(--set data.file=maps.h5 --set space.channels=16 --set space.stride=1 --set space.nodes=3
    --set warmup.steps=20 --set search.steps=20 --set retrain.steps=400 --set report.svg=0 --set run.eval_every=0
    --set train.bundle=auto --set train.tasks_per_step=0 --set "data.tasks=parts far mark face which"
    --set train.batch=16 --set train.microbatch=8 --set bn.calibrate=4 "${OFF[@]}")
expect 0 ranks 1 search "$SMALL" -o run "${LEARN[@]}" --set report.pictures=11
says out "^pictures +run/pictures"
[ "$(cd run/pictures && echo *)" = "$(printf '%04d.png ' {0..10} | sed 's/ $//')" ] || fail "not eleven pictures"

cat >look.py <<'END'
import sys, h5py, numpy as np
from PIL import Image

split, names = sys.argv[1], sys.argv[2:]
S, ZOOM, GAP = 16, 6, 4
T = S * ZOOM
VOC = np.array([[0, 0, 0], [128, 0, 0], [0, 128, 0]])
VIRIDIS = {0: [68, 1, 84], 1: [253, 231, 37]}
wrong = {}

def tile(picture, column, row):
    y, x = GAP + row * (T + GAP), GAP + column * (T + GAP)
    full = picture[y : y + T, x : x + T]
    small = full[::ZOOM, ::ZOOM]
    assert (np.repeat(np.repeat(small, ZOOM, 0), ZOOM, 1) == full).all(), "not enlarged evenly"
    return small.astype(int)

def compare(task, want, label, got, known):
    "Labels exactly; of what is predicted the share that is far."
    assert (label[known] == want[known]).all(), f"{task}: labels have other colours"
    grey = label[~known]
    assert np.isin(grey, [150, 200]).all() and (grey[:, :1] == grey).all(), f"{task}: no pattern"
    wrong.setdefault(task, []).append((np.abs(got - want)[known].max(-1) > 110).mean())

with h5py.File("maps.h5") as f:
    for i, name in enumerate(names):
        p = np.array(Image.open(name).convert("RGB"))
        assert p.shape == (GAP + 2 * (T + GAP), GAP + 6 * (T + GAP), 3), p.shape
        g = lambda task: f[f"{split}/tasks/{task}/labels"][i]
        assert (tile(p, 0, 0) == f[split + "/images"][i]).all(), "another input"
        assert (tile(p, 0, 1) == 255).all()
        parts, far, mark, face = g("parts"), g("far"), g("mark"), g("face")
        everywhere = np.ones((S, S), bool)
        compare("parts", VOC[parts], tile(p, 1, 0), tile(p, 1, 1), everywhere)
        known = ~np.isnan(far)
        ends = {np.nanmin(far): VIRIDIS[0], np.nanmax(far): VIRIDIS[1]}
        want = np.array([[ends.get(v, [0, 0, 0]) for v in row] for row in far])
        compare("far", want, tile(p, 2, 0), tile(p, 2, 1), known)
        want = np.repeat(255 * (mark == 1)[..., None], 3, 2)
        compare("mark", want, tile(p, 3, 0), tile(p, 3, 1), mark != 9)
        want = np.where((parts == 0)[..., None], [255, 128, 128], [128, 128, 255])
        compare("face", want, tile(p, 4, 0), tile(p, 4, 1), everywhere)
        bars = p[GAP : GAP + T, GAP + 5 * (T + GAP) :][:, :T, 0]
        half = T // 2
        for c in range(2):
            want = 60 if g("which") == c else 235
            assert (bars[:, c * half : (c + 1) * half] == want).all(), "which: other bars"
for task, share in wrong.items():
    print(task, "far off in", round(float(np.mean(share)), 4))
    assert np.mean(share) < 0.1, f"{task} has not learned, or another prediction is shown"
END
"$PYTHON" look.py test run/pictures/*.png || fail "the pictures are wrong"

# eval writes the same, whoever runs a microbatch; of val they take the place of the others.
cp -r run/pictures first
for n in 1 3; do
    expect 0 ranks $n eval run --pictures 11
    diff -r run/pictures first || fail "other pictures on $n ranks"
done
expect 0 ranks 2 eval run --pictures 100 --split val
[ "$(cd run/pictures && echo *)" = "0000.png 0001.png 0002.png 0003.png 0004.png" ] || fail "not those of val"
"$PYTHON" look.py val run/pictures/*.png || fail "the pictures of val are wrong"

# Bundles of their own have pictures of their own, those without maps none.
expect 0 ranks 2 search "$SMALL" -o each "${LEARN[@]}" --set train.bundle=each --set retrain.steps=2 \
    --set report.pictures=1
[ "$(cd each/pictures && echo *)" = "0000-face.png 0000-far.png 0000-mark.png 0000-parts.png" ] ||
    fail "not a picture for each task with maps"

# Where no task has maps that is said before anything is trained.
small_data
refuses 1 "pictures are of labels for every pixel" search "$SMALL" -o none --set report.pictures=2
[ ! -e none ] || fail "a refused run left a folder"
expect 0 ranks 1 search "$SMALL" -o plain
refuses_on 2 1 "pictures are of labels for every pixel" eval plain --pictures 2
refuses 2 "--pictures 0: expected" eval plain --pictures 0
