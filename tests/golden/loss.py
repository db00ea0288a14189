#!/usr/bin/python3
"""Losses and gradients by PyTorch, metrics by NumPy, for tests/unit/test_train_loss.c and
test_train_metric.c.

    /usr/bin/python3 tests/golden/loss.py > tests/golden/loss.txt

Per case a line "loss KIND LOSS smoothing positive_weight n h w outputs labels", then one line
each: outputs, labels (-1 or nan: none), the loss, its gradient; or "metric KIND METRIC
tolerance n h w outputs labels", outputs, labels, the metric.  Numbers are multiples of 1/8,
so that float holds them exactly; two cases have outputs large enough to overflow exp.
"""
import numpy as np
import torch
import torch.nn.functional as F

generator = np.random.default_rng(7)
NORM = 1e-6  # added to the square of an output's length


def eighths(x):
    return np.round(x * 8) / 8


def outputs(shape, spread=2.0):
    return eighths(generator.normal(0, spread, shape))


def lines(*arrays):
    for x in arrays:
        print(" ".join(repr(v) for v in np.asarray(x, dtype=float).ravel().tolist()))


def show_loss(kind, name, z, label, loss, smoothing=0.0, positive=0.0):
    loss.backward()
    print("loss", kind, name, smoothing, positive, *z.shape, label.shape[-1])
    lines(z.detach().numpy(), label, loss.item(), z.grad.numpy())


def show_metric(kind, name, z, label, value, tolerance=0.0):
    print("metric", kind, name, tolerance, *z.shape, label.shape[-1])
    lines(z, label, value)


def hide(label, share, none):
    """No label for a share of the pixels (samples)."""
    label[generator.random(label.shape[:3]) < share] = none
    return label


def cross_entropy(kind, n, h, w, classes, smoothing, spread, share):
    z = torch.tensor(outputs((n, h, w, classes), spread), requires_grad=True)
    label = hide(generator.integers(0, classes, (n, h, w, 1)), share, -1)
    loss = F.cross_entropy(z.reshape(-1, classes), torch.tensor(label).reshape(-1),
                           ignore_index=-1, label_smoothing=smoothing)
    show_loss(kind, "cross_entropy", z, label, loss, smoothing)


def binary(kind, name, shape, smoothing=0.0, positive=0.0, spread=2.0, share=0.3, rate=0.5):
    z = torch.tensor(outputs(shape, spread), requires_grad=True)
    label = (generator.random(shape) < rate).astype(int)
    label[generator.random(shape) < share] = -1
    keep, y = torch.tensor(label >= 0), torch.tensor(label == 1).double()
    target = (1 - smoothing) * y + smoothing / 2
    if name == "bce_balanced":
        w = 1 - y[keep].mean()
        v = 1 - w
    elif positive:
        w, v = positive, 1 - positive
    else:
        w = v = 1
    loss = -w * target * F.logsigmoid(z) - v * (1 - target) * F.logsigmoid(-z)
    show_loss(kind, name, z, label, loss[keep].mean(), smoothing, positive)


def real(kind, name, shape, share=0.25):
    z = torch.tensor(outputs(shape), requires_grad=True)
    label = eighths(generator.normal(0, 2, shape))
    if kind == "depth":
        label = np.abs(label) + 0.125
    if kind == "normals":
        hide(label, share, np.nan)
    else:
        label[generator.random(shape) < share] = np.nan
    y = torch.tensor(label)
    if name in ("l1", "mse"):
        keep = ~torch.isnan(y)
        loss = (F.l1_loss if name == "l1" else F.mse_loss)(z[keep], y[keep])
    else:
        keep = ~torch.isnan(y).any(dim=-1)
        n = z[keep] / torch.sqrt((z[keep] ** 2).sum(-1, keepdim=True) + NORM)
        m = F.normalize(y[keep], dim=-1)
        loss = F.l1_loss(n, m) if name == "l1_normals" else (1 - (n * m).sum(-1)).mean()
    show_loss(kind, name, z, label, loss)


def auc_of(z, label):
    """By counting pairs; NaN without both labels."""
    positive, negative = z[label == 1], z[label == 0]
    if not len(positive) or not len(negative):
        return np.nan
    difference = positive[:, None] - negative[None, :]
    return np.mean((difference > 0) + 0.5 * (difference == 0))


def auc(n, classes):
    label = generator.integers(0, 2, (n, 1, 1, classes))
    z = eighths(generator.normal(0, 1, label.shape) + 0.7 * label)
    label[generator.random(label.shape) < 0.2] = -1
    label[..., 0] = np.where(label[..., 0] < 0, -1, 1)
    values = [auc_of(z[..., c], label[..., c]) for c in range(classes)]
    show_metric("multilabel", "auc", z, label, np.nanmean(values))


def segmentation(n, h, w, classes):
    z = outputs((n, h, w, classes))
    label = hide(generator.integers(0, classes - 2, (n, h, w, 1)), 0.2, -1)
    z[..., classes - 1] = -9  # neither predicted nor labelled: left out
    keep = label[..., 0] >= 0
    got, want = z.argmax(-1)[keep], label[..., 0][keep]
    iou = [np.sum((got == c) & (want == c)) / np.sum((got == c) | (want == c))
           for c in range(classes - 1)]
    show_metric("segmentation", "miou", z, label, np.mean(iou))
    show_metric("segmentation", "pixel_accuracy", z, label, np.mean(got == want))


def depth(shape):
    z, label = outputs(shape), np.abs(outputs(shape)) + 0.125
    label[generator.random(shape) < 0.2] = np.nan
    d = (z - label)[~np.isnan(label)]
    y = label[~np.isnan(label)]
    show_metric("depth", "rmse", z, label, np.sqrt(np.mean(d**2)))
    show_metric("depth", "abs_error", z, label, np.mean(np.abs(d)))
    show_metric("depth", "rel_error", z, label, np.mean(np.abs(d) / y))


def regression(n, channels):
    z, label = outputs((n, 1, 1, channels)), outputs((n, 1, 1, channels))
    label[generator.random(label.shape) < 0.2] = np.nan
    label[..., 0] = 1.5  # does not vary: left out of r2
    r2 = []
    for c in range(1, channels):
        keep = ~np.isnan(label[..., c])
        y, d = label[..., c][keep], (z - label)[..., c][keep]
        r2.append(1 - np.sum(d**2) / np.sum((y - y.mean()) ** 2))
    d = (z - label)[~np.isnan(label)]
    show_metric("regression", "r2", z, label, np.mean(r2))
    show_metric("regression", "rmse", z, label, np.sqrt(np.mean(d**2)))
    show_metric("regression", "abs_error", z, label, np.mean(np.abs(d)))


def normals(shape):
    label = outputs(shape)
    z = eighths(label + generator.normal(0, 1, shape))
    z[0, 0, 0] = 0  # no direction: 90 degrees
    hide(label, 0.2, np.nan)
    keep = ~np.isnan(label[..., 0])
    a, b = z[keep], label[keep]
    length = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    cosine = np.where(length > 0, (a * b).sum(-1) / np.maximum(length, 1e-9), 0)
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    middle = np.sort(angle)[(len(angle) + 1) // 2 - 1]
    show_metric("normals", "mean_angle", z, label, angle.mean())
    show_metric("normals", "median_angle", z, label, (np.floor(middle * 64) + 0.5) / 64)
    show_metric("normals", "within_11", z, label, np.mean(angle < 11.25))
    show_metric("normals", "within_22", z, label, np.mean(angle < 22.5))
    show_metric("normals", "within_30", z, label, np.mean(angle < 30))


def matched(predicted, labelled, radius):
    """Pairs, nearest first; among equally near ones by the rows, then columns between."""
    p, q = np.argwhere(predicted), np.argwhere(labelled)
    pairs = []
    for i, a in enumerate(p):
        for j, b in enumerate(q):
            dy, dx = (b - a).tolist()
            if dy * dy + dx * dx <= radius * radius:
                pairs.append((dy * dy + dx * dx, dy, dx, i, j))
    left, right, n = set(range(len(p))), set(range(len(q))), 0
    for *_, i, j in sorted(pairs):
        if i in left and j in right:
            left.remove(i)
            right.remove(j)
            n += 1
    return n


def edges(n, h, w, tolerance):
    label = hide((generator.random((n, h, w, 1)) < 0.06).astype(int), 0.05, -1)
    near = np.maximum(np.roll(label, 1, 1), np.roll(label, 2, 2)) == 1
    z = eighths(generator.normal(-2, 1, label.shape) + 3 * near + 1 * (label == 1))
    best = 0
    for i in range(1, 32):
        threshold = np.log(i / 32 / (1 - i / 32))
        pairs = count = 0
        for k in range(n):
            got = (z[k, ..., 0] >= threshold) & (label[k, ..., 0] >= 0)
            want = label[k, ..., 0] == 1
            pairs += matched(got, want, tolerance * np.hypot(h, w))
            count += got.sum() + want.sum()
        best = max(best, 2 * pairs / count)
    show_metric("edges", "edge_f", z, label, best, tolerance)
    show_metric("edges", "auc", z, label, auc_of(z, label), tolerance)


def saliency(n, h, w):
    label = (generator.random((n, h, w, 1)) < 0.3).astype(int)
    label[0] = 0  # empty
    label = hide(label, 0.1, -1)
    z = eighths(generator.normal(-1, 1.5, label.shape) + 2 * (label == 1))
    z[0] = -8
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
    show_metric("saliency", "max_iou", z, label, best)
    show_metric("saliency", "auc", z, label, auc_of(z, label))


cross_entropy("classification", 6, 1, 1, 5, 0.0, 2, 0)
cross_entropy("classification", 6, 1, 1, 5, 0.1, 2, 0.3)
cross_entropy("classification", 3, 1, 1, 2, 0.2, 2000, 0)
cross_entropy("segmentation", 2, 3, 4, 3, 0.0, 2, 0.3)
binary("multilabel", "bce", (5, 1, 1, 4), share=0)
binary("multilabel", "bce", (5, 1, 1, 4), smoothing=0.1)
binary("multilabel", "bce", (4, 1, 1, 3), spread=2000, share=0.2)
binary("edges", "bce", (2, 4, 5, 1), positive=0.95, rate=0.2)
binary("saliency", "bce_balanced", (2, 4, 5, 1), rate=0.3)
binary("multilabel", "bce_balanced", (6, 1, 1, 2), smoothing=0.2)
real("depth", "l1", (2, 3, 4, 1))
real("depth", "mse", (2, 3, 4, 1))
real("regression", "mse", (5, 1, 1, 3))
real("regression", "cosine", (5, 1, 1, 4), 0.05)
real("normals", "l1_normals", (2, 3, 4, 3))
real("normals", "cosine", (2, 3, 4, 3))
real("normals", "l1", (2, 3, 2, 3))
auc(60, 4)
segmentation(3, 4, 5, 6)
depth((3, 4, 5, 1))
regression(30, 3)
normals((3, 5, 7, 3))
edges(2, 9, 70, 0.035)
edges(3, 12, 13, 0.0)
saliency(5, 6, 7)
