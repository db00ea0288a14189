#!/usr/bin/env bash
# Every task x data arrangement of 1, 2, 3, 4 and 6 ranks gives the same bytes, in a soft
# search, in a hard one that runs open candidates only, and for the shared baseline.
# shellcheck source=/dev/null
. "$(dirname "$0")/common"
command -v mpirun >/dev/null || skip "no mpirun"
small_data

variant() {
    case $1 in
    soft) echo search.gates=soft ;;
    hard) echo search.gates=hard search.run=active search.optimizer=adam search.lr=0.003 data.cache=none ;;
    shared) echo search.method=shared train.bundle=auto ;;
    esac
}

for name in soft hard shared; do
    read -ra options <<<"$(variant $name)"
    expect 0 ranks 1 search "$SMALL" -o $name --set "${options[@]}"
    for n in 1 2 3 4 6; do
        for ((task = 1; task <= n; task++)); do
            [ $((n % task)) = 0 ] || continue
            run=$name-$task-$((n / task))
            expect 0 ranks $n search "$SMALL" -o "$run" --set "${options[@]}" \
                layout.mode=manual layout.task=$task layout.data=$((n / task))
            says out "ranks +$n = $task task x $((n / task)) data"
            same_result $name "$run"
            echo "$run: $(digest "$run")"
            rm -r "$run"
        done
    done
done
