#!/usr/bin/env bash
# What is wrong on a command line is said in one line, with what comes nearest; code 2.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"

refuses 2 "unknown command 'serch'; the nearest is 'search'" serch x.ini
refuses 2 "unknown command 'data chek'; the nearest is 'data check'" data chek x.h5
refuses 2 "unknown command '--hlp'" --hlp
refuses 2 "unknown option '--splt'; the nearest is --split" data import omniglot a b --splt fixed
refuses 2 "unknown option '-x'; --help lists those there are" search x.ini -x
refuses 2 "unknown command 'frobnicate' \(polytree --help lists all\)" frobnicate
refuses 1 "/nowhere/x.h5: cannot create" data shapes /nowhere/x.h5
refuses 2 "too few arguments: polytree data info FILE.h5" data info
refuses 2 "unexpected argument 'c'" data info a c
refuses 2 "unexpected argument 'train.batch=8'; options of the config come after --set" \
    search x.ini train.batch=8
refuses 2 "unexpected argument 'train.batch=8'$" data info a train.batch=8
refuses 2 "\-\-size twelve: expected a whole number from 8" data shapes a.h5 --size twelve
refuses 2 "\-\-train 0: expected a whole number from 1" data shapes a.h5 --train 0
refuses 2 "\-\-seed is given twice" data shapes a.h5 --seed 1 --seed 2
refuses 2 "\-\-size needs a value" data shapes a.h5 --size
refuses 2 "\-\-split half: expected fixed or shuffled" data import omniglot a b --split half
refuses 2 "\-\-size goes with --pair only" data import idx a b --size 20
refuses 2 "\-\-groups goes with --pair only" data import idx a b --groups 20
refuses 2 "\-o RUN is missing" search x.ini
refuses 2 "\-\-ranks P is missing" plan x.ini
refuses 2 "\-\-split half: expected test or val" eval run --split half

expect 2 "$POLYTREE"
says err "^usage: polytree COMMAND"
for command in --help "help search" "search --help" "help data import idx"; do
    # shellcheck disable=SC2086  # words of a command
    expect 0 "$POLYTREE" $command
    says out "^usage: polytree"
    [ ! -s err ] || fail "polytree $command writes to stderr"
done
# The beginning of several commands' names lists them.
for group in data "data import" checkpoint; do
    # shellcheck disable=SC2086  # words of a command
    expect 2 "$POLYTREE" $group
    says err "^  polytree $group [a-z]+ "
    # shellcheck disable=SC2086
    expect 0 "$POLYTREE" help $group
    says out "^  polytree $group [a-z]+ "
done
expect 0 "$POLYTREE" help options
! grep -E "[0-9]e\+0[0-6]" out || fail "a number is written with an exponent"
says out "space.nodes"
says out "retrain.optimizer"
expect 0 "$POLYTREE" help options space.nodes
says out "^space.nodes = "
[ "$(wc -l <out)" = 2 ] || fail "one option is more than two lines"
expect 0 "$POLYTREE" help options squeeze
! grep "^[a-z]" out | grep -v "^squeeze[.]" || fail "a section has options of another"
expect 2 "$POLYTREE" help options space.node
says err "no section or option 'space.node'"
expect 0 "$POLYTREE" --version
says out "^polytree [0-9]"
for library in MPI OpenBLAS HDF5 zlib libpng libarchive jansson xxHash; do
    says out "$library .*[0-9]"
done
says out "Random123"
says out "Graphviz ([0-9]|not installed)"
says out "backend +(onednn|blas|ref) on"
# Commands that need no ranks are the first process's alone.
if command -v mpirun >/dev/null; then
    expect 0 mpirun --bind-to none -n 3 "$POLYTREE" version
    [ "$(grep -c '^polytree ' out)" = 1 ] || fail "version is said more than once"
    # Ranks that were given different things to do say so instead of waiting.
    cp "$SMALL" a.ini
    cp "$SMALL" b.ini
    differ() {
        expect 2 timeout "$forever" mpirun --bind-to none "$@"
        says err "^polytree: the command line must be equal on all ranks: rank 1 differs from rank 0"
        [ "$(grep -c '^polytree: ' err)" = 1 ] || fail "not one error line: $*"
    }
    differ -n 1 "$POLYTREE" search a.ini -o run : -n 1 "$POLYTREE" search b.ini -o run
    differ -n 1 "$POLYTREE" search a.ini -o run : -n 1 "$POLYTREE" plan a.ini --ranks 2
    differ -n 1 "$POLYTREE" search a.ini -o run : -n 1 "$POLYTREE" search a.ini -x
    differ -n 1 "$POLYTREE" serch a.ini -o run : -n 1 "$POLYTREE" search a.ini -o run
    expect 2 timeout "$forever" mpirun --bind-to none -n 2 "$POLYTREE" search a.ini -x
    [ "$(grep -c '^polytree: ' err)" = 1 ] || fail "not one error line from two ranks"
    [ ! -e run ] || fail "a refused command has made its folder"
fi
[ -z "$(find . -name '*.h5*')" ] || fail "a refused command has left a file"

# Looking at a space needs no MPI: this setting lets none start.
small_data
expect 0 env OMPI_MCA_pml=none "$POLYTREE" show "$SMALL" --set space.nodes=5
says out "^space: 5 nodes"
says out "^  place +[0-9]+ outputs"
