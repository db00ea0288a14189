#!/usr/bin/python3
"""Bilinear resizing and its gradient by PyTorch, for tests/op/test_resize.c.

    /usr/bin/python3 tests/golden/resize.py > tests/golden/resize.txt

Per case a line "align_corners n h w c out_h out_w", then one line each, all of them NHWC:
x, y, dy, dx.  x and dy are multiples of 1/64, so that float holds them exactly.
"""
import torch
from torch.nn.functional import interpolate

generator = torch.Generator().manual_seed(7)
SIZES = [  # n, c, from, to
    (1, 2, (4, 3), (8, 6)),
    (2, 1, (3, 5), (7, 11)),
    (1, 3, (2, 2), (5, 9)),
    (1, 1, (9, 7), (4, 3)),
    (1, 2, (13, 8), (3, 2)),
    (1, 1, (11, 5), (2, 9)),
    (1, 2, (5, 4), (5, 4)),
    (1, 1, (6, 5), (1, 1)),
    (2, 2, (1, 1), (3, 4)),
    (1, 1, (1, 6), (4, 3)),
]


def numbers(*shape):
    return torch.randint(-64, 65, shape, generator=generator).double() / 64


def show(values):
    print(" ".join("%.10g" % v for v in values.permute(0, 2, 3, 1).flatten().tolist()))


for align_corners in (False, True):
    for n, c, size, to in SIZES:
        x = numbers(n, c, *size).requires_grad_()
        dy = numbers(n, c, *to)
        y = interpolate(x, to, mode="bilinear", align_corners=align_corners)
        y.backward(dy)
        print(int(align_corners), n, *size, c, *to)
        for values in (x.detach(), y.detach(), dy, x.grad):
            show(values)
