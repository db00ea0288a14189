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
[choose]
budget = 100
[baseline]
match = native
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

# All opponents of a branch space, and all branchings beside them.
expect 0 "$POLYTREE" sweep branch.ini -o none --report --set sweep.methods="fair exhaustive" sweep.vary=none
labels=$(sed -n '/^run /,/^$/p' out | sed -nE 's/^(.*[^ ]) +0\/2.*/\1/p' | tr '\n' ';')
[ "$labels" = "search;rebuilt;shared;shared baseline.match=native;single;single baseline.match=native;random;$(
)random retrain.from=scratch;full;full baseline.match=native;exhaustive;" ] || fail "rows are $labels"

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
expect 0 "$POLYTREE" search s/seed-4/search/config.ini -o rebuilt --set search.method=rebuilt \
    --set baseline.cost_of=s/seed-4/search
"$PYTHON" - <<'END'
import json
found, rebuilt = (json.load(open(f"{run}/architecture.json")) for run in ("s/seed-4/search", "rebuilt"))
assert [t["copies"] for t in rebuilt["tasks"]] == [t["copies"] for t in found["tasks"]]
assert rebuilt["cost"] == found["cost"]
END
says rebuilt/config.ini "^steps = 28 "
# Everything apart in the cost of the network found is narrower.
expect 0 "$POLYTREE" search s/seed-4/full/config.ini -o thin --set baseline.match=cost \
    baseline.cost_of=rebuilt baseline.width=0
"$PYTHON" - <<'END'
import json
cost = {run: json.load(open(f"{run}/architecture.json"))["cost"]["madds"] for run in ("thin", "rebuilt", "s/seed-4/full")}
assert cost["rebuilt"] <= cost["thin"] < 1.3 * cost["rebuilt"] and cost["thin"] <= cost["s/seed-4/full"], cost
END
cmp s/seed-4/full/metrics.jsonl s/seed-4/exhaustive-11-012,012/metrics.jsonl ||
    fail "the full branching is not the last one"
says s/sweep-cost.svg "</svg>"
says s/sweep-cost.svg "grey: every branching"
says s/sweep-cost.svg "search resource.weight=0<"

# What other judges think of the branchings is held against the truth likewise.
expect 0 "$POLYTREE" sweep branch.ini -o s \
    --set sweep.vary="search: resource.weight = 0 | 2 choose.judge = auto | supernet"
says out "^search choose.judge=supernet +4 "

"$PYTHON" -c "import h5py" 2>/dev/null || skip "python3-h5py is not there to read alpha"
"$PYTHON" - <<'END'
import glob, itertools, json, math, os
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

def opinion(folder, checkpoint):
    """more is better; None where the search has none"""
    if not os.path.exists(folder + "/candidates.jsonl"):
        return [round(x, 9) for x in log_p(checkpoint["alpha/logit"][...])]  # equal but for rounding: a tie
    of = {}
    for line in open(folder + "/candidates.jsonl"):
        c = json.loads(line)
        text = "/".join("".join(map(str, c["groups"][l])) for l in ("l01", "l02"))
        of[text] = -c["score"]
    return [of.get(g) for g in groups]

def rank_correlation(x, y):
    pairs = [(a, b) for a, b in zip(x, y) if a is not None]
    return np.corrcoef(ranks([a for a, _ in pairs]), ranks([b for _, b in pairs]))[0, 1]

# With two seeds each is held against the other, whose best is found on the first.
repeat = np.corrcoef(*[ranks([v[i] for v in value]) for i in (0, 1)])[0, 1]
LABELS = "search", "search resource.weight=2", "search choose.judge=supernet"
found = {(f["label"], f["seed"]): f for f in truth["found"]}
assert set(found) == {(l, s) for l in LABELS for s in SEEDS}
all_of = {l: {"correlation": [], "lead": [], "regret": [], "less": []} for l in LABELS}
for (label, seed), f in found.items():
    folder = "s/seed-%d/%s" % (seed, label.replace(" ", ","))
    c = h5py.File(folder + "/checkpoint.h5", "r")
    text = "/".join("".join(map(str, layer)) for layer in c["architecture/branching"][...])
    i, own, other = f["branching"], SEEDS.index(seed), 1 - SEEDS.index(seed)
    assert groups[i] == text
    assert run(seed, label.replace(" ", ","))[1] == cost[i]
    assert f["rank"] == 1 + sum(m > mean[i] for m in mean)
    ours = opinion(folder, c)
    assert f["judged"] == sum(x is not None for x in ours) and f["judged"] > 1
    near(f["correlation"], rank_correlation(ours, [v[other] for v in value]))
    near(f["repeat"], repeat)
    best = max((j for j in range(12) if cost[j] <= cost[i]), key=lambda j: value[j][own])
    near(f["regret"], value[best][other] - value[i][other])
    near(f["behind"], value[max(range(12), key=lambda j: value[j][own])][other] - value[i][other])
    assert (f["spent"] is None) == ("supernet" not in label)
    for key, x in (("correlation", f["correlation"]), ("lead", f["correlation"] - repeat),
                   ("regret", f["regret"]), ("less", f["regret"] - found["search", seed]["regret"])):
        all_of[label][key].append(x)
assert found[LABELS[2], 3]["spent"] > 0

def is_estimate(e, x):
    near(e["mean"], sum(x) / 2)
    near(e["error"], error(x))
    near(e["half_width"], 12.706204736432095 * error(x))  # t.ppf(0.975, 1)
assert [s["label"] for s in truth["searches"]] == list(LABELS)
for s in truth["searches"]:
    for key, x in all_of[s["label"]].items():
        is_estimate(s[key], x)
worst = [min(range(12), key=lambda j: value[j][1 - i]) for i in (0, 1)]
best = [max(range(12), key=lambda j: value[j][1 - i]) for i in (0, 1)]
is_estimate(truth["range"], [value[best[i]][i] - value[worst[i]][i] for i in (0, 1)])
near(truth["repeat"]["mean"], repeat)

try:
    from scipy import stats
except ImportError:
    print("python3-scipy is not there to compare levels with")
    raise SystemExit
def level(x):
    return stats.ttest_1samp(x, 0).pvalue if x[0] != x[1] else math.nan
def holm(p):
    left, most, out = sorted((x, i) for i, x in enumerate(p) if not math.isnan(x)), 0, [None] * len(p)
    for k, (x, i) in enumerate(left):
        most = out[i] = max(most, min(1, x * (len(left) - k)))
    return out
for key in ("lead", "less"):
    for s, p in zip(truth["searches"], holm([level(all_of[l][key]) for l in LABELS])):
        assert (p is None) == (s[key + "_p"] is None)
        if p is not None:
            near(s[key + "_p"], p)
for s in truth["searches"]:
    near(s["lead"]["half_width"], stats.sem(all_of[s["label"]]["lead"]) * stats.t.ppf(0.975, 1))
END
