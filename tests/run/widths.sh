#!/usr/bin/env bash
# Where candidates are of several widths the same ones are judged and the same is chosen on any
# ranks, in any groups, over stops and kills while a wide one trains; what is chosen is built as
# wide as it was judged, by all that reads a run.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
"$PYTHON" -c "import h5py" 2>/dev/null || skip "$PYTHON has no h5py"

"$PYTHON" - <<'PY'
import h5py, numpy as np
rng = np.random.default_rng(3)
def write(name, tasks):
    with h5py.File(name, "w") as f:
        f.attrs["format"], f.attrs["version"] = "polytree dataset", 1
        for t in tasks:
            f.create_group("tasks/" + t).attrs["kind"] = "regression"
        for split, n in {"train": 240, "val": 80, "test": 80}.items():
            x = rng.normal(size=(n, 6))
            y = {"up": np.sin(2 * x[:, 0]) * x[:, 1], "down": np.cos(2 * x[:, 1]) * x[:, 2],
                 "side": x[:, 3] * x[:, 4], "new": np.sin(2 * x[:, 0]) + x[:, 3] * x[:, 4]}
            f[split + "/inputs"] = x.astype("f4")
            for t in tasks:
                f[f"{split}/tasks/{t}/labels"] = y[t].astype("f4")
write("three.h5", ["up", "down", "side"])
write("new.h5", ["new"])
PY
cat >common.ini <<'INI'
[data]
file = three.h5
[run]
eval_every = 0
metrics_every = 1
[train]
batch = 32
microbatch = 16
tasks_per_step = 0
[choose]
judge = regression
widths = 1 1.5 0.75
budget = 6
[retrain]
from = scratch
steps = 40
optimizer = adam
lr = 1e-2
[report]
html = 0
svg = 0
INI
cat common.ini - >branch.ini <<'INI'
[space]
kind = branch
[encoder]
stem = linear_bn_relu out=6
layers =
    linear_bn_relu out=8
    linear_bn_relu out=6
INI
cat common.ini - >dag.ini <<'INI'
[space]
kind = dag
nodes = 4
flow = 2
min_depth = 2
op = linear_bn_relu
stem = linear_bn_relu
stride = 1
channels = 6 8 6 6
stem_channels = 6
INI

# What the lines say: no network twice, a wide one tried by hand, none dearer than what can be at the
# space's own width (or the budget), and the one chosen as wide and as dear as it is built.
cat >check.py <<'PY'
import json, sys
run, widths = sys.argv[1], [float(w) for w in sys.argv[2].split()]
lines = [json.loads(line) for line in open(run + "/candidates.jsonl")]
network = lambda c: json.dumps([c["width"], c.get("groups", c.get("graphs"))])
assert len({network(c) for c in lines}) == len(lines), "twice the same"
assert {c["width"] for c in lines} == set(widths)
shared = [c["width"] for c in lines if c["origin"] == "shared"]
assert shared == widths, shared
assert lines[0]["width"] == 1 and lines[0]["score"] == 0
assert all("trained" in c for c in lines if c["origin"] == "shared")
by_width = lambda w: max(c["cost"] for c in lines if c["width"] == w)
if len(sys.argv) > 3:
    assert max(c["cost"] for c in lines) <= float(sys.argv[3])
elif "groups" in lines[0]:
    assert all(by_width(w) <= by_width(1) for w in widths)
for a in lines: # wider is dearer
    for b in lines:
        if network({**a, "width": 0}) == network({**b, "width": 0}) and a["width"] < b["width"]:
            assert a["cost"] < b["cost"]
chosen, = (c for c in lines if c["chosen"])
found = json.load(open(run + "/architecture.json"))
assert found["space"].get("widening", 1) == chosen["width"]
cost = found["cost"]["encoder_madds"]
assert cost == chosen["cost"], (cost, chosen["cost"])
print(chosen["width"])
PY

# same_choice RUN RUN: the same candidates, too.
same_choice() {
    same_result "$1" "$2"
    cmp "$1/candidates.jsonl" "$2/candidates.jsonl" || fail "the candidates of $1 and $2 differ"
    cmp "$1/front.txt" "$2/front.txt" || fail "the fronts of $1 and $2 differ"
}

# wide NAME CONFIG OPTIONS...: a run NAME that has chosen a network that is wider or narrower than its
# space, and of `seed`; whether one does is a matter of rounding.
wide() {
    local name=$1
    shift
    for seed in 1 2 3 4 5 6; do
        rm -rf "$name"
        expect 0 ranks 1 search "$@" -o "$name" --set run.seed=$seed
        "$PYTHON" check.py "$name" "1 1.5 0.75" >width
        [ "$(cat width)" = 1.0 ] || return 0
    done
    fail "$name: no wide network is chosen"
}

for space in branch dag; do
    wide $space $space.ini
    says out "^        (1.5|0.75) times as wide as the space$"
    says $space/front.txt "^number +origin +width +cost "
    says $space/metrics.jsonl '"event":"choice"'
    run=(search "$space.ini" --set run.seed="$seed")
    for n in 2 3; do
        expect 0 ranks $n "${run[@]}" -o $space$n
        same_choice $space $space$n
    done
    # Messages of a wide network's stages are not those of the others'.
    expect 0 ranks 2 "${run[@]}" layout.mode=manual layout.stage=2 -o $space-staged
    same_choice $space $space-staged
    expect 0 ranks 4 "${run[@]}" choose.at_once=1 layout.groups=3 -o ${space}4
    says out "^choose: [23] groups of ranks judge candidates$"
    same_choice $space ${space}4

    # A stop on two ranks and a kill on one while a wide one trains, of 20 steps and a look.
    at=$("$PYTHON" - $space <<'PY'
import json, sys
width = [json.loads(line)["width"] for line in open(sys.argv[1] + "/candidates.jsonl")]
events = [json.loads(line) for line in open(sys.argv[1] + "/metrics.jsonl")]
judged = [e for e in events if e["event"] == "candidate"]
assert {e["trained"] for e in judged} == {20}
print(21 * next(i for i, e in enumerate(judged) if width[e["number"]] != 1))
PY
    )
    held stopped-$space "choose $((at + 5))" 2 "${run[@]}" layout.groups=1 -o stopped-$space
    send USR1
    ended 75
    "$POLYTREE" checkpoint inspect stopped-$space/checkpoint.h5 >kept
    grep -q "^choose/training/.*/step " kept || fail "the wide training is not kept"
    expect 0 "$POLYTREE" status stopped-$space
    held stopped-$space "choose $((at + 12))" 1 "${run[@]}" run.checkpoint_every=0.001 -o stopped-$space
    send KILL
    ended 137
    rm stopped-$space/HELD
    expect 0 ranks 3 "${run[@]}" -o stopped-$space
    same_choice $space stopped-$space

    # Killed while it trains the one chosen.
    held late-$space "retrain 20" 1 "${run[@]}" run.checkpoint_every=0.001 -o late-$space
    send KILL
    ended 137
    rm late-$space/HELD
    expect 0 ranks 2 "${run[@]}" -o late-$space
    same_choice $space late-$space

    # All that reads a run.
    expect 0 "$POLYTREE" show $space
    expect 0 ranks 1 eval $space
    expect 0 ranks 2 predict $space three.h5 -o $space.npz
    expect 0 ranks 1 export $space $space.onnx --safetensors $space.safetensors
    expect 0 "$POLYTREE" report $space -o $space.html
    says $space.html '<th scope="col">width</th>'
    expect 0 ranks 1 extend $space new.h5 -o more-$space
    expect 0 ranks 1 predict more-$space three.h5 -o more-$space.npz
    "$PYTHON" - $space.npz more-$space.npz <<'PY' || fail "more-$space does not say what $space does"
import numpy as np, sys
old, new = (np.load(name) for name in sys.argv[1:])
assert set(old) < set(new)
for name in old:
    assert old[name].tobytes() == new[name].tobytes(), name
PY
    expect 0 ranks 1 search $space.ini -o again-$space --set run.seed="$seed" search.method=rebuilt \
        baseline.cost_of=$space
    madds=$("$PYTHON" -c 'import json, sys
print([json.load(open(run + "/architecture.json"))["cost"]["madds"] for run in sys.argv[1:]])' $space again-$space)
    [[ $madds =~ ^\[([0-9]+),\ ([0-9]+)\]$ && ${BASH_REMATCH[1]} = "${BASH_REMATCH[2]}" ]] ||
        fail "what is rebuilt costs another amount: $madds"

    # A smaller budget, of what is judged: that of number 0.
    least=$("$PYTHON" -c 'import json, sys
print(json.loads(next(open(sys.argv[1] + "/candidates.jsonl")))["cost"])' $space)
    expect 0 ranks 2 choose $space --budget "$least" -o least-$space
    says out "^        (1|0.75) times as wide as the space$"
done
refuses 1 "but branch has judged candidates up to .* only" choose branch --budget 1e9 -o beyond

# Halving has them too; of a budget that no wide network keeps there are none; those of a file.
expect 0 ranks 1 search branch.ini -o halving --set choose.judge=halving choose.population=8 choose.widths="1 0.5"
says halving/candidates.jsonl '"width":0.5'
expect 0 ranks 1 search branch.ini -o budget --set resource.budget=500 choose.widths="1 2 9"
"$PYTHON" check.py budget "1 2" 500 >width
# auto: everything shared is as wide as it may be, to a sixty-fourth; 6, 8 and 6 channels behind 6.
expect 0 ranks 1 search branch.ini -o auto --set choose.widths=auto
expect 0 ranks 2 search branch.ini -o auto2 --set choose.widths=auto
same_choice auto auto2
"$PYTHON" - <<'PY'
import json, math
lines = [json.loads(line) for line in open("auto/candidates.jsonl")]
def cost(width):
    a, b = (math.floor(n * width + 0.5) for n in (6, 8))
    return 6 * a + a * b + b * a
shared = [(c["width"], c["cost"]) for c in lines if c["origin"] == "shared"]
assert len(shared) == 3 and all(cost(w) == c for w, c in shared), shared
full = max(c["cost"] for c in lines if c["width"] == 1)
widest = shared[2][0]
assert cost(widest) <= full < cost(widest + 1 / 64)
assert abs(shared[1][0] - math.sqrt(widest)) <= 1 / 128
PY
echo '{"groups":{"l01":[0,0,0],"l02":[0,1,1]},"width":0.75}' >file.jsonl
expect 0 ranks 1 search branch.ini -o file --set choose.candidates=file.jsonl
says file/candidates.jsonl '"origin":"file","width":0.75'
echo '{"groups":{"l01":[0,0,0],"l02":[0,1,1]},"width":3}' >file.jsonl
refuses 1 'file.jsonl:1: "width": 3 is none of choose.widths' search branch.ini -o none --set choose.candidates=file.jsonl

# What cannot be.
refuses 2 "choose.widths begins with 2: expected 1, the width of the space" search branch.ini -o none --set choose.widths=2
refuses 2 "choose.widths has 1.5 twice" search branch.ini -o none --set choose.widths="1 1.5 1.5"
refuses 2 "choose.widths = '1 x': expected numbers separated by blanks, each from 0.01 to 64" search branch.ini \
    -o none --set choose.widths="1 x"
refuses 2 "choose.judge = supernet trains no network of its own width" search branch.ini -o none --set choose.judge=supernet
refuses 2 "choose.judge = alpha trains no" search branch.ini -o none --set choose.judge=alpha
refuses 2 "set retrain.from = scratch" search branch.ini -o none --set retrain.from=there.h5
[ ! -e none ] || fail "a refused run leaves a folder"
