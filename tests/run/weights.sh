#!/usr/bin/env bash
# The recipe for torchvision's state dicts gives the tensors of the golden file, which a unit
# test has run and found a place for, and refuses what is none.
# shellcheck source=/dev/null
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
    recipe.save("narrow.h5", tensors, "a test")
    check_shapes(net, "narrow.h5")
PY

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
