#!/usr/bin/env bash
# Two stages on two cores against two one-rank runs side by side, alternating, because
# machines are noisy.  Of their speed a pipeline can have m/(m+1), m being the segments of a
# step, times the balance of its stages: the ratio is to that.
#
#     tests/bench/pipeline.sh CONFIG.ini [seconds] [rounds] [key=value ...]
set -eu
config=$1 seconds=${2:-5} rounds=${3:-5}
shift $(($# < 3 ? $# : 3))
# shellcheck source=/dev/null
. "$(dirname "$0")/common"
for ((i = 1; i <= rounds; i++)); do
    side_by_side "$config" weight "$seconds" "$@"
    mpirun -n 2 --bind-to core "$STEPS" "$config" weight "$seconds" "$@" layout.stage=2 \
        >"$FOLDER/stages"
    awk -v a="$(field samples_per_second "$FOLDER"/alone.?)" \
        -v t="$(field samples_per_second "$FOLDER/stages")" \
        -v m="$(field segments "$FOLDER/stages")" -v b="$(field balance "$FOLDER/stages")" \
        'BEGIN {bound = a * m / (m + 1) * b
            printf "side by side %.1f samples/s, m %.1f, balance %.3f: at most %.1f; two stages %.1f, ratio %.3f\n",
                a, m, b, bound, t, t / bound}'
done | tee "$FOLDER/rounds"
sed 's/.*ratio //' "$FOLDER/rounds" | sort -n | awk '{r[NR] = $1} END {printf "median ratio %.3f\n", r[int((NR + 1) / 2)]}'
