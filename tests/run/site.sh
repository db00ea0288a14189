#!/usr/bin/env bash
# The page that a site sends back: links, steps as planned and as measured, and a search that is
# the same on all ranks; here by mpirun, with a rank for a node.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
BUILD=${BUILD:-$ROOT/build}
[ -x "$BUILD/tests/bench/links" ] || skip "no $BUILD/tests/bench/links: make tests"
unset SLURM_JOB_ID SLURM_NTASKS SLURM_NTASKS_PER_NODE
export BUILD POLYTREE POLYTREE_LAUNCH=mpirun RANKS=2 RANKS_PER_NODE=1 SECONDS_EACH=0.1

expect 0 "$ROOT/tests/bench/site.sh" page.md
says out "^written +$PWD/page.md"
says page.md "^# polytree on 2 ranks, 1 a node"
says page.md "^Processors .*: [0-9]+ "
says page.md "^\| node 2 \| [0-9.]+ \| [0-9]+ \|"
says page.md "^\| 1 \| 1 x 1 x 1 \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \| 1\.00 \|"
says page.md "^\| 2 \| 1 x 1 x 2 \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \|"
says page.md "the results are the same bytes"
! grep -qwF "$(uname -n)" page.md || fail "the page names the host"
! compgen -G "page.md.*" >/dev/null || fail "files are left beside the page"

# A config of one's own; what fails is said, and leaves nothing.
small_data
RANKS_PER_NODE='' expect 0 "$ROOT/tests/bench/site.sh" own.md "$SMALL" data.file=shapes.h5
says own.md "^\| a rank of its node \|"
expect 1 "$ROOT/tests/bench/site.sh" none.md "$SMALL" data.file=nowhere.h5
says err "nowhere.h5"
says err "this failed: "
! compgen -G "none.md*" >/dev/null || fail "a page of what failed"
