#!/usr/bin/env bash
# The job script runs a search, is told that its time is up, and goes on when it is
# started again: here without Slurm, by mpirun.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
small_data
script=$ROOT/jobs/search.sbatch
export POLYTREE

for each in search sweep eval; do
    expect 2 "$ROOT/jobs/$each.sbatch"
    says err "sbatch .*jobs/$each.sbatch "
    expect 0 "$ROOT/jobs/$each.sbatch" --help
    says out "sbatch .*jobs/$each.sbatch "
done

# job STEP RUN: on its own, as $job; the search is held at that step.
job() {
    POLYTREE_HOLD=$1 "$script" "$SMALL" "$2" >out 2>err </dev/null &
    job=$!
}
expect 0 ranks 1 search "$SMALL" -o whole
job "search 12" run
wait_held run
send USR1
ended 75
[ -z "$(ls run/STOP run/job-*.stop 2>/dev/null)" ] || fail "a file that stops it is left behind"
says out "stopped by its job with a good checkpoint"
expect 0 "$script" "$SMALL" run
same_result whole run

# A warning that comes before the search has begun is not lost either.
job "warmup 1" early
wait_until grep -q 'restart 0' out err
send USR1
ended 75

# It does a sweep as well, and a file STOP that an earlier job has left does not end it.
mkdir sweep && touch sweep/STOP
expect 0 "$ROOT/jobs/sweep.sbatch" "$SMALL" sweep --set sweep.methods=search sweep.seeds=7
says out "^search +1/1 "
expect 0 "$ROOT/jobs/eval.sbatch" whole
says out "^  mean"
