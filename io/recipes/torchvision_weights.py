#!/usr/bin/env python3
"""Make a weights file of an encoder from the state dict of a network of torchvision's.

    torchvision_weights.py STATE.pth OUT.h5 --encoder mobilenet_v2|resnet18|resnet50

STATE.pth is what torch.save(model.state_dict(), "STATE.pth") writes, as are the files that
torchvision downloads.  OUT.h5 is for the options warmup.from and retrain.from of runs with the encoder
configs/encoders/{mobilenetv2,resnet18,resnet50}.ini, whose layers l01, l02, ... are

    mobilenet_v2   features.1 to features.17; the stem is features.0
    resnet18, 50   layer1.0, layer1.1, ... layer4.1 (layer4.2); the stem is conv1 and bn1

A tensor is called LAYER.N.OPERATION.TENSOR, N counting the operations of a layer from 0: each
convolution and the batch norm behind it, in the order of the forward pass, `downsample`
before all.  A convolution's weight becomes [out, height, width, in / groups]; weight and bias
of a batch norm become `scale` and `shift`.

Running means and variances are left out, as polytree estimates its own, and so is what comes
behind the encoder: the classifier, and features.18 of MobileNetV2, where polytree has R-ASPP.
torchvision's networks were trained on images with ImageNet's mean subtracted and divided by its
deviation, polytree's have pixels from 0 to 1.  The stem's weights are divided by the deviations of
red, green and blue, and the batch norm behind it takes the offset away, so that away from the
border it puts out the same.  What remains is the border: zero padding is black here, and was the
mean colour there.

Needs h5py, numpy and PyTorch.
"""
import argparse
import inspect
import os
import sys

import h5py
import numpy as np

DEVIATION = np.array([0.229, 0.224, 0.225], "float32")  # of ImageNet's red, green and blue
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


class Defect(Exception):
    pass


def mobilenet_layers(state):
    """Per layer its convolutions, each with its batch norm."""
    layers = [[("features.0.0", "features.0.1")]]
    while f"features.{len(layers)}.conv.0.0.weight" in state:
        block, pairs = f"features.{len(layers)}.conv", []
        while f"{block}.{len(pairs)}.0.weight" in state:
            pairs.append((f"{block}.{len(pairs)}.0", f"{block}.{len(pairs)}.1"))
        layers.append(pairs + [(f"{block}.{len(pairs)}", f"{block}.{len(pairs) + 1}")])
    return layers


def resnet_layers(state):
    layers = [[("conv1", "bn1")]]
    for stage in range(1, 5):
        b = 0
        while f"layer{stage}.{b}.conv1.weight" in state:
            block = f"layer{stage}.{b}"
            pairs = [(f"{block}.conv{i}", f"{block}.bn{i}") for i in (1, 2, 3)]
            pairs = [pair for pair in pairs if pair[0] + ".weight" in state]
            if f"{block}.downsample.0.weight" in state:
                pairs.insert(0, (f"{block}.downsample.0", f"{block}.downsample.1"))
            layers.append(pairs)
            b += 1
    return layers


# How to find the layers, how many there are, and what the names of their tensors begin with.
ENCODERS = {
    "mobilenet_v2": (mobilenet_layers, 17, [f"features.{i}." for i in range(18)]),
    "resnet18": (resnet_layers, 8, ["conv1.", "bn1.", "layer"]),
    "resnet50": (resnet_layers, 16, ["conv1.", "bn1.", "layer"]),
}


def convert(state, layers):
    """Tensors under polytree's names, and the names of those that are left."""
    left, tensors = dict(state), {}

    def take(name):
        if name not in left:
            raise Defect(f"there is no '{name}'")
        return np.asarray(left.pop(name), "float32")

    for i, pairs in enumerate(layers):
        layer = f"l{i:02d}" if i else "stem"
        for n, (conv, norm) in enumerate(pairs):
            weight = take(conv + ".weight").transpose(0, 2, 3, 1)
            tensors[f"{layer}.{2 * n}.conv.weight"] = weight
            tensors[f"{layer}.{2 * n + 1}.batch_norm.scale"] = take(norm + ".weight")
            tensors[f"{layer}.{2 * n + 1}.batch_norm.shift"] = take(norm + ".bias")
    return tensors, list(left)


def load(path):
    import torch  # a converted state needs none

    has_safe = "weights_only" in inspect.signature(torch.load).parameters
    safe = {"weights_only": True} if has_safe else {}
    try:
        state = torch.load(path, map_location="cpu", **safe)
    except OSError:
        raise
    except Exception:  # the unpickler's are of any kind, and speak of its insides
        raise Defect(f"{path}: not a file of torch.save's, or with more in it than tensors")
    if not isinstance(state, dict) or not all(torch.is_tensor(t) for t in state.values()):
        raise Defect(f"{path}: no state dict: expected tensors by name, and no more")
    return {name: tensor.float().numpy() for name, tensor in state.items()}


def save(path, tensors, origin):
    temporary = f"{path}.tmp.{os.getpid()}"
    try:
        with h5py.File(temporary, "w") as file:
            file.attrs["format"] = np.bytes_("polytree weights")
            file.attrs["version"] = 1
            file.attrs["origin"] = np.bytes_(origin)
            for name, tensor in tensors.items():
                file[name] = tensor
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def run(options):
    find_layers, n_layer, own = ENCODERS[options.encoder]
    state = load(options.state)
    layers = find_layers(state)
    try:
        tensors, left = convert(state, layers)
    except Defect as defect:
        raise Defect(f"{options.state}: {defect}: is it of a {options.encoder}?")
    statistics = [name for name in left if name.endswith(STATISTICS)]
    left = [name for name in left if name not in statistics]
    strange = [name for name in left if name.startswith(tuple(own))]
    if len(layers) != 1 + n_layer or strange:
        what = f"'{strange[0]}'" if strange else f"{len(layers) - 1} layers, not {n_layer}"
        raise Defect(f"{options.state}: not of a {options.encoder}: it has {what}")
    tensors["stem.0.conv.weight"] = tensors["stem.0.conv.weight"] / DEVIATION
    save(options.out, tensors, f"torchvision's {options.encoder}")
    print(f"{options.out}: {len(tensors)} tensors of the stem and {n_layer} layers")
    print("left out: " + ", ".join([f"{len(statistics)} statistics of batch norms"] + left))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("state", metavar="STATE.pth")
    parser.add_argument("out", metavar="OUT.h5")
    parser.add_argument("--encoder", choices=ENCODERS, required=True)
    try:
        run(parser.parse_args())
    except (Defect, OSError) as defect:
        sys.exit(f"torchvision_weights.py: {defect}")


if __name__ == "__main__":
    main()
