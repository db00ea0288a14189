#!/usr/bin/env bash
# A sweep runs every combination once, goes on where it was stopped, refuses runs of another
# sweep, and its table says what the runs' files say.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
small_data

{
    sed 's/^steps = 20/steps = 8/' "$SMALL"
    cat <<END

[sweep]
methods = random search shared single
seeds = 3 4
single_seeds = 1
random_n = 2
vary = derive.rule = flow | p
       search: random: space.flow = 2 | 3
       shared: baseline.lr = 0.003 | 0.01
END
} >sweep.ini
list="seed-3/search seed-3/search,space.flow=3 seed-3/search,derive.rule=p seed-3/shared
seed-3/shared,baseline.lr=0.01 seed-3/single seed-3/random-0 seed-3/random-1
seed-3/random,space.flow=3-0 seed-3/random,space.flow=3-1 seed-4/search seed-4/search,space.flow=3
seed-4/search,derive.rule=p seed-4/shared seed-4/shared,baseline.lr=0.01 seed-4/random-0
seed-4/random-1 seed-4/random,space.flow=3-0 seed-4/random,space.flow=3-1"

refuses 1 "sweep.methods: 'chain'" sweep sweep.ini -o s --set sweep.methods="search chain"
refuses 1 "sweep.vary: 'all:'" sweep sweep.ini -o s --set sweep.vary="all: train.batch = 8"
refuses 1 "sweep.vary.*expected section.key" sweep sweep.ini -o s --set sweep.vary="batch"
refuses 1 "sweep.vary: run.seed is set by sweep.seeds" sweep sweep.ini -o s \
    --set sweep.vary="run.seed = 1 | 2"
refuses 1 "sweep.vary: sweep.grid: expected an option of runs" sweep sweep.ini -o s \
    --set sweep.vary="sweep.grid = 0 | 1"
refuses 1 "sweep.vary: search squeeze.kappa=1: squeeze.kappa = 1: a connection" sweep sweep.ini -o s \
    --set sweep.vary="squeeze.kappa = 4 | 1"
refuses 1 "sweep.vary: derive.rule = 'best'" sweep sweep.ini -o s --set sweep.vary="derive.rule = best"
refuses 2 "-o FOLDER is missing" sweep sweep.ini
# Nothing counts twice, and what is varied makes runs to compare.
refuses 1 "sweep.seeds: 3 stands there twice" sweep sweep.ini -o s --set sweep.seeds="3 4 3"
refuses 1 "sweep.vary: alpha.lr = 0.1 \| 1e-1: the same value twice" sweep sweep.ini -o s \
    --set sweep.vary="alpha.lr = 0.1 | 0.2 | 1e-1"
refuses 1 "sweep.vary: alpha.lr stands there twice" sweep sweep.ini -o s \
    --set sweep.vary="alpha.lr = 1 | 2  search: alpha.lr = 1 | 3"
refuses 1 "sweep.vary: alpha.lr = 0.1: there is nothing to compare" sweep sweep.ini -o s \
    --set sweep.vary="alpha.lr = 0.1"
refuses 1 "sweep.vary: alpha.lr names no method, so it is for search" sweep sweep.ini -o s \
    --set sweep.methods="shared single" --set sweep.vary="alpha.lr = 0.1 | 0"
refuses 1 "sweep.methods: exhaustive: .*search.method = exhaustive needs space.kind = branch" sweep sweep.ini -o s \
    --set sweep.methods="search exhaustive"
refuses 1 "e/seed-3/search: retrain.from = none.h5: " sweep sweep.ini -o e \
    --set retrain.from=none.h5

# Stopped in one of its runs, then between two, then in one by its time limit, then to its end.
mkdir s
touch s/STOP
held s "search 3" 1 sweep sweep.ini -o s
touch s/STOP
ended 75
says out "s/STOP was there before the start"
says out "stopped by the file STOP"
[ ! -e s/STOP ] || fail "STOP is still there"
expect 0 "$POLYTREE" status s
says out "^sweep +0 of 19 runs done$"
says out "^now at +s/seed-3/search$"
says out "^state +stopped"
says out "^phase +search, step "
# After the last step of a run it is too late for that, but not for the next.
held s "retrain 8" 1 sweep sweep.ini -o s
touch s/STOP
ended 75
[ ! -e s/STOP ] || fail "STOP is still there"
expect 0 "$POLYTREE" status s
says out "^sweep +1 of 19 runs done$"
POLYTREE_HOLD="retrain 5" expect 75 "$POLYTREE" sweep sweep.ini -o s --time-limit 0:00:02
says out "stopped by the time limit"
[ "$(grep -cE '^run [0-9]+ of 19: s/seed-' out)" -le 1 ] || fail "another run was begun after the limit"
expect 0 "$POLYTREE" sweep sweep.ini -o s
! grep -qE "^Delta_m +not run" out || fail "runs whose baselines come later are said to have none"
for run in $list; do
    says "s/$run/metrics.jsonl" '"event":"final"'
done
[ "$(find s -name metrics.jsonl | wc -l)" = "$(echo "$list" | wc -w)" ] || fail "other runs than wanted"
expect 0 "$POLYTREE" sweep sweep.ini -o s
! grep -q '^run [0-9]' out || fail "a finished run was run again"
expect 0 "$POLYTREE" status s
says out "^sweep +19 of 19 runs done$"
expect 0 "$POLYTREE" sweep sweep.ini -o s --report
says out "^search +2/2 "
says out "^single +1/2 "
refuses 1 "seed-3/search is a finished run of another sweep.*train.batch = 8, not 16" \
    sweep sweep.ini -o s --set train.batch=8
"$POLYTREE" data shapes other.h5 --size 16 --train 240 --val 48 --test 60 --seed 2 >/dev/null
refuses 1 "s/seed-3/search has a checkpoint of another data set than other.h5" \
    sweep sweep.ini -o s --set data.file=other.h5
refuses 1 "data.file none.h5: No such file" sweep sweep.ini -o s --set data.file=none.h5
cp shapes.h5 moved.h5
expect 0 "$POLYTREE" sweep sweep.ini -o s --set data.file=moved.h5
cp s/sweep.txt table.txt
refuses 1 "seed-3/search is a finished run of another sweep.*retrain.steps = 9, not 8" \
    sweep sweep.ini -o s --report --set retrain.steps=9
cmp table.txt s/sweep.txt || fail "a refused report has left a table"
refuses 1 "g: no such folder" sweep sweep.ini -o g --report
[ ! -e g ] || fail "a report has made a folder"
mkdir g
refuses 1 "g holds no run of this sweep" sweep sweep.ini -o g --report
mkdir -p g/seed-3/search
expect 0 "$POLYTREE" sweep sweep.ini -o g --report --set sweep.grid=1
[ "$(grep -c '^search' out)" = 4 ] || fail "not all combinations"
says s/seed-4/random,space.flow=3-1/config.ini "^cost_of = .*/s/seed-4/search,space.flow=3 "
says s/seed-4/shared,baseline.lr=0.01/config.ini "^cost_of = .*/s/seed-4/search "

"$PYTHON" - <<'END'
import json, math
sweep = json.load(open("s/sweep.json"))
rows = {r["label"]: r for r in sweep["rows"]}
def final(run):
    lines = [json.loads(l) for l in open("s/%s/metrics.jsonl" % run)]
    end = [l for l in lines if l["event"] == "final"][-1]
    return end["mean"], {k: t["accuracy"] for k, t in end["tasks"].items()}
def delta(tasks, single):
    return sum((tasks[k] - single[k]) / single[k] for k in single) / len(single)
def near(a, b):
    assert math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12), (a, b)
name = lambda label: label.replace(" ", ",")
of = {}
for label in rows:
    seeds = [3] if label == "single" else [3, 4]
    ends = [["-0", "-1"] if label.startswith("random") else [""]][0]
    of[label] = {s: [final("seed-%d/%s%s" % (s, name(label), e)) for e in ends] for s in seeds}
mean = lambda x: sum(x) / len(x)
ref = sweep["reference"]
val = {r: rows[r]["val"] for r in rows if r.startswith("shared")}
assert val[ref] == max(val.values())
single = of["single"][3][0][1]
for label, runs in of.items():
    r = rows[label]
    m = {s: mean([x[0] for x in runs[s]]) for s in runs}
    near(r["metric"], mean(list(m.values())))
    near(r["delta"], mean([mean([delta(x[1], single) for x in runs[s]]) for s in runs]))
    if len(m) == 2:
        near(r["error"], abs(m[3] - m[4]) / 2)
    if label == ref:
        assert r["difference"] is None
        continue
    d = [m[s] - of[ref][s][0][0] for s in m]
    near(r["difference"], mean(d))
    if len(d) == 2:
        near(r["difference_error"], abs(d[0] - d[1]) / 2)
    else:
        assert r["difference_error"] is None
END

# The runs' reports stand beside the baselines of their sweep; what they said of time is kept.
"$PYTHON" - <<'END'
import json, re
def row(run, title):
    text = open("s/%s/report.txt" % run).read()
    assert text.count("\ntime of the ") == 1 and "  operations " in text, text
    return re.search(r"^ *%s(.*)$" % re.escape(title), text, re.M).group(1).split()
mean = lambda run: "%.4f" % [json.loads(l) for l in open("s/%s/metrics.jsonl" % run)][-1]["mean"]
ref = json.load(open("s/sweep.json"))["reference"].replace(" ", ",")
for seed in "34":
    of = "seed-%s/" % seed
    want = [mean("seed-3/single"), mean(of + ref), mean(of + "random-0"), mean(of + "search")]
    assert row(of + "search", "mean") == want, (row(of + "search", "mean"), want)
    flow = mean(of + "random,space.flow=3-0")
    assert row(of + "search,space.flow=3", "mean")[2] == flow
    assert row(of + "search", "Delta_m, %")[0] == "+0.00"
    assert len(row(of + "shared", "mean")) == 3
END
# Also of a run whose config has another value of what is varied than the sweep's.
run=s/seed-3/search,derive.rule=p
expect 0 "$POLYTREE" search $run/config.ini -o $run --set report.single=s/seed-3/single
says out "^Delta_m +[+-].* against s/seed-3/single"

# A run that diverges is given up with a word, and so is what depends on it; the others go on,
# and the same command leaves it alone until its folder is removed.
bad=f/seed-3/search,warmup.lr=1000
sweep_f() {
    expect 1 "$@" --set sweep.methods="search shared" --set sweep.seeds=3 \
        --set sweep.vary="search: shared: warmup.lr = 0.05 | 1000" --set warmup.decay=1
    [ "$(grep -c '^polytree: ' err)" = 2 ] || fail "not one line of each failed run"
    says err "^polytree: $bad failed: .*diverge[sd].*; the sweep goes on without it, .* its folder is removed$"
    says err "^polytree: f/seed-3/shared,warmup.lr=1000 failed: $bad, which it depends on, has failed;"
    says out "^search warmup.lr=1000 +0/1 +failed 1 of 1 seed$"
}
sweep_f "$POLYTREE" sweep sweep.ini -o f
says f/seed-3/shared/metrics.jsonl '"event":"final"'
expect 0 "$POLYTREE" status f
says out "^sweep +2 of 4 runs done, 2 failed$"
says out "^failed +$bad: .*diverge[sd]"
cp $bad/timing.jsonl before
sweep_f "$POLYTREE" sweep sweep.ini -o f
cmp before $bad/timing.jsonl || fail "a failed run was run again"
rm -r $bad
sweep_f "$POLYTREE" sweep sweep.ini -o f
[ -e $bad/timing.jsonl ] || fail "a failed run whose folder was removed was not run again"
"$PYTHON" - <<'END'
import json
rows = json.load(open("f/sweep.json"))["rows"]
assert [r["n_failed"] for r in rows] == [0, 1, 0, 1], rows
END

# One that is refused before it begins is tried again each time, and what is wrong for all
# runs is no fault of one.
for turn in first second; do
    expect 1 "$POLYTREE" sweep sweep.ini -o r --set sweep.methods=random --set sweep.seeds=3 \
        --set sweep.vary=none baseline.madds=1
    [ "$(ls r/seed-3/random-0)" = failed.txt ] || fail "$turn: more than a word is left"
    [ "$(grep -c '^run [12] of 2: ' out)" = 1 ] || fail "$turn: it was not tried, or what depends on it was"
    says err "^polytree: r/seed-3/random-0 failed: baseline.madds = 1: .*; the sweep goes on without it$"
    says err "^polytree: r/seed-3/random-1 failed: r/seed-3/random-0, which it depends on, has failed;"
done
refuses 1 "r/seed-3/random-0: layout wants" sweep sweep.ini -o r --set sweep.methods=random \
    --set sweep.vary=none baseline.madds=1 layout.mode=manual layout.task=2
[ ! -e r/seed-3/random-0/failed.txt ] || fail "a layout that is wrong for all is taken for a run's fault"

# Tasks of unlike metrics are judged by Delta_m, and the reference's variant is chosen by it:
# runs whose files are made up.
"$PYTHON" - <<'END'
import json, os
scores = {  # val, then test: accuracy (more is better), rmse (less is)
    "seed-1/search": [(0.5, 1.0), (0.44, 0.9)], "seed-2/search": [(0.5, 1.0), (0.46, 0.92)],
    "seed-1/shared": [(0.4, 5.0), (0.3, 5.0)], "seed-2/shared": [(0.4, 5.0), (0.3, 5.0)],
    "seed-1/shared,baseline.lr=0.1": [(0.5, 1.0), (0.4, 1.0)],
    "seed-2/shared,baseline.lr=0.1": [(0.5, 1.0), (0.4, 1.1)],
    "seed-1/single": [(0.5, 1.0), (0.4, 1.0)]}
config = open("sweep.ini").read()
for run, (val, test) in scores.items():
    os.makedirs("u/" + run)
    with open("u/%s/config.ini" % run, "w") as f:
        method = run.split("/")[1].split(",")[0]
        f.write(config.replace("seed = 7", "seed = " + run[5])
                .replace("[search]", "[search]\nmethod = " + method))
        f.write("\n[baseline]\nlr = %s\n" % (("0.1" if "=" in run else "0.01") if method == "shared" else "0"))
    line = lambda event, part, x: json.dumps(
        {"event": event, "phase": "retrain", "step": 1, "part": part, "mean": sum(x) / 2,
         "tasks": {"a": {"n": 1, "accuracy": x[0], "loss": 1}, "d": {"n": 1, "rmse": x[1], "loss": 1}}})
    with open("u/%s/metrics.jsonl" % run, "w") as f:
        print(line("eval", "val", val), line("final", "test", test), sep="\n", file=f)
    cost = {"madds": 3000000 + 1000000 * ("search" in run), "encoder_madds": 2000000, "parameters": 5}
    with open("u/%s/architecture.json" % run, "w") as f:
        json.dump({"cost": cost, "tasks": []}, f)
END
expect 0 "$POLYTREE" sweep sweep.ini -o u --report --set sweep.methods="search shared single" \
    sweep.seeds="1 2" sweep.vary="shared: baseline.lr = 0.01 | 0.1"
says out "^search +2/2 +\+10.75 \+-0.75 +\+0.00 \+13.25 \+-3.25 *$" # t = 4 with two seeds
says out "^shared +2/2 .* worse$"
says out "^metric +accuracy +rmse, lower"
says out "^lower: lower is better$"
says out "^run +seeds +Delta_m, % +val +minus shared bas"
says out "^cost +encoder, M +madds, M +params, 1$"
says out "^search +2.000 +4.000 +5.0$"
says out "^search +0.4500 \+-0.0100 +0.9100 \+-0.0100"
says out "the tasks' metrics are unlike"
for seed in 1 2; do
    cp -r u/seed-$seed/search u/seed-$seed/search,data.file=other.h5
done
expect 0 "$POLYTREE" sweep sweep.ini -o u --report --set sweep.methods="search single" \
    sweep.seeds="1 2" sweep.vary="data.file = shapes.h5 | other.h5"
says out "^search +2/2 +\+10.75"
says out "^search data.file=other.h5 +2/2 +not run$"
expect 0 "$POLYTREE" sweep sweep.ini -o u --report --set sweep.methods="search single" \
    sweep.seeds="1 2" sweep.vary=none
says out "^run +seeds +Delta_m, % +val *$"
! grep -q "better, worse" out || fail "a verdict without a reference"
expect 0 "$POLYTREE" sweep sweep.ini -o u --report --set sweep.methods="search shared single" \
    sweep.seeds="1 2" sweep.vary="shared: baseline.lr = 0.01"
expect 0 "$POLYTREE" sweep sweep.ini -o u --report --set sweep.methods="search shared single" \
    sweep.seeds="1 2" sweep.vary="shared: baseline.lr = 0.01 | 0.1"
"$PYTHON" - <<'END'
import json, math
sweep = json.load(open("u/sweep.json"))
search = sweep["rows"][0]
assert sweep["judged_by"] == "delta" and sweep["reference"] == "shared baseline.lr=0.1"
assert search["metric"] is None and search["val"] is None and search["encoder_madds"] == 2e6
near = lambda a, b: math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) or 1 / 0
near(search["delta"], ((0.1 + 0.1) / 2 + (0.15 + 0.08) / 2) / 2)
near(search["delta_difference"], (0.1 - 0 + 0.115 + 0.05) / 2)
near(search["delta_difference_error"], 0.065 / 2)
near(search["tasks"]["d"]["mean"], 0.91)
assert search["tasks"]["d"]["is_error"] and not search["tasks"]["a"]["is_error"]
END

# Variants of the search are compared with the search as the config has it, though one of
# them is better on val.
expect 0 "$POLYTREE" sweep sweep.ini -o v --set sweep.reference=search \
    --set sweep.methods=search --set sweep.seeds=3 --set sweep.vary="retrain.steps = 0 | 500"
"$PYTHON" - <<'END'
import json
sweep = json.load(open("v/sweep.json"))
val = {r["label"]: r["val"] for r in sweep["rows"] if r["label"].startswith("search")}
assert sweep["reference"] == "search"
assert max(val.values()) > val["search"], val
END

expect 0 "$POLYTREE" sweep sweep.ini -o dear --set sweep.methods="shared single" --set sweep.seeds=3 \
    --set sweep.vary=none baseline.madds=1000 baseline.steps=1
says out "^shared; single:$"
says out "^  costs more than it is to match at any width"
! grep -q "at any width" s/sweep.txt || fail "chains that are matched are said to be dearer"

# All opponents that the space has, each with what makes it fair; the one that is best on val at
# the cost found is what the search and its network rebuilt are held against.
expect 0 "$POLYTREE" sweep sweep.ini -o fair --set sweep.methods=fair sweep.seeds="3 4" \
    sweep.vary="space.width = 1 | 0.75"
"$PYTHON" - <<'END'
import json, math
sweep = json.load(open("fair/sweep.json"))
rows = {r["label"]: r for r in sweep["rows"]}
fixed, drawn = ["shared", "single"], ["random", "one_graph"]
width = " space.width=0.75"
own = ["search", "search" + width, "rebuilt", "rebuilt" + width]
assert list(rows) == own + [m + v for m in fixed for v in ("", " baseline.match=native")] + [
    m + v for m in drawn for v in ("", " retrain.from=scratch")], list(rows)
for v in ("", width):
    assert rows["rebuilt" + v]["madds"] == rows["search" + v]["madds"]
assert rows["search" + width]["parameters"] < rows["search"]["parameters"]
for label, r in rows.items():
    at_once = label not in ("search", "search" + width, "random", "one_graph")
    assert (r["searching_samples"] == 0) == at_once, label
    assert r["searching_samples"] + r["training_samples"] == \
        rows["search"]["searching_samples"] + rows["search"]["training_samples"], label
most = 1.05 * rows["search"]["madds"]
can = [l for l in rows if l not in own and rows[l]["madds"] <= most]
of_val = lambda labels: max(labels, key=lambda l: rows[l]["val"])
t = 12.706204736174698 # Student's, one degree of freedom
for rival, ours, of in zip(sweep["rivals"], ("search", "rebuilt"),
                           (can, [l for l in can if rows[l]["searching_samples"] == 0])):
    best, ours = of_val(of), of_val([l for l in (ours, ours + width) if rows[l]["madds"] <= most])
    assert (rival["row"], rival["best"]) == (ours, best), rival
    d = [a["metric"] - b["metric"] for a, b in zip(rows[ours]["seeds"], rows[best]["seeds"]) if b["metric"] is not None]
    mean, half = sum(d) / len(d), t * abs(d[0] - d[-1]) / 2
    for key, want in (("difference", mean), ("low", mean - half), ("high", mean + half)):
        if len(d) == 2 or key == "difference":
            assert math.isclose(rival[key], want, rel_tol=1e-9, abs_tol=1e-12), (rival, want)
END
says out "^best opponent on val, at the cost found$"
says out "^as runs end +"
says out "^ +rebuilt.* minus it [+-]0"

says s/sweep.svg "</svg>"
says s/sweep-cost.svg "</svg>"
says s/sweep-cost.svg "search space.flow=3<"
says u/sweep.svg "Delta_m, %"
# No axis of an accuracy goes beyond 1.
mkdir one
cp -r v/seed-3 one
sed -i 's/"mean":[0-9.]*/"mean":0.99/' one/seed-3/*/metrics.jsonl
expect 0 "$POLYTREE" sweep sweep.ini -o one --report --set sweep.methods=search \
    --set sweep.seeds=3 --set sweep.vary="retrain.steps = 0 | 500"
says one/sweep.svg "0.99"
! grep -q ">1.0[0-9]*[1-9]<" one/sweep.svg || fail "an axis of accuracy beyond 1"
[ ! -e u/sweep-cost.svg ] || fail "a picture of costs that are equal"
if command -v mpirun >/dev/null; then
    expect 0 ranks 3 sweep sweep.ini -o two --set sweep.methods="search shared" --set sweep.seeds=3 \
        --set sweep.vary=none
    same_result s/seed-3/search two/seed-3/search
    same_result s/seed-3/shared two/seed-3/shared
    # All ranks go on, and nobody is missed later for the failure.
    mv f one-rank
    export POLYTREE_PATIENCE=1
    (wait_for f/HELD && sleep 3 && go_on f) &
    POLYTREE_HOLD="retrain 15" sweep_f ranks 2 sweep sweep.ini -o f --set baseline.steps=20
    says out "POLYTREE_HOLD: this run is held"
    says f/seed-3/shared/metrics.jsonl '"event":"final"'
fi
