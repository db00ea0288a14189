#!/usr/bin/env bash
# A run that is killed at five fixed steps or a random one goes on, on other ranks and
# stages, to the same bytes; also where it is killed again and again.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
command -v mpirun >/dev/null || skip "no mpirun"
small_data
expect 0 ranks 1 search "$SMALL" -o whole

# kill_at RUN RANKS STAGES "PHASE N" [writing]: all ranks, once that step is made, and rank 0 is
# between two steps or writing the next checkpoint; the others wait for it.
kill_at() {
    local victims
    [ "${5:-}" = "" ] || stall 0 rename 1000
    held "$1" "$4" "$2" search "$SMALL" -o "$1" --set run.checkpoint_every=0.001 layout.stage="$3"
    if [ "${5:-}" = writing ]; then
        stalling=()
        touch now
        go_on "$1"
        wait_until is_stalled
    fi
    mapfile -t victims < <(pgrep -P "$job")
    kill -KILL "${victims[@]:-$job}"
    ended 137
    rm -f "$1/HELD"
}

phases=(warmup search retrain)
random="${phases[RANDOM % 3]} $((RANDOM % 19 + 1))"
echo "random: $random"
number=0
for where in "warmup 3" "warmup 17" "search 5" "search 14" "retrain 9" "$random"; do
    run=run$number
    n=$((number % 4 + 1)) next=$(((number + 1) % 4 + 1))
    kill_at $run $n $((number % n + 1)) "$where"
    expect 0 ranks $next search "$SMALL" -o $run --set layout.stage=$(((number + 1) % next + 1))
    same_result whole $run
    echo "killed at $where: $(digest $run)"
    number=$((number + 1))
done

turn=0
while read -r phase step how; do
    n=$((turn % 4 + 1))
    kill_at often $n $((turn % n + 1)) "$phase $step" "$how"
    turn=$((turn + 1))
done <<'END'
warmup 3
warmup 9 writing
warmup 18
search 6 writing
search 15 writing
retrain 4
END
expect 0 ranks 2 search "$SMALL" -o often --set layout.stage=2
same_result whole often
