#!/usr/bin/env bash
# eval only reads, also a run at work or with a damaged checkpoint, and looks at test
# before the end only where told to.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
small_data

# pieces N: a run that was stopped N times, two steps on each time.
pieces() {
    local turn
    for ((turn = 0; turn < $1; turn++)); do
        expect 75 ranks 1 search "$SMALL" -o half --time-limit 0.001
    done
}
# evaluates ARGUMENTS...: and leaves the folder as it is, to the last file and second.
evaluates() {
    local before
    before=$(ls -la --time-style=full-iso half)
    expect 0 ranks 1 eval half "$@"
    [ "$before" = "$(ls -la --time-style=full-iso half)" ] || fail "eval changed the run's folder"
}
mkdir empty && cp "$SMALL" empty/config.ini
refuses 1 "empty has no checkpoint yet" eval empty

pieces 2
evaluates
says out "^not finished: warmup, step 4$"
says out "^val "
evaluates --split test
says out "^not finished"
says out "^test "
evaluates --split val
says out "^val "

# While another job holds the run and writes a checkpoint.
touch half/checkpoint.h5.tmp.1
exec 9<>half/lock
flock 9
evaluates
exec 9>&-

# A damaged one is passed over and left where it is.
cp half/checkpoint.h5 kept.h5
head -c 4000 kept.h5 >half/checkpoint.h5
evaluates
says err "warning: skipped .*checkpoint.h5.*read checkpoint.prev.h5"
says out "^not finished: warmup, step 2$"
cp kept.h5 half/checkpoint.h5

if [ "$(id -u)" != 0 ]; then
    chmod -R a-w half
    expect 0 "$POLYTREE" eval half
    chmod -R u+w half
fi
if command -v mpirun >/dev/null; then
    expect 0 ranks 3 eval half
    says out "^not finished: warmup, step 4$"
fi

"$POLYTREE" data shapes notest.h5 --size 16 --train 240 --val 48 --test 0 >/dev/null
expect 0 ranks 1 search "$SMALL" -o notest --set data.file=notest.h5
says out "^val \(there is no test\)"
grep -A14 '^val ' out >searched
expect 0 ranks 1 eval notest
says out "^val \(there is no test\)"
[ "$(grep mean out)" = "$(grep mean searched)" ] || fail "eval and search differ"
refuses 1 "notest.h5 has no test samples" eval notest --split test
"$POLYTREE" data shapes neither.h5 --size 16 --train 240 --val 0 --test 0 >/dev/null
expect 75 ranks 1 search "$SMALL" -o neither --set data.file=neither.h5 --time-limit 0.001
refuses 1 "has no val samples, and the run is not finished" eval neither
