#!/usr/bin/env bash
# A sweep trains every branching of a small space, and holds the searches against them: its
# numbers follow from the runs' files by the definitions.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
small_data

cat >branch.ini <<END
[data]
file = shapes.h5
[run]
metrics_every = 1
[report]
svg = 0
[space]
kind = branch
[encoder]
stem = conv3x3_bn_relu out=4 stride=2
layers = conv3x3_bn_relu out=4 stride=2
         conv3x3_bn_relu out=8
[train]
batch = 16
microbatch = 8
[bn]
calibrate = 2
[warmup]
steps = 4
[search]
steps = 8
[retrain]
steps = 8
[alpha]
lr = 0.3
[sweep]
methods = search single full exhaustive
seeds = 3 4
reference = full
vary = search: resource.weight = 0 | 2
END

# Branchings are as many as tasks, layers and copies allow.
mkdir -p none/seed-3/search # a run that has but begun
expect 0 "$POLYTREE" sweep branch.ini -o none --report --set sweep.vary="exhaustive: space.copies = 3 | 2"
says out "^exhaustive +0/2 "
says out "^exhaustive space.copies=2 +0/2 "
refuses 1 "5551 branchings.*more than 4096" sweep branch.ini -o none --report --set encoder.layers="$(
    for ((i = 0; i < 60; i++)); do echo "conv1x1_bn_relu out=4"; done
)"

# What is there is shown before all is: one seed, and of the other the searches.
expect 0 "$POLYTREE" sweep branch.ini -o s --set sweep.seeds=3
says out "trained in 12 of 12 runs"
expect 0 "$POLYTREE" sweep branch.ini -o s --set sweep.methods="search single full"
expect 0 "$POLYTREE" sweep branch.ini -o s --report
says out "trained in 12 of 24 runs"
says out "^exhaustive +1/2 "
expect 0 "$POLYTREE" sweep branch.ini -o s
[ "$(grep -c '^run .*seed-' out)" = 12 ] || fail "runs that were done were run again, or not all"
says out "trained in 24 of 24 runs"
[ "$(find s -name metrics.jsonl | wc -l)" = 32 ] || fail "other runs than wanted"

# As many samples as the search, 4 + 8 + 8 alpha + 8 steps; all alone is the last branching.
says s/seed-4/exhaustive-05-001,001/config.ini "^branching = 5 "
says s/seed-4/exhaustive-05-001,001/config.ini "^steps = 28 "
says s/seed-4/full/config.ini "^steps = 28 "
cmp s/seed-4/full/metrics.jsonl s/seed-4/exhaustive-11-012,012/metrics.jsonl ||
    fail "the full branching is not the last one"
if command -v gnuplot >/dev/null; then
    says s/sweep-cost.svg "</svg>"
    says s/sweep-cost.svg "grey: every branching"
    says s/sweep-cost.svg "search resource.weight=0<"
fi

"$PYTHON" -c "import h5py" 2>/dev/null || skip "python3-h5py is not there to read alpha"
"$PYTHON" - <<'END'
import glob, itertools, json, math
import h5py, numpy as np

sweep = json.load(open("s/sweep.json"))
truth, = sweep["exhaustive"]
SEEDS, K, L = [3, 4], 3, 2

def run(seed, name):
    lines = [json.loads(l) for l in open("s/seed-%d/%s/metrics.jsonl" % (seed, name))]
    tasks = [l for l in lines if l["event"] == "final"][-1]["tasks"]
    cost = json.load(open("s/seed-%d/%s/architecture.json" % (seed, name)))["cost"]
    return {k: t["accuracy"] for k, t in tasks.items()}, cost["encoder_madds"]
def delta(seed, name):
    ours, single = run(seed, name)[0], run(seed, "single")[0]
    return sum((ours[k] - single[k]) / single[k] for k in single) / K
def near(a, b):
    assert math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12), (a, b)
def error(x):
    return abs(x[0] - x[1]) / 2
def ranks(x):
    return [sum(b < a for b in x) + sum(b == a for b in x) / 2 for a in x]

names = sorted(glob.glob("exhaustive-*", root_dir="s/seed-3"))
assert len(names) == 12
value = [[delta(s, n) for s in SEEDS] for n in names]
mean = [sum(v) / 2 for v in value]
cost = [run(3, n)[1] for n in names]
groups = [n[14:].replace(",", "/") for n in names]
listed = truth["branchings"]
assert truth["value"] == "delta" and sorted(b["branching"] for b in listed) == list(range(12))
assert all(a["mean"] >= b["mean"] for a, b in zip(listed, listed[1:]))
for b in listed:
    i = b["branching"]
    assert b["groups"] == groups[i] and b["n"] == 2 and b["encoder_madds"] == cost[i]
    near(b["mean"], mean[i])
    near(b["error"], error(value[i]))
assert cost[11] == max(cost) and cost[0] == min(cost) and len(set(cost)) > 3

def branching_of(copies):
    """copies[k][l] -> groups numbered by their first task, layer by layer"""
    text = []
    for l in range(L):
        seen = []
        for k in range(K):
            prefix = copies[k][:l + 1]
            if prefix not in seen:
                seen.append(prefix)
        text.append("".join(str(seen.index(copies[k][:l + 1])) for k in range(K)))
    return "/".join(text)

def log_p(logit):
    x = logit.reshape(K, L, 3)
    p = np.exp(x) / np.exp(x).sum(2, keepdims=True)
    sum_of = dict.fromkeys(groups, 0.0)
    for choice in itertools.product(itertools.product(range(3), repeat=L), repeat=K):
        sum_of[branching_of(choice)] += math.prod(p[k][l][choice[k][l]] for k in range(K) for l in range(L))
    assert math.isclose(sum(sum_of.values()), 1)
    return [math.log(sum_of[g]) for g in groups]

found = {(f["label"], f["seed"]): f for f in truth["found"]}
assert set(found) == {(l, s) for l in ("search", "search resource.weight=2") for s in SEEDS}
rho = {}
for (label, seed), f in found.items():
    c = h5py.File("s/seed-%d/%s/checkpoint.h5" % (seed, label.replace(" ", ",")), "r")
    text = "/".join("".join(map(str, layer)) for layer in c["architecture/branching"][...])
    i = f["branching"]
    assert groups[i] == text
    assert run(seed, label.replace(" ", ","))[1] == cost[i]
    assert f["rank"] == 1 + sum(m > mean[i] for m in mean)
    best = max((j for j in range(12) if cost[j] <= cost[i]), key=lambda j: mean[j])
    assert f["best"] == best
    behind = [a - b for a, b in zip(value[best], value[i])]
    near(f["behind"], sum(behind) / 2)
    near(f["behind_error"], error(behind))
    assert f["is_within"] == (mean[best] - mean[i] <= error(value[best]))
    assert f["is_within_paired"] == (sum(behind) / 2 <= error(behind))
    ours = ranks([round(x, 9) for x in log_p(c["alpha/logit"][...])])  # equal but for rounding: a tie
    near(f["correlation"], np.corrcoef(ours, ranks(mean))[0, 1])
    rho.setdefault(label, []).append(f["correlation"])
for s in truth["searches"]:
    near(s["correlation"], sum(rho[s["label"]]) / 2)
    near(s["error"], error(rho[s["label"]]))
near(truth["agreement"], np.corrcoef(*[ranks([v[i] for v in value]) for i in (0, 1)])[0, 1])
END
