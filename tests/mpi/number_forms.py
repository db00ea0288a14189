#!/usr/bin/env python3
"""Data sets of the same numbers in many forms: NAME.h5 as users have them, NAME.ref.h5 in the
forms of memory, by NumPy's conversion.  And those to be refused, with what is to be said."""
import os
import sys

import h5py
import numpy as np

os.chdir(sys.argv[1])
rng = np.random.default_rng(0)
N, SIDE = 40, 5
names, refused = [], []


def start(path, kind, classes=None, ignore=None):
    file = h5py.File(path, "w")
    file.attrs["format"], file.attrs["version"] = "polytree dataset", np.array([1], ">u2")
    group = file.create_group("tasks/t")
    group.attrs["kind"] = kind
    if classes:
        group.attrs["classes"] = np.array(classes, ">i2")
    if ignore is not None:
        group.attrs["ignore"] = np.int16(ignore)
    return file


def write(path, inputs, labels, kind, put=None, **attrs):
    put = put or (lambda file, name, x: file.create_dataset(name, data=x))
    with start(path, kind, 4 if kind in ("classification", "segmentation") else None, **attrs) as file:
        put(file, "train/images" if inputs.ndim == 4 else "train/inputs", inputs)
        put(file, "train/tasks/t/labels", labels)


def pair(name, inputs, labels, kind, ref_inputs, ref_labels, put=None, scale=None, **attrs):
    write(name + ".h5", inputs, labels, kind, put, **attrs)
    write(name + ".ref.h5", ref_inputs, ref_labels, kind, **attrs)
    if scale is not None:
        with h5py.File(name + ".h5", "r+") as file:
            file["train/images" if inputs.ndim == 4 else "train/inputs"].attrs["scale"] = scale
    names.append(name)


def native(x):
    return x.astype("<f4") if x.dtype.kind == "f" else x.astype("<i4")


bytes_ = rng.integers(0, 256, (N, SIDE, SIDE, 2)).astype("u1")
# The values of which HDF5's own conversion makes others: a subnormal, and what stands behind it.
hard = np.array([1e-40, 1.9999999999, 0.9999, -3.5, 65504, 0, 6e-8, -1 / 3])
floats = np.concatenate([hard, rng.normal(size=N * 6 - len(hard)) * 10]).reshape(N, 6)
signed = rng.integers(-30000, 30000, (N, SIDE, SIDE, 2))
unsigned = rng.integers(0, 65536, (N, SIDE, SIDE, 2))
classes = rng.integers(0, 4, N)
classes[3] = 100
maps = rng.integers(0, 4, (N, SIDE, SIDE))

for order in "<>":
    for width in (2, 4, 8):
        x = floats.astype(f"{order}f{width}")
        pair(f"float{order == '>'}{width}", x, x[:, :3], "regression", native(x), native(x)[:, :3])
    for letter in "iu":
        for width in (1, 2, 4, 8):
            y, m = classes.astype(f"{order}{letter}{width}"), maps.astype(f"{order}{letter}{width}")
            pair(f"class{order == '>'}{letter}{width}", bytes_, y, "classification", bytes_, native(y), ignore=100)
            pair(f"map{order == '>'}{letter}{width}", bytes_, m, "segmentation", bytes_, native(m))
    u, i = unsigned.astype(order + "u2"), signed.astype(order + "i2")
    pair(f"u2{order == '>'}", u, maps, "segmentation", (u * (1 / 65535)).astype("f4"), native(maps))
    pair(f"i2{order == '>'}", i, maps, "segmentation", (i * (1 / 32767)).astype("f4"), native(maps))
    pair(f"scaled{order == '>'}", i, maps, "segmentation", (i * 1e-4).astype("f4"), native(maps), scale=1e-4)
pair("bytes_scaled", bytes_, maps, "segmentation", (bytes_ * 0.5).astype("f4"), native(maps), scale=np.float32(0.5))
pair("bool", bytes_ > 99, maps > 1, "edges", (bytes_ > 99).astype("f4"), native(maps > 1))


def packed(file, name, x):
    """Chunks that cut across samples, of more rows than are read at once."""
    file.create_dataset(name, data=x, chunks=(7,) + x.shape[1:-1] + (1,) if x.ndim > 1 else (7,), compression="gzip", shuffle=True)


pair("packed", floats.astype(">f8"), floats[:, :3].astype(">f8"), "regression", native(floats), native(floats)[:, :3], packed)
pair("packed_map", bytes_, maps.astype(">i8"), "segmentation", bytes_, native(maps), packed)


def unwritten(file, name, x):
    """The last rows are fill value; so is all of val."""
    data = file.create_dataset(name, x.shape, x.dtype, chunks=(10,) + x.shape[1:], fillvalue=3)
    data[:20] = x[:20]
    file.create_dataset(name.replace("train", "val"), x.shape, x.dtype, fillvalue=3, chunks=(10,) + x.shape[1:])


filled = [np.where(np.arange(N).reshape(-1, *[1] * (x.ndim - 1)) < 20, x, 3).astype(x.dtype) for x in (bytes_, maps)]
pair("unwritten", bytes_, maps.astype(">i2"), "segmentation", filled[0], native(filled[1]), unwritten)
with h5py.File("unwritten.ref.h5", "r+") as file:
    file["val/images"] = np.full_like(bytes_, 3)
    file["val/tasks/t/labels"] = np.full_like(maps, 3)


def virtual(file, name, x, source=".", gone=False, short=False, kind=None):
    layout = h5py.VirtualLayout(x.shape, kind or x.dtype)
    for part in range(2):
        half = f"parts/{name.replace('/', '_')}{part}"
        if not (gone and part):
            file[half] = x[part * 20 : part * 20 + 20 - short]
        layout[part * 20 : part * 20 + 20] = h5py.VirtualSource(source, half, x[:20].shape, x.dtype)
    file.create_virtual_dataset(name, layout)


pair("virtual", bytes_, maps.astype(">i2"), "segmentation", bytes_, native(maps), virtual)


def refuse(name, said, inputs=bytes_, labels=maps, kind="segmentation", put=None, scale=None):
    write(name + ".h5", inputs, labels, kind, put)
    if scale is not None:
        with h5py.File(name + ".h5", "r+") as file:
            file["train/images"].attrs["scale"] = scale
    refused.append((name, said))


large = classes.astype(">u8")
large[5] = 2**63 + 1
refuse("large", "row 5 has a value that is not a signed integer of 64 bits", bytes_, large, "classification")
refuse("wide", "integers of 32 bits, expected uint8", bytes_.astype("i4"))
refuse("nowhere", "scale is 0, expected a finite number", bytes_, scale=0.0)
refuse("overflow", "infinite as float32", floats, np.full((N, 1), 1e300), "regression")
refuse("elsewhere", "its values are in another file", put=lambda f, n, x: virtual(f, n, x, "gone.h5"))
refuse("gone", "no data set 'parts/train_images1'", put=lambda f, n, x: virtual(f, n, x, gone=True))
refuse("short", "is not of the size that it takes", put=lambda f, n, x: virtual(f, n, x, short=True))
refuse("other", "is of another type", put=lambda f, n, x: virtual(f, n, x, kind="f4"))
refuse("longdouble", "neither integers of 8 or 16 bits nor floats", floats.astype("g"), floats, "regression")

with open("names", "w") as out:
    print(*names, sep="\n", file=out)
with open("refused", "w") as out:
    for name, said in refused:
        print(name, said, sep="\t", file=out)
