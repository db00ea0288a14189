#!/usr/bin/env bash
# Heads with a linear model of the inputs (head.linear): training begins at what search.method =
# linear comes to, whatever is trained, and ends no worse on val with retrain.keep = best; the same
# bits on ranks and stages, and after a stop.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
"$PYTHON" -c "import h5py" 2>/dev/null || skip "python3-h5py is not there"

small_data
cat >table.ini <<END
[data]
file = table.h5
[space]
op = linear_bn_relu
stem = linear_bn_relu
stride = 1
channels = 8
stem_channels = 8
nodes = 3
flow = 2
min_depth = 1
[head]
linear = 1
[train]
batch = 20
microbatch = 10
tasks_per_step = 0
[augment]
rotate = 0
scale = 0
shear = 0
shift = 0
[warmup]
steps = 6
optimizer = adam
[search]
steps = 6
optimizer = adam
[alpha]
lr = 5e-2
[retrain]
steps = 12
optimizer = adam
lr = 1e-2
keep = best
[run]
eval_every = 4
[report]
svg = 0
END
# A line, and a bend beside it; labels of three kinds, of which some are missing.
"$PYTHON" - <<'END'
import h5py, numpy as np
rng = np.random.default_rng(7)
with h5py.File("table.h5", "w") as f:
    f.attrs.update(format="polytree dataset", version=1)
    for k, (kind, c) in {"line": ("regression", 2), "side": ("classification", 3), "marks": ("multilabel", 2)}.items():
        f.create_group("tasks/" + k).attrs.update(kind=kind, classes=c)
    for split, n in {"train": 160, "val": 60, "test": 60}.items():
        x = rng.normal(size=(n, 7)) * np.arange(1, 8) + 3
        z = (x - 3) / np.arange(1, 8)
        line = np.stack([z.sum(1) + np.abs(z[:, 0]), z[:, 1] - z[:, 2]], 1) + 0.1 * rng.normal(size=(n, 2))
        g = {t: f.create_group(f"{split}/tasks/{t}") for t in ("line", "side", "marks")}
        f[split + "/inputs"] = x.astype("f4")
        g["line"]["labels"] = line.astype("f4")
        rows = np.sort(rng.permutation(n)[: 2 * n // 3])
        g["side"]["index"] = rows
        g["side"]["labels"] = np.argmax(z[:, :3] + rng.normal(size=(n, 3)), 1)[rows].astype("i4")
        g["marks"]["labels"] = (z[:, 3:5] + rng.normal(size=(n, 2)) > 0).astype("i4")
END
encoder=(space.kind=branch "encoder.layers=linear_bn_relu out=8
linear_bn_relu out=8")

expect 0 ranks 1 search table.ini -o linear --set retrain.keep=last search.method=linear
expect 0 ranks 1 search table.ini -o dag
says out "^retrain, step 0: on val: "
says out "^kept: the weights "
expect 0 ranks 1 search table.ini -o branch --set "${encoder[@]}" encoder.stem=none
expect 0 ranks 1 search table.ini -o scratch --set retrain.from=scratch
for method in shared single; do
    expect 0 ranks 1 search table.ini -o $method --set search.method=$method baseline.steps=12
done
expect 0 ranks 1 search table.ini -o long --set search.method=shared baseline.steps=160 run.eval_every=40
says out "^kept: the weights of step "
expect 0 ranks 1 search table.ini -o judged --set "${encoder[@]}" encoder.stem=linear_bn_relu\ out=8 \
    choose.judge=halving retrain.from=scratch search.alpha_part=0.4 \
    space.copies=2 choose.budget=20

"$PYTHON" - <<'END'
import json, math
def scores(run, event="eval", phase="retrain"):
    lines = [json.loads(l) for l in open(run + "/metrics.jsonl")]
    return [l for l in lines if l["event"] == event and l["phase"] == phase]
want = scores("linear")[-1]["tasks"]
for run in ("dag", "branch", "scratch", "shared", "single", "judged"):
    begin, *later = scores(run)
    assert begin["step"] == 0 and len(later) == 3, run
    for task, w in want.items():
        got = begin["tasks"][task]["loss"]
        assert abs(got - w["loss"]) < 1e-5 * w["loss"], (run, task, got, w["loss"])
    # The beginning is left for what is better than chance.
    def evidence(e):
        return sum(t["n"] * (math.log(b["loss"] / t["loss"]) / 2 if name == "line" else b["loss"] - t["loss"])
                   for name, t in e["tasks"].items() for b in [begin["tasks"][name]])
    loss = lambda e: sum(t["loss"] for t in e["tasks"].values())
    best = begin
    for e in later:
        if loss(e) < loss(best) and (best is not begin or evidence(e) > 1):
            best = e
    kept = scores(run, "final", "retrain")[-1]["kept"]
    assert kept == best["step"], (run, kept, [(loss(e), evidence(e)) for e in (begin, *later)])
# With some more steps the bend beside the line is learned.
assert scores("long", "final", "retrain")[-1]["kept"] > 0
END

expect 0 ranks 1 eval dag
expect 0 ranks 1 search table.ini -o plain --set search.method=shared baseline.steps=12 head.linear=0
"$PYTHON" - <<'END'
import json
shared, plain = (json.load(open(run + "/architecture.json"))["cost"] for run in ("shared", "plain"))
outputs = 2 + 3 + 2
assert shared["madds"] - plain["madds"] == 7 * outputs
assert shared["parameters"] - plain["parameters"] == 8 * outputs
END

# Stopped in the middle of retraining.
held stopped "retrain 6" 1 search table.ini -o stopped
send TERM
ended 75
expect 0 ranks 1 search table.ini -o stopped
same_result stopped dag

if command -v mpirun >/dev/null; then
    expect 0 ranks 3 search table.ini -o ranks
    same_result ranks dag
    expect 0 ranks 2 search table.ini -o stages --set layout.stage=2
    same_result stages dag
    expect 0 ranks 3 search table.ini -o branch-stages --set layout.stage=3 "${encoder[@]}" encoder.stem=none
    same_result branch-stages branch
    expect 0 ranks 3 predict branch table.h5 -o three.npz
    expect 0 ranks 1 predict branch table.h5 -o one.npz
    cmp one.npz three.npz || fail "predictions differ"
fi

refuses 1 "head.linear = 1 is for features, the data set has images of 16 x 16" \
    search "$SMALL" -o images --set head.linear=1
