#!/usr/bin/env bash
# Baselines match the found network's multiply-adds and samples, on any number of ranks.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
small_data

# number RUN KEY: from architecture.json's cost.
number() { "$PYTHON" -c "import json; print(json.load(open('$1/architecture.json'))['cost']['$2'])"; }

expect 0 ranks 1 search "$SMALL" -o found
refuses 1 "baseline.cost_of" search "$SMALL" -o random --set search.method=random
refuses 1 "baseline.cost_of: nobody is not the folder of a run" search "$SMALL" -o shared \
    --set search.method=shared --set baseline.cost_of=nobody
"$POLYTREE" data shapes other.h5 --size 16 --train 240 --val 48 --test 60 --seed 2 >/dev/null
refuses 1 "baseline.cost_of = found: a run of another data set than other.h5" search "$SMALL" -o shared \
    --set search.method=shared --set baseline.cost_of=found --set data.file=other.h5
# What no random subnet can cost is known before a supernet is trained.
refuses 1 "baseline.madds = 1: no random subnet of 1 to 1 .*the nearest has [0-9]+" search "$SMALL" \
    -o random --set search.method=random --set baseline.madds=1
mkdir tiny
cp found/config.ini found/metrics.jsonl tiny
echo '{"cost": {"madds": 1000}, "tasks": []}' >tiny/architecture.json
refuses 1 "baseline.madds = 1000 \(baseline.cost_of = tiny\): no random subnet of 950 to 1000" \
    search "$SMALL" -o random --set search.method=random --set baseline.cost_of=tiny
! grep -q "^warmup" out || fail "a supernet was trained of which nothing can be drawn"

expect 0 ranks 1 search "$SMALL" -o shared --set search.method=shared --set baseline.cost_of=found
expect 0 ranks 1 search "$SMALL" -o single --set search.method=single --set baseline.cost_of=found
expect 0 ranks 1 search "$SMALL" -o random --set search.method=random --set baseline.cost_of=found
cost=$(number found madds)
for run in shared single; do
    [ "$(number $run madds)" -ge "$cost" ] || fail "$run is cheaper than the found network"
    says $run/config.ini "^steps = 80 " # 20 of each kind
    says $run/metrics.jsonl '"phase":"retrain","steps":80,'
done
width=$(sed -n 's/^width = \([0-9.]*\).*/\1/p' shared/config.ini)
narrow=$(awk "BEGIN {print $width - 1 / 64}")
expect 0 ranks 1 search "$SMALL" -o narrow --set search.method=shared --set baseline.width="$narrow" \
    --set baseline.steps=1
[ "$(number narrow madds)" -lt "$cost" ] || fail "the width $width is not the least"
# A tenth of the cost is matched by a narrower chain, in one task's as in all tasks'; the width
# of the space is kept where that is asked for.
for method in shared single; do
    expect 0 ranks 1 search "$SMALL" -o thin-$method --set search.method=$method \
        --set baseline.madds=$((cost / 10)) --set baseline.steps=1
    thin=$(number thin-$method madds)
    if [ "$thin" -lt $((cost / 10)) ] || [ "$thin" -gt $((cost / 8)) ]; then
        fail "a chain of $thin for $((cost / 10))"
    fi
done
expect 0 ranks 1 search "$SMALL" -o native --set search.method=shared --set baseline.match=native \
    --set baseline.cost_of=found
expect 0 ranks 1 search "$SMALL" -o wide --set search.method=shared --set baseline.width=1 \
    --set baseline.steps=1
[ "$(number native madds)" = "$(number wide madds)" ] || fail "a chain of native width is not as wide as the space"
says native/config.ini "^steps = 80 "

# The network found, from scratch in one phase, as the other baselines are trained: the same
# graph; and its own weights, not the searched ones.
expect 0 ranks 1 search "$SMALL" -o rebuilt --set search.method=rebuilt --set baseline.cost_of=found
"$PYTHON" - <<'END'
import json
found, rebuilt = (json.load(open(f"{run}/architecture.json")) for run in ("found", "rebuilt"))
graphs = lambda network: [[(c["kind"], c.get("i"), c.get("j")) for c in t["choices"]] for t in network["tasks"]]
assert graphs(rebuilt) == graphs(found) and rebuilt["cost"] == found["cost"]
samples = {run: [json.loads(line) for line in open(f"{run}/metrics.jsonl")][-1]["samples"]
           for run in ("found", "rebuilt", "shared")}
for run in ("rebuilt", "shared"):
    assert samples[run] == {"searching": 0, "training": sum(samples["found"].values())}, samples
assert samples["found"]["searching"] == 3 * samples["found"]["training"], samples
END
says rebuilt/metrics.jsonl '"phase":"retrain","steps":80,'
refuses 1 "search.method = rebuilt trains the network of another run" search "$SMALL" -o nobody \
    --set search.method=rebuilt
refuses 1 "baseline.cost_of = found: its network costs [0-9]+ multiply-adds there and [0-9]+ in this space" \
    search "$SMALL" -o other --set search.method=rebuilt --set baseline.cost_of=found \
    --set space.stem_channels=5

# What no width matches is said.
expect 0 ranks 1 search "$SMALL" -o dear --set search.method=shared --set baseline.madds=1000 \
    --set baseline.steps=1
dear="at width [0-9.]+ the network costs [0-9.]+ k multiply-adds, more than the 1.000 k"
says out "^note +$dear"
says dear/report.txt "^$dear"
! grep -q "at width" shared/report.txt || fail "a chain that is matched is said to be dearer"
[ "$(number random madds)" -le "$cost" ] || fail "the random subnet costs too much"
[ $((20 * $(number random madds))) -ge $((19 * cost)) ] || fail "the random subnet is too cheap"
says random/metrics.jsonl '"phase":"search","steps":40,"alpha_steps":0'

# One graph for all tasks, of the supernet that random has trained; and random subnets from
# scratch, which want none.
expect 0 ranks 1 search "$SMALL" -o one --set search.method=one_graph --set baseline.cost_of=found \
    --set baseline.supernet=random
"$PYTHON" - <<'END'
import json
graphs = [[(c["kind"], c.get("i"), c.get("j")) for c in t["choices"]]
          for t in json.load(open("one/architecture.json"))["tasks"]]
assert all(g == graphs[0] for g in graphs), graphs
END
[ "$(number one madds)" -le "$cost" ] || fail "the one graph costs too much"
expect 0 ranks 1 search "$SMALL" -o scratch --set search.method=random --set baseline.cost_of=found \
    --set retrain.from=scratch
says scratch/metrics.jsonl '"phase":"retrain","steps":80,'
! grep -q '"phase":"warmup"' scratch/metrics.jsonl || fail "a supernet was trained that nobody wants"

# Another index takes the supernet of the first; another seed must not.
expect 0 ranks 1 search "$SMALL" -o random2 --set search.method=random --set baseline.cost_of=found \
    --set baseline.random_index=2 --set baseline.supernet=random
expect 0 ranks 1 search "$SMALL" -o random2b --set search.method=random --set baseline.cost_of=found \
    --set baseline.random_index=2
[ "$(digest random2)" = "$(digest random2b)" ] || fail "the kept supernet gives another result"
refuses 1 "baseline.supernet = random.*run.seed = 8, not 7" search "$SMALL" -o random3 \
    --set search.method=random --set baseline.cost_of=found --set baseline.supernet=random \
    --set run.seed=8

expect 0 "$POLYTREE" show single
expect 0 "$POLYTREE" eval single
expect 0 "$POLYTREE" plan single/config.ini --ranks 2
if command -v mpirun >/dev/null; then
    expect 0 ranks 3 search "$SMALL" -o single3 --set search.method=single --set baseline.cost_of=found \
        --set layout.mode=manual layout.task=3
    same_result single single3
    expect 0 ranks 2 search "$SMALL" -o rebuilt2 --set search.method=rebuilt --set baseline.cost_of=found
    same_result rebuilt rebuilt2
    expect 0 ranks 2 search "$SMALL" -o random4 --set search.method=random --set baseline.cost_of=found
    same_result random random4
fi
