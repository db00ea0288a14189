#!/usr/bin/env bash
# A network as ONNX passes onnx's checker, and onnxruntime-web puts out for it what
# `polytree predict --logits` says: for graphs and branches, encoders of torchvision's, maps of
# odd sizes, features, tasks of several bundles, with batch norms folded and kept.
#
# onnxruntime-web is taken from npm once, into the folder of the build.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
for module in h5py onnx; do
    "$PYTHON" -c "import $module" 2>/dev/null || skip "$PYTHON has no $module"
done
small_data

"$PYTHON" - <<'PY'
import h5py, numpy as np
rng = np.random.default_rng(0)

def smooth(n):
    """Images of 33 x 39, of colours that change slowly."""
    g = rng.integers(0, 256, (n, 5, 6, 3)).astype("f4")
    y, x = np.linspace(0, 3.99, 33), np.linspace(0, 4.99, 39)
    i, j = y.astype(int), x.astype(int)
    a, b = (y - i)[:, None, None], (x - j)[None, :, None]
    g = g[:, i] * (1 - a) + g[:, i + 1] * a
    return g[:, :, j] * (1 - b) + g[:, :, j + 1] * b

def begin(f, **tasks):
    f.attrs["format"], f.attrs["version"] = "polytree dataset", 1
    for name, about in tasks.items():
        f.create_group("tasks/" + name).attrs.update(about)

# A task may be called as the input is.
with h5py.File("odd.h5", "w") as f:
    begin(f, what=dict(kind="classification", classes=3, class_names=["r\u00f6d", "g", "b"]),
          input=dict(kind="segmentation", classes=4), heat=dict(kind="regression"))
    for split, n in (("train", 48), ("test", 5)):
        x = smooth(n)
        f[split + "/images"] = x.astype("u1")
        f[split + "/tasks/what/labels"] = x.mean((1, 2)).argmax(1)
        f[split + "/tasks/input/labels"] = (x.mean(3) // 64).astype("i4")
        f[split + "/tasks/heat/labels"] = np.float32(40) + x[..., :2].astype("f4")
# Floats with units of their own, of which one task labels some.
with h5py.File("table.h5", "w") as f:
    begin(f, sort=dict(kind="classification", classes=2), sum=dict(kind="regression"))
    for split, n in (("train", 60), ("test", 7)):
        x = rng.uniform([300, 3, 0], [900, 7, 0.4], (n, 3)).astype("f4")
        f[split + "/inputs"] = x
        f[split + "/tasks/sum/labels"] = x[:, 0] + x[:, 1]
        f[split + "/tasks/sort/labels"] = (x[::2, 1] > 5).astype("i4")
        f[split + "/tasks/sort/index"] = np.arange(n)[::2]
# Features that float32 cannot tell apart, and labels far from 1.
with h5py.File("far.h5", "w") as f:
    begin(f, mass=dict(kind="regression"))
    for split, n in (("train", 60), ("test", 7)):
        x = rng.normal(0, 1, (n, 3))
        f[split + "/inputs"] = x * [100, 1e-3, 2] + [1.7e9, 1e6, 2000]
        f[split + "/tasks/mass/labels"] = 3e12 + 1e12 * np.stack([x[:, 0] + x[:, 1], x[:, 2]], 1)
PY
cat >branch.ini <<'INI'
[run]
eval_every = 0
[space]
kind = branch
[search]
method = shared
[baseline]
steps = 60
[train]
batch = 8
microbatch = 8
[augment]
rotate = 0
scale = 0
shear = 0
shift = 0
[bn]
calibrate = 6
[report]
svg = 0
INI
cat >dag.ini <<'INI'
[run]
eval_every = 0
[space]
nodes = 5
flow = 3
min_depth = 2
[train]
batch = 8
microbatch = 8
[warmup]
steps = 2
[search]
steps = 2
[retrain]
steps = 10
[augment]
rotate = 0
scale = 0
shear = 0
shift = 0
[report]
svg = 0
INI
table=(space.op=linear_bn_relu space.stem=linear_bn_relu space.stride=1 head.linear=1)
encoders=$ROOT/configs/encoders

# train RUN CONFIG key=value ...
train() {
    expect 0 ranks 1 search "$2" -o "$1" --set "${@:3}"
}
train small "$SMALL" data.file=shapes.h5
train dag dag.ini data.file=odd.h5
train table dag.ini data.file=table.h5 "${table[@]}"
train far dag.ini data.file=far.h5 "${table[@]}"
train plain branch.ini data.file=odd.h5 search.method=search warmup.steps=2 search.steps=2 \
    retrain.steps=10 space.encoder="$encoders/plain.ini" space.width=0.5
# Of a deep network that has hardly been trained roundings are blown up.
train resnet50 branch.ini data.file=odd.h5 space.encoder="$encoders/resnet50.ini" space.width=0.25 \
    baseline.steps=200
train mobilenet branch.ini data.file=odd.h5 space.encoder="$encoders/mobilenetv2.ini" \
    space.width=0.5 head.kind=deeplab head.width=16 head.skip=l03 head.align_corners=1

# What the checker says, and what stands in the files.
for run in small dag table far plain resnet50 mobilenet; do
    expect 0 ranks 1 export $run $run.onnx
    says out "^written     $run.onnx$"
    expect 0 ranks 1 export $run $run-fold.onnx --fold
done
expect 0 ranks 1 export dag dag-float.onnx --input float32
expect 0 ranks 1 export dag again.onnx --input uint8
cmp dag.onnx again.onnx || fail "another model of the same network"
"$PYTHON" - <<'PY'
import json, onnx
for run in ("small", "dag", "table", "far", "plain", "resnet50", "mobilenet"):
    tasks = json.load(open(run + "/architecture.json"))["tasks"]
    norms = []
    for end in ("", "-fold"):
        model = onnx.load(run + end + ".onnx")
        onnx.checker.check_model(model, full_check=True)
        assert model.ir_version == 8 and model.opset_import[0].version == 13
        graph = model.graph
        assert [o.name for o in graph.output] == [t["name"] for t in tasks], run
        assert len({n.name for n in graph.node}) == len(graph.node)
        read = {name for n in graph.node for name in n.input} | {o.name for o in graph.output}
        assert {t.name for t in graph.initializer} <= read
        assert {name for n in graph.node for name in n.output} <= read
        assert len(graph.input) == 1 and not graph.input[0].name in [t["name"] for t in tasks]
        norms.append(sum(n.op_type == "BatchNormalization" for n in graph.node))
        # What tasks share stands once: the values of the plan, and no more.
        if end == "" and run in ("resnet50", "mobilenet"):
            convs = [n for n in graph.node if n.op_type == "Conv"]
            assert len({n.input[1] for n in convs}) == len(convs), run
    assert norms[0] > norms[1], (run, norms)
properties = {p.key: p.value for p in onnx.load("dag.onnx").metadata_props}
assert properties["what/kind"] == "classification"
assert properties["what/class_names"] == "r\u00f6d\ng\nb"
PY

refuses 1 "dag.onnx is there already: --force replaces it" export dag dag.onnx
refuses 2 "--input uint8: the network was trained on floats" export table x.onnx --input uint8
refuses 2 "--input int8: expected uint8 or float32" export dag x.onnx --input int8
refuses 1 "nowhere is not the folder of a run" export nowhere x.onnx
refuses 1 "no/x.onnx: .*No such file" export dag no/x.onnx
[ ! -e x.onnx ] || fail "x.onnx was left"

# What it puts out.
command -v node >/dev/null || skip "checked but not run: no node"
runtime=onnxruntime-web@1.30.0
npm=${BUILD:-$ROOT/build}/npm
if [ ! -e "$npm/node_modules/onnxruntime-web" ]; then
    command -v npm >/dev/null || skip "checked but not run: no npm"
    npm install --prefix "$npm" --ignore-scripts --no-audit --no-fund --fetch-retries=1 \
        "$runtime" >npm.log 2>&1 || skip "checked but not run: npm does not get $runtime"
fi
ln -s "$(cd "$npm" && pwd)/node_modules" node_modules
cat >run.mjs <<'JS'
// run.mjs MODEL.onnx TYPE SIZES IN OUT: the first input's bytes are those of IN; name and
// sizes of each output go to stdout, its floats to OUT.0, OUT.1, ..
import * as ort from "onnxruntime-web";
import fs from "fs";

ort.env.wasm.numThreads = 1;
const [model, type, sizes, input, out] = process.argv.slice(2);
const session = await ort.InferenceSession.create(fs.readFileSync(model));
const bytes = fs.readFileSync(input);
const data = type === "uint8" ? new Uint8Array(bytes)
    : type === "float64" ? new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8)
    : new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
const tensor = new ort.Tensor(type, data, sizes.split(",").map(Number));
const result = await session.run({ [session.inputNames[0]]: tensor });
session.outputNames.forEach((name, i) => {
    const y = result[name];
    console.log(JSON.stringify([name, y.dims]));
    fs.writeFileSync(`${out}.${i}`, Buffer.from(y.data.buffer, y.data.byteOffset, y.data.byteLength));
});
JS
for run in small:shapes dag:odd table:table far:far plain:odd resnet50:odd mobilenet:odd; do
    expect 0 ranks 1 predict "${run%:*}" "${run#*:}.h5" -o "${run%:*}.npz" --logits
    expect 0 ranks 1 predict "${run%:*}" "${run#*:}.h5" -o "${run%:*}-units.npz"
done
"$PYTHON" - <<'PY'
import h5py, json, numpy as np, subprocess
data = dict(small="shapes", dag="odd", table="table", far="far", plain="odd", resnet50="odd", mobilenet="odd")

def compare(run, model, rows=slice(None), is_float=False):
    ours, units = np.load(run + ".npz"), np.load(run + "-units.npz")
    kind = {t["name"]: t["kind"] for t in json.load(open(run + "/architecture.json"))["tasks"]}
    with h5py.File(data[run] + ".h5") as f:
        x = f["test/images" if "test/images" in f else "test/inputs"][rows]
    if is_float:
        x = x.astype("f4") / np.float32(255)
    x.tofile("in.bin")
    said = subprocess.run(["node", "run.mjs", model, x.dtype.name, ",".join(map(str, x.shape)),
                           "in.bin", "out"], check=True, capture_output=True, text=True).stdout
    for i, line in enumerate(said.splitlines()):
        name, sizes = json.loads(line)
        a = units[name + "/value"] if kind[name] == "regression" else ours[name + "/logits"]
        a, b = a.reshape(-1, *sizes[1:])[rows], np.fromfile("out.%d" % i, "f4").reshape(sizes)
        assert a.shape == b.shape, (model, name, a.shape, b.shape)
        error = np.abs(a.astype("f8") - b).max() / np.abs(a).max()
        assert error <= 1e-4, (model, name, error)

for run in data:
    compare(run, run + ".onnx")
    compare(run, run + "-fold.onnx")
compare("dag", "dag-float.onnx", is_float=True)
compare("dag", "dag.onnx", slice(1, 2)) # any number of samples
PY
