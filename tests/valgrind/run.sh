#!/usr/bin/env bash
# A tiny search, its evaluation and its resumption under valgrind's memcheck, on one, two and
# eight ranks and on two stages: no error but those of others, which memory.supp explains.
# shellcheck source=tests/run/common
. "$(dirname "$0")/../run/common"
command -v valgrind >/dev/null || skip "valgrind is not here"
# It knows neither AVX-512, which OpenBLAS and glibc would choose, nor oneDNN's code made
# at run time.
export OPENBLAS_CORETYPE=Haswell OPENBLAS_NUM_THREADS=1
# Ranks that start under valgrind do not run for longer than any other is waited for.
export POLYTREE_PATIENCE=0
suppressions=$ROOT/tests/valgrind/memory.supp
options=(--set kernel.isa=avx2 warmup.steps=3 search.steps=4 retrain.steps=3 run.eval_every=2
    run.watchdog=0)

# check RANKS ARGUMENTS...
check() {
    local n=$1 code=0
    shift
    # shellcheck disable=SC2086 # options are words
    mpirun --bind-to none -n "$n" valgrind --quiet --error-exitcode=9 --suppressions="$suppressions" \
        --num-callers=30 ${VALGRIND_OPTIONS:-} "$POLYTREE" "$@" >out 2>err </dev/null || code=$?
    if [ $code != 0 ] || grep -q '^==' err; then
        cat err >&2
        fail "exit code $code on $n ranks: $*"
    fi
}

"$POLYTREE" data shapes shapes.h5 --size 16 --train 48 --val 16 --test 16 >/dev/null
for backend in blas ref; do
    for n in 1 2; do
        check "$n" search "$SMALL" -o "run-$backend-$n" "${options[@]}" kernel.backend=$backend
    done
done
check 8 search "$SMALL" -o run-eight "${options[@]}" kernel.backend=blas
check 2 search "$SMALL" -o run-stages "${options[@]}" kernel.backend=blas layout.stage=2
check 1 eval run-blas-1
check 1 data check shapes.h5
check 1 checkpoint inspect run-blas-1/checkpoint.h5
echo "no error"
