#!/usr/bin/env bash
# A network rebuilt in PyTorch from two files alone puts out what ours does: the
# architecture's file, and its tensors as safetensors or in the checkpoint.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
for module in h5py torch; do
    "$PYTHON" -c "import $module" 2>/dev/null || skip "$PYTHON has no $module"
done
small_data

# Features with units, of which a task labels some; odd maps, by both ways of resizing.
"$PYTHON" - <<'PY'
import h5py, numpy as np
rng = np.random.default_rng(0)
with h5py.File("table.h5", "w") as f:
    f.attrs["format"], f.attrs["version"] = "polytree dataset", 1
    f.create_group("tasks/sort").attrs.update(kind="classification", classes=2)
    f.create_group("tasks/sum").attrs["kind"] = "regression"
    for split, n in (("train", 60), ("test", 7)):
        x = rng.uniform([300, 3, 0], [900, 7, 0.4], (n, 3)).astype("f4")
        f[split + "/inputs"] = x
        f[split + "/tasks/sum/labels"] = x[:, 0] + x[:, 1]
        f[split + "/tasks/sort/labels"] = (x[::2, 1] > 5).astype("i4")
        f[split + "/tasks/sort/index"] = np.arange(n)[::2]
PY
"$POLYTREE" data scenes rooms.h5 --size 17 --train 40 --val 8 --test 12 >/dev/null
short=(warmup.steps=2 search.steps=2 retrain.steps=10 report.svg=0)
branch=$ROOT/configs/scenes-branch-quick.ini
expect 0 ranks 1 search "$SMALL" -o small --set data.file=shapes.h5 "${short[@]}"
expect 0 ranks 1 search "$SMALL" -o table --set data.file=table.h5 "${short[@]}" \
    space.op=linear_bn_relu space.stem=linear_bn_relu space.stride=1 head.linear=1 \
    augment.rotate=0 augment.scale=0 augment.shear=0 augment.shift=0
expect 0 ranks 1 search "$branch" -o rooms --set data.file=rooms.h5 "${short[@]}"
expect 0 ranks 1 search "$branch" -o corners --set data.file=rooms.h5 "${short[@]}" \
    head.align_corners=1

# The recipe runs where there is nothing else.
mkdir alone
cp "$ROOT/io/recipes/rebuild_torch.py" alone/
for run in small:shapes table:table rooms:rooms corners:rooms; do
    data=${run#*:}.h5 run=${run%:*}
    expect 0 ranks 1 export "$run" --safetensors alone/weights.safetensors --force
    says out "^written     alone/weights.safetensors$"
    cp "$run/architecture.json" "$run/checkpoint.h5" alone/
    "$PYTHON" -c "
import h5py, numpy as np
split = h5py.File('$data')['test']
np.save('alone/inputs.npy', split['images' if 'images' in split else 'inputs'][()])"
    (cd alone && for weights in weights.safetensors checkpoint.h5; do
        "$PYTHON" rebuild_torch.py architecture.json "$weights" inputs.npy "${weights%.*}.npz"
    done) || fail "$run is not rebuilt"
    expect 0 ranks 1 predict "$run" alone/inputs.npy -o ours.npz --logits --force
    "$PYTHON" - <<PY
import json, numpy as np
ours, a, b = (np.load(n) for n in ("ours.npz", "alone/weights.npz", "alone/checkpoint.npz"))
tasks = [t["name"] + "/logits" for t in json.load(open("$run/architecture.json"))["tasks"]]
assert sorted(a.files) == sorted(tasks)
for name in tasks:
    assert a[name].shape == ours[name].shape and (a[name] == b[name]).all(), name
    error = np.abs(a[name] - ours[name]).max() / np.abs(ours[name]).max()
    assert error <= 1e-5, (name, error)
PY
done

# Its tensors are those that the network uses, and no others.
"$PYTHON" - <<'PY'
import json
net = json.load(open("corners/architecture.json"))
with open("alone/weights.safetensors", "rb") as f:
    header = json.loads(f.read(int.from_bytes(f.read(8), "little")))
del header["__metadata__"]
used = {name for task in net["tasks"] for name in task["candidates"]}
want = {t for c in net["space"]["candidates"] if c["name"] in used for op in c["ops"] for t in op["tensors"]}
want |= {"statistics/%s/%s" % item for task in net["tasks"] for item in task["statistics"].items()}
assert set(header) == want, set(header) ^ want
end = 0
for about in sorted(header.values(), key=lambda a: a["data_offsets"]):
    assert about["data_offsets"][0] == end
    end = about["data_offsets"][1]
PY
refuses 2 "OUT.onnx or --safetensors OUT is missing" export small
refuses 1 "alone/weights.safetensors is there already: --force replaces it" \
    export small --safetensors alone/weights.safetensors
tar -xzf "$ROOT/tests/golden/run-0.1.0/files.tar.gz"
code=0
"$PYTHON" alone/rebuild_torch.py dag/architecture.json alone/weights.safetensors \
    alone/inputs.npy x.npz 2>err || code=$?
[ $code != 0 ] || fail "a file of version 1 is taken"
says err "an architecture of version 1 does not say enough"
