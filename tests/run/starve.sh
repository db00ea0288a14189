#!/usr/bin/env bash
# Memory runs out on one rank, once or for good, wherever: all ranks end, one line says why and
# on which, and the same command goes on to the bytes of a run that had enough.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
command -v mpirun >/dev/null || skip "no mpirun"
cc -shared -fPIC -D_GNU_SOURCE "$ROOT/tests/run/starve.c" -o starve.so -ldl || skip "no C compiler"
export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0 STARVE_COUNT=$PWD/count
"$POLYTREE" data shapes shapes.h5 --size 16 --train 48 --val 12 --test 15 >/dev/null

# starving CODE RANKS RANK AT ARGUMENTS...: that rank's allocation number AT finds no memory;
# of $none, which no run comes to, all do.
starving() {
    export STARVE_RANK=$3 STARVE_AT=$4
    expect "$1" timeout "$forever" mpirun --bind-to none -n "$2" env LD_PRELOAD="$PWD/starve.so" \
        "$POLYTREE" "${@:5}"
}

none=1000000000

# Thousandths of all its allocations after which a rank has no more.
shares="30 300 600 900"
[ -z "${POLYTREE_TEST_LONG:-}" ] || shares=$(seq 2 12 950)

# Ranks, which one of them, options.
while read -r n rank options; do
    # shellcheck disable=SC2206 # several words
    command=(search "$SMALL" --set warmup.steps=2 search.steps=3 retrain.steps=2 run.eval_every=2
        train.batch=8 train.microbatch=4 report.svg=0 run.checkpoint_every=0.001 $options)
    rm -rf whole
    starving 0 "$n" "$rank" $none "${command[@]}" -o whole
    most=$(cat count)
    for share in $shares; do
        rm -rf run
        starving 1 "$n" "$rank" $((1 + most * share / 1000)) "${command[@]}" -o run
        one_line "(rank $rank: )?the system refused [0-9]+ bytes; [0-9]+ are held"
        expect 0 ranks 1 "${command[@]}" layout.stage=1 -o run
        same_result whole run
    done
    # Those of the next row do so for good.
    if [ -z "${STARVE_ALL:-}" ]; then export STARVE_ALL=1; else unset STARVE_ALL; fi
done <<'END'
2 1
2 0
3 2 layout.stage=3
3 0 choose.judge=supernet choose.budget=20
END
