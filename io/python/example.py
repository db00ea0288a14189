#!/usr/bin/env python3
"""From arrays to a network and what it says, step by step; cells as notebooks take them.

    PYTHONPATH=/usr/local/share/polytree/python python3 example.py [FOLDER]

It takes seconds, wants NumPy, and shows curves as numbers: plot them with what you like.
"""
# %% Two tasks over the same pictures; the second labels some of them.
import os
import sys

import numpy as np

import polytree

os.chdir(sys.argv[1] if len(sys.argv) > 1 else ".")
rng = np.random.default_rng(0)
n = 400
row, shade = rng.integers(0, 4, n), rng.integers(0, 3, n)
images = rng.integers(0, 40, (n, 16, 16, 1)).astype(np.uint8)
for i in range(n):
    images[i, 4 * row[i]:4 * row[i] + 4] += np.uint8(60 + 70 * shade[i])
known = np.where(rng.random(n) < 0.8, shade, -1)
print(polytree.make_dataset("pictures.h5", images[:300], {"row": row[:300], "shade": known[:300]}))

# %% A config that fits, and a search on two ranks.  The same call goes on with one that was
# stopped.
polytree.command("init", "pictures.h5", "-o", "pictures.ini")
run = polytree.search("pictures.ini", "PICTURES", ranks=2,
                      options={"space.channels": 8, "retrain.steps": 150, "retrain.ema": 0.9,
                               "run.eval_every": 25, "run.metrics_every": 10})
for task, score in run.scores().items():
    print("%-6s accuracy on test %.3f of %d" % (task, score["accuracy"], score["n"]))

# %% Its curves: arrays by key, or run.frame() for pandas.
steps = run.steps()
print("loss of %d steps: %s ..." % (len(steps["loss"]), np.round(steps["loss"][:5], 2)))
print("row on val:", np.round(run.steps("eval")["tasks.row.accuracy"], 2))

# %% The network that was found.
for task in run.architecture()["tasks"]:
    print(task["name"], "runs", " ".join(task["candidates"]))
print("%d arrays of weights and statistics" % len(run.tensors()))

# %% What it says of new pictures.
answers = run.predict(images[300:])
print("right on new pictures: row %.2f, shade %.2f" % (
    np.mean(answers["row/class"] == row[300:]), np.mean(answers["shade/class"] == shade[300:])))

# %% Networks judged one by one, where that is asked for: their cost and score as arrays.
judged = polytree.search("pictures.ini", "JUDGED", options={
    "choose.judge": "supernet", "space.channels": 8, "search.steps": 20, "retrain.steps": 40,
    "choose.generations": 2, "choose.population": 8, "choose.budget": 4})
candidates = [c for c in judged.candidates() if "score" in c]
cost = np.array([c["cost"] for c in candidates])
score = np.array([c["score"] for c in candidates])
best = candidates[int(np.argmin(score))]
print("%d networks of %d to %d multiply-adds; the best of them, %s, at %.0f" % (
    len(cost), cost.min(), cost.max(), best["origin"], best["cost"]))
