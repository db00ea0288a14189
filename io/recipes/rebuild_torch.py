#!/usr/bin/env python3
"""A network that polytree has found, rebuilt in PyTorch from two files.

    rebuild_torch.py architecture.json WEIGHTS INPUTS.npy OUT.npz

WEIGHTS is what `polytree export RUN --safetensors WEIGHTS` writes, or the run's
checkpoint.h5 (that needs h5py).  INPUTS are as the data set stores them: [n, height, width,
channels] or [n, features].  OUT gets the raw outputs of every task, as `polytree predict RUN
INPUTS.npy -o OUT.npz --logits` does.  docs/formats.md says what stands in the files.

For programs of one's own:

    network = Network(json.load(open("architecture.json")), read_tensors("weights.safetensors"))
    outputs = network(inputs)       # by task, [n, height, width, outputs]

Its parameters can be trained; its batch norms keep the statistics that they have.
"""
import json
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def read_safetensors(path):
    """Arrays by name, as the format says: the header's length, the header, the bytes."""
    with open(path, "rb") as f:
        header = json.loads(f.read(int.from_bytes(f.read(8), "little")))
        data = f.read()
    header.pop("__metadata__", None)
    types = {"F32": np.float32, "F64": np.float64}
    return {name: np.frombuffer(data[slice(*about["data_offsets"])], types[about["dtype"]])
            .reshape(about["shape"]) for name, about in header.items()}


def read_checkpoint(path):
    """The same of a checkpoint: what is below weight/ by its own name."""
    import h5py
    found = {}
    with h5py.File(path) as f:
        f["weight"].visititems(lambda name, array: found.update({name: array[()]})
                               if isinstance(array, h5py.Dataset) else None)
        f["statistics"].visititems(lambda name, array: found.update({"statistics/" + name: array[()]})
                                   if isinstance(array, h5py.Dataset) else None)
    return found


def read_tensors(path):
    with open(path, "rb") as f:
        is_hdf5 = f.read(8) == b"\x89HDF\r\n\x1a\n"
    return read_checkpoint(path) if is_hdf5 else read_safetensors(path)


def activate(x, name):
    return x.clamp(0, 6) if name == "relu6" else x.relu() if name == "relu" else x


def pool(x, attr, pads, is_max):
    """Windows reach over the sides: nothing there wins, or counts."""
    top, left, bottom, right = pads
    sides = (left, right, top, bottom)
    if is_max:
        return F.max_pool2d(F.pad(x, sides, value=-torch.inf), attr["kernel"], attr["stride"])
    total, count = (F.avg_pool2d(F.pad(y, sides), attr["kernel"], attr["stride"])
                    for y in (x, torch.ones_like(x[:1, :1])))
    return total / count


def operate(op, x, tensor, statistics):
    """One operation on its inputs, [n, channels, height, width]."""
    name, attr = op["op"], op["attr"]
    if name == "conv":
        pad = attr["dilation"] * (attr["kernel"] - 1) // 2
        return F.conv2d(x[0], tensor[0].permute(0, 3, 1, 2), tensor[1] if len(tensor) > 1 else None,
                        attr["stride"], pad, attr["dilation"], attr["groups"])
    if name == "batch_norm":
        y = F.batch_norm(x[0], *statistics, *(tensor or (None, None)), eps=attr["eps"])
        return activate(y, attr.get("act"))
    if name == "linear":
        y = F.linear(x[0].permute(0, 2, 3, 1).flatten(1), *tensor)
        return y[:, :, None, None]
    if name == "relu":
        return activate(x[0], attr.get("act", "relu"))
    if name in ("pool_max", "pool_avg"):
        return pool(x[0], attr, op["pads"], name == "pool_max")
    if name == "resize":
        return F.interpolate(x[0], (attr["out_h"], attr["out_w"]), mode="bilinear",
                             align_corners=bool(attr.get("align_corners")))
    if name == "global_pool":
        return x[0].mean((2, 3), keepdim=True)
    return {"add": sum, "concat": lambda x: torch.cat(x, 1), "dropout": lambda x: x[0]}[name](x)


class Network(nn.Module):
    def __init__(self, architecture, tensors):
        super().__init__()
        if architecture["version"] < 2:
            raise ValueError("an architecture of version 1 does not say enough: train the run anew")
        self.architecture = architecture
        space = architecture["space"]
        self.candidate = {c["name"]: c for c in space["candidates"]}
        used = {name for task in architecture["tasks"] for name in task["candidates"]}
        names = {t for name in used for op in self.candidate[name]["ops"] for t in op["tensors"]}
        # Names with dots are none of a module's.
        self.weight = nn.ParameterDict({name.replace(".", "/"): nn.Parameter(torch.tensor(tensors[name]))
                                        for name in sorted(names)})
        self.statistics = {name[len("statistics/"):]: torch.tensor(value).float()
                           for name, value in tensors.items() if name.startswith("statistics/")}

    def read(self, stored):
        """Inputs as the data set stores them, as the network reads them."""
        about = self.architecture["input"]
        stored = torch.as_tensor(stored)
        x = stored.double()
        if about["kind"] == "features":
            x = x[:, None, None, :]
        if about["type"] != "uint8":
            x = x * about["scale"]
        elif not stored.is_floating_point():
            x = x / about["divisor"]
        if "standard" in about:
            mean, deviation = (torch.tensor([c[key] for c in about["standard"]], dtype=torch.double)
                               for key in ("mean", "deviation"))
            x = (x - mean) / deviation
        return x.float().permute(0, 3, 1, 2)

    def run(self, task, candidate, node, known):
        """The value of a candidate; what another task has made of the same values is known."""
        made = []
        for i, op in enumerate(candidate["ops"]):
            x = [node[candidate["from"]] if j == -1 else node[candidate["skip"]] if j == -2 else made[j]
                 for j in op["in"]]
            name = "%s.%d" % (candidate["name"], i)
            owner = task["statistics"].get(name)
            key = name, owner, *(id(y) for y in x)
            if key not in known:
                tensor = [self.weight[t.replace(".", "/")] for t in op["tensors"]]
                statistics = self.statistics["%s/%s" % (name, owner)] if owner else None
                known[key] = operate(op, x, tensor, statistics), x  # what is kept has its id
            made.append(known[key][0])
        return made[-1] if made else node[candidate["from"]]

    def forward(self, inputs, tasks=None):
        known, outputs = {}, {}
        x = self.read(inputs)
        for k, task in enumerate(self.architecture["tasks"]):
            if tasks is not None and task["name"] not in tasks:
                continue
            node = {"input": x}
            for name in task["candidates"]:
                candidate = self.candidate[name]
                term, to = self.run(task, candidate, node, known), candidate["to"]
                if to in node:
                    key = to, id(node[to]), id(term)
                    if key not in known:
                        known[key] = node[to] + term, (node[to], term)
                    term = known[key][0]
                node[to] = term
            y = node["logits%d" % k].permute(0, 2, 3, 1)
            outputs[task["name"]] = y if task["map"] else y.flatten(1)
        return outputs


def main(architecture, weights, inputs, out):
    with open(architecture, encoding="utf-8") as f:
        network = Network(json.load(f), read_tensors(weights))
    with torch.no_grad():
        outputs = network(np.load(inputs))
    np.savez(out, **{name + "/logits": y.numpy() for name, y in outputs.items()})


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
