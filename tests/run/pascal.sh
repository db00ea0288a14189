#!/usr/bin/env bash
# The recipe for PASCAL-Context makes a sound data set of a small tree in that layout.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"

for module in numpy h5py scipy.io PIL; do
    "$PYTHON" -c "import $module" 2>/dev/null || skip "no $module for $PYTHON"
done

"$PYTHON" - <<'PY'
import json
import os

import numpy as np
import scipy.io
from PIL import Image

H, W = 12, 20
rng = np.random.default_rng(1)


def save(path, pixels):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    Image.fromarray(pixels).save(path)


def mat(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    scipy.io.savemat(path, value)


def struct(rows, *fields):
    out = np.zeros((1, len(rows)), [(field, object) for field in fields])
    for i, row in enumerate(rows):
        out[0, i] = tuple(row)
    return out


def mask(top, left):
    out = np.zeros((H, W), "uint8")
    out[top : top + 3, left : left + 4] = 1
    return out


names = {"train": ["2008_1", "2008_2", "2008_3"], "val": ["2008_4", "2008_5"]}
for split, ids in names.items():
    os.makedirs("tree/ImageSets/Context", exist_ok=True)
    with open(f"tree/ImageSets/Context/{split}.txt", "w") as file:
        file.write("\n".join(ids) + "\n")
    for i in ids:
        save(f"tree/JPEGImages/{i}.jpg", rng.integers(0, 255, (H, W, 3), "uint8"))
        labels = np.full((H, W), 72, "uint16")
        labels[:, 10:] = 284
        mat(f"tree/pascal-context/trainval/{i}.mat", {"LabelMap": labels})
        classes = rng.integers(0, 21, (H, W), "uint8")
        classes[0, 0] = 255
        save(f"tree/semseg/{'VOC12' if i == '2008_1' else 'pascal-context'}/{i}.png", classes)
        normals = np.zeros((H, W, 3), "uint8")
        normals[..., :2], normals[..., 2] = 128, 255
        save(f"tree/normals_distill/{i}.png", normals)
        save(f"tree/sal_distill/{i}.png", (np.arange(H * W) % 256).astype("uint8").reshape(H, W))
        parts = struct([["head", mask(0, 0)], ["rlleg", mask(6, 8)]], "part_name", "mask")
        none = np.zeros((0, 0))
        things = [["person", 15, mask(0, 0), parts], ["chair", 9, mask(3, 3), none]]
        if i == "2008_2":
            things = things[1:]
        objects = struct(things, "class", "class_ind", "mask", "parts")
        mat(f"tree/human_parts/{i}.mat", {"anno": struct([[i, objects]], "imname", "objects")})
with open("nyu.json", "w") as file:
    json.dump({"chair": 5, "unknown": 1}, file)
with open("context.json", "w") as file:
    json.dump({"chair": 72, "person": 284, "unknown": 431, "tvmonitor": 427}, file)
PY

recipe=$ROOT/io/recipes/pascal_context.py
expect 0 "$PYTHON" "$recipe" tree p.h5 --size 24 --val 1 --normals-classes nyu.json context.json
expect 0 "$POLYTREE" data check p.h5
says out "p.h5 is a sound data set"
expect 0 "$POLYTREE" data info p.h5
says out "^inputs: 24 x 24 x 3 uint8"
says out "^parts +segmentation +7 +2 +1 +2  all, 24 x 24 x 1"
says out "^normals +normals +- +2 +1 +2  all, 24 x 24 x 3"

expect 0 "$PYTHON" "$recipe" tree q.h5 --size 24
"$PYTHON" - <<'PY'
import h5py
import numpy as np
from PIL import Image

H, W = 12, 20
with h5py.File("q.h5") as f, h5py.File("p.h5") as p:
    assert list(f["tasks"]) == ["segmentation", "parts", "normals", "edges", "saliency"]
    assert set(f) == {"tasks", "train", "test"} and set(p) == set(f) | {"val"}
    for row, name in enumerate(["2008_1", "2008_2", "2008_3"]):
        get = {task: f[f"train/tasks/{task}/labels"][row] for task in f["tasks"]}
        with Image.open(f"tree/JPEGImages/{name}.jpg") as image:
            assert (f["train/images"][row, :H, :W] == np.array(image)).all()
        assert not f["train/images"][row, H:].any() and not f["train/images"][row, :, W:].any()
        for task in set(get) - {"normals"}:
            assert (get[task][H:] == 255).all() and (get[task][:, W:] == 255).all()
        folder = "VOC12" if name == "2008_1" else "pascal-context"
        with Image.open(f"tree/semseg/{folder}/{name}.png") as image:
            assert (get["segmentation"][:H, :W] == np.array(image)).all()
        want = np.zeros((H, W))
        want[:3, :4], want[6:9, 8:12] = 1, 6
        assert (get["parts"][:H, :W] == (255 if name == "2008_2" else want)).all()
        edges = np.zeros((H, W))
        edges[:, 9] = 1
        assert (get["edges"][:H, :W] == edges).all()
        salient = np.arange(H * W).reshape(H, W) > 127
        assert (get["saliency"][:H, :W] == salient).all()
        assert (get["normals"][:H, :W, 2] > 0.99).all() and not get["normals"][H:].any()
    some = p["test/tasks/normals/labels"][0]
    assert (some[:H, :10, 2] > 0.99).all() and not some[:H, 10:].any()
PY
expect 1 "$PYTHON" "$recipe" tree r.h5 --size 16
says err "2008_1: 12 x 20 pixels, --size is 16"
expect 1 "$PYTHON" "$recipe" nowhere r.h5
[ -z "$(find . -name 'r.h5*' -o -name '*.tmp.*')" ] || fail "a partial file is left"
