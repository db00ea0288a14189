#!/usr/bin/env bash
# The study of scaling: three workloads on 1 to 256 nodes of cluster.xml, simulated, and up
# to 1,024 by the cost model alone.  8 ranks a node, one for each 16 cores, which are taken
# to be 16 times as fast as one; kernels by the model's counts.
#
#     tests/bench/scaling/run.sh [FOLDER] [MOST]
#
# MOST nodes are simulated at most (256); larger ones are predicted all the same.  Points are kept in FOLDER (build/scaling) and not
# run again, so that the same command goes on where it was stopped.  It ends with a table:
# weak scaling has as much work a node, strong scaling as much in all; efficiency is samples
# a second and node against one node's, of a weight and an alpha step together.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../../..
export BUILD=${BUILD:-$root/build}
folder=${1:-$BUILD/scaling}
most=${2:-256}
bench=$BUILD/tests/bench/scaling
ranks=8 cores=16
mkdir -p "$folder"
cd "$folder"

[ -e many.h5 ] || "$bench/tasks" many.h5 1000 20 16 35
[ -e twenty.h5 ] || "$bench/tasks" twenty.h5 20 50 50 35
[ -e dense.h5 ] || "$BUILD/polytree" data scenes dense.h5 --size 256 --train 16 --val 4 \
    --test 4 >/dev/null

# options WORKLOAD MODE NODES: the config and what of it grows.
options() {
    local nodes=$3 tasks=$((4 * $3))
    case $1-$2 in
    # Four tasks a node, 16 units of each, until all are in a step; then more units of each.
    many-weak)
        echo "omniglot20.ini data.file=many.h5 train.tasks_per_step=$((tasks < 1000 ? tasks : 1000))" \
            "train.batch=$((nodes > 256 ? nodes : 256)) $([ "$nodes" -le 256 ] || echo task=512)"
        ;;
    many-strong) echo "omniglot20.ini data.file=many.h5 train.tasks_per_step=1000 train.batch=64" ;;
    # All tasks, 4 units of each a node; in all 8 units of each.
    twenty-weak) echo "omniglot20.ini data.file=twenty.h5 train.tasks_per_step=20 train.batch=$((64 * nodes))" ;;
    twenty-strong) echo "omniglot20.ini data.file=twenty.h5 train.tasks_per_step=20 train.batch=128" ;;
    # 16 units of all five tasks a node; in all 64.
    dense-weak) echo "scenes-branch.ini data.file=dense.h5 train.batch=$((128 * nodes))" ;;
    dense-strong) echo "scenes-branch.ini data.file=dense.h5 train.batch=512" ;;
    esac
}

# point WORKLOAD MODE NODES: predict, and simulate where that is wanted, unless it is there.
point() {
    local name=$1-$2-$3 config
    read -r config set <<<"$(options "$1" "$2" "$3")"
    if [ ! -e "$name.said" ]; then
        echo "$name" >&2
        # shellcheck disable=SC2086
        "$bench/shares" "$root/configs/$config" "$name.schedule" "$3" $ranks $cores $set \
            >"$name.part" || { echo "$name: no layout" >&2; return 0; }
        mv "$name.part" "$name.said"
    fi
    if [ "$3" -le "$most" ] && [ "$3" -le 256 ] && [ ! -e "$name.took" ]; then
        "$here/simulate.sh" "$PWD/$name.schedule" "$3" $ranks >"$name.part"
        mv "$name.part" "$name.took"
    fi
}

for nodes in 1 4 16 64 256 512 1024; do point many weak $nodes; done
for nodes in 1 4 16 64 256; do point many strong $nodes; done
for nodes in 1 4 16 64; do
    for mode in weak strong; do
        point twenty $mode $nodes
        point dense $mode $nodes
    done
done
"$here/table.sh" .
