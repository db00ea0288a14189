# What differs by site, read by the scripts beside it: edit it, or set the same names in the
# environment of sbatch.
# shellcheck shell=bash disable=SC2034  # read by job.sh

# module load polytree

POLYTREE=${POLYTREE:-polytree}
# srun or mpirun; empty: srun where Slurm has it.
POLYTREE_LAUNCH=${POLYTREE_LAUNCH:-}
# What srun --mpi is given.
POLYTREE_SRUN_MPI=${POLYTREE_SRUN_MPI:-pmix}
# How often in a row a job is put back, or ranks started anew, without a step gained.
POLYTREE_RETRIES=${POLYTREE_RETRIES:-3}
# Nodes that a job which is put back may have, as --nodes says it (1-4): Slurm forgets a range,
# and waits for as many as it had; empty: let it.
POLYTREE_NODES=${POLYTREE_NODES:-}
