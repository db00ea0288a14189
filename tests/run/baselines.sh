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
# Less than a chain of width 1 costs cannot be matched, which is said.
expect 0 ranks 1 search "$SMALL" -o dear --set search.method=shared --set baseline.madds=1000 \
    --set baseline.steps=1
dear="at width 1, the least, the chain costs [0-9.]+ k multiply-adds, more than the 1.000 k"
says out "^note +$dear"
says dear/report.txt "^$dear"
! grep -q "at width" shared/report.txt || fail "a chain that is matched is said to be dearer"
[ "$(number random madds)" -le "$cost" ] || fail "the random subnet costs too much"
[ $((20 * $(number random madds))) -ge $((19 * cost)) ] || fail "the random subnet is too cheap"
says random/metrics.jsonl '"phase":"search","steps":40,"alpha_steps":0'

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
    expect 0 ranks 2 search "$SMALL" -o random4 --set search.method=random --set baseline.cost_of=found
    same_result random random4
fi
