#!/usr/bin/env bash
# A task that has no label in an alpha step is left alone by it: its regularisers are not added,
# which by themselves would close its edges, one step of Adam after the other.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
"$PYTHON" -c "import h5py" 2>/dev/null || skip "$PYTHON has no h5py"

"$PYTHON" - <<'PY'
import h5py, numpy as np
rng = np.random.default_rng(0)
x = rng.normal(size=(200, 4)).astype("f4")
rare = np.where(np.arange(200) % 25 == 3, x[:, 0], np.nan).astype("f4")
with h5py.File("d.h5", "w") as f:
    f.attrs["format"], f.attrs["version"] = "polytree dataset", 1
    for name, y in (("often", x[:, 1]), ("rare", rare)):
        f.create_group("tasks/" + name).attrs["kind"] = "regression"
        for part, rows in (("train", slice(0, 160)), ("test", slice(160, 200))):
            f[f"{part}/tasks/{name}/labels"] = y[rows]
    f["train/inputs"], f["test/inputs"] = x[:160], x[160:]
PY
cat >c.ini <<'INI'
[data]
file = d.h5
val_fraction = 0
[run]
eval_every = 0
metrics_every = 1
checkpoint_every = 0
[space]
nodes = 3
flow = 2
min_depth = 1
stride = 1
op = linear_bn_relu
stem = linear_bn_relu
channels = 8
stem_channels = 8
[squeeze]
weight = 1
kappa = 1
[train]
batch = 4
microbatch = 4
[warmup]
steps = 0
[search]
steps = 40
[report]
svg = 0
INI
for n in 1 2; do
    expect 0 ranks $n search c.ini -o run$n
done
same_result run1 run2
"$PYTHON" - <<'PY'
import h5py, json
steps = [json.loads(line) for line in open("run1/metrics.jsonl")]
steps = [s["task_loss"]["rare"] for s in steps if s["event"] == "step" and s["kind"] == "alpha"]
labelled = sum(loss is not None for loss in steps)
updates = list(h5py.File("run1/checkpoint.h5")["alpha/updates"][()])
assert 0 < labelled < len(steps) and updates == [len(steps), labelled], (labelled, len(steps), updates)
PY
