#!/usr/bin/env bash
# What would train badly without a word is refused, left alone or told of: batch norm over one
# value, turned inputs that are one pixel high, images with the channels first,
# numbers that float32 cannot hold.
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

# Pixels of 8 bits in integers of 16, numbers that float32 cannot tell apart, and what no
# image can hold.
"$PYTHON" - <<'END'
import h5py, numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 3))
MADE = {"dark": ("images", rng.integers(0, 250, (64, 6, 6, 1)).astype("u2"), x[:, 0]),
        "deep": ("images", rng.integers(0, 65536, (64, 6, 6, 1)).astype("u2"), x[:, 0]),
        "late": ("inputs", x, 1.7e9 + 20 * x[:, :1] * [1, 0] + [0, 1]),
        "far": ("inputs", 1e6 + x * 1e-3, x[:, 0]),
        "blurred": ("inputs", (1.7e9 * (np.arange(3) == 1) + 40 * x).astype("f4"), (1.7e9 + 40 * x).astype("f4")),
        "late64": ("inputs", x, (1700000000000000000 + 300 * x[:, 0]).astype("i8")),
        "whole": ("inputs", x, np.round(2e5 + 4e4 * x[:, 0]).astype("i4")),
        "odd": ("images", np.where(np.arange(64) == 3, np.inf, 1)[:, None, None, None]
                * rng.uniform(size=(64, 6, 6, 1)), x[:, 0])}
for name, (inputs, value, label) in MADE.items():
    with h5py.File(name + ".h5", "w") as f:
        f.attrs["format"], f.attrs["version"] = "polytree dataset", 1
        f.create_group("tasks/t").attrs["kind"] = "regression"
        for split in ("train", "test"):
            f[f"{split}/{inputs}"], f[split + "/tasks/t/labels"] = value, label
END
expect 0 "$POLYTREE" data check dark.h5
says out "^note: images in train hold integers up to 249, which are divided by 65535; if 255 is white, give 'images' of each split the attribute scale = 1 / 255$"
for name in deep whole; do
    expect 0 "$POLYTREE" data check $name.h5
    ! grep -qE "float32|integers" out || fail "$name: a note without a cause"
done
NUMBERS=(space.op=linear_bn_relu space.stem=linear_bn_relu space.channels=8 train.batch=16)
BEFORE=", before float32 rounds their differences away$"
expect 0 "$POLYTREE" data check far.h5
says out "^note: inputs in train .*bring them to 0 and 1, unless data.standardise = none$BEFORE"
expect 0 "$POLYTREE" data check late.h5
says out "^note: task 't': .*trained at 0 and 1, unless data.standardise = none$BEFORE"
expect 0 "$POLYTREE" data check blurred.h5
BLURRED="a deviation of [0-9.]+ at a mean of 1.7e\\+09, where the file's float32 goes by steps of 128: .*less of an offset"
says out "^note: inputs, column 2, in train have $BLURRED"
says out "^note: task 't': labels, column [123], in train have $BLURRED"
expect 0 ranks 2 search "$SMALL" -o blurred "${FEW[@]}" "${NUMBERS[@]}" data.file=blurred.h5
[ "$(grep -cE "warning: (inputs, column 2|task 't': labels, column [123]), in train have $BLURRED" err)" = 2 ] ||
    fail "not two warnings: $(cat err)"
expect 0 "$POLYTREE" data info blurred.h5
says out "^inputs: 3 features float32$"
expect 0 "$POLYTREE" data info far.h5
says out "^inputs: 3 features float64$"
expect 0 "$POLYTREE" data check whole.h5
! grep -q "float32" out || fail "float32 holds whole numbers of 6 digits"
expect 0 "$POLYTREE" data info odd.h5
says out "^scale: .* to 0.9.*; means of channels in train 0.*, deviations 0"
says out "^scale: 36 values in train are not finite as float32 and not counted$"

# What float64 cannot hold of integers is told of, too.
expect 0 "$POLYTREE" data check late64.h5
says out "^note: task 't': labels in train have a deviation of [0-9.]+ at a mean of 1.7e\\+18, where the file's int64 is read as float64, which goes by steps of 256: how they differ is in part rounding; store them with less of an offset$"

# Whole numbers are labels of a regression; labels that are rounded are told of at the start,
# and are not where they are standardised.
expect 0 ranks 1 search "$SMALL" -o whole "${FEW[@]}" "${NUMBERS[@]}" data.file=whole.h5
expect 0 ranks 1 search "$SMALL" -o late "${FEW[@]}" "${NUMBERS[@]}" data.file=late.h5
cat out err >said
! grep -q "float32" said || fail "labels are rounded though they are standardised"
expect 0 ranks 1 search "$SMALL" -o rounded "${FEW[@]}" "${NUMBERS[@]}" data.file=late.h5 \
    data.standardise=none
cat out err >said
says said "task 't': float32 cannot hold the differences of its labels, a deviation of [12][0-9.]+ at values up to 1.7e\\+09: expected data.standardise = auto"

# Who diverges is told of in one way.
refuses 1 "the loss of task t is .* in step [0-9]+( with a gradient that is not finite)? and its labels are up to [0-9.e+]+: the run diverged, try a smaller learning rate$" \
    search "$SMALL" -o wild "${FEW[@]}" "${NUMBERS[@]}" data.file=whole.h5 warmup.lr=1e12 \
    warmup.steps=40 train.clip_norm=0 warmup.lr_warmup=0
