#!/usr/bin/env bash
# The live line fits the terminal, whatever its width, and says what matters most first.
# shellcheck source=/dev/null
. "$(dirname "$0")/common"
command -v script >/dev/null || skip "no program script to make a terminal"
small_data
search="$POLYTREE search $SMALL --set warmup.steps=150"

# fits FILE COLUMNS: so do all live lines, and there are some.
fits() {
    tr '\r' '\n' <"$1" | grep ' left' >live || true
    [ -s live ] || fail "no live line in $1"
    awk -v most="$2" 'length($0) >= most {print "too long: " $0; bad = 1} END {exit bad}' live ||
        fail "a live line does not fit $2 columns"
    says live "^(warmup|search|retrain) [0-9]+/[0-9]+  [0-9:]+ left"
}

script -qec "stty cols 40; $search -o narrow" /dev/null </dev/null >narrow.txt
fits narrow.txt 40
script -qec "stty cols 200; $search -o wide" /dev/null </dev/null >wide.txt
fits wide.txt 200
says live "tau .* lr "
# A terminal that does not know its width.
COLUMNS=50 script -qec "stty cols 0; $search -o none" /dev/null </dev/null >none.txt
fits none.txt 50
if command -v mpirun >/dev/null; then
    script -qec "stty cols 60; mpirun --bind-to none -n 2 $search -o two" /dev/null </dev/null >two.txt
    fits two.txt 60
fi
