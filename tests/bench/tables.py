#!/usr/bin/env python3
"""What `polytree init` is worth on small tables: scikit-learn's own, by five splits each.

    tests/bench/tables.py [KEY=VALUE ...]        options over those of the drafted config

Each split (seed 1 to 5: 70 % train, 10 % val, 20 % test) is imported, drafted and trained as it
comes.  For each task the gain in % of accuracy, or of RMSE less, over logistic or ridge regression
(scikit-learn's defaults, on standardised inputs, fitted on train and val together), its mean over
the splits and the lower bound of its 95 % interval (Student's t); then the same of that very model
fitted to train alone, as a network is that has val for another use: what these splits can tell.

Needs h5py, NumPy, pandas and scikit-learn.
"""
import json
import os
import subprocess
import sys
import tempfile
import warnings

import h5py
import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.linear_model import LogisticRegression, Ridge

POLYTREE = os.environ.get("POLYTREE", "build/polytree")
SPLITS, STUDENT = 5, 2.776  # 97.5 % of t with 4 degrees of freedom
SETS = {"diabetes": datasets.load_diabetes, "linnerud": datasets.load_linnerud,
        "wine": datasets.load_wine, "breast_cancer": datasets.load_breast_cancer}


def polytree(*words):
    done = subprocess.run([os.path.abspath(POLYTREE), *words], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)


def regression(path):
    """Per task: name of the metric, its value on test, and that of a model without val."""
    with h5py.File(path) as file:
        def inputs(split):
            return file[split + "/inputs"][:].astype(float) if split in file else np.zeros((0, file["train/inputs"].shape[1]))

        def labels(split, task):
            return file[f"{split}/tasks/{task}/labels"][:].ravel() if split in file else np.zeros(0)

        def value(parts, task, classes):
            train = np.concatenate([inputs(part) for part in parts])
            y = np.concatenate([labels(part, task) for part in parts])
            mean, deviation = train.mean(0), np.where(train.std(0) > 0, train.std(0), 1)
            train, test = (train - mean) / deviation, (inputs("test") - mean) / deviation
            if classes:
                return np.mean(LogisticRegression(max_iter=5000).fit(train, y.astype(int)).predict(test) == labels("test", task))
            return np.sqrt(np.mean((Ridge().fit(train, y).predict(test) - labels("test", task)) ** 2))

        for task, group in file["tasks"].items():
            classes = "classes" in group.attrs
            yield (task, "accuracy" if classes else "rmse", value(("train", "val"), task, classes),
                   value(("train",), task, classes))


def gains(load, seed, options):
    data = load()
    table = pd.DataFrame(data.data, columns=[f"x{i}" for i in range(data.data.shape[1])])
    target = data.target.reshape(len(table), -1)
    tasks = [f"y{k}" for k in range(target.shape[1])]
    for k, task in enumerate(tasks):
        table[task] = target[:, k]
    table.to_csv("table.csv", index=False)
    polytree("data", "import", "csv", "table.csv", "table.h5", "--tasks", *tasks, "--seed", str(seed), "--force")
    polytree("init", "table.h5", "-o", "table.ini", "--force")
    polytree("search", "table.ini", "-o", f"run{seed}", "--set", "report.svg=0", *options)
    with open(f"run{seed}/metrics.jsonl") as journal:
        final = [json.loads(line) for line in journal][-1]["tasks"]
    for task, metric, theirs, alone in regression("table.h5"):
        sign = 100 if metric == "accuracy" else -100
        yield f"{task} ({metric})", [sign * (x / theirs - 1) for x in (final[task][metric], alone)]


def bound(gain):
    mean, error = np.mean(gain), np.std(gain, ddof=1) / SPLITS ** 0.5
    return f"{mean:8.2f} {mean - STUDENT * error:7.2f}"


def main():
    warnings.filterwarnings("ignore")
    print(f"{'table':14} {'task':14} {'gain, %':>8} {'lower':>7} {'alone, %':>8} {'lower':>7}  by split")
    for name, load in SETS.items():
        by_task = {}
        with tempfile.TemporaryDirectory() as work:
            before = os.getcwd()
            os.chdir(work)
            for seed in range(1, SPLITS + 1):
                for task, gain in gains(load, seed, sys.argv[1:]):
                    by_task.setdefault(task, []).append(gain)
            os.chdir(before)
        for task, gain in by_task.items():
            ours, alone = zip(*gain)
            print(f"{name:14} {task:14} {bound(ours)} {bound(alone)}  " + " ".join(f"{g:.1f}" for g in ours), flush=True)


if __name__ == "__main__":
    POLYTREE = os.path.abspath(POLYTREE)
    main()
