#!/usr/bin/python3
"""Losses, gradients and ROC-AUC by PyTorch and NumPy, for tests/unit/test_train_loss.c.

    /usr/bin/python3 tests/golden/loss.py > tests/golden/loss.txt

Per case a line "KIND smoothing n classes", then one line each: outputs, labels (-1: none),
the loss, its gradient.  Kind auc has no gradient.  Outputs are multiples of 1/8, so that
float holds them exactly; two cases have outputs large enough to overflow exp.
"""
import numpy as np
import torch

generator = np.random.default_rng(7)


def outputs(n, classes, spread):
    return np.round(generator.normal(0, spread, (n, classes)) * 8) / 8


def show(kind, smoothing, z, label, value, gradient):
    print(kind, smoothing, *z.shape)
    for x in (z, label, np.array(value), gradient):
        print(" ".join(repr(v) for v in np.asarray(x).ravel().tolist()))


def cross_entropy(n, classes, smoothing, spread, n_none):
    z = torch.tensor(outputs(n, classes, spread), requires_grad=True)
    label = torch.tensor(generator.integers(0, classes, n))
    label[:n_none] = -1
    loss = torch.nn.functional.cross_entropy(z, label, ignore_index=-1,
                                             label_smoothing=smoothing)
    loss.backward()
    show("ce", smoothing, z.detach().numpy(), label.numpy(), loss.item(), z.grad.numpy())


def binary(n, classes, smoothing, spread, share_none):
    z = torch.tensor(outputs(n, classes, spread), requires_grad=True)
    label = generator.integers(0, 2, (n, classes))
    label[generator.random((n, classes)) < share_none] = -1
    keep = torch.tensor((label >= 0).astype(float))
    target = (1 - smoothing) * torch.tensor(label).double() + smoothing / 2
    loss = torch.nn.functional.binary_cross_entropy_with_logits(z, target, reduction="none")
    loss = (loss * keep).sum() / keep.sum()
    loss.backward()
    show("bce", smoothing, z.detach().numpy(), label, loss.item(), z.grad.numpy())


def auc(n, classes):
    """By counting pairs, classes without both labels left out."""
    label = generator.integers(0, 2, (n, classes))
    z = np.round((generator.normal(0, 1, (n, classes)) + 0.7 * label) * 8) / 8
    label[generator.random((n, classes)) < 0.2] = -1
    label[:, 0] = np.where(label[:, 0] < 0, -1, 1)
    values = []
    for c in range(classes):
        positive, negative = z[label[:, c] == 1, c], z[label[:, c] == 0, c]
        if len(positive) and len(negative):
            difference = positive[:, None] - negative[None, :]
            values.append(np.mean((difference > 0) + 0.5 * (difference == 0)))
    show("auc", 0.0, z, label, np.mean(values), [])


cross_entropy(6, 5, 0.0, 2, 0)
cross_entropy(6, 5, 0.1, 2, 2)
cross_entropy(3, 2, 0.2, 2000, 0)
binary(5, 4, 0.0, 2, 0)
binary(5, 4, 0.1, 2, 0.3)
binary(4, 3, 0.0, 2000, 0.2)
auc(60, 4)
