#!/usr/bin/env bash
# A search over branches goes from rendered rooms to a trained network: within its budget,
# the same bytes on one rank and two, stopped and resumed or not; and it beats no training.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"

expect 0 "$POLYTREE" data scenes rooms32.h5 --size 32 --train 96 --val 16 --test 32 --seed 3
config=$ROOT/configs/scenes-branch-quick.ini
short=(--set data.file=rooms32.h5 warmup.steps=6 search.steps=12 retrain.steps=12)

expect 0 ranks 1 search "$config" -o one "${short[@]}"
says out "search: 12 weight steps, 12 alpha steps"
says out "budget: [0-9.e+]+ of [0-9.e+]+ multiply-adds"
says out "derived: stem"
share=$(sed -n 's/.*(\([0-9.]*\) % of the fully branched one).*/\1/p' out)
awk -v s="$share" 'BEGIN { exit !(s > 0 && s <= 60) }' || fail "$share % is no 60 % of the encoder"
for task in parts depth normals edges saliency; do
    says out "^  $task +32 +[0-9.]+ +[a-z_]+ +[0-9.]+"
done
says one/report.txt "^  depth +rmse, lower +[0-9.]+"
says one/report.txt "^    IoU of classes: 0 [01]\.[0-9]{4}"
says one/report.txt "^  depth +32 +[0-9.]+ +abs_error, lower [0-9.]+; rel_error"
# Each task's own metric where a mean says nothing, those alike in one panel.
for text in "miou on val" "rmse on val" "lower is better" depth saliency; do
    says one/curves.svg "$text"
done
says one/metrics.jsonl '"event":"derive".*"encoder_madds":[0-9]+'

if command -v mpirun >/dev/null; then
    expect 0 ranks 2 search "$config" -o two "${short[@]}"
    same_result one two
fi

# Stopped after its first steps, it goes on to the same.
expect 75 ranks 1 search "$config" -o stopped "${short[@]}" --time-limit 0.001
expect 0 ranks 1 search "$config" -o stopped "${short[@]}"
same_result one stopped

# Fixed networks of the same space, on as many samples.
for method in shared single full "exhaustive baseline.branching=3"; do
    # shellcheck disable=SC2086
    expect 0 ranks 1 search "$config" -o "${method%% *}" "${short[@]}" \
        baseline.cost_of=one search.method=$method
    says out "retrain: 42 steps" # those of warm-up, search (both kinds) and retraining
    says out "multiply-adds of them in the encoder"
    expect 0 "$POLYTREE" plan "${method%% *}/config.ini" --ranks 2 --set layout.cost=counted
    says out "^predicted time, .*: warm-up 0:00, search 0:00, retrain [0-9:]+, all [0-9:]+$"
done
refuses 1 "branching 999999: 5 tasks over 3 layers have 0 to 1303" search "$config" -o none "${short[@]}" \
    search.method=exhaustive baseline.branching=999999

expect 0 "$POLYTREE" show one
expect 0 "$POLYTREE" eval one --split val
says out "^  depth +16"
expect 0 "$POLYTREE" plan "$config" --ranks 2 "${short[@]}"
says out "^space: 3 layers, 15 choices a task, 5 tasks in 1 bundle,"
says out "layout of 2 ranks: 1 task x 2 data"

# A budget below the shared encoder is refused before anything is trained.
refuses 1 "resource.budget is .* but the cheapest network costs" \
    search "$config" -o broke "${short[@]}" resource.budget=1000
[ ! -e broke ] || fail "a refused run left a folder"
