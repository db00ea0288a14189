#!/usr/bin/env bash
# A budget is kept by the network that a search derives, for both kinds of space and every
# kind of cost: what the run says of it is what its architecture.json costs, reckoned anew
# from the operations that it lists.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
small_data
expect 0 "$POLYTREE" data scenes rooms.h5 --size 16 --train 40 --val 0 --test 8

cat >price.py <<'PY'
import json, math, sys

run, kind, table = sys.argv[1:]
MICROBATCH = 8
network = json.load(open(run + "/architecture.json"))
space = network["space"]
nodes = {n["name"]: (n["height"], n["width"], n["channels"]) for n in space["nodes"]}
candidates = {c["name"]: c for c in space["candidates"]}
seconds = dict(line.split() for line in open(table))


def price(name):
    """Of one candidate for one sample; activation in bytes: outputs and what backward keeps."""
    madds = parameters = kept = 0
    outputs, c = [], candidates[name]
    for op in c["ops"]:
        attr = op["attr"]
        h, w, channels = outputs[op["in"][0]] if op["in"][0] >= 0 else nodes[c["from"]]
        stride = attr.get("stride", 1)
        out = (math.ceil(h / stride), math.ceil(w / stride), attr.get("channels") or channels)
        if op["op"] == "conv":
            weights = attr["kernel"] ** 2 * channels // attr["groups"] * out[2]
            madds += weights * out[0] * out[1]
            parameters += weights + (out[2] if attr.get("bias") else 0)
        elif op["op"] == "batch_norm":
            parameters += 0 if attr.get("no_affine") else 2 * channels
            kept += 2 * channels * 8
        else:
            assert op["op"] in ("pool_avg", "add", "relu"), op["op"]
        outputs.append(out)
        kept += MICROBATCH * math.prod(out) * 4
    layer = name.split("_copy")[0]
    return {"madds": madds, "parameters": parameters, "activation": kept // MICROBATCH, "seconds": float(seconds[layer])}[kind]


if space["kind"] == "dag":
    used = [name for task in network["tasks"] for name in ["stem"] + [c["candidate"] for c in task["choices"]]]
    used = set(used) if kind == "parameters" else used
else:
    used = {"stem"} | {f"l{l + 1:02d}_copy{copy}" for task in network["tasks"] for l, copy in enumerate(task["copies"])}
print(f"{sum(map(price, used)):.6g}")
PY

for name in stem in_1 in_2 in_3 in_4 out_1 out_2 out_3 out_4 edge_1_2 edge_1_3 edge_2_3 edge_2_4 edge_3_4; do
    echo "$name 0.00$((${#name} * 7 % 9 + 1))"
done >dag.txt
printf '%s\n' "stem 0.002" "l01 0.001" "l02 0.0025" "l03 0.003" >branch.txt

# keep SPACE KIND FORM ARGUMENTS...: a fourth of the way from the cheapest network to the
# most that one can cost is kept; FORM % gives it as a share.
keep() {
    local space=$1 kind=$2 form=$3 least full budget
    shift 3
    refuses 1 "but the cheapest network costs" search "$@" -o none --set resource.kind="$kind" resource.budget=1e-9
    read -r least full <<<"$(sed -n 's/.*network costs \([^ ]*\) ([^ ]* of \([^ ,]*\),.*/\1 \2/p' err)"
    budget=$(awk -v a="$least" -v b="$full" -v form="$form" 'BEGIN {
        x = a + (b - a) / 4; if (form == "%") printf "%.4f%%", 100 * x / b; else printf "%.6g", x}')
    expect 0 ranks 1 search "$@" -o "$space-$kind" --set resource.kind="$kind" resource.budget="$budget"
    read -r cost limit <<<"$(sed -n 's/^budget: \([^ ]*\) of \([^ ]*\) .*, [1-9][0-9]* changes* made.*/\1 \2/p' out)"
    [ -n "$limit" ] || fail "$space, $kind: nothing had to be changed for $budget: $(grep budget out)"
    price=$("$PYTHON" price.py "$space-$kind" "$kind" "$space.txt")
    awk -v p="$price" -v c="$cost" -v b="$limit" -v a="$least" -v f="$full" 'BEGIN {
        exit !(p == c && p <= b && (b - a) / (f - a) > 0.249 && (b - a) / (f - a) < 0.251)}' ||
        fail "$space: $price $kind, the run says $cost of $limit; at least $least, at most $full"
}

dag=("$SMALL" --set warmup.steps=4 search.steps=6 retrain.steps=2 search.gates=hard search.run=active
    resource.table=dag.txt squeeze.kappa=5 resource.weight=0.01)
keep dag madds % "${dag[@]}"
keep dag parameters = "${dag[@]}"
keep dag activation = "${dag[@]}"
keep dag seconds % "${dag[@]}"
# The table may be found from another folder, but must say there what it said.
mkdir elsewhere
(
    cd elsewhere
    expect 0 "$POLYTREE" eval ../dag-seconds
    expect 0 "$POLYTREE" search ../dag-seconds/config.ini -o ../dag-seconds
    awk '{print $1, 2 * $2}' ../dag.txt >dag.txt
    refuses 1 "the file that resource.table names holds something else" search ../dag-seconds/config.ini \
        -o ../dag-seconds --set resource.table=dag.txt
    # One that is finished needs none.
    mv ../dag.txt kept.txt
    expect 0 "$POLYTREE" eval ../dag-seconds
    expect 0 "$POLYTREE" search ../dag-seconds/config.ini -o ../dag-seconds
    says out "this run is finished"
    refuses 1 "resource.table = .*dag.txt: cannot open" search ../dag-seconds/config.ini -o ../anew
    mv kept.txt ../dag.txt
)
branch=("$ROOT/configs/scenes-branch-quick.ini" --set data.file=rooms.h5 warmup.steps=5 search.steps=5
    retrain.steps=2 bn.calibrate=1 resource.table=branch.txt resource.weight=0)
keep branch madds = "${branch[@]}"
keep branch parameters % "${branch[@]}"
keep branch activation % "${branch[@]}"
keep branch seconds = "${branch[@]}"
