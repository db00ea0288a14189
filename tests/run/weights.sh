#!/usr/bin/env bash
# The recipe for torchvision's state dicts gives the tensors of the golden file, which a unit
# test has run and found a place for, and refuses what is none; a run starts from them.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"

for module in numpy h5py; do
    "$PYTHON" -c "import $module" 2>/dev/null || skip "no $module for $PYTHON"
done
recipe=$ROOT/io/recipes/torchvision_weights.py

cat >lib.py <<'PY'
import importlib.util
import os
import sys

import h5py
import numpy as np

root = os.environ["ROOT"]
spec = importlib.util.spec_from_file_location(
    "recipe", root + "/io/recipes/torchvision_weights.py")
recipe = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recipe)
golden = {}
for line in open(root + "/tests/golden/encoder.txt"):
    name, _, *values = line.split()
    golden[name] = np.array([float(v) for v in values])


def below(prefix):
    return {name[len(prefix):]: v for name, v in golden.items() if name.startswith(prefix)}


def check_shapes(net, path):
    """The file has the tensors that the golden file has for a net, and no more."""
    with h5py.File(path) as file:
        assert file.attrs["format"] == b"polytree weights" and file.attrs["version"] == 1
        shapes = {name: list(array.shape) for name, array in file.items()}
        assert all(array.dtype == "float32" for array in file.values())
    assert shapes == {name: list(dim) for name, dim in below(net + "/shape/").items()}
PY
export ROOT PYTHONPATH=.

# What is converted here is what was converted for the golden file; no PyTorch in this part.
"$PYTHON" - <<'PY'
from lib import *

for net in ("narrow_mobilenet_v2", "narrow_basic", "narrow_bottleneck"):
    shapes = below(net + "/state_shape/")
    state = {name: values.reshape(shapes[name].astype(int)).astype("float32")
             for name, values in below(net + "/state/").items()}
    state["more.weight"] = np.zeros(3)
    find = recipe.mobilenet_layers if "mobile" in net else recipe.resnet_layers
    tensors, left = recipe.convert(state, find(state))
    assert left == ["more.weight"], left
    want = below(net + "/weight/")
    for name in ("head_task.0.conv.weight", "head_task.0.conv.bias"):
        tensors[name] = want[name].reshape(golden[f"{net}/shape/{name}"].astype(int)).astype("float32")
    assert set(tensors) == set(want)
    for name, tensor in tensors.items():
        assert (tensor.reshape(-1) == want[name].astype("float32")).all(), name
    recipe.save(net + ".h5", tensors, "a test")
    check_shapes(net, net + ".h5")
PY

# A run that learns nothing after its search has the file's tensors in every copy, whatever
# its ranks, and another takes all of its own; with a network for each task they are in all.
expect 0 "$POLYTREE" data scenes rooms.h5 --size 16 --train 24 --val 8 --test 8
cat >narrow.ini <<'INI'
[data]
file = rooms.h5
tasks = parts depth
[run]
eval_every = 0
[space]
kind = branch
[encoder]
stem = conv3x3_bn_relu6 out=4 stride=2
layers =
    inverted_residual out=4 stride=1 expand=1
    inverted_residual out=6 stride=2 expand=2
    inverted_residual out=6 stride=1 expand=2
[head]
kind = upsample
[train]
batch = 8
microbatch = 8
[augment]
rotate = 0
scale = 0
shear = 0
shift = 0
[bn]
calibrate = 2
[warmup]
steps = 2
[search]
steps = 2
[retrain]
steps = 1
lr = 0
[baseline]
steps = 1
INI
net=narrow_mobilenet_v2
expect 0 ranks 1 search narrow.ini -o one --set retrain.from=$net.h5
says out "^51 of 55 tensors from $net.h5; not in it: head_parts, head_depth; of no use: head_task"
expect 0 ranks 1 search narrow.ini -o two --set retrain.from=one/checkpoint.h5
says out "^55 of 55 tensors from one/checkpoint.h5$"
expect 0 ranks 1 search narrow.ini -o single --set search.method=single retrain.from=$net.h5
"$PYTHON" - <<'PY'
from lib import *

with h5py.File("narrow_mobilenet_v2.h5") as file:
    want = {name: array[:] for name, array in file.items()}
with h5py.File("one/checkpoint.h5") as one, h5py.File("two/checkpoint.h5") as two:
    copies = [name for name in one["weight"] if "head" not in name]
    assert len(copies) == 51
    for name in copies:
        layer, rest = name.split(".", 1)
        assert (one["weight"][name][:] == want[layer.split("_")[0] + "." + rest]).all(), name
    assert all((one["weight"][name][:] == array[:]).all() for name, array in two["weight"].items())
with h5py.File("single/checkpoint.h5") as single:
    for name, values in want.items():
        layer, rest = name.split(".", 1)
        copy = layer if layer == "stem" else layer + "_copy0"
        for task in range(2 * (layer != "head_task")):
            assert (single[f"weight/task{task}_{copy}.{rest}"][:] == values).all(), name
PY

# All begins with the tensors of warmup.from, and parts that are frozen keep them in warm-up.
still="warmup.from=$net.h5 search.steps=0 warmup.lr_warmup=0 warmup.lr=0.1"
# shellcheck disable=SC2086
{
    expect 0 ranks 1 search narrow.ini -o warm --set $still warmup.freeze="stem l01"
    says out "^[0-9]+ of [0-9]+ tensors from $net.h5; not in it: head_"
    expect 0 ranks 1 search narrow.ini -o whole --set $still warmup.freeze=all
    refuses 1 "warmup.freeze: no part is called 'l09', or begins so; there are stem, l01, l02.*, head" \
        search narrow.ini -o no --set $still warmup.freeze=l09
    refuses 1 "none.h5: cannot open" search narrow.ini -o no --set warmup.from=none.h5
    refuses 1 "rooms.h5: an HDF5 file, but no weights" search narrow.ini -o no --set warmup.from=rooms.h5
}
"$PYTHON" - <<'PY'
from lib import *

with h5py.File("narrow_mobilenet_v2.h5") as file:
    want = {name: array[:] for name, array in file.items()}
for run in "warm", "whole":
    moved = set()
    with h5py.File(run + "/checkpoint.h5") as file:
        for name, array in file["weight"].items():
            layer, rest = name.split(".", 1)
            source = want.get(layer.split("_")[0] + "." + rest)
            if source is not None and not (array[:] == source).all():
                moved.add(layer.split("_")[0])
    assert moved == ({"l02", "l03"} if run == "warm" else set()), (run, moved)
PY

# A run is found from anywhere, by whatever its files are called there; what is in them counts.
mkdir elsewhere
(
    cd elsewhere
    expect 0 "$POLYTREE" eval ../two
    expect 0 "$POLYTREE" search ../two/config.ini -o ../two
    cp ../one/checkpoint.h5 same.h5
    expect 0 "$POLYTREE" search ../narrow.ini -o ../two --set retrain.from=./same.h5 data.file=../rooms.h5
    says out "this run is finished"
    refuses 1 "the file that retrain.from names holds something else" search ../narrow.ini -o ../two \
        --set retrain.from=../$net.h5 data.file=../rooms.h5
    # One that has its weights needs the file no more, and what it was is not forgotten.
    expect 75 "$POLYTREE" search ../narrow.ini -o ../late --time-limit 0.001 \
        --set retrain.from=./same.h5 data.file=../rooms.h5 warmup.steps=0 search.steps=0 retrain.steps=4
    says out "^checkpoint: retrain, step 2"
    mv same.h5 kept.h5
    expect 0 "$POLYTREE" eval ../two
    expect 0 "$POLYTREE" search ../two/config.ini -o ../two
    says out "this run is finished"
    expect 0 "$POLYTREE" search ../late/config.ini -o ../late --time-limit 1:00:00
    says out "^going on from the checkpoint: retrain, step 2 of 4"
    cp ../$net.h5 same.h5
    refuses 1 "the file that retrain.from names holds something else" search ../late/config.ini -o ../late
    rm same.h5
    refuses 1 "retrain.from = .*/same.h5: cannot open" search ../two/config.ini -o ../anew
    mv kept.h5 same.h5
    refuses 1 "options differ: retrain.from = scratch, not" search ../narrow.ini -o ../two \
        --set retrain.from=scratch data.file=../rooms.h5
)
if command -v mpirun >/dev/null; then
    expect 0 ranks 2 search narrow.ini -o ranks2 --set retrain.from=$net.h5
    same_result one ranks2
fi
refuses 1 "none.h5: cannot open" search narrow.ini -o no --set retrain.from=none.h5
refuses 1 "rooms.h5: an HDF5 file, but no weights" search narrow.ini -o no --set retrain.from=rooms.h5
refuses 1 "narrow_basic.h5: 'stem.0.conv.weight' has the shape 4x7x7x3, expected 4x3x3x3 for stem" \
    search narrow.ini -o no --set retrain.from=narrow_basic.h5
[ ! -e no ] || fail "a refused run left a folder"

# Looked for rather than loaded, which takes seconds.
"$PYTHON" -c 'import importlib.util as u; exit(not all(map(u.find_spec, ("torch", "torchvision"))))' ||
    skip "no torch and torchvision for $PYTHON; what needs none is passed"

"$PYTHON" - <<'PY'
from lib import *
import torch
import torchvision

torch.manual_seed(1)
state = torchvision.models.mobilenet_v2().state_dict()
torch.save(state, "mobilenet_v2.pth")
torch.save({"model": state, "epoch": 3}, "wrapped.pth")
state = torchvision.models.resnet18().state_dict()
torch.save(state, "resnet18.pth")


def convert(state, out, encoder):
    sys.argv = ["recipe", state, out, "--encoder", encoder]
    recipe.main()


def refuses(state, encoder, says):
    try:
        convert(state, "no.h5", encoder)
    except SystemExit as end:
        assert says in end.code, end.code
    else:
        raise AssertionError(state)


convert("resnet18.pth", "resnet18.h5", "resnet18")
check_shapes("resnet18", "resnet18.h5")
with h5py.File("resnet18.h5") as file:
    stem, down = file["stem.0.conv.weight"], file["l03.0.conv.weight"]
    assert stem[5, 1, 2, 0] == state["conv1.weight"][5, 0, 1, 2].item()
    assert (down[:, 0, 0] == state["layer2.0.downsample.0.weight"][:, :, 0, 0].numpy()).all()
    assert (file["l08.3.batch_norm.shift"][:] == state["layer4.1.bn2.bias"].numpy()).all()
refuses("resnet18.pth", "resnet50", "resnet18.pth: not of a resnet50: it has 8 layers, not 16")
refuses("resnet18.pth", "mobilenet_v2", "there is no 'features.0.0.weight': is it of a mobilenet_v2?")
refuses("wrapped.pth", "mobilenet_v2", "wrapped.pth: no state dict")
refuses("resnet18.h5", "resnet18", "resnet18.h5: not a file of torch.save's")
refuses("nowhere.pth", "resnet18", "No such file or directory: 'nowhere.pth'")
PY
expect 0 "$PYTHON" "$recipe" mobilenet_v2.pth mobilenet_v2.h5 --encoder mobilenet_v2
says out "^mobilenet_v2.h5: 153 tensors of the stem and 17 layers$"
says out "^left out: 156 statistics of batch norms, features.18.0.weight, features.18.1.weight, features.18.1.bias, classifier.1.weight, classifier.1.bias$"
"$PYTHON" -c "from lib import *; check_shapes('mobilenet_v2', 'mobilenet_v2.h5')"
[ -z "$(find . -name 'no.h5*' -o -name '*.tmp.*')" ] || fail "a partial file is left"
