#!/usr/bin/env python3
"""Make a data set of ETT: each series of an electricity transformer is a task.

    ett.py ETTh1.csv OUT.h5 [--tasks HUFL OT ...] [--past 96] [--ahead 24] [--block 720]
           [--val-from 8640] [--test-from 11520] [--end 14400] [--deal]

The hourly files of Zhou et al., Informer, AAAI 2021 (github.com/zhouhaoyi/ETDataset): a line
"date,HUFL,HULL,MUFL,MULL,LUFL,LULL,OT" an hour.  The usual protocol: 12 months of 30 days are
train, the next 4 val, the next 4 test; every series is standardised by train's mean and
deviation.  An input is the last 96 hours of all seven series, a task its own series' next 24
hours (kind regression).

What is ours: the mean of a window is taken from its inputs and its labels, series by series, so
that the score is that of the change and not of the level, which shifts between the years.  Train
is cut into blocks of --block hours, no window lies in two, and `group` says in which it is:
windows overlap, and a part that polytree holds back from train shares no hour with the rest.

With --deal the parts are of one distribution: of every five blocks up to --end three are train, one
is val and one test.  By the calendar they are not: which series are better trained together in the
first year says little about the second.

Needs h5py and numpy.
"""
import argparse
import csv
import sys

import h5py
import numpy as np


def read_series(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    names, values = rows[0][1:], np.array([row[1:] for row in rows[1:]], "float64")
    return names, values


def windows(series, begin, end, past, ahead):
    """Inputs [n, past * series] and labels [n, series, ahead] of all windows in begin..end - 1."""
    starts = np.arange(begin, end - past - ahead + 1)
    both = np.stack([series[s : s + past + ahead] for s in starts])  # n, past + ahead, series
    both = both - both[:, :past].mean(axis=1, keepdims=True)
    inputs = both[:, :past].transpose(0, 2, 1).reshape(len(starts), -1)
    return inputs, both[:, past:].transpose(0, 2, 1)


def blocks(begin, end, block):
    return [(first, min(first + block, end)) for first in range(begin, end, block)]


def split(series, spans, past, ahead):
    parts, group = [], []
    for number, (first, last) in enumerate(spans):
        if last - first >= past + ahead:
            parts.append(windows(series, first, last, past, ahead))
            group.append(np.full(len(parts[-1][0]), number))
    inputs, labels = (np.concatenate(part) for part in zip(*parts))
    return inputs, labels, np.concatenate(group)


def main():
    parser = argparse.ArgumentParser(description="Make a data set of ETT.")
    parser.add_argument("src")
    parser.add_argument("out")
    parser.add_argument("--tasks", nargs="+", help="names of series; default: all")
    parser.add_argument("--past", type=int, default=96)
    parser.add_argument("--ahead", type=int, default=24)
    parser.add_argument("--block", type=int, default=720, help="hours of a group of train")
    parser.add_argument("--val-from", type=int, default=12 * 720)
    parser.add_argument("--test-from", type=int, default=16 * 720)
    parser.add_argument("--end", type=int, default=20 * 720)
    parser.add_argument("--deal", action="store_true", help="blocks in turn, not by the calendar")
    a = parser.parse_args()
    names, series = read_series(a.src)
    tasks = a.tasks or names
    unknown = [name for name in tasks if name not in names]
    if unknown:
        sys.exit(f"{a.src}: no series {', '.join(unknown)}; there are {', '.join(names)}")
    if not 0 < a.val_from < a.test_from < a.end <= len(series):
        sys.exit(f"{a.src}: has {len(series)} hours, not the {a.end} that the parts need")
    parts = {
        "train": blocks(0, a.val_from, a.block),
        "val": [(a.val_from, a.test_from)],
        "test": [(a.test_from, a.end)],
    }
    if a.deal:
        every = blocks(0, a.end, a.block)
        turn = {"train": (0, 1, 2), "val": (3,), "test": (4,)}
        parts = {part: [b for i, b in enumerate(every) if i % 5 in turn[part]] for part in turn}
    train = np.concatenate([series[first:last] for first, last in parts["train"]])
    series = (series - train.mean(axis=0)) / train.std(axis=0)
    with h5py.File(a.out, "w") as f:
        f.attrs["format"] = "polytree dataset"
        f.attrs["version"] = 1
        for name in tasks:
            f.create_group("tasks/" + name).attrs["kind"] = "regression"
        for part, spans in parts.items():
            inputs, labels, group = split(series, spans, a.past, a.ahead)
            f[part + "/inputs"] = inputs.astype("float32")
            if part == "train":
                f[part + "/group"] = group.astype("int64")
            for name in tasks:
                f[f"{part}/tasks/{name}/labels"] = labels[:, names.index(name)].astype("float32")
            print(f"{part}: {len(inputs)} windows, {len(tasks)} tasks")


if __name__ == "__main__":
    main()
