#!/usr/bin/env bash
# PyTorch 1.13.1 (Debian 12): CrossEntropyLoss with class weights and label smoothing answers with
# the rarest class.
#
# What one expects: weights of one over the labels of a class make all classes equally likely to
# who knows nothing of a sample, and a little smoothing changes little of that.
# What happens: the smoothed part of every sample's target is weighed by the weight of the class
# that it lies on, not by that of the sample's own class.  Of 1000 labels, one of which is of a
# third class, each gives that class 1/30 at its weight, 500 times the others': the constant answer
# with the least loss is that class at 0.95.  Without smoothing, or with the smoothed losses of the
# samples weighed by their own classes, it is 1/3 for each.
#
# Seen: no smoothing: 0.333 0.333 0.333; smoothing 0.1: 0.027 0.027 0.947; by own class: 0.333 0.333 0.333
set -eu
apt-get install -y --no-install-recommends python3-torch=1.13.1+dfsg-4 >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >look.py <<'END'
import torch
from torch.nn.functional import cross_entropy

labels = torch.tensor([0] * 500 + [1] * 499 + [2])
weight = 1 / torch.bincount(labels).double()


def best_answer(loss):
    z = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([z], max_iter=200, tolerance_grad=1e-12)

    def closure():
        optimizer.zero_grad()
        value = loss(z.expand(len(labels), 3))
        value.backward()
        return value

    optimizer.step(closure)
    return torch.softmax(z, 0).tolist()


plain = best_answer(lambda z: cross_entropy(z, labels, weight))
smooth = best_answer(lambda z: cross_entropy(z, labels, weight, label_smoothing=0.1))
own = best_answer(
    lambda z: (weight[labels] * cross_entropy(z, labels, reduction="none", label_smoothing=0.1)).sum()
    / weight[labels].sum()
)
say = lambda p: " ".join(f"{x:.3f}" for x in p)
print(f"no smoothing: {say(plain)}; smoothing 0.1: {say(smooth)}; by own class: {say(own)}")
assert max(abs(x - 1 / 3) for x in plain + own) < 1e-3 and smooth[2] > 0.9
END
/usr/bin/python3 look.py
