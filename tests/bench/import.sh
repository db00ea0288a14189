#!/usr/bin/env bash
# How fast a table comes in, beside pandas reading it, and how much memory that takes.
#   tests/bench/import.sh [MB]         (200)
# The table has 20 columns of numbers as pandas writes them and a class.  Rates are in MB of
# the source a second; bounded memory shows in that it does not grow with MB.
set -eu
cd "$(dirname "$0")/../.."
polytree=${POLYTREE:-build/polytree} python=${PYTHON:-/usr/bin/python3} megabytes=${1:-200}
"$python" -c "import pandas" 2>/dev/null || {
    echo "no pandas (python3-pandas): nothing to compare with" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" - "$work/table.csv" "$megabytes" <<'PY'
import sys, numpy as np, pandas as pd

rng, n = np.random.default_rng(1), 5000
block = pd.DataFrame(rng.normal(size=(n, 20)), columns=["x%d" % i for i in range(20)])
block["kind"] = rng.choice(["one", "two", "three"], n)
head, rows = block.to_csv(index=False).split("\n", 1)
with open(sys.argv[1], "w") as f:
    f.write(head + "\n")
    for _ in range(max(1, int(sys.argv[2]) * 10**6 // len(rows))):
        f.write(rows)
PY
bytes=$(stat -c %s "$work/table.csv")

# timed WHAT COMMAND...: seconds, MB/s, and the most memory that it took.
timed() {
    local what=$1
    shift
    "$python" - "$what" "$bytes" "$@" <<'PY'
import resource, subprocess, sys, time

begin = time.monotonic()
subprocess.run(sys.argv[3:], check=True, stdout=subprocess.DEVNULL)
seconds = time.monotonic() - begin
most = resource.getrusage(resource.RUSAGE_CHILDREN)
print("%-34s %7.1f s  %7.1f s of a core  %7.1f MB/s  %7.0f MB of memory" % (
    sys.argv[1], seconds, most.ru_utime + most.ru_stime, int(sys.argv[2]) / seconds / 1e6, most.ru_maxrss / 1e3))
PY
}
timed "pandas.read_csv" "$python" -c "import sys, pandas; pandas.read_csv(sys.argv[1])" "$work/table.csv"
timed "polytree data import csv" "$polytree" data import csv "$work/table.csv" "$work/table.h5" --tasks kind
