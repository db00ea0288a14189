#!/usr/bin/env bash
# Two ranks on a data set larger than the memory that they may take: steps on it against steps on
# a small one in memory, both in one run, by turns, for each way to read it.
#
#     tests/bench/larger.sh [GB] [GB OF MEMORY] [FOLDER] [seconds]
#
# Pictures of 96 x 96 x 3 bytes are made in FOLDER (/var/tmp), 10 GB of them, and taken away
# again.  Program and pages of the file together have 3 GB by a control group of memory (v1, as
# root); without it the system may keep the file in memory, which is said.
set -eu
gigabytes=${1:-10} limit=${2:-3} place=${3:-/var/tmp} seconds=${4:-60}
root=$(cd "$(dirname "$0")/../.." && pwd)
python=${PYTHON:-/usr/bin/python3}
# shellcheck source=tests/bench/common
. "$root/tests/bench/common"
reading=${BUILD:-build}/tests/bench/reading
work=$(mktemp -d "$place/polytree-larger.XXXXXX")
group=/sys/fs/cgroup/memory/polytree-larger.$$
trap 'rm -rf "$work" "$FOLDER"; rmdir "$group" 2>/dev/null || true' EXIT

if mkdir "$group" 2>/dev/null && echo "${limit}G" >"$group/memory.limit_in_bytes"; then
    # In it from the start: pages of the file count for whoever reads them first.
    limited=(sh -c "echo \$\$ >$group/cgroup.procs; exec \"\$@\"" --)
    echo "memory      $limit GB for all, pages of the file among them"
else
    limited=()
    echo "memory      all there is: no control group of memory here"
fi
"${limited[@]}" "$python" - "$work" "$gigabytes" <<'PY'
import sys
import h5py, numpy as np

folder, gigabytes = sys.argv[1], float(sys.argv[2])
rng = np.random.default_rng(1)
block = rng.integers(0, 256, (2000, 96, 96, 3), dtype="uint8")
for name, n in ("small", 2000), ("large", int(gigabytes * 1e9 / block[0].nbytes)):
    with h5py.File(f"{folder}/{name}.h5", "w") as f:
        f.attrs.update(format="polytree dataset", version=1)
        for task in "abc":
            f.create_group("tasks/" + task).attrs.update(kind="classification", classes=10)
        for split, m in ("train", n), ("test", 100):
            images = f.create_dataset(split + "/images", (m, 96, 96, 3), "uint8")
            for first in range(0, m, len(block)):
                images[first : first + len(block)] = np.roll(block, first // len(block), 2)[: m - first]
            for task in "abc":
                f[f"{split}/tasks/{task}/labels"] = rng.integers(0, 10, m, dtype="int32")
PY
du -h --apparent-size "$work/large.h5" | sed 's/\s.*/ on disk/; s/^/data        /'
for cache in ${CACHES:-none disk 1G}; do
    TMPDIR=$work "${limited[@]}" mpirun -n 2 --bind-to none "$reading" "$root/configs/demo.ini" "$work/small.h5" \
        "$work/large.h5" "$cache" "$seconds" train.batch=16 train.microbatch=8
done
