#!/usr/bin/env python3
"""What `polytree init` is worth on small tables: scikit-learn's own, by five splits each.

    tests/bench/tables.py [KEY=VALUE ...]        options over those of the drafted config

Each split (seed 1 to 5: 70 % train, 10 % val, 20 % test) is imported, drafted and trained as it
comes.  For each task the gain in % of accuracy, or of RMSE less, over logistic or ridge regression
(scikit-learn's defaults, on standardised inputs, fitted on train and val together), its mean over
the splits and the lower bound of its 95 % interval (Student's t).

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
    """Per task: name of the metric, and its value on test."""
    with h5py.File(path) as file:
        def inputs(split):
            return file[split + "/inputs"][:].astype(float) if split in file else np.zeros((0, file["train/inputs"].shape[1]))

        def labels(split, task):
            return file[f"{split}/tasks/{task}/labels"][:].ravel() if split in file else np.zeros(0)

        train = np.concatenate([inputs("train"), inputs("val")])
        mean, deviation = train.mean(0), np.where(train.std(0) > 0, train.std(0), 1)
        train, test = (train - mean) / deviation, (inputs("test") - mean) / deviation
        for task, group in file["tasks"].items():
            y = np.concatenate([labels("train", task), labels("val", task)])
            want = labels("test", task)
            if "classes" in group.attrs:
                guess = LogisticRegression(max_iter=5000).fit(train, y.astype(int)).predict(test)
                yield task, "accuracy", np.mean(guess == want)
            else:
                guess = Ridge().fit(train, y).predict(test)
                yield task, "rmse", np.sqrt(np.mean((guess - want) ** 2))


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
    for task, metric, theirs in regression("table.h5"):
        gain = final[task][metric] / theirs - 1
        yield f"{task} ({metric})", 100 * (gain if metric == "accuracy" else -gain)


def main():
    warnings.filterwarnings("ignore")
    print(f"{'table':14} {'task':14} {'gain, %':>8} {'lower':>7}  by split")
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
            mean, error = np.mean(gain), np.std(gain, ddof=1) / SPLITS ** 0.5
            print(f"{name:14} {task:14} {mean:8.2f} {mean - STUDENT * error:7.2f}  " +
                  " ".join(f"{g:.1f}" for g in gain), flush=True)


if __name__ == "__main__":
    POLYTREE = os.path.abspath(POLYTREE)
    main()
