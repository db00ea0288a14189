#!/usr/bin/env bash
# One rank fails alone, is killed, or is stopped: all ranks end by themselves, one line
# says why, and the run goes on from its last good checkpoint to the same bytes.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
command -v mpirun >/dev/null || skip "no mpirun"
# mpirun notices too, and shall leave the ranks the time to say so.
export OMPI_MCA_odls_base_sigkill_timeout=2
mpicc -shared -fPIC "$ROOT/tests/run/funneled.c" -o funneled.so || skip "no C compiler for MPI"
export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0
small_data
ranks 1 search "$SMALL" -o whole >/dev/null

# ends PATTERN: the job does so by itself.  Ten seconds are promised, which on a machine that is
# busy with other things may be more; without an end of its own it waits for ever.
ends() {
    local code=0 since=$SECONDS
    wait "$job" || code=$?
    [ "$code" != 0 ] || fail "a run that lost a rank ends with code 0"
    [ $((SECONDS - since)) -le "$forever" ] || fail "all ranks end only after $((SECONDS - since)) s"
    one_line "$1"
}

# signal_rank RANK SIGNAL: to that rank of the job.
signal_rank() {
    local pid
    for pid in $(pgrep -P "$job"); do
        ! grep -qzx "OMPI_COMM_WORLD_RANK=$1" "/proc/$pid/environ" || kill -s "$2" "$pid"
    done
}

# Ranks, their stages, which rank, signal, environment, words.  At the default patience, and, as
# waiting takes long, at a lesser one.
while read -r n stages rank signal environment words; do
    rm -rf run
    # shellcheck disable=SC2163 # its value is an assignment
    export "$environment"
    held run "search 12" "$n" search "$SMALL" -o run --set run.checkpoint_every=0.001 \
        layout.stage="$stages"
    signal_rank "$rank" "$signal"
    go_on run
    # Of a crash the address sanitizer leaves as little as a kill does.
    ! ldd "$POLYTREE" | grep -q libasan || words=${words/has_crashed_.SIGSEGV./was_killed_or_has_crashed}
    ends "rank $rank ${words//_/ }"
    expect 0 ranks $((n % 2 + 1)) search "$SMALL" -o run
    same_result whole run
    [ -z "$(find run -name '*.tmp*')" ] || fail "a partial file is left"
done <<'END'
2 1 1 KILL A=B was_killed_or_has_crashed:_all_ranks_end
3 1 0 SEGV A=B has_crashed_.SIGSEGV.:_all_ranks_end
6 1 2 KILL A=B was_killed_or_has_crashed
4 2 3 KILL A=B was_killed_or_has_crashed
2 1 0 STOP A=B does_not_run_.is_it_stopped
3 3 1 STOP POLYTREE_PATIENCE=2 does_not_run
3 1 1 STOP LD_PRELOAD=./funneled.so does_not_run
END
unset LD_PRELOAD

# The code is the same where MPI itself is stuck.
rm -rf run
stall 0 MPI_Abort 200
touch now
POLYTREE_PATIENCE=2 held run "search 12" 2 search "$SMALL" -o run
signal_rank 1 STOP
ended 1
one_line "rank 1 does not run"
is_stalled || fail "it was not stuck"
stalling=()

# A job that is suspended as a whole misses nobody.
rm -rf run
export POLYTREE_PATIENCE=2
held run "search 12" 2 search "$SMALL" -o run
mapfile -t all < <(pgrep -P "$job")
kill -s STOP "${all[@]}"
sleep 3
kill -s CONT "${all[@]}"
go_on run
ended 0
same_result whole run
unset POLYTREE_PATIENCE
export OMPI_MCA_odls_base_sigkill_timeout=0

# Data that are another rank's own, on one node and on two: refused.
mkdir here there
cp shapes.h5 here/d.h5
"$POLYTREE" data shapes there/d.h5 --size 16 --train 240 --val 48 --test 60 --seed 2 >/dev/null
for option in layout.ranks_per_node=0 layout.ranks_per_node=1 data.cache=none; do
    command=("$POLYTREE" search "$SMALL" -o "$PWD/other" --set data.file=d.h5 "$option")
    expect 1 timeout "$forever" mpirun --bind-to none -n 2 -wdir here "${command[@]}" : \
        -n 1 -wdir there "${command[@]}"
    one_line "rank 2: d.h5: /train/tasks/shape is not that of rank 0: all ranks must have the same data"
done

# Ranks whose data set is their own: `rank 1` finds another file than the rest.
"$PYTHON" -c "import h5py" 2>/dev/null || skip "$PYTHON has no h5py: errors on one rank only are not tested"
"$PYTHON" - <<'PY'
import h5py, numpy as np
with h5py.File("shapes.h5", "r+") as f:
    for split in "train", "val", "test":
        images = f[split + "/images"][()] / np.float32(255)
        del f[split + "/images"]
        f[split + "/images"] = images.astype("float32")
PY
# apart RANKS: the rest runs in folder `here`, rank 1 in `there`; both have a d.h5.
apart() {
    local n=$1 rest=()
    command=("$POLYTREE" search "$SMALL" -o "$PWD/run" --set data.file=d.h5 data.cache=none
        layout.mode=manual layout.data="$n" train.batch=24 train.microbatch=4
        run.checkpoint_every=0.001)
    rm -rf run
    [ "$n" = 2 ] || rest=(: -n $((n - 2)) -wdir here "${command[@]}")
    mpirun --bind-to none -n 1 -wdir here "${command[@]}" : -n 1 -wdir there "${command[@]}" \
        "${rest[@]}" >out 2>err &
    job=$!
}
cp shapes.h5 here/d.h5
for n in 2 6; do
    rm -f there/d.h5
    apart $n
    ends "rank 1: d.h5: cannot open: No such file"
    [ ! -e run ] || fail "a refused run leaves a folder"
done
# While the run goes on its file loses its end, or comes to hold what is no number.
for n in 2 3; do
    cp shapes.h5 there/d.h5
    POLYTREE_HOLD="warmup 12" apart $n
    wait_held run
    if [ $n = 2 ]; then
        truncate -s 3000 there/d.h5
        go_on run
        ends "rank 1: d.h5: /train/images: cannot read rows"
    else
        "$PYTHON" -c "
f = open('there/d.h5', 'r+b')
f.seek(20000)
f.write(b'\xff' * 200000)"
        go_on run
        ends "rank 1: d.h5: /train/images: row [0-9]+ has a value that is not finite"
    fi
    (cd here && expect 75 "${command[@]}" layout.data=1 run.time_limit=0.001)
    says here/out "^going on from the checkpoint: warmup, step"
done

# Another machine, or one that is another now: kernel.mixed = refuse.
command=("$POLYTREE" search "$SMALL" -o mixed --set kernel.mixed=refuse)
expect 1 timeout "$forever" mpirun --bind-to none -n 1 "${command[@]}" : \
    -n 2 env OPENBLAS_CORETYPE=Prescott "${command[@]}"
one_line "2 ranks differ \(kernel.mixed = refuse\): .*OPENBLAS_CORETYPE \([^,]*, Prescott\)"
[ ! -e mixed ] || fail "a refused run leaves a folder"
# By default it runs, says so, and remembers.
command=("$POLYTREE" search "$SMALL" -o mixture)
expect 0 mpirun --bind-to none -n 1 "${command[@]}" : -n 1 env OPENBLAS_CORETYPE=Prescott "${command[@]}"
says err "warning: 1 rank differs, the result may depend on the layout: rank 1 on .*OPENBLAS_CORETYPE"
says mixture/report.txt "^mixed: machines or libraries differed from warmup, step 0 on"
command=("$POLYTREE" search "$SMALL" -o mixed --set kernel.mixed=refuse)
expect 75 "${command[@]}" run.time_limit=0.001
expect 1 env OPENBLAS_CORETYPE=Prescott "${command[@]}"
one_line "begun elsewhere \(kernel.mixed = refuse\): .*OPENBLAS_CORETYPE \(Prescott, "
expect 0 "${command[@]}"

# OpenBLAS that takes the processor for an old one: said once, where its kernels compute.
if grep -qw avx2 /proc/cpuinfo; then
    for n in 1 2; do
        OPENBLAS_CORETYPE=Prescott expect 75 ranks $n search "$SMALL" -o old$n --time-limit 0.001 \
            --set kernel.backend=blas
        [ "$(grep -c '^note  *OpenBLAS takes this processor for Prescott, .* OPENBLAS_CORETYPE=' out)" = 1 ] ||
            fail "an old core is not named once on $n ranks"
    done
    OPENBLAS_CORETYPE=Haswell expect 75 ranks 1 search "$SMALL" -o new --time-limit 0.001 \
        --set kernel.backend=blas kernel.isa=avx2
    ! grep -q "OpenBLAS takes" out || fail "Haswell is called older than AVX2"
    OPENBLAS_CORETYPE=Prescott expect 75 ranks 1 search "$SMALL" -o none --time-limit 0.001 \
        --set kernel.backend=ref
    ! grep -q "OpenBLAS takes" out || fail "what OpenBLAS has no part in is told of it"
fi
