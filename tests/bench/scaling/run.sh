#!/usr/bin/env bash
# The study of scaling: three workloads on 1 to 256 nodes of cluster.xml, simulated, and up
# to 1,024 by the cost model alone.  8 ranks a node, one for each 16 cores, which are taken
# to be 16 times as fast as one core of this machine.
#
#     tests/bench/scaling/run.sh [FOLDER] [MOST] [WORKLOAD...]
#
# Workloads are many, twenty and dense; all three unless named.
# MOST nodes are simulated at most (256; 0: nothing is, and SimGrid is not needed); all
# points are predicted.  This machine is measured once, on one core, before all: in
# FOLDER/machine.table, which may be brought from elsewhere.  Points are kept in FOLDER
# (build/scaling) too and not run again, so that the same command goes on where it was
# stopped.  It ends with a table: weak scaling has as much work a node, strong scaling as
# much in all; efficiency is samples a second and node against one node's, of a weight and
# an alpha step together.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../../..
export BUILD=${BUILD:-$root/build}
folder=${1:-$BUILD/scaling}
most=${2:-256}
shift $(($# < 2 ? $# : 2))
workloads=("$@")
[ $# -gt 0 ] || workloads=(many twenty dense)
bench=$BUILD/tests/bench/scaling
ranks=8 cores=16
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
if [ "$(id -u)" = 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
if [ "$most" -gt 0 ] && ! command -v smpicc >/dev/null; then
    echo "run: no smpicc: install SimGrid (Debian: libsimgrid-dev), or predict alone: run.sh FOLDER 0" >&2
    exit 1
fi
if ! [ -x "$bench/shares" ]; then
    echo "run: no $bench/shares: make it by \`make tests\`" >&2
    exit 1
fi
mkdir -p "$folder"
cd "$folder"

say() { echo "$(date +%T) $*" >&2; }

[ -e many.h5 ] || "$bench/tasks" many.h5 1000 20 16 35
[ -e twenty.h5 ] || "$bench/tasks" twenty.h5 20 50 50 35
[ -e dense.h5 ] || "$BUILD/polytree" data scenes dense.h5 --size 256 --train 16 --val 4 \
    --test 4 >/dev/null

# The workloads' operations, of three rounds the fastest each, as others may be at work.
measure() {
    local round workload config
    for round in 1 2 3; do
        for workload in "${workloads[@]}"; do
            say "machine: round $round of 3, $workload"
            config=omniglot20.ini
            [ "$workload" != dense ] || config=scenes-branch.ini
            "$BUILD/polytree" plan "$root/configs/$config" --ranks 1 --set data.file="$workload.h5" \
                --set layout.cost=measured --table "$round-$workload.part" >/dev/null
        done
    done
    awk '/^#/ {next}
         {seconds = $1; sub(/^[^ ]* /, "")}
         !($0 in least) {name[++n] = $0; least[$0] = seconds}
         seconds + 0 < least[$0] + 0 {least[$0] = seconds}
         END {print "# costs of polytree, lines: " n
              for (i = 1; i <= n; i++) print least[name[i]], name[i]}' ./[123]-*.part >machine.part
    sed -n 's/^model name[^:]*: */# kernels as measured on one core of /p' /proc/cpuinfo |
        head -n 1 >>machine.part
    rm ./[123]-*.part
    mv machine.part machine.table
}

# All points are of one machine: those of another are run anew.
if [ ! -e machine.table ]; then
    rm -f ./*.said ./*.took
    measure
fi

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

# predict NAME WORKLOAD MODE NODES: the schedule and what the model says of it.
predict() {
    local name=$1 config
    read -r config set <<<"$(options "${@:2}")"
    say "$name: predicting layouts of $(($4 * ranks)) ranks"
    # shellcheck disable=SC2086
    if "$bench/shares" "$root/configs/$config" "$name.schedule" "$4" $ranks $cores $set \
        layout.cost=machine.table >"$name.part"; then
        rm -f "$name.took"
        mv "$name.part" "$name.said"
    else
        say "$name: no such layout"
    fi
}

# simulate NAME NODES: the schedule replayed, where this machine can.
simulate() {
    say "$1: simulating $(($2 * ranks)) ranks"
    if "$here/simulate.sh" "$PWD/$1.schedule" "$2" $ranks >"$1.part"; then
        mv "$1.part" "$1.took"
    else
        say "$1: the simulation failed: extrapolated instead"
        say "(256 nodes need 15 GiB or so, and vm.max_map_count = 1000000 where it is less)"
    fi
}

# point WORKLOAD MODE NODES: predict, and simulate where that is wanted, unless it is there.
point() {
    local name=$1-$2-$3
    done=$((done + 1))
    echo "point $done of $total: $1 tasks, $2 scaling, $3 nodes" >&2
    [ -e "$name.said" ] || predict "$name" "$@"
    [ -e "$name.said" ] || return 0
    if [ "$3" -le "$most" ] && [ "$3" -le 256 ] && [ ! -e "$name.took" ]; then
        simulate "$name" "$3"
    fi
}

done=0 total=$((12 * ${#workloads[@]}))
for nodes in 1 4 16 64 256 1024; do
    for workload in "${workloads[@]}"; do
        for mode in weak strong; do point "$workload" $mode $nodes; done
    done
done
"$here/table.sh" .
