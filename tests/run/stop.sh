#!/usr/bin/env bash
# A run that is stopped, or killed, goes on to the same bytes, also on other ranks.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
small_data

expect 0 ranks 1 search "$SMALL" -o whole

# Ranks, where it is held, what ends it there, and how it tells; then ranks that go on.
while read -r n phase step signal reason next; do
    run=$phase$step
    mkdir "$run"
    touch "$run/STOP" # ends none that is started later
    held "$run" "$phase $step" "$n" search "$SMALL" -o "$run"
    if [ "$signal" = file ]; then touch "$run/STOP"; else send "$signal"; fi
    ended 75
    says out "POLYTREE_HOLD: this run is held until $run/HELD is gone"
    says out "$run/STOP was there before the start: taken away"
    says out "stopped by ${reason//_/ } .*run the same command again"
    "$POLYTREE" checkpoint verify "$run/checkpoint.h5" >/dev/null
    [ ! -e "$run/STOP" ] || fail "STOP is still there"
    [ ! -e "$run/HELD" ] || fail "HELD is still there"
    expect 0 "$POLYTREE" show "$run"
    says out "^($run has no network yet|$run is not finished)"
    expect 0 ranks "$next" search "$SMALL" -o "$run"
    says out "^going on from the checkpoint: $phase, step"
    same_result whole "$run"
done <<'END'
1 warmup 7 TERM SIGTERM 1
1 search 12 USR1 SIGUSR1 3
2 retrain 5 USR1 SIGUSR1 1
3 search 3 file the_file_STOP 2
1 retrain 19 file the_file_STOP 1
END

# One that is held and then left alone goes on as if nothing had been; what is not
# understood is refused.
held go-on "search 20" 1 search "$SMALL" -o go-on
go_on go-on
ended 0
same_result whole go-on
POLYTREE_HOLD="search soon" refuses 2 "POLYTREE_HOLD = search soon: expected a phase and a step" \
    search "$SMALL" -o none
POLYTREE_SLOW=fast refuses 2 "POLYTREE_SLOW = fast: expected a factor" search "$SMALL" -o none
[ ! -e none ] || fail "a refused run leaves a folder"

# A time limit: too little even for a step, which still makes progress, and what is over while
# the run is held; a slow machine may come to it before.
expect 75 ranks 1 search "$SMALL" -o limit --time-limit 0.001
says out "stopped by the time limit"
for step in "warmup 14" "search 3" "retrain 11"; do
    POLYTREE_HOLD=$step expect 75 ranks 1 search "$SMALL" -o limit --time-limit 1
    says out "^going on from the checkpoint: "
    says out "stopped by the time limit"
done
expect 0 ranks 1 search "$SMALL" -o limit --time-limit 1:00:00
same_result whole limit

# A first checkpoint is written after 10 s, however long the interval.
held soon "warmup 9" 1 search "$SMALL" -o soon --set run.checkpoint_every=1000
sleep 10
go_on soon
ended 0
says out "^checkpoint: warmup, step"
same_result whole soon

# SIGKILL, before there is a checkpoint and after, then other ranks; with checkpoints at
# phases' ends, so that metrics have gone further, and at almost every step.
while read -r phase step every next; do
    run=killed-$phase
    held "$run" "$phase $step" 1 search "$SMALL" -o "$run" --set run.checkpoint_every="$every"
    send KILL
    ended 137
    rm "$run/HELD"
    expect 0 ranks "$next" search "$SMALL" -o "$run"
    same_result whole "$run"
    [ -z "$(find "$run" -name '*.tmp*')" ] || fail "$run keeps temporary files"
done <<'END'
warmup 9 1000 1
search 12 1000 2
retrain 18 0.001 3
END

# SIGKILL while it writes a checkpoint, which then is not there.
stall 0 rename 200
held in-writing "retrain 5" 1 search "$SMALL" -o in-writing --set run.checkpoint_every=0.001
touch now
go_on in-writing
wait_until is_stalled
send KILL
ended 137
stalling=()
[ -n "$(find in-writing -name '*.tmp*')" ] || fail "it was not killed in writing"
# As if in the middle of its report too, and another machine's process of that number now.
touch "in-writing/report.txt.tmp.$(uname -n).$job" "in-writing/report.txt.tmp.elsewhere.$job"
expect 75 "$POLYTREE" search "$SMALL" -o in-writing --time-limit 0.001
[ ! -e "in-writing/report.txt.tmp.$(uname -n).$job" ] || fail "half a report is kept"
rm "in-writing/report.txt.tmp.elsewhere.$job" || fail "a file of another machine is removed"
expect 0 ranks 2 search "$SMALL" -o in-writing
says out "^going on from the checkpoint: retrain, step"
same_result whole in-writing
[ -z "$(find in-writing -name '*.tmp*')" ] || fail "temporary files are kept"
