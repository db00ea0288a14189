#!/usr/bin/python3
"""Weights after each of five PyTorch optimiser steps, for tests/unit/test_train_update.c.

    /usr/bin/python3 tests/golden/update.py > tests/golden/update.txt

One line per case: optimizer lr momentum nesterov beta1 beta2 epsilon decay, then the
weights at the start and after every step, in double.
"""
import torch

N, STEPS = 7, 5
CASES = [
    ("sgd", dict(lr=0.1)),
    ("sgd", dict(lr=0.05, weight_decay=5e-4)),
    ("sgd", dict(lr=0.05, momentum=0.9, weight_decay=1e-2)),
    ("sgd", dict(lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)),
    ("adam", dict(lr=1e-3)),
    ("adam", dict(lr=1e-2, betas=(0.8, 0.95), eps=1e-3, weight_decay=1e-2)),
]


def gradient(step, w):
    """Rebuilt by the test: depends on w, so that errors do not cancel."""
    i = torch.arange(N, dtype=w.dtype)
    return 0.5 * w + torch.cos(3.0 * i + step)


for name, options in CASES:
    w = torch.nn.Parameter(0.25 * torch.arange(N, dtype=torch.float64) - 0.75)
    maker = torch.optim.SGD if name == "sgd" else torch.optim.Adam
    optimizer = maker([w], **options)
    beta1, beta2 = options.get("betas", (0.9, 0.999))
    row = [options["lr"], options.get("momentum", 0.0), int(options.get("nesterov", False)),
           beta1, beta2, options.get("eps", 1e-8), options.get("weight_decay", 0.0)]
    row += w.tolist()
    for step in range(STEPS):
        w.grad = gradient(step, w.detach())
        optimizer.step()
        row += w.tolist()
    print(name, " ".join(repr(float(x)) for x in row))
