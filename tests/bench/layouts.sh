#!/usr/bin/env bash
# What reading costs by layout of the file: processor time of the same steps, of pairs of
# pictures in a plain file, packed sample by sample, and as h5py packs by default; 20M are less
# than half of them.
# usage: tests/bench/layouts.sh [STEPS]
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
polytree=${POLYTREE:-$root/build/polytree} python=${PYTHON:-/usr/bin/python3} steps=${1:-300}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$polytree" data import idx /usr/share/datasets/fashion-mnist plain.h5 --pair --train 30000 --val 200 --test 200 >/dev/null
"$polytree" data repack plain.h5 single.h5 --gzip 4 >/dev/null
"$python" - <<'PY'
import h5py, shutil
shutil.copy("plain.h5", "h5py.h5")
with h5py.File("h5py.h5", "r+") as f:
    for split in "train", "val", "test":
        x = f[split + "/images"][:]
        del f[split + "/images"]
        f.create_dataset(split + "/images", data=x, compression="gzip")
    print("h5py's default chunks:", f["train/images"].chunks)
PY
# seconds FILE CACHE: of processor time of all of a run, and of its start alone.
seconds() {
    rm -rf RUN
    TIMEFORMAT='%U %S'
    { time "$polytree" search "$root/configs/demo.ini" -o RUN --set data.file="$1" data.cache="$2" run.threads=1 \
        warmup.steps="$3" search.steps=0 retrain.steps=0 run.eval_every=0 >/dev/null 2>&1; } 2>&1 | awk '{print $1 + $2}'
}
printf '%-10s %-8s %10s %12s %8s\n' file cache 'start, s' "$steps steps, s" 'of plain'
for what in "plain none" "single none" "h5py none" "h5py disk" "single 20M" "h5py 20M" "plain memory"; do
    read -r file cache <<<"$what"
    start=$(seconds "$file.h5" "$cache" 1)
    whole=$(seconds "$file.h5" "$cache" $((steps + 1)))
    own=$(awk -v a="$whole" -v b="$start" 'BEGIN {print a - b}')
    plain=${plain:-$own}
    awk -v f="$file" -v c="$cache" -v s="$start" -v o="$own" -v p="$plain" \
        'BEGIN {printf "%-10s %-8s %10.2f %12.2f %8.2f\n", f, c, s, o, o / p}'
done
