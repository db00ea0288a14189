#!/usr/bin/env bash
# What another program's steps take against ours, in one run, alternating, because machines
# are noisy: the ratio of ours to the other's, in time and in memory, of each round and their
# median.  OTHER is the `steps` of another commit, made there by `make build/tests/bench/steps`.
#
#     tests/bench/exactness.sh OTHER CONFIG.ini [ranks] [seconds] [rounds] [key=value ...]
set -eu
other=$1 config=$2 ranks=${3:-1} seconds=${4:-10} rounds=${5:-5}
shift $(($# < 5 ? $# : 5))
# shellcheck source=/dev/null
. "$(dirname "$0")/common"

# run PROGRAM ARGUMENT...: seconds for a thousand samples, and MiB of the fullest rank.
run() {
    "${PYTHON:-python3}" - "$ranks" "$@" >"$FOLDER/run" <<'END'
import resource, subprocess, sys
ranks, command = sys.argv[1], sys.argv[2:]
if ranks != "1":
    command = ["mpirun", "-n", ranks, "--bind-to", "core"] + command
subprocess.run(command, check=True)
print('"mebibytes":', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
END
    awk -v s="$(field samples_per_second "$FOLDER/run")" \
        -v m="$(field mebibytes "$FOLDER/run")" 'BEGIN {print 1000 / s, m}'
}

# median COLUMN
median() {
    sort -g -k "$1" "$FOLDER/ratios" |
        awk -v c="$1" '{x[NR] = $c} END {print (x[int((NR + 1) / 2)] + x[int(NR / 2) + 1]) / 2}'
}

for ((i = 1; i <= rounds; i++)); do
    theirs=$(run "$other" "$config" both "$seconds" "$@")
    ours=$(run "$STEPS" "$config" both "$seconds" "$@")
    echo "$ours $theirs" | awk '{printf "%.4f %.4f\n", $1 / $3, $2 / $4}' |
        tee -a "$FOLDER/ratios" | sed 's/ / in time, /; s/$/ in memory/'
done
echo "median: $(median 1) in time, $(median 2) in memory"
