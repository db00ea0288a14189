#!/usr/bin/env bash
# What another program's steps take against ours: the ratio of ours to the other's, in processor
# time of all ranks and in memory, of each round and their median.  Both run at once and share one
# core, so that whatever else the machine does slows both alike.  Processor time, from a short and
# a long run, leaves out what it takes to start, and a rank that waits takes none.  OTHER is the
# `steps` of another commit, made there by `make build/tests/bench/steps`.
#
#     tests/bench/exactness.sh OTHER CONFIG.ini [ranks] [seconds] [rounds] [key=value ...]
set -eu
other=$1 config=$2 ranks=${3:-1} seconds=${4:-20} rounds=${5:-5}
shift $(($# < 5 ? $# : 5))
# shellcheck source=/dev/null
. "$(dirname "$0")/common"

# run PROGRAM ARGUMENT...: processor seconds of a step, and MiB of the fullest rank.
run() {
    "${PYTHON:-python3}" - "$ranks" "$seconds" "$@" <<'END'
import json, os, resource, subprocess, sys
ranks, seconds, program, config, settings = sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5:]
os.environ["OMPI_MCA_mpi_yield_when_idle"] = "1"
launch = ["taskset", "-c", "0"]
if ranks != "1":
    launch += ["mpirun", "-n", ranks, "--oversubscribe", "--bind-to", "none"]

def measure(seconds):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = subprocess.run(launch + [program, config, "both", str(seconds)] + settings, check=True, stdout=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, json.loads(said.stdout)["steps"]

short, long = measure(seconds / 5), measure(seconds)
print((long[0] - short[0]) / (long[1] - short[1]), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
END
}

# median COLUMN
median() {
    sort -g -k "$1" "$FOLDER/ratios" |
        awk -v c="$1" '{x[NR] = $c} END {print (x[int((NR + 1) / 2)] + x[int(NR / 2) + 1]) / 2}'
}

for ((i = 1; i <= rounds; i++)); do
    run "$other" "$config" "$@" >"$FOLDER/theirs" &
    run "$STEPS" "$config" "$@" >"$FOLDER/ours"
    wait $!
    paste "$FOLDER/ours" "$FOLDER/theirs" | awk '{printf "%.4f %.4f\n", $1 / $3, $2 / $4}' |
        tee -a "$FOLDER/ratios" | sed 's/ / in time, /; s/$/ in memory/'
done
echo "median: $(median 1) in time, $(median 2) in memory"
