#!/usr/bin/env bash
# Builds as sites have them: another MPI, another compiler, without oneDNN, with HDF5 by prefix
# and by its compiler script.  Each is made in BUILD/NAME, and small searches of both methods on
# one and two ranks come to the bytes of the plain build's, with equal kernels.  The last line is
# "N passed, N failed, N skipped"; a build without its compiler or library is skipped.
# shellcheck source=tests/run/common
. "$(dirname "$0")/../run/common"
builds=${BUILD:-$ROOT/build-portable}
mkdir -p "$builds"
passed=0 failed=0 skipped=0

# name | the command that it needs | its words for make | what else | launcher | kernels
table() {
    cat <<'TABLE'
plain||||mpirun --bind-to none|onednn blas
mpich|mpicc.mpich|CC=mpicc.mpich||mpirun.mpich -bind-to none|onednn blas
clang|clang||OMPI_CC=clang|mpirun --bind-to none|onednn blas
nodnnl||DNNL=0||mpirun --bind-to none|blas
prefix||HDF5=$work/prefix|PATH=$work/bin:$PATH|mpirun --bind-to none|onednn
h5pcc|h5pcc||PATH=$work/bin:$PATH|mpirun --bind-to none|onednn
TABLE
}

# For the last two: HDF5 in a folder of its own, and a pkg-config that does not know it.
hide_hdf5() {
    local flag
    mkdir -p bin prefix
    for flag in $(pkg-config --cflags --libs "$(hdf5_name)"); do
        case $flag in
        -I*hdf5*) ln -sfn "${flag#-I}" prefix/include ;;
        -L*hdf5*) ln -sfn "${flag#-L}" prefix/lib ;;
        esac
    done
    printf '#!/bin/sh\ncase "$*" in *hdf5*) exit 1 ;; esac\nexec %s "$@"\n' "$(command -v pkg-config)" >bin/pkg-config
    chmod +x bin/pkg-config
}
hdf5_name() {
    pkg-config --list-all | sed -n 's/^\(hdf5-openmpi\|hdf5\) .*/\1/p' | sort -r | head -n 1
}

# search_all NAME KERNELS LAUNCHER...: runs of the build, as NAME-KERNELS-METHOD-RANKS.
search_all() {
    local name=$1 kernels=$2 n launch
    shift 2
    for n in 1 2; do
        launch=("$@" -n "$n")
        expect 0 "${launch[@]}" "$builds/$name/polytree" search "$SMALL" -o "$name-$kernels-dag-$n" \
            --set kernel.backend="$kernels"
        expect 0 "${launch[@]}" "$builds/$name/polytree" search "$ROOT/configs/scenes-branch-quick.ini" \
            -o "$name-$kernels-branch-$n" --set data.file=rooms.h5 kernel.backend="$kernels" \
            warmup.steps=6 search.steps=12 retrain.steps=12
    done
}

# one NAME MAKE ELSE KERNELS LAUNCHER...: built, and its runs are those of the plain build on a rank.
one() {
    local name=$1 words=$2 environment=$3 kernels=$4 method n run
    shift 4
    env ${environment:+"$environment"} make -C "$ROOT" -j "$(nproc)" WERROR=1 BUILD="$builds/$name" \
        ${words:+"$words"} all >"$builds/$name.log" 2>&1 || {
        tail -n 20 "$builds/$name.log" >&2
        fail "$name is not built"
    }
    POLYTREE=$builds/$name/polytree
    [ -e shapes.h5 ] || small_data
    [ -e rooms.h5 ] || expect 0 "$POLYTREE" data scenes rooms.h5 --size 32 --train 96 --val 16 --test 32
    for kernels in $kernels; do
        search_all "$name" "$kernels" "$@"
        for method in dag branch; do
            for n in 1 2; do
                run=$name-$kernels-$method-$n
                same_result "plain-$kernels-$method-1" "$run"
                cmp "plain-$kernels-$method-1/architecture.json" "$run/architecture.json" ||
                    fail "other architectures"
            done
        done
    done
}

hide_hdf5
while IFS='|' read -r name needs words environment launcher kernels; do
    if [ -n "$needs" ] && ! command -v "$needs" >/dev/null; then
        echo "$name: skipped, $needs is not here"
        skipped=$((skipped + 1))
        continue
    fi
    words=${words/\$work/$work} environment=${environment/\$work/$work} environment=${environment/\$PATH/$PATH}
    # shellcheck disable=SC2086 # the launcher is words
    if (one "$name" "$words" "$environment" "$kernels" $launcher); then
        echo "$name: built, equal on 1 and 2 ranks with $kernels"
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        [ "$name" != plain ] || break
    fi
done < <(table)
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
