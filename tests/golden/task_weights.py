#!/usr/bin/python3
"""Weights of tasks by NumPy, for tests/unit/test_train_task_weights.c.

    /usr/bin/python3 tests/golden/task_weights.py SEED PURPOSE

Per case a line "KIND tasks steps lr decay seed" and one of the fixed weights; per step four
lines: phase and number of the step and the tasks that have a label in it, their losses, their
losses after the step, their weights (which add up to one but for geometric).  All is restated
from the papers: famo by its gradient through the softmax and Adam, with PyTorch as well where
it is there and the case is the paper's own; random numbers by Philox4x32-10 as published.
"""
import sys

import numpy as np

try:
    import torch
except ImportError:
    torch = None

rng = np.random.default_rng(int(sys.argv[1]))
EPS = 1e-8


def philox(counter, key):
    c, k = [int(v) for v in counter], [int(v) for v in key]
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def normal(seed, purpose, phase, task, step):
    """Box-Muller on two uniform numbers of 52 bits."""
    w = philox([purpose << 24 | phase << 16 | task, step, 0, 0], [seed & 0xFFFFFFFF, seed >> 32])
    u = [((int(w[i]) << 32 | int(w[i + 1])) >> 12) for i in (0, 2)]
    u = [(v + 0.5) * 2.0**-52 for v in u]
    return np.sqrt(-2 * np.log(u[0])) * np.cos(2 * np.pi * u[1])


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


class Famo:
    def __init__(self, fixed, lr, decay):
        n = len(fixed)
        self.fixed, self.lr, self.decay = fixed, lr, decay
        self.x, self.m, self.v, self.t = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
        self.w = None
        if torch is not None and (fixed == 1).all():
            self.w = torch.zeros(n, dtype=torch.float64, requires_grad=True)
            self.adam = torch.optim.Adam([self.w], lr=lr, weight_decay=decay)

    def z(self, on):
        return softmax(self.x[on] + np.log(self.fixed[on]))

    def weigh(self, on, loss):
        w = self.z(on) / (loss + EPS)
        return w / w.sum()

    def learn(self, on, loss, after):
        z, delta = self.z(on), np.log(loss + EPS) - np.log(after + EPS)
        jacobian = np.diag(z) - np.outer(z, z)
        g = jacobian.T @ delta + self.decay * self.x[on]
        self.t[on] += 1
        self.m[on] = 0.9 * self.m[on] + 0.1 * g
        self.v[on] = 0.999 * self.v[on] + 0.001 * g * g
        m, v = self.m[on] / (1 - 0.9 ** self.t[on]), self.v[on] / (1 - 0.999 ** self.t[on])
        self.x[on] -= self.lr * m / (np.sqrt(v) + 1e-8)
        if self.w is not None and len(on) == len(self.fixed):
            self.w.grad = torch.autograd.grad(torch.softmax(self.w, -1), self.w,
                                              grad_outputs=torch.tensor(delta))[0]
            self.adam.step()
            assert np.allclose(self.w.detach().numpy(), self.x, rtol=1e-9, atol=1e-12)
        else:
            self.w = None


def geometric(fixed, loss):
    """The gradient of the weighted geometric mean by each loss."""
    share = fixed / fixed.sum()
    return share * np.exp((share * np.log(loss + EPS)).sum()) / (loss + EPS)


def random(fixed, seed, purpose, phase, step, on):
    w = fixed * softmax(np.array([normal(seed, purpose, phase, k, step) for k in on]))
    return w / w.sum()


# Number of what the random numbers are for, in the order of pt_rng_purpose_t.
PURPOSE = int(sys.argv[2])
for kind in ("famo", "geometric", "random") * 4:
    n, steps, seed = int(rng.integers(2, 7)), 12, int(rng.integers(0, 2**63))
    paper = rng.random() < 0.5
    fixed = np.ones(n) if paper else rng.uniform(0.1, 10, n)
    lr, decay = (0.025, 1e-3) if paper else (10 ** rng.uniform(-3, 0), 10 ** rng.uniform(-4, 0))
    famo = Famo(fixed, lr, decay)
    print(kind, n, steps, float(lr), float(decay), seed)
    print(*fixed.tolist())
    for i in range(steps):
        on = np.arange(n) if paper else np.sort(rng.permutation(n)[: rng.integers(1, n + 1)])
        phase, step = int(rng.integers(0, 64)), int(rng.integers(0, 2**32))
        loss = 10 ** rng.uniform(-4, 3, len(on))
        after = loss * 10 ** rng.uniform(-0.3, 0.1, len(on))
        print(phase, step, *on.tolist())
        print(*loss.tolist())
        print(*after.tolist())
        if kind == "famo":
            weight = famo.weigh(on, loss)
            famo.learn(on, loss, after)
        elif kind == "geometric":
            weight = geometric(fixed[on], loss)
        else:
            weight = random(fixed[on], seed, PURPOSE, phase, step, on.tolist())
        print(*weight.tolist())
