#!/usr/bin/env bash
# Replay a schedule (tests/bench/scaling/shares) under SimGrid's SMPI: two lines of JSON.
#
#     tests/bench/scaling/simulate.sh FILE.schedule NODES RANKS [PLATFORM.xml]
#
# The first NODES x RANKS ranks' worth of the platform's hosts, node-0 and on.  Collectives
# are chosen as Open MPI 4 chooses them.
set -eu
schedule=$1 nodes=$2 ranks=$3
here=$(cd "$(dirname "$0")" && pwd)
platform=${4:-$here/cluster.xml}
build=${BUILD:-$here/../../../build}/tests/bench/scaling
command -v smpicc >/dev/null || {
    echo "simulate: no smpicc: install SimGrid (Debian: libsimgrid-dev)" >&2
    exit 1
}
# Only what lies below par is built anew: everything that speaks MPI, unchanged.
make -s -C "$here" BUILD="$build"

hosts=$(mktemp)
trap 'rm -f "$hosts"' EXIT
for ((node = 0; node < nodes; node++)); do
    for ((rank = 0; rank < ranks; rank++)); do echo "node-$node"; done
done >"$hosts"

# Kernels are waited for, not run; messages take latency + bytes / bandwidth.  What only the
# start-up calls has algorithms that do not take P^2 messages.  A fruitless
# MPI_Test takes what it does in the pipe's loop.  Memory that is freed is kept for the next.
export MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=17179869184
smpirun -wrapper "env LD_PRELOAD=$build/fold.so" -np $((nodes * ranks)) \
    -platform "$platform" -hostfile "$hosts" \
    --log=root.thres:warning --log=smpi_colls.thres:warning \
    --cfg=contexts/stack-size:256 --cfg=network/crosstraffic:0 \
    --cfg=smpi/simulate-computation:no --cfg=smpi/host-speed:1Gf \
    --cfg=smpi/bw-factor:0:1 --cfg=smpi/lat-factor:0:1 \
    --cfg=smpi/coll-selector:ompi --cfg=smpi/allgather:bruck --cfg=smpi/bcast:binomial_tree \
    --cfg=smpi/test:5e-7 --cfg=smpi/grow-injected-times:no \
    "$build/replay" "$schedule"
