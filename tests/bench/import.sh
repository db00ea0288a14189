#!/usr/bin/env bash
# How fast a table and a folder of JPEGs come in, beside pandas and Pillow reading them, and how
# much memory that takes.
#   tests/bench/import.sh [MB] [PICTURES]         (200 2000)
# The table has 20 columns of numbers as pandas writes them and a class; pictures have 256 x 192
# pixels and become 64 x 64.  Rates are in MB of the source a second; bounded memory shows in that
# it does not grow with the source.
set -eu
cd "$(dirname "$0")/../.."
polytree=${POLYTREE:-build/polytree} python=${PYTHON:-/usr/bin/python3} megabytes=${1:-200} pictures=${2:-2000}
"$python" -c "import pandas, PIL" 2>/dev/null || {
    echo "no pandas or Pillow (python3-pandas, python3-pil): nothing to compare with" >&2
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
rm "$work"/table.*

"$python" - "$work/pictures" "$pictures" <<'PY'
import os, sys, numpy as np
from PIL import Image

rng, one = np.random.default_rng(1), sys.argv[1] + ".jpg"
for i in range(int(sys.argv[2])):
    if i < 50:
        coarse = rng.integers(0, 256, (24, 32, 3)).astype("uint8")
        Image.fromarray(coarse).resize((256, 192), Image.BICUBIC).save(one, quality=90)
        data = open(one, "rb").read()
    folder = os.path.join(sys.argv[1], "ab"[i % 2])
    os.makedirs(folder, exist_ok=True)
    open(os.path.join(folder, "%06d.jpg" % i), "wb").write(data)
PY
bytes=$(find "$work/pictures" -type f -printf '%s\n' | awk '{n += $1} END {print n}')
timed "Pillow: open, resize" "$python" -c '
import glob, sys, numpy as np
from PIL import Image
for path in sorted(glob.glob(sys.argv[1] + "/*/*")):
    np.asarray(Image.open(path).convert("RGB").resize((64, 64), Image.BOX))' "$work/pictures"
timed "polytree data import images" "$polytree" data import images "$work/pictures" "$work/p.h5" --size 64
