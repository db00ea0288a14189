#!/usr/bin/env bash
# What would train badly without a word is refused, left alone or told of: batch norm over one
# value, turned inputs that are one pixel high, images with the channels first.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
"$PYTHON" -c 'import h5py' 2>/dev/null || skip "python3-h5py is not here"

cat >make.py <<'END'
import h5py, numpy as np

rng = np.random.default_rng(0)
for name, inputs, shape in (("signal", "images", (1, 16, 1)), ("table", "inputs", (5,)),
                            ("first", "images", (3, 16, 16))):
    with h5py.File(name + ".h5", "w") as f:
        f.attrs["format"] = "polytree dataset"
        f.attrs["version"] = 1
        for task in "ab":
            f.create_group("tasks/" + task).attrs.update(kind="classification", classes=3)
        for split, n in dict(train=32, val=16, test=16).items():
            f[f"{split}/{inputs}"] = rng.normal(size=(n, *shape)).astype("f4")
            for task in "ab":
                f[f"{split}/tasks/{task}/labels"] = rng.integers(0, 3, n).astype("i4")
END
"$PYTHON" make.py
FEW=(--set warmup.steps=4 search.steps=4 retrain.steps=4 run.eval_every=0 report.svg=0
    train.tasks_per_step=0 train.bundle=auto space.stride=1)

FULL=(space.channels=8 train.batch=16)
TABLE=(data.file=table.h5 space.op=linear_bn_relu space.stem=linear_bn_relu)
refuses 1 "batch norm over one value a channel: expected a train.microbatch above 1" \
    search "$SMALL" -o one "${FEW[@]}" "${FULL[@]}" "${TABLE[@]}" train.microbatch=1
[ ! -e one ] || fail "a refused run left a folder"
expect 0 ranks 1 search "$SMALL" -o two "${FEW[@]}" "${FULL[@]}" "${TABLE[@]}" train.microbatch=2

OFF=(augment.rotate=0 augment.scale=0 augment.shear=0 augment.shift=0)
expect 0 ranks 1 search "$SMALL" -o left "${FEW[@]}" data.file=signal.h5 "${FULL[@]}"
says out "^inputs of 1 x 16 pixels are not augmented \(augment.thin = 1 does\)$"
expect 0 ranks 1 search "$SMALL" -o off "${FEW[@]}" data.file=signal.h5 "${FULL[@]}" "${OFF[@]}"
same_result left off
expect 0 ranks 1 search "$SMALL" -o thin "${FEW[@]}" data.file=signal.h5 "${FULL[@]}" augment.thin=1
[ "$(digest left)" != "$(digest thin)" ] || fail "augment.thin changes nothing"

expect 0 "$POLYTREE" data check first.h5
says out "^note: images are 3 pixels high and 16 wide with 16 channels; if the first are channels"
expect 0 "$POLYTREE" data check signal.h5
! grep -q "pixels high" out || fail "a signal is taken for channels"
