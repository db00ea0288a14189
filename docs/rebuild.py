#!/usr/bin/env python3
"""A network that polytree has found, rebuilt in NumPy from what a run leaves.

    rebuild.py RUN DATA.h5

prints the accuracy on test of every task of classification or segmentation, as `polytree
eval RUN` does.  formats.md says what stands in the files.  For trials: it is slow.  Needs
h5py and numpy.
"""
import configparser
import json
import sys

import h5py
import numpy as np


def windows(x, out, kernel, stride, dilation, pad):
    """The pixels at each place (a, e) of a window, [n, *out, c], and which are inside."""

    def along(n, n_out, a):
        i = np.arange(n_out) * stride + a * dilation - pad
        return np.clip(i, 0, n - 1), (i >= 0) & (i < n)

    for a in range(kernel):
        i, i_in = along(x.shape[1], out[0], a)
        for e in range(kernel):
            j, j_in = along(x.shape[2], out[1], e)
            yield a, e, x[:, i][:, :, j], (i_in[:, None] & j_in)[None, :, :, None]


def conv(x, attr, weight, bias=0):
    k, s, d, g = (attr[name] for name in ("kernel", "stride", "dilation", "groups"))
    n, h, w, c = x.shape
    out = (h - 1) // s + 1, (w - 1) // s + 1
    weight = weight.reshape(g, -1, k, k, c // g)  # [out, height, width, in / groups]
    y = 0
    for a, e, part, inside in windows(x, out, k, s, d, d * (k - 1) // 2):
        part = np.where(inside, part, 0).reshape(n, *out, g, c // g)
        y = y + np.einsum("nhwgc,gkc->nhwgk", part, weight[:, :, a, e])
    return y.reshape(n, *out, -1) + bias


def pool(x, attr, is_max):
    k, s = attr["kernel"], attr["stride"]
    out = -(-x.shape[1] // s), -(-x.shape[2] // s)  # rounded up
    most, total, count = -np.inf, 0, 0
    for _, _, part, inside in windows(x, out, k, s, 1, (k - 1) // 2 if k > s else 0):
        most = np.maximum(most, np.where(inside, part, -np.inf))
        total, count = total + np.where(inside, part, 0), count + inside
    return most if is_max else total / count


def resize(x, attr):
    for axis, n_out in (1, attr["out_h"]), (2, attr["out_w"]):
        n, o = x.shape[axis], np.arange(n_out)
        r = np.maximum(0, (o + 0.5) * n / n_out - 0.5)
        if attr.get("align_corners"):
            r = o * (n - 1) / max(n_out - 1, 1)
        low = np.floor(r).astype(int)
        t = np.expand_dims(r - low, tuple(i for i in range(4) if i != axis))
        x = x.take(low, axis) * (1 - t) + x.take(np.minimum(low + 1, n - 1), axis) * t
    return x


def activate(x, name):
    return np.clip(x, 0, 6) if name == "relu6" else np.maximum(x, 0) if name == "relu" else x


def operate(name, attr, x, tensor, statistics):
    if name == "conv":
        return conv(x[0], attr, *tensor)
    if name == "batch_norm":
        y = (x[0] - statistics[0]) / np.sqrt(statistics[1] + attr["eps"])
        return activate(y * tensor[0] + tensor[1] if tensor else y, attr.get("act"))
    if name == "linear":
        y = x[0].reshape(len(x[0]), 1, 1, -1) @ tensor[0].T
        return y + tensor[1] if len(tensor) == 2 else y
    if name == "relu":
        return activate(x[0], attr.get("act", "relu"))
    if name in ("pool_max", "pool_avg"):
        return pool(x[0], attr, name == "pool_max")
    if name == "resize":
        return resize(x[0], attr)
    return {"add": sum, "concat": lambda x: np.concatenate(x, axis=3), "dropout": lambda x: x[0],
            "global_pool": lambda x: x[0].mean(axis=(1, 2), keepdims=True)}[name](x)


def runs(task, candidate):
    """Whether a task runs a candidate: its choices and copies; stem and head always."""
    if candidate.get("task", task["name"]) != task["name"]:
        return False
    if candidate["from"] == "input" or candidate["to"].startswith("logits"):
        return True
    if "choices" in task:
        return candidate["name"] in [choice["candidate"] for choice in task["choices"]]
    copy = int(candidate["name"].rpartition("_copy")[2])
    return copy == task["copies"][int(candidate["to"][1:]) - 1]


def outputs(run, net, bundle, inputs):
    """Raw outputs [n, height, width, outputs] of the tasks of one bundle."""
    known, result = {}, {}  # by (operation, numbers of its inputs): number and value
    with h5py.File(run + "/checkpoint.h5") as f:
        for k, task in enumerate(net["tasks"]):
            if task["name"] not in bundle:
                continue
            node = {"input": (0, inputs)}
            for c in filter(lambda c: runs(task, c), net["space"]["candidates"]):
                made = []
                for i, op in enumerate(c["ops"]):
                    x = [node[c["from"]] if j == -1 else node[c["skip"]] if j == -2 else made[j]
                         for j in op["in"]]
                    key = (c["name"], i, *(number for number, _ in x))
                    if key not in known:  # else an earlier task has it too, statistics and all
                        at = f.get(f"statistics/{c['name']}.{i}/{task['name']}")
                        y = operate(op["op"], op["attr"], [value for _, value in x],
                                    [f["weight/" + name][()] for name in op["tensors"]],
                                    None if at is None else at[()])
                        known[key] = len(known) + 1, y
                    made.append(known[key])
                last = made[-1] if made else node[c["from"]]
                if c["to"] in node:  # one more term of the sum
                    old = node[c["to"]]
                    key = c["to"], old[0], last[0]
                    known.setdefault(key, (len(known) + 1, old[1] + last[1]))
                    last = known[key]
                node[c["to"]] = last
            result[task["name"]] = node["logits%d" % k][1]
    return result


def bundles(run, data, names):
    """Tasks that run together, by the option train.bundle and the rows that they label."""
    config = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=";")
    config.read(run + "/config.ini")
    how, found = config["train"]["bundle"], {}
    for name in names:
        index = data.get(f"train/tasks/{name}/index")
        rows = None if index is None else index[()].tobytes()
        found.setdefault({"each": name, "all": None}.get(how, rows), []).append(name)
    return list(found.values())


def read_inputs(net, split):
    """Inputs [n, height, width, channels] as the network takes them."""
    x = split["images" if "images" in split else "inputs"]
    scale = {"uint8": 1 / 255, "uint16": 1 / 65535, "int16": 1 / 32767}.get(x.dtype.name, 1)
    x = x[()] * x.attrs.get("scale", scale)
    x = x.reshape(len(x), *(x.shape[1:] if x.ndim == 4 else (1, 1, x.shape[1])))
    if "standard" in net["input"]:
        mean, deviation = np.array([[c["mean"], c["deviation"]] for c in net["input"]["standard"]]).T
        x = (x - mean) / deviation
    return x


def main(run, path):
    net = json.load(open(run + "/architecture.json"))
    with h5py.File(path) as data:
        x = read_inputs(net, data["test"])
        for bundle in bundles(run, data, [task["name"] for task in net["tasks"]]):
            for name, y in outputs(run, net, bundle, x).items():
                about, test = data["tasks/" + name].attrs, data["test/tasks/" + name]
                if str(np.array(about["kind"], dtype=str)) not in ("classification", "segmentation"):
                    continue
                y = y[test["index"][()]] if "index" in test else y
                label = test["labels"][()]
                is_right = y.argmax(axis=3).reshape(label.shape) == label
                print("%s %.4f" % (name, is_right[label != about.get("ignore", -1)].mean()))


if __name__ == "__main__":
    main(*sys.argv[1:])
