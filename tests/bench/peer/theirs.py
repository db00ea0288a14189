"""What ours.c does, in PyTorch: the network of an architecture.json as a list of operations,
its training step, and its predictions.

    theirs.py FOLDER KIND together|apart THREADS SECONDS

tries what PyTorch lets one choose (layouts, kinds of optimisers, compiled or not), each for so many
seconds, and prints what was fastest, as JSON.
"""
import configparser
import json
import os
import sys
import time

import h5py
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../../io/recipes"))
import rebuild_torch  # noqa: E402  (found by the line above)


class Settings:
    """Our defaults; the learning rate is the config's."""
    momentum, decay, clip, smoothing = 0.9, 5e-4, 5, 0.1


def read_start(folder):
    with open(folder + "/architecture.json", encoding="utf-8") as f:
        architecture = json.load(f)
    arrays = {}
    with h5py.File(folder + "/start.h5") as f:
        f.visititems(lambda name, a: arrays.update({name: a[()]}) if isinstance(a, h5py.Dataset) else None)
    return architecture, arrays


class Network(nn.Module):
    """Of one bundle of tasks; what tasks do alike is done once.

    `gates`: by task and candidate, numbers or tensors; what has none is 1."""

    def __init__(self, architecture, tasks, weight, statistics, gates):
        super().__init__()
        self.candidate = {c["name"]: c for c in architecture["space"]["candidates"]}
        self.weight, self.statistics = weight, statistics
        self.tape, self.known = [], {}
        # TorchScript wants tensors to be a module's, under names without dots.
        self.named = nn.ParameterDict({name.replace(".", "/"): w for name, w in weight.items()})
        self.output = [self.trace(task, gates.get(task["name"], {})) for task in tasks]

    def add(self, key, function, *inputs):
        """The number of a value; 0 is the input."""
        key = (key, inputs)
        if key not in self.known:
            self.tape.append((function, inputs))
            self.known[key] = len(self.tape)
        return self.known[key]

    def trace(self, task, gates):
        node = {"input": 0}
        for name in task["candidates"]:
            c, made = self.candidate[name], []
            for i, op in enumerate(c["ops"]):
                inputs = [node[c["from"]] if j == -1 else node[c["skip"]] if j == -2 else made[j] for j in op["in"]]
                full = "%s.%d" % (name, i)
                owner = task["statistics"].get(full) if self.statistics else None
                made.append(self.add((full, owner), self.operation(op, full, owner), *inputs))
            term = made[-1] if made else node[c["from"]]
            node[c["to"]] = self.sum(node.get(c["to"]), term, gates.get(name))
        return node["logits%d" % task["number"]]

    def sum(self, total, term, gate):
        if total is None:
            return term if gate is None else self.add(("scale", gate), lambda x: x * gate, term)
        if gate is None:
            return self.add("add", torch.add, total, term)
        if isinstance(gate, torch.Tensor):
            return self.add(("mix", gate), lambda x, y: torch.addcmul(x, y, gate), total, term)
        return self.add(("mix", gate), lambda x, y: torch.add(x, y, alpha=gate), total, term)

    def operation(self, op, full, owner):
        name, attr = op["op"], op["attr"]
        w = [self.weight[t] for t in op["tensors"]]
        if name == "conv":
            pad = attr["dilation"] * (attr["kernel"] - 1) // 2
            bias = w[1] if len(w) > 1 else None
            return lambda x: F.conv2d(x, w[0], bias, attr["stride"], pad, attr["dilation"], attr["groups"])
        if name == "linear":
            return lambda x: F.linear(x if x.dim() == 2 else x.flatten(1), *w)
        if name == "batch_norm":
            scale, shift = w or (None, None)
            mean, variance = self.statistics["statistics/%s/%s" % (full, owner)] if owner else (None, None)
            act = {"relu": F.relu, "relu6": F.relu6, None: lambda x, inplace: x}[attr.get("act")]
            return lambda x: act(F.batch_norm(x, mean, variance, scale, shift, owner is None, eps=attr["eps"]),
                                 inplace=True)
        if name == "relu":
            return F.relu6 if attr.get("act") == "relu6" else F.relu
        if name == "global_pool":
            return lambda x: x if x.dim() == 2 else x.mean((2, 3), keepdim=True)
        return lambda *x: rebuild_torch.operate(op, x, w, None)

    def forward(self, x):
        value = [x]
        for function, inputs in self.tape:
            value.append(function(*[value[i] for i in inputs]))
        return tuple(value[i] for i in self.output)

    def count(self, x):
        """Multiply-adds of a forward and its backward pass."""
        value, madds = [x], 0
        for (function, inputs), (key, _) in zip(self.tape, self.known):
            y = function(*[value[i] for i in inputs])
            value.append(y)
            tensors = self.tensors(key)
            if tensors:
                w = self.weight[tensors[0]]
                backward = y.requires_grad and w.requires_grad + value[inputs[0]].requires_grad
                madds += y.numel() * w[0].numel() * (1 + backward)
        return madds

    def tensors(self, key):
        """Those of a convolution or linear layer."""
        candidate, _, i = key[0].rpartition(".") if isinstance(key, tuple) else ("", "", "")
        if candidate not in self.candidate:
            return None
        op = self.candidate[candidate]["ops"][int(i)]
        return op["tensors"] if op["op"] in ("conv", "linear") else None


class Group:
    """Tasks that one network runs, and their samples."""

    def __init__(self, tasks, x, network):
        self.tasks, self.input, self.network, self.run = tasks, x, network, network

    def compile(self, for_training):
        """As TorchScript; of predictions batch norms become part of convolutions, these in oneDNN's layouts."""
        self.run = torch.jit.trace(self.network.train(for_training), self.input, check_trace=False)
        if not for_training:
            self.run = torch.jit.optimize_for_inference(torch.jit.freeze(self.run))
        for _ in range(3):
            self.run(self.input)


class Theirs:
    """A bench of PyTorch; `choice` is one of choices().  With `apart` no task shares anything."""

    def __init__(self, folder, kind, apart, choice):
        self.kind, self.choice = kind, choice
        architecture, array = read_start(folder)
        self.layout = torch.channels_last if choice["channels_last"] else torch.contiguous_format
        self.shape = [architecture["space"]["nodes"][0][side] for side in ("height", "width", "channels")]
        self.is_table = architecture["input"]["kind"] == "features"
        self.weight = {name[len("weight/"):]: self.parameter(a)
                       for name, a in array.items() if name.startswith("weight/")}
        statistics = {name: torch.tensor(a).float() for name, a in array.items() if name.startswith("statistics/")}
        self.task = architecture["tasks"]
        for i, task in enumerate(self.task):
            task["number"] = i
        gates = {t["name"]: self.read_gates(architecture, array.get("gate/" + t["name"])) for t in self.task}
        self.gate = [list(gates[t["name"]].values()) for t in self.task]
        self.label = [self.read_label(array["label/" + t["name"]], t) for t in self.task]
        self.group = []
        for task in self.task:
            if "input/" + task["name"] in array:
                x = self.read(array["input/" + task["name"]])
                together = [t for t in self.task if t["bundle"] == task["bundle"]]
                for tasks in [[t] for t in together] if apart else [together]:
                    self.group.append(Group(tasks, x, Network(architecture, tasks, self.weight, statistics, gates)))
        self.output = {t["name"]: torch.tensor(array["output/" + t["name"]]) for t in self.task if kind == "predict"}
        if kind in ("weight", "retrain"):
            self.make_optimizer(folder + "/peer.ini")
        if choice["compiled"]:
            for group in self.group:
                group.compile(for_training=kind != "predict")

    def parameter(self, a):
        w = torch.tensor(a)
        if w.dim() == 4:
            w = w.permute(0, 3, 1, 2).contiguous(memory_format=self.layout)
        return nn.Parameter(w, requires_grad=self.kind in ("weight", "retrain"))

    def read(self, a):
        x = torch.tensor(a)
        if self.is_table:
            return x
        return x.reshape(-1, *self.shape).permute(0, 3, 1, 2).contiguous(memory_format=self.layout)

    def read_label(self, a, task):
        if task["kind"] == "classification":
            return torch.tensor(a.view(np.int32)[:, 0]).long()
        if task["kind"] == "segmentation":
            return torch.tensor(a.view(np.int32).reshape(-1, *self.shape[:2])).long()
        return torch.tensor(a)

    def read_gates(self, architecture, a):
        """By candidate."""
        gates = {} if a is None else {c["name"]: float(g) for c, g in zip(architecture["space"]["candidates"], a[0])
                                      if not np.isnan(g)}
        if self.kind == "alpha":
            return {name: torch.tensor(g, requires_grad=True) for name, g in gates.items()}
        return gates

    def make_optimizer(self, path):
        config = configparser.ConfigParser(strict=False)
        config.read(path)
        def decays(name):
            return name.endswith("weight")
        groups = [dict(params=[w for n, w in self.weight.items() if decays(n)], weight_decay=Settings.decay),
                  dict(params=[w for n, w in self.weight.items() if not decays(n)], weight_decay=0)]
        self.optimizer = torch.optim.SGD(groups, lr=config.getfloat("search", "lr"), momentum=Settings.momentum,
                                         nesterov=True, foreach=self.choice["foreach"])

    def loss(self, task, y):
        label = self.label[task["number"]]
        if task["kind"] == "regression":
            return F.mse_loss(y, label)
        return F.cross_entropy(y, label, label_smoothing=Settings.smoothing if task["kind"] == "classification" else 0)

    def turn(self, tasks):
        """The groups that have these tasks."""
        return [g for g in self.group if g.tasks[0]["number"] in tasks]

    def backward(self, tasks):
        """Of the mean of the tasks' losses; group after group, so that one's values live at a time."""
        total = 0.0
        for group in self.turn(tasks):
            loss = sum(self.loss(t, y) for t, y in zip(group.tasks, group.run(group.input))) / len(tasks)
            loss.backward()
            total += loss.item()
        return total

    def step(self, tasks):
        """What of it must agree with ours."""
        if self.kind == "alpha":
            for gates in self.gate:
                for g in gates:
                    g.grad = None
            loss = self.backward(tasks)
            return {"loss": loss, "gates": sum(g.grad.item() ** 2 for k in tasks for g in self.gate[k]) ** 0.5}
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.backward(tasks)
        nn.utils.clip_grad_norm_(self.weight.values(), Settings.clip)
        self.optimizer.step()
        return {"loss": loss}

    def predict(self):
        """All tasks on the same samples, those of the first group."""
        with torch.inference_mode():
            return {t["name"]: y for group in self.group for t, y in zip(group.tasks, group.run(self.group[0].input))}

    def count(self, tasks):
        """Multiply-adds of a step, or of a prediction."""
        groups = self.group if tasks is None else self.turn(tasks)
        with torch.set_grad_enabled(self.kind != "predict"):
            return sum(g.network.count(g.input) for g in groups)


def choices(kind, is_table):
    """Training is compiled where Python's own time may count; gates in it cannot be."""
    compiled = (False, True) if kind == "predict" or (is_table and kind != "alpha") else (False,)
    return [dict(channels_last=c, compiled=j, foreach=f) for c in ((False,) if is_table else (False, True))
            for j in compiled for f in ((False, True) if kind in ("weight", "retrain") else (None,))]


def seconds_of(theirs, tasks, least):
    """Seconds of a step or prediction, in processor time."""
    run = theirs.predict if theirs.kind == "predict" else lambda: theirs.step(tasks)
    for _ in range(3):
        run()
    n, begin = 0, time.process_time()
    while n < 3 or time.process_time() - begin < least:
        run()
        n += 1
    return (time.process_time() - begin) / n


def main(folder, kind, apart, threads, seconds):
    torch.set_num_threads(int(threads))
    tried, apart = [], apart == "apart"
    is_table = read_start(folder)[0]["input"]["kind"] == "features"
    for choice in choices(kind, is_table):
        theirs = Theirs(folder, kind, apart, choice)
        tasks = [t["number"] for t in theirs.task]
        tried.append((seconds_of(theirs, tasks, float(seconds)), choice))
    print(json.dumps(min(tried, key=lambda t: t[0])[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
