#!/usr/bin/env bash
# Several jobs are at work on one sweep: each takes runs that none has, what depends on one waits
# for it, one file stops them all, and the table is that of a job alone.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
small_data
options=(--set sweep.methods="search rebuilt shared random" sweep.seeds="3 4" sweep.random_n=2
    warmup.steps=6 search.steps=8 retrain.steps=6)
sweep=("$POLYTREE" sweep "$SMALL" "${options[@]}")
expect 0 "${sweep[@]}" -o alone
! grep -q "left to other jobs" out || fail "a job alone leaves something to others"

# same_sweep SWEEP: all runs and the table.
same_sweep() {
    local run
    for run in alone/seed-*/*; do same_result "$run" "$1/${run#alone/}"; done
    sed "s,alone/,$1/,g" alone/sweep.txt | cmp - "$1/sweep.txt" || fail "the tables of alone and $1 differ"
}

# The first is held in the first run: the second one leaves that alone, and what rebuilds or
# matches its network.
held two "search 3" 1 sweep "$SMALL" "${options[@]}" -o two
[ "$(ls two/seed-3)" = search ] || fail "the first job has begun more than one run"
expect 0 "${sweep[@]}" -o two
says out "^5 runs are left to other jobs that are at work on this sweep"
! grep "^run .*: two/seed-3" out || fail "a run is taken from another job, or does not wait for it"
for run in search rebuilt shared random-0 random-1; do
    says two/seed-4/$run/metrics.jsonl '"event":"final"'
done
says two/sweep.txt "^search +1/2 "
while kill -0 "$job" 2>/dev/null; do # each run that it still has is held
    go_on two
    sleep 0.05
done
ended 0
same_sweep two

# One file stops both, and is gone once the last has ended; whoever comes then goes on.
held both "search 3" 1 sweep "$SMALL" "${options[@]}" -o both
POLYTREE_HOLD="search 5" "${sweep[@]}" -o both >second 2>&1 </dev/null &
second=$!
wait_until grep -q "this run is held" second
touch both/STOP
ended 75
job=$second
ended 75
[ ! -e both/STOP ] || fail "STOP is still there"
says out "stopped by the file STOP"
says second "stopped by the file STOP"
expect 0 "${sweep[@]}" -o both
same_sweep both
