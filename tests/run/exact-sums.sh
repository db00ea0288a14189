#!/usr/bin/env bash
# Exact sums on more ranks than the other programs are run on.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"

for n in 5 6 7 8; do
    expect 0 mpirun --oversubscribe --bind-to none -n "$n" "$BUILD/tests/mpi/test_par_exact"
done
