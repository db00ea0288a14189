#!/usr/bin/env bash
# Predicted steps against measured ones, in the layouts of one rank and of two:
#
#     tests/bench/predict.sh CONFIG.ini [seconds] [rounds] [key=value ...]
#
# A line for each layout and kind of step, then the largest error of the medians.
set -eu
config=$1 seconds=${2:-2} rounds=${3:-3}
shift $(($# < 3 ? $# : 3))
# shellcheck source=/dev/null
. "$(dirname "$0")/common"
# measure STAGE TASK DATA KIND: seconds of a step as measured and as predicted.
measure() {
    mpirun -n $(($1 * $2 * $3)) --bind-to core "$STEPS" "$config" "$4" "$seconds" "${@:5}" \
        layout.mode=manual layout.stage="$1" layout.task="$2" layout.data="$3" |
        sed 's/.*"seconds_per_step": \([0-9.]*\), "predicted": \([0-9.]*\).*/\1 \2/'
}
for kind in weight alpha; do
    for extents in "1 1 1" "1 1 2" "1 2 1" "2 1 1"; do
        for ((i = 1; i <= rounds; i++)); do
            # shellcheck disable=SC2086
            measure $extents "$kind" "$@"
        done | awk '{print $2 / $1, $1, $2}' | sort -n |
            awk -v e="$extents" -v k="$kind" '{ratio[NR] = $1; step[NR] = $2; predicted[NR] = $3}
            END {m = int((NR + 1) / 2); gsub(" ", " x ", e)
                printf "%s %-6s measured %.3f ms, predicted %.3f ms, ratio %.3f\n", e, k, step[m] * 1e3, predicted[m] * 1e3, ratio[m]}'
    done
done | awk '{print; x = $NF > 1 ? $NF - 1 : 1 - $NF; if (x > most) most = x}
    END {printf "largest error %.1f %%\n", 100 * most}'
