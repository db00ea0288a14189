#!/usr/bin/env bash
# A disk that is full ends what writes to it with one line, on all ranks; nothing partial has
# a final name, and with room again the run goes on from its last good checkpoint.
if [ "${1:-}" != mounted ]; then
    # A file system of one's own wants a name space of one's own; as root it takes none.
    unshare -m true 2>/dev/null && exec unshare -m "$0" mounted
    unshare -rm true 2>/dev/null && exec unshare -rm "$0" mounted
    echo "no name space for a small file system of its own"
    exit 77
fi
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
mkdir disk
here=$PWD
trap 'umount "$here/disk" 2>/dev/null || true; clear_up' EXIT
mount -t tmpfs -o size=1m tmpfs disk 2>/dev/null || skip "no small file system can be mounted"
small_data
expect 0 ranks 1 search "$SMALL" -o whole

# room KILOBYTES: as much is left on the disk.
room() {
    rm -f disk/ballast
    local left
    left=$(($(df -k --output=avail disk | tail -n 1) - $1))
    head -c $((left * 1024)) /dev/zero >disk/ballast
}

# What makes data sets: kilobytes left, arguments.
head -c 1000000 /dev/zero >disk/ballast
while read -r kilobytes arguments; do
    room "$kilobytes"
    # shellcheck disable=SC2086  # words of a command
    refuses 1 "disk/new.h5: cannot write: No space left on device" $arguments
    [ "$(ls disk)" = ballast ] || fail "a partial file is left: $(ls disk)"
done <<'END'
0 data shapes disk/new.h5 --size 16
40 data shapes disk/new.h5 --size 16
40 data scenes disk/new.h5
END
if [ -e /usr/share/datasets/fashion-mnist ]; then
    room 40
    refuses 1 "disk/new.h5: cannot write: No space left" data import idx /usr/share/datasets/fashion-mnist disk/new.h5
    [ "$(ls disk)" = ballast ] || fail "a partial file is left: $(ls disk)"
fi

# A run, on so many ranks, with so many kilobytes: the file that it fails to write.
while read -r n kilobytes file; do
    room "$kilobytes"
    if [ "$n" = 1 ]; then
        refuses 1 "disk/run/$file: cannot write: No space left" search "$SMALL" -o disk/run
    else
        refuses_on "$n" 1 "disk/run/$file: cannot write: No space left" search "$SMALL" -o disk/run
    fi
    [ -z "$(find disk -name '*.tmp*')" ] || fail "a partial file is left"
    for checkpoint in disk/run/checkpoint*.h5; do
        [ ! -e "$checkpoint" ] || expect 0 "$POLYTREE" checkpoint verify "$checkpoint"
    done
    rm disk/ballast
    expect 0 ranks 1 search "$SMALL" -o disk/run
    same_result whole disk/run
    rm -r disk/run
done <<'END'
1 4 config.ini
2 12 metrics.jsonl
1 40 checkpoint.h5
3 200 checkpoint.h5
2 320 checkpoint.h5
END

# Full while it runs, between checkpoints: the metrics' next line ends it.
rm -f disk/ballast
expect 75 "$POLYTREE" search "$SMALL" -o disk/run --time-limit 0.001
held disk/run "warmup 15" 1 search "$SMALL" -o disk/run
room 0
go_on disk/run
ended 1
one_line "disk/run/metrics.jsonl: cannot write: No space left on device"
rm disk/ballast
expect 75 "$POLYTREE" search "$SMALL" -o disk/run --time-limit 0.001
says out "^going on from the checkpoint: warmup, step"
rm -r disk/run

# All is done but the report: who runs it again gets it.
cp -r whole disk/run
rm disk/run/report.txt
ln disk/run/config.ini disk/kept # so that its place is not free once it is written anew
room 8                           # for it and the lock
refuses 1 "disk/run/report.txt: cannot write: No space left" search "$SMALL" -o disk/run
[ ! -e disk/run/report.txt ] || fail "half a report is left"
rm disk/ballast
expect 0 ranks 1 search "$SMALL" -o disk/run
[ -s disk/run/report.txt ] || fail "no report"

# The same for what another program draws, which itself does not tell.
if command -v dot >/dev/null; then
    rm -r disk/run disk/kept
    cp -r whole disk/run
    cp disk/run/architecture.svg architecture.svg
    # Less than it takes, more than what is written anew before it.
    room $(($(du -k architecture.svg | cut -f 1) - 4))
    refuses 1 "disk/run/architecture.svg: cannot write: No space left on device" search "$SMALL" -o disk/run
    cmp architecture.svg disk/run/architecture.svg || fail "a whole picture is replaced by a part"
    [ -z "$(find disk -name '*.tmp*')" ] || fail "a partial file is left"
    rm disk/ballast
    expect 0 ranks 1 search "$SMALL" -o disk/run
fi

# A table of times that stood there still does.
echo old >disk/table
room 0
refuses 1 "disk/table: cannot write: No space left on device" plan "$SMALL" --ranks 1 --table disk/table
[ "$(cat disk/table)" = old ] || fail "a table is replaced by a part"
