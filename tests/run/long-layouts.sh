#!/usr/bin/env bash
# Every stage x task x data arrangement of 1, 2, 3, 4, 6 and 8 ranks gives the same bytes, in
# a soft search, in a hard one that runs open candidates only, and for the shared baseline.
# shellcheck source=tests/run/common
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
    for n in 1 2 3 4 6 8; do
        for ((i = 0; i < n * n; i++)); do
            stage=$((i / n + 1)) task=$((i % n + 1))
            [ $((n % (stage * task))) = 0 ] || continue
            # The chain can be cut into seven stages.
            [ $name != shared ] || [ $stage -lt 8 ] || continue
            data=$((n / stage / task))
            run=$name-$stage-$task-$data
            expect 0 ranks $n search "$SMALL" -o "$run" --set "${options[@]}" \
                layout.mode=manual layout.stage=$stage layout.task=$task layout.data=$data
            says out "ranks +$n = .*$task task x $data data"
            [ $stage = 1 ] || says out "ranks +$n = $stage stage x "
            same_result $name "$run"
            echo "$run: $(digest "$run")"
            rm -r "$run"
        done
    done
done
