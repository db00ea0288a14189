#!/usr/bin/env bash
# What a data set lacks is said before a run and in its tables; a value that is not finite
# is found before anything is trained.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
"$PYTHON" -c "import h5py" 2>/dev/null || skip "$PYTHON has no h5py"
small_data

edit() {
    cp shapes.h5 "$1"
    "$PYTHON" -c "
import h5py, numpy as np
with h5py.File('$1', 'r+') as f:
    $2"
}

edit gap.h5 "del f['test/tasks/fill']"
expect 0 "$POLYTREE" data check gap.h5
says out "^note: task 'fill' has no labelled samples in test"
says out "sound data set"
expect 0 "$POLYTREE" data info gap.h5
says out "^note: task 'fill' has no labelled samples in test"
expect 0 ranks 1 search "$SMALL" -o gap --set data.file=gap.h5
says out "^note +task fill has no labelled samples in test"
[ "$(grep -n '^note' out | cut -d: -f1)" -lt "$(grep -n '^warmup' out | head -n 1 | cut -d: -f1)" ] ||
    fail "the gap is told of only after training began"
says out "^final: .*mean of 2 of 3 tasks"
says out "^  fill .* - .* - "
says out "^  mean of 2 of 3 tasks +[01]\."
if grep -i "nan" out; then fail "a table has nan"; fi
expect 0 ranks 1 eval gap --split val
says out "^  mean  "

edit untrained.h5 "del f['train/tasks/fill']"
expect 1 "$POLYTREE" data check untrained.h5
says out "task 'fill' has no labelled samples in train"
expect 0 "$POLYTREE" data info untrained.h5
says out "^note: task 'fill' has no labelled samples in train"
refuses 1 "untrained.h5: task 'fill' has no labelled samples in train" \
    search "$SMALL" -o untrained --set data.file=untrained.h5

edit wild.h5 "x = f['test/images'][()] / np.float32(255); x[3] = np.nan
    for s in 'train', 'val', 'test':
        y = x if s == 'test' else f[s + '/images'][()] / np.float32(255)
        del f[s + '/images']
        f[s + '/images'] = y.astype('float32')"
for cache in memory none; do
    refuses 1 "wild.h5: test input 3 has a value that is not finite" \
        search "$SMALL" -o wild --set data.file=wild.h5 data.cache=$cache
done
