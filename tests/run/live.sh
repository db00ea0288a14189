#!/usr/bin/env bash
# The live line fits the terminal, whatever its width, and says what matters most first.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
command -v script >/dev/null || skip "no program script to make a terminal"
small_data

# on_terminal FILE COLUMNS COMMAND...: a search there with all that is shown of it.  It is held,
# so that a line of its step is due, however fast it is, and then goes on to its end.
on_terminal() {
    local file=$1 columns=$2
    shift 2
    rm -rf run
    POLYTREE_HOLD="search 12" script -qec "stty cols $columns; $* search $SMALL -o run" /dev/null \
        </dev/null >"$file" &
    job=$!
    wait_held run
    go_on run
    ended 0
}

# fits FILE COLUMNS: so do all live lines, and there are some.
fits() {
    tr '\r' '\n' <"$1" | grep ' left' >live || true
    [ -s live ] || fail "no live line in $1"
    awk -v most="$2" 'length($0) >= most {print "too long: " $0; bad = 1} END {exit bad}' live ||
        fail "a live line does not fit $2 columns"
    says live "^(warmup|search|retrain) [0-9]+/[0-9]+  [0-9:]+ left"
}

on_terminal narrow.txt 40 "$POLYTREE"
fits narrow.txt 40
on_terminal wide.txt 200 "$POLYTREE"
fits wide.txt 200
says live "^search 12/20 .* tau .* lr "
# A terminal that does not know its width.
COLUMNS=50 on_terminal none.txt 0 "$POLYTREE"
fits none.txt 50
if command -v mpirun >/dev/null; then
    on_terminal two.txt 60 mpirun --bind-to none -n 2 "$POLYTREE"
    fits two.txt 60
fi
