#!/usr/bin/env bash
# Bad configs, data and folders are refused in one line, on any number of ranks, and leave
# nothing half done.
# shellcheck source=/dev/null
. "$(dirname "$0")/common"

cp "$SMALL" good.ini
refuses 1 "data.file .*shapes.h5.*polytree data shapes shapes.h5" search good.ini -o run
refuses 1 "data.file other.h5: .*data.file=FILE; else draw it with .polytree data shapes other.h5" \
    search good.ini -o run --set data.file=other.h5
refuses 1 "polytree data import idx --pair SRC fashion-mnist.h5" \
    search good.ini -o run --set data.file=fashion-mnist.h5
small_data

refuses 1 "none.ini" search none.ini -o run
sed 's/^nodes = 4/nodse = 4/' good.ini >bad.ini
refuses 1 "bad.ini.*nodse.*space.nodes" search bad.ini -o run
sed 's/^nodes = 4/nodes = four/' good.ini >bad.ini
refuses 1 "bad.ini.*four" search bad.ini -o run
sed 's/^microbatch = 8/microbatch = 5/' good.ini >bad.ini
refuses 1 "microbatch" search bad.ini -o run
refuses 2 "\-\-set spce.nodes=3: .*spce.*\[space\]" search good.ini -o run --set spce.nodes=3
refuses 2 "unknown section \[wrong\]; .polytree help options. lists all" search good.ini -o run --set wrong.nodes=3
refuses 2 "\-\-set space.nodes=four: .*expected a whole number" search good.ini -o run --set space.nodes=four
refuses 1 "colour" search good.ini -o run --set data.tasks=colour
refuses 1 "op" search good.ini -o run --set space.op=conv3x3_magic
refuses 2 "\-\-set: .*min_depth" search good.ini -o run --set space.min_depth=9
refuses 2 "\-\-time-limit soon: expected seconds" search good.ini -o run --time-limit soon
refuses 1 "space.stride: the edge from node 1 to node 3 " search good.ini -o run --set "space.stride=1 16 16 16"
refuses 1 "layout wants 1 stage x 2 task x 2 data ranks" search good.ini -o run \
    --set layout.mode=manual layout.task=2 layout.data=2
[ ! -e run ] || fail "a refused run leaves a folder"
refuses 1 "layout wants" search good.ini -o new/er/run --set layout.mode=manual layout.task=2
[ ! -e new ] || fail "a refused run leaves the folders above its own"
mkdir old
refuses 1 "layout wants" search good.ini -o old/er/run --set layout.mode=manual layout.task=2
[ -d old ] || fail "a refused run removes what it has not made"
[ ! -e old/er ] || fail "a refused run leaves a folder in one that was there"
refuses 1 "layout wants" search good.ini -o old --set layout.mode=manual layout.task=2
[ -d old ] || fail "a refused run removes a folder that was there"
touch file
refuses 1 "file" search good.ini -o file/run
refuses 1 "nowhere is not the folder of a run" eval nowhere
refuses 1 "nowhere" show nowhere
refuses 1 "" plan none.ini --ranks 2

# A failure is one line under mpirun too, and no rank waits.
if command -v mpirun >/dev/null; then
    expect 1 timeout 60 mpirun --bind-to none -n 3 "$POLYTREE" search bad.ini -o run
    [ "$(grep -c '^polytree: ' err)" = 1 ] || fail "not one error line from three ranks"
    expect 1 timeout 60 mpirun --bind-to none -n 3 "$POLYTREE" search good.ini -o run --set data.file=none.h5
    [ "$(grep -c '^polytree: ' err)" = 1 ] || fail "not one error line from three ranks"
fi

# A learning rate that makes the run diverge names the tensor or task, and keeps the
# last good checkpoint.
refuses 1 "(diverge|finite)" search good.ini -o wild --set warmup.lr=1000 train.clip_norm=0 warmup.lr_warmup=0

expect 0 ranks 1 search good.ini -o run
refuses 1 "another config.*squeeze.kappa" search good.ini -o run --set squeeze.kappa=3
"$POLYTREE" data shapes shapes.h5 --size 16 --train 240 --val 48 --test 60 --seed 2 --force >/dev/null
refuses 1 "data" search good.ini -o run
small_data
# Options of layout and output may change.
expect 0 ranks 1 search good.ini -o run --set run.log_every=5 data.cache=none

# A folder is one job's at a time.
(
    flock -x 9
    refuses 1 "run" search good.ini -o run
) 9<>run/lock

# A damaged checkpoint is put aside, the one before it is used.
cp run/checkpoint.h5 kept.h5
printf 'x' | dd of=run/checkpoint.h5 bs=1 seek=5000 conv=notrunc 2>/dev/null
head -c 4000 kept.h5 >run/checkpoint.h5
refuses 1 "checkpoint.h5" checkpoint verify run/checkpoint.h5
expect 0 ranks 1 search good.ini -o run
[ -e run/checkpoint.bad.h5 ] || fail "the damaged checkpoint was not put aside"
[ "$(digest run)" = "$("$POLYTREE" checkpoint inspect kept.h5 | sed -n 's/^payload *//p')" ] ||
    fail "the run did not get to the same payload from its last but one checkpoint"
[ -z "$(find . -name '*.tmp*')" ] || fail "a partial file is left"

POLYTREE_TRACE=1 "$POLYTREE" search bad.ini -o run 2>err && fail "bad.ini was taken"
[ "$(wc -l <err)" -gt 1 ] || fail "POLYTREE_TRACE shows no trace"
