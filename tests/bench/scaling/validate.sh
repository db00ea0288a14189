#!/usr/bin/env bash
# What the simulation says of two ranks on this machine, against what they take.
#
#     tests/bench/scaling/validate.sh CONFIG.ini [seconds] [key=value ...]
#
# Kernels are measured first.  A core's speed is that which makes one rank's predicted step
# last as long as those of two one-rank runs side by side; the rest is the simulation's.  Weight steps, medians of three
# rounds in which all take turns.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export BUILD=${BUILD:-$here/../../../build}
config=$1 seconds=${2:-4}
shift $(($# < 2 ? $# : 2))
bench=$BUILD/tests/bench
# shellcheck source=/dev/null
. "$here/../common"

# number NAME: the first of that name in what is read.
number() {
    sed -n "s/.*\"$1\": \([0-9.e+-]*\).*/\1/p" | head -n 1
}

# real STAGE TASK DATA: add a round's seconds of a step.
real() {
    mpirun -n $(($1 * $2 * $3)) --bind-to core "$STEPS" "$config" weight "$seconds" \
        "${settings[@]}" layout.mode=manual layout.stage="$1" layout.task="$2" layout.data="$3" |
        number seconds_per_step >>"$FOLDER/$1.$2.$3"
}

alone() {
    side_by_side "$config" weight "$seconds" "${settings[@]}"
    for core in 0 1; do
        number seconds_per_step <"$FOLDER/alone.$core" >>"$FOLDER/1.1.1"
    done
}

median() {
    sort -g "$FOLDER/$1" | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}

# shares NODES...: what the model says, with the kernels as measured once.
shares() {
    "$bench/scaling/shares" "$config" "$FOLDER/schedule" "$@" "${settings[@]}" \
        layout.cost="$FOLDER/machine.table" >"$FOLDER/said"
}

settings=("$@")
set=()
for setting; do set+=(--set "$setting"); done
"$BUILD/polytree" plan "$config" --ranks 1 "${set[@]}" --table "$FOLDER/machine.table" >/dev/null
layouts=("1 1 2" "1 2 1" "2 1 1")
for _ in 1 2 3; do
    alone
    for layout in "${layouts[@]}"; do
        # shellcheck disable=SC2086
        real $layout
    done
done
shares 1 1 1 stage=1
predicted=$(sed 's/"alpha.*//; s/.*"weight"//' "$FOLDER/said" | number seconds)
cores=$(awk -v p="$predicted" -v m="$(median 1.1.1)" 'BEGIN {print p / m}')
echo "side by side: measured $(median 1.1.1) s a step, a core then has $cores of the speed measured alone"
for layout in "${layouts[@]}"; do
    read -r stage task data <<<"$layout"
    shares 1 2 "$cores" stage="$stage" task="$task" steps=16
    "$here/simulate.sh" "$FOLDER/schedule" 1 2 >"$FOLDER/took"
    awk -v s="$(number seconds <"$FOLDER/took")" -v m="$(median "$stage.$task.$data")" \
        -v l="$stage x $task x $data" \
        'BEGIN {printf "%s: simulated %.4f s, measured %.4f s, ratio %.3f\n", l, s, m, s / m}'
done
