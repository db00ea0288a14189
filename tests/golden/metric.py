#!/usr/bin/python3
"""Fresh metrics by NumPy, SciPy and scikit-learn, for tests/unit/test_train_metric.c.

    /usr/bin/python3 tests/golden/metric.py SEED

Per case a line "KIND METRIC tolerance n h w outputs labels", then one line each: outputs,
labels (-1 or nan: none), the metric.  Outputs and float labels are floats, written in full.
Inputs are random and hostile: ties, saturated scores, labels far from 0 and hardly
varying, classes that are missing, everything or nothing labelled.
"""
import math
import sys
import warnings

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching
from sklearn import metrics

warnings.simplefilter("ignore")
rng = np.random.default_rng(int(sys.argv[1]))


def show(kind, metric, z, label, value, tolerance=0.0):
    print(kind, metric, repr(tolerance), *z.shape, label.shape[-1])
    for x in (z, label, np.float64(value)):
        print(" ".join(repr(v) for v in np.asarray(x, dtype=float).ravel().tolist()))


def f32(x):
    return np.asarray(x, dtype="f4").astype("f8")


def hide(label, share, none):
    label[rng.random(label.shape) < share] = none
    return label


def mean(values):
    values = [v for v in values if not math.isnan(v)]
    return np.mean(values) if values else np.nan


def auc_of(score, is_positive):
    if is_positive.all() or not is_positive.any():
        return np.nan
    return metrics.roc_auc_score(is_positive, score)


# How a score may lie: smooth, with ties, saturated as a probability, far away, of all scales.
SCORES = [
    lambda x: x,
    lambda x: np.round(x * 2) / 2,
    lambda x: 40 + x,
    lambda x: -1e4 + 1e-2 * x,
    lambda x: np.sign(x) * 10.0 ** np.clip(30 * np.abs(x) - 30, -30, 30),
    lambda x: 1e-40 * x,
    lambda x: np.where(x > 0, 0.0, -0.0),
    lambda x: 1e30 * x,
]


def multilabel(n, classes, scale, share):
    label = rng.integers(0, 2, (n, 1, 1, classes))
    z = f32(scale(rng.normal(0, 1, label.shape) + 0.7 * label))
    label = hide(label, share, -1)
    label[..., 0] = np.where(label[..., 0] < 0, -1, 1)
    if classes > 1:
        label[..., 1] = 0
        label[rng.integers(n), 0, 0, 1] = 1
    values = []
    for c in range(classes):
        keep = label[..., c] >= 0
        values.append(auc_of(z[..., c][keep], label[..., c][keep] == 1))
    show("multilabel", "auc", z, label, mean(values))


def log_odds(z, c):
    """log p - log(1 - p) of the softmax, which does not saturate; sums are exact."""
    rest = np.delete(z, c)
    top = rest.max()
    return z[c] - top - math.log(math.fsum(np.exp(rest - top)))


def classification(n, classes, spread, decimals, share):
    label = rng.integers(0, max(1, classes - 1), (n, 1, 1, 1))
    z = rng.normal(0, spread, (n, 1, 1, classes))
    z[np.arange(n), 0, 0, label[:, 0, 0, 0]] += spread
    z = f32(np.round(z, decimals))
    label = hide(label, share, -1)
    keep = label[:, 0, 0, 0] >= 0
    got, want = z[keep, 0, 0].argmax(-1), label[keep, 0, 0, 0]
    if not len(want):
        return [show("classification", m, z, label, np.nan)
                for m in ("accuracy", "balanced_accuracy", "macro_f1", "auc")]
    show("classification", "accuracy", z, label, metrics.accuracy_score(want, got))
    show("classification", "balanced_accuracy", z, label,
         metrics.balanced_accuracy_score(want, got))
    show("classification", "macro_f1", z, label, metrics.f1_score(want, got, average="macro"))
    odds = np.array([[log_odds(row, c) for c in range(classes)] for row in z[keep, 0, 0]])
    odds = np.round(odds, 9)  # far above rounding, far below what outputs differ by
    show("classification", "auc", z, label,
         mean([auc_of(odds[:, c], want == c) for c in range(classes)]))


def segmentation(n, h, w, classes, share):
    label = hide(rng.integers(0, max(1, classes - 2), (n, h, w, 1)), share, -1)
    z = f32(np.round(rng.normal(0, 1, (n, h, w, classes)), 1))
    z[..., classes - 1] = -90  # neither predicted nor labelled: left out
    keep = label[..., 0] >= 0
    got, want = z.argmax(-1)[keep], label[..., 0][keep]
    show("segmentation", "miou", z, label, metrics.jaccard_score(want, got, average="macro"))
    show("segmentation", "pixel_accuracy", z, label, metrics.accuracy_score(want, got))


def errors(kind, z, label):
    d, y = (z - label)[~np.isnan(label)], label[~np.isnan(label)]
    none = np.nan if not len(d) else 0
    show(kind, "rmse", z, label, none or math.sqrt(math.fsum(d * d) / len(d)))
    show(kind, "abs_error", z, label, none or math.fsum(np.abs(d)) / len(d))
    if kind == "depth":
        show(kind, "rel_error", z, label, none or math.fsum(np.abs(d) / y) / len(d))


def depth(shape, scale, share):
    label = f32(scale * (0.1 + np.abs(rng.normal(0, 1, shape))))
    z = f32(label + scale * rng.normal(0, 0.3, shape))
    errors("depth", z, hide(label, share, np.nan))


def regression(n, channels, offset, scale, share):
    label = f32(offset + scale * rng.normal(0, 1, (n, 1, 1, channels)))
    z = f32(label + scale * rng.normal(0, 0.5, label.shape))
    label = hide(label, share, np.nan)
    label[..., -1] = f32(offset + scale / 3)  # does not vary: left out of r2
    r2 = []
    for c in range(channels):
        keep = ~np.isnan(label[..., c])
        y, x = label[..., c][keep], z[..., c][keep]
        if len(y) and np.ptp(y) > 0:
            middle = math.fsum(y) / len(y)
            r2.append(1 - math.fsum((x - y) ** 2) / math.fsum((y - middle) ** 2))
            assert scale == 0 or offset / scale > 1e3 or np.isclose(
                r2[-1], metrics.r2_score(y, x), rtol=1e-9)
    show("regression", "r2", z, label, mean(r2))
    errors("regression", z, label)


def normals(shape, noise, share):
    label = f32(rng.normal(0, 1, shape))
    z = f32(10.0 ** rng.integers(-8, 9) * (label + rng.normal(0, noise, shape)))
    z[0, 0, 0] = 0  # no direction: 90 degrees
    label[rng.random(shape[:3]) < share] = np.nan
    keep = ~np.isnan(label[..., 0])
    a, b = z[keep], label[keep]
    across = np.linalg.norm(np.cross(a, b), axis=-1)
    angle = np.degrees(np.where(a.any(-1), np.arctan2(across, (a * b).sum(-1)), np.pi / 2))
    if not len(angle):
        angle = np.array([np.nan])
    show("normals", "mean_angle", z, label, angle.mean())
    show("normals", "median_angle", z, label, np.median(angle))
    for name, limit in (("within_11", 11.25), ("within_22", 22.5), ("within_30", 30)):
        show("normals", name, z, label,
             np.nan if np.isnan(angle[0]) else np.mean(angle < limit))


def matched(predicted, labelled, reach):
    """Most pairs that can be made, none farther apart."""
    p, q = np.argwhere(predicted), np.argwhere(labelled)
    if not len(p) or not len(q):
        return 0
    near = ((p[:, None] - q[None]) ** 2).sum(-1) <= reach * reach
    return np.sum(maximum_bipartite_matching(csr_matrix(near), perm_type="column") >= 0)


def edge_f(z, label, tolerance):
    if not (label >= 0).any() or not (label == 1).any():
        return np.nan
    best = 0
    for i in range(1, 32):
        pairs = count = 0
        for k in range(len(z)):
            got = (z[k, ..., 0] >= math.log(i / 32 / (1 - i / 32))) & (label[k, ..., 0] >= 0)
            want = label[k, ..., 0] == 1
            pairs += matched(got, want, tolerance * np.hypot(*want.shape))
            count += got.sum() + want.sum()
        best = max(best, 2 * pairs / count)
    return best


def edges(n, h, w, reach, rate, share):
    label = (rng.random((n, h, w, 1)) < rate).astype(int)
    if rate == 0:  # chains: each label has a neighbour on both sides
        label[:, h // 2, 1::2] = 1
    moved = np.roll(label, 1, 2)
    z = f32(rng.normal(-2, 1, label.shape) + 3 * moved + 1 * label)
    label = hide(label, share, -1)
    tolerance = (reach + 0.2) / np.hypot(h, w)
    show("edges", "edge_f", z, label, edge_f(z, label, tolerance), tolerance)
    keep = label >= 0
    show("edges", "auc", z, label, auc_of(z[keep], label[keep] == 1), tolerance)


def saliency(n, h, w, spread):
    label = (rng.random((n, h, w, 1)) < 0.3).astype(int)
    z = f32(rng.normal(-1, spread, label.shape) + 2 * label)
    label[0] = 0  # empty
    label = hide(label, 0.1, -1)
    label[1] = -1  # not labelled at all: left out
    best = 0
    for t in range(15):
        iou = []
        for k in [0] + list(range(2, n)):
            keep = label[k] >= 0
            got = 1 / (1 + np.exp(-z[k][keep])) >= (4 + t) / 20
            want = label[k][keep] == 1
            either = np.sum(got | want)
            iou.append(np.sum(got & want) / either if either else 1.0)
        best = max(best, np.mean(iou))
    show("saliency", "max_iou", z, label, best)
    keep = label >= 0
    show("saliency", "auc", z, label, auc_of(z[keep], label[keep] == 1))


for scale in SCORES:
    multilabel(int(rng.integers(2, 90)), 3, scale, 0.2)
multilabel(1500, 1, SCORES[1], 0)
multilabel(700, 2, SCORES[4], 0.5)
for classes in (2, 3, 7):
    for spread, decimals in ((1, 6), (1, 0), (300, 1)):
        classification(int(rng.integers(5, 200)), classes, spread, decimals, 0.2)
classification(9, 3, 1, 6, 1)
for share in (0, 0.3):
    segmentation(3, 4, 5, 6, share)
segmentation(2, 3, 1, 2, 0.2)
for scale in (1, 1e4, 1e-4, 1e-30, 1e18):
    depth((3, 4, 5, 1), scale, 0.2)
depth((2, 2, 2, 1), 1, 1)
for offset, scale in ((0, 1), (1e5, 1), (3e6, 1), (-1000, 1e-3), (0, 1e-18), (0, 1e17), (7, 0)):
    regression(int(rng.integers(3, 60)), 3, offset, scale, 0.2)
regression(1, 2, 0, 1, 0)
for noise in (0, 0.01, 0.3, 2):
    normals((3, 5, int(rng.integers(1, 9)), 3), noise, 0.2)
normals((2, 1, 1, 3), 1, 1)
for reach in (0, 1, 1.5, 3):
    edges(2, 9, int(rng.integers(10, 80)), reach, 0.1, 0.05)
    edges(1, 12, 13, reach, 0.4, 0)
edges(2, 8, 64, 1, 0, 0)
edges(1, 6, 9, 1, 0.3, 1)
for spread in (0.3, 2, 60):
    saliency(5, 6, 7, spread)
