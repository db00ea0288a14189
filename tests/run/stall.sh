#!/usr/bin/env bash
# Where the work of a rank stands still run.watchdog ends all ranks, and says which rank,
# what it was about and for how long; not where it writes, nor where it is only slow.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
command -v mpirun >/dev/null || skip "no mpirun"
small_data
ranks 1 search "$SMALL" -o whole >/dev/null

# stalls RANKS RANK FUNCTION SECONDS KEY=VALUE...: a run of its own in folder run, which is
# halted there after some steps.
stalls() {
    local n=$1
    stall "$2" "$3" "$4"
    shift 4
    rm -rf run
    held run "warmup 5" "$n" search "$SMALL" -o run --set "$@"
    stalling=()
    touch now
    go_on run
    wait_until is_stalled
}

# ends PATTERN: by itself, before it would go on.  How soon is up to the longest step.
ends() {
    local code=0
    wait "$job" || code=$?
    [ "$code" != 0 ] || fail "a run that stands still is not ended"
    one_line "$1"
    says err "its last checkpoint with the same command"
}

# The rank at fault tells, and says in what: one that reads, alone or with others.
at="(in [a-z]+, (weight|alpha) step [0-9]+|in an evaluation of [a-z]+)"
stalls 2 1 H5Dread 200 data.cache=none run.watchdog=1 run.checkpoint_every=0.001
ends "rank 1 stands still: [0-9]+ s reading samples $at \(run.watchdog = 1\): all ranks end"
expect 0 ranks 2 search "$SMALL" -o run
same_result whole run
stalls 1 0 H5Dread 200 data.cache=none run.watchdog=1
ends "rank 0 stands still: [0-9]+ s reading samples $at"
# Ranks of stages, two with one to wait for.
stalls 3 0 H5Dread 200 data.cache=none run.watchdog=1 layout.stage=3
ends "rank 0 stands still: [0-9]+ s reading samples $at"
# Where all are in MPI nobody knows who is at fault.
stalls 2 1 MPI_Allreduce 200 run.watchdog=1
ends "rank [01] stands still: [0-9]+ s waiting for other ranks $at, as all ranks of its node do"
# One that does not run at all is not taken for one that waits, though it was waiting.
export POLYTREE_PATIENCE=25
stalls 2 1 MPI_Allreduce 200 run.watchdog=2
stopped=$(cut -d " " -f 2 <(cat "/proc/$job/task"/*/children))
kill -STOP "$stopped"
ends "rank 1 does not run \(is it stopped, or out of memory\?\)"
kill -KILL "$stopped" || true
unset POLYTREE_PATIENCE

# Writing is not standing still; nor is anything where nobody watches.
stalls 2 0 fsync 3 run.watchdog=1 run.checkpoint_every=0.1
wait "$job" || fail "a run that writes for long is ended"
same_result whole run
stalls 2 1 H5Dread 3 data.cache=none run.watchdog=0
wait "$job" || fail "a run that nobody watches is ended"
same_result whole run
