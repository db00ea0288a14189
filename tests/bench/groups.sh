#!/usr/bin/env bash
# Seconds that candidates take to be judged by two ranks on two cores, in groups and as one
# (layout.groups = 1), against two one-rank runs side by side: in one run, alternating,
# because machines are noisy.  All of them have to come to the same result.
#
#     tests/bench/groups.sh CONFIG.ini [rounds] [key=value ...]
set -eu
config=$1 rounds=${2:-3}
shift $(($# < 2 ? $# : 2))
# shellcheck source=/dev/null
. "$(dirname "$0")/common"
POLYTREE=${POLYTREE:-${BUILD:-build}/polytree}
options=(run.checkpoint_every=0 "$@")

# search RUN LAUNCHER... -- OPTION...
search() {
    local run=$FOLDER/$1 launcher=()
    shift
    while [ "$1" != -- ]; do
        launcher+=("$1")
        shift
    done
    rm -rf "$run"
    "${launcher[@]}" "$POLYTREE" search "$config" -o "$run" --set "${options[@]}" "${@:2}" >"$run.said" 2>&1 || {
        cat "$run.said" >&2
        exit 1
    }
    sed -n 's/.*done, payload //p' "$run.said" >>"$FOLDER/payloads"
}

# seconds RUN: of the phase that judges; with what comes before it, where that is no phase.
seconds() {
    "${PYTHON:-python3}" - "$FOLDER/$1" <<'PY'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1] + "/timing.jsonl")]
begin = [e["wall"] for e in lines if e["event"] == "checkpoint" and e["phase"] == "choose"]
end = [e["wall"] for e in lines if e["event"] == "phase" and e["phase"] == "choose"]
print(end[0] - (begin or [0])[0])
PY
}

for ((i = 1; i <= rounds; i++)); do
    search alone.0 mpirun -n 1 --bind-to none taskset -c 0 -- &
    search alone.1 mpirun -n 1 --bind-to none taskset -c 1 --
    wait
    search groups mpirun -n 2 --bind-to core --
    search shared mpirun -n 2 --bind-to core -- layout.groups=1
    [ "$(sort -u "$FOLDER/payloads" | wc -l)" = 1 ] || {
        echo "$0: not the same result" >&2
        exit 1
    }
    awk -v a="$(seconds alone.0)" -v b="$(seconds alone.1)" -v g="$(seconds groups)" -v s="$(seconds shared)" \
        'BEGIN {a = (a + b) / 2
                printf "side by side %.2f s; two ranks: in groups %.2f s, ratio %.3f; as one %.2f s, ratio %.3f\n",
                    a, g, a / g, s, a / s}'
done
