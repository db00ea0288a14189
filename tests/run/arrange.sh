#!/usr/bin/env bash
# Of the arrangements that fit layout.memory a run takes the one that plan says, and its
# result is that of one rank; what plan measures can be given to it again.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
small_data
wide=(--set layout.cost=counted space.channels=128 space.nodes=8 train.tasks_per_step=3)

# memory EXTENTS: of that row of plan's table, MiB.
memory() {
    awk -v e="$1" '{sub(/^[*]/, " ")} $1 " x " $3 " x " $5 == e {print $NF}' out
}

expect 0 "$POLYTREE" plan "$SMALL" --ranks 4 "${wide[@]}"
says out "^layout of 4 ranks: [0-9] task x [0-9] data, 0 idle"
limit=$(awk -v a="$(memory "1 x 1 x 4")" -v b="$(memory "2 x 1 x 2")" 'BEGIN {print (a + b) / 2}')
expect 0 "$POLYTREE" plan "$SMALL" --ranks 4 "${wide[@]}" layout.memory="$limit"
says out "^layout of 4 ranks: [2-4] stage x "
awk -v l="$limit" '/^[*]/ {exit !($NF <= l)}' out || fail "it does not fit $limit MiB"
expect 1 "$POLYTREE" plan "$SMALL" --ranks 4 "${wide[@]}" layout.memory=1
says err "layout.memory = 1 MiB: on 4 ranks no arrangement takes less than [0-9.]+ MiB"

# On nodes far apart the same arrangement is slower, and stages are worth more.
alpha_step() {
    awk '$1 " x " $3 " x " $5 == "4 x 1 x 1" {print $6}' out
}
expect 0 "$POLYTREE" plan "$SMALL" --ranks 4 "${wide[@]}"
near=$(alpha_step)
expect 0 "$POLYTREE" plan "$SMALL" --ranks 4 --nodes 4 "${wide[@]}" layout.latency=1e-3
says out "between nodes taken as 0.001 s"
awk -v a="$near" -v b="$(alpha_step)" 'BEGIN {exit !(b > a + 1)}' ||
    fail "slow messages cost nothing"

# What was measured: given again it says the same.
expect 0 "$POLYTREE" plan "$SMALL" --ranks 2 --table costs.txt
says out "costs measured here"
grep -q "forward conv" costs.txt || fail "no convolution in costs.txt"
grep '^[* ] [0-9]' out | awk '{NF--; print}' >measured
expect 0 "$POLYTREE" plan "$SMALL" --ranks 2 --set layout.cost=./costs.txt
says out "costs ./costs.txt"
# The table has six digits, and a row's times three behind the point.
grep '^[* ] [0-9]' out | awk '{NF--; print}' | paste measured - | awk '
    {for (i = 6; i <= 7; i++) if (($i - $(i + NF / 2)) ^ 2 > 0.002 ^ 2) bad = 1}
    END {exit bad || NR < 3}' || fail "the table of costs says something else"

# What it lacks is counted, and it says so; one that has lost lines is no table, and what
# cannot be written is refused before anything is measured.
grep -v " conv " costs.txt | sed 1d >less.txt
expect 0 "$POLYTREE" plan "$SMALL" --ranks 2 --set layout.cost=./less.txt
says err "warning: layout.cost = ./less.txt has no seconds for [0-9]+ .* such as '[a-z ]*forward conv .*: they are counted"
expect 0 "$POLYTREE" plan "$SMALL" --ranks 2 --set layout.cost=./costs.txt
[ ! -s err ] || fail "a whole table is warned of"
head -n -1 costs.txt >cut.txt
refuses 1 "./cut.txt is cut off" plan "$SMALL" --ranks 2 --set layout.cost=./cut.txt
refuses 1 "\-\-table: cannot write ./none/costs.txt" plan "$SMALL" --ranks 2 --table ./none/costs.txt
[ ! -s out ] || fail "it was measured before that was known"

# Why ranks are idle, which are in the balance; and the time of all stages.
expect 0 "$POLYTREE" plan "$SMALL" --ranks 64 --set layout.cost=counted warmup.steps=100000 \
    search.steps=200000 retrain.steps=100000
says out "^  idle: a step has 4 units "
! grep -- " -0[.]000" out || fail "less than nothing"
awk '/^layout of 64/ {sub(/.*, /, "", $0)} /^[*]/ {
    used = $2 * $4 * $6; if ($11 > used / 64 + 0.001) bad = 1; n++} END {exit bad || n != 1}' out ||
    fail "idle ranks are not in the balance"
# h:m:s of each stage, from the steps of the table (three digits) and of the config.
tr ',' '\n' <out | awk '/^[*]/ {weight = $7; alpha = $8}
    / (warm-up|search|retrain|all) [0-9:]+/ {for (i = 1; i < NF; i++) if ($(i + 1) ~ /^[0-9:]+$/) {
        n = split($(i + 1), t, ":"); s = 0
        for (j = 1; j <= n; j++) s = 60 * s + t[j]
        took[$i] = s}}
    function far(a, b) {return (a - b) ^ 2 > (1 + 0.01 * b) ^ 2}
    END {exit far(took["warm-up"], 100 * weight) || far(took["search"], 200 * (weight + alpha)) ||
        took["retrain"] <= 0 || took["retrain"] > took["warm-up"] ||
        far(took["all"], took["warm-up"] + took["search"] + took["retrain"])}' ||
    fail "the time is not that of the steps"

# Ranks that share cores are warned of, here and in a run.
expect 0 taskset -c 0 "$POLYTREE" plan "$SMALL" --ranks 2 --set layout.cost=counted
says out "^note: 2 threads a node, this machine gives them 1 core: "
expect 0 taskset -c 0 "$POLYTREE" plan "$SMALL" --ranks 2 --nodes 2 --set layout.cost=counted
! grep "^note: " out || fail "a rank a node shares no core"

command -v mpirun >/dev/null || exit 0
few=(warmup.steps=1 search.steps=2 retrain.steps=1 run.eval_every=0)
expect 0 "$POLYTREE" search "$SMALL" -o one "${wide[@]}" "${few[@]}"
# A rank of two takes more for itself than the one that plans: ask those two.
expect 1 ranks 2 search "$SMALL" -o two "${wide[@]}" "${few[@]}" layout.memory=1
limit=$(sed -n 's/.*less than \([0-9]*\).*/\1/p' err | head -n 1)
limit=$((limit + 3))
expect 0 ranks 2 search "$SMALL" -o two "${wide[@]}" "${few[@]}" layout.memory="$limit"
says out "ranks +2 = 2 stage x "
cmp one/metrics.jsonl two/metrics.jsonl || fail "stages change the result"
expect 0 ranks 2 search "$SMALL" -o measured2 "${wide[@]}" "${few[@]}" \
    layout.cost=measured layout.stage=2
says out "ranks +2 = 2 stage x "
# Predicted beside measured: two weight steps and an alpha step but for the first of a stage.
says measured2/report.txt "^  weight step +[0-9.]+ +[0-9.]+ +1$"
says measured2/report.txt "^  alpha step +[0-9.]+ +[0-9.]+ +1$"
! grep -q "predicted" one/report.txt || fail "one rank has nothing to predict"
cmp one/metrics.jsonl measured2/metrics.jsonl || fail "measured costs change the result"
expect 0 taskset -c 0 mpirun --bind-to none -n 2 "$POLYTREE" search "$SMALL" -o shared "${wide[@]}" "${few[@]}"
says err "warning: 2 threads of 2 ranks share the 1 core they are bound to"

# Of what is measured the least is kept in the run's folder, and counts at the next start; at the
# end of a phase the ranks are arranged anew where that is faster.  Messages for nothing want two
# ranks, operations for nothing one.
expect 0 ranks 1 search "$SMALL" -o small
expect 0 ranks 2 search "$SMALL" -o kept
same_result small kept
awk '!/^#/ && / (message|byte) (in|between) / {$1 = 1e-15} {print}' kept/costs.txt >near.txt
awk '!/^#/ && !/ (message|byte) (in|between) / {$1 = 1e-30} {print}' near.txt >quick.txt
mkdir anew more again other cut
cp near.txt anew/costs.txt
held anew "warmup 5" 2 search "$SMALL" -o anew
says out "^ranks +2 = 1 task x 2 data"
cp quick.txt anew/costs.txt
go_on anew
ended 0
says out "^the ranks are arranged anew"
says out "^ranks +1 = 1 task x 1 data"
says out "^going on from the checkpoint: search, step 0"
same_result small anew
# An idle rank joins the others, too.
sed 's/^1e-30/1e-09/; s/^1e-15/1/' quick.txt >more/costs.txt
held more "warmup 5" 2 search "$SMALL" -o more
says out "^ranks +1 = 1 task x 1 data"
cp near.txt more/costs.txt
go_on more
ended 0
says out "^ranks +2 = 1 task x 2 data"
same_result small more
cp quick.txt again/costs.txt
expect 0 ranks 2 search "$SMALL" -o again
says out "^ranks +1 = 1 task x 1 data"
same_result small again

# Those of another machine count for nothing, nor does a damaged file.
sed 's/^# measured on /&another /' quick.txt >other/costs.txt
expect 0 ranks 2 search "$SMALL" -o other
head -n -1 quick.txt >cut/costs.txt
expect 0 ranks 2 search "$SMALL" -o cut
says err "warning: cut/costs.txt is cut off .*: costs are measured anew"
! grep "^1e-30 " other/costs.txt cut/costs.txt || fail "costs of another machine are kept"
