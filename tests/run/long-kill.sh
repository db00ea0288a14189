#!/usr/bin/env bash
# A run that is killed at five fixed steps or a random one goes on, on other ranks and
# stages, to the same bytes; also where it is killed again and again.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
command -v mpirun >/dev/null || skip "no mpirun"
small_data
expect 0 ranks 1 search "$SMALL" -o whole

# kill_at RUN RANKS STAGES "STAGE, step N": all ranks, once the checkpoint of that step stands.
kill_at() {
    local turn victims pid
    : >log
    mpirun --bind-to none -n "$2" "$POLYTREE" search "$SMALL" -o "$1" \
        --set run.checkpoint_every=0.001 layout.stage="$3" >log 2>&1 &
    pid=$!
    for ((turn = 0; turn < 6000; turn++)); do
        ! grep -qE "^checkpoint: ($4$|done)" log || break
        kill -0 $pid 2>/dev/null || break
        sleep 0.01
    done
    victims=$(pgrep -P $pid) || true
    # shellcheck disable=SC2086  # one word a process
    [ -z "$victims" ] || kill -KILL $victims 2>/dev/null || true
    wait $pid || true
    [ -e "$1/checkpoint.h5" ] || [ -e "$1/checkpoint.prev.h5" ] || fail "$1 has no checkpoint"
}

stages=(warmup search retrain)
random="${stages[RANDOM % 3]}, step $((RANDOM % 19 + 1))"
echo "random: $random"
number=0
for where in "warmup, step 3" "warmup, step 17" "search, step 5" "search, step 14" "retrain, step 9" "$random"; do
    run=run$number
    n=$((number % 4 + 1)) next=$(((number + 1) % 4 + 1))
    kill_at $run $n $((number % n + 1)) "$where"
    expect 0 ranks $next search "$SMALL" -o $run --set layout.stage=$(((number + 1) % next + 1))
    same_result whole $run
    echo "killed at $where: $(digest $run)"
    number=$((number + 1))
done

for turn in 1 2 3 4 5 6; do
    n=$((turn % 4 + 1))
    kill_at often $n $((turn % n + 1)) "[a-z]+, step $((turn * 3))"
done
expect 0 ranks 2 search "$SMALL" -o often --set layout.stage=2
same_result whole often
