#!/usr/bin/env bash
# SimGrid 3.32 (Debian 12): smpirun ends with code 0 where the program has called MPI_Abort().
#
# What one expects: the code given to MPI_Abort(), as with mpirun, or any but 0: a script or a
# CI job asks nothing else.
# What happens: the simulation ends at the abort, nothing behind it is run, and smpirun's exit
# code is 0.
#
# Seen: exit code 0, and no word from behind the abort
set -eu
apt-get install -y --no-install-recommends libsimgrid-dev=3.32-2+b2 libsimgrid3.32=3.32-2+b2 gcc libc6-dev >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >look.c <<'END'
#include <mpi.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Abort(MPI_COMM_WORLD, 3);
    printf("behind the abort\n");
    MPI_Finalize();
    return 0;
}
END
cat >two.xml <<'END'
<?xml version="1.0"?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <cluster id="c" prefix="n" suffix="" radical="0-1" speed="1Gf" bw="1GBps" lat="1us"/>
</platform>
END
printf 'n0\nn1\n' >hosts
smpicc look.c -o look
code=0
smpirun -np 2 -platform two.xml -hostfile hosts ./look >out 2>&1 || code=$?
cat out
echo "exit code $code"
[ "$(grep -c "behind the abort" out)" = 0 ]
[ "$code" = 0 ]
