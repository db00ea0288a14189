#!/usr/bin/env python3
"""Write a table of random numbers as a data set: features, and regression tasks that are linear
in them.  With --rows each task has as many training samples of its own, else all have the same.

    table.py OUT.h5 [--tasks 7] [--features 672] [--values 24] [--rows N]

Needs h5py and numpy.
"""
import argparse

import h5py
import numpy as np

parser = argparse.ArgumentParser(description="Write a table of random numbers as a data set.")
parser.add_argument("out")
parser.add_argument("--tasks", type=int, default=7)
parser.add_argument("--features", type=int, default=672)
parser.add_argument("--values", type=int, default=24, help="of a task's label")
parser.add_argument("--rows", type=int, default=0, help="of each task alone; 0: all have the same 4000")
a = parser.parse_args()
rng = np.random.default_rng(0)
with h5py.File(a.out, "w") as f:
    f.attrs["format"], f.attrs["version"] = "polytree dataset", 1
    mix = rng.normal(size=(a.features, a.values)) / np.sqrt(a.features)
    for part, n in (("train", a.rows * a.tasks or 4000), ("test", a.tasks)):
        x = rng.normal(size=(n, a.features)).astype("f4")
        f[part + "/inputs"] = x
        for k in range(a.tasks):
            f.require_group(f"tasks/t{k:04d}").attrs["kind"] = "regression"
            own = np.arange(k, n, a.tasks) if a.rows else np.arange(n)
            f[f"{part}/tasks/t{k:04d}/labels"] = (np.roll(x[own], k, axis=1) @ mix).astype("f4")
            if a.rows:
                f[f"{part}/tasks/t{k:04d}/index"] = own
