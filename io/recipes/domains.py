#!/usr/bin/env python3
"""Make a data set of four domains of unlike pictures, each a task with inputs of its own.

    domains.py OUT.h5 --fashion DIR --mnist DIR --omniglot SRC --speech SRC
               [--train 1200] [--val 300] [--test 1000] [--characters 60] [--size 28]

fashion   Fashion-MNIST: {train,t10k}-{images-idx3,labels-idx1}-ubyte[.gz] in DIR
mnist     the 10,000 test digits: t10k-images-idx3-ubyte[.gz] and their labels in DIR
character the first --characters of Omniglot, alphabets in the order of their names: SRC is a
          folder or tar archive with ALPHABET/characterNN/IIII_DD.png; drawers 1 to 12 are
          train, 13 to 15 val, 16 to 20 test
speech    spoken digits as spectrograms: SRC as for spoken_digits.py beside this file

All are 8-bit, --size pixels a side, bright on dark.  Fashion-MNIST and MNIST give the first
--train, then --val, then --test of their files (MNIST has one file for all three).

Needs h5py, numpy and Pillow.
"""
import argparse
import gzip
import io
import os
import re
import sys
import tarfile

import h5py
import numpy as np
from PIL import Image

import spoken_digits

DRAWING = re.compile(r"([^/]+)/(character[0-9]+)/[0-9]+_([0-9]+)\.png$")


def read_idx(folder, name):
    for path, opener in ((os.path.join(folder, name), open), (os.path.join(folder, name + ".gz"), gzip.open)):
        if os.path.exists(path):
            with opener(path, "rb") as file:
                data = file.read()
            sizes = np.frombuffer(data, ">i4", data[3], 4)
            return np.frombuffer(data, "uint8", offset=4 + 4 * data[3]).reshape(sizes)
    sys.exit(f"{folder}: holds no {name}")


def resized(image, size):
    return np.asarray(Image.fromarray(image).resize((size, size), Image.BILINEAR))


def idx_rows(images, labels, size):
    return [(resized(image, size), int(label)) for image, label in zip(images, labels)]


def fashion(a):
    part = [read_idx(a.fashion, f"{p}-{kind}-ubyte") for p in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
    learn = idx_rows(part[0][: a.train + a.val], part[1], a.size)
    return learn[: a.train], learn[a.train :], idx_rows(part[2][: a.test], part[3], a.size), 10


def mnist(a):
    images, labels = (read_idx(a.mnist, f"t10k-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1"))
    rows = idx_rows(images[: a.train + a.val + a.test], labels, a.size)
    return rows[: a.train], rows[a.train : a.train + a.val], rows[a.train + a.val :], 10


def drawings(src):
    """(alphabet, character, drawer, bytes) of every drawing."""
    if os.path.isdir(src):
        for folder, _, files in os.walk(src):
            for name in files:
                path = os.path.join(folder, name)
                match = DRAWING.search(path)
                if match:
                    with open(path, "rb") as file:
                        yield *match.groups(), file.read()
    else:
        with tarfile.open(src) as archive:
            for member in archive:
                match = DRAWING.search(member.name)
                if match and member.isfile():
                    yield *match.groups(), archive.extractfile(member).read()


def characters(a):
    found = sorted(drawings(a.omniglot), key=lambda d: d[:3])
    names = sorted({d[:2] for d in found})[: a.characters]
    if not names:
        sys.exit(f"{a.omniglot}: holds no ALPHABET/characterNN/IIII_DD.png")
    number = {name: i for i, name in enumerate(names)}
    parts = [], [], []
    for alphabet, character, drawer, data in found:
        if (alphabet, character) in number:
            ink = 255 - np.asarray(Image.open(io.BytesIO(data)).convert("L"))
            part = 0 if int(drawer) <= 12 else 1 if int(drawer) <= 15 else 2
            parts[part].append((resized(ink, a.size), number[alphabet, character]))
    return *parts, len(names)


def speech(a):
    parts = [], [], []
    for digit, _, index, data in spoken_digits.recordings(a.speech):
        part = 2 if index < 5 else 1 if index < 10 else 0
        parts[part].append((resized(spoken_digits.spectrogram(data, 32), a.size), digit))
    order = np.random.default_rng(1).permutation(len(parts[0]))[: a.train]
    return [parts[0][i] for i in sorted(order)], parts[1], parts[2], 10


def main():
    parser = argparse.ArgumentParser(description="Make a data set of four domains of pictures.")
    parser.add_argument("out")
    for name in ("fashion", "mnist", "omniglot", "speech"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--train", type=int, default=1200)
    parser.add_argument("--val", type=int, default=300)
    parser.add_argument("--test", type=int, default=1000)
    parser.add_argument("--characters", type=int, default=60)
    parser.add_argument("--size", type=int, default=28)
    a = parser.parse_args()
    tasks = {"fashion": fashion(a), "mnist": mnist(a), "character": characters(a), "speech": speech(a)}
    with h5py.File(a.out, "w") as f:
        f.attrs["format"] = "polytree dataset"
        f.attrs["version"] = 1
        for name, (*_, classes) in tasks.items():
            f.create_group("tasks/" + name).attrs.update(kind="classification", classes=classes)
        for p, part in enumerate(("train", "val", "test")):
            first, images = 0, []
            for name, task in tasks.items():
                rows = task[p]
                images += [row[0] for row in rows]
                f[f"{part}/tasks/{name}/index"] = np.arange(first, first + len(rows), dtype="int64")
                f[f"{part}/tasks/{name}/labels"] = np.array([row[1] for row in rows], "int32")
                first += len(rows)
                print(f"{part}: {name} {len(rows)}")
            f[part + "/images"] = np.stack(images)[..., None]


if __name__ == "__main__":
    main()
