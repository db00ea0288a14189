#!/usr/bin/env bash
# A run that judges candidates: on any number of ranks, and over stops and kills in the middle
# of judging, it makes the same candidates, chooses the same one and trains it to the same
# bytes; what it says of them is what it kept.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
small_data
expect 0 "$POLYTREE" data scenes rooms.h5 --size 16 --train 40 --val 0 --test 8

dag=("$SMALL" --set choose.judge=supernet choose.budget=60 choose.population=6 choose.generations=3
    warmup.steps=4 search.steps=12 retrain.steps=4 bn.calibrate=1 resource.budget=60% choose.one_se=1)
branch=("$ROOT/configs/scenes-branch-quick.ini" --set data.file=rooms.h5 choose.judge=supernet choose.budget=60
    choose.population=5 choose.generations=3 warmup.steps=4 search.steps=8 retrain.steps=3 bn.calibrate=1
    run.metrics_every=1 resource.budget=80%)

# same_choice RUN RUN: the same candidates, too.
same_choice() {
    same_result "$1" "$2"
    cmp "$1/candidates.jsonl" "$2/candidates.jsonl" || fail "the candidates of $1 and $2 differ"
    cmp "$1/front.txt" "$2/front.txt" || fail "the fronts of $1 and $2 differ"
}

# What the lines say holds together: numbers, the reference, one chosen that the run then
# trained; within the budget by what the run says of its cost.
cat >check.py <<'PY'
import json, math, sys

run, budget, one_se = sys.argv[1], float(sys.argv[2]), sys.argv[3] == "1"
lines = [json.loads(line) for line in open(run + "/candidates.jsonl")]
assert [c["number"] for c in lines] == list(range(len(lines)))
assert len({json.dumps(c.get("groups", c.get("graphs"))) for c in lines}) == len(lines), "twice the same"
first = lines[0]
assert first["origin"] == "shared" and first["score"] == 0
for c in lines:
    tasks = list(c["tasks"].values())
    assert math.isclose(c["score"], sum(tasks) / len(tasks), abs_tol=1e-12)
    assert math.isclose(c["worst"], max(tasks), abs_tol=1e-12)
    assert c["cost"] <= budget and c["score"] == c["supernet"]
for c in lines if "graphs" in first else (): # accuracies
    mine, one = c["metrics"], first["metrics"]
    gain = [(mine[k] - one[k]) / one[k] if one[k] else None for k in one]
    assert c["delta_m"] is None or math.isclose(c["delta_m"], sum(gain) / len(gain), abs_tol=1e-12)
    assert (c["delta_m"] is None) == (None in gain)
chosen, = (c for c in lines if c["chosen"])
winner = min(lines, key=lambda c: (c["score"], c["cost"]))
if not one_se:
    assert chosen is winner
assert chosen["cost"] <= winner["cost"]
for c in lines:
    beaten = any(d["cost"] <= c["cost"] and d["score"] <= c["score"] and
                 (d["cost"], d["score"]) != (c["cost"], c["score"]) for d in lines)
    assert c["front"] == (not beaten)
network = json.load(open(run + "/architecture.json"))
for task in network["tasks"]:
    if "graphs" in chosen:
        assert chosen["graphs"][task["name"]].split() == [c["candidate"] for c in task["choices"]]
events = [json.loads(line) for line in open(run + "/metrics.jsonl")]
judged = [e for e in events if e["event"] == "candidate"]
assert [e["step"] for e in judged] == list(range(1, len(lines) + 1))
choice, = (e for e in events if e["event"] == "choice")
assert choice["number"] == chosen["number"] and choice["spent"] <= 60
print(len(lines), sorted({c["origin"] for c in lines}))
PY

expect 0 ranks 1 search "${dag[@]}" -o dag
says out "^chosen: number [0-9]+ \([a-z-]+\) of 18 candidates, losses .* the worst task's"
says out "judging cost [0-9.]+ trainings of the network found"
refuses 1 "but the cheapest network costs" search "${dag[@]}" resource.budget=1 -o none # says what most costs
full=$(sed -n 's/.*network costs \([^ ]*\) ([^ ]* of \([^ ,]*\),.*/\2/p' err)
"$PYTHON" check.py dag "$(awk -v f="$full" 'BEGIN {print 0.6 * f}')" 1 >numbers
says numbers "^18 .*'evolved'.*'one-graph'.*'random'.*'shared'"
says dag/report.txt "^chosen: number [0-9]+ \([a-z-]+\) of 18 candidates by supernet;"
says dag/report.txt "^(tie: none of [0-9]+ finalists|[0-9]+ of [0-9]+ finalists are within)"
expect 0 "$POLYTREE" show dag
expect 0 "$POLYTREE" status dag
says out "^state +finished"

# On other ranks; stopped by a signal, by the time limit and killed, in the midst of judging.
for n in 2 3; do
    expect 0 ranks $n search "${dag[@]}" -o dag$n
    same_choice dag dag$n
done
held stopped "choose 9" 2 search "${dag[@]}" layout.groups=1 -o stopped
expect 0 "$POLYTREE" status stopped
says out "^phase +choose, step 9 of 18$"
says out "^best +number [0-9]+, losses [-+0-9.]+ % against one network for all tasks$"
send USR1
ended 75
expect 75 ranks 1 search "${dag[@]}" -o stopped --time-limit 0.001
says out "^going on from the checkpoint: choose, step 1"
expect 0 ranks 3 search "${dag[@]}" -o stopped
same_choice dag stopped
for step in 3 14; do
    held killed$step "choose $step" 1 search "${dag[@]}" run.checkpoint_every=0.001 -o killed$step
    send KILL
    ended 137
    rm killed$step/HELD
    expect 0 ranks 2 search "${dag[@]}" -o killed$step
    same_choice dag killed$step
done

# Branches: a space so small is judged whole, one copy fewer and it is another space.
expect 0 ranks 1 search "${branch[@]}" -o branch
"$PYTHON" check.py branch 1e30 1 >numbers
says numbers "^1[0-9] .*'apart'|'shared'"
held branch2 "choose 7" 2 search "${branch[@]}" -o branch2
send USR1
ended 75
expect 0 ranks 3 search "${branch[@]}" -o branch2
same_choice branch branch2
expect 0 ranks 1 search "${branch[@]}" choose.population=40 choose.generations=2 choose.budget=200 \
    resource.budget=none choose.one_se=0 data.tasks="parts saliency" -o all
says all/candidates.jsonl '"number":2,"origin":"enumerated"'

# Halving: what trains candidates does so on any ranks, over a stop and a kill in the midst of a
# training, to the same numbers; the better ones go on, the last ones train twice.
cat >halving.py <<'PY'
import json, sys

run, eta, has_supernet = sys.argv[1], 3, sys.argv[2] == "1"
lines = [json.loads(line) for line in open(run + "/candidates.jsonl")]
events = [json.loads(line) for line in open(run + "/metrics.jsonl")]
judged = [e for e in events if e["event"] == "candidate"]
rungs = sorted({e["trained"] for e in judged} - {0})
assert len([e for e in judged if e["trained"] == 0]) == (len(lines) if has_supernet else 0)
in_order = lambda numbers: sorted(numbers, key=lambda n: (n > 0, -lines[n]["cost"], n)) # dear ones first
n_step, before, size = 0, None, None
for steps in rungs:
    at = [e for e in judged if e["trained"] == steps]
    numbers = [e["number"] for e in at]
    is_last = steps == rungs[-1]
    assert {e["part"] for e in at} == {sys.argv[3]}
    assert len(numbers) == len(set(numbers)) * (2 if is_last else 1) and numbers == in_order(numbers)
    assert numbers[0] == 0 and at[0]["score"] == 0
    if before: # the reference, and of those before a third
        assert set(numbers) <= set(before) and len(set(numbers)) == size + 1
    size = -(-(size or len(numbers)) // eta)
    before, n_step = numbers, n_step + len(numbers) * (steps + 1)
assert all(short == max(1, long // eta) for short, long in zip(rungs, rungs[1:])), rungs
assert {c["number"] for c in lines if "metrics" in c} == set(before)
assert judged[-1]["step"] == n_step + (len(lines) if has_supernet else 0)
chosen, = (c for c in lines if c["chosen"])
choice, = (e for e in events if e["event"] == "choice")
assert choice["number"] == chosen["number"] in before and choice["spent"] <= 30
assert choice["samples"] == choice["supernet_samples"] + choice["training_samples"]
assert (choice["supernet_samples"] > 0) == has_supernet
PY
halving=("${branch[@]}" choose.budget=30 choose.population=8 retrain.steps=9
    choose.eta=3 choose.shortest=0.1)
expect 0 ranks 1 search "${halving[@]}" choose.judge="supernet halving" -o both
says out "^halving: 6 x 9 steps x 2$"
"$PYTHON" halving.py both 1 alpha
held both2 "choose 60" 2 search "${halving[@]}" choose.judge="supernet halving" -o both2
send USR1
ended 75
expect 0 "$POLYTREE" status both2
says out "^best +number [0-9]+, losses [-+0-9.]+ % against one network for all tasks after [0-9]+ steps?"
held both2 "choose 75" 1 search "${halving[@]}" choose.judge="supernet halving" run.checkpoint_every=0.001 -o both2
send KILL
ended 137
rm both2/HELD
expect 0 ranks 2 search "${halving[@]}" choose.judge="supernet halving" -o both2
same_choice both both2
expect 0 ranks 1 choose both --budget 75% -o both-smaller
says out "^chosen: number "
expect 0 ranks 1 search "${dag[@]}" choose.budget=30 choose.eta=3 choose.judge=halving retrain.from=scratch retrain.ema=0.8 -o halving
"$PYTHON" halving.py halving 0 val
expect 0 ranks 3 search "${dag[@]}" choose.budget=30 choose.eta=3 choose.judge=halving retrain.from=scratch retrain.ema=0.8 -o halving3
same_choice halving halving3
refuses 1 "choose.budget = 12 .* too little to judge candidates: expected at least [0-9.]+, or" search \
    "${dag[@]}" choose.budget=12 choose.judge="supernet halving" choose.seeds=8 choose.shortest=1 -o none
refuses 2 "choose.judge = halving searches no weights to begin with" search "${dag[@]}" choose.judge=halving -o none

# Groups of ranks judge others at the same time, to the same bytes: of several ranks each, of such
# that no step has work for; over a stop and a kill with several trainings at work, which fewer groups
# and more go on with; the second half of a rung is told of before the first is done.
apart=("${halving[@]}" choose.judge="supernet halving" layout.cost=counted)
for arrangement in "4 2" "3 3 layout.mode=manual layout.data=1"; do
    read -r n groups options <<<"$arrangement"
    # shellcheck disable=SC2086
    expect 0 ranks "$n" search "${apart[@]}" layout.groups="$groups" $options -o "apart$n"
    says out "^choose: $groups groups of ranks judge candidates$"
    same_choice both "apart$n"
done
held moved "choose 50" 3 search "${apart[@]}" layout.groups=3 -o moved
touch moved/STOP
go_on moved
ended 75
"$POLYTREE" checkpoint inspect moved/checkpoint.h5 >kept
grep -q "^choose/training/.*/step " kept || fail "no training at work" # others may have gone on
expect 0 "$POLYTREE" status moved
says out "^phase +choose, step [0-9]+ of 144$"
held moved "choose 75" 2 search "${apart[@]}" layout.groups=2 run.checkpoint_every=0.001 -o moved
mapfile -t victims < <(pgrep -P "$job")
kill -KILL "${victims[@]}"
ended 137
rm moved/HELD
expect 0 ranks 6 search "${apart[@]}" layout.groups=4 -o moved
same_choice both moved

# What fails in one group ends all of them, in one line.
refuses_on 3 1 "in step [0-9]+" search "${halving[@]}" choose.judge=halving retrain.from=scratch \
    retrain.optimizer=sgd retrain.lr=1e12 train.clip_norm=0 -o none
rm -rf none

# Regression: half of those that train are random or made by hand, then one by one (or so many at a
# time) who is expected to be best of all that there are; all have an expected score, and of those trained one is chosen
# by it.
cat >regression.py <<'PY'
import json, math, sys

run, part, at_once = sys.argv[1], sys.argv[2], int(sys.argv[3])
lines = [json.loads(line) for line in open(run + "/candidates.jsonl")]
events = [json.loads(line) for line in open(run + "/metrics.jsonl")]
judged = [e for e in events if e["event"] == "candidate"]
numbers = [e["number"] for e in judged]
assert {(e["trained"], e["part"]) for e in judged} == {(5, part)} # half of 9, rounded
assert len(set(numbers)) == len(numbers) < len(lines)
half = -(-len(numbers) // 2)
for begin, end in [(0, half)] + [(i, i + at_once) for i in range(half, len(numbers), at_once)]:
    assert numbers[begin:end] == sorted(numbers[begin:end], key=lambda n: (n > 0, -lines[n]["cost"], n))
assert {c["number"] for c in lines if "trained" in c} == set(numbers)
assert all(math.isfinite(c["score"]) for c in lines)
for e in judged:
    assert lines[e["number"]]["trained"] == {"5": e["score"]}
best = min(numbers, key=lambda n: (lines[n]["score"], lines[n]["cost"]))
choice, = (e for e in events if e["event"] == "choice")
assert choice["number"] == best and choice["spent"] <= 9
PY
for space in branch dag; do
    declare -n command=$space
    regression=("${command[@]}" choose.judge=regression choose.budget=9 choose.population=20 choose.generations=2
        retrain.steps=9 retrain.from=scratch choose.one_se=0)
    part=$([ $space = dag ] && echo val || echo alpha)
    expect 0 ranks 1 search "${regression[@]}" -o model-$space
    says out "^regression: [0-9]+ x 5 steps$"
    "$PYTHON" regression.py model-$space "$part" 1
    held model2-$space "choose 15" 2 search "${regression[@]}" -o model2-$space
    send USR1
    ended 75
    held model2-$space "choose 33" 1 search "${regression[@]}" run.checkpoint_every=0.001 -o model2-$space
    send KILL
    ended 137
    rm model2-$space/HELD
    expect 0 ranks 3 search "${regression[@]}" -o model2-$space
    same_choice model-$space model2-$space
done
# The better ones three at a time, of which other groups of ranks train each.
expect 0 ranks 1 search "${regression[@]}" choose.at_once=3 -o three
"$PYTHON" regression.py three val 3
expect 0 ranks 4 search "${regression[@]}" choose.at_once=3 layout.groups=3 -o three4
same_choice three three4
refuses 1 "choose.budget = 1 .* too little to judge candidates: expected at least 2[0-9.]*, or" search \
    "${branch[@]}" choose.judge=regression choose.budget=1 choose.length=1 retrain.from=scratch -o none

# The default for branches from scratch; whose cost is in alpha's loss, or whose training goes on,
# has the published choice.  Judged by val or by what train keeps, as is said.
expect 0 "$POLYTREE" data scenes rooms-val.h5 --size 16 --train 40 --val 8 --test 8
for of in "regression retrain.from=scratch resource.weight=0" \
    "regression retrain.from=scratch resource.weight=0 choose.part=alpha" \
    "alpha retrain.from=scratch" "alpha retrain.from=search resource.weight=0"; do
    read -r judge options <<<"$of"
    # shellcheck disable=SC2086
    expect 0 ranks 1 search "${branch[@]}" data.file=rooms-val.h5 choose.judge=auto retrain.steps=9 $options -o "auto-$judge"
    part=$([[ $of == *alpha ]] && echo alpha || echo val)
    if [ "$judge" = alpha ]; then
        [ ! -e auto-alpha/candidates.jsonl ] || fail "$of: candidates"
    else
        says auto-regression/metrics.jsonl "\"event\":\"candidate\".*\"part\":\"$part\""
        says out "^chosen: "
    fi
    rm -r "auto-$judge"
done

# The best, not the cheapest within its error; candidates of another run; none that harms a task.
expect 0 ranks 1 search "${dag[@]}" choose.one_se=0 -o best
"$PYTHON" check.py best "$(awk -v f="$full" 'BEGIN {print 0.6 * f}')" 0 >numbers
expect 0 ranks 2 search "${dag[@]}" choose.candidates=dag/candidates.jsonl choose.generations=9 \
    choose.population=20 choose.floor=1e-9 -o again
[ "$(grep -c '"origin":"file"' again/candidates.jsonl)" = 14 ] || fail "not the 14 that others are not"
"$PYTHON" - again/candidates.jsonl <<'PY'
import json, sys
chosen, = (c for c in map(json.loads, open(sys.argv[1])) if c["chosen"])
assert chosen["number"] == 0 or chosen["worst"] <= 1e-9
PY

# Another network of the same candidates: within the smaller budget, trained to what the run itself
# would have been had it chosen that; not beyond what was judged.
least=$("$PYTHON" -c 'import json
print(min(json.loads(line)["cost"] for line in open("dag/candidates.jsonl")))')
expect 0 ranks 2 choose dag --budget "$least" -o smaller
"$PYTHON" - smaller/candidates.jsonl "$least" <<'PY'
import json, sys
chosen, = (c for c in map(json.loads, open(sys.argv[1])) if c["chosen"])
assert chosen["cost"] == float(sys.argv[2])
PY
expect 0 ranks 1 choose dag --budget 60% -o same
[ "$(digest same)" = "$(digest dag)" ] || fail "the same choice from the kept supernet is another network"
expect 0 ranks 1 choose branch --budget 70% -o branch-smaller
says out "^chosen: number "
refuses 1 "resource.budget is .* but dag has judged candidates up to .* only" choose dag --budget 90% -o beyond
refuses 2 "--budget B is missing" choose dag -o none

# What cannot be done is said in a line, before anything is trained.
refuses 2 "choose.judge = 'oracle': expected one of alpha, supernet" search "${dag[@]}" choose.judge=oracle -o none
refuses 1 "choose.budget = 0.01 .* too little to judge candidates: expected at least " search "${dag[@]}" choose.budget=0.01 -o none
least=$(sed -E 's/.*expected at least ([0-9.]+).*/\1/' err)
expect 0 ranks 1 search "${dag[@]}" choose.budget="$least" -o least
refuses 1 "too little" search "${dag[@]}" choose.budget="$(awk -v b="$least" 'BEGIN {print b - 0.02}')" -o none
refuses 1 "retrain.steps = 0 gives candidates no training" search "${dag[@]}" retrain.steps=0 -o none
refuses 1 "choose.population x choose.generations = 3 candidates: expected at least 4" search "${dag[@]}" \
    choose.population=3 choose.generations=1 -o none
echo '{"graphs":{"shape":"in_1 edge_1_9 out_4","fill":"","place":""}}' >wrong.jsonl
refuses 1 "wrong.jsonl:1: 'edge_1_9': no piece of this space" search "${dag[@]}" choose.candidates=wrong.jsonl -o none
echo '{"groups":{"l01":[0,0,0,0,0],"l02":[0,0,0,0,1],"l03":[0,0,0,0,0]}}' >wrong.jsonl
refuses 1 "wrong.jsonl:1: no branching: tasks that have parted are in one group again" search "${branch[@]}" \
    choose.candidates=wrong.jsonl -o none
refuses 1 "gone.jsonl: .*No such file" search "${dag[@]}" choose.candidates=gone.jsonl -o none
[ ! -e none ] || fail "a refused run leaves a folder"

# Where candidates made by hand are alike more of the others fit the budget.
expect 0 ranks 1 search "$SMALL" --set choose.judge=supernet choose.budget=10 -o alike

# Candidates of a file: one network under two numberings of its groups is one; of a graph what leads
# nowhere is left out, and that is said.
printf '{"groups":{"l01":[0,0,0,0,0],"l02":%s,"l03":[%s]}}\n' "[2,2,2,2,2]" "0,1,1,0,1" "[0,0,0,0,0]" "3,1,1,3,1" >file.jsonl
expect 0 ranks 1 search "${branch[@]}" choose.candidates=file.jsonl -o numbered
[ "$(grep -c '"origin":"file"' numbered/candidates.jsonl)" = 1 ] || fail "one network twice"
says numbered/candidates.jsonl '"origin":"file".*"groups":.*"l03":\[0,1,1,0,1\]'
graph="in_1 edge_1_2 edge_2_4 out_4"
echo "{\"graphs\":{\"shape\":\"$graph edge_1_3\",\"fill\":\"$graph\",\"place\":\"$graph\"}}" >file.jsonl
expect 0 ranks 1 search "${dag[@]}" choose.candidates=file.jsonl -o pruned
says out "^choose.candidates: 1 changed: pieces that lie on no way from stem to head are left out$"
says pruned/candidates.jsonl "\"graphs\":\{\"shape\":\"$graph\",\"fill\":\"$graph\""
