#!/usr/bin/env bash
# What a run leaves for people agrees with its files; status reads along while it runs.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
small_data

refuses 1 "no such folder: here" status here
mkdir here
# Lock the file that is open as 9, as a run does: until all have closed it.
lock_9() {
    "$PYTHON" -c "
import fcntl, struct
fcntl.fcntl(9, 37, struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK"
}
refuses 1 "here is not the folder of a run" status here
(
    lock_9
    echo "pid 7 on elsewhere" >&9
    expect 0 "$POLYTREE" status here
    says out "^state +starting \(pid 7 on elsewhere\)$"
) 9<>here/lock
expect 0 "$POLYTREE" search "$SMALL" -o single --set search.method=single --set baseline.steps=30
expect 0 "$POLYTREE" search "$SMALL" -o shared --set search.method=shared --set baseline.steps=10
says out "^Delta_m +not run"
says shared/report.txt "Delta_m +not run"
says shared/report.txt "^test +metric +shared +edges"
says shared/report.txt "^  shape +60 +[0-9.]+ +balanced_accuracy [01]\.[0-9]+; macro_f1 [01]\.[0-9]+; auc [01]\.[0-9]+$"
# Of each task's confusion matrix the rows add up to the test samples.
"$PYTHON" - shared/report.txt <<'END' || fail "$(cat shared/report.txt)"
import re, sys
parts = re.split(r"^  (\w+), classes$", open(sys.argv[1]).read(), flags=re.M)[1:]
assert parts[::2] == ["shape", "fill", "place"], parts[::2]
for part in parts[1::2]:
    rows = re.findall(r"^    (?:label|     ) +\d+((?: +\d+)+)$", part.split("\n\n")[0], re.M)
    assert sum(int(x) for row in rows for x in row.split()) == 60, part
END

# Stopped at once: no report yet, and a status.
expect 75 "$POLYTREE" search "$SMALL" -o found --time-limit 0.001 --set report.random=nobody
says err "warning: report.random: nobody is not the folder of a run"
[ ! -e found/report.txt ] || fail "a stopped run has a report"
expect 0 "$POLYTREE" status found
says out "^state +stopped: the same command goes on for another [0-9]+:[0-9]+$"
(
    lock_9
    echo "pid 7 on elsewhere" >&9
    expect 0 "$POLYTREE" status found
    says out "^state +running \(pid 7 on elsewhere\), [0-9]+:[0-9]+ left$"
) 9<>found/lock
expect 0 "$POLYTREE" status found
says out "^state +killed or crashed \(pid 7 on elsewhere\): the same command goes on$"
says out "^phase +warmup, step [1-9][0-9]* of 20$"
says out "^last line +loss [0-9.]+ +tau 5.00"
says out "^checkpoint +[0-9]+ s ago$"
expect 0 "$POLYTREE" search "$SMALL" -o found --set report.single="$PWD/single" --set report.shared="$PWD/shared" \
    --set report.random=nobody
says err "warning: report.random: nobody is not the folder of a run"
[ "$(grep -c nobody err)" = 1 ] || fail "a warning is said again at the end"
says out "^report +found/report.txt"
says out "load imbalance 1.000"
for line in "  operations +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+ %" "load imbalance.*: 1.000" \
    "  gradients to owners +0 +0.00 +0.000 +0.00 %" "^test +metric +single +shared +found +edges"; do
    says found/report.txt "$line"
done
"$PYTHON" - <<'END'
import json, re
def final(run):
    return [json.loads(l) for l in open(run + "/metrics.jsonl") if '"final"' in l][-1]
runs = {r: final(r) for r in ("single", "shared", "found")}
text = open("found/report.txt").read()
row = lambda title: re.search(r"^ *%s(.*)$" % re.escape(title), text, re.M).group(1).split()
for task in runs["found"]["tasks"]:
    want = ["%.4f" % runs[r]["tasks"][task]["accuracy"] for r in ("single", "shared", "found")]
    assert row(task)[1:4] == want, (task, row(task), want)
    score = runs["found"]["tasks"][task]
    assert re.search(r"^  %s +%d +%.4f" % (task, score["n"], score["loss"]), text, re.M), task
delta = []
for r in ("single", "shared", "found"):
    gains = [(t["accuracy"] - s["accuracy"]) / s["accuracy"] for t, s in
             ((runs[r]["tasks"][k], runs["single"]["tasks"][k]) for k in runs[r]["tasks"])]
    delta.append("%+.2f" % (100 * sum(gains) / len(gains)))
assert row("Delta_m, %") == delta, (row("Delta_m, %"), delta)
assert delta[0] == "+0.00"
END
# Over both jobs: as much as their last words in timing.jsonl say together.
"$PYTHON" - <<'END'
import json, re
last = {}
for line in open("found/timing.jsonl"):
    t = json.loads(line)
    last[t["job"]] = t["step_seconds"]
n, steps = re.search(r"^  all (\d+) jobs, rank 0: steps (\S+) s", open("found/report.txt").read(), re.M).groups()
assert int(n) == len(last) == 2, (n, last)
assert abs(float(steps) - sum(last.values())) < 2e-3, (steps, last)
END
cp found/report.txt before
expect 0 "$POLYTREE" search "$SMALL" -o found --set report.single=shared
says err "warning: report.single = shared: a run of another search.method"
says found/report.txt "Delta_m +not run"
"$POLYTREE" data shapes other.h5 --size 16 --train 240 --val 48 --test 60 --seed 2 >/dev/null
expect 0 "$POLYTREE" search "$SMALL" -o elsewhere --set search.method=single --set baseline.steps=1 \
    --set data.file=other.h5 --set report.shared=shared
says err "warning: report.shared = shared: a run of another data set"
! grep -q "^shared: " elsewhere/report.txt || fail "a run of another data set stands in a report"
expect 0 "$POLYTREE" search "$SMALL" -o found --set report.single=elsewhere
says err "warning: report.single = elsewhere: a run of another data set"
says found/report.txt "Delta_m +not run"
expect 0 "$POLYTREE" search "$SMALL" -o found --set report.single="$PWD/single" --set report.shared="$PWD/shared"
says out finished
cmp before found/report.txt || fail "a look at a finished run has changed its report"
# Where it is gone the journals still know what rank 0 took, and say it every time.
rm found/report.txt
for _ in 1 2; do
    expect 0 "$POLYTREE" search "$SMALL" -o found
    says found/report.txt "^time of 2 jobs that trained, rank 0: $(sed -n 's/^  all 2 jobs, rank 0: //p' before); the report"
done
cp before found/report.txt
expect 0 "$POLYTREE" search "$SMALL" -o found
cmp before found/report.txt || fail "a command that names no baselines has taken them away"

expect 0 "$POLYTREE" status found
says out "^state +finished$"
says out "^done +mean metric on test [01]\.[0-9]+$"
says out "^jobs +2, 1 stopped$"
# The scores are told, but the checkpoint that was to keep them failed.
cp -r found unsaved
tail -n 1 unsaved/timing.jsonl | grep -q '^{"event":"checkpoint"' || fail "a run ends otherwise"
sed -i '$s/"checkpoint"/"failed"/' unsaved/timing.jsonl
expect 0 "$POLYTREE" status unsaved
says out "^state +failed: once that is mended the same command goes on$"
# Or its job was killed before that, in the middle of a line.
sed -i '$d' unsaved/timing.jsonl
printf '{"event":"checkpoint","pha' >>unsaved/timing.jsonl
expect 0 "$POLYTREE" status unsaved
says out "^state +stopped, or ended by an error: the same command goes on"
# In the middle of a line, as one finds it while the run is at work.
mkdir half
sed '/"phase":"retrain","kind":"weight","step":11,/,$d' found/metrics.jsonl >half/metrics.jsonl
printf '{"event":"step","phase":"retrain","ki' >>half/metrics.jsonl
expect 0 "$POLYTREE" status half
says out "^phase +retrain, step 10 of 20$"
says out "^val +mean metric on val [01]\.[0-9]+ \((search, step 20|retrain, step 10)\)$"
says out "^checkpoint +none yet$"
echo 'no line of ours' >>half/metrics.jsonl
refuses 1 "half/metrics.jsonl:[0-9]+: not a JSON object" status half

says found/curves.svg "</svg>"
says found/curves.svg "expected edges"
if command -v mpirun >/dev/null; then
    expect 0 ranks 2 search "$SMALL" -o two
    says two/report.txt "2 ranks"
    says two/report.txt "  gradients to owners +120 +[0-9.]+ +[0-9.]+ +[0-9]+\.[0-9]+ %"
    says two/report.txt "  architecture parameters +20 "
    says two/report.txt "^4 checkpoints: all ranks stand still for [0-9.]+ s in the mean"
fi
