#!/usr/bin/env bash
# Bad configs, data and folders are refused in one line, on any number of ranks, and leave
# nothing half done.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"

cp "$SMALL" good.ini
refuses 1 "data.file .*shapes.h5.*polytree data shapes shapes.h5" search good.ini -o run
refuses 1 "data.file other.h5: .*data.file=FILE; else draw it with .polytree data shapes. or, with dense tasks, .polytree data scenes.," \
    search good.ini -o run --set data.file=other.h5
refuses 1 "else make it with .polytree data scenes my/rooms.h5" search good.ini -o run --set data.file=my/rooms.h5
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
refuses 1 "\[task.shpae\]: there is no such task; the nearest is shape" \
    search good.ini -o run --set task.shpae.weight=2
expect 0 "$POLYTREE" plan good.ini --ranks 1 --set data.tasks=place task.shape.weight=2
refuses 1 "op" search good.ini -o run --set space.op=conv3x3_magic
refuses 2 "\-\-set: .*min_depth" search good.ini -o run --set space.min_depth=9
refuses 2 "\-\-time-limit soon: expected seconds" search good.ini -o run --time-limit soon
refuses 1 "space.stride: the edge from node 1 to node 3 " search good.ini -o run --set "space.stride=1 16 16 16"
refuses 1 "layout wants 1 stage x 2 task x 2 data ranks" search good.ini -o run \
    --set layout.mode=manual layout.task=2 layout.data=2
refuses 1 "./weights.h5: cannot open" search good.ini -o run --set retrain.from=./weights.h5
refuses 1 "resource.budget is 1000 multiply-adds, but the cheapest network costs 470016 " \
    search good.ini -o run --set resource.budget=1000
if command -v mpirun >/dev/null; then
    expect 1 ranks 2 search good.ini -o run --set resource.budget=1000
    one_line "resource.budget is 1000 multiply-adds"
fi
[ ! -e run ] || fail "a refused run leaves a folder"
for new in new r; do # and the folders above its own
    refuses 1 "layout wants" search good.ini -o $new/er/run --set layout.mode=manual layout.task=2
    refuses 1 "layout wants" search good.ini -o $new --set layout.mode=manual layout.task=2
    [ ! -e $new ] || fail "a refused run leaves $new"
done
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

# What cannot be read, on one rank and on several: file, words.
mkdir folder
head -c 3000 /dev/urandom >junk
: >empty
head -c 5000 shapes.h5 >cut.h5
cp shapes.h5 folder/in.h5
bad_configs='none.ini|none.ini: No such file
folder|folder: Is a directory
junk|junk:[0-9]+: no text, expected a file of
shapes.h5|shapes.h5:[0-9]+: no text
empty|empty: data.file is not set'
bad_data='none.h5|data.file none.h5: No such file
folder|folder: not a regular file
/dev/null|/dev/null: not a regular file
junk|junk: not a readable HDF5 file
empty|empty: not a readable HDF5 file
cut.h5|cut.h5: not a readable HDF5 file: truncated'
if "$PYTHON" -c "import h5py" 2>/dev/null; then
    for name in foreign low high; do cp shapes.h5 $name.h5; done
    "$PYTHON" - <<'PY'
import h5py
with h5py.File("foreign.h5", "w") as f:
    f["x"] = [1, 2, 3]
for name, split, label in ("low", "test", -1), ("high", "train", 5):
    with h5py.File(name + ".h5", "r+") as f:
        f[split + "/tasks/shape/labels"][7] = label
PY
    bad_data+='
foreign.h5|foreign.h5: an HDF5 file, but no data set of polytree
low.h5|low.h5: /test/tasks/shape/labels: row 7 is -1, expected 0 to 4
high.h5|high.h5: /train/tasks/shape/labels: row 7 is 5, expected 0 to 4'
fi
while IFS='|' read -r file words; do
    refuses 1 "$words" search "$file" -o run
done <<<"$bad_configs"
while IFS='|' read -r file words; do
    refuses 1 "$words" search good.ini -o run --set "data.file=$file"
done <<<"$bad_data"

# Folders that are none, or that nobody may write to: folder, words.
while IFS='|' read -r folder words; do
    refuses 1 "$words" search good.ini -o "$folder"
done <<'END'
good.ini|good.ini: not a folder
good.ini/run|good.ini: not a folder|cannot make folder
/proc/run|/proc/run: cannot make folder
END
# A folder stands where a file of the run is to be.
while IFS='|' read -r name words; do
    mkdir -p "taken/$name"
    refuses 1 "taken/$name: $words" search good.ini -o taken
    rm -r taken
done <<'END'
config.ini|cannot rename to this name: Is a directory
metrics.jsonl|cannot open to write: Is a directory
timing.jsonl|cannot open to write: Is a directory
checkpoint.h5|not a regular file
lock|cannot open: Is a directory
architecture.json|cannot rename to this name: Is a directory
report.txt|cannot rename to this name: Is a directory
END

# A failure is one line under mpirun too, and no rank waits.
if command -v mpirun >/dev/null; then
    while read -r n words arguments; do
        # shellcheck disable=SC2086  # words of a command
        refuses_on "$n" 1 "$words" search $arguments
    done <<'END'
3 bad.ini.*microbatch bad.ini -o run
2 junk:[0-9]*:.no.text junk -o run
2 none.h5 good.ini -o run --set data.file=none.h5
6 cut.h5:.*truncated good.ini -o run --set data.file=cut.h5
3 cut.h5:.*truncated good.ini -o run --set data.file=cut.h5 data.cache=none
2 good.ini:.not.a.folder good.ini -o good.ini
6 no.task.'colour' good.ini -o run --set data.tasks=colour
END
    refuses_on 3 2 "space.nodes = '1': expected" search good.ini -o run --set space.nodes=1
fi
[ ! -e run ] || fail "a refused run leaves a folder"

# A learning rate that makes the run diverge names the task, and keeps the
# last good checkpoint.
refuses 1 "(diverge|finite)" search good.ini -o wild --set warmup.lr=1000 train.clip_norm=0 warmup.lr_warmup=0
expect 0 "$POLYTREE" status wild
says out "^state +failed: .*(diverge|finite).*: once that is mended the same command goes on"

expect 0 ranks 1 search good.ini -o run
refuses 1 "another config.*squeeze.kappa" search good.ini -o run --set squeeze.kappa=3
"$POLYTREE" data shapes shapes.h5 --size 16 --train 240 --val 48 --test 60 --seed 2 --force >/dev/null
refuses 1 "data" search good.ini -o run
small_data
# Options of layout and output may change.
expect 0 ranks 1 search good.ini -o run --set run.log_every=5 data.cache=none

# A folder is one job's at a time.
held other "search 12" 1 search good.ini -o other
refuses 1 "other/lock: another job has this run: pid $job on " search good.ini -o other
! command -v mpirun >/dev/null || refuses_on 2 1 "another job has this run: pid $job" search good.ini -o other
go_on other
ended 0

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
