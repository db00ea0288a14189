#!/usr/bin/env bash
# Open MPI 4.1.4 (Debian 12): MPI_SUM of MPI_UINT16_T saturates at 65535 in its vector code and
# wraps in its plain code, so that one element's sum depends on the length of the array.
#
# What one expects: unsigned sums are modulo 2^16, as C's and as those of all other widths are;
# and an element's sum depends on that element's values only.
# What happens, on a CPU with AVX2: of 60000 + 10000 = 70000 the elements that fill whole
# vectors become 65535, those left over 4464.  No error is raised.  Elsewhere it is skipped.
#
# Seen: of an array of 33, the first 65535, the last 4464; of one of 1, 4464
set -eu
grep -qw avx2 /proc/cpuinfo || {
    echo "skipped: this CPU has no AVX2, and the plain code wraps"
    exit 0
}
apt-get install -y --no-install-recommends libopenmpi-dev=4.1.4-3+b1 libopenmpi3=4.1.4-3+b1 \
    openmpi-bin=4.1.4-3+b1 gcc libc6-dev >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >look.c <<'END'
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>

enum { N = 33 };

int main(int argc, char **argv)
{
    uint16_t a[N], b[N], one_a = 60000, one_b = 10000;
    MPI_Init(&argc, &argv);
    for (int i = 0; i < N; i++) {
        a[i] = 60000;
        b[i] = 10000;
    }
    MPI_Reduce_local(a, b, N, MPI_UINT16_T, MPI_SUM);
    MPI_Reduce_local(&one_a, &one_b, 1, MPI_UINT16_T, MPI_SUM);
    printf("of an array of 33, the first %d, the last %d; of one of 1, %d\n", b[0], b[N - 1], one_b);
    MPI_Finalize();
    return 0;
}
END
mpicc.openmpi look.c -o look
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mpirun.openmpi -n 1 ./look | tee seen
diff seen - <<'END'
of an array of 33, the first 65535, the last 4464; of one of 1, 4464
END
