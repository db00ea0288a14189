#!/usr/bin/env bash
# Inputs and labels of regression are trained at mean 0 and deviation 1, whatever they are
# measured in, and scores are in the labels' own units: the same data in units 1024 times as
# small gives the same network to the bit, and errors 1024 times as large; an offset, however
# large, that all values have changes nothing.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
"$PYTHON" -c "import h5py" 2>/dev/null || skip "$PYTHON has no h5py"

"$PYTHON" - <<'PY'
import h5py, numpy as np
rng = np.random.default_rng(0)
x = rng.uniform([300, 3, 0, 1900], [900, 7, 0.4, 2020], (200, 4)).astype("f4")
y = np.stack([40 * (x[:, 1] > 5) + x[:, 0] / 30, x[:, 2] * x[:, 1]], 1).astype("f4")
y[::7, 0] = np.nan
for name, unit in (("metres", 1), ("small", 1024), ("tiny", 2.0**-100)):
    with h5py.File(name + ".h5", "w") as f:
        f.attrs["format"], f.attrs["version"] = "polytree dataset", 1
        f.create_group("tasks/heat").attrs["kind"] = "regression"
        for split, rows in (("train", slice(0, 140)), ("test", slice(140, 200))):
            f[split + "/inputs"] = x[rows] * np.float32(unit)
            f[split + "/tasks/heat/labels"] = y[rows] * np.float32(unit)
# Float32 knows 2^26 and 8 more, float64 all that these values have.
with h5py.File("metres.h5") as near, h5py.File("shifted.h5", "w") as far:
    far.attrs.update(near.attrs), near.copy("tasks", far)
    for part in ("train", "test"):
        for name in ("/inputs", "/tasks/heat/labels"):
            far[part + name] = near[part + name][()].astype("f8") + 2.0**26
np.save("x.npy", x[:140]), np.save("y.npy", y[:140])
PY
cat >c.ini <<'INI'
[data]
val_fraction = 0.2
[run]
eval_every = 0
metrics_every = 1
checkpoint_every = 0
[space]
nodes = 3
flow = 2
min_depth = 1
op = linear_bn_relu
stem = linear_bn_relu
stride = 1
channels = 8
stem_channels = 8
[train]
batch = 16
microbatch = 8
[warmup]
steps = 4
[search]
steps = 4
[retrain]
steps = 30
[report]
svg = 0
INI

expect 0 "$POLYTREE" data check metres.h5
says out "^note: inputs in train have means of 0\.2.* to 196[0-9] and deviations of 0\.1.* to 1[0-9][0-9]"
says out "^note: task 'heat': labels in train have a mean of"
expect 0 "$POLYTREE" data info metres.h5
says out "^scale: .*e-0[0-9] to 202[0-9]|^scale: 0\.0.* to 20[12][0-9]"
says out "\(train: mean [0-9.]+, deviation [0-9.]+\)"

expect 0 ranks 1 search c.ini -o one --set data.file=metres.h5
expect 0 ranks 1 search c.ini -o small --set data.file=small.h5
expect 0 ranks 3 search c.ini -o three --set data.file=metres.h5 data.cache=none
same_result one three
"$PYTHON" - <<'PY'
import h5py, json, numpy as np
one, small = (h5py.File(run + "/checkpoint.h5") for run in ("one", "small"))
names = [n for n in one["weight"]]
assert names and all((one["weight"][n][()] == small["weight"][n][()]).all() for n in names)
a, b = one["standard"][()], small["standard"][()]
assert a.shape == (6, 2) and np.allclose(a * 1024, b, rtol=1e-6), (a, b)

def final(run):
    return json.loads(open(run + "/metrics.jsonl").read().splitlines()[-1])["tasks"]["heat"]
p, q = final("one"), final("small")
assert p["loss"] == q["loss"] and abs(p["r2"] - q["r2"]) < 1e-4, (p, q)
assert abs(q["rmse"] / p["rmse"] - 1024) < 0.1, (p, q)
root = json.load(open("one/architecture.json"))
assert [(c["mean"], c["deviation"]) for c in root["input"]["standard"]] == [tuple(c) for c in a[:4]]
assert [(c["mean"], c["deviation"]) for c in root["tasks"][0]["standard"]] == [tuple(c) for c in a[4:]]

# They are of the samples that are trained, which val is not: a fifth less than all.
x, y = np.load("x.npy").astype("f8"), np.load("y.npy").astype("f8")
whole = np.concatenate([x.mean(0), np.nanmean(y, 0)])
assert np.allclose(a[:, 0], whole, rtol=0.15) and not np.allclose(a[:, 0], whole, rtol=1e-4)
PY

# In units in which errors are 1e-30 these are read as such, wherever they stand.
expect 0 ranks 1 search c.ini -o tiny --set data.file=tiny.h5
says out "^  heat .*[1-9]\.[0-9]+e-(29|30)"
says tiny/report.txt "^  heat .*[1-9]\.[0-9]+e-(29|30)"
says tiny/report.html "[1-9]\.[0-9]+e-(29|30)"

# At an offset that float32 cannot bear, they are learned as without it.
expect 0 ranks 1 search c.ini -o shifted --set data.file=shifted.h5
expect 0 ranks 2 search c.ini -o shifted2 --set data.file=shifted.h5 data.cache=none
same_result shifted shifted2
"$PYTHON" - <<'PY'
import json
def final(run):
    return json.loads(open(run + "/metrics.jsonl").read().splitlines()[-1])["tasks"]["heat"]
p, q = final("one"), final("shifted")
assert all(abs(q[name] / p[name] - 1) < 1e-4 for name in ("loss", "rmse", "abs_error", "r2")), (p, q)
PY

# So are predictions, and scores on another file.
for name in metres shifted; do
    expect 0 ranks 1 predict ${name/metres/one} $name.h5 -o $name.npz
    expect 0 ranks 1 eval ${name/metres/one} --data $name.h5
    cp out $name.scores
done
"$PYTHON" - <<'PY'
import re, numpy as np
near, far = (np.load(name + ".npz")["heat/value"] for name in ("metres", "shifted"))
assert far.dtype == np.float64 and np.allclose(far - 2.0**26, near, atol=1e-3 * near.std()), (near, far)
r = [re.search(r"^  heat .*", open(name + ".scores").read(), re.M)[0].split() for name in ("metres", "shifted")]
numbers = [[float(x) for x in row if re.fullmatch(r"-?[0-9.]+", x)] for row in r]
assert len(numbers[0]) > 0 and np.allclose(*numbers, rtol=1e-2), r
PY

# In float32, which does not know what the network learned to tell apart, that is said.
"$PYTHON" - <<'PY'
import h5py, numpy as np
with h5py.File("shifted.h5") as wide, h5py.File("blurred.h5", "w") as f:
    f.attrs.update(wide.attrs), wide.copy("tasks", f)
    for part in ("train", "test"):
        for name in ("/inputs", "/tasks/heat/labels"):
            f[part + name] = wide[part + name][()].astype("f4")
    np.save("blurred.npy", f["test/inputs"][()]), np.save("wide.npy", wide["test/inputs"][()])
PY
blurred="the network was trained on channel 3 at a deviation of 0\.1[0-9]* at a mean of 6\.711e\+07"
expect 0 ranks 2 predict shifted blurred.npy -o b.csv
says out "blurred.npy: $blurred, where the file's float32 goes by steps of 8"
expect 0 ranks 1 eval shifted --data blurred.h5
says out "$blurred"
expect 0 ranks 1 predict shifted wide.npy -o w.csv
! grep -q "the network was trained on channel" out || fail "wide.npy is taken for blurred"

# Labels are scored as the file has them, not as float32 has them in units of training, which
# blurs what lies far from there.
"$PYTHON" - <<'PY'
import h5py, numpy as np
with h5py.File("metres.h5") as near, h5py.File("far.h5", "w") as far:
    far.attrs.update(near.attrs), near.copy("tasks", far), near.copy("train", far)
    far["test/inputs"] = near["test/inputs"][()]
    far["test/tasks/heat/labels"] = near["test/tasks/heat/labels"][()].astype("f8") + 1e6
PY
expect 0 ranks 1 search c.ini -o far --set data.file=far.h5
expect 0 ranks 3 search c.ini -o far3 --set data.file=far.h5 data.cache=none
same_result far far3
"$PYTHON" - <<'PY'
import h5py, json, numpy as np
# Predictions at 2^26 are rounded to 1e-8 themselves.
for name, run, bound in (("metres", "one", 1e-10), ("shifted", "shifted", 1e-8), ("far", "far", 1e-9)):
    z = np.load(name.replace("far", "metres") + ".npz")["heat/value"]
    y = h5py.File(name + ".h5")["test/tasks/heat/labels"][()].astype("f8")
    d = z - y
    want = {
        "rmse": np.sqrt(np.nanmean(d**2)),
        "abs_error": np.nanmean(abs(d)),
        "r2": np.mean(1 - np.nansum(d**2, 0) / np.nansum((y - np.nanmean(y, 0)) ** 2, 0)),
    }
    scores = json.loads(open(run + "/metrics.jsonl").read().splitlines()[-1])["tasks"]["heat"]
    for metric, value in want.items():
        assert np.isclose(scores[metric], value, rtol=bound, atol=0), (run, metric, value, scores)
PY

# Without val they are of all, and a run from its checkpoint has what it was trained with.
expect 0 ranks 2 search c.ini -o whole --set data.file=metres.h5 data.val_fraction=0
"$PYTHON" - <<'PY'
import h5py, numpy as np
x, y = np.load("x.npy").astype("f8"), np.load("y.npy").astype("f8")
want = np.concatenate([np.stack([x.mean(0), x.std(0)], 1), np.stack([np.nanmean(y, 0), np.nanstd(y, 0)], 1)])
assert np.allclose(h5py.File("whole/checkpoint.h5")["standard"][()], want, rtol=1e-12)
PY
expect 0 ranks 1 eval whole
says out "^  heat "
says whole/report.txt "^  heat .* $(awk '$1 == "heat" {print $5}' out)"

# Where it is not wanted there is none.
expect 0 ranks 1 search c.ini -o none --set data.file=metres.h5 data.standardise=none
"$PYTHON" - <<'PY'
import h5py, json
assert "standard" not in h5py.File("none/checkpoint.h5")
assert "standard" not in json.load(open("none/architecture.json"))["input"]
PY

# A network that says 0 says the mean of what it was trained on.
"$PYTHON" - <<'PY'
import h5py, numpy as np
with h5py.File("w.h5", "w") as f:
    f.attrs["format"], f.attrs["version"] = "polytree weights", 1
    f["head_heat.1.linear.weight"], f["head_heat.1.linear.bias"] = np.zeros((2, 8), "f4"), np.zeros(2, "f4")
PY
expect 0 ranks 1 search c.ini -o zero --set data.file=metres.h5 data.val_fraction=0 \
    warmup.steps=0 search.steps=0 retrain.steps=0 retrain.from=./w.h5 head.dropout=0
"$PYTHON" - <<'PY'
import h5py, json, numpy as np
y, t = np.load("y.npy").astype("f8"), h5py.File("metres.h5")["test/tasks/heat/labels"][()].astype("f8")
mean, deviation = np.nanmean(y, 0), np.nanstd(y, 0)
scores = json.loads(open("zero/metrics.jsonl").read().splitlines()[-1])["tasks"]["heat"]
error = t - mean
assert np.isclose(scores["rmse"], np.sqrt(np.nanmean(error**2)), rtol=1e-12), scores
assert np.isclose(scores["abs_error"], np.nanmean(abs(error)), rtol=1e-12), scores
assert np.isclose(scores["loss"], np.nanmean((error / deviation) ** 2), rtol=1e-5), scores
PY
