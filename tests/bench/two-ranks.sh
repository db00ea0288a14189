#!/usr/bin/env bash
# Two ranks on two cores against two one-rank runs side by side: the ratio of their
# samples a second, in one run, alternating, because machines are noisy.  Strong scaling has
# the same step, weak scaling one of twice the batch.
#
#     tests/bench/two-ranks.sh CONFIG.ini [seconds] [rounds] [key=value ...]
set -eu
config=$1 seconds=${2:-10} rounds=${3:-3}
shift $(($# < 3 ? $# : 3))
bench=${BUILD:-build}/tests/bench/steps
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
if [ "$(id -u)" = 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
speed() {
    sed -n 's/.*"samples_per_second": \([0-9.]*\).*/\1/p' "$@" | awk '{s += $1} END {print s}'
}
batch=$(sed -n 's/^batch *= *\([0-9]*\).*/\1/p' "$config" | head -n 1)
for option in "$@"; do
    [ "${option%%=*}" != train.batch ] || batch=${option#*=}
done
together() {
    mpirun -n 2 --bind-to core "$bench" "$config" both "$seconds" "$@" >"$folder/together"
    speed "$folder/together"
}
for ((i = 1; i <= rounds; i++)); do
    for core in 0 1; do
        taskset -c "$core" "$bench" "$config" both "$seconds" "$@" >"$folder/alone.$core" &
    done
    wait
    awk -v a="$(speed "$folder/alone.0" "$folder/alone.1")" -v s="$(together "$@")" \
        -v w="$(together "$@" train.batch=$((2 * batch)))" \
        'BEGIN {printf "side by side %.1f samples/s; two ranks: strong %.1f, ratio %.3f, weak %.1f, ratio %.3f\n", a, s, s / a, w, w / a}'
done
