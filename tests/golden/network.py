#!/usr/bin/python3
"""A small two-task network in PyTorch, for tests/unit/test_golden_network.c.

    /usr/bin/python3 tests/golden/network.py > tests/golden/network.txt

The network of the dag space, written anew: N nodes, edges (i,j) with j-i <= FLOW,

    v_j = a_j R_j(x) + sum_i g_ij o_ij(v_i)    y = sum_i b_i Q_i(v_i)    logits_k = head_k(y)

Images are 9 x 7, so that strides meet odd sizes.  One label of the second task is masked.
Each case trains for STEPS steps on one batch, in double: `soft` by SGD with gates in (0, 1),
`hard` by Adam with gates that are on or off, of which the tasks share a prefix; in it one
edge is off for both tasks, and one task's node 3 has outgoing edges but no incoming ones.

Every line is "name count values".  weight/T: first values of tensor T, convolutions as
[k, kh, kw, c].  CASE/gate/C and CASE/dgate/C: of each task.  logits, loss, grad and dgate
are those of the first step, losses those before each update and after the last, final/T the
weights after it.  The loss that is differentiated is the mean over the tasks.  noise/KIND: the
largest difference between this run and the same in float, the unit for tolerances.
"""
import torch
import torch.nn.functional as F

SEED, BATCH, HEIGHT, WIDTH, CHANNELS = 7, 6, 9, 7, 2
N, FLOW, STEM, STEPS, SMOOTHING, DECAY = 4, 2, 4, 10, 0.1, 5e-4
WIDTHS, STRIDES = [4, 4, 5, 6], [1, 2, 2, 1]
TASKS = [("one", 3), ("two", 5)]
MASKED = -100  # PyTorch's own
# Gradients jump where a pre-activation crosses 0.  The seed is one where none comes nearer to
# 0 than this many times the largest error that the float run makes in one.
MARGIN = 8

EDGES = [(i, j) for j in range(1, N + 1) for i in range(max(1, j - FLOW), j)]
IN, OUT = [(0, j) for j in range(1, N + 1)], [(i, 0) for i in range(1, N + 1)]
CHOICES = [("in", c) for c in IN] + [("edge", c) for c in EDGES] + [("out", c) for c in OUT]
HARD = [
    {("in", (0, 1)), ("edge", (1, 2)), ("edge", (2, 3)), ("edge", (2, 4)), ("edge", (3, 4)),
     ("in", (0, 3)), ("out", (2, 0)), ("out", (4, 0))},
    {("in", (0, 1)), ("edge", (1, 2)), ("edge", (2, 4)), ("edge", (3, 4)), ("in", (0, 4)),
     ("out", (1, 0)), ("out", (3, 0)), ("out", (4, 0))},
]


def size(j):
    """Height and width of v_j (x: j = 0), by its strides."""
    h, w = HEIGHT, WIDTH
    for m in range(j):
        h, w = -(-h // STRIDES[m]), -(-w // STRIDES[m])
    return h, w


def width(j):
    return STEM if j == 0 else WIDTHS[j - 1]


def pooling(i, j):
    """The least stride that leads from the size of node i to that of node j."""
    s = 1
    while tuple(-(-n // s) for n in size(i)) != size(j):
        s += 1
    return s


def label(kind, choice):
    if kind == "edge":
        return "edge_%d_%d" % choice
    return "%s_%d" % (kind, sum(choice))


def make_weights():
    """First values, all of them numbers in float."""
    random = torch.Generator().manual_seed(SEED)
    weights = {}

    def add(name, shape, scale, mean=0.0):
        values = mean + scale * torch.randn(shape, generator=random, dtype=torch.float64)
        weights[name] = values.float().double()

    def add_block(name, c, k):
        add(name + ".0.conv.weight", (k, c, 3, 3), (2 / (9 * c)) ** 0.5)
        add(name + ".1.batch_norm.scale", (k,), 0.2, 1.0)
        add(name + ".1.batch_norm.shift", (k,), 0.2)

    def add_adapter(name, i, j):
        if width(i) != width(j):
            step = 0 if pooling(i, j) == 1 else 1
            add("%s.%d.conv.weight" % (name, step), (width(j), width(i), 1, 1),
                (2 / width(i)) ** 0.5)

    add_block("stem", CHANNELS, STEM)
    for _, j in IN:
        add_adapter("in_%d" % j, 0, j)
    for i, j in EDGES:
        add_block("edge_%d_%d" % (i, j), width(i), width(j))
    for i, _ in OUT:
        add_adapter("out_%d" % i, i, N)
    for name, outputs in TASKS:
        add("head_%s.1.linear.weight" % name, (outputs, width(N)), 0.4)
        add("head_%s.1.linear.bias" % name, (outputs,), 0.2)
    return weights


class Network:
    def __init__(self, weights, dtype):
        self.w = {name: value.to(dtype, copy=True).requires_grad_()
                  for name, value in weights.items()}
        self.before_relu = []

    def block(self, name, x, stride):
        w = self.w
        x = F.conv2d(x, w[name + ".0.conv.weight"], stride=stride, padding=1)
        x = F.batch_norm(x, None, None, w[name + ".1.batch_norm.scale"],
                         w[name + ".1.batch_norm.shift"], training=True, eps=1e-5)
        self.before_relu.append(x.detach().reshape(-1))
        return F.relu(x)

    def adapter(self, name, x, i, j):
        s = pooling(i, j)
        if s > 1:
            x = F.avg_pool2d(x, s, s, ceil_mode=True, count_include_pad=False)
        for step in (0, 1):
            weight = self.w.get("%s.%d.conv.weight" % (name, step))
            x = x if weight is None else F.conv2d(x, weight)
        return x

    def candidate(self, kind, choice, source):
        i, j = choice
        name = label(kind, choice)
        if kind == "edge":
            stride = 1
            for m in range(i, j):
                stride *= STRIDES[m]
            return self.block(name, source, stride)
        return self.adapter(name, source, i, j if kind == "in" else N)

    def logits(self, task, image, gate, with_closed):
        """Candidates with gate 0 count only with_closed, and where both ends are alive."""
        is_open = {c for c in CHOICES if float(gate[c]) != 0}
        ends = {(kind, (i, j)): (i, j if kind != "out" else N + 1)
                for kind, (i, j) in CHOICES}
        has_value, is_needed = {0}, {N + 1}
        for j in range(1, N + 2):
            if any(ends[c][1] == j and ends[c][0] in has_value for c in is_open):
                has_value.add(j)
        for i in range(N, 0, -1):
            if any(ends[c][0] == i and ends[c][1] in is_needed for c in is_open):
                is_needed.add(i)
        value = {0: self.block("stem", image, 1)}
        for c in sorted(CHOICES, key=lambda c: ends[c][1]):
            i, j = ends[c]
            if i not in has_value or j not in has_value or j not in is_needed:
                continue
            if c not in is_open and not with_closed:
                continue
            term = gate[c] * self.candidate(*c, value[i])
            value[j] = value[j] + term if j in value else term
        head = "head_%s.1.linear." % TASKS[task][0]
        features = value[N + 1].mean(dim=(2, 3))
        return F.linear(features, self.w[head + "weight"], self.w[head + "bias"])


def run(case, weights, image, labels, gates, dtype):
    """All that is compared, by name."""
    net, out = Network(weights, dtype), {}
    image = image.to(dtype)
    tasks = range(len(TASKS))

    def losses(gate, with_closed=False):
        logits = [net.logits(k, image, gate[k], with_closed) for k in tasks]
        return logits, [F.cross_entropy(logits[k], labels[k], ignore_index=MASKED,
                                        label_smoothing=SMOOTHING) for k in tasks]

    plain = [{c: torch.tensor(g, dtype=dtype) for c, g in gates[k].items()} for k in tasks]
    traced = [{c: g.clone().requires_grad_() for c, g in plain[k].items()} for k in tasks]
    logits, loss = losses(traced, with_closed=True)
    (sum(loss) / len(TASKS)).backward()
    for k in tasks:
        out["logits/%d" % k] = logits[k].detach()
    for c in CHOICES:
        grad = [traced[k][c].grad for k in tasks]
        out["dgate/" + label(*c)] = torch.tensor([0.0 if g is None else g.item()
                                                  for g in grad], dtype=dtype)
    for w in net.w.values():
        w.grad = None

    decayed = [w for name, w in net.w.items() if name.endswith("weight")]
    others = [w for name, w in net.w.items() if not name.endswith("weight")]
    groups = [dict(params=decayed, weight_decay=DECAY), dict(params=others, weight_decay=0)]
    if case == "soft":
        optimizer = torch.optim.SGD(groups, lr=0.05, momentum=0.9, nesterov=True)
    else:
        optimizer = torch.optim.Adam(groups, lr=0.01, betas=(0.9, 0.99), eps=1e-3)
    history = []
    for step in range(STEPS + 1):
        _, loss = losses(plain)
        history.append(torch.stack(loss).detach())
        if step == STEPS:
            break
        optimizer.zero_grad(set_to_none=True)
        (sum(loss) / len(TASKS)).backward()
        if step == 0:
            out.update({"grad/" + name: w.grad.clone() for name, w in net.w.items()
                        if w.grad is not None})
        optimizer.step()
    out["losses"] = torch.stack(history)
    out.update({"final/" + name: w.detach() for name, w in net.w.items()})
    return out, torch.cat(net.before_relu)


def kind_of(name):
    return name.split("/")[0]


def show(name, values):
    if values.dim() == 4:
        values = values.permute(0, 2, 3, 1)
    values = values.reshape(-1).tolist()
    print(name, len(values), " ".join("%.9g" % v for v in values))


def main():
    torch.set_num_threads(1)
    weights = make_weights()
    random = torch.Generator().manual_seed(SEED + 1)
    image = torch.randn((BATCH, CHANNELS, HEIGHT, WIDTH), generator=random).double()
    labels = [torch.randint(outputs, (BATCH,), generator=random) for _, outputs in TASKS]
    labels[1][2] = MASKED
    soft = torch.rand((len(TASKS), len(CHOICES)), generator=random)
    gates = {
        "soft": [dict(zip(CHOICES, row)) for row in (0.05 + 0.9 * soft).tolist()],
        "hard": [{c: float(c in on) for c in CHOICES} for on in HARD],
    }
    show("image", image)
    for k, row in enumerate(labels):
        show("label/%d" % k, row)
    for name, values in weights.items():
        show("weight/" + name, values)
    for case in gates:
        exact, kink = run(case, weights, image, labels, gates[case], torch.float64)
        rounded, kink32 = run(case, weights, image, labels, gates[case], torch.float32)
        assert kink.abs().min() > MARGIN * (kink - kink32.double()).abs().max()
        noise = {}
        for name, values in exact.items():
            difference = (values - rounded[name].double()).abs().max().item()
            noise[kind_of(name)] = max(noise.get(kind_of(name), 0), difference)
        for c in CHOICES:
            show("%s/gate/%s" % (case, label(*c)),
                 torch.tensor([gates[case][k][c] for k in range(len(TASKS))]))
        for name, values in exact.items():
            show("%s/%s" % (case, name), values)
        for kind, value in noise.items():
            show("%s/noise/%s" % (case, kind), torch.tensor([value]))


main()
