#!/usr/bin/env bash
# A dag searched for dense tasks of rendered rooms, encoders' blocks as its edges and
# decoders that read the stem as its heads: within its budget, with the same bytes on one
# rank and two, and trained well enough to beat no training.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"

expect 0 "$POLYTREE" data scenes rooms.h5 --size 32 --train 64 --val 16 --test 24 --seed 3
config=$ROOT/configs/scenes-dag.ini
short=(--set data.file=rooms.h5 warmup.steps=6 search.steps=6 retrain.steps=12)

expect 0 "$POLYTREE" show "$config" --set data.file=rooms.h5
says out "^space: 6 nodes, 9 edges, 21 choices a task, 5 tasks"
expect 0 ranks 1 search "$config" -o one "${short[@]}"
says out "search: 6 weight steps, 6 alpha steps"
says out "budget: [0-9.e+]+ of [0-9.e+]+ multiply-adds"
for task in parts depth normals edges saliency; do
    says out "^  $task +24 +[0-9.]+ +[a-z_]+ +[0-9.]+"
done
[ -s one/architecture.json ] || fail "no architecture.json"
expect 0 "$POLYTREE" show one
says out "^  normals +in [1-6 ]+\| edges [1-6 -]+ \| out [1-6 ]+$"

if command -v mpirun >/dev/null; then
    expect 0 ranks 2 search "$config" -o two "${short[@]}"
    same_result one two
fi

# value RUN TASK: its metric on test.
value() {
    "$PYTHON" - "$1" "$2" <<'PY'
import json, sys
for line in open(sys.argv[1] + "/metrics.jsonl"):
    event = json.loads(line)
    if event["event"] == "final":
        print(list(event["tasks"][sys.argv[2]].values())[1])
PY
}
expect 0 ranks 1 search "$config" -o untrained "${short[@]}" warmup.lr=0 search.lr=0 retrain.lr=0
awk -v trained="$(value one depth)" -v untrained="$(value untrained depth)" \
    'BEGIN { exit !(trained < untrained) }' || fail "depth is no better for its training"

# Where low-level features are: a dag has them in the stem's output alone.
refuses 1 "head.skip = l03, but a dag has low-level features in x alone" \
    search "$config" -o none "${short[@]}" head.skip=l03
refuses 1 "head.kind = deeplab wants low-level features: expected head.skip = x" \
    search "$config" -o none "${short[@]}" head.skip=
refuses 1 "of a dag, out and stride follow from space.channels and space.stride" \
    search "$config" -o none "${short[@]}" "space.op=bottleneck out=32"
