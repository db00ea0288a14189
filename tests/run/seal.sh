#!/usr/bin/env bash
# Damage to a sealed data set ends a run before it enters a step; unsealed ones still work.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"

small_data
expect 0 "$POLYTREE" data info shapes.h5
says out "^sealed: yes"
cp shapes.h5 sound.h5
set_data=(--set data.file=shapes.h5)
expect 0 "$POLYTREE" search "$SMALL" -o WHOLE "${set_data[@]}"

# flip FILE BYTE...: the lowest bit of each.
flip() {
    local file=$1 at byte
    shift
    for at in "$@"; do
        byte=$(od -An -tu1 -j "$at" -N 1 "$file")
        printf '%b' "\\0$(printf %o $((byte ^ 1)))" | dd of="$file" bs=1 seek="$at" conv=notrunc status=none
    done
}

# At seeded places, in values, in what HDF5 writes about them, and in the seal itself: `check`
# finds all; a run ends without a step, or has met none of it.
bytes=$(stat -c %s shapes.h5)
RANDOM=18
refused=0
for ((i = 0; i < 12; i++)); do
    place=$(((RANDOM << 15 | RANDOM) % bytes))
    cp sound.h5 shapes.h5
    flip shapes.h5 $place
    cache=$([ $((i % 2)) = 0 ] && echo memory || echo none)
    expect 1 "$POLYTREE" data check shapes.h5
    code=0
    rm -rf RUN
    "$POLYTREE" search "$SMALL" -o RUN "${set_data[@]}" data.cache="$cache" >out 2>err || code=$?
    case $code in
    0) same_result WHOLE RUN ;;
    1)
        one_line "damaged: "
        ! grep -q '"event": *"step"' RUN/metrics.jsonl 2>/dev/null || fail "a step was made"
        refused=$((refused + 1))
        ;;
    *) fail "exit code $code with byte $place flipped" ;;
    esac
done
[ $refused -ge 6 ] || fail "only $refused of 12 flips were met"

# Under way: what was sound at the start is read again, and is damaged now.  Step 12 still has
# what it read; the checkpoint is sound, and goes on with a good copy to the same result.
for n in 1 2; do
    cp sound.h5 shapes.h5
    held RUN$n "search 12" $n search "$SMALL" -o RUN$n "${set_data[@]}" data.cache=none \
        --set run.checkpoint_every=0
    for ((i = 4096; i < bytes - 4096; i += 4096)); do flip shapes.h5 $i; done
    go_on RUN$n
    ended 1
    one_line "damaged: bytes"
    refuses 1 "damaged" search "$SMALL" -o RUN$n "${set_data[@]}" data.cache=none
    cp sound.h5 shapes.h5
    expect 0 "$POLYTREE" search "$SMALL" -o RUN$n "${set_data[@]}"
    same_result WHOLE RUN$n
done

# Half a seal is none.
cp sound.h5 cut.h5
truncate -s -20 cut.h5
refuses 1 "the seal behind its end is not whole" data info cut.h5
expect 1 "$POLYTREE" data seal cut.h5
says out "the seal behind its end is not whole"

# Made by hand it has none until it is given one.  A link stays a link.
if "$PYTHON" -c "import h5py" 2>/dev/null; then
    cp sound.h5 hand.h5
    "$PYTHON" -c "import h5py; h5py.File('hand.h5', 'r+').close()"
    chmod 640 hand.h5
    expect 0 "$POLYTREE" data info hand.h5
    says out "^sealed: no"
    # Resumed, the numbers are held against the checkpoint's all the same.
    held HAND "search 12" 1 search "$SMALL" -o HAND --set data.file=hand.h5
    send TERM
    ended 75
    cp hand.h5 other.h5
    "$PYTHON" -c "
import h5py
with h5py.File('other.h5', 'r+') as f: f['train/images'][77, 3, 3] += 1"
    refuses 1 "a checkpoint of another data set" search "$SMALL" -o HAND --set data.file=other.h5
    ln -s hand.h5 link.h5
    expect 0 "$POLYTREE" data seal link.h5
    says out "^link.h5 is sealed"
    [ -L link.h5 ] || fail "a link is no link any more"
    [ "$(stat -c %a hand.h5)" = 640 ] || fail "who may read it has changed"
    expect 0 "$POLYTREE" data info hand.h5
    says out "^sealed: yes"
    expect 0 "$POLYTREE" data seal hand.h5
    says out "^hand.h5 was sealed already"
    expect 0 "$POLYTREE" search "$SMALL" -o HAND --set data.file=hand.h5
    "$PYTHON" -c "
import h5py
with h5py.File('hand.h5', 'r') as f: assert f['train/images'].shape[0] == 240"
else
    echo "no h5py: data sets made by hand are not tested"
fi
refuses 1 "" data seal no.h5
