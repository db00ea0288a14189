#!/usr/bin/env bash
# The README's way to bring one's own data works as it stands there.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
"$PYTHON" -c "import h5py" 2>/dev/null || skip "$PYTHON has no h5py"

# shellcheck disable=SC2016  # the quotes are Markdown's
sed -n '/^```python$/,/^```$/p' "$ROOT/README.md" | sed '/^```/d' >own.py
[ -s own.py ] || fail "README.md has no python block"
"$PYTHON" own.py
expect 0 "$POLYTREE" data check own.h5
expect 0 "$POLYTREE" data info own.h5
says out "^row +classification +4 +400"
says out "^shade +classification +3"
expect 0 "$POLYTREE" search "$SMALL" -o run --set data.file=own.h5
says out "^  row +100 .* accuracy"

# Features instead of images.
"$PYTHON" - <<'PY'
import h5py, numpy as np
rng = np.random.default_rng(0)
with h5py.File("features.h5", "w") as f:
    f.attrs["format"] = "polytree dataset"
    f.attrs["version"] = 1
    f.create_group("tasks/half").attrs.update(kind="classification", classes=2)
    f.create_group("tasks/signs").attrs.update(kind="multilabel", classes=3)
    for split, n in {"train": 200, "test": 50}.items():
        x = rng.normal(size=(n, 12)).astype("float32")
        f[split + "/inputs"] = x
        f[split + "/tasks/half/labels"] = (x[:, 0] > 0).astype("int32")
        f[split + "/tasks/signs/labels"] = (x[:, 3:6] > 0).astype("int32")
PY
expect 0 "$POLYTREE" data check features.h5
expect 0 "$POLYTREE" search "$SMALL" -o features --set data.file=features.h5 \
    space.op=linear_bn_relu space.stem=linear_bn_relu space.stride=1
says out "^  signs +50 .*auc"
# Augmentation is not for them.
expect 0 "$POLYTREE" search "$SMALL" -o still --set data.file=features.h5 \
    space.op=linear_bn_relu space.stem=linear_bn_relu space.stride=1 \
    augment.rotate=0 augment.scale=0 augment.shear=0 augment.shift=0
same_result features still
refuses 1 "space.stem has a window of 3 x 3 .*features.*linear_bn_relu in space.stem and space.op" \
    search "$SMALL" -o none --set data.file=features.h5
refuses 1 "space.op has a window" search "$SMALL" -o none --set data.file=features.h5 \
    space.stem=linear_bn_relu
refuses 1 "linear in space.stem or space.op is for features: for images use" search "$SMALL" -o none \
    --set data.file=own.h5 space.op=linear_bn_relu
