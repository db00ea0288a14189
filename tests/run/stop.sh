#!/usr/bin/env bash
# A run that is stopped, or killed, goes on to the same bytes, also on other ranks.
# shellcheck source=/dev/null
. "$(dirname "$0")/common"
small_data

# So many checkpoints that whatever ends the run, it ends it near or in one of them.
often=(--set run.checkpoint_every=0.001)

expect 0 ranks 1 search "$SMALL" -o whole

# stopped RUN SIGNAL: end it once it has a checkpoint; it must have said so with code 75.
stopped() {
    local code=0
    "$POLYTREE" search "$SMALL" -o "$1" "${often[@]}" >out 2>err &
    local pid=$!
    wait_for "$1/checkpoint.h5"
    kill -s "$2" $pid
    wait $pid || code=$?
    [ $code = 75 ] || fail "exit code $code after SIG$2, expected 75"
    says out "stopped by SIG$2 .*run the same command again"
    "$POLYTREE" checkpoint verify "$1/checkpoint.h5" >/dev/null
}
stopped term TERM
expect 0 ranks 1 search "$SMALL" -o term
same_result whole term
stopped usr1 USR1
expect 0 ranks 3 search "$SMALL" -o usr1
same_result whole usr1

# A file STOP ends the run that it finds at work, and none that is started later.
mkdir stop && touch stop/STOP
"$POLYTREE" search "$SMALL" -o stop "${often[@]}" >out 2>err &
pid=$!
wait_for stop/checkpoint.h5
touch stop/STOP
code=0
wait $pid || code=$?
[ $code = 75 ] || fail "exit code $code after a file STOP, expected 75"
says out "stop/STOP was there before the start: taken away"
says out "stopped by the file STOP"
expect 0 "$POLYTREE" show stop
says out "^(stop has no network yet|stop is not finished)"
[ ! -e stop/STOP ] || fail "STOP is still there"
expect 0 ranks 2 search "$SMALL" -o stop
same_result whole stop

# Too little time even for a step: still a checkpoint, and progress each time.
expect 75 ranks 1 search "$SMALL" -o limit --time-limit 0.01
says out "stopped by the time limit"
for _ in 1 2 3 4 5 6 7 8 9; do
    code=0
    ranks 1 search "$SMALL" -o limit --time-limit 0:00:02 >out 2>err || code=$?
    [ $code = 75 ] || break
done
[ "$code" = 0 ] || fail "exit code $code at the end of a run in pieces"
same_result whole limit

# SIGKILL, then other ranks; once per delay, in milliseconds after the first checkpoint.
for delay in 0 40 150; do
    run=killed$delay
    "$POLYTREE" search "$SMALL" -o $run "${often[@]}" >out 2>err &
    pid=$!
    wait_for $run/checkpoint.h5
    sleep "$(printf '0.%03d' $delay)"
    kill -KILL $pid 2>/dev/null || true
    wait $pid 2>/dev/null || true
    expect 0 ranks $((delay % 3 + 1)) search "$SMALL" -o $run
    same_result whole $run
    [ -z "$(find $run -name '*.tmp*')" ] || fail "$run keeps temporary files"
done
