#!/usr/bin/env bash
# What the simulation says of two ranks on this machine, against what they take.
#
#     tests/bench/scaling/validate.sh CONFIG.ini [seconds] [key=value ...]
#
# A core's speed is that which makes one rank's predicted step last as long as those of two
# one-rank runs side by side; the rest is the simulation's.  Weight steps, medians of three
# rounds in which all take turns.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export BUILD=${BUILD:-$here/../../../build}
config=$1 seconds=${2:-4}
shift $(($# < 2 ? $# : 2))
bench=$BUILD/tests/bench
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
if [ "$(id -u)" = 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# number NAME: the first of that name in what is read.
number() {
    sed -n "s/.*\"$1\": \([0-9.e+-]*\).*/\1/p" | head -n 1
}

# real STAGE TASK DATA: add a round's seconds of a step.
real() {
    mpirun -n $(($1 * $2 * $3)) --bind-to core "$bench/steps" "$config" weight "$seconds" \
        "${settings[@]}" layout.mode=manual layout.stage="$1" layout.task="$2" layout.data="$3" |
        number seconds_per_step >>"$folder/$1.$2.$3"
}

alone() {
    for core in 0 1; do
        taskset -c $core "$bench/steps" "$config" weight "$seconds" "${settings[@]}" |
            number seconds_per_step >"$folder/alone.$core" &
    done
    wait
    cat "$folder/alone.0" "$folder/alone.1" >>"$folder/1.1.1"
}

median() {
    sort -g "$folder/$1" | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}

settings=("$@")
layouts=("1 1 2" "1 2 1" "2 1 1")
for _ in 1 2 3; do
    alone
    for layout in "${layouts[@]}"; do
        # shellcheck disable=SC2086
        real $layout
    done
done
"$bench/scaling/shares" "$config" "$folder/schedule" 1 1 1 stage=1 "$@" >"$folder/said"
predicted=$(sed 's/"alpha.*//; s/.*"weight"//' "$folder/said" | number seconds)
cores=$(awk -v p="$predicted" -v m="$(median 1.1.1)" 'BEGIN {print p / m}')
echo "side by side: measured $(median 1.1.1) s a step, a core has $cores of the model's speed"
for layout in "${layouts[@]}"; do
    read -r stage task data <<<"$layout"
    "$bench/scaling/shares" "$config" "$folder/schedule" 1 2 "$cores" stage="$stage" \
        task="$task" steps=16 "$@" >"$folder/said"
    "$here/simulate.sh" "$folder/schedule" 1 2 >"$folder/took"
    awk -v s="$(number seconds <"$folder/took")" -v m="$(median "$stage.$task.$data")" \
        -v l="$stage x $task x $data" \
        'BEGIN {printf "%s: simulated %.4f s, measured %.4f s, ratio %.3f\n", l, s, m, s / m}'
done
