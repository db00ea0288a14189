#!/usr/bin/env bash
# Two ranks on two cores against two one-rank runs side by side: the ratio of their
# samples a second, in one run, alternating, because machines are noisy.  Strong scaling has
# the same step, weak scaling one of twice the batch.
#
#     tests/bench/two-ranks.sh CONFIG.ini [seconds] [rounds] [key=value ...]
set -eu
config=$1 seconds=${2:-10} rounds=${3:-3}
shift $(($# < 3 ? $# : 3))
# shellcheck source=/dev/null
. "$(dirname "$0")/common"
batch=$(sed -n 's/^batch *= *\([0-9]*\).*/\1/p' "$config" | head -n 1)
for option in "$@"; do
    [ "${option%%=*}" != train.batch ] || batch=${option#*=}
done
together() {
    mpirun -n 2 --bind-to core "$STEPS" "$config" both "$seconds" "$@" |
        field samples_per_second
}
for ((i = 1; i <= rounds; i++)); do
    side_by_side "$config" both "$seconds" "$@"
    awk -v a="$(field samples_per_second "$FOLDER"/alone.?)" -v s="$(together "$@")" \
        -v w="$(together "$@" train.batch=$((2 * batch)))" \
        'BEGIN {printf "side by side %.1f samples/s; two ranks: strong %.1f, ratio %.3f, weak %.1f, ratio %.3f\n", a, s, s / a, w, w / a}'
done
