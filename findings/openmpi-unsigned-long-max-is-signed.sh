#!/usr/bin/env bash
# Open MPI 4.1.4 (Debian 12): MPI_MAX and MPI_MIN of MPI_UNSIGNED_LONG compare as signed.
#
# What one expects: the largest of 1 and 2^63 is 2^63; so say MPI_UNSIGNED_LONG_LONG and
# MPI_UINT64_T, of the same size.
# What happens: MPI_UNSIGNED_LONG takes 2^63 and all above for negative numbers, so that their
# maximum with 1 is 1.  Hashes and addresses are such numbers.
#
# Seen:
#   MPI_UNSIGNED_LONG max 1 min 9223372036854775808
#   MPI_UNSIGNED_LONG_LONG max 9223372036854775808 min 1
#   MPI_UINT64_T max 9223372036854775808 min 1
set -eu
apt-get install -y --no-install-recommends libopenmpi-dev=4.1.4-3+b1 libopenmpi3=4.1.4-3+b1 \
    openmpi-bin=4.1.4-3+b1 gcc libc6-dev >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >look.c <<'END'
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>

static void look(const char *name, MPI_Datatype type)
{
    uint64_t small = 1, large = UINT64_C(1) << 63, max = large, min = large;
    MPI_Reduce_local(&small, &max, 1, type, MPI_MAX);
    MPI_Reduce_local(&small, &min, 1, type, MPI_MIN);
    printf("%s max %llu min %llu\n", name, (unsigned long long)max, (unsigned long long)min);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    look("MPI_UNSIGNED_LONG", MPI_UNSIGNED_LONG);
    look("MPI_UNSIGNED_LONG_LONG", MPI_UNSIGNED_LONG_LONG);
    look("MPI_UINT64_T", MPI_UINT64_T);
    MPI_Finalize();
    return 0;
}
END
mpicc.openmpi look.c -o look
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mpirun.openmpi -n 1 ./look | tee seen
diff seen - <<'END'
MPI_UNSIGNED_LONG max 1 min 9223372036854775808
MPI_UNSIGNED_LONG_LONG max 9223372036854775808 min 1
MPI_UINT64_T max 9223372036854775808 min 1
END
