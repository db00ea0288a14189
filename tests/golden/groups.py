#!/usr/bin/python3
"""Expected number of groups of a sampled branching, for tests/unit/test_arch_expect.c.

    /usr/bin/python3 tests/golden/groups.py > tests/golden/groups.txt

Every joint choice of copies is drawn up with its chance, and its distinct prefixes are
counted: nothing is used but the definition.  A case is a line: tasks, layers, the copies of
each layer; the logits [layer][task][copy]; E[G_l] of every layer.
"""
import itertools

import numpy as np

CASES = [  # copies of every layer, tasks, spread of the logits
    ((3, 3, 3), 3, 0.0),
    ((2, 2, 2), 2, 0.0),
    ((3, 3, 3), 2, 1.0),
    ((3, 3), 3, 1.5),
    ((2, 2, 2), 4, 2.0),
    ((2, 2, 2, 2), 3, 2.0),
    ((4, 1, 2), 3, 1.0),
    ((2, 3), 5, 3.0),
    ((5,), 5, 1.0),
    ((2, 2), 1, 1.0),
]
rng = np.random.default_rng(5)


def expected_groups(chance):
    """chance[layer][task][copy]"""
    n_task = len(chance[0])
    paths = list(itertools.product(*[range(c.shape[1]) for c in chance]))
    weight = [[np.prod([chance[l][k][path[l]] for l in range(len(chance))]) for path in paths]
              for k in range(n_task)]
    groups = np.zeros(len(chance))
    for joint in itertools.product(range(len(paths)), repeat=n_task):
        w = np.prod([weight[k][j] for k, j in enumerate(joint)])
        for l in range(len(chance)):
            groups[l] += w * len({paths[j][:l + 1] for j in joint})
    return groups


for copies, n_task, spread in CASES:
    logits = [np.round(rng.normal(0, 1, (n_task, b)) * spread, 3) for b in copies]
    chance = [np.exp(a) / np.exp(a).sum(1, keepdims=True) for a in logits]
    numbers = [a for layer in logits for a in layer.ravel()] + list(expected_groups(chance))
    print(n_task, len(copies), *copies, *(repr(float(x)) for x in numbers))
