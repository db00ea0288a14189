#!/usr/bin/env bash
# `make demo`: a search on pairs of Fashion-MNIST pictures where they are installed, else
# on drawn shapes; two ranks where there are two cores.  Leaves all it makes in runs/demo.
set -eu
cd "$(dirname "$0")/.."
polytree=${POLYTREE:-build/polytree}
out=${DEMO_DIR:-runs/demo}
mkdir -p "$out"

fashion=/usr/share/datasets/fashion-mnist
if [ -e $fashion/train-images-idx3-ubyte.gz ]; then
    data=$out/fashion.h5
    make_data=("$polytree" data import idx "$fashion" "$data" --pair --train 30000 --val 2000 --test 5000)
else
    echo "no $fashion (Debian: dataset-fashion-mnist): drawing shapes instead"
    data=$out/shapes.h5
    make_data=("$polytree" data shapes "$data" --size 36 --train 6000 --val 500 --test 1000)
fi
[ -e "$data" ] || "${make_data[@]}"

launch=()
cores=$(nproc 2>/dev/null || echo 1)
if [ "$cores" -ge 2 ] && command -v mpirun >/dev/null; then
    launch=(mpirun -n 2 --bind-to none)
    if [ "$(id -u)" = 0 ]; then
        export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    fi
    # Where other programs want the cores too, a rank that waits leaves its own to them.
    export OMPI_MCA_mpi_yield_when_idle=${OMPI_MCA_mpi_yield_when_idle-1}
    # Containers often forbid the system call behind it, and Open MPI complains at length.
    export OMPI_MCA_btl_vader_single_copy_mechanism=${OMPI_MCA_btl_vader_single_copy_mechanism-none}
fi

command=("${launch[@]}" "$polytree" search configs/demo.ini -o "$out/run" --set "data.file=$data")
echo "+ ${command[*]}"
"${command[@]}"

echo
echo "the graphs of the tasks (polytree show $out/run):"
"$polytree" show "$out/run"
echo
echo "all of it on one page, for a browser: file://$(cd "$out" && pwd)/run/report.html"
