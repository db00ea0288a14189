#!/usr/bin/env bash
# A search of all stages gives the same bytes on any number of ranks; what it leaves can
# be shown, evaluated and run again.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
small_data

expect 0 ranks 1 search "$SMALL" -o one
says out "mean +[01]\.[0-9]+$"
says out "network +[0-9]+ parameters, [0-9]+ multiply-adds"
says out "[0-9]+ edges over all tasks, [0-9]+ distinct"
for file in config.ini metrics.jsonl timing.jsonl architecture.json checkpoint.h5; do
    [ -s "one/$file" ] || fail "no one/$file"
done
if command -v dot >/dev/null; then
    says one/architecture.svg "</svg>"
fi
expect 0 "$POLYTREE" checkpoint verify one/checkpoint.h5
says out "is whole"

if command -v mpirun >/dev/null; then
    expect 0 ranks 2 search "$SMALL" -o two
    says out "ranks +2 = "
    expect 0 ranks 3 search "$SMALL" -o three --set layout.mode=manual layout.task=3
    says out "ranks +3 = 3 task x 1 data"
    expect 0 ranks 6 search "$SMALL" -o six --set data.cache=none
    same_result one two
    same_result one three
    same_result one six
    # More ranks than units: the surplus idles, and says so.
    expect 0 ranks 6 search "$SMALL" -o idle --set layout.mode=manual layout.data=5 layout.task=1
    says err "1 of 6 idle"
    same_result one idle
fi
expect 0 ranks 1 search "$SMALL" -o other --set run.seed=8
[ "$(digest one)" != "$(digest other)" ] || fail "another seed gives the same payload"

# A checkpoint that is due is written once: the step before it brings the word of it.
expect 0 ranks 1 search "$SMALL" -o often --set run.checkpoint_every=0.0001
same_result one often
awk '/^checkpoint: warmup, step/ {
         if (n++ && $4 < last + 2) exit 1
         last = $4
     }
     END {exit n < 2}' out || fail "a checkpoint is written after each of two steps"

# The dump of a run is a config of the same run.
expect 0 ranks 1 search one/config.ini -o again
same_result one again
# A finished run is not run again.
expect 0 ranks 1 search "$SMALL" -o one
says out "finished"
same_result one again

score() { sed -n 's/^ *mean *//p' "$1"; }
cp out finished
expect 0 "$POLYTREE" eval one
[ "$(score out)" = "$(score finished)" ] || fail "eval says $(score out), the run $(score finished)"
expect 0 "$POLYTREE" eval one --split val
says out "^val"
expect 0 "$POLYTREE" show one
says out "edges .*[0-9]-[0-9].* out"
task=$(sed -n 's/^  \([^ ]*\) .*in .*/\1/p' out | head -n 1)
expect 0 "$POLYTREE" show one --task "$task"
[ "$(grep -c multiply-adds out)" = 1 ] || fail "show --task shows more than one"
refuses 2 "no task 'nobody'" show one --task nobody
run=$PWD/one
(cd / && "$POLYTREE" eval "$run" >/dev/null) ||
    fail "a run cannot be evaluated from another folder"
mv shapes.h5 moved.h5 # a finished run is shown without its data
expect 0 "$POLYTREE" show one
refuses 1 "shapes.h5: No such file.*where it has moved, --set data.file=FILE" eval one
expect 0 "$POLYTREE" eval one --set data.file=moved.h5
mv moved.h5 shapes.h5
expect 0 "$POLYTREE" show "$SMALL"
says out "space: 4 nodes, 5 edges"
expect 0 "$POLYTREE" plan "$SMALL" --ranks 2
says out "layout of 2 ranks: 1 task x 2 data, 0 idle; predicted balance 1.000"
says out "at the end of start-up"
