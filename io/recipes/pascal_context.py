#!/usr/bin/env python3
"""Make a data set of PASCAL-Context with five tasks, from the tree called PASCAL_MT.

    pascal_context.py SRC OUT.h5 [--size 512] [--val N] [--seed 1] [--normals-classes A B]

The tree (Maninis et al., Attentive Single-Tasking of Multiple Tasks, CVPR 2019), NAME from
ImageSets/Context/{train,val}.txt:

    JPEGImages/NAME.jpg                  images of any size up to --size
    semseg/VOC12/NAME.png                classes 0..20, 255: none; where it is missing,
    semseg/pascal-context/NAME.png       this one
    human_parts/NAME.mat                 anno.objects(i).{class_ind, mask, parts(j)}, and of
                                         these .{part_name, mask}; class_ind 15 is a person
    normals_distill/NAME.png             2 v / 255 - 1 is a normal's x, y, z
    sal_distill/NAME.png                 salient above one half
    pascal-context/trainval/NAME.mat     LabelMap, the 459 classes

Tasks: segmentation (21 classes); parts (background, head, torso, upper arm, lower arm, upper
leg, lower leg; an image without a person has no labels); normals; edges; saliency.

What is ours: images are padded to the right and below with black, where labels are none; an
edge is where the pixel to the right or below has another LabelMap (published: a thinned
Laplacian of it, as wide); maps of another size than their image are sampled at the nearest
pixel; normals count where the class of LabelMap is among those that have the same name in the
two JSON files NAME -> number given by --normals-classes (published: those of NYUv2 and
PASCAL-Context, and tvmonitor), everywhere without the option.  val becomes test, as
results are reported on it; --val takes N samples of train for progress and tuning.

Needs h5py, numpy, Pillow and SciPy.
"""
import argparse
import json
import os
import sys

import h5py
import numpy as np
import scipy.io
from PIL import Image

IGNORE = 255
PERSON = 15
PARTS = {
    1: "hair head lear lebrow leye mouth nose rear rebrow reye",
    2: "neck torso",
    3: "luarm ruarm",
    4: "lhand llarm rhand rlarm",
    5: "luleg ruleg",
    6: "lfoot llleg rfoot rlleg",
}
PART_OF = {name: part for part, names in PARTS.items() for name in names.split()}
PART_NAMES = ["background", "head", "torso", "upper arm", "lower arm", "upper leg", "lower leg"]
VOC_NAMES = (
    "background aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse "
    "motorbike person pottedplant sheep sofa train tvmonitor"
).split()


class Defect(Exception):
    pass


def fit(array, shape):
    """Sample an array at the nearest pixels, to the height and width of its image."""
    rows, columns = (
        np.minimum((np.arange(n) + 0.5) * have / n, have - 1).astype(int)
        for n, have in zip(shape, array.shape)
    )
    return array if array.shape[:2] == shape else array[rows][:, columns]


def read_image(path):
    with Image.open(path) as image:
        return np.array(image.convert("RGB"))


def read_png(path):
    with Image.open(path) as image:
        return np.array(image)


def as_list(value):
    return list(np.atleast_1d(np.asarray(value, dtype=object)))


def read_parts(path, shape):
    """Parts of all persons; without one there are no labels."""
    anno = scipy.io.loadmat(path, squeeze_me=True, struct_as_record=False)["anno"]
    target = None
    for thing in as_list(anno.objects):
        parts = as_list(thing.parts)
        if int(thing.class_ind) != PERSON or not parts:
            continue
        target = np.zeros(thing.mask.shape, "uint8") if target is None else target
        for part in parts:
            if part.part_name not in PART_OF:
                raise Defect(f"{path}: '{part.part_name}' is no part of a person")
            target[part.mask.astype(bool)] = PART_OF[part.part_name]
    return np.full(shape, IGNORE, "uint8") if target is None else fit(target, shape)


def find_edges(labels):
    edges = np.zeros(labels.shape, "uint8")
    edges[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    edges[:-1] |= labels[:-1] != labels[1:]
    return edges


def read_normals(path, labels, valid):
    normals = 2.0 * fit(read_png(path), labels.shape).astype("float32") / 255.0 - 1.0
    length = np.linalg.norm(normals, axis=2, keepdims=True)
    normals = normals / np.maximum(length, 1e-6)
    if valid is not None:
        normals[~np.isin(labels, valid)] = 0
    return normals


def read_sample(src, name, valid):
    def path(*parts):
        return os.path.join(src, *parts)

    image = read_image(path("JPEGImages", name + ".jpg"))
    shape = image.shape[:2]
    context = scipy.io.loadmat(path("pascal-context", "trainval", name + ".mat"))
    labels = fit(context["LabelMap"], shape)
    semseg = path("semseg", "VOC12", name + ".png")
    if not os.path.exists(semseg):
        semseg = path("semseg", "pascal-context", name + ".png")
    saliency = fit(read_png(path("sal_distill", name + ".png")), shape)
    return {
        "images": image,
        "segmentation": fit(read_png(semseg), shape),
        "parts": read_parts(path("human_parts", name + ".mat"), shape),
        "normals": read_normals(path("normals_distill", name + ".png"), labels, valid),
        "edges": find_edges(labels),
        "saliency": (saliency > 127).astype("uint8"),
    }


def write_split(group, src, names, size, valid):
    """One sample at a time, whatever their number."""
    shape = (len(names), size, size)
    into = {"images": group.create_dataset("images", shape + (3,), "uint8")}
    for task in ("segmentation", "parts", "edges", "saliency"):
        into[task] = group.create_dataset(f"tasks/{task}/labels", shape, "uint8")
    into["normals"] = group.create_dataset("tasks/normals/labels", shape + (3,), "float32")
    for i, name in enumerate(names):
        for what, value in read_sample(src, name, valid).items():
            height, width = value.shape[:2]
            if height > size or width > size:
                raise Defect(f"{name}: {height} x {width} pixels, --size is {size}")
            fill = 0 if what in ("images", "normals") else IGNORE
            whole = np.full(into[what].shape[1:], fill, into[what].dtype)
            whole[:height, :width] = value
            into[what][i] = whole


def write_tasks(file):
    tasks = file.create_group("tasks", track_order=True)
    for name, kind, classes in (
        ("segmentation", "segmentation", VOC_NAMES),
        ("parts", "segmentation", PART_NAMES),
        ("normals", "normals", None),
        ("edges", "edges", None),
        ("saliency", "saliency", None),
    ):
        attrs = tasks.create_group(name).attrs
        attrs["kind"] = kind
        if kind != "normals":
            attrs["ignore"] = IGNORE
        if classes:
            attrs["classes"] = len(classes)
            attrs["class_names"] = classes


def read_names(src, split):
    with open(os.path.join(src, "ImageSets", "Context", split + ".txt")) as file:
        return file.read().split()


def find_valid(files):
    if files is None:
        return None
    first, second = (json.load(open(file)) for file in files)
    names = {name for name in second if name in first and name != "unknown"} | {"tvmonitor"}
    return [second[name] for name in names if name in second]


def convert(options):
    names = {"train": read_names(options.src, "train"), "test": read_names(options.src, "val")}
    if not 0 <= options.val < len(names["train"]):
        raise Defect(f"--val {options.val}: train has {len(names['train'])} samples")
    order = np.random.default_rng(options.seed).permutation(len(names["train"]))
    picked = sorted(order[: options.val])
    names["val"] = [names["train"][i] for i in picked]
    names["train"] = [name for name in names["train"] if name not in set(names["val"])]
    valid = find_valid(options.normals_classes)
    temporary = f"{options.out}.tmp.{os.getpid()}"
    try:
        with h5py.File(temporary, "w") as file:
            file.attrs["format"] = "polytree dataset"
            file.attrs["version"] = 1
            file.attrs["origin"] = "PASCAL-Context with five tasks, padded; test is their val"
            write_tasks(file)
            for split in ("train", "val", "test"):
                if names[split]:
                    group = file.create_group(split)
                    write_split(group, options.src, names[split], options.size, valid)
        os.replace(temporary, options.out)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("src", metavar="SRC")
    parser.add_argument("out", metavar="OUT.h5")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--val", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--normals-classes", nargs=2, metavar="JSON")
    try:
        convert(parser.parse_args())
    except (Defect, OSError) as defect:
        sys.exit(f"pascal_context.py: {defect}")


if __name__ == "__main__":
    main()
