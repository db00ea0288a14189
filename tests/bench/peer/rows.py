"""The rows of peer.py: what is run, on which data, by which config.  A row's data set is random,
and has for every bundle just the samples of one step, so that a step's are known."""
import os

import h5py
import numpy as np

COMMON = """
[data]
file = data.h5
val_fraction = 0
standardise = none
[run]
seed = 1
eval_every = 0
threads = %(threads)d
[layout]
cost = counted
[train]
batch = %(batch)d
microbatch = %(batch)d
tasks_per_step = %(tasks_per_step)d
[augment]
rotate = 0
scale = 0
shear = 0
shift = 0
[head]
dropout = 0
[bn]
calibrate = 1
[search]
lr = %(lr)g
"""
OMNIGLOT = """
[space]
nodes = 8
flow = 3
min_depth = 3
op = conv3x3_bn_relu
stem = conv3x3_bn_relu
channels = 32 32 48 48 64 64 64 64
stride = 1 1 2 1 2 1 1 1
stem_channels = 32
adapter_norm = 1
[head]
kind = classifier
norm = 1
"""
STACK = """
[space]
kind = branch
encoder = stack.ini
[search]
method = shared
"""
TABLE = """
[space]
nodes = 5
flow = 3
op = linear_bn_relu
stem = linear_bn_relu
stride = 1
channels = 64
stem_channels = 64
"""


BRANCHES = """
[space]
kind = branch
encoder = %s
width = 0.5
output_stride = 16
[head]
kind = deeplab
width = 64
skip = l03
""" % os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../configs/encoders/mobilenetv2.ini")
PATHS = BRANCHES + """
[search]
gates = hard
run = active
"""


def maps(path, size, tasks, classes, batch):
    """A segmentation of the same pictures for every task."""
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as f:
        f.attrs.update(format="polytree dataset", version=1)
        for part, n in (("train", 2 * batch), ("test", batch)):
            # Patches of colour below the noise: what is pooled of noise alone is the same for all.
            patches, noise = (rng.integers(0, 128, (n, m, m, 3), dtype=np.uint8) for m in (4, size))
            f[part + "/images"] = patches.repeat(size // 4, axis=1).repeat(size // 4, axis=2) + noise
            for k in range(tasks):
                name = "t%02d" % k
                f.require_group("tasks/" + name).attrs.update(kind="segmentation", classes=classes)
                f["%s/tasks/%s/labels" % (part, name)] = rng.integers(0, classes, (n, size, size), dtype=np.int32)


def pictures(path, size, channels, tasks, classes, batch):
    """Every task has pictures of its own."""
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as f:
        f.attrs.update(format="polytree dataset", version=1)
        for part, each in (("train", 2 * batch), ("test", batch)):
            shape = (tasks * each, size, size, channels)
            f[part + "/images"] = rng.integers(0, 256, shape, dtype=np.uint8)
            for k in range(tasks):
                name = "t%02d" % k
                f.require_group("tasks/" + name).attrs.update(kind="classification", classes=classes)
                f["%s/tasks/%s/labels" % (part, name)] = rng.integers(0, classes, each, dtype=np.int32)
                f["%s/tasks/%s/index" % (part, name)] = np.arange(k * each, (k + 1) * each)


def table(path, features, tasks, values, batch):
    """All tasks have the same rows."""
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as f:
        f.attrs.update(format="polytree dataset", version=1)
        mix = rng.normal(size=(features, values)) / np.sqrt(features)
        for part, n in (("train", 2 * batch), ("test", batch)):
            x = rng.normal(size=(n, features)).astype(np.float32)
            f[part + "/inputs"] = x
            for k in range(tasks):
                name = "t%02d" % k
                f.require_group("tasks/" + name).attrs["kind"] = "regression"
                f["%s/tasks/%s/labels" % (part, name)] = (np.roll(x, k, axis=1) @ mix).astype(np.float32)


class Row:
    def __init__(self, title, kind, config, data, batch, tasks_per_step=0, cycle=1, ranks=True, apart=False,
                 lr=0.01):
        self.title, self.kind, self.config, self.data, self.batch = title, kind, config, data, batch
        self.tasks_per_step = tasks_per_step
        self.ranks = ranks  # more cores are more ranks, else threads
        self.cycle = cycle  # steps in which all tasks have had their turn
        self.lr = lr  # small enough that rounding errors do not grow within some steps
        self.apart = apart  # PyTorch runs task after task

    def prepare(self, folder, cores):
        with open(folder + "/stack.ini", "w", encoding="utf-8") as f:
            f.write("[encoder]\nstem = none\nlayers =\n" + 9 * "    conv3x3_bn_relu out=64 stride=1\n")
        with open(folder + "/peer.ini", "w", encoding="utf-8") as f:
            f.write(self.config + COMMON % dict(batch=self.batch, tasks_per_step=self.tasks_per_step, lr=self.lr,
                                                threads=1 if self.ranks else cores))
        self.data(folder + "/data.h5", self.batch)


def omniglot(path, batch):
    pictures(path, 35, 1, 20, 40, batch)


def rooms(path, batch):
    maps(path, 128, 5, 8, batch)


ROWS = {
    "stack": Row("9 x conv3x3 64 + BN + ReLU, 32 x 32, batch 64, training step", "retrain", STACK,
                 lambda path, batch: pictures(path, 32, 3, 1, 10, batch), 64, ranks=False),
    "weight": Row("weight step of the search of omniglot20.ini", "weight", OMNIGLOT, omniglot, 16, 4, 5),
    "retrain": Row("training step of a network of half its edges", "retrain", OMNIGLOT, omniglot, 16, 4, 5),
    "predict-1": Row("prediction of that network's 20 tasks, batch 1", "predict", OMNIGLOT, omniglot, 1, ranks=False),
    "predict-64": Row("the same, batch 64", "predict", OMNIGLOT, omniglot, 64, ranks=False),
    "table": Row("weight step of a search on a table, 7 tasks, 64 wide, batch 64", "weight", TABLE,
                 lambda path, batch: table(path, 672, 7, 24, batch), 64),
    "alpha": Row("alpha step of the search of omniglot20.ini", "alpha", OMNIGLOT, omniglot, 16, 4, 5),
    "soft": Row("weight step of BMTAS, soft, MobileNetV2 of half width, 128 x 128, 5 tasks, batch 8", "weight",
                BRANCHES, rooms, 8, lr=1e-4),
    "soft-apart": Row("the same, PyTorch task after task", "weight", BRANCHES, rooms, 8, lr=1e-4, apart=True),
    "path": Row("the same, single paths", "weight", PATHS, rooms, 8, lr=1e-4),
    "path-apart": Row("single paths, PyTorch task after task", "weight", PATHS, rooms, 8, lr=1e-4, apart=True),
}
