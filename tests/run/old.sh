#!/usr/bin/env bash
# Data sets and finished runs of version 0.1.0 are still read; a run that it has left
# unfinished is not gone on with.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"

tar -xzf "$ROOT/tests/golden/run-0.1.0/files.tar.gz"

for data in shapes rooms; do
    expect 0 "$POLYTREE" data check $data.h5
    expect 0 "$POLYTREE" data info $data.h5
done


# Evaluated anew they have the scores that their journals end with.
scores() {
    "$PYTHON" - "$1" "$2" <<'END'
import json, re, sys
final = [line for line in map(json.loads, open(sys.argv[1] + "/metrics.jsonl"))
         if line["event"] == "final"][0]
said = open(sys.argv[2]).read()
for name, scores in final["tasks"].items():
    line = re.search(rf"^  {name} +(\d+) +([0-9.]+)  (\w+) +([0-9.]+)", said, re.M)
    n, loss, metric, value = line.groups()
    assert int(n) == scores["n"] and metric == list(scores)[1], line.group()
    assert abs(float(loss) - scores["loss"]) < 2e-3 * (1 + scores["loss"]), line.group()
    assert abs(float(value) - scores[metric]) < 2e-3 * (1 + scores[metric]), line.group()
END
}
for run in dag:shapes branch:rooms; do
    data=${run#*:}.h5 run=${run%:*}
    expect 0 "$POLYTREE" eval "$run" --set "data.file=$data"
    scores "$run" out || fail "eval $run: $(cat out)"
    expect 0 "$POLYTREE" status "$run"
    says out "^state +finished"
    expect 0 "$POLYTREE" show "$run"
done
says out "^encoder of 3 layers"
expect 0 "$POLYTREE" show dag --task fill
says out "^  fill +in 1 \| edges 1-2 2-3 3-4 \| out 4"

# The same command finds it done, and writes its report and its pictures anew.
rm -f dag/report.txt
expect 0 "$POLYTREE" search dag.ini -o dag
says out "this run is finished"
says dag/report.txt "^  fill +accuracy +0.1250"

expect 0 "$POLYTREE" status sweep
says out "^sweep +2 of 2 runs done"
cp sweep/sweep.json then.json
expect 0 "$POLYTREE" sweep sweep.ini -o sweep
"$PYTHON" - <<'END' || fail "the table of the sweep has changed"
import json
def holds(now, then):
    if isinstance(then, dict):
        return all(k in now and holds(now[k], then[k]) for k in then)
    if isinstance(then, list):
        return len(now) == len(then) and all(map(holds, now, then))
    return now == then
assert holds(json.load(open("sweep/sweep.json")), json.load(open("then.json")))
END
expect 0 "$POLYTREE" sweep sweep.ini -o sweep --report
says out "^search +1/1 +0.1667"

# Of another version it can be looked at, but not gone on with.
cannot="unfinished was begun with polytree 0.1.0 and is not finished: polytree [0-9.]+ cannot go on"
refuses 1 "$cannot" search dag.ini -o unfinished
refuses 1 "$cannot" search dag.ini -o unfinished --set data.file=moved.h5
expect 0 "$POLYTREE" status unfinished
says out "^state +stopped: $cannot"
echo "pid 7 on elsewhere" >unfinished/lock
expect 0 "$POLYTREE" status unfinished
says out "^state +killed or crashed \(pid 7 on elsewhere\): $cannot"
