#!/usr/bin/env bash
# Two stages on two cores against two one-rank runs side by side, alternating, because
# machines are noisy.  Of their speed a pipeline can have m/(m+1), m being the segments of a
# step, times the balance of its stages: the ratio is to that.
#
#     tests/bench/pipeline.sh CONFIG.ini [seconds] [rounds] [key=value ...]
set -eu
config=$1 seconds=${2:-5} rounds=${3:-5}
shift $(($# < 3 ? $# : 3))
bench=${BUILD:-build}/tests/bench/steps
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
if [ "$(id -u)" = 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# field NAME FILES...: its sum over the files.
field() {
    sed -n "s/.*\"$1\": \\([0-9.]*\\).*/\\1/p" "${@:2}" | awk '{s += $1} END {print s}'
}
for ((i = 1; i <= rounds; i++)); do
    for core in 0 1; do
        taskset -c "$core" "$bench" "$config" weight "$seconds" "$@" >"$folder/alone.$core" &
    done
    wait
    mpirun -n 2 --bind-to core "$bench" "$config" weight "$seconds" "$@" layout.stage=2 \
        >"$folder/stages"
    awk -v a="$(field samples_per_second "$folder"/alone.?)" \
        -v t="$(field samples_per_second "$folder/stages")" \
        -v m="$(field segments "$folder/stages")" -v b="$(field balance "$folder/stages")" \
        'BEGIN {bound = a * m / (m + 1) * b
            printf "side by side %.1f samples/s, m %.1f, balance %.3f: at most %.1f; two stages %.1f, ratio %.3f\n",
                a, m, b, bound, t, t / bound}'
done | tee "$folder/rounds"
sed 's/.*ratio //' "$folder/rounds" | sort -n | awk '{r[NR] = $1} END {printf "median ratio %.3f\n", r[int((NR + 1) / 2)]}'
