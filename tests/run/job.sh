#!/usr/bin/env bash
# The job script runs a search, is told that its time is up, and goes on when it is
# started again: here without Slurm, by mpirun.
# shellcheck source=/dev/null
. "$(dirname "$0")/common"
small_data
job=$ROOT/jobs/search.sbatch
export POLYTREE

expect 2 "$job"
says err "usage: sbatch"

long=(--set retrain.steps=600) # not over before it is told to stop
expect 0 ranks 1 search "$SMALL" -o whole "${long[@]}"
"$job" "$SMALL" run "${long[@]}" --set run.checkpoint_every=0.05 >out 2>err &
pid=$!
for _ in $(seq 1000); do
    [ ! -e run/checkpoint.h5 ] || break
    sleep 0.01
done
kill -s USR1 $pid
code=0
wait $pid || code=$?
[ $code = 75 ] || fail "exit code $code after the warning, expected 75: $(cat err)"
[ ! -e run/STOP ] || fail "STOP is left behind"
expect 0 "$job" "$SMALL" run "${long[@]}"
same_result whole run

# A warning that comes before the search has begun is not lost either.
"$job" "$SMALL" early --set retrain.steps=100000 >out 2>err &
pid=$!
sleep 0.05
kill -s USR1 $pid
code=0
wait $pid || code=$?
[ $code = 75 ] || fail "exit code $code after an early warning, expected 75: $(cat err)"

# It does a sweep as well, and a file STOP that an earlier job has left does not end it.
mkdir sweep && touch sweep/STOP
export POLYTREE_COMMAND=sweep
expect 0 "$job" "$SMALL" sweep --set sweep.methods=search sweep.seeds=7
says out "^search +1/1 "
