#!/usr/bin/python3
"""Losses and gradients by PyTorch, for tests/unit/test_train_loss.c.

    /usr/bin/python3 tests/golden/loss.py > tests/golden/loss.txt

Per case a line "loss KIND LOSS smoothing positive_weight n h w outputs labels", then one line
each: outputs, labels (-1 or nan: none), the loss, its gradient.  Numbers are multiples of 1/8,
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
